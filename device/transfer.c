/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

#include "le.h"

#define STATUS_BYTES 8u
#define SAMPLE_BYTES 2u
#define CHUNK_FRAMES 256u

/* A chain that the device holds. */
struct transfer {
    struct transfer *next;
    struct vq_chain chain;
    uint64_t payload; /* bytes */
    uint64_t done;    /* payload bytes played or recorded */
    uint8_t *copy;    /* TX payload when it was read on arrival, else NULL */
    bool held;        /* by plan: nothing but a flush gives it back, nor what came after it */
    struct vq_segment segments[];
};

static uint16_t queue_of(uint32_t stream_id)
{
    return stream_id == 0 ? VIRTIO_SND_QUEUE_TX : VIRTIO_SND_QUEUE_RX;
}

static uint32_t frame_bytes(const struct pcm_stream *stream)
{
    return stream->channels * SAMPLE_BYTES;
}

static void decode_frames(const uint8_t *bytes, uint32_t channels, struct frame *frames, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        frames[i].left = (int16_t)le16_get(bytes + i * channels * SAMPLE_BYTES);
        frames[i].right = (int16_t)le16_get(bytes + (i * channels + (channels > 1)) * SAMPLE_BYTES);
    }
}

static void encode_frames(uint8_t *bytes, uint32_t channels, const struct frame *frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t c = 0; c < channels; c++, bytes += SAMPLE_BYTES)
            le16_put(bytes, (uint16_t)frames[i].left);
}

/* Where the status of a transfer goes, counted from the first writable byte. */
static uint64_t status_offset(const struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain,
                              uint32_t payload_written)
{
    uint64_t last = chain->writable_bytes - STATUS_BYTES;
    uint64_t offset = last;
    if (queue_of(stream_id) == VIRTIO_SND_QUEUE_TX)
        return 0;
    if (dev->personality->rx_status == RX_STATUS_AFTER_DATA)
        offset = payload_written;
    if (dev->personality->rx_status == RX_STATUS_AT_PERIOD)
        offset = dev->streams[stream_id].period_bytes;
    return offset < last ? offset : last;
}

/* Until a chain is given back the device may write in it what it wants (virtio 1.2, 2.7.8): OK, and nothing is done.
 * Only where the answer will be, since elsewhere the driver could not know of what was written here. */
static void write_early(struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain)
{
    uint8_t bytes[STATUS_BYTES] = {0};
    if (!dev->personality->status_is_early || (stream_id == 1 && dev->personality->rx_status != RX_STATUS_LAST))
        return;
    le32_put(bytes, dev->personality->status_base + VIRTIO_SND_S_OK);
    vq_chain_write(chain, &dev->memory, status_offset(dev, stream_id, chain, 0), bytes, sizeof(bytes));
}

/*
 * Answers a transfer. The status is by default the last thing writable of an RX
 * chain and the first of a TX chain; used.len counts the bytes written (5.14.6.8).
 */
static void answer(struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain, uint32_t status,
                   uint32_t payload_written, const char *why)
{
    uint8_t bytes[STATUS_BYTES];
    uint64_t offset = status_offset(dev, stream_id, chain, payload_written);
    uint64_t latency = chain->readable_bytes + chain->writable_bytes - STATUS_BYTES;
    le32_put(bytes, device_answer(dev, status, why));
    le32_put(bytes + 4, dev->personality->latency_is_payload ? (uint32_t)latency : 0);
    vq_chain_write(chain, &dev->memory, offset, bytes, sizeof(bytes));
    if (stream_id == 1 && dev->personality->rx_status == RX_STATUS_AT_PERIOD && status == VIRTIO_SND_S_OK)
        payload_written = (uint32_t)offset;
    queue_complete(dev, queue_of(stream_id), chain->head, payload_written + STATUS_BYTES);
}

static void count_done(struct vsnd *dev, uint32_t stream_id, uint64_t frames)
{
    if (stream_id == 0) {
        dev->stats.tx_buffers++;
        dev->stats.tx_frames += frames;
    } else {
        dev->stats.rx_buffers++;
        dev->stats.rx_frames += frames;
    }
}

/* Framing rules that do not depend on the stream's state; NULL: well-formed, and *payload is set. */
static const char *check_message(const struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain,
                                 uint64_t *payload)
{
    uint8_t header[VIRTIO_SND_XFER_BYTES_AERO];
    uint32_t header_bytes = dev->personality->xfer_header_bytes;
    bool output = stream_id == 0;
    if (!vq_chain_is_readable(chain, &dev->memory))
        return "transfer: readable part outside memory";
    if (!vq_chain_read(chain, &dev->memory, 0, header, header_bytes))
        return "transfer: header too short";
    if (pcm_stream_of_id(dev, le32_get(header)) != stream_id)
        return "transfer: wrong stream for this queue";
    if (!output && chain->readable_bytes != header_bytes)
        return "transfer: readable bytes behind the capture header";
    *payload = output ? chain->readable_bytes - header_bytes : chain->writable_bytes - STATUS_BYTES;
    if (*payload > VIRTIO_SND_MAX_PCM_BYTES)
        return "transfer: payload above 256 KiB";
    return NULL;
}

/* Bytes of one frame: as SET_PARAMS said; before it, as the stream would have them at least. */
static uint32_t expected_frame_bytes(const struct vsnd *dev, uint32_t stream_id)
{
    const struct pcm_stream *stream = &dev->streams[stream_id];
    return stream->channels ? frame_bytes(stream) : dev->personality->streams[stream_id].channels_min * SAMPLE_BYTES;
}

static void play_into_ring(struct vsnd *dev, const struct vq_chain *chain, uint64_t payload)
{
    uint32_t bytes_per_frame = frame_bytes(&dev->streams[0]);
    uint8_t bytes[CHUNK_FRAMES * VSND_MAX_CHANNELS * SAMPLE_BYTES];
    struct frame frames[CHUNK_FRAMES];
    for (uint64_t done = 0; done < payload;) {
        uint64_t part = CHUNK_FRAMES * bytes_per_frame;
        if (part > payload - done)
            part = payload - done;
        vq_chain_read(chain, &dev->memory, dev->personality->xfer_header_bytes + done, bytes, part);
        decode_frames(bytes, dev->streams[0].channels, frames, part / bytes_per_frame);
        dev->stats.overfill_dropped_frames += audio_ring_push(&dev->playback, frames, part / bytes_per_frame);
        done += part;
    }
}

/* Writes `count` frames at payload byte `done`: recorded ones, then silence for what lacks; returns the latter. */
static uint64_t record_from_ring(struct vsnd *dev, const struct vq_chain *chain, uint64_t done, uint64_t count)
{
    size_t ready = pcm_capture_ready(dev);
    uint32_t channels = dev->streams[1].channels;
    uint8_t bytes[CHUNK_FRAMES * VSND_MAX_CHANNELS * SAMPLE_BYTES];
    struct frame frames[CHUNK_FRAMES];
    uint64_t silence = 0;
    while (count) {
        size_t part = count < CHUNK_FRAMES ? (size_t)count : CHUNK_FRAMES;
        size_t got = audio_ring_pop(&dev->capture, frames, part < ready ? part : ready);
        ready -= got;
        memset(frames + got, 0, (part - got) * sizeof(*frames));
        encode_frames(bytes, channels, frames, part);
        vq_chain_write(chain, &dev->memory, done, bytes, part * channels * SAMPLE_BYTES);
        done += part * channels * SAMPLE_BYTES;
        silence += part - got;
        count -= part;
    }
    return silence;
}

static void complete_now(struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain, uint64_t payload)
{
    uint64_t frames = payload / frame_bytes(&dev->streams[stream_id]);
    if (stream_id == 0)
        play_into_ring(dev, chain, payload);
    else
        dev->stats.rx_silence_frames += record_from_ring(dev, chain, 0, frames);
    count_done(dev, stream_id, frames);
    answer(dev, stream_id, chain, VIRTIO_SND_S_OK, stream_id == 0 ? 0 : (uint32_t)payload, NULL);
}

/* Keeps a chain until the clock reaches it; false: out of memory. */
static bool keep(struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain, uint64_t payload)
{
    struct pcm_stream *stream = &dev->streams[stream_id];
    size_t count = (size_t)chain->readable + chain->writable;
    struct transfer *transfer = calloc(1, sizeof(*transfer) + count * sizeof(transfer->segments[0]));
    if (!transfer)
        return false;
    transfer->chain = *chain;
    transfer->chain.segments = transfer->segments;
    transfer->payload = payload;
    if (stream_id == 1 && dev->personality->rx_ends_at_period && payload > stream->period_bytes)
        transfer->payload = stream->period_bytes;
    memcpy(transfer->segments, chain->segments, count * sizeof(transfer->segments[0]));
    if (stream_id == 0 && dev->personality->tx_read_early && payload) {
        transfer->copy = malloc(payload);
        if (!transfer->copy) {
            free(transfer);
            return false;
        }
        vq_chain_read(chain, &dev->memory, dev->personality->xfer_header_bytes, transfer->copy, payload);
    }
    if (stream->last_pending)
        stream->last_pending->next = transfer;
    else
        stream->first_pending = transfer;
    stream->last_pending = transfer;
    stream->pending++;
    write_early(dev, stream_id, chain);
    return true;
}

/* ACRN takes header, data and status from the first, the middle and the last descriptors. */
static bool has_expected_descriptors(const struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain)
{
    const struct vq_segment *last = &chain->segments[chain->readable + chain->writable - 1];
    unsigned data = stream_id == 0 ? chain->readable : chain->writable;
    unsigned other = stream_id == 0 ? chain->writable : chain->readable;
    if (!dev->personality->exact_descriptors)
        return true;
    return data >= 2 && other == 1 && last->length == STATUS_BYTES &&
           chain->segments[0].length == dev->personality->xfer_header_bytes &&
           data - 1 <= dev->streams[stream_id].period_bytes / 4096 + 2;
}

/* What is wrong with the transfer where the stream is now; NULL: nothing. */
static const char *check_state(const struct vsnd *dev, uint32_t stream_id, uint64_t payload)
{
    const struct pcm_stream *stream = &dev->streams[stream_id];
    if (!(dev->personality->transfer_states & 1u << stream->state) || stream->flush_ns || !stream->channels)
        return "transfer: not in this stream state";
    if (dev->personality->exact_period && payload != stream->period_bytes)
        return "transfer: not exactly a period";
    return NULL;
}

/* Virtio 1.2, 5.14.6.8: transfers of the size of a period. Devices write a whole one whatever there is room for. */
static void count_odd_period(struct vsnd *dev, uint32_t stream_id, uint64_t payload)
{
    const struct pcm_stream *stream = &dev->streams[stream_id];
    if (dev->personality->status_base == VIRTIO_SND_S_SPEC_BASE && stream->channels && payload != stream->period_bytes)
        dev->stats.odd_periods++;
}

/* Devices of which a transfer out of turn, or one too many, is the end. */
static const char *check_fatal(const struct vsnd *dev, uint32_t stream_id)
{
    const struct personality *personality = dev->personality;
    const struct pcm_stream *stream = &dev->streams[stream_id];
    if (personality->stray_transfer_is_fatal && !(personality->transfer_states & 1u << stream->state))
        return "transfer: not in this stream state, and the device dies of it";
    if (personality->overfull_is_fatal && stream->period_bytes &&
        stream->pending >= 2 * (stream->buffer_bytes / stream->period_bytes))
        return "transfer: more than two buffers in flight, and the device dies of it";
    return NULL;
}

static void accept(struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain, uint64_t payload)
{
    if (vsnd_fault_due(&dev->faults, VSND_FAULT_TRANSFER_ERROR))
        answer(dev, stream_id, chain, VIRTIO_SND_S_IO_ERR, 0, "transfer: a planned failure");
    else if ((vsnd_fault_due(&dev->faults, VSND_FAULT_TRANSFER_HELD) || dev->misbehaviour.keeps) &&
             keep(dev, stream_id, chain, payload))
        dev->streams[stream_id].last_pending->held = true;
    else if (dev->personality->completion[stream_id] == COMPLETE_INSTANTLY)
        complete_now(dev, stream_id, chain, payload);
    else if (!keep(dev, stream_id, chain, payload))
        answer(dev, stream_id, chain, VIRTIO_SND_S_IO_ERR, 0, "transfer: the host is out of memory");
}

void pcm_transfer(struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain)
{
    uint64_t payload = 0;
    if (chain->writable_bytes < STATUS_BYTES || !vq_chain_is_writable(chain, &dev->memory) ||
        !has_expected_descriptors(dev, stream_id, chain)) {
        dev->stats.unanswered++;
        dev->stats.last_error = "transfer: no room for its status";
        queue_complete(dev, queue_of(stream_id), chain->head, 0);
        return;
    }
    const char *why = check_message(dev, stream_id, chain, &payload);
    if (!why && payload % expected_frame_bytes(dev, stream_id))
        why = "transfer: not a whole number of frames";
    if (why) {
        answer(dev, stream_id, chain, VIRTIO_SND_S_BAD_MSG, 0, why);
        return;
    }
    why = check_fatal(dev, stream_id);
    if (why) {
        device_needs_reset(dev, why);
        return;
    }
    count_odd_period(dev, stream_id, payload);
    why = check_state(dev, stream_id, payload);
    if (why)
        answer(dev, stream_id, chain, VIRTIO_SND_S_IO_ERR, 0, why);
    else
        accept(dev, stream_id, chain, payload);
}

static struct transfer *unlink_first(struct pcm_stream *stream)
{
    struct transfer *transfer = stream->first_pending;
    stream->first_pending = transfer->next;
    if (!transfer->next)
        stream->last_pending = NULL;
    stream->pending--;
    return transfer;
}

static void free_transfer(struct transfer *transfer)
{
    free(transfer->copy);
    free(transfer);
}

static void finish_first(struct vsnd *dev, uint32_t stream_id, uint32_t status, const char *why)
{
    struct transfer *transfer = unlink_first(&dev->streams[stream_id]);
    if (status == VIRTIO_SND_S_OK)
        count_done(dev, stream_id, transfer->done / frame_bytes(&dev->streams[stream_id]));
    answer(dev, stream_id, &transfer->chain, status, stream_id == 0 ? 0 : (uint32_t)transfer->done, why);
    free_transfer(transfer);
}

size_t transfer_play(struct vsnd *dev, struct frame *frames, size_t count)
{
    struct pcm_stream *stream = &dev->streams[0];
    uint8_t bytes[CHUNK_FRAMES * VSND_MAX_CHANNELS * SAMPLE_BYTES];
    size_t taken = 0;
    if (!dev->memory.enabled)
        return 0;
    while (stream->first_pending && !stream->first_pending->held) {
        struct transfer *transfer = stream->first_pending;
        uint64_t part = transfer->payload - transfer->done;
        uint64_t room = (count - taken < CHUNK_FRAMES ? count - taken : CHUNK_FRAMES) * frame_bytes(stream);
        if (part > room)
            part = room;
        if (transfer->copy)
            memcpy(bytes, transfer->copy + transfer->done, part);
        else
            vq_chain_read(&transfer->chain, &dev->memory, dev->personality->xfer_header_bytes + transfer->done, bytes,
                          part);
        decode_frames(bytes, stream->channels, frames + taken, part / frame_bytes(stream));
        transfer->done += part;
        taken += part / frame_bytes(stream);
        if (transfer->done == transfer->payload)
            finish_first(dev, 0, VIRTIO_SND_S_OK, NULL);
        else if (taken == count)
            break;
    }
    return taken;
}

/* The oldest recording is over: as it is, or, by plan, half of it lost. */
static void finish_recording(struct vsnd *dev)
{
    static const uint8_t nothing[SAMPLE_BYTES * VSND_MAX_CHANNELS];
    struct transfer *transfer = dev->streams[1].first_pending;
    uint32_t frame = frame_bytes(&dev->streams[1]);
    if (!dev->misbehaviour.cuts) {
        finish_first(dev, 1, VIRTIO_SND_S_OK, NULL);
        return;
    }
    dev->misbehaviour.cuts = false;
    for (uint64_t lost = transfer->done / 2 / frame; lost; lost--) {
        transfer->done -= frame;
        vq_chain_write(&transfer->chain, &dev->memory, transfer->done, nothing, frame);
    }
    finish_first(dev, 1, VIRTIO_SND_S_IO_ERR, "transfer: the recording broke off");
}

void transfer_record(struct vsnd *dev, uint64_t count)
{
    struct pcm_stream *stream = &dev->streams[1];
    if (!dev->memory.enabled)
        return;
    while (stream->first_pending && !stream->first_pending->held) {
        struct transfer *transfer = stream->first_pending;
        uint64_t part = (transfer->payload - transfer->done) / frame_bytes(stream);
        if (part > count)
            part = count;
        record_from_ring(dev, &transfer->chain, transfer->done, part);
        transfer->done += part * frame_bytes(stream);
        count -= part;
        if (transfer->done < transfer->payload && !(dev->personality->rx_partial && part))
            break;
        finish_recording(dev);
    }
}

void transfer_flush(struct vsnd *dev, uint32_t stream_id, uint32_t status, const char *why)
{
    if (dev->streams[stream_id].first_pending && dev->misbehaviour.keeps_one) {
        dev->misbehaviour.keeps_one = false;
        free_transfer(unlink_first(&dev->streams[stream_id]));
    }
    while (dev->streams[stream_id].first_pending && !dev->misbehaviour.keeps)
        finish_first(dev, stream_id, status, why);
}

void transfer_drop(struct pcm_stream *stream, uint16_t head)
{
    struct transfer *before = NULL, *transfer = stream->first_pending;
    for (; transfer && transfer->chain.head != head; transfer = transfer->next)
        before = transfer;
    if (!transfer)
        return;
    if (!before) {
        free_transfer(unlink_first(stream));
        return;
    }
    before->next = transfer->next;
    if (!transfer->next)
        stream->last_pending = before;
    stream->pending--;
    free_transfer(transfer);
}

void transfer_forget(struct pcm_stream *stream)
{
    while (stream->first_pending)
        free_transfer(unlink_first(stream));
}
