/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "told.h"

#include <stdlib.h>
#include <string.h>

#include "le.h"
#include "model.h"
#include "transfer.h"

#define NO_STREAM UINT32_MAX
#define ALL_ONES 0xFFu

struct ring {
    uint64_t desc; /* where it lies: another place is another ring */
    uint16_t next_used;
    bool broken;
    struct vq_claim *answered; /* chains given back whose heads were not used again */
    struct {
        uint32_t code, stream_id;
    } requests[VQ_MAX_SIZE]; /* control queue, by head */
};

struct told {
    const struct pci_plugin_ops *ops;
    struct vsnd *account; /* a dead device of the same kind: it takes what the driver gives it, and does nothing */
    struct guest_memory memory;
    struct ring rings[VSND_QUEUE_COUNT];
    uint32_t stream_ids[VSND_STREAM_COUNT]; /* on the wire, as the transfers have them */
    bool twice; /* a chain was posted with what another had, at this address */
    uint64_t twice_at;
    struct vq_claim *refused; /* what a reset that was asked for in vain should have taken back */
};

struct told *told_open(const struct pci_plugin_host *host, const char *row)
{
    struct told *told = calloc(1, sizeof(*told));
    if (!told)
        return NULL;
    told->ops = vsnd_pci_ops();
    told->account = told->ops->open(host, row);
    if (!told->account) {
        free(told);
        return NULL;
    }
    told->account->misbehaviour.dead = true;
    told->memory = (struct guest_memory){host->ram, host->ram_size, true};
    told->stream_ids[0] = told->stream_ids[1] = NO_STREAM;
    return told;
}

static void forget_ring(struct ring *ring)
{
    vq_claims_free(&ring->answered);
    ring->next_used = 0;
    ring->broken = false;
}

void told_close(struct told *told)
{
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++)
        forget_ring(&told->rings[i]);
    vq_claims_free(&told->refused);
    told->ops->close(told->account);
    free(told);
}

void told_advance(struct told *told, uint64_t now_ns)
{
    told->account->now_ns = now_ns;
}

/* ---- chains ---- */

/* The stream whose transfers a queue carries; VSND_STREAM_COUNT: none. */
static uint32_t stream_of(unsigned queue)
{
    return queue == VIRTIO_SND_QUEUE_TX ? 0 : queue == VIRTIO_SND_QUEUE_RX ? 1 : VSND_STREAM_COUNT;
}

static void move(struct vq_claim *claim, struct vq_claim **to)
{
    claim->next = *to;
    *to = claim;
}

/* Whether the driver believes that it has this one back is its own affair. */
static void doubt(struct told *told, uint32_t stream, struct vq_claim *claim)
{
    claim->in_vain = true;
    claim->settled = false;
    move(claim, &told->account->past[stream]);
}

/* The ring has said what cannot be. What it said last the driver may not have read: then it believes none of it. */
static void break_ring(struct told *told, unsigned queue)
{
    struct ring *ring = &told->rings[queue];
    uint32_t stream = stream_of(queue);
    ring->broken = true;
    while (stream < VSND_STREAM_COUNT && ring->answered) {
        struct vq_claim *claim = ring->answered;
        ring->answered = claim->next;
        doubt(told, stream, claim);
    }
}

static void read_request(struct told *told, unsigned queue, const struct vq_chain *chain)
{
    uint8_t words[8] = {0};
    uint32_t stream = stream_of(queue);
    if (!vq_chain_read(chain, &told->memory, 0, words, sizeof(words)))
        return;
    if (stream < VSND_STREAM_COUNT)
        told->stream_ids[stream] = le32_get(words);
    told->rings[queue].requests[chain->head].code = le32_get(words);
    told->rings[queue].requests[chain->head].stream_id = le32_get(words + 4);
}

void told_posted(struct told *told)
{
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        struct virtqueue *queue = &told->account->queues[i];
        struct vq_chain chain = {.segments = told->account->segments};
        const char *why;
        queue->indirect = true; /* whatever was negotiated: the driver says so in the chain */
        while (virtqueue_pop(queue, &told->memory, &chain, &why) == VQ_CHAIN) {
            free(vq_claim_take(&told->rings[i].answered, chain.head));
            queue->claims->since_ns = told->account->now_ns;
            read_request(told, i, &chain);
            told->twice = told->twice || claims_clash(told->account, i, queue->claims, &told->twice_at);
        }
    }
}

/* A command was answered, in whatever way: device/control.c does the same when it answers one. */
static void answered(struct told *told, uint32_t code, uint32_t stream_id)
{
    for (uint32_t stream = 0; stream < VSND_STREAM_COUNT; stream++) {
        if (told->stream_ids[stream] != stream_id)
            continue;
        if (code == VIRTIO_SND_R_PCM_RELEASE)
            claims_released(told->account, stream);
        else if (code > VIRTIO_SND_R_PCM_SET_PARAMS && code <= VIRTIO_SND_R_PCM_STOP)
            told->account->streams[stream].released = false;
    }
}

/* The device has told that it gave this chain back: if it still has it, it must let go of it. */
static void let_go(struct vsnd *device, unsigned index, uint16_t head)
{
    struct virtqueue *queue = &device->queues[index];
    struct vq_claim *claim = vq_claim_take(&queue->claims, head);
    if (!claim)
        return;
    free(claim);
    queue->in_flight--;
    if (stream_of(index) < VSND_STREAM_COUNT)
        transfer_drop(&device->streams[stream_of(index)], head);
}

static void take_entry(struct told *told, struct vsnd *device, unsigned index, uint32_t id)
{
    struct virtqueue *queue = &told->account->queues[index];
    struct ring *ring = &told->rings[index];
    uint32_t stream = stream_of(index);
    if (ring->broken && stream == VSND_STREAM_COUNT)
        return; /* messages are given back by a reset in any case */
    struct vq_claim *claim = id < queue->size ? vq_claim_take(&queue->claims, (uint16_t)id) : NULL;
    if (!claim) {
        break_ring(told, index);
        return;
    }
    queue->in_flight--;
    let_go(device, index, (uint16_t)id);
    if (ring->broken)
        doubt(told, stream, claim);
    else
        move(claim, &ring->answered);
    if (index == VIRTIO_SND_QUEUE_CONTROL)
        answered(told, ring->requests[id].code, ring->requests[id].stream_id);
}

void told_used(struct told *told, struct vsnd *device)
{
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        struct virtqueue *queue = &told->account->queues[i];
        struct ring *ring = &told->rings[i];
        const uint8_t *used = guest_bytes(&told->memory, queue->used, VRING_USED_BYTES((uint64_t)queue->size));
        if (!queue->enabled || !used)
            continue;
        uint16_t end = le16_get(used + VRING_USED_OFF_IDX), fresh = (uint16_t)(end - ring->next_used);
        if (fresh > queue->in_flight)
            break_ring(told, i);
        for (uint16_t left = fresh < queue->size ? fresh : queue->size; left; left--) {
            uint16_t slot = (uint16_t)(end - left) % queue->size;
            take_entry(told, device, i, le32_get(used + VRING_USED_OFF_RING + sizeof(struct vring_used_elem) * slot));
        }
        ring->next_used = end;
    }
}

/* ---- registers ---- */

void told_config_write(struct told *told, uint16_t offset, unsigned size, uint32_t value)
{
    told->ops->config_write(told->account, offset, size, value);
}

/* The offset within the legacy registers or the common configuration, whichever *legacy says; UINT64_MAX: elsewhere. */
static uint64_t common_offset(const struct told *told, unsigned bar, uint64_t offset, bool *legacy)
{
    const struct personality *row = told->account->personality;
    *legacy = pci_bar_is_io(told->account, bar);
    if (*legacy)
        return offset;
    for (unsigned i = 0; i < REGION_COUNT; i++) {
        const struct register_region *region = &row->regions[i];
        if (region->length && region->cfg_type == VIRTIO_PCI_CAP_COMMON_CFG && region->bar == bar &&
            offset >= region->offset && offset - region->offset < region->length)
            return offset - region->offset;
    }
    return UINT64_MAX;
}

static bool is_status(const struct told *told, unsigned bar, uint64_t offset)
{
    bool legacy;
    uint64_t at = common_offset(told, bar, offset, &legacy);
    return at == (legacy ? VIRTIO_LEGACY_STATUS : VIRTIO_COMMON_DEVICE_STATUS);
}

static bool is_queue_size(const struct told *told, unsigned bar, uint64_t offset)
{
    bool legacy;
    uint64_t at = common_offset(told, bar, offset, &legacy);
    return at == (legacy ? VIRTIO_LEGACY_QUEUE_SIZE : VIRTIO_COMMON_QUEUE_SIZE);
}

static struct vq_claim *claim_of(uint32_t count)
{
    struct vq_claim *claim = calloc(1, sizeof(*claim) + count * sizeof(claim->segments[0]));
    if (!claim)
        abort();
    claim->count = count;
    return claim;
}

static void refuse(struct told *told, const struct vq_claim *claims)
{
    for (; claims; claims = claims->next) {
        struct vq_claim *copy = claim_of(claims->count);
        memcpy(copy->segments, claims->segments, claims->count * sizeof(copy->segments[0]));
        move(copy, &told->refused);
    }
}

/* A reset was asked for in vain: all that the device can reach, or has kept, may be left for good. */
static void give_up(struct told *told)
{
    const struct vsnd *account = told->account;
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        const struct virtqueue *queue = &account->queues[i];
        struct vq_claim *parts = claim_of(queue->enabled ? 3 : 0);
        move(parts, &told->refused);
        if (!queue->enabled)
            continue;
        parts->segments[0] = (struct vq_segment){queue->desc, VRING_DESC_BYTES((uint32_t)queue->size)};
        parts->segments[1] = (struct vq_segment){queue->avail, VRING_AVAIL_BYTES((uint32_t)queue->size)};
        parts->segments[2] = (struct vq_segment){queue->used, VRING_USED_BYTES((uint32_t)queue->size)};
        refuse(told, queue->claims);
    }
    for (uint32_t stream = 0; stream < VSND_STREAM_COUNT; stream++)
        refuse(told, account->past[stream]);
}

static void reset_is_over(struct told *told, struct vsnd *device)
{
    device_reset(told->account);
    device_reset(device);
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        forget_ring(&told->rings[i]);
        told->rings[i].desc = 0;
    }
}

void told_bar_write(struct told *told, struct vsnd *device, unsigned bar, uint64_t offset, unsigned size,
                    uint64_t value)
{
    struct vsnd *account = told->account;
    if (is_status(told, bar, offset) && account->reset_refused) {
        if ((uint8_t)value == 0)
            give_up(told);
        else
            reset_is_over(told, device); /* who goes on without looking has taken it for done */
    }
    told->ops->bar_write(account, bar, offset, size, value);
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        if (told->rings[i].desc != account->queues[i].desc)
            forget_ring(&told->rings[i]);
        told->rings[i].desc = account->queues[i].desc;
    }
}

void told_bar_read(struct told *told, struct vsnd *device, unsigned bar, uint64_t offset, unsigned size,
                   uint64_t value)
{
    struct vsnd *account = told->account;
    uint16_t entries = (uint16_t)value;
    if (is_status(told, bar, offset) && account->reset_refused && ((uint8_t)value == 0 || (uint8_t)value == ALL_ONES)) {
        reset_is_over(told, device);
        if ((uint8_t)value == ALL_ONES)
            claims_forget(account);
    }
    if (size != sizeof(entries) || !is_queue_size(told, bar, offset) || account->queue_select >= VSND_QUEUE_COUNT)
        return;
    if (entries && entries <= VQ_MAX_SIZE && !(entries & (entries - 1)))
        account->queues[account->queue_select].size = account->queues[account->queue_select].max_size = entries;
}

/* ---- account ---- */

bool told_lent_twice(struct told *told, uint64_t *address)
{
    told_posted(told);
    bool twice = told->twice;
    *address = told->twice_at;
    told->twice = false;
    return twice;
}

unsigned told_claims(struct told *told, uint64_t address, uint64_t length)
{
    told_posted(told);
    unsigned claims = vsnd_claims(told->account, address, length);
    for (const struct vq_claim *claim = told->refused; claim; claim = claim->next) {
        if (vq_claim_reaches(claim, address, length))
            claims |= VSND_CLAIM_KEPT;
    }
    return claims;
}
