/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtqueue_split.h: the driver's side of a split virtqueue (virtio 1.2, 2.7).
 *
 * No OS call, no register, no lock: the caller owns one lock per ring and holds
 * it around every function below. Typical use:
 *
 *     VirtqSplitAdd(vq, sg, count, cookie);     any number of times
 *     if (VirtqSplitPublish(vq)) ring the doorbell;
 *     ...
 *     while (VirtqSplitGet(vq, &cookie, &written)) ...    to the end, also when an interrupt said so
 *
 * When the device interrupts and when the doorbell is rung is said by the flags,
 * or by indices once EVENT_IDX was negotiated (2.7.7, 2.7.10). An interrupt that
 * was raised is not raised again before VirtqSplitGet has said FALSE, which looks
 * once more after it has asked for the next: none is lost between the two.
 *
 * A request of several parts takes one descriptor and one of the preallocated
 * indirect tables when INDIRECT_DESC was negotiated and it fits into a table,
 * else a chain of descriptors. What the driver believes about the ring is kept
 * in private memory; of what the device writes only used.idx, the used elements
 * and the wish for doorbells are read, and what could do harm is checked. A device that breaks the rules sets
 * Broken, and from then on nothing is added or returned: only a reset helps.
 */
#ifndef VIRTQUEUE_SPLIT_H
#define VIRTQUEUE_SPLIT_H

#include <wdk_compat.h>
#include "virtio_wire.h"

#define VIRTQ_MIN_SIZE 4u

/* Alignment of the used ring. A modern device takes any address that is a multiple of 4. A legacy one is told where
 * the ring begins and computes the rest (virtio 1.2, 2.7.2), so that build sets 4096. */
#if !defined(VIRTQ_USED_ALIGN)
#define VIRTQ_USED_ALIGN VRING_USED_ALIGN
#endif
#define VIRTQ_NO_TABLE 0xFFFFu

/* One part of a request: Length bytes at physical address Address; Write: the device writes it. */
typedef struct _VIRTQ_SG {
    ULONGLONG Address;
    ULONG Length;
    BOOLEAN Write;
} VIRTQ_SG;

/* What the driver remembers of one descriptor. */
typedef struct _VIRTQ_SLOT {
    PVOID Cookie;   /* head of an outstanding request: its cookie; else NULL */
    ULONG Writable; /* bytes that the device may write; used.len is clamped to it */
    USHORT Next;    /* next descriptor of the chain or of the free list */
    USHORT Count;   /* descriptors in the chain, when head */
    USHORT Table;   /* indirect table in use, or VIRTQ_NO_TABLE */
} VIRTQ_SLOT;

typedef struct _VIRTQ_SPLIT {
    struct vring_desc *Desc;       /* shared with the device, as the next five */
    volatile vw_u16 *Avail;        /* flags, idx, ring[Size], used_event */
    volatile UCHAR *Used;          /* flags, idx, elements[Size], avail_event */
    struct vring_desc *Tables;     /* TableCount tables of TableEntries each */
    ULONGLONG Physical;            /* of Desc, and so of the whole block */
    ULONGLONG TablesPhysical;
    VIRTQ_SLOT *Slots;             /* private, Size entries */
    USHORT *FreeTables;            /* private stack, TableCount entries */
    USHORT Size;
    USHORT TableCount;
    USHORT TableEntries;
    USHORT FreeTableCount;
    USHORT FreeHead;
    USHORT FreeCount;              /* free descriptors */
    USHORT InFlight;               /* requests that the device has */
    USHORT AvailIndex;             /* next value of avail.idx; free-running */
    USHORT Published;              /* value of avail.idx that the device can see */
    USHORT UsedIndex;              /* used.idx up to which was read; free-running */
    USHORT UsedEvent;              /* used_event as the device can see it */
    BOOLEAN EventIdx;              /* EVENT_IDX was negotiated */
    BOOLEAN Interrupts;            /* wanted */
    BOOLEAN Broken;
} VIRTQ_SPLIT, *PVIRTQ_SPLIT;

/* TRUE: a ring may have Size entries, a power of two from VIRTQ_MIN_SIZE to VRING_MAX_SIZE. */
BOOLEAN VirtqSplitSizeIsUsable(USHORT Size);

/* Bytes of physically contiguous memory (16-aligned) for a ring of Size entries and its tables. */
ULONG VirtqSplitRingBytes(USHORT Size, USHORT TableCount, USHORT TableEntries);
/* Bytes of private nonpaged memory. */
ULONG VirtqSplitStateBytes(USHORT Size, USHORT TableCount);

/* Makes an empty ring of Memory (VirtqSplitRingBytes bytes at physical address Physical) and State (both are zeroed
 * here); interrupts are wanted. EventIdx: EVENT_IDX was negotiated. TableCount 0: direct chains only. TableEntries is
 * at most Size: a chain must not be longer than the queue.
 * STATUS_INVALID_PARAMETER: Size is not usable, or TableEntries > Size. */
NTSTATUS VirtqSplitInit(PVIRTQ_SPLIT Vq, USHORT Size, USHORT TableCount, USHORT TableEntries, BOOLEAN EventIdx,
                        PVOID Memory, ULONGLONG Physical, PVOID State);

/* Physical addresses for the device. */
ULONGLONG VirtqSplitDescPhysical(const VIRTQ_SPLIT *Vq);
ULONGLONG VirtqSplitAvailPhysical(const VIRTQ_SPLIT *Vq);
ULONGLONG VirtqSplitUsedPhysical(const VIRTQ_SPLIT *Vq);

/* Largest number of parts that a request may ever have. */
USHORT VirtqSplitMaxParts(const VIRTQ_SPLIT *Vq);

/* Adds a request of Count parts, readable ones first; Cookie is not NULL. The device sees it after Publish.
 * STATUS_DEVICE_BUSY: no room now, nothing changed. STATUS_INVALID_PARAMETER: no part, an empty part, a readable part
 * after a writable one, or more than VirtqSplitMaxParts. STATUS_DEVICE_PROTOCOL_ERROR: Broken. */
NTSTATUS VirtqSplitAdd(PVIRTQ_SPLIT Vq, const VIRTQ_SG *Sg, ULONG Count, PVOID Cookie);

/* TRUE: an indirect table is free, and a descriptor for it. */
CODE_INLINE BOOLEAN VirtqSplitHasTable(const VIRTQ_SPLIT *Vq)
{
    return (BOOLEAN)(Vq->FreeTableCount != 0 && Vq->FreeCount != 0);
}

/* For a caller that keeps what is the same in every request: the indirect table of the next one, and *Number, which of
 * them it is. VirtqSplitHasTable must have said that there is one. */
CODE_INLINE struct vring_desc *VirtqSplitTable(const VIRTQ_SPLIT *Vq, USHORT *Number)
{
    *Number = Vq->FreeTables[Vq->FreeTableCount - 1u];
    return &Vq->Tables[(ULONG)*Number * Vq->TableEntries];
}

/* Of VirtqSplitAdd and VirtqSplitAddTable: the request that begins at descriptor Head is the next to be published. */
CODE_INLINE VOID VirtqSplitOffer(PVIRTQ_SPLIT Vq, USHORT Head, ULONG Writable, PVOID Cookie)
{
    Vq->Slots[Head].Cookie = Cookie;
    Vq->Slots[Head].Writable = Writable;
    Vq->Avail[VRING_AVAIL_OFF_RING / 2u + (Vq->AvailIndex & (Vq->Size - 1u))] = Head;
    Vq->AvailIndex++;
    Vq->InFlight++;
}

/* Adds the request whose Count parts, at most TableEntries, the caller has written to table Number, as VirtqSplitAdd
 * would have: chained by index, readable ones first, none empty. Writable: bytes that the device may write. Not when
 * Broken. */
CODE_INLINE VOID VirtqSplitAddTable(PVIRTQ_SPLIT Vq, USHORT Number, ULONG Count, ULONG Writable, PVOID Cookie)
{
    USHORT index = Vq->FreeHead;
    struct vring_desc *head = &Vq->Desc[index];
    VIRTQ_SLOT *slot = &Vq->Slots[index];

    Vq->FreeTableCount--;
    head->addr = Vq->TablesPhysical + VRING_DESC_BYTES((ULONG)Number * Vq->TableEntries);
    head->len = VRING_DESC_BYTES(Count);
    head->flags = VRING_DESC_F_INDIRECT;
    head->next = 0;
    Vq->FreeHead = slot->Next;
    Vq->FreeCount--;
    slot->Count = 1;
    slot->Table = Number;
    VirtqSplitOffer(Vq, index, Writable, Cookie);
}

/* TRUE: Requests requests of at most Parts parts each can be added now. */
BOOLEAN VirtqSplitHasRoom(const VIRTQ_SPLIT *Vq, ULONG Requests, ULONG Parts);

/* Does the device want to hear of the requests from Old on (2.7.10)? */
CODE_INLINE BOOLEAN VirtqSplitWantsDoorbell(const VIRTQ_SPLIT *Vq, USHORT Old)
{
    USHORT event;

    if (!Vq->EventIdx) {
        return (BOOLEAN)((*(volatile vw_u16 *)(Vq->Used + VRING_USED_OFF_FLAGS) & VRING_USED_F_NO_NOTIFY) == 0);
    }
    event = *(volatile vw_u16 *)(Vq->Used + VRING_USED_OFF_AVAIL_EVENT((ULONG)Vq->Size));
    return (BOOLEAN)((USHORT)(Vq->AvailIndex - event - 1u) < (USHORT)(Vq->AvailIndex - Old));
}

/* Shows all added requests to the device. TRUE: the doorbell must be rung. */
CODE_INLINE BOOLEAN VirtqSplitPublish(PVIRTQ_SPLIT Vq)
{
    USHORT old = Vq->Published;

    if (Vq->Broken || Vq->Published == Vq->AvailIndex) {
        return FALSE;
    }
    KeMemoryBarrier(); /* the device must find the requests complete when it sees the new index */
    Vq->Avail[VRING_AVAIL_OFF_IDX / 2u] = Vq->AvailIndex;
    Vq->Published = Vq->AvailIndex;
    KeMemoryBarrier(); /* the index must be visible before the wish is read: else both sides may fall asleep */
    return VirtqSplitWantsDoorbell(Vq, old);
}

/* TRUE: VirtqSplitGet has nothing to do: no entry to read, and no wish for an interrupt to renew. */
static __inline BOOLEAN VirtqSplitIsIdle(const VIRTQ_SPLIT *Vq)
{
    return (BOOLEAN)(!Vq->EventIdx && *(volatile vw_u16 *)(Vq->Used + VRING_USED_OFF_IDX) == Vq->UsedIndex);
}

/* Takes back one request: its cookie and the bytes that the device claims to have written, clamped to what it could.
 * FALSE: none, or Broken. The order is the device's. */
BOOLEAN VirtqSplitGet(PVIRTQ_SPLIT Vq, PVOID *Cookie, ULONG *Written);

/* Asks the device for interrupts, or not. A hint: the device may interrupt anyway. TRUE: something came back before
 * interrupts were wanted, and none will tell of it. */
BOOLEAN VirtqSplitSetInterrupts(PVIRTQ_SPLIT Vq, BOOLEAN Wanted);

#endif
