/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_queue.h: a virtqueue as the protocol engines see it.
 *
 * One lock per queue. It guards the ring and everything that the engine of that
 * queue keeps about its requests, so an engine takes it once per operation and
 * calls the functions below with it held. The doorbell is rung under the lock
 * too: VirtIoSndQueueDestroy can then be sure that nobody is on the way to a
 * register that is about to be unmapped.
 *
 * Lock order of the whole driver, outermost first:
 *     stream (wavert) -> queue (here) -> selectors (virtio_pci_transport)
 * Two queue locks are never held together.
 */
#ifndef VIRTIOSND_QUEUE_H
#define VIRTIOSND_QUEUE_H

#include <wdk_compat.h>

#include "pool.h"
#include "virtqueue_split.h"
#include "virtio_pci_transport.h"

/* One run of physically contiguous bytes: Address, Length, Write (the device writes it). */
typedef VIRTQ_SG VIRTIOSND_SG, *PVIRTIOSND_SG;

/* Requests with more parts than this are split or go as direct chains; requests beyond this number wait. */
#define VIRTIOSND_TABLE_ENTRIES 16u
#define VIRTIOSND_TABLE_COUNT 64u

/* Memory that the device can reach: physically contiguous, nonpaged. */
typedef struct _VIRTIOSND_DMA {
    PUCHAR Va; /* NULL: none */
    ULONGLONG Physical;
    ULONG Bytes;
} VIRTIOSND_DMA;

/* PASSIVE. Zeroed memory; STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS VirtIoSndDmaAllocate(VIRTIOSND_DMA *Dma, ULONG Bytes);
/* PASSIVE. Not allocated: nothing happens. */
VOID VirtIoSndDmaFree(VIRTIOSND_DMA *Dma);
/* PASSIVE. Forgets memory that the device may still write to: never freed, never used again. */
VOID VirtIoSndDmaAbandon(VIRTIOSND_DMA *Dma);

/* [I] immutable while Live, [Q] guarded by Lock */
typedef struct _VIRTIOSND_QUEUE {
    KSPIN_LOCK Lock;
    BOOLEAN Live;                    /* [Q] FALSE: no ring; Add and Pop say so */
    VIRTQ_SPLIT Ring;                /* [Q] */
    PVIRTIO_PCI_TRANSPORT Transport; /* [I] */
    PUCHAR Doorbell;                 /* [I] */
    VIRTIOSND_DMA Memory;            /* [I] ring and indirect tables */
    PVOID State;                     /* [I] pool block of Ring */
    USHORT Index;                    /* [I] */
} VIRTIOSND_QUEUE, *PVIRTIOSND_QUEUE;

/* PASSIVE. Prepares the lock of a queue that is not Live yet; once in the life of the structure. */
VOID VirtIoSndQueueInitialize(PVIRTIOSND_QUEUE Queue);
/* PASSIVE, between FEATURES_OK and DRIVER_OK. Builds the ring in the device's size and enables the queue. Interrupts
 * FALSE: the device is asked not to interrupt for it. STATUS_DEVICE_CONFIGURATION_ERROR: the size is no power of two
 * from 4 to 32768. */
NTSTATUS VirtIoSndQueueCreate(PVIRTIOSND_QUEUE Queue, PVIRTIO_PCI_TRANSPORT Transport, USHORT Index,
                              BOOLEAN Interrupts);
/* <= DISPATCH. Asks the device for interrupts of this queue, or not. TRUE: something came back before, and no
 * interrupt will tell of it: look. */
BOOLEAN VirtIoSndQueueSetInterrupts(PVIRTIOSND_QUEUE Queue, BOOLEAN Wanted);
/* PASSIVE. From now on Add and Pop fail; the ring stays in memory. */
VOID VirtIoSndQueueClose(PVIRTIOSND_QUEUE Queue);
/* PASSIVE, after Close and the device's reset. Abandon: the reset failed, the device may still use the ring. */
VOID VirtIoSndQueueDestroy(PVIRTIOSND_QUEUE Queue, BOOLEAN Abandon);

/* PASSIVE, while nothing is added. TRUE: a request that is not back lists a byte of the page at physical address Page. */
BOOLEAN VirtIoSndQueueHolds(const VIRTIOSND_QUEUE *Queue, ULONGLONG Page);

/* DISPATCH, Lock held. As VirtqSplitAdd; STATUS_INVALID_DEVICE_STATE when not Live, gone or broken. The device may see
 * the request only after Kick. */
static __inline NTSTATUS VirtIoSndQueueAdd(PVIRTIOSND_QUEUE Queue, const VIRTIOSND_SG *Sg, ULONG Count, PVOID Cookie)
{
    if (!Queue->Live || VirtioPciTransportIsGone(Queue->Transport) || VirtioPciTransportIsBroken(Queue->Transport)) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    return VirtqSplitAdd(&Queue->Ring, Sg, Count, Cookie);
}

/* DISPATCH, Lock held. TRUE: Requests requests of at most Parts parts each fit now. */
static __inline BOOLEAN VirtIoSndQueueHasRoom(const VIRTIOSND_QUEUE *Queue, ULONG Requests, ULONG Parts)
{
    return (BOOLEAN)(Queue->Live && VirtqSplitHasRoom(&Queue->Ring, Requests, Parts));
}

/* DISPATCH, Lock held. Most parts that one request should have. */
static __inline ULONG VirtIoSndQueueParts(const VIRTIOSND_QUEUE *Queue)
{
    ULONG parts = Queue->Ring.TableEntries;

    if (parts == 0) {
        parts = Queue->Ring.Size < VIRTIOSND_TABLE_ENTRIES ? Queue->Ring.Size : VIRTIOSND_TABLE_ENTRIES;
    }
    return parts;
}

/* DISPATCH, Lock held. Publishes what was added and rings the doorbell when the device wants it. */
CODE_INLINE VOID VirtIoSndQueueKick(PVIRTIOSND_QUEUE Queue)
{
    if (Queue->Live && VirtqSplitPublish(&Queue->Ring)) {
        VirtioPciTransportNotify(Queue->Transport, Queue->Doorbell, Queue->Index);
    }
}

/* DISPATCH, Lock held. As VirtqSplitGet; FALSE when not Live. A ring that the device has broken breaks the device. */
CODE_INLINE BOOLEAN VirtIoSndQueuePop(PVIRTIOSND_QUEUE Queue, PVOID *Cookie, ULONG *Written)
{
    if (!Queue->Live || VirtqSplitIsIdle(&Queue->Ring)) {
        return FALSE;
    }
    if (VirtqSplitGet(&Queue->Ring, Cookie, Written)) {
        return TRUE;
    }
    if (Queue->Ring.Broken) {
        VirtioPciTransportSetBroken(Queue->Transport);
    }
    return FALSE;
}

/* DISPATCH, Lock held. Requests that the device has. */
static __inline ULONG VirtIoSndQueueInFlight(const VIRTIOSND_QUEUE *Queue)
{
    return Queue->Live ? Queue->Ring.InFlight : 0;
}

#endif
