/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Duplex for as long as it is to last. The render client plays the pattern, the
 * capture client compares what it reads with it; nothing is kept. Between two
 * marks, both streams being up, the host watches device and positions.
 */
#include "client.h"

#define MS NS_PER_MS_CLIENT
#define SETTLE_NS (2000 * MS)
#define TAIL_NS (500 * MS) /* of the streams, behind the second mark */

static void drift(void)
{
    device_up();
    struct pattern_check check = {.channels = 1};
    uint64_t begin = clock_now_ns();
    uint64_t end = begin + SETTLE_NS + g_link->options.run_ns;
    struct render_job playing = {.endpoint = endpoint_require(false),
                                 .options = engine_options_default(false),
                                 .samples = pattern_samples(2),
                                 .frames = PATTERN_FRAMES,
                                 .until_ns = end + TAIL_NS};
    struct capture_job recording = {.endpoint = endpoint_require(true),
                                    .options = engine_options_default(true),
                                    .check = &check,
                                    .until_ns = end + TAIL_NS};
    EXPECT(g_link->options.run_ns, "drift runs for no time at all");
    struct thread *player = thread_create("render client", render_run, &playing);
    struct thread *recorder = thread_create("capture client", capture_run, &recording);
    thread_sleep_until(begin + SETTLE_NS);
    host_mark(LINK_MARK_WATCH);
    thread_sleep_until(end);
    g_link->result.heard = check.count;
    host_mark(LINK_MARK_WATCH);
    thread_join(player);
    thread_join(recorder);
    g_link->result.render = playing.result;
    g_link->result.capture = recording.result;
    device_down();
}

const struct scenario g_scenarios_drift[] = {{"drift", drift}, {NULL, NULL}};
