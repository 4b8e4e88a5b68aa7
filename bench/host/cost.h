/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a period of 10 ms costs, summed over the periods that the guest marks. */
#ifndef HOST_COST_H
#define HOST_COST_H

#include <stdint.h>

#include "counters.h"

struct link_result;

enum cost_figure {
    COST_INSTRUCTIONS,
    COST_DOORBELLS,
    COST_ACCESSES, /* registers and configuration space, doorbells apart */
    COST_INTERRUPTS,
    COST_DPCS,
    COST_COPIED, /* bytes */
    COST_COUNT
};

struct cost {
    uint64_t marks;                /* one more than periods */
    uint64_t last[COST_COUNT];     /* running totals at the last mark */
    uint64_t sum[COST_COUNT];
    uint64_t maximum[COST_COUNT];  /* in one period */
    uint64_t wall_ns, virtual_ns;  /* of the part that runs at full speed */
};

/* The beginning (first call) and the end (second) of the part whose speed is taken. */
void cost_speed(struct cost *cost, uint64_t now_ns);
/* A period ends; at the first call the first one begins. */
void cost_period(struct cost *cost, const struct counters *counters, const struct link_result *result);
uint64_t cost_periods(const struct cost *cost);
/* Per period; 0 when there was none. */
double cost_mean(const struct cost *cost, enum cost_figure figure);
/* Simulated seconds per second; 0 when not taken. */
double cost_speed_ratio(const struct cost *cost);

#endif
