/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fast and guarded mutexes, resources, critical regions, remove locks, rundown protection. */
#include "nt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- fast mutexes; a KGUARDED_MUTEX has the same first members and the same size class ---- */

static void wait_for(DISPATCHER_HEADER *header)
{
    PVOID object = header;

    dispatcher_wait(1, &object, false, NULL, "mutex");
}

static void fast_acquire(FAST_MUTEX *mutex, const char *what)
{
    if (mutex->Owner == thread_current())
        violation("MUTEX_RECURSIVE", "%s: this thread owns mutex %p already", what, (void *)mutex);
    if (mutex->Event.Header.WaitListHead.Flink == NULL)
        violation("WAIT_UNINITIALIZED", "%s: mutex %p was not initialised", what, (void *)mutex);
    lockorder_mutex_asked(mutex);
    while (mutex->Count != 1) {
        mutex->Contention++;
        wait_for(&mutex->Event.Header);
    }
    mutex->Count = 0;
    mutex->Owner = thread_current();
    thread_current()->mutexes++;
    lockorder_mutex_owned(thread_current(), mutex);
}

static void fast_release(FAST_MUTEX *mutex, const char *what)
{
    if (mutex->Owner != thread_current())
        violation("MUTEX_NOT_OWNED", "%s: this thread does not own mutex %p", what, (void *)mutex);
    thread_current()->mutexes--;
    lockorder_mutex_released(thread_current(), mutex);
    mutex->Owner = NULL;
    mutex->Count = 1;
    KeSetEvent(&mutex->Event, 0, FALSE);
}

/* Raises to APC_LEVEL for as long as it is held. */
static VOID FASTCALL acquire_fast(FAST_MUTEX *mutex)
{
    KIRQL old = irql_raise(APC_LEVEL);

    fast_acquire(mutex, "ExAcquireFastMutex");
    mutex->OldIrql = old;
}

static VOID FASTCALL release_fast(FAST_MUTEX *mutex)
{
    KIRQL old = (KIRQL)mutex->OldIrql;

    if (irql_current() != APC_LEVEL)
        violation("IRQL_NOT_RESTORED", "ExReleaseFastMutex at IRQL %u; APC_LEVEL is required", irql_current());
    fast_release(mutex, "ExReleaseFastMutex");
    irql_lower(old);
}

static BOOLEAN FASTCALL try_fast(FAST_MUTEX *mutex)
{
    if (mutex->Count != 1)
        return FALSE;
    acquire_fast(mutex);
    return TRUE;
}

static VOID FASTCALL acquire_unsafe(FAST_MUTEX *mutex) { fast_acquire(mutex, "ExAcquireFastMutexUnsafe"); }
static VOID FASTCALL release_unsafe(FAST_MUTEX *mutex) { fast_release(mutex, "ExReleaseFastMutexUnsafe"); }

static VOID FASTCALL initialize_guarded(FAST_MUTEX *mutex)
{
    memset(mutex, 0, sizeof *mutex);
    mutex->Count = 1;
    KeInitializeEvent(&mutex->Event, SynchronizationEvent, FALSE);
}

static VOID FASTCALL acquire_guarded(FAST_MUTEX *mutex) { fast_acquire(mutex, "KeAcquireGuardedMutex"); }
static VOID FASTCALL release_guarded(FAST_MUTEX *mutex) { fast_release(mutex, "KeReleaseGuardedMutex"); }
static BOOLEAN FASTCALL try_guarded(FAST_MUTEX *mutex)
{
    if (mutex->Count != 1)
        return FALSE;
    fast_acquire(mutex, "KeTryToAcquireGuardedMutex");
    return TRUE;
}

HAL_ON_X86(ExAcquireFastMutex, acquire_fast, APC_LEVEL);
HAL_ON_X86(ExReleaseFastMutex, release_fast, APC_LEVEL);
HAL_ON_X86(ExTryToAcquireFastMutex, try_fast, APC_LEVEL);
NTOS(ExAcquireFastMutexUnsafe, acquire_unsafe, APC_LEVEL);
NTOS(ExReleaseFastMutexUnsafe, release_unsafe, APC_LEVEL);
NTOS(KeInitializeGuardedMutex, initialize_guarded, APC_LEVEL);
NTOS(KeAcquireGuardedMutex, acquire_guarded, APC_LEVEL);
NTOS(KeReleaseGuardedMutex, release_guarded, APC_LEVEL);
NTOS(KeTryToAcquireGuardedMutex, try_guarded, APC_LEVEL);

static VOID NTAPI critical_region(VOID) {} /* there are no APCs here to hold off */
NTOS(KeEnterCriticalRegion, critical_region, APC_LEVEL);
NTOS(KeLeaveCriticalRegion, critical_region, APC_LEVEL);
NTOS(KeEnterGuardedRegion, critical_region, APC_LEVEL);
NTOS(KeLeaveGuardedRegion, critical_region, APC_LEVEL);

/* ---- ERESOURCE: ActiveCount > 0 owners; exclusive when Flag says so ---- */

#define RESOURCE_EXCLUSIVE 0x80

static NTSTATUS NTAPI initialize_resource(ERESOURCE *resource)
{
    memset(resource, 0, sizeof *resource);
    resource->SystemResourcesList.Flink = resource->SystemResourcesList.Blink = &resource->SystemResourcesList;
    resource_add("ERESOURCE", resource, "ExInitializeResourceLite");
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI delete_resource(ERESOURCE *resource)
{
    if (resource->ActiveCount != 0)
        violation("BAD_FREE", "ExDeleteResourceLite of an owned resource");
    resource_remove("ERESOURCE", resource);
    return STATUS_SUCCESS;
}

static BOOLEAN acquire_resource(ERESOURCE *resource, BOOLEAN wait, bool exclusive)
{
    bool mine = resource->OwnerEntry.OwnerThread == (ERESOURCE_THREAD)thread_current();

    if (wait)
        lockorder_mutex_asked(resource);
    while (resource->ActiveCount != 0 && !(mine && (resource->Flag & RESOURCE_EXCLUSIVE)) &&
           (exclusive || (resource->Flag & RESOURCE_EXCLUSIVE))) {
        if (!wait)
            return FALSE;
        thread_sleep_until(clock_now_ns() + NS_PER_MS); /* rare here: no driver thread holds one across a wait */
    }
    if (resource->ActiveCount++ == 0 && exclusive)
        resource->Flag |= RESOURCE_EXCLUSIVE;
    if (exclusive || resource->ActiveCount == 1)
        resource->OwnerEntry.OwnerThread = (ERESOURCE_THREAD)thread_current();
    lockorder_mutex_owned(thread_current(), resource);
    return TRUE;
}

static BOOLEAN NTAPI acquire_exclusive(ERESOURCE *resource, BOOLEAN wait)
{
    return acquire_resource(resource, wait, true);
}
static BOOLEAN NTAPI acquire_shared(ERESOURCE *resource, BOOLEAN wait)
{
    return acquire_resource(resource, wait, false);
}
static VOID FASTCALL release_resource(ERESOURCE *resource)
{
    if (resource->ActiveCount <= 0)
        violation("MUTEX_NOT_OWNED", "ExReleaseResourceLite: resource %p is not owned", (void *)resource);
    lockorder_mutex_released(thread_current(), resource);
    if (--resource->ActiveCount == 0) {
        resource->Flag &= (USHORT)~RESOURCE_EXCLUSIVE;
        resource->OwnerEntry.OwnerThread = 0;
    }
}

NTOS(ExInitializeResourceLite, initialize_resource, DISPATCH_LEVEL);
NTOS(ExDeleteResourceLite, delete_resource, DISPATCH_LEVEL);
NTOS(ExAcquireResourceExclusiveLite, acquire_exclusive, APC_LEVEL);
NTOS(ExAcquireResourceSharedLite, acquire_shared, APC_LEVEL);
NTOS(ExReleaseResourceLite, release_resource, DISPATCH_LEVEL);

/* ---- remove locks: IO_REMOVE_LOCK_COMMON_BLOCK ---- */

struct remove_lock {
    BOOLEAN removed;
    BOOLEAN reserved[3];
    LONG count;
    KEVENT event;
};

static VOID NTAPI initialize_remove_lock(struct remove_lock *lock, ULONG tag, ULONG minutes, ULONG high, ULONG size)
{
    (void)tag;
    (void)minutes;
    (void)high;
    if (size < sizeof *lock)
        violation("REMOVE_LOCK", "IoInitializeRemoveLock: size %u", size);
    lock->removed = FALSE;
    lock->count = 1;
    KeInitializeEvent(&lock->event, SynchronizationEvent, FALSE);
}

static NTSTATUS NTAPI acquire_remove_lock(struct remove_lock *lock, PVOID tag, PCSTR file, ULONG line, ULONG size)
{
    (void)tag;
    (void)file;
    (void)line;
    (void)size;
    if (lock->removed)
        return STATUS_DELETE_PENDING;
    lock->count++;
    return STATUS_SUCCESS;
}

static VOID NTAPI release_remove_lock(struct remove_lock *lock, PVOID tag, ULONG size)
{
    (void)tag;
    (void)size;
    if (lock->count <= (lock->removed ? 0 : 1))
        violation("REMOVE_LOCK", "IoReleaseRemoveLock: released more often than acquired");
    if (--lock->count == 0)
        KeSetEvent(&lock->event, 0, FALSE);
}

static VOID NTAPI release_remove_lock_and_wait(struct remove_lock *lock, PVOID tag, ULONG size)
{
    lock->removed = TRUE;
    release_remove_lock(lock, tag, size);
    if (lock->count < 1)
        violation("REMOVE_LOCK", "IoReleaseRemoveLockAndWait without having acquired the lock");
    lock->count--;
    if (lock->count > 0)
        wait_for(&lock->event.Header);
}

NTOS(IoInitializeRemoveLockEx, initialize_remove_lock, PASSIVE_LEVEL);
NTOS(IoAcquireRemoveLockEx, acquire_remove_lock, DISPATCH_LEVEL);
NTOS(IoReleaseRemoveLockEx, release_remove_lock, DISPATCH_LEVEL);
NTOS(IoReleaseRemoveLockAndWaitEx, release_remove_lock_and_wait, PASSIVE_LEVEL);

/* ---- rundown protection: twice the count, bit 0 = run down ---- */

static VOID FASTCALL initialize_rundown(ULONG_PTR *rundown) { *rundown = 0; }

static BOOLEAN FASTCALL acquire_rundown(ULONG_PTR *rundown)
{
    if (*rundown & 1)
        return FALSE;
    *rundown += 2;
    return TRUE;
}

static VOID FASTCALL release_rundown(ULONG_PTR *rundown)
{
    if (*rundown < 2)
        violation("REMOVE_LOCK", "ExReleaseRundownProtection: released more often than acquired");
    *rundown -= 2;
}

static VOID FASTCALL wait_for_rundown(ULONG_PTR *rundown)
{
    *rundown |= 1;
    while (*rundown != 1)
        thread_sleep_until(clock_now_ns() + NS_PER_MS);
}

NTOS(ExInitializeRundownProtection, initialize_rundown, DISPATCH_LEVEL);
NTOS(ExReInitializeRundownProtection, initialize_rundown, DISPATCH_LEVEL);
NTOS(ExAcquireRundownProtection, acquire_rundown, DISPATCH_LEVEL);
NTOS(ExReleaseRundownProtection, release_rundown, DISPATCH_LEVEL);
NTOS(ExWaitForRundownProtectionRelease, wait_for_rundown, APC_LEVEL);
NTOS(ExRundownCompleted, initialize_rundown, DISPATCH_LEVEL);
