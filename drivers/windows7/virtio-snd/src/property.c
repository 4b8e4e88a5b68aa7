/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * property.c: sizes and BASICSUPPORT of property answers
 * (WDK: "PCPROPERTY_REQUEST structure", "KSPROPERTY_DESCRIPTION structure").
 */
#include "property.h"

#include "guids.h"

static const GUID GeneralTypeSet = GUID_INITIALIZER(STATIC_KSPROPTYPESETID_General);

CODE_PAGE NTSTATUS PropertyPinId(PPCPROPERTY_REQUEST Request, PULONG PinId)
{
    PAGED_CODE();
    if (Request->Instance == NULL || Request->InstanceSize < sizeof(ULONG)) {
        return STATUS_INVALID_PARAMETER;
    }
    *PinId = *(const ULONG *)Request->Instance;
    return STATUS_SUCCESS;
}

CODE_PAGE NTSTATUS PropertyReserve(PPCPROPERTY_REQUEST Request, ULONG Bytes)
{
    PAGED_CODE();
    if (Request->ValueSize == 0) {
        Request->ValueSize = Bytes;
        return STATUS_BUFFER_OVERFLOW;
    }
    if (Request->Value == NULL || Request->ValueSize < Bytes) {
        Request->ValueSize = 0;
        return STATUS_BUFFER_TOO_SMALL;
    }
    Request->ValueSize = Bytes;
    return STATUS_SUCCESS;
}

CODE_PAGE NTSTATUS PropertyReturn(PPCPROPERTY_REQUEST Request, const VOID *Value, ULONG Bytes)
{
    NTSTATUS status;

    PAGED_CODE();
    status = PropertyReserve(Request, Bytes);
    if (NT_SUCCESS(status)) {
        RtlCopyMemory(Request->Value, Value, Bytes);
    }
    return status;
}

CODE_PAGE NTSTATUS PropertyBasicSupport(PPCPROPERTY_REQUEST Request, ULONG VariantType)
{
    KSPROPERTY_DESCRIPTION description;

    PAGED_CODE();
    RtlZeroMemory(&description, sizeof(description));
    description.AccessFlags = Request->PropertyItem->Flags;
    if (Request->ValueSize != 0 && Request->ValueSize < sizeof(description)) {
        return PropertyReturn(Request, &description.AccessFlags, sizeof(description.AccessFlags));
    }
    description.DescriptionSize = sizeof(description);
    description.PropTypeSet.Set = GeneralTypeSet;
    description.PropTypeSet.Id = VariantType;
    return PropertyReturn(Request, &description, sizeof(description));
}
