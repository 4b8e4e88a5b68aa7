/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bug checks, versions, the event log and other small services. */
#include "faultpoint.h"
#include "nt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the end ---- */

static VOID NTAPI bug_check_ex(ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4)
{
    violation("BUGCHECK", "bug check %#x (%#zx, %#zx, %#zx, %#zx)", code, p1, p2, p3, p4);
}
static VOID NTAPI bug_check(ULONG code) { bug_check_ex(code, 0, 0, 0, 0); }
static VOID NTAPI raise_status(NTSTATUS status) { violation("EXCEPTION", "status %s raised", status_name(status)); }
static VOID NTAPI break_point(VOID) { violation("BREAKPOINT", "DbgBreakPoint"); }
static LONG NTAPI no_handler(VOID) { violation("EXCEPTION", "structured exception handling is not available here"); }
static VOID NTAPI assertion(PCSTR expression, PCSTR file, ULONG line, PCSTR message)
{
    (void)message;
    violation("BUGCHECK", "assertion '%s' failed at %s:%u", expression, file, line);
}
NTOS(KeBugCheckEx, bug_check_ex, HIGH_LEVEL);
NTOS(KeBugCheck, bug_check, HIGH_LEVEL);
NTOS(ExRaiseStatus, raise_status, HIGH_LEVEL);
NTOS(DbgBreakPoint, break_point, HIGH_LEVEL);
NTOS(RtlAssert, assertion, HIGH_LEVEL);
#if defined(__x86_64__)
NTOS(__C_specific_handler, no_handler, HIGH_LEVEL);
#else
NTOS(_except_handler3, no_handler, HIGH_LEVEL);
#endif

/* ---- versions and processors ---- */

struct os_version { /* RTL_OSVERSIONINFOW, and the EX form's tail */
    ULONG size, major, minor, build, platform;
    WCHAR service_pack[128];
    USHORT pack_major, pack_minor, suite;
    UCHAR product, reserved;
};
#define OS_VERSION_PLAIN_BYTES 276u

static NTSTATUS NTAPI get_version(struct os_version *version)
{
    static const WCHAR pack[] = L"Service Pack 1";

    if (version->size != OS_VERSION_PLAIN_BYTES && version->size != sizeof *version)
        return STATUS_INVALID_PARAMETER;
    version->major = 6;
    version->minor = 1;
    version->build = 7601;
    version->platform = 2;
    memset(version->service_pack, 0, sizeof version->service_pack);
    memcpy(version->service_pack, pack, sizeof pack);
    if (version->size == sizeof *version) {
        version->pack_major = 1;
        version->pack_minor = 0;
        version->suite = 0x100;
        version->product = 1;
    }
    return STATUS_SUCCESS;
}

static BOOLEAN NTAPI ps_get_version(PULONG major, PULONG minor, PULONG build, UNICODE_STRING *pack)
{
    if (major != NULL)
        *major = 6;
    if (minor != NULL)
        *minor = 1;
    if (build != NULL)
        *build = 7601;
    if (pack != NULL)
        RtlInitUnicodeString(pack, L"Service Pack 1");
    return FALSE; /* a free build */
}

static ULONGLONG NTAPI condition_mask(ULONGLONG mask, ULONG type, UCHAR condition)
{
    (void)type;
    return mask << 3 | (condition & 7);
}

static NTSTATUS NTAPI verify_version(struct os_version *wanted, ULONG mask, ULONGLONG conditions)
{
    (void)conditions;
    if ((mask & 2 /* major */) && wanted->major > 6)
        return STATUS_REVISION_MISMATCH;
    if ((mask & 1 /* minor */) && wanted->major == 6 && wanted->minor > 1)
        return STATUS_REVISION_MISMATCH;
    return STATUS_SUCCESS;
}

static BOOLEAN NTAPI is_version_available(ULONG ntddi) { return ntddi <= 0x06010100; }
static KAFFINITY NTAPI active_processors(VOID) { return 1; }
static ULONG NTAPI one_processor(KAFFINITY *affinity)
{
    if (affinity != NULL)
        *affinity = 1;
    return 1;
}
static CHAR processor_count = 1;
static UCHAR NTAPI previous_mode(VOID) { return 0; }

NTOS(RtlGetVersion, get_version, PASSIVE_LEVEL);
NTOS(PsGetVersion, ps_get_version, PASSIVE_LEVEL);
NTOS(VerSetConditionMask, condition_mask, HIGH_LEVEL);
NTOS(RtlVerifyVersionInfo, verify_version, PASSIVE_LEVEL);
NTOS(RtlIsNtDdiVersionAvailable, is_version_available, PASSIVE_LEVEL);
NTOS(KeQueryActiveProcessors, active_processors, HIGH_LEVEL);
NTOS(KeQueryActiveProcessorCount, one_processor, HIGH_LEVEL);
NTOS(ExGetPreviousMode, previous_mode, PASSIVE_LEVEL);
NT_EXPORT_DATA("ntoskrnl.exe", KeNumberProcessors, &processor_count);

#if defined(__i386__)
/* Floating-point state: what KeSaveFloatingPointState must hold is opaque to the driver. */
static NTSTATUS NTAPI save_floating_point(PVOID save)
{
    resource_add("floating-point state", save, "KeSaveFloatingPointState");
    return STATUS_SUCCESS;
}
static NTSTATUS NTAPI restore_floating_point(PVOID save)
{
    resource_remove("floating-point state", save);
    __asm__ volatile("fninit");
    return STATUS_SUCCESS;
}
NTOS(KeSaveFloatingPointState, save_floating_point, DISPATCH_LEVEL);
NTOS(KeRestoreFloatingPointState, restore_floating_point, DISPATCH_LEVEL);
#endif

static PVOID NTAPI system_routine_address(UNICODE_STRING *name) { return bind_find(text_of(name)); }
NTOS(MmGetSystemRoutineAddress, system_routine_address, PASSIVE_LEVEL);

static VOID NTAPI lock_section(PVOID section) { (void)section; }
static PVOID NTAPI lock_pageable(PVOID address) { return address; }
NTOS(MmLockPagableDataSection, lock_pageable, APC_LEVEL);
NTOS(MmUnlockPagableImageSection, lock_section, APC_LEVEL);
NTOS(MmPageEntireDriver, lock_pageable, APC_LEVEL);
NTOS(MmResetDriverPaging, lock_section, APC_LEVEL);

/* ---- event log ---- */

struct log_entry { /* IO_ERROR_LOG_PACKET */
    UCHAR major;
    UCHAR retries;
    USHORT dump_bytes;
    USHORT string_count;
    USHORT string_offset;
    USHORT category;
    NTSTATUS error_code;
    ULONG unique;
    NTSTATUS final_status;
    ULONG sequence;
    ULONG control_code;
    LARGE_INTEGER device_offset;
    ULONG dump[1];
};
#define LOG_ENTRY_LIMIT 0xF0u

static char last_entry[256];

const char *event_log_last(void)
{
    return last_entry;
}

static PVOID NTAPI allocate_log_entry(PVOID object, UCHAR bytes)
{
    struct log_entry *entry;

    (void)object;
    if (bytes < offsetof(struct log_entry, dump) || bytes > LOG_ENTRY_LIMIT || fault_point(FAULT_LOG))
        return NULL;
    entry = bench_alloc(MAX(bytes, sizeof *entry), "event log entry");
    resource_add("event log entry", entry, "IoAllocateErrorLogEntry");
    return entry;
}

static VOID NTAPI free_log_entry(PVOID entry)
{
    resource_remove("event log entry", entry);
    bench_free(entry);
}

static VOID NTAPI write_log_entry(struct log_entry *entry)
{
    char data[128] = "";
    size_t used = 0;
    unsigned i;

    for (i = 0; i < entry->dump_bytes / 4u && used < sizeof data; i++)
        used += (size_t)snprintf(data + used, sizeof data - used, " %08x", entry->dump[i]);
    snprintf(last_entry, sizeof last_entry, "event log: message %#x, status %s, unique %#x,%s",
             (unsigned)entry->error_code, status_name(entry->final_status), entry->unique, data[0] ? data : " no data");
    note("%s", last_entry);
    free_log_entry(entry);
}

NTOS(IoAllocateErrorLogEntry, allocate_log_entry, DISPATCH_LEVEL);
NTOS(IoWriteErrorLogEntry, write_log_entry, DISPATCH_LEVEL);
NTOS(IoFreeErrorLogEntry, free_log_entry, DISPATCH_LEVEL);

/* ---- WMI and ETW: nobody listens ---- */

static NTSTATUS NTAPI wmi_registration(DEVICE_OBJECT *device, ULONG action)
{
    (void)device;
    (void)action;
    return STATUS_SUCCESS;
}
NTOS(IoWMIRegistrationControl, wmi_registration, PASSIVE_LEVEL);

static NTSTATUS NTAPI allocate_driver_extension(DRIVER_OBJECT *driver, PVOID id, ULONG bytes, PVOID *extension)
{
    IO_CLIENT_EXTENSION *added = bench_alloc(sizeof *added + bytes, "driver object extension");

    added->ClientIdentificationAddress = id;
    added->NextExtension = driver->DriverExtension->ClientDriverExtension;
    driver->DriverExtension->ClientDriverExtension = added;
    *extension = added + 1;
    return STATUS_SUCCESS;
}

static PVOID NTAPI get_driver_extension(DRIVER_OBJECT *driver, PVOID id)
{
    IO_CLIENT_EXTENSION *extension = driver->DriverExtension->ClientDriverExtension;

    for (; extension != NULL; extension = extension->NextExtension)
        if (extension->ClientIdentificationAddress == id)
            return extension + 1;
    return NULL;
}
NTOS(IoAllocateDriverObjectExtension, allocate_driver_extension, APC_LEVEL);
NTOS(IoGetDriverObjectExtension, get_driver_extension, DISPATCH_LEVEL);
