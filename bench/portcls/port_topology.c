/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The topology port's part of Init. */
#include "portcls.h"

NTSTATUS port_topology_init_miniport(struct port *port, IUnknown *unknown, void *resources)
{
    IMiniportTopology *miniport =
        driver_object_query(unknown, &IID_IMiniportTopology, COM_SLOTS(IMiniportTopologyVtbl), "IMiniportTopology");
    if (!miniport)
        return STATUS_INVALID_PARAMETER;
    port->miniport = (IMiniport *)(void *)miniport;
    return DRIVER_CALL("IMiniportTopology::Init",
                       miniport->v->Init(miniport, port->adapter_unknown, resources, &port->com.faces[0]));
}
