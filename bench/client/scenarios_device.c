/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios about the device's life: disable and enable, rebalance, surprise removal, the registry switches. */
#include "client.h"

#include "../nt/faultpoint.h"

#include <stdlib.h>
#include <string.h>

#define MS NS_PER_MS_CLIENT

static struct render_job part_of_input(uint64_t from, uint64_t upto)
{
    return (struct render_job){.endpoint = endpoint_require(false),
                               .options = engine_options_default(false),
                               .samples = g_input ? g_input + 2 * from : NULL,
                               .frames = upto - from};
}

static void play_part(uint64_t from, uint64_t upto)
{
    struct render_job job = part_of_input(from, upto);
    render_run(&job);
    g_link->result.render.frames += job.result.frames;
    g_link->result.render.periods += job.result.periods;
    g_link->result.render.late_wakeups += job.result.late_wakeups;
    g_link->result.render.idle_ns = job.result.idle_ns;
    if (from == 0)
        g_link->result.render.run_ns = job.result.run_ns;
}

static void record_frames(uint64_t frames, bool silence)
{
    struct capture_job job = {.endpoint = endpoint_require(true), .options = engine_options_default(true),
                              .frames = frames};
    job.samples = calloc((size_t)frames + 1, sizeof *job.samples);
    if (!job.samples)
        bench_bug("no memory for %llu recorded frames", (unsigned long long)frames);
    memset(job.samples, 0x55, (size_t)frames * sizeof *job.samples);
    capture_run(&job);
    for (uint64_t i = 0; silence && i < frames; i++)
        EXPECT(job.samples[i] == 0, "recorded frame %llu is %d instead of silence", (unsigned long long)i,
               job.samples[i]);
    g_link->result.capture = job.result;
    free(job.samples);
}

/* Device Manager: disable (query-remove, remove), enable (add, start), and the sound comes from the new device. */
static void disable_enable(void)
{
    uint64_t frames = g_link->options.input_frames;
    device_up();
    for (unsigned round = 0; round < 3; round++) {
        play_part(frames * round / 3, frames * (round + 1) / 3);
        device_remove();
        EXPECT(NT_SUCCESS(pnp_add_device()), "AddDevice after disable refused");
        device_start();
    }
    device_down();
}

/* Resource rebalance: query-stop, stop, start with perhaps other resources. */
static void stop_start(void)
{
    uint64_t frames = g_link->options.input_frames;
    device_up();
    for (unsigned round = 0; round < 3; round++) {
        play_part(frames * round / 3, frames * (round + 1) / 3);
        NTSTATUS status = pnp_query_stop_device();
        EXPECT(NT_SUCCESS(status), "QUERY_STOP_DEVICE answered %s", status_name(status));
        status = pnp_stop_device();
        EXPECT(NT_SUCCESS(status), "STOP_DEVICE answered %s", status_name(status));
        EXPECT(adapter_current()->port_count == 0, "subdevices left after STOP_DEVICE");
        device_start();
    }
    device_down();
}

static void removed_render(void *argument)
{
    struct render_job *job = argument;
    render_run(job);
}

/* Surprise removal while both streams run: it waits for no sound of a device that is gone, calls fail gracefully,
 * handles are closed late, nothing leaks. */
static void surprise_removal_while_running(void)
{
    device_up();
    struct render_job playing = part_of_input(0, g_link->options.input_frames);
    struct capture_job recording = {.endpoint = endpoint_require(true), .options = engine_options_default(true),
                                    .frames = 480000};
    recording.samples = calloc(480001, sizeof *recording.samples);
    playing.tolerate_removal = true;
    recording.tolerate_removal = true;
    struct thread *a = thread_create("render client", removed_render, &playing);
    struct thread *b = thread_create("capture client", capture_run, &recording);
    thread_sleep_until(clock_now_ns() + 123 * MS);
    uint64_t before = clock_now_ns();
    NTSTATUS status = pnp_surprise_removal();
    uint64_t took_ns = clock_now_ns() - before;
    EXPECT(NT_SUCCESS(status), "SURPRISE_REMOVAL answered %s", status_name(status));
    EXPECT(took_ns < 100 * MS, "SURPRISE_REMOVAL took %llu ms", (unsigned long long)(took_ns / MS));
    thread_join(a);
    thread_join(b);
    EXPECT(recording.removed, "the capture client noticed nothing");
    EXPECT(ks_open_pins() == 0, "%u pins still open", ks_open_pins());
    free(recording.samples);
    status = pnp_remove_device();
    EXPECT(NT_SUCCESS(status), "REMOVE_DEVICE answered %s", status_name(status));
    device_unload();
}

/* As above, but every call that a client can still make is made on the open handles. */
static void calls_after_surprise_removal(void)
{
    struct engine engines[2];
    KSAUDIO_POSITION position;
    KSRTAUDIO_HWREGISTER hw;
    KSRTAUDIO_HWLATENCY latency;
    device_up();
    for (int capture = 0; capture <= 1; capture++)
        EXPECT(NT_SUCCESS(engine_open_and_run(&engines[capture], capture)), "RUN refused");
    thread_sleep_until(clock_now_ns() + 55 * MS);
    pnp_surprise_removal();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine *e = &engines[capture];
        ks_pin_position(e->pin, &position);
        ks_pin_latency(e->pin, &latency);
        ks_pin_position_register(e->pin, &hw);
        ks_pin_clock_register(e->pin, &hw);
        ks_pin_set_state(e->pin, KSSTATE_PAUSE);
        ks_pin_position(e->pin, &position);
        ks_pin_set_state(e->pin, KSSTATE_STOP);
        EXPECT(!NT_SUCCESS(ks_pin_set_state(e->pin, KSSTATE_RUN)), "RUN on a device that is gone");
        engine_close(e);
    }
    pnp_remove_device();
    device_unload();
}

/* Add without start, start without streams, streams without sound: each removed again, then unload. */
static void unload(void)
{
    device_load();
    for (unsigned i = 0; i < 3; i++) {
        device_remove();
        EXPECT(NT_SUCCESS(pnp_add_device()), "AddDevice refused");
        device_start();
        device_remove();
        EXPECT(NT_SUCCESS(pnp_add_device()), "AddDevice refused");
        device_start();
        for (int capture = 0; capture <= 1; capture++) {
            struct engine engine;
            engine_open_default(&engine, capture);
            engine_close(&engine);
        }
    }
    device_down();
}

/* A subdevice or port that cannot be made: START fails, nothing is left, the next START works. */
static void failed_start_leaves_nothing(void)
{
    device_load();
    for (unsigned i = 0; i < 2; i++) {
        fault_plan(i == 0 ? FAULT_PORT : FAULT_SUBDEVICE, 1, false);
        EXPECT(!NT_SUCCESS(device_try_start()), "START_DEVICE succeeded without a subdevice");
        fault_plan_nothing();
        pnp_remove_device();
        EXPECT(NT_SUCCESS(pnp_add_device()), "AddDevice refused");
    }
    device_start();
    device_down();
}

/* A filter driver below may keep a request: the driver waits for the answer. */
static void bus_answers_late(void)
{
    bus_answer_late(true);
    scenario_duplex();
    bus_answer_late(false);
}

/* ---- registry switches ---- */

static void null_backend(void)
{
    EXPECT(g_link->options.force_null_backend == 1, "run this with ForceNullBackend=1");
    device_up();
    play_part(0, g_link->options.input_frames);
    record_frames(9600, true);
    device_down();
}

static void polling_only(void)
{
    EXPECT(g_link->options.no_interrupt && g_link->options.allow_polling_only == 1,
           "run this without an interrupt and with AllowPollingOnly=1");
    device_up();
    play_part(0, g_link->options.input_frames);
    record_frames(9600, false);
    device_down();
}

static void no_interrupt_is_refused(void)
{
    EXPECT(g_link->options.no_interrupt && g_link->options.allow_polling_only != 1,
           "run this without an interrupt and without AllowPollingOnly");
    device_load();
    NTSTATUS status = device_try_start();
    EXPECT(!NT_SUCCESS(status), "START_DEVICE succeeded without an interrupt");
    pnp_remove_device();
    device_unload();
}

const struct scenario g_scenarios_device[] = {
    {"disable_enable", disable_enable},
    {"stop_start", stop_start},
    {"surprise_removal_while_running", surprise_removal_while_running},
    {"calls_after_surprise_removal", calls_after_surprise_removal},
    {"unload", unload},
    {"failed_start_leaves_nothing", failed_start_leaves_nothing},
    {"bus_answers_late", bus_answers_late},
    {"null_backend", null_backend},
    {"polling_only", polling_only},
    {"no_interrupt_is_refused", no_interrupt_is_refused},
    {NULL, NULL}};
