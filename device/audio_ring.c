/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "audio_ring.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND 1000000000ull

bool audio_ring_init(struct audio_ring *ring, size_t capacity, bool grows)
{
    ring->frames = calloc(capacity, sizeof(*ring->frames));
    ring->capacity = ring->frames ? capacity : 0;
    ring->first = 0;
    ring->level = 0;
    ring->grows = grows;
    return ring->frames != NULL;
}

void audio_ring_free(struct audio_ring *ring)
{
    free(ring->frames);
    memset(ring, 0, sizeof(*ring));
}

/* Frames from `at` (counted from the oldest) to where the storage wraps. */
static size_t run_length(const struct audio_ring *ring, size_t at, size_t count)
{
    size_t index = (ring->first + at) % ring->capacity;
    size_t run = ring->capacity - index;
    return run < count ? run : count;
}

static struct frame *frame_at(const struct audio_ring *ring, size_t at)
{
    return &ring->frames[(ring->first + at) % ring->capacity];
}

static bool grow(struct audio_ring *ring, size_t needed)
{
    size_t capacity = ring->capacity;
    while (capacity < needed)
        capacity *= 2;
    struct frame *frames = malloc(capacity * sizeof(*frames));
    if (!frames)
        return false;
    size_t level = audio_ring_pop(ring, frames, ring->level);
    free(ring->frames);
    ring->frames = frames;
    ring->capacity = capacity;
    ring->first = 0;
    ring->level = level;
    return true;
}

static void discard_oldest(struct audio_ring *ring, size_t count)
{
    ring->first = (ring->first + count) % ring->capacity;
    ring->level -= count;
}

size_t audio_ring_push(struct audio_ring *ring, const struct frame *frames, size_t count)
{
    if (ring->grows && ring->level + count > ring->capacity && !grow(ring, ring->level + count))
        return count;
    size_t dropped = 0;
    if (count > ring->capacity) {
        dropped = count - ring->capacity;
        frames += dropped;
        count = ring->capacity;
    }
    if (ring->level + count > ring->capacity) {
        size_t excess = ring->level + count - ring->capacity;
        discard_oldest(ring, excess);
        dropped += excess;
    }
    size_t head = run_length(ring, ring->level, count);
    memcpy(frame_at(ring, ring->level), frames, head * sizeof(*frames));
    memcpy(frame_at(ring, ring->level + head), frames + head, (count - head) * sizeof(*frames));
    ring->level += count;
    return dropped;
}

size_t audio_ring_pop(struct audio_ring *ring, struct frame *frames, size_t count)
{
    if (count > ring->level)
        count = ring->level;
    size_t head = run_length(ring, 0, count);
    memcpy(frames, frame_at(ring, 0), head * sizeof(*frames));
    memcpy(frames + head, frame_at(ring, head), (count - head) * sizeof(*frames));
    discard_oldest(ring, count);
    return count;
}

size_t audio_ring_clear(struct audio_ring *ring)
{
    size_t held = ring->level;
    ring->first = 0;
    ring->level = 0;
    return held;
}

uint64_t sample_clock_frames(uint64_t start_ns, uint64_t now_ns)
{
    /* Whole seconds apart from the rest: the product would overflow after 106 hours otherwise. */
    uint64_t elapsed = now_ns > start_ns ? now_ns - start_ns : 0;
    return elapsed / NS_PER_SECOND * SAMPLE_RATE + elapsed % NS_PER_SECOND * SAMPLE_RATE / NS_PER_SECOND;
}
