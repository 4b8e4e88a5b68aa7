/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IInterruptSync: a connected interrupt with a list of service routines. [D portcls/nn-portcls-iinterruptsync] */
#include "nt_imports.h"
#include "portcls.h"

#include <string.h>

#define INTERRUPT_SYNC_KIND "interrupt sync"
#define ROUTINES_MAX 8
enum { InterruptSyncModeNormal = 1, InterruptSyncModeAll, InterruptSyncModeRepeat };
typedef NTSTATUS(NTAPI *sync_routine)(void *sync, void *context);

struct interrupt_sync {
    struct com_object com;
    CM_PARTIAL_RESOURCE_DESCRIPTOR resource;
    ULONG mode;
    PVOID interrupt; /* KINTERRUPT, NULL: not connected */
    size_t count;
    struct {
        sync_routine routine;
        void *context;
    } routines[ROUTINES_MAX];
};
struct sync_call {
    struct interrupt_sync *sync;
    sync_routine routine;
    void *context;
    NTSTATUS status;
};

typedef NTSTATUS(NTAPI *connect_function)(PVOID *, PVOID routine, PVOID context, KSPIN_LOCK *, ULONG vector, KIRQL,
                                          KIRQL synchronize, ULONG mode, BOOLEAN share, KAFFINITY, BOOLEAN floating);
typedef VOID(NTAPI *disconnect_function)(PVOID);
typedef BOOLEAN(NTAPI *synchronize_function)(PVOID, PVOID routine, PVOID context);

extern const struct nt_export __start_nt_exports[], __stop_nt_exports[];

const void *nt_import(const char *name)
{
    for (const struct nt_export *e = __start_nt_exports; e < __stop_nt_exports; e++) {
        if (strcmp(e->name, name) == 0)
            return e->address;
    }
    bench_bug("the kernel does not export %s", name);
}

static struct interrupt_sync *sync_of(void *face)
{
    return com_object_of(face, INTERRUPT_SYNC_KIND);
}

/* Runs the list as the mode says. Device IRQL. */
static bool run_routines(struct interrupt_sync *sync)
{
    bool any = false;
    for (size_t i = 0; i < sync->count; i++) {
        NTSTATUS status = sync->routines[i].routine(&sync->com.faces[0], sync->routines[i].context);
        if (NT_SUCCESS(status)) {
            any = true;
            if (sync->mode == InterruptSyncModeNormal)
                break;
        }
    }
    return any;
}

static BOOLEAN NTAPI service(PVOID interrupt, PVOID context)
{
    struct interrupt_sync *sync = context;
    bool any = run_routines(sync);
    (void)interrupt;
    if (sync->mode == InterruptSyncModeRepeat && any) {
        while (run_routines(sync))
            ;
    }
    return any;
}

static BOOLEAN NTAPI call_synchronized(PVOID context)
{
    struct sync_call *call = context;
    call->status = call->routine(&call->sync->com.faces[0], call->context);
    return TRUE;
}

static NTSTATUS NTAPI CallSynchronizedRoutine(void *face, sync_routine routine, void *context)
{
    struct sync_call call = {sync_of(face), routine, context, STATUS_UNSUCCESSFUL};
    if (!image_contains_code((const void *)routine))
        violation("PORTCLS_BAD_ARGUMENT", "IInterruptSync::CallSynchronizedRoutine: no code of the driver");
    if (call.sync->interrupt) {
        synchronize_function synchronize = (synchronize_function)nt_import("KeSynchronizeExecution");
        synchronize(call.sync->interrupt, (PVOID)call_synchronized, &call);
    } else {
        call_synchronized(&call);
    }
    return call.status;
}

static PVOID NTAPI GetKInterrupt(void *face)
{
    return sync_of(face)->interrupt;
}

static NTSTATUS NTAPI Connect(void *face)
{
    struct interrupt_sync *sync = sync_of(face);
    irql_require_max(PASSIVE_LEVEL, "IInterruptSync::Connect");
    if (sync->interrupt)
        return STATUS_UNSUCCESSFUL;
    KIRQL irql = (KIRQL)sync->resource.u.Interrupt.Level;
    connect_function connect = (connect_function)nt_import("IoConnectInterrupt");
    return connect(&sync->interrupt, (PVOID)service, sync, NULL, sync->resource.u.Interrupt.Vector, irql, irql,
                   (sync->resource.Flags & CM_RESOURCE_INTERRUPT_LATCHED) ? Latched : LevelSensitive,
                   sync->resource.ShareDisposition == CmResourceShareShared, sync->resource.u.Interrupt.Affinity,
                   FALSE);
}

static void disconnect(struct interrupt_sync *sync)
{
    if (sync->interrupt)
        ((disconnect_function)nt_import("IoDisconnectInterrupt"))(sync->interrupt);
    sync->interrupt = NULL;
}

static void NTAPI Disconnect(void *face)
{
    irql_require_max(PASSIVE_LEVEL, "IInterruptSync::Disconnect");
    disconnect(sync_of(face));
}

static NTSTATUS NTAPI RegisterServiceRoutine(void *face, sync_routine routine, void *context, BOOLEAN first)
{
    struct interrupt_sync *sync = sync_of(face);
    if (!image_contains_code((const void *)routine))
        violation("PORTCLS_BAD_ARGUMENT", "IInterruptSync::RegisterServiceRoutine: no code of the driver");
    if (sync->count == ROUTINES_MAX)
        return STATUS_INSUFFICIENT_RESOURCES;
    size_t at = first ? 0 : sync->count;
    memmove(sync->routines + at + 1, sync->routines + at, (sync->count - at) * sizeof *sync->routines);
    sync->routines[at].routine = routine;
    sync->routines[at].context = context;
    sync->count++;
    return STATUS_SUCCESS;
}

static void destroy(struct com_object *object)
{
    disconnect((struct interrupt_sync *)object);
}

static const struct {
    COM_UNKNOWN_SLOTS;
    NTSTATUS(NTAPI *CallSynchronizedRoutine)(void *, sync_routine, void *);
    PVOID(NTAPI *GetKInterrupt)(void *);
    NTSTATUS(NTAPI *Connect)(void *);
    void(NTAPI *Disconnect)(void *);
    NTSTATUS(NTAPI *RegisterServiceRoutine)(void *, sync_routine, void *, BOOLEAN);
} g_vtbl = {COM_UNKNOWN_METHODS, CallSynchronizedRoutine, GetKInterrupt, Connect, Disconnect, RegisterServiceRoutine};

static const struct com_interface g_interfaces[] = {{&IID_IInterruptSync, 0}, {NULL, 0}};

struct resource_list_vtbl {
    COM_UNKNOWN_SLOTS;
    ULONG(NTAPI *NumberOfEntries)(void *);
    ULONG(NTAPI *NumberOfEntriesOfType)(void *, ULONG);
    CM_PARTIAL_RESOURCE_DESCRIPTOR *(NTAPI *FindTranslatedEntry)(void *, ULONG, ULONG);
};

static NTSTATUS NTAPI PcNewInterruptSync(void **out, void *outer, void *resources, ULONG index, ULONG mode)
{
    static const void *const vtbls[] = {&g_vtbl};
    if (!memory_is_writable(out, sizeof *out) || outer || mode < InterruptSyncModeNormal ||
        mode > InterruptSyncModeRepeat)
        violation("PORTCLS_BAD_ARGUMENT", "PcNewInterruptSync: bad result pointer, aggregation or mode");
    *out = NULL;
    com_object_of(resources, NULL);
    const struct resource_list_vtbl *list = ((struct com_face *)resources)->vtbl;
    CM_PARTIAL_RESOURCE_DESCRIPTOR *entry = list->FindTranslatedEntry(resources, CmResourceTypeInterrupt, index);
    if (!entry)
        return STATUS_UNSUCCESSFUL;
    struct interrupt_sync *sync = com_create(sizeof *sync, INTERRUPT_SYNC_KIND, g_interfaces, vtbls, 1, destroy);
    sync->resource = *entry;
    sync->mode = mode;
    *out = &sync->com.faces[0];
    return STATUS_SUCCESS;
}

NT_EXPORT("portcls.sys", PcNewInterruptSync, PASSIVE_LEVEL);
