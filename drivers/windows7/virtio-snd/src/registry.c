/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* registry.c: reads the driver's switches (WDK: "IoOpenDeviceRegistryKey", "ZwQueryValueKey"). */
#include "registry.h"

#define SWITCH_ON 1u

/* A value of the size that a REG_DWORD has; anything longer overflows and is not one. */
typedef union _DWORD_VALUE {
    KEY_VALUE_PARTIAL_INFORMATION Information;
    UCHAR Bytes[FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + sizeof(ULONG)];
} DWORD_VALUE;

CODE_PAGE static BOOLEAN IsSwitchOn(HANDLE Key, PCWSTR Name)
{
    DWORD_VALUE value;
    UNICODE_STRING name;
    ULONG length;
    ULONG number;
    NTSTATUS status;

    PAGED_CODE();
    RtlInitUnicodeString(&name, Name);
    status = ZwQueryValueKey(Key, &name, KeyValuePartialInformation, &value, sizeof(value), &length);
    if (!NT_SUCCESS(status) || value.Information.Type != REG_DWORD || value.Information.DataLength != sizeof(number)) {
        return FALSE;
    }
    RtlCopyMemory(&number, value.Information.Data, sizeof(number));
    return (BOOLEAN)(number == SWITCH_ON);
}

/* Adds what one key says to *Switches. */
CODE_PAGE static VOID ReadKey(HANDLE Key, PREGISTRY_SWITCHES Switches)
{
    PAGED_CODE();
    if (IsSwitchOn(Key, L"ForceNullBackend")) {
        Switches->ForceNullBackend = TRUE;
    }
    if (IsSwitchOn(Key, L"AllowPollingOnly")) {
        Switches->AllowPollingOnly = TRUE;
    }
}

CODE_PAGE VOID RegistryReadSwitches(PDEVICE_OBJECT PhysicalDeviceObject, PREGISTRY_SWITCHES Switches)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE device;
    HANDLE parameters;

    PAGED_CODE();
    RtlZeroMemory(Switches, sizeof(*Switches));
    if (!NT_SUCCESS(IoOpenDeviceRegistryKey(PhysicalDeviceObject, PLUGPLAY_REGKEY_DEVICE, KEY_READ, &device))) {
        return;
    }
    RtlInitUnicodeString(&name, L"Parameters");
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, device, NULL);
    if (NT_SUCCESS(ZwOpenKey(&parameters, KEY_READ, &attributes))) {
        ReadKey(parameters, Switches);
        (VOID)ZwClose(parameters);
    }
    ReadKey(device, Switches);
    (VOID)ZwClose(device);
}
