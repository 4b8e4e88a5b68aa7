/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_pcm.h: one PCM stream of the device and its walk through
 *
 *     Idle -SET_PARAMS,PREPARE-> Prepared -START-> Running -STOP-> Prepared -RELEASE-> Idle
 *
 * Only legal edges are ever taken: some devices stop working on any other one.
 *
 * Locks: Mutex serialises the PASSIVE_LEVEL commands of one stream; START, which
 * comes from DISPATCH_LEVEL, is serialised with them by its caller (backend.h)
 * and by Starting.
 */
#ifndef VIRTIOSND_PCM_H
#define VIRTIOSND_PCM_H

#include "virtiosnd_control.h"
#include "virtiosnd_xfer.h"

typedef enum _VIRTIOSND_PCM_STATE {
    VirtIoSndPcmIdle = 0,
    VirtIoSndPcmPrepared, /* SET_PARAMS was sent, perhaps PREPARE too: needs RELEASE */
    VirtIoSndPcmStarting, /* START was sent, the answer is not known: needs STOP */
    VirtIoSndPcmRunning   /* START was answered: needs STOP */
} VIRTIOSND_PCM_STATE;

/* [M] Mutex, [a] atomic, [I] immutable while the hardware is started */
typedef struct _VIRTIOSND_PCM {
    BOOLEAN Present;                   /* [I] the device has such a stream */
    BOOLEAN PollingOnly;               /* [I] no interrupt is wanted from the device */
    BOOLEAN Usable;                    /* [M] transfers are initialised; FALSE once the hardware stops */
    ULONG StreamId;                    /* [I] */
    UCHAR Channels;                    /* [I] of the endpoint: 2 or 1 */
    LONGLONG StopCost;                 /* [M] what the last STOP took, in units of the performance counter */
    NTSTATUS CloseStatus;              /* [M] of the last Close; STATUS_IO_TIMEOUT: the device kept memory */
    KMUTEX Mutex;
    volatile LONG State;               /* [a] VIRTIOSND_PCM_STATE */
    volatile LONG Starting;            /* [a] 1: START's callback may still run */
    volatile LONG Stopped;             /* [a] 1: between STOP and the next START's answer */
    BOOLEAN NeverStarted;              /* [M], or while Starting: prepared, and no START since */
    BOOLEAN Released;                  /* [M] the last Close ended a stream that had run */
    ULONG StartSlot;                   /* request of that START */
    PVIRTIOSND_START_DONE StartDone;   /* set by Open */
    PVIRTIOSND_ATTENTION Attention;    /* set by Open */
    volatile LONG Attentive;           /* [a] 1: the device's interrupts for periods are wanted */
    volatile LONG Attending;           /* [a] calls of Attention that run */
    PVOID Context;                     /* set by Open */
    PVIRTIOSND_CONTROL Control;        /* [I] */
    const VIRTIOSND_DIALECT *Dialect;  /* [I] */
    VIRTIOSND_XFER Xfer;               /* TX or RX of this stream */
} VIRTIOSND_PCM, *PVIRTIOSND_PCM;

/* DISPATCH. Takes START's answer when it is there; says that there will be none when that is so. For a stream that is
 * open; Starting is set. */
VOID VirtIoSndPcmLookForStart(PVIRTIOSND_PCM Pcm);

/* PASSIVE. See VIRTIOSND_BACKEND_OPS for the contracts of these five. */
NTSTATUS VirtIoSndPcmOpen(PVIRTIOSND_PCM Pcm, const VIRTIOSND_STREAM_CONFIG *Config);
NTSTATUS VirtIoSndPcmStart(PVIRTIOSND_PCM Pcm);
NTSTATUS VirtIoSndPcmStop(PVIRTIOSND_PCM Pcm);
NTSTATUS VirtIoSndPcmClose(PVIRTIOSND_PCM Pcm);
NTSTATUS VirtIoSndPcmSubmit(PVIRTIOSND_PCM Pcm, const VIRTIOSND_SG *Sg, ULONG SgCount, ULONG_PTR Cookie);

/* DISPATCH, from the interrupt's DPC: tells the stream's owner to look, when it wants to know. */
VOID VirtIoSndPcmInterrupted(PVIRTIOSND_PCM Pcm);

/* PASSIVE. Once in the life of the structure. */
VOID VirtIoSndPcmInitialize(PVIRTIOSND_PCM Pcm);

/* PASSIVE. Before a reset: walks the stream back to Idle, reports what it still has and lets nobody in any more. */
VOID VirtIoSndPcmQuiesce(PVIRTIOSND_PCM Pcm);

#endif
