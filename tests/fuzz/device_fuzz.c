/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The device model against a guest that means harm. libFuzzer chooses the personality and its knobs, register and
 * configuration accesses, guest memory, chains and time. Guest memory lies between pages that nobody may touch.
 *
 * After each operation the model must have worked no more than the guest has a right to: basic blocks of device/ are
 * counted (-fsanitize-coverage=trace-pc), against the chains that it took or held. It must hold no more than its
 * queues can.
 */
#include "device_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "le.h"
#include "model.h"

#define RAM_BYTES 0x80000u
#define GUARD_BYTES 0x10000u
#define RINGS 0x1000u /* a legacy page number of 0 is no ring */
#define RINGS_STRIDE 0x8000u
#define BUFFERS (RINGS + RINGS_STRIDE * VSND_QUEUE_COUNT)
#define STATUS_ROOM 8u
#define MAX_PIECES 1016u
#define OPTIONS_BYTES 256u
#define SOUND_FRAMES 2048u
#define ASKED_ENTRIES 64u

/* Basic blocks: of any access; for each chain (1024 descriptors, 256 KiB of mono); for each microsecond of sound. */
#define WORK_BASE 100000u
#define WORK_OF_CHAIN 1000000u
#define WORK_OF_US 64u
/* An input that has cost as much is over: the fuzzer gains nothing from slow ones. */
#define WORK_OF_INPUT 30000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __wrap___sanitizer_cov_trace_pc(void);

static uint64_t work;

/* The compiler calls it in each basic block of device/, by its own name: libFuzzer has one of that name too. */
void __wrap___sanitizer_cov_trace_pc(void)
{
    work++;
}

struct guest_ring {
    uint64_t desc, avail, used;
    uint16_t size, next, index;
};

struct fuzz_guest {
    const uint8_t *data;
    size_t left;
    const struct pci_plugin_ops *ops;
    struct vsnd *dev;
    struct personality row;
    uint8_t *ram;
    uint64_t now_ns;
    struct guest_ring rings[VSND_QUEUE_COUNT];
};

static uint64_t take(struct fuzz_guest *guest, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes && guest->left; i++, guest->left--)
        value |= (uint64_t)*guest->data++ << (8 * i);
    return value;
}

/* Mostly memory; the very end of it; anything. */
static uint64_t take_address(struct fuzz_guest *guest)
{
    uint64_t kind = take(guest, 1) % 8;
    if (kind == 7)
        return take(guest, 8);
    return kind == 6 ? RAM_BYTES - take(guest, 1) : take(guest, 2) * 8 + kind;
}

static void fill(struct fuzz_guest *guest, uint64_t address, uint64_t length, int byte)
{
    if (address < RAM_BYTES)
        memset(guest->ram + address, byte, length < RAM_BYTES - address ? length : RAM_BYTES - address);
}

static unsigned access_size(uint64_t how)
{
    return 1u << (how & 3);
}

static void do_config(struct fuzz_guest *guest)
{
    uint16_t offset = (uint16_t)take(guest, 2);
    uint64_t how = take(guest, 1);
    uint32_t value = (uint32_t)take(guest, 4);
    if (how & 0x80)
        guest->ops->config_write(guest->dev, offset, access_size(how), value);
    else
        guest->ops->config_read(guest->dev, offset, access_size(how));
}

static void access_bar(struct fuzz_guest *guest, unsigned bar, uint64_t offset, uint64_t how, uint64_t value)
{
    if (how & 0x80)
        guest->ops->bar_write(guest->dev, bar, offset, access_size(how), value);
    else
        guest->ops->bar_read(guest->dev, bar, offset, access_size(how));
}

static void do_bar(struct fuzz_guest *guest)
{
    unsigned bar = (unsigned)take(guest, 1);
    uint64_t offset = take(guest, 2);
    uint64_t how = take(guest, 1);
    access_bar(guest, bar, offset, how, take(guest, 8));
}

static bool is_legacy(const struct fuzz_guest *guest)
{
    return guest->row.bar_bytes == 0;
}

static void do_register(struct fuzz_guest *guest)
{
    const struct register_region *region = &guest->row.regions[take(guest, 1) % REGION_COUNT];
    uint64_t offset = take(guest, 1);
    uint64_t how = take(guest, 1);
    access_bar(guest, is_legacy(guest) ? 0 : region->bar, region->offset + offset, how, take(guest, 4));
}

static void write_region(struct fuzz_guest *guest, uint8_t type, uint64_t offset, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < REGION_COUNT; i++) {
        const struct register_region *region = &guest->row.regions[i];
        if (region->length && region->cfg_type == type)
            guest->ops->bar_write(guest->dev, region->bar, region->offset + offset, size, value);
    }
}

static void write_common(struct fuzz_guest *guest, uint64_t offset, unsigned size, uint64_t value)
{
    write_region(guest, VIRTIO_PCI_CAP_COMMON_CFG, offset, size, value);
}

static void write_legacy(struct fuzz_guest *guest, uint64_t offset, unsigned size, uint64_t value)
{
    guest->ops->bar_write(guest->dev, 0, offset, size, value);
}

/* As a legacy device has them (virtio 1.2, 2.7.2); a modern one takes them like that too. */
static void place_ring(struct fuzz_guest *guest, unsigned index)
{
    struct guest_ring *ring = &guest->rings[index];
    memset(ring, 0, sizeof(*ring));
    ring->size = guest->row.queue_sizes[index];
    ring->desc = RINGS + RINGS_STRIDE * index;
    ring->avail = ring->desc + VRING_DESC_BYTES((uint64_t)ring->size);
    ring->used = (ring->avail + VRING_AVAIL_BYTES((uint64_t)ring->size) + 4095) & ~4095ull;
    fill(guest, ring->desc, RINGS_STRIDE, 0);
}

static void enable_queue(struct fuzz_guest *guest, unsigned index)
{
    const struct guest_ring *ring = &guest->rings[index];
    place_ring(guest, index);
    if (is_legacy(guest)) {
        write_legacy(guest, VIRTIO_LEGACY_QUEUE_SELECT, 2, index);
        write_legacy(guest, VIRTIO_LEGACY_QUEUE_PFN, 4, ring->desc >> 12);
        return;
    }
    write_common(guest, VIRTIO_COMMON_QUEUE_SELECT, 2, index);
    write_common(guest, VIRTIO_COMMON_QUEUE_DESC, 8, ring->desc);
    write_common(guest, VIRTIO_COMMON_QUEUE_DRIVER, 8, ring->avail);
    write_common(guest, VIRTIO_COMMON_QUEUE_DEVICE, 8, ring->used);
    write_common(guest, VIRTIO_COMMON_QUEUE_ENABLE, 2, 1);
}

static void write_status(struct fuzz_guest *guest, uint64_t status)
{
    if (is_legacy(guest))
        write_legacy(guest, VIRTIO_LEGACY_STATUS, 1, status);
    else
        write_common(guest, VIRTIO_COMMON_DEVICE_STATUS, 1, status);
}

static void negotiate(struct fuzz_guest *guest, uint64_t features)
{
    if (is_legacy(guest)) {
        write_legacy(guest, VIRTIO_LEGACY_GUEST_FEATURES, 4, features);
        return;
    }
    for (unsigned word = 0; word < 2; word++) {
        write_common(guest, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, 4, word);
        write_common(guest, VIRTIO_COMMON_DRIVER_FEATURE, 4, (uint32_t)(features >> (32 * word)));
    }
}

static void do_bring_up(struct fuzz_guest *guest)
{
    uint64_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    uint64_t features = guest->row.features & ~take(guest, 4);
    uint64_t off = take(guest, 1);
    guest->ops->config_write(guest->dev, 4, 2, 7);
    write_status(guest, 0);
    write_status(guest, status);
    negotiate(guest, features);
    write_status(guest, status |= VIRTIO_STATUS_FEATURES_OK);
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) {
        if (!(off >> i & 1))
            enable_queue(guest, i);
    }
    write_status(guest, status | VIRTIO_STATUS_DRIVER_OK);
}

static void do_place(struct fuzz_guest *guest)
{
    enable_queue(guest, (unsigned)take(guest, 1) % VSND_QUEUE_COUNT);
}

static void do_memory(struct fuzz_guest *guest)
{
    uint64_t address = take_address(guest);
    int byte = (int)take(guest, 1);
    fill(guest, address, take(guest, 2), byte);
}

static void do_bytes(struct fuzz_guest *guest)
{
    uint64_t address = take_address(guest);
    for (uint64_t count = take(guest, 1); count; count--, address++)
        fill(guest, address, 1, (int)take(guest, 1));
}

static void put_descriptor(struct fuzz_guest *guest, uint64_t at, uint64_t address, uint64_t length, unsigned flags,
                           unsigned next)
{
    uint8_t *bytes = guest->ram + at;
    if (at > RAM_BYTES - sizeof(struct vring_desc))
        return;
    le64_put(bytes, address);
    le32_put(bytes + 8, (uint32_t)length);
    le16_put(bytes + 12, (uint16_t)flags);
    le16_put(bytes + 14, (uint16_t)next);
}

static struct guest_ring *take_ring(struct fuzz_guest *guest, unsigned *index)
{
    *index = (unsigned)take(guest, 1) % VSND_QUEUE_COUNT;
    return &guest->rings[*index];
}

static void do_descriptor(struct fuzz_guest *guest)
{
    unsigned index;
    const struct guest_ring *ring = take_ring(guest, &index);
    uint64_t at = ring->desc + sizeof(struct vring_desc) * (take(guest, 2) % VQ_MAX_SIZE);
    uint64_t address = take_address(guest);
    uint64_t length = take(guest, 4);
    unsigned flags = (unsigned)take(guest, 1);
    put_descriptor(guest, at, address, length, flags, (unsigned)take(guest, 2));
}

static void publish(struct fuzz_guest *guest, struct guest_ring *ring, unsigned head)
{
    if (!ring->size)
        return;
    le16_put(guest->ram + ring->avail + VRING_AVAIL_OFF_RING + 2u * (ring->index % ring->size), (uint16_t)head);
    ring->index++;
    le16_put(guest->ram + ring->avail + VRING_AVAIL_OFF_IDX, ring->index);
}

static void do_publish(struct fuzz_guest *guest)
{
    unsigned index;
    struct guest_ring *ring = take_ring(guest, &index);
    unsigned head = (unsigned)take(guest, 2);
    for (uint64_t times = take(guest, 1); times; times--)
        publish(guest, ring, head);
}

static void kick(struct fuzz_guest *guest, unsigned index, unsigned size, uint64_t value)
{
    if (is_legacy(guest))
        write_legacy(guest, VIRTIO_LEGACY_QUEUE_NOTIFY, size, value);
    else
        write_region(guest, VIRTIO_PCI_CAP_NOTIFY_CFG, guest->row.notify_multiplier * index, size, value);
}

static void do_kick(struct fuzz_guest *guest)
{
    unsigned index = (unsigned)take(guest, 1);
    uint64_t how = take(guest, 1);
    kick(guest, index, how & 0x80 ? access_size(how) : 2, how & 0x40 ? how : index);
}

struct piece {
    uint64_t address, length;
    unsigned flags;
};

/* Descriptors go round the table and may run into chains that are in flight: that is the guest's right. */
static unsigned put_chain(struct fuzz_guest *guest, struct guest_ring *ring, const struct piece *pieces,
                          unsigned count, bool indirect)
{
    unsigned head = ring->next, entries = indirect ? count : ring->size;
    uint64_t table = indirect ? BUFFERS + 0x10000u : ring->desc;
    for (unsigned i = 0; i < count && entries; i++) {
        unsigned at = indirect ? i : (head + i) % entries, next = (at + 1) % entries;
        put_descriptor(guest, table + sizeof(struct vring_desc) * at, pieces[i].address, pieces[i].length,
                       pieces[i].flags | (i + 1 < count ? VRING_DESC_F_NEXT : 0), next);
    }
    if (indirect)
        put_descriptor(guest, ring->desc + sizeof(struct vring_desc) * head, table, sizeof(struct vring_desc) * count,
                       VRING_DESC_F_INDIRECT, 0);
    if (entries && ring->size)
        ring->next = (uint16_t)((head + (indirect ? 1 : count)) % ring->size);
    return head;
}

static void do_control(struct fuzz_guest *guest)
{
    static const uint32_t codes[] = {VIRTIO_SND_R_PCM_INFO, VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE,
                                     VIRTIO_SND_R_PCM_START, VIRTIO_SND_R_PCM_STOP, VIRTIO_SND_R_PCM_RELEASE,
                                     VIRTIO_SND_R_JACK_INFO, VIRTIO_SND_R_CHMAP_INFO, 0x7777};
    uint32_t code = codes[take(guest, 1) % (sizeof(codes) / sizeof(codes[0]))], stream = (uint32_t)take(guest, 1);
    uint64_t room = take(guest, 1), shape = take(guest, 1), channels = take(guest, 1), period = take(guest, 2);
    uint8_t *request = guest->ram + BUFFERS;
    bool info = code == VIRTIO_SND_R_PCM_INFO, params = code == VIRTIO_SND_R_PCM_SET_PARAMS;
    memset(request, 0, 24);
    le32_put(request, code);
    le32_put(request + 4, stream);
    le32_put(request + 8, (uint32_t)(info ? channels : 4 * period));
    le32_put(request + 12, (uint32_t)(info ? 32 : period));
    request[20] = (uint8_t)channels;
    request[21] = VIRTIO_SND_PCM_FMT_S16;
    request[22] = VIRTIO_SND_PCM_RATE_48000;
    struct piece pieces[] = {{BUFFERS, info ? 16 : params ? 24 : 8, 0},
                             {BUFFERS + 0x100, 4, VRING_DESC_F_WRITE},
                             {BUFFERS + 0x200, room, VRING_DESC_F_WRITE}};
    struct guest_ring *ring = &guest->rings[VIRTIO_SND_QUEUE_CONTROL];
    publish(guest, ring, put_chain(guest, ring, pieces, room ? 3 : 2, shape & SHAPE_INDIRECT));
    kick(guest, VIRTIO_SND_QUEUE_CONTROL, 2, VIRTIO_SND_QUEUE_CONTROL);
}

/* Header, payload in equal pieces, status: for the receive queue the payload is writable. */
static void do_transfer(struct fuzz_guest *guest)
{
    static struct piece pieces[MAX_PIECES + 2];
    unsigned index, count = 0;
    struct guest_ring *ring = take_ring(guest, &index);
    uint32_t stream = (uint32_t)take(guest, 1);
    uint64_t bytes = take(guest, 4) % (2 * VIRTIO_SND_MAX_PCM_BYTES), shape = take(guest, 1);
    unsigned parts = 1 + 8 * (shape & ~SHAPE_INDIRECT), times = (unsigned)take(guest, 1) % 32;
    unsigned flags = index == VIRTIO_SND_QUEUE_TX ? 0 : VRING_DESC_F_WRITE;
    parts = parts < MAX_PIECES ? parts : MAX_PIECES;
    le32_put(guest->ram + BUFFERS + 0x300, stream);
    pieces[count++] = (struct piece){BUFFERS + 0x300, guest->row.xfer_header_bytes, 0};
    for (unsigned i = 0; i < parts && bytes; i++) {
        uint64_t from = bytes * i / parts, to = bytes * (i + 1) / parts;
        pieces[count++] = (struct piece){BUFFERS + 0x1000 + from % 0x8000, to - from, flags};
    }
    pieces[count++] = (struct piece){BUFFERS + 0x400, STATUS_ROOM, VRING_DESC_F_WRITE};
    unsigned head = put_chain(guest, ring, pieces, count, shape & SHAPE_INDIRECT);
    for (unsigned i = 0; i <= times; i++)
        publish(guest, ring, head);
    kick(guest, index, 2, index);
}

static void do_time(struct fuzz_guest *guest)
{
    guest->now_ns += take(guest, 2) * 10000u;
    guest->ops->advance(guest->dev, guest->now_ns);
    guest->ops->intx(guest->dev);
}

static void do_sound(struct fuzz_guest *guest)
{
    static float samples[2 * SOUND_FRAMES];
    guest->ops->take_playback(guest->dev, samples, take(guest, 2) % SOUND_FRAMES);
    guest->ops->push_capture(guest->dev, samples, take(guest, 2) % SOUND_FRAMES);
}

static void do_power(struct fuzz_guest *guest)
{
    vsnd_power(guest->dev, false);
    vsnd_power(guest->dev, true);
}

static void do_fault(struct fuzz_guest *guest)
{
    struct vsnd_faults *faults = vsnd_faults(guest->dev);
    unsigned kind = (unsigned)take(guest, 1) % VSND_FAULT_KINDS;
    faults->planned[kind] = faults->uses[kind] + take(guest, 1);
    faults->for_good[kind] = take(guest, 1) & 1;
}

/* The bench asks, not the guest: no work of the device. It compares each chain with each, so of small queues only. */
static void do_ask(struct fuzz_guest *guest)
{
    uint64_t before = work, address = take_address(guest);
    uint64_t bytes = take(guest, 2);
    unsigned queue = (unsigned)take(guest, 1) % VSND_QUEUE_COUNT;
    vsnd_claims(guest->dev, address, bytes);
    if (guest->dev->queues[queue].size <= ASKED_ENTRIES)
        vsnd_lent_twice(guest->dev, queue, &address);
    work = before;
}

static void (*const operations[OP_COUNT])(struct fuzz_guest *guest) = {
    [OP_CONFIG] = do_config,
    [OP_BAR] = do_bar,
    [OP_REGISTER] = do_register,
    [OP_BRING_UP] = do_bring_up,
    [OP_PLACE] = do_place,
    [OP_MEMORY] = do_memory,
    [OP_BYTES] = do_bytes,
    [OP_DESCRIPTOR] = do_descriptor,
    [OP_PUBLISH] = do_publish,
    [OP_KICK] = do_kick,
    [OP_CONTROL] = do_control,
    [OP_TRANSFER] = do_transfer,
    [OP_TIME] = do_time,
    [OP_SOUND] = do_sound,
    [OP_POWER] = do_power,
    [OP_FAULT] = do_fault,
    [OP_ASK] = do_ask,
};

static void broken(const char *rule, uint64_t value, uint64_t limit)
{
    fprintf(stderr, "device_fuzz: %s: %llu, allowed %llu\n", rule, (unsigned long long)value,
            (unsigned long long)limit);
    abort();
}

static uint64_t held(const struct vsnd *dev)
{
    return (uint64_t)dev->streams[0].pending + dev->streams[1].pending;
}

/* One operation, and what it may cost. */
static void operate(struct fuzz_guest *guest)
{
    const struct vsnd *dev = guest->dev;
    uint16_t before[VSND_QUEUE_COUNT];
    uint64_t chains = held(dev), start_ns = guest->now_ns, start_work = work;
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++)
        before[i] = dev->queues[i].next_avail;
    operations[take(guest, 1) % OP_COUNT](guest);
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++) /* a reset begins at 0 again; no input goes once round */
        chains += dev->queues[i].next_avail - (dev->queues[i].next_avail < before[i] ? 0u : before[i]);
    uint64_t limit = WORK_BASE + WORK_OF_CHAIN * chains + WORK_OF_US * ((guest->now_ns - start_ns) / 1000);
    if (work - start_work > limit)
        broken("unbounded work of one operation", work - start_work, limit);
    for (unsigned i = 0; i < VSND_STREAM_COUNT; i++) {
        uint64_t room = dev->queues[VIRTIO_SND_QUEUE_TX + i].max_size;
        if (dev->streams[i].pending > room)
            broken("more transfers held than the queue has entries", dev->streams[i].pending, room);
    }
}

static void take_options(struct fuzz_guest *guest, char *options)
{
    const char *name = personality_name(take(guest, 1));
    int used = snprintf(options, OPTIONS_BYTES, "%s", name);
    for (uint64_t knobs = take(guest, 1) % MAX_KNOBS; knobs; knobs--) {
        char knob[32];
        uint64_t which = take(guest, 1);
        personality_knob(which, take(guest, 1), knob, sizeof(knob));
        used += snprintf(options + used, OPTIONS_BYTES - (size_t)used, ",%s", knob);
    }
}

static uint8_t *guest_ram(void)
{
    static uint8_t *ram;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (!ram) {
        uint8_t *whole = mmap(NULL, RAM_BYTES + 2 * GUARD_BYTES, PROT_NONE, flags, -1, 0);
        if (whole == MAP_FAILED || mprotect(whole + GUARD_BYTES, RAM_BYTES, PROT_READ | PROT_WRITE))
            abort();
        ram = whole + GUARD_BYTES;
    }
    madvise(ram, RAM_BYTES, MADV_DONTNEED); /* zeros again */
    return ram;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char options[OPTIONS_BYTES];
    struct fuzz_guest guest = {.data = data, .left = size, .ops = vsnd_pci_ops(), .ram = guest_ram()};
    struct pci_plugin_host host = {.ram = guest.ram, .ram_size = RAM_BYTES};
    take_options(&guest, options);
    guest.dev = guest.ops->open(&host, options);
    if (!guest.dev)
        broken("options refused", 0, 0);
    guest.row = guest.dev->row;
    work = 0;
    while (guest.left && work < WORK_OF_INPUT)
        operate(&guest);
    guest.ops->close(guest.dev);
    return 0;
}
