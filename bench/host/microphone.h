/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The microphone: gives the device 48 frames per virtual ms, or what the device's own clock wants, beginning when the
 * capture client runs. */
#ifndef HOST_MICROPHONE_H
#define HOST_MICROPHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "audio_in.h"
#include "bus.h"
#include "../signal/pattern.h"

struct microphone {
    const struct sound *signal; /* mono; silence follows it. NULL: silence only */
    const float *pattern; /* instead of a signal: PATTERN_FRAMES frames, over and over; NULL: no */
    bool running;
    uint64_t origin;   /* frame of virtual time at which the signal began */
    uint64_t accepted; /* frames that the device took; what it refuses is offered again */
};

void microphone_run(struct microphone *microphone, uint64_t now_ns);
/* As microphone_run, for a device in real time that takes the whole signal at once. False: it did not; said so. */
bool microphone_deliver(struct microphone *microphone, struct bus *bus, uint64_t now_ns);
/* The device had no power until now: what it did not hear is not offered to it later in one go. */
void microphone_missed(struct microphone *microphone, uint64_t now_ns);
void microphone_idle(struct microphone *microphone);
/* Offers what became due up to now. Call before the device works on this time. */
void microphone_advance(struct microphone *microphone, struct bus *bus, uint64_t now_ns);

#endif
