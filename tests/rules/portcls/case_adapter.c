/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about the adapter, its subdevices and their connections. */
#include "port_rule.h"

/* Breaks nothing: the skeleton itself has to pass. */
PORT_RULE(PORT_CONTROL, PLAY)
{
    UNUSED(Model);
}

PORT_RULE(PORTCLS_BAD_ARGUMENT, LOAD)
{
    Model->StartDevice = NULL;
}

static NTSTATUS UnloadMyself(PDEVICE_OBJECT DeviceObject)
{
    DeviceObject->DriverObject->DriverUnload(DeviceObject->DriverObject);
    return STATUS_SUCCESS;
}

PORT_RULE(PORTCLS_UNLOAD, LOAD)
{
    Model->AfterStart = UnloadMyself;
}

/* An event of the port's list that nobody takes off it again. */
static NTSTATUS LeaveEvent(PDEVICE_OBJECT DeviceObject)
{
    static KSEVENT_ENTRY entry;
    PPORTEVENTS events;
    NTSTATUS status = g_Model.TopologyPort->lpVtbl->QueryInterface(g_Model.TopologyPort, &IID_IPortEvents,
                                                                   (PVOID *)&events);

    UNUSED(DeviceObject);
    if (NT_SUCCESS(status)) {
        events->lpVtbl->AddEventToEventList(events, &entry);
        COM_RELEASE(&events);
    }
    return status;
}

PORT_RULE(PORT_EVENTS_LEFT, LOAD)
{
    Model->AfterStart = LeaveEvent;
}

static NTSTATUS RegisterOnOther(PDEVICE_OBJECT DeviceObject)
{
    PDEVICE_OBJECT other;
    NTSTATUS status = IoCreateDevice(DeviceObject->DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &other);

    if (NT_SUCCESS(status)) {
        status = PcRegisterPhysicalConnection(other, (PUNKNOWN)g_Model.WavePort, 1, (PUNKNOWN)g_Model.TopologyPort, 0);
        IoDeleteDevice(other);
    }
    return status;
}

PORT_RULE(PORTCLS_BAD_DEVICE, LOAD)
{
    Model->AfterStart = RegisterOnOther;
}

PORT_RULE(ADAPTER_EXTENSION_SIZE, LOAD)
{
    Model->ExtensionBytes = 8;
}

static NTSTATUS Pending(PDEVICE_OBJECT DeviceObject)
{
    UNUSED(DeviceObject);
    return STATUS_PENDING;
}

PORT_RULE(START_PENDING, LOAD)
{
    Model->AfterStart = Pending;
}

static NTSTATUS NTAPI StartWithoutInit(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources)
{
    static WCHAR name[] = L"Wave";

    UNUSED(Irp);
    UNUSED(Resources);
    PcNewPort(&g_Model.WavePort, &CLSID_PortWaveRT);
    return PcRegisterSubdevice(DeviceObject, name, (PUNKNOWN)g_Model.WavePort);
}

PORT_RULE(SUBDEVICE_NOT_INITIALIZED, LOAD)
{
    Model->StartDevice = StartWithoutInit;
}

static NTSTATUS RegisterAgain(PDEVICE_OBJECT DeviceObject)
{
    static WCHAR name[] = L"Again";

    return PcRegisterSubdevice(DeviceObject, name, (PUNKNOWN)g_Model.WavePort);
}

PORT_RULE(SUBDEVICE_TWICE, LOAD)
{
    Model->MaxObjects = 3;
    Model->AfterStart = RegisterAgain;
}

PORT_RULE(SUBDEVICE_NAME, LOAD)
{
    static WCHAR name[] = L"Wave";

    Model->TopologyName = name;
}

PORT_RULE(SUBDEVICE_COUNT, LOAD)
{
    Model->MaxObjects = 1;
}

static NTSTATUS NTAPI StartUnregistered(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources)
{
    PortCreate(DeviceObject, Irp, Resources, &CLSID_PortWaveRT, (PUNKNOWN)&g_Model.WaveMiniport, &g_Model.WavePort);
    PortCreate(DeviceObject, Irp, Resources, &CLSID_PortTopology, (PUNKNOWN)&g_Model.TopologyMiniport,
               &g_Model.TopologyPort);
    return PcRegisterPhysicalConnection(DeviceObject, (PUNKNOWN)g_Model.WavePort, 1, (PUNKNOWN)g_Model.TopologyPort, 0);
}

PORT_RULE(CONNECTION_UNREGISTERED, LOAD)
{
    Model->StartDevice = StartUnregistered;
}

static NTSTATUS ConnectMissingPin(PDEVICE_OBJECT DeviceObject)
{
    return PcRegisterPhysicalConnection(DeviceObject, (PUNKNOWN)g_Model.WavePort, 7, (PUNKNOWN)g_Model.TopologyPort, 0);
}

PORT_RULE(CONNECTION_PIN, LOAD)
{
    Model->AfterStart = ConnectMissingPin;
}

static NTSTATUS ConnectBackwards(PDEVICE_OBJECT DeviceObject)
{
    return PcRegisterPhysicalConnection(DeviceObject, (PUNKNOWN)g_Model.TopologyPort, 0, (PUNKNOWN)g_Model.WavePort, 1);
}

PORT_RULE(CONNECTION_DIRECTION, LOAD)
{
    Model->AfterStart = ConnectBackwards;
}

static NTSTATUS ConnectAgain(PDEVICE_OBJECT DeviceObject)
{
    return PcRegisterPhysicalConnection(DeviceObject, (PUNKNOWN)g_Model.WavePort, 1, (PUNKNOWN)g_Model.TopologyPort, 0);
}

PORT_RULE(CONNECTION_TWICE, LOAD)
{
    Model->AfterStart = ConnectAgain;
}

static NTSTATUS NTAPI StartInitTwice(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources)
{
    PortCreate(DeviceObject, Irp, Resources, &CLSID_PortWaveRT, (PUNKNOWN)&g_Model.WaveMiniport, &g_Model.WavePort);
    return g_Model.WavePort->lpVtbl->Init(g_Model.WavePort, DeviceObject, Irp, (PUNKNOWN)&g_Model.WaveMiniport, NULL,
                                          Resources);
}

PORT_RULE(PORT_INIT_TWICE, LOAD)
{
    Model->StartDevice = StartInitTwice;
}

static NTSTATUS NTAPI DescribeNothing(IMiniportWaveRT *This, PDEVICE_DESCRIPTION Description)
{
    UNUSED(This);
    RtlZeroMemory(Description, sizeof(*Description));
    return STATUS_SUCCESS;
}

PORT_RULE(DEVICE_DESCRIPTION, PLAY)
{
    Model->WaveVtbl.GetDeviceDescription = DescribeNothing;
}
