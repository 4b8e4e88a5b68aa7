/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio_pci_legacy.h: the legacy register file of a virtio-pci function, in an
 * I/O BAR (virtio 1.2, 4.1.4.10). Used by the I/O-port build only.
 *
 * The interface is that of virtio_pci_modern_transport.h, function for function;
 * which of the two a build has is decided by its list of sources, so neither
 * pays for the other. Include that header, never this one alone.
 *
 * In VIRTIO_PCI_TRANSPORT the four addresses are ports: Common the first one,
 * Device where the device configuration begins.
 */
#ifndef VIRTIO_PCI_LEGACY_H
#define VIRTIO_PCI_LEGACY_H

#define VirtioPciModernGone VirtioPciLegacyGone
#define VirtioPciModernIsGone VirtioPciLegacyIsGone
#define VirtioPciModernReset VirtioPciLegacyReset
#define VirtioPciModernNegotiate VirtioPciLegacyNegotiate
#define VirtioPciModernHasFeature VirtioPciLegacyHasFeature
#define VirtioPciModernDriverOk VirtioPciLegacyDriverOk
#define VirtioPciModernStatus VirtioPciLegacyStatus
#define VirtioPciModernWriteStatus VirtioPciLegacyWriteStatus
#define VirtioPciModernAddStatus VirtioPciLegacyAddStatus
#define VirtioPciModernQueueCount VirtioPciLegacyQueueCount
#define VirtioPciModernQueueSize VirtioPciLegacyQueueSize
#define VirtioPciModernQueueEnable VirtioPciLegacyQueueEnable
#define VirtioPciModernNotify VirtioPciLegacyNotify
#define VirtioPciModernReadIsr VirtioPciLegacyReadIsr
#define VirtioPciModernReadConfig VirtioPciLegacyReadConfig

struct _VIRTIO_PCI_TRANSPORT;

/* PASSIVE. Port, Length: the I/O BAR, translated. MsixEnabled: two vector registers lie before the device
 * configuration (4.1.4.10); whoever turns MSI-X on or off moves it.
 * STATUS_DEVICE_CONFIGURATION_ERROR: the BAR is shorter than the register file. */
NTSTATUS VirtioPciLegacyInit(struct _VIRTIO_PCI_TRANSPORT *Transport, ULONG Port, ULONG Length, BOOLEAN MsixEnabled);

#endif
