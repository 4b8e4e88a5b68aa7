/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about sections, pool and stack. */
#include "rule.h"

static volatile ULONG g_Calls;

static CODE_PAGE VOID PagedFunction(VOID)
{
    g_Calls++;
}

RULE(PAGED_AT_DISPATCH, RuleAtEntry)
{
    KIRQL old;

    UNUSED(Device);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    PagedFunction();
    KeLowerIrql(old);
}

static CODE_INIT VOID InitFunction(VOID)
{
    g_Calls++;
}

RULE(INIT_AFTER_ENTRY, RuleAtAdd)
{
    UNUSED(Device);
    InitFunction();
}

static const ULONG g_Constant[4] = {1, 2, 3, 4};

RULE(WRITE_TO_READONLY, RuleAtEntry)
{
    volatile ULONG *constant = (volatile ULONG *)(ULONG_PTR)g_Constant;

    UNUSED(Device);
    constant[1] = 7;
}

RULE(EXECUTE_DATA, RuleAtEntry)
{
    static UCHAR code[16] = {0xC3}; /* ret */
    VOID (*volatile function)(VOID) = (VOID(*)(VOID))(ULONG_PTR)code;

    UNUSED(Device);
    code[1] = 0x90;
    function();
}

RULE(NULL_ACCESS, RuleAtEntry)
{
    volatile ULONG *volatile nothing = (volatile ULONG *)(ULONG_PTR)0x10;

    UNUSED(Device);
    (VOID)*nothing;
}

RULE(WILD_ACCESS, RuleAtEntry)
{
#ifdef _AMD64_
    volatile ULONG *volatile nowhere = (volatile ULONG *)(ULONG_PTR)0x00005EADBEEF0000;
#else
    volatile ULONG *volatile nowhere = (volatile ULONG *)(ULONG_PTR)0x00023450;
#endif

    UNUSED(Device);
    (VOID)*nowhere;
}

RULE(POOL_OVERRUN, RuleAtEntry)
{
    volatile UCHAR *block = ExAllocatePoolWithTag(NonPagedPool, 32, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        block[32] = 1;
        ExFreePoolWithTag((PVOID)(ULONG_PTR)block, RULE_TAG);
    }
}

RULE(POOL_USE_AFTER_FREE, RuleAtEntry)
{
    volatile UCHAR *block = ExAllocatePoolWithTag(NonPagedPool, 32, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        ExFreePoolWithTag((PVOID)(ULONG_PTR)block, RULE_TAG);
        (VOID)block[0];
    }
}

RULE(POOL_DOUBLE_FREE, RuleAtEntry)
{
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 32, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        ExFreePoolWithTag(block, RULE_TAG);
        ExFreePoolWithTag(block, RULE_TAG);
    }
}

RULE(POOL_BAD_FREE, RuleAtEntry)
{
    PUCHAR block = ExAllocatePoolWithTag(NonPagedPool, 64, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        ExFreePoolWithTag(block + 16, RULE_TAG);
    }
}

RULE(POOL_BAD_TAG, RuleAtEntry)
{
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 32, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        ExFreePoolWithTag(block, RULE_TAG + 1);
    }
}

RULE(POOL_ZERO_BYTES, RuleAtEntry)
{
    PVOID block = ExAllocatePoolWithTag(NonPagedPool, 0, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        ExFreePoolWithTag(block, RULE_TAG);
    }
}

RULE(POOL_BAD_TYPE, RuleAtEntry)
{
    const ULONG nonPagedPoolNx = 512; /* Windows 8 and later */
    PVOID block = ExAllocatePoolWithTag((POOL_TYPE)nonPagedPoolNx, 32, RULE_TAG);

    UNUSED(Device);
    if (block != NULL) {
        ExFreePoolWithTag(block, RULE_TAG);
    }
}

RULE(POOL_PAGED_AT_DISPATCH, RuleAtEntry)
{
    PVOID block;
    KIRQL old;

    UNUSED(Device);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    block = ExAllocatePoolWithTag(PagedPool, 32, RULE_TAG);
    KeLowerIrql(old);
    if (block != NULL) {
        ExFreePoolWithTag(block, RULE_TAG);
    }
}

RULE(POOL_ACTIVE_OBJECT, RuleAtEntry)
{
    PKTIMER timer = ExAllocatePoolWithTag(NonPagedPool, sizeof(*timer), RULE_TAG);
    LARGE_INTEGER due;

    UNUSED(Device);
    due.QuadPart = -10000000;
    if (timer != NULL) {
        KeInitializeTimer(timer);
        KeSetTimer(timer, due, NULL);
        ExFreePoolWithTag(timer, RULE_TAG);
    }
}

typedef ULONG RECURSE(ULONG Depth);
static RECURSE Recurse;
static RECURSE *volatile g_Recurse = Recurse; /* keeps the compiler from making a loop of it */

static ULONG Recurse(ULONG Depth)
{
    volatile UCHAR frame[1024];

    frame[Depth % sizeof(frame)] = (UCHAR)Depth;
    return Depth == 0 ? frame[0] : g_Recurse(Depth - 1) + frame[Depth % sizeof(frame)];
}

RULE(STACK_OVERFLOW, RuleAtEntry)
{
    UNUSED(Device);
    Recurse(100);
}

RULE(LEAK, RuleAtEntry)
{
    static PVOID forgotten;

    UNUSED(Device);
    forgotten = ExAllocatePoolWithTag(NonPagedPool, 32, RULE_TAG);
    UNUSED(forgotten);
}
