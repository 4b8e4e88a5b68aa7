/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_pci.h"
#include "pool.h"
#include "trace.h"

#define PCI_COMMAND_OFFSET 0x04u
#define PCI_BAR_OFFSET 0x10u
#define PCI_BAR_IO 0x1u
#define PCI_BAR_TYPE 0x6u
#define PCI_BAR_TYPE_64 0x4u
#define PCI_BAR_FLAGS 0xFu
#define PCI_BAR_IO_FLAGS 0x3u

/* GUID_BUS_INTERFACE_STANDARD, under a name of our own: see wdk_compat.h. */
static const GUID BusInterfaceGuid = {0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};

/* Sends IRP_MN_QUERY_INTERFACE down to BusDevice and waits. On success Bus holds a reference. */
CODE_PAGE static NTSTATUS QueryBusInterface(PDEVICE_OBJECT BusDevice, BUS_INTERFACE_STANDARD *Bus)
{
    PIO_STACK_LOCATION stack;
    IO_STATUS_BLOCK result;
    NTSTATUS status;
    KEVENT event;
    PIRP irp;

    PAGED_CODE();

    RtlZeroMemory(Bus, sizeof(*Bus));
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, BusDevice, NULL, 0, NULL, &event, &result);
    if (irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED; /* stays so when nobody knows the interface */
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = IRP_MN_QUERY_INTERFACE;
    stack->Parameters.QueryInterface.InterfaceType = &BusInterfaceGuid;
    stack->Parameters.QueryInterface.Size = sizeof(*Bus);
    stack->Parameters.QueryInterface.Version = 1;
    stack->Parameters.QueryInterface.Interface = (PINTERFACE)Bus;
    stack->Parameters.QueryInterface.InterfaceSpecificData = NULL;
    status = IoCallDriver(BusDevice, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
        status = result.Status;
    }
    if (NT_SUCCESS(status) && Bus->GetBusData == NULL) {
        status = STATUS_NOT_SUPPORTED;
    }
    return status;
}

/* The bus driver has normally done this; a function that cannot reach memory would only time out later. */
CODE_PAGE static VOID EnableFunction(BUS_INTERFACE_STANDARD *Bus, USHORT Needed, const UCHAR *Config)
{
    USHORT command = (USHORT)(Config[PCI_COMMAND_OFFSET] | Config[PCI_COMMAND_OFFSET + 1u] << 8);

    PAGED_CODE();

    if ((command & Needed) == Needed || Bus->SetBusData == NULL) {
        return;
    }
    command |= Needed;
    VIRTIOSND_TRACE_WARNING("PCI command set to 0x%x\n", command);
    Bus->SetBusData(Bus->Context, 0, &command, PCI_COMMAND_OFFSET, sizeof(command));
}

CODE_PAGE NTSTATUS VirtIoSndPciReadConfig(PDEVICE_OBJECT BusDevice, USHORT Command, UCHAR *Config)
{
    BUS_INTERFACE_STANDARD bus;
    NTSTATUS status;

    PAGED_CODE();

    status = QueryBusInterface(BusDevice, &bus);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (bus.GetBusData(bus.Context, 0, Config, 0, VIRTIO_PCI_CONFIG_BYTES) != VIRTIO_PCI_CONFIG_BYTES) {
        status = STATUS_DEVICE_NOT_CONNECTED;
    } else {
        EnableFunction(&bus, Command, Config);
    }
    bus.InterfaceDereference(bus.Context);
    return status;
}

CODE_PAGE static ULONG ReadBarRegister(const UCHAR *Config, ULONG Index)
{
    const UCHAR *bytes = Config + PCI_BAR_OFFSET + Index * 4u;

    PAGED_CODE();

    return (ULONG)bytes[0] | (ULONG)bytes[1] << 8 | (ULONG)bytes[2] << 16 | (ULONG)bytes[3] << 24;
}

/* Bus address of a BAR; 0: an empty one, or the upper half of none. */
CODE_PAGE static ULONGLONG ReadBarAddress(const UCHAR *Config, ULONG Index, BOOLEAN *Io)
{
    ULONG low = ReadBarRegister(Config, Index);
    ULONGLONG address;

    PAGED_CODE();

    *Io = (BOOLEAN)((low & PCI_BAR_IO) != 0);
    if (*Io) {
        return low & ~PCI_BAR_IO_FLAGS;
    }
    address = low & ~PCI_BAR_FLAGS;
    if ((low & PCI_BAR_TYPE) == PCI_BAR_TYPE_64) {
        if (Index + 1u >= VIRTIO_PCI_BAR_COUNT) {
            return 0;
        }
        address |= (ULONGLONG)ReadBarRegister(Config, Index + 1u) << 32;
    }
    return address;
}

CODE_PAGE const CM_PARTIAL_RESOURCE_DESCRIPTOR *VirtIoSndPciFindBar(const UCHAR *Config, ULONG Index,
                                                                    PCM_RESOURCE_LIST Raw,
                                                                    PCM_RESOURCE_LIST Translated, BOOLEAN *Io)
{
    const CM_PARTIAL_RESOURCE_LIST *raw;
    const CM_PARTIAL_RESOURCE_LIST *translated;
    ULONGLONG address = ReadBarAddress(Config, Index, Io);
    UCHAR type = *Io ? CmResourceTypePort : CmResourceTypeMemory;
    ULONG i;

    PAGED_CODE();

    if (address == 0 || Raw == NULL || Translated == NULL || Raw->Count == 0 || Translated->Count == 0) {
        return NULL;
    }
    raw = &Raw->List[0].PartialResourceList;
    translated = &Translated->List[0].PartialResourceList;
    for (i = 0; i < raw->Count && i < translated->Count; i++) {
        /* Start is the same member in u.Port and u.Memory. */
        if (raw->PartialDescriptors[i].Type == type && translated->PartialDescriptors[i].Type == type &&
            (ULONGLONG)raw->PartialDescriptors[i].u.Memory.Start.QuadPart == address) {
            return &translated->PartialDescriptors[i];
        }
    }
    return NULL;
}

CODE_PAGE const CM_PARTIAL_RESOURCE_DESCRIPTOR *VirtIoSndPciFindInterrupt(PCM_RESOURCE_LIST Translated)
{
    const CM_PARTIAL_RESOURCE_LIST *list;
    ULONG i;

    PAGED_CODE();

    if (Translated == NULL || Translated->Count == 0) {
        return NULL;
    }
    list = &Translated->List[0].PartialResourceList;
    for (i = 0; i < list->Count; i++) {
        if (list->PartialDescriptors[i].Type == CmResourceTypeInterrupt &&
            (list->PartialDescriptors[i].Flags & CM_RESOURCE_INTERRUPT_MESSAGE) == 0) {
            return &list->PartialDescriptors[i];
        }
    }
    return NULL;
}

CODE_PAGE PCM_RESOURCE_LIST VirtIoSndPciCopyResources(PCM_RESOURCE_LIST List)
{
    SIZE_T bytes = FIELD_OFFSET(CM_RESOURCE_LIST, List[0].PartialResourceList.PartialDescriptors);
    PCM_RESOURCE_LIST copy;

    PAGED_CODE();

    if (List->Count != 0) {
        bytes += List->List[0].PartialResourceList.Count * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
    }
    copy = ExAllocatePoolWithTag(NonPagedPool, bytes, VIRTIOSND_POOL_TAG);
    if (copy != NULL) {
        RtlCopyMemory(copy, List, bytes);
        copy->Count = List->Count != 0 ? 1 : 0; /* one bus */
    }
    return copy;
}
