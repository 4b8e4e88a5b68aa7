/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * topology_tables.c: the Topology filter.
 *
 *                 +------------ Topology ------------+
 *   Wave 1 --> 0  | render in ---> DAC ---> speaker   | 1  (jack) --> endpoint
 *                 |                                   |
 *   Wave 2 <-- 3  | capture out <------- microphone   | 2  (jack) <-- endpoint
 *                 +-----------------------------------+
 *
 * The jack properties belong to the filter and name the pin in their KSP_PIN.
 */
#include "topology_tables.h"

#include "filter_tables.h"
#include "guids.h"

/* On every node, pin 1 is the input and pin 0 the output (WDK: "PCCONNECTION_DESCRIPTOR structure"). */
#define NODE_IN 1
#define NODE_OUT 0

static const PCPIN_DESCRIPTOR Pins[] = {
    FILTER_PIN(0, SndBridgeRanges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &SndCategoryAudio),
    FILTER_PIN(0, SndBridgeRanges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &SndNodeSpeaker),
    FILTER_PIN(0, SndBridgeRanges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &SndNodeMicrophone),
    FILTER_PIN(0, SndBridgeRanges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &SndCategoryAudio),
};
C_ASSERT(RTL_NUMBER_OF(Pins) == TopologyPinCount);

static const PCPROPERTY_ITEM DacProperties[] = {
    {&SndPropertySetAudio, KSPROPERTY_AUDIO_CHANNEL_CONFIG,
     KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT, TopologyPropertyChannelConfig},
};

static const PCAUTOMATION_TABLE DacAutomation = FILTER_PROPERTIES(DacProperties);

static const PCNODE_DESCRIPTOR Nodes[] = {
    {0, &DacAutomation, &SndNodeDac, NULL},
};
C_ASSERT(RTL_NUMBER_OF(Nodes) == TopologyNodeCount);

static const PCCONNECTION_DESCRIPTOR Connections[] = {
    {PCFILTER_NODE, TopologyPinRenderIn, TopologyNodeDac, NODE_IN},
    {TopologyNodeDac, NODE_OUT, PCFILTER_NODE, TopologyPinSpeaker},
    {PCFILTER_NODE, TopologyPinMicrophone, PCFILTER_NODE, TopologyPinCaptureOut},
};

static const PCPROPERTY_ITEM FilterPropertyItems[] = {
    {&SndPropertySetJack, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT,
     TopologyPropertyJack},
    {&SndPropertySetJack, KSPROPERTY_JACK_DESCRIPTION2, KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT,
     TopologyPropertyJack},
};

static const PCAUTOMATION_TABLE FilterAutomation = FILTER_PROPERTIES(FilterPropertyItems);

static const GUID Categories[] = {
    GUID_INITIALIZER(STATIC_KSCATEGORY_AUDIO),
    GUID_INITIALIZER(STATIC_KSCATEGORY_TOPOLOGY),
};

const PCFILTER_DESCRIPTOR TopologyFilterDescriptor = {
    0, &FilterAutomation, FILTER_TABLE(Pins), FILTER_TABLE(Nodes), RTL_NUMBER_OF(Connections), Connections,
    RTL_NUMBER_OF(Categories), Categories};
