/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The correct miniports. Both are single static objects: they outlive every reference. */
#include "port_rule.h"

static NTSTATUS NTAPI WaveQuery(IMiniportWaveRT *This, REFIID Id, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IUnknown, &IID_IMiniport, &IID_IMiniportWaveRT};

    return PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), Id, Interface);
}

static LONG g_WaveReferences = 1, g_TopologyReferences = 1;

static ULONG NTAPI WaveAddRef(IMiniportWaveRT *This)
{
    UNUSED(This);
    return PortClsComAddRef(&g_WaveReferences);
}

static ULONG NTAPI WaveRelease(IMiniportWaveRT *This)
{
    UNUSED(This);
    return PortClsComRelease(&g_WaveReferences);
}

static NTSTATUS NTAPI WaveDescription(IMiniportWaveRT *This, PPCFILTER_DESCRIPTOR *Description)
{
    UNUSED(This);
    *Description = &g_Model.Wave;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI WaveIntersection(IMiniportWaveRT *This, ULONG Pin, PKSDATARANGE Client, PKSDATARANGE Mine,
                                       ULONG OutputLength, PVOID Result, PULONG ResultLength)
{
    PKSDATAFORMAT_WAVEFORMATEXTENSIBLE format = Result;

    UNUSED(This);
    UNUSED(Mine);
    if (Pin != 0) {
        return STATUS_NOT_IMPLEMENTED;
    }
    if (!PortClsComGuidEqual(&Client->Specifier, &SndSpecifierWaveFormat) &&
        !PortClsComGuidEqual(&Client->Specifier, &SndWildcard)) {
        return STATUS_NO_MATCH;
    }
    *ResultLength = sizeof(*format);
    if (OutputLength == 0) {
        return STATUS_BUFFER_OVERFLOW;
    }
    if (OutputLength < sizeof(*format)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlZeroMemory(format, sizeof(*format));
    format->DataFormat.FormatSize = sizeof(*format);
    format->DataFormat.MajorFormat = SndTypeAudio;
    format->DataFormat.SubFormat = SndSubtypePcm;
    format->DataFormat.Specifier = SndSpecifierWaveFormat;
    format->DataFormat.SampleSize = FRAME_BYTES;
    format->WaveFormatExt.Format.wFormatTag = WAVE_FORMAT_EXTENSIBLE;
    format->WaveFormatExt.Format.nChannels = 2;
    format->WaveFormatExt.Format.nSamplesPerSec = 48000;
    format->WaveFormatExt.Format.nAvgBytesPerSec = 48000 * FRAME_BYTES;
    format->WaveFormatExt.Format.nBlockAlign = FRAME_BYTES;
    format->WaveFormatExt.Format.wBitsPerSample = 16;
    format->WaveFormatExt.Format.cbSize = sizeof(WAVEFORMATEXTENSIBLE) - sizeof(WAVEFORMATEX);
    format->WaveFormatExt.Samples.wValidBitsPerSample = 16;
    format->WaveFormatExt.dwChannelMask = KSAUDIO_SPEAKER_STEREO;
    format->WaveFormatExt.SubFormat = SndSubtypePcm;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI WaveInit(IMiniportWaveRT *This, PUNKNOWN Adapter, PRESOURCELIST Resources, PPORTWAVERT Port)
{
    UNUSED(This);
    UNUSED(Adapter);
    UNUSED(Resources);
    UNUSED(Port);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI WaveNewStream(IMiniportWaveRT *This, PMINIPORTWAVERTSTREAM *Stream, PPORTWAVERTSTREAM PortStream,
                                    ULONG Pin, BOOLEAN Capture, PKSDATAFORMAT Format)
{
    const KSDATAFORMAT_WAVEFORMATEXTENSIBLE *wave = (const KSDATAFORMAT_WAVEFORMATEXTENSIBLE *)(PVOID)Format;

    UNUSED(This);
    *Stream = NULL;
    if (Pin != 0 || Capture || Format->FormatSize < sizeof(KSDATAFORMAT) + sizeof(WAVEFORMATEX) ||
        wave->WaveFormatExt.Format.nChannels != 2 || wave->WaveFormatExt.Format.nSamplesPerSec != 48000 ||
        wave->WaveFormatExt.Format.wBitsPerSample != 16) {
        return STATUS_INVALID_PARAMETER;
    }
    return PortStreamCreate(PortStream, Stream);
}

static NTSTATUS NTAPI WaveDeviceDescription(IMiniportWaveRT *This, PDEVICE_DESCRIPTION Description)
{
    UNUSED(This);
    RtlZeroMemory(Description, sizeof(*Description));
    Description->Master = TRUE;
    Description->ScatterGather = TRUE;
    Description->Dma32BitAddresses = TRUE;
    Description->InterfaceType = PCIBus;
    Description->MaximumLength = 0xFFFFFFFF;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI TopologyQuery(IMiniportTopology *This, REFIID Id, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IUnknown, &IID_IMiniport, &IID_IMiniportTopology};

    return PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), Id, Interface);
}

static ULONG NTAPI TopologyAddRef(IMiniportTopology *This)
{
    UNUSED(This);
    return PortClsComAddRef(&g_TopologyReferences);
}

static ULONG NTAPI TopologyRelease(IMiniportTopology *This)
{
    UNUSED(This);
    return PortClsComRelease(&g_TopologyReferences);
}

static NTSTATUS NTAPI TopologyDescription(IMiniportTopology *This, PPCFILTER_DESCRIPTOR *Description)
{
    UNUSED(This);
    *Description = &g_Model.Topology;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI TopologyIntersection(IMiniportTopology *This, ULONG Pin, PKSDATARANGE Client, PKSDATARANGE Mine,
                                           ULONG OutputLength, PVOID Result, PULONG ResultLength)
{
    UNUSED(This);
    UNUSED(Pin);
    UNUSED(Client);
    UNUSED(Mine);
    UNUSED(OutputLength);
    UNUSED(Result);
    UNUSED(ResultLength);
    return STATUS_NOT_IMPLEMENTED;
}

static NTSTATUS NTAPI TopologyInit(IMiniportTopology *This, PUNKNOWN Adapter, PRESOURCELIST Resources,
                                   PPORTTOPOLOGY Port)
{
    UNUSED(This);
    UNUSED(Adapter);
    UNUSED(Resources);
    UNUSED(Port);
    return STATUS_SUCCESS;
}

VOID PortMiniportsInitialize(PPORT_MODEL Model)
{
    static const IMiniportWaveRTVtbl wave = {WaveQuery,        WaveAddRef, WaveRelease,   WaveDescription,
                                             WaveIntersection, WaveInit,   WaveNewStream, WaveDeviceDescription};
    static const IMiniportTopologyVtbl topology = {TopologyQuery,       TopologyAddRef,       TopologyRelease,
                                                   TopologyDescription, TopologyIntersection, TopologyInit};

    Model->WaveVtbl = wave;
    Model->TopologyVtbl = topology;
    Model->WaveMiniport.lpVtbl = &Model->WaveVtbl;
    Model->TopologyMiniport.lpVtbl = &Model->TopologyVtbl;
}
