/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_pump.h: moves periods between one stream's cyclic buffer and the backend
 * at the pace of the stream clock, and knows the position.
 *
 *   frame 0        R position            S submitted
 *   |--------------|---------------------|-------------> linear frames, never wrapping;
 *                   \_____ lead _______/                 modulo the buffer = offset in memory
 *
 * Render. The clock (QPC) says how far the sound is; the reported position R is
 * the clock less a lag, but never beyond what may still have to be read from the
 * client's buffer: S where a period has been read when it is submitted, the
 * completed frames C where the device reads later. A period is due when the lead
 * allows it and the client has had time to refill its memory since the
 * notification that released it.
 *
 * Capture. A period is requested when its samples exist or is posted ahead.
 * Completion moves C, what is in memory; R never passes C.
 *
 * Which of two kinds of device it is, one that completes at once or one whose
 * completions pace, is observed (wavert_kind.h); docs/streaming.md has the picture.
 *
 * One one-shot timer drives a stream. Its DPC polls the used ring, submits, signals
 * and arms the timer for whatever comes next; nothing needs an interrupt, but on a
 * device that paces an interrupt tells of completions sooner.
 *
 * Life: Init, Configure, Open, Run, Hold, Close, (Configure or Open again).
 * PASSIVE_LEVEL and serialised by the caller unless said otherwise. Callbacks of
 * the backend and the DPC take the pump lock; the backend is called with it held
 * only for Submit.
 */
#ifndef WAVERT_PUMP_H
#define WAVERT_PUMP_H

#include "backend.h"
#include "wavert_geometry.h"
#include "wavert_kind.h"
#include "wavert_notify.h"
#include "wavert_position.h"

/* Most periods in flight; a power of two. */
#define WAVERT_FLIGHT_MAX 32u

/* One period that the device has, or had and returned before an older one. */
typedef struct _WAVERT_FLIGHT {
    ULONG Frames;
    ULONG Got;      /* frames of the client's: render: the rest is silence; capture: filled, not in its memory yet */
    ULONG At;       /* frame in the ring of copies, or in the cyclic buffer */
    BOOLEAN Silent; /* not of the client's buffer */
    BOOLEAN Copied;
    BOOLEAN Done;
} WAVERT_FLIGHT;

/* Where a period lies in physical memory: of the pages of one cyclic buffer it is always the same. */
typedef struct _WAVERT_PLACE {
    ULONG At; /* frame of the cyclic buffer, */
    ULONG Frames; /* and how many; 0: nothing is kept here */
    ULONG Count;
    VIRTIOSND_SG Sg[VIRTIOSND_SG_MAX_RUNS(WAVERT_PERIOD_MAX_FRAMES * 4u)];
} WAVERT_PLACE;

/* Places that are kept, by when they begin: all of a buffer of 80 ms. A power of two. */
#define WAVERT_PLACES 8u

/* Field letters: I set by Init; C set by Configure, while no DPC or callback can run; L guarded by Lock. */
typedef struct _WAVERT_PUMP {
    PVIRTIOSND_BACKEND Backend; /* [I] */
    VIRTIOSND_STREAM_ID Stream; /* [I] */
    ULONG FrameBytes;           /* [I] */
    ULONGLONG MsTicks;          /* [I] counter ticks of a millisecond, rounded up */
    PVOID Silence;              /* [I] one zeroed nonpaged page; render only */
    BOOLEAN Kept;               /* the device kept memory: no more Open */
    BOOLEAN QueueBeforeStart;   /* [I] the dialect: periods may be queued before START */
    WAVERT_NOTIFY Notify;       /* own lock, taken after Lock */
    KTIMER Timer;               /* armed and cancelled under Lock, or with Running FALSE */
    KDPC Dpc;
    KEVENT Started; /* set when START was answered */

    PMDL Mdl;                 /* [C] the cyclic buffer; NULL: none */
    WAVERT_GEOMETRY Geometry; /* [C] */
    WAVERT_PLACE Places[WAVERT_PLACES]; /* [L] of Mdl */
    BOOLEAN Open;             /* caller */
    BOOLEAN MixerFull;        /* caller: a mixer has the end of the sound since RUN was left */
    PUCHAR Copies;            /* [C] ring of copied periods, nonpaged, page-aligned; NULL: never needed */
    PUCHAR Mapping;           /* [C] where the driver sees the cyclic buffer; only with Copies */

    KSPIN_LOCK Lock;
    BOOLEAN Starting;             /* [L] START is on its way, its answer will count */
    NTSTATUS StartStatus;         /* [L] */
    WAVERT_POSITION Position;     /* [L] */
    BOOLEAN Running;              /* [L] */
    ULONGLONG Frozen;             /* [L] the position while not running; the least position afterwards */
    ULONGLONG Submitted;          /* [L] S */
    ULONGLONG NextOf;             /* [L] what the next two were worked out for: Submitted; WAVERT_NEVER: nothing yet */
    ULONG NextFrames;             /* [L] frames of the next period, */
    ULONG NextAt;                 /* [L] and where it begins in the cyclic buffer */
    ULONGLONG Completed;          /* [L] C */
    WAVERT_FLIGHT Flight[WAVERT_FLIGHT_MAX]; /* [L] number n at n modulo the size */
    BOOLEAN Copying;              /* [L] the device is given Copies, not the client's pages */
    ULONG CopiesNext;             /* [L] capture: frame of the ring where the next period goes; wraps */
    ULONG FlightTaken;            /* [L] capture: oldest period whose samples are not in the client's memory; wraps */
    ULONG Staged;                 /* [L] render, Copying: frames behind S that are copied and wait for a whole period */
    ULONG Held;                   /* [L] capture: frames that came back and are not in the client's memory yet */
    ULONG FlightFirst;            /* [L] oldest period in flight; wraps */
    ULONG FlightNext;             /* [L] number of the next; wraps */
    ULONGLONG ProgressTicks;      /* [L] when the oldest period last came back, or the device last had nothing */
    BOOLEAN Progress;             /* [L] one has come back since ProgressTicks was brought up to date */
    BOOLEAN Heard;                /* atomic: interrupts tell of completions */
    BOOLEAN Dead;                 /* [L] the device has completed nothing for too long; goes on without it */
    ULONGLONG DeviceEndTicks;     /* [L] render: counter value at which the device will have played all it got */
    LONGLONG Lag;                 /* [L] 1/65536 frames that the position is behind the clock */
    WAVERT_OBSERVER Observer;     /* [L] which kind it is */
    WAVERT_STEERING Steering;     /* [L] */
    ULONG PrerollLeft;            /* [L] frames of silence still to hand over */
    ULONGLONG NextBoundary;       /* [L] frame at which the next notification is due */
    ULONGLONG BoundaryOf;         /* [L] what BoundaryTicks was worked out for: NextBoundary, 0 before the first, */
    LONGLONG BoundaryLag;         /* [L] and Lag */
    ULONGLONG BoundaryTicks;      /* [L] render: counter value at which the position gets to NextBoundary */
    ULONGLONG ReleasedBoundary;   /* [L] the last boundary that was signalled */
    ULONGLONG ReleasedTicks;      /* [L] when */
    ULONGLONG HeldTicks;          /* [L] when RUN was left last, or asked for since */
} WAVERT_PUMP, *PWAVERT_PUMP;

/* STATUS_INSUFFICIENT_RESOURCES. Backend outlives the pump's last Close. */
NTSTATUS WaveRtPumpInit(PWAVERT_PUMP Pump, PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, ULONG FrameBytes);
/* After Close. No timer or DPC is left behind. */
VOID WaveRtPumpUninit(PWAVERT_PUMP Pump);

/* Any IRQL, after Configure: TRUE: periods are or may be copied, the pump needs WaveRtPumpMap before Open. */
BOOLEAN WaveRtPumpCopies(const WAVERT_PUMP *Pump);
/* Not open. Mapping: system address of the whole cyclic buffer, valid until the next Configure. */
VOID WaveRtPumpMap(PWAVERT_PUMP Pump, PVOID Mapping);

/* PASSIVE. What a buffer of so many bytes would be like. FALSE: it cannot work. */
BOOLEAN WaveRtPumpGeometry(const WAVERT_PUMP *Pump, ULONG BufferBytes, ULONG NotificationCount,
                           PWAVERT_GEOMETRY Geometry);
/* Not open. Mdl: the locked pages of the cyclic buffer, at least BufferBytes, owned by the caller until Close
 * succeeded; NULL: no buffer any more. NotificationCount 0, 1, 2. STATUS_INVALID_PARAMETER: the geometry cannot
 * work. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS WaveRtPumpConfigure(PWAVERT_PUMP Pump, PMDL Mdl, ULONG BufferBytes, ULONG NotificationCount);

/* PAUSE from below. */
NTSTATUS WaveRtPumpOpen(PWAVERT_PUMP Pump);
/* RUN. Returns when the device answered START. */
NTSTATUS WaveRtPumpRun(PWAVERT_PUMP Pump);
/* PAUSE from RUN. The position freezes at once; render then lets the device play what it was given, so that nothing is
 * lost or heard twice: at most the lead and the preroll, some 40 ms. */
VOID WaveRtPumpHold(PWAVERT_PUMP Pump);
/* ACQUIRE from PAUSE. STATUS_IO_TIMEOUT: the device still owns memory of the buffer. */
NTSTATUS WaveRtPumpClose(PWAVERT_PUMP Pump);
/* STOP: position 0. Not open. */
VOID WaveRtPumpReset(PWAVERT_PUMP Pump);

/* <= DISPATCH_LEVEL. Byte offsets in the cyclic buffer: Play = the position; Write = render: behind the last byte that
 * the device was given, capture: the position, which moves evenly where the end of the captured data moves in steps.
 * Both 0 without a buffer. */
VOID WaveRtPumpPosition(PWAVERT_PUMP Pump, ULONGLONG *Play, ULONGLONG *Write);

#endif
