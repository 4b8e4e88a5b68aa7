/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio_pci_legacy.h: the transport (virtio_pci_transport.h) over the legacy
 * register file of a virtio-pci function, in an I/O BAR (virtio 1.2, 4.1.4.10).
 *
 * In VIRTIO_PCI_TRANSPORT the four addresses are ports: Common the first one,
 * Device where the device configuration begins.
 */
#ifndef VIRTIO_PCI_LEGACY_H
#define VIRTIO_PCI_LEGACY_H

#include "virtio_pci_transport.h"

/* PASSIVE. Port, Length: the I/O BAR, translated. MsixEnabled: two vector registers lie before the device
 * configuration (4.1.4.10); whoever turns MSI-X on or off moves it.
 * STATUS_DEVICE_CONFIGURATION_ERROR: the BAR is shorter than the register file. */
NTSTATUS VirtioPciLegacyInit(PVIRTIO_PCI_TRANSPORT Transport, ULONG Port, ULONG Length, BOOLEAN MsixEnabled);

#endif
