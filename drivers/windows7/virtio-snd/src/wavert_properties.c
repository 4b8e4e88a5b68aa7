/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* wavert_properties.c: what the Wave filter's pins stand for, and the properties of the filter. */
#include "filter_pins.h"
#include "property.h"
#include "wavert_format.h"
#include "wavert_tables.h"

CODE_PAGE BOOLEAN WaveRtPinStream(ULONG Pin, VIRTIOSND_STREAM_ID *Stream)
{
    PAGED_CODE();
    *Stream = Pin == WaveRtPinCaptureStream ? VirtIoSndStreamCapture : VirtIoSndStreamRender;
    return (BOOLEAN)(Pin == WaveRtPinRenderStream || Pin == WaveRtPinCaptureStream);
}

/* Asks whether a streaming pin would take a format (SET) or which one it prefers (GET); neither changes anything
 * (WDK: "KSPROPERTY_PIN_PROPOSEDATAFORMAT"). Streams: of the filter. */
CODE_PAGE static NTSTATUS ProposedFormat(PPCPROPERTY_REQUEST Request, ULONG Streams)
{
    WAVERT_FORMAT format;
    VIRTIOSND_STREAM_ID stream;
    ULONG pin;
    NTSTATUS status;

    PAGED_CODE();
    status = PropertyPinId(Request, &pin);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (!WaveRtPinStream(FilterPinCounted(Streams, pin), &stream)) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    if (Request->Verb & KSPROPERTY_TYPE_BASICSUPPORT) {
        return PropertyBasicSupport(Request, VT_ILLEGAL);
    }
    if (Request->Verb & KSPROPERTY_TYPE_GET) {
        return PropertyReturn(Request, &format, WaveRtFormatDefault(stream, &format));
    }
    if (Request->Verb & KSPROPERTY_TYPE_SET) {
        if (Request->Value == NULL || Request->ValueSize < sizeof(KSDATAFORMAT)) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        return WaveRtFormatCheck(stream, Request->Value, Request->ValueSize);
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

CODE_PAGE NTSTATUS NTAPI WaveRtPropertyProposedFormat(PPCPROPERTY_REQUEST Request)
{
    PAGED_CODE();
    return ProposedFormat(Request, VIRTIOSND_STREAM_SETS);
}

CODE_PAGE NTSTATUS NTAPI WaveRtPropertyProposedFormatRender(PPCPROPERTY_REQUEST Request)
{
    PAGED_CODE();
    return ProposedFormat(Request, VIRTIOSND_STREAM_BIT(VirtIoSndStreamRender));
}

CODE_PAGE NTSTATUS NTAPI WaveRtPropertyProposedFormatCapture(PPCPROPERTY_REQUEST Request)
{
    PAGED_CODE();
    return ProposedFormat(Request, VIRTIOSND_STREAM_BIT(VirtIoSndStreamCapture));
}
