/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_position.h: the stream clock, performance-counter ticks turned into frames.
 *
 * Pure arithmetic on values that the caller read; no locks, any IRQL. The
 * caller serialises (stream lock).
 */
#ifndef WAVERT_POSITION_H
#define WAVERT_POSITION_H

#include <wdk_compat.h>

typedef struct _WAVERT_POSITION {
    ULONGLONG Frequency;   /* counter ticks per second, constant since boot */
    ULONGLONG OriginTicks; /* counter value at which the clock last began to run */
    ULONGLONG HeldTicks;   /* ticks run before that */
    ULONG Rate;            /* frames per second */
    ULONGLONG TicksLimit;  /* most ticks whose product with Rate has 64 bits */
    ULONGLONG FramesLimit; /* most frames whose product with Frequency has 64 bits */
    BOOLEAN Running;
} WAVERT_POSITION, *PWAVERT_POSITION;

/* At frame 0, held. Frequency: of the performance counter, ticks per second. Rate: frames per second. */
VOID WaveRtPositionInit(PWAVERT_POSITION Position, ULONGLONG Frequency, ULONG Rate);
/* Back to frame 0, held. */
VOID WaveRtPositionReset(PWAVERT_POSITION Position);
VOID WaveRtPositionRun(PWAVERT_POSITION Position, ULONGLONG NowTicks);
/* Held at Frames. */
VOID WaveRtPositionSet(PWAVERT_POSITION Position, ULONGLONG Frames);
/* Whole frames since the last reset. A counter that steps backwards (seen in virtual machines) reads as no progress. */
ULONGLONG WaveRtPositionFrames(const WAVERT_POSITION *Position, ULONGLONG NowTicks);
/* Counter value at which the running clock reaches Frames; in the past when it already has. */
ULONGLONG WaveRtPositionTicksAt(const WAVERT_POSITION *Position, ULONGLONG Frames);

#endif
