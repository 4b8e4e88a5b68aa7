/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about IRQL, spin locks, mutexes and waits. */
#include "rule.h"

/* wdm.h makes these inline on x64, where a store to cr8 cannot say whether it meant to raise or to lower. Windows
 * exports the raising function on both architectures; this is its entry in the import table. */
#ifdef _AMD64_
extern KIRQL(NTAPI *const ImportedRaiseIrql)(KIRQL Irql) __asm__("__imp_KfRaiseIrql");
#define RaiseIrql(irql_) ImportedRaiseIrql(irql_)
#else
#define RaiseIrql(irql_) KfRaiseIrql(irql_)
#endif

RULE(IRQL_TOO_HIGH, RuleAtEntry)
{
    KIRQL old = RaiseIrql(DISPATCH_LEVEL);

    UNUSED(Device);
    ExSetTimerResolution(10000, TRUE);
    KeLowerIrql(old);
    ExSetTimerResolution(0, FALSE);
}

RULE(IRQL_NOT_RESTORED, RuleAtEntry)
{
    UNUSED(Device);
    RaiseIrql(DISPATCH_LEVEL);
}

RULE(IRQL_RAISE_LOWERS, RuleAtEntry)
{
    KIRQL old = RaiseIrql(DISPATCH_LEVEL);

    UNUSED(Device);
    RaiseIrql(APC_LEVEL);
    KeLowerIrql(old);
}

static KSPIN_LOCK g_Lock, g_OtherLock;

RULE(SPINLOCK_NOT_OWNED, RuleAtEntry)
{
    KIRQL old = RaiseIrql(DISPATCH_LEVEL);

    UNUSED(Device);
    KeInitializeSpinLock(&g_Lock);
    KeReleaseSpinLock(&g_Lock, old);
}

RULE(SPINLOCK_RECURSIVE, RuleAtEntry)
{
    KIRQL old;

    UNUSED(Device);
    KeInitializeSpinLock(&g_Lock);
    KeAcquireSpinLock(&g_Lock, &old);
    KeAcquireSpinLockAtDpcLevel(&g_Lock);
    KeReleaseSpinLockFromDpcLevel(&g_Lock);
    KeReleaseSpinLock(&g_Lock, old);
}

static VOID TakeBoth(PKSPIN_LOCK First, PKSPIN_LOCK Second)
{
    KIRQL old;

    KeAcquireSpinLock(First, &old);
    KeAcquireSpinLockAtDpcLevel(Second);
    KeReleaseSpinLockFromDpcLevel(Second);
    KeReleaseSpinLock(First, old);
}

RULE(SPINLOCK_ORDER, RuleAtEntry)
{
    UNUSED(Device);
    KeInitializeSpinLock(&g_Lock);
    KeInitializeSpinLock(&g_OtherLock);
    TakeBoth(&g_Lock, &g_OtherLock);
    TakeBoth(&g_OtherLock, &g_Lock);
}

static VOID NTAPI KeepLock(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNUSED(Dpc);
    UNUSED(Argument1);
    UNUSED(Argument2);
    KeAcquireSpinLockAtDpcLevel(Context);
}

RULE(SPINLOCK_HELD, RuleAtEntry)
{
    static KDPC dpc;

    UNUSED(Device);
    KeInitializeSpinLock(&g_Lock);
    KeInitializeDpc(&dpc, KeepLock, &g_Lock);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    KeFlushQueuedDpcs();
}

RULE(SPINLOCK_IRQL, RuleAtEntry)
{
    UNUSED(Device);
    KeInitializeSpinLock(&g_Lock);
    KeAcquireSpinLockAtDpcLevel(&g_Lock);
    KeReleaseSpinLockFromDpcLevel(&g_Lock);
}

RULE(SPINLOCK_UNINITIALIZED, RuleAtEntry)
{
    PKSPIN_LOCK lock = ExAllocatePoolWithTag(NonPagedPool, sizeof(*lock), RULE_TAG);
    KIRQL old;

    UNUSED(Device);
    if (lock != NULL) {
        KeAcquireSpinLock(lock, &old);
        KeReleaseSpinLock(lock, old);
        ExFreePoolWithTag(lock, RULE_TAG);
    }
}

static KMUTEX g_Mutex;
static FAST_MUTEX g_FastMutex;

RULE(MUTEX_NOT_OWNED, RuleAtEntry)
{
    UNUSED(Device);
    KeInitializeMutex(&g_Mutex, 0);
    KeReleaseMutex(&g_Mutex, FALSE);
}

RULE(MUTEX_HELD, RuleAtEntry)
{
    UNUSED(Device);
    KeInitializeMutex(&g_Mutex, 0);
    KeWaitForSingleObject(&g_Mutex, Executive, KernelMode, FALSE, NULL);
}

RULE(MUTEX_RECURSIVE, RuleAtEntry)
{
    UNUSED(Device);
    ExInitializeFastMutex(&g_FastMutex);
    ExAcquireFastMutex(&g_FastMutex);
    ExAcquireFastMutex(&g_FastMutex);
    ExReleaseFastMutex(&g_FastMutex);
    ExReleaseFastMutex(&g_FastMutex);
}

/* Nobody meets anybody here, and two threads that did this at once would wait for ever. */
RULE(MUTEX_ORDER, RuleAtEntry)
{
    UNUSED(Device);
    KeInitializeMutex(&g_Mutex, 0);
    ExInitializeFastMutex(&g_FastMutex);
    KeWaitForSingleObject(&g_Mutex, Executive, KernelMode, FALSE, NULL);
    ExAcquireFastMutex(&g_FastMutex);
    ExReleaseFastMutex(&g_FastMutex);
    KeReleaseMutex(&g_Mutex, FALSE);
    ExAcquireFastMutex(&g_FastMutex);
    KeWaitForSingleObject(&g_Mutex, Executive, KernelMode, FALSE, NULL);
    KeReleaseMutex(&g_Mutex, FALSE);
    ExReleaseFastMutex(&g_FastMutex);
}

static KEVENT g_Event;

RULE(WAIT_AT_DISPATCH, RuleAtEntry)
{
    LARGE_INTEGER timeout;
    KIRQL old = RaiseIrql(DISPATCH_LEVEL);

    UNUSED(Device);
    timeout.QuadPart = -10000;
    KeInitializeEvent(&g_Event, NotificationEvent, TRUE);
    KeWaitForSingleObject(&g_Event, Executive, KernelMode, FALSE, &timeout);
    KeLowerIrql(old);
}

RULE(WAIT_UNINITIALIZED, RuleAtEntry)
{
    PKEVENT event = ExAllocatePoolWithTag(NonPagedPool, sizeof(*event), RULE_TAG);
    LARGE_INTEGER timeout;

    UNUSED(Device);
    timeout.QuadPart = -10000;
    if (event != NULL) {
        KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &timeout);
        ExFreePoolWithTag(event, RULE_TAG);
    }
}

RULE(DEADLOCK, RuleAtEntry)
{
    UNUSED(Device);
    KeInitializeEvent(&g_Event, NotificationEvent, FALSE);
    KeWaitForSingleObject(&g_Event, Executive, KernelMode, FALSE, NULL);
}
