/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PCI configuration space: type 0 header and the virtio capability list (virtio 1.2, 4.1.4). */
#include "le.h"
#include "model.h"

#define PCI_VENDOR 0x00u
#define PCI_DEVICE 0x02u
#define PCI_COMMAND 0x04u
#define PCI_STATUS 0x06u
#define PCI_REVISION 0x08u
#define PCI_CLASS 0x09u
#define PCI_CACHE_LINE 0x0Cu
#define PCI_BAR0 0x10u
#define PCI_SUBSYSTEM_VENDOR 0x2Cu
#define PCI_SUBSYSTEM_DEVICE 0x2Eu
#define PCI_CAPABILITIES 0x34u
#define PCI_INTERRUPT_LINE 0x3Cu
#define PCI_INTERRUPT_PIN 0x3Du

#define COMMAND_IO 0x0001u
#define COMMAND_MEMORY 0x0002u
#define COMMAND_BUS_MASTER 0x0004u
#define COMMAND_INTX_DISABLE 0x0400u
#define STATUS_INTERRUPT 0x0008u
#define STATUS_CAPABILITIES 0x0010u
#define BAR_IO 0x1u
#define BAR_64_BIT 0x4u
#define CLASS_MULTIMEDIA 0x04u
#define SUBCLASS_AUDIO 0x01u
#define PIN_INTA 1u
#define FIRST_CAPABILITY 0x40u

#define CAP_ID_MSIX 0x11u
#define MSIX_BYTES 12u
#define MSIX_CONTROL 2u
#define MSIX_TABLE 4u
#define MSIX_PENDING 8u
#define MSIX_ENABLE 0x8000u
#define MSIX_MASK 0x4000u
#define MSIX_PENDING_OFFSET 0x800u
#define WINDOW_BYTES 20u
#define WINDOW_DATA 16u

static void put_capability(uint8_t *cap, const struct register_region *region, uint8_t length, uint8_t next)
{
    cap[VIRTIO_PCI_CAP_OFF_VNDR] = VIRTIO_PCI_CAP_ID_VENDOR;
    cap[VIRTIO_PCI_CAP_OFF_NEXT] = next;
    cap[VIRTIO_PCI_CAP_OFF_LEN] = length;
    cap[VIRTIO_PCI_CAP_OFF_CFG_TYPE] = region->cfg_type;
    cap[VIRTIO_PCI_CAP_OFF_BAR] = region->bar;
    le32_put(cap + VIRTIO_PCI_CAP_OFF_OFFSET, region->offset);
    le32_put(cap + VIRTIO_PCI_CAP_OFF_LENGTH, region->length);
}

/* PCI 3.0, 6.8.2: one capability and a table that a driver may fill; it is never told anything through it. */
static uint8_t put_msix(struct vsnd *dev, uint8_t at)
{
    uint8_t *cap = dev->config + at;
    cap[0] = CAP_ID_MSIX;
    le16_put(cap + MSIX_CONTROL, (dev->personality->vectors - 1u) | (dev->personality->msix_enabled ? MSIX_ENABLE : 0));
    le32_put(cap + MSIX_TABLE, MSIX_BAR);
    le32_put(cap + MSIX_PENDING, MSIX_PENDING_OFFSET | MSIX_BAR);
    le16_put(dev->config_writable + at + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK);
    dev->msix_capability = at;
    return MSIX_BYTES;
}

/* 4.1.4.9: registers through configuration space. */
static uint8_t put_window(struct vsnd *dev, uint8_t at)
{
    static const struct register_region none = {VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0};
    put_capability(dev->config + at, &none, WINDOW_BYTES, 0);
    dev->config_writable[at + VIRTIO_PCI_CAP_OFF_BAR] = 0xFF;
    le32_put(dev->config_writable + at + VIRTIO_PCI_CAP_OFF_OFFSET, 0xFFFFFFFFu);
    le32_put(dev->config_writable + at + VIRTIO_PCI_CAP_OFF_LENGTH, 0xFFFFFFFFu);
    dev->window_capability = at;
    return WINDOW_BYTES;
}

static uint8_t put_region(struct vsnd *dev, uint8_t at, unsigned index)
{
    const struct register_region *region = &dev->personality->regions[index];
    bool notify = region->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG;
    uint8_t length = notify ? VIRTIO_PCI_NOTIFY_CAP_SIZE : VIRTIO_PCI_CAP_SIZE;
    put_capability(dev->config + at, region, length, 0);
    if (notify)
        le32_put(dev->config + at + VIRTIO_PCI_CAP_OFF_NOTIFY_MULTIPLIER, dev->personality->notify_multiplier);
    return length;
}

static void put_capabilities(struct vsnd *dev)
{
    uint8_t *link = &dev->config[PCI_CAPABILITIES];
    uint8_t at = FIRST_CAPABILITY;
    for (unsigned i = 0; i < REGION_COUNT; i++) {
        uint8_t here = at;
        if (dev->personality->regions[i].length == 0)
            continue;
        *link = here;
        at = (uint8_t)(at + put_region(dev, at, i));
        link = &dev->config[here + VIRTIO_PCI_CAP_OFF_NEXT];
    }
    if (dev->personality->pci_cfg_window) {
        *link = at;
        link = &dev->config[at + VIRTIO_PCI_CAP_OFF_NEXT];
        at = (uint8_t)(at + put_window(dev, at));
    }
    if (dev->personality->vectors) {
        *link = at;
        put_msix(dev, at);
    }
}

/* A BAR's size is what the driver cannot set. */
static void put_bar(struct vsnd *dev, unsigned index, uint32_t bytes, bool wide)
{
    uint16_t at = (uint16_t)(PCI_BAR0 + 4 * index);
    le32_put(dev->config + at, pci_bar_is_io(dev, index) ? BAR_IO : wide ? BAR_64_BIT : 0);
    le32_put(dev->config_writable + at, ~(bytes - 1));
    if (wide)
        le32_put(dev->config_writable + at + 4, 0xFFFFFFFFu);
}

/* The command bits of the BARs that exist. */
static uint16_t decoding(const struct personality *personality)
{
    return (uint16_t)((personality->bar_bytes || personality->vectors ? COMMAND_MEMORY : 0) |
                      (personality->legacy_bar_bytes ? COMMAND_IO : 0));
}

void pci_config_init(struct vsnd *dev)
{
    const struct personality *personality = dev->personality;
    uint8_t *config = dev->config;
    le16_put(config + PCI_VENDOR, VIRTIO_PCI_VENDOR_ID);
    le16_put(config + PCI_DEVICE, personality->device_id);
    config[PCI_REVISION] = personality->revision;
    config[PCI_CLASS + 1] = SUBCLASS_AUDIO;
    config[PCI_CLASS + 2] = CLASS_MULTIMEDIA;
    le16_put(config + PCI_SUBSYSTEM_VENDOR, personality->subsystem_vendor);
    le16_put(config + PCI_SUBSYSTEM_DEVICE, personality->subsystem_device);
    config[PCI_INTERRUPT_PIN] = PIN_INTA;
    put_capabilities(dev);
    dev->config_status = config[PCI_CAPABILITIES] ? STATUS_CAPABILITIES : 0;

    uint8_t *writable = dev->config_writable;
    le16_put(writable + PCI_COMMAND, decoding(personality) | COMMAND_BUS_MASTER | COMMAND_INTX_DISABLE);
    writable[PCI_CACHE_LINE] = 0xFF;
    if (personality->bar_bytes)
        put_bar(dev, personality->bar, personality->bar_bytes, true);
    if (personality->legacy_bar_bytes)
        put_bar(dev, 0, personality->legacy_bar_bytes, false);
    if (personality->vectors)
        put_bar(dev, MSIX_BAR, MSIX_BAR_BYTES, false);
    writable[PCI_INTERRUPT_LINE] = 0xFF;
}

static uint16_t command(const struct vsnd *dev)
{
    return le16_get(dev->config + PCI_COMMAND);
}

bool pci_bar_is_io(const struct vsnd *dev, unsigned bar)
{
    return bar == 0 && dev->personality->legacy_bar_bytes;
}

bool pci_bar_enabled(const struct vsnd *dev, unsigned bar)
{
    return command(dev) & (pci_bar_is_io(dev, bar) ? COMMAND_IO : COMMAND_MEMORY);
}

bool pci_msix_enabled(const struct vsnd *dev)
{
    return dev->msix_capability && le16_get(dev->config + dev->msix_capability + MSIX_CONTROL) & MSIX_ENABLE;
}

bool pci_intx_disabled(const struct vsnd *dev)
{
    return pci_msix_enabled(dev) || command(dev) & COMMAND_INTX_DISABLE;
}

bool pci_window_target(const struct vsnd *dev, uint16_t offset, unsigned size, unsigned *bar, uint64_t *target)
{
    const uint8_t *cap = dev->config + dev->window_capability;
    if (!dev->window_capability || offset != dev->window_capability + WINDOW_DATA ||
        le32_get(cap + VIRTIO_PCI_CAP_OFF_LENGTH) != size)
        return false;
    *bar = cap[VIRTIO_PCI_CAP_OFF_BAR];
    *target = le32_get(cap + VIRTIO_PCI_CAP_OFF_OFFSET);
    return true;
}

static bool is_access(uint16_t offset, unsigned size)
{
    return (size == 1 || size == 2 || size == 4) && offset % size == 0 && offset + size <= CONFIG_SPACE_BYTES;
}

uint32_t pci_config_read(struct vsnd *dev, uint16_t offset, unsigned size)
{
    uint32_t value = 0;
    if (!is_access(offset, size))
        return 0;
    le16_put(dev->config + PCI_STATUS, dev->config_status | (dev->isr ? STATUS_INTERRUPT : 0));
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)dev->config[offset + i] << (8 * i);
    return value;
}

void pci_config_write(struct vsnd *dev, uint16_t offset, unsigned size, uint32_t value)
{
    if (!is_access(offset, size))
        return;
    for (unsigned i = 0; i < size; i++) {
        uint8_t mask = dev->config_writable[offset + i];
        uint8_t byte = (uint8_t)(value >> (8 * i));
        dev->config[offset + i] = (uint8_t)((dev->config[offset + i] & ~mask) | (byte & mask));
    }
    dev->memory.enabled = command(dev) & COMMAND_BUS_MASTER;
}
