/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Commands that take several runs. */
#ifndef HOST_MEASURE_H
#define HOST_MEASURE_H

#include "session.h"

/* Finds the driver that the options name, and its architecture. False: said why. */
typedef bool (*choose_driver_fn)(const struct options *options, struct session_input *input);

/* `bench`: runs render, capture and duplex on each driver and prints what a period costs. */
enum exit_status measure_costs(const struct options *options, choose_driver_fn choose);

#endif
