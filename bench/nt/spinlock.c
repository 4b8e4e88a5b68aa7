/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Spin locks. A thread is a processor of its own as long as it does not wait, and
 * so is the one that serves interrupts and DPCs while schedule.c lets it. Without
 * schedule.c only one of them is ever at work: a lock that is busy is a deadlock.
 */
#include "nt.h"

#include <stdio.h>
#include <string.h>

#define LOCK_BUSY 1u

unsigned spinlock_held_count(void) { return thread_current()->spinlock_count; }

const char *spinlock_held_text(void)
{
    static char text[128];
    const struct thread *thread = thread_current();

    if (thread->spinlock_count == 0)
        return "no spin lock is held";
    snprintf(text, sizeof text, "spin lock %p is held", (void *)thread->spinlocks[thread->spinlock_count - 1].lock);
    return text;
}

struct thread *spinlock_owner(const KSPIN_LOCK *lock)
{
    struct thread *thread;
    unsigned i;

    for (thread = g_threads; thread != NULL; thread = thread->next)
        for (i = 0; i < thread->spinlock_count; i++)
            if (thread->spinlocks[i].lock == lock)
                return thread;
    return NULL;
}

void spinlock_acquire(KSPIN_LOCK *lock, KIRQL old_irql, const char *what)
{
    struct thread *thread = thread_current();
    unsigned i;

    if (!memory_is_nonpaged(lock, sizeof *lock))
        violation("PAGED_AT_DISPATCH", "%s: spin lock %p is not in nonpaged memory", what, (void *)lock);
    for (i = 0; i < thread->spinlock_count; i++)
        if (thread->spinlocks[i].lock == lock)
            violation("SPINLOCK_RECURSIVE", "%s: spin lock %p is already held", what, (void *)lock);
    for (i = 0; i < thread->spinlock_count; i++)
        lockorder_asked(lock, thread->spinlocks[i].lock, "SPINLOCK_ORDER");
    while (*lock != 0 && schedule_spin(lock))
        ;
    if (*lock != 0)
        violation("SPINLOCK_UNINITIALIZED", "%s: spin lock %p holds %#zx; it was never initialised, or overwritten",
                  what, (void *)lock, (size_t)*lock);
    if (thread->spinlock_count == LENGTH_OF(thread->spinlocks))
        violation("SPINLOCK_HELD", "%s: %u spin locks held at once", what, thread->spinlock_count);
    *lock = LOCK_BUSY;
    thread->spinlocks[thread->spinlock_count++] = (struct spinlock_held){lock, old_irql};
}

KIRQL spinlock_release(KSPIN_LOCK *lock, const char *what)
{
    struct thread *thread = thread_current();
    unsigned i = thread->spinlock_count;
    KIRQL old;

    while (i > 0 && thread->spinlocks[i - 1].lock != lock)
        i--;
    if (i == 0)
        violation("SPINLOCK_NOT_OWNED", "%s: spin lock %p is not held", what, (void *)lock);
    if (*lock != LOCK_BUSY)
        violation("SPINLOCK_NOT_OWNED", "%s: spin lock %p was overwritten while held", what, (void *)lock);
    old = thread->spinlocks[i - 1].old_irql;
    memmove(&thread->spinlocks[i - 1], &thread->spinlocks[i],
            (thread->spinlock_count - i) * sizeof thread->spinlocks[0]);
    thread->spinlock_count--;
    *lock = 0;
    return old;
}

void spinlock_forget_range(const void *start, size_t bytes)
{
    const struct thread *thread;
    unsigned i;

    for (thread = g_threads; thread != NULL; thread = thread->next)
        for (i = 0; i < thread->spinlock_count; i++)
            if ((uintptr_t)thread->spinlocks[i].lock - (uintptr_t)start < bytes)
                violation("SPINLOCK_HELD", "memory with the held spin lock %p is freed",
                          (void *)thread->spinlocks[i].lock);
    lockorder_forget_range(start, bytes);
}

/* ---- exports ---- */

static KIRQL acquire_raise(KSPIN_LOCK *lock, const char *what)
{
    KIRQL old = irql_current();

    if (old > DISPATCH_LEVEL)
        violation("IRQL_TOO_HIGH", "%s at IRQL %u", what, old);
    irql_raise(DISPATCH_LEVEL);
    spinlock_acquire(lock, old, what);
    return old;
}

static void release_lower(KSPIN_LOCK *lock, KIRQL new_irql, const char *what)
{
    KIRQL old;

    if (irql_current() != DISPATCH_LEVEL)
        violation("SPINLOCK_IRQL", "%s at IRQL %u", what, irql_current());
    old = spinlock_release(lock, what);
    if (old != new_irql)
        violation("SPINLOCK_IRQL", "%s restores IRQL %u; the lock was taken at %u", what, new_irql, old);
    irql_lower(new_irql);
}

static void acquire_at_dpc(KSPIN_LOCK *lock, const char *what)
{
    if (irql_current() != DISPATCH_LEVEL)
        violation("SPINLOCK_IRQL", "%s at IRQL %u; DISPATCH_LEVEL is required", what, irql_current());
    spinlock_acquire(lock, DISPATCH_LEVEL, what);
}

static void release_from_dpc(KSPIN_LOCK *lock, const char *what)
{
    KIRQL old;

    if (irql_current() != DISPATCH_LEVEL)
        violation("SPINLOCK_IRQL", "%s at IRQL %u; DISPATCH_LEVEL is required", what, irql_current());
    old = spinlock_release(lock, what);
    if (old != DISPATCH_LEVEL)
        violation("SPINLOCK_IRQL", "%s: the lock was taken at IRQL %u, which nobody restores", what, old);
    schedule_point();
}

VOID NTAPI KeInitializeSpinLock(KSPIN_LOCK *lock) { *lock = 0; }

static KIRQL FASTCALL kf_acquire(KSPIN_LOCK *lock) { return acquire_raise(lock, "KeAcquireSpinLock"); }
static VOID FASTCALL kf_release(KSPIN_LOCK *lock, KIRQL irql) { release_lower(lock, irql, "KeReleaseSpinLock"); }
static VOID FASTCALL kef_acquire_at_dpc(KSPIN_LOCK *lock) { acquire_at_dpc(lock, "KeAcquireSpinLockAtDpcLevel"); }
static VOID FASTCALL kef_release_from_dpc(KSPIN_LOCK *lock) { release_from_dpc(lock, "KeReleaseSpinLockFromDpcLevel"); }
static BOOLEAN FASTCALL try_at_dpc(KSPIN_LOCK *lock)
{
    acquire_at_dpc(lock, "KeTryToAcquireSpinLockAtDpcLevel");
    return TRUE;
}

/* KeAcquireSpinLockForDpc: raises unless already in a DPC. */
static KIRQL FASTCALL acquire_for_dpc(KSPIN_LOCK *lock) { return acquire_raise(lock, "KeAcquireSpinLockForDpc"); }
static VOID FASTCALL release_for_dpc(KSPIN_LOCK *lock, KIRQL irql)
{
    release_lower(lock, irql, "KeReleaseSpinLockForDpc");
}

static VOID FASTCALL acquire_queued(KSPIN_LOCK *lock, KLOCK_QUEUE_HANDLE *handle)
{
    handle->LockQueue.Next = NULL;
    handle->LockQueue.Lock = lock;
    handle->OldIrql = acquire_raise(lock, "KeAcquireInStackQueuedSpinLock");
}

static VOID FASTCALL release_queued(KLOCK_QUEUE_HANDLE *handle)
{
    release_lower(handle->LockQueue.Lock, handle->OldIrql, "KeReleaseInStackQueuedSpinLock");
}

static VOID FASTCALL acquire_queued_at_dpc(KSPIN_LOCK *lock, KLOCK_QUEUE_HANDLE *handle)
{
    handle->LockQueue.Next = NULL;
    handle->LockQueue.Lock = lock;
    acquire_at_dpc(lock, "KeAcquireInStackQueuedSpinLockAtDpcLevel");
}

static VOID FASTCALL release_queued_from_dpc(KLOCK_QUEUE_HANDLE *handle)
{
    release_from_dpc(handle->LockQueue.Lock, "KeReleaseInStackQueuedSpinLockFromDpcLevel");
}

#if defined(__i386__)
static VOID NTAPI ke_acquire(KSPIN_LOCK *lock, KIRQL *old) { *old = acquire_raise(lock, "KeAcquireSpinLock"); }
static VOID NTAPI ke_release(KSPIN_LOCK *lock, KIRQL irql) { release_lower(lock, irql, "KeReleaseSpinLock"); }
static VOID NTAPI ke_acquire_at_dpc(KSPIN_LOCK *lock) { acquire_at_dpc(lock, "KeAcquireSpinLockAtDpcLevel"); }
static VOID NTAPI ke_release_from_dpc(KSPIN_LOCK *lock) { release_from_dpc(lock, "KeReleaseSpinLockFromDpcLevel"); }
HAL(KfAcquireSpinLock, kf_acquire, DISPATCH_LEVEL);
HAL(KfReleaseSpinLock, kf_release, DISPATCH_LEVEL);
HAL(KeAcquireSpinLock, ke_acquire, DISPATCH_LEVEL);
HAL(KeReleaseSpinLock, ke_release, DISPATCH_LEVEL);
NTOS(KefAcquireSpinLockAtDpcLevel, kef_acquire_at_dpc, DISPATCH_LEVEL);
NTOS(KefReleaseSpinLockFromDpcLevel, kef_release_from_dpc, DISPATCH_LEVEL);
NTOS(KeAcquireSpinLockAtDpcLevel, ke_acquire_at_dpc, DISPATCH_LEVEL);
NTOS(KeReleaseSpinLockFromDpcLevel, ke_release_from_dpc, DISPATCH_LEVEL);
NTOS(KeInitializeSpinLock, KeInitializeSpinLock, HIGH_LEVEL);
#else
NTOS(KeAcquireSpinLockRaiseToDpc, kf_acquire, DISPATCH_LEVEL);
NTOS(KeReleaseSpinLock, kf_release, DISPATCH_LEVEL);
NTOS(KeAcquireSpinLockAtDpcLevel, kef_acquire_at_dpc, DISPATCH_LEVEL);
NTOS(KeReleaseSpinLockFromDpcLevel, kef_release_from_dpc, DISPATCH_LEVEL);
#endif
NTOS(KeTryToAcquireSpinLockAtDpcLevel, try_at_dpc, DISPATCH_LEVEL);
NTOS(KeAcquireSpinLockForDpc, acquire_for_dpc, DISPATCH_LEVEL);
NTOS(KeReleaseSpinLockForDpc, release_for_dpc, DISPATCH_LEVEL);
HAL_ON_X86(KeAcquireInStackQueuedSpinLock, acquire_queued, DISPATCH_LEVEL);
HAL_ON_X86(KeReleaseInStackQueuedSpinLock, release_queued, DISPATCH_LEVEL);
NTOS(KeAcquireInStackQueuedSpinLockAtDpcLevel, acquire_queued_at_dpc, DISPATCH_LEVEL);
NTOS(KeReleaseInStackQueuedSpinLockFromDpcLevel, release_queued_from_dpc, DISPATCH_LEVEL);
