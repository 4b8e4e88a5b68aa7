/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * topology_properties.c: jacks and channel configuration.
 *
 * The device has no jack detection and no way to change its speakers: both jacks
 * are always plugged, the speakers always stereo.
 */
#include "filter_pins.h"
#include "property.h"
#include "topology_tables.h"

/* WDK: "KSJACK_DESCRIPTION structure". Colours are 0x00RRGGBB, after PC 99: lime green line-out, pink microphone. The
 * channel mapping is non-zero only for analog render. */
#define COLOUR_LIME_GREEN 0x0032CD32
#define COLOUR_PINK 0x00FFC0CB

static const KSJACK_DESCRIPTION SpeakerJack = {KSAUDIO_SPEAKER_STEREO, COLOUR_LIME_GREEN, eConnType3Point5mm,
                                               eGeoLocRear, eGenLocPrimaryBox, ePortConnJack, TRUE};
static const KSJACK_DESCRIPTION MicrophoneJack = {0, COLOUR_PINK, eConnType3Point5mm,
                                                  eGeoLocRear, eGenLocPrimaryBox, ePortConnJack, TRUE};
/* No presence detection, no dynamic format. */
static const KSJACK_DESCRIPTION2 JackCapabilities = {0, 0};

C_ASSERT(sizeof(KSJACK_DESCRIPTION) == 28);
C_ASSERT(sizeof(KSJACK_DESCRIPTION2) == 8);
C_ASSERT(sizeof(KSMULTIPLE_ITEM) == 8);

/* GET of a list of one: a KSMULTIPLE_ITEM, then the item. */
CODE_PAGE static NTSTATUS ReturnSingleItem(PPCPROPERTY_REQUEST Request, const VOID *Item, ULONG ItemBytes)
{
    PKSMULTIPLE_ITEM list;
    NTSTATUS status;

    PAGED_CODE();
    status = PropertyReserve(Request, sizeof(KSMULTIPLE_ITEM) + ItemBytes);
    if (NT_SUCCESS(status)) {
        list = Request->Value;
        list->Size = sizeof(KSMULTIPLE_ITEM) + ItemBytes;
        list->Count = 1;
        RtlCopyMemory(list + 1, Item, ItemBytes);
    }
    return status;
}

/* Streams: of the filter. */
CODE_PAGE static NTSTATUS Jack(PPCPROPERTY_REQUEST Request, ULONG Streams)
{
    const KSJACK_DESCRIPTION *jack;
    ULONG pin;
    NTSTATUS status;

    PAGED_CODE();
    status = PropertyPinId(Request, &pin);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    pin = FilterPinCounted(Streams, pin);
    if (pin != TopologyPinSpeaker && pin != TopologyPinMicrophone) {
        return STATUS_INVALID_DEVICE_REQUEST; /* only endpoint pins have jacks */
    }
    if (Request->Verb & KSPROPERTY_TYPE_BASICSUPPORT) {
        return PropertyBasicSupport(Request, VT_ILLEGAL);
    }
    if (!(Request->Verb & KSPROPERTY_TYPE_GET)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Request->PropertyItem->Id == KSPROPERTY_JACK_DESCRIPTION2) {
        return ReturnSingleItem(Request, &JackCapabilities, sizeof(JackCapabilities));
    }
    jack = pin == TopologyPinSpeaker ? &SpeakerJack : &MicrophoneJack;
    return ReturnSingleItem(Request, jack, sizeof(*jack));
}

CODE_PAGE NTSTATUS NTAPI TopologyPropertyJack(PPCPROPERTY_REQUEST Request)
{
    PAGED_CODE();
    return Jack(Request, VIRTIOSND_STREAM_SETS);
}

CODE_PAGE NTSTATUS NTAPI TopologyPropertyJackRender(PPCPROPERTY_REQUEST Request)
{
    PAGED_CODE();
    return Jack(Request, VIRTIOSND_STREAM_BIT(VirtIoSndStreamRender));
}

CODE_PAGE NTSTATUS NTAPI TopologyPropertyJackCapture(PPCPROPERTY_REQUEST Request)
{
    PAGED_CODE();
    return Jack(Request, VIRTIOSND_STREAM_BIT(VirtIoSndStreamCapture));
}

/* WDK: "KSPROPERTY_AUDIO_CHANNEL_CONFIG": DirectSound's speaker set-up, on the DAC node. */
CODE_PAGE NTSTATUS NTAPI TopologyPropertyChannelConfig(PPCPROPERTY_REQUEST Request)
{
    static const KSAUDIO_CHANNEL_CONFIG stereo = {KSAUDIO_SPEAKER_STEREO};

    PAGED_CODE();
    if (Request->Node != TopologyNodeDac) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Request->Verb & KSPROPERTY_TYPE_BASICSUPPORT) {
        return PropertyBasicSupport(Request, VT_UI4);
    }
    if (Request->Verb & KSPROPERTY_TYPE_GET) {
        return PropertyReturn(Request, &stereo, sizeof(stereo));
    }
    if (!(Request->Verb & KSPROPERTY_TYPE_SET)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Request->Value == NULL || Request->ValueSize < sizeof(stereo)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (((const KSAUDIO_CHANNEL_CONFIG *)Request->Value)->ActiveSpeakerPositions != stereo.ActiveSpeakerPositions) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}
