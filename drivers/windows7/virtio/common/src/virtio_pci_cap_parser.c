/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The capability list of virtio 1.2, 4.1.4; rules of contract v1, "Modern transport". */
#include "virtio_pci_cap_parser.h"
#include "virtio_wire.h"

#define PCI_STATUS_OFFSET 0x06u
#define PCI_STATUS_CAP_LIST 0x10u
#define PCI_BAR0 0x10u
#define PCI_BAR_IO 0x01u
#define PCI_CAP_POINTER 0x34u
#define PCI_HEADER_BYTES 0x40u

/* One row per virtio structure: where its region goes, what it needs, where contract v1 puts it. */
typedef struct _CAP_TYPE {
    UCHAR Type;
    UCHAR CapBytes;       /* least cap_len */
    ULONG MinimumLength;  /* least region */
    ULONG ContractOffset;
    ULONG ContractLength;
    ULONG Field;          /* offset of the region in VIRTIO_PCI_CAPS */
} CAP_TYPE;

static const CAP_TYPE CapTypes[] = {
    {VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_CAP_SIZE, VIRTIO_COMMON_CFG_SIZE, VIRTIO_CONTRACT_COMMON_OFFSET,
     VIRTIO_CONTRACT_COMMON_LENGTH, FIELD_OFFSET(VIRTIO_PCI_CAPS, Common)},
    {VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_NOTIFY_CAP_SIZE, 2u, VIRTIO_CONTRACT_NOTIFY_OFFSET,
     VIRTIO_CONTRACT_NOTIFY_LENGTH, FIELD_OFFSET(VIRTIO_PCI_CAPS, Notify)},
    {VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_PCI_CAP_SIZE, 1u, VIRTIO_CONTRACT_ISR_OFFSET, VIRTIO_CONTRACT_ISR_LENGTH,
     FIELD_OFFSET(VIRTIO_PCI_CAPS, Isr)},
    {VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_PCI_CAP_SIZE, 4u, VIRTIO_CONTRACT_DEVICE_OFFSET, VIRTIO_CONTRACT_DEVICE_LENGTH,
     FIELD_OFFSET(VIRTIO_PCI_CAPS, Device)},
};

#define CAP_TYPE_COUNT (sizeof(CapTypes) / sizeof(CapTypes[0]))

static ULONG Read32(const UCHAR *Bytes)
{
    return (ULONG)Bytes[0] | (ULONG)Bytes[1] << 8 | (ULONG)Bytes[2] << 16 | (ULONG)Bytes[3] << 24;
}

static VIRTIO_PCI_REGION *RegionOf(VIRTIO_PCI_CAPS *Caps, const CAP_TYPE *Type)
{
    return (VIRTIO_PCI_REGION *)((PUCHAR)Caps + Type->Field);
}

static const CAP_TYPE *FindType(UCHAR Type)
{
    ULONG i;

    for (i = 0; i < CAP_TYPE_COUNT; i++) {
        if (CapTypes[i].Type == Type) {
            return &CapTypes[i];
        }
    }
    return NULL;
}

/* A region is usable when its BAR exists and is memory, it does not wrap, it holds the structure and is aligned for it:
 * to 4, or to its least length when that is less (4.1.4.3, 4.1.4.4, 4.1.4.6). */
CODE_PAGE static BOOLEAN RegionIsUsable(const UCHAR *Config, const VIRTIO_PCI_REGION *Region, const CAP_TYPE *Type)
{
    PAGED_CODE();
    return (BOOLEAN)(Region->Bar < VIRTIO_PCI_BAR_COUNT &&
                     (Config[PCI_BAR0 + 4u * Region->Bar] & PCI_BAR_IO) == 0 &&
                     (Region->Offset & 3u & (Type->MinimumLength - 1u)) == 0 &&
                     Region->Length >= Type->MinimumLength && Region->Offset <= 0xFFFFFFFFu - Region->Length);
}

/* One vendor capability at Config + Offset. */
static VIRTIO_PCI_CAP_RESULT ReadVirtioCap(const UCHAR *Config, ULONG Offset, VIRTIO_PCI_LAYOUT_POLICY Policy,
                                           VIRTIO_PCI_CAPS *Caps)
{
    ULONG length = Config[Offset + VIRTIO_PCI_CAP_OFF_LEN];
    const CAP_TYPE *type;
    VIRTIO_PCI_REGION *slot;
    VIRTIO_PCI_REGION region;

    if (Offset + length > VIRTIO_PCI_CONFIG_BYTES) {
        return VirtioPciCapTruncated;
    }
    type = FindType(length >= VIRTIO_PCI_CAP_SIZE ? Config[Offset + VIRTIO_PCI_CAP_OFF_CFG_TYPE] : 0);
    if (length < VIRTIO_PCI_CAP_SIZE || (type != NULL && length < type->CapBytes)) {
        return Policy == VirtioPciLayoutStrict ? VirtioPciCapTooShort : VirtioPciCapOk;
    }
    if (type == NULL) {
        return VirtioPciCapOk;
    }
    slot = RegionOf(Caps, type);
    region.Present = 1;
    region.Bar = Config[Offset + VIRTIO_PCI_CAP_OFF_BAR];
    region.Offset = Read32(Config + Offset + VIRTIO_PCI_CAP_OFF_OFFSET);
    region.Length = Read32(Config + Offset + VIRTIO_PCI_CAP_OFF_LENGTH);
    if (slot->Present || !RegionIsUsable(Config, &region, type)) {
        return VirtioPciCapOk; /* the first usable one counts: a device lists the one it prefers first */
    }
    *slot = region;
    if (type->Type == VIRTIO_PCI_CAP_NOTIFY_CFG) {
        Caps->NotifyMultiplier = Read32(Config + Offset + VIRTIO_PCI_CAP_OFF_NOTIFY_MULTIPLIER);
    }
    return VirtioPciCapOk;
}

static VIRTIO_PCI_CAP_RESULT CheckFound(VIRTIO_PCI_CAPS *Caps, VIRTIO_PCI_LAYOUT_POLICY Policy)
{
    const VIRTIO_PCI_REGION *region;
    ULONG i;

    for (i = 0; i < CAP_TYPE_COUNT; i++) {
        region = RegionOf(Caps, &CapTypes[i]);
        if (!region->Present) {
            return VirtioPciCapMissing;
        }
        if (Policy == VirtioPciLayoutStrict &&
            (region->Bar != 0 || region->Offset != CapTypes[i].ContractOffset ||
             region->Length != CapTypes[i].ContractLength)) {
            return VirtioPciCapWrongLayout;
        }
    }
    if (Policy == VirtioPciLayoutStrict && Caps->NotifyMultiplier != VIRTIO_CONTRACT_NOTIFY_MULTIPLIER) {
        return VirtioPciCapWrongLayout;
    }
    return VirtioPciCapOk;
}

VIRTIO_PCI_CAP_RESULT VirtioPciCapParse(const UCHAR *Config, VIRTIO_PCI_LAYOUT_POLICY Policy, VIRTIO_PCI_CAPS *Caps)
{
    ULONG seen[VIRTIO_PCI_CONFIG_BYTES / 4 / 32] = {0, 0}; /* one bit per possible 4-aligned entry */
    VIRTIO_PCI_CAP_RESULT result;
    ULONG offset;

    RtlZeroMemory(Caps, sizeof(*Caps));
    offset = Config[PCI_CAP_POINTER];
    if ((Config[PCI_STATUS_OFFSET] & PCI_STATUS_CAP_LIST) == 0 || offset == 0) {
        return VirtioPciCapNoList;
    }
    while (offset != 0) {
        if ((offset & 3u) != 0 || offset < PCI_HEADER_BYTES) {
            return VirtioPciCapUnaligned;
        }
        if ((seen[offset / 128u] & ((ULONG)1 << (offset / 4u % 32u))) != 0) {
            return VirtioPciCapLoop;
        }
        seen[offset / 128u] |= (ULONG)1 << (offset / 4u % 32u);
        if (Config[offset + VIRTIO_PCI_CAP_OFF_VNDR] == VIRTIO_PCI_CAP_ID_VENDOR) {
            result = ReadVirtioCap(Config, offset, Policy, Caps);
            if (result != VirtioPciCapOk) {
                return result;
            }
        }
        offset = Config[offset + VIRTIO_PCI_CAP_OFF_NEXT];
    }
    return CheckFound(Caps, Policy);
}
