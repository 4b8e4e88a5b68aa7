/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Register access follows virtio 1.2, 4.1.3.1: each field by an access of its own
 * width, 64-bit fields as two 32-bit ones. READ_REGISTER_* and WRITE_REGISTER_*
 * are ordered by the processor for the uncached mapping and by the compiler
 * because they are functions or volatile accesses.
 */
#include "virtio_pci_modern_transport.h"
#include "virtio_wire.h"

#define CONFIG_RETRIES 16u

static UCHAR Read8(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Base, ULONG Offset)
{
    return Transport->Gone ? (UCHAR)0xFF : READ_REGISTER_UCHAR(Base + Offset);
}

static USHORT Read16(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Base, ULONG Offset)
{
    return Transport->Gone ? (USHORT)0xFFFF : READ_REGISTER_USHORT((PUSHORT)(PVOID)(Base + Offset));
}

static ULONG Read32(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Base, ULONG Offset)
{
    return Transport->Gone ? 0xFFFFFFFFu : READ_REGISTER_ULONG((PULONG)(PVOID)(Base + Offset));
}

static VOID Write8(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Base, ULONG Offset, UCHAR Value)
{
    if (!Transport->Gone) {
        WRITE_REGISTER_UCHAR(Base + Offset, Value);
    }
}

static VOID Write16(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Base, ULONG Offset, USHORT Value)
{
    if (!Transport->Gone) {
        WRITE_REGISTER_USHORT((PUSHORT)(PVOID)(Base + Offset), Value);
    }
}

static VOID Write32(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Base, ULONG Offset, ULONG Value)
{
    if (!Transport->Gone) {
        WRITE_REGISTER_ULONG((PULONG)(PVOID)(Base + Offset), Value);
    }
}

static VOID Write64(const VIRTIO_PCI_TRANSPORT *Transport, PUCHAR Base, ULONG Offset, ULONGLONG Value)
{
    Write32(Transport, Base, Offset, (ULONG)Value);
    Write32(Transport, Base, Offset + 4u, (ULONG)(Value >> 32));
}

static PUCHAR Place(const VIRTIO_PCI_REGION *Region, const VIRTIO_PCI_BAR *Bars)
{
    const VIRTIO_PCI_BAR *bar = &Bars[Region->Bar];

    if (bar->Va == NULL || Region->Offset > bar->Length || Region->Length > bar->Length - Region->Offset) {
        return NULL;
    }
    return bar->Va + Region->Offset;
}

CODE_PAGE NTSTATUS VirtioPciModernInit(PVIRTIO_PCI_TRANSPORT Transport, const VIRTIO_PCI_CAPS *Caps,
                                       const VIRTIO_PCI_BAR *Bars)
{
    PAGED_CODE();

    RtlZeroMemory(Transport, sizeof(*Transport));
    KeInitializeSpinLock(&Transport->SelectorLock);
    Transport->Common = Place(&Caps->Common, Bars);
    Transport->Notify = Place(&Caps->Notify, Bars);
    Transport->Isr = Place(&Caps->Isr, Bars);
    Transport->Device = Place(&Caps->Device, Bars);
    Transport->NotifyLength = Caps->Notify.Length;
    Transport->DeviceLength = Caps->Device.Length;
    Transport->NotifyMultiplier = Caps->NotifyMultiplier;
    if (Transport->Common == NULL || Transport->Notify == NULL || Transport->Isr == NULL || Transport->Device == NULL) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    return STATUS_SUCCESS;
}

UCHAR VirtioPciTransportStatus(PVIRTIO_PCI_TRANSPORT Transport)
{
    return Read8(Transport, Transport->Common, VIRTIO_COMMON_DEVICE_STATUS);
}

VOID VirtioPciTransportWriteStatus(PVIRTIO_PCI_TRANSPORT Transport, UCHAR Status)
{
    Write8(Transport, Transport->Common, VIRTIO_COMMON_DEVICE_STATUS, Status);
}

static ULONGLONG ReadDeviceFeatures(PVIRTIO_PCI_TRANSPORT Transport)
{
    ULONGLONG features;
    KIRQL irql;

    KeAcquireSpinLock(&Transport->SelectorLock, &irql);
    Write32(Transport, Transport->Common, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 0);
    features = Read32(Transport, Transport->Common, VIRTIO_COMMON_DEVICE_FEATURE);
    Write32(Transport, Transport->Common, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 1);
    features |= (ULONGLONG)Read32(Transport, Transport->Common, VIRTIO_COMMON_DEVICE_FEATURE) << 32;
    KeReleaseSpinLock(&Transport->SelectorLock, irql);
    return features;
}

static VOID WriteDriverFeatures(PVIRTIO_PCI_TRANSPORT Transport, ULONGLONG Features)
{
    KIRQL irql;

    KeAcquireSpinLock(&Transport->SelectorLock, &irql);
    Write32(Transport, Transport->Common, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, 0);
    Write32(Transport, Transport->Common, VIRTIO_COMMON_DRIVER_FEATURE, (ULONG)Features);
    Write32(Transport, Transport->Common, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, 1);
    Write32(Transport, Transport->Common, VIRTIO_COMMON_DRIVER_FEATURE, (ULONG)(Features >> 32));
    KeReleaseSpinLock(&Transport->SelectorLock, irql);
}

NTSTATUS VirtioPciTransportNegotiate(PVIRTIO_PCI_TRANSPORT Transport, ULONGLONG Wanted, ULONGLONG Required)
{
    ULONGLONG offered;

    VirtioPciTransportAddStatus(Transport, VIRTIO_STATUS_ACKNOWLEDGE);
    VirtioPciTransportAddStatus(Transport, VIRTIO_STATUS_DRIVER);
    offered = ReadDeviceFeatures(Transport);
    if (VirtioPciTransportStatus(Transport) == 0xFF) {
        return STATUS_DEVICE_NOT_CONNECTED;
    }
    if ((offered & Required) != Required) {
        return STATUS_NOT_SUPPORTED;
    }
    /* 6.1: a device behind a platform's IOMMU insists on this. Windows 7 leaves such a unit off, and the addresses that
     * it gives for DMA are those of memory. */
    Transport->Features = offered & (Wanted | Required | VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM));
    WriteDriverFeatures(Transport, Transport->Features);
    VirtioPciTransportAddStatus(Transport, VIRTIO_STATUS_FEATURES_OK);
    if ((VirtioPciTransportStatus(Transport) & VIRTIO_STATUS_FEATURES_OK) == 0) {
        return STATUS_DEVICE_PROTOCOL_ERROR;
    }
    return STATUS_SUCCESS;
}

USHORT VirtioPciTransportQueueCount(PVIRTIO_PCI_TRANSPORT Transport)
{
    return Read16(Transport, Transport->Common, VIRTIO_COMMON_NUM_QUEUES);
}

USHORT VirtioPciTransportQueueSize(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index)
{
    USHORT size;
    KIRQL irql;

    KeAcquireSpinLock(&Transport->SelectorLock, &irql);
    Write16(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_SELECT, Index);
    size = Read16(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_SIZE);
    KeReleaseSpinLock(&Transport->SelectorLock, irql);
    return size;
}

NTSTATUS VirtioPciTransportQueueEnable(PVIRTIO_PCI_TRANSPORT Transport, USHORT Index, ULONGLONG Desc, ULONGLONG Avail,
                                    ULONGLONG Used, PUCHAR *Doorbell)
{
    ULONGLONG offset;
    KIRQL irql;

    KeAcquireSpinLock(&Transport->SelectorLock, &irql);
    Write16(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_SELECT, Index);
    offset = Read16(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_NOTIFY_OFF);
    offset *= Transport->NotifyMultiplier;
    if (offset + sizeof(USHORT) > Transport->NotifyLength || (offset & 1u) != 0) {
        KeReleaseSpinLock(&Transport->SelectorLock, irql);
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    Write64(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_DESC, Desc);
    Write64(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_DRIVER, Avail);
    Write64(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_DEVICE, Used);
    Write16(Transport, Transport->Common, VIRTIO_COMMON_QUEUE_ENABLE, 1);
    KeReleaseSpinLock(&Transport->SelectorLock, irql);
    *Doorbell = Transport->Notify + (SIZE_T)offset;
    return STATUS_SUCCESS;
}

VOID VirtioPciTransportNotify(PVIRTIO_PCI_TRANSPORT Transport, PUCHAR Doorbell, USHORT Index)
{
    Write16(Transport, Doorbell, 0, Index);
}

UCHAR VirtioPciTransportReadIsr(PVIRTIO_PCI_TRANSPORT Transport)
{
    UCHAR isr = Transport->Forsaken ? READ_REGISTER_UCHAR(Transport->Isr) : Read8(Transport, Transport->Isr, 0);

    return isr == 0xFF ? (UCHAR)0 : isr; /* all ones: nobody there, so not our interrupt */
}

ULONG VirtioPciTransportReadConfig(PVIRTIO_PCI_TRANSPORT Transport, ULONG Offset)
{
    ULONG value = 0;
    ULONG i;
    UCHAR generation;

    if (Transport->DeviceLength < sizeof(ULONG) || Offset > Transport->DeviceLength - sizeof(ULONG)) {
        return 0;
    }
    for (i = 0; i < CONFIG_RETRIES; i++) {
        generation = Read8(Transport, Transport->Common, VIRTIO_COMMON_CONFIG_GENERATION);
        value = Read32(Transport, Transport->Device, Offset);
        if (Read8(Transport, Transport->Common, VIRTIO_COMMON_CONFIG_GENERATION) == generation) {
            break;
        }
    }
    return value;
}
