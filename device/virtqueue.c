/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtqueue.h"

#include <stdlib.h>
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
    vq_claims_free(&queue->claims);
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

/* By the same sums as `overlaps`, so that two claims out of each other's bounds have no segments that overlap. */
static void find_bounds(struct vq_claim *claim)
{
    claim->lowest = UINT64_MAX;
    claim->behind = 0;
    for (uint32_t i = 0; i < claim->count; i++) {
        uint64_t start = claim->segments[i].address, end = start + claim->segments[i].length;
        claim->lowest = start < claim->lowest ? start : claim->lowest;
        claim->behind = end > claim->behind ? end : claim->behind;
    }
}

static bool claim(struct virtqueue *queue, const struct vq_chain *chain)
{
    uint32_t count = (uint32_t)chain->readable + chain->writable;
    struct vq_claim *claim = malloc(sizeof(*claim) + count * sizeof(claim->segments[0]));
    if (!claim)
        return false;
    claim->head = chain->head;
    claim->in_vain = claim->settled = false;
    claim->since_ns = UINT64_MAX; /* now: whoever took it knows the time */
    claim->count = count;
    claim->readable = chain->readable;
    memcpy(claim->segments, chain->segments, count * sizeof(claim->segments[0]));
    find_bounds(claim);
    claim->next = queue->claims;
    queue->claims = claim;
    return true;
}

struct vq_claim *vq_claim_take(struct vq_claim **claims, uint16_t head)
{
    for (struct vq_claim **link = claims; *link; link = &(*link)->next) {
        struct vq_claim *claim = *link;
        if (claim->head != head)
            continue;
        *link = claim->next;
        return claim;
    }
    return NULL;
}

void vq_claims_free(struct vq_claim **claims)
{
    while (*claims) {
        struct vq_claim *claim = *claims;
        *claims = claim->next;
        free(claim);
    }
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
    if (!*why && !claim(queue, chain))
        *why = "the host is out of memory";
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
    free(vq_claim_take(&queue->claims, head));
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

bool virtqueue_has_stray_flags(const struct virtqueue *queue, const struct guest_memory *memory)
{
    const uint8_t *avail = guest_bytes(memory, queue->avail, AVAIL_BYTES(queue->size));
    return queue->enabled && queue->event_idx && avail && le16_get(avail + VRING_AVAIL_OFF_FLAGS) != 0;
}

static bool overlaps(uint64_t start, uint64_t bytes, uint64_t address, uint64_t length)
{
    return start < address + length && address < start + bytes;
}

static bool segments_reach(const struct vq_segment *segments, uint32_t count, uint64_t address, uint64_t length)
{
    for (uint32_t i = 0; i < count; i++) {
        if (overlaps(segments[i].address, segments[i].length, address, length))
            return true;
    }
    return false;
}

bool vq_claim_reaches(const struct vq_claim *claim, uint64_t address, uint64_t length)
{
    return segments_reach(claim->segments, claim->count, address, length);
}

bool vq_segments_clash(const struct vq_claim *one, const struct vq_claim *other, uint64_t *address)
{
    for (uint32_t i = 0; i < one->count; i++) {
        const struct vq_segment *segment = &one->segments[i];
        for (uint32_t j = i < one->readable ? other->readable : 0; j < other->count; j++) {
            const struct vq_segment *theirs = &other->segments[j];
            if (!overlaps(segment->address, segment->length, theirs->address, theirs->length))
                continue;
            *address = segment->address > theirs->address ? segment->address : theirs->address;
            return true;
        }
    }
    return false;
}

static bool taken_reach(const struct virtqueue *queue, uint64_t address, uint64_t length)
{
    for (const struct vq_claim *claim = queue->claims; claim; claim = claim->next) {
        if (vq_claim_reaches(claim, address, length))
            return true;
    }
    return false;
}

/* Whether the chain at `head` leads there; one that breaks leads as far as it goes. */
static bool chain_reaches(const struct virtqueue *queue, const struct guest_memory *memory, struct vq_segment *segments,
                          uint16_t head, uint64_t address, uint64_t length)
{
    struct vq_chain chain = {.head = head, .segments = segments};
    const uint8_t *table = guest_bytes(memory, queue->desc, VRING_DESC_BYTES(queue->size));
    if (!table || head >= queue->size)
        return false;
    struct vring_desc first = read_descriptor(table + (size_t)head * sizeof(first));
    (void)read_chain(queue, memory, &chain);
    return segments_reach(segments, (uint32_t)chain.readable + chain.writable, address, length) ||
           overlaps(first.addr, first.len, address, length); /* a buffer, or the indirect table */
}

/* Chains that the driver has made available and the device has not taken. */
static uint16_t waiting_chains(const struct virtqueue *queue, const struct guest_memory *memory)
{
    const uint8_t *avail = guest_bytes(memory, queue->avail, AVAIL_BYTES(queue->size));
    return avail ? (uint16_t)(le16_get(avail + VRING_AVAIL_OFF_IDX) - queue->next_avail) : 0;
}

/* Does one of them lead there? Without memory to look: yes. */
static bool waiting_reach(const struct virtqueue *queue, const struct guest_memory *memory, uint64_t address,
                          uint64_t length)
{
    const uint8_t *avail = guest_bytes(memory, queue->avail, AVAIL_BYTES(queue->size));
    uint16_t waiting = waiting_chains(queue, memory);
    if (waiting == 0)
        return false;
    struct vq_segment *segments = malloc(VQ_MAX_SIZE * sizeof(*segments)); /* more than a stack has */
    bool reached = !segments;
    for (uint16_t i = 0; i < waiting && i < queue->size && !reached; i++) {
        uint16_t slot = (uint16_t)(queue->next_avail + i) % queue->size;
        uint16_t head = le16_get(avail + VRING_AVAIL_OFF_RING + 2u * slot);
        reached = chain_reaches(queue, memory, segments, head, address, length);
    }
    free(segments);
    return reached;
}

bool virtqueue_holds(const struct virtqueue *queue, const struct guest_memory *memory, uint64_t address,
                     uint64_t length)
{
    struct guest_memory open = {memory->ram, memory->size, true};
    return taken_reach(queue, address, length) ||
           (queue->enabled && waiting_reach(queue, &open, address, length));
}

bool virtqueue_owes(const struct virtqueue *queue, const struct guest_memory *memory)
{
    struct guest_memory open = {memory->ram, memory->size, true};
    return queue->claims || (queue->enabled && waiting_chains(queue, &open));
}

bool virtqueue_reaches(const struct virtqueue *queue, const struct guest_memory *memory, uint64_t address,
                       uint64_t length)
{
    return queue->enabled && (overlaps(queue->desc, VRING_DESC_BYTES(queue->size), address, length) ||
                              overlaps(queue->avail, AVAIL_BYTES(queue->size), address, length) ||
                              overlaps(queue->used, USED_BYTES(queue->size), address, length) ||
                              virtqueue_holds(queue, memory, address, length));
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
