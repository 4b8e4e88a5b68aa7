/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The rest of the Windows 7 export list of portcls.sys. What a WaveRT driver
 * for a PCI function has no use for says STATUS_NOT_IMPLEMENTED, and a note
 * tells the user of the bench that it was asked for.
 */
#include "portcls.h"

#include <string.h>

static NTSTATUS not_implemented(const char *name)
{
    note("%s: not implemented by this bench", name);
    return STATUS_NOT_IMPLEMENTED;
}

/* 100 ns units since `since`. [D portcls/nf-portcls-pcgettimeinterval] */
static ULONGLONG NTAPI PcGetTimeInterval(ULONGLONG since)
{
    return clock_now_ns() / 100 - since;
}

static NTSTATUS NTAPI PcNewMiniport(void **out, const GUID *class_id)
{
    (void)class_id;
    if (!memory_is_writable(out, sizeof *out))
        violation("PORTCLS_BAD_ARGUMENT", "PcNewMiniport: bad result pointer");
    *out = NULL;
    return not_implemented("PcNewMiniport"); /* system-supplied FM and UART miniports */
}

static NTSTATUS NTAPI PcNewDmaChannel(void **out, void *outer, ULONG pool, void *description, DEVICE_OBJECT *fdo)
{
    (void)outer, (void)pool, (void)description;
    adapter_of(fdo, "PcNewDmaChannel");
    if (!memory_is_writable(out, sizeof *out))
        violation("PORTCLS_BAD_ARGUMENT", "PcNewDmaChannel: bad result pointer");
    *out = NULL;
    return not_implemented("PcNewDmaChannel");
}

static NTSTATUS NTAPI PcCompletePendingPropertyRequest(PCPROPERTY_REQUEST *request, NTSTATUS status)
{
    (void)request, (void)status;
    violation("PROPERTY_PENDING", "PcCompletePendingPropertyRequest: no property request is pending");
}

static NTSTATUS NTAPI PcRegisterIoTimeout(DEVICE_OBJECT *fdo, PVOID routine, PVOID context)
{
    (void)routine, (void)context;
    adapter_of(fdo, "PcRegisterIoTimeout");
    return not_implemented("PcRegisterIoTimeout");
}

static NTSTATUS NTAPI PcUnregisterIoTimeout(DEVICE_OBJECT *fdo, PVOID routine, PVOID context)
{
    (void)routine, (void)context;
    adapter_of(fdo, "PcUnregisterIoTimeout");
    return STATUS_NOT_FOUND;
}

/* Content protection: the bench plays unprotected content only (content ID 0), which every function allows. */
static NTSTATUS NTAPI PcAddContentHandlers(ULONG id, PVOID *handlers, ULONG count)
{
    (void)handlers, (void)count;
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

static NTSTATUS NTAPI PcCreateContentMixed(ULONG *ids, ULONG count, ULONG *mixed)
{
    if (!memory_is_readable(ids, count * sizeof *ids) || !memory_is_writable(mixed, sizeof *mixed))
        violation("PORTCLS_BAD_ARGUMENT", "PcCreateContentMixed: bad pointer");
    *mixed = 0;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI PcDestroyContent(ULONG id)
{
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

static NTSTATUS NTAPI PcForwardContentToDeviceObject(ULONG id, PVOID reserved, PVOID forward)
{
    (void)reserved, (void)forward;
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

static NTSTATUS NTAPI PcForwardContentToFileObject(ULONG id, PVOID file)
{
    (void)file;
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

static NTSTATUS NTAPI PcForwardContentToInterface(ULONG id, PVOID unknown, ULONG methods)
{
    (void)unknown, (void)methods;
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

static NTSTATUS NTAPI PcGetContentRights(ULONG id, ULONG *rights)
{
    if (!memory_is_writable(rights, 12))
        violation("PORTCLS_BAD_ARGUMENT", "PcGetContentRights: bad pointer");
    memset(rights, 0, 12);
    return id == 0 ? STATUS_SUCCESS : STATUS_NOT_FOUND;
}

#define PORTCLS_EXPORT(function) NT_EXPORT("portcls.sys", function, PASSIVE_LEVEL)
NT_EXPORT("portcls.sys", PcGetTimeInterval, DISPATCH_LEVEL);
PORTCLS_EXPORT(PcNewMiniport);
PORTCLS_EXPORT(PcNewDmaChannel);
PORTCLS_EXPORT(PcCompletePendingPropertyRequest);
PORTCLS_EXPORT(PcRegisterIoTimeout);
PORTCLS_EXPORT(PcUnregisterIoTimeout);
PORTCLS_EXPORT(PcAddContentHandlers);
PORTCLS_EXPORT(PcCreateContentMixed);
PORTCLS_EXPORT(PcDestroyContent);
PORTCLS_EXPORT(PcForwardContentToDeviceObject);
PORTCLS_EXPORT(PcForwardContentToFileObject);
PORTCLS_EXPORT(PcForwardContentToInterface);
PORTCLS_EXPORT(PcGetContentRights);
