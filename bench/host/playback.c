/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "playback.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mixdown.h"
#include "vtime.h"

#define TAKE_FRAMES 4800u
#define FIRST_CAPACITY 65536u
/* A device's clock starts between two frames of ours, so its count of whole frames differs from ours by one, now this
 * way, now that. Staying one frame behind it keeps that from looking like a gap. */
#define PHASE_FRAMES 1u

void playback_free(struct playback *playback) {
    free(playback->samples);
    free(playback->shorts);
    memset(playback, 0, sizeof *playback);
}

void playback_run(struct playback *playback) {
    playback->running = true;
}

void playback_forget(struct playback *playback) {
    playback->frames = playback->filled = playback->short_count = 0;
}

static bool grow(struct playback *p, uint64_t frames) {
    if (p->filled + frames > p->capacity) {
        uint64_t capacity = p->capacity != 0 ? p->capacity : FIRST_CAPACITY;
        while (capacity < p->filled + frames) {
            capacity *= 2;
        }
        void *larger = realloc(p->samples, capacity * 2 * sizeof *p->samples);
        if (larger == NULL) {
            p->failed = true;
            return fail("out of memory for the sound that was played");
        }
        p->samples = larger;
        p->capacity = capacity;
    }
    return true;
}

static void note_short(struct playback *p, uint64_t frames) {
    struct short_take *last = p->short_count != 0 ? &p->shorts[p->short_count - 1] : NULL;

    if (last != NULL && last->at + last->frames == p->filled) { /* one gap, however many takes it lasts */
        last->frames += frames;
        return;
    }
    if (p->short_count == p->short_capacity) {
        p->short_capacity = p->short_capacity != 0 ? p->short_capacity * 2 : 64;
        void *larger = realloc(p->shorts, p->short_capacity * sizeof *p->shorts);
        if (larger == NULL) {
            p->failed = true;
            fail("out of memory for the list of gaps");
            return;
        }
        p->shorts = larger;
    }
    p->shorts[p->short_count++] = (struct short_take){p->filled, frames};
}

/* Keeps `taken` frames of the `asked` that ended at frame `end` of virtual time. */
static void keep(struct playback *p, const float *stereo, uint64_t taken, uint64_t asked, uint64_t end) {
    if (p->filled == 0) {
        if (taken == 0) {
            return; /* the device's clock has not started */
        }
        asked = taken; /* what precedes the first frame is no gap */
        p->first_ns = vtime_ns(end - taken);
    }
    if (p->failed || !grow(p, asked)) {
        return;
    }
    int16_t *to = p->samples + 2 * p->filled;
    for (uint64_t i = 0; i < 2 * taken; i++) {
        to[i] = s16_from_float(stereo[i]);
    }
    p->filled += taken;
    if (taken != 0) {
        p->frames = p->filled;
    }
    if (taken < asked) {
        memset(p->samples + 2 * p->filled, 0, (asked - taken) * 2 * sizeof *to);
        note_short(p, asked - taken);
        p->filled += asked - taken;
    }
}

/* Takes frames that nobody asked for by a clock of ours: none of them is late. False: there were no more. */
static bool take_all(struct playback *p, struct bus *bus, uint64_t end) {
    static float stereo[2 * TAKE_FRAMES];
    static int16_t samples[2 * TAKE_FRAMES];
    uint64_t taken = bus_take_playback(bus, stereo, TAKE_FRAMES);

    if (p->running && p->check != NULL) {
        for (uint64_t i = 0; i < 2 * taken; i++) {
            samples[i] = s16_from_float(stereo[i]);
        }
        pattern_check(p->check, samples, taken);
    } else if (p->running) {
        keep(p, stereo, taken, taken, end);
    }
    return taken == TAKE_FRAMES && !p->failed;
}

void playback_idle(struct playback *playback, struct bus *bus) {
    if (bus != NULL) {
        (void)take_all(playback, bus, playback->asked);
    }
    playback->running = false;
}

/* What the clock of the device played, it gives; where it had nothing to play there is silence in it. */
static void follow_device(struct playback *p, struct bus *bus, uint64_t due) {
    struct vsnd_stats stats;

    while (take_all(p, bus, due)) {
    }
    if (p->check == NULL && bus_model_stats(bus, &stats) && stats.underrun_frames != p->underrun_frames) {
        if (p->running) {
            note_short(p, stats.underrun_frames - p->underrun_frames);
        }
        p->underrun_frames = stats.underrun_frames;
    }
    p->asked = due;
}

void playback_advance(struct playback *playback, struct bus *bus, uint64_t now_ns) {
    static float stereo[2 * TAKE_FRAMES];
    uint64_t counted;
    uint64_t due = vtime_frames(now_ns);

    if (bus_clock_frames(bus, 0, now_ns, &counted)) {
        follow_device(playback, bus, due);
        return;
    }
    while (playback->asked < due) {
        uint64_t left = due - playback->asked;
        uint64_t asked = left < TAKE_FRAMES ? left : TAKE_FRAMES;
        uint64_t taken = bus_take_playback(bus, stereo, asked);
        playback->asked += asked;
        if (playback->running) {
            bool first = playback->filled == 0 && taken != 0;
            keep(playback, stereo, taken, asked, playback->asked);
            playback->asked += first ? PHASE_FRAMES : 0;
        }
    }
}

void playback_collect(struct playback *playback, struct bus *bus) {
    static float stereo[2 * TAKE_FRAMES];
    uint64_t taken;

    do {
        taken = bus_take_playback(bus, stereo, TAKE_FRAMES);
        keep(playback, stereo, taken, taken, taken);
    } while (taken == TAKE_FRAMES && !playback->failed);
}
