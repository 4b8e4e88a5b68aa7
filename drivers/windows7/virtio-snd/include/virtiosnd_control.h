/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_control.h: requests on controlq.
 *
 * Every request owns one of a few slots: a piece of memory that the device
 * reads and writes, and the driver's record of it. A slot is
 *
 *     Free -> Sent -> Answered -> Free          the ordinary way
 *             Sent -> Abandoned -> Free         timed out; Free only once the device has given it back
 *
 * so memory that the device may still own is never used for anything else.
 *
 * Locks: the slots belong to the queue's lock. Completions are delivered without it.
 */
#ifndef VIRTIOSND_CONTROL_H
#define VIRTIOSND_CONTROL_H

#include "virtiosnd_protocol.h"
#include "virtiosnd_queue.h"
#include "virtiosnd_wait.h"

#define VIRTIOSND_CONTROL_SLOTS 16u
#define VIRTIOSND_CONTROL_REQUEST_MAX 32u /* bytes; the largest request is SET_PARAMS, 24 */
#define VIRTIOSND_CONTROL_MAX_STREAMS 32u /* entries asked for in one PCM_INFO */

/* Time limits, in units of 1/1024 s (no 64-bit division: the counter's frequency is shifted). */
#define VIRTIOSND_SECOND 1024u
#define VIRTIOSND_CONTROL_TIMEOUT VIRTIOSND_SECOND             /* for an answer */
#define VIRTIOSND_CONTROL_TIMEOUT_SICK (VIRTIOSND_SECOND / 4u) /* while an earlier request is unanswered */

/* DISPATCH_LEVEL. Status: the answer's status field. */
typedef VOID (*PVIRTIOSND_CONTROL_DONE)(PVOID Context, ULONG Status);

typedef enum _VIRTIOSND_CONTROL_STATE {
    VirtIoSndControlFree = 0,
    VirtIoSndControlSent,
    VirtIoSndControlAnswered,
    VirtIoSndControlAbandoned
} VIRTIOSND_CONTROL_STATE;

typedef struct _VIRTIOSND_CONTROL_SLOT {
    VIRTIOSND_CONTROL_STATE State;  /* [Q] */
    PVIRTIOSND_CONTROL_DONE Done;   /* [Q] NULL: a thread waits for Event */
    PVOID Context;                  /* [Q] */
    ULONG Status;                   /* [Q] once Answered */
    KEVENT Event;                   /* set when Answered */
} VIRTIOSND_CONTROL_SLOT;

/* [Q] the queue's lock, [I] immutable between Initialize and Uninitialize */
typedef struct _VIRTIOSND_CONTROL {
    PVIRTIOSND_QUEUE Queue;  /* [I] */
    VIRTIOSND_DMA Messages;  /* [I] requests and answers of all slots */
    VIRTIOSND_CONTROL_SLOT Slots[VIRTIOSND_CONTROL_SLOTS];
    ULONG Unanswered;        /* [Q] Abandoned slots */
    BOOLEAN Draining;        /* [Q] somebody delivers completions */
    BOOLEAN Closed;          /* [Q] no new request */
    ULONG Waiters;           /* [Q] threads inside VirtIoSndControlSend */
} VIRTIOSND_CONTROL, *PVIRTIOSND_CONTROL;

/* PASSIVE. STATUS_INSUFFICIENT_RESOURCES. Queue outlives Control. */
NTSTATUS VirtIoSndControlInitialize(PVIRTIOSND_CONTROL Control, PVIRTIOSND_QUEUE Queue);
/* <= DISPATCH. From now on every request fails with STATUS_DEVICE_NOT_CONNECTED, those that wait too. */
VOID VirtIoSndControlRefuse(PVIRTIOSND_CONTROL Control);
/* Any IRQL. Refused, gone or broken. */
BOOLEAN VirtIoSndControlIsClosed(const VIRTIOSND_CONTROL *Control);
/* PASSIVE. Refuses, and returns when no thread or callback is left inside. Not initialised: nothing happens. */
VOID VirtIoSndControlClose(PVIRTIOSND_CONTROL Control);
/* PASSIVE, after Close and the device's reset. Abandon: the device may still write to the messages. */
VOID VirtIoSndControlUninitialize(PVIRTIOSND_CONTROL Control, BOOLEAN Abandon);

/*
 * PASSIVE. Sends Request (Bytes, at most VIRTIOSND_CONTROL_REQUEST_MAX) and waits for the answer, polling the ring too,
 * so that it works without interrupts. By: when to give up at the latest, or NULL for the usual time. *Status: the
 * answer's status field. STATUS_IO_TIMEOUT: no answer;
 * STATUS_DEVICE_NOT_CONNECTED: closed or gone; STATUS_DEVICE_BUSY: no slot.
 */
NTSTATUS VirtIoSndControlSend(PVIRTIOSND_CONTROL Control, const VOID *Request, ULONG Bytes,
                              const VIRTIOSND_DEADLINE *By, ULONG *Status);

/* PASSIVE, one caller at a time. PCM_INFO for the streams 0..Count-1, Count from 1 to VIRTIOSND_CONTROL_MAX_STREAMS.
 * Info: as the device wrote it, zeroes where it wrote nothing. Errors as VirtIoSndControlSend. */
NTSTATUS VirtIoSndControlPcmInfo(PVIRTIOSND_CONTROL Control, ULONG Count, struct virtio_snd_pcm_info *Info,
                                 ULONG *Status);

/* <= DISPATCH. Sends without waiting; Done follows exactly once unless this fails or VirtIoSndControlCancel takes it
 * back. *Slot names the request for VirtIoSndControlCancel. */
NTSTATUS VirtIoSndControlSendAsync(PVIRTIOSND_CONTROL Control, const VOID *Request, ULONG Bytes,
                                   PVIRTIOSND_CONTROL_DONE Done, PVOID Context, ULONG *Slot);
/* <= DISPATCH. Context: as given to SendAsync, since the slot may serve somebody else by now. TRUE: Done has not been
 * and will not be called. */
BOOLEAN VirtIoSndControlCancel(PVIRTIOSND_CONTROL Control, ULONG Slot, PVOID Context);

/* <= DISPATCH. Delivers the answers that are there. */
VOID VirtIoSndControlDrain(PVIRTIOSND_CONTROL Control);

#endif
