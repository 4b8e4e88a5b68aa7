/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * `interleave`: the races of bench/client/scenarios_interleave.c under every
 * schedule in which at most --bound times a processor takes over from another
 * that could have gone on. bench/nt/schedule.c says where that is possible.
 */
#ifndef HOST_INTERLEAVE_H
#define HOST_INTERLEAVE_H

#include "error.h"
#include "options.h"

/* As faults_run. */
enum exit_status interleave_run(const struct options *options);

#endif
