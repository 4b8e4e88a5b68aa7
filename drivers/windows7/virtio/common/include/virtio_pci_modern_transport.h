/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* virtio_pci_modern_transport.h: the transport (virtio_pci_transport.h) over regions of memory BARs. */
#ifndef VIRTIO_PCI_MODERN_TRANSPORT_H
#define VIRTIO_PCI_MODERN_TRANSPORT_H

#include "virtio_pci_cap_parser.h"
#include "virtio_pci_transport.h"

/* A mapped BAR: Length bytes at Va; Va NULL when nothing of it is needed. */
typedef struct _VIRTIO_PCI_BAR {
    PUCHAR Va;
    ULONG Length;
} VIRTIO_PCI_BAR;

/* Points Transport at the regions of Caps inside Bars (VIRTIO_PCI_BAR_COUNT entries, which must outlive it). PASSIVE.
 * STATUS_DEVICE_CONFIGURATION_ERROR: a region is too short or does not fit into its BAR. */
NTSTATUS VirtioPciModernInit(PVIRTIO_PCI_TRANSPORT Transport, const VIRTIO_PCI_CAPS *Caps, const VIRTIO_PCI_BAR *Bars);

#endif
