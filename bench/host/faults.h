/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * `faults`: every use of every fallible resource fails once, and from then on for
 * good, over the driver's whole life, in every image. The life itself is
 * bench/client/scenarios_faults.c.
 */
#ifndef HOST_FAULTS_H
#define HOST_FAULTS_H

#include "error.h"
#include "options.h"

/* Runs the sweep that the options ask for, or one point of it (--replay), and prints the table. EXIT_NOT_GOOD when a
 * point did not end as it must. */
enum exit_status faults_run(const struct options *options);

#endif
