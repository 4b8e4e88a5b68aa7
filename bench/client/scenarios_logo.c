/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Microsoft's criteria for positions, streams and events, measured. Each value
 * goes to the host as a line "criterion|relation|limit|value|unit"; the host
 * judges it. What is broken so badly that nothing can be measured fails the
 * scenario at once.
 */
#include "client.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS NS_PER_MS_CLIENT
#define READS 100
#define LONG_READS 8000 /* 80 s */
#define RATIO_READS 1000
#define LONG_BUFFER (SAMPLE_RATE / 5)

__attribute__((format(printf, 5, 6))) static void say(const char *relation, double limit, double value,
                                                      const char *unit, const char *criterion, ...)
{
    char name[160];
    char line[256];
    va_list arguments;
    va_start(arguments, criterion);
    vsnprintf(name, sizeof name, criterion, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%s|%s|%.9g|%.9g|%s", name, relation, limit, value, unit);
    g_link->a = g_link->options.json;
    host_text(LINK_OP_SHOW, line);
}

static const char *side(bool capture) { return capture ? "capture" : "render"; }

static void open_and_run(struct engine *engine, bool capture, ULONG frames)
{
    struct engine_options options = engine_options_default(capture);
    options.buffer_frames = frames;
    engine_open_required(engine, capture, &options);
    EXPECT(NT_SUCCESS(engine_run(engine)), "RUN refused");
}

/* Ten reads, 50 ms apart: how many show the position of the read before. */
static unsigned equal_reads(struct engine *engine)
{
    unsigned equal = 0;
    thread_sleep_until(clock_now_ns() + 100 * MS);
    uint64_t before = criteria_linear(engine);
    for (int i = 0; i < 10; i++) {
        thread_sleep_until(clock_now_ns() + 50 * MS);
        uint64_t now = criteria_linear(engine);
        equal += now == before;
        before = now;
    }
    return equal;
}

static void stream_states(bool capture)
{
    struct engine engine;
    KSAUDIO_POSITION position;
    open_and_run(&engine, capture, LONG_BUFFER);
    say("==", 0, equal_reads(&engine), "of 10", "%s: reads that stand still in RUN", side(capture));
    ks_pin_set_state(engine.pin, KSSTATE_PAUSE);
    say("==", 0, 10 - equal_reads(&engine), "of 10", "%s: reads that move in PAUSE", side(capture));
    ks_pin_set_state(engine.pin, KSSTATE_STOP);
    thread_sleep_until(clock_now_ns() + 100 * MS);
    ks_pin_position(engine.pin, &position);
    say("==", 0, (double)(position.PlayOffset + position.WriteOffset), "bytes", "%s: position in STOP", side(capture));
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN after STOP refused");
    say("==", 0, equal_reads(&engine), "of 10", "%s: reads that stand still in RUN again", side(capture));
    engine_close(&engine);
}

/* A client that reads each millisecond from RUN on. RUN and each read take time: a position is ahead when it is more
 * than what has passed since before RUN; it is late by its distance from the middle of what may have passed. */
static void first_position(bool capture)
{
    struct engine engine;
    struct engine_options options = engine_options_default(capture);
    options.buffer_frames = LONG_BUFFER;
    engine_open_required(&engine, capture, &options);
    uint64_t before_run = clock_now_ns();
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN refused");
    uint64_t after_run = clock_now_ns();
    double first = -1, latency = 0, ahead = -1e9, slowest = 0;
    for (int i = 0; i < 500; i++) {
        uint64_t before = clock_now_ns();
        uint64_t linear = criteria_linear(&engine);
        uint64_t after = clock_now_ns();
        double run = (double)(after - before_run) / 1e6, at = (double)linear / engine.frame_bytes / 48.0;
        double took = (double)(after - before) / 1e6;
        slowest = took > slowest ? took : slowest;
        if (linear && at - run > ahead)
            ahead = at - run;
        if (linear && first < 0) {
            first = run;
            latency = fabs((run + (double)(before - after_run) / 1e6) / 2 - at);
        }
        thread_sleep_until(clock_now_ns() + MS);
    }
    EXPECT(first >= 0, "%s: no position for 500 ms", side(capture));
    say("<=", 500, first, "ms", "%s: first position", side(capture));
    say("<=", 20, latency, "ms", "%s: latency of the position", side(capture));
    say("<=", 0, ahead, "ms", "%s: position ahead of the run time", side(capture));
    say("<", 1, slowest, "ms", "%s: slowest read", side(capture));
    engine_close(&engine);
}

static void drift_and_jitter(bool capture)
{
    double time_ms[READS];
    double position_ms[READS];
    struct engine engine;
    open_and_run(&engine, capture, LONG_BUFFER);
    criteria_read(&engine, time_ms, position_ms, READS);
    struct criteria_fit fit = criteria_fit(time_ms, position_ms, READS);
    say("<=", 1, fabs(fit.rate_error_percent), "%", "%s: rate error, 100 reads", side(capture));
    say("<", 4, fit.jitter_max_ms, "ms", "%s: largest jitter, 100 reads", side(capture));
    say("<", 1, fit.jitter_std_ms, "ms", "%s: deviation of the jitter, 100 reads", side(capture));
    say("<", 1, fabs(fit.jitter_mean_ms), "ms", "%s: mean jitter, 100 reads", side(capture));
    engine_close(&engine);
}

/* Eighty seconds, by the offset in the buffer alone: wraps are counted here, not taken from the pin. */
static void long_run(bool capture)
{
    static double time_ms[LONG_READS];
    static double position_ms[LONG_READS];
    struct engine engine;
    KSAUDIO_POSITION position;
    open_and_run(&engine, capture, LONG_BUFFER);
    thread_sleep_until(clock_now_ns() + 100 * MS);
    uint64_t begin = clock_now_ns();
    uint64_t laps = 0, last = 0;
    double back = 0;
    for (unsigned i = 0; i < LONG_READS; i++) {
        thread_sleep_until(clock_now_ns() + 10 * MS + clock_jitter_ns(engine.options.jitter_stream));
        EXPECT(NT_SUCCESS(ks_pin_position(engine.pin, &position)), "GetPosition failed");
        uint64_t offset = capture ? position.WriteOffset : position.PlayOffset;
        laps += offset + engine.buffer_bytes / 2 < last;
        back += offset < last && offset + engine.buffer_bytes / 2 >= last;
        last = offset;
        time_ms[i] = (double)(clock_now_ns() - begin) / 1e6;
        position_ms[i] = (double)(laps * engine.buffer_bytes + offset) / engine.frame_bytes / 48.0;
    }
    struct criteria_fit fit = criteria_fit(time_ms, position_ms, LONG_READS);
    say("<=", 0.3, fit.jitter_std_ms, "ms", "%s: noise of the position, 80 s", side(capture));
    say("<", 0.02, fabs(fit.rate_error_percent), "%", "%s: position error, 80 s", side(capture));
    if (capture)
        say("<", 0.08, fabs(fit.rate_error_percent), "%", "capture: drift, 80 s");
    say("<", 3, fit.glitches / (time_ms[LONG_READS - 1] / 60e3), "per min", "%s: reads off by 0.8 ms, 80 s",
        side(capture));
    say("==", 0, back, "of 8000", "%s: reads that go back, 80 s", side(capture));
    double lost = fabs(position_ms[LONG_READS - 1] - position_ms[0] - time_ms[LONG_READS - 1] + time_ms[0]);
    say("<", LONG_BUFFER / 48.0, lost, "ms", "%s: what the wraps lose, 80 s", side(capture));
    engine_close(&engine);
}

/* One second of an event-driven client, from the first event on that is 100 ms after RUN, as Microsoft's tests begin: as
 * many as periods pass, and each finds the position moved. Measured when the event comes, before the client is late by
 * the jitter: that is not the driver's. */
static void events(bool capture, unsigned period_ms, ULONG notifications)
{
    struct engine engine;
    struct engine_options options = engine_options_default(capture);
    options.event_mode = true;
    options.notifications = notifications;
    options.buffer_frames = notifications * period_ms * 48;
    engine_open_required(&engine, capture, &options);
    say(">=", 1, (double)engine.pin->buffer.actual / engine.buffer_bytes, "x", "%s: buffer of %u x %u ms, actual size",
        side(capture), (unsigned)notifications, period_ms);
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN refused");
    uint64_t settled = clock_now_ns() + 100 * MS, before = 0, linear = 0;
    do {
        EXPECT(engine_be_late(&engine) && engine_await(&engine), "%s: no event with periods of %u ms", side(capture),
               period_ms);
    } while (clock_now_ns() < settled);
    uint64_t start = clock_now_ns(), now = start;
    unsigned count = 0, still = 0;
    while (now - start < 1000 * MS) {
        EXPECT(engine_be_late(&engine) && engine_await(&engine), "%s: no event with periods of %u ms", side(capture),
               period_ms);
        now = clock_now_ns();
        EXPECT(engine_position(&engine, &linear), "GetPosition failed");
        still += count != 0 && linear == before;
        before = linear;
        count++;
    }
    double expected = (double)(now - start) / 1e6 / period_ms;
    say("<=", 1, fabs(count - expected), "events", "%s: events against time, %u x %u ms", side(capture),
        (unsigned)notifications, period_ms);
    say("==", 0, still, "events", "%s: events without progress, %u x %u ms", side(capture), (unsigned)notifications,
        period_ms);
    engine_close(&engine);
}

/* Both directions at once, read at the same moments. */
static void rate_ratio(void)
{
    static double time_ms[RATIO_READS];
    static double position_ms[2][RATIO_READS];
    struct engine engines[2];
    for (int capture = 0; capture <= 1; capture++)
        open_and_run(&engines[capture], capture, LONG_BUFFER);
    thread_sleep_until(clock_now_ns() + 100 * MS);
    for (unsigned i = 0; i < RATIO_READS; i++) {
        thread_sleep_until(clock_now_ns() + 10 * MS);
        time_ms[i] = (double)clock_now_ns() / 1e6;
        for (int k = 0; k <= 1; k++)
            position_ms[k][i] = (double)criteria_linear(&engines[k]) / engines[k].frame_bytes / 48.0;
    }
    double ratio = criteria_fit(time_ms, position_ms[0], RATIO_READS).slope /
                   criteria_fit(time_ms, position_ms[1], RATIO_READS).slope;
    say("<", 0.001, fabs(ratio - 1) * 100, "%", "full duplex: render rate against capture rate, 10 s");
    engine_close(&engines[0]);
    engine_close(&engines[1]);
}

static void logo(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        stream_states(capture);
        first_position(capture);
        drift_and_jitter(capture);
        long_run(capture);
        for (unsigned period = 5; period <= 10; period++)
            events(capture, period, 2);
        events(capture, 20, 1); /* one period of the buffer of two, told once */
    }
    rate_ratio();
    device_down();
}

const struct scenario g_scenarios_logo[] = {{"logo", logo}, {NULL, NULL}};
