/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the files of the bench's kernel share with each other and with nobody else. */
#ifndef BENCH_NT_H
#define BENCH_NT_H

#include "kernel.h"
#include "api.h"

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_SECOND 1000000000ull
#define NS_PER_100NS 100ull

#define PACKED_UNALIGNED __attribute__((packed, aligned(1)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Exports whose C name differs from the exported one. HAL_ON_X86: in hal.dll on x86, in ntoskrnl.exe on x64. */
#define NTOS(name_, function_, irql_) NT_EXPORT_AS(name_, "ntoskrnl.exe", #name_, function_, irql_)
#define HAL(name_, function_, irql_) NT_EXPORT_AS(name_, "hal.dll", #name_, function_, irql_)
#if defined(__i386__)
#define HAL_ON_X86(name_, function_, irql_) HAL(name_, function_, irql_)
#else
#define HAL_ON_X86(name_, function_, irql_) NTOS(name_, function_, irql_)
#endif

/* ---- host.c: the other process ---- */

void host_attach(int link_fd);
void host_seat_device(void); /* after ram_attach: opens the device if it is to be in this process */
bool host_device_runs(void); /* it does its work in this process now */
uint32_t host_config_read(uint32_t offset, unsigned size);
void host_config_write(uint32_t offset, unsigned size, uint32_t value);
uint64_t host_bar_read(unsigned bar, uint64_t offset, unsigned size);
void host_bar_write(unsigned bar, uint64_t offset, unsigned size, uint64_t value);
/* Lets the device work until then. When it did: earlier when it interrupted. */
uint64_t host_advance(uint64_t until_ns);
/* The instruction at `code`; answers are cached by address, for code never changes. */
const struct link_insn *host_decode(const void *code);
void host_forget_code(void); /* another image is about to be loaded */
/* Maps a part of the link's file at `address`, whole pages; what was there is gone. */
void host_map_link(void *address, size_t bytes, size_t offset);
/* Name of the driver function at `address`, or "" outside the image. Static buffer. */
const char *host_symbol(const void *address);
void host_text(enum link_op op, const char *text);
void host_mark(enum link_mark mark);
_Noreturn void host_exit(enum link_exit code, const char *text);
void host_power(bool on); /* the device gets or loses power */
unsigned host_claims(uint64_t physical, uint32_t bytes); /* bits of enum link_claim; 0: the device is gone */
bool host_intx(void);     /* level of INTA# after the latest exchange */
void host_device_gone(void); /* surprise removal: no more exchange reaches the device */
void host_device_back(void); /* it is plugged in again, and knows nothing */

/* ---- blocks.c ---- */

#define COVERAGE_SECTION ".SCOV"
void blocks_map(void *section, size_t bytes); /* the image being loaded has one */
void blocks_forget(void);
/* Basic blocks that the driver has executed; 0: it does not count. */
uint64_t blocks_executed(void);
/* A service routine or DPC has ended: violation DPC_TOO_LONG. `since`: blocks_executed when it began. */
void blocks_require_short(uint64_t since, const char *what);

/* ---- power.c ---- */

bool power_is_on(void); /* the device is in D0 */
bool power_irp_in_this_thread(void);
void power_start(void); /* START_DEVICE: the bus driver powers the device */
void power_require_on(const char *what); /* violation POWER_STATE */
NTSTATUS power_bus_irp(const IO_STACK_LOCATION *location); /* IRP_MJ_POWER at the bus driver */

/* ---- report.c ---- */

/* The driver address to blame: set by import thunks and traps. */
extern const void *g_blame;
extern struct driver_frame *g_frames; /* innermost call of driver code */
const char *status_name(NTSTATUS status);
/* Violation BAD_PARAMETER or `rule` unless the counted string is well-formed. */
void string_require(const UNICODE_STRING *string, const char *rule, const char *what);
/* Ends the run because the .sys cannot be loaded. */
__attribute__((noreturn, format(printf, 1, 2))) void bad_image(const char *format, ...);

/* As resource_remove; false when there is none, for callers that know a better rule. */
bool resource_drop(const char *kind, const void *object);

/* ---- prng.c ---- */

/* Independent streams of random numbers, all from options.seed. */
enum prng_stream { PRNG_LAYOUT = 1, PRNG_RAM = 2, PRNG_TIMER = 3, PRNG_CLIENT_FIRST = 16, PRNG_COUNT = 64 };
uint64_t prng_next(unsigned stream);

/* ---- irql.c, spinlock.c ---- */

unsigned spinlock_held_count(void);
const char *spinlock_held_text(void);
void spinlock_forget_range(const void *start, size_t bytes); /* memory is freed */
struct thread *spinlock_owner(const KSPIN_LOCK *lock); /* NULL: nobody */
void spinlock_acquire(KSPIN_LOCK *lock, KIRQL old_irql, const char *what);
KIRQL spinlock_release(KSPIN_LOCK *lock, const char *what);
bool irql_in_interrupt(void);
void irql_set_raw(KIRQL irql); /* no delivery, no checks: thread switches */
/* Runs interrupts and DPCs that the current IRQL lets through. */
void deliver_pending(void);

/* ---- lockorder.c ---- */

/* `lock` is asked for while `held` is held; violation `rule` when the reverse has been seen. */
void lockorder_asked(const void *lock, const void *held, const char *rule);
/* What this thread must wait for, unless it owns it; what a thread has got; what it owns no more. */
void lockorder_mutex_asked(const void *mutex);
void lockorder_mutex_owned(struct thread *thread, const void *mutex);
void lockorder_mutex_released(struct thread *thread, const void *mutex);
void lockorder_forget_range(const void *start, size_t bytes); /* memory is freed */
void lockorder_forget(void); /* another image is about to be loaded */

/* ---- schedule.c: more than one processor; see there ---- */

extern bool g_schedule_on; /* a schedule is being played */
void schedule_point(void); /* here another processor may do something: driver code is between two steps */
/* The lock is busy: the processor that holds it goes on. False: nobody holds it. */
bool schedule_spin(const KSPIN_LOCK *lock);
void schedule_wait(void);   /* the current thread waits: the processor of interrupts and DPCs may go on */
void schedule_finish(void); /* that processor ends what it has begun */
void schedule_flush(void);  /* likewise every processor that runs a DPC */
void schedule_switched(struct thread *next); /* thread.c is about to switch: each has a stack for traps of its own */

/* ---- clock.c ---- */

#define CLOCK_TICK_NS 15625000ull
#define CLOCK_FAST_TICK_NS 1000000ull
void clock_init(void);
void clock_move_to(uint64_t ns);     /* ticks, device and timers on the way */
uint64_t clock_last_tick_ns(void);   /* what KeQueryInterruptTime shows */
uint64_t clock_tick_reaching_ns(uint64_t ns); /* when the first clock tick comes at `ns` or later */
void clock_check_unload(void);
KUSER_SHARED_DATA *clock_shared_data(void);
int64_t clock_system_time_100ns(void);
/* Absolute interrupt time (ns) of a Windows due time: negative = relative to the last tick. */
uint64_t clock_due_ns(LONGLONG due_100ns);

/* ---- timer.c, dpc.c, interrupt.c ---- */

void timer_tick(uint64_t tick_ns);     /* marks what is due at this tick */
void timer_fire_due(uint64_t now_ns);  /* expires what was marked, once its jitter is over */
uint64_t timer_next_fire_ns(void);     /* UINT64_MAX: nothing marked */
bool timer_owns_dpc(const KDPC *dpc);
void timer_check_free(const void *start, size_t bytes);
void timer_check_unload(void);
void dpc_deliver(void);
bool dpc_pending(void);
bool dpc_queued(void); /* whatever the current thread is doing */
void dpc_insert(KDPC *dpc, PVOID argument1, PVOID argument2);
bool dpc_running(void);
void dpc_check_free(const void *start, size_t bytes);
void dpc_check_unload(void);
void interrupt_deliver(void);
bool interrupt_raised(void); /* whatever the IRQL is here */
bool interrupt_pending(void); /* level high, connected, and the IRQL lets it through */
bool interrupt_possible(void); /* the same, whatever the level is */
void interrupt_check_free(const void *start, size_t bytes);

/* ---- thread.c, dispatcher.c ---- */

struct thread_wait {
    DISPATCHER_HEADER *objects[64];
    unsigned count;
    bool all;
    bool active;
    bool tick_based;   /* until_ns is compared at clock ticks only */
    uint64_t until_ns; /* UINT64_MAX: for ever */
    uint64_t order;    /* first come, first served */
    NTSTATUS status;
};
struct spinlock_held {
    KSPIN_LOCK *lock;
    KIRQL old_irql;
};
struct thread {
    DISPATCHER_HEADER header; /* a thread is a dispatcher object */
    UCHAR kthread_padding[0x400];
    struct thread *next; /* all threads */
    const char *name;
    void (*entry)(void *);
    void *argument;
    void *stack;
    size_t stack_bytes;
    void *saved_sp;
    bool ready, ended, system_thread;
    LONG references;
    KIRQL irql;
    unsigned mutexes; /* that it owns: KMUTEX as often as acquired, fast, guarded */
    struct driver_frame *frames;
    uintptr_t driver_stack_base; /* stack pointer where driver code was first entered; 0: not in driver code */
    const void *blame;
    void *exception_list;
    struct thread_wait wait;
    struct spinlock_held spinlocks[16]; /* that it holds */
    unsigned spinlock_count;
    const void *held_mutexes[16]; /* lockorder.c */
    unsigned held_mutex_count;
    bool in_dpcs;            /* dpc.c: it runs the queue */
    const void *spins;       /* schedule.c: the spin lock that it waits for; NULL: none */
    uint8_t *trap_stack;     /* schedule.c: for its signals; NULL: that of fault.c */
    uintptr_t step_returns[64]; /* steps.c: where calls out of the driver return to */
    unsigned step_return_count;
};
extern struct thread *g_threads;
void thread_init(void); /* makes the running stack the first thread */
bool thread_guard_contains(const void *address);
bool thread_stack_contains(const void *address, size_t bytes);
void thread_wake(struct thread *thread, NTSTATUS status);
/* The running thread may be made to wait for another one here and now. */
bool thread_preemptible(void);
/* Lets a thread that was preferred (kernel.h) run, as soon as the running one is preemptible. */
void thread_preempt(void);
void thread_tick(uint64_t tick_ns);
_Noreturn void thread_end(void);
/* Calls function with the stack pointer at `top`. */
void thread_call_on(void (*function)(void), void *top);
/* Calls function on a stack of its own, as Windows runs DPCs; not reentrant. */
void thread_call_on_dpc_stack(void (*function)(void));
/* The same for a device in this process: not on the stack that is measured. */
void thread_call_on_device_stack(void (*function)(void));
/* Marks the limit of the kernel stack below a first call of driver code, and looks whether it was reached. */
void thread_mark_stack(uintptr_t base);
bool thread_mark_is_intact(uintptr_t base);
/* Blocks the current thread until its wait record is answered. */
NTSTATUS thread_block(void);
void thread_switch_to(struct thread *next); /* which is not the current one */
void thread_schedule(void); /* the current thread goes on when it is picked or switched to */
/* The `n`th other thread that could run; NULL: there are fewer. */
struct thread *thread_other_ready(unsigned n);
void thread_release(struct thread *thread); /* drops one reference */
void thread_check_free(const void *start, size_t bytes);
void thread_check_unload(void);
void thread_check_stack(uintptr_t sp); /* violation STACK_OVERFLOW */
/* Signals waiters that can go on now. */
void dispatcher_signalled(DISPATCHER_HEADER *header);
bool dispatcher_try(DISPATCHER_HEADER *header, struct thread *thread); /* consumes the signal */
void dispatcher_require(const DISPATCHER_HEADER *header, const char *what);
NTSTATUS dispatcher_wait(unsigned count, PVOID *objects, bool all, const LARGE_INTEGER *timeout, const char *what);
NTSTATUS dispatcher_wait_until(DISPATCHER_HEADER *header, uint64_t until_ns);

/* ---- ram.c, arena.c, pool.c ---- */

extern uint8_t *g_ram;
extern uint64_t g_ram_bytes;
void ram_attach(int ram_fd);
bool ram_contains(uint64_t physical, uint64_t bytes);
void ram_check_freed(void); /* violation DMA_AFTER_FREE */
/* Maps RAM pages at a fixed place. */
void ram_map_at(void *va, const PFN_NUMBER *pfns, size_t pages, int protection);

/* Up to BLOCK_CONTIGUOUS: the driver's. */
enum block_kind { BLOCK_POOL, BLOCK_PAGED_POOL, BLOCK_CONTIGUOUS, BLOCK_BENCH, BLOCK_MAPPING, BLOCK_IO_SPACE };
struct block {
    enum block_kind kind;
    bool live, paged_out, sealed; /* sealed: an IRP that was completed */
    uint8_t *pages_start;
    size_t pages;
    uint8_t *start; /* first byte of the caller's */
    size_t bytes;
    ULONG tag;
    const char *what;
    const void *allocated_by, *freed_by;
    uint64_t physical; /* BLOCK_IO_SPACE */
    int bar;
    uint64_t bar_offset;
};
/* Address space with a guard page behind each block; owner lookup also works for freed blocks. */
struct block *arena_add(enum block_kind kind, size_t bytes, size_t pages);
void arena_release(struct block *block);
struct block *arena_find(const void *address);     /* owner of the page, live or freed; guard: the block before it */
bool arena_contains(const void *address);
PFN_NUMBER *arena_pfn(const void *address);        /* slot of the page's frame number */
void arena_page_out(struct block *block);
void arena_page_in(struct block *block);
/* A sealed block stays as it is but must not be touched: an IRP that was completed. */
void arena_seal(struct block *block);
void arena_unseal(struct block *block);
void arena_raise_to_dispatch(void);                /* everything pageable becomes inaccessible */
struct block *pool_allocate(enum block_kind kind, size_t bytes, ULONG tag, const char *what);
void pool_free_block(struct block *block, const char *what);
/* Frame number of a mapped page of pool, mapping or image; false: not mapped. */
bool memory_pfn(const void *va, PFN_NUMBER *pfn);
void memory_check_free(const void *start, size_t bytes);
/* mdl.c. True: `p` was the MDL of MmAllocatePagesForMdl, which ExFreePool frees. */
bool mdl_free_as_pool(void *p);
PVOID contiguous_allocate(size_t bytes, uint64_t highest, const char *what); /* NULL: none; owned by the driver */
void contiguous_free(PVOID va, const char *what);

/* ---- coverage.c ---- */

void coverage_plant(void);                 /* the image was loaded */
/* A breakpoint instruction at pc: where to go on; NULL: it is not one of ours. flags: of the processor. */
const uint8_t *coverage_trap(const uint8_t *pc, unsigned long flags);
void coverage_write(void);                 /* before the process ends */

/* ---- image.c ---- */

struct image {
    uint8_t *base;
    size_t bytes;
    void *entry;
    PFN_NUMBER *pfns;
};
extern struct image g_image;
void image_load(const char *path);
void image_discard_init(void);
void image_unmap(void);
/* Code of the image faults when it is entered, until it may run again. */
void image_stop(bool stop);
/* The byte at `offset` in the image, writable whatever its section says. */
uint8_t *image_window(size_t offset);
bool image_is_writable(const void *p, size_t n);
bool image_is_nonpaged(const void *p);
void image_raise_to_dispatch(void);
/* True: the fault was pageable code or data below DISPATCH_LEVEL, and is now mapped. Otherwise rule and text say what
 * it was. */
bool image_fault(const void *address, bool write, bool execute, const char **rule, const char **text);

/* ---- bind.c ---- */

struct import {
    const struct nt_export *export;
    void *stub;
};
/* The same for a driver that asks at run time; NULL: no such export. */
void *bind_find(const char *name);
void bind_forget(void); /* the image is gone: no import address is in use any more */
/* Address to put in the import address table; ends the run when there is no such export. */
void *bind_import(const char *module, const char *name);

/* ---- fault.c, registers.c ---- */

void fault_init(void);
uint64_t register_read(struct block *io, const void *va, unsigned size);
void register_write(struct block *io, void *va, unsigned size, uint64_t value);
uint32_t port_read(uint32_t port, unsigned size);
void port_write(uint32_t port, unsigned size, uint32_t value);
/* BAR that contains the bus address range, and the offset in it; -1: none. */
int bar_find(uint64_t address, uint64_t bytes, bool port, uint64_t *offset);

/* The stack that traps run on from now; NULL: the one there was at first. Not while one of them is in use. */
void fault_set_stack(uint8_t *stack);
uint8_t *fault_new_stack(void); /* never freed */
/* True: the stack pointer is on the trap handler's stack. */
bool fault_on_handler_stack(void);

/* ---- steps.c, basicblock.c: counting the driver's instructions (steps_count of kernel.h turns it on) ---- */

extern bool g_steps_on;
void steps_enter(void); /* driver code is about to be called */
void steps_leave(void); /* it has returned */
/* Where a call with the stack pointer `sp` on entry really came from. */
const void *steps_caller(const uintptr_t *sp);

/* The last instruction of a basic block; a breakpoint stands for it. */
struct basicblock_end {
    struct link_insn insn;
    const uint8_t *at;
    uint8_t original; /* first byte */
};
/* Instructions from `pc` to the end of its basic block; from now on a breakpoint is there. */
unsigned basicblock_length(const uint8_t *pc);
/* NULL: no known block ends there. */
struct basicblock_end *basicblock_end(const uint8_t *pc);
void basicblock_plant(const struct basicblock_end *end, bool planted);
void basicblock_forget(void); /* and takes the breakpoints out */

/* ---- cpu.c: what a driver may read of the processor ---- */

void cpu_init(void);
void cpu_set_current_thread(struct thread *thread);
void cpu_check_call(const char *name); /* flags and floating-point state that an ABI keeps */
void **cpu_exception_list(void);

/* ---- I/O manager ---- */

void irp_init(void);
void irp_check_unload(void);
void object_init(void);
/* Objects that are neither threads nor devices: handles, files, keys. */
void handle_check_unload(void);
void registry_init(void);
void device_check_unload(void);
/* A driver stays loaded until what it gave to IoQueueWorkItem has returned. [D wdm/nf-wdm-ioqueueworkitem] */
void work_await(void);
void work_check_unload(void);
DEVICE_OBJECT *device_create(DRIVER_OBJECT *driver, ULONG extension_bytes, ULONG type, const char *what);
void bus_init(void);
/* dma.c: the adapter of IoGetDmaAdapter. */
PVOID dma_adapter_get(const void *description, PULONG map_registers);
extern bool g_bus_saw_irp;

#endif
