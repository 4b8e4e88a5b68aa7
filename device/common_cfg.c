/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The common configuration registers, feature negotiation and device status (virtio 1.2, 2.1, 3.1, 4.1.4.3). */
#include <string.h>

#include "le.h"
#include "model.h"

#define NO_VECTOR 0xFFFFu

static struct virtqueue *selected_queue(struct vsnd *dev)
{
    return dev->queue_select < VSND_QUEUE_COUNT ? &dev->queues[dev->queue_select] : NULL;
}

/* Bits 32*select..; selects other than 0 and 1 hold nothing. */
static uint32_t feature_word(uint64_t features, uint32_t select)
{
    return select > 1 ? 0 : (uint32_t)(features >> (32 * select));
}

void device_reset(struct vsnd *dev)
{
    claims_reset(dev);
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++)
        virtqueue_reset(&dev->queues[i]);
    pcm_reset(dev);
    misbehaviour_reset(dev);
    dev->device_feature_select = 0;
    dev->driver_feature_select = 0;
    dev->driver_features = 0;
    dev->queue_select = 0;
    dev->config_vector = NO_VECTOR;
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++)
        dev->queue_vectors[i] = NO_VECTOR;
    dev->status = 0;
    dev->isr = 0;
}

void device_asked_to_reset(struct vsnd *dev)
{
    dev->stats.resets++;
    if (dev->misbehaviour.dead)
        dev->reset_refused = true;
    else
        device_reset(dev);
}

void device_needs_reset(struct vsnd *dev, const char *why)
{
    dev->status |= VIRTIO_STATUS_NEEDS_RESET;
    dev->stats.needs_reset++;
    dev->stats.last_error = why;
    if (dev->status & VIRTIO_STATUS_DRIVER_OK)
        device_interrupt(dev, VIRTIO_ISR_CONFIG);
}

static void put_selected_queue(struct vsnd *dev, uint8_t *registers)
{
    const struct virtqueue *queue = selected_queue(dev);
    le16_put(registers + VIRTIO_COMMON_QUEUE_MSIX_VECTOR, NO_VECTOR);
    if (!queue)
        return;
    le16_put(registers + VIRTIO_COMMON_QUEUE_MSIX_VECTOR, dev->queue_vectors[dev->queue_select]);
    le16_put(registers + VIRTIO_COMMON_QUEUE_SIZE, queue->size);
    le16_put(registers + VIRTIO_COMMON_QUEUE_ENABLE, queue->enabled);
    le16_put(registers + VIRTIO_COMMON_QUEUE_NOTIFY_OFF, dev->queue_select);
    le64_put(registers + VIRTIO_COMMON_QUEUE_DESC, queue->desc);
    le64_put(registers + VIRTIO_COMMON_QUEUE_DRIVER, queue->avail);
    le64_put(registers + VIRTIO_COMMON_QUEUE_DEVICE, queue->used);
}

uint64_t common_cfg_read(struct vsnd *dev, uint64_t offset, unsigned size)
{
    uint8_t registers[VIRTIO_COMMON_CFG_SIZE + 8] = {0};
    if (offset >= VIRTIO_COMMON_CFG_SIZE)
        return 0;
    le32_put(registers + VIRTIO_COMMON_DEVICE_FEATURE_SELECT, dev->device_feature_select);
    le32_put(registers + VIRTIO_COMMON_DEVICE_FEATURE, feature_word(dev->features, dev->device_feature_select));
    le32_put(registers + VIRTIO_COMMON_DRIVER_FEATURE_SELECT, dev->driver_feature_select);
    le32_put(registers + VIRTIO_COMMON_DRIVER_FEATURE, feature_word(dev->driver_features, dev->driver_feature_select));
    le16_put(registers + VIRTIO_COMMON_MSIX_CONFIG, dev->config_vector);
    le16_put(registers + VIRTIO_COMMON_NUM_QUEUES, VSND_QUEUE_COUNT);
    registers[VIRTIO_COMMON_DEVICE_STATUS] = dev->status;
    le16_put(registers + VIRTIO_COMMON_QUEUE_SELECT, dev->queue_select);
    put_selected_queue(dev, registers);
    uint64_t value = le64_get(registers + offset);
    return size < 8 ? value & ((1ull << (8 * size)) - 1) : value;
}

static void write_device_feature_select(struct vsnd *dev, uint64_t value)
{
    dev->device_feature_select = (uint32_t)value;
}

static void write_driver_feature_select(struct vsnd *dev, uint64_t value)
{
    dev->driver_feature_select = (uint32_t)value;
}

static void write_driver_feature(struct vsnd *dev, uint64_t value)
{
    uint32_t shift = 32 * dev->driver_feature_select;
    /* 3.1.1 step 6: nothing new is accepted after FEATURES_OK. */
    if (dev->driver_feature_select > 1 || dev->status & VIRTIO_STATUS_FEATURES_OK)
        return;
    dev->driver_features = (dev->driver_features & ~(0xFFFFFFFFull << shift)) | value << shift;
}

static bool features_are_acceptable(const struct vsnd *dev)
{
    uint64_t required = dev->personality->required_features;
    return !(dev->driver_features & ~dev->features) && (dev->driver_features & required) == required;
}

void device_take_features(struct vsnd *dev)
{
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        dev->queues[i].indirect = dev->driver_features >> VIRTIO_F_RING_INDIRECT_DESC & 1;
        dev->queues[i].event_idx = dev->driver_features >> VIRTIO_F_RING_EVENT_IDX & 1;
    }
}

static void write_status(struct vsnd *dev, uint64_t value)
{
    uint8_t status = (uint8_t)value;
    if (status == 0) {
        device_asked_to_reset(dev);
        return;
    }
    if (status & VIRTIO_STATUS_FEATURES_OK && !(dev->status & VIRTIO_STATUS_FEATURES_OK)) {
        if (features_are_acceptable(dev))
            device_take_features(dev);
        else
            status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
    }
    /* NEEDS_RESET is the device's own bit: only a reset clears it. */
    dev->status = (uint8_t)((status & ~VIRTIO_STATUS_NEEDS_RESET) | (dev->status & VIRTIO_STATUS_NEEDS_RESET));
}

/* 4.1.5.1.2: a vector that does not exist reads back as none. */
static uint16_t allocated(const struct vsnd *dev, uint64_t vector)
{
    return vector < dev->personality->vectors ? (uint16_t)vector : NO_VECTOR;
}

static void write_config_vector(struct vsnd *dev, uint64_t value)
{
    dev->config_vector = allocated(dev, value);
}

static void write_queue_vector(struct vsnd *dev, uint64_t value)
{
    if (selected_queue(dev))
        dev->queue_vectors[dev->queue_select] = allocated(dev, value);
}

static void write_queue_select(struct vsnd *dev, uint64_t value)
{
    dev->queue_select = (uint16_t)value;
}

/* The queue whose set-up the driver may still change, or NULL. */
static struct virtqueue *open_queue(struct vsnd *dev)
{
    struct virtqueue *queue = selected_queue(dev);
    return queue && !queue->enabled ? queue : NULL;
}

static void write_queue_size(struct vsnd *dev, uint64_t value)
{
    struct virtqueue *queue = open_queue(dev);
    bool power_of_two = value && !(value & (value - 1));
    if (queue && dev->personality->queue_size_writable && power_of_two && value <= queue->max_size)
        queue->size = (uint16_t)value;
}

static void write_queue_enable(struct vsnd *dev, uint64_t value)
{
    struct virtqueue *queue = open_queue(dev);
    if (!queue || value != 1)
        return;
    if (virtqueue_is_placed_well(queue, &dev->memory))
        queue->enabled = true;
    else
        device_needs_reset(dev, "queue enabled with rings unaligned or outside memory");
}

static const struct {
    uint8_t offset;
    uint8_t size;
    void (*write)(struct vsnd *dev, uint64_t value);
} writable_registers[] = {
    {VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 4, write_device_feature_select},
    {VIRTIO_COMMON_DRIVER_FEATURE_SELECT, 4, write_driver_feature_select},
    {VIRTIO_COMMON_DRIVER_FEATURE, 4, write_driver_feature},
    {VIRTIO_COMMON_MSIX_CONFIG, 2, write_config_vector},
    {VIRTIO_COMMON_QUEUE_MSIX_VECTOR, 2, write_queue_vector},
    {VIRTIO_COMMON_DEVICE_STATUS, 1, write_status},
    {VIRTIO_COMMON_QUEUE_SELECT, 2, write_queue_select},
    {VIRTIO_COMMON_QUEUE_SIZE, 2, write_queue_size},
    {VIRTIO_COMMON_QUEUE_ENABLE, 2, write_queue_enable},
};

/* The ring addresses: 64 bits each, written whole or as two halves. */
static void write_ring_address(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value)
{
    struct virtqueue *queue = open_queue(dev);
    if (!queue || size < 4 || offset < VIRTIO_COMMON_QUEUE_DESC || offset >= VIRTIO_COMMON_CFG_SIZE)
        return;
    uint64_t *addresses[] = {&queue->desc, &queue->avail, &queue->used};
    uint64_t *address = addresses[(offset - VIRTIO_COMMON_QUEUE_DESC) / 8];
    if (size == 8)
        *address = value;
    else if (offset % 8)
        *address = (*address & 0xFFFFFFFFull) | value << 32;
    else
        *address = (*address & ~0xFFFFFFFFull) | value;
}

void common_cfg_write(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value)
{
    for (size_t i = 0; i < sizeof(writable_registers) / sizeof(writable_registers[0]); i++) {
        if (writable_registers[i].offset == offset && writable_registers[i].size == size) {
            writable_registers[i].write(dev, value);
            return;
        }
    }
    write_ring_address(dev, offset, size, value);
}
