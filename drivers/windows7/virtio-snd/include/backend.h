/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * backend.h: the seam between the WaveRT miniport and whatever makes the sound.
 *
 * The Windows-facing code (adapter, topology, wave) knows nothing of virtio; it
 * drives one of two backends through this table: backend_virtio.c (the device)
 * and backend_null.c (silence that takes its time).
 *
 * A stream's life:
 *
 *      Open ---> Start ---> Stop ---> Close
 *   (PAUSE)      (RUN)    (PAUSE)   (ACQUIRE)
 *                  ^--------'
 *
 * Periods are handed over by Submit: between Open and Close when QueueBeforeStart
 * says so, else only between the completion of Start and Stop. Each period that
 * Submit took is reported exactly once through PeriodDone, at the latest by the
 * time Close returns, in the order of submission unless the device reorders.
 *
 * Locks: a backend calls PeriodDone and StartDone with none of its own locks
 * held. The caller may hold its stream lock while calling Submit and must not
 * hold it while calling Poll.
 */
#ifndef VIRTIOSND_BACKEND_H
#define VIRTIOSND_BACKEND_H

#include "virtiosnd_sg_tx.h"

typedef enum _VIRTIOSND_STREAM_ID {
    VirtIoSndStreamRender = 0,
    VirtIoSndStreamCapture = 1,
    VirtIoSndStreamCount = 2
} VIRTIOSND_STREAM_ID;

/* Streams that a backend has: a set, one bit per stream, never empty. */
#define VIRTIOSND_STREAM_BIT(Stream) (1u << (Stream))
#define VIRTIOSND_STREAM_SETS ((1u << VirtIoSndStreamCount) - 1u) /* different ones; a table of them has row set - 1 */

/* DISPATCH_LEVEL. One submitted period came back. Bytes: PCM bytes that the device consumed or filled. Cookie: as given
 * to Submit. Status: STATUS_SUCCESS, or why the period was lost. */
typedef VOID (NTAPI *PVIRTIOSND_PERIOD_DONE)(PVOID Context, ULONG_PTR Cookie, ULONG Bytes, NTSTATUS Status);

/* DISPATCH_LEVEL, capture, before PeriodDone for the same Cookie: copies Bytes bytes at byte Offset of the period, as
 * the device left them, to To. FALSE: the owner cannot read them. */
typedef BOOLEAN (NTAPI *PVIRTIOSND_PERIOD_READ)(PVOID Context, ULONG_PTR Cookie, ULONG Offset, PUCHAR To, ULONG Bytes);

/* DISPATCH_LEVEL. The device answered START (or will not: Status says why). */
typedef VOID (NTAPI *PVIRTIOSND_START_DONE)(PVOID Context, NTSTATUS Status);

/* DISPATCH_LEVEL, between Start and Stop, on a backend whose QueueBeforeStart says TRUE: something may have completed;
 * the owner is expected to Poll. */
typedef VOID (NTAPI *PVIRTIOSND_ATTENTION)(PVOID Context);

typedef struct _VIRTIOSND_STREAM_CONFIG {
    ULONG BufferBytes; /* whole periods: the most that is submitted at a time */
    ULONG PeriodBytes; /* whole frames, at most VIRTIO_SND_MAX_PCM_BYTES; every Submit carries at most this */
    PVIRTIOSND_PERIOD_DONE PeriodDone;
    PVIRTIOSND_START_DONE StartDone;
    PVIRTIOSND_ATTENTION Attention;
    PVOID Context; /* first argument of the callbacks */
    PVIRTIOSND_PERIOD_READ PeriodRead; /* NULL: no period can be read */
} VIRTIOSND_STREAM_CONFIG, *PVIRTIOSND_STREAM_CONFIG;

typedef struct _VIRTIOSND_BACKEND VIRTIOSND_BACKEND, *PVIRTIOSND_BACKEND;

typedef struct _VIRTIOSND_BACKEND_OPS {
    /* PASSIVE_LEVEL. SET_PARAMS and PREPARE. Fails with the mapped device status, STATUS_IO_TIMEOUT, or
     * STATUS_DEVICE_NOT_CONNECTED once the hardware is gone. On failure the stream is closed. */
    NTSTATUS (*Open)(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, const VIRTIOSND_STREAM_CONFIG *Config);

    /* <= DISPATCH_LEVEL. Sends START without waiting; StartDone follows (perhaps before this returns), from the
     * interrupt or from Poll: without an interrupt only Poll finds a late answer. When none will come any more, it is
     * called with STATUS_DEVICE_NOT_CONNECTED, perhaps more than once, and never after Close. A failure status means
     * that StartDone will not be called. */
    NTSTATUS (*Start)(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream);

    /* PASSIVE_LEVEL. STOP; waits for a START that is still on its way first. */
    NTSTATUS (*Stop)(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream);

    /* PASSIVE_LEVEL. RELEASE, then waits (bounded) until every period came back; never fails. Afterwards no callback
     * runs and the memory of the periods belongs to the caller again, except after a time-out: then it returns
     * STATUS_IO_TIMEOUT and the caller must keep the buffer aside for ever. */
    NTSTATUS (*Close)(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream);

    /* <= DISPATCH_LEVEL. Hands over one period: SgCount entries of (physical address, bytes), read before the call
     * returns. STATUS_DEVICE_BUSY: ring full or limit reached; nothing was taken, offer the same period again on the
     * next tick. STATUS_INVALID_DEVICE_STATE: not open, not started (see QueueBeforeStart) or gone. */
    NTSTATUS (*Submit)(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, const VIRTIOSND_SG *Sg, ULONG SgCount,
                       ULONG_PTR Cookie);

    /* DISPATCH_LEVEL. Reports everything that has completed so far, without waiting for an interrupt and without
     * touching a device register. */
    VOID (*Poll)(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream);

    /* Any IRQL. TRUE: periods may be submitted between Open and Start, and captured periods must be (specification
     * dialect). FALSE: only while running, and a capture request is answered at once with what is there (Aero
     * dialect). */
    BOOLEAN (*QueueBeforeStart)(PVIRTIOSND_BACKEND Backend);

    /* Any IRQL. TRUE: no period will come back any more until the streams are opened anew: the hardware is gone, or
     * broke and waits for its recovery. */
    BOOLEAN (*Lost)(PVIRTIOSND_BACKEND Backend);

    /* PASSIVE_LEVEL, after Close returned STATUS_IO_TIMEOUT: the device may still touch the page at that physical
     * address. */
    BOOLEAN (*Holds)(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, ULONGLONG Page);

    /* Any IRQL. The set of streams; the same for the life of the backend. Windows is shown an endpoint for each. */
    ULONG (*Streams)(PVIRTIOSND_BACKEND Backend);
} VIRTIOSND_BACKEND_OPS;

struct _VIRTIOSND_BACKEND {
    const VIRTIOSND_BACKEND_OPS *Ops;
};

struct _VIRTIOSND_DEVICE; /* virtiosnd_hw.h */

/* PASSIVE_LEVEL. Device: started hardware, outlives the backend. The backend is one pool block; free by
 * VirtIoSndBackendDestroy. */
NTSTATUS VirtIoSndBackendVirtioCreate(struct _VIRTIOSND_DEVICE *Device, PVIRTIOSND_BACKEND *Backend);
NTSTATUS VirtIoSndBackendNullCreate(PVIRTIOSND_BACKEND *Backend);
/* PASSIVE_LEVEL; every stream closed. NULL is ignored. */
VOID VirtIoSndBackendDestroy(PVIRTIOSND_BACKEND Backend);

#endif
