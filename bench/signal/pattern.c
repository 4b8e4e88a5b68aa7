/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pattern.h"

#include <string.h>

#define WINDOW_FRAMES 4u /* 64 bits of noise even in mono: none of the windows of the pattern is like another */
#define NOISE_FRAMES 64u /* looked at one by one, noise would take for ever */

/* A window that begins near the end goes on behind it. */
static int16_t s_tables[PATTERN_CHANNELS_MAX][(PATTERN_FRAMES + WINDOW_FRAMES) * PATTERN_CHANNELS_MAX];

/* splitmix64 */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

const int16_t *pattern_samples(unsigned channels)
{
    int16_t *table = s_tables[channels - 1];
    size_t count = (size_t)PATTERN_FRAMES * channels;
    if (table[0])
        return table;
    for (size_t i = 0; i < count; i++) {
        int16_t sample = (int16_t)mix((i + 1) * 0x9E3779B97F4A7C15ull);
        table[i] = sample ? sample : 1;
    }
    memcpy(table + count, table, (size_t)WINDOW_FRAMES * channels * sizeof *table);
    return table;
}

/* Silent frames from `samples` on. */
static size_t silence(const int16_t *samples, size_t frames, unsigned channels)
{
    size_t n = 0;
    while (n < frames && !samples[n * channels] && !samples[(n + 1) * channels - 1])
        n++;
    return n;
}

/* Frames from `samples` on that are the pattern's from `check->next` on. */
static size_t match(const struct pattern_check *check, const int16_t *samples, size_t frames)
{
    unsigned channels = check->channels;
    const int16_t *expected = pattern_samples(channels) + (size_t)check->next * channels;
    size_t n = PATTERN_FRAMES - check->next < frames ? PATTERN_FRAMES - check->next : frames;
    if (memcmp(samples, expected, n * channels * sizeof *samples) == 0)
        return n;
    size_t equal = 0;
    while (memcmp(samples + equal * channels, expected + equal * channels, channels * sizeof *samples) == 0)
        equal++;
    return equal;
}

/* Where in the pattern the window at `samples` is, looked for from `from` on; PATTERN_FRAMES: nowhere. */
static uint32_t find(const int16_t *samples, unsigned channels, uint32_t from)
{
    const int16_t *table = pattern_samples(channels);
    for (uint32_t i = 0; i < PATTERN_FRAMES; i++) {
        uint32_t at = (from + i) % PATTERN_FRAMES;
        if (table[(size_t)at * channels] == samples[0] &&
            memcmp(table + (size_t)at * channels, samples, WINDOW_FRAMES * channels * sizeof *samples) == 0)
            return at;
    }
    return PATTERN_FRAMES;
}

/* Goes on from where the sound is now. Frames left out because nobody can tell; 0: found. */
static size_t find_again(struct pattern_check *check, const int16_t *samples, size_t frames)
{
    uint32_t found = PATTERN_FRAMES;
    if (frames >= WINDOW_FRAMES)
        found = find(samples, check->channels, check->next);
    if (found == PATTERN_FRAMES) { /* too few to tell, or noise: what follows will show it */
        size_t n = frames < NOISE_FRAMES ? frames : NOISE_FRAMES;
        check->count.wrong += frames >= WINDOW_FRAMES ? n : 0;
        check->skipped += n;
        return n;
    }
    uint32_t ahead = (uint32_t)((found + PATTERN_FRAMES - (check->next + check->skipped) % PATTERN_FRAMES) %
                                PATTERN_FRAMES);
    if (ahead <= PATTERN_FRAMES / 2)
        check->count.lost += ahead;
    else
        check->count.repeated += PATTERN_FRAMES - ahead;
    check->astray = false;
    check->skipped = 0;
    check->next = found;
    return 0;
}

/* Frames of sound taken from `samples`; 0: it is to be tried again. */
static size_t follow(struct pattern_check *check, const int16_t *samples, size_t frames)
{
    size_t n = check->astray ? 0 : match(check, samples, frames);
    if (check->astray)
        return find_again(check, samples, frames);
    if (n == 0) {
        check->astray = true;
        check->count.jumps++;
        return 0;
    }
    check->count.matched += n;
    check->next = (uint32_t)((check->next + n) % PATTERN_FRAMES);
    return n;
}

void pattern_check(struct pattern_check *check, const int16_t *samples, size_t frames)
{
    while (frames) {
        size_t n = silence(samples, frames, check->channels);
        if (n && check->begun) {
            check->count.gaps += !check->in_gap;
            check->count.silent += n;
            check->in_gap = true;
        }
        if (!n) {
            check->begun = true;
            check->in_gap = false;
            n = follow(check, samples, frames);
        }
        samples += n * check->channels;
        frames -= n;
    }
}
