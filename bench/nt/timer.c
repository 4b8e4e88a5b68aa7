/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * KTIMER. A timer is due at the first clock tick that reaches its time; with
 * jitter (options.jitter_us) it expires that much later. Expiry signals the
 * timer and queues its DPC.
 */
#include "nt.h"

#define MAX_TIMERS 256u

struct active {
    KTIMER *timer;
    uint64_t due_ns;
    uint64_t late_ns; /* how much later than its tick it will expire */
    uint64_t fire_ns; /* UINT64_MAX: its tick has not come yet */
    uint64_t order;
};
static struct active active[MAX_TIMERS];
static unsigned active_count;
static uint64_t next_order;

static int find(const KTIMER *timer)
{
    unsigned i;

    for (i = 0; i < active_count; i++)
        if (active[i].timer == timer)
            return (int)i;
    return -1;
}

static void drop(int index)
{
    active[index] = active[--active_count];
}

static void add(KTIMER *timer, uint64_t due_ns)
{
    active[active_count++] = (struct active){timer, due_ns, clock_jitter_ns(PRNG_TIMER), UINT64_MAX, next_order++};
}

static void require_timer(const KTIMER *timer, const char *what)
{
    if (!memory_is_nonpaged(timer, sizeof *timer))
        violation("PAGED_AT_DISPATCH", "%s: timer %p is not in nonpaged memory", what, (const void *)timer);
    if ((timer->Header.Type != TimerNotificationObject && timer->Header.Type != TimerSynchronizationObject) ||
        timer->Header.WaitListHead.Flink == NULL)
        violation("DPC_UNINITIALIZED", "%s: %p is no initialised KTIMER", what, (const void *)timer);
}

void timer_tick(uint64_t tick_ns)
{
    unsigned i;

    for (i = 0; i < active_count; i++)
        if (active[i].fire_ns == UINT64_MAX && active[i].due_ns <= tick_ns)
            active[i].fire_ns = tick_ns + active[i].late_ns;
}

static uint64_t fires_ns(const struct active *timer)
{
    if (timer->fire_ns != UINT64_MAX)
        return timer->fire_ns;
    return clock_tick_reaching_ns(timer->due_ns) + timer->late_ns; /* as the clock ticks now */
}

uint64_t timer_next_fire_ns(void)
{
    uint64_t next = UINT64_MAX;
    unsigned i;

    for (i = 0; i < active_count; i++)
        next = MIN(next, fires_ns(&active[i]));
    return next;
}

static void expire(int index)
{
    KTIMER *timer = active[index].timer;
    uint64_t due = active[index].due_ns;

    drop(index);
    timer->Header.SignalState = 1;
    if (timer->Period) {
        add(timer, due + (uint64_t)timer->Period * NS_PER_MS);
    }
    dispatcher_signalled(&timer->Header);
    if (timer->Dpc != NULL)
        dpc_insert(timer->Dpc, NULL, NULL);
}

void timer_fire_due(uint64_t now_ns)
{
    for (;;) {
        int first = -1;
        unsigned i;

        for (i = 0; i < active_count; i++) {
            if (active[i].fire_ns > now_ns)
                continue;
            if (first < 0 || active[i].fire_ns < active[first].fire_ns ||
                (active[i].fire_ns == active[first].fire_ns && active[i].order < active[first].order))
                first = (int)i;
        }
        if (first < 0)
            return;
        expire(first);
    }
}

bool timer_owns_dpc(const KDPC *dpc)
{
    unsigned i;

    for (i = 0; i < active_count; i++)
        if (active[i].timer->Dpc == dpc)
            return true;
    return false;
}

void timer_check_free(const void *start, size_t bytes)
{
    unsigned i;

    for (i = 0; i < active_count; i++)
        if ((uintptr_t)active[i].timer - (uintptr_t)start < bytes)
            violation("POOL_ACTIVE_OBJECT", "memory with the active timer %p is freed", (void *)active[i].timer);
}

void timer_check_unload(void)
{
    unsigned i;

    for (i = 0; i < active_count; i++) {
        const KTIMER *timer = active[i].timer;

        if (timer->Dpc != NULL && image_contains_code((const void *)timer->Dpc->DeferredRoutine))
            violation("DPC_AFTER_UNLOAD", "timer %p is still set when the driver is unloaded", (const void *)timer);
        if (image_contains(timer, 1))
            violation("DPC_AFTER_UNLOAD", "timer %p in the image is still set at unload", (const void *)timer);
    }
}

/* ---- exports ---- */

VOID NTAPI KeInitializeTimerEx(KTIMER *timer, TIMER_TYPE type)
{
    if (find(timer) >= 0)
        violation("POOL_ACTIVE_OBJECT", "KeInitializeTimerEx on the active timer %p", (void *)timer);
    *timer = (KTIMER){0};
    timer->Header.Type = (UCHAR)(TimerNotificationObject + type);
    timer->Header.Size = sizeof *timer / sizeof(LONG);
    timer->Header.WaitListHead.Flink = timer->Header.WaitListHead.Blink = &timer->Header.WaitListHead;
}

static VOID NTAPI initialize_timer(KTIMER *timer) { KeInitializeTimerEx(timer, NotificationTimer); }

BOOLEAN NTAPI KeSetTimerEx(KTIMER *timer, LARGE_INTEGER due, LONG period_ms, KDPC *dpc)
{
    int index;
    bool was_active;

    require_timer(timer, "KeSetTimer");
    if (dpc != NULL && (dpc->Type != DpcObject || dpc->DeferredRoutine == NULL))
        violation("DPC_UNINITIALIZED", "KeSetTimer: %p is no initialised KDPC", (void *)dpc);
    if (period_ms < 0)
        violation("BAD_PARAMETER", "KeSetTimerEx: period %d ms", period_ms);
    index = find(timer);
    was_active = index >= 0;
    if (was_active)
        drop(index);
    if (active_count == MAX_TIMERS)
        bench_bug("more than %u active timers", MAX_TIMERS);
    timer->Header.SignalState = 0;
    timer->DueTime.QuadPart = (ULONGLONG)due.QuadPart;
    timer->Period = (ULONG)period_ms;
    timer->Dpc = dpc;
    add(timer, clock_due_ns(due.QuadPart));
    if (active[active_count - 1].due_ns <= clock_last_tick_ns()) { /* due already: expires at once */
        active[active_count - 1].fire_ns = clock_now_ns();
        timer_fire_due(clock_now_ns());
    }
    return was_active;
}

static BOOLEAN NTAPI set_timer(KTIMER *timer, LARGE_INTEGER due, KDPC *dpc) { return KeSetTimerEx(timer, due, 0, dpc); }

static BOOLEAN NTAPI set_coalescable(KTIMER *timer, LARGE_INTEGER due, ULONG period, ULONG delay, KDPC *dpc)
{
    (void)delay; /* coalescing may only delay; this machine never needs it */
    return KeSetTimerEx(timer, due, (LONG)period, dpc);
}

BOOLEAN NTAPI KeCancelTimer(KTIMER *timer)
{
    int index;

    require_timer(timer, "KeCancelTimer");
    index = find(timer);
    if (index < 0)
        return FALSE;
    drop(index);
    return TRUE;
}

static BOOLEAN NTAPI read_state(KTIMER *timer) { return timer->Header.SignalState != 0; }

NTOS(KeInitializeTimer, initialize_timer, DISPATCH_LEVEL);
NTOS(KeInitializeTimerEx, KeInitializeTimerEx, DISPATCH_LEVEL);
NTOS(KeSetTimer, set_timer, DISPATCH_LEVEL);
NTOS(KeSetTimerEx, KeSetTimerEx, DISPATCH_LEVEL);
NTOS(KeSetCoalescableTimer, set_coalescable, DISPATCH_LEVEL);
NTOS(KeCancelTimer, KeCancelTimer, DISPATCH_LEVEL);
NTOS(KeReadStateTimer, read_state, DISPATCH_LEVEL);
