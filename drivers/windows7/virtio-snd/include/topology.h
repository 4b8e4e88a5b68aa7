/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* topology.h: the Topology miniport (IMiniportTopology), one per START_DEVICE. */
#ifndef TOPOLOGY_H
#define TOPOLOGY_H

#include "adapter_context.h"

/* PASSIVE_LEVEL. A miniport with one reference for the caller; it references Adapter. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS TopologyMiniportCreate(PADAPTER_CONTEXT Adapter, PMINIPORTTOPOLOGY *Miniport);

#endif
