/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device objects, stacks of them, file objects and device interfaces. */
#include "nt.h"

#include "bus.h"
#include "object.h"

#include <stdio.h>
#include <string.h>

static void destroy_device(void *body)
{
    DEVICE_OBJECT *device = body;

    bench_free(device->DeviceObjectExtension);
    bench_free(device);
}

DEVICE_OBJECT *device_create(DRIVER_OBJECT *driver, ULONG extension_bytes, ULONG type, const char *what)
{
    DEVICE_OBJECT *device = bench_alloc(sizeof *device + extension_bytes, what);
    DEVOBJ_EXTENSION *extension = bench_alloc(sizeof *extension, "DEVOBJ_EXTENSION");

    device->Type = IO_TYPE_DEVICE;
    device->Size = (USHORT)(sizeof *device + extension_bytes);
    device->DriverObject = driver;
    device->NextDevice = driver->DeviceObject;
    driver->DeviceObject = device;
    device->Flags = DO_DEVICE_INITIALIZING;
    device->DeviceExtension = extension_bytes ? device + 1 : NULL;
    device->DeviceType = type;
    device->StackSize = 1;
    device->DeviceObjectExtension = extension;
    extension->Type = 13;
    extension->DeviceObject = device;
    object_register(device, OBJECT_DEVICE, what, destroy_device);
    return device;
}

static void require_device(DEVICE_OBJECT *device, const char *what)
{
    if (!object_is(device, OBJECT_DEVICE))
        violation("DEVICE_RULE", "%s: %p is no device object", what, (void *)device);
}

DEVICE_OBJECT *device_top_of_stack(DEVICE_OBJECT *device)
{
    while (device->AttachedDevice != NULL)
        device = device->AttachedDevice;
    return device;
}

void device_check_unload(void)
{
    if (g_driver->DeviceObject != NULL)
        violation("DEVICE_RULE", "device object %p still exists when the driver is unloaded",
                  (void *)g_driver->DeviceObject);
}

NTSTATUS NTAPI IoCreateDevice(DRIVER_OBJECT *driver, ULONG extension_bytes, UNICODE_STRING *name, DEVICE_TYPE type,
                              ULONG characteristics, BOOLEAN exclusive, DEVICE_OBJECT **device)
{
    (void)name;
    (void)exclusive;
    *device = device_create(driver, extension_bytes, type, "device object");
    (*device)->Characteristics = characteristics;
    resource_add("device", *device, "IoCreateDevice");
    return STATUS_SUCCESS;
}

VOID NTAPI IoDeleteDevice(DEVICE_OBJECT *device)
{
    DEVICE_OBJECT **link;

    require_device(device, "IoDeleteDevice");
    if (device->AttachedDevice != NULL)
        violation("DEVICE_RULE", "IoDeleteDevice: %p has a device attached above it", (void *)device);
    if (device->DeviceObjectExtension->AttachedTo != NULL)
        violation("DEVICE_RULE", "IoDeleteDevice: %p is still attached; IoDetachDevice comes first", (void *)device);
    for (link = &device->DriverObject->DeviceObject; *link != NULL && *link != device; link = &(*link)->NextDevice)
        ;
    if (*link == NULL)
        violation("DEVICE_RULE", "IoDeleteDevice: %p was deleted already", (void *)device);
    *link = device->NextDevice;
    resource_remove("device", device);
    memory_check_free(device, device->Size);
    object_dereference(device, false);
}

DEVICE_OBJECT *NTAPI IoAttachDeviceToDeviceStack(DEVICE_OBJECT *source, DEVICE_OBJECT *target)
{
    DEVICE_OBJECT *top;

    require_device(source, "IoAttachDeviceToDeviceStack");
    require_device(target, "IoAttachDeviceToDeviceStack");
    if (source->DeviceObjectExtension->AttachedTo != NULL)
        violation("DEVICE_RULE", "IoAttachDeviceToDeviceStack: %p is attached already", (void *)source);
    top = device_top_of_stack(target);
    top->AttachedDevice = source;
    source->DeviceObjectExtension->AttachedTo = top;
    source->StackSize = (CCHAR)(top->StackSize + 1);
    source->AlignmentRequirement = top->AlignmentRequirement;
    return top;
}

VOID NTAPI IoDetachDevice(DEVICE_OBJECT *target)
{
    require_device(target, "IoDetachDevice");
    if (target->AttachedDevice == NULL)
        violation("DEVICE_RULE", "IoDetachDevice: nothing is attached to %p", (void *)target);
    target->AttachedDevice->DeviceObjectExtension->AttachedTo = NULL;
    target->AttachedDevice = NULL;
}

DEVICE_OBJECT *NTAPI IoGetAttachedDeviceReference(DEVICE_OBJECT *device)
{
    DEVICE_OBJECT *top;

    require_device(device, "IoGetAttachedDeviceReference");
    top = device_top_of_stack(device);
    object_reference(top, true);
    return top;
}

static DEVICE_OBJECT *NTAPI get_attached(DEVICE_OBJECT *device)
{
    require_device(device, "IoGetAttachedDevice");
    return device_top_of_stack(device);
}

static DEVICE_OBJECT *NTAPI get_lower_reference(DEVICE_OBJECT *device)
{
    DEVICE_OBJECT *lower;

    require_device(device, "IoGetLowerDeviceObject");
    lower = device->DeviceObjectExtension->AttachedTo;
    if (lower != NULL)
        object_reference(lower, true);
    return lower;
}

static VOID NTAPI invalidate(DEVICE_OBJECT *device, LONG type)
{
    (void)type;
    if (device != g_pdo)
        violation("DEVICE_RULE", "IoInvalidateDeviceRelations: %p is not the PDO", (void *)device);
}

static VOID NTAPI invalidate_state(DEVICE_OBJECT *device) { invalidate(device, 0); }

/* ---- device properties (IoGetDeviceProperty) ---- */

static const struct {
    LONG property;
    const WCHAR *text;
    size_t bytes;
    ULONG number;
    bool is_text;
} properties[] = {
#define TEXT_PROPERTY(id_, text_) {id_, text_, sizeof(text_), 0, true}
    TEXT_PROPERTY(0, L"Aero VirtIO Sound Device"),                                   /* DeviceDescription */
    TEXT_PROPERTY(4, L"MEDIA"),                                                      /* ClassName */
    TEXT_PROPERTY(5, L"{4d36e96c-e325-11ce-bfc1-08002be10318}"),                     /* ClassGuid */
    TEXT_PROPERTY(6, L"{4d36e96c-e325-11ce-bfc1-08002be10318}\\0000"),               /* DriverKeyName */
    TEXT_PROPERTY(9, L"\\Device\\NTPNP_PCI0005"),                                    /* PhysicalDeviceObjectName */
    {12, NULL, 4, PCIBus, false},                                                    /* LegacyBusType */
    {13, NULL, 4, 0, false},                                                         /* BusNumber */
    TEXT_PROPERTY(14, L"PCI"),                                                       /* EnumeratorName */
    {15, NULL, 4, 0x00050000, false},                                                /* Address */
};

NTSTATUS NTAPI IoGetDeviceProperty(DEVICE_OBJECT *pdo, LONG property, ULONG bytes, PVOID buffer, PULONG result_bytes)
{
    size_t i;

    if (pdo != g_pdo)
        violation("DEVICE_RULE", "IoGetDeviceProperty: %p is not the PDO", (void *)pdo);
    for (i = 0; i < LENGTH_OF(properties); i++) {
        if (properties[i].property != property)
            continue;
        *result_bytes = (ULONG)properties[i].bytes;
        if (bytes < properties[i].bytes)
            return STATUS_BUFFER_TOO_SMALL;
        memcpy(buffer, properties[i].is_text ? (const void *)properties[i].text : &properties[i].number,
               properties[i].bytes);
        return STATUS_SUCCESS;
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

/* ---- device interfaces: names only; nothing opens them by name ---- */

NTSTATUS NTAPI IoRegisterDeviceInterface(DEVICE_OBJECT *pdo, const GUID *class_guid, UNICODE_STRING *reference,
                                         UNICODE_STRING *link)
{
    char text[256];
    size_t i, length;

    if (pdo != g_pdo)
        return STATUS_INVALID_DEVICE_REQUEST;
    snprintf(text, sizeof text, "\\??\\PCI#%s#3&11583659&0&28#{%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}%s%s",
             bus_device_name(), class_guid->Data1, class_guid->Data2, class_guid->Data3, class_guid->Data4[0],
             class_guid->Data4[1], class_guid->Data4[2], class_guid->Data4[3], class_guid->Data4[4],
             class_guid->Data4[5], class_guid->Data4[6], class_guid->Data4[7], reference ? "\\" : "",
             reference ? text_of(reference) : "");
    length = strlen(text);
    link->Buffer = ExAllocatePoolWithTag(PagedPool, (length + 1) * 2, 0x20706E50 /* "Pnp " */);
    if (link->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (i = 0; i <= length; i++)
        link->Buffer[i] = (WCHAR)(unsigned char)text[i];
    link->Length = (USHORT)(length * 2);
    link->MaximumLength = (USHORT)(length * 2 + 2);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoSetDeviceInterfaceState(UNICODE_STRING *link, BOOLEAN enable)
{
    trace("interface %s %s", text_of(link), enable ? "enabled" : "disabled");
    return STATUS_SUCCESS;
}

/* ---- file objects ---- */

static void destroy_file(void *body)
{
    FILE_OBJECT *file = body;

    if (file->FileName.Buffer != NULL)
        bench_free(file->FileName.Buffer);
    bench_free(file);
}

FILE_OBJECT *file_create(DEVICE_OBJECT *device, const WCHAR *name)
{
    FILE_OBJECT *file = bench_alloc(sizeof *file, "file object");
    size_t length = 0;

    file->Type = IO_TYPE_FILE;
    file->Size = sizeof *file;
    file->DeviceObject = device;
    while (name != NULL && name[length])
        length++;
    if (length) {
        file->FileName.Buffer = bench_alloc((length + 1) * 2, "file name");
        memcpy(file->FileName.Buffer, name, length * 2);
        file->FileName.Length = (USHORT)(length * 2);
        file->FileName.MaximumLength = (USHORT)(length * 2 + 2);
    }
    KeInitializeEvent(&file->Event, NotificationEvent, FALSE);
    KeInitializeEvent(&file->Lock, SynchronizationEvent, FALSE);
    object_register(file, OBJECT_FILE, "file object", destroy_file);
    return file;
}

void file_release(FILE_OBJECT *file) { object_dereference(file, false); }

NTOS(IoCreateDevice, IoCreateDevice, APC_LEVEL);
NTOS(IoDeleteDevice, IoDeleteDevice, APC_LEVEL);
NTOS(IoAttachDeviceToDeviceStack, IoAttachDeviceToDeviceStack, DISPATCH_LEVEL);
NTOS(IoDetachDevice, IoDetachDevice, PASSIVE_LEVEL);
NTOS(IoGetAttachedDeviceReference, IoGetAttachedDeviceReference, DISPATCH_LEVEL);
NTOS(IoGetAttachedDevice, get_attached, DISPATCH_LEVEL);
NTOS(IoGetLowerDeviceObject, get_lower_reference, APC_LEVEL);
NTOS(IoInvalidateDeviceRelations, invalidate, DISPATCH_LEVEL);
NTOS(IoInvalidateDeviceState, invalidate_state, DISPATCH_LEVEL);
NTOS(IoGetDeviceProperty, IoGetDeviceProperty, PASSIVE_LEVEL);
NTOS(IoRegisterDeviceInterface, IoRegisterDeviceInterface, PASSIVE_LEVEL);
NTOS(IoSetDeviceInterfaceState, IoSetDeviceInterfaceState, PASSIVE_LEVEL);
