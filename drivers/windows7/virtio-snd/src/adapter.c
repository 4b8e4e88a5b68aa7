/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * adapter.c: the PortCls adapter driver: load, add, start, stop
 * (WDK: "Adapter Driver Construction", "PcAddAdapterDevice", "PcDispatchIrp").
 *
 *      START_DEVICE                          STOP, SURPRISE_REMOVAL, REMOVE
 *        switches from the registry
 *        adapter context                       release the context
 *        hardware, backend                     backend, hardware (streams quiesced first)
 *        ports, subdevices, connections        connections, subdevices, ports
 *        power management                      power management
 *
 * The right column runs from below to the top, and the same way when START_DEVICE fails half-way.
 */
#include "adapter_context.h"
#include "adapter_subdevices.h"
#include "eventlog.h"
#include "registry.h"
#include "trace.h"

/* "Wave" and "Topology". */
#define MAX_SUBDEVICES 2

/* Our part of the device extension, behind PortCls' own; zeroed when the device object is made. Touched by AddDevice
 * and by PnP requests only, which Windows serialises. */
typedef struct _ADAPTER_EXTENSION {
    PDEVICE_OBJECT PhysicalDeviceObject; /* AddDevice */
    PADAPTER_CONTEXT Context;            /* referenced; NULL while stopped */
    BOOLEAN Recover;                     /* the device broke its rules when it was last in use */
    ADAPTER_SUBDEVICES Subdevices;
    BOOLEAN PowerManaged; /* PortCls tells the context of changes of power */
} ADAPTER_EXTENSION, *PADAPTER_EXTENSION;

DRIVER_INITIALIZE DriverEntry;

static PADAPTER_EXTENSION ExtensionOf(PDEVICE_OBJECT DeviceObject)
{
    return (PADAPTER_EXTENSION)((PUCHAR)DeviceObject->DeviceExtension + PORT_CLASS_DEVICE_EXTENSION_SIZE);
}

/* Undoes START_DEVICE, complete or not; nothing is left to do the second time. */
CODE_PAGE static VOID StopAdapter(PDEVICE_OBJECT DeviceObject)
{
    PADAPTER_EXTENSION extension = ExtensionOf(DeviceObject);
    PADAPTER_CONTEXT context = extension->Context;

    PAGED_CODE();
    if (context == NULL) {
        return;
    }
    extension->Context = NULL;
    if (extension->PowerManaged) {
        (VOID)PcUnregisterAdapterPowerManagement(DeviceObject);
        extension->PowerManaged = FALSE;
    }
    AdapterSubdevicesStop(DeviceObject, &extension->Subdevices);
    AdapterContextRetire(context);
    extension->Recover = context->Device.WasBroken;
    AdapterContextRelease(context);
}

/* The entry for a start that failed. */
CODE_PAGE static VOID LogHardware(PADAPTER_CONTEXT Context, const REGISTRY_SWITCHES *Switches, NTSTATUS Status)
{
    static const NTSTATUS messages[] = {
        AERO_SND_E_HARDWARE,   /* VirtIoSndProblemStage */
        AERO_SND_E_QUEUE_SIZE, /* VirtIoSndProblemQueueSize */
        AERO_SND_E_NO_STREAM,  /* VirtIoSndProblemNoStream */
    };

    PAGED_CODE();
    if (Switches->ForceNullBackend) {
        EventLogWrite(Context->DeviceObject, AERO_SND_W_NULL_BACKEND, Status, (ULONG)Context->Device.Stage);
    } else {
        EventLogWrite(Context->DeviceObject, messages[Context->Device.Problem], Status, Context->Device.Detail);
    }
}

/* Brings the hardware up and makes the backend. With ForceNullBackend the hardware is still tried, because its start is
 * what the switch lets one debug around, but it need not succeed. */
CODE_PAGE static NTSTATUS StartBackend(PADAPTER_CONTEXT Context, PRESOURCELIST Resources,
                                       const REGISTRY_SWITCHES *Switches, BOOLEAN Recover)
{
    NTSTATUS status;

    PAGED_CODE();
    status = VirtIoSndStartHardware(&Context->Device, Context->PhysicalDeviceObject,
                                    Resources->lpVtbl->UntranslatedList(Resources),
                                    Resources->lpVtbl->TranslatedList(Resources),
                                    (Switches->AllowPollingOnly ? VIRTIOSND_START_ALLOW_POLLING : 0u) |
                                        (Recover ? VIRTIOSND_START_RECOVER : 0u));
    if (!NT_SUCCESS(status)) {
        LogHardware(Context, Switches, status);
        if (!Switches->ForceNullBackend) {
            return status;
        }
    }
    if (Switches->ForceNullBackend) {
        status = VirtIoSndBackendNullCreate(&Context->Backend);
    } else {
        status = VirtIoSndBackendVirtioCreate(&Context->Device, &Context->Backend);
    }
    if (!NT_SUCCESS(status)) {
        Context->Backend = NULL;
        EventLogWrite(Context->DeviceObject, AERO_SND_E_BACKEND, status, 0);
        return status;
    }
    Context->StreamSet = Context->Backend->Ops->Streams(Context->Backend);
    return STATUS_SUCCESS;
}

/* PCPFNSTARTDEVICE: PASSIVE_LEVEL, the lower drivers have started. */
CODE_PAGE static NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources)
{
    PADAPTER_EXTENSION extension = ExtensionOf(DeviceObject);
    REGISTRY_SWITCHES switches;
    NTSTATUS status;

    PAGED_CODE();
    if (extension->PhysicalDeviceObject == NULL) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    StopAdapter(DeviceObject); /* a START without a STOP before it */

    RegistryReadSwitches(extension->PhysicalDeviceObject, &switches);
    status = AdapterContextCreate(DeviceObject, extension->PhysicalDeviceObject, &extension->Context);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = StartBackend(extension->Context, Resources, &switches, extension->Recover);
    if (NT_SUCCESS(status)) {
        status = AdapterSubdevicesStart(extension->Context, Irp, Resources, &extension->Subdevices);
        if (!NT_SUCCESS(status)) {
            EventLogWrite(DeviceObject, AERO_SND_E_SUBDEVICES, status, 0);
        }
    }
    if (NT_SUCCESS(status)) {
        status = PcRegisterAdapterPowerManagement(AdapterContextUnknown(extension->Context), DeviceObject);
        extension->PowerManaged = (BOOLEAN)NT_SUCCESS(status);
    }
    if (!NT_SUCCESS(status)) {
        VIRTIOSND_TRACE_ERROR("START_DEVICE failed: 0x%08X\n", (unsigned)status);
        StopAdapter(DeviceObject);
    }
    return status;
}

/* IRP_MJ_PNP. The clean-up comes before PortCls sees the request: it deletes the device object inside REMOVE_DEVICE. */
CODE_PAGE static NTSTATUS NTAPI DispatchPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PADAPTER_CONTEXT context;

    PAGED_CODE();
    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_SURPRISE_REMOVAL:
        context = ExtensionOf(DeviceObject)->Context;
        if (context != NULL) {
            VirtIoSndHardwareGone(&context->Device);
        }
        StopAdapter(DeviceObject);
        break;
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_REMOVE_DEVICE:
        StopAdapter(DeviceObject);
        break;
    default:
        break;
    }
    return PcDispatchIrp(DeviceObject, Irp);
}

/* PortCls gives AddDevice no FDO and StartDevice no PDO (PcGetPhysicalDeviceObject is of Windows 8). Right after
 * PcAddAdapterDevice our FDO is the top of the stack: note the PDO in its extension. */
CODE_PAGE static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT PhysicalDeviceObject)
{
    PDEVICE_OBJECT top;
    NTSTATUS status;

    PAGED_CODE();
    status = PcAddAdapterDevice(DriverObject, PhysicalDeviceObject, StartDevice, MAX_SUBDEVICES,
                                PORT_CLASS_DEVICE_EXTENSION_SIZE + sizeof(ADAPTER_EXTENSION));
    if (!NT_SUCCESS(status)) {
        return status;
    }
    top = IoGetAttachedDeviceReference(PhysicalDeviceObject);
    if (top->DriverObject == DriverObject) {
        ExtensionOf(top)->PhysicalDeviceObject = PhysicalDeviceObject;
    }
    ObDereferenceObject(top);
    /* Not found: START_DEVICE will fail. Failing here would leave PortCls' device object attached for ever. */
    return STATUS_SUCCESS;
}

CODE_INIT NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;

    status = PcInitializeAdapterDriver(DriverObject, RegistryPath, AddDevice);
    if (NT_SUCCESS(status)) {
        DriverObject->MajorFunction[IRP_MJ_PNP] = DispatchPnp;
    }
    return status;
}
