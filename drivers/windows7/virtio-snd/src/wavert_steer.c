/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How far the reported position stays behind the stream clock on a device that
 * paces.
 *
 * Each completion tells where the device's clock is. The error of one is
 *
 *     (position at RUN + what had come back before + ahead) - position now
 *
 * which is 0 when the position gets to what is safe just when more becomes safe;
 * less when the position had to wait. Ahead is a period where periods are copied,
 * because then the position is what sounds, and not what may be overwritten.
 *
 * A window of half a second is judged by its least error, so that late timers
 * and bursts do not matter: the position never has to wait, hence moves evenly. A
 * second-order loop mends the error during the next window (Slide) and learns
 * how fast the device's clock is (Drift).
 */
#include "wavert_pump_private.h"

#define WINDOW_FRAMES (WAVERT_RATE / 2u)
/* 2^32 / WINDOW_FRAMES: an error of a frame, spread over a window. */
#define ONE_FRAME 178956
/* Frames of RUN time before completions count: back ends fill up first. */
#define SETTLE_FRAMES (40u * WAVERT_FRAMES_PER_MS)
/* Most that a window is found wrong: a fourth of a period, so that nobody hears or sees the mending. */
#define ERROR_LIMIT ((LONG)(WAVERT_PERIOD_MAX_FRAMES / 4u))
/* Without interrupts: more than a completion may be noticed late. */
#define EARLY_FRAMES (6u * WAVERT_FRAMES_PER_MS)
#define NO_ERROR_YET 0x7FFFFFFFL
/* No two crystals differ by more: 1000 ppm. */
#define DRIFT_LIMIT 4294967

BOOLEAN WaveRtPumpHasRoom(const WAVERT_PUMP *Pump)
{
    return WaveRtGeometryHasRoom(&Pump->Geometry, (BOOLEAN)(Pump->Stream == VirtIoSndStreamRender));
}

BOOLEAN WaveRtPumpSteps(const WAVERT_PUMP *Pump)
{
    return (BOOLEAN)(Pump->Geometry.IntervalFrames == Pump->Geometry.BufferFrames);
}

VOID WaveRtPumpSteerFrom(PWAVERT_PUMP Pump)
{
    PWAVERT_STEERING steering = &Pump->Steering;

    steering->Seen = steering->Consumed;
    steering->WindowStart = steering->Consumed;
    steering->Least = NO_ERROR_YET;
    steering->ReserveKnown = FALSE;
    steering->Drift = 0;
    steering->Slide = 0;
}

static LONG Bounded(LONG Value, LONG Limit)
{
    if (Value > Limit) {
        return Limit;
    }
    return (Value < -Limit) ? -Limit : Value;
}

static VOID CloseWindow(PWAVERT_PUMP Pump)
{
    PWAVERT_STEERING steering = &Pump->Steering;
    LONG error;

    if (!steering->ReserveKnown) {
        steering->Reserve = steering->Least;
        steering->ReserveKnown = TRUE;
    }
    error = Bounded(steering->Least - steering->Reserve, ERROR_LIMIT);
    if (error == 1 || error == -1) {
        error = 0; /* the grain of the measurement */
    }
    steering->Drift = Bounded(steering->Drift + error * (ONE_FRAME / 32), DRIFT_LIMIT);
    steering->Slide = error * (ONE_FRAME / 4);
    steering->WindowStart = steering->Consumed;
    steering->Least = NO_ERROR_YET;
}

/* Frames by which the position will still be moved in this window. */
static LONG SlideLeft(const WAVERT_STEERING *Steering)
{
    LONG left = (LONG)WINDOW_FRAMES - (LONG)(Steering->Consumed - Steering->WindowStart);

    return (left > 0) ? (LONG)(((LONGLONG)Steering->Slide * left) / 4294967296LL) : 0;
}

/* The position has been waiting. The clock goes on from where it waits: no jump, and no window's patience. */
static VOID Resume(PWAVERT_PUMP Pump, LONGLONG Behind, ULONGLONG NowTicks)
{
    Pump->Frozen = WaveRtPumpReported(Pump, NowTicks);
    Pump->Lag += Behind * WAVERT_LAG_ONE;
    Pump->Steering.Slide = 0;
}

/* Frames that the position is ahead of what has come back when more comes back. */
static ULONG Ahead(const WAVERT_PUMP *Pump)
{
    return (Pump->Copying && Pump->Stream == VirtIoSndStreamRender) ? Pump->Geometry.PeriodFrames : 0;
}

VOID WaveRtPumpSteer(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    PWAVERT_STEERING steering = &Pump->Steering;
    ULONGLONG before = steering->Seen;
    ULONG frames = (ULONG)(steering->Consumed - before);
    LONGLONG clock;
    LONGLONG error;

    if (frames == 0) {
        return;
    }
    steering->Seen = steering->Consumed;
    if (Pump->Stream == VirtIoSndStreamCapture && WaveRtPumpSteps(Pump)) {
        return;
    }
    clock = (LONGLONG)WaveRtPositionFrames(&Pump->Position, NowTicks);
    error = (LONGLONG)(steering->Base + before) - (clock - Pump->Lag / WAVERT_LAG_ONE);
    error += Ahead(Pump);
    /* More than a period: the device stood still. Anything less is for the window to judge; only at first it says where
     * a position begins that must not pass what has come back. */
    if (error < ((steering->ReserveKnown || Ahead(Pump) != 0) ? -(LONGLONG)WAVERT_PERIOD_MAX_FRAMES : 0)) {
        Resume(Pump, -error, NowTicks);
        error = 0;
    }
    Pump->Lag -= ((LONGLONG)(steering->Drift + steering->Slide) * frames) / WAVERT_LAG_ONE;
    error -= SlideLeft(steering);
    if (clock < (LONGLONG)(steering->Base + SETTLE_FRAMES)) {
        steering->WindowStart = steering->Consumed;
        return;
    }
    if (error < steering->Least) {
        steering->Least = (LONG)error;
    }
    if (steering->Consumed - steering->WindowStart >= WINDOW_FRAMES) {
        CloseWindow(Pump);
    }
}

ULONGLONG WaveRtPumpReportedAt(const WAVERT_PUMP *Pump, ULONGLONG Frames)
{
    LONGLONG clock = (LONGLONG)Frames + (Pump->Lag + WAVERT_LAG_ONE - 1) / WAVERT_LAG_ONE;

    return (clock > 0) ? WaveRtPositionTicksAt(&Pump->Position, (ULONGLONG)clock) : 0;
}

ULONGLONG WaveRtPumpCompletionDue(const WAVERT_PUMP *Pump, ULONGLONG SoonTicks)
{
    /* The steered position gets there when the device does. If interrupts tell of completions, look a little later.
     * Else look well before, and then at every tick: a clock that is corrected by when somebody looked must not decide
     * when to look. */
    ULONGLONG expected = Pump->Steering.Base + Pump->Steering.Consumed + Ahead(Pump);

    if (Pump->Heard) {
        expected += WAVERT_FRAMES_PER_MS;
    } else {
        expected = (expected > EARLY_FRAMES) ? expected - EARLY_FRAMES : 0;
    }
    expected = WaveRtPumpReportedAt(Pump, expected);
    return (expected > SoonTicks) ? expected : SoonTicks;
}

VOID WaveRtPumpReduceLag(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONGLONG clock = WaveRtPositionFrames(&Pump->Position, NowTicks);
    ULONG claimed = (Pump->Observer.Kind->Paces && !Pump->Copying) ? geometry->AheadFrames : 0;
    ULONGLONG needed;
    LONGLONG behind;

    if (Pump->Copying && Pump->Observer.Kind->Paces && !WaveRtPumpSteps(Pump)) {
        return; /* captured data gets no further than the notification, and that waits for the position */
    }
    if (geometry->IntervalFrames == 0 || Pump->Completed < Pump->NextBoundary) {
        return;
    }
    needed = Pump->Completed - Pump->Completed % geometry->IntervalFrames + geometry->IntervalFrames + claimed;
    if (needed <= geometry->BufferFrames) {
        return;
    }
    needed -= geometry->BufferFrames;
    behind = (LONGLONG)clock - (LONGLONG)needed;
    if (behind * WAVERT_LAG_ONE < Pump->Lag) {
        Pump->Frozen = WaveRtPumpReported(Pump, NowTicks);
        Pump->Lag = (behind > 0) ? behind * WAVERT_LAG_ONE : 0;
    }
}
