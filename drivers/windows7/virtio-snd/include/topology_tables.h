/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* topology_tables.h: the Topology filter as PortCls sees it (the picture is in topology_tables.c). */
#ifndef TOPOLOGY_TABLES_H
#define TOPOLOGY_TABLES_H

#include "backend.h"
#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

/* Of the filter with both streams; in others see FilterPinCounted. */
enum {
    TopologyPinRenderIn = 0,
    TopologyPinSpeaker = 1,
    TopologyPinMicrophone = 2,
    TopologyPinCaptureOut = 3,
    TopologyPinCount = 4
};

enum {
    TopologyNodeDac = 0,
    TopologyNodeCount = 1
};

/* Row: set of streams (backend.h) - 1. */
extern const PCFILTER_DESCRIPTOR TopologyFilterDescriptors[VIRTIOSND_STREAM_SETS];

/* PASSIVE_LEVEL. Handlers of the jack descriptions on the filter and of KSPROPERTY_AUDIO_CHANNEL_CONFIG on the DAC. */
NTSTATUS NTAPI TopologyPropertyJack(PPCPROPERTY_REQUEST Request);
/* The jacks of a filter with one of the streams. */
NTSTATUS NTAPI TopologyPropertyJackRender(PPCPROPERTY_REQUEST Request);
NTSTATUS NTAPI TopologyPropertyJackCapture(PPCPROPERTY_REQUEST Request);
NTSTATUS NTAPI TopologyPropertyChannelConfig(PPCPROPERTY_REQUEST Request);

#endif
