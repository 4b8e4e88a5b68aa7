/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "microphone.h"

#include "error.h"
#include "vtime.h"

#define PUSH_FRAMES 4800u

void microphone_run(struct microphone *microphone, uint64_t now_ns) {
    microphone->running = true;
    microphone->origin = vtime_frames(now_ns);
    microphone->accepted = 0;
}

bool microphone_deliver(struct microphone *microphone, struct bus *bus, uint64_t now_ns) {
    uint64_t frames = microphone->signal != NULL ? microphone->signal->frames : 0;

    microphone_run(microphone, now_ns);
    microphone_advance(microphone, bus, now_ns + vtime_ns(frames + 1));
    return microphone->accepted >= frames || fail("the device did not take the microphone's signal");
}

void microphone_idle(struct microphone *microphone) {
    microphone->running = false;
}

void microphone_advance(struct microphone *microphone, struct bus *bus, uint64_t now_ns) {
    static float mono[PUSH_FRAMES];
    const struct sound *signal = microphone->signal;
    uint64_t frames = signal != NULL ? signal->frames : 0;
    uint64_t due = vtime_frames(now_ns);

    if (!microphone->running) {
        return;
    }
    while (microphone->origin + microphone->accepted < due) {
        uint64_t left = due - microphone->origin - microphone->accepted;
        uint64_t count = left < PUSH_FRAMES ? left : PUSH_FRAMES;
        for (uint64_t i = 0; i < count; i++) {
            uint64_t at = microphone->accepted + i;
            mono[i] = at < frames ? (float)signal->samples[at] / 32768.0f : 0.0f;
        }
        uint64_t taken = bus_push_capture(bus, mono, count);
        microphone->accepted += taken;
        if (taken < count) {
            return;
        }
    }
}
