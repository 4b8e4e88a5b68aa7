/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The capture direction of the pump: when is which period requested? */
#include "wavert_pump_private.h"

VOID WaveRtCapturePost(PWAVERT_PUMP Pump)
{
    ULONG frames = WaveRtGeometryPeriodAt(&Pump->Geometry, Pump->Submitted);

    while (Pump->Submitted - Pump->Completed + frames <= Pump->Geometry.AheadFrames) {
        if (!NT_SUCCESS(WaveRtPumpSubmit(Pump, Pump->Submitted, frames))) {
            return;
        }
        Pump->Submitted += frames;
        frames = WaveRtGeometryPeriodAt(&Pump->Geometry, Pump->Submitted);
    }
}

/* A client that reads up to the position when it is notified must have read, before its next notification, what the
 * device will have overwritten by then. In small buffers that asks for a smaller lag; once found, it stays, so that the
 * position moves on evenly. */
static VOID ReduceLag(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONGLONG clock = WaveRtPositionFrames(&Pump->Position, NowTicks);
    ULONGLONG overwritten;
    ULONGLONG boundary;

    if (geometry->IntervalFrames == 0 || Pump->Completed < Pump->NextBoundary) {
        return;
    }
    boundary = Pump->Completed - Pump->Completed % geometry->IntervalFrames;
    overwritten = boundary + geometry->IntervalFrames + (Pump->QueueBeforeStart ? geometry->AheadFrames : 0);
    if (overwritten <= geometry->BufferFrames) {
        return;
    }
    overwritten -= geometry->BufferFrames;
    if (clock <= overwritten) {
        Pump->Lag = 0;
    } else if (clock - overwritten < Pump->Lag) {
        Pump->Lag = (ULONG)(clock - overwritten);
    }
}

/* Counter value from which the next period's samples exist in a device that answers at once. */
static ULONGLONG RequestDue(const WAVERT_PUMP *Pump)
{
    return WaveRtPositionTicksAt(&Pump->Position,
                                 Pump->Submitted + WaveRtGeometryPeriodAt(&Pump->Geometry, Pump->Submitted) +
                                     WAVERT_CAPTURE_MARGIN_FRAMES);
}

static VOID Request(PWAVERT_PUMP Pump, PWAVERT_PASS Pass)
{
    ULONG frames;

    while (RequestDue(Pump) <= Pass->Now) {
        frames = WaveRtGeometryPeriodAt(&Pump->Geometry, Pump->Submitted);
        if (Pump->Submitted - Pump->Completed + frames > Pump->Geometry.BufferFrames ||
            !NT_SUCCESS(WaveRtPumpSubmit(Pump, Pump->Submitted, frames))) {
            /* Not lost: the samples wait in the device, the same period is asked for again. */
            Pass->Again = TRUE;
            return;
        }
        Pump->Submitted += frames;
        Pass->Again = TRUE; /* answered by now, as likely as not */
    }
}

VOID WaveRtCapturePass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass)
{
    ULONGLONG soon = Pass->Now + WaveRtPumpTicks(Pump, WAVERT_FRAMES_PER_MS);
    ULONGLONG due;

    if (Pump->QueueBeforeStart) {
        WaveRtCapturePost(Pump);
        due = soon;
    } else {
        Request(Pump, Pass);
        due = RequestDue(Pump);
        if (due < soon || Pump->Completed < Pump->Submitted) {
            due = soon;
        }
    }
    ReduceLag(Pump, Pass->Now);
    WaveRtPumpSignalUpTo(Pump, Pump->Completed, Pass->Now);
    Pass->Next = due;
}
