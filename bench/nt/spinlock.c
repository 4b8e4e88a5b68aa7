/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Spin locks of a machine with one processor: none may ever be contended, so a
 * lock that is busy is a deadlock. Also keeps the order in which locks were
 * taken; an order that another path reversed would deadlock two processors.
 */
#include "nt.h"

#include <stdio.h>
#include <string.h>

#define MAX_HELD 16u
#define MAX_KNOWN 512u
#define LOCK_BUSY 1u

struct held {
    KSPIN_LOCK *lock;
    KIRQL old_irql;
    int known;
};
static struct held held[MAX_HELD];
static unsigned held_count;

/* before[a] has bit b: lock b was once taken while a was held. */
static KSPIN_LOCK *known[MAX_KNOWN];
static uint64_t before[MAX_KNOWN][MAX_KNOWN / 64];

unsigned spinlock_held_count(void) { return held_count; }

const char *spinlock_held_text(void)
{
    static char text[128];

    if (held_count == 0)
        return "no spin lock is held";
    snprintf(text, sizeof text, "spin lock %p is held", (void *)held[held_count - 1].lock);
    return text;
}

static int known_index(KSPIN_LOCK *lock)
{
    static unsigned victim;
    int free_slot = -1;
    unsigned i;

    for (i = 0; i < MAX_KNOWN; i++) {
        if (known[i] == lock)
            return (int)i;
        if (known[i] == NULL && free_slot < 0)
            free_slot = (int)i;
    }
    if (free_slot < 0)
        free_slot = (int)(victim++ % MAX_KNOWN);
    known[free_slot] = lock;
    memset(before[free_slot], 0, sizeof before[free_slot]);
    for (i = 0; i < MAX_KNOWN; i++)
        before[i][free_slot / 64] &= ~(1ull << (free_slot % 64));
    return free_slot;
}

static bool taken_before(int first, int second) { return (before[first][second / 64] >> (second % 64)) & 1; }

/* Is there a path first -> ... -> second in the order seen so far? */
static bool ordered(int first, int second)
{
    static uint8_t seen[MAX_KNOWN];
    static int stack[MAX_KNOWN];
    int depth = 0, i;

    memset(seen, 0, sizeof seen);
    stack[depth++] = first;
    seen[first] = 1;
    while (depth > 0) {
        int at = stack[--depth];

        for (i = 0; i < (int)MAX_KNOWN; i++) {
            if (seen[i] || !taken_before(at, i))
                continue;
            if (i == second)
                return true;
            seen[i] = 1;
            stack[depth++] = i;
        }
    }
    return false;
}

static void check_order(KSPIN_LOCK *lock, int index)
{
    unsigned i;

    for (i = 0; i < held_count; i++) {
        int outer = held[i].known;

        if (taken_before(outer, index))
            continue;
        if (ordered(index, outer))
            violation("SPINLOCK_ORDER", "spin lock %p is taken while %p is held; elsewhere the order is reversed",
                      (void *)lock, (void *)held[i].lock);
        before[outer][index / 64] |= 1ull << (index % 64);
    }
}

void spinlock_acquire(KSPIN_LOCK *lock, KIRQL old_irql, const char *what)
{
    unsigned i;
    int index;

    if (!memory_is_nonpaged(lock, sizeof *lock))
        violation("PAGED_AT_DISPATCH", "%s: spin lock %p is not in nonpaged memory", what, (void *)lock);
    for (i = 0; i < held_count; i++)
        if (held[i].lock == lock)
            violation("SPINLOCK_RECURSIVE", "%s: spin lock %p is already held", what, (void *)lock);
    if (*lock != 0)
        violation("SPINLOCK_UNINITIALIZED", "%s: spin lock %p holds %#zx; it was never initialised, or overwritten",
                  what, (void *)lock, (size_t)*lock);
    if (held_count == MAX_HELD)
        violation("SPINLOCK_HELD", "%s: %u spin locks held at once", what, held_count);
    index = known_index(lock);
    check_order(lock, index);
    *lock = LOCK_BUSY;
    held[held_count++] = (struct held){lock, old_irql, index};
}

KIRQL spinlock_release(KSPIN_LOCK *lock, const char *what)
{
    unsigned i = held_count;
    KIRQL old;

    while (i > 0 && held[i - 1].lock != lock)
        i--;
    if (i == 0)
        violation("SPINLOCK_NOT_OWNED", "%s: spin lock %p is not held", what, (void *)lock);
    if (*lock != LOCK_BUSY)
        violation("SPINLOCK_NOT_OWNED", "%s: spin lock %p was overwritten while held", what, (void *)lock);
    old = held[i - 1].old_irql;
    memmove(&held[i - 1], &held[i], (held_count - i) * sizeof held[0]);
    held_count--;
    *lock = 0;
    return old;
}

void spinlock_forget_range(const void *start, size_t bytes)
{
    uintptr_t from = (uintptr_t)start;
    unsigned i, j;

    for (i = 0; i < held_count; i++)
        if ((uintptr_t)held[i].lock - from < bytes)
            violation("SPINLOCK_HELD", "memory with the held spin lock %p is freed", (void *)held[i].lock);
    for (i = 0; i < MAX_KNOWN; i++) {
        if (known[i] == NULL || (uintptr_t)known[i] - from >= bytes)
            continue;
        known[i] = NULL;
        memset(before[i], 0, sizeof before[i]);
        for (j = 0; j < MAX_KNOWN; j++)
            before[j][i / 64] &= ~(1ull << (i % 64));
    }
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
