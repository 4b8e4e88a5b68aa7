/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which guest memory the device may touch, and which of it the driver has asked back in vain. */
#include <stdlib.h>

#include "model.h"

#define LEFT_BEHIND_NS 1000000000u

static const uint16_t queue_of[VSND_STREAM_COUNT] = {VIRTIO_SND_QUEUE_TX, VIRTIO_SND_QUEUE_RX};

static bool holds(const struct vsnd *dev, uint16_t index, uint64_t address, uint64_t length)
{
    return virtqueue_holds(&dev->queues[index], &dev->memory, address, length);
}

/* Before RELEASE a device keeps the transfers of a stream by right, as long as it answers requests. */
static bool is_asked_in_vain(const struct vsnd *dev, uint32_t stream_id)
{
    return dev->streams[stream_id].released || virtqueue_owes(&dev->queues[VIRTIO_SND_QUEUE_CONTROL], &dev->memory);
}

static bool is_kept(const struct vsnd *dev, uint64_t address, uint64_t length)
{
    if (holds(dev, VIRTIO_SND_QUEUE_CONTROL, address, length)) /* it answers at once or never */
        return true;
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        if (is_asked_in_vain(dev, id) && holds(dev, queue_of[id], address, length))
            return true;
        for (const struct vq_claim *claim = dev->past[id]; claim; claim = claim->next) {
            if (!claim->settled && vq_claim_reaches(claim, address, length))
                return true;
        }
    }
    return false;
}

static bool is_outlasted(const struct vsnd *dev, uint64_t address, uint64_t length)
{
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        for (const struct vq_claim *claim = dev->past[id]; claim; claim = claim->next) {
            if (claim->in_vain && vq_claim_reaches(claim, address, length))
                return true;
        }
    }
    return false;
}

unsigned vsnd_claims(const void *opaque, uint64_t address, uint64_t length)
{
    const struct vsnd *dev = opaque;
    bool reached = false;
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++)
        reached |= virtqueue_reaches(&dev->queues[i], &dev->memory, address, length);
    bool kept = (reached && dev->reset_refused) || is_kept(dev, address, length);
    return (reached ? VSND_CLAIM_REACHED : 0u) | (kept ? VSND_CLAIM_KEPT : 0u) |
           (is_outlasted(dev, address, length) ? VSND_CLAIM_OUTLASTED : 0u);
}

/* A transfer that its stream has waited for in vain and goes on without. */
static bool is_left_behind(const struct vsnd *dev, unsigned index, const struct vq_claim *claim)
{
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        if (queue_of[id] == index && !claim->in_vain)
            return claim->since_ns <= dev->now_ns && dev->now_ns - claim->since_ns >= LEFT_BEHIND_NS;
    }
    return false;
}

bool claims_clash(const struct vsnd *dev, unsigned index, const struct vq_claim *fresh, uint64_t *address)
{
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        const struct vq_claim *other = i == index ? fresh->next : dev->queues[i].claims;
        for (; other; other = other->next) {
            if (vq_claims_clash(fresh, other, address) && !(i == index && is_left_behind(dev, i, other)))
                return true;
        }
    }
    return false;
}

bool vsnd_lent_twice(void *opaque, unsigned index, uint64_t *address)
{
    struct vsnd *dev = opaque;
    const char *why;
    bool found = false;
    if (index >= VSND_QUEUE_COUNT)
        return false;
    struct virtqueue look = dev->queues[index]; /* takes what waits, and the device does not know */
    struct vq_chain chain = {.segments = dev->segments};
    while (!found && virtqueue_pop(&look, &dev->memory, &chain, &why) == VQ_CHAIN)
        found = claims_clash(dev, index, look.claims, address);
    while (look.claims != dev->queues[index].claims)
        free(vq_claim_take(&look.claims, look.claims->head));
    return found;
}

/* What lies behind more than some ringfuls is forgotten: a guest may reset for ever. */
static void shorten(struct vq_claim **claims)
{
    for (unsigned kept = 0; *claims && kept < 2 * VQ_MAX_SIZE; kept++)
        claims = &(*claims)->next;
    vq_claims_free(claims);
}

void claims_reset(struct vsnd *dev)
{
    dev->reset_refused = false;
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        struct virtqueue *queue = &dev->queues[queue_of[id]];
        bool in_vain = is_asked_in_vain(dev, id);
        while (queue->claims) {
            struct vq_claim *claim = queue->claims;
            queue->claims = claim->next;
            claim->in_vain = claim->in_vain || in_vain;
            claim->next = dev->past[id];
            dev->past[id] = claim;
        }
        shorten(&dev->past[id]);
    }
}

void claims_released(struct vsnd *dev, uint32_t stream_id)
{
    dev->streams[stream_id].released = true;
    for (struct vq_claim *claim = dev->queues[queue_of[stream_id]].claims; claim; claim = claim->next)
        claim->in_vain = true; /* whatever the stream does next */
    for (struct vq_claim *claim = dev->past[stream_id]; claim; claim = claim->next)
        claim->settled = true;
}

void claims_forget(struct vsnd *dev)
{
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++)
        vq_claims_free(&dev->past[id]);
}
