/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The block of shared memory:
 *
 *     | descriptors 16*Size | avail 6+2*Size | pad | used 6+8*Size | pad to 16 | tables |
 *
 * Ordering (2.7.13): parts and avail.ring[] are written before avail.idx, avail.idx
 * before used.flags or avail_event is read; used.idx is read before the element it
 * covers, and again after used_event was written.
 */
#include "virtqueue_split.h"

#define ROUND_UP(value, align) (((value) + (align) - 1u) & ~((align) - 1u))

/* A used_event this far ahead of what was read is never reached, since at most VRING_MAX_SIZE requests are in flight;
 * nor is it passed by a device that compares late, since it is as far behind. */
#define NEVER_AHEAD 0x8000u

static __inline ULONG AvailOffset(USHORT Size)
{
    return VRING_DESC_BYTES((ULONG)Size);
}

static __inline ULONG UsedOffset(USHORT Size)
{
    return ROUND_UP(AvailOffset(Size) + VRING_AVAIL_BYTES((ULONG)Size), VIRTQ_USED_ALIGN);
}

static ULONG TablesOffset(USHORT Size)
{
    return ROUND_UP(UsedOffset(Size) + VRING_USED_BYTES((ULONG)Size), VRING_DESC_ALIGN);
}

BOOLEAN VirtqSplitSizeIsUsable(USHORT Size)
{
    return (BOOLEAN)(Size >= VIRTQ_MIN_SIZE && Size <= VRING_MAX_SIZE && (Size & (Size - 1u)) == 0);
}

ULONG VirtqSplitRingBytes(USHORT Size, USHORT TableCount, USHORT TableEntries)
{
    return TablesOffset(Size) + (ULONG)TableCount * VRING_DESC_BYTES((ULONG)TableEntries);
}

ULONG VirtqSplitStateBytes(USHORT Size, USHORT TableCount)
{
    return (ULONG)Size * (ULONG)sizeof(VIRTQ_SLOT) + (ULONG)TableCount * (ULONG)sizeof(USHORT);
}

CODE_RESIDENT NTSTATUS VirtqSplitInit(PVIRTQ_SPLIT Vq, USHORT Size, USHORT TableCount, USHORT TableEntries,
                                      BOOLEAN EventIdx, PVOID Memory, ULONGLONG Physical, PVOID State)
{
    PUCHAR block = Memory;
    USHORT i;

    if (!VirtqSplitSizeIsUsable(Size) || TableEntries > Size) {
        return STATUS_INVALID_PARAMETER;
    }
    RtlZeroMemory(Vq, sizeof(*Vq));
    RtlZeroMemory(Memory, VirtqSplitRingBytes(Size, TableCount, TableEntries));
    RtlZeroMemory(State, VirtqSplitStateBytes(Size, TableCount));
    Vq->Desc = (struct vring_desc *)(PVOID)block;
    Vq->Avail = (volatile vw_u16 *)(PVOID)(block + AvailOffset(Size));
    Vq->Used = block + UsedOffset(Size);
    Vq->Tables = (struct vring_desc *)(PVOID)(block + TablesOffset(Size));
    Vq->Physical = Physical;
    Vq->TablesPhysical = Physical + TablesOffset(Size);
    Vq->Slots = State;
    Vq->FreeTables = (USHORT *)(PVOID)((PUCHAR)State + (SIZE_T)Size * sizeof(VIRTQ_SLOT));
    Vq->Size = Size;
    Vq->TableCount = TableCount;
    Vq->TableEntries = TableEntries;
    for (i = 0; i < Size; i++) {
        Vq->Slots[i].Next = (USHORT)(i + 1u);
        Vq->Slots[i].Table = VIRTQ_NO_TABLE;
    }
    for (i = 0; i < TableCount; i++) {
        Vq->FreeTables[i] = (USHORT)(TableCount - 1u - i);
    }
    Vq->FreeCount = Size;
    Vq->FreeTableCount = TableCount;
    Vq->EventIdx = EventIdx;
    Vq->Interrupts = TRUE; /* as the zeroed flags and used_event say */
    return STATUS_SUCCESS;
}

ULONGLONG VirtqSplitDescPhysical(const VIRTQ_SPLIT *Vq)
{
    return Vq->Physical;
}

ULONGLONG VirtqSplitAvailPhysical(const VIRTQ_SPLIT *Vq)
{
    return Vq->Physical + AvailOffset(Vq->Size);
}

ULONGLONG VirtqSplitUsedPhysical(const VIRTQ_SPLIT *Vq)
{
    return Vq->Physical + UsedOffset(Vq->Size);
}

USHORT VirtqSplitMaxParts(const VIRTQ_SPLIT *Vq)
{
    return Vq->Size;
}

/* Readable parts before writable ones, none empty (2.7.4). *Writable: bytes that the device may write. */
static __inline BOOLEAN PartsAreValid(const VIRTQ_SG *Sg, ULONG Count, ULONG *Writable)
{
    const VIRTQ_SG *end = Sg + Count;
    ULONG writable = 0;

    for (; Sg < end; Sg++) {
        if (Sg->Length == 0 || (writable > 0 && !Sg->Write)) {
            return FALSE;
        }
        writable += Sg->Write ? Sg->Length : 0;
    }
    *Writable = writable;
    return TRUE;
}

static __inline VOID WritePart(struct vring_desc *Desc, const VIRTQ_SG *Part, BOOLEAN More, USHORT Next)
{
    Desc->addr = Part->Address;
    Desc->len = Part->Length;
    Desc->flags = (vw_u16)((Part->Write ? VRING_DESC_F_WRITE : 0u) | (More ? VRING_DESC_F_NEXT : 0u));
    Desc->next = More ? Next : (vw_u16)0;
}

static __inline VOID WriteDirect(PVIRTQ_SPLIT Vq, USHORT Head, const VIRTQ_SG *Sg, ULONG Count)
{
    USHORT index = Head;
    ULONG i;

    for (i = 0; i < Count; i++) {
        WritePart(&Vq->Desc[index], &Sg[i], (BOOLEAN)(i + 1u < Count), Vq->Slots[index].Next);
        Vq->FreeHead = Vq->Slots[index].Next;
        index = Vq->FreeHead;
    }
    Vq->FreeCount = (USHORT)(Vq->FreeCount - Count);
    Vq->Slots[Head].Count = (USHORT)Count;
    Vq->Slots[Head].Table = VIRTQ_NO_TABLE;
}

static __inline VOID WriteIndirect(struct vring_desc *Table, const VIRTQ_SG *Sg, ULONG Count)
{
    ULONG i;

    for (i = 1; i <= Count; i++) {
        WritePart(Table++, Sg++, (BOOLEAN)(i < Count), (USHORT)i);
    }
}

NTSTATUS VirtqSplitAdd(PVIRTQ_SPLIT Vq, const VIRTQ_SG *Sg, ULONG Count, PVOID Cookie)
{
    USHORT head = Vq->FreeHead;
    ULONG writable = 0;
    USHORT number;

    if (Vq->Broken) {
        return STATUS_DEVICE_PROTOCOL_ERROR;
    }
    if (Cookie == NULL || Count == 0 || Count > VirtqSplitMaxParts(Vq) || !PartsAreValid(Sg, Count, &writable)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Count > 1 && Count <= Vq->TableEntries && VirtqSplitHasTable(Vq)) {
        WriteIndirect(VirtqSplitTable(Vq, &number), Sg, Count);
        VirtqSplitAddTable(Vq, number, Count, writable, Cookie);
    } else if (Count <= Vq->FreeCount) {
        WriteDirect(Vq, head, Sg, Count);
        VirtqSplitOffer(Vq, head, writable, Cookie);
    } else {
        return STATUS_DEVICE_BUSY;
    }
    return STATUS_SUCCESS;
}

BOOLEAN VirtqSplitHasRoom(const VIRTQ_SPLIT *Vq, ULONG Requests, ULONG Parts)
{
    if (Parts <= Vq->TableEntries && Requests <= Vq->FreeTableCount) {
        return (BOOLEAN)(Requests <= Vq->FreeCount);
    }
    return (BOOLEAN)(Requests * Parts <= Vq->FreeCount);
}

static __inline USHORT UsedPending(const VIRTQ_SPLIT *Vq)
{
    return (USHORT)(*(volatile vw_u16 *)(Vq->Used + VRING_USED_OFF_IDX) - Vq->UsedIndex);
}

/* Says from which used entry on the device shall interrupt: the next one to be read, or one that never comes. */
static __inline VOID WriteUsedEvent(PVIRTQ_SPLIT Vq)
{
    Vq->UsedEvent = (USHORT)(Vq->Interrupts ? Vq->UsedIndex : Vq->UsedIndex + NEVER_AHEAD);
    Vq->Avail[VRING_AVAIL_OFF_USED_EVENT((ULONG)Vq->Size) / 2u] = Vq->UsedEvent;
}

/* The ring was found empty: asks for the next interrupt, then looks again for what came before the device saw that.
 * Entries that have not been read. */
static __inline USHORT PendingAfterArming(PVIRTQ_SPLIT Vq)
{
    if (!Vq->EventIdx || !Vq->Interrupts || Vq->UsedEvent == Vq->UsedIndex) {
        return 0;
    }
    WriteUsedEvent(Vq);
    KeMemoryBarrier();
    return UsedPending(Vq);
}

/* Gives the descriptors of a request back; the free list is private, the device cannot have bent it. */
static __inline VOID ReleaseChain(PVIRTQ_SPLIT Vq, USHORT Head)
{
    VIRTQ_SLOT *slot = &Vq->Slots[Head];
    USHORT last = Head;
    USHORT i;

    for (i = 1; i < slot->Count; i++) {
        last = Vq->Slots[last].Next;
    }
    Vq->Slots[last].Next = Vq->FreeHead;
    Vq->FreeHead = Head;
    Vq->FreeCount = (USHORT)(Vq->FreeCount + slot->Count);
    if (slot->Table != VIRTQ_NO_TABLE) {
        Vq->FreeTables[Vq->FreeTableCount++] = slot->Table;
        slot->Table = VIRTQ_NO_TABLE;
    }
    slot->Cookie = NULL;
    Vq->InFlight--;
}

BOOLEAN VirtqSplitGet(PVIRTQ_SPLIT Vq, PVOID *Cookie, ULONG *Written)
{
    const volatile struct vring_used_elem *element;
    VIRTQ_SLOT *slot;
    USHORT pending;
    USHORT unpublished;
    ULONG id;
    ULONG length;

    if (Vq->Broken) {
        return FALSE;
    }
    pending = UsedPending(Vq);
    if (pending == 0) {
        pending = PendingAfterArming(Vq);
    }
    if (pending == 0) {
        return FALSE;
    }
    unpublished = (USHORT)(Vq->AvailIndex - Vq->Published);
    if (pending > Vq->InFlight - unpublished) {
        Vq->Broken = TRUE; /* more answers than questions */
        return FALSE;
    }
    KeMemoryBarrier();
    element = (const volatile struct vring_used_elem *)(Vq->Used + VRING_USED_OFF_RING) +
              (Vq->UsedIndex & (Vq->Size - 1u));
    id = element->id;
    length = element->len;
    if (id >= Vq->Size || Vq->Slots[id].Cookie == NULL) {
        Vq->Broken = TRUE; /* an answer to a question that was not asked */
        return FALSE;
    }
    slot = &Vq->Slots[id];
    Vq->UsedIndex++;
    *Cookie = slot->Cookie;
    *Written = length < slot->Writable ? length : slot->Writable;
    ReleaseChain(Vq, (USHORT)id);
    if (Vq->EventIdx && !Vq->Interrupts) {
        WriteUsedEvent(Vq); /* keep it out of the device's reach */
    }
    return TRUE;
}

BOOLEAN VirtqSplitSetInterrupts(PVIRTQ_SPLIT Vq, BOOLEAN Wanted)
{
    Vq->Interrupts = Wanted;
    if (Vq->EventIdx) {
        WriteUsedEvent(Vq); /* the flags stay 0 then (2.7.7.1) */
    } else {
        Vq->Avail[VRING_AVAIL_OFF_FLAGS / 2u] = Wanted ? (vw_u16)0 : (vw_u16)VRING_AVAIL_F_NO_INTERRUPT;
    }
    KeMemoryBarrier();
    return (BOOLEAN)(Wanted && !Vq->Broken && UsedPending(Vq) != 0);
}
