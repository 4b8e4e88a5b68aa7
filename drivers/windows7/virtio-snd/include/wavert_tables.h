/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* wavert_tables.h: the Wave filter as PortCls sees it (the picture is in wavert_tables.c). */
#ifndef WAVERT_TABLES_H
#define WAVERT_TABLES_H

#include "backend.h"
#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

/* Of the filter with both streams; in others see FilterPinCounted. */
enum {
    WaveRtPinRenderStream = 0,
    WaveRtPinRenderBridge = 1,
    WaveRtPinCaptureBridge = 2,
    WaveRtPinCaptureStream = 3,
    WaveRtPinCount = 4
};

/* Row: set of streams (backend.h) - 1. */
extern const PCFILTER_DESCRIPTOR WaveRtFilterDescriptors[VIRTIOSND_STREAM_SETS];

/* PASSIVE_LEVEL. The stream behind a streaming pin, counted as in the filter with both; FALSE for the bridge pins and
 * for pins that do not exist. */
BOOLEAN WaveRtPinStream(ULONG Pin, VIRTIOSND_STREAM_ID *Stream);

/* PASSIVE_LEVEL. Handler of KSPROPERTY_PIN_PROPOSEDATAFORMAT on the filter. */
NTSTATUS NTAPI WaveRtPropertyProposedFormat(PPCPROPERTY_REQUEST Request);
/* The same on a filter with one of the streams. */
NTSTATUS NTAPI WaveRtPropertyProposedFormatRender(PPCPROPERTY_REQUEST Request);
NTSTATUS NTAPI WaveRtPropertyProposedFormatCapture(PPCPROPERTY_REQUEST Request);

#endif
