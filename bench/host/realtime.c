/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "realtime.h"

#include <time.h>

/* As late as this a processor of a real machine may be, and its clock is right afterwards. A host that stops for longer
 * stops the guest's clock too; catching up would come as a burst that no machine shows. */
#define LAG_LIMIT_NS 5000000u

static uint64_t host_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void realtime_wait(struct realtime *realtime, uint64_t now_ns) {
    uint64_t host = host_ns();

    if (!realtime->running || host > realtime->origin_ns + now_ns + LAG_LIMIT_NS) {
        realtime->running = true;
        realtime->origin_ns = host - now_ns;
        return;
    }
    uint64_t due = realtime->origin_ns + now_ns;
    struct timespec until = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};
    while (host < due) {
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        host = host_ns(); /* a signal may have ended the sleep */
    }
}
