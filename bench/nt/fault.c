/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Traps. SIGSEGV carries three things: accesses to device registers and
 * privileged instructions, which are carried out and execution goes on;
 * pageable memory below DISPATCH_LEVEL, which is mapped in; and everything
 * else, which is somebody's bug and is named.
 *
 * The handler runs on a stack of its own, on which interrupts and DPCs that
 * become deliverable are served too; they never wait, so it is never switched
 * away from.
 */
#include "nt.h"

#include "emulate.h"
#include "steppoint.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#define HANDLER_STACK_BYTES (512u * 1024u)
#define WATCHDOG_PERIOD_US 500000
#define WATCHDOG_PERIODS 4u
#define TRAP_GENERAL_PROTECTION 13
#define PAGE_FAULT_WRITE 2u
#define PAGE_FAULT_EXECUTE 16u
#if defined(__x86_64__)
#define PC(context) ((void *)(context)->uc_mcontext.gregs[REG_RIP])
#define SP(context) ((uintptr_t)(context)->uc_mcontext.gregs[REG_RSP])
#define SET_PC(context, value) ((context)->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(value))
#else
#define PC(context) ((void *)(context)->uc_mcontext.gregs[REG_EIP])
#define SP(context) ((uintptr_t)(context)->uc_mcontext.gregs[REG_ESP])
#define SET_PC(context, value) ((context)->uc_mcontext.gregs[REG_EIP] = (greg_t)(uintptr_t)(value))
#endif

static uint8_t *handler_stack, *first_stack;

struct fault {
    ucontext_t *context;
    const uint8_t *address;
    const void *pc;
    bool write, execute, privileged;
};

static const char *how(const struct fault *fault)
{
    return fault->execute ? "execution of" : fault->write ? "write to" : "read of";
}

/* Blames the driver when its code is at fault, or called the bench code that is; else the bench. */
static void require_driver(const struct fault *fault)
{
    if (host_device_runs())
        bench_bug("the device crashed: %s %p at %p", how(fault), (const void *)fault->address, fault->pc);
    if (image_contains(fault->pc, 1)) {
        g_blame = fault->pc;
        return;
    }
    if (g_frames == NULL)
        bench_bug("%s %p by the bench at %p", how(fault), (const void *)fault->address, fault->pc);
}

static const char *owner_text(const struct block *block, const uint8_t *address)
{
    static char text[512];
    char made[160];

    snprintf(made, sizeof made, "%.150s", host_symbol(block->allocated_by));
    snprintf(text, sizeof text, "offset %td of %s of %zu bytes, made by %s%s%.150s", address - block->start,
             block->what ? block->what : "block", block->bytes, made[0] ? made : "the bench",
             block->live ? "" : ", freed by ", block->live ? "" : host_symbol(block->freed_by));
    return text;
}

/* True: the access may be repeated. */
static bool arena_fault(const struct fault *fault, struct block *block)
{
    const char *rule = "POOL_OVERRUN";

    if (block->live && block->kind == BLOCK_PAGED_POOL && block->paged_out &&
        fault->address < block->pages_start + (block->pages << PAGE_SHIFT)) {
        if (irql_current() < DISPATCH_LEVEL) {
            arena_page_in(block);
            return true;
        }
        rule = "PAGED_AT_DISPATCH";
    } else if (block->live && block->sealed) {
        rule = "IRP_AFTER_COMPLETION";
    } else if (!block->live) {
        rule = block->kind == BLOCK_IO_SPACE ? "REGISTER_AFTER_UNMAP" : "POOL_USE_AFTER_FREE";
    } else if (block->kind == BLOCK_IO_SPACE) {
        rule = "REGISTER_OUT_OF_RANGE";
    } else if (fault->execute) {
        rule = "EXECUTE_DATA";
    }
    require_driver(fault);
    violation(rule, "%s %s", how(fault), owner_text(block, fault->address));
}

static bool page_fault(const struct fault *fault)
{
    const char *rule = "WILD_ACCESS", *text = "unmapped address";
    struct block *block = arena_find(fault->address);

    if (block != NULL)
        return arena_fault(fault, block);
    if (image_contains(fault->address, 1)) {
        if (image_fault(fault->address, fault->write, fault->execute, &rule, &text))
            return true;
    } else if ((uintptr_t)fault->address < 0x10000) {
        rule = "NULL_ACCESS";
        text = "address near zero";
    } else if (thread_guard_contains(fault->address)) {
        rule = "STACK_OVERFLOW";
        text = "guard page of the stack";
    } else if (fault->execute) {
        rule = "EXECUTE_DATA";
        text = "memory without execute permission";
    }
    if (fault->execute && g_frames != NULL)
        ; /* the program counter is the bad address itself; the last import or trap names the culprit */
    else
        require_driver(fault);
    violation(rule, "%s %p: %s", how(fault), (const void *)fault->address, text);
}

/* Register access, or a read of the page with the system time. */
static bool emulate_access(const struct fault *fault)
{
    struct block *block = arena_find(fault->address);
    bool shared = (uintptr_t)fault->address - (uintptr_t)SHARED_DATA_ADDRESS < sizeof(KUSER_SHARED_DATA);
    bool registers = block != NULL && block->live && block->kind == BLOCK_IO_SPACE &&
                     (size_t)(fault->address - block->start) < block->bytes && fault->address >= block->start;

    if (fault->execute || (!shared && !registers))
        return false;
    if (shared && fault->write) {
        require_driver(fault);
        violation("WRITE_TO_READONLY", "write to KUSER_SHARED_DATA");
    }
    if (!image_contains(fault->pc, 1)) {
        if (shared)
            return false;
        require_driver(fault);
        violation("REGISTER_WIDTH", "device registers are handed to a kernel function (%s %p)", how(fault),
                  (const void *)fault->address);
    }
    g_blame = fault->pc;
    thread_check_stack(SP(fault->context));
    if (shared)
        emulate_shared_data(fault->context, fault->pc, (uintptr_t)fault->address - (uintptr_t)SHARED_DATA_ADDRESS);
    else
        emulate_register(fault->context, fault->pc, block, (void *)(uintptr_t)fault->address);
    return true;
}

#if defined(__x86_64__)
#define FLAG_TRAP 0x100
#define XSTATE_MAGIC 0x46505853u /* FP_XSTATE_MAGIC1 of the kernel's sigcontext.h: an XSAVE area, not only FXSAVE's */
struct xstate {
    uint8_t legacy[464];
    uint32_t magic, bytes;
    uint64_t features;
};

/* Continues at `context` without the kernel. `gregs` is indexed by REG_*; what is below its stack pointer is lost. */
_Noreturn void fault_continue(const greg_t *gregs);
_Static_assert(REG_R8 == 0 && REG_R15 == 7 && REG_RDI == 8 && REG_RSI == 9 && REG_RBP == 10 && REG_RBX == 11 &&
               REG_RDX == 12 && REG_RAX == 13 && REG_RCX == 14 && REG_RSP == 15 && REG_RIP == 16 && REG_EFL == 17,
               "fault_continue counts on it");
__asm__(".text\n"
        "fault_continue:\n"
        "    mov 15*8(%rdi), %rax\n"
        "    mov 16*8(%rdi), %rcx\n    mov %rcx, -8(%rax)\n"
        "    mov 17*8(%rdi), %rcx\n    mov %rcx, -16(%rax)\n"
        "    mov 8*8(%rdi), %rcx\n    mov %rcx, -24(%rax)\n"
        "    mov 0*8(%rdi), %r8\n    mov 1*8(%rdi), %r9\n    mov 2*8(%rdi), %r10\n    mov 3*8(%rdi), %r11\n"
        "    mov 4*8(%rdi), %r12\n    mov 5*8(%rdi), %r13\n    mov 6*8(%rdi), %r14\n    mov 7*8(%rdi), %r15\n"
        "    mov 9*8(%rdi), %rsi\n    mov 10*8(%rdi), %rbp\n    mov 11*8(%rdi), %rbx\n    mov 12*8(%rdi), %rdx\n"
        "    mov 14*8(%rdi), %rcx\n"
        "    lea -24(%rax), %rsp\n"
        "    mov 13*8(%rdi), %rax\n"
        "    pop %rdi\n"
        "    popfq\n"
        "    lea 8(%rsp), %rsp\n" /* leaves the flags alone */
        "    jmp *-8(%rsp)\n");

/*
 * The way back to the driver. A return from the handler asks the kernel to restore the processor, which takes as long
 * as the trap itself; all of it but the signal mask, which the handler does not change, can be restored from here. Not
 * with the trap flag: the kernel's way lets one instruction run before the next stop, and steps.c counts on that.
 * Windows has no red zone, so there is room below the driver's stack pointer.
 */
static void continue_driver(ucontext_t *context)
{
    const struct xstate *state = (const void *)context->uc_mcontext.fpregs;

    if ((context->uc_mcontext.gregs[REG_EFL] & FLAG_TRAP) || !image_contains(PC(context), 1) ||
        state->magic != XSTATE_MAGIC)
        return;
    __asm__ volatile("xrstor64 %0" : : "m"(*(const uint8_t (*)[4096])state), "a"((uint32_t)state->features),
                     "d"((uint32_t)(state->features >> 32)) : "memory");
    fault_continue(context->uc_mcontext.gregs);
}
#else
static void continue_driver(ucontext_t *context) { (void)context; } /* traps are rare: registers go through the HAL */
#endif

static void on_segv(int signal, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    unsigned code = (unsigned)context->uc_mcontext.gregs[REG_ERR];
    struct fault fault = {
        .context = context,
        .address = info->si_addr,
        .pc = PC(context),
        .write = (code & PAGE_FAULT_WRITE) != 0,
        .execute = (code & PAGE_FAULT_EXECUTE) != 0,
        .privileged = context->uc_mcontext.gregs[REG_TRAPNO] == TRAP_GENERAL_PROTECTION,
    };

    (void)signal;
    if (fault.execute && steps_entered(context))
        return;
    if (fault.privileged) {
        require_driver(&fault);
        thread_check_stack(SP(context));
        emulate_privileged(context, fault.pc);
    } else if (!emulate_access(&fault)) {
        page_fault(&fault);
        return; /* nothing may run between paging in and the access */
    }
    if (emulate_step_active())
        return; /* nor within a step */
    step_point();
    deliver_pending();
    steps_emulated(context);
    continue_driver(context);
}

/* Was it a breakpoint of coverage.c? It goes on, then. */
static bool watched(ucontext_t *context)
{
    const uint8_t *next = coverage_trap((uint8_t *)PC(context) - 1,
                                        (unsigned long)context->uc_mcontext.gregs[REG_EFL]);

    if (next != NULL)
        SET_PC(context, next);
    return next != NULL;
}

static void on_other(int signal, siginfo_t *info, void *opaque)
{
    static const struct {
        int signal;
        const char *rule, *text;
    } table[] = {
        {SIGILL, "EXCEPTION", "invalid instruction"}, {SIGFPE, "EXCEPTION", "division by zero or overflow"},
        {SIGBUS, "WILD_ACCESS", "bus error"},         {SIGTRAP, "BREAKPOINT", "breakpoint instruction"},
    };
    struct fault fault = {.context = opaque, .address = info->si_addr, .pc = PC((ucontext_t *)opaque)};
    size_t i;

    if (signal == SIGTRAP && info->si_code != SI_KERNEL) { /* not a breakpoint instruction */
        bool done = emulate_step_done(opaque);

        if (steps_trap(opaque) || done)
            return;
    }
    if (signal == SIGTRAP && info->si_code == SI_KERNEL && steps_breakpoint(opaque)) {
        continue_driver(opaque);
        return;
    }
    if (signal == SIGTRAP && info->si_code == SI_KERNEL && watched(opaque))
        return;
    require_driver(&fault);
    for (i = 0; i < LENGTH_OF(table); i++)
        if (table[i].signal == signal)
            violation(table[i].rule, "%s at %p", table[i].text, fault.pc);
    bench_bug("signal %d at %p", signal, fault.pc);
}

/*
 * Every half second of processor time: has virtual time moved? The only observation of real time in the guest; it can
 * end a run that would never end, and nothing else.
 */
static void on_watchdog(int signal, siginfo_t *info, void *opaque)
{
    static uint64_t seen;
    static unsigned idle;
    const void *pc = PC((ucontext_t *)opaque);

    (void)signal;
    (void)info;
    idle = clock_now_ns() == seen ? idle + 1 : 0;
    seen = clock_now_ns();
    if (idle < WATCHDOG_PERIODS || !image_contains(pc, 1))
        return;
    g_blame = pc;
    violation("BUSY_LOOP", "the driver spins at %p and no time passes", pc);
}

uint8_t *fault_new_stack(void)
{
    uint8_t *stack = mmap(NULL, HANDLER_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (stack == MAP_FAILED)
        bench_bug("no memory for a stack");
    return stack;
}

void fault_set_stack(uint8_t *stack)
{
    stack_t now = {.ss_size = HANDLER_STACK_BYTES, .ss_sp = handler_stack = stack ? stack : first_stack};

    if (sigaltstack(&now, NULL) != 0)
        bench_bug("cannot change the stack of the trap handler");
}

bool fault_on_handler_stack(void)
{
    return (uintptr_t)__builtin_frame_address(0) - (uintptr_t)handler_stack < HANDLER_STACK_BYTES;
}

void fault_init(void)
{
    static const struct itimerval period = {{0, WATCHDOG_PERIOD_US}, {0, WATCHDOG_PERIOD_US}};
    static const int others[] = {SIGILL, SIGFPE, SIGBUS, SIGTRAP};
    struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
    size_t i;

    first_stack = fault_new_stack();
    fault_set_stack(NULL);
    if (sigaction(SIGSEGV, &action, NULL) != 0)
        bench_bug("cannot install the trap handler");
    action.sa_sigaction = on_other;
    for (i = 0; i < LENGTH_OF(others); i++)
        if (sigaction(others[i], &action, NULL) != 0)
            bench_bug("cannot install the trap handler");
    action.sa_sigaction = on_watchdog;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    if (sigaction(SIGVTALRM, &action, NULL) != 0 || setitimer(ITIMER_VIRTUAL, &period, NULL) != 0)
        bench_bug("cannot install the watchdog");
}
