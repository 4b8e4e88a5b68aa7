/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `soak`: a week of virtual time in laps of all scenarios, and what it left behind. */
#ifndef HOST_SOAK_H
#define HOST_SOAK_H

#include "error.h"
#include "options.h"

/* Runs laps until the time is reached, those of an earlier run counted, and prints the table. EXIT_NOT_GOOD or
 * EXIT_VIOLATION when a lap failed or memory grew. */
enum exit_status soak_run(const struct options *options);

#endif
