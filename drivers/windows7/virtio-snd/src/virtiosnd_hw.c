/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bring-up follows virtio 1.2, 3.1.1:
 *
 *     configuration space -> identity -> layout -> map -> reset -> features -> queues
 *         -> messages -> interrupt -> DRIVER_OK -> streams
 *
 * and teardown is the same list from the end. TearDown accepts any half-built
 * device, so that a failed start, a stop and a removal take the same road.
 *
 * The reset stands between the device and its memory: what it may reach is freed
 * only after a reset that was seen to finish. When it was not, that memory is
 * abandoned on purpose. When a device had kept periods that it should have
 * returned, their messages are kept until it has released their streams in its
 * next life. A device that has left the bus reaches nothing.
 *
 * A device may keep streams of an earlier driver through a reset and give their
 * periods back into our rings (QEMU does when it was reset without a RELEASE).
 * Then it is brought up once only to release every stream, and reset again. That
 * is done on evidence alone, since a RELEASE of an idle stream stops other devices.
 */
#include "virtiosnd_hw.h"
#include "trace.h"
#include "virtiosnd_intx.h"
#include "virtiosnd_pci.h"
#include "virtiosnd_rx.h"
#include "virtiosnd_tx.h"

/* Accepted when offered, on every transport: nothing is accepted that is not implemented. */
#define RING_FEATURES (VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_F_RING_EVENT_IDX))

/* One row per endpoint. */
typedef struct _STREAM_KIND {
    UCHAR Direction;
    UCHAR Channels;
    USHORT Queue;
    const VIRTIOSND_XFER_KIND *Xfer;
} STREAM_KIND;

static const STREAM_KIND StreamKinds[VirtIoSndStreamCount] = {
    {VIRTIO_SND_D_OUTPUT, 2, VIRTIO_SND_QUEUE_TX, &VirtIoSndTx}, /* VirtIoSndStreamRender */
    {VIRTIO_SND_D_INPUT, 1, VIRTIO_SND_QUEUE_RX, &VirtIoSndRx},  /* VirtIoSndStreamCapture */
};

CODE_PAGE VOID VirtIoSndDeviceInitialize(PVIRTIOSND_DEVICE Device)
{
    ULONG i;

    PAGED_CODE();

    RtlZeroMemory(Device, sizeof(*Device));
    for (i = 0; i < VIRTIO_SND_QUEUE_COUNT; i++) {
        VirtIoSndQueueInitialize(&Device->Queues[i]);
    }
    for (i = 0; i < VirtIoSndStreamCount; i++) {
        VirtIoSndPcmInitialize(&Device->Pcm[i]);
    }
}

/* Everything that can be judged without touching the device. */
CODE_PAGE static NTSTATUS Identify(PVIRTIOSND_DEVICE Device, PDEVICE_OBJECT BusDevice)
{
    NTSTATUS status;
    ULONG oddities;

    PAGED_CODE();

    Device->Stage = VirtIoSndStageConfig;
    status = VirtIoSndPciReadConfig(BusDevice, VirtIoSndBinding.PciCommand, Device->Config);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Device->Stage = VirtIoSndStageIdentity;
    status = VirtioPciContractCheck(VirtIoSndBinding.Contract, Device->Config, &oddities);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (oddities != 0) {
        VIRTIOSND_TRACE_WARNING("unexpected class or subsystem: 0x%lx\n", oddities);
    }
    Device->Stage = VirtIoSndStageLayout;
    return VirtIoSndBinding.Locate(Device);
}

/* The device is not one that can be used, and why. */
static NTSTATUS Explain(PVIRTIOSND_DEVICE Device, VIRTIOSND_START_PROBLEM Problem, ULONG Detail)
{
    Device->Problem = Problem;
    Device->Detail = Detail;
    return STATUS_DEVICE_CONFIGURATION_ERROR;
}

CODE_PAGE static NTSTATUS CreateQueues(PVIRTIOSND_DEVICE Device)
{
    NTSTATUS status;
    USHORT size;
    USHORT i;

    PAGED_CODE();

    if (VirtioPciTransportQueueCount(&Device->Transport) < VIRTIO_SND_QUEUE_COUNT) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    for (i = 0; i < VIRTIO_SND_QUEUE_COUNT; i++) {
        size = VirtioPciTransportQueueSize(&Device->Transport, i);
        if (!VirtqSplitSizeIsUsable(size)) {
            return Explain(Device, VirtIoSndProblemQueueSize, (ULONG)i << 16 | size);
        }
        /* The period timer polls TX and RX: an interrupt per period would only cost time. */
        status = VirtIoSndQueueCreate(&Device->Queues[i], &Device->Transport, i, (BOOLEAN)(i < VIRTIO_SND_QUEUE_TX));
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    status = VirtIoSndEventqInitialize(&Device->Eventq, &Device->Queues[VIRTIO_SND_QUEUE_EVENT]);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    return VirtIoSndControlInitialize(&Device->Control, &Device->Queues[VIRTIO_SND_QUEUE_CONTROL]);
}

/* A usable line, or permission to do without: then the device is asked to keep quiet. */
CODE_PAGE static NTSTATUS ConnectInterrupt(PVIRTIOSND_DEVICE Device, PCM_RESOURCE_LIST Translated, ULONG Flags)
{
    NTSTATUS status = VirtIoSndIntxConnect(Device, VirtIoSndPciFindInterrupt(Translated));

    PAGED_CODE();

    Device->PollingOnly = FALSE;
    if (NT_SUCCESS(status) || (Flags & VIRTIOSND_START_ALLOW_POLLING) == 0) {
        return status;
    }
    VIRTIOSND_TRACE_WARNING("no interrupt (0x%x), polling\n", status);
    (VOID)VirtIoSndQueueSetInterrupts(&Device->Queues[VIRTIO_SND_QUEUE_CONTROL], FALSE);
    (VOID)VirtIoSndQueueSetInterrupts(&Device->Queues[VIRTIO_SND_QUEUE_EVENT], FALSE);
    Device->PollingOnly = TRUE;
    return STATUS_SUCCESS;
}

/* Does this entry describe a stream that plays or records 48 kHz S16? An entry that the device did not write is zero.
 * The channel counts are advice only (one device lets them go stale), SET_PARAMS decides. */
CODE_PAGE static BOOLEAN StreamFits(const struct virtio_snd_pcm_info *Info, const STREAM_KIND *Kind)
{
    PAGED_CODE();

    return (BOOLEAN)(Info->direction == Kind->Direction &&
                     (Info->formats & ((ULONGLONG)1 << VIRTIO_SND_PCM_FMT_S16)) != 0 &&
                     (Info->rates & ((ULONGLONG)1 << VIRTIO_SND_PCM_RATE_48000)) != 0);
}

/* The first stream for the endpoint, if one can be had with its channels; else the first at all. Count: none. */
CODE_PAGE static ULONG FindStream(const struct virtio_snd_pcm_info *Info, ULONG Count, const STREAM_KIND *Kind)
{
    ULONG found = Count;
    ULONG id;

    PAGED_CODE();

    for (id = 0; id < Count; id++) {
        if (!StreamFits(&Info[id], Kind)) {
            continue;
        }
        if (Info[id].channels_min <= Kind->Channels && Kind->Channels <= Info[id].channels_max) {
            return id;
        }
        if (found == Count) {
            found = id;
        }
    }
    return found;
}

/* Finds the stream of each endpoint. */
CODE_PAGE static NTSTATUS AssignStreams(PVIRTIOSND_DEVICE Device, const struct virtio_snd_pcm_info *Info, ULONG Count)
{
    BOOLEAN found = FALSE;
    PVIRTIOSND_PCM pcm;
    NTSTATUS status;
    ULONG kind;
    ULONG id;

    PAGED_CODE();

    for (kind = 0; kind < VirtIoSndStreamCount; kind++) {
        pcm = &Device->Pcm[kind];
        pcm->Present = FALSE;
        id = FindStream(Info, Count, &StreamKinds[kind]);
        if (id == Count) {
            continue;
        }
        status = VirtIoSndXferInitialize(&pcm->Xfer, StreamKinds[kind].Xfer,
                                         &Device->Queues[StreamKinds[kind].Queue], Device->Dialect, id);
        if (!NT_SUCCESS(status)) {
            return status;
        }
        pcm->StreamId = id;
        pcm->Channels = StreamKinds[kind].Channels;
        pcm->Control = &Device->Control;
        pcm->Dialect = Device->Dialect;
        pcm->PollingOnly = Device->PollingOnly;
        pcm->Usable = TRUE;
        pcm->Present = TRUE;
        found = TRUE;
    }
    return found ? STATUS_SUCCESS : Explain(Device, VirtIoSndProblemNoStream, Device->StreamCount);
}

/* Asks for the streams; the answer also tells the dialect. */
CODE_PAGE static NTSTATUS DiscoverStreams(PVIRTIOSND_DEVICE Device)
{
    struct virtio_snd_pcm_info *info;
    NTSTATUS result;
    ULONG status;
    ULONG count;

    PAGED_CODE();

    Device->StreamCount = VirtioPciTransportReadConfig(&Device->Transport, VIRTIO_SND_CFG_STREAMS);
    count = Device->StreamCount < VIRTIOSND_CONTROL_MAX_STREAMS ? Device->StreamCount : VIRTIOSND_CONTROL_MAX_STREAMS;
    if (count == 0) { /* some devices reject a query for nothing */
        return Explain(Device, VirtIoSndProblemNoStream, 0);
    }
    info = ExAllocatePoolWithTag(NonPagedPool, count * sizeof(*info), VIRTIOSND_POOL_TAG);
    if (info == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    result = VirtIoSndControlPcmInfo(&Device->Control, count, info, &status);
    if (NT_SUCCESS(result)) {
        Device->Dialect = VirtIoSndDialectFromStatus(status);
        result = Device->Dialect != NULL ? AssignStreams(Device, info, count) : STATUS_DEVICE_PROTOCOL_ERROR;
    }
    ExFreePoolWithTag(info, VIRTIOSND_POOL_TAG);
    return result;
}

/* <= DISPATCH. While it is brought up or taken down its state is looked at anyway. */
static VOID TransportBroke(PVOID Context)
{
    PVIRTIOSND_DEVICE device = Context;

    if (device->Started && device->Broke != NULL) {
        device->Broke(device->BrokeContext);
    }
}

/* Everything up to DRIVER_OK. */
CODE_PAGE static NTSTATUS SetUp(PVIRTIOSND_DEVICE Device)
{
    NTSTATUS status;

    PAGED_CODE();

    Device->Stage = VirtIoSndStageMap;
    status = VirtIoSndBinding.Map(Device, Device->Raw, Device->Translated);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Device->Mapped = TRUE;
    if (Device->Removed) {
        VirtioPciTransportGone(&Device->Transport);
    }
    VirtioPciTransportWatch(&Device->Transport, TransportBroke, Device);
    Device->Stage = VirtIoSndStageFeatures;
    status = VirtioPciTransportReset(&Device->Transport);
    if (NT_SUCCESS(status)) {
        status = VirtioPciTransportNegotiate(&Device->Transport, RING_FEATURES, VirtIoSndBinding.FeaturesRequired);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Device->Stage = VirtIoSndStageQueues;
    status = CreateQueues(Device);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Device->Stage = VirtIoSndStageInterrupt;
    status = ConnectInterrupt(Device, Device->Translated, Device->StartFlags);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    VirtioPciTransportDriverOk(&Device->Transport);
    VirtIoSndEventqStart(&Device->Eventq);
    Device->Stage = VirtIoSndStageStreams;
    return STATUS_SUCCESS;
}

/* A ring that came to life only now has nothing in it, and a device that came to life only now wants no reset. */
CODE_RESIDENT static BOOLEAN IsClean(PVIRTIOSND_DEVICE Device)
{
    PVOID cookie;
    ULONG written;
    ULONG i;
    UCHAR status = VirtioPciTransportStatus(&Device->Transport);
    KIRQL irql;

    for (i = VIRTIO_SND_QUEUE_TX; i < VIRTIO_SND_QUEUE_COUNT; i++) {
        KeAcquireSpinLock(&Device->Queues[i].Lock, &irql);
        (VOID)VirtIoSndQueuePop(&Device->Queues[i], &cookie, &written);
        KeReleaseSpinLock(&Device->Queues[i].Lock, irql);
    }
    return (BOOLEAN)(!VirtioPciTransportIsBroken(&Device->Transport) &&
                     (status == 0xFF || (status & VIRTIO_STATUS_NEEDS_RESET) == 0));
}

/* *Clean: FALSE when something of an earlier life came out of the device. */
CODE_PAGE static NTSTATUS BringUp(PVIRTIOSND_DEVICE Device, BOOLEAN *Clean)
{
    NTSTATUS status;

    PAGED_CODE();

    *Clean = TRUE;
    status = SetUp(Device);
    if (NT_SUCCESS(status)) {
        status = DiscoverStreams(Device);
        *Clean = IsClean(Device);
    }
    return NT_SUCCESS(status) && !*Clean ? STATUS_DEVICE_PROTOCOL_ERROR : status;
}

/* TRUE: the device did not finish its reset and may still write to rings and messages. */
CODE_PAGE static BOOLEAN ResetDevice(PVIRTIOSND_DEVICE Device)
{
    NTSTATUS status;

    PAGED_CODE();

    if (!Device->Mapped || VirtioPciTransportIsForsaken(&Device->Transport)) {
        return FALSE;
    }
    status = VirtioPciTransportReset(&Device->Transport);
    if (status == STATUS_DEVICE_NOT_CONNECTED) {
        VirtioPciTransportGone(&Device->Transport);
    }
    return (BOOLEAN)(status == STATUS_IO_TIMEOUT);
}

/* A device may have forgotten its reset for periods that it had not returned: it writes what it says of them until
 * their stream was released in its next life. */
CODE_PAGE static VOID KeepMessages(PVIRTIOSND_DEVICE Device, ULONG Stream)
{
    PVIRTIOSND_XFER xfer = &Device->Pcm[Stream].Xfer;

    PAGED_CODE();

    if (xfer->Slots == NULL || xfer->Transfers == 0 ||
        (VirtioPciTransportIsGone(&Device->Transport) && !VirtioPciTransportIsForsaken(&Device->Transport))) {
        return;
    }
    if (Device->Kept[Stream].Va == NULL) {
        Device->Kept[Stream] = xfer->Messages;
    }
    VirtIoSndDmaAbandon(&xfer->Messages);
}

CODE_PAGE static BOOLEAN HasKept(const VIRTIOSND_DEVICE *Device)
{
    ULONG i;

    PAGED_CODE();

    for (i = 0; i < VirtIoSndStreamCount; i++) {
        if (Device->Kept[i].Va != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Owned: the device still has them, for ever. */
CODE_PAGE static VOID SettleKept(PVIRTIOSND_DEVICE Device, BOOLEAN Owned)
{
    ULONG i;

    PAGED_CODE();

    for (i = 0; i < VirtIoSndStreamCount; i++) {
        if (Owned) {
            VirtIoSndDmaAbandon(&Device->Kept[i]);
        } else {
            VirtIoSndDmaFree(&Device->Kept[i]);
        }
    }
}

CODE_PAGE static VOID TearDown(PVIRTIOSND_DEVICE Device)
{
    BOOLEAN abandon;
    ULONG i;

    PAGED_CODE();

    for (i = VirtIoSndStreamCount; i-- > 0;) {
        VirtIoSndPcmQuiesce(&Device->Pcm[i]);
    }
    Device->WasBroken = VirtioPciTransportIsBroken(&Device->Transport);
    VirtIoSndControlClose(&Device->Control);
    for (i = VIRTIO_SND_QUEUE_COUNT; i-- > 0;) {
        VirtIoSndQueueClose(&Device->Queues[i]);
    }
    abandon = ResetDevice(Device);
    VirtIoSndIntxDisconnect(Device);
    for (i = VirtIoSndStreamCount; i-- > 0;) {
        if (!abandon) {
            KeepMessages(Device, i);
        }
        VirtIoSndXferUninitialize(&Device->Pcm[i].Xfer, abandon);
    }
    VirtIoSndControlUninitialize(&Device->Control, abandon);
    VirtIoSndEventqUninitialize(&Device->Eventq, abandon);
    for (i = VIRTIO_SND_QUEUE_COUNT; i-- > 0;) {
        VirtIoSndQueueDestroy(&Device->Queues[i], abandon);
    }
    if (Device->Mapped) {
        VirtioPciTransportGone(&Device->Transport); /* the registers are about to be unmapped */
        Device->Mapped = FALSE;
    }
    if (VirtIoSndBinding.Unmap != NULL) {
        VirtIoSndBinding.Unmap(Device);
    }
}

/* Brings the device up, releases every stream that it may have, and takes it down again. What lies in its rings is not
 * looked at, and what it answers does not matter; when it answers at all, it owns no memory of an earlier life. */
CODE_PAGE static VOID ReleaseLeftovers(PVIRTIOSND_DEVICE Device)
{
    struct virtio_snd_pcm_hdr request;
    BOOLEAN absent;
    NTSTATUS result;
    ULONG count;
    ULONG status;

    PAGED_CODE();

    result = SetUp(Device);
    absent = (BOOLEAN)(result == STATUS_DEVICE_NOT_CONNECTED);
    if (NT_SUCCESS(result)) {
        VIRTIOSND_TRACE_WARNING("releasing what an earlier driver has left behind\n");
        count = VirtioPciTransportReadConfig(&Device->Transport, VIRTIO_SND_CFG_STREAMS);
        request.code = VIRTIO_SND_R_PCM_RELEASE;
        for (request.stream_id = 0; request.stream_id < count && request.stream_id < VIRTIOSND_CONTROL_MAX_STREAMS &&
                                    NT_SUCCESS(result);
             request.stream_id++) {
            result = VirtIoSndControlSend(&Device->Control, &request, sizeof(request), NULL, &status);
        }
    }
    TearDown(Device);
    if (NT_SUCCESS(result) || absent) {
        SettleKept(Device, FALSE);
    }
}

CODE_PAGE static NTSTATUS BringUpOrRecover(PVIRTIOSND_DEVICE Device)
{
    ULONG recoveries = 0;
    NTSTATUS status;
    BOOLEAN clean = (BOOLEAN)((Device->StartFlags & VIRTIOSND_START_RECOVER) == 0 && !Device->WasBroken &&
                              !HasKept(Device));

    PAGED_CODE();

    for (;;) {
        if (!clean) {
            ReleaseLeftovers(Device);
            recoveries++;
        }
        status = BringUp(Device, &clean);
        if (NT_SUCCESS(status)) {
            return status;
        }
        TearDown(Device);
        if (clean || recoveries > 0) {
            return status;
        }
    }
}

CODE_PAGE static VOID FreeList(PCM_RESOURCE_LIST *List)
{
    PAGED_CODE();

    if (*List != NULL) {
        ExFreePoolWithTag(*List, VIRTIOSND_POOL_TAG);
        *List = NULL;
    }
}

CODE_PAGE static VOID ForgetResources(PVIRTIOSND_DEVICE Device)
{
    PAGED_CODE();

    FreeList(&Device->Translated);
    FreeList(&Device->Raw);
}

/* The lists belong to the request; a device that loses its power is brought up again without one. */
CODE_PAGE static NTSTATUS KeepResources(PVIRTIOSND_DEVICE Device, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated)
{
    PAGED_CODE();

    if (Raw == NULL || Translated == NULL) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    Device->Raw = VirtIoSndPciCopyResources(Raw);
    Device->Translated = VirtIoSndPciCopyResources(Translated);
    if (Device->Raw == NULL || Device->Translated == NULL) {
        ForgetResources(Device);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return STATUS_SUCCESS;
}

CODE_PAGE NTSTATUS VirtIoSndResumeHardware(PVIRTIOSND_DEVICE Device)
{
    NTSTATUS status;

    PAGED_CODE();

    if (Device->Started || Device->Raw == NULL) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    Device->Problem = VirtIoSndProblemStage;
    status = BringUpOrRecover(Device);
    if (!NT_SUCCESS(status)) {
        Device->Detail = Device->Problem == VirtIoSndProblemStage ? (ULONG)Device->Stage : Device->Detail;
        VIRTIOSND_TRACE_ERROR("bring-up failed at stage %d: 0x%x\n", Device->Stage, status);
        return status;
    }
    Device->Stage = VirtIoSndStageStarted;
    Device->Started = TRUE;
    if (VirtioPciTransportIsBroken(&Device->Transport)) {
        TransportBroke(Device); /* just before */
    }
    return STATUS_SUCCESS;
}

CODE_PAGE NTSTATUS VirtIoSndStartHardware(PVIRTIOSND_DEVICE Device, PDEVICE_OBJECT BusDevice, PCM_RESOURCE_LIST Raw,
                                          PCM_RESOURCE_LIST Translated, ULONG Flags)
{
    NTSTATUS status;

    PAGED_CODE();

    if (Device->Started || Device->Raw != NULL) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    Device->StartFlags = Flags;
    status = Identify(Device, BusDevice);
    if (NT_SUCCESS(status)) {
        Device->Stage = VirtIoSndStageMap;
        status = KeepResources(Device, Raw, Translated);
    }
    if (NT_SUCCESS(status)) {
        status = VirtIoSndResumeHardware(Device);
    }
    if (!NT_SUCCESS(status)) {
        ForgetResources(Device);
    }
    return status;
}

CODE_PAGE VOID VirtIoSndSuspendHardware(PVIRTIOSND_DEVICE Device)
{
    PAGED_CODE();

    if (Device->Started) {
        TearDown(Device);
        Device->Started = FALSE;
    }
}

CODE_PAGE VOID VirtIoSndDeviceWatch(PVIRTIOSND_DEVICE Device, PVIRTIOSND_BROKE Broke, PVOID Context)
{
    PAGED_CODE();

    Device->Broke = Broke;
    Device->BrokeContext = Context;
}

BOOLEAN VirtIoSndIsBroken(const VIRTIOSND_DEVICE *Device)
{
    return (BOOLEAN)(Device->Started && VirtioPciTransportIsBroken(&Device->Transport));
}

CODE_PAGE VOID VirtIoSndForsakeHardware(PVIRTIOSND_DEVICE Device)
{
    ULONG i;

    PAGED_CODE();

    VirtioPciTransportForsake(&Device->Transport);
    for (i = VirtIoSndStreamCount; i-- > 0;) {
        VirtIoSndPcmQuiesce(&Device->Pcm[i]);
    }
}

CODE_PAGE VOID VirtIoSndStopHardware(PVIRTIOSND_DEVICE Device, BOOLEAN Powered)
{
    PAGED_CODE();

    VirtIoSndSuspendHardware(Device);
    if (HasKept(Device) && Device->Raw != NULL) {
        if (Powered || Device->Removed) {
            ReleaseLeftovers(Device);
        }
        SettleKept(Device, TRUE);
    }
    ForgetResources(Device);
}

VOID VirtIoSndHardwareGone(PVIRTIOSND_DEVICE Device)
{
    InterlockedExchange(&Device->Removed, 1);
    VirtioPciTransportGone(&Device->Transport);
}
