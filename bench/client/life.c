/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A life of the driver in which any step may be refused, and each refusal is told to the host: load, add, start, play
 * and record, stop, remove, unload. Lines: "failed STEP STATUS"; a step of a stream begins with its direction, and with
 * "again-" before that when nothing excuses it any more.
 */
#include "client.h"

#include <stdlib.h>

#define BUFFER_FRAMES 2400 /* more than a page of either stream, so that there can be too few */
#define WAKEUPS 4
#define BEFORE_PAUSE 2
#define BEFORE_BREAK 3
#define AFTER_BREAK 2 /* more: one may have been under way */

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

static NTSTATUS find(struct endpoint *endpoint, bool capture)
{
    struct endpoint all[ENDPOINTS_MAX];
    size_t count = endpoints_find(all, ENDPOINTS_MAX);

    for (size_t i = 0; i < count; i++) {
        *endpoint = all[i];
        if (all[i].capture == capture)
            return STATUS_SUCCESS;
    }
    return STATUS_NOT_FOUND;
}

static void begin(struct attempt *attempt, bool capture, bool again)
{
    static const char *const prefixes[2][2] = {{"render-", "capture-"}, {"again-render-", "again-capture-"}};
    struct endpoint endpoint;
    struct engine_options options = engine_options_default(capture);

    options.buffer_frames = BUFFER_FRAMES;
    attempt->prefix = prefixes[again][capture];
    if (!step("endpoint", attempt->prefix, find(&endpoint, capture)))
        return;
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

static void wake(void)
{
    power_device(PowerDeviceD3);
    power_device(PowerDeviceD0);
}

static void ask_for_reset(void) { host_strike(LINK_STRIKE_NEEDS_RESET); }

static void (*const g_breaks[LIVES])(void) = {[LIFE_WAKES] = wake, [LIFE_RECOVERS] = ask_for_reset};

static struct attempt *begin_both(bool again)
{
    struct attempt *attempts = calloc(2, sizeof *attempts); /* the driver points to the events inside */

    if (!attempts)
        bench_bug("no memory for two streams");
    for (int capture = 0; capture <= 1; capture++)
        begin(&attempts[capture], capture, again);
    return attempts;
}

static void end_both(struct attempt *attempts)
{
    for (unsigned i = 2; i-- > 0;) {
        if (attempts[i].open)
            engine_close(&attempts[i].engine);
    }
    EXPECT(ks_open_pins() == 0, "%u pins still open", ks_open_pins());
    free(attempts);
}

static void stream(enum life life, const struct life_calls *calls)
{
    struct attempt *attempts = begin_both(false);

    for (unsigned wakeup = 1; wakeup <= WAKEUPS + (g_breaks[life] ? AFTER_BREAK : 0); wakeup++) {
        go_on(&attempts[0], wakeup);
        go_on(&attempts[1], wakeup);
        if (g_breaks[life] && wakeup == BEFORE_BREAK) {
            if (calls)
                calls->before_break();
            g_breaks[life]();
        }
    }
    end_both(attempts);
}

/* Whatever was missing is there again, and the device has slept once more. */
static void stream_again(void)
{
    struct attempt *attempts;

    wake();
    attempts = begin_both(true);
    for (int i = 0; i < 2; i++)
        go_on(&attempts[i], 1);
    end_both(attempts);
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
void life_live(enum life life, const struct life_calls *calls)
{
    if (!step("load", "", driver_try_load(g_link->options.sys_path)))
        return;
    if (step("add", "", pnp_add_device())) {
        if (start()) {
            stream(life, calls);
            if (g_breaks[life] && calls) {
                calls->mend();
                stream_again();
            }
            step("query-stop", "", pnp_query_stop_device());
            step("stop", "", pnp_stop_device());
        }
        step("remove", "", pnp_remove_device());
        EXPECT(adapter_current() == NULL, "REMOVE_DEVICE did not reach PortCls");
    }
    driver_unload();
}

