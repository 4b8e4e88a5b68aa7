/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert.c: the Wave miniport, IMiniportWaveRT
 * (WDK: "IMiniportWaveRT interface", "Developing a WaveRT Miniport Driver").
 */
#include "wavert.h"

#include "filter_pins.h"
#include "pool.h"
#include "portcls_com.h"
#include "wavert_format.h"
#include "wavert_stream.h"
#include "wavert_tables.h"

struct _MINIPORTWAVERT_CONTEXT {
    IMiniportWaveRT Interface; /* first member: the block is a COM object */
    LONG References;           /* interlocked */
    PADAPTER_CONTEXT Adapter;  /* referenced */
};

static PMINIPORTWAVERT_CONTEXT FromInterface(IMiniportWaveRT *This)
{
    return CONTAINING_RECORD(This, MINIPORTWAVERT_CONTEXT, Interface);
}

static NTSTATUS NTAPI QueryInterface(IMiniportWaveRT *This, REFIID InterfaceId, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IUnknown, &IID_IMiniport, &IID_IMiniportWaveRT};

    return PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), InterfaceId, Interface);
}

static ULONG NTAPI AddRef(IMiniportWaveRT *This)
{
    return PortClsComAddRef(&FromInterface(This)->References);
}

static ULONG NTAPI Release(IMiniportWaveRT *This)
{
    PMINIPORTWAVERT_CONTEXT miniport = FromInterface(This);
    ULONG references = PortClsComRelease(&miniport->References);

    if (references == 0) {
        AdapterContextRelease(miniport->Adapter);
        ExFreePoolWithTag(miniport, VIRTIOSND_POOL_TAG);
    }
    return references;
}

/* The stream behind pin number Pin of this filter; FALSE: none. */
CODE_PAGE static BOOLEAN StreamOfPin(IMiniportWaveRT *This, ULONG Pin, VIRTIOSND_STREAM_ID *Stream)
{
    PAGED_CODE();
    return WaveRtPinStream(FilterPinCounted(FromInterface(This)->Adapter->StreamSet, Pin), Stream);
}

CODE_PAGE static NTSTATUS NTAPI GetDescription(IMiniportWaveRT *This, PPCFILTER_DESCRIPTOR *Description)
{
    PAGED_CODE();
    *Description = (PPCFILTER_DESCRIPTOR)&WaveRtFilterDescriptors[FromInterface(This)->Adapter->StreamSet - 1u];
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS NTAPI DataRangeIntersection(IMiniportWaveRT *This, ULONG Pin, PKSDATARANGE ClientRange,
                                                      PKSDATARANGE MyRange, ULONG OutputLength, PVOID Result,
                                                      PULONG ResultLength)
{
    VIRTIOSND_STREAM_ID stream;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(MyRange); /* the pin has one format whichever of its ranges matched */
    if (!StreamOfPin(This, Pin, &stream)) {
        return STATUS_NOT_IMPLEMENTED; /* bridge pins: the port's own intersection */
    }
    return WaveRtFormatIntersect(stream, ClientRange, OutputLength, Result, ResultLength);
}

CODE_PAGE static NTSTATUS NTAPI Init(IMiniportWaveRT *This, PUNKNOWN UnknownAdapter, PRESOURCELIST ResourceList,
                                     PPORTWAVERT Port)
{
    PAGED_CODE();
    /* Everything is there since WaveRtMiniportCreate; the port is not kept, which would make a reference cycle. */
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(UnknownAdapter);
    UNREFERENCED_PARAMETER(ResourceList);
    UNREFERENCED_PARAMETER(Port);
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS NTAPI NewStream(IMiniportWaveRT *This, PMINIPORTWAVERTSTREAM *Stream,
                                          PPORTWAVERTSTREAM PortStream, ULONG Pin, BOOLEAN Capture,
                                          PKSDATAFORMAT DataFormat)
{
    PMINIPORTWAVERT_CONTEXT miniport = FromInterface(This);
    PADAPTER_CONTEXT adapter = miniport->Adapter;
    VIRTIOSND_STREAM_ID stream;
    NTSTATUS status;

    PAGED_CODE();
    *Stream = NULL;
    if (!StreamOfPin(This, Pin, &stream) || !Capture != (stream == VirtIoSndStreamRender)) {
        return STATUS_INVALID_PARAMETER;
    }
    status = WaveRtFormatCheck(stream, DataFormat, DataFormat->FormatSize);
    if (!NT_SUCCESS(status)) {
        return status;
    }

    WaveRtStreamAcquireTime();
    AdapterContextLockStreams(adapter);
    if (AdapterContextIsGone(adapter)) {
        status = STATUS_DEVICE_NOT_CONNECTED;
    } else if (adapter->Asleep) {
        status = STATUS_DEVICE_NOT_READY;
    } else if (adapter->Streams[stream] != NULL) {
        status = STATUS_DEVICE_BUSY;
    } else {
        status = WaveRtStreamCreate(miniport, PortStream, Pin, Capture, DataFormat, &adapter->Streams[stream]);
    }
    if (NT_SUCCESS(status)) {
        *Stream = adapter->Streams[stream];
    }
    AdapterContextUnlockStreams(adapter);
    if (!NT_SUCCESS(status)) {
        WaveRtStreamReleaseTime();
    }
    return status;
}

CODE_PAGE static NTSTATUS NTAPI GetDeviceDescription(IMiniportWaveRT *This, PDEVICE_DESCRIPTION Description)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(This);
    RtlZeroMemory(Description, sizeof(*Description));
    Description->Master = TRUE;
    Description->ScatterGather = TRUE;
    Description->Dma32BitAddresses = TRUE;
    Description->InterfaceType = PCIBus;
    Description->MaximumLength = 0xFFFFFFFF;
    return STATUS_SUCCESS;
}

static const IMiniportWaveRTVtbl MiniportVtbl = {QueryInterface, AddRef, Release, GetDescription,
                                                 DataRangeIntersection, Init, NewStream, GetDeviceDescription};

CODE_PAGE NTSTATUS WaveRtMiniportCreate(PADAPTER_CONTEXT Adapter, PMINIPORTWAVERT *Miniport)
{
    PMINIPORTWAVERT_CONTEXT miniport;

    PAGED_CODE();
    *Miniport = NULL;
    miniport = ExAllocatePoolWithTag(NonPagedPool, sizeof(*miniport), VIRTIOSND_POOL_TAG);
    if (miniport == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(miniport, sizeof(*miniport));
    miniport->Interface.lpVtbl = (IMiniportWaveRTVtbl *)&MiniportVtbl;
    miniport->References = 1;
    miniport->Adapter = Adapter;
    AdapterContextReference(Adapter);
    *Miniport = &miniport->Interface;
    return STATUS_SUCCESS;
}

VOID WaveRtMiniportReference(PMINIPORTWAVERT_CONTEXT Miniport)
{
    AddRef(&Miniport->Interface);
}

VOID WaveRtMiniportRelease(PMINIPORTWAVERT_CONTEXT Miniport)
{
    Release(&Miniport->Interface);
}

PVIRTIOSND_BACKEND WaveRtMiniportBackend(PMINIPORTWAVERT_CONTEXT Miniport)
{
    return Miniport->Adapter->Backend;
}

BOOLEAN WaveRtMiniportGone(PMINIPORTWAVERT_CONTEXT Miniport)
{
    return AdapterContextIsGone(Miniport->Adapter);
}

CODE_PAGE VOID WaveRtMiniportStreamClosed(PMINIPORTWAVERT_CONTEXT Miniport, VIRTIOSND_STREAM_ID Stream)
{
    PADAPTER_CONTEXT adapter = Miniport->Adapter;

    PAGED_CODE();
    AdapterContextLockStreams(adapter);
    if (adapter->Streams[Stream] != NULL) {
        WaveRtStreamQuiesce(adapter->Streams[Stream]);
        adapter->Streams[Stream] = NULL;
    }
    AdapterContextUnlockStreams(adapter);
}
