/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A small registry: the device's and the driver's keys, with the switches that
 * the options set. Keys are found by the last part of their path below one of
 * the two roots; values that the driver writes stay for the run.
 */
#include "faultpoint.h"
#include "nt.h"

#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_PATH_BYTES 512
#define MAX_VALUE_BYTES 1024
#define OPTION_ABSENT 0xFFFFFFFFu
#define REG_DWORD 4
#define SERVICES "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"
#define DEVICE_KEY "\\Registry\\Machine\\System\\CurrentControlSet\\Enum\\PCI\\Device Parameters"
#define DRIVER_KEY "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\Driver"

struct value {
    struct value *next;
    char name[64];
    ULONG type, bytes;
    uint8_t data[MAX_VALUE_BYTES];
};
struct stored_key {
    struct stored_key *next;
    char path[MAX_PATH_BYTES];
    struct value *values;
};
struct open_key { /* body of a key object */
    struct stored_key *stored;
};
static struct stored_key *keys;
static bool prepared;

static struct stored_key *find_key(const char *path)
{
    struct stored_key *key;

    for (key = keys; key != NULL; key = key->next)
        if (strcasecmp(key->path, path) == 0)
            return key;
    return NULL;
}

static struct stored_key *add_key(const char *path)
{
    struct stored_key *key = calloc(1, sizeof *key);

    if (key == NULL)
        bench_bug("out of memory");
    snprintf(key->path, sizeof key->path, "%s", path);
    key->next = keys;
    keys = key;
    return key;
}

static struct value *find_value(struct stored_key *key, const char *name)
{
    struct value *value;

    for (value = key->values; value != NULL; value = value->next)
        if (strcasecmp(value->name, name) == 0)
            return value;
    return NULL;
}

static void set_value(struct stored_key *key, const char *name, ULONG type, const void *data, ULONG bytes)
{
    struct value *value = find_value(key, name);

    if (value == NULL) {
        value = calloc(1, sizeof *value);
        if (value == NULL)
            bench_bug("out of memory");
        snprintf(value->name, sizeof value->name, "%s", name);
        value->next = key->values;
        key->values = value;
    }
    value->type = type;
    value->bytes = MIN(bytes, MAX_VALUE_BYTES);
    memcpy(value->data, data, value->bytes);
}

static void prepare(void)
{
    const struct link_options *options = &g_link->options;
    struct stored_key *parameters;

    if (prepared)
        return;
    prepared = true;
    add_key(DEVICE_KEY);
    add_key(DRIVER_KEY);
    add_key(SERVICES "aero_virtio_snd");
    parameters = add_key(DEVICE_KEY "\\Parameters");
    if (options->force_null_backend != OPTION_ABSENT)
        set_value(parameters, "ForceNullBackend", REG_DWORD, &options->force_null_backend, 4);
    if (options->allow_polling_only != OPTION_ABSENT)
        set_value(parameters, "AllowPollingOnly", REG_DWORD, &options->allow_polling_only, 4);
}

void registry_forget(void)
{
    while (keys != NULL) {
        struct stored_key *key = keys;

        keys = key->next;
        while (key->values != NULL) {
            struct value *value = key->values;

            key->values = value->next;
            free(value);
        }
        free(key);
    }
    prepared = false;
}

static HANDLE open_stored(struct stored_key *stored, bool kernel)
{
    struct open_key *key = bench_alloc(sizeof *key, "key object");

    key->stored = stored;
    object_register(key, OBJECT_KEY, "registry key", bench_free);
    return handle_make(key, kernel);
}

static void full_path(const OBJECT_ATTRIBUTES *attributes, char *path)
{
    const char *root = "";

    if (attributes->Length != sizeof *attributes || (attributes->Attributes & ~OBJ_VALID_ATTRIBUTES))
        violation("REGISTRY_RULE", "OBJECT_ATTRIBUTES of length %u, attributes %#x", attributes->Length,
                  attributes->Attributes);
    string_require(attributes->ObjectName, "REGISTRY_RULE", "OBJECT_ATTRIBUTES");
    if (attributes->RootDirectory != NULL)
        root = ((struct open_key *)handle_body(attributes->RootDirectory, OBJECT_KEY))->stored->path;
    if (snprintf(path, MAX_PATH_BYTES, "%s%s%s", root, *root && attributes->ObjectName->Length ? "\\" : "",
                 text_of(attributes->ObjectName)) >= MAX_PATH_BYTES)
        violation("REGISTRY_RULE", "key path is too long");
}

NTSTATUS NTAPI ZwOpenKey(HANDLE *key, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes)
{
    char path[MAX_PATH_BYTES];
    struct stored_key *stored;

    (void)access;
    prepare();
    full_path(attributes, path);
    if (fault_point(FAULT_REGISTRY))
        return fault_status(FAULT_REGISTRY);
    stored = find_key(path);
    if (stored == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *key = open_stored(stored, attributes->Attributes & OBJ_KERNEL_HANDLE);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwCreateKey(HANDLE *key, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, ULONG title,
                           UNICODE_STRING *class_name, ULONG options, PULONG disposition)
{
    char path[MAX_PATH_BYTES];
    struct stored_key *stored;

    (void)access;
    (void)title;
    (void)class_name;
    (void)options;
    prepare();
    full_path(attributes, path);
    if (fault_point(FAULT_REGISTRY))
        return fault_status(FAULT_REGISTRY);
    stored = find_key(path);
    if (disposition != NULL)
        *disposition = stored ? 2 : 1; /* opened, created */
    if (stored == NULL)
        stored = add_key(path);
    *key = open_stored(stored, attributes->Attributes & OBJ_KERNEL_HANDLE);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoOpenDeviceRegistryKey(DEVICE_OBJECT *pdo, ULONG type, ACCESS_MASK access, HANDLE *key)
{
    (void)access;
    prepare();
    if (pdo != g_pdo)
        violation("DEVICE_RULE", "IoOpenDeviceRegistryKey: %p is not the PDO", (void *)pdo);
    if ((type & 3) != 1 && (type & 3) != 2)
        return STATUS_INVALID_PARAMETER;
    if (fault_point(FAULT_REGISTRY))
        return fault_status(FAULT_REGISTRY);
    *key = open_stored(find_key((type & 3) == 1 ? DEVICE_KEY : DRIVER_KEY), true);
    return STATUS_SUCCESS;
}

/* Layouts of the three KEY_VALUE_..._INFORMATION classes. */
enum { VALUE_BASIC = 0, VALUE_FULL = 1, VALUE_PARTIAL = 2 };

static NTSTATUS answer(const struct value *value, LONG class, uint8_t *out, ULONG bytes, PULONG result)
{
    ULONG head[5] = {0, value->type, 0, 0, 0}, name_bytes = (ULONG)strlen(value->name) * 2, fixed, needed, data_at, i;

    if (class == VALUE_PARTIAL) {
        head[2] = value->bytes;
        fixed = 12;
        data_at = 12;
    } else if (class == VALUE_FULL) {
        fixed = 20;
        data_at = (fixed + name_bytes + 7) & ~7u;
        head[2] = data_at;
        head[3] = value->bytes;
        head[4] = name_bytes;
    } else {
        head[2] = name_bytes;
        fixed = 12;
        data_at = 0;
    }
    needed = class == VALUE_BASIC ? fixed + name_bytes : data_at + value->bytes;
    *result = needed;
    if (bytes < fixed)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(out, head, fixed);
    if (bytes < needed)
        return STATUS_BUFFER_OVERFLOW;
    for (i = 0; class != VALUE_PARTIAL && i < name_bytes / 2; i++)
        ((WCHAR *)(void *)(out + fixed))[i] = (WCHAR)(unsigned char)value->name[i];
    if (class != VALUE_BASIC)
        memcpy(out + data_at, value->data, value->bytes);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwQueryValueKey(HANDLE handle, UNICODE_STRING *name, LONG information_class, PVOID information,
                               ULONG bytes, PULONG result_bytes)
{
    struct open_key *key = handle_body(handle, OBJECT_KEY);
    struct value *value;

    string_require(name, "REGISTRY_RULE", "ZwQueryValueKey");
    value = find_value(key->stored, text_of(name));
    if (information_class < VALUE_BASIC || information_class > VALUE_PARTIAL)
        return STATUS_INVALID_PARAMETER;
    if (fault_point(FAULT_REGISTRY))
        return fault_status(FAULT_REGISTRY);
    if (value == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    return answer(value, information_class, information, bytes, result_bytes);
}

NTSTATUS NTAPI ZwSetValueKey(HANDLE handle, UNICODE_STRING *name, ULONG title, ULONG type, PVOID data, ULONG bytes)
{
    struct open_key *key = handle_body(handle, OBJECT_KEY);

    (void)title;
    string_require(name, "REGISTRY_RULE", "ZwSetValueKey");
    if (bytes > MAX_VALUE_BYTES || fault_point(FAULT_REGISTRY))
        return STATUS_INSUFFICIENT_RESOURCES;
    set_value(key->stored, text_of(name), type, data, bytes);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI flush_key(HANDLE handle)
{
    handle_body(handle, OBJECT_KEY);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI delete_value(HANDLE handle, UNICODE_STRING *name)
{
    struct open_key *key = handle_body(handle, OBJECT_KEY);
    struct value **link, *value = find_value(key->stored, text_of(name));

    if (value == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    for (link = &key->stored->values; *link != value; link = &(*link)->next)
        ;
    *link = value->next;
    free(value);
    return STATUS_SUCCESS;
}

/* ---- RtlQueryRegistryValues ---- */

struct query { /* RTL_QUERY_REGISTRY_TABLE */
    NTSTATUS(NTAPI *routine)(PCWSTR name, ULONG type, PVOID data, ULONG bytes, PVOID context, PVOID entry_context);
    ULONG flags;
    PCWSTR name;
    PVOID entry_context;
    ULONG default_type;
    PVOID default_data;
    ULONG default_bytes;
};
enum { QUERY_SUBKEY = 1, QUERY_REQUIRED = 4, QUERY_NOVALUE = 16, QUERY_DIRECT = 32 };

static struct stored_key *query_root(ULONG relative_to, PCWSTR path)
{
    static const char *const roots[] = {"", SERVICES, "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\",
                                        "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\"};
    char text[MAX_PATH_BYTES];
    UNICODE_STRING name;

    if ((relative_to & 0x40000000) != 0) /* RTL_REGISTRY_HANDLE */
        return ((struct open_key *)handle_body((HANDLE)(uintptr_t)path, OBJECT_KEY))->stored;
    RtlInitUnicodeString(&name, path);
    relative_to &= 0xFF;
    snprintf(text, sizeof text, "%s%s", relative_to < LENGTH_OF(roots) ? roots[relative_to] : "", text_of(&name));
    return find_key(text);
}

static NTSTATUS query_one(struct stored_key *key, const struct query *query, PVOID context)
{
    struct value *value, fallback = {0};
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, query->name);
    value = find_value(key, text_of(&name));
    if (value == NULL) {
        if (query->flags & QUERY_REQUIRED)
            return STATUS_OBJECT_NAME_NOT_FOUND;
        if (query->default_type == 0 || query->default_data == NULL)
            return STATUS_SUCCESS;
        fallback.type = query->default_type;
        fallback.bytes = MIN(query->default_bytes ? query->default_bytes : 4, MAX_VALUE_BYTES);
        memcpy(fallback.data, query->default_data, fallback.bytes);
        value = &fallback;
    }
    if (!(query->flags & QUERY_DIRECT))
        return DRIVER_CALL("QueryRoutine", query->routine(query->name, value->type, value->data, value->bytes, context,
                                                          query->entry_context));
    if (value->type != REG_DWORD)
        violation("REGISTRY_RULE", "RTL_QUERY_REGISTRY_DIRECT of a value of type %u", value->type);
    memcpy(query->entry_context, value->data, 4);
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI query_values(ULONG relative_to, PCWSTR path, struct query *query, PVOID context,
                                   PVOID environment)
{
    struct stored_key *root, *key;
    char text[MAX_PATH_BYTES];
    NTSTATUS status = STATUS_SUCCESS;

    (void)environment;
    prepare();
    if (fault_point(FAULT_REGISTRY))
        return fault_status(FAULT_REGISTRY);
    root = key = query_root(relative_to, path);
    if (key == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    for (; NT_SUCCESS(status) && (query->routine != NULL || (query->flags & (QUERY_SUBKEY | QUERY_DIRECT))); query++) {
        if (query->flags & QUERY_SUBKEY) {
            UNICODE_STRING name;

            RtlInitUnicodeString(&name, query->name);
            if (snprintf(text, sizeof text, "%s\\%s", root->path, text_of(&name)) >= (int)sizeof text)
                return STATUS_OBJECT_NAME_INVALID;
            key = find_key(text);
            if (key == NULL)
                return query->flags & QUERY_REQUIRED ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
        } else {
            status = query_one(key, query, context);
        }
    }
    return status;
}

NTOS(ZwOpenKey, ZwOpenKey, PASSIVE_LEVEL);
NTOS(ZwCreateKey, ZwCreateKey, PASSIVE_LEVEL);
NTOS(ZwQueryValueKey, ZwQueryValueKey, PASSIVE_LEVEL);
NTOS(ZwSetValueKey, ZwSetValueKey, PASSIVE_LEVEL);
NTOS(ZwDeleteValueKey, delete_value, PASSIVE_LEVEL);
NTOS(ZwFlushKey, flush_key, PASSIVE_LEVEL);
NTOS(IoOpenDeviceRegistryKey, IoOpenDeviceRegistryKey, PASSIVE_LEVEL);
NTOS(RtlQueryRegistryValues, query_values, PASSIVE_LEVEL);
