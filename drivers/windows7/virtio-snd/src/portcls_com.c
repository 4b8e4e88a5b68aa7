/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* portcls_com.c: IUnknown for COM objects written in C. */
#include "portcls_com.h"

BOOLEAN PortClsComGuidEqual(const GUID *First, const GUID *Second)
{
    return (BOOLEAN)(RtlCompareMemory(First, Second, sizeof(GUID)) == sizeof(GUID));
}

NTSTATUS PortClsComQueryInterface(PVOID Object, const GUID *const *Iids, ULONG Count, REFIID InterfaceId,
                                  PVOID *Interface)
{
    PUNKNOWN unknown = Object;
    ULONG index;

    for (index = 0; index < Count; index++) {
        if (PortClsComGuidEqual(InterfaceId, Iids[index])) {
            unknown->lpVtbl->AddRef(unknown);
            *Interface = Object;
            return STATUS_SUCCESS;
        }
    }
    *Interface = NULL;
    return STATUS_INVALID_PARAMETER;
}

ULONG PortClsComAddRef(LONG *References)
{
    return (ULONG)InterlockedIncrement(References);
}

ULONG PortClsComRelease(LONG *References)
{
    return (ULONG)InterlockedDecrement(References);
}

VOID PortClsComReleaseAndClear(PUNKNOWN *Unknown)
{
    PUNKNOWN unknown = *Unknown;

    *Unknown = NULL;
    if (unknown != NULL) {
        unknown->lpVtbl->Release(unknown);
    }
}
