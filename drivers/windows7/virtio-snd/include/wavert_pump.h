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
 * the clock, but never beyond what the device may still have to read from the
 * client's buffer: S on a device that copies at submission, the completed frames
 * C on one that reads later, which R then follows at a distance (wavert_steer.c).
 * A period is due when the lead allows it and the client
 * has had time to refill its memory since the notification that released it.
 *
 * Capture. A period is requested when its samples exist (the Aero device answers
 * at once) or is posted ahead (specification). Completion moves C, what is in
 * memory; R follows the clock at a distance and never passes C.
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
#include "wavert_notify.h"
#include "wavert_position.h"

/* Field letters: I set by Init; C set by Configure, while no DPC or callback can run; L guarded by Lock. */
typedef struct _WAVERT_PUMP {
    PVIRTIOSND_BACKEND Backend; /* [I] */
    VIRTIOSND_STREAM_ID Stream; /* [I] */
    ULONG FrameBytes;           /* [I] */
    PVOID Silence;              /* [I] one zeroed nonpaged page; render only */
    WAVERT_NOTIFY Notify;       /* own lock, taken after Lock */
    KTIMER Timer;               /* armed and cancelled under Lock, or with Running FALSE */
    KDPC Dpc;
    KEVENT Started; /* set when START was answered */

    PMDL Mdl;                 /* [C] the cyclic buffer; NULL: none */
    WAVERT_GEOMETRY Geometry; /* [C] */
    BOOLEAN Open;             /* caller */
    BOOLEAN QueueBeforeStart; /* caller, constant while open */

    KSPIN_LOCK Lock;
    BOOLEAN Starting;             /* [L] START is on its way, its answer will count */
    NTSTATUS StartStatus;         /* [L] */
    WAVERT_POSITION Position;     /* [L] */
    BOOLEAN Running;              /* [L] */
    ULONGLONG Frozen;             /* [L] the position while not running; the least position afterwards */
    ULONGLONG Submitted;          /* [L] S */
    ULONGLONG Completed;          /* [L] C */
    ULONGLONG DeviceEndTicks;     /* [L] render: counter value at which the device will have played all it got */
    ULONG Lag;                    /* [L] frames that the position is behind the clock; 0: render, Aero dialect */
    ULONGLONG Steered;            /* [L] Completed when the lag was last steered */
    ULONG SteerPart;              /* [L] the next completion mends one in so many parts of the error */
    ULONG PrerollLeft;            /* [L] frames of silence still to hand over */
    ULONGLONG NextBoundary;       /* [L] frame at which the next notification is due */
    ULONGLONG ReleasedBoundary;   /* [L] the last boundary that was signalled */
    ULONGLONG ReleasedTicks;      /* [L] when */
} WAVERT_PUMP, *PWAVERT_PUMP;

/* STATUS_INSUFFICIENT_RESOURCES. Backend outlives the pump's last Close. */
NTSTATUS WaveRtPumpInit(PWAVERT_PUMP Pump, PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, ULONG FrameBytes);
/* After Close. No timer or DPC is left behind. */
VOID WaveRtPumpUninit(PWAVERT_PUMP Pump);

/* Not open. Mdl: the locked pages of the cyclic buffer, at least BufferBytes, owned by the caller until Close
 * succeeded; NULL: no buffer any more. NotificationCount 0, 1, 2. STATUS_INVALID_PARAMETER: the geometry cannot
 * work. */
NTSTATUS WaveRtPumpConfigure(PWAVERT_PUMP Pump, PMDL Mdl, ULONG BufferBytes, ULONG NotificationCount);

/* PAUSE from below. */
NTSTATUS WaveRtPumpOpen(PWAVERT_PUMP Pump);
/* RUN. Returns when the device answered START. */
NTSTATUS WaveRtPumpRun(PWAVERT_PUMP Pump);
/* PAUSE from RUN. The position freezes at once; render then lets the device play what it was given, so that nothing is
 * lost or heard twice: at most the lead and the preroll, some 40 ms. */
VOID WaveRtPumpHold(PWAVERT_PUMP Pump);
/* ACQUIRE from PAUSE. STATUS_IO_TIMEOUT: the device still owns the memory of the buffer. */
NTSTATUS WaveRtPumpClose(PWAVERT_PUMP Pump);
/* STOP: position 0. Not open. */
VOID WaveRtPumpReset(PWAVERT_PUMP Pump);

/* <= DISPATCH_LEVEL. Byte offsets in the cyclic buffer: Play = the position; Write = render: behind the last byte that
 * the device was given, capture: the position, which moves evenly where the end of the captured data moves in steps.
 * Both 0 without a buffer. */
VOID WaveRtPumpPosition(PWAVERT_PUMP Pump, ULONGLONG *Play, ULONGLONG *Write);

#endif
