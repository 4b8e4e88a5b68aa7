/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio_pci_modern_transport.h: the registers of a modern virtio-pci function.
 * No other file of the drivers touches a device register; in the I/O-port build
 * virtio_pci_legacy.c takes its place.
 *
 * Typical life, all at PASSIVE_LEVEL:
 *
 *     VirtioPciModernInit(t, &caps, bars);
 *     VirtioPciModernReset(t);
 *     VirtioPciModernNegotiate(t, wanted, required);       ACKNOWLEDGE .. FEATURES_OK
 *     for each queue: VirtioPciModernQueueSize, build the ring, VirtioPciModernQueueEnable
 *     VirtioPciModernDriverOk(t);
 *     ... VirtioPciModernNotify, VirtioPciModernReadIsr ...
 *     VirtioPciModernReset(t);
 *
 * After VirtioPciModernGone nothing reads or writes a register any more: reads
 * give all ones, writes do nothing.
 *
 * Locks: SelectorLock serialises each select-then-access sequence, since the
 * selectors are global to the device. It is the innermost lock of the driver.
 */
#ifndef VIRTIO_PCI_MODERN_TRANSPORT_H
#define VIRTIO_PCI_MODERN_TRANSPORT_H

#include <wdk_compat.h>
#include "virtio_pci_cap_parser.h"
#if defined(AERO_VIRTIO_IOPORT)
#include "virtio_pci_legacy.h" /* the same interface over the legacy register file: before the prototypes */
#endif

/* A mapped BAR: Length bytes at Va; Va NULL when nothing of it is needed. */
typedef struct _VIRTIO_PCI_BAR {
    PUCHAR Va;
    ULONG Length;
} VIRTIO_PCI_BAR;

/* [I] immutable after Init or Negotiate, [S] SelectorLock, [a] atomic */
typedef struct _VIRTIO_PCI_TRANSPORT {
    PUCHAR Common;          /* [I] */
    PUCHAR Notify;          /* [I] */
    PUCHAR Isr;             /* [I] */
    PUCHAR Device;          /* [I] */
    ULONG NotifyLength;     /* [I] bytes */
    ULONG DeviceLength;     /* [I] bytes */
    ULONG NotifyMultiplier; /* [I] bytes */
    ULONGLONG Features;     /* [I] as negotiated */
    KSPIN_LOCK SelectorLock;
    volatile LONG Gone;     /* [a] 1: the function has left the bus */
} VIRTIO_PCI_TRANSPORT, *PVIRTIO_PCI_TRANSPORT;

#define VIRTIO_FEATURE(bit) ((ULONGLONG)1 << (bit))

/* Points Transport at the regions of Caps inside Bars (VIRTIO_PCI_BAR_COUNT entries, which must outlive it). PASSIVE.
 * STATUS_DEVICE_CONFIGURATION_ERROR: a region is too short or does not fit into its BAR. */
NTSTATUS VirtioPciModernInit(PVIRTIO_PCI_TRANSPORT Transport, const VIRTIO_PCI_CAPS *Caps, const VIRTIO_PCI_BAR *Bars);

/* Any IRQL. The device was removed by surprise: no register access from now on. */
VOID VirtioPciModernGone(PVIRTIO_PCI_TRANSPORT Transport);
BOOLEAN VirtioPciModernIsGone(const VIRTIO_PCI_TRANSPORT *Transport);

/* PASSIVE; waits at most half a second for status 0. STATUS_DEVICE_NOT_CONNECTED: gone (status reads all ones);
 * STATUS_IO_TIMEOUT: the device does not finish its reset and may still access memory. */
NTSTATUS VirtioPciModernReset(PVIRTIO_PCI_TRANSPORT Transport);

/* PASSIVE. Sets ACKNOWLEDGE and DRIVER, accepts what of Wanted is offered, and ACCESS_PLATFORM, sets FEATURES_OK and
 * reads it back. STATUS_NOT_SUPPORTED: a bit of Required is not offered; STATUS_DEVICE_PROTOCOL_ERROR: FEATURES_OK did
 * not stick. */
NTSTATUS VirtioPciModernNegotiate(PVIRTIO_PCI_TRANSPORT Transport, ULONGLONG Wanted, ULONGLONG Required);
BOOLEAN VirtioPciModernHasFeature(const VIRTIO_PCI_TRANSPORT *Transport, ULONG Bit);

/* <= DISPATCH. Adds DRIVER_OK to the status. */
VOID VirtioPciModernDriverOk(PVIRTIO_PCI_TRANSPORT Transport);
/* Any IRQL. Device status; 0xFF when gone. */
UCHAR VirtioPciModernStatus(PVIRTIO_PCI_TRANSPORT Transport);
/* <= DISPATCH. Writes the whole status, and sets bits of it: for the transports themselves. */
VOID VirtioPciModernWriteStatus(PVIRTIO_PCI_TRANSPORT Transport, UCHAR Status);
VOID VirtioPciModernAddStatus(PVIRTIO_PCI_TRANSPORT Transport, UCHAR Bits);

/* <= DISPATCH. Number of queues that the device has. */
USHORT VirtioPciModernQueueCount(PVIRTIO_PCI_TRANSPORT Transport);
/* <= DISPATCH. Entries of queue Index; 0: no such queue. */
USHORT VirtioPciModernQueueSize(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index);
/* <= DISPATCH. Programs the three physical addresses, enables the queue and gives its doorbell.
 * STATUS_DEVICE_CONFIGURATION_ERROR: the doorbell would lie outside the notify region. */
NTSTATUS VirtioPciModernQueueEnable(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index, ULONGLONG Desc, ULONGLONG Avail,
                                    ULONGLONG Used, PUCHAR *Doorbell);

/* Any IRQL. Rings Doorbell for queue Index. */
VOID VirtioPciModernNotify(PVIRTIO_PCI_TRANSPORT Transport, PUCHAR Doorbell, USHORT Index);
/* Any IRQL. Reads and so clears the ISR byte; 0 when gone. */
UCHAR VirtioPciModernReadIsr(PVIRTIO_PCI_TRANSPORT Transport);
/* <= DISPATCH. Aligned 32-bit field at byte Offset of the device configuration; 0 when it lies outside. Retried until
 * config_generation is stable. */
ULONG VirtioPciModernReadConfig(PVIRTIO_PCI_TRANSPORT Transport, ULONG Offset);

#endif
