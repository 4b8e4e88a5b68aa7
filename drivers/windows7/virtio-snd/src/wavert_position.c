/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wavert_position.h"

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
    Position->HeldTicks = WaveRtPositionScale(Frames, Position->Frequency, Position->Rate, Position->FramesLimit) + 1;
    Position->OriginTicks = 0;
    Position->Running = FALSE;
    if (Frames == 0) {
        Position->HeldTicks = 0;
    }
}
