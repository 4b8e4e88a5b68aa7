/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * adapter_subdevices.c: registers Wave and Topology and connects them
 * (WDK: "Subdevice Creation", "Dynamic Audio Subdevices").
 */
#include "adapter_subdevices.h"

#include "filter_pins.h"
#include "portcls_com.h"
#include "topology.h"
#include "topology_tables.h"
#include "wavert.h"
#include "wavert_tables.h"

/* The INF's interface reference strings; PortCls keeps the pointers for the life of the device. */
static WCHAR WaveName[] = L"Wave";
static WCHAR TopologyName[] = L"Topology";

/* Makes a port, binds the miniport to it and registers the pair. *Port is referenced as soon as it exists. */
CODE_PAGE static NTSTATUS RegisterSubdevice(PADAPTER_CONTEXT Context, PIRP Irp, PRESOURCELIST Resources,
                                            const GUID *PortClass, PUNKNOWN Miniport, PWCHAR Name, PPORT *Port,
                                            PBOOLEAN Registered)
{
    NTSTATUS status;

    PAGED_CODE();
    status = PcNewPort(Port, PortClass);
    if (!NT_SUCCESS(status)) {
        *Port = NULL;
        return status;
    }
    status = (*Port)->lpVtbl->Init(*Port, Context->DeviceObject, Irp, Miniport, AdapterContextUnknown(Context),
                                   Resources);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = PcRegisterSubdevice(Context->DeviceObject, Name, (PUNKNOWN)*Port);
    *Registered = (BOOLEAN)NT_SUCCESS(status);
    return status;
}

CODE_PAGE static NTSTATUS RegisterWave(PADAPTER_CONTEXT Context, PIRP Irp, PRESOURCELIST Resources,
                                       PADAPTER_SUBDEVICES Subdevices)
{
    PMINIPORTWAVERT miniport;
    NTSTATUS status;

    PAGED_CODE();
    status = WaveRtMiniportCreate(Context, &miniport);
    if (NT_SUCCESS(status)) {
        status = RegisterSubdevice(Context, Irp, Resources, &CLSID_PortWaveRT, (PUNKNOWN)miniport, WaveName,
                                   &Subdevices->Wave, &Subdevices->WaveRegistered);
        COM_RELEASE(&miniport); /* the port has its own reference */
    }
    return status;
}

CODE_PAGE static NTSTATUS RegisterTopology(PADAPTER_CONTEXT Context, PIRP Irp, PRESOURCELIST Resources,
                                           PADAPTER_SUBDEVICES Subdevices)
{
    PMINIPORTTOPOLOGY miniport;
    NTSTATUS status;

    PAGED_CODE();
    status = TopologyMiniportCreate(Context, &miniport);
    if (NT_SUCCESS(status)) {
        status = RegisterSubdevice(Context, Irp, Resources, &CLSID_PortTopology, (PUNKNOWN)miniport, TopologyName,
                                   &Subdevices->Topology, &Subdevices->TopologyRegistered);
        COM_RELEASE(&miniport);
    }
    return status;
}

/* In the direction of the sound. */
CODE_PAGE static NTSTATUS ConnectRender(PDEVICE_OBJECT DeviceObject, PADAPTER_SUBDEVICES Subdevices)
{
    NTSTATUS status;

    PAGED_CODE();
    status = PcRegisterPhysicalConnection(DeviceObject, (PUNKNOWN)Subdevices->Wave, WaveRtPinRenderBridge,
                                          (PUNKNOWN)Subdevices->Topology, TopologyPinRenderIn);
    Subdevices->RenderConnected = (BOOLEAN)NT_SUCCESS(status);
    return status;
}

CODE_PAGE static NTSTATUS ConnectCapture(PDEVICE_OBJECT DeviceObject, PADAPTER_SUBDEVICES Subdevices)
{
    NTSTATUS status;

    PAGED_CODE();
    status = PcRegisterPhysicalConnection(DeviceObject, (PUNKNOWN)Subdevices->Topology,
                                          TopologyPinCaptureOut - Subdevices->PinsLeftOut, (PUNKNOWN)Subdevices->Wave,
                                          WaveRtPinCaptureBridge - Subdevices->PinsLeftOut);
    Subdevices->CaptureConnected = (BOOLEAN)NT_SUCCESS(status);
    return status;
}

CODE_PAGE NTSTATUS AdapterSubdevicesStart(PADAPTER_CONTEXT Context, PIRP Irp, PRESOURCELIST Resources,
                                          PADAPTER_SUBDEVICES Subdevices)
{
    NTSTATUS status;

    PAGED_CODE();
    status = RegisterWave(Context, Irp, Resources, Subdevices);
    if (NT_SUCCESS(status)) {
        status = RegisterTopology(Context, Irp, Resources, Subdevices);
    }
    Subdevices->PinsLeftOut = FilterPinsLeftOut(Context->StreamSet);
    if (NT_SUCCESS(status) && (Context->StreamSet & VIRTIOSND_STREAM_BIT(VirtIoSndStreamRender)) != 0) {
        status = ConnectRender(Context->DeviceObject, Subdevices);
    }
    if (NT_SUCCESS(status) && (Context->StreamSet & VIRTIOSND_STREAM_BIT(VirtIoSndStreamCapture)) != 0) {
        status = ConnectCapture(Context->DeviceObject, Subdevices);
    }
    return status;
}

CODE_PAGE static VOID Disconnect(PDEVICE_OBJECT DeviceObject, PPORT FromPort, ULONG FromPin, PPORT ToPort, ULONG ToPin,
                                 PBOOLEAN Connected)
{
    PUNREGISTERPHYSICALCONNECTION unregister;

    PAGED_CODE();
    if (*Connected && NT_SUCCESS(FromPort->lpVtbl->QueryInterface(FromPort, &IID_IUnregisterPhysicalConnection,
                                                                  (PVOID *)&unregister))) {
        (VOID)unregister->lpVtbl->UnregisterPhysicalConnection(unregister, DeviceObject, (PUNKNOWN)FromPort, FromPin,
                                                               (PUNKNOWN)ToPort, ToPin);
        COM_RELEASE(&unregister);
    }
    *Connected = FALSE;
}

CODE_PAGE static VOID UnregisterSubdevice(PDEVICE_OBJECT DeviceObject, PPORT *Port, PBOOLEAN Registered)
{
    PUNREGISTERSUBDEVICE unregister;

    PAGED_CODE();
    if (*Registered && NT_SUCCESS((*Port)->lpVtbl->QueryInterface(*Port, &IID_IUnregisterSubdevice,
                                                                  (PVOID *)&unregister))) {
        (VOID)unregister->lpVtbl->UnregisterSubdevice(unregister, DeviceObject, (PUNKNOWN)*Port);
        COM_RELEASE(&unregister);
    }
    *Registered = FALSE;
    COM_RELEASE(Port);
}

CODE_PAGE VOID AdapterSubdevicesStop(PDEVICE_OBJECT DeviceObject, PADAPTER_SUBDEVICES Subdevices)
{
    PAGED_CODE();
    Disconnect(DeviceObject, Subdevices->Topology, TopologyPinCaptureOut - Subdevices->PinsLeftOut, Subdevices->Wave,
               WaveRtPinCaptureBridge - Subdevices->PinsLeftOut, &Subdevices->CaptureConnected);
    Disconnect(DeviceObject, Subdevices->Wave, WaveRtPinRenderBridge, Subdevices->Topology, TopologyPinRenderIn,
               &Subdevices->RenderConnected);
    UnregisterSubdevice(DeviceObject, &Subdevices->Topology, &Subdevices->TopologyRegistered);
    UnregisterSubdevice(DeviceObject, &Subdevices->Wave, &Subdevices->WaveRegistered);
}
