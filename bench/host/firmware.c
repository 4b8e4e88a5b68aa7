/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "firmware.h"

#include <string.h>

#include "../../drivers/windows7/virtio/common/include/virtio_wire.h"
#include "error.h"

/* PCI Local Bus Specification 3.0, chapter 6. */
#define PCI_VENDOR_ID 0x00u
#define PCI_COMMAND 0x04u
#define PCI_STATUS 0x06u
#define PCI_REVISION 0x08u
#define PCI_BAR0 0x10u
#define PCI_CAPABILITIES 0x34u
#define PCI_INTERRUPT_LINE 0x3Cu
#define PCI_INTERRUPT_PIN 0x3Du
#define PCI_COMMAND_IO 0x0001u
#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_STATUS_CAPABILITIES 0x10u
#define BAR_IO 0x1u
#define BAR_64 0x4u
#define MAX_CAPABILITIES 48u /* as many as fit into 192 bytes: ends a list that runs in a circle */

/* Writes all ones, reads the mask back, restores. */
static uint32_t probe(struct bus *bus, uint16_t offset) {
    uint32_t old = bus_config_read(bus, offset, 4);
    bus_config_write(bus, offset, 4, 0xFFFFFFFFu);
    uint32_t mask = bus_config_read(bus, offset, 4);
    bus_config_write(bus, offset, 4, old);
    return mask;
}

/* Takes `size` bytes, aligned to themselves, from the window that begins at *next. */
static bool assign(uint64_t *next, uint64_t last, uint64_t size, uint64_t *base) {
    uint64_t at = (*next + size - 1) & ~(size - 1);
    if (at < *next || at + size - 1 < at || at + size - 1 > last) {
        return false;
    }
    *base = at;
    *next = at + size;
    return true;
}

static bool is_power_of_two(uint64_t n) {
    return n != 0 && (n & (n - 1)) == 0;
}

/* Sizes and places the BAR with this index; *used is how many of the six registers it takes. */
static bool configure_bar(struct firmware *fw, struct bus *bus, unsigned index, uint64_t next[2], unsigned *used) {
    uint16_t offset = (uint16_t)(PCI_BAR0 + 4 * index);
    uint32_t mask = probe(bus, offset);
    bool io = (mask & BAR_IO) != 0;
    bool wide = !io && (mask & 0x6u) == BAR_64 && index + 1 < FIRMWARE_BARS;

    *used = wide ? 2 : 1;
    if (mask == 0) {
        return true;
    }
    uint64_t full = io ? 0xFFFFFFFF00000000ull | (mask & ~3u) : 0xFFFFFFFF00000000ull | (mask & ~15u);
    if (io && (mask >> 16) == 0) { /* a function may decode 16 address bits only */
        full |= 0xFFFF0000u;
    }
    if (wide) {
        full = (full & 0xFFFFFFFFu) | (uint64_t)probe(bus, (uint16_t)(offset + 4)) << 32;
    }
    uint64_t size = ~full + 1;
    if (!is_power_of_two(size)) {
        return fail("the device's BAR %u has no valid size (mask 0x%08x)", index, mask);
    }
    fw->type[index] = io ? FIRMWARE_BAR_IO : FIRMWARE_BAR_MEMORY;
    fw->size[index] = size;
    if (!assign(&next[io], io ? FIRMWARE_IO_LAST : FIRMWARE_MMIO_LAST, size, &fw->base[index])) {
        return fail("the device's BAR %u (0x%llx bytes) does not fit into the address space", index,
                    (unsigned long long)size);
    }
    bus_config_write(bus, offset, 4, (uint32_t)fw->base[index]);
    if (wide) {
        bus_config_write(bus, (uint16_t)(offset + 4), 4, (uint32_t)(fw->base[index] >> 32));
    }
    return true;
}

/* Remembers where one virtio capability points. */
static void note_capability(struct firmware *fw, struct bus *bus, uint16_t at) {
    struct firmware_range *range;

    switch (bus_config_read(bus, (uint16_t)(at + VIRTIO_PCI_CAP_OFF_CFG_TYPE), 1)) {
    case VIRTIO_PCI_CAP_COMMON_CFG:
        range = &fw->common;
        break;
    case VIRTIO_PCI_CAP_NOTIFY_CFG:
        range = &fw->notify;
        break;
    case VIRTIO_PCI_CAP_ISR_CFG:
        range = &fw->isr;
        break;
    default:
        return;
    }
    uint32_t bar = bus_config_read(bus, (uint16_t)(at + VIRTIO_PCI_CAP_OFF_BAR), 1);
    /* 4.1.4: the driver uses the first one of a type that it supports; no driver here has ports of a modern device. */
    if (range->length != 0 || bar >= FIRMWARE_BARS || fw->type[bar] == FIRMWARE_BAR_IO) {
        return;
    }
    range->bar = bar;
    range->offset = bus_config_read(bus, (uint16_t)(at + VIRTIO_PCI_CAP_OFF_OFFSET), 4);
    range->length = bus_config_read(bus, (uint16_t)(at + VIRTIO_PCI_CAP_OFF_LENGTH), 4);
}

static void note_legacy(struct firmware *fw, unsigned bar) {
    fw->legacy_notify = (struct firmware_range){bar, VIRTIO_LEGACY_QUEUE_NOTIFY, 2};
    fw->legacy_isr = (struct firmware_range){bar, VIRTIO_LEGACY_ISR, 1};
    fw->legacy_common = (struct firmware_range){bar, 0, VIRTIO_LEGACY_DEVICE_CONFIG};
}

static void find_ranges(struct firmware *fw, struct bus *bus) {
    if ((bus_config_read(bus, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES) != 0) {
        uint16_t at = (uint16_t)(bus_config_read(bus, PCI_CAPABILITIES, 1) & 0xFCu);
        for (unsigned i = 0; i < MAX_CAPABILITIES && at >= 0x40u && at <= 0x100u - VIRTIO_PCI_CAP_SIZE; i++) {
            if (bus_config_read(bus, at, 1) == VIRTIO_PCI_CAP_ID_VENDOR) {
                note_capability(fw, bus, at);
            }
            at = (uint16_t)(bus_config_read(bus, (uint16_t)(at + VIRTIO_PCI_CAP_OFF_NEXT), 1) & 0xFCu);
        }
    }
    if (fw->common.length != 0) { /* 4.1.2.3: transitional functions have the legacy register file too, in BAR 0 */
        if (fw->device < VIRTIO_PCI_MODERN_DEVICE_BASE && fw->type[0] == FIRMWARE_BAR_IO) {
            note_legacy(fw, 0);
        }
        return;
    }
    for (unsigned bar = 0; bar < FIRMWARE_BARS; bar++) { /* no modern transport: the legacy register file */
        if (fw->type[bar] == FIRMWARE_BAR_IO) {
            note_legacy(fw, bar);
            fw->legacy = true;
            fw->notify = fw->legacy_notify;
            fw->isr = fw->legacy_isr;
            fw->common = fw->legacy_common;
            return;
        }
    }
}

bool firmware_configure(struct firmware *firmware, struct bus *bus) {
    uint64_t next[2] = {FIRMWARE_MMIO_FIRST, FIRMWARE_IO_FIRST};
    uint32_t command = 0;

    memset(firmware, 0, sizeof *firmware);
    uint32_t identity = bus_config_read(bus, PCI_VENDOR_ID, 4);
    firmware->vendor = (uint16_t)identity;
    firmware->device = (uint16_t)(identity >> 16);
    firmware->revision = (uint8_t)bus_config_read(bus, PCI_REVISION, 1);
    firmware->present = firmware->vendor != 0xFFFFu && firmware->vendor != 0;
    if (!firmware->present) {
        return fail("no PCI function answers (vendor 0x%04x)", firmware->vendor);
    }
    /* Decoding is off while BARs hold all ones, as the specification asks. */
    bus_config_write(bus, PCI_COMMAND, 2, 0);
    for (unsigned index = 0, used = 1; index < FIRMWARE_BARS; index += used) {
        if (!configure_bar(firmware, bus, index, next, &used)) {
            return false;
        }
        command |= firmware->type[index] == FIRMWARE_BAR_MEMORY ? PCI_COMMAND_MEMORY : 0u;
        command |= firmware->type[index] == FIRMWARE_BAR_IO ? PCI_COMMAND_IO : 0u;
    }
    if (bus_config_read(bus, PCI_INTERRUPT_PIN, 1) != 0) {
        bus_config_write(bus, PCI_INTERRUPT_LINE, 1, FIRMWARE_IRQ_LINE);
    }
    bus_config_write(bus, PCI_COMMAND, 2, command | PCI_COMMAND_MASTER);
    find_ranges(firmware, bus);
    return true;
}
