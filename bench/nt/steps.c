/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Counts the instructions that the driver executes, exactly: with the trap
 * flag set the processor stops before each of them.
 *
 * The flag is set when driver code is entered and cleared when the program
 * counter leaves the image, so code of the bench runs at full speed. When the
 * driver left by a call, the return address on the stack is exchanged for that
 * of `steps_trampoline`, which sets the flag again and goes on where the driver
 * wanted to go on. The addresses are kept per thread, last in first out:
 * service routines and DPCs nest within the thread that they interrupt.
 *
 * An instruction that touches a register faults and is carried out by the
 * bench; the one behind it runs without a stop before it and is counted then.
 * A repeated string instruction counts once.
 */
#include "nt.h"

#include "emulate.h"

#define FLAG_TRAP 0x100u
#if defined(__x86_64__)
#define PC_OF(context) ((const uint8_t *)(context)->uc_mcontext.gregs[REG_RIP])
#define SP_OF(context) ((uintptr_t *)(context)->uc_mcontext.gregs[REG_RSP])
#else
#define PC_OF(context) ((const uint8_t *)(context)->uc_mcontext.gregs[REG_EIP])
#define SP_OF(context) ((uintptr_t *)(context)->uc_mcontext.gregs[REG_ESP])
#endif

bool g_steps_on;
static bool was_on;
static const uint8_t *last; /* the driver's instruction at the last stop; NULL: driver code is yet to be reached */

void steps_trampoline(void);

void steps_count(bool on)
{
    g_steps_on = on;
    was_on = was_on || on;
}

void steps_enter(void)
{
    last = NULL;
#if defined(__x86_64__)
    __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq" : : : "memory", "cc");
#else
    __asm__ volatile("pushfl; orl $0x100, (%%esp); popfl" : : : "memory", "cc");
#endif
}

void steps_leave(void)
{
#if defined(__x86_64__)
    __asm__ volatile("pushfq; andl $~0x100, (%%rsp); popfq" : : : "memory", "cc");
#else
    __asm__ volatile("pushfl; andl $~0x100, (%%esp); popfl" : : : "memory", "cc");
#endif
}

/* Called by the trampoline: where the driver goes on. The flag may be set only while counting goes on. */
__attribute__((used)) NTAPI uintptr_t steps_return(uint32_t *flag)
{
    struct thread *thread = thread_current();

    if (thread->step_return_count == 0)
        bench_bug("a return to the driver that no call precedes");
    *flag = g_steps_on ? FLAG_TRAP : 0;
    return thread->step_returns[--thread->step_return_count];
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

bool steps_trap(ucontext_t *context)
{
    greg_t *flags = &context->uc_mcontext.gregs[REG_EFL];
    const uint8_t *pc = PC_OF(context);

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

void steps_emulated(const ucontext_t *context)
{
    if (!g_steps_on || !(context->uc_mcontext.gregs[REG_EFL] & FLAG_TRAP))
        return;
    last = NULL; /* the next instruction may be the same string instruction, and is another one */
    if (image_contains_code(PC_OF(context)))
        count(PC_OF(context));
}
