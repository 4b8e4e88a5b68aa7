/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The capture direction of the pump: when is which period requested? */
#include "wavert_pump_private.h"

/* So much is posted when it is written to the ring, and not to the client's buffer. */
#define COPIED_AHEAD_FRAMES (3u * WAVERT_PERIOD_MAX_FRAMES)
/* So much that is not the client's to read is enough for one that is told late, with half of it posted ahead. */
#define ROOMY_FRAMES (4u * WAVERT_PERIOD_MAX_FRAMES)

VOID WaveRtCapturePost(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONG ahead = Pump->Copying ? COPIED_AHEAD_FRAMES : Pump->Geometry.AheadFrames;

    while (Pump->Submitted - Pump->Completed - Pump->Held + WaveRtPumpNext(Pump) <= ahead) {
        if (!NT_SUCCESS(WaveRtPumpSubmit(Pump, NowTicks))) {
            return;
        }
    }
}

/* How far captured data may go: not beyond the first boundary that nobody was told of, nor over what the client was
 * told of last and may still be reading. *Due: counter value at which it will have read that. */
static ULONGLONG RoomUpTo(const WAVERT_PUMP *Pump, ULONGLONG NowTicks, ULONGLONG *Due)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONG react = WAVERT_REACT_FRAMES;
    ULONGLONG read = Pump->ReleasedBoundary;
    ULONGLONG done;

    *Due = WAVERT_NEVER;
    if (react > geometry->IntervalFrames / 2u) {
        react = geometry->IntervalFrames / 2u;
    }
    done = Pump->ReleasedTicks + WaveRtPumpTicks(Pump, react);
    if (read != 0 && NowTicks < done) {
        read -= geometry->IntervalFrames;
        if (read + geometry->BufferFrames < Pump->NextBoundary) {
            *Due = done;
        }
    }
    read += geometry->BufferFrames;
    return (read < Pump->NextBoundary) ? read : Pump->NextBoundary;
}

ULONGLONG WaveRtCaptureTake(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONGLONG due = WAVERT_NEVER;
    ULONGLONG limit = RoomUpTo(Pump, NowTicks, &due);

    while (Pump->FlightTaken != Pump->FlightFirst) {
        WAVERT_FLIGHT *flight = &Pump->Flight[Pump->FlightTaken % WAVERT_FLIGHT_MAX];
        ULONG part = flight->Got;

        if (flight->Copied && Pump->Geometry.IntervalFrames != 0 && Pump->Completed + part > limit) {
            part = (limit > Pump->Completed) ? (ULONG)(limit - Pump->Completed) : 0;
        }
        WaveRtCopiesTake(Pump, flight, part);
        Pump->Completed += part;
        Pump->Held -= part;
        flight->At = (flight->At + part) % (flight->Copied ? WAVERT_COPIES_FRAMES : Pump->Geometry.BufferFrames);
        flight->Got -= part;
        if (flight->Got != 0) {
            return due;
        }
        Pump->FlightTaken++;
    }
    return WAVERT_NEVER;
}

/* Counter value from which the next period's samples exist in a device that answers at once. */
static __inline ULONGLONG RequestDue(PWAVERT_PUMP Pump)
{
    return WaveRtPositionTicksAt(&Pump->Position,
                                 Pump->Submitted + WaveRtPumpNext(Pump) + WAVERT_CAPTURE_MARGIN_FRAMES);
}

/* Returns when the next request is due. */
static __inline ULONGLONG Request(PWAVERT_PUMP Pump, PWAVERT_PASS Pass)
{
    ULONGLONG due = RequestDue(Pump);

    while (due <= Pass->Now) {
        if (Pump->Dead) {
            WaveRtPumpSkip(Pump, Pump->NextFrames);
        } else {
            Pass->Again = TRUE; /* answered by now, as likely as not */
            if (Pump->Submitted - Pump->Completed - Pump->Held + Pump->NextFrames > Pump->Geometry.BufferFrames ||
                !NT_SUCCESS(WaveRtPumpSubmit(Pump, Pass->Now))) {
                return due; /* not lost: the samples wait in the device, the same period is asked for again */
            }
        }
        due = RequestDue(Pump);
    }
    return due;
}

/* Frames that a notification comes before the position gets to its boundary: none where the client has time enough
 * after that, and none with one notification a lap, where the position is what it goes by. What waits for the
 * notification in the ring of copies must not fill it. */
static ULONG Early(const WAVERT_PUMP *Pump)
{
    const WAVERT_GEOMETRY *geometry = &Pump->Geometry;
    ULONG room = Pump->Copying ? 0 : geometry->BufferFrames - geometry->IntervalFrames;

    return (WaveRtPumpSteps(Pump) || room >= ROOMY_FRAMES) ? 0 : geometry->PeriodFrames;
}

/* What a notification may stand for: what is in memory. From a device that paces it comes when the device's clock gets
 * there, because completions may come in bursts. A position whose device turned out not to pace may be far behind. */
static ULONGLONG Readable(const WAVERT_PUMP *Pump, ULONGLONG NowTicks)
{
    ULONG early = Early(Pump);
    ULONGLONG clock = Pump->Completed;

    if (Pump->Observer.Kind->Paces || (early == 0 && !Pump->QueueBeforeStart)) {
        clock = WaveRtPumpReported(Pump, NowTicks) + early;
    }
    return (clock < Pump->Completed) ? clock : Pump->Completed;
}

/* A recorder cannot have filled anything by now: it answers at once, with silence. All that was posted ahead is
 * taken back and asked for again when there is something. What is not silent is kept: a card may be fast. */
CODE_RESIDENT static VOID FindOut(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONGLONG clock = WaveRtPositionFrames(&Pump->Position, NowTicks) - Pump->Steering.Base;

    if (Pump->Steering.Consumed == 0 || clock > Pump->Steering.Consumed / 2u || WaveRtPumpInFlight(Pump) ||
        !WaveRtCopiesAreSilent(Pump, &Pump->Flight[(Pump->FlightFirst - 1u) % WAVERT_FLIGHT_MAX])) {
        return;
    }
    Pump->Submitted -= Pump->Steering.Consumed;
    Pump->Completed = Pump->Submitted;
    WaveRtPumpForgetHeld(Pump);
    Pump->Lag = (LONGLONG)Pump->Geometry.LagFrames * WAVERT_LAG_ONE;
    Pump->Observer.Kind = &WaveRtInstant;
}

/* The sooner of Due and the counter value at which the next notification, whose data is in memory, may be given. */
static ULONGLONG BoundaryDue(const WAVERT_PUMP *Pump, ULONGLONG SoonTicks, ULONGLONG Due)
{
    ULONGLONG at = WaveRtPumpReportedAt(Pump, Pump->NextBoundary - Early(Pump));

    at = (at > SoonTicks) ? at : SoonTicks;
    return (at < Due) ? at : Due;
}

VOID WaveRtCapturePass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass)
{
    ULONGLONG soon = Pass->Now + Pump->MsTicks;
    ULONGLONG due;
    ULONGLONG room;

    if (Pump->Observer.Kind->Paces) {
        FindOut(Pump, Pass->Now);
    }
    if (Pump->Observer.Kind->Paces) {
        WaveRtCapturePost(Pump, Pass->Now);
        WaveRtPumpReduceLag(Pump, Pass->Now);
        due = WaveRtPumpCompletionDue(Pump, soon);
    } else {
        due = Request(Pump, Pass);
        WaveRtPumpReduceLag(Pump, Pass->Now);
        if (due < soon || Pump->Completed < Pump->Submitted) {
            due = soon;
        }
    }
    WaveRtPumpSignalUpTo(Pump, Readable(Pump, Pass->Now), Pass->Now);
    if (Pump->Copies != NULL) {
        room = WaveRtCaptureTake(Pump, Pass->Now); /* there may be, now that something was announced */
        due = (room < due) ? room : due;
    }
    if (Pump->Geometry.IntervalFrames != 0 && Pump->Completed >= Pump->NextBoundary) {
        due = BoundaryDue(Pump, soon, due);
    }
    Pass->Next = due;
}
