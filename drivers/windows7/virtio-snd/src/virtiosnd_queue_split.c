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

CODE_PAGE static BOOLEAN Lists(const struct vring_desc *Parts, ULONG Count, ULONGLONG Address, ULONG Bytes)
{
    PAGED_CODE();

    for (; Count > 0; Count--, Parts++) {
        if (Parts->addr < Address + Bytes && Address < Parts->addr + Parts->len) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The descriptors of a request stay as they are until it is back. */
CODE_PAGE BOOLEAN VirtIoSndQueueHolds(const VIRTIOSND_QUEUE *Queue, ULONGLONG Address, ULONG Bytes)
{
    const VIRTQ_SPLIT *ring = &Queue->Ring;
    const VIRTQ_SLOT *slot;
    ULONG head;
    ULONG part;
    ULONG at;

    PAGED_CODE();

    for (head = 0; head < ring->Size; head++) {
        slot = &ring->Slots[head];
        if (slot->Cookie == NULL) {
            continue;
        }
        if (slot->Table != VIRTQ_NO_TABLE &&
            Lists(&ring->Tables[slot->Table * ring->TableEntries],
                  ring->Desc[head].len / (ULONG)sizeof(struct vring_desc), Address, Bytes)) {
            return TRUE;
        }
        for (at = head, part = slot->Count; part > 0; part--, at = ring->Slots[at].Next) {
            if (Lists(&ring->Desc[at], 1, Address, Bytes)) {
                return TRUE;
            }
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
