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

/* Command register bits (PCI 3.0, 6.2.2). */
#define PCI_COMMAND_IO_SPACE 0x0001u
#define PCI_COMMAND_MEMORY_SPACE 0x0002u
#define PCI_COMMAND_BUS_MASTER 0x0004u

/* PASSIVE. Copies configuration space through GUID_BUS_INTERFACE_STANDARD of BusDevice, and makes sure that the
 * function's command register has the bits Command. What IRP_MN_QUERY_INTERFACE says, or
 * STATUS_DEVICE_NOT_CONNECTED. */
NTSTATUS VirtIoSndPciReadConfig(PDEVICE_OBJECT BusDevice, USHORT Command, UCHAR *Config);

/* PASSIVE. The descriptor of Translated that belongs to BAR number Index: the resource of Raw that has the BAR's type
 * (*Io: ports, else memory) and begins where its register says. NULL: the BAR is empty or has no resource. */
const CM_PARTIAL_RESOURCE_DESCRIPTOR *VirtIoSndPciFindBar(const UCHAR *Config, ULONG Index, PCM_RESOURCE_LIST Raw,
                                                          PCM_RESOURCE_LIST Translated, BOOLEAN *Io);

/* PASSIVE. Maps what Caps needs of each BAR. A BAR is the memory resource of Raw that begins where the BAR register
 * says; its entry in Translated is mapped. STATUS_DEVICE_CONFIGURATION_ERROR: no such resource, or it is too small;
 * STATUS_INSUFFICIENT_RESOURCES. On failure nothing is mapped. */
NTSTATUS VirtIoSndPciMapBars(const UCHAR *Config, const VIRTIO_PCI_CAPS *Caps, PCM_RESOURCE_LIST Raw,
                             PCM_RESOURCE_LIST Translated, VIRTIO_PCI_BAR *Bars);
/* PASSIVE. */
VOID VirtIoSndPciUnmapBars(VIRTIO_PCI_BAR *Bars);

/* PASSIVE. A copy in pool, which outlives the request that brought the list; free by ExFreePoolWithTag,
 * VIRTIOSND_POOL_TAG. NULL: no memory. */
PCM_RESOURCE_LIST VirtIoSndPciCopyResources(PCM_RESOURCE_LIST List);

/* PASSIVE. The line interrupt among Translated, or NULL. */
const CM_PARTIAL_RESOURCE_DESCRIPTOR *VirtIoSndPciFindInterrupt(PCM_RESOURCE_LIST Translated);

#endif
