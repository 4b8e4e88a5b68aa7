/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_pcm.h"
#include "trace.h"
#include "virtiosnd_wait.h"

/* What ending a stream may take in all, in 1/1024 s: STOP with all that it waits for, then RELEASE, then the periods
 * that come back; the last has a part of its own, since it is what the memory depends on. */
#define STOP_TIMEOUT VIRTIOSND_SECOND
#define CLOSE_TIMEOUT (2u * VIRTIOSND_SECOND)
#define DRAIN_SHARE (VIRTIOSND_SECOND / 4u)

CODE_PAGE VOID VirtIoSndPcmInitialize(PVIRTIOSND_PCM Pcm)
{
    PAGED_CODE();

    RtlZeroMemory(Pcm, sizeof(*Pcm));
    KeInitializeMutex(&Pcm->Mutex, 0);
}

/* ACRN answers RELEASE first and lets go of the stream later; SET_PARAMS is BAD_MSG until then. */
#define SET_PARAMS_TRIES 8u

static VOID Lock(PVIRTIOSND_PCM Pcm)
{
    KeWaitForSingleObject(&Pcm->Mutex, Executive, KernelMode, FALSE, NULL);
}

static VOID Unlock(PVIRTIOSND_PCM Pcm)
{
    KeReleaseMutex(&Pcm->Mutex, FALSE);
}

static VOID SetState(PVIRTIOSND_PCM Pcm, VIRTIOSND_PCM_STATE State)
{
    InterlockedExchange(&Pcm->State, (LONG)State);
}

/* PASSIVE. A command that consists of the code and the stream id. By: as for VirtIoSndControlSend. */
static NTSTATUS Command(PVIRTIOSND_PCM Pcm, ULONG Code, const VIRTIOSND_DEADLINE *By)
{
    struct virtio_snd_pcm_hdr request;
    NTSTATUS result;
    ULONG status;

    request.code = Code;
    request.stream_id = Pcm->StreamId;
    result = VirtIoSndControlSend(Pcm->Control, &request, sizeof(request), By, &status);
    if (!NT_SUCCESS(result)) {
        return result;
    }
    result = VirtIoSndStatusToNtStatus(Pcm->Dialect, status);
    VIRTIOSND_TRACE("stream %lu: command 0x%lx, status 0x%lx\n", Pcm->StreamId, Code, status);
    return result;
}

static NTSTATUS SetParams(PVIRTIOSND_PCM Pcm, const VIRTIOSND_STREAM_CONFIG *Config)
{
    struct virtio_snd_pcm_set_params request;
    NTSTATUS result;
    ULONG status;

    request.code = VIRTIO_SND_R_PCM_SET_PARAMS;
    request.stream_id = Pcm->StreamId;
    request.buffer_bytes = Config->BufferBytes;
    request.period_bytes = Config->PeriodBytes;
    request.features = 0;
    request.channels = Pcm->Channels;
    request.format = VIRTIO_SND_PCM_FMT_S16;
    request.rate = VIRTIO_SND_PCM_RATE_48000;
    request.padding = 0;
    result = VirtIoSndControlSend(Pcm->Control, &request, sizeof(request), NULL, &status);
    return NT_SUCCESS(result) ? VirtIoSndStatusToNtStatus(Pcm->Dialect, status) : result;
}

/* Mutex held, state Idle. */
static NTSTATUS Prepare(PVIRTIOSND_PCM Pcm, const VIRTIOSND_STREAM_CONFIG *Config)
{
    NTSTATUS status = SetParams(Pcm, Config);
    ULONG tries;

    for (tries = 1; status == STATUS_INVALID_PARAMETER && Pcm->Released && tries < SET_PARAMS_TRIES; tries++) {
        VirtIoSndPause(NULL);
        status = SetParams(Pcm, Config);
    }
    if (status == STATUS_IO_TIMEOUT) {
        SetState(Pcm, VirtIoSndPcmPrepared); /* the device may have done it: it is owed a RELEASE */
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    SetState(Pcm, VirtIoSndPcmPrepared);
    status = Command(Pcm, VIRTIO_SND_R_PCM_PREPARE, NULL);
    Pcm->NeverStarted = (BOOLEAN)NT_SUCCESS(status);
    if (!NT_SUCCESS(status) && status != STATUS_IO_TIMEOUT && Pcm->Dialect->QueueBeforeStart) {
        SetState(Pcm, VirtIoSndPcmIdle); /* 5.14.6.6.1: RELEASE does not follow SET_PARAMS; Aero's takes it anywhere */
    }
    return status;
}

static BOOLEAN ConfigIsValid(const VIRTIOSND_PCM *Pcm, const VIRTIOSND_STREAM_CONFIG *Config)
{
    ULONG frame = Pcm->Channels * (ULONG)sizeof(SHORT);

    return (BOOLEAN)(Config->PeriodBytes > 0 && Config->PeriodBytes <= VIRTIO_SND_MAX_PCM_BYTES &&
                     Config->PeriodBytes % frame == 0 && Config->BufferBytes >= Config->PeriodBytes &&
                     Config->BufferBytes % Config->PeriodBytes == 0 && Config->PeriodDone != NULL &&
                     Config->StartDone != NULL && Config->Attention != NULL);
}

VOID VirtIoSndPcmLookForStart(PVIRTIOSND_PCM Pcm)
{
    VirtIoSndControlDrain(Pcm->Control);
    if (VirtIoSndControlIsClosed(Pcm->Control)) {
        Pcm->StartDone(Pcm->Context, STATUS_DEVICE_NOT_CONNECTED); /* there will be no answer */
    }
}

/* Mutex held. Waits for a START that is on its way, its callback included. */
CODE_RESIDENT static VOID AwaitStart(PVIRTIOSND_PCM Pcm, const VIRTIOSND_DEADLINE *Deadline)
{
    KIRQL irql;

    while (Pcm->Starting) {
        VirtIoSndControlDrain(Pcm->Control);
        if (Pcm->Starting && (VirtIoSndDeadlinePassed(Deadline) || VirtIoSndControlIsClosed(Pcm->Control)) &&
            VirtIoSndControlCancel(Pcm->Control, Pcm->StartSlot, Pcm)) {
            KeRaiseIrql(DISPATCH_LEVEL, &irql);
            Pcm->StartDone(Pcm->Context, STATUS_DEVICE_NOT_CONNECTED); /* whoever waits for it need not any more */
            KeLowerIrql(irql);
            InterlockedExchange(&Pcm->Starting, 0); /* state stays Starting: whether it runs is not known */
            return;
        }
        if (Pcm->Starting) {
            VirtIoSndPause(NULL);
        }
    }
}

/* On a device that paces, completions are news; one that answers at once is polled by whoever submits. TRUE: some came
 * before anybody listened. */
static BOOLEAN Listen(PVIRTIOSND_PCM Pcm)
{
    if (Pcm->Dialect->QueueBeforeStart && !Pcm->PollingOnly) {
        InterlockedExchange(&Pcm->Attentive, 1);
        return VirtIoSndQueueSetInterrupts(Pcm->Xfer.Queue, TRUE);
    }
    return FALSE;
}

/* Mutex held. Afterwards Attention does not run. */
static VOID StopListening(PVIRTIOSND_PCM Pcm)
{
    if (InterlockedExchange(&Pcm->Attentive, 0) == 0) {
        return;
    }
    (VOID)VirtIoSndQueueSetInterrupts(Pcm->Xfer.Queue, FALSE);
    while (Pcm->Attending != 0) {
        VirtIoSndPause(NULL);
    }
}

VOID VirtIoSndPcmInterrupted(PVIRTIOSND_PCM Pcm)
{
    InterlockedIncrement(&Pcm->Attending);
    if (Pcm->Attentive) {
        Pcm->Attention(Pcm->Context);
    }
    InterlockedDecrement(&Pcm->Attending);
}

/* Mutex held. */
CODE_RESIDENT static NTSTATUS StopLocked(PVIRTIOSND_PCM Pcm)
{
    NTSTATUS status = STATUS_SUCCESS;
    VIRTIOSND_DEADLINE deadline;
    VIRTIOSND_DEADLINE begun;

    VirtIoSndDeadlineStart(&begun, 0);
    VirtIoSndDeadlineStart(&deadline, STOP_TIMEOUT);
    AwaitStart(Pcm, &deadline);
    StopListening(Pcm);
    if (Pcm->State == VirtIoSndPcmRunning || Pcm->State == VirtIoSndPcmStarting) {
        InterlockedExchange(&Pcm->Stopped, 1);
        status = Command(Pcm, VIRTIO_SND_R_PCM_STOP, &deadline);
        SetState(Pcm, VirtIoSndPcmPrepared);
        VirtIoSndDeadlineStart(&deadline, 0);
        Pcm->StopCost = deadline.Counter - begun.Counter;
    }
    return status;
}

/* Mutex held. Back to Idle, whatever the device says. */
CODE_RESIDENT static NTSTATUS CloseLocked(PVIRTIOSND_PCM Pcm, NTSTATUS Lost)
{
    VIRTIOSND_DEADLINE released;
    VIRTIOSND_DEADLINE returned;

    if (Pcm->State == VirtIoSndPcmIdle) {
        StopListening(Pcm); /* a Start that failed beside the Close that led here may have listened after it */
        return Pcm->CloseStatus;
    }
    (VOID)StopLocked(Pcm);
    VirtIoSndDeadlineStart(&released, CLOSE_TIMEOUT - DRAIN_SHARE);
    VirtIoSndDeadlineStart(&returned, CLOSE_TIMEOUT);
    released.Counter -= Pcm->StopCost; /* just now, or when the stream was paused */
    returned.Counter -= Pcm->StopCost;
    if (Pcm->NeverStarted && Pcm->Dialect->QueueBeforeStart) { /* RELEASE from here would lose ACRN's stream for good */
        InterlockedExchange(&Pcm->Stopped, 1);
        if (NT_SUCCESS(Command(Pcm, VIRTIO_SND_R_PCM_START, &released))) {
            (VOID)Command(Pcm, VIRTIO_SND_R_PCM_STOP, &released);
        }
    }
    Pcm->NeverStarted = FALSE;
    (VOID)Command(Pcm, VIRTIO_SND_R_PCM_RELEASE, &released);
    if (VirtioPciTransportIsBroken(Pcm->Control->Queue->Transport)) {
        VirtioPciTransportForsake(Pcm->Control->Queue->Transport); /* the only way to have the periods back */
    }
    SetState(Pcm, VirtIoSndPcmIdle);
    Pcm->Released = (BOOLEAN)(InterlockedExchange(&Pcm->Stopped, 0) != 0);
    VirtIoSndDeadlineStart(&released, VIRTIOSND_SECOND);
    VirtIoSndDeadlineLimit(&returned, &released);
    Pcm->CloseStatus = VirtIoSndXferClose(&Pcm->Xfer, &returned, Lost);
    return Pcm->CloseStatus;
}

CODE_PAGE NTSTATUS VirtIoSndPcmOpen(PVIRTIOSND_PCM Pcm, const VIRTIOSND_STREAM_CONFIG *Config)
{
    NTSTATUS status;

    PAGED_CODE();
    if (!Pcm->Present) {
        return STATUS_NOT_SUPPORTED;
    }
    if (!ConfigIsValid(Pcm, Config)) {
        return STATUS_INVALID_PARAMETER;
    }
    Lock(Pcm);
    if (!Pcm->Usable) {
        status = STATUS_DEVICE_NOT_CONNECTED;
    } else if (Pcm->State != VirtIoSndPcmIdle) {
        status = STATUS_INVALID_DEVICE_STATE;
    } else {
        Pcm->CloseStatus = STATUS_SUCCESS;
        Pcm->StopCost = 0;
        Pcm->StartDone = Config->StartDone;
        Pcm->Attention = Config->Attention;
        Pcm->Context = Config->Context;
        status = Prepare(Pcm, Config);
        if (NT_SUCCESS(status)) {
            VirtIoSndXferOpen(&Pcm->Xfer, Config);
        } else {
            (VOID)CloseLocked(Pcm, status);
        }
    }
    Unlock(Pcm);
    return status;
}

/* DISPATCH. START was answered. Starting is cleared last: who sees 0 knows that the callback is over. */
static VOID StartAnswered(PVOID Context, ULONG Status)
{
    PVIRTIOSND_PCM pcm = Context;
    NTSTATUS status = VirtIoSndStatusToNtStatus(pcm->Dialect, Status);

    SetState(pcm, NT_SUCCESS(status) ? VirtIoSndPcmRunning : VirtIoSndPcmPrepared);
    if (NT_SUCCESS(status)) {
        InterlockedExchange(&pcm->Stopped, 0);
    }
    pcm->StartDone(pcm->Context, status);
    InterlockedExchange(&pcm->Starting, 0);
}

NTSTATUS VirtIoSndPcmStart(PVIRTIOSND_PCM Pcm)
{
    struct virtio_snd_pcm_hdr request;
    const BOOLEAN never = Pcm->NeverStarted;
    BOOLEAN missed;
    NTSTATUS status;
    KIRQL irql;

    if (!Pcm->Present || Pcm->Starting ||
        InterlockedCompareExchange(&Pcm->State, VirtIoSndPcmStarting, VirtIoSndPcmPrepared) != VirtIoSndPcmPrepared) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    InterlockedExchange(&Pcm->Starting, 1);
    Pcm->NeverStarted = FALSE;
    missed = Listen(Pcm);
    request.code = VIRTIO_SND_R_PCM_START;
    request.stream_id = Pcm->StreamId;
    status = VirtIoSndControlSendAsync(Pcm->Control, &request, sizeof(request), StartAnswered, Pcm, &Pcm->StartSlot);
    if (!NT_SUCCESS(status)) {
        Pcm->NeverStarted = never;
        SetState(Pcm, VirtIoSndPcmPrepared);
        InterlockedExchange(&Pcm->Starting, 0);
    } else {
        VirtIoSndControlDrain(Pcm->Control); /* most devices have answered by now: no need for the interrupt */
        if (missed) {
            KeRaiseIrql(DISPATCH_LEVEL, &irql);
            VirtIoSndPcmInterrupted(Pcm); /* the interrupt that will not come */
            KeLowerIrql(irql);
        }
    }
    return status;
}

NTSTATUS VirtIoSndPcmStop(PVIRTIOSND_PCM Pcm)
{
    NTSTATUS status;

    if (!Pcm->Present) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    Lock(Pcm);
    status = Pcm->Usable ? StopLocked(Pcm) : STATUS_DEVICE_NOT_CONNECTED;
    Unlock(Pcm);
    return status;
}

NTSTATUS VirtIoSndPcmClose(PVIRTIOSND_PCM Pcm)
{
    NTSTATUS status;

    if (!Pcm->Present) {
        return STATUS_SUCCESS;
    }
    Lock(Pcm);
    status = CloseLocked(Pcm, STATUS_CANCELLED);
    Unlock(Pcm);
    return status;
}

NTSTATUS VirtIoSndPcmSubmit(PVIRTIOSND_PCM Pcm, const VIRTIOSND_SG *Sg, ULONG SgCount, ULONG_PTR Cookie)
{
    LONG state = Pcm->State;

    if (!Pcm->Present || state == VirtIoSndPcmIdle ||
        (!Pcm->Dialect->QueueBeforeStart && state != VirtIoSndPcmRunning)) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    if (Pcm->Stopped) {
        return STATUS_DEVICE_BUSY; /* vhost-device-sound takes periods before START, but none between STOP and START */
    }
    return VirtIoSndXferSubmit(&Pcm->Xfer, Sg, SgCount, Cookie);
}

VOID VirtIoSndPcmQuiesce(PVIRTIOSND_PCM Pcm)
{
    if (!Pcm->Present) {
        return;
    }
    Lock(Pcm);
    if (Pcm->Usable) {
        (VOID)CloseLocked(Pcm, STATUS_DEVICE_NOT_CONNECTED);
        Pcm->Usable = FALSE;
    }
    Unlock(Pcm);
}
