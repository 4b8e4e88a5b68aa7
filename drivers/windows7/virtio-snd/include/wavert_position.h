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
/* Value * Multiplier / Divisor without overflow for any counter value that a machine can reach: above Limit whole parts
 * and remainder apart. The remainder's product stays below Divisor * Multiplier. */
CODE_INLINE ULONGLONG WaveRtPositionScale(ULONGLONG Value, ULONGLONG Multiplier, ULONGLONG Divisor,
                                          ULONGLONG Limit)
{
    ULONGLONG whole;

    if (Value <= Limit) {
        return Value * Multiplier / Divisor;
    }
    whole = Value / Divisor;
    return whole * Multiplier + (Value - whole * Divisor) * Multiplier / Divisor;
}

/* Ticks that the clock has run. */
CODE_INLINE ULONGLONG WaveRtPositionRunTicks(const WAVERT_POSITION *Position, ULONGLONG NowTicks)
{
    if (!Position->Running || NowTicks <= Position->OriginTicks) {
        return Position->HeldTicks;
    }
    return Position->HeldTicks + (NowTicks - Position->OriginTicks);
}

/* Whole frames since the last reset. A counter that steps backwards (seen in virtual machines) reads as no progress. */
CODE_INLINE ULONGLONG WaveRtPositionFrames(const WAVERT_POSITION *Position, ULONGLONG NowTicks)
{
    return WaveRtPositionScale(WaveRtPositionRunTicks(Position, NowTicks), Position->Rate, Position->Frequency,
                               Position->TicksLimit);
}

/* Counter value at which the running clock reaches Frames; in the past when it already has. */
CODE_INLINE ULONGLONG WaveRtPositionTicksAt(const WAVERT_POSITION *Position, ULONGLONG Frames)
{
    /* One tick more than the exact quotient, so that the frame has certainly been reached. */
    ULONGLONG ticks = WaveRtPositionScale(Frames, Position->Frequency, Position->Rate, Position->FramesLimit) + 1;

    if (ticks <= Position->HeldTicks) {
        return Position->OriginTicks;
    }
    return Position->OriginTicks + (ticks - Position->HeldTicks);
}

#endif
