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

static const PCPROPERTY_ITEM Properties[] = {
    {&SndPropertySetPin, KSPROPERTY_PIN_PROPOSEDATAFORMAT,
     KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT, WaveRtPropertyProposedFormat},
};

static const PCAUTOMATION_TABLE Automation = FILTER_PROPERTIES(Properties);

static const GUID Categories[] = {
    GUID_INITIALIZER(STATIC_KSCATEGORY_AUDIO),
    GUID_INITIALIZER(STATIC_KSCATEGORY_RENDER),
    GUID_INITIALIZER(STATIC_KSCATEGORY_CAPTURE),
    GUID_INITIALIZER(STATIC_KSCATEGORY_REALTIME),
};

const PCFILTER_DESCRIPTOR WaveRtFilterDescriptor = {
    0, &Automation, FILTER_TABLE(Pins), sizeof(PCNODE_DESCRIPTOR), 0, NULL, RTL_NUMBER_OF(Connections), Connections,
    RTL_NUMBER_OF(Categories), Categories};
