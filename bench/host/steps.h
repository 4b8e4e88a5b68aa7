/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * `steps`: at every device access and every scheduling point of a driver's life
 * everything happens that can: interrupts, time, requests of others, the loss of
 * power or of the device. The life is bench/client/scenarios_steps.c.
 */
#ifndef HOST_STEPS_H
#define HOST_STEPS_H

#include "error.h"
#include "options.h"

/* As faults_run. */
enum exit_status steps_run(const struct options *options);

#endif
