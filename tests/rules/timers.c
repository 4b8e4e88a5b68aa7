/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about DPCs, timers and time. */
#include "rule.h"

static KDPC g_Dpc;
static KTIMER g_Timer;

static VOID NTAPI DoNothing(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNUSED(Dpc);
    UNUSED(Context);
    UNUSED(Argument1);
    UNUSED(Argument2);
}

RULE(DPC_UNINITIALIZED, RuleAtEntry)
{
    PKDPC dpc = ExAllocatePoolWithTag(NonPagedPool, sizeof(*dpc), RULE_TAG);

    UNUSED(Device);
    if (dpc != NULL) {
        KeInsertQueueDpc(dpc, NULL, NULL);
        KeFlushQueuedDpcs();
        ExFreePoolWithTag(dpc, RULE_TAG);
    }
}

RULE(DPC_TIMER, RuleAtEntry)
{
    LARGE_INTEGER due;

    UNUSED(Device);
    due.QuadPart = -10000000;
    KeInitializeDpc(&g_Dpc, DoNothing, NULL);
    KeInitializeTimer(&g_Timer);
    KeSetTimer(&g_Timer, due, &g_Dpc);
    KeInsertQueueDpc(&g_Dpc, NULL, NULL);
    KeCancelTimer(&g_Timer);
    KeFlushQueuedDpcs();
}

static VOID NTAPI TakeLong(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ULONG i;

    UNUSED(Dpc);
    UNUSED(Context);
    UNUSED(Argument1);
    UNUSED(Argument2);
    for (i = 0; i < 150 * 1000 / 50; i++) {
        KeStallExecutionProcessor(50);
    }
}

RULE(DPC_TOO_LONG, RuleAtEntry)
{
    UNUSED(Device);
    KeInitializeDpc(&g_Dpc, TakeLong, NULL);
    KeInsertQueueDpc(&g_Dpc, NULL, NULL);
    KeFlushQueuedDpcs();
}

RULE(DPC_AFTER_UNLOAD, RuleAtUnload)
{
    LARGE_INTEGER due;

    UNUSED(Device);
    due.QuadPart = -10000000;
    KeInitializeDpc(&g_Dpc, DoNothing, NULL);
    KeInitializeTimer(&g_Timer);
    KeSetTimer(&g_Timer, due, &g_Dpc);
}

RULE(STALL_TOO_LONG, RuleAtEntry)
{
    UNUSED(Device);
    KeStallExecutionProcessor(1000);
}

RULE(BUSY_LOOP, RuleAtEntry)
{
    static KEVENT never;

    UNUSED(Device);
    KeInitializeEvent(&never, NotificationEvent, FALSE);
    while (KeReadStateEvent(&never) == 0) {
    }
}

RULE(POWER_DEADLOCK, RuleAtPowerDown)
{
    UNUSED(Device);
    ExSetTimerResolution(10000, TRUE);
    ExSetTimerResolution(0, FALSE);
}

RULE(TIMER_RESOLUTION, RuleAtEntry)
{
    UNUSED(Device);
    ExSetTimerResolution(0, FALSE);
}
