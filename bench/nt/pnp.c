/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The plug and play manager: loads the driver, sends the IRPs that Windows would send, unloads. */
#include "bus.h"
#include "nt.h"

#include "object.h"

#include <string.h>

DRIVER_OBJECT *g_driver;
static UNICODE_STRING registry_path;
static CM_RESOURCE_LIST *raw, *translated;
static DEVICE_CAPABILITIES *asked;

static NTSTATUS NTAPI invalid_request(DEVICE_OBJECT *device, IRP *irp)
{
    (void)device;
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    IofCompleteRequest(irp, 0);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static void make_driver_object(void)
{
    static const WCHAR path[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\aero_virtio_snd";
    static const WCHAR name[] = L"\\Driver\\aero_virtio_snd";
    unsigned major;

    g_driver = bench_alloc(sizeof *g_driver, "driver object");
    g_driver->Type = IO_TYPE_DRIVER;
    g_driver->Size = sizeof *g_driver;
    g_driver->DriverStart = g_image.base;
    g_driver->DriverSize = (ULONG)g_image.bytes;
    g_driver->DriverExtension = bench_alloc(sizeof(DRIVER_EXTENSION), "driver extension");
    g_driver->DriverExtension->DriverObject = g_driver;
    g_driver->DriverInit = (PDRIVER_INITIALIZE)g_image.entry;
    for (major = 0; major <= IRP_MJ_MAXIMUM_FUNCTION; major++)
        g_driver->MajorFunction[major] = invalid_request;
    registry_path.Buffer = bench_alloc(sizeof path, "registry path");
    memcpy(registry_path.Buffer, path, sizeof path);
    registry_path.Length = sizeof path - 2;
    registry_path.MaximumLength = sizeof path;
    g_driver->DriverName.Buffer = bench_alloc(sizeof name, "driver name");
    memcpy(g_driver->DriverName.Buffer, name, sizeof name);
    g_driver->DriverName.Length = sizeof name - 2;
    g_driver->DriverName.MaximumLength = sizeof name;
}

/* What Windows does with an image that is no longer needed, and every leak check. */
static void discard(void)
{
    timer_check_unload();
    dpc_check_unload();
    thread_check_unload();
    work_check_unload();
    clock_check_unload();
    device_check_unload();
    irp_check_unload();
    resource_report_leaks();
    ram_check_freed();
    image_unmap();
}

NTSTATUS driver_try_load(const char *path)
{
    NTSTATUS status;

    image_load(path);
    make_driver_object();
    bus_init();
    object_register(g_driver, OBJECT_DRIVER, "driver object", NULL);
    status = DRIVER_CALL("DriverEntry", g_driver->DriverInit(g_driver, &registry_path));
    image_discard_init();
    /* The string belongs to the caller; Windows frees it, so a driver that kept the pointer faults. */
    bench_free(registry_path.Buffer);
    if (!NT_SUCCESS(status))
        discard();
    return status;
}

void driver_load(const char *path)
{
    NTSTATUS status = driver_try_load(path);

    if (!NT_SUCCESS(status))
        host_exit(LINK_EXIT_START, status_name(status));
}

void driver_unload(void)
{
    if (g_driver->DriverUnload == NULL)
        violation("DRIVER_RULE", "the driver has no DriverUnload routine");
    work_await();
    DRIVER_CALL_VOID("DriverUnload", g_driver->DriverUnload(g_driver));
    discard();
}

NTSTATUS pnp_add_device(void)
{
    NTSTATUS status;

    if (g_driver->DriverExtension->AddDevice == NULL)
        violation("DRIVER_RULE", "the driver has no AddDevice routine");
    if (image_contains_code((const void *)g_driver->DriverExtension->AddDevice))
        status = DRIVER_CALL("AddDevice", g_driver->DriverExtension->AddDevice(g_driver, g_pdo));
    else
        status = g_driver->DriverExtension->AddDevice(g_driver, g_pdo);
    if (NT_SUCCESS(status)) {
        if (g_pdo->AttachedDevice == NULL)
            violation("DRIVER_RULE", "AddDevice succeeded without attaching a device");
        if (device_top_of_stack(g_pdo)->Flags & DO_DEVICE_INITIALIZING)
            violation("DEVICE_RULE", "AddDevice left DO_DEVICE_INITIALIZING set");
    }
    return status;
}

/* Sends a PnP IRP to the top. must_reach_bus: these the driver may not keep to itself. */
static NTSTATUS send(unsigned minor, bool must_reach_bus, const char *name)
{
    IRP *irp = IoAllocateIrp(device_top_of_stack(g_pdo)->StackSize, FALSE);
    IO_STACK_LOCATION *location = irp_next_location(irp);
    NTSTATUS status;

    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    location->MajorFunction = IRP_MJ_PNP;
    location->MinorFunction = (UCHAR)minor;
    if (minor == IRP_MN_START_DEVICE) {
        location->Parameters.StartDevice.AllocatedResources = raw;
        location->Parameters.StartDevice.AllocatedResourcesTranslated = translated;
    } else if (minor == IRP_MN_QUERY_CAPABILITIES) {
        location->Parameters.DeviceCapabilities.Capabilities = asked;
    }
    g_bus_saw_irp = false;
    trace("pnp %s", name);
    status = irp_send_synchronously(g_pdo, irp);
    if (must_reach_bus && !g_bus_saw_irp)
        violation("IRP_NOT_PASSED_DOWN", "%s never reached the bus driver", name);
    IoFreeIrp(irp);
    trace("pnp %s: %s", name, status_name(status));
    return status;
}

NTSTATUS pnp_query_capabilities(DEVICE_CAPABILITIES *capabilities)
{
    asked = capabilities;
    memset(capabilities, 0, sizeof *capabilities);
    capabilities->Size = sizeof *capabilities;
    capabilities->Version = 1;
    capabilities->Address = capabilities->UINumber = 0xFFFFFFFF;
    return send(IRP_MN_QUERY_CAPABILITIES, true, "IRP_MN_QUERY_CAPABILITIES");
}

static void free_resources(void)
{
    if (raw != NULL)
        bench_free(raw);
    if (translated != NULL)
        bench_free(translated);
    raw = translated = NULL;
}

NTSTATUS pnp_start_device(void)
{
    NTSTATUS status;

    free_resources();
    raw = bus_resource_list(false);
    translated = bus_resource_list(true);
    status = send(IRP_MN_START_DEVICE, false, "IRP_MN_START_DEVICE");
    if (NT_SUCCESS(status) && !g_bus_saw_irp)
        violation("IRP_NOT_PASSED_DOWN", "IRP_MN_START_DEVICE succeeded without reaching the bus driver");
    if (!NT_SUCCESS(status))
        resource_settle(0);
    free_resources(); /* the lists are the caller's: a driver copies what it keeps */
    return status;
}

NTSTATUS pnp_query_stop_device(void)
{
    return send(IRP_MN_QUERY_STOP_DEVICE, false, "IRP_MN_QUERY_STOP_DEVICE");
}

NTSTATUS pnp_stop_device(void) { return send(IRP_MN_STOP_DEVICE, true, "IRP_MN_STOP_DEVICE"); }

NTSTATUS pnp_query_remove_device(void)
{
    return send(IRP_MN_QUERY_REMOVE_DEVICE, false, "IRP_MN_QUERY_REMOVE_DEVICE");
}

void pnp_unplug(void) { host_device_gone(); }
void pnp_plug(void) { host_device_back(); }

NTSTATUS pnp_surprise_removal(void)
{
    resource_settle(0);
    host_device_gone();
    return send(IRP_MN_SURPRISE_REMOVAL, true, "IRP_MN_SURPRISE_REMOVAL");
}

NTSTATUS pnp_remove_device(void)
{
    NTSTATUS status = send(IRP_MN_REMOVE_DEVICE, true, "IRP_MN_REMOVE_DEVICE");

    if (g_pdo->AttachedDevice != NULL)
        violation("DEVICE_RULE", "the device is still attached to its PDO after IRP_MN_REMOVE_DEVICE");
    return status;
}
