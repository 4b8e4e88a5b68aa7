/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about calling conventions, processor state, traps and arguments. */
#include "rule.h"

/* A deferred routine that takes one word more off the stack than its caller put there for it. */
VOID NTAPI RuleWrongConvention(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2);
#ifdef _AMD64_
__asm__(".text\n"
        ".globl RuleWrongConvention\n"
        "RuleWrongConvention:\n"
        "    popq %rax\n"
        "    popq %rcx\n"
        "    jmpq *%rax\n");
#else
__asm__(".text\n"
        ".globl _RuleWrongConvention@16\n"
        "_RuleWrongConvention@16:\n"
        "    retl $20\n");
#endif

RULE(STACK_IMBALANCE, RuleAtEntry)
{
    static KDPC dpc;

    UNUSED(Device);
    KeInitializeDpc(&dpc, RuleWrongConvention, NULL);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
}

RULE(DIRECTION_FLAG, RuleAtEntry)
{
    UNUSED(Device);
    __asm__ volatile("std");
    KeGetCurrentThread();
    ExSetTimerResolution(10000, TRUE);
    ExSetTimerResolution(0, FALSE);
    __asm__ volatile("cld");
}

RULE(FLOATING_POINT, RuleAtEntry)
{
    UNUSED(Device);
    __asm__ volatile("fld1\n\tfstp %st(0)");
}

/* Breaks nothing: the skeleton itself has to pass. */
RULE(CONTROL, RuleAtEntry)
{
    UNUSED(Device);
}

RULE(BUGCHECK, RuleAtEntry)
{
    UNUSED(Device);
    KeBugCheckEx(0xDEADDEAD, 1, 2, 3, 4);
}

RULE(EXCEPTION, RuleAtEntry)
{
    UNUSED(Device);
    __asm__ volatile("ud2");
}

RULE(BREAKPOINT, RuleAtEntry)
{
    UNUSED(Device);
    __asm__ volatile("int3");
}

RULE(PRIVILEGED, RuleAtEntry)
{
    ULONG_PTR value;

    UNUSED(Device);
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    UNUSED(value);
}

RULE(OBJECT_REFERENCE, RuleAtEntry)
{
    static ULONG_PTR noObject[64];

    UNUSED(Device);
    ObReferenceObject(&noObject[32]);
}

RULE(HANDLE_RULE, RuleAtEntry)
{
    UNUSED(Device);
    ZwClose((HANDLE)(ULONG_PTR)0xBAD0);
}

RULE(REGISTRY_RULE, RuleAtEntry)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE key;

    UNUSED(Device);
    RtlInitUnicodeString(&name, L"\\Registry\\Machine");
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    attributes.Length = 4;
    if (NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) {
        ZwClose(key);
    }
}

RULE(BAD_PARAMETER, RuleAtEntry)
{
    LARGE_INTEGER due;
    static KTIMER timer;

    UNUSED(Device);
    due.QuadPart = -10000000;
    KeInitializeTimer(&timer);
    KeSetTimerEx(&timer, due, -5, NULL); /* a negative period */
    KeCancelTimer(&timer);
}
