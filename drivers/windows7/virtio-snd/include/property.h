/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * property.h: the conventions of PortCls property handlers, once.
 *
 * A handler answers ValueSize 0 with the size it needs (STATUS_BUFFER_OVERFLOW),
 * a smaller buffer with STATUS_BUFFER_TOO_SMALL, and sets ValueSize to what it
 * wrote. Instance data begins after the client's KSPROPERTY (KSP_PIN: the pin id
 * first). All functions: PASSIVE_LEVEL.
 */
#ifndef PROPERTY_H
#define PROPERTY_H

#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

/* The pin that a KSP_PIN property speaks of. STATUS_INVALID_PARAMETER when the instance data are too short. */
NTSTATUS PropertyPinId(PPCPROPERTY_REQUEST Request, PULONG PinId);

/* Makes room for an answer of Bytes: STATUS_SUCCESS with ValueSize set to Bytes when the buffer holds them. */
NTSTATUS PropertyReserve(PPCPROPERTY_REQUEST Request, ULONG Bytes);

/* Answers GET with the Bytes at Value. */
NTSTATUS PropertyReturn(PPCPROPERTY_REQUEST Request, const VOID *Value, ULONG Bytes);

/* Answers BASICSUPPORT: a KSPROPERTY_DESCRIPTION of a value of type VariantType (VT_...) when it fits, else the access
 * flags (KSPROPERTY_TYPE_...) of the property item as a ULONG. */
NTSTATUS PropertyBasicSupport(PPCPROPERTY_REQUEST Request, ULONG VariantType);

#endif
