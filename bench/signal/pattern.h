/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The sound of runs that are too long for a file: PATTERN_FRAMES frames of
 * noise, over and over. No sample of it is zero, and a few frames in a row tell
 * where in it they are; so whoever hears it knows at once what was lost, what
 * came twice and where silence came in between.
 */
#ifndef SIGNAL_PATTERN_H
#define SIGNAL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_FRAMES 65536u /* 1.37 s at 48 kHz; a loss of a whole number of these goes unseen */
#define PATTERN_CHANNELS_MAX 2u

/* PATTERN_FRAMES interleaved frames of 1 or 2 channels; the same in every process. */
const int16_t *pattern_samples(unsigned channels);

/* What was heard. Frames; events are counted once, however many frames they take. */
struct pattern_count {
    uint64_t matched;
    uint64_t gaps;     /* times silence came between two frames, or after the last one */
    uint64_t silent;   /* frames of these */
    uint64_t jumps;    /* times the sound did not go on where it was */
    uint64_t lost;     /* frames that never came */
    uint64_t repeated; /* frames that came again */
    uint64_t wrong;    /* frames that are neither the pattern nor silence */
};

/* All zero, with `channels` set, at the start: the first frame is awaited, and silence before it is no gap. */
struct pattern_check {
    unsigned channels;
    bool begun, astray, in_gap;
    uint32_t next;    /* frame of the pattern that should come */
    uint64_t skipped; /* frames since the sound went astray */
    struct pattern_count count;
};

/* Compares the next `frames` interleaved frames. */
void pattern_check(struct pattern_check *check, const int16_t *samples, size_t frames);

#endif
