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
 * was released. Points count from 0, over all processors, in the order in which
 * they are reached.
 *
 * At a point of a thread the processor of interrupts and DPCs is a choice when it
 * has begun something or something is pending. When not, but a timer expires within
 * 20 ms, it is two, for time may pass between any two instructions: until that timer
 * expires, or until the device interrupts, at most 20 ms. Then comes each other
 * thread that could run. At a point of the processor of interrupts and DPCs there are two
 * choices for each thread: it goes on when that thread waits; or it is slow, and
 * goes on when somebody needs it (a lock, a flush), at the latest after 50 ms.
 */
#include "nt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 3900u /* a text of the link holds a digit for each; what comes later is no point, but cut */
#define PLAN_MAX 8u
#define PASS_NS (20 * NS_PER_MS)
#define SLOW_NS (50 * NS_PER_MS)
#define NEUTRAL_STACK_BYTES 8192u

bool g_schedule_on;
static bool open;   /* points count */
static bool moving; /* time does, between two points */
static struct {
    unsigned point, choice;
} plan[PLAN_MAX];
static unsigned plan_count, plan_next;
static char choices[POINTS_MAX + 1];
static unsigned points, cut;

static struct thread *first;  /* was at work at schedule_begin, on the stack for traps that there was */
static struct thread *server; /* the processor of interrupts and DPCs */
static struct thread *served; /* who goes on when it has nothing more to do; NULL: whoever can */
static bool serving;
static uint64_t slow_until; /* until then it does not go on only because others wait */

/* ---- the processor of interrupts and DPCs ---- */

static void serve(void *argument)
{
    (void)argument;
    for (;;) {
        deliver_pending();
        serving = false;
        if (served != NULL)
            thread_switch_to(served);
        else
            thread_schedule();
    }
}

/* Does not return to a thread that has ended. */
static void to_server(void)
{
    served = thread_current()->ended ? NULL : thread_current();
    serving = true;
    thread_switch_to(server);
}

static bool something_is_pending(void) { return dpc_queued() || interrupt_raised(); }

/* Somebody who stands still holds what it spins for. */
static bool is_stuck(const struct thread *thread)
{
    const struct thread *owner = thread->spins ? spinlock_owner(thread->spins) : NULL;

    return owner != NULL && owner != thread;
}

/* Ways in which it can go on. */
static unsigned server_choices(void)
{
    if (thread_current() == server)
        return 0;
    if (serving)
        return !is_stuck(server);
    if (something_is_pending())
        return 1;
    return timer_next_fire_ns() <= clock_now_ns() + PASS_NS ? 2 : 0;
}

static void server_works(unsigned choice)
{
    if (!serving && !something_is_pending()) {
        moving = true;
        clock_move_to(MAX(clock_now_ns(), choice ? clock_now_ns() + PASS_NS : timer_next_fire_ns()));
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

void schedule_wait(void)
{
    if (!g_schedule_on || thread_current() == server)
        return;
    while (open && !serving && something_is_pending())
        to_server();
    if (clock_now_ns() >= slow_until)
        schedule_finish();
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
    unsigned ways = server_choices();
    struct thread *thread;

    if (thread_current() == server) {
        slow_until = choice % 2 ? clock_now_ns() + SLOW_NS : 0;
        choice /= 2;
    }
    if (choice < ways) {
        server_works(choice);
        return;
    }
    thread = other_thread(choice - ways);
    if (thread != NULL)
        thread_switch_to(thread);
}

static unsigned count_choices(void)
{
    unsigned threads;

    for (threads = 0; threads < 4 && other_thread(threads) != NULL; threads++)
        ;
    return thread_current() == server ? 2 * threads : server_choices() + threads;
}

void schedule_point(void)
{
    unsigned point, count;

    if (!open || moving || g_frames == NULL)
        return;
    if (points == POINTS_MAX) {
        cut++;
        return;
    }
    count = count_choices();
    point = points++;
    choices[point] = (char)('0' + count);
    trace("point %u: %u choices", point, count);
    if (plan_next == plan_count || plan[plan_next].point != point || plan[plan_next].choice >= count)
        return;
    trace("point %u: choice %u", point, plan[plan_next].choice);
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
    plan_next = points = cut = 0;
    open = true;
    return true;
}

static void tell_cut(void)
{
    char line[32];

    snprintf(line, sizeof line, "cut %u", cut);
    g_link->a = 0;
    host_text(LINK_OP_SHOW, line);
}

const char *schedule_end(void)
{
    schedule_flush();
    open = false;
    if (cut != 0)
        tell_cut();
    choices[points] = '\0';
    return plan_next == plan_count ? choices : NULL;
}
