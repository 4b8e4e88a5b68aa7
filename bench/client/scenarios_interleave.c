/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Short races between what a client or the system asks for and what the device
 * and the clock bring, on several processors (bench/nt/schedule.c):
 *
 *     interleave:RACE          processors change only where one cannot go on
 *     interleave:RACE:PLAN     and at the points of the plan
 *
 * Lines for the host: "choices D" with a digit for each point of the race, and
 * "life 1" when it is over; then a life without a race, in the same process.
 */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS NS_PER_MS_CLIENT
#define SETTLE_NS (23 * MS + 700000) /* into RUN: between two timer ticks, with periods in flight */

static struct engine *g_engines; /* render, capture: the driver points to the events inside */

static struct pin *render(void) { return g_engines[0].pin; }
static struct pin *capture(void) { return g_engines[1].pin; }

/* GetPosition without the rules of the state, which somebody else is changing. */
static void peek(struct pin *pin)
{
    KSAUDIO_POSITION position = {UINT64_MAX, UINT64_MAX};
    NTSTATUS status =
        DRIVER_CALL("IMiniportWaveRTStream::GetPosition", pin->stream->v->GetPosition(pin->stream, &position));
    EXPECT(NT_SUCCESS(status), "GetPosition answered %s", status_name(status));
    EXPECT(position.PlayOffset < pin->buffer.actual && position.WriteOffset < pin->buffer.actual,
           "position %llu and %llu of %u", (unsigned long long)position.PlayOffset,
           (unsigned long long)position.WriteOffset, (unsigned)pin->buffer.actual);
}

/* ---- what is done ---- */

static void stop_render(void *unused) { (void)unused, ks_pin_jump(render(), KSSTATE_STOP); }
static void stop_capture(void *unused) { (void)unused, ks_pin_jump(capture(), KSSTATE_STOP); }
static void pause_render(void *unused)
{
    (void)unused;
    ks_pin_jump(render(), KSSTATE_PAUSE);
    ks_pin_jump(render(), KSSTATE_RUN);
}
static void pause_capture(void *unused)
{
    (void)unused;
    ks_pin_jump(capture(), KSSTATE_PAUSE);
    ks_pin_jump(capture(), KSSTATE_RUN);
}
static void start_render(void *unused) { (void)unused, ks_pin_jump(render(), KSSTATE_RUN); }
static void start_capture(void *unused) { (void)unused, ks_pin_jump(capture(), KSSTATE_RUN); }
static void drop(struct engine *engine)
{
    ks_pin_drop(engine->pin);
    engine->pin = NULL;
}
static void drop_render(void *unused) { (void)unused, drop(&g_engines[0]); }
static void drop_capture(void *unused) { (void)unused, drop(&g_engines[1]); }
static void drop_both(void)
{
    drop(&g_engines[0]);
    drop(&g_engines[1]);
}
static void events(void *unused)
{
    (void)unused;
    for (int i = 0; i <= 1; i++) {
        ks_pin_unregister_event(g_engines[i].pin, &g_engines[i].event);
        peek(g_engines[i].pin);
        ks_pin_register_event(g_engines[i].pin, &g_engines[i].event);
    }
}
static void peek_both(void *unused)
{
    (void)unused;
    for (int i = 0; i < 4; i++)
        peek(g_engines[i % 2].pin);
}
static void stop_device(void *unused) { (void)unused, pnp_stop_device(); }
static void surprise(void *unused) { (void)unused, pnp_surprise_removal(); }
/* REMOVE_DEVICE comes when the last handle has been closed, behind SURPRISE_REMOVAL as well. */
static void remove_device(void *unused)
{
    (void)unused;
    drop_both();
    device_remove();
}
static void unplug(void *unused)
{
    surprise(unused);
    drop_both();
    EXPECT(NT_SUCCESS(pnp_remove_device()), "REMOVE_DEVICE refused");
}
static void sleep_device(void *unused)
{
    (void)unused;
    power_device(PowerDeviceD3);
    power_device(PowerDeviceD0);
}

/* ---- races ---- */

static const struct race {
    const char *name;
    bool running; /* both streams, when it begins */
    enum { GOES_ON, ENDED, GONE } device; /* at its end; ENDED: stopped or removed */
    void (*first)(void *);
    void (*second)(void *); /* by another client; NULL: there is none */
} g_races[] = {
    {"start-render", false, GOES_ON, start_render, NULL},
    {"start-capture", false, GOES_ON, start_capture, NULL},
    {"stop-render", true, GOES_ON, stop_render, NULL},
    {"stop-capture", true, GOES_ON, stop_capture, NULL},
    {"pause-render", true, GOES_ON, pause_render, NULL},
    {"pause-capture", true, GOES_ON, pause_capture, NULL},
    {"close-render", true, GOES_ON, drop_render, NULL},
    {"close-capture", true, GOES_ON, drop_capture, NULL},
    {"events", true, GOES_ON, events, NULL},
    {"stop-device", true, ENDED, stop_device, NULL},
    {"remove-device", true, ENDED, remove_device, NULL},
    {"removal", true, GONE, surprise, NULL},
    {"unplug", true, GONE, unplug, NULL},
    {"sleep", true, GOES_ON, sleep_device, NULL},
    {"stop+stop", true, GOES_ON, stop_render, stop_capture},
    {"stop+position", true, GOES_ON, stop_render, peek_both},
    {"pause+stop", true, GOES_ON, pause_render, stop_render},
    {"stop+removal", true, GONE, stop_render, surprise},
    {"stop+stop-device", true, ENDED, stop_capture, stop_device},
    {"start+removal", false, GONE, start_render, surprise},
    {"pause+sleep", true, GOES_ON, pause_capture, sleep_device},
};

static const struct race *find_race(const char *text, const char **plan)
{
    size_t length = strcspn(text, ":");
    *plan = text[length] == ':' ? text + length + 1 : "";
    for (size_t i = 0; i < sizeof g_races / sizeof *g_races; i++) {
        if (strlen(g_races[i].name) == length && strncmp(g_races[i].name, text, length) == 0)
            return &g_races[i];
    }
    scenario_failed("no race is called '%.*s'", (int)length, text);
}

static void tell_races(void)
{
    for (size_t i = 0; i < sizeof g_races / sizeof *g_races; i++)
        tell("race %s", g_races[i].name);
    scenario_duplex();
    tell("life 1");
}

static void open_both(const struct race *race)
{
    g_engines = calloc(2, sizeof *g_engines);
    if (!g_engines)
        bench_bug("no memory for two streams");
    for (int i = 0; i <= 1; i++) {
        struct engine_options options = engine_options_default(i);
        options.event_mode = true;
        engine_open_required(&g_engines[i], i, &options);
        if (i == 0)
            engine_copy_in(&g_engines[i], 0, NULL, g_engines[i].buffer_bytes);
        if (race->running)
            EXPECT(NT_SUCCESS(engine_run(&g_engines[i])), "RUN refused");
    }
    thread_sleep_until(clock_now_ns() + SETTLE_NS);
}

static void run_race(const struct race *race, const char *plan)
{
    struct thread *other = race->second ? thread_create("other client", race->second, NULL) : NULL;
    EXPECT(schedule_begin(plan), "'%s' is no plan", plan);
    race->first(NULL);
    if (other)
        thread_join(other);
    const char *choices = schedule_end();
    if (choices) { /* NULL: the plan is not reached, and the host says so */
        note("%zu points: %s", strlen(choices), choices);
        tell("choices %s", choices);
    }
}

static void close_both(void)
{
    for (int i = 0; i <= 1; i++) {
        if (g_engines[i].pin)
            ks_pin_jump(g_engines[i].pin, KSSTATE_STOP);
        engine_close(&g_engines[i]);
    }
    EXPECT(ks_open_pins() == 0, "%u pins still open", ks_open_pins());
    free(g_engines);
}

static void interleave(void)
{
    const char *colon = strchr(g_link->options.scenario, ':');
    const char *plan;
    if (!colon) {
        tell_races();
        return;
    }
    const struct race *race = find_race(colon + 1, &plan);
    device_up();
    open_both(race);
    run_race(race, plan);
    close_both();
    if (race->device == GOES_ON) {
        device_down();
    } else {
        if (adapter_current()) /* else the race has removed it */
            pnp_remove_device();
        device_unload();
    }
    if (race->device == GONE)
        pnp_plug();
    tell("life 1");
    scenario_duplex();
    tell("life 2");
}

const struct scenario g_scenarios_interleave[] = {{"interleave", interleave}, {NULL, NULL}};
