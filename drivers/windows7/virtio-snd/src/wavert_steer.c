/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How far the reported position stays behind the stream clock.
 *
 * Capture from a device that answers at once: a fixed distance (geometry). On a
 * device whose completions pace, either direction: completions tell where the
 * device's own clock is, so the distance is steered until the position reaches
 * what has completed just when the next period completes. Then it moves evenly,
 * never passes what is safe, and follows a device whose clock is a little off.
 */
#include "wavert_pump_private.h"

/* Each completion mends one part in so many of the error: late timers average out, and a clock that is off by 500 ppm
 * leaves less than a tenth of a millisecond. */
#define STEER_PART_MAX 16u

/* Frames beyond the next notification that the position must have covered already at this one, because the device will
 * have claimed their memory by then. Render: all that the client is to refill now. */
static ULONG Claimed(const WAVERT_PUMP *Pump)
{
    if (!Pump->QueueBeforeStart) {
        return 0;
    }
    return (Pump->Stream == VirtIoSndStreamRender) ? Pump->Geometry.BufferFrames - Pump->Geometry.IntervalFrames
                                                   : Pump->Geometry.AheadFrames;
}

BOOLEAN WaveRtPumpHasRoom(const WAVERT_PUMP *Pump)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONG taken = geometry->IntervalFrames + geometry->PeriodFrames;

    taken += (Pump->Stream == VirtIoSndStreamRender) ? WAVERT_REFILL_FRAMES : geometry->AheadFrames;
    return (BOOLEAN)(geometry->BufferFrames >= taken);
}

/* The position is never ahead of the time that the stream has run, even when a device takes or gives a lot at once, and
 * never back behind what may have been read. */
static VOID SetLag(PWAVERT_PUMP Pump, LONGLONG Frames, ULONGLONG NowTicks)
{
    Pump->Frozen = WaveRtPumpReported(Pump, NowTicks);
    Pump->Lag = (Frames > 0) ? (ULONG)Frames : 0;
}

VOID WaveRtPumpSteer(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONGLONG clock = WaveRtPositionFrames(&Pump->Position, NowTicks);
    LONG wanted;

    if (!Pump->QueueBeforeStart || Pump->Completed == Pump->Steered || !WaveRtPumpHasRoom(Pump)) {
        return;
    }
    wanted = (LONG)((LONGLONG)(clock + Pump->Geometry.PeriodFrames) - (LONGLONG)Pump->Completed);
    if (Pump->SteerPart < STEER_PART_MAX) {
        Pump->SteerPart++; /* the mean of the first ones: soon where it belongs */
    }
    SetLag(Pump, (LONG)Pump->Lag + (wanted - (LONG)Pump->Lag) / (LONG)Pump->SteerPart, NowTicks);
    Pump->Steered = Pump->Completed;
}

ULONGLONG WaveRtPumpReportedAt(const WAVERT_PUMP *Pump, ULONGLONG Frames)
{
    return WaveRtPositionTicksAt(&Pump->Position, Frames + Pump->Lag);
}

ULONGLONG WaveRtPumpCompletionDue(const WAVERT_PUMP *Pump, ULONGLONG SoonTicks)
{
    /* The steered position gets there when the device does. */
    ULONGLONG expected = WaveRtPumpReportedAt(Pump, Pump->Completed);

    return (expected > SoonTicks) ? expected : SoonTicks;
}

VOID WaveRtPumpReduceLag(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONGLONG clock = WaveRtPositionFrames(&Pump->Position, NowTicks);
    ULONGLONG needed;
    LONGLONG behind;

    if (geometry->IntervalFrames == 0 || Pump->Completed < Pump->NextBoundary) {
        return;
    }
    needed = Pump->Completed - Pump->Completed % geometry->IntervalFrames + geometry->IntervalFrames + Claimed(Pump);
    if (needed <= geometry->BufferFrames) {
        return;
    }
    needed -= geometry->BufferFrames;
    behind = (LONGLONG)clock - (LONGLONG)needed;
    if (behind < (LONGLONG)Pump->Lag) {
        SetLag(Pump, behind, NowTicks);
    }
}
