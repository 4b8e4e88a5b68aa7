/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The WaveRT port's part of Init. */
#include "portcls.h"

#include <string.h>

/* DEVICE_DESCRIPTION of wdm.h, the same on both architectures. */
struct device_description {
    ULONG Version;
    BOOLEAN Master, ScatterGather, DemandMode, AutoInitialize, Dma32BitAddresses, IgnoreCount, Reserved1,
        Dma64BitAddresses;
    ULONG BusNumber;
    ULONG DmaChannel;
    LONG InterfaceType;
    ULONG DmaWidth;
    ULONG DmaSpeed;
    ULONG MaximumLength;
    ULONG DmaPort;
};
_Static_assert(sizeof(struct device_description) == 40, "DEVICE_DESCRIPTION");

static NTSTATUS check_device_description(IMiniportWaveRT *miniport)
{
    struct device_description description;
    memset(&description, 0xCC, sizeof description);
    NTSTATUS status = DRIVER_CALL("IMiniportWaveRT::GetDeviceDescription",
                                  miniport->v->GetDeviceDescription(miniport, &description));
    if (!NT_SUCCESS(status))
        return status;
    const UCHAR *flags = (const UCHAR *)&description + offsetof(struct device_description, Master);
    for (size_t i = 0; i < 8; i++) {
        if (flags[i] > 1)
            violation("DEVICE_DESCRIPTION", "GetDeviceDescription left byte %zu unset (%#x)", i + 4, flags[i]);
    }
    if (description.Version > 2 || !description.Master || !description.ScatterGather ||
        !(description.Dma32BitAddresses || description.Dma64BitAddresses) || description.MaximumLength == 0 ||
        description.InterfaceType != PCIBus)
        violation("DEVICE_DESCRIPTION", "GetDeviceDescription: version %u, master %u, scatter/gather %u, length %#x, "
                                        "interface %d do not describe a PCI bus master",
                  (unsigned)description.Version, description.Master, description.ScatterGather,
                  (unsigned)description.MaximumLength, (int)description.InterfaceType);
    return STATUS_SUCCESS;
}

NTSTATUS port_wavert_init_miniport(struct port *port, IUnknown *unknown, void *resources)
{
    IMiniportWaveRT *miniport =
        driver_object_query(unknown, &IID_IMiniportWaveRT, COM_SLOTS(IMiniportWaveRTVtbl), "IMiniportWaveRT");
    if (!miniport)
        return STATUS_INVALID_PARAMETER;
    port->miniport = (IMiniport *)(void *)miniport;
    NTSTATUS status = DRIVER_CALL("IMiniportWaveRT::Init", miniport->v->Init(miniport, port->adapter_unknown, resources,
                                                                             &port->com.faces[0]));
    return NT_SUCCESS(status) ? check_device_description(miniport) : status;
}
