/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Several runs at once: how many, and where. */
#ifndef HOST_PROCESSOR_H
#define HOST_PROCESSOR_H

#include "options.h"

#define JOBS_MAX 64u

/* Runs at once: --jobs, else one for each processor. */
unsigned processor_jobs(const struct options *options);
/* A run is two processes that take turns; they do so fastest on one processor. This process, and those that it starts,
 * run on the processor number `place` of those it may use, counted round. */
void processor_use_one(unsigned place);

#endif
