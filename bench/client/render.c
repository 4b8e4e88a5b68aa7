/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The render client. The whole buffer is filled before RUN. At each wake-up
 * what has been played is filled again: event-driven up to the last boundary
 * that a notification stands for, timer-driven up to the position. Behind the
 * last sample comes silence, until the position has passed the end.
 */
#include "client.h"

#include <string.h>

struct render {
    struct render_job *job;
    struct engine engine;
    uint64_t written; /* bytes since RUN */
    uint64_t end;     /* bytes that are to be played */
    uint64_t stock;   /* bytes of sound that there are */
    uint64_t next_pause;
};

/* Puts bytes [written, target) into the buffer: sound, then silence. */
static void fill(struct render *r, uint64_t target)
{
    const unsigned char *sound = (const unsigned char *)r->job->samples;
    uint64_t lap = (r->job->frames + r->job->spare_frames) * r->engine.frame_bytes;
    while (r->written < r->stock && target > r->written) {
        uint64_t upto = target < r->stock ? target : r->stock;
        uint64_t at = r->written % lap;
        size_t bytes = (size_t)(upto - r->written < lap - at ? upto - r->written : lap - at);
        engine_copy_in(&r->engine, r->written, sound + at, bytes);
        r->written += bytes;
    }
    if (target > r->written) {
        engine_copy_in(&r->engine, r->written, NULL, (size_t)(target - r->written));
        r->written = target;
    }
}

static void refill(struct render *r, uint64_t played)
{
    uint64_t size = r->engine.buffer_bytes;
    uint64_t boundary = r->engine.options.event_mode ? played - played % r->engine.chunk_bytes : played;
    if (boundary > r->written)
        r->job->result.late_wakeups++; /* more than the buffer was played since the last wake-up */
    if (boundary + size > r->written) {
        fill(r, boundary + size);
        r->job->result.periods++;
    }
    uint64_t end = engine_wanted(&r->engine, r->end);
    r->job->result.frames = (r->written < end ? r->written : end) / r->engine.frame_bytes;
}

/* PAUSE, wait, and on: nothing may be lost. */
static bool pause(struct render *r)
{
    uint64_t before;
    uint64_t after;
    ks_pin_set_state(r->engine.pin, KSSTATE_PAUSE);
    if (!engine_position(&r->engine, &before))
        return false;
    thread_sleep_until(clock_now_ns() + r->job->pause_ns);
    if (!engine_position(&r->engine, &after))
        return false;
    NTSTATUS status = engine_run(&r->engine);
    if (r->job->options.share)
        return engine_step(&r->engine, "run-again", status);
    EXPECT(NT_SUCCESS(status) || adapter_current()->removed, "RUN after PAUSE answered %s", status_name(status));
    EXPECT(before == after, "render: the position moved in PAUSE");
    return true;
}

/* What a wake-up is for. */
static bool go_on(struct render *r, uint64_t *played)
{
    if (!engine_position(&r->engine, played))
        return false;
    refill(r, *played);
    if (r->next_pause && *played >= r->next_pause && *played < r->end) {
        r->next_pause += r->job->pause_every_frames * r->engine.frame_bytes;
        return pause(r);
    }
    return true;
}

static bool play(struct render *r)
{
    uint64_t played = 0;
    while (r->job->until_ns ? clock_now_ns() < r->job->until_ns : played < engine_wanted(&r->engine, r->end)) {
        if (!engine_wait(&r->engine)) {
            if (r->job->tolerate_removal)
                return false;
            if (r->job->options.share)
                return engine_missed(&r->engine);
            scenario_failed("render: no notification for a second and a buffer, %llu of %llu frames played",
                            (unsigned long long)(played / r->engine.frame_bytes),
                            (unsigned long long)r->job->frames);
        }
        if (!engine_enter(&r->engine))
            return false;
        bool goes_on = go_on(r, &played);
        engine_leave(&r->engine);
        if (!goes_on)
            return false;
    }
    return true;
}

static bool begin(struct render *r)
{
    if (!engine_enter(&r->engine))
        return false;
    fill(r, r->engine.buffer_bytes);
    bool runs = engine_step(&r->engine, "pause", ks_pin_set_state(r->engine.pin, KSSTATE_PAUSE));
    r->job->result.run_ns = clock_now_ns();
    host_mark(LINK_MARK_RENDER_RUN);
    runs = runs && engine_step(&r->engine, "run", engine_run(&r->engine));
    engine_leave(&r->engine);
    return runs;
}

void render_run(void *argument)
{
    struct render r = {.job = argument};
    struct render_job *job = argument;
    NTSTATUS status = engine_open(&r.engine, &job->endpoint, &job->options);
    if (!engine_step(&r.engine, "open", status))
        return;
    r.end = job->until_ns ? UINT64_MAX : job->frames * r.engine.frame_bytes;
    r.stock = job->until_ns ? UINT64_MAX : (job->frames + job->spare_frames) * r.engine.frame_bytes;
    r.next_pause = job->pause_every_frames * r.engine.frame_bytes;
    job->removed = !begin(&r) || !play(&r);
    if (engine_enter(&r.engine)) {
        ks_pin_set_state(r.engine.pin, KSSTATE_PAUSE);
        engine_leave(&r.engine);
    }
    host_mark(LINK_MARK_RENDER_IDLE);
    job->result.idle_ns = clock_now_ns();
    job->result.lead_frames = r.engine.lead_frames;
    engine_finish(&r.engine);
}
