/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cost.h"

#include <string.h>
#include <time.h>

#include "link.h"

static uint64_t wall_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The difference to what was noted before; called twice it leaves the length of the part. */
void cost_speed(struct cost *cost, uint64_t now_ns) {
    cost->wall_ns = wall_ns() - cost->wall_ns;
    cost->virtual_ns = now_ns - cost->virtual_ns;
}

void cost_period(struct cost *cost, const struct counters *counters, const struct link_result *result) {
    const uint64_t now[COST_COUNT] = {
        [COST_INSTRUCTIONS] = result->instructions,
        [COST_DOORBELLS] = counters->doorbells,
        [COST_ACCESSES] = counters->register_reads + counters->register_writes + counters->config_reads +
                          counters->config_writes,
        [COST_INTERRUPTS] = result->interrupts,
        [COST_DPCS] = result->dpcs,
        [COST_COPIED] = result->copied_bytes,
    };

    for (unsigned i = 0; cost->marks != 0 && i < COST_COUNT; i++) {
        uint64_t delta = now[i] - cost->last[i];
        cost->sum[i] += delta;
        cost->maximum[i] = delta > cost->maximum[i] ? delta : cost->maximum[i];
    }
    memcpy(cost->last, now, sizeof now);
    cost->marks++;
}

uint64_t cost_periods(const struct cost *cost) {
    return cost->marks != 0 ? cost->marks - 1 : 0;
}

double cost_mean(const struct cost *cost, enum cost_figure figure) {
    uint64_t periods = cost_periods(cost);
    return periods != 0 ? (double)cost->sum[figure] / (double)periods : 0.0;
}

double cost_speed_ratio(const struct cost *cost) {
    return cost->wall_ns != 0 ? (double)cost->virtual_ns / (double)cost->wall_ns : 0.0;
}
