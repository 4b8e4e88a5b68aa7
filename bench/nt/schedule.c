/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * More than one processor. Between schedule_begin and schedule_end every thread
 * has a processor of its own, and so have interrupts and DPCs. Only one of them
 * is at work at a time; another takes over at the points of a plan, and where the
 * one at work cannot go on: it waits, or spins for a lock. The one that was
 * interrupted stands still where it is, at whatever IRQL and with whatever locks.
 *
 * A point is a place where driver code is between two steps: before an export is
 * entered, after a register access, after the IRQL was lowered, after a spin lock
 * was released, and, while instructions are counted, before each instruction
 * that locks the bus. Points count from 0, over all processors, in the order in
 * which they are reached.
 *
 * At a point the processor of interrupts and DPCs is a choice when it has begun
 * something, when something is pending, or when a timer expires within 20 ms: time
 * may pass between any two instructions. Then each other thread that could run.
 */
#include "nt.h"

#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 3900u /* a text of the link holds a digit for each */
#define PLAN_MAX 8u
#define PASS_NS (20 * NS_PER_MS)
#define NEUTRAL_STACK_BYTES 8192u

bool g_schedule_on;
static bool open;   /* points count */
static bool moving; /* time does, between two points */
static struct {
    unsigned point, choice;
} plan[PLAN_MAX];
static unsigned plan_count, plan_next;
static char choices[POINTS_MAX + 1];
static unsigned points;

static struct thread *first;  /* was at work at schedule_begin, on the stack for traps that there was */
static struct thread *server; /* the processor of interrupts and DPCs */
static struct thread *served; /* who goes on when it has nothing more to do */
static bool serving;

/* ---- the processor of interrupts and DPCs ---- */

static void serve(void *argument)
{
    (void)argument;
    for (;;) {
        serving = true;
        deliver_pending();
        serving = false;
        thread_switch_to(served);
    }
}

static void to_server(void)
{
    served = thread_current();
    thread_switch_to(server);
}

static bool something_is_pending(void) { return dpc_queued() || interrupt_raised(); }

/* Somebody who stands still holds what it spins for. */
static bool is_stuck(const struct thread *thread)
{
    const struct thread *owner = thread->spins ? spinlock_owner(thread->spins) : NULL;

    return owner != NULL && owner != thread;
}

static bool server_can_work(void)
{
    if (serving)
        return !is_stuck(server);
    return something_is_pending() || timer_next_fire_ns() <= clock_now_ns() + PASS_NS;
}

static void server_works(void)
{
    if (!serving && !something_is_pending()) {
        moving = true;
        clock_move_to(MAX(clock_now_ns(), timer_next_fire_ns()));
        moving = false;
    }
    if (serving || something_is_pending())
        to_server();
}

void schedule_finish(void)
{
    while (serving && thread_current() != server)
        to_server();
}

void schedule_flush(void)
{
    struct thread *thread;

    schedule_finish();
    for (thread = g_threads; thread != NULL; thread = thread->next)
        while (thread != thread_current() && thread->in_dpcs)
            thread_switch_to(thread);
}

/* ---- spin locks ---- */

bool schedule_spin(const KSPIN_LOCK *lock)
{
    struct thread *self = thread_current(), *owner = spinlock_owner(lock), *next;

    if (owner == NULL || owner == self)
        return false;
    for (next = owner; next != NULL && next->spins != NULL; next = spinlock_owner(next->spins))
        if (spinlock_owner(next->spins) == self)
            violation("DEADLOCK", "two processors spin, each for a lock that the other holds: %p and %p",
                      (const void *)lock, (const void *)next->spins);
    self->spins = lock;
    if (owner == server)
        to_server();
    else
        thread_switch_to(owner);
    self->spins = NULL;
    return true;
}

/* ---- points ---- */

static struct thread *other_thread(unsigned nth)
{
    struct thread *thread;
    unsigned n;

    for (n = 0; (thread = thread_other_ready(n)) != NULL; n++)
        if (thread != server && !is_stuck(thread) && nth-- == 0)
            return thread;
    return NULL;
}

static void take(unsigned choice)
{
    bool can = thread_current() != server && server_can_work();
    struct thread *thread;

    if (can && choice == 0) {
        server_works();
        return;
    }
    thread = other_thread(choice - can);
    if (thread != NULL)
        thread_switch_to(thread);
}

static unsigned count_choices(void)
{
    unsigned count = thread_current() != server && server_can_work(), n;

    for (n = 0; count < 9 && other_thread(n) != NULL; n++)
        count++;
    return count;
}

void schedule_point(void)
{
    unsigned point, count;

    if (!open || moving || g_frames == NULL)
        return;
    if (points == POINTS_MAX)
        bench_bug("more than %u points between schedule_begin and schedule_end", POINTS_MAX);
    count = count_choices();
    point = points++;
    choices[point] = (char)('0' + count);
    if (plan_next == plan_count || plan[plan_next].point != point || plan[plan_next].choice >= count)
        return;
    trace("point %u: another processor, choice %u of %u", point, plan[plan_next].choice, count);
    take(plan[plan_next++].choice);
}

/* ---- stacks for traps: one that is preempted may stand within one ---- */

static uint8_t *next_stack;

static void use_next_stack(void) { fault_set_stack(next_stack); }

void schedule_switched(struct thread *next)
{
    static uint8_t neutral[NEUTRAL_STACK_BYTES] __attribute__((aligned(64)));

    if (next != first && next->trap_stack == NULL)
        next->trap_stack = fault_new_stack();
    next_stack = next->trap_stack;
    thread_call_on(use_next_stack, neutral + sizeof neutral - 64);
}

/* ---- for scenarios ---- */

static bool parse(const char *text)
{
    char *end;

    for (plan_count = 0; *text != '\0'; text = *end == '+' ? end + 1 : end) {
        if (plan_count == PLAN_MAX)
            return false;
        plan[plan_count].point = (unsigned)strtoul(text, &end, 10);
        plan[plan_count].choice = 0;
        if (*end == '.')
            plan[plan_count].choice = (unsigned)strtoul(end + 1, &end, 10);
        if (end == text || (*end != '\0' && *end != '+'))
            return false;
        plan_count++;
    }
    return true;
}

bool schedule_begin(const char *text)
{
    if (!parse(text))
        return false;
    if (server == NULL) {
        first = thread_current();
        server = thread_create("processor of interrupts and DPCs", serve, NULL);
        server->ready = false; /* never picked: only switched to */
    }
    g_schedule_on = true;
    plan_next = points = 0;
    open = true;
    return true;
}

const char *schedule_end(void)
{
    schedule_flush();
    open = false;
    choices[points] = '\0';
    return plan_next == plan_count ? choices : NULL;
}
