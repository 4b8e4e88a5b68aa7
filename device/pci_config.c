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
#define PCI_BAR(n) (PCI_BAR0 + 4u * (n))
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
#define CAP_MSIX 0x11u
#define CAP_MSIX_BYTES 12u
#define MSIX_CONTROL 2u /* 16 bits; 0 in the low ones: one vector */
#define MSIX_ENABLE 0x8000u
#define MSIX_MASK 0x4000u

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

/* Its vectors cannot be assigned (the registers keep saying NO_VECTOR), so no table is behind it. */
static uint8_t put_msix(struct vsnd *dev, uint8_t at)
{
    dev->msix = at;
    dev->config[at] = CAP_MSIX;
    le16_put(dev->config + at + MSIX_CONTROL, dev->knobs.msix == MSIX_ENABLED ? MSIX_ENABLE : 0);
    le16_put(dev->config_writable + at + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK);
    return CAP_MSIX_BYTES;
}

static uint8_t put_region(struct vsnd *dev, uint8_t at, const struct register_region *region)
{
    bool notify = region->cfg_type == VIRTIO_PCI_CAP_NOTIFY_CFG;
    uint8_t length = notify ? VIRTIO_PCI_NOTIFY_CAP_SIZE : VIRTIO_PCI_CAP_SIZE;
    put_capability(dev->config + at, region, length, 0);
    if (notify)
        le32_put(dev->config + at + VIRTIO_PCI_CAP_OFF_NOTIFY_MULTIPLIER, dev->personality->notify_multiplier);
    return length;
}

static void put_capabilities(struct vsnd *dev)
{
    uint8_t *link = dev->config + PCI_CAPABILITIES;
    uint8_t at = FIRST_CAPABILITY;
    for (unsigned i = 0; i <= REGION_COUNT; i++) {
        bool msix = i == REGION_COUNT;
        const struct register_region *region = &dev->personality->regions[i % REGION_COUNT];
        if (msix ? dev->knobs.msix == MSIX_NONE : region->length == 0)
            continue;
        *link = at;
        link = dev->config + at + VIRTIO_PCI_CAP_OFF_NEXT;
        at = (uint8_t)(at + (msix ? put_msix(dev, at) : put_region(dev, at, region)));
    }
}

/* The size of a BAR is what the driver cannot set. */
static void put_bars(struct vsnd *dev)
{
    const struct personality *personality = dev->personality;
    uint16_t modern = PCI_BAR(personality->modern_bar);
    if (personality->bar0_bytes) {
        le32_put(dev->config + modern, BAR_64_BIT);
        le32_put(dev->config_writable + modern, ~(personality->bar0_bytes - 1));
        le32_put(dev->config_writable + modern + 4, 0xFFFFFFFFu);
    }
    if (personality->legacy_bar0_bytes) {
        le32_put(dev->config + PCI_BAR0, BAR_IO);
        le32_put(dev->config_writable + PCI_BAR0, ~(personality->legacy_bar0_bytes - 1));
    }
}

/* The command bits of the BARs that exist. */
static uint16_t decoding(const struct vsnd *dev)
{
    const struct personality *personality = dev->personality;
    return (uint16_t)((personality->bar0_bytes ? COMMAND_MEMORY : 0) |
                      (personality->legacy_bar0_bytes ? COMMAND_IO : 0));
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
    put_bars(dev);
    dev->config_status = config[PCI_CAPABILITIES] ? STATUS_CAPABILITIES : 0;

    uint8_t *writable = dev->config_writable;
    le16_put(writable + PCI_COMMAND, decoding(dev) | COMMAND_BUS_MASTER | COMMAND_INTX_DISABLE);
    writable[PCI_CACHE_LINE] = 0xFF;
    writable[PCI_INTERRUPT_LINE] = 0xFF;
}

static uint16_t command(const struct vsnd *dev)
{
    return le16_get(dev->config + PCI_COMMAND);
}

bool pci_bar_enabled(const struct vsnd *dev, unsigned bar)
{
    bool io = bar == 0 && dev->personality->legacy_bar0_bytes;
    return command(dev) & (io ? COMMAND_IO : COMMAND_MEMORY);
}

bool pci_msix_enabled(const struct vsnd *dev)
{
    return dev->msix && le16_get(dev->config + dev->msix + MSIX_CONTROL) & MSIX_ENABLE;
}

bool pci_intx_disabled(const struct vsnd *dev)
{
    return command(dev) & COMMAND_INTX_DISABLE;
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
