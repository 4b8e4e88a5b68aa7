/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Threads are coroutines: they switch only inside waits. When all of them wait,
 * virtual time moves on to the next event, interrupts and DPCs are served on
 * the stack of whoever waited last, as on Windows.
 */
#include "nt.h"
#include "steppoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define STACK_BYTES (256u * 1024u)
#define GUARD_BYTES PAGE_SIZE
#if defined(__x86_64__)
#define DRIVER_STACK_LIMIT (24u * 1024u)
#else
#define DRIVER_STACK_LIMIT (12u * 1024u)
#endif
#define DEADLOCK_NS (120 * NS_PER_SECOND)
#define IDLE_STEP_NS (20 * NS_PER_MS)

struct thread *g_threads;
static struct thread *current;
static struct thread first_thread;
static uint64_t ready_order;
static void *free_stacks[64];
static unsigned free_stack_count;
static uint64_t idle_since;
static struct thread *preferred; /* runs first once it is ready */
static bool prefer_next;         /* whichever becomes ready next is to be it */
static bool scheduling;          /* the one to run is being chosen */

/* Saves what the C calling convention keeps, stores the stack pointer in *from and continues at `to`. */
void thread_switch(void **from, void *to);
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl thread_switch\n"
        "thread_switch:\n"
        "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n"
        "    ret\n");
#define SWITCH_SAVED_WORDS 6
#else
__asm__(".text\n"
        ".globl thread_switch\n"
        "thread_switch:\n"
        "    mov 4(%esp), %eax\n"
        "    mov 8(%esp), %edx\n"
        "    push %ebp\n    push %ebx\n    push %esi\n    push %edi\n"
        "    mov %esp, (%eax)\n"
        "    mov %edx, %esp\n"
        "    pop %edi\n    pop %esi\n    pop %ebx\n    pop %ebp\n"
        "    ret\n");
#define SWITCH_SAVED_WORDS 4
#endif

struct thread *thread_current(void) { return current; }

static void header_init(struct thread *thread)
{
    thread->header.Type = ThreadObject;
    thread->header.WaitListHead.Flink = thread->header.WaitListHead.Blink = &thread->header.WaitListHead;
}

void thread_init(void)
{
    current = &first_thread;
    header_init(current);
    current->name = "client";
    current->ready = true;
    current->references = 1;
    current->wait.until_ns = UINT64_MAX;
    current->exception_list = (void *)(intptr_t)-1;
    g_threads = current;
    cpu_set_current_thread(current);
}

static void *stack_take(void)
{
    uint8_t *stack;

    if (free_stack_count)
        return free_stacks[--free_stack_count];
    stack = mmap(NULL, STACK_BYTES + 2 * GUARD_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) != 0)
        bench_bug("no memory for a stack");
    return stack + GUARD_BYTES;
}

static void stack_give(void *stack)
{
    if (free_stack_count < LENGTH_OF(free_stacks))
        free_stacks[free_stack_count++] = stack;
}

bool thread_guard_contains(const void *address)
{
    const struct thread *thread;

    for (thread = g_threads; thread != NULL; thread = thread->next)
        if (thread->stack != NULL && (uintptr_t)address - ((uintptr_t)thread->stack - GUARD_BYTES) < GUARD_BYTES)
            return true;
    return false;
}

bool thread_stack_contains(const void *address, size_t bytes)
{
    uintptr_t at = (uintptr_t)address;
    const struct thread *thread;

    for (thread = g_threads; thread != NULL; thread = thread->next) {
        uintptr_t start = (uintptr_t)thread->stack;

        if (start != 0 && at >= start && at + bytes <= start + STACK_BYTES && at + bytes >= at)
            return true;
    }
    return false;
}

void thread_check_stack(uintptr_t sp)
{
    uintptr_t base = current->driver_stack_base;

    if (base != 0 && sp < base && base - sp < STACK_BYTES && base - sp > DRIVER_STACK_LIMIT)
        violation("STACK_OVERFLOW", "%zu bytes of stack are used below the driver's entry; Windows has %u",
                  (size_t)(base - sp), DRIVER_STACK_LIMIT);
}

/*
 * The mark: a band of known words where the kernel stack would end. Even a function with a large frame that it does not
 * fill leaves a return address in a band this wide.
 */
#define MARK_BYTES 4096u
#define MARK ((long long)0x5AFE57ACC5AFE57Aull)
typedef long long mark_words __attribute__((vector_size(16), may_alias)); /* of the processor's SSE2 */
#define MARK_COUNT (MARK_BYTES / sizeof(mark_words))

static mark_words *mark_of(uintptr_t base)
{
    return (mark_words *)((base - DRIVER_STACK_LIMIT - MARK_BYTES) & ~(sizeof(mark_words) - 1));
}

__attribute__((target("sse2"))) void thread_mark_stack(uintptr_t base)
{
    mark_words *mark = mark_of(base);
    size_t i;

    for (i = 0; i < MARK_COUNT; i++)
        mark[i] = (mark_words){MARK, MARK};
    __asm__ volatile("" : : : "memory");
}

__attribute__((target("sse2"))) bool thread_mark_is_intact(uintptr_t base)
{
    const mark_words *mark = mark_of(base);
    mark_words changed = {0, 0};
    size_t i;

    __asm__ volatile("" : : : "memory");
    for (i = 0; i < MARK_COUNT; i++)
        changed |= mark[i] ^ (mark_words){MARK, MARK};
    return (changed[0] | changed[1]) == 0;
}

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl thread_call_on\n"
        "thread_call_on:\n"
        "    push %rbp\n    mov %rsp, %rbp\n    mov %rsi, %rsp\n    call *%rdi\n    leave\n    ret\n");
#else
__asm__(".text\n"
        ".globl thread_call_on\n"
        "thread_call_on:\n"
        "    push %ebp\n    mov %esp, %ebp\n    mov 12(%ebp), %esp\n    call *8(%ebp)\n    leave\n    ret\n");
#endif

static void call_on(uint8_t **stack, void (*function)(void))
{
    if (g_schedule_on || fault_on_handler_stack()) { /* must not leave it: the next trap would start at its top again */
        function();
        return;
    }
    if (*stack == NULL)
        *stack = stack_take();
    thread_call_on(function, *stack + STACK_BYTES - 64);
}

void thread_call_on_dpc_stack(void (*function)(void))
{
    static uint8_t *stack;

    call_on(&stack, function);
}

void thread_call_on_device_stack(void (*function)(void))
{
    static uint8_t *stack;

    call_on(&stack, function);
}

/* ---- scheduling ---- */

void thread_prefer(struct thread *thread)
{
    preferred = thread;
    prefer_next = thread == NULL;
}

static void made_ready(struct thread *thread)
{
    thread->wait.order = ready_order++;
    thread->ready = true;
    if (prefer_next)
        thread_prefer(thread);
}

static bool preferred_is_ready(void) { return preferred != NULL && preferred->ready && !preferred->ended; }

static struct thread *pick(void)
{
    struct thread *thread, *best = NULL;

    if (preferred_is_ready()) {
        best = preferred;
        preferred = NULL;
        return best;
    }

    for (thread = g_threads; thread != NULL; thread = thread->next)
        if (thread->ready && !thread->ended && (best == NULL || thread->wait.order < best->wait.order))
            best = thread;
    return best;
}

void thread_wake(struct thread *thread, NTSTATUS status)
{
    thread->wait.active = false;
    thread->wait.status = status;
    made_ready(thread);
}

static void expire(uint64_t ns, bool tick)
{
    struct thread *thread;

    for (thread = g_threads; thread != NULL; thread = thread->next)
        if (thread->wait.active && thread->wait.tick_based == tick && thread->wait.until_ns <= ns)
            thread_wake(thread, STATUS_TIMEOUT);
}

void thread_tick(uint64_t tick_ns) { expire(tick_ns, true); }

static uint64_t next_event(void)
{
    uint64_t next = timer_next_fire_ns();
    uint64_t due = UINT64_MAX; /* of waits that end with a clock tick */
    const struct thread *thread;

    for (thread = g_threads; thread != NULL; thread = thread->next) {
        if (!thread->wait.active || thread->wait.until_ns == UINT64_MAX)
            continue;
        if (thread->wait.tick_based)
            due = MIN(due, thread->wait.until_ns);
        else
            next = MIN(next, thread->wait.until_ns);
    }
    return due != UINT64_MAX ? MIN(next, clock_tick_reaching_ns(due)) : next;
}

static _Noreturn void deadlock(void)
{
    char text[512] = "";
    const struct thread *thread;
    size_t used = 0;

    for (thread = g_threads; thread != NULL && used < sizeof text; thread = thread->next)
        if (!thread->ended)
            used += (size_t)snprintf(text + used, sizeof text - used, " %s(%p)", thread->name,
                                     thread->wait.count ? (void *)thread->wait.objects[0] : NULL);
    violation("DEADLOCK", "nothing has happened for %llu s; waiting thread (object):%s",
              (unsigned long long)(DEADLOCK_NS / NS_PER_SECOND), text);
}

static void idle_step(void)
{
    uint64_t next = next_event();

    if (next != UINT64_MAX)
        idle_since = clock_now_ns();
    else if (clock_now_ns() - idle_since > DEADLOCK_NS)
        deadlock();
    clock_move_to(MAX(clock_now_ns(), MIN(next, clock_now_ns() + IDLE_STEP_NS)));
    expire(clock_now_ns(), false);
}

static void switch_to(struct thread *next)
{
    struct thread *self = current;

    self->irql = irql_current();
    self->frames = g_frames;
    self->blame = g_blame;
    self->exception_list = *cpu_exception_list();
    current = next;
    irql_set_raw(next->irql);
    g_frames = next->frames;
    g_blame = next->blame;
    cpu_set_current_thread(next);
    *cpu_exception_list() = next->exception_list;
    if (g_schedule_on)
        schedule_switched(next);
    if (self->ended) { /* nothing takes a stack before the switch is done */
        stack_give(self->stack);
        self->stack = NULL;
    }
    thread_switch(&self->saved_sp, next->saved_sp);
}

void thread_switch_to(struct thread *next) { switch_to(next); }

struct thread *thread_other_ready(unsigned n)
{
    struct thread *thread;

    for (thread = g_threads; thread != NULL; thread = thread->next)
        if (thread->ready && !thread->ended && thread != current && n-- == 0)
            return thread;
    return NULL;
}

static void schedule(void)
{
    struct thread *next;
    KIRQL irql = irql_current();

    scheduling = true;
    for (;;) {
        schedule_finish();
        step_point();
        deliver_pending();
        next = pick();
        if (next != NULL)
            break;
        idle_step();
    }
    scheduling = false;
    irql_set_raw(irql);
    if (next != current)
        switch_to(next);
}

bool thread_preemptible(void)
{
    return (scheduling || current->ready) && irql_current() < DISPATCH_LEVEL && spinlock_held_count() == 0 &&
           !dpc_running() && !fault_on_handler_stack();
}

/* The one that is preempted keeps its place, before all that became ready later. */
void thread_preempt(void)
{
    if (!scheduling && preferred_is_ready() && preferred != current && thread_preemptible())
        schedule();
}

NTSTATUS thread_block(void)
{
    if (irql_current() >= DISPATCH_LEVEL)
        violation("WAIT_AT_DISPATCH", "a thread waits at IRQL %u", irql_current());
    if (spinlock_held_count() != 0)
        violation("SPINLOCK_HELD", "a thread waits while %s", spinlock_held_text());
    current->ready = false;
    current->wait.active = true;
    current->wait.order = ready_order++;
    schedule();
    return current->wait.status;
}

/* ---- life ---- */

static void start(void)
{
    deliver_pending();
    current->entry(current->argument);
    thread_end();
}

/* Frees threads that ended without anybody holding a reference. */
static void reap(void)
{
    struct thread **link = &g_threads, *thread;

    while ((thread = *link) != NULL) {
        if (!thread->ended || thread->references > 0 || thread->stack != NULL) {
            link = &thread->next;
            continue;
        }
        *link = thread->next;
        free(thread);
    }
}

struct thread *thread_create(const char *name, void (*entry)(void *), void *argument)
{
    struct thread *thread = calloc(1, sizeof *thread), **link;
    void **sp;

    if (thread == NULL)
        bench_bug("out of memory");
    reap();
    header_init(thread);
    thread->name = name;
    thread->entry = entry;
    thread->argument = argument;
    thread->stack = stack_take();
    thread->stack_bytes = STACK_BYTES;
    thread->references = 1;
    thread->exception_list = (void *)(intptr_t)-1;
    thread->wait.until_ns = UINT64_MAX;
    made_ready(thread);
    sp = (void **)((uint8_t *)thread->stack + STACK_BYTES - 64);
    *--sp = NULL; /* start() never returns; keeps the stack aligned as after a call */
    *--sp = (void *)start;
    sp -= SWITCH_SAVED_WORDS;
    memset(sp, 0, SWITCH_SAVED_WORDS * sizeof *sp);
    thread->saved_sp = sp;
    for (link = &g_threads; *link != NULL; link = &(*link)->next)
        ;
    *link = thread;
    return thread;
}

_Noreturn void thread_end(void)
{
    if (irql_current() != PASSIVE_LEVEL)
        violation("IRQL_NOT_RESTORED", "a thread ends at IRQL %u", irql_current());
    if (current == &first_thread)
        bench_bug("the first thread ended");
    current->ended = true;
    current->ready = false;
    current->header.SignalState = 1;
    dispatcher_signalled(&current->header);
    for (;;)
        schedule();
}

void thread_release(struct thread *thread)
{
    if (thread->references <= 0)
        violation("OBJECT_REFERENCE", "thread %p has no reference left", (void *)thread);
    thread->references--; /* freed by reap() once it has ended */
}

void thread_join(struct thread *thread)
{
    dispatcher_wait_until(&thread->header, UINT64_MAX);
    thread_release(thread);
}

void thread_sleep_until(uint64_t ns)
{
    if (ns <= clock_now_ns()) {
        deliver_pending();
        return;
    }
    current->wait.count = 0;
    current->wait.tick_based = false;
    current->wait.until_ns = ns;
    thread_block();
}

bool thread_wait(void *dispatcher_object, uint64_t until_ns)
{
    return dispatcher_wait_until(dispatcher_object, until_ns) != STATUS_TIMEOUT;
}

void thread_check_free(const void *memory, size_t bytes)
{
    const struct thread *thread;
    unsigned i;

    for (thread = g_threads; thread != NULL; thread = thread->next)
        for (i = 0; thread->wait.active && i < thread->wait.count; i++)
            if ((uintptr_t)thread->wait.objects[i] - (uintptr_t)memory < bytes)
                violation("POOL_ACTIVE_OBJECT", "memory with an object that thread %s waits for is freed",
                          thread->name);
}

void thread_check_unload(void)
{
    const struct thread *thread;

    for (thread = g_threads; thread != NULL; thread = thread->next)
        if (thread->system_thread && !thread->ended)
            violation("DPC_AFTER_UNLOAD", "a system thread of the driver still exists at unload");
}
