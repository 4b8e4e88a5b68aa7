/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Messages: per slot 16 bytes, | header 8 | status 8 |. The header is written once:
 * it is the same for every transfer of the stream.
 *
 * Nothing here is pageable but the set-up: all of it takes the queue's lock.
 */
#include "virtiosnd_xfer.h"
#include "trace.h"

#define SLOT_BYTES 16u
#define STATUS_OFFSET 8u
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
    status = VirtIoSndDmaAllocate(&Xfer->Messages, VIRTIOSND_XFER_SLOTS * SLOT_BYTES);
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
        header = (struct virtio_snd_pcm_xfer *)(PVOID)(Xfer->Messages.Va + i * SLOT_BYTES);
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
    if (Abandon) {
        VirtIoSndDmaAbandon(&Xfer->Messages);
    }
    VirtIoSndDmaFree(&Xfer->Messages);
    ExFreePoolWithTag(Xfer->Slots, VIRTIOSND_POOL_TAG);
    Xfer->Slots = NULL;
}

VOID VirtIoSndXferOpen(PVIRTIOSND_XFER Xfer, ULONG PeriodLimit, PVIRTIOSND_PERIOD_DONE PeriodDone, PVOID Context)
{
    KIRQL irql;

    KeAcquireSpinLock(&Xfer->Queue->Lock, &irql);
    Xfer->PeriodLimit = PeriodLimit < VIRTIOSND_XFER_SLOTS ? PeriodLimit : VIRTIOSND_XFER_SLOTS;
    Xfer->PeriodDone = PeriodDone;
    Xfer->Context = Context;
    Xfer->Open = TRUE;
    KeReleaseSpinLock(&Xfer->Queue->Lock, irql);
}

static __inline volatile struct virtio_snd_pcm_status *StatusOf(const VIRTIOSND_XFER *Xfer,
                                                                const VIRTIOSND_XFER_SLOT *Slot)
{
    ULONG index = (ULONG)(Slot - Xfer->Slots);

    return (volatile struct virtio_snd_pcm_status *)(PVOID)(Xfer->Messages.Va + index * SLOT_BYTES + STATUS_OFFSET);
}

/* Lock held; a free slot is known to exist. The search goes round, so that the oldest slot is reused last. */
static __inline PVIRTIOSND_XFER_SLOT TakeSlot(PVIRTIOSND_XFER Xfer)
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

/* Lock held. One transfer of Count parts; room is known to exist. */
static __inline NTSTATUS AddTransfer(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT Slot, const VIRTIOSND_SG *Sg,
                                     ULONG Count)
{
    VIRTIOSND_SG parts[VIRTIOSND_TABLE_ENTRIES];
    ULONGLONG base = Xfer->Messages.Physical + (ULONG)(Slot - Xfer->Slots) * SLOT_BYTES;
    ULONG i;

    parts[0].Address = base;
    parts[0].Length = Xfer->Dialect->TransferHeaderBytes;
    parts[0].Write = FALSE;
    Slot->Payload = 0;
    for (i = 0; i < Count; i++) {
        parts[i + 1u] = Sg[i];
        parts[i + 1u].Write = Xfer->Kind->DeviceWrites;
        Slot->Payload += Sg[i].Length;
    }
    parts[Count + 1u].Address = base + STATUS_OFFSET;
    parts[Count + 1u].Length = sizeof(struct virtio_snd_pcm_status);
    parts[Count + 1u].Write = TRUE;
    StatusOf(Xfer, Slot)->status = VIRTIOSND_STATUS_UNWRITTEN;
    StatusOf(Xfer, Slot)->latency_bytes = VIRTIOSND_STATUS_UNWRITTEN;
    return VirtIoSndQueueAdd(Xfer->Queue, parts, Count + FRAME_PARTS, Slot);
}

/* Lock held. Adds transfers of at most PartsEach data parts to Period while slots and ring have room; what is left over
 * stays in *Sg, *SgCount. */
static __inline NTSTATUS AddTransfers(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT *Period, const VIRTIOSND_SG **Sg,
                             ULONG *SgCount)
{
    ULONG partsEach = VirtIoSndQueueParts(Xfer->Queue) - FRAME_PARTS;
    NTSTATUS status = STATUS_SUCCESS;
    PVIRTIOSND_XFER_SLOT slot;
    ULONG count;

    while (*SgCount > 0) {
        count = *SgCount < partsEach ? *SgCount : partsEach;
        if (Xfer->Transfers == VIRTIOSND_XFER_SLOTS || !VirtIoSndQueueHasRoom(Xfer->Queue, 1, count + FRAME_PARTS)) {
            break;
        }
        slot = TakeSlot(Xfer);
        status = AddTransfer(Xfer, slot, *Sg, count);
        if (!NT_SUCCESS(status)) {
            FreeSlot(Xfer, slot);
            break;
        }
        if (*Period == NULL) {
            *Period = slot;
            slot->Outstanding = 0;
            slot->Bytes = 0;
            slot->Result = STATUS_SUCCESS;
            slot->Sequence = Xfer->Sequence++;
            Xfer->Periods++;
        }
        slot->Period = *Period;
        (*Period)->Outstanding++;
        *Sg += count;
        *SgCount -= count;
    }
    return status;
}

/* Lock held. Can the whole period go now, or is the ring empty, so that it will never fit better? */
static __inline BOOLEAN MayBegin(const VIRTIOSND_XFER *Xfer, ULONG SgCount)
{
    ULONG partsEach = VirtIoSndQueueParts(Xfer->Queue) - FRAME_PARTS;
    ULONG transfers = SgCount <= partsEach ? 1u : (SgCount + partsEach - 1u) / partsEach;

    if (Xfer->Periods >= Xfer->PeriodLimit || Xfer->RestCount > 0) {
        return FALSE;
    }
    if (transfers <= VIRTIOSND_XFER_SLOTS - Xfer->Transfers &&
        VirtIoSndQueueHasRoom(Xfer->Queue, transfers, (SgCount < partsEach ? SgCount : partsEach) + FRAME_PARTS)) {
        return TRUE;
    }
    return (BOOLEAN)(VirtIoSndQueueInFlight(Xfer->Queue) == 0 && SgCount <= VIRTIOSND_XFER_REST);
}

/* Lock held. The transfers of one period; on a ring too small for all of them the rest follows as room
 * appears. */
static __inline NTSTATUS BeginPeriod(PVIRTIOSND_XFER Xfer, const VIRTIOSND_SG *Sg, ULONG SgCount, ULONG_PTR Cookie)
{
    PVIRTIOSND_XFER_SLOT period = NULL;
    NTSTATUS status = AddTransfers(Xfer, &period, &Sg, &SgCount);

    if (period == NULL) {
        return NT_SUCCESS(status) ? STATUS_DEVICE_BUSY : status; /* nothing was taken */
    }
    period->Cookie = Cookie;
    if (!NT_SUCCESS(status)) {
        period->Result = status; /* told when the transfers before this one come back */
    } else if (SgCount > 0) {
        RtlCopyMemory(Xfer->Rest, Sg, SgCount * sizeof(*Sg));
        Xfer->RestCount = SgCount;
        Xfer->RestPeriod = period;
    }
    return STATUS_SUCCESS;
}

/* Lock held. Goes on with a period that did not fit at once. */
static VOID ContinuePeriod(PVIRTIOSND_XFER Xfer)
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
    NTSTATUS status = STATUS_DEVICE_BUSY;
    KIRQL irql;

    if (SgCount == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    KeAcquireSpinLock(&Xfer->Queue->Lock, &irql);
    if (!Xfer->Open || VirtioPciTransportIsGone(Xfer->Queue->Transport) ||
        VirtioPciTransportIsBroken(Xfer->Queue->Transport)) {
        status = STATUS_INVALID_DEVICE_STATE;
    } else if (MayBegin(Xfer, SgCount)) {
        status = BeginPeriod(Xfer, Sg, SgCount, Cookie);
        VirtIoSndQueueKick(Xfer->Queue);
    }
    KeReleaseSpinLock(&Xfer->Queue->Lock, irql);
    return status;
}

/* Lock held. The device gave Slot back. TRUE: with it a period is complete, and *Report says how. */
static __inline BOOLEAN TakeAnswer(PVIRTIOSND_XFER Xfer, PVIRTIOSND_XFER_SLOT Slot, ULONG Written, XFER_REPORT *Report)
{
    PVIRTIOSND_XFER_SLOT period = Slot->Period;
    VIRTIOSND_XFER_ANSWER answer;
    NTSTATUS result;
    ULONG bytes = 0;

    if (Slot->State == VirtIoSndXferAbandoned) {
        FreeSlot(Xfer, Slot); /* its period was reported long ago; the memory is ours again */
        return FALSE;
    }
    answer.Status = StatusOf(Xfer, Slot)->status;
    answer.Written = Written;
    answer.Payload = Slot->Payload;
    result = Xfer->Kind->Judge(Xfer->Dialect, &answer, &bytes);
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

VOID VirtIoSndXferPoll(PVIRTIOSND_XFER Xfer)
{
    XFER_REPORT report;
    PVOID cookie;
    ULONG written;

    if (Xfer->Queue == NULL) {
        return;
    }
    KeAcquireSpinLockAtDpcLevel(&Xfer->Queue->Lock);
    if (Xfer->Draining) {
        KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
        return; /* one at a time keeps the order */
    }
    Xfer->Draining = TRUE;
    while (VirtIoSndQueuePop(Xfer->Queue, &cookie, &written)) {
        if (TakeAnswer(Xfer, cookie, written, &report)) {
            KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
            Xfer->PeriodDone(Xfer->Context, report.Cookie, report.Bytes, report.Result);
            KeAcquireSpinLockAtDpcLevel(&Xfer->Queue->Lock);
        }
    }
    Xfer->Draining = FALSE;
    KeReleaseSpinLockFromDpcLevel(&Xfer->Queue->Lock);
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
