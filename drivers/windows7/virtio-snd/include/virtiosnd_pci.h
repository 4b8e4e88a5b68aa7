/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_pci.h: the PCI side of bring-up: configuration space, BARs, the
 * interrupt resource.
 */
#ifndef VIRTIOSND_PCI_H
#define VIRTIOSND_PCI_H

#include <wdk_compat.h>
#include "virtio_pci_cap_parser.h"
#include "virtio_pci_modern_transport.h"

/* PASSIVE. Copies configuration space through GUID_BUS_INTERFACE_STANDARD of BusDevice, and makes sure that the
 * function decodes memory and may master the bus. What IRP_MN_QUERY_INTERFACE says, or STATUS_DEVICE_NOT_CONNECTED. */
NTSTATUS VirtIoSndPciReadConfig(PDEVICE_OBJECT BusDevice, UCHAR *Config);

/* PASSIVE. Maps what Caps needs of each BAR. A BAR is the memory resource of Raw that begins where the BAR register
 * says; its entry in Translated is mapped. STATUS_DEVICE_CONFIGURATION_ERROR: no such resource, or it is too small;
 * STATUS_INSUFFICIENT_RESOURCES. On failure nothing is mapped. */
NTSTATUS VirtIoSndPciMapBars(const UCHAR *Config, const VIRTIO_PCI_CAPS *Caps, PCM_RESOURCE_LIST Raw,
                             PCM_RESOURCE_LIST Translated, VIRTIO_PCI_BAR *Bars);
/* PASSIVE. */
VOID VirtIoSndPciUnmapBars(VIRTIO_PCI_BAR *Bars);

/* PASSIVE. The line interrupt among Translated, or NULL. */
const CM_PARTIAL_RESOURCE_DESCRIPTOR *VirtIoSndPciFindInterrupt(PCM_RESOURCE_LIST Translated);

#endif
