/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The soak's table for people, and as JSON. */
#ifndef HOST_SOAK_TABLE_H
#define HOST_SOAK_TABLE_H

#include "soak_lap.h"

/* Prints `count` laps, and the command lines of what was wrong with them. What the whole comes to: the worst of the
 * laps, or EXIT_NOT_GOOD when memory grew. */
enum exit_status soak_table_print(const struct soak_lap *laps, size_t count, const struct options *options);

#endif
