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

void microphone_missed(struct microphone *microphone, uint64_t now_ns) {
    microphone->origin = vtime_frames(now_ns) - microphone->accepted;
}

void microphone_idle(struct microphone *microphone) {
    microphone->running = false;
}

/* The next frames that the device has not taken: `*count` at most, and it says how many. */
static const float *next_part(const struct microphone *m, uint64_t *count) {
    static float mono[PUSH_FRAMES];
    uint64_t frames = m->signal != NULL ? m->signal->frames : 0, at = m->accepted % PATTERN_FRAMES;

    if (m->pattern != NULL) {
        *count = *count < PATTERN_FRAMES - at ? *count : PATTERN_FRAMES - at;
        return m->pattern + at;
    }
    for (uint64_t i = 0; i < *count; i++) {
        at = m->accepted + i;
        mono[i] = at < frames ? (float)m->signal->samples[at] / 32768.0f : 0.0f;
    }
    return mono;
}

void microphone_advance(struct microphone *microphone, struct bus *bus, uint64_t now_ns) {
    uint64_t due = vtime_frames(now_ns), counted;

    if (!microphone->running) {
        return;
    }
    if (bus_clock_frames(bus, 1, now_ns, &counted)) { /* whatever our clock says: the device takes what it wants */
        due = microphone->origin + microphone->accepted + PUSH_FRAMES;
    }
    while (microphone->origin + microphone->accepted < due) {
        uint64_t left = due - microphone->origin - microphone->accepted;
        uint64_t count = left < PUSH_FRAMES ? left : PUSH_FRAMES;
        const float *part = next_part(microphone, &count);
        uint64_t taken = bus_push_capture(bus, part, count);
        microphone->accepted += taken;
        if (taken < count) {
            return;
        }
    }
}
