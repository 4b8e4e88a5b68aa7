/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The render direction of the pump: when is which period handed to the device? */
#include "trace.h"
#include "wavert_pump_private.h"

/* The device plays Frames more behind whatever it has. */
static __inline VOID Given(PWAVERT_PUMP Pump, ULONG Frames, ULONGLONG NowTicks)
{
    if (Pump->DeviceEndTicks < NowTicks) {
        Pump->DeviceEndTicks = NowTicks;
    }
    Pump->DeviceEndTicks += WaveRtPumpTicks(Pump, Frames);
}

/* FALSE: the device takes no more for now. */
CODE_RESIDENT static BOOLEAN SubmitPreroll(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    while (Pump->PrerollLeft != 0) {
        ULONG frames = Pump->PrerollLeft;

        if (frames > Pump->Geometry.PeriodFrames) {
            frames = Pump->Geometry.PeriodFrames;
        }
        if (!NT_SUCCESS(WaveRtPumpSubmitSilence(Pump, frames, NowTicks))) {
            return FALSE;
        }
        Pump->PrerollLeft -= frames;
        Given(Pump, frames, NowTicks);
    }
    return TRUE;
}

/* FALSE: the device takes no more for now. */
static __inline BOOLEAN SubmitPeriod(PWAVERT_PUMP Pump, ULONG Frames, ULONGLONG NowTicks)
{
    if (Pump->Dead) {
        Pump->Staged = 0;
        WaveRtPumpSkip(Pump, Frames);
        return TRUE;
    }
    if (!NT_SUCCESS(WaveRtPumpSubmit(Pump, NowTicks))) {
        return FALSE;
    }
    Given(Pump, Frames, NowTicks);
    return TRUE;
}

static __inline ULONGLONG Later(ULONGLONG A, ULONGLONG B)
{
    return (A > B) ? A : B;
}

static __inline ULONGLONG Sooner(ULONGLONG A, ULONGLONG B)
{
    return (A < B) ? A : B;
}

/* Counter value from which a timer-driven client has surely refilled the memory of the period that ends at End. */
static __inline ULONGLONG TimerClientDone(const WAVERT_PUMP *Pump, ULONGLONG End)
{
    ULONGLONG left;

    if (End <= Pump->Geometry.BufferFrames) {
        return 0;
    }
    left = End - Pump->Geometry.BufferFrames; /* where the position left that memory */
    if (Pump->Observer.Kind->Paces) {
        left += WAVERT_PERIOD_MAX_FRAMES + WAVERT_TIMER_LATE_FRAMES; /* the lead is not bound by the clock there */
    }
    return WaveRtPumpReportedAt(Pump, left);
}

/* The same for an event-driven client; WAVERT_NEVER: it has not been notified yet. */
static __inline ULONGLONG EventClientDone(const WAVERT_PUMP *Pump, ULONGLONG End)
{
    ULONGLONG previous = WaveRtGeometryLapBefore(&Pump->Geometry, End);

    if (previous > Pump->ReleasedBoundary) {
        return WAVERT_NEVER;
    }
    if (previous == 0 || previous + Pump->Geometry.IntervalFrames <= Pump->ReleasedBoundary) {
        return 0; /* no boundary had to release it, or an earlier one did */
    }
    return Pump->ReleasedTicks + WaveRtPumpReactTicks(Pump);
}

/* Counter value from which the next period, of Frames, may be handed over; WAVERT_NEVER: something else must happen
 * first, a notification or a completion, and the timer is armed for that anyway. */
CODE_INLINE ULONGLONG PeriodDue(PWAVERT_PUMP Pump, ULONG Frames)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONGLONG end = Pump->Submitted + Frames;
    ULONGLONG done;

    if (!Pump->Copying && end > Pump->Completed + geometry->BufferFrames) {
        return WAVERT_NEVER; /* the same memory is still with the device, one lap behind */
    }
    done = (geometry->IntervalFrames == 0) ? TimerClientDone(Pump, end) : EventClientDone(Pump, end);
    return (done == WAVERT_NEVER) ? done : Later(done, Pump->Observer.Kind->LeadDue(Pump));
}

/* Event-driven client: counter value at which the position gets to the next notification boundary. */
CODE_INLINE ULONGLONG BoundaryDue(PWAVERT_PUMP Pump)
{
    if (Pump->BoundaryOf != Pump->NextBoundary || Pump->BoundaryLag != Pump->Lag) {
        Pump->BoundaryTicks = WaveRtPumpReportedAt(Pump, Pump->NextBoundary);
        Pump->BoundaryOf = Pump->NextBoundary;
        Pump->BoundaryLag = Pump->Lag;
    }
    return Pump->BoundaryTicks;
}

/* Event-driven client: notifies it when the position has got to the boundary, or stands behind it since a pause.
 * Returns when the next boundary is due. */
CODE_INLINE ULONGLONG Notify(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONGLONG due = BoundaryDue(Pump);

    if (due <= NowTicks || Pump->Frozen >= Pump->NextBoundary) {
        Pump->Frozen = WaveRtPumpReported(Pump, NowTicks); /* whoever is told finds it there, by any counter */
        WaveRtPumpSignalUpTo(Pump, Pump->Frozen, NowTicks);
        due = BoundaryDue(Pump);
    }
    return due;
}

/* Copying, event-driven. Periods that are whole may lie across a boundary, and the position gets to the boundary before
 * the client refills what is behind it: what there is of such a period is copied, and waits. Returns when that is due;
 * WAVERT_NEVER: nothing. */
CODE_RESIDENT static ULONGLONG Stage(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONGLONG filled = Pump->ReleasedBoundary + geometry->BufferFrames;
    ULONGLONG first = Pump->Submitted + Pump->Staged;
    ULONGLONG due;

    if (Pump->Dead || first >= filled ||
        Pump->Submitted + geometry->PeriodFrames <= filled || filled > Pump->Completed + WAVERT_COPIES_FRAMES) {
        return WAVERT_NEVER;
    }
    due = EventClientDone(Pump, filled);
    if (due <= NowTicks) {
        WaveRtCopiesFill(Pump, first, (ULONG)(filled - first));
        Pump->Staged += (ULONG)(filled - first);
        return WAVERT_NEVER;
    }
    return due;
}

VOID WaveRtRenderPass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass)
{
    const BOOLEAN paces = Pump->Observer.Kind->Paces;
    const ULONGLONG now = Pass->Now;
    const ULONGLONG soon = now + Pump->MsTicks;
    ULONGLONG released = Pump->ReleasedBoundary;
    ULONG frames = WaveRtPumpNext(Pump);
    ULONGLONG due = PeriodDue(Pump, frames);
    ULONGLONG boundary = WAVERT_NEVER;
    ULONGLONG staged = WAVERT_NEVER;
    BOOLEAN full = (BOOLEAN)(Pump->PrerollLeft != 0 && !Pump->Dead && !SubmitPreroll(Pump, now));

    while (!full && due <= now) {
        full = (BOOLEAN)!SubmitPeriod(Pump, frames, now);
        frames = WaveRtPumpNext(Pump);
        due = PeriodDue(Pump, frames);
    }
    if (Pump->Geometry.IntervalFrames != 0) {
        if (Pump->Copying) {
            staged = Stage(Pump, now);
        }
        boundary = Notify(Pump, now);
        boundary = (boundary > now) ? boundary : soon;
    }
    if (full) {
        due = soon;
    } else if (Pump->ReleasedBoundary != released) {
        due = PeriodDue(Pump, frames);
    }
    due = Sooner(Sooner(due, staged), boundary);
    if (paces) {
        due = Sooner(due, WaveRtPumpCompletionDue(Pump, soon));
    }
    /* A device that completes at once has done so. While it is not clear what it is, look as well. */
    Pass->Again = (BOOLEAN)(paces ? Pump->Observer.Sooner != 0 : full);
    Pass->Next = Sooner(due, now + Pump->MsTicks * (WAVERT_PERIOD_MAX_FRAMES / WAVERT_FRAMES_PER_MS));
}

CODE_RESIDENT VOID WaveRtRenderPrefill(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONG frames = WaveRtPumpNext(Pump);

    if (!SubmitPreroll(Pump, NowTicks)) {
        return;
    }
    while (Pump->Submitted <= Pump->Geometry.LeadFrames &&
           Pump->Submitted + frames <= Pump->Geometry.BufferFrames) {
        if (!SubmitPeriod(Pump, frames, NowTicks)) {
            return;
        }
        frames = WaveRtPumpNext(Pump);
    }
}
