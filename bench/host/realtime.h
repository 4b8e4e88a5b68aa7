/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Virtual time kept behind the host's clock, for a device that runs in real time. */
#ifndef HOST_REALTIME_H
#define HOST_REALTIME_H

#include <stdbool.h>
#include <stdint.h>

struct realtime {
    bool running;
    uint64_t origin_ns; /* of the host's clock, at virtual time 0 */
};

/* A realtime is all zero at the start; the first call sets it going. Sleeps until the host's clock has reached virtual
 * time `now_ns`. When virtual time lags, it may catch up; a lag of more than 5 ms is forgotten. */
void realtime_wait(struct realtime *realtime, uint64_t now_ns);

#endif
