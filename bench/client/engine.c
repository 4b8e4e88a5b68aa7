/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One stream as the Windows 7 audio engine runs it: buffer, latency, position
 * register (or the property), notification event, then ACQUIRE, PAUSE, RUN.
 * [W audio/developing-a-wavert-miniport-driver]
 */
#include "client.h"

#include <string.h>

#define PERIOD_MAX_NS (10 * NS_PER_MS_CLIENT)
#define PATIENCE_NS (1000 * NS_PER_MS_CLIENT) /* beyond the buffer's own length, for a notification */

struct engine_options engine_options_default(bool capture)
{
    const struct link_options *o = &g_link->options;
    struct engine_options e = {.event_mode = o->event_mode != 0,
                               .notifications = o->notifications ? o->notifications : 2,
                               .buffer_frames = o->buffer_frames ? o->buffer_frames : 960,
                               .jitter_stream = capture ? 17 : 16};
    if (e.event_mode && e.buffer_frames % e.notifications)
        e.buffer_frames += e.notifications - e.buffer_frames % e.notifications;
    return e;
}

static NTSTATUS prepare(struct engine *engine)
{
    KSRTAUDIO_HWREGISTER hw;
    NTSTATUS status;
    if (engine->options.event_mode)
        status = ks_pin_allocate(engine->pin, engine->buffer_bytes, engine->options.notifications);
    else
        status = ks_pin_allocate(engine->pin, engine->buffer_bytes, 0);
    if (!NT_SUCCESS(status))
        return status;
    ks_pin_latency(engine->pin, &engine->latency);
    engine->use_property = !NT_SUCCESS(ks_pin_position_register(engine->pin, &hw));
    ks_pin_clock_register(engine->pin, &hw);
    if (!engine->options.event_mode)
        return STATUS_SUCCESS;
    return ks_pin_register_event(engine->pin, &engine->event);
}

NTSTATUS engine_open(struct engine *engine, const struct endpoint *endpoint, const struct engine_options *options)
{
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
    memset(engine, 0, sizeof *engine);
    engine->endpoint = *endpoint;
    engine->options = *options;
    engine->frame_bytes = endpoint->capture ? 2 : 4;
    engine->buffer_bytes = options->buffer_frames * engine->frame_bytes;
    engine->chunk_bytes = engine->buffer_bytes / (options->notifications ? options->notifications : 1);
    KeInitializeEvent(&engine->event, SynchronizationEvent, FALSE);
    if (options->share) /* negotiated before: the filter may be gone by now */
        format_make(&format, SAMPLE_RATE, endpoint->capture ? 1 : 2, 16);
    else
        format_negotiate(endpoint, &format);
    NTSTATUS status = ks_pin_open(endpoint->wave, endpoint->pin, &format.DataFormat, &engine->pin);
    if (!NT_SUCCESS(status))
        return status;
    status = prepare(engine);
    if (!NT_SUCCESS(status)) {
        ks_pin_close(engine->pin);
        engine->pin = NULL;
    } else if (options->share) {
        options->share->engine = engine;
    }
    return status;
}

void engine_open_required(struct engine *engine, bool capture, const struct engine_options *options)
{
    struct endpoint endpoint = endpoint_require(capture);
    NTSTATUS status = engine_open(engine, &endpoint, options);
    EXPECT(NT_SUCCESS(status), "%s: cannot open a stream with a buffer of %u frames: %s", endpoint_name(&endpoint),
           (unsigned)options->buffer_frames, status_name(status));
}

void engine_open_default(struct engine *engine, bool capture)
{
    struct engine_options options = engine_options_default(capture);
    engine_open_required(engine, capture, &options);
}

NTSTATUS engine_open_and_run(struct engine *engine, bool capture)
{
    engine_open_default(engine, capture);
    return engine_run(engine);
}

void engine_close(struct engine *engine)
{
    if (!engine->pin)
        return;
    ks_pin_set_state(engine->pin, KSSTATE_STOP);
    if (engine->options.event_mode)
        ks_pin_unregister_event(engine->pin, &engine->event);
    ks_pin_close(engine->pin);
    engine->pin = NULL;
}

/* A timer-driven client wakes twice a buffer, or a whole turn of it could go unseen; as a rule every 10 ms. */
static uint64_t timer_period_ns(const struct engine *engine)
{
    uint64_t half = (uint64_t)engine->options.buffer_frames * 1000000000u / SAMPLE_RATE / 2;
    return half < PERIOD_MAX_NS ? half : PERIOD_MAX_NS;
}

NTSTATUS engine_run(struct engine *engine)
{
    NTSTATUS status = ks_pin_set_state(engine->pin, KSSTATE_RUN);
    engine->next_wake_ns = clock_now_ns() + timer_period_ns(engine);
    return status;
}

static bool device_gone(void)
{
    const struct adapter *adapter = adapter_current();
    return !adapter || adapter->removed;
}

/* Waits for the event; looks at the position meanwhile, or a whole turn of it could go unseen: twice a buffer; where
 * there is but one event a turn, and the position may move in two steps, more often. */
static bool wait_for_event(struct engine *engine)
{
    uint64_t buffer_ns = (uint64_t)engine->options.buffer_frames * 1000000000u / SAMPLE_RATE;
    uint64_t limit = clock_now_ns() + buffer_ns + PATIENCE_NS;
    uint64_t look_ns = buffer_ns / (engine->options.notifications == 1 ? 8 : 2) + 1;
    KSAUDIO_POSITION position;
    while (clock_now_ns() < limit) {
        if (thread_wait(&engine->event, clock_now_ns() + look_ns))
            return true;
        if (device_gone() || !engine_enter(engine))
            return false;
        NTSTATUS status = ks_pin_position(engine->pin, &position);
        engine_leave(engine);
        if (!NT_SUCCESS(status))
            return false;
    }
    return false;
}

bool engine_await(struct engine *engine)
{
    if (engine->options.event_mode)
        return wait_for_event(engine);
    thread_sleep_until(engine->next_wake_ns);
    while (engine->next_wake_ns <= clock_now_ns())
        engine->next_wake_ns += timer_period_ns(engine);
    return true;
}

bool engine_be_late(struct engine *engine)
{
    uint64_t late = clock_jitter_ns(engine->options.jitter_stream);
    if (late)
        thread_sleep_until(clock_now_ns() + late);
    engine->wakeups++;
    return !device_gone();
}

bool engine_wait(struct engine *engine)
{
    return engine_await(engine) && engine_be_late(engine);
}

/* The host sees it with the next exchange, of which there is one before the next position can be read. */
static void tell_position(const struct engine *engine)
{
    struct link_result *result = &g_link->result;
    struct link_stream_result *to = engine->endpoint.capture ? &result->capture : &result->render;
    to->position_offset = engine->pin->last_offset / engine->frame_bytes;
    to->buffer_frames = engine->options.buffer_frames;
    to->position_ns = clock_now_ns();
}

/* Where another changes the state meanwhile, looks again until it has: a client that went by an older position would
 * leave in the buffer what has been played. */
static NTSTATUS read_position(const struct engine *engine, KSAUDIO_POSITION *position)
{
    for (;;) {
        unsigned moves = engine->pin->moves;
        NTSTATUS status = ks_pin_position(engine->pin, position);
        if (!NT_SUCCESS(status) || !engine->options.share || ks_pin_is_settled(engine->pin, moves))
            return status;
        thread_sleep_until(clock_now_ns() + NS_PER_MS_CLIENT);
    }
}

bool engine_position(struct engine *engine, uint64_t *linear)
{
    KSAUDIO_POSITION position;
    NTSTATUS status = read_position(engine, &position);
    if (!NT_SUCCESS(status)) {
        if (device_gone())
            return false;
        scenario_failed("%s: GetPosition answered %s", endpoint_name(&engine->endpoint), status_name(status));
    }
    *linear = engine->pin->linear - engine->pin->linear % engine->frame_bytes;
    uint64_t lead = (position.WriteOffset + engine->buffer_bytes - position.PlayOffset) % engine->buffer_bytes;
    if (lead / engine->frame_bytes > engine->lead_frames)
        engine->lead_frames = lead / engine->frame_bytes;
    tell_position(engine);
    return true;
}

static unsigned char *view(struct engine *engine)
{
    return (unsigned char *)engine->pin->buffer.mapping + engine->pin->buffer.offset;
}

void engine_copy_in(struct engine *engine, uint64_t linear, const void *data, size_t bytes)
{
    const unsigned char *from = data;
    while (bytes) {
        size_t at = linear % engine->buffer_bytes;
        size_t n = engine->buffer_bytes - at < bytes ? engine->buffer_bytes - at : bytes;
        if (from) {
            memcpy(view(engine) + at, from, n);
            from += n;
        } else {
            memset(view(engine) + at, 0, n);
        }
        linear += n;
        bytes -= n;
    }
}

void engine_copy_out(struct engine *engine, uint64_t linear, void *data, size_t bytes)
{
    unsigned char *to = data;
    while (bytes) {
        size_t at = linear % engine->buffer_bytes;
        size_t n = engine->buffer_bytes - at < bytes ? engine->buffer_bytes - at : bytes;
        memcpy(to, view(engine) + at, n);
        to += n;
        linear += n;
        bytes -= n;
    }
}
