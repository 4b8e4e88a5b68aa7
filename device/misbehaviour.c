/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "misbehaviour.h"

#include <string.h>

#include "le.h"
#include "model.h"

#define EVENT_BYTES 8u
#define EVENT_INTERVAL_NS 10000000u
#define FLOOD_INTERVAL_NS 1000000u
#define STALE_HEAD 5u        /* of a ring that is no more */
#define UNKNOWN_HEAD 0xFFFFu /* no queue is so large */

void misbehaviour_open(struct vsnd *dev)
{
    dev->misbehaviour.stale = dev->personality->stale_periods;
}

/* An answer to a chain that was never taken: it makes no room for one more. */
static void complete_unasked(struct vsnd *dev, uint16_t index, uint16_t head)
{
    dev->queues[index].in_flight++;
    queue_complete(dev, index, head, VIRTIO_SND_XFER_BYTES_AERO);
}

void misbehaviour_discovered(struct vsnd *dev)
{
    if (dev->misbehaviour.stale && dev->queues[VIRTIO_SND_QUEUE_TX].enabled)
        complete_unasked(dev, VIRTIO_SND_QUEUE_TX, STALE_HEAD);
}

void misbehaviour_released(struct vsnd *dev, uint32_t stream_id)
{
    if (stream_id != 0 || !dev->misbehaviour.stale)
        return;
    misbehaviour_discovered(dev);
    dev->misbehaviour.stale = false;
}

void misbehaviour_reset(struct vsnd *dev)
{
    dev->misbehaviour.events_held = 0;
}

void misbehaviour_forget_events(struct vsnd *dev)
{
    dev->misbehaviour.events_held = 0;
}

void misbehaviour_keep_event(struct vsnd *dev, const struct vq_chain *chain)
{
    struct event_buffer *buffer = &dev->misbehaviour.events[dev->misbehaviour.events_held];
    if (chain->writable == 0 || dev->misbehaviour.events_held == VQ_MAX_SIZE)
        return;
    buffer->head = chain->head;
    buffer->address = chain->segments[chain->readable].address;
    dev->misbehaviour.events_held++;
}

/* Codes that exist and codes that do not, for streams and jacks that do not, with lengths that cannot be. */
static void send_event(struct vsnd *dev)
{
    static const struct {
        uint32_t code, data, written;
    } malformed[] = {{0, 0, 0}, {0xFFFFFFFF, 0xFFFFFFFF, EVENT_BYTES}, {0x1100, 99, 3}, {0x1101, 0, 0xFFFFFFFF},
                     {0x1000, 7, EVENT_BYTES}, {0x1200, 0x00010002, 4}};
    static const size_t kinds = sizeof(malformed) / sizeof(malformed[0]);
    const struct event_buffer *buffer = &dev->misbehaviour.events[--dev->misbehaviour.events_held];
    bool odd = dev->personality->events != EVENTS_XRUN;
    size_t kind = dev->misbehaviour.events_sent++ % kinds;
    uint8_t *bytes = guest_bytes(&dev->memory, buffer->address, EVENT_BYTES);
    if (bytes) {
        le32_put(bytes, odd ? malformed[kind].code : 0x1101);
        le32_put(bytes + 4, odd ? malformed[kind].data : 0);
    }
    queue_complete(dev, VIRTIO_SND_QUEUE_EVENT, buffer->head, odd ? malformed[kind].written : EVENT_BYTES);
}

/* What has been played and recorded decides, so that it happens at the same place in every run. */
static void strike(struct vsnd *dev)
{
    struct misbehaviour *state = &dev->misbehaviour;
    uint64_t periods = dev->stats.tx_buffers + dev->stats.rx_buffers;
    if (dev->personality->fault == FAULT_NONE || state->strikes >= dev->personality->fault_count ||
        periods - state->struck_after < dev->personality->fault_after)
        return;
    state->strikes++;
    state->struck_after = periods;
    state->dead = dev->personality->fault == FAULT_DEAD;
    state->keeps = dev->personality->fault == FAULT_KEEPS;
    state->cuts = dev->personality->fault == FAULT_RX_ERROR;
    if (dev->personality->fault == FAULT_NEEDS_RESET)
        device_needs_reset(dev, "the device has had enough");
    else if (dev->personality->fault == FAULT_UNKNOWN_ID)
        complete_unasked(dev, dev->stats.tx_buffers ? VIRTIO_SND_QUEUE_TX : VIRTIO_SND_QUEUE_RX, UNKNOWN_HEAD);
}

void misbehaviour_advance(struct vsnd *dev)
{
    if (dev->status & VIRTIO_STATUS_NEEDS_RESET || !(dev->status & VIRTIO_STATUS_DRIVER_OK))
        return;
    strike(dev);
    if (dev->personality->events == EVENTS_NONE || dev->now_ns < dev->misbehaviour.next_event_ns)
        return;
    bool flood = dev->personality->events == EVENTS_FLOOD;
    dev->misbehaviour.next_event_ns = dev->now_ns + (flood ? FLOOD_INTERVAL_NS : EVENT_INTERVAL_NS);
    do {
        if (dev->misbehaviour.events_held)
            send_event(dev);
    } while (flood && dev->misbehaviour.events_held);
}
