/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The correct tables: Wave (stream -> bridge) and Topology (bridge -> speaker with a jack). */
#include "port_rule.h"

static const GUID g_Wave[3] = {{STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_RENDER}, {STATIC_KSCATEGORY_REALTIME}};
static const GUID g_Topology[2] = {{STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_TOPOLOGY}};

static VOID Pin(PPCPIN_DESCRIPTOR Pin, ULONG Instances, const PKSDATARANGE *Ranges, KSPIN_DATAFLOW Flow,
                KSPIN_COMMUNICATION Communication, const GUID *Category)
{
    Pin->MaxGlobalInstanceCount = Instances;
    Pin->MaxFilterInstanceCount = Instances;
    Pin->KsPinDescriptor.DataRangesCount = 1;
    Pin->KsPinDescriptor.DataRanges = Ranges;
    Pin->KsPinDescriptor.DataFlow = Flow;
    Pin->KsPinDescriptor.Communication = Communication;
    Pin->KsPinDescriptor.Category = Category;
}

static VOID Filter(PPCFILTER_DESCRIPTOR Filter, PCPIN_DESCRIPTOR *Pins, PCCONNECTION_DESCRIPTOR *Connections,
                   ULONG CategoryCount, GUID *Categories)
{
    Filter->PinSize = sizeof(PCPIN_DESCRIPTOR);
    Filter->PinCount = 2;
    Filter->Pins = Pins;
    Filter->NodeSize = sizeof(PCNODE_DESCRIPTOR);
    Connections[0].FromNode = PCFILTER_NODE;
    Connections[0].FromNodePin = 0;
    Connections[0].ToNode = PCFILTER_NODE;
    Connections[0].ToNodePin = 1;
    Filter->ConnectionCount = 1;
    Filter->Connections = Connections;
    Filter->CategoryCount = CategoryCount;
    Filter->Categories = Categories;
}

static VOID StreamRange(PPORT_MODEL Model)
{
    PKSDATARANGE_AUDIO range = &Model->Range;

    range->DataRange.FormatSize = sizeof(*range);
    range->DataRange.MajorFormat = SndTypeAudio;
    range->DataRange.SubFormat = SndSubtypePcm;
    range->DataRange.Specifier = SndSpecifierWaveFormat;
    range->MaximumChannels = 2;
    range->MinimumBitsPerSample = 16;
    range->MaximumBitsPerSample = 16;
    range->MinimumSampleFrequency = 48000;
    range->MaximumSampleFrequency = 48000;
    Model->Ranges[0] = (PKSDATARANGE)range;
}

VOID PortTablesInitialize(PPORT_MODEL Model)
{
    RtlCopyMemory(Model->WaveCategories, g_Wave, sizeof(g_Wave));
    RtlCopyMemory(Model->TopologyCategories, g_Topology, sizeof(g_Topology));
    StreamRange(Model);
    Pin(&Model->WavePins[0], 1, Model->Ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &SndCategoryAudio);
    Pin(&Model->WavePins[1], 0, SndBridgeRanges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &SndCategoryAudio);
    Pin(&Model->TopologyPins[0], 0, SndBridgeRanges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &SndCategoryAudio);
    Pin(&Model->TopologyPins[1], 0, SndBridgeRanges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &SndNodeSpeaker);
    Filter(&Model->Wave, Model->WavePins, Model->WaveConnections, RTL_NUMBER_OF(g_Wave), Model->WaveCategories);
    Filter(&Model->Topology, Model->TopologyPins, Model->TopologyConnections, RTL_NUMBER_OF(g_Topology),
           Model->TopologyCategories);

    Model->JackItems[0].Set = &SndPropertySetJack;
    Model->JackItems[0].Id = KSPROPERTY_JACK_DESCRIPTION;
    Model->JackItems[0].Flags = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT;
    Model->JackItems[0].Handler = PortJack;
    Model->JackTable.PropertyItemSize = sizeof(PCPROPERTY_ITEM);
    Model->JackTable.PropertyCount = 1;
    Model->JackTable.Properties = Model->JackItems;
    Model->Topology.AutomationTable = &Model->JackTable;
}

static NTSTATUS BasicSupport(PPCPROPERTY_REQUEST Request)
{
    if (Request->ValueSize < sizeof(ULONG)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    *(PULONG)Request->Value = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT;
    Request->ValueSize = sizeof(ULONG);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI PortJack(PPCPROPERTY_REQUEST Request)
{
    const ULONG size = sizeof(KSMULTIPLE_ITEM) + sizeof(KSJACK_DESCRIPTION);
    PKSMULTIPLE_ITEM head = Request->Value;
    PKSJACK_DESCRIPTION jack = (PKSJACK_DESCRIPTION)(head + 1);

    if (Request->Verb & KSPROPERTY_TYPE_BASICSUPPORT) {
        if (Request->ValueSize == 0) {
            Request->ValueSize = sizeof(ULONG);
            return STATUS_BUFFER_OVERFLOW;
        }
        return BasicSupport(Request);
    }
    if (Request->InstanceSize < sizeof(ULONG) || *(PULONG)Request->Instance != 1) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Request->ValueSize == 0) {
        Request->ValueSize = size;
        return STATUS_BUFFER_OVERFLOW;
    }
    if (Request->ValueSize < size) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlZeroMemory(head, size);
    head->Size = size;
    head->Count = 1;
    jack->ChannelMapping = KSAUDIO_SPEAKER_STEREO;
    jack->IsConnected = TRUE;
    Request->ValueSize = size;
    return STATUS_SUCCESS;
}
