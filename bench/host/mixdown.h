/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From any number of channels to one or two, and from float to S16. */
#ifndef HOST_MIXDOWN_H
#define HOST_MIXDOWN_H

#include <math.h>
#include <stdint.h>

/* Interleaved `from` (channels_in) to interleaved `to` (1 or 2 channels), `frames` frames. Equal counts are copied;
 * mono is doubled; more are mixed so that full scale stays full scale. */
void mixdown(const float *from, unsigned channels_in, float *to, unsigned channels_out, uint64_t frames);
/* The inverse of dividing an S16 sample by 32768; what lies outside is clipped. */
static inline int16_t s16_from_float(float x) {
    float scaled = x > -1.0f ? x * 32768.0f : -32768.0f; /* also what is not a number */

    scaled = scaled < 32767.0f ? scaled : 32767.0f;
    return (int16_t)__builtin_irintf(scaled);
}

#endif
