/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_geometry.h: how a cyclic buffer is cut into periods, and how far the
 * driver may run ahead of the reported position.
 *
 * All values are frames at 48 kHz. Pure functions, any IRQL unless said otherwise.
 *
 *   interval  what one notification covers: buffer / count; 0 for a timer-driven client
 *   period    one transfer to or from the device: at most 10 ms, so that no transfer nears the
 *             256 KiB cap however long the interval is; it need not divide the buffer (payloads wrap)
 *   lead      render: a period may be handed over this long before the position reaches it
 *   react     render: how long a client that was just notified is given to refill what was released
 *   preroll   render: silence put before the first period, only as much as the geometry makes
 *             necessary: with one notification per buffer the data of the next lap cannot exist
 *             before the last lap has ended, so the device must be that far behind; at most a period
 *   reserve   the same where periods are copied: as much as it takes, and a step of the device more, because
 *             the step in which it completes a period wanders when its clock is not the sound's
 *   margin    capture: how long after its last sample a period is requested
 *   lag       capture: distance of the reported position behind the clock, so that it can move
 *             smoothly and still never announces a sample that is not in memory yet
 *   ahead     capture, specification dialect: how much memory the device may be given beyond what
 *             it has filled; the client must have read it before
 */
#ifndef WAVERT_GEOMETRY_H
#define WAVERT_GEOMETRY_H

#include <wdk_compat.h>

#define WAVERT_RATE 48000u
#define WAVERT_FRAMES_PER_MS (WAVERT_RATE / 1000u)
#define WAVERT_PERIOD_MAX_FRAMES (10u * WAVERT_FRAMES_PER_MS)
#define WAVERT_BUFFER_MIN_FRAMES WAVERT_FRAMES_PER_MS
/* With one notification a turn: from it until the refilled buffer is with the device nothing moves. Where a turn is no
 * longer than that, each is over as soon as it has begun, and a client that goes by the position sees none. */
#define WAVERT_TURN_MIN_FRAMES WAVERT_PERIOD_MAX_FRAMES

/* A timer expires up to one tick (1 ms while a stream runs) and some scheduling delay late. */
#define WAVERT_TIMER_LATE_FRAMES (4u * WAVERT_FRAMES_PER_MS)
#define WAVERT_REACT_FRAMES (3u * WAVERT_FRAMES_PER_MS + WAVERT_FRAMES_PER_MS / 4u)
/* From a boundary until the refilled period is surely with the device: the notification is late, the client reacts, the
 * timer that submits is late; one more millisecond for the granularity of the device's own clock. */
#define WAVERT_REFILL_FRAMES                                                                                           \
    (WAVERT_TIMER_LATE_FRAMES + WAVERT_REACT_FRAMES + WAVERT_TIMER_LATE_FRAMES + WAVERT_FRAMES_PER_MS)
/* A back end looks for more this often, and has to find that much. */
#define WAVERT_STEP_FRAMES (10u * WAVERT_FRAMES_PER_MS)
#define WAVERT_LEAD_MAX_FRAMES (20u * WAVERT_FRAMES_PER_MS)
#define WAVERT_CAPTURE_MARGIN_FRAMES (3u * WAVERT_FRAMES_PER_MS / 2u)

typedef struct _WAVERT_GEOMETRY {
    ULONG BufferFrames;
    ULONG IntervalFrames;
    ULONG PeriodFrames;
    ULONG LeadFrames;
    ULONG ReserveFrames;
    ULONG PrerollFrames;
    ULONG LagFrames;
    ULONG AheadFrames;
    BOOLEAN Whole; /* every transfer is a period; set by whoever knows the dialect, FALSE after Init */
} WAVERT_GEOMETRY, *PWAVERT_GEOMETRY;

/* PASSIVE_LEVEL. NotificationCount: 0 (timer-driven), 1 or 2. FALSE: no stream can run with such a buffer. */
BOOLEAN WaveRtGeometryInit(PWAVERT_GEOMETRY Geometry, ULONG BufferFrames, ULONG NotificationCount);

/* Frames of whole periods that SET_PARAMS announces: the largest multiple of the period inside the cyclic buffer. */
ULONG WaveRtGeometryDeviceFrames(const WAVERT_GEOMETRY *Geometry);

/* On a device that reads or writes its periods late: TRUE: a position that is never beyond what it has done leaves the
 * client enough of the buffer. FALSE: render: periods have to be copied; capture: the position has to move in steps. */
BOOLEAN WaveRtGeometryHasRoom(const WAVERT_GEOMETRY *Geometry, BOOLEAN Render);

/* Frames of the transfer that begins at frame First of the buffer: the period; unless periods are Whole never beyond
 * the next notification boundary, because the memory on either side of it changes hands at different times. */
ULONG WaveRtGeometryPeriodAt(const WAVERT_GEOMETRY *Geometry, ULONG First);

/* Linear frame, a lap before, at which the memory of a period that ends at End ended: the first notification boundary
 * not below it handed that memory to the client for refilling. 0: it was filled before the stream ran. */
static __inline ULONGLONG WaveRtGeometryLapBefore(const WAVERT_GEOMETRY *Geometry, ULONGLONG End)
{
    return (End <= Geometry->BufferFrames) ? 0 : End - Geometry->BufferFrames;
}

#endif
