/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The render direction of the pump: when is which period handed to the device? */
#include "trace.h"
#include "wavert_pump_private.h"

/* When the clock has run this far past what could be submitted, the device is not taking anything: periods are given
 * up, so that the position goes on and Windows stays responsive. */
#define STALLED_FRAMES (250u * WAVERT_FRAMES_PER_MS)

static NTSTATUS SubmitSilence(PWAVERT_PUMP Pump, ULONG Frames)
{
    VIRTIOSND_SG sg;

    sg.Address = (ULONGLONG)MmGetPhysicalAddress(Pump->Silence).QuadPart;
    sg.Length = Frames * Pump->FrameBytes;
    sg.Write = FALSE;
    return Pump->Backend->Ops->Submit(Pump->Backend, Pump->Stream, &sg, 1, 0);
}

/* The device plays Frames more behind whatever it has. */
static VOID Given(PWAVERT_PUMP Pump, ULONG Frames, ULONGLONG NowTicks)
{
    if (Pump->DeviceEndTicks < NowTicks) {
        Pump->DeviceEndTicks = NowTicks;
    }
    Pump->DeviceEndTicks += WaveRtPumpTicks(Pump, Frames);
}

/* FALSE: the device takes no more for now. */
static BOOLEAN SubmitPreroll(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    while (Pump->PrerollLeft != 0) {
        ULONG frames = Pump->PrerollLeft;

        if (frames > Pump->Geometry.PeriodFrames) {
            frames = Pump->Geometry.PeriodFrames;
        }
        if (!NT_SUCCESS(SubmitSilence(Pump, frames))) {
            return FALSE;
        }
        Pump->PrerollLeft -= frames;
        Given(Pump, frames, NowTicks);
    }
    return TRUE;
}

/* FALSE: the device takes no more for now. */
static BOOLEAN SubmitPeriod(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONG frames = WaveRtGeometryPeriodAt(&Pump->Geometry, Pump->Submitted);

    if (!NT_SUCCESS(WaveRtPumpSubmit(Pump, Pump->Submitted, frames))) {
        return FALSE;
    }
    Pump->Submitted += frames;
    Given(Pump, frames, NowTicks);
    return TRUE;
}

static ULONGLONG Later(ULONGLONG A, ULONGLONG B)
{
    return (A > B) ? A : B;
}

static ULONGLONG Sooner(ULONGLONG A, ULONGLONG B)
{
    return (A < B) ? A : B;
}

/* Counter value from which the next period may be handed over; WAVERT_NEVER: something else must happen first, a
 * notification or a completion, and the timer is armed for that anyway. */
static ULONGLONG PeriodDue(PWAVERT_PUMP Pump)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONGLONG first = Pump->Submitted;
    ULONG frames = WaveRtGeometryPeriodAt(geometry, first);
    ULONGLONG end = first + frames;
    ULONGLONG due = 0;
    ULONGLONG released;

    if (end > Pump->Completed + geometry->BufferFrames) {
        return WAVERT_NEVER; /* the same memory is still with the device, one lap behind */
    }
    if (first > geometry->LeadFrames) {
        due = WaveRtPositionTicksAt(&Pump->Position, first - geometry->LeadFrames);
    }
    if (geometry->IntervalFrames == 0) {
        if (end > geometry->BufferFrames) {
            due = Later(due, WaveRtPositionTicksAt(&Pump->Position, end - geometry->BufferFrames));
        }
        return due;
    }
    released = WaveRtGeometryReleasedAt(geometry, first, frames);
    if (released == 0) {
        return due;
    }
    if (released > Pump->ReleasedBoundary) {
        return WAVERT_NEVER;
    }
    if (released == Pump->ReleasedBoundary) {
        due = Later(due, Pump->ReleasedTicks + WaveRtPumpTicks(Pump, WAVERT_REACT_FRAMES));
    }
    return due;
}

/* The device has taken nothing for too long: let the stream go on without it. */
static VOID GiveUpPeriods(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONGLONG frames = WaveRtPositionFrames(&Pump->Position, NowTicks);

    if (frames <= Pump->Submitted + STALLED_FRAMES) {
        return;
    }
    VIRTIOSND_TRACE_ERROR("render: the device takes no periods, going on without it\n");
    while (frames > Pump->Submitted) {
        Pump->Submitted += Pump->Geometry.PeriodFrames;
        Pump->Completed += Pump->Geometry.PeriodFrames;
    }
}

VOID WaveRtRenderPass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass)
{
    ULONGLONG soon = Pass->Now + WaveRtPumpTicks(Pump, WAVERT_FRAMES_PER_MS);
    ULONGLONG due = WAVERT_NEVER;
    BOOLEAN full = FALSE;

    GiveUpPeriods(Pump, Pass->Now);
    if (!SubmitPreroll(Pump, Pass->Now)) {
        full = TRUE;
    }
    while (!full && PeriodDue(Pump) <= Pass->Now) {
        full = (BOOLEAN)!SubmitPeriod(Pump, Pass->Now);
    }
    WaveRtPumpSignalUpTo(Pump, WaveRtPumpReported(Pump, Pass->Now), Pass->Now);

    due = full ? soon : PeriodDue(Pump);
    if (Pump->Geometry.IntervalFrames != 0) {
        ULONGLONG boundary = WaveRtPositionTicksAt(&Pump->Position, Pump->NextBoundary);

        due = Sooner(due, (boundary > Pass->Now) ? boundary : soon);
    }
    if (Pump->Completed < Pump->Submitted && (full || Pump->QueueBeforeStart)) {
        due = Sooner(due, soon); /* completions are found by looking */
    }
    Pass->Again = full;
    Pass->Next = Sooner(due, Pass->Now + WaveRtPumpTicks(Pump, WAVERT_PERIOD_MAX_FRAMES));
}

VOID WaveRtRenderPrefill(PWAVERT_PUMP Pump)
{
    ULONGLONG now = (ULONGLONG)KeQueryPerformanceCounter(NULL).QuadPart;

    if (!SubmitPreroll(Pump, now)) {
        return;
    }
    while (Pump->Submitted <= Pump->Geometry.LeadFrames &&
           Pump->Submitted + WaveRtGeometryPeriodAt(&Pump->Geometry, Pump->Submitted) <=
               Pump->Geometry.BufferFrames) {
        if (!SubmitPeriod(Pump, now)) {
            return;
        }
    }
}
