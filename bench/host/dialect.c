/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dialect.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "../../drivers/windows7/virtio/common/include/virtio_wire.h"

#define AWAIT_STEPS 50u
#define AWAIT_STEP_US 100u

static const char s_unknown[] = "unknown";

void dialect_init(struct dialect *dialect, const struct firmware *firmware, const uint8_t *ram, uint64_t ram_bytes) {
    memset(dialect, 0, sizeof *dialect);
    dialect->firmware = firmware;
    dialect->ram = ram;
    dialect->ram_bytes = ram_bytes;
    dialect->name = s_unknown;
}

/* Copies from guest memory; false: not inside it. */
static bool fetch(const struct dialect *d, uint64_t address, void *to, size_t bytes) {
    if (address > d->ram_bytes || bytes > d->ram_bytes - address) {
        return false;
    }
    memcpy(to, d->ram + address, bytes);
    return true;
}

static void reset_queue(struct dialect *d) {
    d->queue = 0;
    d->size = 0;
    d->desc = d->used = 0;
    d->seen = 0;
}

static void note_legacy(struct dialect *d, struct bus *bus, unsigned bar, uint64_t offset, uint64_t value) {
    if (offset == VIRTIO_LEGACY_QUEUE_SELECT) {
        d->queue = (uint16_t)value;
    } else if (offset == VIRTIO_LEGACY_STATUS && value == 0) {
        reset_queue(d);
    } else if (offset == VIRTIO_LEGACY_QUEUE_PFN && d->queue == VIRTIO_SND_QUEUE_CONTROL && value != 0) {
        d->size = (uint16_t)bus_bar_read(bus, bar, VIRTIO_LEGACY_QUEUE_SIZE, 2);
        d->desc = value << 12;
        d->used = d->desc + VRING_DESC_BYTES(d->size) + VRING_AVAIL_BYTES(d->size);
        d->used = (d->used + VIRTIO_LEGACY_RING_ALIGN - 1) & ~(uint64_t)(VIRTIO_LEGACY_RING_ALIGN - 1);
        d->seen = 0;
    }
}

/* Puts a 32- or 64-bit write at byte `at` of a 64-bit register into *value. */
static void merge(uint64_t *value, uint64_t at, unsigned size, uint64_t written) {
    if (size == 8) {
        *value = written;
    } else if (at == 0) {
        *value = (*value & 0xFFFFFFFF00000000ull) | (uint32_t)written;
    } else if (at == 4) {
        *value = (*value & 0xFFFFFFFFu) | (uint64_t)(uint32_t)written << 32;
    }
}

void dialect_bar_write(struct dialect *d, struct bus *bus, unsigned bar, uint64_t offset, unsigned size,
                       uint64_t value) {
    const struct firmware_range *common = &d->firmware->common, *legacy = &d->firmware->legacy_common;

    if (d->name == s_unknown && legacy->length != 0 && bar == legacy->bar && offset < legacy->length) {
        note_legacy(d, bus, bar, offset, value);
        return;
    }
    if (d->name != s_unknown || common->length == 0 || bar != common->bar || offset < common->offset ||
        offset - common->offset >= common->length) {
        return;
    }
    offset -= common->offset;
    if (offset == VIRTIO_COMMON_QUEUE_SELECT) {
        d->queue = (uint16_t)value;
    } else if (offset == VIRTIO_COMMON_DEVICE_STATUS && (uint8_t)value == 0) {
        reset_queue(d);
    } else if (d->queue != VIRTIO_SND_QUEUE_CONTROL) {
        return;
    } else if (offset >= VIRTIO_COMMON_QUEUE_DESC && offset < VIRTIO_COMMON_QUEUE_DESC + 8) {
        merge(&d->desc, offset - VIRTIO_COMMON_QUEUE_DESC, size, value);
    } else if (offset >= VIRTIO_COMMON_QUEUE_DEVICE && offset < VIRTIO_COMMON_QUEUE_DEVICE + 8) {
        merge(&d->used, offset - VIRTIO_COMMON_QUEUE_DEVICE, size, value);
    } else if (offset == VIRTIO_COMMON_QUEUE_ENABLE && value != 0) {
        d->size = (uint16_t)bus_bar_read(bus, bar, common->offset + VIRTIO_COMMON_QUEUE_SIZE, 2);
        d->seen = 0;
    }
}

/* Reads request code and answer status of the chain that begins at descriptor `head`. */
static bool read_exchange(const struct dialect *d, uint32_t head, uint32_t *code, uint32_t *status) {
    struct vring_desc desc;
    uint64_t table = d->desc;
    uint32_t entries = d->size, index = head;
    bool have_code = false, indirect = false;

    for (uint32_t steps = 0; steps <= entries && index < entries; steps++) {
        if (!fetch(d, table + 16ull * index, &desc, sizeof desc)) {
            return false;
        }
        if ((desc.flags & VRING_DESC_F_INDIRECT) != 0) {
            if (indirect || desc.len / 16u > VRING_MAX_SIZE) { /* 2.7.5.3.1: one table, and none inside it */
                return false;
            }
            indirect = true;
            table = desc.addr;
            entries = desc.len / 16u;
            index = 0;
            steps = 0;
            continue;
        }
        if ((desc.flags & VRING_DESC_F_WRITE) != 0) {
            return have_code && desc.len >= 4 && fetch(d, desc.addr, status, 4);
        }
        if (!have_code) {
            have_code = desc.len >= 4 && fetch(d, desc.addr, code, 4);
        }
        if ((desc.flags & VRING_DESC_F_NEXT) == 0) {
            return false;
        }
        index = desc.next;
    }
    return false;
}

void dialect_look(struct dialect *d) {
    uint16_t index;

    if (d->name != s_unknown || d->size == 0 || !fetch(d, d->used + VRING_USED_OFF_IDX, &index, sizeof index)) {
        return;
    }
    for (; d->seen != index && d->name == s_unknown; d->seen++) {
        struct vring_used_elem used;
        uint32_t code = 0, status = 0;
        uint64_t at = d->used + VRING_USED_OFF_RING + 8ull * (d->seen % d->size);
        if (!fetch(d, at, &used, sizeof used) || !read_exchange(d, used.id, &code, &status) ||
            code != VIRTIO_SND_R_PCM_INFO) {
            continue;
        }
        if (status == VIRTIO_SND_S_AERO_BASE + VIRTIO_SND_S_OK) {
            d->name = "aero";
        } else if (status == VIRTIO_SND_S_SPEC_BASE + VIRTIO_SND_S_OK) {
            d->name = "specification";
        }
    }
}

void dialect_await(struct dialect *d) {
    uint16_t seen = d->seen;

    for (unsigned i = 0; i < AWAIT_STEPS && d->name == s_unknown && d->size != 0; i++) {
        dialect_look(d);
        if (d->seen != seen) {
            break;
        }
        usleep(AWAIT_STEP_US);
    }
}
