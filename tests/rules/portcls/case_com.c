/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about COM. */
#include "port_rule.h"

static NTSTATUS QueryWithBadId(PDEVICE_OBJECT DeviceObject)
{
    PVOID found;

    UNUSED(DeviceObject);
    return g_Model.WavePort->lpVtbl->QueryInterface(g_Model.WavePort, (REFIID)(ULONG_PTR)0x18, &found);
}

PORT_RULE(COM_BAD_ARGUMENT, LOAD)
{
    Model->AfterStart = QueryWithBadId;
}

static NTSTATUS NTAPI StartWithBadMiniport(PDEVICE_OBJECT DeviceObject, PIRP Irp, PRESOURCELIST Resources)
{
    return PortCreate(DeviceObject, Irp, Resources, &CLSID_PortWaveRT, (PUNKNOWN)(ULONG_PTR)0x23450, &g_Model.WavePort);
}

PORT_RULE(COM_BAD_INTERFACE, LOAD)
{
    Model->StartDevice = StartWithBadMiniport;
}

static NTSTATUS CallOnOther(PDEVICE_OBJECT DeviceObject)
{
    static ULONG_PTR other[16];

    UNUSED(DeviceObject);
    g_Model.WavePort->lpVtbl->AddRef((IPort *)other);
    return STATUS_SUCCESS;
}

PORT_RULE(COM_BAD_THIS, LOAD)
{
    Model->AfterStart = CallOnOther;
}

PORT_RULE(COM_BAD_VTABLE, LOAD)
{
    PVOID data = &Model->Range;

    RtlCopyMemory(&Model->WaveVtbl.NewStream, &data, sizeof(data));
}

PORT_RULE(COM_PAGED_OBJECT, PLAY)
{
    Model->StreamPool = PagedPool;
}

static NTSTATUS NTAPI QueryAnything(IMiniportWaveRT *This, REFIID Id, PVOID *Interface)
{
    UNUSED(Id);
    This->lpVtbl->AddRef(This);
    *Interface = This;
    return STATUS_SUCCESS;
}

PORT_RULE(COM_QUERY_UNKNOWN_IID, LOAD)
{
    Model->WaveVtbl.QueryInterface = QueryAnything;
}

static NTSTATUS NTAPI QueryNoUnknown(IMiniportWaveRT *This, REFIID Id, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IMiniport, &IID_IMiniportWaveRT};

    return PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), Id, Interface);
}

PORT_RULE(COM_QUERY_IUNKNOWN, LOAD)
{
    Model->WaveVtbl.QueryInterface = QueryNoUnknown;
}

static IMiniportWaveRT g_Twin;

static NTSTATUS NTAPI QueryTwin(IMiniportWaveRT *This, REFIID Id, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IUnknown, &IID_IMiniport, &IID_IMiniportWaveRT};
    static BOOLEAN other;
    NTSTATUS status = PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), Id, Interface);

    if (NT_SUCCESS(status) && PortClsComGuidEqual(Id, &IID_IUnknown)) {
        other = !other;
        *Interface = other ? This : &g_Twin;
    }
    return status;
}

PORT_RULE(COM_IDENTITY, LOAD)
{
    g_Twin.lpVtbl = &Model->WaveVtbl;
    Model->WaveVtbl.QueryInterface = QueryTwin;
}

static ULONG NTAPI AddTwo(IMiniportWaveRT *This)
{
    static LONG references = 1;

    UNUSED(This);
    PortClsComAddRef(&references);
    return PortClsComAddRef(&references);
}

PORT_RULE(COM_REFERENCE_COUNT, LOAD)
{
    Model->WaveVtbl.AddRef = AddTwo;
}

/* Two references of ours (PcNewPort and AddRef), three Releases: the third would take PortCls' own. */
static NTSTATUS ReleaseTooOften(PDEVICE_OBJECT DeviceObject)
{
    IPort *port = g_Model.WavePort;

    UNUSED(DeviceObject);
    port->lpVtbl->AddRef(port);
    port->lpVtbl->Release(port);
    port->lpVtbl->Release(port);
    port->lpVtbl->Release(port);
    return STATUS_SUCCESS;
}

PORT_RULE(COM_RELEASED_TOO_OFTEN, LOAD)
{
    Model->AfterStart = ReleaseTooOften;
}
