/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wavert_geometry.h"

/* A timer-driven client of Windows 7 wakes every 10 ms. */
#define TIMER_CLIENT_FRAMES (10u * WAVERT_FRAMES_PER_MS)

/* The largest period of at most Limit frames that divides Span evenly into no more pieces than necessary; when there is
 * none, Limit itself. */
static ULONG PeriodFor(ULONG Span, ULONG Limit)
{
    ULONG pieces = (Span + Limit - 1) / Limit;

    return (Span % pieces == 0) ? Span / pieces : Limit;
}

static ULONG SaturatingSubtract(ULONG A, ULONG B)
{
    return (A > B) ? A - B : 0;
}

static ULONG Maximum(ULONG A, ULONG B)
{
    return (A > B) ? A : B;
}

static __inline ULONG Minimum(ULONG A, ULONG B)
{
    return (A < B) ? A : B;
}

/* Half of what the client is not reading, in whole periods, at least one. */
static ULONG Ahead(const WAVERT_GEOMETRY *Geometry)
{
    ULONG half = (Geometry->BufferFrames - Geometry->IntervalFrames) / 2u / Geometry->PeriodFrames;

    return ((half > 1) ? half : 1) * Geometry->PeriodFrames;
}

/* Where the timer that requests a period is not later than it may be, the position need never wait. A client that goes
 * by its own timer looks at half a buffer at a time, and what it has not seen must last until then: it gets no more
 * than that, but a tick's lateness. */
CODE_PAGE static ULONG Lag(const WAVERT_GEOMETRY *Geometry)
{
    ULONG requested = Geometry->PeriodFrames + WAVERT_CAPTURE_MARGIN_FRAMES;
    ULONG lag = requested + WAVERT_TIMER_LATE_FRAMES;

    PAGED_CODE();
    if (Geometry->IntervalFrames == 0) {
        lag = Minimum(lag, Maximum(requested + 3u * WAVERT_FRAMES_PER_MS / 2u, Geometry->BufferFrames / 2u));
    }
    return lag;
}

CODE_PAGE static VOID EventDriven(PWAVERT_GEOMETRY Geometry, ULONG Count)
{
    ULONG ahead;

    PAGED_CODE();
    Geometry->IntervalFrames = Geometry->BufferFrames / Count;
    Geometry->PeriodFrames = PeriodFor(Geometry->IntervalFrames, WAVERT_PERIOD_MAX_FRAMES);
    Geometry->LeadFrames = WAVERT_LEAD_MAX_FRAMES;
    /* Of the buffer, all but one interval lies between the release of a period and its next turn. */
    ahead = Geometry->BufferFrames - Geometry->IntervalFrames;
    Geometry->PrerollFrames = Minimum(SaturatingSubtract(WAVERT_REFILL_FRAMES, ahead), Geometry->IntervalFrames);
    Geometry->ReserveFrames = SaturatingSubtract(WAVERT_STEP_FRAMES + WAVERT_REFILL_FRAMES, ahead);
    if (Geometry->IntervalFrames % Geometry->PeriodFrames != 0) {
        Geometry->ReserveFrames += Geometry->PeriodFrames; /* what waits for the rest of its period */
    }
}

CODE_PAGE static VOID TimerDriven(PWAVERT_GEOMETRY Geometry)
{
    ULONG quarter = Geometry->BufferFrames / 4;
    ULONG need;

    PAGED_CODE();
    Geometry->IntervalFrames = 0;
    Geometry->PeriodFrames = PeriodFor(Geometry->BufferFrames, WAVERT_PERIOD_MAX_FRAMES);
    if (quarter != 0 && Geometry->PeriodFrames > quarter) {
        Geometry->PeriodFrames = quarter;
    }
    Geometry->LeadFrames = Minimum(quarter, WAVERT_LEAD_MAX_FRAMES);
    if (Geometry->LeadFrames < WAVERT_TIMER_LATE_FRAMES) {
        Geometry->LeadFrames = Minimum(WAVERT_TIMER_LATE_FRAMES, Geometry->BufferFrames);
    }
    need = TIMER_CLIENT_FRAMES + Geometry->PeriodFrames + WAVERT_REFILL_FRAMES - WAVERT_REACT_FRAMES;
    Geometry->PrerollFrames = Minimum(SaturatingSubtract(need, Geometry->BufferFrames), Geometry->PeriodFrames);
    Geometry->ReserveFrames = SaturatingSubtract(need + 2u * WAVERT_STEP_FRAMES, Geometry->BufferFrames);
}

CODE_PAGE BOOLEAN WaveRtGeometryInit(PWAVERT_GEOMETRY Geometry, ULONG BufferFrames, ULONG NotificationCount)
{
    PAGED_CODE();
    if (BufferFrames < ((NotificationCount == 1) ? WAVERT_TURN_MIN_FRAMES : WAVERT_BUFFER_MIN_FRAMES) ||
        NotificationCount > 2) {
        return FALSE;
    }
    if (NotificationCount != 0 && BufferFrames % NotificationCount != 0) {
        return FALSE;
    }
    Geometry->BufferFrames = BufferFrames;
    Geometry->Whole = FALSE;
    if (NotificationCount != 0) {
        EventDriven(Geometry, NotificationCount);
    } else {
        TimerDriven(Geometry);
    }
    Geometry->LagFrames = Lag(Geometry);
    Geometry->AheadFrames = Ahead(Geometry);
    return TRUE;
}

ULONG WaveRtGeometryDeviceFrames(const WAVERT_GEOMETRY *Geometry)
{
    return Geometry->BufferFrames / Geometry->PeriodFrames * Geometry->PeriodFrames;
}

BOOLEAN WaveRtGeometryHasRoom(const WAVERT_GEOMETRY *Geometry, BOOLEAN Render)
{
    ULONG taken = Geometry->IntervalFrames + Geometry->PeriodFrames;

    if (Geometry->BufferFrames % Geometry->PeriodFrames != 0) {
        return FALSE; /* a period around the end, on pages apart: more pieces than ACRN takes */
    }
    if (!Render) {
        return (BOOLEAN)(Geometry->BufferFrames >= taken + Geometry->AheadFrames);
    }
    taken += WAVERT_STEP_FRAMES;
    if (Geometry->IntervalFrames == 0) {
        taken += TIMER_CLIENT_FRAMES;
    } else if (Geometry->Whole && Geometry->IntervalFrames % Geometry->PeriodFrames != 0) {
        taken += Geometry->PeriodFrames;
    }
    return (BOOLEAN)(Geometry->BufferFrames >= taken + WAVERT_REFILL_FRAMES);
}

ULONG WaveRtGeometryPeriodAt(const WAVERT_GEOMETRY *Geometry, ULONG First)
{
    ULONG left;

    if (Geometry->Whole || Geometry->IntervalFrames == 0) {
        return Geometry->PeriodFrames;
    }
    left = Geometry->IntervalFrames - First % Geometry->IntervalFrames;
    return Minimum(left, Geometry->PeriodFrames);
}
