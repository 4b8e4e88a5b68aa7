/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wavert_position.h"

/* Value * Multiplier / Divisor without overflow for any counter value that a machine can reach: above Limit whole parts
 * and remainder apart. The remainder's product stays below Divisor * Multiplier. */
static __inline ULONGLONG Scale(ULONGLONG Value, ULONGLONG Multiplier, ULONGLONG Divisor, ULONGLONG Limit)
{
    ULONGLONG whole;

    if (Value <= Limit) {
        return Value * Multiplier / Divisor;
    }
    whole = Value / Divisor;
    return whole * Multiplier + (Value - whole * Divisor) * Multiplier / Divisor;
}

static __inline ULONGLONG RunTicks(const WAVERT_POSITION *Position, ULONGLONG NowTicks)
{
    if (!Position->Running || NowTicks <= Position->OriginTicks) {
        return Position->HeldTicks;
    }
    return Position->HeldTicks + (NowTicks - Position->OriginTicks);
}

VOID WaveRtPositionInit(PWAVERT_POSITION Position, ULONGLONG Frequency, ULONG Rate)
{
    Position->Frequency = Frequency;
    Position->Rate = Rate;
    Position->TicksLimit = ~(ULONGLONG)0 / Rate;
    Position->FramesLimit = ~(ULONGLONG)0 / Frequency;
    WaveRtPositionReset(Position);
}

VOID WaveRtPositionReset(PWAVERT_POSITION Position)
{
    Position->OriginTicks = 0;
    Position->HeldTicks = 0;
    Position->Running = FALSE;
}

VOID WaveRtPositionRun(PWAVERT_POSITION Position, ULONGLONG NowTicks)
{
    Position->OriginTicks = NowTicks;
    Position->Running = TRUE;
}

VOID WaveRtPositionSet(PWAVERT_POSITION Position, ULONGLONG Frames)
{
    /* Rounded up: read back, it is Frames again. */
    Position->HeldTicks = Scale(Frames, Position->Frequency, Position->Rate, Position->FramesLimit) + 1;
    Position->OriginTicks = 0;
    Position->Running = FALSE;
    if (Frames == 0) {
        Position->HeldTicks = 0;
    }
}

ULONGLONG WaveRtPositionFrames(const WAVERT_POSITION *Position, ULONGLONG NowTicks)
{
    return Scale(RunTicks(Position, NowTicks), Position->Rate, Position->Frequency, Position->TicksLimit);
}

ULONGLONG WaveRtPositionTicksAt(const WAVERT_POSITION *Position, ULONGLONG Frames)
{
    /* One tick more than the exact quotient, so that the frame has certainly been reached. */
    ULONGLONG ticks = Scale(Frames, Position->Frequency, Position->Rate, Position->FramesLimit) + 1;

    if (ticks <= Position->HeldTicks) {
        return Position->OriginTicks;
    }
    return Position->OriginTicks + (ticks - Position->HeldTicks);
}
