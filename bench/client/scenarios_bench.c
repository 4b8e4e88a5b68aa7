/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a period costs: streams in their steady state, measured period by period.
 *
 *   0 s         1 s           3 s                                   end
 *   | settling  | its speed   | every instruction of the driver counted,
 *   |           |             | a mark to the host every 10 ms
 *
 * The clients play and record throughout, as `duplex` does, so the sound itself is checked too. cost_of_load counts the
 * life of an image that need not have streams.
 */
#include "client.h"

#include <stdlib.h>

#define MS NS_PER_MS_CLIENT
#define SETTLE_NS (1000 * MS)
#define SPEED_NS (2000 * MS)
#define PERIOD_NS (10 * MS)
#define TAIL_NS (100 * MS) /* of the sound, that the measurement leaves alone */

/* Marks the ends of periods until just before the first stream would end. */
static void measure(uint64_t frames)
{
    uint64_t begin = clock_now_ns();
    uint64_t end = begin + frames / 48 * MS;
    EXPECT(end > begin + SETTLE_NS + SPEED_NS + TAIL_NS + PERIOD_NS, "%llu frames are too few to measure",
           (unsigned long long)frames);
    thread_sleep_until(begin + SETTLE_NS);
    host_mark(LINK_MARK_SPEED);
    thread_sleep_until(begin + SETTLE_NS + SPEED_NS);
    host_mark(LINK_MARK_SPEED);
    steps_count(true);
    thread_sleep_until(clock_now_ns() + PERIOD_NS); /* whoever is under way comes into the driver anew */
    g_link->result.pool_stream_bytes = pool_nonpaged_bytes() - g_link->result.pool_idle_bytes;
    for (uint64_t next = clock_now_ns(); next < end - TAIL_NS; next += PERIOD_NS) {
        thread_sleep_until(next);
        host_mark(LINK_MARK_PERIOD);
    }
    steps_count(false);
}

static void cost(bool render, bool capture)
{
    device_up();
    g_link->result.pool_idle_bytes = pool_nonpaged_bytes();
    struct render_job playing = {.samples = g_input, .frames = g_link->options.input_frames};
    struct capture_job recording = {.frames = g_link->options.record_frames};
    struct thread *player = NULL;
    struct thread *recorder = NULL;
    if (render) {
        playing.endpoint = endpoint_require(false);
        playing.options = engine_options_default(false);
        player = thread_create("render client", render_run, &playing);
    }
    if (capture) {
        recording.endpoint = endpoint_require(true);
        recording.options = engine_options_default(true);
        recording.samples = calloc((size_t)recording.frames + 1, sizeof *recording.samples);
        if (!recording.samples)
            bench_bug("no memory for %llu recorded frames", (unsigned long long)recording.frames);
        recorder = thread_create("capture client", capture_run, &recording);
    }
    measure(render ? playing.frames : recording.frames);
    if (player)
        thread_join(player);
    if (recorder)
        thread_join(recorder);
    g_link->result.render = playing.result;
    g_link->result.capture = recording.result;
    if (capture)
        files_write_output(recording.samples, recording.result.frames);
    free(recording.samples);
    device_down();
}

/* The life of any driver, counted from its first instruction to its last. */
static void cost_of_load(void)
{
    steps_count(true);
    device_up();
    device_remove();
    steps_count(false); /* what is unloaded cannot be written to */
    device_unload();
    tell("instructions %llu, copied bytes %llu", (unsigned long long)g_link->result.instructions,
         (unsigned long long)g_link->result.copied_bytes);
}

static void cost_of_render(void) { cost(true, false); }
static void cost_of_capture(void) { cost(false, true); }
static void cost_of_duplex(void) { cost(true, true); }

const struct scenario g_scenarios_bench[] = {{"cost_of_render", cost_of_render},
                                             {"cost_of_capture", cost_of_capture},
                                             {"cost_of_duplex", cost_of_duplex},
                                             {"cost_of_load", cost_of_load},
                                             {NULL, NULL}};
