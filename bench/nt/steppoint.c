/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "steppoint.h"

#include "nt.h"

#define PASS_NS (20 * NS_PER_MS)

static bool counting;
static uint64_t count, planned;
static void (*happens)(void);
static uint8_t facts[STEPS_MAX + 1];
static unsigned marks;

static unsigned facts_now(void)
{
    return marks | (thread_preemptible() ? STEP_PREEMPTIBLE : 0) | (interrupt_possible() ? STEP_INTERRUPTIBLE : 0) |
           (timer_next_fire_ns() != UINT64_MAX ? STEP_TIMED : 0);
}

void step_point(void)
{
    if (counting) {
        if (++count <= STEPS_MAX)
            facts[count] = (uint8_t)facts_now();
        if (count == planned) {
            trace("step %llu: it happens", (unsigned long long)count);
            happens();
            deliver_pending();
        }
    }
    thread_preempt();
}

void step_plan(uint64_t nth, void (*happen)(void))
{
    counting = true;
    count = 0;
    planned = nth;
    happens = happen;
    marks = 0;
}

void step_end(void) { counting = false; }

uint64_t step_count(void) { return count; }

unsigned step_facts(uint64_t nth) { return facts[nth]; }

void step_mark(enum step_fact fact, bool on) { marks = on ? marks | fact : marks & ~(unsigned)fact; }

void step_let_time_pass(void)
{
    uint64_t next = timer_next_fire_ns();

    clock_move_to(MAX(clock_now_ns(), MIN(next, clock_now_ns() + PASS_NS)));
}
