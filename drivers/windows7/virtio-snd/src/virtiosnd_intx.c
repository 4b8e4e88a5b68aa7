/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_intx.h"
#include "trace.h"
#include "virtio_wire.h"

static VOID Interrupted(PVOID Context, UCHAR IsrStatus)
{
    PVIRTIOSND_DEVICE device = Context;
    ULONG i;

    if ((IsrStatus & VIRTIO_ISR_CONFIG) != 0) {
        VIRTIOSND_TRACE_WARNING("configuration interrupt\n");
        VirtioPciTransportCheckStatus(&device->Transport);
    }
    if ((IsrStatus & VIRTIO_ISR_QUEUE) != 0) {
        VirtIoSndControlDrain(&device->Control);
        VirtIoSndEventqDrain(&device->Eventq);
        for (i = 0; i < VirtIoSndStreamCount; i++) {
            VirtIoSndPcmInterrupted(&device->Pcm[i]);
        }
    }
}

CODE_PAGE NTSTATUS VirtIoSndIntxConnect(PVIRTIOSND_DEVICE Device, const CM_PARTIAL_RESOURCE_DESCRIPTOR *Translated)
{
    PAGED_CODE();

    if (Translated == NULL) {
        return STATUS_NOT_FOUND;
    }
    return VirtioPciIntxConnect(&Device->Intx, Translated, &Device->Transport, Interrupted, Device);
}

CODE_PAGE VOID VirtIoSndIntxDisconnect(PVIRTIOSND_DEVICE Device)
{
    PAGED_CODE();

    VirtioPciIntxDisconnect(&Device->Intx);
}
