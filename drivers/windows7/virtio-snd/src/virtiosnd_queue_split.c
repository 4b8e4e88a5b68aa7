/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Thin: virtqueue_split.c is the ring, virtio_pci_transport.h the doorbell.
 *
 * Why MmAllocateContiguousMemorySpecifyCache and not a DMA adapter's common
 * buffer: rings, messages and the WaveRT cyclic buffer must all be given to the
 * device as the same kind of address, and the port allocates the cyclic buffer
 * as plain pages whose physical addresses go into the descriptors. Contract v1
 * does not negotiate VIRTIO_F_ACCESS_PLATFORM, so the device uses guest-physical
 * addresses by definition (virtio 1.2, 6.1), which is what MmGetPhysicalAddress
 * gives. These two calls need no PDO, no map registers and no HAL DMA support,
 * and every NT kernel since Windows 2000 has them.
 */
#include "virtiosnd_queue_split.h"
#include "virtio_wire.h"

CODE_PAGE NTSTATUS VirtIoSndDmaAllocate(VIRTIOSND_DMA *Dma, ULONG Bytes)
{
    PHYSICAL_ADDRESS lowest;
    PHYSICAL_ADDRESS highest;
    PHYSICAL_ADDRESS boundary;

    PAGED_CODE();

    lowest.QuadPart = 0;
    highest.QuadPart = -1; /* 64-bit addresses: every device of contract v1 takes them */
    boundary.QuadPart = 0;
    Dma->Va = MmAllocateContiguousMemorySpecifyCache(Bytes, lowest, highest, boundary, MmCached);
    if (Dma->Va == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Dma->Va, Bytes);
    Dma->Physical = (ULONGLONG)MmGetPhysicalAddress(Dma->Va).QuadPart;
    Dma->Bytes = Bytes;
    return STATUS_SUCCESS;
}

CODE_PAGE VOID VirtIoSndDmaFree(VIRTIOSND_DMA *Dma)
{
    PAGED_CODE();

    if (Dma->Va != NULL) {
        MmFreeContiguousMemorySpecifyCache(Dma->Va, Dma->Bytes, MmCached);
        Dma->Va = NULL;
    }
}

CODE_PAGE VOID VirtIoSndDmaAbandon(VIRTIOSND_DMA *Dma)
{
    PAGED_CODE();

    Dma->Va = NULL;
}

CODE_PAGE VOID VirtIoSndQueueInitialize(PVIRTIOSND_QUEUE Queue)
{
    PAGED_CODE();

    RtlZeroMemory(Queue, sizeof(*Queue));
    KeInitializeSpinLock(&Queue->Lock);
}

CODE_RESIDENT static VOID SetLive(PVIRTIOSND_QUEUE Queue, BOOLEAN Live)
{
    KIRQL irql;

    KeAcquireSpinLock(&Queue->Lock, &irql);
    Queue->Live = Live;
    KeReleaseSpinLock(&Queue->Lock, irql);
}

CODE_PAGE static NTSTATUS AllocateRing(PVIRTIOSND_QUEUE Queue, USHORT Size)
{
    BOOLEAN indirect = VirtioPciTransportHasFeature(Queue->Transport, VIRTIO_F_RING_INDIRECT_DESC);
    USHORT tables = 0;
    USHORT entries = 0;
    NTSTATUS status;

    PAGED_CODE();

    if (indirect) {
        tables = Size < VIRTIOSND_TABLE_COUNT ? Size : (USHORT)VIRTIOSND_TABLE_COUNT;
        entries = Size < VIRTIOSND_TABLE_ENTRIES ? Size : (USHORT)VIRTIOSND_TABLE_ENTRIES;
    }
    status = VirtIoSndDmaAllocate(&Queue->Memory, VirtqSplitRingBytes(Size, tables, entries));
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Queue->State = ExAllocatePoolWithTag(NonPagedPool, VirtqSplitStateBytes(Size, tables), VIRTIOSND_POOL_TAG);
    if (Queue->State == NULL) {
        VirtIoSndDmaFree(&Queue->Memory);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return VirtqSplitInit(&Queue->Ring, Size, tables, entries,
                          VirtioPciTransportHasFeature(Queue->Transport, VIRTIO_F_RING_EVENT_IDX), Queue->Memory.Va,
                          Queue->Memory.Physical, Queue->State);
}

CODE_PAGE NTSTATUS VirtIoSndQueueCreate(PVIRTIOSND_QUEUE Queue, PVIRTIO_PCI_TRANSPORT Transport, USHORT Index,
                                        BOOLEAN Interrupts)
{
    USHORT size = VirtioPciTransportQueueSize(Transport, Index);
    NTSTATUS status;

    PAGED_CODE();

    if (!VirtqSplitSizeIsUsable(size)) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    Queue->Transport = Transport;
    Queue->Index = Index;
    status = AllocateRing(Queue, size);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    (VOID)VirtqSplitSetInterrupts(&Queue->Ring, Interrupts);
    status = VirtioPciTransportQueueEnable(Transport, Index, VirtqSplitDescPhysical(&Queue->Ring),
                                        VirtqSplitAvailPhysical(&Queue->Ring), VirtqSplitUsedPhysical(&Queue->Ring),
                                        &Queue->Doorbell);
    if (!NT_SUCCESS(status)) {
        VirtIoSndQueueDestroy(Queue, FALSE); /* the device has not been given the ring */
        return status;
    }
    SetLive(Queue, TRUE);
    return STATUS_SUCCESS;
}

BOOLEAN VirtIoSndQueueSetInterrupts(PVIRTIOSND_QUEUE Queue, BOOLEAN Wanted)
{
    BOOLEAN missed = FALSE;
    KIRQL irql;

    KeAcquireSpinLock(&Queue->Lock, &irql);
    if (Queue->Live) {
        missed = VirtqSplitSetInterrupts(&Queue->Ring, Wanted);
    }
    KeReleaseSpinLock(&Queue->Lock, irql);
    return missed;
}

VOID VirtIoSndQueueClose(PVIRTIOSND_QUEUE Queue)
{
    SetLive(Queue, FALSE);
}

/* The descriptors of a request stay as they are until it is back. Where it lies is private; what a device may have made
 * of the descriptors leads nowhere else. */
CODE_PAGE BOOLEAN VirtIoSndQueueHolds(const VIRTIOSND_QUEUE *Queue, ULONGLONG Page)
{
    const VIRTQ_SPLIT *ring = &Queue->Ring;
    const struct vring_desc *part;
    const VIRTQ_SLOT *slot;
    ULONG head;
    ULONG left;
    ULONG at;

    PAGED_CODE();

    for (head = 0; head < ring->Size; head++) {
        slot = &ring->Slots[head];
        if (slot->Cookie == NULL) {
            continue;
        }
        at = head;
        left = slot->Count;
        part = ring->Desc;
        if (slot->Table != VIRTQ_NO_TABLE) {
            at = 0;
            left = ring->TableEntries;
            part = &ring->Tables[slot->Table * left];
        }
        while (left > 0) {
            if (part[at].addr < Page + PAGE_SIZE && Page < part[at].addr + part[at].len) {
                return TRUE;
            }
            if (slot->Table == VIRTQ_NO_TABLE) {
                at = ring->Slots[at].Next;
            } else if ((part[at++].flags & VRING_DESC_F_NEXT) == 0) {
                break;
            }
            left--;
        }
    }
    return FALSE;
}

CODE_PAGE VOID VirtIoSndQueueDestroy(PVIRTIOSND_QUEUE Queue, BOOLEAN Abandon)
{
    PAGED_CODE();

    if (Abandon) {
        VirtIoSndDmaAbandon(&Queue->Memory);
    }
    VirtIoSndDmaFree(&Queue->Memory);
    if (Queue->State != NULL) {
        ExFreePoolWithTag(Queue->State, VIRTIOSND_POOL_TAG);
        Queue->State = NULL;
    }
}
