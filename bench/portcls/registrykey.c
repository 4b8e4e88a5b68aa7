/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IRegistryKey: a registry handle in COM clothes. [D portcls/nf-portcls-pcnewregistrykey] */
#include "nt_imports.h"
#include "portcls.h"

#include <string.h>

#define REGISTRY_KEY_KIND "registry key"
enum { GeneralRegistryKey, DeviceRegistryKey, DriverRegistryKey, HwProfileRegistryKey, DeviceInterfaceRegistryKey };
#define PLUGPLAY_REGKEY_DEVICE 1
#define PLUGPLAY_REGKEY_DRIVER 2

struct registry_key {
    struct com_object com;
    HANDLE handle;
};

static struct registry_key *key_of(void *face, const char *what)
{
    irql_require_max(PASSIVE_LEVEL, what);
    return com_object_of(face, REGISTRY_KEY_KIND);
}

static void destroy(struct com_object *object)
{
    ZwClose(((struct registry_key *)object)->handle);
}

static NTSTATUS key_create(void **out, HANDLE handle);

static NTSTATUS NTAPI QueryKey(void *face, ULONG class, void *information, ULONG length, ULONG *result)
{
    (void)class, (void)information, (void)length, (void)result;
    key_of(face, "IRegistryKey::QueryKey");
    return STATUS_NOT_IMPLEMENTED;
}

static NTSTATUS NTAPI Enumerate(void *face, ULONG index, ULONG class, void *information, ULONG length, ULONG *result)
{
    (void)index, (void)class, (void)information, (void)length, (void)result;
    key_of(face, "IRegistryKey::EnumerateKey");
    return STATUS_NOT_IMPLEMENTED;
}

static NTSTATUS NTAPI QueryValueKey(void *face, UNICODE_STRING *name, ULONG class, void *information, ULONG length,
                                    ULONG *result)
{
    return ZwQueryValueKey(key_of(face, "IRegistryKey::QueryValueKey")->handle, name, class, information, length,
                           result);
}

static NTSTATUS NTAPI SetValueKey(void *face, UNICODE_STRING *name, ULONG type, void *data, ULONG size)
{
    return ZwSetValueKey(key_of(face, "IRegistryKey::SetValueKey")->handle, name, 0, type, data, size);
}

static NTSTATUS NTAPI QueryRegistryValues(void *face, void *table, void *context)
{
    (void)table, (void)context;
    key_of(face, "IRegistryKey::QueryRegistryValues");
    return STATUS_NOT_IMPLEMENTED;
}

static NTSTATUS NTAPI NewSubKey(void *face, void **out, void *outer, ACCESS_MASK access, UNICODE_STRING *name,
                                ULONG options, ULONG *disposition)
{
    struct registry_key *key = key_of(face, "IRegistryKey::NewSubKey");
    OBJECT_ATTRIBUTES attributes = {sizeof attributes, key->handle, name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                                    NULL, NULL};
    HANDLE handle = NULL;
    if (!memory_is_writable(out, sizeof *out) || outer)
        violation("PORTCLS_BAD_ARGUMENT", "IRegistryKey::NewSubKey: bad result pointer, or aggregation");
    *out = NULL;
    NTSTATUS status = disposition ? ZwCreateKey(&handle, access, &attributes, 0, NULL, options, disposition)
                                  : ZwOpenKey(&handle, access, &attributes);
    return NT_SUCCESS(status) ? key_create(out, handle) : status;
}

static NTSTATUS NTAPI DeleteKey(void *face)
{
    key_of(face, "IRegistryKey::DeleteKey");
    return STATUS_NOT_IMPLEMENTED;
}

static const struct {
    COM_UNKNOWN_SLOTS;
    NTSTATUS(NTAPI *QueryKey)(void *, ULONG, void *, ULONG, ULONG *);
    NTSTATUS(NTAPI *EnumerateKey)(void *, ULONG, ULONG, void *, ULONG, ULONG *);
    NTSTATUS(NTAPI *QueryValueKey)(void *, UNICODE_STRING *, ULONG, void *, ULONG, ULONG *);
    NTSTATUS(NTAPI *EnumerateValueKey)(void *, ULONG, ULONG, void *, ULONG, ULONG *);
    NTSTATUS(NTAPI *SetValueKey)(void *, UNICODE_STRING *, ULONG, void *, ULONG);
    NTSTATUS(NTAPI *QueryRegistryValues)(void *, void *, void *);
    NTSTATUS(NTAPI *NewSubKey)(void *, void **, void *, ACCESS_MASK, UNICODE_STRING *, ULONG, ULONG *);
    NTSTATUS(NTAPI *DeleteKey)(void *);
} g_vtbl = {COM_UNKNOWN_METHODS, QueryKey,  Enumerate, QueryValueKey, Enumerate, SetValueKey, QueryRegistryValues,
            NewSubKey,           DeleteKey};
_Static_assert(sizeof g_vtbl == 11 * sizeof(void *), "IRegistryKey");

static const struct com_interface g_interfaces[] = {{&IID_IRegistryKey, 0}, {NULL, 0}};

static NTSTATUS key_create(void **out, HANDLE handle)
{
    static const void *const vtbls[] = {&g_vtbl};
    struct registry_key *key = com_create(sizeof *key, REGISTRY_KEY_KIND, g_interfaces, vtbls, 1, destroy);
    key->handle = handle;
    *out = &key->com.faces[0];
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI PcNewRegistryKey(void **out, void *outer, ULONG type, ACCESS_MASK access, DEVICE_OBJECT *fdo,
                                       void *subdevice, OBJECT_ATTRIBUTES *attributes, ULONG options,
                                       ULONG *disposition)
{
    HANDLE handle = NULL;
    NTSTATUS status;
    (void)subdevice;
    if (!memory_is_writable(out, sizeof *out) || outer)
        violation("PORTCLS_BAD_ARGUMENT", "PcNewRegistryKey: bad result pointer, or aggregation");
    *out = NULL;
    switch (type) {
    case GeneralRegistryKey:
        if (!attributes || !memory_is_readable(attributes, sizeof *attributes))
            violation("PORTCLS_BAD_ARGUMENT", "PcNewRegistryKey: a general key needs object attributes");
        status = disposition ? ZwCreateKey(&handle, access, attributes, 0, NULL, options, disposition)
                             : ZwOpenKey(&handle, access, attributes);
        break;
    case DeviceRegistryKey:
    case DriverRegistryKey:
        status = IoOpenDeviceRegistryKey(adapter_of(fdo, "PcNewRegistryKey")->pdo,
                                         type == DeviceRegistryKey ? PLUGPLAY_REGKEY_DEVICE : PLUGPLAY_REGKEY_DRIVER,
                                         access, &handle);
        break;
    default:
        return STATUS_INVALID_PARAMETER;
    }
    return NT_SUCCESS(status) ? key_create(out, handle) : status;
}

NTSTATUS NTAPI port_NewRegistryKey(void *face, void **out, void *outer, ULONG type, ACCESS_MASK access,
                                   void *attributes, ULONG options, ULONG *disposition)
{
    struct port *port = com_object_of(face, PORT_OBJECT_KIND);
    irql_require_max(PASSIVE_LEVEL, "IPort::NewRegistryKey");
    if (!port->adapter)
        return STATUS_DEVICE_NOT_READY;
    return PcNewRegistryKey(out, outer, type, access, port->adapter->fdo, &port->com.faces[0], attributes, options,
                            disposition);
}

NT_EXPORT("portcls.sys", PcNewRegistryKey, PASSIVE_LEVEL);
