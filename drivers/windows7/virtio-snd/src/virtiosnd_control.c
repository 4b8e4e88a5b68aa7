/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages: one slot after the other, then the room for PCM_INFO's entries.
 *
 *     slot:  | request 32 | answer's status 4, padded to 16 |
 *
 * Descriptor shapes are those of Linux, which some devices take for granted:
 * PCM_INFO is out + in{4} + in{entries}, everything else out + in{4}.
 *
 * used.len is not looked at: devices disagree about it. The answer is filled with
 * a status that nobody writes, so what the device left alone is an error.
 *
 * Nothing here is pageable but the set-up: all of it takes the queue's lock.
 */
#include "virtiosnd_control.h"
#include "trace.h"

#define SLOT_BYTES 48u
#define ANSWER_OFFSET VIRTIOSND_CONTROL_REQUEST_MAX
#define INFO_OFFSET (VIRTIOSND_CONTROL_SLOTS * SLOT_BYTES)
#define INFO_BYTES (VIRTIOSND_CONTROL_MAX_STREAMS * (ULONG)sizeof(struct virtio_snd_pcm_info))
#define MAX_PARTS 3u

/* What to send: Bytes at Request; InfoBytes: room for PCM_INFO's entries, 0 for other requests. */
typedef struct _CONTROL_MESSAGE {
    const VOID *Request;
    ULONG Bytes;
    ULONG InfoBytes;
    PVIRTIOSND_CONTROL_DONE Done;
    PVOID Context;
} CONTROL_MESSAGE;

CODE_PAGE NTSTATUS VirtIoSndControlInitialize(PVIRTIOSND_CONTROL Control, PVIRTIOSND_QUEUE Queue)
{
    ULONG i;

    PAGED_CODE();

    RtlZeroMemory(Control, sizeof(*Control));
    Control->Queue = Queue;
    for (i = 0; i < VIRTIOSND_CONTROL_SLOTS; i++) {
        KeInitializeEvent(&Control->Slots[i].Event, NotificationEvent, FALSE);
    }
    return VirtIoSndDmaAllocate(&Control->Messages, INFO_OFFSET + INFO_BYTES);
}

CODE_PAGE VOID VirtIoSndControlUninitialize(PVIRTIOSND_CONTROL Control, BOOLEAN Abandon)
{
    PAGED_CODE();

    if (Abandon && Control->Unanswered > 0) { /* nobody waits any more: what was not answered was abandoned */
        VirtIoSndDmaAbandon(&Control->Messages);
    }
    VirtIoSndDmaFree(&Control->Messages);
}

BOOLEAN VirtIoSndControlIsClosed(const VIRTIOSND_CONTROL *Control)
{
    return (BOOLEAN)(Control->Closed || VirtioPciTransportIsGone(Control->Queue->Transport) ||
                     VirtioPciTransportIsBroken(Control->Queue->Transport));
}

static volatile ULONG *AnswerOf(PVIRTIOSND_CONTROL Control, ULONG Slot)
{
    return (volatile ULONG *)(PVOID)(Control->Messages.Va + Slot * SLOT_BYTES + ANSWER_OFFSET);
}

static ULONG FindFreeSlot(const VIRTIOSND_CONTROL *Control)
{
    ULONG i;

    for (i = 0; i < VIRTIOSND_CONTROL_SLOTS; i++) {
        if (Control->Slots[i].State == VirtIoSndControlFree) {
            break;
        }
    }
    return i;
}

/* Lock held. Fills Parts; returns their number. */
static ULONG BuildParts(PVIRTIOSND_CONTROL Control, ULONG Slot, const CONTROL_MESSAGE *Message, VIRTIOSND_SG *Parts)
{
    ULONGLONG base = Control->Messages.Physical + Slot * SLOT_BYTES;

    RtlCopyMemory(Control->Messages.Va + Slot * SLOT_BYTES, Message->Request, Message->Bytes);
    *AnswerOf(Control, Slot) = VIRTIOSND_STATUS_UNWRITTEN;
    Parts[0].Address = base;
    Parts[0].Length = Message->Bytes;
    Parts[0].Write = FALSE;
    Parts[1].Address = base + ANSWER_OFFSET;
    Parts[1].Length = sizeof(struct virtio_snd_hdr);
    Parts[1].Write = TRUE;
    if (Message->InfoBytes == 0) {
        return 2;
    }
    RtlZeroMemory(Control->Messages.Va + INFO_OFFSET, INFO_BYTES);
    Parts[2].Address = Control->Messages.Physical + INFO_OFFSET;
    Parts[2].Length = Message->InfoBytes;
    Parts[2].Write = TRUE;
    return 3;
}

/* Lock held. *Slot: the request's slot. */
static NTSTATUS Send(PVIRTIOSND_CONTROL Control, const CONTROL_MESSAGE *Message, ULONG *Slot)
{
    VIRTIOSND_SG parts[MAX_PARTS];
    VIRTIOSND_CONTROL_SLOT *slot;
    NTSTATUS status;
    ULONG count;

    if (VirtIoSndControlIsClosed(Control)) {
        return STATUS_DEVICE_NOT_CONNECTED;
    }
    *Slot = FindFreeSlot(Control);
    if (*Slot == VIRTIOSND_CONTROL_SLOTS) {
        return STATUS_DEVICE_BUSY;
    }
    slot = &Control->Slots[*Slot];
    count = BuildParts(Control, *Slot, Message, parts);
    status = VirtIoSndQueueAdd(Control->Queue, parts, count, slot);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    slot->State = VirtIoSndControlSent;
    slot->Done = Message->Done;
    slot->Context = Message->Context;
    slot->Status = VIRTIOSND_STATUS_UNWRITTEN;
    KeClearEvent(&slot->Event);
    VirtIoSndQueueKick(Control->Queue);
    return STATUS_SUCCESS;
}

/* Lock held. Takes one answer from the ring. TRUE: *Completed has a callback to be made, a copy of its slot. */
static BOOLEAN TakeAnswer(PVIRTIOSND_CONTROL Control, VIRTIOSND_CONTROL_SLOT *Slot, VIRTIOSND_CONTROL_SLOT *Completed)
{
    Slot->Status = *AnswerOf(Control, (ULONG)(Slot - Control->Slots));
    if (Slot->State == VirtIoSndControlAbandoned) {
        Slot->State = VirtIoSndControlFree; /* too late for its sender, but the memory is ours again */
        Control->Unanswered--;
        return FALSE;
    }
    if (Slot->Done == NULL) {
        Slot->State = VirtIoSndControlAnswered;
        KeSetEvent(&Slot->Event, IO_NO_INCREMENT, FALSE);
        return FALSE;
    }
    *Completed = *Slot;
    Slot->State = VirtIoSndControlFree;
    return TRUE;
}

VOID VirtIoSndControlDrain(PVIRTIOSND_CONTROL Control)
{
    VIRTIOSND_CONTROL_SLOT completed;
    PVOID cookie;
    ULONG written;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeAcquireSpinLockAtDpcLevel(&Control->Queue->Lock);
    if (Control->Draining) {
        KeReleaseSpinLockFromDpcLevel(&Control->Queue->Lock);
        KeLowerIrql(irql);
        return; /* whoever drains looks again before it stops */
    }
    Control->Draining = TRUE;
    while (VirtIoSndQueuePop(Control->Queue, &cookie, &written)) {
        if (TakeAnswer(Control, cookie, &completed)) {
            KeReleaseSpinLockFromDpcLevel(&Control->Queue->Lock);
            completed.Done(completed.Context, completed.Status);
            KeAcquireSpinLockAtDpcLevel(&Control->Queue->Lock);
        }
    }
    Control->Draining = FALSE;
    KeReleaseSpinLockFromDpcLevel(&Control->Queue->Lock);
    KeLowerIrql(irql);
}

/* PASSIVE. Waits for a slot that was Sent without a callback, and gives the slot back or up. */
static NTSTATUS AwaitAnswer(PVIRTIOSND_CONTROL Control, ULONG Slot, const VIRTIOSND_DEADLINE *Deadline, ULONG *Status)
{
    VIRTIOSND_CONTROL_SLOT *slot = &Control->Slots[Slot];
    NTSTATUS result = STATUS_PENDING;
    BOOLEAN late;
    KIRQL irql;

    for (;;) {
        late = VirtIoSndDeadlinePassed(Deadline);
        VirtIoSndControlDrain(Control);
        KeAcquireSpinLock(&Control->Queue->Lock, &irql);
        if (slot->State == VirtIoSndControlAnswered) {
            *Status = slot->Status;
            slot->State = VirtIoSndControlFree;
            result = STATUS_SUCCESS;
        } else if (late || VirtIoSndControlIsClosed(Control)) {
            slot->State = VirtIoSndControlAbandoned;
            Control->Unanswered++;
            result = late ? STATUS_IO_TIMEOUT : STATUS_DEVICE_NOT_CONNECTED;
        }
        KeReleaseSpinLock(&Control->Queue->Lock, irql);
        if (result != STATUS_PENDING) {
            return result;
        }
        VirtIoSndPause(&slot->Event);
    }
}

/* By: NULL, or when to give up at the latest. */
static NTSTATUS SendAndWait(PVIRTIOSND_CONTROL Control, const CONTROL_MESSAGE *Message, const VIRTIOSND_DEADLINE *By,
                            ULONG *Status)
{
    VIRTIOSND_DEADLINE deadline;
    NTSTATUS result;
    ULONG timeout;
    ULONG slot;
    KIRQL irql;

    *Status = VIRTIOSND_STATUS_UNWRITTEN;
    VirtIoSndControlDrain(Control);
    KeAcquireSpinLock(&Control->Queue->Lock, &irql);
    Control->Waiters++;
    timeout = Control->Unanswered > 0 ? VIRTIOSND_CONTROL_TIMEOUT_SICK : VIRTIOSND_CONTROL_TIMEOUT;
    result = Send(Control, Message, &slot);
    KeReleaseSpinLock(&Control->Queue->Lock, irql);
    VirtIoSndDeadlineStart(&deadline, timeout);
    if (By != NULL) {
        VirtIoSndDeadlineLimit(&deadline, By);
    }
    if (NT_SUCCESS(result)) {
        result = AwaitAnswer(Control, slot, &deadline, Status);
    }
    KeAcquireSpinLock(&Control->Queue->Lock, &irql);
    Control->Waiters--;
    KeReleaseSpinLock(&Control->Queue->Lock, irql);
    if (result == STATUS_IO_TIMEOUT) { /* perhaps it wants a reset, and without an interrupt nobody has heard of it */
        VirtioPciTransportCheckStatus(Control->Queue->Transport);
    }
    if (!NT_SUCCESS(result)) {
        VIRTIOSND_TRACE_ERROR("control request 0x%x failed: 0x%x\n", *(const ULONG *)Message->Request, result);
    }
    return result;
}

NTSTATUS VirtIoSndControlSend(PVIRTIOSND_CONTROL Control, const VOID *Request, ULONG Bytes,
                              const VIRTIOSND_DEADLINE *By, ULONG *Status)
{
    CONTROL_MESSAGE message;

    message.Request = Request;
    message.Bytes = Bytes;
    message.InfoBytes = 0;
    message.Done = NULL;
    message.Context = NULL;
    return SendAndWait(Control, &message, By, Status);
}

NTSTATUS VirtIoSndControlPcmInfo(PVIRTIOSND_CONTROL Control, ULONG Count, struct virtio_snd_pcm_info *Info,
                                 ULONG *Status)
{
    struct virtio_snd_query_info query;
    CONTROL_MESSAGE message;
    NTSTATUS result;

    query.code = VIRTIO_SND_R_PCM_INFO;
    query.start_id = 0;
    query.count = Count;
    query.size = sizeof(struct virtio_snd_pcm_info);
    message.Request = &query;
    message.Bytes = sizeof(query);
    message.InfoBytes = Count * (ULONG)sizeof(struct virtio_snd_pcm_info);
    message.Done = NULL;
    message.Context = NULL;
    result = SendAndWait(Control, &message, NULL, Status);
    if (NT_SUCCESS(result)) {
        RtlCopyMemory(Info, Control->Messages.Va + INFO_OFFSET, message.InfoBytes);
    }
    return result;
}

NTSTATUS VirtIoSndControlSendAsync(PVIRTIOSND_CONTROL Control, const VOID *Request, ULONG Bytes,
                                   PVIRTIOSND_CONTROL_DONE Done, PVOID Context, ULONG *Slot)
{
    CONTROL_MESSAGE message;
    NTSTATUS status;
    KIRQL irql;

    message.Request = Request;
    message.Bytes = Bytes;
    message.InfoBytes = 0;
    message.Done = Done;
    message.Context = Context;
    KeAcquireSpinLock(&Control->Queue->Lock, &irql);
    status = Send(Control, &message, Slot);
    KeReleaseSpinLock(&Control->Queue->Lock, irql);
    return status;
}

BOOLEAN VirtIoSndControlCancel(PVIRTIOSND_CONTROL Control, ULONG Slot, PVOID Context)
{
    VIRTIOSND_CONTROL_SLOT *slot = &Control->Slots[Slot];
    BOOLEAN cancelled = FALSE;
    KIRQL irql;

    KeAcquireSpinLock(&Control->Queue->Lock, &irql);
    if (slot->State == VirtIoSndControlSent && slot->Done != NULL && slot->Context == Context) {
        slot->State = VirtIoSndControlAbandoned;
        Control->Unanswered++;
        cancelled = TRUE;
    }
    KeReleaseSpinLock(&Control->Queue->Lock, irql);
    return cancelled;
}

VOID VirtIoSndControlRefuse(PVIRTIOSND_CONTROL Control)
{
    KIRQL irql;

    KeAcquireSpinLock(&Control->Queue->Lock, &irql);
    Control->Closed = TRUE;
    KeReleaseSpinLock(&Control->Queue->Lock, irql);
}

VOID VirtIoSndControlClose(PVIRTIOSND_CONTROL Control)
{
    BOOLEAN busy;
    KIRQL irql;

    if (Control->Queue == NULL) {
        return;
    }
    VirtIoSndControlRefuse(Control);
    for (;;) {
        KeAcquireSpinLock(&Control->Queue->Lock, &irql);
        busy = (BOOLEAN)(Control->Waiters > 0 || Control->Draining);
        KeReleaseSpinLock(&Control->Queue->Lock, irql);
        if (!busy) {
            return;
        }
        VirtIoSndPause(NULL);
    }
}
