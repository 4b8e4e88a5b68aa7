/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtio_pci_contract.h"
#include "virtio_wire.h"

#define PCI_OFF_VENDOR 0x00u
#define PCI_OFF_DEVICE 0x02u
#define PCI_OFF_REVISION 0x08u
#define PCI_OFF_SUBCLASS 0x0Au
#define PCI_OFF_BASE_CLASS 0x0Bu
#define PCI_OFF_SUBSYSTEM_VENDOR 0x2Cu
#define PCI_OFF_SUBSYSTEM_DEVICE 0x2Eu

#define PCI_CLASS_MULTIMEDIA 0x04u
#define PCI_SUBCLASS_AUDIO 0x01u

const VIRTIO_PCI_CONTRACT VirtioPciContractSound = {
    VIRTIO_PCI_VENDOR_ID, VIRTIO_SND_PCI_DEVICE_MODERN, VIRTIO_CONTRACT_REVISION, FALSE};
const VIRTIO_PCI_CONTRACT VirtioPciContractSoundTransitional = {
    VIRTIO_PCI_VENDOR_ID, VIRTIO_SND_PCI_DEVICE_TRANSITIONAL, 0, TRUE};
const VIRTIO_PCI_CONTRACT VirtioPciContractSoundIoPort = {
    VIRTIO_PCI_VENDOR_ID, VIRTIO_SND_PCI_DEVICE_TRANSITIONAL, 0, FALSE};

static USHORT Read16(const UCHAR *Bytes)
{
    return (USHORT)(Bytes[0] | Bytes[1] << 8);
}

NTSTATUS VirtioPciContractCheck(const VIRTIO_PCI_CONTRACT *Contract, const UCHAR *Config, ULONG *Oddities)
{
    *Oddities = 0;
    if (Read16(Config + PCI_OFF_VENDOR) != Contract->Vendor || Read16(Config + PCI_OFF_DEVICE) != Contract->Device) {
        return STATUS_NOT_SUPPORTED;
    }
    if (!Contract->AnyRevision && Config[PCI_OFF_REVISION] != Contract->Revision) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Config[PCI_OFF_BASE_CLASS] != PCI_CLASS_MULTIMEDIA || Config[PCI_OFF_SUBCLASS] != PCI_SUBCLASS_AUDIO) {
        *Oddities |= VIRTIO_PCI_ODD_CLASS;
    }
    if (Read16(Config + PCI_OFF_SUBSYSTEM_VENDOR) != VIRTIO_PCI_VENDOR_ID ||
        Read16(Config + PCI_OFF_SUBSYSTEM_DEVICE) != VIRTIO_ID_SOUND) {
        *Oddities |= VIRTIO_PCI_ODD_SUBSYSTEM;
    }
    return STATUS_SUCCESS;
}
