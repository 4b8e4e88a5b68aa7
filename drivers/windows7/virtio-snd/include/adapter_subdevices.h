/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * adapter_subdevices.h: the two PortCls subdevices and what connects them.
 *
 *      "Wave"                                 "Topology"
 *      render bridge (1)   ----------------->  render in (0)
 *      capture bridge (2)  <-----------------  capture out (3)
 *
 * A line without a stream of the device is left out on either side, see filter_pins.h.
 */
#ifndef ADAPTER_SUBDEVICES_H
#define ADAPTER_SUBDEVICES_H

#include "adapter_context.h"

/* All zero: nothing set up. Ports are referenced. */
typedef struct _ADAPTER_SUBDEVICES {
    PPORT Wave;
    PPORT Topology;
    BOOLEAN WaveRegistered;
    BOOLEAN TopologyRegistered;
    ULONG PinsLeftOut; /* of both filters, before the pins for recording */
    BOOLEAN RenderConnected;
    BOOLEAN CaptureConnected;
} ADAPTER_SUBDEVICES, *PADAPTER_SUBDEVICES;

/* PASSIVE_LEVEL, inside START_DEVICE (Irp). Subdevices must be all zero. On failure call AdapterSubdevicesStop. */
NTSTATUS AdapterSubdevicesStart(PADAPTER_CONTEXT Context, PIRP Irp, PRESOURCELIST Resources,
                                PADAPTER_SUBDEVICES Subdevices);

/* PASSIVE_LEVEL. Undoes, in reverse, whatever AdapterSubdevicesStart did, complete or not; idempotent. */
VOID AdapterSubdevicesStop(PDEVICE_OBJECT DeviceObject, PADAPTER_SUBDEVICES Subdevices);

#endif
