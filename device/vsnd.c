/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "vsnd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "le.h"
#include "model.h"

#define CHUNK_FRAMES 256u
#define MS_TO_FRAMES(ms) ((size_t)(ms) * (SAMPLE_RATE / 1000u))

void device_interrupt(struct vsnd *dev, uint8_t isr_bit)
{
    dev->isr |= isr_bit;
    dev->stats.interrupts++;
}

void queue_complete(struct vsnd *dev, uint16_t index, uint16_t head, uint32_t written)
{
    if (virtqueue_push(&dev->queues[index], &dev->memory, head, written))
        device_interrupt(dev, VIRTIO_ISR_QUEUE);
}

void queue_forget(struct vsnd *dev, uint16_t index)
{
    if (index == VIRTIO_SND_QUEUE_EVENT)
        misbehaviour_forget_events(dev);
    if (index == VIRTIO_SND_QUEUE_TX || index == VIRTIO_SND_QUEUE_RX)
        pcm_forget(dev, index == VIRTIO_SND_QUEUE_RX);
    virtqueue_reset(&dev->queues[index]);
}

uint32_t device_answer(struct vsnd *dev, uint32_t status, const char *why)
{
    uint64_t *counters[] = {
        [VIRTIO_SND_S_BAD_MSG] = &dev->stats.bad_messages,
        [VIRTIO_SND_S_NOT_SUPP] = &dev->stats.not_supported,
        [VIRTIO_SND_S_IO_ERR] = &dev->stats.io_errors,
    };
    if (status != VIRTIO_SND_S_OK) {
        (*counters[status])++;
        dev->stats.last_status = status;
        dev->stats.last_error = why;
    }
    return dev->personality->status_base + status;
}

static void serve_tx(struct vsnd *dev, const struct vq_chain *chain)
{
    pcm_transfer(dev, 0, chain);
}

static void serve_rx(struct vsnd *dev, const struct vq_chain *chain)
{
    pcm_transfer(dev, 1, chain);
}

static void (*const servers[VSND_QUEUE_COUNT])(struct vsnd *dev, const struct vq_chain *chain) = {
    [VIRTIO_SND_QUEUE_CONTROL] = control_request,
    [VIRTIO_SND_QUEUE_EVENT] = misbehaviour_keep_event,
    [VIRTIO_SND_QUEUE_TX] = serve_tx,
    [VIRTIO_SND_QUEUE_RX] = serve_rx,
};

static bool is_serving(const struct vsnd *dev)
{
    if (dev->status & VIRTIO_STATUS_NEEDS_RESET || dev->misbehaviour.dead)
        return false;
    return !dev->personality->needs_driver_ok || dev->status & VIRTIO_STATUS_DRIVER_OK;
}

void queue_serve(struct vsnd *dev, uint16_t index)
{
    struct virtqueue *queue = &dev->queues[index];
    /* A device without events leaves the buffers for them where they are. */
    if (!is_serving(dev) || (index == VIRTIO_SND_QUEUE_EVENT && dev->personality->events == EVENTS_NONE))
        return;
    dev->stats.stray_flags += virtqueue_has_stray_flags(queue, &dev->memory);
    /* No more than a ringful at once: answers that overwrite the available ring must not feed this loop for ever. */
    for (unsigned served = 0; served < queue->size; served++) {
        struct vq_chain chain = {.segments = dev->segments};
        const char *why = NULL;
        enum vq_pop_result result = virtqueue_pop(queue, &dev->memory, &chain, &why);
        if (result == VQ_BROKEN)
            device_needs_reset(dev, why);
        if (result != VQ_CHAIN)
            break;
        queue->claims->since_ns = dev->now_ns;
        servers[index](dev, &chain);
    }
    virtqueue_request_doorbell(queue, &dev->memory);
}

uint64_t device_cfg_read(struct vsnd *dev, uint64_t offset, unsigned size)
{
    uint8_t registers[VIRTIO_CONTRACT_DEVICE_LENGTH + 8] = {0};
    const struct personality *personality = dev->personality;
    if (personality->config_bytes)
        memset(registers + personality->config_bytes, 0xFF, sizeof(registers) - personality->config_bytes);
    if (offset >= VIRTIO_CONTRACT_DEVICE_LENGTH) {
        registers[0] = personality->config_bytes ? 0xFF : 0;
        return registers[0] * (0x0101010101010101ull >> (64 - 8 * size));
    }
    le32_put(registers + VIRTIO_SND_CFG_JACKS, personality->jacks);
    le32_put(registers + VIRTIO_SND_CFG_STREAMS, personality->stream_count);
    le32_put(registers + VIRTIO_SND_CFG_CHMAPS, personality->chmaps);
    uint64_t value = le64_get(registers + offset);
    return size < 8 ? value & ((1ull << (8 * size)) - 1) : value;
}

/* Reading takes what was pending and, with it, the level of INTA#. */
uint8_t device_take_isr(struct vsnd *dev)
{
    uint8_t isr = dev->isr;
    dev->isr = 0;
    return isr;
}

static uint64_t isr_read(struct vsnd *dev, uint64_t offset, unsigned size)
{
    (void)size;
    return offset == 0 ? device_take_isr(dev) : 0;
}

static uint64_t read_nothing(struct vsnd *dev, uint64_t offset, unsigned size)
{
    (void)dev;
    (void)offset;
    (void)size;
    return 0;
}

static void write_nothing(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value)
{
    (void)dev;
    (void)offset;
    (void)size;
    (void)value;
}

void queue_doorbell(struct vsnd *dev, uint64_t at, uint64_t index)
{
    if (at >= VSND_QUEUE_COUNT || index != at) {
        dev->stats.bad_doorbells++;
        return;
    }
    dev->stats.doorbells[index]++;
    queue_serve(dev, (uint16_t)index);
}

/* Address and value both say which queue: a driver that lets them differ would fail on one device or another. */
static void doorbell_write(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value)
{
    uint64_t index = offset / dev->personality->notify_multiplier;
    bool exact = offset % dev->personality->notify_multiplier == 0 && (size == 2 || size == 4);
    queue_doorbell(dev, exact ? index : VSND_QUEUE_COUNT, value);
}

/* Indexed by the capability's cfg_type. */
static const struct {
    uint64_t (*read)(struct vsnd *dev, uint64_t offset, unsigned size);
    void (*write)(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value);
} region_ops[] = {
    [VIRTIO_PCI_CAP_COMMON_CFG] = {common_cfg_read, common_cfg_write},
    [VIRTIO_PCI_CAP_NOTIFY_CFG] = {read_nothing, doorbell_write},
    [VIRTIO_PCI_CAP_ISR_CFG] = {isr_read, write_nothing},
    [VIRTIO_PCI_CAP_DEVICE_CFG] = {device_cfg_read, write_nothing},
};

static bool is_access(uint64_t offset, unsigned size)
{
    return (size == 1 || size == 2 || size == 4 || size == 8) && offset % size == 0;
}

static const struct register_region *find_region(const struct vsnd *dev, unsigned bar, uint64_t offset)
{
    for (unsigned i = 0; i < REGION_COUNT; i++) {
        const struct register_region *region = &dev->personality->regions[i];
        if (region->bar == bar && offset >= region->offset && offset - region->offset < region->length)
            return region;
    }
    return NULL;
}

/* The MSI-X table and its pending bits: plain memory, since nothing is ever sent. */
static uint64_t msix_read(const struct vsnd *dev, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size && offset + i < MSIX_BAR_BYTES; i++)
        value |= (uint64_t)dev->msix_memory[offset + i] << (8 * i);
    return value;
}

static void msix_write(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size && offset + i < MSIX_BAR_BYTES; i++)
        dev->msix_memory[offset + i] = (uint8_t)(value >> (8 * i));
}

static bool is_msix(const struct vsnd *dev, unsigned bar)
{
    return dev->personality->vectors && bar == MSIX_BAR;
}

static uint64_t vsnd_bar_read(void *opaque, unsigned bar, uint64_t offset, unsigned size)
{
    struct vsnd *dev = opaque;
    if (!is_access(offset, size))
        return 0;
    if (!pci_bar_enabled(dev, bar)) /* nobody claims the cycle: all ones */
        return size < 8 ? (1ull << (8 * size)) - 1 : ~0ull;
    if (pci_bar_is_io(dev, bar))
        return legacy_cfg_read(dev, offset, size);
    if (is_msix(dev, bar))
        return msix_read(dev, offset, size);
    const struct register_region *region = find_region(dev, bar, offset);
    return region ? region_ops[region->cfg_type].read(dev, offset - region->offset, size) : 0;
}

static void vsnd_bar_write(void *opaque, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
    struct vsnd *dev = opaque;
    if (!is_access(offset, size) || !pci_bar_enabled(dev, bar))
        return;
    if (size < 8)
        value &= (1ull << (8 * size)) - 1;
    if (pci_bar_is_io(dev, bar)) {
        legacy_cfg_write(dev, offset, size, value);
        return;
    }
    if (is_msix(dev, bar)) {
        msix_write(dev, offset, size, value);
        return;
    }
    const struct register_region *region = find_region(dev, bar, offset);
    if (region)
        region_ops[region->cfg_type].write(dev, offset - region->offset, size, value);
}

static uint32_t vsnd_config_read(void *opaque, uint16_t offset, unsigned size)
{
    unsigned bar;
    uint64_t target;
    if (pci_window_target(opaque, offset, size, &bar, &target))
        return (uint32_t)vsnd_bar_read(opaque, bar, target, size);
    return pci_config_read(opaque, offset, size);
}

static void vsnd_config_write(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
    unsigned bar;
    uint64_t target;
    if (pci_window_target(opaque, offset, size, &bar, &target))
        vsnd_bar_write(opaque, bar, target, size, value);
    else
        pci_config_write(opaque, offset, size, value);
}

static void vsnd_advance(void *opaque, uint64_t now_ns)
{
    struct vsnd *dev = opaque;
    if (now_ns > dev->now_ns)
        dev->now_ns = now_ns;
    if (dev->misbehaviour.dead)
        return;
    pcm_advance(dev);
    misbehaviour_advance(dev);
}

static int vsnd_intx(void *opaque)
{
    const struct vsnd *dev = opaque;
    return dev->isr && !pci_intx_disabled(dev);
}

static size_t vsnd_take_playback(void *opaque, float *stereo, size_t frames)
{
    struct vsnd *dev = opaque;
    struct frame part[CHUNK_FRAMES];
    size_t taken = 0;
    while (taken < frames) {
        size_t wanted = frames - taken < CHUNK_FRAMES ? frames - taken : CHUNK_FRAMES;
        size_t got = audio_ring_pop(&dev->played, part, wanted);
        for (size_t i = 0; i < got; i++) {
            stereo[2 * (taken + i)] = sample_to_float(part[i].left);
            stereo[2 * (taken + i) + 1] = sample_to_float(part[i].right);
        }
        taken += got;
        if (got < wanted)
            break;
    }
    return taken;
}

static size_t vsnd_push_capture(void *opaque, const float *mono, size_t frames)
{
    struct vsnd *dev = opaque;
    if (dev->streams[1].state != VSND_STREAM_RUNNING)
        return 0;
    /* The device's clock says how many: the host offers the others again. */
    if (dev->personality->own_clock[1] || dev->personality->start_delay_ns)
        frames = pcm_capture_room(dev, frames);
    for (size_t done = 0; done < frames;) {
        struct frame part[CHUNK_FRAMES];
        size_t count = frames - done < CHUNK_FRAMES ? frames - done : CHUNK_FRAMES;
        for (size_t i = 0; i < count; i++)
            part[i].left = part[i].right = sample_from_float(mono[done + i]);
        dev->stats.capture_dropped_frames += audio_ring_push(&dev->capture, part, count);
        done += count;
    }
    dev->captured_frames += frames;
    dev->stats.capture_frames += frames;
    return frames;
}

void vsnd_power(void *opaque, bool on)
{
    struct vsnd *dev = opaque;
    if (on)
        return; /* it was reset when power went */
    dev->misbehaviour.dead = dev->misbehaviour.keeps = false;
    device_reset(dev);
    claims_forget(dev);
}

void vsnd_ask_for_reset(void *opaque)
{
    device_needs_reset(opaque, "the device was told to ask for it");
}

void vsnd_interrupt(void *opaque)
{
    device_interrupt(opaque, VIRTIO_ISR_QUEUE);
}

void vsnd_fall_silent(void *opaque)
{
    struct vsnd_faults *faults = vsnd_faults(opaque);
    faults->planned[VSND_FAULT_CONTROL_SILENT] = faults->uses[VSND_FAULT_CONTROL_SILENT] + 1;
    faults->for_good[VSND_FAULT_CONTROL_SILENT] = true;
}

void vsnd_keep_transfer(void *opaque)
{
    struct vsnd *dev = opaque;
    dev->misbehaviour.keeps_one = true;
}

static void vsnd_close(void *opaque)
{
    struct vsnd *dev = opaque;
    device_reset(dev);
    claims_forget(dev);
    audio_ring_free(&dev->played);
    audio_ring_free(&dev->capture);
    audio_ring_free(&dev->playback);
    free(dev);
}

static void *vsnd_open(const struct pci_plugin_host *host, const char *options)
{
    struct vsnd *dev = calloc(1, sizeof(*dev));
    if (!dev)
        goto no_memory;
    if (!personality_parse(options ? options : "", &dev->row)) {
        free(dev);
        return NULL;
    }
    const struct personality *personality = dev->personality = &dev->row;
    dev->memory.ram = host->ram;
    dev->memory.size = host->ram_size;
    dev->features = personality->features;
    dev->stats.last_error = "";
    if (!audio_ring_init(&dev->playback, MS_TO_FRAMES(personality->ring_ms), false))
        goto free_device;
    if (!audio_ring_init(&dev->capture, MS_TO_FRAMES(personality->ring_ms), false))
        goto free_playback;
    if (!audio_ring_init(&dev->played, MS_TO_FRAMES(personality->ring_ms), true))
        goto free_capture;
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++)
        dev->queues[i].max_size = personality->queue_sizes[i];
    for (unsigned i = 0; i < VSND_STREAM_COUNT; i++) {
        dev->channels_max[i] = personality->streams[i].channels_max;
        dev->streams[i].state = VSND_STREAM_IDLE;
    }
    pci_config_init(dev);
    misbehaviour_open(dev);
    device_reset(dev);
    return dev;

free_capture:
    audio_ring_free(&dev->capture);
free_playback:
    audio_ring_free(&dev->playback);
free_device:
    free(dev);
no_memory:
    fprintf(stderr, "device model: out of memory\n");
    return NULL;
}

const struct pci_plugin_ops *vsnd_pci_ops(void)
{
    static const struct pci_plugin_ops ops = {
        .abi_version = PCI_PLUGIN_ABI_VERSION,
        .open = vsnd_open,
        .close = vsnd_close,
        .config_read = vsnd_config_read,
        .config_write = vsnd_config_write,
        .bar_read = vsnd_bar_read,
        .bar_write = vsnd_bar_write,
        .advance = vsnd_advance,
        .intx = vsnd_intx,
        .take_playback = vsnd_take_playback,
        .push_capture = vsnd_push_capture,
    };
    return &ops;
}

bool vsnd_clock_frames(const void *opaque, uint32_t stream, uint64_t now_ns, uint64_t *frames)
{
    const struct vsnd *dev = opaque;
    *frames = pcm_clock_frames(dev, stream, now_ns);
    return dev->personality->own_clock[stream];
}

uint32_t vsnd_pending(const void *opaque, uint32_t stream)
{
    const struct vsnd *dev = opaque;
    return dev->streams[stream].pending;
}

bool vsnd_is_paced(const void *opaque, uint32_t stream)
{
    const struct vsnd *dev = opaque;
    return dev->personality->completion[stream] == COMPLETE_PACED;
}

void vsnd_get_stats(void *opaque, struct vsnd_stats *stats)
{
    const struct vsnd *dev = opaque;
    *stats = dev->stats;
    for (unsigned id = 0; id < VSND_STREAM_COUNT; id++) {
        stats->stream[id].state = dev->streams[id].state;
        stats->stream[id].pending = dev->streams[id].pending;
        stats->stream[id].starts = dev->streams[id].starts;
    }
}

struct vsnd_faults *vsnd_faults(void *opaque)
{
    struct vsnd *dev = opaque;
    return &dev->faults;
}
