/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What does not depend on where the registers are: the walk of the device status
 * (virtio 1.2, 2.1), what was negotiated, and whether anybody is there. Linked
 * with virtio_pci_modern_transport.c or with virtio_pci_legacy.c.
 */
#include "virtio_pci_transport.h"
#include "virtio_wire.h"

#define RESET_POLL_FAST 100u           /* polls without sleeping: devices in hypervisors reset at once */
#define RESET_POLL_INTERVAL (-10000LL) /* 1 ms, in 100 ns */

VOID VirtioPciTransportGone(PVIRTIO_PCI_TRANSPORT Transport)
{
    InterlockedExchange(&Transport->Gone, 1);
}

VOID VirtioPciTransportSetBroken(PVIRTIO_PCI_TRANSPORT Transport)
{
    if (InterlockedExchange(&Transport->Broken, 1) == 0 && Transport->Broke != NULL) {
        Transport->Broke(Transport->BrokeContext);
    }
}

VOID VirtioPciTransportCheckStatus(PVIRTIO_PCI_TRANSPORT Transport)
{
    UCHAR status = VirtioPciTransportStatus(Transport);

    /* All ones is no status: the device has left the bus. */
    if (status != 0xFF && (status & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        VirtioPciTransportSetBroken(Transport);
    }
}

CODE_PAGE VOID VirtioPciTransportWatch(PVIRTIO_PCI_TRANSPORT Transport, VOID (*Broke)(PVOID Context), PVOID Context)
{
    PAGED_CODE();

    Transport->BrokeContext = Context;
    Transport->Broke = Broke;
}

VOID VirtioPciTransportAddStatus(PVIRTIO_PCI_TRANSPORT Transport, UCHAR Bits)
{
    VirtioPciTransportWriteStatus(Transport, (UCHAR)(VirtioPciTransportStatus(Transport) | Bits));
}

CODE_PAGE static NTSTATUS WriteReset(PVIRTIO_PCI_TRANSPORT Transport)
{
    LARGE_INTEGER interval;
    LARGE_INTEGER frequency;
    LONGLONG end;
    ULONG polls = 0;
    UCHAR status;

    PAGED_CODE();

    end = KeQueryPerformanceCounter(&frequency).QuadPart;
    end += frequency.QuadPart >> 1;
    interval.QuadPart = RESET_POLL_INTERVAL;
    VirtioPciTransportWriteStatus(Transport, 0);
    for (;;) {
        status = VirtioPciTransportStatus(Transport);
        if (status == 0) {
            return STATUS_SUCCESS;
        }
        if (status == 0xFF) {
            return STATUS_DEVICE_NOT_CONNECTED; /* no device answers all ones */
        }
        if (status == VIRTIO_STATUS_NEEDS_RESET) {
            VirtioPciTransportWriteStatus(Transport, 0); /* it was reset, all else is gone, and it broke again */
        }
        if (++polls <= RESET_POLL_FAST) {
            continue;
        }
        if (KeQueryPerformanceCounter(NULL).QuadPart >= end) {
            return STATUS_IO_TIMEOUT;
        }
        KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }
}

CODE_PAGE NTSTATUS VirtioPciTransportReset(PVIRTIO_PCI_TRANSPORT Transport)
{
    NTSTATUS status = WriteReset(Transport);

    PAGED_CODE();
    if (NT_SUCCESS(status)) {
        InterlockedExchange(&Transport->Broken, 0);
    }
    return status;
}

/* Two at a time do no harm: whoever comes second finds it gone. */
CODE_PAGE VOID VirtioPciTransportForsake(PVIRTIO_PCI_TRANSPORT Transport)
{
    NTSTATUS status;

    PAGED_CODE();

    if (VirtioPciTransportIsGone(Transport)) {
        return;
    }
    status = WriteReset(Transport); /* it stays broken: somebody is on the way to mend it */
    if (NT_SUCCESS(status)) {
        InterlockedExchange(&Transport->Forsaken, 1);
    }
    if (status != STATUS_IO_TIMEOUT) {
        VirtioPciTransportGone(Transport);
    }
}

BOOLEAN VirtioPciTransportIsForsaken(const VIRTIO_PCI_TRANSPORT *Transport)
{
    return (BOOLEAN)(Transport->Forsaken != 0);
}

BOOLEAN VirtioPciTransportHasFeature(const VIRTIO_PCI_TRANSPORT *Transport, ULONG Bit)
{
    return (BOOLEAN)((Transport->Features & VIRTIO_FEATURE(Bit)) != 0);
}

VOID VirtioPciTransportDriverOk(PVIRTIO_PCI_TRANSPORT Transport)
{
    VirtioPciTransportAddStatus(Transport, VIRTIO_STATUS_DRIVER_OK);
}
