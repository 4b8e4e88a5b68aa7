/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio_pci_transport.h: the registers of a virtio-pci function, wherever they
 * are. A build links one of two implementations: virtio_pci_modern_transport.c
 * (regions of memory BARs) or virtio_pci_legacy.c (the legacy register file in an
 * I/O BAR); what does not depend on the place is in virtio_pci_status.c. No other
 * file of the drivers touches a device register.
 *
 * Typical life, all at PASSIVE_LEVEL:
 *
 *     VirtioPciModernInit or VirtioPciLegacyInit
 *     VirtioPciTransportReset(t);
 *     VirtioPciTransportNegotiate(t, wanted, required);       ACKNOWLEDGE .. FEATURES_OK
 *     for each queue: VirtioPciTransportQueueSize, build the ring, VirtioPciTransportQueueEnable
 *     VirtioPciTransportDriverOk(t);
 *     ... VirtioPciTransportNotify, VirtioPciTransportReadIsr ...
 *     VirtioPciTransportReset(t);
 *
 * After VirtioPciTransportGone nothing reads or writes a register any more: reads
 * give all ones, writes do nothing.
 *
 * Locks: SelectorLock serialises each select-then-access sequence, since the
 * selectors are global to the device. It is the innermost lock of the driver.
 */
#ifndef VIRTIO_PCI_TRANSPORT_H
#define VIRTIO_PCI_TRANSPORT_H

#include <wdk_compat.h>

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
    VOID (*Broke)(PVOID Context); /* [I] NULL: nobody wants to know */
    PVOID BrokeContext;     /* [I] */
    volatile LONG Forsaken; /* [a] 1: broken, and reset since: Gone as well */
    volatile LONG Broken;   /* [a] 1: nothing that the device says is believed until it has been reset */
} VIRTIO_PCI_TRANSPORT, *PVIRTIO_PCI_TRANSPORT;

#define VIRTIO_FEATURE(bit) ((ULONGLONG)1 << (bit))

/* Any IRQL. The device was removed by surprise: no register access from now on. */
VOID VirtioPciTransportGone(PVIRTIO_PCI_TRANSPORT Transport);
static __inline BOOLEAN VirtioPciTransportIsGone(const VIRTIO_PCI_TRANSPORT *Transport)
{
    return (BOOLEAN)(Transport->Gone != 0);
}

/* Any IRQL. The device broke a rule of its rings, or asks for a reset (NEEDS_RESET). Reset takes it back. */
VOID VirtioPciTransportSetBroken(PVIRTIO_PCI_TRANSPORT Transport);
/* <= DISPATCH. Marks a device broken that asks for a reset in its status. */
VOID VirtioPciTransportCheckStatus(PVIRTIO_PCI_TRANSPORT Transport);
/* PASSIVE, after Init. Broke is called, once between two resets, by whoever finds the device broken: <= DISPATCH,
 * perhaps with locks held. */
VOID VirtioPciTransportWatch(PVIRTIO_PCI_TRANSPORT Transport, VOID (*Broke)(PVOID Context), PVOID Context);
static __inline BOOLEAN VirtioPciTransportIsBroken(const VIRTIO_PCI_TRANSPORT *Transport)
{
    return (BOOLEAN)(Transport->Broken != 0);
}
/* PASSIVE. Resets a device that is broken. Once the reset was seen to finish, or the function has left the bus, it is
 * Gone until the next Init: it answers nothing, and reaches no memory. When it does not finish, nothing changes. */
VOID VirtioPciTransportForsake(PVIRTIO_PCI_TRANSPORT Transport);
BOOLEAN VirtioPciTransportIsForsaken(const VIRTIO_PCI_TRANSPORT *Transport);

/* PASSIVE; waits at most half a second for status 0. STATUS_DEVICE_NOT_CONNECTED: gone (status reads all ones);
 * STATUS_IO_TIMEOUT: the device does not finish its reset and may still access memory. */
NTSTATUS VirtioPciTransportReset(PVIRTIO_PCI_TRANSPORT Transport);

/* PASSIVE. Sets ACKNOWLEDGE and DRIVER, accepts what of Wanted is offered, and ACCESS_PLATFORM, sets FEATURES_OK and
 * reads it back (a legacy device has 32 bits and no FEATURES_OK).
 * STATUS_NOT_SUPPORTED: a bit of Required is not offered; STATUS_DEVICE_PROTOCOL_ERROR: FEATURES_OK did not stick. */
NTSTATUS VirtioPciTransportNegotiate(PVIRTIO_PCI_TRANSPORT Transport, ULONGLONG Wanted, ULONGLONG Required);
BOOLEAN VirtioPciTransportHasFeature(const VIRTIO_PCI_TRANSPORT *Transport, ULONG Bit);

/* <= DISPATCH. Adds DRIVER_OK to the status. */
VOID VirtioPciTransportDriverOk(PVIRTIO_PCI_TRANSPORT Transport);
/* Any IRQL. Device status; 0xFF when gone. */
UCHAR VirtioPciTransportStatus(PVIRTIO_PCI_TRANSPORT Transport);
/* <= DISPATCH. Writes the whole status, and sets bits of it: for the transports themselves. */
VOID VirtioPciTransportWriteStatus(PVIRTIO_PCI_TRANSPORT Transport, UCHAR Status);
VOID VirtioPciTransportAddStatus(PVIRTIO_PCI_TRANSPORT Transport, UCHAR Bits);

/* <= DISPATCH. Number of queues that the device has. */
USHORT VirtioPciTransportQueueCount(PVIRTIO_PCI_TRANSPORT Transport);
/* <= DISPATCH. Entries of queue Index; 0: no such queue. */
USHORT VirtioPciTransportQueueSize(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index);
/* <= DISPATCH. Programs the three physical addresses, enables the queue and gives its doorbell.
 * STATUS_DEVICE_CONFIGURATION_ERROR: the doorbell would lie outside the notify region. */
NTSTATUS VirtioPciTransportQueueEnable(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index, ULONGLONG Desc, ULONGLONG Avail,
                                    ULONGLONG Used, PUCHAR *Doorbell);

/* Any IRQL. Rings Doorbell for queue Index. */
VOID VirtioPciTransportNotify(PVIRTIO_PCI_TRANSPORT Transport, PUCHAR Doorbell, USHORT Index);
/* Any IRQL. Reads and so clears the ISR byte; 0 when gone. */
UCHAR VirtioPciTransportReadIsr(PVIRTIO_PCI_TRANSPORT Transport);
/* <= DISPATCH. Aligned 32-bit field at byte Offset of the device configuration; 0 when it lies outside. Retried until
 * config_generation is stable. */
ULONG VirtioPciTransportReadConfig(PVIRTIO_PCI_TRANSPORT Transport, ULONG Offset);

#endif
