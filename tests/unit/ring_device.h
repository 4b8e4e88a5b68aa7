/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The device's side of one split ring, as far as unit tests need it: it follows
 * physical addresses only, so the driver's view of the ring is not trusted.
 */
#ifndef RING_DEVICE_H
#define RING_DEVICE_H

#include "wdk.h"
#include "virtio_wire.h"

#define RING_DEVICE_MAX_PARTS 128

struct ring_device {
    ULONGLONG desc;
    ULONGLONG avail;
    ULONGLONG used;
    unsigned size;
    uint16_t seen; /* avail.idx up to which requests were taken */
    int event_idx;      /* negotiated */
    uint16_t signalled; /* used.idx at the last decision to interrupt or not */
};

struct ring_request {
    unsigned head;
    unsigned count;    /* parts */
    unsigned readable; /* of these, the first ones are readable */
    int indirect;
    struct vring_desc parts[RING_DEVICE_MAX_PARTS];
};

/* Takes the next request that the driver has published; 0: none. Fails the test when the chain is malformed. */
int ring_device_take(struct ring_device *ring, struct ring_request *request);
/* Gives a request back. */
void ring_device_give(struct ring_device *ring, unsigned head, ULONG written);
/* With event_idx: does the driver want an interrupt for what was given since the last call (virtio 1.2, 2.7.10.1)? */
int ring_device_interrupts(struct ring_device *ring);
/* With event_idx: wants a doorbell for the request number `index`, counted as avail.idx is. */
void ring_device_wish(struct ring_device *ring, uint16_t index);
/* avail.flags as the driver left them. */
uint16_t ring_device_flags(const struct ring_device *ring);
/* The memory of a part. */
void *ring_device_memory(const struct vring_desc *part);
/* Requests that were published and not taken yet. */
unsigned ring_device_waiting(const struct ring_device *ring);

#endif
