/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* wavert_tables.h: the Wave filter as PortCls sees it (the picture is in wavert_tables.c). */
#ifndef WAVERT_TABLES_H
#define WAVERT_TABLES_H

#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

enum {
    WaveRtPinRenderStream = 0,
    WaveRtPinRenderBridge = 1,
    WaveRtPinCaptureBridge = 2,
    WaveRtPinCaptureStream = 3,
    WaveRtPinCount = 4
};

extern const PCFILTER_DESCRIPTOR WaveRtFilterDescriptor;

/* wavert.c: KSPROPERTY_PIN_PROPOSEDATAFORMAT of the streaming pins. */
NTSTATUS NTAPI WaveRtPropertyProposedFormat(PPCPROPERTY_REQUEST Request);

#endif
