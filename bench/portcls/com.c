/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reference counting and QueryInterface, for the bench's objects and against the driver's. */
#include "com.h"
#include "../nt/faultpoint.h"

#include <string.h>

void *com_create(size_t bytes, const char *kind, const struct com_interface *interfaces, const void *const *vtbls,
                 size_t faces, void (*destroy)(struct com_object *))
{
    struct com_object *object = bench_alloc(bytes, kind);
    memset(object, 0, bytes);
    for (size_t i = 0; i < faces; i++)
        object->faces[i] = (struct com_face){vtbls[i], object};
    object->interfaces = interfaces;
    object->kind = kind;
    object->references = 1;
    object->destroy = destroy;
    resource_add("COM object", object, kind);
    return object;
}

void *com_object_of(void *face, const char *kind)
{
    struct com_face *f = face;
    if (!memory_is_readable(f, sizeof *f) || !memory_is_readable(f->object, sizeof *f->object) ||
        f < f->object->faces || f >= f->object->faces + COM_FACES)
        violation("COM_BAD_THIS", "method of %s called on %p, which is no such object", kind, face);
    if (kind && strcmp(f->object->kind, kind) != 0)
        violation("COM_BAD_THIS", "method of %s called on an object of kind %s", kind, f->object->kind);
    return f->object;
}

void com_object_keep(struct com_object *object)
{
    object->own++;
}

void com_object_addref(struct com_object *object)
{
    object->references++;
    object->own++;
}

static void drop(struct com_object *object)
{
    if (--object->references > 0)
        return;
    if (object->destroy)
        object->destroy(object);
    resource_remove("COM object", object);
    bench_free(object);
}

void com_object_release(struct com_object *object)
{
    object->own--;
    drop(object);
}

NTSTATUS NTAPI com_QueryInterface(void *face, const GUID *iid, void **out)
{
    struct com_object *object = com_object_of(face, NULL);
    irql_require_max(PASSIVE_LEVEL, "IUnknown::QueryInterface");
    if (!memory_is_readable(iid, sizeof *iid) || !memory_is_writable(out, sizeof *out))
        violation("COM_BAD_ARGUMENT", "QueryInterface of %s with an unreadable IID or result", object->kind);
    *out = NULL;
    if (fault_point(FAULT_INTERFACE))
        return fault_status(FAULT_INTERFACE);
    if (guid_equal(iid, &IID_IUnknown)) {
        *out = &object->faces[0];
        object->references++;
        return STATUS_SUCCESS;
    }
    for (const struct com_interface *i = object->interfaces; i->iid; i++) {
        if (guid_equal(i->iid, iid)) {
            *out = &object->faces[i->face];
            object->references++;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_PARAMETER;
}

ULONG NTAPI com_AddRef(void *face)
{
    struct com_object *object = com_object_of(face, NULL);
    irql_require_max(DISPATCH_LEVEL, "IUnknown::AddRef");
    return (ULONG)++object->references;
}

ULONG NTAPI com_Release(void *face)
{
    struct com_object *object = com_object_of(face, NULL);
    irql_require_max(object->references > 1 ? DISPATCH_LEVEL : PASSIVE_LEVEL, "IUnknown::Release");
    LONG left = object->references - 1;
    if (left < object->own)
        violation("COM_RELEASED_TOO_OFTEN", "Release of %s without a reference: the %d left are PortCls' own",
                  object->kind, (int)object->own);
    drop(object);
    return (ULONG)left;
}

void driver_object_check(const void *object, size_t slots, const char *name, bool nonpaged)
{
    const void *const *vtbl;
    if (!object || !memory_is_readable(object, sizeof vtbl))
        violation("COM_BAD_INTERFACE", "%s: %p is not readable", name, object);
    memcpy(&vtbl, object, sizeof vtbl);
    if (!memory_is_readable(vtbl, slots * sizeof *vtbl))
        violation("COM_BAD_VTABLE", "%s: vtable %p is not readable over %zu slots", name, (const void *)vtbl, slots);
    for (size_t i = 0; i < slots; i++) {
        if (!image_contains_code(vtbl[i]))
            violation("COM_BAD_VTABLE", "%s: slot %zu (%p) is no code of the driver", name, i, vtbl[i]);
    }
    if (nonpaged && (!memory_is_nonpaged(object, sizeof vtbl) || !memory_is_nonpaged(vtbl, slots * sizeof *vtbl)))
        violation("COM_PAGED_OBJECT", "%s is called at DISPATCH_LEVEL, so object and vtable must be nonpaged", name);
}

static NTSTATUS query(void *object, const GUID *iid, void **out)
{
    IUnknown *unknown = object;
    return DRIVER_CALL("IUnknown::QueryInterface", unknown->v->QueryInterface(object, iid, out));
}

static ULONG release(void *object)
{
    IUnknown *unknown = object;
    return DRIVER_CALL("IUnknown::Release", unknown->v->Release(object));
}

void driver_object_check_unknown(void *object, const char *name)
{
    IUnknown *unknown = object;
    void *out = object;
    void *first = NULL;
    void *second = NULL;

    if (NT_SUCCESS(query(object, &IID_BenchUnknown, &out)) || out != NULL)
        violation("COM_QUERY_UNKNOWN_IID", "%s: an unknown IID must fail and set the result to NULL", name);
    if (!NT_SUCCESS(query(object, &IID_IUnknown, &first)) || !first)
        violation("COM_QUERY_IUNKNOWN", "%s: IID_IUnknown refused", name);
    if (!NT_SUCCESS(query(first, &IID_IUnknown, &second)) || second != first)
        violation("COM_IDENTITY", "%s: IUnknown of the object is not always the same pointer", name);
    release(second);
    release(first);
    ULONG up = DRIVER_CALL("IUnknown::AddRef", unknown->v->AddRef(object));
    ULONG down = release(object);
    if (up < 2 || down != up - 1)
        violation("COM_REFERENCE_COUNT", "%s: AddRef returned %u, the Release after it %u", name, (unsigned)up,
                  (unsigned)down);
}

void *driver_object_query(void *object, const GUID *iid, size_t slots, const char *name)
{
    void *out = object;
    if (!NT_SUCCESS(query(object, iid, &out))) {
        if (out != NULL)
            violation("COM_QUERY_UNKNOWN_IID", "QueryInterface for %s failed and left its result unset", name);
        return NULL;
    }
    driver_object_check(out, slots, name, false);
    return out;
}

void driver_object_addref(void *object, const char *name)
{
    IUnknown *unknown = object;
    if (DRIVER_CALL("IUnknown::AddRef", unknown->v->AddRef(object)) < 2)
        violation("COM_REFERENCE_COUNT", "%s: AddRef of a live object returned less than 2", name);
}

void driver_object_release(void *object, const char *name)
{
    ULONG left = release(object);
    trace("release %s: %u left", name, (unsigned)left);
}
