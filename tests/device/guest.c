/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "guest.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#define POISON 0xA5

/* Dialect and layout by the first word of the options; no name is aero's. */
static const struct {
    const char *name;
    unsigned bar;
} specified[] = {{"specification", 0}, {"qemu8", 4}, {"qemu", 4},    {"crosvm", 0},
                 {"vhost-device-sound", 4},          {"acrn", 0}, {"android", 4}};

static void recognise(struct guest *guest, const char *options)
{
    size_t length = strcspn(options, ",");
    guest->aero = true;
    for (size_t i = 0; i < sizeof(specified) / sizeof(specified[0]); i++) {
        if (strlen(specified[i].name) == length && strncmp(options, specified[i].name, length) == 0) {
            guest->aero = false;
            guest->bar = specified[i].bar;
        }
    }
}

struct guest *guest_open(const char *options)
{
    struct guest *guest = calloc(1, sizeof(*guest));
    assert_non_null(guest);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    guest->ram = mmap(NULL, GUEST_RAM_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
    assert_true(guest->ram != MAP_FAILED);
    guest->high = GUEST_HIGH_BASE;
    recognise(guest, options);
    guest->status_base = guest->aero ? VIRTIO_SND_S_AERO_BASE : VIRTIO_SND_S_SPEC_BASE;
    guest->xfer_bytes = guest->aero ? VIRTIO_SND_XFER_BYTES_AERO : VIRTIO_SND_XFER_BYTES_SPEC;
    struct pci_plugin_host host = {.ram = guest->ram, .ram_size = GUEST_RAM_BYTES};
    guest->ops = vsnd_pci_ops();
    guest->dev = guest->ops->open(&host, options);
    assert_non_null(guest->dev);
    return guest;
}

void guest_close(struct guest *guest)
{
    guest->ops->close(guest->dev);
    munmap(guest->ram, GUEST_RAM_BYTES);
    free(guest);
}

int guest_setup(void **state)
{
    *state = guest_open(*state);
    return 0;
}

int guest_setup_up(void **state)
{
    guest_setup(state);
    guest_bring_up(*state);
    return 0;
}

int guest_teardown(void **state)
{
    guest_close(*state);
    return 0;
}

void guest_enable_pci(struct guest *guest)
{
    guest->ops->config_write(guest->dev, 4, 2, 0x0006);
}

/* The tests name registers where the contract has them; QEMU's order is common, ISR, device, notify. */
static uint64_t place(const struct guest *guest, uint64_t offset)
{
    static const uint64_t pages[] = {0x0000, 0x3000, 0x1000, 0x2000};
    return guest->bar == 0 || offset >= 0x4000 ? offset : pages[offset >> 12] | (offset & 0xFFF);
}

uint64_t guest_read(struct guest *guest, uint64_t offset, unsigned size)
{
    return guest->ops->bar_read(guest->dev, guest->bar, place(guest, offset), size);
}

void guest_write(struct guest *guest, uint64_t offset, unsigned size, uint64_t value)
{
    guest->ops->bar_write(guest->dev, guest->bar, place(guest, offset), size, value);
}

uint8_t guest_status(struct guest *guest)
{
    return (uint8_t)guest_read(guest, COMMON(DEVICE_STATUS), 1);
}

void guest_advance(struct guest *guest, uint64_t ns)
{
    while (ns) {
        uint64_t step = ns < MS ? ns : MS;
        guest->now += step;
        guest->ops->advance(guest->dev, guest->now);
        ns -= step;
    }
}

void guest_negotiate(struct guest *guest, uint64_t features)
{
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    assert_int_equal(guest_status(guest), 0);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, VIRTIO_STATUS_ACKNOWLEDGE);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
    for (uint32_t word = 0; word < 2; word++) {
        guest_write(guest, COMMON(DRIVER_FEATURE_SELECT), 4, word);
        guest_write(guest, COMMON(DRIVER_FEATURE), 4, (uint32_t)(features >> (32 * word)));
    }
    guest_write(guest, COMMON(DEVICE_STATUS), 1, UP & ~VIRTIO_STATUS_DRIVER_OK);
}

static void write_address(struct guest *guest, uint64_t offset, uint64_t address)
{
    guest_write(guest, offset, 4, (uint32_t)address);
    guest_write(guest, offset + 4, 4, address >> 32);
}

void guest_add_queue(struct guest *guest, unsigned index, uint16_t size)
{
    struct guest_queue *queue = &guest->queues[index];
    memset(queue, 0, sizeof(*queue));
    queue->size = size;
    queue->desc = guest_alloc(guest, 16u * size);
    queue->avail = guest_alloc(guest, 6u + 2u * size);
    queue->used = guest_alloc(guest, 6u + 8u * size);
    memset(guest->ram + queue->desc, 0, guest->high - queue->desc);
    guest_write(guest, COMMON(QUEUE_SELECT), 2, index);
    write_address(guest, COMMON(QUEUE_DESC), queue->desc);
    write_address(guest, COMMON(QUEUE_DRIVER), queue->avail);
    write_address(guest, COMMON(QUEUE_DEVICE), queue->used);
    guest_write(guest, COMMON(QUEUE_ENABLE), 2, 1);
}

void guest_bring_up(struct guest *guest)
{
    guest_enable_pci(guest);
    guest_write(guest, COMMON(DEVICE_FEATURE_SELECT), 4, 0);
    uint64_t offered = guest_read(guest, COMMON(DEVICE_FEATURE), 4) | BIT64(VIRTIO_F_VERSION_1);
    guest_negotiate(guest, CONTRACT_FEATURES & offered);
    assert_int_equal(guest_status(guest), UP & ~VIRTIO_STATUS_DRIVER_OK);
    for (unsigned i = 0; i < VIRTIO_SND_QUEUE_COUNT; i++) {
        guest_write(guest, COMMON(QUEUE_SELECT), 2, i);
        guest_add_queue(guest, i, (uint16_t)guest_read(guest, COMMON(QUEUE_SIZE), 2));
        assert_int_equal(guest_read(guest, COMMON(QUEUE_ENABLE), 2), 1);
    }
    guest_write(guest, COMMON(DEVICE_STATUS), 1, UP);
    assert_int_equal(guest_status(guest), UP);
}

uint64_t guest_alloc(struct guest *guest, uint64_t bytes)
{
    uint64_t address = guest->high;
    guest->high = (guest->high + bytes + 63) & ~63ull;
    assert_true(guest->high <= GUEST_RAM_BYTES);
    return address;
}

void guest_put(struct guest *guest, uint64_t address, const void *data, size_t bytes)
{
    assert_true(address + bytes <= GUEST_RAM_BYTES);
    if (bytes)
        memcpy(guest->ram + address, data, bytes);
}

void guest_get(struct guest *guest, uint64_t address, void *data, size_t bytes)
{
    assert_true(address + bytes <= GUEST_RAM_BYTES);
    memcpy(data, guest->ram + address, bytes);
}

uint16_t guest_get16(struct guest *guest, uint64_t address)
{
    uint16_t value;
    guest_get(guest, address, &value, sizeof(value));
    return value;
}

uint32_t guest_get32(struct guest *guest, uint64_t address)
{
    uint32_t value;
    guest_get(guest, address, &value, sizeof(value));
    return value;
}

void guest_put16(struct guest *guest, uint64_t address, uint16_t value)
{
    guest_put(guest, address, &value, sizeof(value));
}

void guest_put32(struct guest *guest, uint64_t address, uint32_t value)
{
    guest_put(guest, address, &value, sizeof(value));
}

void guest_put_desc(struct guest *guest, uint64_t table, unsigned index, uint64_t address, uint32_t length,
                    uint16_t flags, uint16_t next)
{
    struct vring_desc desc = {address, length, flags, next};
    guest_put(guest, table + index * sizeof(desc), &desc, sizeof(desc));
}

void guest_publish(struct guest *guest, unsigned index, uint16_t head)
{
    struct guest_queue *queue = &guest->queues[index];
    guest_put16(guest, queue->avail + 4 + 2 * (queue->avail_idx % queue->size), head);
    queue->avail_idx++;
    guest_put16(guest, queue->avail + 2, queue->avail_idx);
}

/* Descriptors are handed out round the table: the tests never hold a ringful of multi-part chains. */
uint16_t guest_add(struct guest *guest, unsigned index, const struct part *parts, unsigned count)
{
    struct guest_queue *queue = &guest->queues[index];
    uint16_t head = queue->next_desc;
    for (unsigned i = 0; i < count; i++) {
        uint16_t next = (uint16_t)((queue->next_desc + 1) % queue->size);
        uint16_t more = i + 1 < count ? VRING_DESC_F_NEXT : 0;
        guest_put_desc(guest, queue->desc, queue->next_desc, parts[i].address, parts[i].length, parts[i].flags | more,
                       next);
        queue->next_desc = next;
    }
    guest_publish(guest, index, head);
    return head;
}

uint16_t guest_add_indirect(struct guest *guest, unsigned index, const struct part *parts, unsigned count)
{
    struct guest_queue *queue = &guest->queues[index];
    uint64_t table = guest_alloc(guest, 16u * count);
    uint16_t head = queue->next_desc;
    for (unsigned i = 0; i < count; i++) {
        uint16_t more = i + 1 < count ? VRING_DESC_F_NEXT : 0;
        guest_put_desc(guest, table, i, parts[i].address, parts[i].length, parts[i].flags | more, (uint16_t)(i + 1));
    }
    guest_put_desc(guest, queue->desc, head, table, 16u * count, VRING_DESC_F_INDIRECT, 0);
    queue->next_desc = (uint16_t)((head + 1) % queue->size);
    guest_publish(guest, index, head);
    return head;
}

void guest_kick(struct guest *guest, unsigned index)
{
    guest_write(guest, DOORBELL(index), 2, index);
}

bool guest_reap(struct guest *guest, unsigned index, struct used *used)
{
    struct guest_queue *queue = &guest->queues[index];
    if (guest_get16(guest, queue->used + 2) == queue->used_seen)
        return false;
    uint64_t element = queue->used + 4 + 8 * (queue->used_seen % queue->size);
    used->id = guest_get32(guest, element);
    used->length = guest_get32(guest, element + 4);
    queue->used_seen++;
    return true;
}

uint32_t guest_control(struct guest *guest, const void *request, uint32_t bytes, void *answer, uint32_t answer_bytes,
                       uint32_t *used_length)
{
    uint64_t out = guest_alloc(guest, bytes);
    uint64_t in = guest_alloc(guest, 4);
    uint64_t more = guest_alloc(guest, answer_bytes);
    struct part parts[] = {{out, bytes, 0}, {in, 4, VRING_DESC_F_WRITE}, {more, answer_bytes, VRING_DESC_F_WRITE}};
    struct used used = {0, 0};
    guest_put(guest, out, request, bytes);
    guest_put32(guest, in, NO_ANSWER);
    uint16_t head = guest_add(guest, VIRTIO_SND_QUEUE_CONTROL, parts, answer_bytes ? 3 : 2);
    guest_kick(guest, VIRTIO_SND_QUEUE_CONTROL);
    if (guest_reap(guest, VIRTIO_SND_QUEUE_CONTROL, &used))
        assert_int_equal(used.id, head);
    if (used_length)
        *used_length = used.length;
    if (answer_bytes)
        guest_get(guest, more, answer, answer_bytes);
    return guest_get32(guest, in);
}

uint32_t guest_command(struct guest *guest, uint32_t code, uint32_t stream)
{
    struct virtio_snd_pcm_hdr request = {code, stream};
    return guest_control(guest, &request, sizeof(request), NULL, 0, NULL) - guest->status_base;
}

uint32_t guest_set_params(struct guest *guest, uint32_t stream, uint32_t channels)
{
    struct virtio_snd_pcm_set_params request = {
        .code = VIRTIO_SND_R_PCM_SET_PARAMS,
        .stream_id = stream,
        .buffer_bytes = 4 * 960 * channels,
        .period_bytes = 960 * channels,
        .channels = (vw_u8)channels,
        .format = VIRTIO_SND_PCM_FMT_S16,
        .rate = VIRTIO_SND_PCM_RATE_48000,
    };
    return guest_control(guest, &request, sizeof(request), NULL, 0, NULL) - guest->status_base;
}

void guest_prepare(struct guest *guest, uint32_t stream)
{
    assert_int_equal(guest_set_params(guest, stream, stream == 0 ? 2 : 1), VIRTIO_SND_S_OK);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_PREPARE, stream), VIRTIO_SND_S_OK);
}

void guest_start(struct guest *guest, uint32_t stream)
{
    guest_prepare(guest, stream);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, stream), VIRTIO_SND_S_OK);
}

static uint64_t put_header(struct guest *guest, uint32_t stream)
{
    uint64_t header = guest_alloc(guest, 8);
    guest_put32(guest, header, stream);
    guest_put32(guest, header + 4, 0);
    return header;
}

static void poison_status(struct guest *guest, struct xfer *xfer)
{
    xfer->status = guest_alloc(guest, 8);
    memset(guest->ram + xfer->status, POISON, 8);
}

struct xfer guest_submit_tx(struct guest *guest, uint32_t stream, const void *pcm, uint32_t bytes)
{
    struct xfer xfer = {.payload = guest_alloc(guest, bytes)};
    poison_status(guest, &xfer);
    guest_put(guest, xfer.payload, pcm, bytes);
    struct part parts[3] = {{put_header(guest, stream), guest->xfer_bytes, 0}};
    unsigned count = 1;
    if (bytes)
        parts[count++] = (struct part){xfer.payload, bytes, 0};
    parts[count++] = (struct part){xfer.status, 8, VRING_DESC_F_WRITE};
    xfer.head = guest_add(guest, VIRTIO_SND_QUEUE_TX, parts, count);
    guest_kick(guest, VIRTIO_SND_QUEUE_TX);
    return xfer;
}

struct xfer guest_submit_rx(struct guest *guest, uint32_t stream, uint32_t bytes)
{
    struct xfer xfer = {.payload = guest_alloc(guest, bytes)};
    poison_status(guest, &xfer);
    memset(guest->ram + xfer.payload, POISON, bytes);
    struct part parts[3] = {{put_header(guest, stream), guest->xfer_bytes, 0}};
    unsigned count = 1;
    if (bytes)
        parts[count++] = (struct part){xfer.payload, bytes, VRING_DESC_F_WRITE};
    parts[count++] = (struct part){xfer.status, 8, VRING_DESC_F_WRITE};
    xfer.head = guest_add(guest, VIRTIO_SND_QUEUE_RX, parts, count);
    guest_kick(guest, VIRTIO_SND_QUEUE_RX);
    return xfer;
}

uint32_t guest_xfer_status(struct guest *guest, const struct xfer *xfer)
{
    uint32_t status = guest_get32(guest, xfer->status);
    return status == 0xA5A5A5A5u ? NO_ANSWER : status - guest->status_base;
}

uint32_t guest_tx(struct guest *guest, const int16_t *stereo, uint32_t frames)
{
    struct xfer xfer = guest_submit_tx(guest, 0, stereo, 4 * frames);
    struct used used;
    assert_true(guest_reap(guest, VIRTIO_SND_QUEUE_TX, &used));
    assert_int_equal(used.id, xfer.head);
    assert_int_equal(used.length, 8);
    return guest_xfer_status(guest, &xfer);
}

size_t guest_played(struct guest *guest, int16_t *stereo, size_t frames)
{
    float *samples = calloc(2 * frames + 1, sizeof(*samples));
    assert_non_null(samples);
    size_t taken = guest->ops->take_playback(guest->dev, samples, frames);
    for (size_t i = 0; i < 2 * taken; i++)
        stereo[i] = (int16_t)lrintf(samples[i] * 32768.0f);
    free(samples);
    return taken;
}

size_t guest_speak(struct guest *guest, const int16_t *mono, size_t frames)
{
    float *samples = calloc(frames + 1, sizeof(*samples));
    assert_non_null(samples);
    for (size_t i = 0; i < frames; i++)
        samples[i] = (float)mono[i] / 32768.0f;
    size_t accepted = guest->ops->push_capture(guest->dev, samples, frames);
    free(samples);
    return accepted;
}

void fill_stereo(int16_t *stereo, size_t frames, int first)
{
    for (size_t i = 0; i < frames; i++) {
        stereo[2 * i] = (int16_t)(first + (int)i + 1);
        stereo[2 * i + 1] = (int16_t)-(first + (int)i + 1);
    }
}

void fill_mono(int16_t *mono, size_t frames, int first)
{
    for (size_t i = 0; i < frames; i++)
        mono[i] = (int16_t)(first + (int)i + 1);
}

struct vsnd_stats guest_stats(struct guest *guest)
{
    struct vsnd_stats stats;
    vsnd_get_stats(guest->dev, &stats);
    return stats;
}
