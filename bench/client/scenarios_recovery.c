/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios about a device that breaks its rules or asks for a reset in the midst of the sound. */
#include "client.h"

#include "../nt/steppoint.h"

#include <stdlib.h>

#define MS NS_PER_MS_CLIENT
#define RECORDED_FRAMES 96000u

/* Both streams run over what happens: their clients only wait for their events, and fail when none comes in a second
 * and a buffer. */
static void device_breaks_down_while_streaming(void)
{
    device_up();
    struct render_job playing = {.endpoint = endpoint_require(false),
                                 .options = engine_options_default(false),
                                 .samples = g_input,
                                 .frames = g_link->options.input_frames};
    struct capture_job recording = {.endpoint = endpoint_require(true),
                                    .options = engine_options_default(true),
                                    .frames = RECORDED_FRAMES,
                                    .samples = calloc(RECORDED_FRAMES + 1, sizeof(int16_t))};
    struct thread *a = thread_create("render client", render_run, &playing);
    struct thread *b = thread_create("capture client", capture_run, &recording);
    thread_join(a);
    thread_join(b);
    EXPECT(!playing.removed && !recording.removed, "a stream has ended");
    g_link->result.render = playing.result;
    g_link->result.capture = recording.result;
    free(recording.samples);
    device_down();
}

/* Stops a stream that runs on a device that has been given up; it can be walked down, not up. */
static void given_up(struct engine *engine)
{
    NTSTATUS status = ks_pin_set_state(engine->pin, KSSTATE_PAUSE);
    EXPECT(NT_SUCCESS(status), "PAUSE answered %s", status_name(status));
    status = ks_pin_set_state(engine->pin, KSSTATE_RUN);
    EXPECT(status == STATUS_DEVICE_NOT_CONNECTED, "RUN on a device that was given up answered %s", status_name(status));
    engine_close(engine);
}

/* It does so again and again: streams end with a status, the rest of Windows does not notice, and a device that is
 * disabled and enabled is tried anew. */
static void device_stays_broken(void)
{
    struct engine engines[2];
    device_up();
    for (unsigned life = 0; life < 2; life++) {
        for (int capture = 0; capture <= 1; capture++)
            EXPECT(NT_SUCCESS(engine_open_and_run(&engines[capture], capture)), "RUN refused");
        thread_sleep_until(clock_now_ns() + 5000 * MS);
        for (int capture = 0; capture <= 1; capture++)
            given_up(&engines[capture]);
        if (life == 0) {
            device_remove();
            EXPECT(NT_SUCCESS(pnp_add_device()), "AddDevice after disable refused");
            device_start();
        }
    }
    device_down();
}

/* What ends the device comes at the moment at which it breaks down, before anything could be mended. */
static void end_of_a_broken_device(NTSTATUS (*end)(void), uint64_t after_ns)
{
    struct engine engines[2];
    for (int capture = 0; capture <= 1; capture++) {
        NTSTATUS status = engine_open_and_run(&engines[capture], capture);
        EXPECT(NT_SUCCESS(status) || status == STATUS_DEVICE_NOT_CONNECTED /* given up before */, "RUN answered %s",
               status_name(status));
    }
    thread_sleep_until(clock_now_ns() + after_ns);
    EXPECT(NT_SUCCESS(end()), "the request was refused");
    for (int capture = 0; capture <= 1; capture++)
        engine_close(&engines[capture]);
}

static NTSTATUS lose_power(void)
{
    power_device(PowerDeviceD3);
    power_device(PowerDeviceD0);
    return STATUS_SUCCESS;
}

/* STOP, power-down and in the end a removal at all times around the break-downs of a device that has many. */
static void recovery_meets_the_end(void)
{
    device_up();
    for (uint64_t ms = 60; ms < 130; ms += 3) {
        end_of_a_broken_device(lose_power, ms * MS);
        end_of_a_broken_device(pnp_stop_device, ms * MS);
        device_start();
    }
    end_of_a_broken_device(pnp_surprise_removal, (70 + g_link->options.seed % 40) * MS);
    EXPECT(NT_SUCCESS(pnp_remove_device()), "REMOVE_DEVICE refused");
    device_unload();
}

/* ---- a device that is silent ---- */

/* RUN is refused when START's second, and another for STOP, have passed, however long each wait takes. */
static void start_is_never_answered(void)
{
    struct engine engines[2];
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        engine_open_default(&engines[capture], capture);
        EXPECT(NT_SUCCESS(ks_pin_set_state(engines[capture].pin, KSSTATE_PAUSE)), "PAUSE refused");
    }
    host_strike(LINK_STRIKE_SILENCE);
    for (int capture = 0; capture <= 1; capture++) {
        uint64_t before = clock_now_ns();
        NTSTATUS status = engine_run(&engines[capture]);
        uint64_t took_ns = clock_now_ns() - before;
        EXPECT(status == STATUS_IO_TIMEOUT, "RUN answered %s", status_name(status));
        EXPECT(took_ns < 2050 * MS, "RUN took %llu ms", (unsigned long long)(took_ns / MS));
    }
    for (int capture = 0; capture <= 1; capture++)
        engine_close(&engines[capture]);
    device_down();
}

/* What was given to a device that plays nothing is waited for half a second and not longer. */
static void pause_waits_half_a_second(void)
{
    struct engine engine;
    device_up();
    EXPECT(NT_SUCCESS(engine_open_and_run(&engine, false)), "RUN refused");
    thread_sleep_until(clock_now_ns() + 100 * MS);
    uint64_t before = clock_now_ns();
    EXPECT(NT_SUCCESS(ks_pin_set_state(engine.pin, KSSTATE_PAUSE)), "PAUSE refused");
    uint64_t took_ns = clock_now_ns() - before;
    EXPECT(took_ns < 550 * MS, "PAUSE took %llu ms", (unsigned long long)(took_ns / MS));
    engine_close(&engine);
    device_down();
}

/* A device that kept a transfer of one stream for ever has nothing of the next one. */
static void kept_transfer_is_not_the_next_streams(void)
{
    static const KSSTATE walk[] = {KSSTATE_PAUSE, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN};
    struct engine engine;
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        EXPECT(NT_SUCCESS(engine_open_and_run(&engine, capture)), "RUN refused");
        thread_sleep_until(clock_now_ns() + 200 * MS);
        host_strike(LINK_STRIKE_KEEP);
        engine_close(&engine);
        engine_open_default(&engine, capture);
        for (size_t i = 0; i < sizeof walk / sizeof *walk; i++) {
            NTSTATUS status = ks_pin_set_state(engine.pin, walk[i]);
            EXPECT(NT_SUCCESS(status), "%s: step %u answered %s", endpoint_name(&engine.endpoint), (unsigned)i,
                   status_name(status));
        }
        for (unsigned n = 1; n <= 20; n++)
            EXPECT(engine_wait(&engine), "%s: notification %u missing", endpoint_name(&engine.endpoint), n);
        engine_close(&engine);
    }
    device_down();
}

/* ---- what happens while a capture stream enters RUN ---- */

static struct thread *g_remover;
static KEVENT g_gone;

static void remove_when_gone(void *unused)
{
    (void)unused;
    thread_wait(&g_gone, UINT64_MAX);
    EXPECT(NT_SUCCESS(pnp_surprise_removal()), "SURPRISE_REMOVAL refused");
}

static void go(void)
{
    pnp_unplug();
    thread_prefer(g_remover);
    KeSetEvent(&g_gone, 0, FALSE);
}

static void ask_for_reset(void) { host_strike(LINK_STRIKE_NEEDS_RESET); }

/* RUN, during which it happens at step `nth`. How many steps there were. */
static uint64_t run_through(struct engine *engine, uint64_t nth, void (*happen)(void))
{
    uint64_t before = clock_now_ns();
    step_plan(nth, happen);
    NTSTATUS status = engine_run(engine);
    step_end();
    EXPECT(NT_SUCCESS(status) || status == STATUS_DEVICE_NOT_CONNECTED || status == STATUS_INVALID_DEVICE_STATE,
           "RUN answered %s, step %llu", status_name(status), (unsigned long long)nth);
    EXPECT(clock_now_ns() - before < 100 * MS, "RUN took %llu ms, step %llu",
           (unsigned long long)((clock_now_ns() - before) / MS), (unsigned long long)nth);
    return step_count();
}

static uint64_t run_and_remove(uint64_t nth, void (*happen)(void))
{
    struct engine engine;
    device_start();
    engine_open_default(&engine, true);
    EXPECT(NT_SUCCESS(ks_pin_set_state(engine.pin, KSSTATE_PAUSE)), "PAUSE refused");
    KeInitializeEvent(&g_gone, SynchronizationEvent, FALSE);
    g_remover = thread_create("remover", remove_when_gone, NULL);
    thread_sleep_until(clock_now_ns() + MS); /* it waits from now on */
    uint64_t steps = run_through(&engine, nth, happen);
    go();
    thread_join(g_remover);
    engine_close(&engine);
    EXPECT(NT_SUCCESS(pnp_remove_device()), "REMOVE_DEVICE refused");
    pnp_plug();
    EXPECT(NT_SUCCESS(pnp_add_device()), "AddDevice refused");
    return steps;
}

/* At every step of RUN the device goes, or asks for a reset: no answer to START is awaited that cannot come. */
static void run_meets_the_end(void)
{
    static void (*const ends[])(void) = {go, ask_for_reset};
    device_load();
    for (unsigned end = 0; end < sizeof ends / sizeof *ends; end++) {
        uint64_t steps = 1;
        for (uint64_t nth = 1; nth <= steps; nth++)
            steps = run_and_remove(nth, ends[end]);
    }
    device_start();
    device_down();
}

/* A device that died, or gives nothing back (knob fault=dead, keeps): what it holds is left to it, nothing else. */
static void streams_on_a_dead_device(struct engine *engines)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++)
        EXPECT(NT_SUCCESS(engine_open_and_run(&engines[capture], capture)), "RUN refused");
    thread_sleep_until(clock_now_ns() + 3000 * MS);
}

static void dead_device_is_removed(void)
{
    struct engine engines[2];
    streams_on_a_dead_device(engines);
    for (int capture = 0; capture <= 1; capture++)
        engine_close(&engines[capture]);
    device_down();
}

/* What the device kept is not given to it again: the stream can be walked down, not up. */
static void kept_buffer_is_not_used_again(void)
{
    struct engine engines[2];
    NTSTATUS status[2];
    streams_on_a_dead_device(engines);
    for (int capture = 0; capture <= 1; capture++) {
        EXPECT(NT_SUCCESS(ks_pin_set_state(engines[capture].pin, KSSTATE_STOP)), "STOP refused");
        status[capture] = ks_pin_set_state(engines[capture].pin, KSSTATE_RUN);
    }
    thread_sleep_until(clock_now_ns() + 100 * MS);
    for (int capture = 0; capture <= 1; capture++) {
        EXPECT(status[capture] == STATUS_DEVICE_NOT_CONNECTED, "RUN answered %s", status_name(status[capture]));
        engine_close(&engines[capture]);
    }
    device_down();
}

static void dead_device_is_stopped(void)
{
    struct engine engines[2];
    streams_on_a_dead_device(engines);
    EXPECT(NT_SUCCESS(pnp_stop_device()), "STOP_DEVICE refused");
    for (int capture = 0; capture <= 1; capture++)
        engine_close(&engines[capture]);
    device_remove();
    device_unload();
}

static void dead_device_is_pulled_out(void)
{
    struct engine engines[2];
    streams_on_a_dead_device(engines);
    engine_close(&engines[0]);
    EXPECT(NT_SUCCESS(pnp_surprise_removal()), "SURPRISE_REMOVAL refused");
    engine_close(&engines[1]);
    EXPECT(NT_SUCCESS(pnp_remove_device()), "REMOVE_DEVICE refused");
    device_unload();
}

static void dead_device_is_removed_asleep(void)
{
    struct engine engines[2];
    streams_on_a_dead_device(engines);
    power_device(PowerDeviceD3);
    for (int capture = 0; capture <= 1; capture++)
        engine_close(&engines[capture]);
    device_down();
}

static void dead_device_loses_power(void)
{
    struct engine engines[2];
    streams_on_a_dead_device(engines);
    EXPECT(NT_SUCCESS(lose_power()), "power");
    for (int capture = 0; capture <= 1; capture++)
        engine_close(&engines[capture]);
    device_down();
}

const struct scenario g_scenarios_recovery[] = {
    {"dead_device_is_removed", dead_device_is_removed},
    {"kept_buffer_is_not_used_again", kept_buffer_is_not_used_again},
    {"dead_device_is_stopped", dead_device_is_stopped},
    {"dead_device_is_pulled_out", dead_device_is_pulled_out},
    {"dead_device_is_removed_asleep", dead_device_is_removed_asleep},
    {"dead_device_loses_power", dead_device_loses_power},
    {"start_is_never_answered", start_is_never_answered},
    {"pause_waits_half_a_second", pause_waits_half_a_second},
    {"kept_transfer_is_not_the_next_streams", kept_transfer_is_not_the_next_streams},
    {"device_breaks_down_while_streaming", device_breaks_down_while_streaming},
    {"device_stays_broken", device_stays_broken},
    {"recovery_meets_the_end", recovery_meets_the_end},
    {"run_meets_the_end", run_meets_the_end},
    {NULL, NULL}};
