/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtio_pci_cap_parser.h: finds the virtio register regions in a copy of the
 * PCI configuration space. Pure: no OS call, no register access.
 */
#ifndef VIRTIO_PCI_CAP_PARSER_H
#define VIRTIO_PCI_CAP_PARSER_H

#include <wdk_compat.h>

#define VIRTIO_PCI_CONFIG_BYTES 256u
#define VIRTIO_PCI_BAR_COUNT 6u

/* Which layouts are accepted. Permissive: any well-formed one (what QEMU needs). Strict: exactly contract v1's
 * table. */
typedef enum _VIRTIO_PCI_LAYOUT_POLICY {
    VirtioPciLayoutPermissive = 0,
    VirtioPciLayoutStrict = 1
} VIRTIO_PCI_LAYOUT_POLICY;

#if defined(AERO_VIRTIO_STRICT)
#define VIRTIO_PCI_LAYOUT_DEFAULT VirtioPciLayoutStrict
#else
#define VIRTIO_PCI_LAYOUT_DEFAULT VirtioPciLayoutPermissive
#endif

typedef enum _VIRTIO_PCI_CAP_RESULT {
    VirtioPciCapOk = 0,
    VirtioPciCapNoList,       /* status bit 4 clear or pointer 0 */
    VirtioPciCapUnaligned,    /* a pointer is not a multiple of 4, or points into the header */
    VirtioPciCapLoop,         /* the list returns to an entry it has shown already */
    VirtioPciCapTruncated,    /* a capability runs past byte 256 */
    VirtioPciCapTooShort,     /* strict: a virtio capability is shorter than its structure */
    VirtioPciCapMissing,      /* no usable capability of a required type */
    VirtioPciCapWrongLayout   /* strict: well-formed, but not contract v1's table */
} VIRTIO_PCI_CAP_RESULT;

/* One register region: Length bytes at Offset of BAR number Bar. Offset + Length does not wrap. */
typedef struct _VIRTIO_PCI_REGION {
    UCHAR Present;
    UCHAR Bar;
    ULONG Offset;
    ULONG Length;
} VIRTIO_PCI_REGION;

typedef struct _VIRTIO_PCI_CAPS {
    VIRTIO_PCI_REGION Common;
    VIRTIO_PCI_REGION Notify;
    VIRTIO_PCI_REGION Isr;
    VIRTIO_PCI_REGION Device;
    ULONG NotifyMultiplier; /* bytes of doorbell address per unit of queue_notify_off */
} VIRTIO_PCI_CAPS;

/*
 * Walks the capability list (virtio 1.2, 4.1.4) of Config, VIRTIO_PCI_CONFIG_BYTES bytes, and stores the first usable
 * capability of each of the four types; other types and vendors are skipped. Any IRQL. On failure *Caps holds what was
 * found so far.
 */
VIRTIO_PCI_CAP_RESULT VirtioPciCapParse(const UCHAR *Config, VIRTIO_PCI_LAYOUT_POLICY Policy, VIRTIO_PCI_CAPS *Caps);

#endif
