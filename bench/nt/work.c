/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* System threads and work items. Each work item runs in a thread of its own, so one may wait for another. */
#include "faultpoint.h"
#include "nt.h"

#include "object.h"

#include <stdlib.h>

typedef VOID(NTAPI *PKSTART_ROUTINE)(PVOID context);
typedef VOID(NTAPI *PIO_WORKITEM_ROUTINE)(DEVICE_OBJECT *, PVOID context);
struct io_work_item;
typedef VOID(NTAPI *PIO_WORKITEM_ROUTINE_EX)(PVOID object, PVOID context, struct io_work_item *item);

struct io_work_item {
    PVOID object;
    PIO_WORKITEM_ROUTINE routine;
    PIO_WORKITEM_ROUTINE_EX routine_ex;
    PVOID context;
    bool queued;
};
#define PATIENCE_NS (10 * NS_PER_SECOND)

static unsigned pending_items;
static unsigned referenced; /* items of IoQueueWorkItem that have not returned */

void work_await(void)
{
    uint64_t limit = clock_now_ns() + PATIENCE_NS;

    while (referenced != 0 && clock_now_ns() < limit)
        thread_sleep_until(clock_now_ns() + NS_PER_MS);
    if (referenced != 0)
        violation("DPC_AFTER_UNLOAD", "a work item of the driver does not end: it can never be unloaded");
}

void work_check_unload(void)
{
    if (pending_items)
        violation("DPC_AFTER_UNLOAD", "%u work item(s) of the driver still to run at unload", pending_items);
}

/* ---- system threads ---- */

struct start {
    PKSTART_ROUTINE routine;
    PVOID context;
};

static void system_thread(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    DRIVER_CALL_VOID("StartRoutine", start.routine(start.context));
}

static void destroy_thread(void *body) { thread_release(body); }

static NTSTATUS NTAPI create_system_thread(HANDLE *handle, ULONG access, OBJECT_ATTRIBUTES *attributes, HANDLE process,
                                           PVOID client_id, PKSTART_ROUTINE routine, PVOID context)
{
    struct start *start = malloc(sizeof *start);
    struct thread *thread;

    (void)access;
    (void)process;
    (void)client_id;
    if (start == NULL)
        bench_bug("out of memory");
    if (fault_point(FAULT_THREAD)) {
        free(start);
        return fault_status(FAULT_THREAD);
    }
    *start = (struct start){routine, context};
    thread = thread_create("system thread", system_thread, start);
    thread->system_thread = true;
    object_register(thread, OBJECT_THREAD, "thread", destroy_thread);
    /* Without OBJ_KERNEL_HANDLE the handle belongs to the system process, where DriverEntry and PnP run: allowed. */
    (void)attributes;
    *handle = handle_make(thread, true);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI terminate_system_thread(NTSTATUS status)
{
    (void)status;
    g_frames = NULL; /* the frames of this thread's StartRoutine end here */
    if (spinlock_held_count())
        violation("SPINLOCK_HELD", "PsTerminateSystemThread while %s", spinlock_held_text());
    thread_end();
}

static PVOID NTAPI current_thread(VOID) { return thread_current(); }
static HANDLE NTAPI current_id(VOID) { return (HANDLE)(uintptr_t)4; }
static PVOID NTAPI current_process(VOID)
{
    static UCHAR process[0x400];

    return process;
}
static KPRIORITY NTAPI set_priority(PVOID thread, KPRIORITY priority)
{
    (void)thread;
    return priority;
}
static LONG NTAPI set_base_priority(PVOID thread, LONG increment)
{
    (void)thread;
    (void)increment;
    return 0;
}

/* ---- work items ---- */

static void run_item(void *argument)
{
    struct io_work_item *item = argument, copy = *item;

    item->queued = false; /* the routine may free or queue it again */
    pending_items--;
    if (copy.routine_ex != NULL)
        DRIVER_CALL_VOID("WorkItemRoutine", copy.routine_ex(copy.object, copy.context, item));
    else
        DRIVER_CALL_VOID("WorkItemRoutine", copy.routine(copy.object, copy.context));
    referenced--;
    object_dereference(copy.object, false);
}

static struct io_work_item *NTAPI allocate_item(PVOID object)
{
    struct io_work_item *item;

    if (fault_point(FAULT_WORK))
        return NULL;
    item = bench_alloc(sizeof *item, "work item");
    item->object = object;
    resource_add("work item", item, "IoAllocateWorkItem");
    return item;
}

static VOID NTAPI free_item(struct io_work_item *item)
{
    if (item->queued)
        violation("BAD_FREE", "IoFreeWorkItem of a queued work item");
    resource_remove("work item", item);
    bench_free(item);
}

static void queue_item(struct io_work_item *item)
{
    if (item->queued)
        violation("BAD_PARAMETER", "work item %p is queued already; 0xE4", (void *)item);
    item->queued = true;
    pending_items++;
    referenced++;
    object_reference(item->object, false); /* as the I/O manager does, until the routine has returned */
    thread_release(thread_create("work item", run_item, item));
}

static VOID NTAPI queue_work(struct io_work_item *item, PIO_WORKITEM_ROUTINE routine, LONG type, PVOID context)
{
    (void)type;
    item->routine = routine;
    item->routine_ex = NULL;
    item->context = context;
    queue_item(item);
}

static VOID NTAPI queue_work_ex(struct io_work_item *item, PIO_WORKITEM_ROUTINE_EX routine, LONG type, PVOID context)
{
    (void)type;
    item->routine_ex = routine;
    item->context = context;
    queue_item(item);
}

static void run_ex_item(void *argument)
{
    WORK_QUEUE_ITEM *item = argument;

    pending_items--;
    item->List.Flink = NULL;
    DRIVER_CALL_VOID("WorkerRoutine", item->WorkerRoutine(item->Parameter));
}

static VOID NTAPI ex_queue(WORK_QUEUE_ITEM *item, LONG type)
{
    (void)type;
    if (item->List.Flink != NULL)
        violation("BAD_PARAMETER", "work item %p is queued already; 0xE4", (void *)item);
    item->List.Flink = &item->List;
    pending_items++;
    thread_release(thread_create("work item", run_ex_item, item));
}

NTOS(PsCreateSystemThread, create_system_thread, PASSIVE_LEVEL);
NTOS(PsTerminateSystemThread, terminate_system_thread, PASSIVE_LEVEL);
NTOS(KeGetCurrentThread, current_thread, HIGH_LEVEL);
NTOS(PsGetCurrentThread, current_thread, HIGH_LEVEL);
NTOS(PsGetCurrentThreadId, current_id, HIGH_LEVEL);
NTOS(PsGetCurrentProcessId, current_id, HIGH_LEVEL);
NTOS(PsGetCurrentProcess, current_process, HIGH_LEVEL);
NTOS(IoGetCurrentProcess, current_process, HIGH_LEVEL);
NTOS(KeSetPriorityThread, set_priority, PASSIVE_LEVEL);
NTOS(KeSetBasePriorityThread, set_base_priority, PASSIVE_LEVEL);
NTOS(IoAllocateWorkItem, allocate_item, DISPATCH_LEVEL);
NTOS(IoFreeWorkItem, free_item, DISPATCH_LEVEL);
NTOS(IoQueueWorkItem, queue_work, DISPATCH_LEVEL);
NTOS(IoQueueWorkItemEx, queue_work_ex, DISPATCH_LEVEL);
NTOS(ExQueueWorkItem, ex_queue, DISPATCH_LEVEL);
