/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtqueue.h"

#include <string.h>

#include "le.h"
#include "virtio_wire.h"

/* Bytes of the rings without the EVENT_IDX words, which exist only when negotiated. */
#define AVAIL_BYTES(n) (4u + 2u * (uint64_t)(n))
#define USED_BYTES(n) (4u + 8u * (uint64_t)(n))
#define EVENT_WORD_BYTES 2u

uint8_t *guest_bytes(const struct guest_memory *memory, uint64_t address, uint64_t length)
{
    if (!memory->enabled || address > memory->size || length > memory->size - address)
        return NULL;
    return memory->ram + address;
}

void virtqueue_reset(struct virtqueue *queue)
{
    uint16_t max_size = queue->max_size;
    memset(queue, 0, sizeof(*queue));
    queue->max_size = max_size;
    queue->size = max_size;
}

bool virtqueue_is_placed_well(const struct virtqueue *queue, const struct guest_memory *memory)
{
    uint64_t event_bytes = queue->event_idx ? EVENT_WORD_BYTES : 0;
    struct guest_memory whole = {memory->ram, memory->size, true};
    return queue->desc % VRING_DESC_ALIGN == 0 && queue->avail % VRING_AVAIL_ALIGN == 0 &&
           queue->used % VRING_USED_ALIGN == 0 && guest_bytes(&whole, queue->desc, VRING_DESC_BYTES(queue->size)) &&
           guest_bytes(&whole, queue->avail, AVAIL_BYTES(queue->size) + event_bytes) &&
           guest_bytes(&whole, queue->used, USED_BYTES(queue->size) + event_bytes);
}

static struct vring_desc read_descriptor(const uint8_t *p)
{
    struct vring_desc desc = {le64_get(p), le32_get(p + 8), le16_get(p + 12), le16_get(p + 14)};
    return desc;
}

/* Appends one buffer; a readable one behind a writable one is against 2.7.4.2. */
static const char *add_segment(struct vq_chain *chain, const struct vring_desc *desc)
{
    struct vq_segment *segment = &chain->segments[chain->readable + chain->writable];
    segment->address = desc->addr;
    segment->length = desc->len;
    if (desc->flags & VRING_DESC_F_WRITE) {
        chain->writable++;
        chain->writable_bytes += desc->len;
        return NULL;
    }
    if (chain->writable)
        return "readable descriptor behind a writable one";
    chain->readable++;
    chain->readable_bytes += desc->len;
    return NULL;
}

/* Follows one table (the ring's, or an indirect one) from entry `index`; NULL: followed to its end. */
static const char *walk_table(const struct virtqueue *queue, const uint8_t *table, uint32_t entries, uint32_t index,
                              struct vq_chain *chain, struct vring_desc *indirect)
{
    for (;;) {
        if (index >= entries)
            return "descriptor index outside its table";
        if (chain->readable + chain->writable >= queue->size)
            return "descriptor chain longer than the queue";
        struct vring_desc desc = read_descriptor(table + (size_t)index * sizeof(desc));
        if (desc.flags & VRING_DESC_F_INDIRECT) {
            if (!indirect)
                return "indirect descriptor inside an indirect table";
            if (!queue->indirect)
                return "indirect descriptor without INDIRECT_DESC";
            if (desc.flags & VRING_DESC_F_NEXT)
                return "indirect descriptor with a next one";
            *indirect = desc;
            return NULL;
        }
        const char *why = add_segment(chain, &desc);
        if (why || !(desc.flags & VRING_DESC_F_NEXT))
            return why;
        index = desc.next;
    }
}

static const char *read_chain(const struct virtqueue *queue, const struct guest_memory *memory, struct vq_chain *chain)
{
    struct vring_desc indirect = {0, 0, 0, 0};
    const uint8_t *table = guest_bytes(memory, queue->desc, VRING_DESC_BYTES(queue->size));
    if (!table)
        return "descriptor table outside memory";
    const char *why = walk_table(queue, table, queue->size, chain->head, chain, &indirect);
    if (why || !(indirect.flags & VRING_DESC_F_INDIRECT))
        return why;
    if (indirect.len == 0 || indirect.len % sizeof(struct vring_desc))
        return "indirect table of an odd size";
    table = guest_bytes(memory, indirect.addr, indirect.len);
    if (!table)
        return "indirect table outside memory";
    return walk_table(queue, table, indirect.len / (uint32_t)sizeof(struct vring_desc), 0, chain, NULL);
}

enum vq_pop_result virtqueue_pop(struct virtqueue *queue, const struct guest_memory *memory, struct vq_chain *chain,
                                 const char **why)
{
    const uint8_t *avail = guest_bytes(memory, queue->avail, AVAIL_BYTES(queue->size));
    if (!queue->enabled || !avail)
        return VQ_EMPTY;
    uint16_t waiting = (uint16_t)(le16_get(avail + VRING_AVAIL_OFF_IDX) - queue->next_avail);
    if (waiting == 0)
        return VQ_EMPTY;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (waiting > queue->size) {
        *why = "available index ran past the ring";
        return VQ_BROKEN;
    }
    if (queue->in_flight >= queue->size) {
        *why = "more chains in flight than the queue has entries";
        return VQ_BROKEN;
    }
    struct vq_segment *segments = chain->segments;
    memset(chain, 0, sizeof(*chain));
    chain->segments = segments;
    chain->head = le16_get(avail + VRING_AVAIL_OFF_RING + 2u * (queue->next_avail % queue->size));
    *why = read_chain(queue, memory, chain);
    if (*why)
        return VQ_BROKEN;
    queue->next_avail++;
    queue->in_flight++;
    return VQ_CHAIN;
}

/* Whether the driver wants to hear of the used entry just added (2.7.7.2). */
static bool wants_interrupt(const struct virtqueue *queue, const struct guest_memory *memory)
{
    const uint8_t *avail = guest_bytes(memory, queue->avail, AVAIL_BYTES(queue->size));
    if (!queue->event_idx)
        return avail && !(le16_get(avail + VRING_AVAIL_OFF_FLAGS) & VRING_AVAIL_F_NO_INTERRUPT);
    const uint8_t *event = guest_bytes(memory, queue->avail + AVAIL_BYTES(queue->size), EVENT_WORD_BYTES);
    return event && (uint16_t)(queue->next_used - 1u) == le16_get(event);
}

bool virtqueue_push(struct virtqueue *queue, const struct guest_memory *memory, uint16_t head, uint32_t written)
{
    uint8_t *used = guest_bytes(memory, queue->used, USED_BYTES(queue->size));
    if (queue->in_flight)
        queue->in_flight--;
    if (!used)
        return false;
    uint8_t *element = used + VRING_USED_OFF_RING + sizeof(struct vring_used_elem) * (queue->next_used % queue->size);
    le32_put(element, head);
    le32_put(element + 4, written);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    queue->next_used++;
    le16_put(used + VRING_USED_OFF_IDX, queue->next_used);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return wants_interrupt(queue, memory);
}

void virtqueue_request_doorbell(const struct virtqueue *queue, const struct guest_memory *memory)
{
    uint8_t *event = guest_bytes(memory, queue->used + USED_BYTES(queue->size), EVENT_WORD_BYTES);
    if (queue->event_idx && event)
        le16_put(event, queue->next_avail);
}

/* Copies between `data` and `count` segments, `offset` bytes into them; the direction is `to_guest`. */
static bool copy_segments(const struct vq_segment *segments, unsigned count, const struct guest_memory *memory,
                          uint64_t offset, uint8_t *data, uint64_t length, bool to_guest)
{
    for (unsigned i = 0; i < count && length; i++) {
        if (offset >= segments[i].length) {
            offset -= segments[i].length;
            continue;
        }
        uint64_t part = segments[i].length - offset;
        if (part > length)
            part = length;
        /* The address may wrap only when the segment does; guest_bytes refuses the whole segment then. */
        uint8_t *bytes = guest_bytes(memory, segments[i].address, segments[i].length);
        if (!bytes)
            return false;
        memcpy(to_guest ? bytes + offset : data, to_guest ? data : bytes + offset, part);
        data += part;
        length -= part;
        offset = 0;
    }
    return length == 0;
}

bool vq_chain_read(const struct vq_chain *chain, const struct guest_memory *memory, uint64_t offset, void *data,
                   uint64_t length)
{
    return copy_segments(chain->segments, chain->readable, memory, offset, data, length, false);
}

bool vq_chain_write(const struct vq_chain *chain, const struct guest_memory *memory, uint64_t offset, const void *data,
                    uint64_t length)
{
    return copy_segments(chain->segments + chain->readable, chain->writable, memory, offset,
                         (uint8_t *)(uintptr_t)data, length, true);
}

static bool all_in_memory(const struct vq_segment *segments, unsigned count, const struct guest_memory *memory)
{
    for (unsigned i = 0; i < count; i++) {
        if (!guest_bytes(memory, segments[i].address, segments[i].length))
            return false;
    }
    return true;
}

bool vq_chain_is_readable(const struct vq_chain *chain, const struct guest_memory *memory)
{
    return all_in_memory(chain->segments, chain->readable, memory);
}

bool vq_chain_is_writable(const struct vq_chain *chain, const struct guest_memory *memory)
{
    return all_in_memory(chain->segments + chain->readable, chain->writable, memory);
}
