/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * topology.c: the Topology miniport, IMiniportTopology (WDK: "IMiniportTopology interface").
 * Its properties are in topology_properties.c, its description in topology_tables.c.
 */
#include "topology.h"

#include "pool.h"
#include "portcls_com.h"
#include "topology_tables.h"

typedef struct _MINIPORTTOPOLOGY_CONTEXT {
    IMiniportTopology Interface; /* first member: the block is a COM object */
    LONG References;             /* interlocked */
    PADAPTER_CONTEXT Adapter;    /* referenced */
} MINIPORTTOPOLOGY_CONTEXT, *PMINIPORTTOPOLOGY_CONTEXT;

static PMINIPORTTOPOLOGY_CONTEXT FromInterface(IMiniportTopology *This)
{
    return CONTAINING_RECORD(This, MINIPORTTOPOLOGY_CONTEXT, Interface);
}

static NTSTATUS NTAPI QueryInterface(IMiniportTopology *This, REFIID InterfaceId, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IUnknown, &IID_IMiniport, &IID_IMiniportTopology};

    return PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), InterfaceId, Interface);
}

static ULONG NTAPI AddRef(IMiniportTopology *This)
{
    return PortClsComAddRef(&FromInterface(This)->References);
}

static ULONG NTAPI Release(IMiniportTopology *This)
{
    PMINIPORTTOPOLOGY_CONTEXT miniport = FromInterface(This);
    ULONG references = PortClsComRelease(&miniport->References);

    if (references == 0) {
        AdapterContextRelease(miniport->Adapter);
        ExFreePoolWithTag(miniport, VIRTIOSND_POOL_TAG);
    }
    return references;
}

CODE_PAGE static NTSTATUS NTAPI GetDescription(IMiniportTopology *This, PPCFILTER_DESCRIPTOR *Description)
{
    PAGED_CODE();
    *Description = (PPCFILTER_DESCRIPTOR)&TopologyFilterDescriptors[FromInterface(This)->Adapter->StreamSet - 1u];
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS NTAPI DataRangeIntersection(IMiniportTopology *This, ULONG Pin, PKSDATARANGE ClientRange,
                                                      PKSDATARANGE MyRange, ULONG OutputLength, PVOID Result,
                                                      PULONG ResultLength)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(Pin);
    UNREFERENCED_PARAMETER(ClientRange);
    UNREFERENCED_PARAMETER(MyRange);
    UNREFERENCED_PARAMETER(OutputLength);
    UNREFERENCED_PARAMETER(Result);
    UNREFERENCED_PARAMETER(ResultLength);
    return STATUS_NOT_IMPLEMENTED; /* analog pins only: the port's own intersection is right */
}

CODE_PAGE static NTSTATUS NTAPI Init(IMiniportTopology *This, PUNKNOWN UnknownAdapter, PRESOURCELIST ResourceList,
                                     PPORTTOPOLOGY Port)
{
    PAGED_CODE();
    /* Everything is there since TopologyMiniportCreate; the port is not kept, which would make a reference cycle. */
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(UnknownAdapter);
    UNREFERENCED_PARAMETER(ResourceList);
    UNREFERENCED_PARAMETER(Port);
    return STATUS_SUCCESS;
}

static const IMiniportTopologyVtbl MiniportVtbl = {QueryInterface, AddRef, Release, GetDescription,
                                                   DataRangeIntersection, Init};

CODE_PAGE NTSTATUS TopologyMiniportCreate(PADAPTER_CONTEXT Adapter, PMINIPORTTOPOLOGY *Miniport)
{
    PMINIPORTTOPOLOGY_CONTEXT miniport;

    PAGED_CODE();
    *Miniport = NULL;
    miniport = ExAllocatePoolWithTag(NonPagedPool, sizeof(*miniport), VIRTIOSND_POOL_TAG);
    if (miniport == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(miniport, sizeof(*miniport));
    miniport->Interface.lpVtbl = (IMiniportTopologyVtbl *)&MiniportVtbl;
    miniport->References = 1;
    miniport->Adapter = Adapter;
    AdapterContextReference(Adapter);
    *Miniport = &miniport->Interface;
    return STATUS_SUCCESS;
}
