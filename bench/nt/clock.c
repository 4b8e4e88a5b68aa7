/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Virtual time. It moves while every thread waits (thread.c calls
 * clock_move_to), when the driver stalls, and by one counter tick whenever the
 * driver reads the performance counter, so that a polling loop gets on.
 *
 * The clock interrupt comes every 15.625 ms, or every 1 ms while a driver holds
 * ExSetTimerResolution. Timers and waits with a time-out expire only there.
 */
#include "nt.h"

#include <string.h>

/* TSC / 1024 of a 2.594 GHz processor, as Windows 7 shows it: neither round nor a divisor of 10 MHz. */
#define QPC_FREQUENCY_HZ 2533203ull
#define RESOLUTION_FINEST_100NS 10000u
#define RESOLUTION_COARSEST_100NS 156250u
#define SYSTEM_TIME_AT_BOOT_100NS 129500000000000000ll /* 2011-05-17: Windows 7 SP1 had just come out */
#define STALL_LIMIT_US 50u

static uint64_t now;
static uint64_t last_tick, next_tick = CLOCK_TICK_NS;
static uint64_t tick_count;
static uint64_t last_advance;
static unsigned counters_apart; /* ticks */
static unsigned resolution_holders;
static KUSER_SHARED_DATA shared __attribute__((aligned(4096)));
#if defined(__i386__)
static KSYSTEM_TIME tick_export; /* KeTickCount; x64 drivers read the shared page instead */
#endif

uint64_t clock_now_ns(void) { return now; }
uint64_t clock_last_tick_ns(void) { return last_tick; }

static uint64_t tick_period(void) { return resolution_holders ? CLOCK_FAST_TICK_NS : CLOCK_TICK_NS; }

uint64_t clock_tick_reaching_ns(uint64_t ns)
{
    uint64_t period = tick_period();

    return ns <= next_tick ? next_tick : next_tick + (ns - next_tick + period - 1) / period * period;
}

KUSER_SHARED_DATA *clock_shared_data(void) { return &shared; }

int64_t clock_system_time_100ns(void) { return SYSTEM_TIME_AT_BOOT_100NS + (int64_t)(last_tick / NS_PER_100NS); }

static void set_time(KSYSTEM_TIME *time, uint64_t value)
{
    time->LowPart = (ULONG)value;
    time->High1Time = time->High2Time = (LONG)(value >> 32);
}

static void publish(void)
{
    set_time(&shared.InterruptTime, last_tick / NS_PER_100NS);
    set_time(&shared.SystemTime, (uint64_t)clock_system_time_100ns());
    /* The tick count counts 15.625 ms units whatever the resolution is. */
    tick_count = last_tick / CLOCK_TICK_NS;
    set_time(&shared.TickCount, tick_count);
#if defined(__i386__)
    set_time(&tick_export, tick_count);
#endif
}

void clock_init(void)
{
    static const WCHAR root[] = L"C:\\Windows";

    memcpy(shared.NtSystemRoot, root, sizeof root);
    shared.TickCountMultiplier = 0x0FA00000; /* 15.625 ms, in ms << 24 */
    shared.NtMajorVersion = 6;
    shared.NtMinorVersion = 1;
    shared.NtProductType = 1;
    shared.ProductTypeIsValid = TRUE;
    publish();
}

static void tick(void)
{
    last_tick = now;
    next_tick = now + tick_period();
    publish();
    timer_tick(now);
    thread_tick(now);
}

void clock_move_to(uint64_t ns)
{
    while (now < ns) {
        uint64_t reached;

        last_advance = host_advance(ns);
        if (last_advance + NS_PER_MS < now)
            bench_bug("the device is at %llu ns, the machine at %llu", (unsigned long long)last_advance,
                      (unsigned long long)now);
        reached = MAX(last_advance, now); /* what it did while code ran is seen now */
        while (next_tick <= reached) {
            now = next_tick;
            tick();
        }
        now = reached;
        timer_fire_due(now);
        if (reached < ns)
            return;
    }
}

/* Time that passes while code runs: the device is told only at whole milliseconds. */
static void pass(uint64_t ns)
{
    uint64_t until = now + ns;

    while (now < until) {
        now = MIN(until, MIN(next_tick, last_advance + NS_PER_MS));
        if (now - last_advance >= NS_PER_MS) {
            last_advance = host_advance(now);
        }
        if (now == next_tick)
            tick();
        timer_fire_due(now);
    }
}

uint64_t clock_due_ns(LONGLONG due_100ns)
{
    int64_t absolute;

    if (due_100ns < 0)
        return last_tick + (uint64_t)-due_100ns * NS_PER_100NS;
    absolute = due_100ns - SYSTEM_TIME_AT_BOOT_100NS;
    return absolute <= 0 ? 0 : (uint64_t)absolute * NS_PER_100NS;
}

void clock_check_unload(void)
{
    if (resolution_holders)
        violation("TIMER_RESOLUTION", "the driver is unloaded and still holds ExSetTimerResolution %u time(s)",
                  resolution_holders);
}

/* ---- exports ---- */

static uint64_t counter_at(uint64_t ns)
{
    return ns / NS_PER_SECOND * QPC_FREQUENCY_HZ + ns % NS_PER_SECOND * QPC_FREQUENCY_HZ / NS_PER_SECOND;
}

void clock_set_counters_apart(unsigned ticks) { counters_apart = ticks; }

static LONGLONG NTAPI query_performance_counter(LARGE_INTEGER *frequency)
{
    static bool other;
    uint64_t before = counter_at(now);

    if (frequency != NULL)
        frequency->QuadPart = QPC_FREQUENCY_HZ;
    pass(NS_PER_SECOND / QPC_FREQUENCY_HZ + 1);
    other = !other;
    return (LONGLONG)(other ? before - MIN(before, counters_apart) : before);
}

static VOID NTAPI stall(ULONG microseconds)
{
    if (microseconds > STALL_LIMIT_US)
        violation("STALL_TOO_LONG", "KeStallExecutionProcessor(%u us); the limit is %u us", microseconds,
                  STALL_LIMIT_US);
    pass((uint64_t)microseconds * NS_PER_US);
}

static ULONG NTAPI set_timer_resolution(ULONG desired, BOOLEAN set)
{
    if (power_irp_in_this_thread())
        violation("POWER_DEADLOCK", "ExSetTimerResolution while this thread handles a power IRP");
    if (set) {
        resolution_holders++;
        resource_add("timer resolution", &resolution_holders, "ExSetTimerResolution");
        if (desired > RESOLUTION_COARSEST_100NS)
            return RESOLUTION_COARSEST_100NS;
        next_tick = MIN(next_tick, now + CLOCK_FAST_TICK_NS);
        return RESOLUTION_FINEST_100NS;
    }
    if (resolution_holders == 0)
        violation("TIMER_RESOLUTION", "ExSetTimerResolution(.., FALSE) without a TRUE before it");
    resource_remove("timer resolution", &resolution_holders);
    resolution_holders--;
    return resolution_holders ? RESOLUTION_FINEST_100NS : RESOLUTION_COARSEST_100NS;
}

static ULONGLONG NTAPI query_interrupt_time(VOID) { return last_tick / NS_PER_100NS; }
#if defined(__i386__)
static VOID NTAPI query_system_time(LARGE_INTEGER *time) { time->QuadPart = clock_system_time_100ns(); }
static VOID NTAPI query_tick_count(LARGE_INTEGER *count) { count->QuadPart = (LONGLONG)tick_count; }
#endif
static ULONG NTAPI query_time_increment(VOID) { return RESOLUTION_COARSEST_100NS; }
static VOID NTAPI system_time_to_local(LARGE_INTEGER *system, LARGE_INTEGER *local) { *local = *system; }

HAL(KeQueryPerformanceCounter, query_performance_counter, HIGH_LEVEL);
HAL(KeStallExecutionProcessor, stall, HIGH_LEVEL);
NTOS(ExSetTimerResolution, set_timer_resolution, APC_LEVEL);
NTOS(KeQueryTimeIncrement, query_time_increment, HIGH_LEVEL);
NTOS(ExSystemTimeToLocalTime, system_time_to_local, HIGH_LEVEL);
NTOS(ExLocalTimeToSystemTime, system_time_to_local, HIGH_LEVEL);
NTOS(KeQueryUnbiasedInterruptTime, query_interrupt_time, HIGH_LEVEL);
#if defined(__i386__)
NTOS(KeQueryInterruptTime, query_interrupt_time, HIGH_LEVEL);
NTOS(KeQuerySystemTime, query_system_time, HIGH_LEVEL);
NTOS(KeQueryTickCount, query_tick_count, HIGH_LEVEL);
NT_EXPORT_DATA("ntoskrnl.exe", KeTickCount, &tick_export);
#endif
