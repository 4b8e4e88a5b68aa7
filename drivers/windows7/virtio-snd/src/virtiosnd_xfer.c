/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages: 16 bytes each, | header 8 | status 8 |. The header is written once: it
 * is the same for every transfer of the stream. An indirect table has the message of
 * its own number, so of a table that was laid out before only the addresses and
 * lengths of the data change. Without tables a slot has the message of its number.
 *
 * Nothing here is pageable but the set-up: all of it takes the queue's lock.
 */
#include "virtiosnd_xfer.h"
#include "trace.h"

#define MESSAGE_BYTES 16u
#define STATUS_OFFSET 8u
#define STATUS_BYTES ((ULONG)sizeof(struct virtio_snd_pcm_status))
#define FRAME_PARTS 2u /* header and status */

/* A period that goes back to its owner. */
typedef struct _XFER_REPORT {
    ULONG_PTR Cookie;
    ULONG Bytes;
    NTSTATUS Result;
} XFER_REPORT;

CODE_PAGE NTSTATUS VirtIoSndXferInitialize(PVIRTIOSND_XFER Xfer, const VIRTIOSND_XFER_KIND *Kind,
                                           PVIRTIOSND_QUEUE Queue, const VIRTIOSND_DIALECT *Dialect, ULONG StreamId)
{
    SIZE_T bytes = VIRTIOSND_XFER_SLOTS * sizeof(VIRTIOSND_XFER_SLOT);
    struct virtio_snd_pcm_xfer *header;
    NTSTATUS status;
    ULONG i;

    PAGED_CODE();

    RtlZeroMemory(Xfer, sizeof(*Xfer));
    status = VirtIoSndDmaAllocate(&Xfer->Messages, VIRTIOSND_XFER_SLOTS * MESSAGE_BYTES);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Xfer->Slots = ExAllocatePoolWithTag(NonPagedPool, bytes, VIRTIOSND_POOL_TAG);
    if (Xfer->Slots == NULL) {
        VirtIoSndDmaFree(&Xfer->Messages);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Xfer->Slots, bytes);
    for (i = 0; i < VIRTIOSND_XFER_SLOTS; i++) {
        header = (struct virtio_snd_pcm_xfer *)(PVOID)(Xfer->Messages.Va + i * MESSAGE_BYTES);
        header->stream_id = StreamId;
    }
    Xfer->Queue = Queue;
    Xfer->Kind = Kind;
    Xfer->Dialect = Dialect;
    return STATUS_SUCCESS;
}

CODE_PAGE VOID VirtIoSndXferUninitialize(PVIRTIOSND_XFER Xfer, BOOLEAN Abandon)
{
    PAGED_CODE();

    if (Xfer->Slots == NULL) {
        return;
    }
    if (Abandon && Xfer->Transfers > 0) {
        VirtIoSndDmaAbandon(&Xfer->Messages);
    }
    VirtIoSndDmaFree(&Xfer->Messages);
    ExFreePoolWithTag(Xfer->Slots, VIRTIOSND_POOL_TAG);
    Xfer->Slots = NULL;
}

VOID VirtIoSndXferOpen(PVIRTIOSND_XFER Xfer, const VIRTIOSND_STREAM_CONFIG *Config)
{
    ULONG periods = Config->BufferBytes / Config->PeriodBytes;
    KIRQL irql;

    KeAcquireSpinLock(&Xfer->Queue->Lock, &irql);
    Xfer->PeriodLimit = periods < VIRTIOSND_XFER_SLOTS ? periods : VIRTIOSND_XFER_SLOTS;
    Xfer->PeriodDone = Config->PeriodDone;
    Xfer->PeriodRead = Config->PeriodRead;
    Xfer->Context = Config->Context;
    Xfer->Open = TRUE;
    KeReleaseSpinLock(&Xfer->Queue->Lock, irql);
}

static __inline volatile struct virtio_snd_pcm_status *StatusOf(const VIRTIOSND_XFER *Xfer, ULONG Message)
{
    return (volatile struct virtio_snd_pcm_status *)(PVOID)(Xfer->Messages.Va + Message * MESSAGE_BYTES +
                                                            STATUS_OFFSET);
}

static __inline ULONGLONG MessageAddress(const VIRTIOSND_XFER *Xfer, ULONG Message)
{
    return Xfer->Messages.Physical + Message * MESSAGE_BYTES;
}

/* Lock held; a free slot is known to exist. The search goes round, so that the oldest slot is reused last. */
CODE_INLINE PVIRTIOSND_XFER_SLOT TakeSlot(PVIRTIOSND_XFER Xfer)
{
    PVIRTIOSND_XFER_SLOT slot;

    do {
        Xfer->NextSlot = (Xfer->NextSlot + 1u) % VIRTIOSND_XFER_SLOTS;
        slot = &Xfer->Slots[Xfer->NextSlot];
    } while (slot->State != VirtIoSndXferFree);
    slot->State = VirtIoSndXferSent;
    Xfer->Transfers++;
    return slot;
}

static __inline VOID FreeSlot(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT Slot)
{
    Slot->State = VirtIoSndXferFree;
    Xfer->Transfers--;
}

/* Lock held. Table Number with Count data parts: all but their addresses and lengths. */
CODE_RESIDENT static VOID LayOut(PVIRTIOSND_XFER Xfer, struct vring_desc *Table, ULONG Number, ULONG Count)
{
    ULONG last = Count + 1u;
    ULONG i;

    for (i = 0; i <= last; i++) {
        Table[i].flags = (vw_u16)(VRING_DESC_F_NEXT | (Xfer->Kind->DeviceWrites && i > 0 ? VRING_DESC_F_WRITE : 0u));
        Table[i].next = (vw_u16)(i + 1u);
    }
    Table[0].addr = MessageAddress(Xfer, Number);
    Table[0].len = Xfer->Dialect->TransferHeaderBytes;
    Table[last].addr = MessageAddress(Xfer, Number) + STATUS_OFFSET;
    Table[last].len = STATUS_BYTES;
    Table[last].flags = VRING_DESC_F_WRITE;
    Table[last].next = 0;
    Xfer->TableParts[Number] = (UCHAR)Count;
}

/* Lock held. Slot is a transfer of *Period; the first of it when that is NULL. */
CODE_INLINE VOID Join(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT *Period, PVIRTIOSND_XFER_SLOT Slot)
{
    if (*Period == NULL) {
        *Period = Slot;
        Slot->Outstanding = 0;
        Slot->Bytes = 0;
        Slot->Result = STATUS_SUCCESS;
        Slot->Sequence = Xfer->Sequence++;
        Xfer->Periods++;
    } else {
        Slot->Offset = (*Period)->Payload + Xfer->Behind;
        Xfer->Behind += Slot->Payload;
    }
    Slot->Period = *Period;
    (*Period)->Outstanding++;
}

static __inline VOID ClearAnswer(const VIRTIOSND_XFER *Xfer, ULONG Message)
{
    volatile struct virtio_snd_pcm_status *answer = StatusOf(Xfer, Message);

    answer->status = VIRTIOSND_STATUS_UNWRITTEN;
    answer->latency_bytes = VIRTIOSND_STATUS_UNWRITTEN;
}

/* Lock held. TRUE: one transfer holds SgCount data parts in an indirect table, and one is free: the ordinary case. */
CODE_INLINE BOOLEAN FitsTable(const VIRTIOSND_XFER *Xfer, ULONG SgCount)
{
    const VIRTQ_SPLIT *ring = &Xfer->Queue->Ring;

    return (BOOLEAN)(SgCount + FRAME_PARTS <= ring->TableEntries && VirtqSplitHasTable(ring) &&
                     Xfer->Transfers < VIRTIOSND_XFER_SLOTS);
}

/* Lock held. A transfer of Count data parts in an indirect table, see FitsTable. */
CODE_INLINE NTSTATUS AddTable(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT *Period, const VIRTIOSND_SG *Sg, ULONG Count)
{
    VIRTQ_SPLIT *ring = &Xfer->Queue->Ring;
    const VIRTIOSND_SG *end = Sg + Count;
    PVIRTIOSND_XFER_SLOT slot;
    ULONG payload = 0;
    USHORT number;
    struct vring_desc *part = VirtqSplitTable(ring, &number);

    if (Xfer->TableParts[number] != Count) {
        LayOut(Xfer, part, number, Count);
    }
    do {
        if (Sg->Length == 0) {
            return STATUS_INVALID_PARAMETER;
        }
        part++;
        part->addr = Sg->Address;
        part->len = Sg->Length;
        payload += Sg->Length;
    } while (++Sg != end);
    ClearAnswer(Xfer, number);
    slot = TakeSlot(Xfer);
    slot->Message = number;
    slot->Payload = payload;
    Join(Xfer, Period, slot);
    VirtqSplitAddTable(ring, number, Count + FRAME_PARTS,
                       (Xfer->Kind->DeviceWrites ? payload : 0) + STATUS_BYTES, slot);
    return STATUS_SUCCESS;
}

/* Lock held. A transfer of Count data parts as a chain of descriptors; room is known to exist. */
static NTSTATUS AddChain(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT *Period, const VIRTIOSND_SG *Sg, ULONG Count)
{
    VIRTIOSND_SG parts[VIRTIOSND_TABLE_ENTRIES];
    PVIRTIOSND_XFER_SLOT slot = TakeSlot(Xfer);
    NTSTATUS status;
    ULONG i;

    slot->Message = Xfer->NextSlot;
    slot->Payload = 0;
    parts[0].Address = MessageAddress(Xfer, slot->Message);
    parts[0].Length = Xfer->Dialect->TransferHeaderBytes;
    parts[0].Write = FALSE;
    for (i = 0; i < Count; i++) {
        parts[i + 1u] = Sg[i];
        parts[i + 1u].Write = Xfer->Kind->DeviceWrites;
        slot->Payload += Sg[i].Length;
    }
    parts[Count + 1u].Address = MessageAddress(Xfer, slot->Message) + STATUS_OFFSET;
    parts[Count + 1u].Length = STATUS_BYTES;
    parts[Count + 1u].Write = TRUE;
    ClearAnswer(Xfer, slot->Message);
    status = VirtIoSndQueueAdd(Xfer->Queue, parts, Count + FRAME_PARTS, slot);
    if (NT_SUCCESS(status)) {
        Join(Xfer, Period, slot);
    } else {
        FreeSlot(Xfer, slot);
    }
    return status;
}

/* Lock held. Adds transfers of at most PartsEach data parts to Period while slots and ring have room; what is left over
 * stays in *Sg, *SgCount. */
CODE_RESIDENT static NTSTATUS AddTransfers(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT *Period, const VIRTIOSND_SG **Sg,
                                           ULONG *SgCount)
{
    ULONG partsEach = VirtIoSndQueueParts(Xfer->Queue) - FRAME_PARTS;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG count;

    while (*SgCount > 0) {
        count = *SgCount < partsEach ? *SgCount : partsEach;
        if (Xfer->Transfers == VIRTIOSND_XFER_SLOTS || !VirtIoSndQueueHasRoom(Xfer->Queue, 1, count + FRAME_PARTS)) {
            break;
        }
        status = FitsTable(Xfer, count) ? AddTable(Xfer, Period, *Sg, count) : AddChain(Xfer, Period, *Sg, count);
        if (!NT_SUCCESS(status)) {
            break;
        }
        *Sg += count;
        *SgCount -= count;
    }
    return status;
}

/* Lock held. Can the whole period go now, or is the ring empty, so that it will never fit better? */
CODE_RESIDENT static BOOLEAN MayBegin(const VIRTIOSND_XFER *Xfer, ULONG SgCount)
{
    ULONG partsEach = VirtIoSndQueueParts(Xfer->Queue) - FRAME_PARTS;
    ULONG transfers = SgCount <= partsEach ? 1u : (SgCount + partsEach - 1u) / partsEach;

    if (transfers <= VIRTIOSND_XFER_SLOTS - Xfer->Transfers &&
        VirtIoSndQueueHasRoom(Xfer->Queue, transfers, (SgCount < partsEach ? SgCount : partsEach) + FRAME_PARTS)) {
        return TRUE;
    }
    return (BOOLEAN)(VirtIoSndQueueInFlight(Xfer->Queue) == 0 && SgCount <= VIRTIOSND_XFER_REST);
}

/* Lock held. The transfers of a period that does not fit into one table; on a ring too small for all of them the rest
 * follows as room appears. */
CODE_RESIDENT static NTSTATUS BeginPeriod(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT *Period, const VIRTIOSND_SG *Sg,
                                          ULONG SgCount)
{
    NTSTATUS status;

    if (!MayBegin(Xfer, SgCount)) {
        return STATUS_DEVICE_BUSY;
    }
    Xfer->Behind = 0;
    status = AddTransfers(Xfer, Period, &Sg, &SgCount);
    if (*Period == NULL) {
        return NT_SUCCESS(status) ? STATUS_DEVICE_BUSY : status; /* nothing was taken */
    }
    if (!NT_SUCCESS(status)) {
        (*Period)->Result = status; /* told when the transfers before this one come back */
    } else if (SgCount > 0) {
        RtlCopyMemory(Xfer->Rest, Sg, SgCount * sizeof(*Sg));
        Xfer->RestCount = SgCount;
        Xfer->RestPeriod = *Period;
    }
    return STATUS_SUCCESS;
}

/* Lock held. Goes on with a period that did not fit at once. */
CODE_RESIDENT static VOID ContinuePeriod(PVIRTIOSND_XFER Xfer)
{
    const VIRTIOSND_SG *sg = Xfer->Rest;
    ULONG count = Xfer->RestCount;
    NTSTATUS status;

    status = AddTransfers(Xfer, &Xfer->RestPeriod, &sg, &count);
    if (!NT_SUCCESS(status)) {
        Xfer->RestPeriod->Result = status;
        count = 0;
    }
    RtlMoveMemory(Xfer->Rest, sg, count * sizeof(*sg));
    Xfer->RestCount = count;
    VirtIoSndQueueKick(Xfer->Queue);
}

NTSTATUS VirtIoSndXferSubmit(PVIRTIOSND_XFER Xfer, const VIRTIOSND_SG *Sg, ULONG SgCount, ULONG_PTR Cookie)
{
    PVIRTIOSND_QUEUE queue = Xfer->Queue;
    PVIRTIOSND_XFER_SLOT period = NULL;
    NTSTATUS status = STATUS_DEVICE_BUSY;
    KIRQL irql;

    if (SgCount == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    KeAcquireSpinLock(&queue->Lock, &irql);
    if (!Xfer->Open || !queue->Live || VirtioPciTransportIsGone(queue->Transport) ||
        VirtioPciTransportIsBroken(queue->Transport)) {
        status = STATUS_INVALID_DEVICE_STATE;
    } else if (Xfer->Periods < Xfer->PeriodLimit && Xfer->RestCount == 0) {
        status = FitsTable(Xfer, SgCount) ? AddTable(Xfer, &period, Sg, SgCount)
                                          : BeginPeriod(Xfer, &period, Sg, SgCount);
        if (period != NULL) {
            period->Cookie = Cookie;
            VirtIoSndQueueKick(queue);
        }
    }
    KeReleaseSpinLock(&queue->Lock, irql);
    return status;
}

/*
 * Lock held, but not while the period is read. The answer to a capture transfer that has no status in its slot: of a
 * partial one (flushed, or refused) some devices write it right behind the samples. Then used.len counts samples and
 * status, and the status lies at used.len - 8; its end may be in the slot. Samples that lie there although used.len
 * lied are no status, but for a few values, and the period is lost.
 */
CODE_RESIDENT static NTSTATUS AnswerInPayload(PVIRTIOSND_XFER Xfer, const VIRTIOSND_XFER_SLOT *Slot, ULONG Written,
                                              ULONG *Bytes)
{
    ULONG samples = Written - STATUS_BYTES;
    ULONG offset = Slot == Slot->Period ? 0 : Slot->Offset;
    ULONG status[2];
    ULONG inside = Slot->Payload - samples;
    NTSTATUS result;
    BOOLEAN known;

    if (Written < STATUS_BYTES || samples >= Slot->Payload || Xfer->PeriodRead == NULL) {
        return STATUS_DEVICE_PROTOCOL_ERROR; /* no status was written anywhere */
    }
    if (inside > sizeof(status[0])) {
        inside = sizeof(status[0]);
    }
    status[1] = StatusOf(Xfer, Slot->Message)->status;
    RtlCopyMemory((PUCHAR)status + inside, &status[1], sizeof(status[1]));
    KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
    known = Xfer->PeriodRead(Xfer->Context, Slot->Period->Cookie, offset + samples, (PUCHAR)status, inside);
    KeAcquireSpinLockAtDpcLevel(&Xfer->Queue->Lock);
    result = known ? VirtIoSndStatusToNtStatus(Xfer->Dialect, status[0]) : STATUS_DEVICE_PROTOCOL_ERROR;
    *Bytes = NT_SUCCESS(result) ? samples : 0;
    return result;
}

/* Lock held, see AnswerInPayload. The device gave Slot back. TRUE: with it a period is complete, and *Report says
 * how. */
CODE_INLINE BOOLEAN TakeAnswer(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT Slot, ULONG Written, XFER_REPORT *Report)
{
    PVIRTIOSND_XFER_SLOT period = Slot->Period;
    VIRTIOSND_XFER_ANSWER answer;
    NTSTATUS result;
    ULONG bytes = 0;

    if (Slot->State == VirtIoSndXferAbandoned) {
        FreeSlot(Xfer, Slot); /* its period was reported long ago; the memory is ours again */
        return FALSE;
    }
    answer.Status = StatusOf(Xfer, Slot->Message)->status;
    answer.Written = Written;
    answer.Payload = Slot->Payload;
    result = Xfer->Kind->Judge(Xfer->Dialect, &answer, &bytes);
    if (result == STATUS_DEVICE_PROTOCOL_ERROR && Xfer->Kind->DeviceWrites) {
        result = AnswerInPayload(Xfer, Slot, Written, &bytes);
    }
    if (!NT_SUCCESS(result) && NT_SUCCESS(period->Result)) {
        period->Result = result;
    }
    period->Bytes += bytes;
    period->Outstanding--;
    if (Slot == period) {
        Slot->State = VirtIoSndXferHeld;
    } else {
        FreeSlot(Xfer, Slot);
    }
    if (Xfer->RestCount > 0) {
        ContinuePeriod(Xfer);
    }
    if (period->Outstanding > 0 || (Xfer->RestCount > 0 && Xfer->RestPeriod == period)) {
        return FALSE;
    }
    Report->Cookie = period->Cookie;
    Report->Bytes = period->Bytes;
    Report->Result = period->Result;
    FreeSlot(Xfer, period);
    Xfer->Periods--;
    return TRUE;
}

/* Lock held, but not while PeriodDone runs. */
static VOID Drain(PVIRTIOSND_XFER Xfer)
{
    XFER_REPORT report;
    PVOID cookie;
    ULONG written;

    Xfer->Draining = TRUE;
    while (VirtIoSndQueuePop(Xfer->Queue, &cookie, &written)) {
        if (TakeAnswer(Xfer, cookie, written, &report)) {
            KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
            Xfer->PeriodDone(Xfer->Context, report.Cookie, report.Bytes, report.Result);
            KeAcquireSpinLockAtDpcLevel(&Xfer->Queue->Lock);
        }
    }
    Xfer->Draining = FALSE;
}

VOID VirtIoSndXferPoll(PVIRTIOSND_XFER Xfer)
{
    PVIRTIOSND_QUEUE queue = Xfer->Queue;

    if (queue == NULL) {
        return;
    }
    KeAcquireSpinLockAtDpcLevel(&queue->Lock);
    /* One at a time keeps the order. Ordinarily there is nothing, and that takes no frame for all that follows. */
    if (!Xfer->Draining && queue->Live && !VirtqSplitIsIdle(&queue->Ring)) {
        Drain(Xfer);
    }
    KeReleaseSpinLockFromDpcLevel(&queue->Lock);
}

/* Lock held. The oldest period that was not reported; NULL: none. */
static PVIRTIOSND_XFER_SLOT OldestPeriod(const VIRTIOSND_XFER *Xfer)
{
    PVIRTIOSND_XFER_SLOT oldest = NULL;
    PVIRTIOSND_XFER_SLOT slot;
    ULONG i;

    for (i = 0; i < VIRTIOSND_XFER_SLOTS; i++) {
        slot = &Xfer->Slots[i];
        if ((slot->State == VirtIoSndXferSent || slot->State == VirtIoSndXferHeld) && slot->Period == slot &&
            (oldest == NULL || (LONG)(slot->Sequence - oldest->Sequence) < 0)) {
            oldest = slot;
        }
    }
    return oldest;
}

/* Lock held. Gives up the transfers of a period; the device may return them some day. */
static VOID AbandonPeriod(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT Period)
{
    PVIRTIOSND_XFER_SLOT slot;
    ULONG i;

    for (i = 0; i < VIRTIOSND_XFER_SLOTS; i++) {
        slot = &Xfer->Slots[i];
        if (slot->State == VirtIoSndXferSent && slot->Period == Period) {
            slot->State = VirtIoSndXferAbandoned;
        }
    }
    if (Period->State == VirtIoSndXferHeld) {
        FreeSlot(Xfer, Period);
    }
    Xfer->Periods--;
}

/* Reports what the device did not give back. */
static VOID ReportLost(PVIRTIOSND_XFER Xfer, NTSTATUS Lost)
{
    PVIRTIOSND_XFER_SLOT period;
    ULONG_PTR cookie;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeAcquireSpinLockAtDpcLevel(&Xfer->Queue->Lock);
    for (period = OldestPeriod(Xfer); period != NULL; period = OldestPeriod(Xfer)) {
        cookie = period->Cookie;
        AbandonPeriod(Xfer, period);
        KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
        Xfer->PeriodDone(Xfer->Context, cookie, 0, Lost);
        KeAcquireSpinLockAtDpcLevel(&Xfer->Queue->Lock);
    }
    KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
    KeLowerIrql(irql);
}

/* Lock held. What was not handed over yet never will be. Its period comes back when the device returns the rest of
 * it. */
static VOID DropRest(PVIRTIOSND_XFER Xfer, NTSTATUS Lost)
{
    if (Xfer->RestCount > 0) {
        Xfer->RestPeriod->Result = Lost;
        Xfer->RestCount = 0;
    }
}

NTSTATUS VirtIoSndXferClose(PVIRTIOSND_XFER Xfer, const VIRTIOSND_DEADLINE *Deadline, NTSTATUS Lost)
{
    PVIRTIO_PCI_TRANSPORT transport = Xfer->Queue->Transport;
    BOOLEAN late = FALSE;
    BOOLEAN draining;
    ULONG periods;
    KIRQL irql;

    for (;;) {
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        VirtIoSndXferPoll(Xfer);
        KeAcquireSpinLockAtDpcLevel(&Xfer->Queue->Lock);
        Xfer->Open = FALSE;
        DropRest(Xfer, Lost);
        periods = Xfer->Periods;
        draining = Xfer->Draining;
        KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
        KeLowerIrql(irql);
        if (!draining && (periods == 0 || late)) {
            break;
        }
        VirtIoSndPause(NULL);
        late = (BOOLEAN)(VirtIoSndDeadlinePassed(Deadline) || VirtioPciTransportIsGone(transport) ||
                         VirtioPciTransportIsBroken(transport));
    }
    if (periods > 0) {
        VIRTIOSND_TRACE_WARNING("%lu periods did not come back\n", periods);
        ReportLost(Xfer, Lost);
    }
    return VirtIoSndXferIsOwed(Xfer) ? STATUS_IO_TIMEOUT : STATUS_SUCCESS;
}

BOOLEAN VirtIoSndXferIsOwed(const VIRTIOSND_XFER *Xfer)
{
    return (BOOLEAN)(Xfer->Transfers > 0 && !VirtioPciTransportIsGone(Xfer->Queue->Transport));
}
