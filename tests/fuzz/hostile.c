/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "le.h"
#include "model.h"
#include "told.h"

#define INPUT_BYTES (HOSTILE_HEAD_BYTES + HOSTILE_DEVIATIONS_MAX * HOSTILE_DEVIATION_BYTES)
#define OPTIONS_BYTES 160u
#define CHUNK_FRAMES 480u
#define FOR_GOOD 255u
#define FROM_END 0xF0u
#define DECODING 3u         /* PCI command: I/O and memory */
#define DECODING_TO_BEGIN 2 /* firmware's, then START_DEVICE's */
/* A level that nothing lowers hangs any machine: a storm is so many calls of the service routine at one time. */
#define STORM_READS 32u
#define LEAP_MAX_MS 1000u

#define EXPORT __attribute__((visibility("default")))

EXPORT const struct pci_plugin_ops *pci_plugin(void);
EXPORT unsigned pci_plugin_claims(void *opaque, uint64_t address, uint64_t length);
EXPORT bool pci_plugin_lent_twice(void *opaque, unsigned queue, uint64_t *address);

struct deviation {
    uint8_t place, select, times, how;
    uint16_t from;
    uint32_t value;
    uint32_t seen; /* occurrences of the place */
};

struct hostile {
    const struct pci_plugin_ops *ops;
    struct vsnd *dev;
    struct told *told;
    struct deviation deviations[HOSTILE_DEVIATIONS_MAX];
    unsigned count;
    unsigned decodings;
    unsigned misplaced; /* queues, 1 << index: the device does not know where their rings are */
    bool honest, has_knob;
    uint16_t looked_at[VSND_QUEUE_COUNT]; /* used entries */
    uint64_t ahead_ns;
    unsigned storm;
};

static const uint8_t *next_input;
static size_t next_size;
static struct hostile *open_device;

/* ---- the input ---- */

EXPORT const char *hostile_row(const uint8_t *input, size_t size)
{
    return personality_name(size ? input[0] : 0);
}

EXPORT void hostile_take(const uint8_t *input, size_t size)
{
    next_input = input;
    next_size = size;
}

EXPORT bool hostile_behave(void)
{
    float played[2 * CHUNK_FRAMES];
    if (open_device)
        open_device->honest = true;
    /* What its time ran ahead is over: nobody would ever ask for those frames. */
    while (open_device && open_device->ops->take_playback(open_device->dev, played, CHUNK_FRAMES))
        ;
    return open_device && !open_device->has_knob;
}

static void take_deviations(struct hostile *hostile, const uint8_t *at, size_t left)
{
    for (; left >= HOSTILE_DEVIATION_BYTES && hostile->count < HOSTILE_DEVIATIONS_MAX;
         left -= HOSTILE_DEVIATION_BYTES, at += HOSTILE_DEVIATION_BYTES)
        hostile->deviations[hostile->count++] = (struct deviation){.place = at[0] % HOSTILE_PLACES,
                                                                   .select = at[1],
                                                                   .from = le16_get(at + 2),
                                                                   .times = at[4],
                                                                   .how = at[5],
                                                                   .value = le32_get(at + 6)};
}

/* Is this one in force? Counts an occurrence. */
static bool is_due(struct deviation *deviation)
{
    uint32_t nth = deviation->seen++;
    if (nth < deviation->from || (deviation->times != FOR_GOOD && nth > (uint32_t)deviation->from + deviation->times))
        return false;
    return true;
}

static bool is_hostile(const struct hostile *hostile)
{
    return !hostile->honest && hostile->decodings >= DECODING_TO_BEGIN;
}

static uint32_t changed(const struct deviation *deviation, uint32_t value)
{
    switch (deviation->how % HOSTILE_CHANGES) {
    case HOSTILE_SET:
        return deviation->value;
    case HOSTILE_XOR:
        return value ^ deviation->value;
    case HOSTILE_ADD:
        return value + deviation->value;
    case HOSTILE_ONES:
        return UINT32_MAX;
    case HOSTILE_ZERO:
        return 0;
    default:
        return deviation->value + deviation->seen;
    }
}

/* The next deviation of this place from *index on; NULL: no more. */
static struct deviation *next_of(struct hostile *hostile, unsigned place, unsigned *index)
{
    while (is_hostile(hostile) && *index < hostile->count) {
        struct deviation *deviation = &hostile->deviations[(*index)++];
        if (deviation->place == place)
            return deviation;
    }
    return NULL;
}

/* ---- rings ---- */

static uint8_t *used_ring(struct hostile *hostile, const struct virtqueue *queue)
{
    return guest_bytes(&hostile->dev->memory, queue->used, VRING_USED_BYTES((uint64_t)queue->size));
}

static uint8_t *used_element(const struct virtqueue *queue, uint8_t *used, uint16_t index)
{
    return used + VRING_USED_OFF_RING + sizeof(struct vring_used_elem) * (index % queue->size);
}

/* One byte, `offset` bytes into what the device may write of a chain; `offset` is lowered by what lies before it. */
static uint8_t *writable_byte(const struct guest_memory *memory, const uint8_t *desc, uint64_t *offset)
{
    uint32_t length = le32_get(desc + 8);
    if (!(le16_get(desc + 12) & VRING_DESC_F_WRITE))
        return NULL;
    if (*offset < length)
        return guest_bytes(memory, le64_get(desc) + *offset, 1);
    *offset -= length;
    return NULL;
}

/* The same by the head of the chain; NULL: there is none. *offset: lowered by what there is before the end. */
static uint8_t *answer_byte(struct hostile *hostile, const struct virtqueue *queue, uint32_t head, uint64_t *offset)
{
    const struct guest_memory *memory = &hostile->dev->memory;
    uint32_t entries = queue->size, index = head;
    const uint8_t *table = guest_bytes(memory, queue->desc, VRING_DESC_BYTES((uint64_t)entries));
    for (unsigned steps = 0; table && index < entries && steps < 2 * VQ_MAX_SIZE; steps++) {
        const uint8_t *desc = table + sizeof(struct vring_desc) * index;
        unsigned flags = le16_get(desc + 12);
        if (flags & VRING_DESC_F_INDIRECT) {
            entries = le32_get(desc + 8) / (uint32_t)sizeof(struct vring_desc);
            table = guest_bytes(memory, le64_get(desc), VRING_DESC_BYTES((uint64_t)entries));
            index = 0;
            continue;
        }
        uint8_t *byte = writable_byte(memory, desc, offset);
        if (byte || !(flags & VRING_DESC_F_NEXT))
            return byte;
        index = le16_get(desc + 14);
    }
    return NULL;
}

static void change_answer(struct hostile *hostile, const struct virtqueue *queue, const struct deviation *deviation,
                          uint32_t head)
{
    uint64_t offset = deviation->select, past_end = UINT64_MAX;
    uint8_t bytes[4] = {0}, *places[4];
    if (deviation->select >= FROM_END) {
        answer_byte(hostile, queue, head, &past_end);
        offset = (UINT64_MAX - past_end) - (256u - deviation->select);
    }
    for (unsigned i = 0; i < 4; i++) {
        uint64_t at = offset + i;
        places[i] = answer_byte(hostile, queue, head, &at);
        bytes[i] = places[i] ? *places[i] : 0;
    }
    le32_put(bytes, changed(deviation, le32_get(bytes)));
    for (unsigned i = 0; i < 4; i++) {
        if (places[i])
            *places[i] = bytes[i];
    }
}

static void remove_used(struct virtqueue *queue, uint8_t *used, uint16_t index)
{
    for (; (uint16_t)(index + 1u) != queue->next_used; index++)
        memcpy(used_element(queue, used, index), used_element(queue, used, (uint16_t)(index + 1u)),
               sizeof(struct vring_used_elem));
    queue->next_used--;
}

static void swap_used(const struct virtqueue *queue, uint8_t *used, uint16_t index)
{
    uint8_t kept[sizeof(struct vring_used_elem)];
    uint8_t *this = used_element(queue, used, index), *other = used_element(queue, used, (uint16_t)(index - 1u));
    memcpy(kept, this, sizeof(kept));
    memcpy(this, other, sizeof(kept));
    memcpy(other, kept, sizeof(kept));
}

/* True: the entry is still there. */
static bool change_used(struct virtqueue *queue, const struct deviation *deviation, uint8_t *used, uint16_t index)
{
    uint8_t *element = used_element(queue, used, index);
    switch (deviation->how % HOSTILE_USEDS) {
    case HOSTILE_ID_SET:
        le32_put(element, deviation->value);
        break;
    case HOSTILE_ID_XOR:
        le32_put(element, le32_get(element) ^ deviation->value);
        break;
    case HOSTILE_LENGTH:
        le32_put(element + 4, deviation->value);
        break;
    case HOSTILE_VANISH:
        remove_used(queue, used, index);
        return false;
    case HOSTILE_REPEAT:
        for (uint32_t times = deviation->value % 64 + 1; times; times--)
            memcpy(used_element(queue, used, queue->next_used++), element, sizeof(struct vring_used_elem));
        break;
    case HOSTILE_JUMP:
        queue->next_used = (uint16_t)(queue->next_used + deviation->value);
        break;
    case HOSTILE_SWAP:
        swap_used(queue, used, index);
        break;
    default:
        le16_put(used + VRING_USED_OFF_FLAGS, (uint16_t)deviation->value);
        le16_put(used + VRING_USED_OFF_AVAIL_EVENT((uint64_t)queue->size), (uint16_t)(deviation->value >> 16));
        break;
    }
    return true;
}

/* An entry that the device has just written. True: it is still there. */
static bool bend_entry(struct hostile *hostile, unsigned index, uint8_t *used, uint16_t at)
{
    struct virtqueue *queue = &hostile->dev->queues[index];
    struct deviation *deviation;
    uint32_t head = le32_get(used_element(queue, used, at));
    for (unsigned i = 0; (deviation = next_of(hostile, HOSTILE_ANSWER + index, &i)) != NULL;) {
        if (is_due(deviation))
            change_answer(hostile, queue, deviation, head);
    }
    for (unsigned i = 0; (deviation = next_of(hostile, HOSTILE_USED + index, &i)) != NULL;) {
        if (!is_due(deviation))
            continue;
        device_interrupt(hostile->dev, VIRTIO_ISR_QUEUE);
        if (!change_used(queue, deviation, used, at))
            return false;
    }
    return true;
}

/* A device that is to answer what it has no answer to has looked first: it must know what it gives back. */
static void look(struct hostile *hostile, unsigned index)
{
    unsigned i = 0, j = 0;
    if (next_of(hostile, HOSTILE_USED + index, &i) || next_of(hostile, HOSTILE_TIME, &j))
        queue_serve(hostile->dev, (uint16_t)index);
}

static void bend_ring(struct hostile *hostile, unsigned index)
{
    struct virtqueue *queue = &hostile->dev->queues[index];
    uint8_t *used = queue->enabled ? used_ring(hostile, queue) : NULL;
    look(hostile, index);
    uint16_t *at = &hostile->looked_at[index], fresh = (uint16_t)(queue->next_used - *at);
    if (used && is_hostile(hostile)) {
        for (; fresh; fresh--) {
            if (bend_entry(hostile, index, used, *at))
                (*at)++;
        }
        le16_put(used + VRING_USED_OFF_IDX, queue->next_used);
    }
    *at = queue->enabled ? queue->next_used : 0;
}

/* The device has worked. */
static void bend_rings(struct hostile *hostile)
{
    for (unsigned index = 0; index < VSND_QUEUE_COUNT; index++)
        bend_ring(hostile, index);
    told_used(hostile->told, hostile->dev);
}

/* ---- registers ---- */

static uint32_t hostile_config_read(void *opaque, uint16_t offset, unsigned size)
{
    struct hostile *hostile = opaque;
    uint32_t value = hostile->ops->config_read(hostile->dev, offset, size);
    struct deviation *deviation;
    for (unsigned i = 0; (deviation = next_of(hostile, HOSTILE_CONFIG, &i)) != NULL;) {
        unsigned byte = (unsigned)(deviation->select - offset);
        if (byte >= size || !is_due(deviation))
            continue;
        uint32_t low = value & ((1u << 8 * byte) - 1u);
        value = changed(deviation, value >> 8 * byte) << 8 * byte | low;
    }
    return value;
}

static void hostile_config_write(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
    struct hostile *hostile = opaque;
    hostile->decodings += offset == 4 && (value & DECODING) != 0;
    told_config_write(hostile->told, offset, size, value);
    hostile->ops->config_write(hostile->dev, offset, size, value);
}

/* As enum hostile_register has it. */
static unsigned register_at(const struct hostile *hostile, unsigned bar, uint64_t offset)
{
    static const uint8_t first[] = {[VIRTIO_PCI_CAP_COMMON_CFG] = 0,
                                    [VIRTIO_PCI_CAP_NOTIFY_CFG] = HOSTILE_REG_NOTIFY,
                                    [VIRTIO_PCI_CAP_ISR_CFG] = HOSTILE_REG_ISR,
                                    [VIRTIO_PCI_CAP_DEVICE_CFG] = HOSTILE_REG_DEVICE};
    const struct personality *row = hostile->dev->personality;
    if (pci_bar_is_io(hostile->dev, bar))
        return (unsigned)offset;
    for (unsigned i = 0; i < REGION_COUNT; i++) {
        const struct register_region *region = &row->regions[i];
        if (region->bar == bar && offset >= region->offset && offset - region->offset < region->length)
            return first[region->cfg_type] + (unsigned)(offset - region->offset);
    }
    return HOSTILE_REG_ANY;
}

static bool hits(const struct deviation *deviation, unsigned at, unsigned size)
{
    return deviation->select == HOSTILE_REG_ANY || deviation->select - at < size;
}

static uint64_t hostile_bar_read(void *opaque, unsigned bar, uint64_t offset, unsigned size)
{
    struct hostile *hostile = opaque;
    told_posted(hostile->told);
    uint64_t value = hostile->ops->bar_read(hostile->dev, bar, offset, size);
    unsigned at = register_at(hostile, bar, offset);
    struct deviation *deviation;
    bend_rings(hostile);
    for (unsigned i = 0; (deviation = next_of(hostile, HOSTILE_REGISTER, &i)) != NULL;) {
        if (hits(deviation, at, size) && is_due(deviation))
            value = changed(deviation, (uint32_t)value);
    }
    told_bar_read(hostile->told, hostile->dev, bar, offset, size, value);
    return value;
}

/* Does this write say where a ring is, or begin to use it? A device that gets the former wrong gets no ring. */
static bool is_astray(struct hostile *hostile, unsigned bar, unsigned at, bool bent)
{
    bool legacy = pci_bar_is_io(hostile->dev, bar);
    unsigned queue = 1u << hostile->dev->queue_select % VSND_QUEUE_COUNT;
    if (legacy)
        return bent && at == VIRTIO_LEGACY_QUEUE_PFN;
    if (bent && at >= VIRTIO_COMMON_QUEUE_DESC && at < VIRTIO_COMMON_CFG_SIZE)
        hostile->misplaced |= queue;
    if (at == VIRTIO_COMMON_DEVICE_STATUS && hostile->dev->status == 0)
        hostile->misplaced = 0;
    return at == VIRTIO_COMMON_QUEUE_ENABLE && (hostile->misplaced & queue);
}

static void hostile_bar_write(void *opaque, unsigned bar, uint64_t offset, unsigned size, uint64_t value)
{
    struct hostile *hostile = opaque;
    unsigned at = register_at(hostile, bar, offset);
    struct deviation *deviation;
    bool lost = false, bent = false;
    told_posted(hostile->told);
    told_bar_write(hostile->told, hostile->dev, bar, offset, size, value);
    for (unsigned i = 0; (deviation = next_of(hostile, HOSTILE_WRITE, &i)) != NULL;) {
        if (!hits(deviation, at, size) || !is_due(deviation))
            continue;
        bent = true;
        lost = lost || deviation->how == 0;
        value = changed(deviation, (uint32_t)value);
    }
    if (!is_astray(hostile, bar, at, bent) && !lost)
        hostile->ops->bar_write(hostile->dev, bar, offset, size, value);
    bend_rings(hostile);
}

/* ---- time and interrupt ---- */

/* True: the device does nothing now. */
static bool happens(struct hostile *hostile, const struct deviation *deviation)
{
    unsigned queue = deviation->select % VSND_QUEUE_COUNT;
    switch (deviation->how % HOSTILE_EVENTS) {
    case HOSTILE_STALL:
        return true;
    case HOSTILE_LEAP:
        hostile->ahead_ns += deviation->value % LEAP_MAX_MS * 1000000ull;
        break;
    case HOSTILE_NEEDS_RESET:
        device_needs_reset(hostile->dev, "a hostile device");
        break;
    case HOSTILE_CHANGED:
        device_interrupt(hostile->dev, VIRTIO_ISR_CONFIG);
        break;
    default:
        if (hostile->dev->queues[queue].enabled)
            queue_complete(hostile->dev, (uint16_t)queue, (uint16_t)deviation->value, deviation->value >> 16);
        break;
    }
    return false;
}

static void hostile_advance(void *opaque, uint64_t now_ns)
{
    struct hostile *hostile = opaque;
    struct deviation *deviation;
    bool stalls = false;
    told_posted(hostile->told);
    told_advance(hostile->told, now_ns);
    for (unsigned i = 0; (deviation = next_of(hostile, HOSTILE_TIME, &i)) != NULL;) {
        if (is_due(deviation) && happens(hostile, deviation))
            stalls = true;
    }
    hostile->storm = 0;
    if (!stalls)
        hostile->ops->advance(hostile->dev, now_ns + hostile->ahead_ns);
    bend_rings(hostile);
}

static int hostile_intx(void *opaque)
{
    struct hostile *hostile = opaque;
    int level = hostile->ops->intx(hostile->dev);
    struct deviation *deviation;
    for (unsigned i = 0; (deviation = next_of(hostile, HOSTILE_LINE, &i)) != NULL;) {
        if (is_due(deviation))
            level = deviation->how & 1;
    }
    return level && (!is_hostile(hostile) || hostile->storm++ < STORM_READS);
}

static size_t hostile_take_playback(void *opaque, float *stereo, size_t frames)
{
    struct hostile *hostile = opaque;
    return hostile->ops->take_playback(hostile->dev, stereo, frames);
}

static size_t hostile_push_capture(void *opaque, const float *mono, size_t frames)
{
    struct hostile *hostile = opaque;
    return hostile->ops->push_capture(hostile->dev, mono, frames);
}

/* ---- life ---- */

static size_t read_input(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, INPUT_BYTES, file) : 0;
    if (file)
        fclose(file);
    return size;
}

static void hostile_close(void *opaque)
{
    struct hostile *hostile = opaque;
    told_close(hostile->told);
    hostile->ops->close(hostile->dev);
    open_device = NULL;
    free(hostile);
}

static void *hostile_open(const struct pci_plugin_host *host, const char *options)
{
    struct hostile *hostile = calloc(1, sizeof(*hostile));
    uint8_t input[INPUT_BYTES];
    char row[OPTIONS_BYTES], knob[OPTIONS_BYTES / 2] = "";
    size_t size = next_size < INPUT_BYTES ? next_size : INPUT_BYTES;
    if (!hostile)
        return NULL;
    if (strncmp(options, "input=", 6) == 0)
        size = read_input(options + 6, input);
    else if (size)
        memcpy(input, next_input, size);
    memset(input + size, 0, INPUT_BYTES - size);
    if (input[1])
        personality_knob(input[1] - 1u, input[2], knob, sizeof(knob));
    snprintf(row, sizeof(row), "%s%s%s", hostile_row(input, sizeof(input)), knob[0] ? "," : "", knob);
    hostile->has_knob = knob[0] != '\0';
    hostile->ops = vsnd_pci_ops();
    hostile->dev = hostile->ops->open(host, row);
    if (!hostile->dev) {
        free(hostile);
        return NULL;
    }
    hostile->told = told_open(host, row);
    if (!hostile->told) {
        hostile->ops->close(hostile->dev);
        free(hostile);
        return NULL;
    }
    if (size > HOSTILE_HEAD_BYTES)
        take_deviations(hostile, input + HOSTILE_HEAD_BYTES, size - HOSTILE_HEAD_BYTES);
    return open_device = hostile;
}

EXPORT unsigned pci_plugin_claims(void *opaque, uint64_t address, uint64_t length)
{
    const struct hostile *hostile = opaque;
    return told_claims(hostile->told, address, length);
}

EXPORT bool pci_plugin_lent_twice(void *opaque, unsigned queue, uint64_t *address)
{
    const struct hostile *hostile = opaque;
    (void)queue;
    return told_lent_twice(hostile->told, address);
}

EXPORT const struct pci_plugin_ops *pci_plugin(void)
{
    static const struct pci_plugin_ops ops = {
        .abi_version = PCI_PLUGIN_ABI_VERSION,
        .open = hostile_open,
        .close = hostile_close,
        .config_read = hostile_config_read,
        .config_write = hostile_config_write,
        .bar_read = hostile_bar_read,
        .bar_write = hostile_bar_write,
        .advance = hostile_advance,
        .intx = hostile_intx,
        .take_playback = hostile_take_playback,
        .push_capture = hostile_push_capture,
    };
    return &ops;
}
