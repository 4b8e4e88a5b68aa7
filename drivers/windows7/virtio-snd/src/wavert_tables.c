/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_tables.c: the Wave filter. No nodes: volume and mute are Windows' own.
 *
 *                      +--------------- Wave ---------------+
 *   audio engine --> 0 | render stream  ----> render bridge | 1 --> Topology 0
 *                      |                                    |
 *   audio engine <-- 3 | capture stream <--- capture bridge | 2 <-- Topology 3
 *                      +------------------------------------+
 *
 * Data ranges: one format a pin, once for each specifier that a client may use.
 */
#include "wavert_tables.h"

#include "filter_tables.h"
#include "guids.h"
#include "wavert_format.h"

/* A range that holds exactly one format. Specifier: an initialiser. */
#define STREAM_RANGE(Channels, Specifier)                                                                              \
    {                                                                                                                  \
        {{sizeof(KSDATARANGE_AUDIO), 0, 0, 0, GUID_INITIALIZER(STATIC_KSDATAFORMAT_TYPE_AUDIO),                        \
          GUID_INITIALIZER(STATIC_KSDATAFORMAT_SUBTYPE_PCM), Specifier}},                                              \
            (Channels), WAVERT_BITS_PER_SAMPLE, WAVERT_BITS_PER_SAMPLE, WAVERT_SAMPLE_RATE, WAVERT_SAMPLE_RATE         \
    }

/* Microsoft's topology test wants FormatSize to be exactly this. */
C_ASSERT(sizeof(KSDATARANGE_AUDIO) == 88);
C_ASSERT(sizeof(KSDATARANGE) == 64);

static const KSDATARANGE_AUDIO RenderRanges[] = {
    STREAM_RANGE(WAVERT_RENDER_CHANNELS, GUID_INITIALIZER(STATIC_KSDATAFORMAT_SPECIFIER_WAVEFORMATEX)),
    STREAM_RANGE(WAVERT_RENDER_CHANNELS, GUID_INITIALIZER(STATIC_KSDATAFORMAT_SPECIFIER_DSOUND)),
};

static const KSDATARANGE_AUDIO CaptureRanges[] = {
    STREAM_RANGE(WAVERT_CAPTURE_CHANNELS, GUID_INITIALIZER(STATIC_KSDATAFORMAT_SPECIFIER_WAVEFORMATEX)),
    STREAM_RANGE(WAVERT_CAPTURE_CHANNELS, GUID_INITIALIZER(STATIC_KSDATAFORMAT_SPECIFIER_DSOUND)),
};

/* The pin descriptor's type wants pointers to non-const ranges; nothing writes through them. */
static const PKSDATARANGE RenderRangePointers[] = {(PKSDATARANGE)&RenderRanges[0], (PKSDATARANGE)&RenderRanges[1]};
static const PKSDATARANGE CaptureRangePointers[] = {(PKSDATARANGE)&CaptureRanges[0], (PKSDATARANGE)&CaptureRanges[1]};

/* One client at a time on each streaming pin, none needed. */
static const PCPIN_DESCRIPTOR Pins[] = {
    FILTER_PIN(1, RenderRangePointers, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &SndCategoryAudio),
    FILTER_PIN(0, SndBridgeRanges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &SndCategoryAudio),
    FILTER_PIN(0, SndBridgeRanges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &SndCategoryAudio),
    FILTER_PIN(1, CaptureRangePointers, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_SINK, &SndCategoryAudio),
};
C_ASSERT(RTL_NUMBER_OF(Pins) == WaveRtPinCount);

static const PCCONNECTION_DESCRIPTOR Connections[] = {
    {PCFILTER_NODE, WaveRtPinRenderStream, PCFILTER_NODE, WaveRtPinRenderBridge},
    {PCFILTER_NODE, WaveRtPinCaptureBridge, PCFILTER_NODE, WaveRtPinCaptureStream},
};

static const PCCONNECTION_DESCRIPTOR CaptureConnections[] = {
    {PCFILTER_NODE, WaveRtPinCaptureBridge - FILTER_PINS_PER_STREAM, PCFILTER_NODE,
     WaveRtPinCaptureStream - FILTER_PINS_PER_STREAM},
};

#define PROPOSED_FORMAT(Handler)                                                                                       \
    {                                                                                                                  \
        &SndPropertySetPin, KSPROPERTY_PIN_PROPOSEDATAFORMAT,                                                          \
            KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT, (Handler)                        \
    }

static const PCPROPERTY_ITEM Properties[] = {PROPOSED_FORMAT(WaveRtPropertyProposedFormat)};
static const PCPROPERTY_ITEM RenderProperties[] = {PROPOSED_FORMAT(WaveRtPropertyProposedFormatRender)};
static const PCPROPERTY_ITEM CaptureProperties[] = {PROPOSED_FORMAT(WaveRtPropertyProposedFormatCapture)};

static const PCAUTOMATION_TABLE Automation = FILTER_PROPERTIES(Properties);
static const PCAUTOMATION_TABLE RenderAutomation = FILTER_PROPERTIES(RenderProperties);
static const PCAUTOMATION_TABLE CaptureAutomation = FILTER_PROPERTIES(CaptureProperties);

/* Playback's own first, recording's own last: a filter without one of them has a part of the table. */
static const GUID Categories[] = {
    GUID_INITIALIZER(STATIC_KSCATEGORY_RENDER),
    GUID_INITIALIZER(STATIC_KSCATEGORY_AUDIO),
    GUID_INITIALIZER(STATIC_KSCATEGORY_REALTIME),
    GUID_INITIALIZER(STATIC_KSCATEGORY_CAPTURE),
};
#define CATEGORIES_OF_ONE 3

/* The members of PCFILTER_DESCRIPTOR that say that there are no nodes. */
#define NO_NODES sizeof(PCNODE_DESCRIPTOR), 0, NULL

const PCFILTER_DESCRIPTOR WaveRtFilterDescriptors[VIRTIOSND_STREAM_SETS] = {
    {0, &RenderAutomation, FILTER_PART(Pins, WaveRtPinRenderStream, FILTER_PINS_PER_STREAM), NO_NODES, 1, Connections,
     CATEGORIES_OF_ONE, &Categories[0]},
    {0, &CaptureAutomation, FILTER_PART(Pins, WaveRtPinCaptureBridge, FILTER_PINS_PER_STREAM), NO_NODES,
     RTL_NUMBER_OF(CaptureConnections), CaptureConnections, CATEGORIES_OF_ONE, &Categories[1]},
    {0, &Automation, FILTER_TABLE(Pins), NO_NODES, RTL_NUMBER_OF(Connections), Connections, RTL_NUMBER_OF(Categories),
     Categories},
};
