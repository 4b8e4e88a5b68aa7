/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "mixdown.h"

#include <math.h>
#include <string.h>

#define HALF_POWER 0.70710678f

/* Left and right share of each channel in the usual WAVE order: front left, right, centre, low frequency, back left,
 * right, side left, right. The low-frequency channel is left out, as in common down-mixes. */
static const float s_share[8][2] = {{1, 0}, {0, 1}, {HALF_POWER, HALF_POWER}, {0, 0},
                                    {HALF_POWER, 0}, {0, HALF_POWER}, {HALF_POWER, 0}, {0, HALF_POWER}};
static const float s_quad[4][2] = {{1, 0}, {0, 1}, {HALF_POWER, 0}, {0, HALF_POWER}};

static float share(unsigned channels, unsigned channel, unsigned side) {
    if (channels == 1) {
        return 1.0f;
    }
    if (channels == 4) {
        return s_quad[channel][side];
    }
    if (channels <= 8) {
        return s_share[channel][side];
    }
    return channel % 2 == side ? 1.0f : 0.0f; /* no layout is known: even ones left, odd ones right */
}

/* Gain of one input channel in one output channel. */
static float gain(unsigned in, unsigned channel, unsigned out, unsigned side) {
    float wanted = 0, total = 0;

    for (unsigned i = 0; i < in; i++) {
        float s = out == 2 ? share(in, i, side) : (share(in, i, 0) + share(in, i, 1)) / 2.0f;
        total += s;
        wanted = i == channel ? s : wanted;
    }
    return total > 0 ? wanted / total : 0;
}

void mixdown(const float *from, unsigned channels_in, float *to, unsigned channels_out, uint64_t frames) {
    if (channels_in == channels_out) {
        memcpy(to, from, frames * channels_in * sizeof *to);
        return;
    }
    for (uint64_t i = 0; i < frames * channels_out; i++) {
        to[i] = 0;
    }
    for (unsigned side = 0; side < channels_out; side++) {
        for (unsigned c = 0; c < channels_in; c++) {
            float g = gain(channels_in, c, channels_out, side);
            for (uint64_t i = 0; g != 0 && i < frames; i++) {
                to[i * channels_out + side] += g * from[i * channels_in + c];
            }
        }
    }
}
