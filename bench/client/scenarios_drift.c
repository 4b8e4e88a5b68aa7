/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Duplex for as long as it is to last. Between two marks, while both streams are up, the host watches device and
 * positions. */
#include "client.h"

#define MS NS_PER_MS_CLIENT
#define SETTLE_NS (2000 * MS)
#define TAIL_NS (500 * MS) /* of the streams, behind the second mark */

static void drift(void)
{
    device_up();
    struct pattern_duplex duplex;
    uint64_t begin = clock_now_ns();
    uint64_t end = begin + SETTLE_NS + g_link->options.run_ns;
    EXPECT(g_link->options.run_ns, "drift runs for no time at all");
    pattern_duplex_start(&duplex, end + TAIL_NS);
    thread_sleep_until(begin + SETTLE_NS);
    host_mark(LINK_MARK_WATCH);
    thread_sleep_until(end);
    g_link->result.heard = duplex.heard.count;
    host_mark(LINK_MARK_WATCH);
    pattern_duplex_join(&duplex);
    g_link->result.render = duplex.playing.result;
    g_link->result.capture = duplex.recording.result;
    device_down();
}

const struct scenario g_scenarios_drift[] = {{"drift", drift}, {NULL, NULL}};
