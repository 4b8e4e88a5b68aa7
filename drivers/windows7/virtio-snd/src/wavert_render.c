/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The render direction of the pump: when is which period handed to the device? */
#include "trace.h"
#include "wavert_pump_private.h"

/* When the clock has run this far past what could be submitted, the device is not taking anything: periods are given
 * up, so that the position goes on and Windows stays responsive. */
#define STALLED_FRAMES (250u * WAVERT_FRAMES_PER_MS)

/* Specification dialect: so much may wait in the device. QEMU's back end takes some 21 ms at once. */
#define PACED_LEAD_FRAMES (40u * WAVERT_FRAMES_PER_MS)

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

/* Counter value from which a timer-driven client has surely refilled the memory of the period that ends at End. */
static ULONGLONG TimerClientDone(const WAVERT_PUMP *Pump, ULONGLONG End)
{
    ULONGLONG left;

    if (End <= Pump->Geometry.BufferFrames) {
        return 0;
    }
    left = End - Pump->Geometry.BufferFrames + Pump->Lag; /* when the position left that memory */
    if (Pump->QueueBeforeStart) {
        left += WAVERT_PERIOD_MAX_FRAMES + WAVERT_TIMER_LATE_FRAMES; /* the lead is not bound by the clock there */
    }
    return WaveRtPositionTicksAt(&Pump->Position, left);
}

/* The same for an event-driven client; WAVERT_NEVER: it has not been notified yet. */
static ULONGLONG EventClientDone(const WAVERT_PUMP *Pump, ULONGLONG First, ULONG Frames)
{
    ULONGLONG boundary = WaveRtGeometryReleasedAt(&Pump->Geometry, First, Frames);

    if (boundary > Pump->ReleasedBoundary) {
        return WAVERT_NEVER;
    }
    if (boundary == 0 || boundary < Pump->ReleasedBoundary) {
        return 0;
    }
    return Pump->ReleasedTicks + WaveRtPumpTicks(Pump, WAVERT_REACT_FRAMES);
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

    if (end > Pump->Completed + geometry->BufferFrames) {
        return WAVERT_NEVER; /* the same memory is still with the device, one lap behind */
    }
    if (Pump->QueueBeforeStart) {
        if (first > Pump->Completed + PACED_LEAD_FRAMES) {
            return WAVERT_NEVER;
        }
    } else if (first > geometry->LeadFrames) {
        due = WaveRtPositionTicksAt(&Pump->Position, first - geometry->LeadFrames);
    }
    if (geometry->IntervalFrames == 0) {
        return Later(due, TimerClientDone(Pump, end));
    }
    return Later(due, EventClientDone(Pump, first, frames));
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
    if (Pump->QueueBeforeStart && !WaveRtPumpHasRoom(Pump)) {
        WaveRtPumpReduceLag(Pump, Pass->Now);
    }
    WaveRtPumpSignalUpTo(Pump, WaveRtPumpReported(Pump, Pass->Now), Pass->Now);

    due = full ? soon : PeriodDue(Pump);
    if (Pump->QueueBeforeStart) {
        due = Sooner(due, WaveRtPumpCompletionDue(Pump, soon));
    }
    if (Pump->Geometry.IntervalFrames != 0) {
        ULONGLONG boundary = WaveRtPumpReportedAt(Pump, Pump->NextBoundary);

        due = Sooner(due, (boundary > Pass->Now) ? boundary : soon);
    }
    Pass->Again = (BOOLEAN)(full && !Pump->QueueBeforeStart);
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
