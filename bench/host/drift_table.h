/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The drift table for people, and as JSON. */
#ifndef HOST_DRIFT_TABLE_H
#define HOST_DRIFT_TABLE_H

#include "drift_cell.h"

void drift_table_print(const struct drift_cell *cells, size_t count, const struct options *options);

#endif
