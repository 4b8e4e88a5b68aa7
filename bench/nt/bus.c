/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bus driver below the driver under test: one PCI function, its resources
 * and its answers to plug and play. What a real PCI bus driver does to the
 * device, it does too: decoding and bus mastering are on between START and STOP
 * or REMOVE only.
 */
#include "bus.h"

#include "faultpoint.h"
#include "nt.h"

#include <stdio.h>
#include <string.h>

#define PCI_ID 0x00u
#define PCI_CLASS_REVISION 0x08u
#define PCI_SUBSYSTEM 0x2Cu
#define PCI_COMMAND 0x04u
#define PCI_COMMAND_DECODE_AND_MASTER 0x0007u
#define PCI_COMMAND_INTX_DISABLE 0x0400u
#define PCI_CONFIG_BYTES 256u
#define BARS 6u
#define LATE_ANSWER_NS 3000000u
#define INTERRUPT_LINE 10u
#define INTERRUPT_VECTOR 0x91u
#if defined(__x86_64__)
#define INTERRUPT_IRQL 9u
#else
#define INTERRUPT_IRQL 17u
#endif

static const GUID bus_interface_standard = {
    0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};

bool g_bus_saw_irp;
DEVICE_OBJECT *g_pdo;
static DRIVER_OBJECT *bus_driver;
static uint32_t command;
static long interface_references;
static bool late;
static struct thread *answering;

bool bus_interrupts_disabled(void) { return (command & PCI_COMMAND_INTX_DISABLE) != 0; }

/* ---- configuration space ---- */

/* The widest aligned access that fits. */
static unsigned piece(ULONG offset, ULONG left)
{
    if (offset % 4 == 0 && left >= 4)
        return 4;
    return offset % 2 == 0 && left >= 2 ? 2 : 1;
}

static ULONG config_access(bool write, uint8_t *buffer, ULONG offset, ULONG length)
{
    ULONG done = 0;

    if (offset >= PCI_CONFIG_BYTES)
        return 0;
    length = MIN(length, PCI_CONFIG_BYTES - offset);
    if (!memory_is_readable(buffer, length))
        violation("BAD_PARAMETER", "configuration access with a buffer %p that is not mapped", (void *)buffer);
    while (done < length) {
        unsigned size = piece(offset + done, length - done);
        uint32_t value = 0;

        if (write) {
            memcpy(&value, buffer + done, size);
            host_config_write(offset + done, size, value);
        } else {
            value = host_config_read(offset + done, size);
            memcpy(buffer + done, &value, size);
        }
        done += size;
    }
    if (write)
        command = host_config_read(PCI_COMMAND, 2);
    return done;
}

static void set_decoding(bool on)
{
    uint32_t value = host_config_read(PCI_COMMAND, 2);

    value = on ? value | PCI_COMMAND_DECODE_AND_MASTER : value & ~PCI_COMMAND_DECODE_AND_MASTER;
    host_config_write(PCI_COMMAND, 2, value);
    command = value;
}

/* ---- BUS_INTERFACE_STANDARD ---- */

static VOID NTAPI interface_reference(PVOID context)
{
    resource_add("bus interface", context, "InterfaceReference");
    interface_references++;
}

static VOID NTAPI interface_dereference(PVOID context)
{
    resource_remove("bus interface", context);
    interface_references--;
}

static BOOLEAN NTAPI translate_address(PVOID context, PHYSICAL_ADDRESS address, ULONG length, PULONG space,
                                       PPHYSICAL_ADDRESS translated)
{
    (void)context;
    (void)length;
    (void)space;
    *translated = address;
    return TRUE;
}

static PVOID NTAPI get_dma_adapter(PVOID context, PVOID description, PULONG registers)
{
    (void)context;
    return dma_adapter_get(description, registers);
}

static void require_interface(ULONG data_type, const char *what)
{
    if (data_type != 0)
        violation("CONFIG_RULE", "%s: data type %u is not PCI_WHICHSPACE_CONFIG", what, data_type);
    if (interface_references <= 0)
        violation("CONFIG_RULE", "%s through a bus interface that was given back", what);
}

static ULONG NTAPI set_bus_data(PVOID context, ULONG data_type, PVOID buffer, ULONG offset, ULONG length)
{
    (void)context;
    require_interface(data_type, "SetBusData");
    return config_access(true, buffer, offset, length);
}

static ULONG NTAPI get_bus_data(PVOID context, ULONG data_type, PVOID buffer, ULONG offset, ULONG length)
{
    (void)context;
    require_interface(data_type, "GetBusData");
    if (fault_point(FAULT_CONFIG))
        return 0;
    return config_access(false, buffer, offset, length);
}

static NTSTATUS query_interface(IO_STACK_LOCATION *location)
{
    BUS_INTERFACE_STANDARD *interface = (BUS_INTERFACE_STANDARD *)location->Parameters.QueryInterface.Interface;

    if (memcmp(location->Parameters.QueryInterface.InterfaceType, &bus_interface_standard, sizeof(GUID)) != 0)
        return STATUS_NOT_SUPPORTED;
    if (location->Parameters.QueryInterface.Version != 1 ||
        location->Parameters.QueryInterface.Size < sizeof *interface)
        return STATUS_NOT_SUPPORTED;
    *interface = (BUS_INTERFACE_STANDARD){
        .Size = sizeof *interface,
        .Version = 1,
        .Context = g_pdo,
        .InterfaceReference = interface_reference,
        .InterfaceDereference = interface_dereference,
        .TranslateBusAddress = translate_address,
        .GetDmaAdapter = get_dma_adapter,
        .SetBusData = set_bus_data,
        .GetBusData = get_bus_data,
    };
    interface_reference(g_pdo);
    return STATUS_SUCCESS;
}

/* ---- resources ---- */

bool bus_interrupt_resource(bool translated, CM_PARTIAL_RESOURCE_DESCRIPTOR *resource)
{
    if (g_link->options.no_interrupt)
        return false;
    memset(resource, 0, sizeof *resource);
    resource->Type = CmResourceTypeInterrupt;
    resource->ShareDisposition = CmResourceShareShared;
    resource->u.Interrupt.Level = translated ? INTERRUPT_IRQL : INTERRUPT_LINE;
    resource->u.Interrupt.Vector = translated ? INTERRUPT_VECTOR : INTERRUPT_LINE;
    resource->u.Interrupt.Affinity = translated ? 1 : (KAFFINITY)-1;
    return true;
}

CM_RESOURCE_LIST *bus_resource_list(bool translated)
{
    const struct link_options *options = &g_link->options;
    CM_PARTIAL_RESOURCE_DESCRIPTOR resources[BARS + 1];
    CM_RESOURCE_LIST *list;
    unsigned count = 0, bar;

    memset(resources, 0, sizeof resources);
    for (bar = 0; bar < BARS; bar++) {
        if (options->bar_type[bar] == 0)
            continue;
        resources[count].Type = options->bar_type[bar] == 2 ? CmResourceTypePort : CmResourceTypeMemory;
        resources[count].ShareDisposition = CmResourceShareDeviceExclusive;
        if (options->bar_type[bar] == 2)
            resources[count].Flags = CM_RESOURCE_PORT_IO | CM_RESOURCE_PORT_16_BIT_DECODE;
        resources[count].u.Generic.Start.QuadPart = (LONGLONG)options->bar_base[bar];
        resources[count].u.Generic.Length = (ULONG)options->bar_size[bar];
        count++;
    }
    if (bus_interrupt_resource(translated, &resources[count]))
        count++;
    list = bench_alloc(sizeof *list + count * sizeof resources[0], "resource list");
    list->Count = 1;
    list->List[0].InterfaceType = PCIBus;
    list->List[0].PartialResourceList.Version = 1;
    list->List[0].PartialResourceList.Revision = 1;
    list->List[0].PartialResourceList.Count = count;
    memcpy(list->List[0].PartialResourceList.PartialDescriptors, resources, count * sizeof resources[0]);
    return list;
}

static PVOID pool_copy(const void *data, size_t bytes)
{
    PVOID copy = ExAllocatePoolWithTag(PagedPool, bytes, 0x42696350 /* "PciB" */);

    if (copy != NULL)
        memcpy(copy, data, bytes);
    return copy;
}

/* ---- plug and play ---- */

static NTSTATUS query_capabilities(IO_STACK_LOCATION *location)
{
    DEVICE_CAPABILITIES *capabilities = location->Parameters.DeviceCapabilities.Capabilities;
    unsigned state;

    if (capabilities->Version != 1 || capabilities->Size < sizeof *capabilities)
        return STATUS_UNSUCCESSFUL;
    for (state = PowerSystemUnspecified; state < PowerSystemMaximum; state++)
        capabilities->DeviceState[state] = state == PowerSystemWorking ? PowerDeviceD0 : PowerDeviceD3;
    capabilities->Address = 0x00050000;
    capabilities->UINumber = 0xFFFFFFFF;
    return STATUS_SUCCESS;
}

static NTSTATUS query_relations(IRP *irp, IO_STACK_LOCATION *location)
{
    DEVICE_RELATIONS relations = {1, {g_pdo}};

    if (location->Parameters.QueryDeviceRelations.Type != 4 /* TargetDeviceRelation */)
        return irp->IoStatus.Status;
    irp->IoStatus.Information = (ULONG_PTR)pool_copy(&relations, sizeof relations);
    if (irp->IoStatus.Information == 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    ObfReferenceObject(g_pdo); /* the one who asked dereferences it */
    return STATUS_SUCCESS;
}

const char *bus_device_name(void)
{
    static char name[64];
    uint32_t id = host_config_read(PCI_ID, 4);
    uint32_t subsystem = host_config_read(PCI_SUBSYSTEM, 4);

    snprintf(name, sizeof name, "VEN_%04X&DEV_%04X&SUBSYS_%08X&REV_%02X", id & 0xFFFF, id >> 16, subsystem,
             host_config_read(PCI_CLASS_REVISION, 1));
    return name;
}

/* The forms of WDK "Identifiers for PCI Devices", each ended by a line feed: device, hardware, compatible, instance. */
static void id_lines(LONG type, char *text, size_t bytes)
{
    uint32_t id = host_config_read(PCI_ID, 4), class = host_config_read(PCI_CLASS_REVISION, 4);
    unsigned vendor = id & 0xFFFF, device = id >> 16, revision = class & 0xFF;
    uint32_t subsystem = host_config_read(PCI_SUBSYSTEM, 4);

    text[0] = '\0';
    if (type == 0)
        snprintf(text, bytes, "PCI\\%s\n", bus_device_name());
    if (type == 1)
        snprintf(text, bytes,
                 "PCI\\%s\nPCI\\VEN_%04X&DEV_%04X&SUBSYS_%08X\nPCI\\VEN_%04X&DEV_%04X&CC_%06X\n"
                 "PCI\\VEN_%04X&DEV_%04X&CC_%04X\n",
                 bus_device_name(), vendor, device, subsystem, vendor, device, class >> 8, vendor, device, class >> 16);
    if (type == 2)
        snprintf(text, bytes,
                 "PCI\\VEN_%04X&DEV_%04X&REV_%02X\nPCI\\VEN_%04X&DEV_%04X\nPCI\\VEN_%04X&CC_%06X\n"
                 "PCI\\VEN_%04X&CC_%04X\nPCI\\VEN_%04X\nPCI\\CC_%06X\nPCI\\CC_%04X\n",
                 vendor, device, revision, vendor, device, vendor, class >> 8, vendor, class >> 16, vendor, class >> 8,
                 class >> 16);
    if (type == 3)
        snprintf(text, bytes, "3&11583659&0&28\n");
}

static NTSTATUS query_id(IRP *irp, IO_STACK_LOCATION *location)
{
    char text[320];
    WCHAR wide[321];
    size_t i;

    id_lines(location->Parameters.QueryId.IdType, text, sizeof text);
    if (text[0] == '\0')
        return irp->IoStatus.Status;
    for (i = 0; text[i] != '\0'; i++)
        wide[i] = text[i] == '\n' ? 0 : (WCHAR)(unsigned char)text[i];
    wide[i++] = 0;
    irp->IoStatus.Information = (ULONG_PTR)pool_copy(wide, i * sizeof wide[0]);
    return irp->IoStatus.Information ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS config_irp(IRP *irp, IO_STACK_LOCATION *location, bool write)
{
    ULONG length = location->Parameters.ReadWriteConfig.Length;

    if (location->Parameters.ReadWriteConfig.WhichSpace != 0)
        return STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = config_access(write, location->Parameters.ReadWriteConfig.Buffer,
                                              location->Parameters.ReadWriteConfig.Offset, length);
    return irp->IoStatus.Information == length ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
}

/* Requests that a bus driver may fail; what undoes something it may not. */
static bool may_fail(UCHAR minor)
{
    return minor == IRP_MN_START_DEVICE || minor == IRP_MN_QUERY_INTERFACE || minor == IRP_MN_QUERY_CAPABILITIES ||
           minor == IRP_MN_QUERY_ID || minor == IRP_MN_READ_CONFIG || minor == IRP_MN_WRITE_CONFIG;
}

static NTSTATUS pnp(IRP *irp, IO_STACK_LOCATION *location)
{
    if (may_fail(location->MinorFunction) && fault_point(FAULT_FORWARD))
        return fault_status(FAULT_FORWARD);
    switch (location->MinorFunction) {
    case IRP_MN_START_DEVICE:
        set_decoding(true);
        power_start();
        return STATUS_SUCCESS;
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_REMOVE_DEVICE:
        resource_settle(0);
        set_decoding(false);
        return STATUS_SUCCESS;
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        return STATUS_SUCCESS;
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        return query_relations(irp, location);
    case IRP_MN_QUERY_INTERFACE:
        return query_interface(location);
    case IRP_MN_QUERY_CAPABILITIES:
        return query_capabilities(location);
    case IRP_MN_QUERY_ID:
        return query_id(irp, location);
    case IRP_MN_READ_CONFIG:
        return config_irp(irp, location, false);
    case IRP_MN_WRITE_CONFIG:
        return config_irp(irp, location, true);
    default:
        return irp->IoStatus.Status; /* unknown: unchanged */
    }
}

static void answer(void *irp)
{
    thread_sleep_until(clock_now_ns() + LATE_ANSWER_NS);
    ((IRP *)irp)->IoStatus.Status = pnp(irp, irp_current_location(irp));
    IofCompleteRequest(irp, 0);
}

void bus_answer_late(bool wanted)
{
    late = wanted;
    if (!wanted && answering != NULL)
        thread_join(answering);
    answering = NULL;
}

NTSTATUS NTAPI bus_dispatch(DEVICE_OBJECT *pdo, IRP *irp)
{
    IO_STACK_LOCATION *location = irp_current_location(irp);
    NTSTATUS status = irp->IoStatus.Status;

    (void)pdo;
    g_bus_saw_irp = true;
    if (late && location->MajorFunction == IRP_MJ_PNP && location->MinorFunction == IRP_MN_QUERY_INTERFACE) {
        location->Control |= SL_PENDING_RETURNED; /* IoMarkIrpPending */
        if (answering != NULL)
            thread_join(answering);
        answering = thread_create("bus driver", answer, irp);
        return STATUS_PENDING;
    }
    if (location->MajorFunction == IRP_MJ_PNP) {
        irql_require_max(PASSIVE_LEVEL, "plug and play IRP at the bus driver");
        status = pnp(irp, location);
    } else if (location->MajorFunction == IRP_MJ_POWER) {
        irql_require_max(PASSIVE_LEVEL, "power IRP at the bus driver");
        status = power_bus_irp(location);
    } else if (location->MajorFunction != IRP_MJ_SYSTEM_CONTROL) {
        status = STATUS_INVALID_DEVICE_REQUEST;
    }
    irp->IoStatus.Status = status;
    IofCompleteRequest(irp, 0);
    return status;
}

void bus_init(void)
{
    unsigned major;

    if (bus_driver != NULL)
        return; /* it outlives a driver that is unloaded and loaded again, and so does its PDO */
    bus_driver = bench_alloc(sizeof *bus_driver, "bus driver");
    bus_driver->Type = IO_TYPE_DRIVER;
    bus_driver->Size = sizeof *bus_driver;
    for (major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; major++)
        bus_driver->MajorFunction[major] = bus_dispatch;
    g_pdo = device_create(bus_driver, 0, 4 /* FILE_DEVICE_CONTROLLER */, "PDO");
    g_pdo->Flags = DO_BUS_ENUMERATED_DEVICE | DO_POWER_PAGABLE;
}
