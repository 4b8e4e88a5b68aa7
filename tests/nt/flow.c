/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A driver that jumps, calls and returns in every way that x86 knows, and tests
 * by other means whether it got where it should: the bench carries these
 * instructions out in its place while it counts (bench/nt/basicblock.c). Each
 * check prints one line by DbgPrint. Linked with the skeleton of the rule
 * drivers.
 */
#include "rule.h"

#define CHECK(name_, condition_) DbgPrint((condition_) ? "ok %s\n" : "not ok %s\n", name_)
#define ARITHMETIC_FLAGS 0x8C5u
#if defined(_M_AMD64)
#define WORD "8"
#else
#define WORD "4"
#endif

/* Returns and drops one word more. */
__asm__(".text\nFlowReturn: ret $" WORD "\n"
        "FlowPlain: inc %eax\n ret\n"
        "FlowTail: jmp FlowPlain\n");

/* setcc is the processor's own. */
#define CONDITION(cc_)                                                                                                 \
    static BOOLEAN Agrees_##cc_(ULONG_PTR Flags)                                                                       \
    {                                                                                                                  \
        UCHAR set, jumped;                                                                                             \
        ULONG_PTR flags;                                                                                               \
                                                                                                                       \
        __asm__ volatile("pushf\n pop %0" : "=r"(flags) : : "memory"); /* the trap flag belongs to the bench */        \
        flags = (flags & ~(ULONG_PTR)ARITHMETIC_FLAGS) | Flags;                                                        \
        __asm__ volatile("push %2\n popf\n set" #cc_ " %0\n movb $1, %1\n j" #cc_ " 1f\n movb $0, %1\n1:"              \
                         : "=&q"(set), "=&q"(jumped) : "r"(flags) : "cc", "memory");                                   \
        return set == jumped;                                                                                          \
    }
CONDITION(o) CONDITION(no) CONDITION(b) CONDITION(ae) CONDITION(e) CONDITION(ne) CONDITION(be) CONDITION(a)
CONDITION(s) CONDITION(ns) CONDITION(p) CONDITION(np) CONDITION(l) CONDITION(ge) CONDITION(le) CONDITION(g)

static BOOLEAN (*const Conditions[])(ULONG_PTR) = {Agrees_o, Agrees_no, Agrees_b, Agrees_ae, Agrees_e, Agrees_ne,
                                                   Agrees_be, Agrees_a, Agrees_s, Agrees_ns, Agrees_p, Agrees_np,
                                                   Agrees_l, Agrees_ge, Agrees_le, Agrees_g};

static VOID Jumps(VOID)
{
    ULONG i, flags, wrong = 0;

    for (flags = 0; flags <= 0xFFF; flags++) {
        if ((flags & ~ARITHMETIC_FLAGS) != 0) {
            continue;
        }
        for (i = 0; i < RTL_NUMBER_OF(Conditions); i++) {
            wrong += !Conditions[i](flags);
        }
    }
    CHECK("every_condition_jumps_as_it_sets", wrong == 0);
}

static VOID Loops(VOID)
{
    ULONG_PTR rounds = 0, left = 5;
    UCHAR jumped = 1;

    __asm__ volatile("1: inc %0\n loop 1b" : "+r"(rounds), "+c"(left) : : "cc");
    CHECK("loop_counts_down", rounds == 5 && left == 0);
#if defined(_M_AMD64)
    __asm__ volatile("jrcxz 1f\n movb $0, %0\n1:" : "+q"(jumped) : "c"(left));
#else
    __asm__ volatile("jecxz 1f\n movb $0, %0\n1:" : "+q"(jumped) : "c"(left));
#endif
    CHECK("jump_if_the_counter_is_zero", jumped == 1);
}

static VOID Calls(VOID)
{
    ULONG count = 0;
    ULONG_PTR before, after, targets[3], target;

    __asm__ volatile("mov %%" /* the stack pointer */
#if defined(_M_AMD64)
                     "rsp, %0\n push %0\n call FlowReturn\n mov %%rsp, %1"
#else
                     "esp, %0\n push %0\n call FlowReturn\n mov %%esp, %1"
#endif
                     : "=&r"(before), "=&r"(after) : : "memory");
    CHECK("a_return_drops_what_it_says", before == after);
#if defined(_M_AMD64)
    __asm__ volatile("lea FlowTail(%%rip), %0" : "=r"(target));
#else
    __asm__ volatile("lea FlowTail, %0" : "=r"(target));
#endif
    targets[0] = targets[1] = 0;
    targets[2] = target;
    __asm__ volatile("call *%1" : "+a"(count) : "r"(target) : "cc", "memory");
    __asm__ volatile("call *(%1,%2," WORD ")" : "+a"(count) : "r"(targets), "r"((ULONG_PTR)2) : "cc", "memory");
    __asm__ volatile("call *-" WORD "(%1)" : "+a"(count) : "r"(targets + 3) : "cc", "memory");
    __asm__ volatile("call FlowTail" : "+a"(count) : : "cc", "memory");
    CHECK("calls_get_where_register_and_memory_say", count == 4);
}

static VOID Strings(VOID)
{
    static const CHAR from[] = "the bytes that a string instruction is to move";
    CHAR to[sizeof(from)];
    const CHAR *source = from;
    CHAR *target = to;
    ULONG_PTR count = 13;

    C_ASSERT(sizeof(from) == 13 + 7 * 4 + 4 + 2);
    RtlZeroMemory(to, sizeof(to));
    __asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
    count = 7;
    __asm__ volatile("rep movsl" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
    __asm__ volatile("movsl\n movsb\n movsb\n" /* they end blocks without a jump */
                     : "+S"(source), "+D"(target) : : "memory");
    CHECK("string_moves_move", source == from + sizeof(from) && target == to + sizeof(to) &&
                                   RtlCompareMemory(to, from, sizeof(to)) == sizeof(to));
}

RULE(FLOW, RuleAtStart)
{
    UNUSED(Device);
    Jumps();
    Loops();
    Calls();
    Strings();
}
