/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios about one stream's life: pausing, re-opening, buffers, positions by Microsoft's criteria. */
#include "client.h"

#include "../nt/faultpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MS NS_PER_MS_CLIENT
#define ROOMY_FRAMES (SAMPLE_RATE / 25) /* 40 ms that are not the client's to read */
#define COUNTERS_APART_TICKS 4 /* 1.6 us */

/* ---- sound that pauses, and streams that come again ---- */

static void pause_resume_loses_nothing(void)
{
    device_up();
    struct render_job job = {.endpoint = endpoint_require(false),
                             .options = engine_options_default(false),
                             .samples = g_input,
                             .frames = g_link->options.input_frames,
                             .pause_every_frames = 3777,
                             .pause_ns = 37 * MS};
    render_run(&job);
    EXPECT(job.result.frames == job.frames, "only %llu of %llu frames went into the buffer",
           (unsigned long long)job.result.frames, (unsigned long long)job.frames);
    g_link->result.render = job.result;
    device_down();
}

static void pause_resume_capture(void)
{
    device_up();
    struct capture_job job = {.endpoint = endpoint_require(true),
                              .options = engine_options_default(true),
                              .frames = g_link->options.record_frames,
                              .pause_every_frames = 3777,
                              .pause_ns = 37 * MS};
    job.samples = calloc((size_t)job.frames + 1, sizeof *job.samples);
    capture_run(&job);
    g_link->result.capture = job.result;
    files_write_output(job.samples, job.result.frames);
    free(job.samples);
    device_down();
}

/* One client takes a part of the buffer at each notification, another only what the position covers: both must get what
 * was spoken. The microphone's signal begins anew with each stream. */
static void both_ways_to_capture_agree(void)
{
    device_up();
    uint64_t frames = g_link->options.record_frames;
    int16_t *samples[2];
    for (unsigned way = 0; way < 2; way++) {
        struct capture_job job = {.endpoint = endpoint_require(true),
                                  .options = engine_options_default(true),
                                  .frames = frames,
                                  .by_position = way == 1};
        samples[way] = calloc((size_t)frames + 1, sizeof **samples);
        job.samples = samples[way];
        capture_run(&job);
        g_link->result.capture = job.result;
    }
    for (uint64_t i = 0; i < frames; i++)
        EXPECT(samples[0][i] == samples[1][i], "frame %llu: %d by notification, %d by position", (unsigned long long)i,
               samples[0][i], samples[1][i]);
    free(samples[0]);
    free(samples[1]);
    device_down();
}

/* The sound in three parts, each through a stream of its own. */
static void reopen(void)
{
    device_up();
    uint64_t frames = g_link->options.input_frames;
    uint64_t done = 0;
    for (unsigned part = 1; part <= 3; part++) {
        uint64_t upto = frames * part / 3;
        struct render_job job = {.endpoint = endpoint_require(false),
                                 .options = engine_options_default(false),
                                 .samples = g_input ? g_input + 2 * done : NULL,
                                 .frames = upto - done};
        render_run(&job);
        if (part == 1)
            g_link->result.render.run_ns = job.result.run_ns;
        g_link->result.render.frames += job.result.frames;
        g_link->result.render.periods += job.result.periods;
        g_link->result.render.late_wakeups += job.result.late_wakeups;
        g_link->result.render.idle_ns = job.result.idle_ns;
        done = upto;
    }
    device_down();
}

/* ---- two processors ---- */

static bool g_playing;

/* Right behind each completion the device interrupts twice more: other processors look at the streams as well. */
static void interrupt_again(void *unused)
{
    (void)unused;
    while (g_playing) {
        uint64_t interrupts = g_link->result.interrupts;
        while (g_playing && g_link->result.interrupts == interrupts)
            thread_sleep_until(clock_now_ns() + MS / 100);
        host_strike(LINK_STRIKE_INTERRUPT);
        host_strike(LINK_STRIKE_INTERRUPT);
        thread_sleep_until(clock_now_ns() + 9 * MS);
    }
}

/* Processors serve a stream whose counters are a little apart: that costs no sound, and stops none. */
static void counters_are_apart(void)
{
    device_up();
    struct render_job playing = {.endpoint = endpoint_require(false),
                                 .options = engine_options_default(false),
                                 .samples = g_input,
                                 .frames = g_link->options.input_frames};
    clock_set_counters_apart(COUNTERS_APART_TICKS);
    g_playing = true;
    struct thread *other = thread_create("other processors", interrupt_again, NULL);
    render_run(&playing);
    g_playing = false;
    thread_join(other);
    uint64_t took_ns = playing.result.idle_ns - playing.result.run_ns;
    EXPECT(took_ns < playing.frames * 1000 / 48 * 1000 + 100 * MS, "the sound took %llu ms",
           (unsigned long long)(took_ns / MS));
    g_link->result.render = playing.result;
    device_down();
}

/* RUN, PAUSE, STOP and RUN again on one pin and buffer, many times and quickly. */
static void state_walks(void)
{
    static const KSSTATE walk[] = {KSSTATE_ACQUIRE, KSSTATE_STOP,  KSSTATE_PAUSE, KSSTATE_RUN, KSSTATE_PAUSE,
                                   KSSTATE_RUN,     KSSTATE_STOP,  KSSTATE_RUN,   KSSTATE_ACQUIRE, KSSTATE_RUN,
                                   KSSTATE_PAUSE,   KSSTATE_STOP,  KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_STOP};
    static const unsigned stay_ms[] = {0, 3, 14, 1, 40};
    KSAUDIO_POSITION position;
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine engine;
        engine_open_default(&engine, capture);
        for (size_t i = 0; i < 3 * sizeof walk / sizeof *walk; i++) {
            NTSTATUS status = ks_pin_set_state(engine.pin, walk[i % (sizeof walk / sizeof *walk)]);
            EXPECT(NT_SUCCESS(status), "%s: state %d answered %s", endpoint_name(&engine.endpoint),
                   (int)walk[i % (sizeof walk / sizeof *walk)], status_name(status));
            thread_sleep_until(clock_now_ns() + stay_ms[i % 5] * MS);
            status = ks_pin_position(engine.pin, &position);
            EXPECT(NT_SUCCESS(status), "GetPosition answered %s", status_name(status));
        }
        engine_close(&engine);
    }
    device_down();
}

/* ---- Microsoft's position criteria ---- */

/* A buffer that is long beside the time between two reads: no turn of it can go unseen. */
static void open_long(struct engine *engine, bool capture)
{
    struct engine_options options = engine_options_default(capture);
    options.buffer_frames = SAMPLE_RATE / 5;
    engine_open_required(engine, capture, &options);
}

/* Ten reads, 50 ms apart: all different in RUN, all the same in PAUSE, all zero in STOP. */
static void expect_moving(struct engine *engine)
{
    thread_sleep_until(clock_now_ns() + 100 * MS);
    uint64_t before = criteria_linear(engine);
    for (int i = 0; i < 10; i++) {
        thread_sleep_until(clock_now_ns() + 50 * MS);
        uint64_t now = criteria_linear(engine);
        EXPECT(now != before, "%s: position stands still in RUN", endpoint_name(&engine->endpoint));
        before = now;
    }
}

static void expect_still(struct engine *engine, bool zero)
{
    KSAUDIO_POSITION first;
    KSAUDIO_POSITION next;
    thread_sleep_until(clock_now_ns() + 100 * MS);
    ks_pin_position(engine->pin, &first);
    for (int i = 0; i < 10; i++) {
        thread_sleep_until(clock_now_ns() + 50 * MS);
        ks_pin_position(engine->pin, &next);
        EXPECT(memcmp(&first, &next, sizeof first) == 0, "%s: position moves in %s", endpoint_name(&engine->endpoint),
               zero ? "STOP" : "PAUSE");
    }
    EXPECT(!zero || (first.PlayOffset == 0 && first.WriteOffset == 0), "%s: position %llu in STOP",
           endpoint_name(&engine->endpoint), (unsigned long long)first.PlayOffset);
}

static void stream_state_control(bool capture)
{
    struct engine engine;
    open_long(&engine, capture);
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN refused");
    expect_moving(&engine);
    ks_pin_set_state(engine.pin, KSSTATE_PAUSE);
    expect_still(&engine, false);
    ks_pin_set_state(engine.pin, KSSTATE_STOP);
    expect_still(&engine, true);
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN after STOP refused");
    expect_moving(&engine);
    engine_close(&engine);
}

static void first_position_and_latency(bool capture)
{
    struct engine engine;
    open_long(&engine, capture);
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN refused");
    uint64_t start = clock_now_ns();
    uint64_t linear;
    while ((linear = criteria_linear(&engine)) == 0) {
        EXPECT(clock_now_ns() - start < 500 * MS, "%s: no position for 500 ms", endpoint_name(&engine.endpoint));
        thread_sleep_until(clock_now_ns() + MS);
    }
    double behind = (double)(clock_now_ns() - start) / 1e6 - (double)linear / engine.frame_bytes / 48.0;
    double limit = capture ? 30.0 : 20.0; /* the criterion is for render pins; capture has to wait for a period */
    EXPECT(behind <= limit, "%s: the first position is %.2f ms behind the clock", endpoint_name(&engine.endpoint),
           behind);
    engine_close(&engine);
}

#define READS 100
#define PHASES 32

/* Least squares for the rate; jitter against the nominal slope, as the Kspos test does it. */
static void judge(const struct criteria_fit *fit, const char *who)
{
    double error = fit->rate_error_percent, maximum = fit->jitter_max_ms;
    double deviation = fit->jitter_std_ms, mean = fit->jitter_mean_ms;
    note("%s: rate error %.4f %%, jitter max %.3f ms, std %.3f ms, mean %.3f ms", who, error, maximum, deviation, mean);
    /* Kspos limits for a machine whose timers are late by up to `late` ms; without that the stricter AEC limits. */
    double late = g_link->options.jitter_us / 1000.0;
    double rate_limit = late > 0 ? 1.0 : 0.02;
    double noise_limit = late > 0 ? 1.0 + late / sqrt(12.0) : 0.3;
    EXPECT(fabs(error) <= rate_limit, "%s: rate error %.4f %% is above %.2f %%", who, error, rate_limit);
    EXPECT(maximum < 4.0 + late, "%s: jitter %.3f ms", who, maximum);
    EXPECT(deviation <= noise_limit, "%s: noise %.3f ms is above %.2f ms", who, deviation, noise_limit);
    EXPECT(mean > -1 && mean < 2, "%s: mean jitter %.3f ms", who, mean);
}

static void drift_and_jitter(bool capture)
{
    struct engine engine;
    open_long(&engine, capture);
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN refused");
    double time_ms[READS];
    double position_ms[READS];
    criteria_read(&engine, time_ms, position_ms, READS);
    double step = criteria_mend_grain(time_ms, position_ms, READS);
    if (step > 0)
        note("%s: a step of %.3f ms of the device's clock", endpoint_name(&engine.endpoint), step);
    struct criteria_fit fit = criteria_fit(time_ms, position_ms, READS);
    judge(&fit, endpoint_name(&engine.endpoint));
    engine_close(&engine);
}

static void position_criteria(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        stream_state_control(capture);
        first_position_and_latency(capture);
        drift_and_jitter(capture);
    }
    device_down();
}

/* Streams that begin all over a millisecond, so that a device's clock that is 100 ppm slow walks across the whole one
 * at which it is called in the first half second of one of them, when the driver holds nothing in reserve yet. */
static void position_criteria_at_each_phase(void)
{
    device_up();
    for (unsigned phase = 0; phase < PHASES; phase++) {
        for (int capture = 0; capture <= 1; capture++) {
            thread_sleep_until((clock_now_ns() / MS + 1) * MS + phase * (MS / PHASES));
            drift_and_jitter(capture);
        }
    }
    device_down();
}

/* Reads 10 us apart from from_ns on until the device has told of a completion, and two more. When that was. */
static uint64_t read_around_completion(struct engine *engine, uint64_t from_ns)
{
    uint64_t interrupts = g_link->result.interrupts;
    uint64_t told_ns;
    thread_sleep_until(from_ns);
    do {
        EXPECT(clock_now_ns() < from_ns + 1000 * MS, "%s: the device completes nothing",
               endpoint_name(&engine->endpoint));
        told_ns = clock_now_ns();
        criteria_linear(engine);
        thread_sleep_until(clock_now_ns() + MS / 100);
    } while (g_link->result.interrupts == interrupts);
    for (int i = 0; i < 2; i++) {
        criteria_linear(engine);
        thread_sleep_until(clock_now_ns() + MS / 100);
    }
    return told_ns;
}

/* A card that is slow: each correction takes the position back by a part of a frame, and that happens when a period is
 * completed. A step back is a turn of nearly a whole buffer to the pin, which calls that POSITION_AHEAD. */
static void position_never_goes_back(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine engine;
        open_long(&engine, capture);
        EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN refused");
        uint64_t end = clock_now_ns() + 20000 * MS;
        uint64_t from = clock_now_ns();
        while (from < end)
            from = read_around_completion(&engine, from) + 10 * MS - MS / 50;
        engine_close(&engine);
    }
    device_down();
}

/* ---- buffers and notifications ---- */

static void run_briefly(struct engine *engine, unsigned wakeups)
{
    uint64_t linear;
    EXPECT(NT_SUCCESS(engine_run(engine)), "RUN refused");
    for (unsigned i = 0; i < wakeups; i++) {
        EXPECT(engine_wait(engine), "%s: no notification with a buffer of %u frames", endpoint_name(&engine->endpoint),
               (unsigned)engine->options.buffer_frames);
        EXPECT(engine_position(engine, &linear), "GetPosition failed");
    }
}

/* Buffers of any number of frames, of exactly the size asked for; primes too. */
static void odd_buffer_sizes(void)
{
    static const ULONG frames[] = {480, 481, 487, 960, 997, 1440, 2017, 4099, 9973, 48000, 96001};
    device_up();
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        for (int capture = 0; capture <= 1; capture++) {
            struct engine engine;
            struct engine_options options = engine_options_default(capture);
            options.buffer_frames = frames[i];
            options.event_mode = i % 2 == 0;
            options.notifications = frames[i] % 2 ? 1 : 2;
            engine_open_required(&engine, capture, &options);
            run_briefly(&engine, 3);
            engine_close(&engine);
        }
    }
    device_down();
}

static void refuse_allocation(struct engine *engine, ULONG bytes, ULONG notifications, const char *what)
{
    NTSTATUS status = ks_pin_allocate(engine->pin, bytes, notifications);
    EXPECT(!NT_SUCCESS(status), "a buffer of %u bytes with %u notifications was given: %s", (unsigned)bytes,
           (unsigned)notifications, what);
}

static void bad_buffers_are_refused(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine engine;
        engine_open_default(&engine, capture);
        ULONG frame = engine.frame_bytes;
        ks_pin_unregister_event(engine.pin, &engine.event);
        engine.options.event_mode = false;
        ks_pin_free(engine.pin);
        refuse_allocation(&engine, 0, 0, "no bytes");
        refuse_allocation(&engine, 0, 1, "no bytes");
        refuse_allocation(&engine, 960 * frame + 1, 0, "no whole frames");
        refuse_allocation(&engine, 960 * frame + 1, 1, "no whole frames");
        refuse_allocation(&engine, 961 * frame, 2, "half of it is no whole frame");
        refuse_allocation(&engine, 960 * frame, 3, "only 1 and 2 notifications exist");
        refuse_allocation(&engine, 960 * frame, 0xFFFFFFFF, "only 1 and 2 notifications exist");
        refuse_allocation(&engine, 97 * frame, 1, "one event a turn, and no time to refill it");
        refuse_allocation(&engine, 479 * frame, 1, "one event a turn, and no time to refill it");
        refuse_allocation(&engine, 0xFFFFFFFF, 0, "too large");
        refuse_allocation(&engine, 0xFFFFFFFC, 1, "too large");
        EXPECT(NT_SUCCESS(ks_pin_allocate(engine.pin, 960 * frame, 2)), "a good buffer is refused after bad ones");
        engine_close(&engine);
    }
    device_down();
}

/* The allocator gives fewer pages than asked, or none: the driver says so and keeps nothing. */
static void short_of_pages(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine engine;
        engine_open_default(&engine, capture);
        if (engine.options.event_mode)
            ks_pin_unregister_event(engine.pin, &engine.event);
        engine.options.event_mode = false;
        for (ULONG notifications = 0; notifications <= 2; notifications++) {
            ks_pin_free(engine.pin);
            fault_plan(FAULT_STREAM_PAGES, 1, false);
            refuse_allocation(&engine, 9600 * engine.frame_bytes, notifications, "no pages");
            fault_plan(FAULT_STREAM_SHORT, 1, false);
            refuse_allocation(&engine, 9600 * engine.frame_bytes, notifications, "half of the pages");
            fault_plan_nothing();
            NTSTATUS status = ks_pin_allocate(engine.pin, 9600 * engine.frame_bytes, notifications);
            EXPECT(NT_SUCCESS(status), "buffer refused: %s", status_name(status));
        }
        engine_close(&engine);
    }
    device_down();
}

/* What a position may have gone on when its notification arrives: two ticks of the timer, and what the driver's timer
 * and the client's waking are late. */
static uint64_t late_bytes(const struct engine *engine)
{
    return (2000 + 2 * g_link->options.jitter_us) * (SAMPLE_RATE / 1000) / 1000 * engine->frame_bytes;
}

/* As many events as boundaries that the position crossed, on time. */
static void count_notifications(bool capture, ULONG notifications, ULONG frames)
{
    struct engine engine;
    struct engine_options options = engine_options_default(capture);
    options.event_mode = true;
    options.notifications = notifications;
    options.buffer_frames = frames;
    bool roomy = frames - frames / notifications >= ROOMY_FRAMES;
    engine_open_required(&engine, capture, &options);
    uint64_t start = clock_now_ns();
    EXPECT(NT_SUCCESS(engine_run(&engine)), "RUN refused");
    for (uint64_t n = 1; n <= 20; n++) {
        uint64_t linear;
        EXPECT(engine_wait(&engine), "%s: notification %u missing", endpoint_name(&engine.endpoint), (unsigned)n);
        EXPECT(engine_position(&engine, &linear), "GetPosition failed");
        /* Captured data of a short buffer is announced when it is there; the position interpolates behind it. */
        uint64_t elapsed = (clock_now_ns() - start) / 1000 * engine.frame_bytes * 48 / 1000;
        uint64_t crossed = capture && !roomy ? elapsed : linear;
        EXPECT(crossed >= n * engine.chunk_bytes, "%s: notification %u came before its boundary: %llu of %llu bytes",
               endpoint_name(&engine.endpoint), (unsigned)n, (unsigned long long)crossed,
               (unsigned long long)(n * engine.chunk_bytes));
        uint64_t late = capture && roomy ? late_bytes(&engine) : engine.chunk_bytes;
        EXPECT(linear < n * engine.chunk_bytes + late, "%s: notification %u came %llu frames late",
               endpoint_name(&engine.endpoint), (unsigned)n,
               (unsigned long long)((linear - n * engine.chunk_bytes) / engine.frame_bytes));
    }
    ks_pin_set_state(engine.pin, KSSTATE_PAUSE);
    thread_wait(&engine.event, clock_now_ns() + MS); /* one may have been on its way */
    EXPECT(!thread_wait(&engine.event, clock_now_ns() + 100 * MS), "%s: notified in PAUSE",
           endpoint_name(&engine.endpoint));
    engine_close(&engine);
}

static void notification_counts(void)
{
    static const ULONG halves_ms[] = {10, 50, 100};
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        count_notifications(capture, 1, 960);
        for (size_t i = 0; i < sizeof halves_ms / sizeof *halves_ms; i++)
            count_notifications(capture, 2, 2 * halves_ms[i] * (SAMPLE_RATE / 1000));
    }
    device_down();
}

static void notification_events(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine_options options = engine_options_default(capture);
        struct engine engine;
        KEVENT other;
        options.event_mode = true;
        engine_open_required(&engine, capture, &options);
        KeInitializeEvent(&other, SynchronizationEvent, FALSE);
        ks_pin_register_event(engine.pin, &engine.event); /* a second time: the pin's rule EVENT_TWICE */
        EXPECT(NT_SUCCESS(ks_pin_register_event(engine.pin, &other)), "a second event is refused");
        EXPECT(ks_pin_unregister_event(engine.pin, &other) == STATUS_SUCCESS, "event not unregistered");
        EXPECT(ks_pin_unregister_event(engine.pin, &other) == STATUS_NOT_FOUND,
               "unregistering an unknown event must answer STATUS_NOT_FOUND");
        run_briefly(&engine, 3);
        EXPECT(!thread_wait(&other, clock_now_ns()), "an unregistered event was signalled");
        engine_close(&engine);
    }
    device_down();
}

/* ---- pins ---- */

static void two_opens_of_one_pin_are_refused(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine first;
        engine_open_default(&first, capture);
        struct engine second;
        struct engine_options options = engine_options_default(capture);
        EXPECT(!NT_SUCCESS(engine_open(&second, &first.endpoint, &options)), "%s opened twice",
               endpoint_name(&first.endpoint));
        /* What KS refuses by the instance count, the miniport has to refuse too: it may be asked by a filter above. */
        struct port *port = first.endpoint.wave;
        ULONG open = port->open_pins[first.endpoint.pin];
        port->open_pins[first.endpoint.pin] = 0;
        NTSTATUS status = engine_open(&second, &first.endpoint, &options);
        port->open_pins[first.endpoint.pin] = open;
        EXPECT(!NT_SUCCESS(status), "%s: NewStream gave a second stream", endpoint_name(&first.endpoint));
        engine_close(&first);
        engine_open_required(&second, capture, &options);
        engine_close(&second);
    }
    device_down();
}

static void registers_are_refused(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        KSRTAUDIO_HWREGISTER hw;
        struct engine engine;
        engine_open_default(&engine, capture);
        NTSTATUS position = ks_pin_position_register(engine.pin, &hw);
        NTSTATUS clock = ks_pin_clock_register(engine.pin, &hw);
        EXPECT(position == STATUS_NOT_SUPPORTED && clock == STATUS_NOT_SUPPORTED,
               "%s: there are no such registers, yet the answers are %s and %s", endpoint_name(&engine.endpoint),
               status_name(position), status_name(clock));
        run_briefly(&engine, 5);
        engine_close(&engine);
    }
    device_down();
}

const struct scenario g_scenarios_stream[] = {
    {"pause_resume_loses_nothing", pause_resume_loses_nothing},
    {"pause_resume_capture", pause_resume_capture},
    {"both_ways_to_capture_agree", both_ways_to_capture_agree},
    {"reopen", reopen},
    {"counters_are_apart", counters_are_apart},
    {"state_walks", state_walks},
    {"position_criteria", position_criteria},
    {"position_criteria_at_each_phase", position_criteria_at_each_phase},
    {"position_never_goes_back", position_never_goes_back},
    {"odd_buffer_sizes", odd_buffer_sizes},
    {"bad_buffers_are_refused", bad_buffers_are_refused},
    {"short_of_pages", short_of_pages},
    {"notification_counts", notification_counts},
    {"notification_events", notification_events},
    {"two_opens_of_one_pin_are_refused", two_opens_of_one_pin_are_refused},
    {"registers_are_refused", registers_are_refused},
    {NULL, NULL}};
