/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * IServiceGroup: calls every member's RequestService from a DPC. WaveRT does
 * not use it; drivers of the older ports pace their work with it.
 * [D portcls/nn-portcls-iservicegroup]
 */
#include "nt_imports.h"
#include "portcls.h"

#define SERVICE_GROUP_KIND "service group"
#define MEMBERS_MAX 8

struct service_group {
    struct com_object com;
    IServiceSink *members[MEMBERS_MAX];
    size_t count;
    KDPC dpc;
    KTIMER timer;
};

static struct service_group *group_of(void *face, KIRQL max, const char *what)
{
    irql_require_max(max, what);
    return com_object_of(face, SERVICE_GROUP_KIND);
}

static void NTAPI run(KDPC *dpc, PVOID context, PVOID a, PVOID b)
{
    struct service_group *group = context;
    (void)dpc, (void)a, (void)b;
    for (size_t i = 0; i < group->count; i++) {
        IServiceSink *sink = group->members[i];
        DRIVER_CALL_VOID("IServiceSink::RequestService", sink->v->RequestService(sink));
    }
}

static void NTAPI RequestService(void *face)
{
    struct service_group *group = group_of(face, 31, "IServiceGroup::RequestService");
    KeInsertQueueDpc(&group->dpc, NULL, NULL);
}

static NTSTATUS NTAPI AddMember(void *face, IServiceSink *sink)
{
    struct service_group *group = group_of(face, PASSIVE_LEVEL, "IServiceGroup::AddMember");
    driver_object_check(sink, COM_SLOTS(IServiceSinkVtbl), "IServiceSink", true);
    if (group->count == MEMBERS_MAX)
        return STATUS_INSUFFICIENT_RESOURCES;
    driver_object_addref(sink, "IServiceSink");
    group->members[group->count++] = sink;
    return STATUS_SUCCESS;
}

static void NTAPI RemoveMember(void *face, IServiceSink *sink)
{
    struct service_group *group = group_of(face, PASSIVE_LEVEL, "IServiceGroup::RemoveMember");
    for (size_t i = 0; i < group->count; i++) {
        if (group->members[i] == sink) {
            group->members[i] = group->members[--group->count];
            driver_object_release(sink, "IServiceSink");
            return;
        }
    }
}

static void NTAPI SupportDelayedService(void *face)
{
    group_of(face, PASSIVE_LEVEL, "IServiceGroup::SupportDelayedService");
}

static void NTAPI RequestDelayedService(void *face, ULONGLONG delay)
{
    struct service_group *group = group_of(face, DISPATCH_LEVEL, "IServiceGroup::RequestDelayedService");
    LARGE_INTEGER due = {.QuadPart = -(LONGLONG)delay};
    KeSetTimerEx(&group->timer, due, 0, &group->dpc);
}

static void NTAPI CancelDelayedService(void *face)
{
    KeCancelTimer(&group_of(face, DISPATCH_LEVEL, "IServiceGroup::CancelDelayedService")->timer);
}

static void destroy(struct com_object *object)
{
    struct service_group *group = (struct service_group *)object;
    KeCancelTimer(&group->timer);
    KeFlushQueuedDpcs();
    while (group->count)
        driver_object_release(group->members[--group->count], "IServiceSink");
}

static const struct {
    COM_UNKNOWN_SLOTS;
    void(NTAPI *RequestService)(void *);
    NTSTATUS(NTAPI *AddMember)(void *, IServiceSink *);
    void(NTAPI *RemoveMember)(void *, IServiceSink *);
    void(NTAPI *SupportDelayedService)(void *);
    void(NTAPI *RequestDelayedService)(void *, ULONGLONG);
    void(NTAPI *CancelDelayedService)(void *);
} g_vtbl = {COM_UNKNOWN_METHODS,   RequestService,        AddMember,           RemoveMember,
            SupportDelayedService, RequestDelayedService, CancelDelayedService};
_Static_assert(sizeof g_vtbl == 9 * sizeof(void *), "IServiceGroup");

static const struct com_interface g_interfaces[] = {{&IID_IServiceGroup, 0}, {&IID_IServiceSink, 0}, {NULL, 0}};

static NTSTATUS NTAPI PcNewServiceGroup(void **out, void *outer)
{
    static const void *const vtbls[] = {&g_vtbl};
    if (!memory_is_writable(out, sizeof *out) || outer)
        violation("PORTCLS_BAD_ARGUMENT", "PcNewServiceGroup: bad result pointer, or aggregation");
    struct service_group *group = com_create(sizeof *group, SERVICE_GROUP_KIND, g_interfaces, vtbls, 1, destroy);
    KeInitializeDpc(&group->dpc, run, group);
    KeInitializeTimerEx(&group->timer, NotificationTimer);
    *out = &group->com.faces[0];
    return STATUS_SUCCESS;
}

NT_EXPORT("portcls.sys", PcNewServiceGroup, PASSIVE_LEVEL);
