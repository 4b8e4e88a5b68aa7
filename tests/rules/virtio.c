/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules that need the device to do something: write to memory, raise its interrupt, answer on the bus interface. */
#include "rule.h"

#include "virtio_wire.h"

#define QUEUE_ENTRIES 64u
#define RING_BYTES (3 * PAGE_SIZE) /* a page each: descriptors, available ring, used ring */
#define ANSWER_BYTES (4 + 2 * sizeof(struct virtio_snd_pcm_info))

static PVOID Contiguous(SIZE_T Bytes)
{
    PHYSICAL_ADDRESS lowest, highest, boundary;
    PVOID va;

    lowest.QuadPart = 0;
    highest.QuadPart = -1;
    boundary.QuadPart = 0;
    va = MmAllocateContiguousMemorySpecifyCache(Bytes, lowest, highest, boundary, MmCached);
    if (va != NULL) {
        RtlZeroMemory(va, Bytes);
    }
    return va;
}

static VOID WriteAddress(PRULE_DEVICE Device, ULONG Offset, PVOID Va)
{
    PHYSICAL_ADDRESS physical = MmGetPhysicalAddress(Va);

    WRITE_REGISTER_ULONG((PULONG)(PVOID)(Device->Bar + Offset), physical.LowPart);
    WRITE_REGISTER_ULONG((PULONG)(PVOID)(Device->Bar + Offset + 4), (ULONG)physical.HighPart);
}

static VOID Status(PRULE_DEVICE Device, UCHAR Bits)
{
    WRITE_REGISTER_UCHAR(Device->Bar + VIRTIO_COMMON_DEVICE_STATUS, Bits);
}

/* Resets the device and brings the control queue up on Ring. */
static VOID BringUp(PRULE_DEVICE Device, PUCHAR Ring)
{
    const UCHAR driver = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

    Status(Device, 0);
    Status(Device, driver);
    WRITE_REGISTER_ULONG((PULONG)(PVOID)(Device->Bar + VIRTIO_COMMON_DRIVER_FEATURE_SELECT), 1);
    WRITE_REGISTER_ULONG((PULONG)(PVOID)(Device->Bar + VIRTIO_COMMON_DRIVER_FEATURE), 1u << (VIRTIO_F_VERSION_1 - 32));
    Status(Device, driver | VIRTIO_STATUS_FEATURES_OK);
    WRITE_REGISTER_USHORT((PUSHORT)(PVOID)(Device->Bar + VIRTIO_COMMON_QUEUE_SELECT), VIRTIO_SND_QUEUE_CONTROL);
    WriteAddress(Device, VIRTIO_COMMON_QUEUE_DESC, Ring);
    WriteAddress(Device, VIRTIO_COMMON_QUEUE_DRIVER, Ring + PAGE_SIZE);
    WriteAddress(Device, VIRTIO_COMMON_QUEUE_DEVICE, Ring + 2 * PAGE_SIZE);
    WRITE_REGISTER_USHORT((PUSHORT)(PVOID)(Device->Bar + VIRTIO_COMMON_QUEUE_ENABLE), 1);
    Status(Device, driver | VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
}

/* Makes a PCM_INFO request available, the Nth since BringUp: the request is at the end of the ring's first page, and is
 * the same for all; its answer goes to Answer. */
static VOID MakeNthRequest(PUCHAR Ring, USHORT Nth, PHYSICAL_ADDRESS Answer)
{
    USHORT head = (USHORT)(2 * Nth);
    struct vring_desc *descriptors = (struct vring_desc *)(PVOID)Ring + head;
    struct virtio_snd_query_info *request = (struct virtio_snd_query_info *)(PVOID)(Ring + PAGE_SIZE / 2);
    PUSHORT available = (PUSHORT)(PVOID)(Ring + PAGE_SIZE);

    request->code = VIRTIO_SND_R_PCM_INFO;
    request->count = 2;
    request->size = sizeof(struct virtio_snd_pcm_info);
    descriptors[0].addr = (ULONGLONG)MmGetPhysicalAddress(request).QuadPart;
    descriptors[0].len = sizeof(*request);
    descriptors[0].flags = VRING_DESC_F_NEXT;
    descriptors[0].next = (USHORT)(head + 1u);
    descriptors[1].addr = (ULONGLONG)Answer.QuadPart;
    descriptors[1].len = ANSWER_BYTES;
    descriptors[1].flags = VRING_DESC_F_WRITE;
    available[VRING_AVAIL_OFF_RING / sizeof(USHORT) + Nth] = head;
    KeMemoryBarrier();
    available[VRING_AVAIL_OFF_IDX / sizeof(USHORT)] = (USHORT)(Nth + 1u);
    KeMemoryBarrier();
}

static VOID MakeRequest(PUCHAR Ring, PHYSICAL_ADDRESS Answer)
{
    MakeNthRequest(Ring, 0, Answer);
}

static VOID Notify(PRULE_DEVICE Device)
{
    WRITE_REGISTER_USHORT((PUSHORT)(PVOID)(Device->Bar + VIRTIO_CONTRACT_NOTIFY_OFFSET), VIRTIO_SND_QUEUE_CONTROL);
}

static VOID WaitMilliseconds(LONG Milliseconds)
{
    LARGE_INTEGER interval;

    interval.QuadPart = -10000 * (LONGLONG)Milliseconds;
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
}

/* The answer's memory was given back before the device was told of it, and is written. */
RULE(DMA_AFTER_FREE, RuleAtStart)
{
    PUCHAR ring = Contiguous(RING_BYTES);
    PVOID answer = Contiguous(PAGE_SIZE);
    PHYSICAL_ADDRESS none, all, place;
    PMDL everything;

    if (ring == NULL || answer == NULL) {
        return;
    }
    BringUp(Device, ring);
    place = MmGetPhysicalAddress(answer);
    MmFreeContiguousMemorySpecifyCache(answer, PAGE_SIZE, MmCached);
    MakeRequest(ring, place);
    Notify(Device);
    WaitMilliseconds(10);
    Status(Device, 0);
    MmFreeContiguousMemorySpecifyCache(ring, RING_BYTES, MmCached);
    /* Whoever gets the page next finds it changed. */
    none.QuadPart = 0;
    all.QuadPart = -1;
    everything = MmAllocatePagesForMdlEx(none, all, none, 0x40000000, MmCached, 0);
    if (everything != NULL) {
        MmFreePagesFromMdl(everything);
        ExFreePool(everything);
    }
}

/* The request was never made known, but it stands in the available ring, and the answer's memory with it. */
RULE(DMA_EXPOSED, RuleAtStart)
{
    PUCHAR ring = Contiguous(RING_BYTES);
    PVOID answer = Contiguous(PAGE_SIZE);

    if (ring == NULL || answer == NULL) {
        return;
    }
    BringUp(Device, ring);
    MakeRequest(ring, MmGetPhysicalAddress(answer));
    MmFreeContiguousMemorySpecifyCache(answer, PAGE_SIZE, MmCached);
    Status(Device, 0);
    MmFreeContiguousMemorySpecifyCache(ring, RING_BYTES, MmCached);
}

/* Where an answer has room on the ring's first page, behind the request: the first, or the second. */
static PHYSICAL_ADDRESS RoomForAnswer(PUCHAR Ring, ULONG Which)
{
    return MmGetPhysicalAddress(Ring + PAGE_SIZE / 2 + 256 * (1 + Which));
}

/* Two requests with answers at First and Second, made known together. */
static VOID AskTwice(PRULE_DEVICE Device, ULONG First, ULONG Second)
{
    PUCHAR ring = Contiguous(RING_BYTES);

    if (ring == NULL) {
        return;
    }
    BringUp(Device, ring);
    MakeNthRequest(ring, 0, RoomForAnswer(ring, First));
    MakeNthRequest(ring, 1, RoomForAnswer(ring, Second));
    Notify(Device);
    WaitMilliseconds(10);
    Status(Device, 0);
    MmFreeContiguousMemorySpecifyCache(ring, RING_BYTES, MmCached);
}

/* Both answers go to the same memory. */
RULE(DMA_LENT_TWICE, RuleAtStart)
{
    AskTwice(Device, 0, 0);
}

/* The two have their request in common, which the device only reads. */
RULE(CONTROL__READ_TWICE, RuleAtStart)
{
    AskTwice(Device, 0, 1);
}

static PUCHAR BringUpAndWait(PRULE_DEVICE Device)
{
    PUCHAR ring = Contiguous(RING_BYTES);

    if (ring != NULL) {
        BringUp(Device, ring);
        WaitMilliseconds(10);
    }
    return ring;
}

/* The device has died and refuses its reset: the ring stays its own. */
RULE(CONTROL__KEPT, RuleAtStart)
{
    PUCHAR ring = BringUpAndWait(Device);

    Status(Device, 0);
    if (ring != NULL && READ_REGISTER_UCHAR(Device->Bar + VIRTIO_COMMON_DEVICE_STATUS) == 0) {
        MmFreeContiguousMemorySpecifyCache(ring, RING_BYTES, MmCached);
    }
}

/* On the same device: the first request was never answered, and its answer's memory is given to the second. */
RULE(DMA_LENT_TWICE__HELD, RuleAtStart)
{
    PUCHAR ring = BringUpAndWait(Device);

    if (ring == NULL) {
        return;
    }
    MakeNthRequest(ring, 0, RoomForAnswer(ring, 0));
    Notify(Device);
    WaitMilliseconds(1000);
    MakeNthRequest(ring, 1, RoomForAnswer(ring, 0));
    Notify(Device);
    Status(Device, 0);
}

/* On the same device, but what the device was never given is left as well. */
RULE(LEAK__NOT_LENT, RuleAtStart)
{
    PVOID other = Contiguous(PAGE_SIZE);

    BringUpAndWait(Device);
    UNUSED(other);
    Status(Device, 0);
}

/* The device may reach it, but nobody asked for it back. */
RULE(LEAK__UNASKED, RuleAtStart)
{
    BringUpAndWait(Device);
}

/* The reset has ended what the device might do. */
RULE(LEAK__AFTER_RESET, RuleAtStart)
{
    BringUpAndWait(Device);
    Status(Device, 0);
}

/* The device refused its reset, and the ring is freed all the same. */
RULE(DMA_EXPOSED__DEAD, RuleAtStart)
{
    PUCHAR ring = BringUpAndWait(Device);

    Status(Device, 0);
    if (ring != NULL) {
        MmFreeContiguousMemorySpecifyCache(ring, RING_BYTES, MmCached);
    }
}

static BOOLEAN NTAPI NotMine(PKINTERRUPT Interrupt, PVOID Context)
{
    UNUSED(Interrupt);
    UNUSED(Context);
    return FALSE;
}

/* The service routine never reads the ISR register, so the level stays. */
RULE(INTERRUPT_STORM, RuleAtStart)
{
    PUCHAR ring = Contiguous(RING_BYTES);
    PKINTERRUPT interrupt;

    if (ring == NULL || !Device->HasInterrupt ||
        !NT_SUCCESS(IoConnectInterrupt(&interrupt, NotMine, NULL, NULL, Device->Vector, Device->Irql, Device->Irql,
                                       LevelSensitive, TRUE, Device->Affinity, FALSE))) {
        return;
    }
    BringUp(Device, ring);
    MakeRequest(ring, MmGetPhysicalAddress(ring + PAGE_SIZE / 2 + 256));
    Notify(Device);
    WaitMilliseconds(10);
    Status(Device, 0);
    IoDisconnectInterrupt(interrupt);
    MmFreeContiguousMemorySpecifyCache(ring, RING_BYTES, MmCached);
}

/* Reads the expansion ROM's space as if it were configuration space. */
RULE(CONFIG_RULE, RuleAtStart)
{
    static const GUID standard = {0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};
    BUS_INTERFACE_STANDARD bus;
    IO_STATUS_BLOCK block;
    PIO_STACK_LOCATION stack;
    KEVENT event;
    PIRP irp;
    ULONG value;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Device->Lower, NULL, 0, NULL, &event, &block);
    if (irp == NULL) {
        return;
    }
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = IRP_MN_QUERY_INTERFACE;
    stack->Parameters.QueryInterface.InterfaceType = &standard;
    stack->Parameters.QueryInterface.Size = sizeof(bus);
    stack->Parameters.QueryInterface.Version = 1;
    stack->Parameters.QueryInterface.Interface = (PINTERFACE)&bus;
    stack->Parameters.QueryInterface.InterfaceSpecificData = NULL;
    if (IoCallDriver(Device->Lower, irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    }
    if (NT_SUCCESS(block.Status)) {
        bus.GetBusData(bus.Context, PCI_WHICHSPACE_ROM, &value, 0, sizeof(value));
        bus.InterfaceDereference(bus.Context);
    }
}
