/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the rest of the guest process (PortCls, audio engine, scenarios) may use
 * of the bench's NT kernel. Windows' own structures are in types.h, calling
 * conventions in abi.h.
 *
 * Determinism: one process, one host thread; "threads" are coroutines that
 * switch only inside the waits declared here. Virtual time moves only in
 * clock.c: while every thread waits, or by the few nanoseconds that an observed
 * clock read costs. Same binary, same seed, same trace.
 */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include "abi.h"
#include "types.h"
#include "../include/link.h"

#include <stdbool.h>
#include <stddef.h>

/* host.c: the device does of its own accord what no device should, or for no reason. */
void host_strike(enum link_strike strike);

extern struct link *g_link; /* the page shared with the host; options are valid from the start */

/* ---- verdicts ---- */

/* Ends the run: names the broken rule (a stable identifier such as "IRQL_TOO_HIGH"; the list is
 * rules.h), the driver function that was executing, and how to replay. */
__attribute__((noreturn, format(printf, 2, 3))) void violation(const char *rule, const char *format, ...);
/* Ends the run because a scenario's expectation did not hold (enum link_exit LINK_EXIT_FAILED). */
__attribute__((noreturn, format(printf, 1, 2))) void scenario_failed(const char *format, ...);
/* Ends the run for a fault of the bench itself. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_bug(const char *format, ...);
/* Free when tracing is off: not even the arguments are evaluated. */
#define trace(...)                                                                                                     \
    do {                                                                                                               \
        if (g_link->options.trace)                                                                                     \
            trace_line(__VA_ARGS__);                                                                                   \
    } while (0)
__attribute__((format(printf, 1, 2))) void trace_line(const char *format, ...);
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);

/* ---- IRQL ---- */

KIRQL irql_current(void);
KIRQL irql_raise(KIRQL irql);  /* returns the old one */
void irql_lower(KIRQL irql);   /* delivers what became deliverable */
/* Violation IRQL_TOO_HIGH unless current <= max; `what` names the call. */
void irql_require_max(KIRQL max, const char *what);

/* ---- calls into the driver ---- */

/* Every call of driver code goes through DRIVER_CALL / DRIVER_CALL_VOID: they note who is called (for messages and for
 * blame) and afterwards require the same IRQL, no spin lock still held that was not held before, and that kernel
 * objects are sane. `name` is a string literal such as "IMiniportWaveRT::NewStream". */
struct driver_frame {
    const char *name;
    KIRQL irql;
    unsigned locks, mutexes;
    struct driver_frame *outer;
    uintptr_t stack;    /* stack pointer around the call; equal afterwards when the calling convention was kept */
    const void *caller; /* where driver code was before this call */
};
void driver_enter(struct driver_frame *frame, const char *name);
void driver_leave(struct driver_frame *frame);
#define DRIVER_CALL(name, call)                                                                                        \
    __extension__({                                                                                                    \
        struct driver_frame frame_;                                                                                    \
        driver_enter(&frame_, (name));                                                                                 \
        __typeof__(call) result_ = (call);                                                                             \
        driver_leave(&frame_);                                                                                         \
        result_;                                                                                                       \
    })
#define DRIVER_CALL_VOID(name, call)                                                                                   \
    do {                                                                                                               \
        struct driver_frame frame_;                                                                                    \
        driver_enter(&frame_, (name));                                                                                 \
        (call);                                                                                                        \
        driver_leave(&frame_);                                                                                         \
    } while (0)
/* True when [p, p+n) lies inside the loaded image, in a section with these rights; to validate vtables and tables. */
bool image_contains_code(const void *p);
bool image_contains(const void *p, size_t n);
/* Is [p, p+n) readable (writable) memory of the guest now: image, pool, stack or pages? For validating descriptors. */
bool memory_is_readable(const void *p, size_t n);
bool memory_is_writable(void *p, size_t n);
/* Is p in nonpaged memory (nonpaged pool, image outside PAGE/INIT, locked pages, bench memory)? */
bool memory_is_nonpaged(const void *p, size_t n);

/* Counts, in link_result.instructions, what driver code executes from the next entry into it on. Driver code that
 * waits in an import meanwhile is counted soon after it goes on, at the latest from its next entry. Not to be called by
 * driver code, nor on while an image is unloaded. */
void steps_count(bool on);

/* ---- time and threads ---- */

uint64_t clock_now_ns(void);
/* Random delay in ns, uniform in [0, options.jitter_us], from the seed's stream number `stream`. */
uint64_t clock_jitter_ns(unsigned stream);
/* From now on every second reading of the performance counter is by a processor whose counter is `ticks` behind. */
void clock_set_counters_apart(unsigned ticks);

struct thread; /* a coroutine with a guarded stack */
struct thread *thread_create(const char *name, void (*entry)(void *), void *argument);
struct thread *thread_current(void);
/* Waits until the thread has ended, and frees it. PASSIVE. */
void thread_join(struct thread *thread);
void thread_sleep_until(uint64_t ns);
/* Waits for a KEVENT, KTIMER, KSEMAPHORE, KMUTEX ... as KeWaitForSingleObject does. `until_ns` UINT64_MAX: no limit.
 * False: timed out. */
bool thread_wait(void *dispatcher_object, uint64_t until_ns);
/* The thread runs before every other one, from when it is ready and the running one can be preempted: as a thread of
 * the highest priority would. Once; NULL: whichever becomes ready next. */
void thread_prefer(struct thread *thread);

/* ---- processors (schedule.c) ---- */

/* From now to schedule_end there is more than one processor. `plan`: "POINT.CHOICE+POINT.CHOICE", ascending, where
 * another takes over; "": only where one cannot go on. False: it is no plan. */
bool schedule_begin(const char *plan);
/* The number of choices at each point, a digit each; NULL: the plan has points or choices that were not reached. Tells
 * the host "cut N" when there were N points more than it can say. */
const char *schedule_end(void);

/* ---- memory ---- */

/* Memory of the bench that the driver may hold a pointer to (port objects, IRPs), guarded as special pool. */
void *bench_alloc(size_t bytes, const char *what);
void bench_free(void *p);
/* Bytes of nonpaged pool that the driver holds. */
uint64_t pool_nonpaged_bytes(void);
/* arena.c: pool and contiguous memory that the driver had at once, at most. */
uint64_t arena_driver_bytes_most(void);
/* blocks.c: the most of one service routine or DPC, in basic blocks; 0: the image does not count them. */
uint64_t blocks_longest(void);
/* What the bench itself keeps about memory that was freed, until all of the address space has been used once. */
size_t arena_record_bytes(void);
/* Pages of guest RAM, scattered on purpose; PFNs are written to `pfns`. False: none left, or a planned failure. */
bool ram_alloc_pages(PFN_NUMBER *pfns, size_t pages, uint64_t highest_address);
bool ram_alloc_contiguous(PFN_NUMBER *first, size_t pages, uint64_t lowest, uint64_t highest);
void ram_free_pages(const PFN_NUMBER *pfns, size_t pages);
uint64_t ram_pages_used(void);
/* Violation DMA_EXPOSED when the device may reach any of the pages, which are about to be freed. */
void ram_check_claims(const PFN_NUMBER *pfns, size_t pages, const char *what);
/* Maps pages of guest RAM side by side, readable and writable; ram_unmap undoes it. */
void *ram_map(const PFN_NUMBER *pfns, size_t pages);
void ram_unmap(void *va, size_t pages);

/* Leak accounting: every resource that the driver can hold is in one list, by kind. */
void resource_add(const char *kind, const void *object, const char *detail);
void resource_remove(const char *kind, const void *object); /* violation BAD_FREE when unknown */
size_t resource_count(void);
/* Everything from now on is numbered from here. */
uint64_t resource_mark(void);
/*
 * The last chance to give memory back to its owner has passed: what the device keeps although it was asked back may be
 * left. Call before the device is taken away (mark 0: whatever there is), and when a stream was closed (mark: when it
 * was opened). What a stream's transfers lent may also be left when only a reset took it back: the stream had given it
 * up by then.
 */
void resource_settle(uint64_t mark);
/* At unload: prints each one left and adds them to result.leaks. */
void resource_report_leaks(void);

/* ---- driver, device, plug and play ---- */

extern DRIVER_OBJECT *g_driver;
extern DEVICE_OBJECT *g_pdo; /* made by the bus driver of the bench */

/* Maps, binds, calls DriverEntry; ends the run with LINK_EXIT_BAD_IMAGE when it is no such driver. */
void driver_load(const char *path);
/* The same; the status of DriverEntry when that is what failed. The image is gone then and may be loaded again. */
NTSTATUS driver_try_load(const char *path);
void driver_unload(void);           /* DriverUnload, then every leak check */
NTSTATUS pnp_add_device(void);
/* These send the IRPs Windows would send, at PASSIVE in a system thread, and return the final status. */
NTSTATUS pnp_start_device(void);
NTSTATUS pnp_query_stop_device(void);
NTSTATUS pnp_stop_device(void);
NTSTATUS pnp_query_remove_device(void);
/* What the device can do, by what the bus driver says and those above it have made of that. */
NTSTATUS pnp_query_capabilities(DEVICE_CAPABILITIES *capabilities);
NTSTATUS pnp_surprise_removal(void); /* from then on every register reads all ones */
void pnp_unplug(void); /* the device is gone, and nobody has been told yet */
void pnp_plug(void);   /* it is there again */
NTSTATUS pnp_remove_device(void);
/* A filter below the driver is in no hurry: whoever asks for an interface gets STATUS_PENDING, and an answer 3 ms
 * later. false: as ever; the last answer has been given. */
void bus_answer_late(bool wanted);
/* Between two lives of the driver: nothing of what drivers wrote is left, and the switches are what the options say. */
void registry_forget(void);
uint64_t prng_below(unsigned stream, uint64_t limit);
/* Sets the device's power alone. In D1 to D3 it answers no register and forgets what it was told. */
void power_device(DEVICE_POWER_STATE state);
/* May the device go there? It stays where it is; the driver's answer. */
NTSTATUS power_query_device(DEVICE_POWER_STATE state);
/* The whole machine sleeps (S1 to S4) for `ns` and wakes. The status of the query: a driver may refuse. */
NTSTATUS power_sleep(SYSTEM_POWER_STATE state, uint64_t ns);
/* A device on the same line interrupts: the service routine must look and decline. */
void interrupt_from_neighbour(void);
/* Sends an IRP to the top of the stack and waits for it. */
NTSTATUS irp_send_synchronously(DEVICE_OBJECT *device, IRP *irp);
DEVICE_OBJECT *device_top_of_stack(DEVICE_OBJECT *device);

/* ---- exports ---- */

/* One line per export at the foot of the file that implements it. `irql` is the highest IRQL at which Windows allows
 * the call; the import thunk checks it. `module` is "ntoskrnl.exe", "hal.dll" or "portcls.sys". */
struct nt_export {
    const char *module;
    const char *name;
    const void *address;
    KIRQL irql;
    bool is_data;
};
#define NT_EXPORT_AS(id, module_, name_, function_, irql_)                                                             \
    static const struct nt_export nt_export_##id __attribute__((used, section("nt_exports"), aligned(8))) = {          \
        module_, name_, (const void *)(function_), irql_, false}
#define NT_EXPORT(module_, function_, irql_) NT_EXPORT_AS(function_, module_, #function_, function_, irql_)
#define NT_EXPORT_DATA(module_, name_, object_)                                                                        \
    static const struct nt_export nt_export_##name_ __attribute__((used, section("nt_exports"), aligned(8))) = {       \
        module_, #name_, (object_), 31, true}

/* The entry that the driver wrote last, in words; "": none. */
const char *event_log_last(void);

#endif
