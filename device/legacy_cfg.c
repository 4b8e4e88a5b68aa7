/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The legacy register file (virtio 1.2, 4.1.4.10): 32 features, page-numbered rings, one doorbell for all queues. */
#include "le.h"
#include "model.h"

#define NO_VECTOR 0xFFFFu
#define PAGE_SHIFT 12u
#define ALIGN_UP(value, align) (((value) + (align) - 1) / (align) * (align))

static uint64_t config_offset(const struct vsnd *dev)
{
    return pci_msix_enabled(dev) ? VIRTIO_LEGACY_DEVICE_CONFIG_MSIX : VIRTIO_LEGACY_DEVICE_CONFIG;
}

static struct virtqueue *selected_queue(struct vsnd *dev)
{
    return dev->queue_select < VSND_QUEUE_COUNT ? &dev->queues[dev->queue_select] : NULL;
}

uint64_t legacy_cfg_read(struct vsnd *dev, uint64_t offset, unsigned size)
{
    uint8_t registers[VIRTIO_LEGACY_DEVICE_CONFIG_MSIX + 8] = {0};
    const struct virtqueue *queue = selected_queue(dev);
    if (offset >= config_offset(dev))
        return device_cfg_read(dev, offset - config_offset(dev), size);
    if (offset == VIRTIO_LEGACY_ISR && size == 1)
        return device_take_isr(dev);
    le32_put(registers + VIRTIO_LEGACY_HOST_FEATURES, (uint32_t)dev->features);
    le32_put(registers + VIRTIO_LEGACY_GUEST_FEATURES, (uint32_t)dev->driver_features);
    le32_put(registers + VIRTIO_LEGACY_QUEUE_PFN, queue ? (uint32_t)(queue->desc >> PAGE_SHIFT) : 0);
    le16_put(registers + VIRTIO_LEGACY_QUEUE_SIZE, queue ? queue->max_size : 0);
    le16_put(registers + VIRTIO_LEGACY_QUEUE_SELECT, dev->queue_select);
    registers[VIRTIO_LEGACY_STATUS] = dev->status;
    le16_put(registers + VIRTIO_LEGACY_DEVICE_CONFIG, NO_VECTOR);
    le16_put(registers + VIRTIO_LEGACY_DEVICE_CONFIG + 2, NO_VECTOR);
    uint64_t value = le64_get(registers + offset);
    return size < 8 ? value & ((1ull << (8 * size)) - 1) : value;
}

/* Writing is accepting: there is no FEATURES_OK. */
static void write_features(struct vsnd *dev, uint64_t value)
{
    dev->driver_features = value & dev->features & 0xFFFFFFFFu;
    device_take_features(dev);
}

/* 2.7.2: the available ring follows the descriptors, the used ring begins at the next page. */
static void write_pfn(struct vsnd *dev, uint64_t value)
{
    struct virtqueue *queue = selected_queue(dev);
    if (!queue)
        return;
    bool indirect = queue->indirect, event_idx = queue->event_idx;
    queue_forget(dev, dev->queue_select);
    queue->indirect = indirect;
    queue->event_idx = event_idx;
    if (value == 0)
        return;
    queue->desc = value << PAGE_SHIFT;
    queue->avail = queue->desc + VRING_DESC_BYTES((uint64_t)queue->size);
    queue->used = ALIGN_UP(queue->avail + VRING_AVAIL_BYTES((uint64_t)queue->size), VIRTIO_LEGACY_RING_ALIGN);
    if (virtqueue_is_placed_well(queue, &dev->memory))
        queue->enabled = true;
    else
        device_needs_reset(dev, "queue page outside memory");
}

static void write_queue_select(struct vsnd *dev, uint64_t value)
{
    dev->queue_select = (uint16_t)value;
}

static void write_notify(struct vsnd *dev, uint64_t value)
{
    queue_doorbell(dev, value, value);
}

static void write_status(struct vsnd *dev, uint64_t value)
{
    if (value == 0) {
        device_asked_to_reset(dev);
        return;
    }
    dev->status = (uint8_t)(value | (dev->status & VIRTIO_STATUS_NEEDS_RESET));
}

static const struct {
    uint8_t offset;
    uint8_t size;
    void (*write)(struct vsnd *dev, uint64_t value);
} writable_registers[] = {
    {VIRTIO_LEGACY_GUEST_FEATURES, 4, write_features},    {VIRTIO_LEGACY_QUEUE_PFN, 4, write_pfn},
    {VIRTIO_LEGACY_QUEUE_SELECT, 2, write_queue_select},  {VIRTIO_LEGACY_QUEUE_NOTIFY, 2, write_notify},
    {VIRTIO_LEGACY_STATUS, 1, write_status},
};

void legacy_cfg_write(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value)
{
    for (size_t i = 0; i < sizeof(writable_registers) / sizeof(writable_registers[0]); i++) {
        if (writable_registers[i].offset == offset && writable_registers[i].size == size)
            writable_registers[i].write(dev, value);
    }
}
