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

/* Playback's first. */
static const PCCONNECTION_DESCRIPTOR Connections[] = {
    {PCFILTER_NODE, TopologyPinRenderIn, TopologyNodeDac, NODE_IN},
    {TopologyNodeDac, NODE_OUT, PCFILTER_NODE, TopologyPinSpeaker},
    {PCFILTER_NODE, TopologyPinMicrophone, PCFILTER_NODE, TopologyPinCaptureOut},
};
#define RENDER_CONNECTIONS 2

static const PCCONNECTION_DESCRIPTOR CaptureConnections[] = {
    {PCFILTER_NODE, TopologyPinMicrophone - FILTER_PINS_PER_STREAM, PCFILTER_NODE,
     TopologyPinCaptureOut - FILTER_PINS_PER_STREAM},
};

#define JACK(Id, Handler) {&SndPropertySetJack, (Id), KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT, (Handler)}
#define JACKS(Handler) {JACK(KSPROPERTY_JACK_DESCRIPTION, Handler), JACK(KSPROPERTY_JACK_DESCRIPTION2, Handler)}

static const PCPROPERTY_ITEM Properties[] = JACKS(TopologyPropertyJack);
static const PCPROPERTY_ITEM RenderProperties[] = JACKS(TopologyPropertyJackRender);
static const PCPROPERTY_ITEM CaptureProperties[] = JACKS(TopologyPropertyJackCapture);

static const PCAUTOMATION_TABLE Automation = FILTER_PROPERTIES(Properties);
static const PCAUTOMATION_TABLE RenderAutomation = FILTER_PROPERTIES(RenderProperties);
static const PCAUTOMATION_TABLE CaptureAutomation = FILTER_PROPERTIES(CaptureProperties);

static const GUID Categories[] = {
    GUID_INITIALIZER(STATIC_KSCATEGORY_AUDIO),
    GUID_INITIALIZER(STATIC_KSCATEGORY_TOPOLOGY),
};

const PCFILTER_DESCRIPTOR TopologyFilterDescriptors[VIRTIOSND_STREAM_SETS] = {
    {0, &RenderAutomation, FILTER_PART(Pins, TopologyPinRenderIn, FILTER_PINS_PER_STREAM), FILTER_TABLE(Nodes),
     RENDER_CONNECTIONS, Connections, RTL_NUMBER_OF(Categories), Categories},
    {0, &CaptureAutomation, FILTER_PART(Pins, TopologyPinMicrophone, FILTER_PINS_PER_STREAM),
     sizeof(PCNODE_DESCRIPTOR), 0, NULL, RTL_NUMBER_OF(CaptureConnections), CaptureConnections,
     RTL_NUMBER_OF(Categories), Categories},
    {0, &Automation, FILTER_TABLE(Pins), FILTER_TABLE(Nodes), RTL_NUMBER_OF(Connections), Connections,
     RTL_NUMBER_OF(Categories), Categories},
};
