/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* topology.h: the Topology miniport (IMiniportTopology): jacks and channel configuration. */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include "adapter_context.h"

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

extern const PCFILTER_DESCRIPTOR TopologyFilterDescriptor;

/* PASSIVE_LEVEL. A miniport with one reference for the caller; it references Adapter. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS TopologyMiniportCreate(PADAPTER_CONTEXT Adapter, PMINIPORTTOPOLOGY *Miniport);

/* topology_properties.c: the handlers that the tables name. PASSIVE_LEVEL. */
NTSTATUS NTAPI TopologyPropertyJack(PPCPROPERTY_REQUEST Request);
NTSTATUS NTAPI TopologyPropertyChannelConfig(PPCPROPERTY_REQUEST Request);

#endif
