/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fault sweep's life of a driver: load, add, start, play and record, stop,
 * remove, unload, with one use of one resource failing on the way; then the
 * same without any failure, whose sound the host compares.
 *
 *     faults                       nothing fails: says how often each kind is used
 *     faults:KIND:N:once           use N of KIND fails
 *     faults:KIND:N:on             and every later one
 *     faults:KIND:N:once:KIND2     and every use of KIND2
 *
 * Lines for the host: "uses KIND N", "failed STEP STATUS" for each step that the
 * driver refused, and "life N" when life N is over.
 */
#include "client.h"

#include "../nt/faultpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FRAMES 2400 /* more than a page of either stream, so that there can be too few */
#define WAKEUPS 4
#define BEFORE_PAUSE 2

/* True when the step succeeded; says so when not. */
static bool step(const char *name, const char *what, NTSTATUS status)
{
    if (!NT_SUCCESS(status))
        tell("failed %s%s %s", what, name, status_name(status));
    return NT_SUCCESS(status);
}

/* ---- streams that may fail at any point ---- */

struct attempt {
    struct engine engine;
    const char *prefix;
    bool open, running;
};

static void begin(struct attempt *attempt, bool capture)
{
    struct endpoint endpoint = endpoint_require(capture);
    struct engine_options options = engine_options_default(capture);

    options.buffer_frames = BUFFER_FRAMES;
    attempt->prefix = capture ? "capture-" : "render-";
    attempt->open = step("open", attempt->prefix, engine_open(&attempt->engine, &endpoint, &options));
    if (!attempt->open)
        return;
    if (!capture)
        engine_copy_in(&attempt->engine, 0, NULL, attempt->engine.buffer_bytes);
    attempt->running = step("pause", attempt->prefix, ks_pin_set_state(attempt->engine.pin, KSSTATE_PAUSE)) &&
                       step("run", attempt->prefix, engine_run(&attempt->engine));
}

static void pause_and_run(struct attempt *attempt)
{
    struct engine *engine = &attempt->engine;

    attempt->running = step("pause", attempt->prefix, ks_pin_set_state(engine->pin, KSSTATE_PAUSE)) &&
                       step("run", attempt->prefix, engine_run(engine));
}

static void go_on(struct attempt *attempt, unsigned wakeup)
{
    uint64_t linear;

    if (!attempt->running)
        return;
    if (!engine_wait(&attempt->engine)) {
        attempt->running = step("notification", attempt->prefix, STATUS_IO_TIMEOUT);
        return;
    }
    engine_position(&attempt->engine, &linear);
    if (wakeup == BEFORE_PAUSE)
        pause_and_run(attempt);
}

static void stream(void)
{
    struct attempt *attempts = calloc(2, sizeof *attempts); /* the driver points to the events inside */

    if (!attempts)
        bench_bug("no memory for two streams");
    begin(&attempts[0], false);
    begin(&attempts[1], true);
    for (unsigned wakeup = 1; wakeup <= WAKEUPS; wakeup++) {
        go_on(&attempts[0], wakeup);
        go_on(&attempts[1], wakeup);
    }
    for (unsigned i = 2; i-- > 0;) {
        if (attempts[i].open)
            engine_close(&attempts[i].engine);
    }
    EXPECT(ks_open_pins() == 0, "%u pins still open", ks_open_pins());
    free(attempts);
}

/* ---- a life ---- */

/* A start that fails leaves nothing, long before REMOVE_DEVICE. */
static bool start(void)
{
    uint64_t before = pool_nonpaged_bytes();
    bool started = step("start", "", pnp_start_device());

    EXPECT(started || pool_nonpaged_bytes() == before, "a START_DEVICE that failed keeps %llu bytes of pool",
           (unsigned long long)(pool_nonpaged_bytes() - before));
    return started;
}

/* What Windows does after each step that was refused: REMOVE_DEVICE after START_DEVICE, nothing after AddDevice. */
static void live(void)
{
    if (!step("load", "", driver_try_load(g_link->options.sys_path)))
        return;
    if (step("add", "", pnp_add_device())) {
        if (start()) {
            stream();
            step("query-stop", "", pnp_query_stop_device());
            step("stop", "", pnp_stop_device());
        }
        step("remove", "", pnp_remove_device());
        EXPECT(adapter_current() == NULL, "REMOVE_DEVICE did not reach PortCls");
    }
    driver_unload();
}

static enum fault_kind require_kind(const char *name)
{
    enum fault_kind kind = fault_find(name);

    EXPECT(kind != FAULT_KINDS, "no kind of failure is called '%s'", name);
    return kind;
}

/* What follows the scenario's name; NULL: nothing fails. */
static void plan(const char *text)
{
    char kind[32] = "", mode[8] = "", also[32] = "";
    unsigned long long nth = 0;
    int parts;

    fault_plan(FAULT_KINDS, 0, false);
    if (!text)
        return;
    parts = sscanf(text, "%31[^:]:%llu:%7[^:]:%31s", kind, &nth, mode, also);
    EXPECT(parts >= 3 && nth != 0 && (strcmp(mode, "once") == 0 || strcmp(mode, "on") == 0),
           "'%s' is no failure; one is KIND:N:once or KIND:N:on", text);
    fault_plan(require_kind(kind), nth, strcmp(mode, "on") == 0);
    if (parts == 4)
        fault_plan_also(require_kind(also));
}

static void faults(void)
{
    const char *colon = strchr(g_link->options.scenario, ':');

    plan(colon ? colon + 1 : NULL);
    live();
    fault_plan_nothing();
    for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
        tell("uses %s %llu", fault_name((enum fault_kind)kind), (unsigned long long)fault_uses((enum fault_kind)kind));
    tell("life 1");
    scenario_duplex();
    tell("life 2");
}

const struct scenario g_scenarios_faults[] = {{"faults", faults}, {NULL, NULL}};
