/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which guest memory the device may touch, and which of it the driver has asked back in vain. */
#include "model.h"

static const uint16_t queue_of[VSND_STREAM_COUNT] = {VIRTIO_SND_QUEUE_TX, VIRTIO_SND_QUEUE_RX};

static bool holds(const struct vsnd *dev, uint16_t index, uint64_t address, uint64_t length)
{
    return virtqueue_holds(&dev->queues[index], &dev->memory, address, length);
}

/* A stream that runs keeps its transfers by right, as long as the device answers requests. */
static bool is_asked_in_vain(const struct vsnd *dev, uint32_t stream_id)
{
    return dev->streams[stream_id].state != VSND_STREAM_RUNNING ||
           holds(dev, VIRTIO_SND_QUEUE_CONTROL, 0, dev->memory.size);
}

static bool is_kept(const struct vsnd *dev, uint64_t address, uint64_t length)
{
    if (holds(dev, VIRTIO_SND_QUEUE_CONTROL, address, length)) /* it answers at once or never */
        return true;
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        if (vq_claims_reach(dev->past[id], address, length) ||
            (is_asked_in_vain(dev, id) && holds(dev, queue_of[id], address, length)))
            return true;
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
    return (reached ? VSND_CLAIM_REACHED : 0u) | (kept ? VSND_CLAIM_KEPT : 0u);
}

void claims_reset(struct vsnd *dev)
{
    dev->reset_refused = false;
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        struct vq_claim **end = &dev->past[id];
        while (*end)
            end = &(*end)->next;
        *end = dev->queues[queue_of[id]].claims;
        dev->queues[queue_of[id]].claims = NULL;
    }
}

void claims_released(struct vsnd *dev, uint32_t stream_id)
{
    vq_claims_free(&dev->past[stream_id]);
}

void claims_forget(struct vsnd *dev)
{
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++)
        claims_released(dev, id);
}
