/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The capture direction of the pump: when is which period requested? */
#include "wavert_pump_private.h"

/* Specification dialect: all periods of the buffer but one, which the client is reading. */
static ULONG PostedLimit(const WAVERT_GEOMETRY *Geometry)
{
    ULONG periods = Geometry->BufferFrames / Geometry->PeriodFrames;

    return ((periods > 1) ? periods - 1 : 1) * Geometry->PeriodFrames;
}

VOID WaveRtCapturePost(PWAVERT_PUMP Pump)
{
    ULONG limit = PostedLimit(&Pump->Geometry);

    while (Pump->Submitted - Pump->Completed + Pump->Geometry.PeriodFrames <= limit) {
        if (!NT_SUCCESS(WaveRtPumpSubmit(Pump, Pump->Submitted, Pump->Geometry.PeriodFrames))) {
            return;
        }
        Pump->Submitted += Pump->Geometry.PeriodFrames;
    }
}

/* Counter value from which the next period's samples exist in a device that answers at once. */
static ULONGLONG RequestDue(const WAVERT_PUMP *Pump)
{
    return WaveRtPositionTicksAt(&Pump->Position,
                                 Pump->Submitted + Pump->Geometry.PeriodFrames + WAVERT_CAPTURE_MARGIN_FRAMES);
}

static VOID Request(PWAVERT_PUMP Pump, PWAVERT_PASS Pass)
{
    while (RequestDue(Pump) <= Pass->Now) {
        if (Pump->Submitted - Pump->Completed + Pump->Geometry.PeriodFrames > Pump->Geometry.BufferFrames ||
            !NT_SUCCESS(WaveRtPumpSubmit(Pump, Pump->Submitted, Pump->Geometry.PeriodFrames))) {
            /* Not lost: the samples wait in the device, the same period is asked for again. */
            Pass->Again = TRUE;
            return;
        }
        Pump->Submitted += Pump->Geometry.PeriodFrames;
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
    WaveRtPumpSignalUpTo(Pump, Pump->Completed, Pass->Now);
    Pass->Next = due;
}
