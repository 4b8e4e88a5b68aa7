/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A queue of audio frames, and the sample clock that consumes or fills it.
 *
 * A bounded ring drops its oldest frames when it overfills, as the contract's
 * host ring does; a growing one (the log of what was played) keeps everything.
 * A mono signal has the same sample in both halves of a frame.
 */
#ifndef VSND_AUDIO_RING_H
#define VSND_AUDIO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_RATE 48000u

struct frame {
    int16_t left;
    int16_t right;
};

struct audio_ring {
    struct frame *frames;
    size_t capacity;
    size_t first; /* index of the oldest frame */
    size_t level; /* frames held */
    bool grows;
};

/* False: out of memory. A ring with grows == false keeps at most `capacity` (>= 1) frames. */
bool audio_ring_init(struct audio_ring *ring, size_t capacity, bool grows);
void audio_ring_free(struct audio_ring *ring);

/* Appends `count` frames; returns how many old (or, out of memory, new) frames were dropped to do so. */
size_t audio_ring_push(struct audio_ring *ring, const struct frame *frames, size_t count);

/* Takes at most `count` of the oldest frames; returns how many. */
size_t audio_ring_pop(struct audio_ring *ring, struct frame *frames, size_t count);

/* Empties the ring; returns how many frames it held. */
size_t audio_ring_clear(struct audio_ring *ring);

/* Frames that have passed between two instants: whole, without drift, for any length of time. */
uint64_t sample_clock_frames(uint64_t start_ns, uint64_t now_ns);

/* S16 to float and back; the round trip is exact. */
static inline float sample_to_float(int16_t sample)
{
    return (float)sample / 32768.0f;
}

/* To the nearest, halves away from zero; what lies outside is clipped, what is not a number is silence. */
static inline int16_t sample_from_float(float value)
{
    float scaled = value == value ? value * 32768.0f : 0.0f;
    scaled = scaled > 32767.0f ? 32767.0f : scaled;
    scaled = scaled < -32768.0f ? -32768.0f : scaled;
    return (int16_t)((double)scaled + (scaled < 0 ? -0.5 : 0.5)); /* the sum is exact */
}

#endif
