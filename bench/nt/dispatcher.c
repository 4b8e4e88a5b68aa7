/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Events, semaphores, mutexes, and waiting for them, for timers and for threads. */
#include "nt.h"

#include <string.h>

void dispatcher_require(const DISPATCHER_HEADER *header, const char *what)
{
    if (!memory_is_readable(header, sizeof *header))
        violation("WILD_ACCESS", "%s: object %p is not mapped", what, (const void *)header);
    if (header->Type > TimerSynchronizationObject || header->WaitListHead.Flink == NULL ||
        header->WaitListHead.Flink != &header->WaitListHead)
        violation("WAIT_UNINITIALIZED", "%s: %p is no initialised dispatcher object", what, (const void *)header);
}

bool dispatcher_try(DISPATCHER_HEADER *header, struct thread *thread)
{
    KMUTANT *mutant = (KMUTANT *)header;

    if (header->Type == MutantObject) {
        if (header->SignalState <= 0 && mutant->OwnerThread != thread)
            return false;
        header->SignalState--;
        mutant->OwnerThread = thread;
        thread->mutexes++;
        lockorder_mutex_owned(thread, header);
        return true;
    }
    if (header->SignalState <= 0)
        return false;
    if (header->Type == EventSynchronizationObject || header->Type == TimerSynchronizationObject)
        header->SignalState = 0;
    else if (header->Type == SemaphoreObject)
        header->SignalState--;
    return true;
}

static bool would_succeed(const DISPATCHER_HEADER *header, const struct thread *thread)
{
    if (header->Type == MutantObject)
        return header->SignalState > 0 || ((const KMUTANT *)header)->OwnerThread == thread;
    return header->SignalState > 0;
}

/* Tries to satisfy a wait; consumes what it takes. */
static bool satisfy(struct thread *thread, NTSTATUS *status)
{
    struct thread_wait *wait = &thread->wait;
    unsigned i;

    if (wait->all) {
        for (i = 0; i < wait->count; i++)
            if (!would_succeed(wait->objects[i], thread))
                return false;
        for (i = 0; i < wait->count; i++)
            dispatcher_try(wait->objects[i], thread);
        *status = STATUS_WAIT_0;
        return wait->count != 0;
    }
    for (i = 0; i < wait->count; i++) {
        if (!dispatcher_try(wait->objects[i], thread))
            continue;
        *status = STATUS_WAIT_0 + (NTSTATUS)i;
        return true;
    }
    return false;
}

static bool waits_for(const struct thread *thread, const DISPATCHER_HEADER *header)
{
    unsigned i;

    for (i = 0; thread->wait.active && i < thread->wait.count; i++)
        if (thread->wait.objects[i] == header)
            return true;
    return false;
}

void dispatcher_signalled(DISPATCHER_HEADER *header)
{
    for (;;) { /* in the order in which they began to wait */
        struct thread *thread, *first = NULL;
        uint64_t tried = 0;
        NTSTATUS status = STATUS_SUCCESS;

        do {
            first = NULL;
            for (thread = g_threads; thread != NULL; thread = thread->next)
                if (waits_for(thread, header) && thread->wait.order >= tried &&
                    (first == NULL || thread->wait.order < first->wait.order))
                    first = thread;
            if (first != NULL)
                tried = first->wait.order + 1;
        } while (first != NULL && !satisfy(first, &status));
        if (first == NULL)
            return;
        thread_wake(first, status);
    }
}

static NTSTATUS block(unsigned count, DISPATCHER_HEADER **objects, bool all, uint64_t until_ns, bool tick_based)
{
    struct thread *thread = thread_current();
    NTSTATUS status;

    if (count != 0)
        memcpy(thread->wait.objects, objects, count * sizeof objects[0]);
    thread->wait.count = count;
    thread->wait.all = all;
    thread->wait.until_ns = until_ns;
    thread->wait.tick_based = tick_based;
    if (satisfy(thread, &status))
        return status;
    return thread_block();
}

NTSTATUS dispatcher_wait_until(DISPATCHER_HEADER *header, uint64_t until_ns)
{
    dispatcher_require(header, "wait");
    if (header->Type == MutantObject)
        lockorder_mutex_asked(header);
    deliver_pending();
    return block(1, &header, false, until_ns, false);
}

NTSTATUS dispatcher_wait(unsigned count, PVOID *objects, bool all, const LARGE_INTEGER *timeout, const char *what)
{
    struct thread *thread = thread_current();
    bool poll = timeout != NULL && timeout->QuadPart == 0;
    unsigned i;

    if (irql_current() > DISPATCH_LEVEL || (irql_current() == DISPATCH_LEVEL && !poll))
        violation("WAIT_AT_DISPATCH", "%s at IRQL %u%s", what, irql_current(),
                  poll ? "" : " with a time-out that is not 0");
    for (i = 0; i < count; i++) {
        dispatcher_require(objects[i], what);
        if (!poll && ((const DISPATCHER_HEADER *)objects[i])->Type == MutantObject)
            lockorder_mutex_asked(objects[i]);
    }
    if (poll) {
        NTSTATUS status;

        if (count != 0)
        memcpy(thread->wait.objects, objects, count * sizeof objects[0]);
        thread->wait.count = count;
        thread->wait.all = all;
        return satisfy(thread, &status) ? status : STATUS_TIMEOUT;
    }
    if (timeout == NULL)
        return block(count, (DISPATCHER_HEADER **)objects, all, UINT64_MAX, false);
    return block(count, (DISPATCHER_HEADER **)objects, all,
                 clock_due_ns(timeout->QuadPart) + clock_jitter_ns(PRNG_TIMER), true);
}

/* ---- exports ---- */

static void header_init(DISPATCHER_HEADER *header, int type, size_t bytes, LONG state)
{
    memset(header, 0, sizeof *header);
    header->Type = (UCHAR)type;
    header->Size = (UCHAR)(bytes / sizeof(LONG));
    header->SignalState = state;
    header->WaitListHead.Flink = header->WaitListHead.Blink = &header->WaitListHead;
}

static void require(DISPATCHER_HEADER *header, int type, int other, const char *what)
{
    dispatcher_require(header, what);
    if (header->Type != type && header->Type != other)
        violation("WAIT_UNINITIALIZED", "%s: object %p is of type %u", what, (void *)header, header->Type);
    if (irql_current() >= DISPATCH_LEVEL && !memory_is_nonpaged(header, sizeof *header))
        violation("PAGED_AT_DISPATCH", "%s: object %p is not in nonpaged memory", what, (void *)header);
}

VOID NTAPI KeInitializeEvent(KEVENT *event, EVENT_TYPE type, BOOLEAN state)
{
    header_init(&event->Header, type == NotificationEvent ? EventNotificationObject : EventSynchronizationObject,
                sizeof *event, state != 0);
}

LONG NTAPI KeSetEvent(KEVENT *event, KPRIORITY increment, BOOLEAN wait)
{
    LONG old;

    (void)increment;
    require(&event->Header, EventNotificationObject, EventSynchronizationObject, "KeSetEvent");
    if (wait && irql_current() >= DISPATCH_LEVEL)
        violation("IRQL_TOO_HIGH", "KeSetEvent with Wait = TRUE at IRQL %u", irql_current());
    old = event->Header.SignalState;
    event->Header.SignalState = 1;
    dispatcher_signalled(&event->Header);
    return old;
}

LONG NTAPI KeResetEvent(KEVENT *event)
{
    LONG old;

    require(&event->Header, EventNotificationObject, EventSynchronizationObject, "KeResetEvent");
    old = event->Header.SignalState;
    event->Header.SignalState = 0;
    return old;
}

VOID NTAPI KeClearEvent(KEVENT *event) { KeResetEvent(event); }
LONG NTAPI KeReadStateEvent(KEVENT *event) { return event->Header.SignalState; }

static LONG NTAPI pulse_event(KEVENT *event, KPRIORITY increment, BOOLEAN wait)
{
    LONG old = KeSetEvent(event, increment, wait);

    event->Header.SignalState = 0;
    return old;
}

VOID NTAPI KeInitializeSemaphore(KSEMAPHORE *semaphore, LONG count, LONG limit)
{
    header_init(&semaphore->Header, SemaphoreObject, sizeof *semaphore, count);
    semaphore->Limit = limit;
}

LONG NTAPI KeReleaseSemaphore(KSEMAPHORE *semaphore, KPRIORITY increment, LONG adjustment, BOOLEAN wait)
{
    LONG old;

    (void)increment;
    (void)wait;
    require(&semaphore->Header, SemaphoreObject, SemaphoreObject, "KeReleaseSemaphore");
    old = semaphore->Header.SignalState;
    if (adjustment <= 0 || old + adjustment > semaphore->Limit)
        violation("BAD_PARAMETER", "KeReleaseSemaphore: count %d + %d exceeds the limit %d", old, adjustment,
                  semaphore->Limit);
    semaphore->Header.SignalState += adjustment;
    dispatcher_signalled(&semaphore->Header);
    return old;
}

static LONG NTAPI read_state_semaphore(KSEMAPHORE *semaphore) { return semaphore->Header.SignalState; }

VOID NTAPI KeInitializeMutex(KMUTEX *mutex, ULONG level)
{
    (void)level;
    memset(mutex, 0, sizeof *mutex);
    header_init(&mutex->Header, MutantObject, sizeof *mutex, 1);
    mutex->ApcDisable = 1;
}

LONG NTAPI KeReleaseMutex(KMUTEX *mutex, BOOLEAN wait)
{
    LONG old;

    (void)wait;
    require(&mutex->Header, MutantObject, MutantObject, "KeReleaseMutex");
    if (mutex->OwnerThread != thread_current())
        violation("MUTEX_NOT_OWNED", "KeReleaseMutex: mutex %p is not owned by this thread", (void *)mutex);
    thread_current()->mutexes--;
    old = mutex->Header.SignalState++;
    if (mutex->Header.SignalState > 0) {
        mutex->OwnerThread = NULL;
        lockorder_mutex_released(thread_current(), mutex);
        dispatcher_signalled(&mutex->Header);
    }
    return old;
}

static LONG NTAPI read_state_mutex(KMUTEX *mutex) { return mutex->Header.SignalState; }

NTSTATUS NTAPI KeWaitForSingleObject(PVOID object, LONG reason, KPROCESSOR_MODE mode, BOOLEAN alertable,
                                     LARGE_INTEGER *timeout)
{
    (void)reason;
    (void)mode;
    (void)alertable;
    return dispatcher_wait(1, &object, false, timeout, "KeWaitForSingleObject");
}

static NTSTATUS NTAPI wait_for_multiple(ULONG count, PVOID objects[], LONG type, LONG reason, KPROCESSOR_MODE mode,
                                        BOOLEAN alertable, LARGE_INTEGER *timeout, KWAIT_BLOCK *blocks)
{
    (void)reason;
    (void)mode;
    (void)alertable;
    if (count == 0 || count > 64 || (count > 3 && blocks == NULL))
        violation("BAD_PARAMETER", "KeWaitForMultipleObjects: %u objects%s", count, blocks ? "" : ", no wait blocks");
    return dispatcher_wait(count, objects, type == 0 /* WaitAll */, timeout, "KeWaitForMultipleObjects");
}

NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable, LARGE_INTEGER *interval)
{
    NTSTATUS status;

    (void)mode;
    (void)alertable;
    if (interval->QuadPart == 0) {
        deliver_pending();
        return STATUS_SUCCESS;
    }
    status = block(0, NULL, false, clock_due_ns(interval->QuadPart) + clock_jitter_ns(PRNG_TIMER), true);
    return status == STATUS_TIMEOUT ? STATUS_SUCCESS : status;
}

NTOS(KeInitializeEvent, KeInitializeEvent, HIGH_LEVEL);
NTOS(KeSetEvent, KeSetEvent, DISPATCH_LEVEL);
NTOS(KeResetEvent, KeResetEvent, DISPATCH_LEVEL);
NTOS(KeClearEvent, KeClearEvent, DISPATCH_LEVEL);
NTOS(KePulseEvent, pulse_event, DISPATCH_LEVEL);
NTOS(KeReadStateEvent, KeReadStateEvent, DISPATCH_LEVEL);
NTOS(KeInitializeSemaphore, KeInitializeSemaphore, HIGH_LEVEL);
NTOS(KeReleaseSemaphore, KeReleaseSemaphore, DISPATCH_LEVEL);
NTOS(KeReadStateSemaphore, read_state_semaphore, DISPATCH_LEVEL);
NTOS(KeInitializeMutex, KeInitializeMutex, HIGH_LEVEL);
NTOS(KeReleaseMutex, KeReleaseMutex, DISPATCH_LEVEL);
NTOS(KeReadStateMutex, read_state_mutex, DISPATCH_LEVEL);
NTOS(KeWaitForSingleObject, KeWaitForSingleObject, DISPATCH_LEVEL);
NTOS(KeWaitForMutexObject, KeWaitForSingleObject, DISPATCH_LEVEL);
NTOS(KeWaitForMultipleObjects, wait_for_multiple, DISPATCH_LEVEL);
NTOS(KeDelayExecutionThread, KeDelayExecutionThread, APC_LEVEL);
