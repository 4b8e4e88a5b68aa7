/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table of `bench`: what each driver costs on each device, and the least that is possible. */
#ifndef HOST_COST_TABLE_H
#define HOST_COST_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cost.h"
#include "image.h"
#include "options.h"

enum { COST_RENDER, COST_CAPTURE, COST_DUPLEX, COST_KINDS };

/* One run of one driver. */
struct cost_cell {
    struct cost cost;
    double lead_ms;            /* render: how far the driver gives sound ahead of the position, at most */
    double render_latency_ms;  /* as report_stream.latency_ms */
    double capture_latency_ms;
    uint64_t pool_idle_bytes, pool_stream_bytes; /* nonpaged */
    bool paced; /* a completion says how far the device's clock has come */
    bool good; /* the sound arrived bit for bit, nothing was broken or left behind */
};

struct cost_driver {
    char sys[SYS_PATH_BYTES];
    const char *arch;
    uint64_t image_bytes;
    struct cost_cell cells[COST_KINDS];
};

struct cost_device {
    const char *name;
    struct cost_driver drivers[OPTION_LIST_MAX];
    size_t count;
};

/* Prints the table or the JSON object. False: some run was not good, which the table says. */
bool cost_table_print(const struct cost_device *devices, size_t count, const struct options *options);

#endif
