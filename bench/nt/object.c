/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "nt.h"

#include "object.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_HANDLES 256u
#define HANDLE_STEP 4u
#define KERNEL_HANDLE_BASE (~(uintptr_t)0x7FFFFFFFu) /* kernel handles have the top bit set */

struct object {
    struct object *next;
    void *body;
    enum object_type type;
    const char *name;
    void (*destroy)(void *body);
    long references;
};
static struct object *objects;
static void *handles[MAX_HANDLES];

static struct object *find(const void *body)
{
    struct object *object;

    for (object = objects; object != NULL; object = object->next)
        if (object->body == body)
            return object;
    return NULL;
}

void object_register(void *body, enum object_type type, const char *name, void (*destroy)(void *body))
{
    struct object *object = calloc(1, sizeof *object);

    if (object == NULL)
        bench_bug("out of memory");
    *object = (struct object){objects, body, type, name, destroy, 1};
    objects = object;
}

bool object_is(const void *body, enum object_type type)
{
    const struct object *object = find(body);

    return object != NULL && object->type == type;
}

long object_references(const void *body)
{
    const struct object *object = find(body);

    return object ? object->references : 0;
}

void object_reference(void *body, bool for_driver)
{
    struct object *object = find(body);

    if (object == NULL)
        violation("OBJECT_REFERENCE", "reference to %p, which is no object", body);
    object->references++;
    if (for_driver)
        resource_add("object reference", body, object->name);
}

void object_dereference(void *body, bool for_driver)
{
    struct object *object = find(body), **link;

    if (object == NULL)
        violation("OBJECT_REFERENCE", "dereference of %p, which is no object", body);
    if (for_driver && !resource_drop("object reference", body))
        violation("OBJECT_REFERENCE", "%s %p is dereferenced more often than referenced", object->name, body);
    if (--object->references > 0)
        return;
    for (link = &objects; *link != object; link = &(*link)->next)
        ;
    *link = object->next;
    if (object->destroy != NULL)
        object->destroy(object->body);
    free(object);
}

/* ---- handles ---- */

HANDLE handle_make(void *body, bool kernel)
{
    char detail[64];
    uintptr_t i;

    for (i = 1; i < MAX_HANDLES && handles[i] != NULL; i++)
        ;
    if (i == MAX_HANDLES)
        bench_bug("more than %u handles", MAX_HANDLES);
    if (!kernel)
        violation("HANDLE_RULE", "handle made without OBJ_KERNEL_HANDLE: user mode could use it");
    handles[i] = body;
    snprintf(detail, sizeof detail, "%s", find(body)->name);
    resource_add("handle", (void *)(KERNEL_HANDLE_BASE | (i * HANDLE_STEP)), detail);
    return (HANDLE)(KERNEL_HANDLE_BASE | (i * HANDLE_STEP));
}

static void **slot(HANDLE handle)
{
    uintptr_t i = ((uintptr_t)handle & ~KERNEL_HANDLE_BASE) / HANDLE_STEP;

    if (((uintptr_t)handle & KERNEL_HANDLE_BASE) != KERNEL_HANDLE_BASE || i >= MAX_HANDLES || handles[i] == NULL)
        violation("HANDLE_RULE", "%p is no open handle", handle);
    return &handles[i];
}

void *handle_body(HANDLE handle, enum object_type type)
{
    void *body = *slot(handle);

    if (!object_is(body, type))
        violation("HANDLE_RULE", "handle %p is of another type", handle);
    return body;
}

NTSTATUS handle_close(HANDLE handle)
{
    void **at = slot(handle), *body = *at;

    *at = NULL;
    resource_remove("handle", handle);
    object_dereference(body, false);
    return STATUS_SUCCESS;
}

/* ---- exports ---- */

/* POBJECT_TYPE variables; drivers pass their contents to ObReferenceObjectByHandle. */
static const enum object_type types[] = {OBJECT_DEVICE, OBJECT_FILE, OBJECT_THREAD, OBJECT_KEY, OBJECT_EVENT};
static const void *io_file_type = &types[OBJECT_FILE];
static const void *ps_thread_type = &types[OBJECT_THREAD];
static const void *ex_event_type = &types[OBJECT_EVENT];

NTSTATUS NTAPI ZwClose(HANDLE handle) { return handle_close(handle); }

static NTSTATUS NTAPI reference_by_handle(HANDLE handle, ACCESS_MASK access, const enum object_type *type,
                                          KPROCESSOR_MODE mode, PVOID *object, PVOID information)
{
    void *body = *slot(handle);

    (void)access;
    (void)mode;
    (void)information;
    if (type != NULL && !object_is(body, *type))
        return STATUS_OBJECT_TYPE_MISMATCH;
    object_reference(body, true);
    *object = body;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI reference_by_pointer(PVOID object, ACCESS_MASK access, PVOID type, KPROCESSOR_MODE mode)
{
    (void)access;
    (void)type;
    (void)mode;
    object_reference(object, true);
    return STATUS_SUCCESS;
}

VOID FASTCALL ObfReferenceObject(PVOID object) { object_reference(object, true); }
VOID FASTCALL ObfDereferenceObject(PVOID object) { object_dereference(object, true); }

NT_EXPORT_DATA("ntoskrnl.exe", IoFileObjectType, &io_file_type);
NT_EXPORT_DATA("ntoskrnl.exe", PsThreadType, &ps_thread_type);
NT_EXPORT_DATA("ntoskrnl.exe", ExEventObjectType, &ex_event_type);
NTOS(ZwClose, ZwClose, PASSIVE_LEVEL);
NTOS(ObReferenceObjectByHandle, reference_by_handle, PASSIVE_LEVEL);
NTOS(ObReferenceObjectByPointer, reference_by_pointer, DISPATCH_LEVEL);
NTOS(ObfReferenceObject, ObfReferenceObject, DISPATCH_LEVEL);
NTOS(ObfDereferenceObject, ObfDereferenceObject, DISPATCH_LEVEL);
