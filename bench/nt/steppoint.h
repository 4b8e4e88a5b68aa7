/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Steps: the places at which anything else may happen while a driver works. One
 * is counted before each import that driver code calls, after each register or
 * port access that it makes itself, whenever the IRQL is lowered, on each way
 * into driver code and out of it, and where the scheduler chooses. At one of them, planned by number, something
 * happens.
 */
#ifndef BENCH_STEPPOINT_H
#define BENCH_STEPPOINT_H

#include "../include/step_facts.h"

#include <stdbool.h>
#include <stdint.h>

#define STEPS_MAX 65536u

/* One step. Any IRQL, on any stack, outside exchanges with the host. */
void step_point(void);

/* Counts from 1 on; at step `nth` (0: never) `happen` is called, exactly there: it must neither wait nor run driver
 * code, save through deliver_pending. */
void step_plan(uint64_t nth, void (*happen)(void));
/* Counts no more; what was counted stays. Also the state at the start. */
void step_end(void);
uint64_t step_count(void);
/* The facts at step `nth` of those counted, from 1. */
unsigned step_facts(uint64_t nth);
/* Sets or clears a fact that the scenario knows, for the steps to come. */
void step_mark(enum step_fact fact, bool on);

/* For `happen`: lets time come to the next expiry of a timer, 20 ms at most. */
void step_let_time_pass(void);

#endif
