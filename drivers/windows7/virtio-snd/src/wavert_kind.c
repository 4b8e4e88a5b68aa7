/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "trace.h"
#include "wavert_pump_private.h"

/* So many times in a row before a device is taken to be of the other kind. */
#define SOONER_LIMIT 6u
#define HELD_LIMIT 4u
/* A pacing device takes longer than a fourth of what it was given; a mixer that takes some ahead does so once. */
#define SOONER_PART 4u
/* An instant device gives a period back long before this; it is looked at late, but not as late. */
#define HELD_FRAMES (2u * WAVERT_FRAMES_PER_MS)

/* A pacing device: so much may wait in it. QEMU's back end takes some 21 ms at once. */
#define PACING_LEAD_FRAMES (40u * WAVERT_FRAMES_PER_MS)
/* So much more it may have taken ahead of its clock: a mixer's fill and two periods. More is an instant device that
 * has not been found out yet: its ring must not overflow. */
#define PACING_TAKEN_FRAMES (30u * WAVERT_FRAMES_PER_MS)

/* ---- a device that completes at once ---- */

/* Capture from such a device needs a lag; a stream that turned out to be of this kind gets it little by little. */
static VOID InstantSteer(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    LONGLONG wanted = (LONGLONG)Pump->Geometry.LagFrames * WAVERT_LAG_ONE;

    UNREFERENCED_PARAMETER(NowTicks);
    if (Pump->Stream == VirtIoSndStreamCapture && Pump->QueueBeforeStart && Pump->Lag < wanted) {
        Pump->Lag += WAVERT_LAG_ONE;
    }
}

static ULONGLONG InstantReadable(const WAVERT_PUMP *Pump)
{
    return Pump->Submitted + Pump->Staged;
}

static ULONGLONG InstantLeadDue(const WAVERT_PUMP *Pump)
{
    if (Pump->Submitted <= Pump->Geometry.LeadFrames) {
        return 0;
    }
    return WaveRtPositionTicksAt(&Pump->Position, Pump->Submitted - Pump->Geometry.LeadFrames);
}

static BOOLEAN InstantPlaying(const WAVERT_PUMP *Pump, ULONGLONG NowTicks)
{
    return (BOOLEAN)(NowTicks < Pump->DeviceEndTicks);
}

const WAVERT_KIND WaveRtInstant = {FALSE, InstantSteer, InstantReadable, InstantLeadDue, InstantPlaying};

/* ---- a device that paces ---- */

static ULONGLONG PacingReadable(const WAVERT_PUMP *Pump)
{
    return Pump->Copying ? Pump->Submitted + Pump->Staged : Pump->Completed;
}

static ULONGLONG PacingLeadDue(const WAVERT_PUMP *Pump)
{
    ULONGLONG far = PACING_LEAD_FRAMES + PACING_TAKEN_FRAMES;

    if (Pump->Submitted > Pump->Completed + PACING_LEAD_FRAMES) {
        return WAVERT_NEVER;
    }
    return (Pump->Submitted <= far) ? 0 : WaveRtPumpReportedAt(Pump, Pump->Submitted - far);
}

static BOOLEAN PacingPlaying(const WAVERT_PUMP *Pump, ULONGLONG NowTicks)
{
    UNREFERENCED_PARAMETER(NowTicks);
    return WaveRtPumpInFlight(Pump);
}

const WAVERT_KIND WaveRtPacing = {TRUE, WaveRtPumpSteer, PacingReadable, PacingLeadDue, PacingPlaying};

/* ---- which is it? ---- */

VOID WaveRtKindReset(PWAVERT_PUMP Pump)
{
    RtlZeroMemory(&Pump->Observer, sizeof(Pump->Observer));
    Pump->Observer.Kind = Pump->QueueBeforeStart ? &WaveRtPacing : &WaveRtInstant;
}

CODE_RESIDENT static VOID Become(PWAVERT_PUMP Pump, const WAVERT_KIND *Kind, ULONGLONG NowTicks)
{
    VIRTIOSND_TRACE("stream %u: the device %s\n", (unsigned)Pump->Stream,
                    Kind->Paces ? "paces" : "completes at once");
    /* What counts as read becomes less, but nothing that was told is taken back. */
    Pump->Frozen = WaveRtPumpReported(Pump, NowTicks);
    Pump->Observer.Kind = Kind;
    Pump->Observer.Sooner = 0;
    Pump->Observer.Held = 0;
    WaveRtPumpSteerFrom(Pump);
}

VOID WaveRtKindObserve(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    PWAVERT_OBSERVER seen = &Pump->Observer;
    ULONGLONG since = NowTicks - seen->GivenTicks;

    if (Pump->Dead) {
        return;
    }
    if (WaveRtPumpInFlight(Pump)) {
        seen->Sooner = 0;
        if (!seen->Kind->Paces && since > WaveRtPumpTicks(Pump, HELD_FRAMES) && ++seen->Held == HELD_LIMIT) {
            Become(Pump, &WaveRtPacing, NowTicks);
        }
        return;
    }
    seen->Held = 0;
    if (seen->Kind->Paces) {
        if (since * SOONER_PART >= WaveRtPumpTicks(Pump, seen->Given)) {
            seen->Sooner = 0;
        } else if (++seen->Sooner == SOONER_LIMIT) {
            Become(Pump, &WaveRtInstant, NowTicks);
        }
    }
    seen->Given = 0;
}
