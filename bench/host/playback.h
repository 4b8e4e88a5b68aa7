/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The loudspeaker: takes from the device what 48 kHz of virtual time ask for, or what the device's own clock played,
 * and keeps it. */
#ifndef HOST_PLAYBACK_H
#define HOST_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "../signal/pattern.h"

/* Frames that the device did not have when they were due; silence stands in their place. */
struct short_take {
    uint64_t at; /* frame of `samples` */
    uint64_t frames;
};

struct playback {
    int16_t *samples; /* stereo; begins with the first frame that the device gave after the client's RUN */
    uint64_t frames;  /* without the silence of a short take that nothing followed */
    uint64_t filled;  /* with it */
    uint64_t capacity;
    uint64_t first_ns;  /* virtual time at which samples[0] left the device */
    uint64_t asked;     /* frames of virtual time asked for since power-on */
    struct pattern_check *check; /* compares the sound, which is not kept; NULL: it is kept */
    bool running;       /* between RENDER_RUN and RENDER_IDLE */
    uint64_t underrun_frames; /* seen so far of a device with a clock of its own */
    struct short_take *shorts;
    uint64_t short_count, short_capacity;
    bool failed; /* out of memory: said so */
};

/* A playback is all zero at the start. */
void playback_free(struct playback *playback);
void playback_run(struct playback *playback);
/* What was played so far is no longer of interest. */
void playback_forget(struct playback *playback);
/* Takes what a mixer hands on when its stream stops, though its clock is not there yet. NULL: the sound comes as a whole,
 * later. */
void playback_idle(struct playback *playback, struct bus *bus);
/* Takes what became due up to now. Outside RUN the device's clock is served too, but nothing is kept. */
void playback_advance(struct playback *playback, struct bus *bus, uint64_t now_ns);
/* Takes all that a device has: of one in real time, which gives the whole when it was finished. When each frame was
 * played is not known then. */
void playback_collect(struct playback *playback, struct bus *bus);

#endif
