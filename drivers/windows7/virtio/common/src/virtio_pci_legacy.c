/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Legacy register access: virtio 1.2, 4.1.4.10 and the legacy notes of 2.4, 2.7.2
 * and 4.1.5.1. What is different from modern:
 *
 *   - 32 feature bits and no FEATURES_OK: writing them is accepting them;
 *   - a queue is one page number, and the device computes where its parts are;
 *   - all queues share one doorbell;
 *   - the device configuration has no generation.
 *
 * The port instructions are ordered by the processor.
 */
#include "virtio_pci_legacy.h"
#include "virtio_wire.h"

#define MAX_QUEUES 64u /* ends the count of a device that answers anything */
#define CONFIG_RETRIES 16u

static PUCHAR At(const VIRTIO_PCI_TRANSPORT *Transport, ULONG Offset)
{
    return Transport->Common + Offset;
}

static UCHAR Read8(const VIRTIO_PCI_TRANSPORT *Transport, ULONG Offset)
{
    return Transport->Gone ? (UCHAR)0xFF : READ_PORT_UCHAR(At(Transport, Offset));
}

static USHORT Read16(const VIRTIO_PCI_TRANSPORT *Transport, ULONG Offset)
{
    return Transport->Gone ? (USHORT)0xFFFF : READ_PORT_USHORT((PUSHORT)(PVOID)At(Transport, Offset));
}

static ULONG Read32(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Port)
{
    return Transport->Gone ? 0xFFFFFFFFu : READ_PORT_ULONG((PULONG)(PVOID)Port);
}

static VOID Write16(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Port, USHORT Value)
{
    if (!Transport->Gone) {
        WRITE_PORT_USHORT((PUSHORT)(PVOID)Port, Value);
    }
}

static VOID Write32(const VIRTIO_PCI_TRANSPORT *Transport, ULONG Offset, ULONG Value)
{
    if (!Transport->Gone) {
        WRITE_PORT_ULONG((PULONG)(PVOID)At(Transport, Offset), Value);
    }
}

CODE_PAGE NTSTATUS VirtioPciLegacyInit(PVIRTIO_PCI_TRANSPORT Transport, ULONG Port, ULONG Length, BOOLEAN MsixEnabled)
{
    ULONG config = MsixEnabled ? VIRTIO_LEGACY_DEVICE_CONFIG_MSIX : VIRTIO_LEGACY_DEVICE_CONFIG;

    PAGED_CODE();

    RtlZeroMemory(Transport, sizeof(*Transport));
    KeInitializeSpinLock(&Transport->SelectorLock);
    if (Length < config) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    Transport->Common = (PUCHAR)(ULONG_PTR)Port;
    Transport->Notify = Transport->Common + VIRTIO_LEGACY_QUEUE_NOTIFY;
    Transport->NotifyLength = sizeof(USHORT);
    Transport->Isr = Transport->Common + VIRTIO_LEGACY_ISR;
    Transport->Device = Transport->Common + config;
    Transport->DeviceLength = Length - config;
    return STATUS_SUCCESS;
}

UCHAR VirtioPciTransportStatus(PVIRTIO_PCI_TRANSPORT Transport)
{
    return Read8(Transport, VIRTIO_LEGACY_STATUS);
}

VOID VirtioPciTransportWriteStatus(PVIRTIO_PCI_TRANSPORT Transport, UCHAR Status)
{
    if (!Transport->Gone) {
        WRITE_PORT_UCHAR(At(Transport, VIRTIO_LEGACY_STATUS), Status);
    }
}

NTSTATUS VirtioPciTransportNegotiate(PVIRTIO_PCI_TRANSPORT Transport, ULONGLONG Wanted, ULONGLONG Required)
{
    ULONGLONG offered;

    VirtioPciTransportAddStatus(Transport, VIRTIO_STATUS_ACKNOWLEDGE);
    VirtioPciTransportAddStatus(Transport, VIRTIO_STATUS_DRIVER);
    offered = Read32(Transport, At(Transport, VIRTIO_LEGACY_HOST_FEATURES));
    if (VirtioPciTransportStatus(Transport) == 0xFF) {
        return STATUS_DEVICE_NOT_CONNECTED;
    }
    if ((offered & Required) != Required) {
        return STATUS_NOT_SUPPORTED;
    }
    Transport->Features = offered & (Wanted | Required);
    Write32(Transport, VIRTIO_LEGACY_GUEST_FEATURES, (ULONG)Transport->Features);
    return STATUS_SUCCESS;
}

USHORT VirtioPciTransportQueueCount(PVIRTIO_PCI_TRANSPORT Transport)
{
    USHORT count = 0;

    /* No register says it: the first queue without entries is the first that does not exist. */
    while (count < MAX_QUEUES && !Transport->Gone && VirtioPciTransportQueueSize(Transport, count) != 0) {
        count++;
    }
    return count;
}

USHORT VirtioPciTransportQueueSize(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index)
{
    USHORT size;
    KIRQL irql;

    KeAcquireSpinLock(&Transport->SelectorLock, &irql);
    Write16(Transport, At(Transport, VIRTIO_LEGACY_QUEUE_SELECT), Index);
    size = Read16(Transport, VIRTIO_LEGACY_QUEUE_SIZE);
    KeReleaseSpinLock(&Transport->SelectorLock, irql);
    return size;
}

NTSTATUS VirtioPciTransportQueueEnable(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index, ULONGLONG Desc, ULONGLONG Avail,
                                    ULONGLONG Used, PUCHAR *Doorbell)
{
    ULONGLONG page = Desc / VIRTIO_LEGACY_RING_ALIGN;
    KIRQL irql;

    /* The device finds the other parts by formula: they must be where it will look, in a page that it can name. */
    if (Desc % VIRTIO_LEGACY_RING_ALIGN != 0 || page == 0 || page > 0xFFFFFFFFu || Avail <= Desc || Used <= Avail ||
        Used % VIRTIO_LEGACY_RING_ALIGN != 0) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    KeAcquireSpinLock(&Transport->SelectorLock, &irql);
    Write16(Transport, At(Transport, VIRTIO_LEGACY_QUEUE_SELECT), Index);
    Write32(Transport, VIRTIO_LEGACY_QUEUE_PFN, (ULONG)page);
    KeReleaseSpinLock(&Transport->SelectorLock, irql);
    *Doorbell = Transport->Notify;
    return STATUS_SUCCESS;
}

VOID VirtioPciTransportNotify(PVIRTIO_PCI_TRANSPORT Transport, PUCHAR Doorbell, USHORT Index)
{
    Write16(Transport, Doorbell, Index);
}

UCHAR VirtioPciTransportReadIsr(PVIRTIO_PCI_TRANSPORT Transport)
{
    UCHAR isr = Transport->Forsaken ? READ_PORT_UCHAR(At(Transport, VIRTIO_LEGACY_ISR))
                                    : Read8(Transport, VIRTIO_LEGACY_ISR);

    return isr == 0xFF ? (UCHAR)0 : isr; /* all ones: nobody there, so not our interrupt */
}

ULONG VirtioPciTransportReadConfig(PVIRTIO_PCI_TRANSPORT Transport, ULONG Offset)
{
    ULONG again;
    ULONG value;
    ULONG i;

    if (Transport->DeviceLength < sizeof(ULONG) || Offset > Transport->DeviceLength - sizeof(ULONG)) {
        return 0;
    }
    again = Read32(Transport, Transport->Device + Offset);
    for (i = 0; i < CONFIG_RETRIES; i++) { /* without a generation: until it reads twice the same (2.5.4) */
        value = again;
        again = Read32(Transport, Transport->Device + Offset);
        if (again == value) {
            break;
        }
    }
    return again;
}
