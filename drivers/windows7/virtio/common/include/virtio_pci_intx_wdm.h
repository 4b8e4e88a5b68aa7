/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio_pci_intx_wdm.h: a virtio function's line interrupt: ISR, DPC.
 *
 * The ISR reads the ISR byte (which drops the line), remembers it and queues the
 * DPC; everything else happens in the DPC. The line is shared: an ISR byte of 0
 * belongs to somebody else.
 */
#ifndef VIRTIO_PCI_INTX_WDM_H
#define VIRTIO_PCI_INTX_WDM_H

#include <wdk_compat.h>
#include "virtio_pci_transport.h"

/* DISPATCH_LEVEL. IsrStatus: VIRTIO_ISR_* bits of all interrupts since the last call. */
typedef VOID (*PVIRTIO_PCI_INTX_ROUTINE)(PVOID Context, UCHAR IsrStatus);

typedef struct _VIRTIO_PCI_INTX {
    PKINTERRUPT Interrupt;               /* NULL: not connected */
    KDPC Dpc;
    volatile LONG Pending;               /* [a] ISR bits that no DPC has taken yet */
    PVIRTIO_PCI_TRANSPORT Transport;     /* [I] */
    PVIRTIO_PCI_INTX_ROUTINE Routine;    /* [I] */
    PVOID Context;                       /* [I] */
} VIRTIO_PCI_INTX, *PVIRTIO_PCI_INTX;

/* PASSIVE. Connects the translated interrupt descriptor of a line. The ISR may run before this returns.
 * STATUS_NOT_SUPPORTED: the descriptor is message-signalled; else what IoConnectInterrupt says. */
NTSTATUS VirtioPciIntxConnect(PVIRTIO_PCI_INTX Intx, const CM_PARTIAL_RESOURCE_DESCRIPTOR *Translated,
                              PVIRTIO_PCI_TRANSPORT Transport, PVIRTIO_PCI_INTX_ROUTINE Routine, PVOID Context);
/* PASSIVE. Afterwards neither ISR nor DPC runs. Not connected: nothing happens. */
VOID VirtioPciIntxDisconnect(PVIRTIO_PCI_INTX Intx);

#endif
