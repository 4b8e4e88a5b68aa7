/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_eventq.h"
#include "trace.h"
#include "virtio_wire.h"

#define EVENT_BYTES ((ULONG)sizeof(struct virtio_snd_event))

/* Lock held. Gives buffer Index to the device; shown by the next kick. */
static NTSTATUS Post(PVIRTIOSND_EVENTQ Eventq, ULONG Index)
{
    struct virtio_snd_event *event = (struct virtio_snd_event *)(PVOID)Eventq->Messages.Va + Index;
    VIRTIOSND_SG part;

    event->code = 0;
    event->data = 0;
    part.Address = Eventq->Messages.Physical + Index * EVENT_BYTES;
    part.Length = EVENT_BYTES;
    part.Write = TRUE;
    return VirtIoSndQueueAdd(Eventq->Queue, &part, 1, event);
}

CODE_RESIDENT static NTSTATUS Fill(PVIRTIOSND_EVENTQ Eventq)
{
    NTSTATUS status = STATUS_SUCCESS;
    KIRQL irql;

    KeAcquireSpinLock(&Eventq->Queue->Lock, &irql);
    Eventq->Buffers = 0;
    while (Eventq->Buffers < VIRTIOSND_EVENTQ_BUFFERS) {
        status = Post(Eventq, Eventq->Buffers);
        if (!NT_SUCCESS(status)) {
            break;
        }
        Eventq->Buffers++;
    }
    KeReleaseSpinLock(&Eventq->Queue->Lock, irql);
    return status == STATUS_DEVICE_BUSY ? STATUS_SUCCESS : status; /* the ring is full: that is the aim */
}

CODE_PAGE NTSTATUS VirtIoSndEventqInitialize(PVIRTIOSND_EVENTQ Eventq, PVIRTIOSND_QUEUE Queue)
{
    NTSTATUS status;

    PAGED_CODE();

    RtlZeroMemory(Eventq, sizeof(*Eventq));
    status = VirtIoSndDmaAllocate(&Eventq->Messages, VIRTIOSND_EVENTQ_BUFFERS * EVENT_BYTES);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Eventq->Queue = Queue;
    return Fill(Eventq);
}

VOID VirtIoSndEventqStart(PVIRTIOSND_EVENTQ Eventq)
{
    KIRQL irql;

    KeAcquireSpinLock(&Eventq->Queue->Lock, &irql);
    VirtIoSndQueueKick(Eventq->Queue);
    KeReleaseSpinLock(&Eventq->Queue->Lock, irql);
}

/* At most one turn of the buffers per call, so that a device that sends events without end cannot hold the processor:
 * the buffers that go back are shown to it only at the end. What comes later raises the next interrupt, or is found by
 * the next poll. */
VOID VirtIoSndEventqDrain(PVIRTIOSND_EVENTQ Eventq)
{
    struct virtio_snd_event *event;
    PVOID cookie;
    ULONG written;
    ULONG taken = 0;
    KIRQL irql;

    KeAcquireSpinLock(&Eventq->Queue->Lock, &irql);
    while (VirtIoSndQueuePop(Eventq->Queue, &cookie, &written)) {
        event = cookie;
        VIRTIOSND_TRACE("event 0x%x, data %u, %u bytes\n", event->code, event->data, written);
        taken++;
        (VOID)Post(Eventq, (ULONG)(event - (struct virtio_snd_event *)(PVOID)Eventq->Messages.Va));
    }
    Eventq->Received += taken;
    if (taken > 0) {
        VirtIoSndQueueKick(Eventq->Queue);
    }
    KeReleaseSpinLock(&Eventq->Queue->Lock, irql);
}

CODE_PAGE VOID VirtIoSndEventqUninitialize(PVIRTIOSND_EVENTQ Eventq, BOOLEAN Abandon)
{
    PAGED_CODE();

    if (Abandon) {
        VirtIoSndDmaAbandon(&Eventq->Messages);
    }
    VirtIoSndDmaFree(&Eventq->Messages);
}
