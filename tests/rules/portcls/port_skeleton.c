/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The correct adapter driver around g_Model. The linker makes Rule_Selected another name of the case. */
#include "port_rule.h"

extern const PORT_CASE Rule_Selected;

DRIVER_INITIALIZE DriverEntry;

PORT_MODEL g_Model;

static DRIVER_DISPATCH *g_PortClsPnp;
static WCHAR g_WaveName[] = L"Wave";
static WCHAR g_TopologyName[] = L"Topology";

NTSTATUS PortCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources, const GUID *Class,
                    PUNKNOWN Miniport, PPORT *Port)
{
    NTSTATUS status = PcNewPort(Port, Class);

    if (!NT_SUCCESS(status)) {
        *Port = NULL;
        return status;
    }
    return (*Port)->lpVtbl->Init(*Port, DeviceObject, Irp, Miniport, NULL, Resources);
}

NTSTATUS NTAPI PortStartDevice(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources)
{
    NTSTATUS status = PortCreate(DeviceObject, Irp, Resources, &CLSID_PortWaveRT, (PUNKNOWN)&g_Model.WaveMiniport,
                                 &g_Model.WavePort);

    if (NT_SUCCESS(status)) {
        status = PcRegisterSubdevice(DeviceObject, g_WaveName, (PUNKNOWN)g_Model.WavePort);
    }
    if (NT_SUCCESS(status)) {
        status = PortCreate(DeviceObject, Irp, Resources, &CLSID_PortTopology, (PUNKNOWN)&g_Model.TopologyMiniport,
                            &g_Model.TopologyPort);
    }
    if (NT_SUCCESS(status)) {
        status = PcRegisterSubdevice(DeviceObject, g_Model.TopologyName, (PUNKNOWN)g_Model.TopologyPort);
    }
    if (NT_SUCCESS(status)) {
        status = PcRegisterPhysicalConnection(DeviceObject, (PUNKNOWN)g_Model.WavePort, 1,
                                              (PUNKNOWN)g_Model.TopologyPort, 0);
    }
    if (NT_SUCCESS(status) && g_Model.AfterStart != NULL) {
        status = g_Model.AfterStart(DeviceObject);
    }
    return status;
}

static VOID Unregister(PDEVICE_OBJECT DeviceObject, PPORT *Port)
{
    PUNREGISTERSUBDEVICE unregister;

    if (*Port != NULL &&
        NT_SUCCESS((*Port)->lpVtbl->QueryInterface(*Port, &IID_IUnregisterSubdevice, (PVOID *)&unregister))) {
        unregister->lpVtbl->UnregisterSubdevice(unregister, DeviceObject, (PUNKNOWN)*Port);
        COM_RELEASE(&unregister);
    }
    COM_RELEASE(Port);
}

static VOID Disconnect(PDEVICE_OBJECT DeviceObject)
{
    PUNREGISTERPHYSICALCONNECTION unregister;

    if (g_Model.WavePort != NULL && g_Model.TopologyPort != NULL &&
        NT_SUCCESS(g_Model.WavePort->lpVtbl->QueryInterface(g_Model.WavePort, &IID_IUnregisterPhysicalConnection,
                                                            (PVOID *)&unregister))) {
        unregister->lpVtbl->UnregisterPhysicalConnection(unregister, DeviceObject, (PUNKNOWN)g_Model.WavePort, 1,
                                                         (PUNKNOWN)g_Model.TopologyPort, 0);
        COM_RELEASE(&unregister);
    }
}

static NTSTATUS NTAPI DispatchPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    const UCHAR minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;

    if (minor == IRP_MN_STOP_DEVICE || minor == IRP_MN_SURPRISE_REMOVAL || minor == IRP_MN_REMOVE_DEVICE) {
        Disconnect(DeviceObject);
        Unregister(DeviceObject, &g_Model.TopologyPort);
        Unregister(DeviceObject, &g_Model.WavePort);
    }
    return g_PortClsPnp(DeviceObject, Irp);
}

static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
    return PcAddAdapterDevice(DriverObject, Pdo, g_Model.StartDevice, g_Model.MaxObjects, g_Model.ExtensionBytes);
}

CODE_INIT NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;

    PortTablesInitialize(&g_Model);
    PortMiniportsInitialize(&g_Model);
    PortStreamInitialize(&g_Model);
    g_Model.StreamPool = NonPagedPool;
    g_Model.MaxObjects = 2;
    g_Model.StartDevice = PortStartDevice;
    g_Model.TopologyName = g_TopologyName;
    Rule_Selected.Prepare(&g_Model);

    status = PcInitializeAdapterDriver(DriverObject, RegistryPath, AddDevice);
    if (NT_SUCCESS(status)) {
        g_PortClsPnp = DriverObject->MajorFunction[IRP_MJ_PNP];
        DriverObject->MajorFunction[IRP_MJ_PNP] = DispatchPnp;
    }
    return status;
}
