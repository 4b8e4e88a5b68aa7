/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Did it arrive? What went in against what came out. */
#ifndef HOST_COMPARE_H
#define HOST_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "playback.h"

struct comparison {
    uint64_t leading_silence; /* silent frames before the input, beyond those that it begins with itself */
    bool bit_exact;           /* all of the input follows them, frame by frame */
    bool complete;            /* the same, though silence may stand in between */
    uint64_t gaps;            /* times silence came between two frames of the input */
    bool differs;
    uint64_t first_difference; /* frame of the input; valid when `differs` */
    uint64_t out_end;          /* frame of the output after the last one that was matched */
};

/* `in` and `out` are interleaved S16 of `channels`. `shorts` (may be NULL, count 0) are the places of `out` that the
 * device left empty: those inside the sound are gaps even where the sound itself is silent. */
void compare(struct comparison *result, const int16_t *in, uint64_t in_frames, const int16_t *out, uint64_t out_frames,
             unsigned channels, const struct short_take *shorts, uint64_t short_count);

#endif
