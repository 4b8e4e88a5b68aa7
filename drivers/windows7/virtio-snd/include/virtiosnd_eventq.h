/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_eventq.h: eventq, kept full of buffers. The driver depends on no
 * event and survives any.
 */
#ifndef VIRTIOSND_EVENTQ_H
#define VIRTIOSND_EVENTQ_H

#include "virtiosnd_queue.h"

#define VIRTIOSND_EVENTQ_BUFFERS 64u /* at most; fewer in a smaller queue */

/* [Q] the queue's lock, [I] immutable */
typedef struct _VIRTIOSND_EVENTQ {
    PVIRTIOSND_QUEUE Queue; /* [I] */
    VIRTIOSND_DMA Messages; /* [I] one virtio_snd_event per buffer */
    ULONG Buffers;          /* [I] */
    ULONG Received;         /* [Q] events so far; wraps */
} VIRTIOSND_EVENTQ, *PVIRTIOSND_EVENTQ;

/* PASSIVE, before DRIVER_OK. Adds the buffers without ringing the doorbell. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS VirtIoSndEventqInitialize(PVIRTIOSND_EVENTQ Eventq, PVIRTIOSND_QUEUE Queue);
/* <= DISPATCH, after DRIVER_OK. Shows the buffers to the device. */
VOID VirtIoSndEventqStart(PVIRTIOSND_EVENTQ Eventq);
/* <= DISPATCH. Takes the events that are there and gives their buffers back to the device. */
VOID VirtIoSndEventqDrain(PVIRTIOSND_EVENTQ Eventq);
/* PASSIVE, after the queue's Close and the device's reset. */
VOID VirtIoSndEventqUninitialize(PVIRTIOSND_EVENTQ Eventq, BOOLEAN Abandon);

#endif
