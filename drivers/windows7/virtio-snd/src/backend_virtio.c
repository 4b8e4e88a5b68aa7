/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The backend that plays through the device: a thin layer over virtiosnd_pcm.c.
 *
 * Whose memory is a period?
 *
 *   - Before Submit it is the client's.
 *   - From Submit to PeriodDone it is the device's: it may read (render) or write
 *     (capture) the pages at any moment. The Aero device copies within the
 *     doorbell's write; others read late, when their back end has room.
 *   - PeriodDone gives it back, whatever its status. It is made from Poll, from
 *     Close, or from VirtIoSndStopHardware, never from an interrupt.
 *   - STOP gives nothing back: a device may keep what it has until RELEASE.
 *   - RELEASE (Close) makes the device return everything; we wait a bounded time.
 *     A device that does not return it keeps it for good: PeriodDone reports the
 *     period lost, Close says STATUS_IO_TIMEOUT, the cyclic buffer must not be
 *     freed, and the header and status of the transfer are never used again.
 *   - Once the device has left the bus it reaches no memory, so all is given back.
 *
 * Headers, statuses and control messages are the driver's own and live from
 * VirtIoSndStartHardware to VirtIoSndStopHardware; see virtiosnd_hw.c.
 */
#include "backend.h"
#include "virtiosnd_hw.h"

typedef struct _BACKEND_VIRTIO {
    VIRTIOSND_BACKEND Backend; /* first member */
    PVIRTIOSND_DEVICE Device;  /* outlives us */
} BACKEND_VIRTIO, *PBACKEND_VIRTIO;

static __inline PVIRTIOSND_DEVICE DeviceOf(PVIRTIOSND_BACKEND Backend)
{
    return ((PBACKEND_VIRTIO)Backend)->Device;
}

static NTSTATUS Open(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, const VIRTIOSND_STREAM_CONFIG *Config)
{
    return VirtIoSndPcmOpen(&DeviceOf(Backend)->Pcm[Stream], Config);
}

static NTSTATUS Start(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    return VirtIoSndPcmStart(&DeviceOf(Backend)->Pcm[Stream]);
}

static NTSTATUS Stop(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    return VirtIoSndPcmStop(&DeviceOf(Backend)->Pcm[Stream]);
}

static NTSTATUS Close(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    return VirtIoSndPcmClose(&DeviceOf(Backend)->Pcm[Stream]);
}

static NTSTATUS Submit(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, const VIRTIOSND_SG *Sg, ULONG SgCount,
                       ULONG_PTR Cookie)
{
    return VirtIoSndPcmSubmit(&DeviceOf(Backend)->Pcm[Stream], Sg, SgCount, Cookie);
}

/* What interrupts tell of otherwise, then the periods. */
CODE_RESIDENT static VOID PollAll(PVIRTIOSND_DEVICE Device, PVIRTIOSND_PCM Pcm)
{
    VirtioPciTransportCheckStatus(&Device->Transport);
    if (Pcm->Starting) {
        VirtIoSndPcmLookForStart(Pcm);
    }
    if (Device->PollingOnly) {
        VirtIoSndControlDrain(&Device->Control);
        VirtIoSndEventqDrain(&Device->Eventq);
    }
    VirtIoSndXferPoll(&Pcm->Xfer);
}

/* The interrupt normally delivers START's answer. Looking here as well costs nothing and makes a lost one harmless;
 * without any interrupt it is the only way. */
static VOID Poll(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    PVIRTIOSND_DEVICE device = DeviceOf(Backend);
    PVIRTIOSND_PCM pcm = &device->Pcm[Stream];

    if (!pcm->Present) {
        return;
    }
    if (pcm->Starting || device->PollingOnly) {
        PollAll(device, pcm);
    } else {
        VirtIoSndXferPoll(&pcm->Xfer);
    }
}

static BOOLEAN QueueBeforeStart(PVIRTIOSND_BACKEND Backend)
{
    return DeviceOf(Backend)->Dialect->QueueBeforeStart;
}

static BOOLEAN Lost(PVIRTIOSND_BACKEND Backend)
{
    PVIRTIO_PCI_TRANSPORT transport = &DeviceOf(Backend)->Transport;

    return (BOOLEAN)(VirtioPciTransportIsGone(transport) || VirtioPciTransportIsBroken(transport));
}

CODE_PAGE static BOOLEAN Holds(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, ULONGLONG Page)
{
    PAGED_CODE();
    return VirtIoSndQueueHolds(DeviceOf(Backend)->Pcm[Stream].Xfer.Queue, Page);
}

static ULONG Streams(PVIRTIOSND_BACKEND Backend)
{
    PVIRTIOSND_DEVICE device = DeviceOf(Backend);
    ULONG set = 0;
    ULONG i;

    for (i = 0; i < VirtIoSndStreamCount; i++) {
        set |= device->Pcm[i].Present ? VIRTIOSND_STREAM_BIT(i) : 0;
    }
    return set;
}

static const VIRTIOSND_BACKEND_OPS VirtioOps = {Open, Start, Stop, Close, Submit, Poll, QueueBeforeStart,
                                               Lost, Holds, Streams};

CODE_PAGE NTSTATUS VirtIoSndBackendVirtioCreate(PVIRTIOSND_DEVICE Device, PVIRTIOSND_BACKEND *Backend)
{
    PBACKEND_VIRTIO backend;

    PAGED_CODE();

    *Backend = NULL;
    backend = ExAllocatePoolWithTag(NonPagedPool, sizeof(*backend), VIRTIOSND_POOL_TAG);
    if (backend == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    backend->Backend.Ops = &VirtioOps;
    backend->Device = Device;
    *Backend = &backend->Backend;
    return STATUS_SUCCESS;
}

CODE_PAGE VOID VirtIoSndBackendDestroy(PVIRTIOSND_BACKEND Backend)
{
    PAGED_CODE();

    if (Backend != NULL) {
        ExFreePoolWithTag(Backend, VIRTIOSND_POOL_TAG);
    }
}
