/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "processor.h"

#include <sched.h>
#include <unistd.h>

unsigned processor_jobs(const struct options *options) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (options->jobs != OPTION_ABSENT) {
        return (unsigned)options->jobs;
    }
    return processors < 1 ? 1 : processors > (long)JOBS_MAX ? JOBS_MAX : (unsigned)processors;
}

void processor_use_one(unsigned place) {
    cpu_set_t allowed, one;

    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return;
    }
    place %= (unsigned)CPU_COUNT(&allowed);
    for (unsigned i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &allowed) && place-- == 0) {
            CPU_SET(i, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
}
