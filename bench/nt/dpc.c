/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Deferred procedure calls: one queue, run at DISPATCH_LEVEL before anything below it goes on. */
#include "nt.h"

#include <stdio.h>

#define MAX_DPCS 256u
#define DPC_LIMIT_NS (100 * NS_PER_MS)

struct queued {
    KDPC *dpc;
    PVOID argument1, argument2;
};
static struct queued queue[MAX_DPCS];
static unsigned queued_count;

bool dpc_queued(void) { return queued_count != 0; }
bool dpc_pending(void) { return queued_count != 0 && !thread_current()->in_dpcs; }
bool dpc_running(void) { return thread_current()->in_dpcs; }

static int find(const KDPC *dpc)
{
    unsigned i;

    for (i = 0; i < queued_count; i++)
        if (queue[i].dpc == dpc)
            return (int)i;
    return -1;
}

static struct queued take(unsigned index)
{
    struct queued taken = queue[index];

    for (; index + 1 < queued_count; index++)
        queue[index] = queue[index + 1];
    queued_count--;
    taken.dpc->DpcData = NULL;
    return taken;
}

static void require_dpc(const KDPC *dpc, const char *what)
{
    if (!memory_is_nonpaged(dpc, sizeof *dpc))
        violation("PAGED_AT_DISPATCH", "%s: KDPC %p is not in nonpaged memory", what, (const void *)dpc);
    if (dpc->Type != DpcObject || dpc->DeferredRoutine == NULL)
        violation("DPC_UNINITIALIZED", "%s: %p is no initialised KDPC", what, (const void *)dpc);
}

void dpc_insert(KDPC *dpc, PVOID argument1, PVOID argument2)
{
    if (find(dpc) >= 0)
        return;
    if (queued_count == MAX_DPCS)
        bench_bug("more than %u queued DPCs", MAX_DPCS);
    dpc->SystemArgument1 = argument1;
    dpc->SystemArgument2 = argument2;
    dpc->DpcData = &queue;
    if (dpc->Importance == HighImportance) {
        unsigned i;

        for (i = queued_count; i > 0; i--)
            queue[i] = queue[i - 1];
        queue[0] = (struct queued){dpc, argument1, argument2};
    } else {
        queue[queued_count] = (struct queued){dpc, argument1, argument2};
    }
    queued_count++;
}

/* Calls the routine as the kernel does: on its own stack accounting, at DISPATCH_LEVEL. */
static void call(struct queued item)
{
    PKDEFERRED_ROUTINE routine = item.dpc->DeferredRoutine;
    PVOID context = item.dpc->DeferredContext;
    uint64_t start = clock_now_ns();
    struct thread *thread = thread_current();
    uintptr_t stack_base = thread->driver_stack_base;

    thread->driver_stack_base = 0;
    g_link->result.dpcs++;
    trace("dpc %p routine %s", (void *)item.dpc, host_symbol((const void *)routine));
    if (image_contains_code((const void *)routine))
        DRIVER_CALL_VOID("DeferredRoutine", routine(item.dpc, context, item.argument1, item.argument2));
    else
        routine(item.dpc, context, item.argument1, item.argument2);
    thread->driver_stack_base = stack_base;
    if (clock_now_ns() - start > DPC_LIMIT_NS)
        violation("DPC_TOO_LONG", "a DPC took %llu us", (unsigned long long)((clock_now_ns() - start) / NS_PER_US));
}

static void run_queue(void)
{
    while (queued_count) {
        call(take(0));
        interrupt_deliver();
    }
}

void dpc_deliver(void)
{
    KIRQL old;

    if (dpc_running() || queued_count == 0 || irql_current() >= DISPATCH_LEVEL)
        return;
    thread_current()->in_dpcs = true;
    old = irql_raise(DISPATCH_LEVEL);
    thread_call_on_dpc_stack(run_queue);
    thread_current()->in_dpcs = false;
    irql_set_raw(old);
}

void dpc_check_free(const void *start, size_t bytes)
{
    unsigned i;

    for (i = 0; i < queued_count; i++)
        if ((uintptr_t)queue[i].dpc - (uintptr_t)start < bytes)
            violation("POOL_ACTIVE_OBJECT", "memory with the queued KDPC %p is freed", (void *)queue[i].dpc);
}

void dpc_check_unload(void)
{
    unsigned i;

    for (i = 0; i < queued_count; i++)
        if (image_contains_code((const void *)queue[i].dpc->DeferredRoutine))
            violation("DPC_AFTER_UNLOAD", "KDPC %p is still queued at unload; KeFlushQueuedDpcs was not called",
                      (void *)queue[i].dpc);
}

/* ---- exports ---- */

VOID NTAPI KeInitializeDpc(KDPC *dpc, PKDEFERRED_ROUTINE routine, PVOID context)
{
    if (find(dpc) >= 0)
        violation("POOL_ACTIVE_OBJECT", "KeInitializeDpc on the queued KDPC %p", (void *)dpc);
    *dpc = (KDPC){0};
    dpc->Type = DpcObject;
    dpc->Importance = MediumImportance;
    dpc->DeferredRoutine = routine;
    dpc->DeferredContext = context;
}

BOOLEAN NTAPI KeInsertQueueDpc(KDPC *dpc, PVOID argument1, PVOID argument2)
{
    require_dpc(dpc, "KeInsertQueueDpc");
    if (timer_owns_dpc(dpc))
        violation("DPC_TIMER", "KeInsertQueueDpc on KDPC %p, which an active timer uses", (void *)dpc);
    if (find(dpc) >= 0)
        return FALSE;
    dpc_insert(dpc, argument1, argument2);
    return TRUE;
}

static BOOLEAN NTAPI remove_dpc(KDPC *dpc)
{
    int index;

    require_dpc(dpc, "KeRemoveQueueDpc");
    index = find(dpc);
    if (index < 0)
        return FALSE;
    take((unsigned)index);
    return TRUE;
}

VOID NTAPI KeFlushQueuedDpcs(VOID)
{
    deliver_pending();
    schedule_flush();
}

static VOID NTAPI set_importance(KDPC *dpc, LONG importance)
{
    require_dpc(dpc, "KeSetImportanceDpc");
    dpc->Importance = (UCHAR)importance;
}

static VOID NTAPI set_target(KDPC *dpc, CCHAR number)
{
    require_dpc(dpc, "KeSetTargetProcessorDpc");
    if (number != 0)
        violation("BAD_PARAMETER", "KeSetTargetProcessorDpc: processor %d of 1", number);
    dpc->Number = 0x500; /* as Windows marks a targeted DPC */
}

NTOS(KeInitializeDpc, KeInitializeDpc, HIGH_LEVEL);
NTOS(KeInsertQueueDpc, KeInsertQueueDpc, HIGH_LEVEL);
NTOS(KeRemoveQueueDpc, remove_dpc, HIGH_LEVEL);
NTOS(KeFlushQueuedDpcs, KeFlushQueuedDpcs, PASSIVE_LEVEL);
NTOS(KeSetImportanceDpc, set_importance, HIGH_LEVEL);
NTOS(KeSetTargetProcessorDpc, set_target, HIGH_LEVEL);
