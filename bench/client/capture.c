/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The capture client. Timer-driven it takes what the position says is safe to
 * read; event-driven each notification stands for one more part of the buffer
 * that is complete, although the reported position, which interpolates, may be
 * a little behind it.
 */
#include "client.h"

#include <string.h>

#define PART_FRAMES 1024u

struct capture {
    struct capture_job *job;
    struct engine engine;
    uint64_t read; /* bytes since RUN */
    uint64_t end;
    uint64_t next_pause;
    uint64_t notified; /* bytes that notifications have announced */
};

/* Puts recorded bytes where the job wants them. */
static void deliver(struct capture *c, uint64_t at, size_t bytes)
{
    int16_t part[PART_FRAMES];
    if (c->job->samples)
        engine_copy_out(&c->engine, at, (unsigned char *)c->job->samples + at, bytes);
    while (c->job->check && bytes) {
        size_t n = bytes < sizeof part ? bytes : sizeof part;
        engine_copy_out(&c->engine, at, part, n);
        pattern_check(c->job->check, part, n / sizeof *part);
        at += n;
        bytes -= n;
    }
}

static void take(struct capture *c, uint64_t recorded)
{
    uint64_t end = engine_wanted(&c->engine, c->end);
    uint64_t upto = recorded < end ? recorded : end;
    if (recorded > c->read + c->engine.buffer_bytes)
        c->job->result.late_wakeups++; /* overwritten before this client came */
    if (upto > c->read) {
        deliver(c, c->read, (size_t)(upto - c->read));
        c->read = upto;
        c->job->result.periods++;
    }
    c->job->result.frames = c->read / c->engine.frame_bytes;
}

/* Bytes that are safe to read after a wake-up at which the position was `recorded`. Notifications that came while this
 * client was late are one event: the position tells how many they were at least. */
static uint64_t available(struct capture *c, uint64_t recorded)
{
    uint64_t boundary = recorded - recorded % c->engine.chunk_bytes;
    if (!c->engine.options.event_mode || c->job->by_position)
        return recorded;
    c->notified += c->engine.chunk_bytes;
    if (boundary > c->notified)
        c->notified = boundary;
    return c->notified > recorded ? c->notified : recorded;
}

static bool pause(struct capture *c)
{
    uint64_t before;
    uint64_t after;
    ks_pin_set_state(c->engine.pin, KSSTATE_PAUSE);
    if (!engine_position(&c->engine, &before))
        return false;
    take(c, before);
    thread_sleep_until(clock_now_ns() + c->job->pause_ns);
    if (!engine_position(&c->engine, &after))
        return false;
    NTSTATUS status = engine_run(&c->engine);
    EXPECT(NT_SUCCESS(status) || adapter_current()->removed, "RUN after PAUSE answered %s", status_name(status));
    EXPECT(before == after, "capture: the position moved in PAUSE");
    return true;
}

/* What a wake-up is for. */
static bool go_on(struct capture *c)
{
    uint64_t recorded;
    if (!engine_position(&c->engine, &recorded))
        return false;
    take(c, available(c, recorded));
    if (c->next_pause && recorded >= c->next_pause && c->read < c->end) {
        c->next_pause += c->job->pause_every_frames * c->engine.frame_bytes;
        return pause(c);
    }
    return true;
}

static bool record(struct capture *c)
{
    while (c->job->until_ns ? clock_now_ns() < c->job->until_ns : c->read < engine_wanted(&c->engine, c->end)) {
        if (!engine_wait(&c->engine)) {
            if (c->job->tolerate_removal)
                return false;
            if (c->job->options.share)
                return engine_missed(&c->engine);
            scenario_failed("capture: no notification for a second and a buffer, %llu of %llu frames recorded",
                            (unsigned long long)(c->read / c->engine.frame_bytes), (unsigned long long)c->job->frames);
        }
        if (!engine_enter(&c->engine))
            return false;
        bool goes_on = go_on(c);
        engine_leave(&c->engine);
        if (!goes_on)
            return false;
    }
    return true;
}

static bool begin(struct capture *c)
{
    if (!engine_enter(&c->engine))
        return false;
    bool runs = engine_step(&c->engine, "pause", ks_pin_set_state(c->engine.pin, KSSTATE_PAUSE));
    c->job->result.run_ns = clock_now_ns();
    host_mark(LINK_MARK_CAPTURE_RUN);
    runs = runs && engine_step(&c->engine, "run", engine_run(&c->engine));
    engine_leave(&c->engine);
    return runs;
}

void capture_run(void *argument)
{
    struct capture c = {.job = argument};
    struct capture_job *job = argument;
    NTSTATUS status = engine_open(&c.engine, &job->endpoint, &job->options);
    if (!engine_step(&c.engine, "open", status))
        return;
    c.end = job->until_ns ? UINT64_MAX : job->frames * c.engine.frame_bytes;
    c.next_pause = job->pause_every_frames * c.engine.frame_bytes;
    job->removed = !begin(&c) || !record(&c);
    if (engine_enter(&c.engine)) {
        ks_pin_set_state(c.engine.pin, KSSTATE_PAUSE);
        engine_leave(&c.engine);
    }
    host_mark(LINK_MARK_CAPTURE_IDLE);
    job->result.idle_ns = clock_now_ns();
    job->result.lead_frames = c.engine.lead_frames;
    engine_finish(&c.engine);
}
