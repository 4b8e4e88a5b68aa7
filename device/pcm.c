/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pcm.h"

#include <string.h>

#include "model.h"
#include "transfer.h"

#define IDLE VSND_STREAM_IDLE
#define SET VSND_STREAM_PARAMS_SET
#define PREP VSND_STREAM_PREPARED
#define RUN VSND_STREAM_RUNNING
#define STOP VSND_STREAM_STOPPED

#define CHUNK_FRAMES 256u

/* How late the host may bring microphone samples before a pacing device records silence in their place. */
#define CAPTURE_GRACE_NS 10000000ull
/* The host works once a millisecond: it brings what a device with a clock of its own will have recorded until then. */
#define CAPTURE_EARLY_NS 1000000ull

/*
 * Contract v1: SET_PARAMS from anywhere, RELEASE always OK, PREPARE and START
 * idempotent, STOP back to Prepared; the rest is IO_ERR.
 */
const pcm_state_table pcm_states_aero = {
    /*          SET_PARAMS PREPARE RELEASE START STOP */
    [IDLE] =    {SET,      0,      IDLE,   0,    0},
    [SET] =     {SET,      PREP,   IDLE,   0,    0},
    [PREP] =    {SET,      PREP,   IDLE,   RUN,  0},
    [RUN] =     {SET,      0,      IDLE,   RUN,  PREP},
};

/*
 * virtio 1.2, 5.14.6.6.1 "PCM Command Lifecycle": what may follow what.
 *   SET_PARAMS -> SET_PARAMS, PREPARE     START -> STOP
 *   PREPARE -> SET_PARAMS, PREPARE,       STOP -> START, RELEASE
 *              START, RELEASE             RELEASE -> SET_PARAMS, PREPARE
 * A released stream keeps its parameters and is as after SET_PARAMS.
 */
const pcm_state_table pcm_states_specification = {
    /*          SET_PARAMS PREPARE RELEASE START STOP */
    [IDLE] =    {SET,      0,      0,      0,    0},
    [SET] =     {SET,      PREP,   0,      0,    0},
    [PREP] =    {SET,      PREP,   SET,    RUN,  0},
    [RUN] =     {0,        0,      0,      0,    STOP},
    [STOP] =    {0,        0,      SET,    RUN,  0},
};

/* QEMU: any command at any time. */
const pcm_state_table pcm_states_lax = {
    /*          SET_PARAMS PREPARE RELEASE START STOP */
    [IDLE] =    {SET,      PREP,   IDLE,   RUN,  IDLE},
    [SET] =     {SET,      PREP,   SET,    RUN,  SET},
    [PREP] =    {SET,      PREP,   SET,    RUN,  PREP},
    [RUN] =     {RUN,      RUN,    RUN,    RUN,  STOP},
    [STOP] =    {SET,      PREP,   SET,    RUN,  STOP},
};

/* The Android emulator: no new parameters once prepared, STOP leads back to Prepared. */
const pcm_state_table pcm_states_android = {
    /*          SET_PARAMS PREPARE RELEASE START STOP */
    [IDLE] =    {SET,      0,      0,      0,    0},
    [SET] =     {SET,      PREP,   0,      0,    0},
    [PREP] =    {0,        0,      SET,    RUN,  0},
    [RUN] =     {0,        0,      0,      0,    PREP},
};

uint32_t pcm_stream_of_id(const struct vsnd *dev, uint32_t id)
{
    return id < dev->personality->stream_count ? dev->personality->stream_order[id] : VSND_STREAM_COUNT;
}

/* Frames that the device's own clock has counted by `now_ns` of a stream that runs; in_steps: as the device notices. */
static uint64_t clock_at(const struct vsnd *dev, const struct pcm_stream *stream, uint64_t now_ns, bool in_steps)
{
    const struct personality *personality = dev->personality;
    uint64_t start_ns = stream->start_ns + personality->start_delay_ns;
    uint64_t elapsed = now_ns > start_ns ? now_ns - start_ns : 0;
    if (personality->tick_ns && in_steps)
        elapsed -= elapsed % personality->tick_ns;
    int32_t ppm = personality->ppm[stream - dev->streams];
    int64_t fast = (int64_t)(elapsed / 1000000u) * ppm + (int64_t)(elapsed % 1000000u) * ppm / 1000000;
    return sample_clock_frames(0, elapsed + (uint64_t)fast);
}

uint64_t pcm_clock_frames(const struct vsnd *dev, uint32_t stream_id, uint64_t now_ns)
{
    const struct pcm_stream *stream = &dev->streams[stream_id];
    return stream->state == RUN ? clock_at(dev, stream, now_ns, false) : 0;
}

size_t pcm_capture_room(const struct vsnd *dev, size_t frames)
{
    uint64_t due = clock_at(dev, &dev->streams[1], dev->now_ns + CAPTURE_EARLY_NS, false);
    uint64_t room = due > dev->captured_frames ? due - dev->captured_frames : 0;
    return room < frames ? (size_t)room : frames;
}

size_t pcm_capture_ready(const struct vsnd *dev)
{
    const struct pcm_stream *stream = &dev->streams[1];
    uint64_t oldest = dev->captured_frames - dev->capture.level;
    uint64_t due = dev->personality->own_clock[1] ? clock_at(dev, stream, dev->now_ns, false) : dev->captured_frames;
    uint64_t ready = due > oldest ? due - oldest : 0;
    return ready < dev->capture.level ? (size_t)ready : dev->capture.level;
}

/* Frames that the playback back end takes ahead of its clock. */
static size_t mixer_frames(const struct vsnd *dev)
{
    const struct pcm_stream *stream = &dev->streams[0];
    size_t frames = dev->personality->mixer_frames;
    if (stream->channels)
        frames += dev->personality->mixer_periods * (size_t)(stream->period_bytes / (2u * stream->channels));
    return frames < dev->playback.capacity ? frames : dev->playback.capacity;
}

static bool is_mixing(const struct vsnd *dev)
{
    return dev->personality->completion[0] == COMPLETE_PACED && mixer_frames(dev) > 0;
}

/* What came too late is not heard any more: silence was in its place. */
static void drop_late(struct vsnd *dev)
{
    struct frame frames[CHUNK_FRAMES];
    uint64_t *late = &dev->streams[0].late_frames;
    for (size_t got = 1; *late && got; *late -= got) {
        got = transfer_play(dev, frames, *late < CHUNK_FRAMES ? (size_t)*late : CHUNK_FRAMES);
        dev->stats.late_dropped_frames += got;
    }
}

static void fill_mixer(struct vsnd *dev)
{
    struct frame frames[CHUNK_FRAMES];
    size_t wanted = mixer_frames(dev);
    drop_late(dev);
    while (dev->playback.level < wanted) {
        size_t room = wanted - dev->playback.level;
        size_t got = transfer_play(dev, frames, room < CHUNK_FRAMES ? room : CHUNK_FRAMES);
        if (!got)
            break;
        audio_ring_push(&dev->playback, frames, got);
    }
}

static void account_played(struct vsnd *dev, struct pcm_stream *stream, size_t sounding, size_t silent);

/* What a mixer has taken is heard although the stream stops. */
static void empty_mixer(struct vsnd *dev)
{
    struct frame frames[CHUNK_FRAMES];
    for (size_t got; (got = audio_ring_pop(&dev->playback, frames, CHUNK_FRAMES)) != 0;) {
        audio_ring_push(&dev->played, frames, got);
        account_played(dev, &dev->streams[0], got, 0);
    }
}

static void enter_running(struct vsnd *dev, struct pcm_stream *stream)
{
    stream->start_ns = dev->now_ns;
    stream->clock_frames = 0;
    stream->starts++;
    stream->sounded = false;
    stream->started = true;
    stream->silent_frames = 0;
    stream->late_frames = 0;
    if (stream == &dev->streams[1])
        dev->captured_frames = 0;
}

/* What the device buffers for a stream does not outlive Running, however the stream leaves it. */
static void leave_running(struct vsnd *dev, struct pcm_stream *stream)
{
    if (stream == &dev->streams[1]) {
        dev->stats.capture_cleared_frames += audio_ring_clear(&dev->capture);
        return;
    }
    if (is_mixing(dev))
        empty_mixer(dev);
    dev->stats.cleared_frames += audio_ring_clear(&dev->playback);
    if (stream->sounded)
        dev->stats.trailing_silence_frames += stream->silent_frames;
    else
        dev->stats.leading_silence_frames += stream->silent_frames;
    stream->silent_frames = 0;
}

/* 5.14.6.6.5.1: pending I/O first, then the answer to RELEASE; some devices do it the other way round. */
static void release(struct vsnd *dev, uint32_t stream_id)
{
    struct pcm_stream *stream = &dev->streams[stream_id];
    stream->stuck = dev->personality->unstarted_release_sticks && !stream->started;
    if (stream->stuck)
        return;
    if (dev->personality->flush_delay_ns && stream->pending)
        stream->flush_ns = dev->now_ns + dev->personality->flush_delay_ns;
    else
        transfer_flush(dev, stream_id, dev->personality->flush_status, "transfer: given back by RELEASE");
}

uint32_t pcm_command(struct vsnd *dev, uint32_t stream_id, enum pcm_command command)
{
    struct pcm_stream *stream = &dev->streams[stream_id];
    enum vsnd_stream_state next = (*dev->personality->states)[stream->state][command];
    if (!next)
        return dev->personality->refusal;
    if (stream->flush_ns || stream->stuck)
        return VIRTIO_SND_S_BAD_MSG; /* not before what was released has come back */
    if (stream->state == RUN && next != RUN)
        leave_running(dev, stream);
    if (command == PCM_RELEASE)
        release(dev, stream_id);
    if (command == PCM_SET_PARAMS) /* a prefill in the old format cannot be played */
        transfer_flush(dev, stream_id, VIRTIO_SND_S_IO_ERR, "transfer: dropped by new parameters");
    if (command == PCM_PREPARE && dev->personality->channels_max_follows)
        dev->channels_max[stream_id] = (uint8_t)stream->channels;
    if (next == RUN && stream->state != RUN)
        enter_running(dev, stream);
    stream->state = next;
    return VIRTIO_SND_S_OK;
}

static bool params_are_supported(const struct personality *personality, uint32_t stream_id,
                                 const struct virtio_snd_pcm_set_params *params)
{
    const struct stream_traits *traits = &personality->streams[stream_id];
    uint8_t least = personality->channels_accepted ? 1 : traits->channels_min;
    uint8_t most = personality->channels_accepted ? personality->channels_accepted : traits->channels_max;
    return params->channels >= least && params->channels <= most &&
           params->format == VIRTIO_SND_PCM_FMT_S16 && params->rate == VIRTIO_SND_PCM_RATE_48000 &&
           traits->rates & 1ull << params->rate &&
           params->features == 0;
}

/* 5.14.6.6.3.1: buffer_bytes is a multiple of period_bytes; whole frames, since transfers are. */
static bool period_is_sound(const struct virtio_snd_pcm_set_params *params)
{
    return params->period_bytes != 0 && params->buffer_bytes != 0 &&
           params->buffer_bytes % params->period_bytes == 0 && params->period_bytes % (2u * params->channels) == 0;
}

uint32_t pcm_set_params(struct vsnd *dev, uint32_t stream_id, const struct virtio_snd_pcm_set_params *params)
{
    struct pcm_stream *stream = &dev->streams[stream_id];
    if (!params_are_supported(dev->personality, stream_id, params))
        return VIRTIO_SND_S_NOT_SUPP;
    if (dev->personality->period_is_checked && !period_is_sound(params))
        return VIRTIO_SND_S_BAD_MSG;
    uint32_t status = pcm_command(dev, stream_id, PCM_SET_PARAMS);
    if (status != VIRTIO_SND_S_OK)
        return status;
    stream->started = false;
    stream->channels = params->channels;
    stream->buffer_bytes = params->buffer_bytes;
    stream->period_bytes = params->period_bytes;
    struct vsnd_stream_stats *stats = &dev->stats.stream[stream_id];
    stats->channels = params->channels;
    stats->buffer_bytes = params->buffer_bytes;
    stats->period_bytes = params->period_bytes;
    return VIRTIO_SND_S_OK;
}

/* Tells leading silence from underruns: only a later sample shows which it was. */
static void account_played(struct vsnd *dev, struct pcm_stream *stream, size_t sounding, size_t silent)
{
    if (sounding && stream->silent_frames) {
        if (stream->sounded) {
            dev->stats.underrun_events++;
            dev->stats.underrun_frames += stream->silent_frames;
        } else {
            dev->stats.leading_silence_frames += stream->silent_frames;
        }
        stream->silent_frames = 0;
    }
    if (sounding)
        stream->sounded = true;
    stream->silent_frames += silent;
    dev->stats.played_frames += sounding + silent;
}

/* Frames that a back end plays from what it has, before it looks for more. */
static uint64_t frames_to_next_step(const struct vsnd *dev, const struct pcm_stream *stream)
{
    uint64_t step = sample_clock_frames(0, dev->personality->tick_ns);
    return step ? step - stream->clock_frames % step : CHUNK_FRAMES;
}

/* A mixer plays evenly, and looks for more at START and then at each step of its clock. */
static void advance_mixer(struct vsnd *dev)
{
    struct pcm_stream *stream = &dev->streams[0];
    uint64_t due = clock_at(dev, stream, dev->now_ns, false);
    struct frame frames[CHUNK_FRAMES];
    if (stream->clock_frames == 0)
        fill_mixer(dev);
    while (stream->clock_frames < due) {
        uint64_t left = due - stream->clock_frames;
        uint64_t step = frames_to_next_step(dev, stream);
        size_t count = left < CHUNK_FRAMES ? (size_t)left : CHUNK_FRAMES;
        count = step < count ? (size_t)step : count;
        size_t got = audio_ring_pop(&dev->playback, frames, count);
        memset(frames + got, 0, (count - got) * sizeof(*frames));
        audio_ring_push(&dev->played, frames, count);
        account_played(dev, stream, got, count - got);
        if (dev->personality->late_is_dropped && stream->sounded)
            stream->late_frames += count - got;
        stream->clock_frames += count;
        if (step == count || !dev->personality->tick_ns)
            fill_mixer(dev);
    }
}

static void advance_playback(struct vsnd *dev)
{
    struct pcm_stream *stream = &dev->streams[0];
    struct frame frames[CHUNK_FRAMES];
    uint64_t due = clock_at(dev, stream, dev->now_ns, true);
    while (stream->clock_frames < due) {
        uint64_t left = due - stream->clock_frames;
        size_t count = left < CHUNK_FRAMES ? (size_t)left : CHUNK_FRAMES;
        size_t got = dev->personality->completion[0] == COMPLETE_PACED ? transfer_play(dev, frames, count)
                                                                       : audio_ring_pop(&dev->playback, frames, count);
        memset(frames + got, 0, (count - got) * sizeof(*frames));
        audio_ring_push(&dev->played, frames, count);
        account_played(dev, stream, got, count - got);
        stream->clock_frames += count;
    }
}

/* Frames that the recording clock demanded and the host did not bring in time become silence. */
static void record_silence(struct vsnd *dev, uint64_t due_by_now)
{
    static const struct frame silence[CHUNK_FRAMES];
    while (dev->captured_frames < due_by_now) {
        uint64_t left = due_by_now - dev->captured_frames;
        size_t count = left < CHUNK_FRAMES ? (size_t)left : CHUNK_FRAMES;
        dev->stats.capture_dropped_frames += audio_ring_push(&dev->capture, silence, count);
        dev->stats.rx_silence_frames += count;
        dev->captured_frames += count;
    }
}

/* Pacing only: an instant device answers each request with what it has. */
static void advance_capture(struct vsnd *dev)
{
    struct pcm_stream *stream = &dev->streams[1];
    uint64_t grace = dev->now_ns > CAPTURE_GRACE_NS ? dev->now_ns - CAPTURE_GRACE_NS : 0;
    stream->clock_frames = clock_at(dev, stream, dev->now_ns, true);
    record_silence(dev, clock_at(dev, stream, grace, true));
    /* The host may have brought samples early; the clock has reached only those numbered below clock_frames. */
    uint64_t oldest = dev->captured_frames - dev->capture.level;
    uint64_t ready = stream->clock_frames > oldest ? stream->clock_frames - oldest : 0;
    transfer_record(dev, ready < dev->capture.level ? ready : dev->capture.level);
}

void pcm_advance(struct vsnd *dev)
{
    const enum completion *completion = dev->personality->completion;
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        struct pcm_stream *stream = &dev->streams[id];
        if (stream->flush_ns && dev->now_ns >= stream->flush_ns) {
            stream->flush_ns = 0;
            transfer_flush(dev, id, dev->personality->flush_status, "transfer: given back after RELEASE");
        }
    }
    if (dev->streams[0].state == RUN && is_mixing(dev))
        advance_mixer(dev);
    else if (dev->streams[0].state == RUN && completion[0] != COMPLETE_NEVER)
        advance_playback(dev);
    if (dev->streams[1].state == RUN && completion[1] == COMPLETE_PACED)
        advance_capture(dev);
}

void pcm_forget(struct vsnd *dev, uint32_t stream_id)
{
    transfer_forget(&dev->streams[stream_id]);
    dev->streams[stream_id].flush_ns = 0;
}

void pcm_reset(struct vsnd *dev)
{
    for (uint32_t id = 0; id < VSND_STREAM_COUNT; id++) {
        struct pcm_stream *stream = &dev->streams[id];
        uint32_t starts = stream->starts;
        if (stream->state == RUN)
            leave_running(dev, stream);
        transfer_forget(stream);
        memset(stream, 0, sizeof(*stream));
        stream->state = IDLE;
        stream->starts = starts;
        stream->channels = dev->personality->default_channels;
    }
}
