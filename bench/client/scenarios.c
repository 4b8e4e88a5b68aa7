/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The scenario table and the scenarios that commands use: load, play, record, duplex, show. */
#include "client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tell(const char *format, ...)
{
    char line[sizeof g_link->text];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    g_link->a = 0;
    host_text(LINK_OP_SHOW, line);
}

static struct render_job render_job(void)
{
    return (struct render_job){.endpoint = endpoint_require(false),
                               .options = engine_options_default(false),
                               .samples = g_input,
                               .frames = g_link->options.input_frames};
}

static struct capture_job capture_job(void)
{
    struct capture_job job = {.endpoint = endpoint_require(true),
                              .options = engine_options_default(true),
                              .frames = g_link->options.record_frames};
    job.samples = calloc((size_t)job.frames + 1, sizeof *job.samples);
    if (!job.samples)
        bench_bug("no memory for %llu recorded frames", (unsigned long long)job.frames);
    return job;
}

static void capture_finish(struct capture_job *job)
{
    g_link->result.capture = job->result;
    files_write_output(job->samples, job->result.frames);
    free(job->samples);
}

/* With a power cycle on the way, which any driver survives. */
static void load(void)
{
    device_up();
    power_device(PowerDeviceD3);
    power_device(PowerDeviceD0);
    device_down();
}

static void play(void)
{
    device_up();
    struct render_job job = render_job();
    render_run(&job);
    g_link->result.render = job.result;
    device_down();
}

static void record(void)
{
    device_up();
    struct capture_job job = capture_job();
    capture_run(&job);
    capture_finish(&job);
    device_down();
}

void scenario_duplex(void)
{
    device_up();
    struct render_job playing = render_job();
    struct capture_job recording = capture_job();
    struct thread *a = thread_create("render client", render_run, &playing);
    struct thread *b = thread_create("capture client", capture_run, &recording);
    thread_join(a);
    thread_join(b);
    g_link->result.render = playing.result;
    capture_finish(&recording);
    device_down();
}

static void show(void)
{
    device_up();
    show_device();
    device_down();
}

const struct scenario g_scenarios[] = {
    {"load", load}, {"play", play}, {"record", record}, {"duplex", scenario_duplex}, {"show", show}, {NULL, NULL}};

/* What follows a colon is the scenario's own to read. */
static const struct scenario *find(const struct scenario *table, const char *name)
{
    size_t length = strcspn(name, ":");
    for (; table->name; table++) {
        if (strlen(table->name) == length && strncmp(table->name, name, length) == 0)
            return table;
    }
    return NULL;
}

int client_main(void)
{
    const struct scenario *const tables[] = {g_scenarios,       g_scenarios_stream, g_scenarios_device,
                                             g_scenarios_power, g_scenarios_property, g_scenarios_bench,
                                             g_scenarios_logo,  g_scenarios_drift,  g_scenarios_faults,
                                             g_scenarios_recovery, g_scenarios_hostile, g_scenarios_hostile_pin,
                                             g_scenarios_interleave, g_scenarios_steps};
    const char *name = g_link->options.scenario;
    files_open();
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const struct scenario *s = find(tables[i], name);
        if (s) {
            s->run();
            return LINK_EXIT_OK;
        }
    }
    scenario_failed("no scenario is called \"%s\"", name);
}
