/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What wavert_pump.c and the two directions, wavert_render.c and wavert_capture.c, share. Pump lock held everywhere. */
#ifndef WAVERT_PUMP_PRIVATE_H
#define WAVERT_PUMP_PRIVATE_H

#include "wavert_pump.h"

#define WAVERT_NEVER (~(ULONGLONG)0)
/* One frame of a lag. */
#define WAVERT_LAG_ONE 65536
/* Frames of the ring of copies: the most that a pacing device is given, and more. Whole pages of stereo. */
#define WAVERT_COPIES_FRAMES 4096u

/* Outcome of one pass over what is due. */
typedef struct _WAVERT_PASS {
    ULONGLONG Now;  /* counter ticks */
    ULONGLONG Next; /* counter value at which the next pass is due; WAVERT_NEVER: none */
    BOOLEAN Again;  /* poll the backend and pass once more: something may have completed meanwhile */
} WAVERT_PASS, *PWAVERT_PASS;

/* Lock held. Submits what is due by Pass->Now and sets Pass->Next and Pass->Again. */
VOID WaveRtRenderPass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass);
VOID WaveRtCapturePass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass);
/* Where the dialect has periods queued before START: hands over what may be handed over. */
VOID WaveRtRenderPrefill(PWAVERT_PUMP Pump, ULONGLONG NowTicks);
VOID WaveRtCapturePost(PWAVERT_PUMP Pump, ULONGLONG NowTicks);

/* Counter ticks of a number of frames, rounded up. */
static __inline ULONGLONG WaveRtPumpTicks(const WAVERT_PUMP *Pump, ULONG Frames)
{
    return ((ULONGLONG)Frames * Pump->Position.Frequency + WAVERT_RATE - 1) / WAVERT_RATE;
}
/* Counter ticks in which a client has refilled, or read, what it was notified of. */
static __inline ULONGLONG WaveRtPumpReactTicks(const WAVERT_PUMP *Pump)
{
    return Pump->MsTicks * (WAVERT_REACT_FRAMES * 4u / WAVERT_FRAMES_PER_MS) / 4u + 1u;
}
/* Frames of the next period, the one that begins at Submitted; brings NextAt up to date. */
static __inline ULONG WaveRtPumpNext(PWAVERT_PUMP Pump)
{
    if (Pump->NextOf != Pump->Submitted) {
        Pump->NextOf = Pump->Submitted;
        Pump->NextAt = (ULONG)(Pump->Submitted % Pump->Geometry.BufferFrames);
        Pump->NextFrames = WaveRtGeometryPeriodAt(&Pump->Geometry, Pump->NextAt);
    }
    return Pump->NextFrames;
}
/* The reported position, in frames. */
ULONGLONG WaveRtPumpReported(const WAVERT_PUMP *Pump, ULONGLONG NowTicks);
/* TRUE: the device has not given everything back. */
static __inline BOOLEAN WaveRtPumpInFlight(const WAVERT_PUMP *Pump)
{
    return (BOOLEAN)(Pump->FlightFirst != Pump->FlightNext);
}
/* A period was handed over and is in flight: how much the device has now, and since when. */
CODE_INLINE VOID WaveRtKindGiven(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONG number = Pump->FlightFirst;
    ULONG frames = 0;

    do {
        frames += Pump->Flight[number % WAVERT_FLIGHT_MAX].Frames;
    } while (++number != Pump->FlightNext);
    Pump->Observer.GivenTicks = NowTicks;
    Pump->Observer.Given = frames;
}
/* The next period. STATUS_DEVICE_BUSY: not now. */
NTSTATUS WaveRtPumpSubmit(PWAVERT_PUMP Pump, ULONGLONG NowTicks);
/* PASSIVE, not open. There is no ring of copies any more. */
VOID WaveRtPumpFreeCopies(PWAVERT_PUMP Pump);
/* PASSIVE, after Close. The device gave some periods back and some not: what it still has is kept aside, never freed
 * nor used again. TRUE: that is also some of the client's buffer. */
BOOLEAN WaveRtPumpKeepAside(PWAVERT_PUMP Pump);
/* Copying: Frames of the ring from linear frame First on become silence. */
VOID WaveRtCopiesSilence(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames);
/* Copying: lists the place in the ring of the period at linear frame First, whose contents are copied there for render.
 * Sg: as many as WaveRtPumpSubmit has. STATUS_DEVICE_BUSY: the place is still the device's. */
NTSTATUS WaveRtCopiesBuild(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames, PVIRTIOSND_SG Sg, PULONG SgCount);
/* Render, Copying: copies Frames from linear frame First on to their place in the ring. */
VOID WaveRtCopiesFill(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames);
/* Render: what is staged is handed over, silence makes it a period. */
VOID WaveRtPumpSubmitStaged(PWAVERT_PUMP Pump, ULONGLONG NowTicks);
/* Capture, with Mapping: the first Frames samples of a period that came back go to where the captured data ends, unless
 * they are there. */
VOID WaveRtCopiesTake(PWAVERT_PUMP Pump, const WAVERT_FLIGHT *Flight, ULONG Frames);
/* Of a capture period that came back: PVIRTIOSND_PERIOD_READ. FALSE: given up long ago, or not mapped. */
BOOLEAN NTAPI WaveRtCopiesRead(PVOID Context, ULONG_PTR Cookie, ULONG Offset, PUCHAR To, ULONG Bytes);
/* Capture: nothing but silence is in what the period brought. */
BOOLEAN WaveRtCopiesAreSilent(const WAVERT_PUMP *Pump, const WAVERT_FLIGHT *Flight);
/* Capture, with Mapping: what came back and the client has room for is captured data now. Returns the counter value at
 * which there is room for more of it; WAVERT_NEVER: after a notification or a completion. */
ULONGLONG WaveRtCaptureTake(PWAVERT_PUMP Pump, ULONGLONG NowTicks);
/* Capture: what has not got to the client's memory is forgotten. */
VOID WaveRtPumpForgetHeld(PWAVERT_PUMP Pump);
/* Render: silence, at most a page. */
NTSTATUS WaveRtPumpSubmitSilence(PWAVERT_PUMP Pump, ULONG Frames, ULONGLONG NowTicks);
/* The device of a render or capture stream is Dead: Frames pass as if it had taken or filled them. */
VOID WaveRtPumpSkip(PWAVERT_PUMP Pump, ULONG Frames);

/* A pacing device, after completions: adjusts the lag to its clock. */
VOID WaveRtPumpSteer(PWAVERT_PUMP Pump, ULONGLONG NowTicks);
/* The next completion is the first to steer by. */
VOID WaveRtPumpSteerFrom(PWAVERT_PUMP Pump);
/* A pacing device: TRUE: the buffer has room for a position that moves evenly behind what has completed. */
BOOLEAN WaveRtPumpHasRoom(const WAVERT_PUMP *Pump);
/* Capture: TRUE: with one notification a lap the position must be where the device is whenever it is told, so it moves
 * in steps. */
BOOLEAN WaveRtPumpSteps(const WAVERT_PUMP *Pump);
/* Counter value at which the position gets to Frames, if nothing holds it back. */
ULONGLONG WaveRtPumpReportedAt(const WAVERT_PUMP *Pump, ULONGLONG Frames);
/* Counter value at which to look for the next completion: when it is expected, or SoonTicks when it is overdue. */
ULONGLONG WaveRtPumpCompletionDue(const WAVERT_PUMP *Pump, ULONGLONG SoonTicks);
/* Capture, before a notification that completions caused: a client that goes by the position must have dealt, before
 * its next notification, with the memory that the device will have claimed by then. In small buffers that asks for a
 * smaller lag; it stays, so that the position moves on evenly. */
VOID WaveRtPumpReduceLag(PWAVERT_PUMP Pump, ULONGLONG NowTicks);
/* Signals every notification boundary up to Frames. */
VOID WaveRtPumpSignalUpTo(PWAVERT_PUMP Pump, ULONGLONG Frames, ULONGLONG NowTicks);

#endif
