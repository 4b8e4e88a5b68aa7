/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Virtual nanoseconds and 48 kHz frames since power-on, exactly: 6 frames are 125,000 ns. */
#ifndef HOST_VTIME_H
#define HOST_VTIME_H

#include <stdint.h>

#define VTIME_FRAMES 6u
#define VTIME_NS 125000u

/* Whole frames that have passed at `ns`. */
static inline uint64_t vtime_frames(uint64_t ns) {
    return ns / VTIME_NS * VTIME_FRAMES + ns % VTIME_NS * VTIME_FRAMES / VTIME_NS;
}

/* When frame number `frames` begins, rounded down. */
static inline uint64_t vtime_ns(uint64_t frames) {
    return frames / VTIME_FRAMES * VTIME_NS + frames % VTIME_FRAMES * VTIME_NS / VTIME_FRAMES;
}

#endif
