/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * INTA#: a level that the host reports after every exchange. While it is high,
 * the IRQL is below the device's and a service routine is connected, the
 * routine is called; nobody else shares the line, so a level that stays high
 * after many calls hangs the machine.
 */
#include "nt.h"

#include "bus.h"
#include "faultpoint.h"

#include <string.h>

#define STORM_CALLS 64u

struct _KINTERRUPT;
typedef BOOLEAN(NTAPI *PKSERVICE_ROUTINE)(struct _KINTERRUPT *, PVOID context);
typedef BOOLEAN(NTAPI *PKSYNCHRONIZE_ROUTINE)(PVOID context);

struct _KINTERRUPT {
    struct _KINTERRUPT *next;
    PKSERVICE_ROUTINE routine;
    PVOID context;
    KSPIN_LOCK *lock;
    KSPIN_LOCK own_lock;
    KIRQL synchronize_irql;
    bool serving;
};
static struct _KINTERRUPT *connected;

/* Called by the bench's PortCls too. */
NTSTATUS NTAPI IoConnectInterrupt(struct _KINTERRUPT **object, PKSERVICE_ROUTINE routine, PVOID context,
                                  KSPIN_LOCK *lock, ULONG vector, KIRQL irql, KIRQL synchronize_irql, LONG mode,
                                  BOOLEAN share, KAFFINITY affinity, BOOLEAN floating_save);
VOID NTAPI IoDisconnectInterrupt(struct _KINTERRUPT *interrupt);
BOOLEAN NTAPI KeSynchronizeExecution(struct _KINTERRUPT *interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context);

static bool line_is_up(void) { return host_intx() && !bus_interrupts_disabled(); }

bool interrupt_raised(void) { return connected != NULL && !connected->serving && line_is_up(); }

bool interrupt_possible(void)
{
    return connected != NULL && !connected->serving && irql_current() < connected->synchronize_irql;
}

bool interrupt_pending(void) { return interrupt_possible() && line_is_up(); }

/* Calls one service routine at its IRQL with its lock held. */
static bool call_routine(struct _KINTERRUPT *interrupt)
{
    struct thread *thread = thread_current();
    uintptr_t stack_base = thread->driver_stack_base;
    KIRQL old = irql_raise(interrupt->synchronize_irql);
    bool claimed;

    thread->driver_stack_base = 0;
    interrupt->serving = true;
    spinlock_acquire(interrupt->lock, old, "interrupt dispatch");
    claimed = DRIVER_CALL("ServiceRoutine", interrupt->routine(interrupt, interrupt->context));
    spinlock_release(interrupt->lock, "interrupt dispatch");
    interrupt->serving = false;
    thread->driver_stack_base = stack_base;
    irql_set_raw(old);
    return claimed;
}

static bool serve(struct _KINTERRUPT *interrupt)
{
    bool claimed = call_routine(interrupt);

    g_link->result.interrupts++;
    return claimed;
}

void interrupt_deliver(void)
{
    unsigned calls, unclaimed = 0;

    for (calls = 0; interrupt_pending(); calls++) {
        if (!serve(connected))
            unclaimed++;
        trace("interrupt served, level %d", host_intx());
        if (calls == STORM_CALLS)
            violation("INTERRUPT_STORM", "INTA# is still asserted after %u calls of the service routine (%u unclaimed)",
                      calls, unclaimed);
    }
}

void interrupt_from_neighbour(void)
{
    if (connected == NULL || connected->serving || irql_current() >= connected->synchronize_irql || line_is_up())
        return;
    if (serve(connected))
        violation("INTERRUPT_RULE", "the service routine claims an interrupt that its device did not raise");
}

void interrupt_check_free(const void *start, size_t bytes)
{
    const struct _KINTERRUPT *interrupt;

    for (interrupt = connected; interrupt != NULL; interrupt = interrupt->next)
        if ((uintptr_t)interrupt->context - (uintptr_t)start < bytes)
            violation("POOL_ACTIVE_OBJECT", "the context of a connected interrupt is freed");
}

/* ---- connecting ---- */

struct connect {
    struct _KINTERRUPT **object;
    PKSERVICE_ROUTINE routine;
    PVOID context;
    KSPIN_LOCK *lock;
    ULONG vector;
    KIRQL irql, synchronize_irql;
    LONG mode;
    BOOLEAN share;
    KAFFINITY affinity;
    BOOLEAN floating_save;
};

/* The line is shared: as long as the routine is connected, it runs whenever another device raises the line. */
static void other_device_interrupts(struct _KINTERRUPT *interrupt)
{
    if (!interrupt->serving && irql_current() < interrupt->synchronize_irql)
        call_routine(interrupt);
}

static NTSTATUS connect(const struct connect *c, const char *what)
{
    CM_PARTIAL_RESOURCE_DESCRIPTOR line;
    struct _KINTERRUPT *interrupt;

    if (!bus_interrupt_resource(true, &line))
        return STATUS_INVALID_PARAMETER;
    if (!image_contains_code((const void *)c->routine))
        violation("INTERRUPT_RULE", "%s: service routine %p is not in the image", what, (const void *)c->routine);
    if (c->vector != line.u.Interrupt.Vector || c->irql != line.u.Interrupt.Level)
        violation("INTERRUPT_RULE", "%s: vector %#x irql %u; the translated resource says %#x and %u", what, c->vector,
                  c->irql, line.u.Interrupt.Vector, line.u.Interrupt.Level);
    if (c->affinity != line.u.Interrupt.Affinity || c->mode != LevelSensitive || !c->share)
        violation("INTERRUPT_RULE", "%s: affinity, mode or sharing differ from the translated resource", what);
    if (c->synchronize_irql < c->irql)
        violation("INTERRUPT_RULE", "%s: SynchronizeIrql %u is below Irql %u", what, c->synchronize_irql, c->irql);
#if defined(__x86_64__)
    if (c->floating_save)
        violation("INTERRUPT_RULE", "%s: FloatingSave must be FALSE on x64", what);
#endif
    if (connected != NULL)
        return STATUS_INVALID_PARAMETER; /* one device, one line */
    if (fault_point(FAULT_INTERRUPT))
        return fault_status(FAULT_INTERRUPT);
    interrupt = bench_alloc(sizeof *interrupt, "KINTERRUPT");
    *interrupt = (struct _KINTERRUPT){.routine = c->routine, .context = c->context, .lock = c->lock,
                                      .synchronize_irql = c->synchronize_irql};
    if (interrupt->lock == NULL)
        interrupt->lock = &interrupt->own_lock;
    resource_add("interrupt", interrupt, what);
    *c->object = interrupt;
    connected = interrupt;
    other_device_interrupts(interrupt);
    deliver_pending(); /* the routine may run before the call returns */
    return STATUS_SUCCESS;
}

static void disconnect(struct _KINTERRUPT *interrupt)
{
    other_device_interrupts(interrupt);
    while (schedule_spin(interrupt->lock)) /* the routine may be running elsewhere */
        ;
    resource_remove("interrupt", interrupt);
    connected = NULL;
    bench_free(interrupt);
}

NTSTATUS NTAPI IoConnectInterrupt(struct _KINTERRUPT **object, PKSERVICE_ROUTINE routine, PVOID context,
                                  KSPIN_LOCK *lock, ULONG vector, KIRQL irql, KIRQL synchronize_irql, LONG mode,
                                        BOOLEAN share, KAFFINITY affinity, BOOLEAN floating_save)
{
    struct connect c = {object, routine, context, lock, vector, irql, synchronize_irql, mode, share, affinity,
                        floating_save};

    return connect(&c, "IoConnectInterrupt");
}

/* IO_CONNECT_INTERRUPT_PARAMETERS, fully specified; the other forms share its first members. */
struct connect_parameters {
    ULONG version;
    DEVICE_OBJECT *pdo;
    struct _KINTERRUPT **object;
    PKSERVICE_ROUTINE routine;
    PVOID context;
    KSPIN_LOCK *lock;
    KIRQL synchronize_irql;
    BOOLEAN floating_save;
    BOOLEAN share;
    ULONG vector;
    KIRQL irql;
    LONG mode;
    KAFFINITY affinity;
    USHORT group;
};
#if defined(__x86_64__)
#define MESSAGE_FALLBACK_OFFSET 56
_Static_assert(sizeof(struct connect_parameters) == 80, "IO_CONNECT_INTERRUPT_PARAMETERS");
#else
#define MESSAGE_FALLBACK_OFFSET 28
_Static_assert(sizeof(struct connect_parameters) == 48, "IO_CONNECT_INTERRUPT_PARAMETERS");
#endif
enum {
    CONNECT_FULLY_SPECIFIED = 1,
    CONNECT_LINE_BASED = 2,
    CONNECT_MESSAGE_BASED = 3,
    CONNECT_FULLY_SPECIFIED_GROUP = 4
};

static NTSTATUS NTAPI connect_ex(struct connect_parameters *p)
{
    CM_PARTIAL_RESOURCE_DESCRIPTOR line;
    struct connect c = {p->object, p->routine, p->context, p->lock, 0, 0, p->synchronize_irql, LevelSensitive, TRUE, 0,
                        p->floating_save};

    if (p->version < CONNECT_FULLY_SPECIFIED || p->version > CONNECT_FULLY_SPECIFIED_GROUP) {
        p->version = CONNECT_FULLY_SPECIFIED_GROUP;
        return STATUS_NOT_SUPPORTED;
    }
    if (p->pdo != g_pdo)
        violation("INTERRUPT_RULE", "IoConnectInterruptEx: PhysicalDeviceObject %p is not the PDO", (void *)p->pdo);
    if (!bus_interrupt_resource(true, &line))
        return STATUS_NOT_FOUND;
    if (p->version == CONNECT_FULLY_SPECIFIED || p->version == CONNECT_FULLY_SPECIFIED_GROUP) {
        c.vector = p->vector;
        c.irql = p->irql;
        c.mode = p->mode;
        c.share = p->share;
        c.affinity = p->affinity;
        if (c.synchronize_irql == 0)
            c.synchronize_irql = c.irql;
        return connect(&c, "IoConnectInterruptEx");
    }
    c.vector = line.u.Interrupt.Vector;
    c.irql = (KIRQL)line.u.Interrupt.Level;
    c.affinity = line.u.Interrupt.Affinity;
    c.synchronize_irql = c.irql;
    if (p->version == CONNECT_MESSAGE_BASED) {
        /* No INF opted in to messages, so the line is connected, and the version says so. */
        memcpy(&c.routine, (const char *)p + MESSAGE_FALLBACK_OFFSET, sizeof c.routine);
        if (c.routine == NULL)
            return STATUS_NOT_FOUND;
        p->version = CONNECT_LINE_BASED;
    }
    return connect(&c, "IoConnectInterruptEx");
}

VOID NTAPI IoDisconnectInterrupt(struct _KINTERRUPT *interrupt) { disconnect(interrupt); }

struct disconnect_parameters {
    ULONG version;
    struct _KINTERRUPT *interrupt;
};

static VOID NTAPI disconnect_ex(struct disconnect_parameters *p)
{
    if (p->version == CONNECT_MESSAGE_BASED)
        violation("INTERRUPT_RULE", "IoDisconnectInterruptEx: a message-based version for a line-based connection");
    disconnect(p->interrupt);
}

/* ---- synchronising with the service routine ---- */

static void require_interrupt(struct _KINTERRUPT *interrupt, const char *what)
{
    if (interrupt == NULL || interrupt != connected)
        violation("INTERRUPT_RULE", "%s: %p is no connected interrupt", what, (void *)interrupt);
}

static KIRQL NTAPI acquire_interrupt_lock(struct _KINTERRUPT *interrupt)
{
    KIRQL old;

    require_interrupt(interrupt, "KeAcquireInterruptSpinLock");
    old = irql_raise(interrupt->synchronize_irql);
    spinlock_acquire(interrupt->lock, old, "KeAcquireInterruptSpinLock");
    return old;
}

static VOID NTAPI release_interrupt_lock(struct _KINTERRUPT *interrupt, KIRQL old)
{
    require_interrupt(interrupt, "KeReleaseInterruptSpinLock");
    if (spinlock_release(interrupt->lock, "KeReleaseInterruptSpinLock") != old)
        violation("SPINLOCK_IRQL", "KeReleaseInterruptSpinLock restores IRQL %u, which is not what it was", old);
    irql_lower(old);
}

BOOLEAN NTAPI KeSynchronizeExecution(struct _KINTERRUPT *interrupt, PKSYNCHRONIZE_ROUTINE routine, PVOID context)
{
    KIRQL old = acquire_interrupt_lock(interrupt);
    BOOLEAN answer = DRIVER_CALL("SynchronizeRoutine", routine(context));

    release_interrupt_lock(interrupt, old);
    return answer;
}

NTOS(IoConnectInterrupt, IoConnectInterrupt, PASSIVE_LEVEL);
NTOS(IoConnectInterruptEx, connect_ex, PASSIVE_LEVEL);
NTOS(IoDisconnectInterrupt, IoDisconnectInterrupt, PASSIVE_LEVEL);
NTOS(IoDisconnectInterruptEx, disconnect_ex, PASSIVE_LEVEL);
NTOS(KeAcquireInterruptSpinLock, acquire_interrupt_lock, HIGH_LEVEL);
NTOS(KeReleaseInterruptSpinLock, release_interrupt_lock, HIGH_LEVEL);
NTOS(KeSynchronizeExecution, KeSynchronizeExecution, HIGH_LEVEL);
