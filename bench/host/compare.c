/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "compare.h"

#include <string.h>

static bool silent(const int16_t *frame, unsigned channels) {
    return frame[0] == 0 && (channels == 1 || frame[1] == 0);
}

/* Silent frames from `at` on. */
static uint64_t silence(const int16_t *samples, uint64_t at, uint64_t frames, unsigned channels) {
    uint64_t n = 0;

    while (at + n < frames && silent(samples + (at + n) * channels, channels)) {
        n++;
    }
    return n;
}

/* Short takes between the first and the last frame of the sound. */
static uint64_t count_shorts(const struct comparison *result, const struct short_take *shorts, uint64_t count) {
    uint64_t n = 0;

    for (uint64_t i = 0; i < count; i++) {
        n += shorts[i].at >= result->leading_silence && shorts[i].at < result->out_end;
    }
    return n;
}

static void difference(struct comparison *result, uint64_t at) {
    if (!result->differs) {
        result->differs = true;
        result->first_difference = at;
    }
}

void compare(struct comparison *result, const int16_t *in, uint64_t in_frames, const int16_t *out, uint64_t out_frames,
             unsigned channels, const struct short_take *shorts, uint64_t short_count) {
    uint64_t in_silence = silence(in, 0, in_frames, channels);
    uint64_t out_silence = silence(out, 0, out_frames, channels);
    size_t frame_bytes = channels * sizeof *in;
    uint64_t i = 0, o;

    memset(result, 0, sizeof *result);
    if (in_silence < in_frames && out_silence < out_frames && out_silence > in_silence) {
        result->leading_silence = out_silence - in_silence;
    } else if (in_silence < in_frames && out_silence == out_frames) {
        result->leading_silence = out_frames; /* nothing but silence arrived */
    }
    o = result->leading_silence;
    while (i < in_frames && o < out_frames) {
        if (memcmp(in + i * channels, out + o * channels, frame_bytes) == 0) {
            i++;
            o++;
            continue;
        }
        difference(result, i);
        uint64_t inserted = silence(out, o, out_frames, channels);
        if (inserted == 0 || o + inserted == out_frames) {
            break; /* wrong or lost samples: what follows tells nothing about gaps */
        }
        result->gaps++;
        o += inserted;
    }
    if (i < in_frames) {
        difference(result, i);
    }
    result->out_end = o;
    result->bit_exact = !result->differs;
    result->complete = i == in_frames;
    uint64_t taken_short = count_shorts(result, shorts, short_count);
    if (taken_short > result->gaps) { /* mostly the same gaps, seen from the other side */
        result->gaps = taken_short;
    }
}
