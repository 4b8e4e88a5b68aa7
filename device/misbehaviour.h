/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What no device should do and some do, each behind a knob: periods of an earlier
 * driver that come back, answers to nothing, a wish for a reset, events.
 */
#ifndef VSND_MISBEHAVIOUR_H
#define VSND_MISBEHAVIOUR_H

#include "virtqueue.h"

struct vsnd;

struct event_buffer {
    uint64_t address;
    uint16_t head;
};

struct misbehaviour {
    bool stale;  /* an earlier driver's stream was never released: its periods come back until it is */
    bool dead;   /* it does nothing any more, nor resets, until it loses power */
    bool keeps;  /* it gives no transfer back any more but by a reset */
    bool keeps_one; /* of the next transfers to be flushed the oldest does not come back */
    bool cuts;   /* the next recorded period comes back half filled, with IO_ERR */
    uint32_t strikes;     /* personality.fault happened so often, which no reset undoes */
    uint64_t struck_after; /* periods played and recorded when it last did */
    uint64_t next_event_ns;
    uint32_t events_sent;
    uint32_t events_held; /* buffers that the driver has posted */
    struct event_buffer events[VQ_MAX_SIZE];
};

void misbehaviour_open(struct vsnd *dev);
/* A driver's reset: what an earlier driver left stays. */
void misbehaviour_reset(struct vsnd *dev);
/* PCM_INFO was asked: by then a stream that still runs has finished a period. */
void misbehaviour_discovered(struct vsnd *dev);
void misbehaviour_released(struct vsnd *dev, uint32_t stream_id);
/* The event queue goes out of use. */
void misbehaviour_forget_events(struct vsnd *dev);
/* One buffer of the event queue. */
void misbehaviour_keep_event(struct vsnd *dev, const struct vq_chain *chain);
/* Does what is due at dev->now_ns. */
void misbehaviour_advance(struct vsnd *dev);

#endif
