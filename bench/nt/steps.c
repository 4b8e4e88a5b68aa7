/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Counts the instructions that the driver executes, exactly. A basic block is
 * counted as a whole when it is entered; it can be left only at its end, where a
 * breakpoint stands for the jump, call or return, which the bench carries out
 * and so knows the next block (basicblock.c).
 *
 * While code of the bench runs that calls the driver, the image is not
 * executable: the fault tells where it is entered. When the driver left by a
 * call, the return address on the stack is exchanged for that of
 * `steps_trampoline`, which notes that the driver goes on. The addresses are kept
 * per thread, last in first out: service routines and DPCs nest within the
 * thread that they interrupt.
 *
 * The proof of it is the slow way, chosen by AERO_SINGLE_STEP in the environment:
 * with the trap flag set the processor stops before each instruction. (Five times
 * as many traps, and a hypervisor takes each of them first: several microseconds.) The flag is
 * set when driver code is entered and cleared when the program counter leaves the
 * image. An instruction that touches a register faults and is carried out by the
 * bench; the one behind it runs without a stop before it and is counted then.
 *
 * A repeated string instruction counts once.
 */
#include "nt.h"

#include "emulate.h"

#include <stdlib.h>

#define FLAG_TRAP 0x100u
#if defined(__x86_64__)
#define REG_PC REG_RIP
#define SP_OF(context) ((uintptr_t *)(context)->uc_mcontext.gregs[REG_RSP])
#else
#define REG_PC REG_EIP
#define SP_OF(context) ((uintptr_t *)(context)->uc_mcontext.gregs[REG_ESP])
#endif
#define PC_OF(context) ((const uint8_t *)(context)->uc_mcontext.gregs[REG_PC])

bool g_steps_on;
static bool was_on;
static bool single; /* by the trap flag */
static bool stopped; /* the image is not executable: driver code is yet to be reached */
static const struct basicblock_end *stepped; /* at whose instruction the trap flag is set, all the same */
/* If single, the driver's instruction at the last stop; NULL: driver code is yet to be reached. */
static const uint8_t *last;

void steps_trampoline(void);

static void stop(bool on)
{
    if (stopped != on)
        image_stop(on);
    stopped = on;
}

void steps_count(bool on)
{
    /* coverage.c has breakpoints of its own */
    single = getenv("AERO_SINGLE_STEP") != NULL || getenv("AERO_COVERAGE_POINTS") != NULL;
    was_on = was_on || (on && single);
    g_steps_on = on;
    stop(false);
    if (!on)
        basicblock_forget();
}

void steps_enter(void)
{
    if (!single) {
        stop(true);
        return;
    }
    last = NULL;
#if defined(__x86_64__)
    __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq" : : : "memory", "cc");
#else
    __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl" : : : "memory", "cc");
#endif
}

void steps_leave(void)
{
    if (!single) {
        stop(false); /* it may have called none, and go on within a block */
        return;
    }
#if defined(__x86_64__)
    __asm__ volatile("pushfq; andl $~0x100, (%%rsp); popfq" : : : "memory", "cc");
#else
    __asm__ volatile("pushfl; andl $~0x100, (%%esp); popfl" : : : "memory", "cc");
#endif
}

/* The driver goes on at `pc`, which begins a basic block. */
static void begin_block(const uint8_t *pc)
{
    stop(false);
    g_link->result.instructions += basicblock_length(pc);
}

/* Called by the trampoline: where the driver goes on. The flag may be set only while counting goes on. */
__attribute__((used)) NTAPI uintptr_t steps_return(uint32_t *flag)
{
    struct thread *thread = thread_current();

    if (thread->step_return_count == 0)
        bench_bug("a return to the driver that no call precedes");
    *flag = g_steps_on && single ? FLAG_TRAP : 0;
    thread->step_return_count--;
    if (g_steps_on && !single)
        begin_block((const uint8_t *)thread->step_returns[thread->step_return_count]);
    return thread->step_returns[thread->step_return_count];
}

#if defined(__x86_64__)
/* Keeps what a function may return: rax, rdx (16-byte structures of other compilers), xmm0. */
__asm__(".text\n"
        ".globl steps_trampoline\n"
        "steps_trampoline:\n"
        "    sub $8, %rsp\n    push %rax\n    push %rdx\n"
        "    sub $0x38, %rsp\n"
        "    movups %xmm0, 0x20(%rsp)\n"
        "    lea 0x30(%rsp), %rcx\n"
        "    call steps_return\n"
        "    mov %rax, 0x48(%rsp)\n"
        "    mov 0x30(%rsp), %ecx\n"
        "    movups 0x20(%rsp), %xmm0\n"
        "    add $0x38, %rsp\n"
        "    pop %rdx\n    pop %rax\n"
        "    pushfq\n    or %ecx, (%rsp)\n    popfq\n"
        "    ret\n");
#else
/* Keeps eax and edx. */
__asm__(".text\n"
        ".globl steps_trampoline\n"
        "steps_trampoline:\n"
        "    sub $4, %esp\n    push %eax\n    push %edx\n"
        "    sub $4, %esp\n"
        "    push %esp\n"
        "    call steps_return\n" /* stdcall */
        "    mov %eax, 12(%esp)\n"
        "    pop %ecx\n"
        "    pop %edx\n    pop %eax\n"
        "    pushfl\n    or %ecx, (%esp)\n    popfl\n"
        "    ret\n");
#endif

const void *steps_caller(const uintptr_t *sp)
{
    const struct thread *thread = thread_current();

    if (*sp != (uintptr_t)steps_trampoline || thread->step_return_count == 0)
        return (const void *)*sp;
    return (const void *)thread->step_returns[thread->step_return_count - 1];
}

static bool is_return(const uint8_t *code)
{
    return code[0] == 0xC3 || code[0] == 0xC2 || (code[0] == 0xF3 && code[1] == 0xC3);
}

/* Bytes that one step of a string move copies; 0: the instruction is none. */
static unsigned moved_bytes(const uint8_t *code)
{
    unsigned width = 4;

    if (*code == 0xF2 || *code == 0xF3)
        code++;
#if defined(__x86_64__)
    if ((*code & 0xF8) == 0x48) { /* REX.W */
        width = 8;
        code++;
    }
#endif
    return *code == 0xA4 ? 1 : *code == 0xA5 ? width : 0;
}

static void count(const uint8_t *pc)
{
    bool repeated = pc == last && (*pc == 0xF2 || *pc == 0xF3);

    if (!repeated)
        g_link->result.instructions++;
    g_link->result.copied_bytes += moved_bytes(pc);
    last = pc;
}

/* The driver called out: stop again when that call returns. */
static void leave_by_call(uintptr_t *sp)
{
    struct thread *thread = thread_current();

    if (!image_contains_code((const void *)*sp))
        return; /* a jump in place of a last call: it returns to the bench */
    if (thread->step_return_count == LENGTH_OF(thread->step_returns))
        bench_bug("calls between bench and driver are nested more than %u deep", thread->step_return_count);
    thread->step_returns[thread->step_return_count++] = *sp;
    *sp = (uintptr_t)steps_trampoline;
}

bool steps_entered(const ucontext_t *context)
{
    if (!g_steps_on || !stopped || !image_contains_code(PC_OF(context)))
        return false;
    begin_block(PC_OF(context));
    return true;
}

static void go_on(ucontext_t *context, bool returned)
{
    if (image_contains_code(PC_OF(context)))
        begin_block(PC_OF(context));
    else if (!returned)
        leave_by_call(SP_OF(context));
}

/* Instructions that nobody carries out: string moves, each round of which is seen, and rare kinds of jumps. */
static void begin_step(ucontext_t *context, const struct basicblock_end *end)
{
    basicblock_plant(end, false);
    g_link->result.copied_bytes += moved_bytes(end->at);
    context->uc_mcontext.gregs[REG_EFL] |= FLAG_TRAP;
    stepped = end;
}

static void end_step(ucontext_t *context)
{
    basicblock_plant(stepped, true);
    context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)FLAG_TRAP;
    stepped = NULL;
    go_on(context, false);
}

bool steps_breakpoint(ucontext_t *context)
{
    const struct basicblock_end *end = basicblock_end(PC_OF(context) - 1);

    if (end == NULL)
        return false;
    context->uc_mcontext.gregs[REG_PC]--;
    if (end->insn.kind == LINK_INSN_STRING || end->insn.kind == LINK_INSN_FLOW) {
        begin_step(context, end);
    } else {
        emulate_flow(context, &end->insn);
        go_on(context, end->insn.kind == LINK_INSN_RETURN);
    }
    return true;
}

bool steps_trap(ucontext_t *context)
{
    greg_t *flags = &context->uc_mcontext.gregs[REG_EFL];
    const uint8_t *pc = PC_OF(context);

    if (stepped != NULL) {
        if (pc == stepped->at)
            g_link->result.copied_bytes += moved_bytes(pc);
        else
            end_step(context);
        return true;
    }
    if (!was_on)
        return false;
    if (!(*flags & FLAG_TRAP))
        return true; /* the step over the instruction that cleared the flag */
    if (!g_steps_on) {
        *flags &= ~(greg_t)FLAG_TRAP;
    } else if (image_contains_code(pc)) {
        count(pc);
    } else if (last != NULL) {
        *flags &= ~(greg_t)FLAG_TRAP;
        if (!is_return(last))
            leave_by_call(SP_OF(context));
    }
    return true;
}

void steps_emulated(ucontext_t *context)
{
    if (stepped != NULL) {
        end_step(context);
        return;
    }
    if (!g_steps_on || !(context->uc_mcontext.gregs[REG_EFL] & FLAG_TRAP))
        return;
    last = NULL; /* the next instruction may be the same string instruction, and is another one */
    if (image_contains_code(PC_OF(context)))
        count(PC_OF(context));
}
