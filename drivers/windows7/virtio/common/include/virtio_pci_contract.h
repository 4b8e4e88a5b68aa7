/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio_pci_contract.h: is this the PCI function that the package was made
 * for? Contract v1, section "Identity".
 */
#ifndef VIRTIO_PCI_CONTRACT_H
#define VIRTIO_PCI_CONTRACT_H

#include <wdk_compat.h>

/* What a package binds to; one constant per package, the INF says the same. */
typedef struct _VIRTIO_PCI_CONTRACT {
    USHORT Vendor;
    USHORT Device;
    UCHAR Revision;
    BOOLEAN AnyRevision;
} VIRTIO_PCI_CONTRACT;

extern const VIRTIO_PCI_CONTRACT VirtioPciContractSound;             /* 1AF4:1059 revision 01 */
extern const VIRTIO_PCI_CONTRACT VirtioPciContractSoundTransitional; /* 1AF4:1018, any revision */
extern const VIRTIO_PCI_CONTRACT VirtioPciContractSoundIoPort;       /* 1AF4:1018 revision 00 */

/* Bits of *Oddities: unexpected, but no reason to refuse. */
#define VIRTIO_PCI_ODD_CLASS 0x1u     /* class code is not 04 01 (multimedia audio) */
#define VIRTIO_PCI_ODD_SUBSYSTEM 0x2u /* subsystem is not 1AF4:0019 (QEMU shows 1AF4:1100) */

/*
 * Compares the head of configuration space (at least 64 bytes) with Contract. Any IRQL.
 * STATUS_SUCCESS, with *Oddities set; STATUS_NOT_SUPPORTED: another device or revision.
 */
NTSTATUS VirtioPciContractCheck(const VIRTIO_PCI_CONTRACT *Contract, const UCHAR *Config, ULONG *Oddities);

#endif
