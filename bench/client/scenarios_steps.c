/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The life of a driver in which something happens at one step (bench/nt/steppoint.h):
 * load, add, start, play and record, remove, unload; then the same without it,
 * whose sound the host compares.
 *
 *     steps            nothing happens: says how many steps there are, and what holds at each
 *     steps:EVENT:N    EVENT happens at step N
 *
 * What takes time, or has to wait, is done by a thread that is preferred to all
 * others from that step on. Windows sends plug and play requests and requests of
 * power one at a time, and not before START_DEVICE has been answered: whoever
 * sends one takes his turn.
 *
 * A client to which something happens that it is to get over goes on for some
 * periods more than the others, so that what it plays and records after that can
 * be told from what was under way.
 *
 * Lines for the host: "facts XX..." two digits for each step; "steps N"; "failed
 * STEP STATUS" for what the driver refused; "ended STREAM" when one did before its
 * client was ready; "played FRAMES"; "recorded FRAMES"; "life N" when life N is over.
 */
#include "client.h"

#include "../nt/steppoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS NS_PER_MS_CLIENT
#define AWAY_NS (20 * MS)
#define FACTS_A_LINE 1000u
#define MORE_FRAMES 2400u /* two buffers and a half: one and a half may be under way, and lost */

static struct {
    struct stream_share shares[2]; /* render, capture */
    struct render_job playing;
    struct capture_job recording;
    unsigned clients;         /* that have not ended */
    KEVENT clients_gone;
    bool closed;              /* nobody opens a stream any more */
    KMUTEX turn;              /* of plug and play, and of power */
    KEVENT wanted;            /* somebody is to act */
    const struct step_event *event; /* NULL: none */
    uint64_t more_frames;     /* that clients are to move because it happened */
    bool over;
} g_life;

/* ---- what may happen ---- */

struct step_event {
    const char *name;
    void (*now)(void); /* exactly at the step; NULL: nothing */
    void (*act)(void); /* by the preferred thread; NULL: nothing */
    bool passes;       /* streams go on afterwards */
};

static void for_each_open(void (*act)(struct engine *engine))
{
    for (int i = 0; i < 2; i++) {
        struct engine *engine = share_enter(&g_life.shares[i]);
        if (!engine)
            continue;
        act(engine);
        engine_leave(engine);
    }
}

static void pause_one(struct engine *engine)
{
    if (engine->pin->state == KSSTATE_RUN)
        ks_pin_set_state(engine->pin, KSSTATE_PAUSE);
}

static void run_one(struct engine *engine)
{
    if (engine->pin->state == KSSTATE_PAUSE)
        engine_step(engine, "run-again", ks_pin_set_state(engine->pin, KSSTATE_RUN));
}

static void act_pause(void)
{
    for_each_open(pause_one);
    thread_sleep_until(clock_now_ns() + AWAY_NS);
    for_each_open(run_one);
}

static void stop_one(struct engine *engine)
{
    share_end(engine->options.share);
    ks_pin_set_state(engine->pin, KSSTATE_STOP);
}

static void act_stop(void) { for_each_open(stop_one); }

static void act_close(void)
{
    for (int i = 0; i < 2; i++)
        share_close(&g_life.shares[i]);
}

static void take_turn(void) { thread_wait(&g_life.turn, UINT64_MAX); }
static void give_turn(void) { KeReleaseMutex(&g_life.turn, FALSE); }

static bool device_is_started(void)
{
    const struct adapter *adapter = adapter_current();
    return adapter && adapter->started && !adapter->removed;
}

/* In its turn; only a device that was started is asked anything. */
static void ask_device(void (*ask)(void))
{
    take_turn();
    if (device_is_started())
        ask();
    give_turn();
}

static void lose_power(void)
{
    power_device(PowerDeviceD3);
    thread_sleep_until(clock_now_ns() + AWAY_NS);
    power_device(PowerDeviceD0);
}

static void sleep_through(SYSTEM_POWER_STATE state)
{
    NTSTATUS status = power_sleep(state, AWAY_NS);
    EXPECT(NT_SUCCESS(status), "the driver refuses to sleep: %s", status_name(status));
}

static void sleep_s3(void) { sleep_through(PowerSystemSleeping3); }
static void sleep_s4(void) { sleep_through(PowerSystemHibernate); }

/* As when a bus is given other resources. */
static void stop_and_start(void)
{
    EXPECT(NT_SUCCESS(pnp_query_stop_device()), "QUERY_STOP_DEVICE was refused");
    EXPECT(NT_SUCCESS(pnp_stop_device()), "STOP_DEVICE was refused");
    device_start();
}

static void disable_and_enable(void)
{
    EXPECT(NT_SUCCESS(pnp_query_remove_device()), "QUERY_REMOVE_DEVICE was refused");
    EXPECT(NT_SUCCESS(pnp_remove_device()), "REMOVE_DEVICE was refused");
    EXPECT(NT_SUCCESS(pnp_add_device()), "AddDevice after REMOVE_DEVICE was refused");
    device_start();
}

static void surprise(void) { EXPECT(NT_SUCCESS(pnp_surprise_removal()), "SURPRISE_REMOVAL was refused"); }

static void act_d3(void) { ask_device(lose_power); }
static void act_s3(void) { ask_device(sleep_s3); }
static void act_s4(void) { ask_device(sleep_s4); }
static void act_rebalance(void) { ask_device(stop_and_start); }
static void act_removal(void) { ask_device(surprise); }

/* Plug and play removes a device that nobody has a handle to; the audio service closes its own when it is asked. */
static void act_disable(void)
{
    g_life.closed = true;
    act_close();
    while (g_life.clients)
        thread_wait(&g_life.clients_gone, UINT64_MAX);
    ask_device(disable_and_enable);
}

static void now_device_interrupt(void) { host_strike(LINK_STRIKE_INTERRUPT); }

static void now_needs_reset(void)
{
    host_strike(LINK_STRIKE_NEEDS_RESET);
    thread_prefer(NULL);
}

static void now_notification(void)
{
    thread_prefer(NULL);
    step_let_time_pass();
}

static const struct step_event g_events[] = {
    {"interrupt", interrupt_from_neighbour, NULL, false},
    {"device-interrupt", now_device_interrupt, NULL, false},
    {"dpc", step_let_time_pass, NULL, false},
    {"notification", now_notification, NULL, false},
    {"needs-reset", now_needs_reset, NULL, true},
    {"removal", pnp_unplug, act_removal, false},
    {"pause", NULL, act_pause, true},
    {"stop", NULL, act_stop, false},
    {"close", NULL, act_close, false},
    {"disable", NULL, act_disable, false},
    {"rebalance", NULL, act_rebalance, false},
    {"d3", NULL, act_d3, true},
    {"s3", NULL, act_s3, true},
    {"s4", NULL, act_s4, true},
};

/* ---- the one who acts ---- */

static struct thread *g_actor;

static void actor(void *unused)
{
    (void)unused;
    thread_wait(&g_life.wanted, UINT64_MAX);
    if (!g_life.over && g_life.event->act)
        g_life.event->act();
}

/* Exactly at the step, at any IRQL. */
static void happen(void)
{
    if (g_life.event->passes)
        g_life.more_frames = g_life.shares[0].more_frames = g_life.shares[1].more_frames = MORE_FRAMES;
    if (g_life.event->now)
        g_life.event->now();
    if (!g_life.event->act)
        return;
    thread_prefer(g_actor);
    KeSetEvent(&g_life.wanted, 0, FALSE);
}

/* ---- a life ---- */

/* True when the step succeeded; says so when not. */
static bool step(const char *name, NTSTATUS status)
{
    if (!NT_SUCCESS(status))
        tell("failed %s %s", name, status_name(status));
    return NT_SUCCESS(status);
}

static void client_ended(void)
{
    g_life.clients--;
    KeSetEvent(&g_life.clients_gone, 0, FALSE);
}

static void play(void *unused)
{
    (void)unused;
    if (!g_life.closed)
        render_run(&g_life.playing);
    client_ended();
}

static void record(void *unused)
{
    (void)unused;
    if (!g_life.closed)
        capture_run(&g_life.recording);
    client_ended();
}

/* Finds what the clients will open, as one who holds a handle to each filter. In its turn: nothing is removed yet. */
static void find_endpoints(struct endpoint *endpoints)
{
    for (int i = 0; i < 2; i++) {
        KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
        endpoints[i] = endpoint_require(i == 1);
        com_object_addref(&endpoints[i].wave->com);
        format_negotiate(&endpoints[i], &format);
        share_init(&g_life.shares[i]);
        g_life.shares[i].more_frames = g_life.more_frames;
    }
}

static void forget_endpoints(const struct endpoint *endpoints)
{
    for (int i = 2; i-- > 0;)
        com_object_release(&endpoints[i].wave->com);
}

static struct engine_options options_of(int i)
{
    struct engine_options options = engine_options_default(i == 1);
    options.share = &g_life.shares[i];
    return options;
}

static void tell_end(const char *prefix, const struct stream_share *share)
{
    if (share->refused)
        tell("failed %s-%s %s", prefix, share->refused, status_name(share->status));
}

static void stream(const struct endpoint *endpoints)
{
    uint64_t frames = g_link->options.input_frames;
    g_life.playing = (struct render_job){.endpoint = endpoints[0], .options = options_of(0), .samples = g_input,
                                         .frames = frames, .spare_frames = g_input_spare,
                                         .pause_every_frames = frames / 2, .pause_ns = 2 * MS};
    g_life.recording = (struct capture_job){.endpoint = endpoints[1], .options = options_of(1),
                                            .frames = g_link->options.record_frames};
    g_life.recording.samples = calloc((size_t)g_life.recording.frames + MORE_FRAMES + 1, sizeof(int16_t));
    if (!g_life.recording.samples)
        bench_bug("no memory for the recording");
    g_life.clients = 2;
    step_mark(STEP_OPEN, true);
    struct thread *a = thread_create("render client", play, NULL);
    struct thread *b = thread_create("capture client", record, NULL);
    thread_join(a);
    thread_join(b);
    step_mark(STEP_OPEN, false);
    EXPECT(ks_open_pins() == 0, "%u pins still open", ks_open_pins());
    tell_end("render", &g_life.shares[0]);
    tell_end("capture", &g_life.shares[1]);
    if (g_life.playing.removed || g_life.closed)
        tell("ended render");
    if (g_life.recording.removed || g_life.closed)
        tell("ended capture");
    tell("played %llu", (unsigned long long)g_life.playing.result.frames);
    tell("recorded %llu", (unsigned long long)g_life.recording.result.frames);
    files_write_output(g_life.recording.samples, g_life.recording.result.frames);
    free(g_life.recording.samples);
}

/* Started, in its turn; gives it up while the streams run. */
static void stream_in_between(void)
{
    struct endpoint endpoints[2];
    find_endpoints(endpoints);
    step_mark(STEP_STARTED, true);
    give_turn();
    stream(endpoints);
    take_turn();
    step_mark(STEP_STARTED, false);
    forget_endpoints(endpoints);
}

static void live(void)
{
    if (!step("load", driver_try_load(g_link->options.sys_path)))
        return;
    take_turn();
    if (step("add", pnp_add_device())) {
        if (step("start", pnp_start_device()))
            stream_in_between();
        if (device_is_started())
            step("query-remove", pnp_query_remove_device());
        step("remove", pnp_remove_device());
        EXPECT(adapter_current() == NULL, "REMOVE_DEVICE did not reach PortCls");
    }
    give_turn();
    driver_unload();
}

static void tell_facts(void)
{
    uint64_t count = step_count();
    char line[2 * FACTS_A_LINE + 16];
    EXPECT(count <= STEPS_MAX, "%llu steps are too many", (unsigned long long)count);
    for (uint64_t first = 1; first <= count; first += FACTS_A_LINE) {
        int used = snprintf(line, sizeof line, "facts ");
        for (uint64_t i = first; i < first + FACTS_A_LINE && i <= count; i++)
            used += snprintf(line + used, sizeof line - (size_t)used, "%02X", step_facts(i));
        tell("%s", line);
    }
    tell("steps %llu", (unsigned long long)count);
}

static uint64_t parse(const char *text)
{
    char name[32] = "";
    unsigned long long nth = 0;
    int end = 0;
    EXPECT(sscanf(text, "%31[^:]:%llu%n", name, &nth, &end) == 2 && text[end] == '\0' && nth != 0,
           "'%s' is no EVENT:N", text);
    for (size_t i = 0; i < sizeof g_events / sizeof *g_events; i++) {
        if (strcmp(g_events[i].name, name) == 0)
            g_life.event = &g_events[i];
    }
    EXPECT(g_life.event, "no event is called '%s'", name);
    return nth;
}

static void steps(void)
{
    const char *colon = strchr(g_link->options.scenario, ':');
    uint64_t nth = colon ? parse(colon + 1) : 0;
    KeInitializeMutex(&g_life.turn, 0);
    KeInitializeEvent(&g_life.wanted, SynchronizationEvent, FALSE);
    KeInitializeEvent(&g_life.clients_gone, SynchronizationEvent, FALSE);
    g_actor = thread_create("actor", actor, NULL);
    thread_sleep_until(clock_now_ns() + MS); /* it waits from now on */
    step_plan(nth, happen);
    live();
    step_end();
    g_life.over = true;
    KeSetEvent(&g_life.wanted, 0, FALSE);
    thread_join(g_actor);
    if (!colon)
        tell_facts();
    tell("life 1");
    pnp_plug();
    scenario_duplex();
    tell("life 2");
}

const struct scenario g_scenarios_steps[] = {{"steps", steps}, {NULL, NULL}};
