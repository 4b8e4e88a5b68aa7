/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * portcls_com.h: the three IUnknown methods, for COM objects written in C.
 *
 * An object is a nonpaged block whose first members are
 *
 *      const SOME_INTERFACE_VTBL *Vtbl;    (named lpVtbl in the interface struct)
 *      LONG References;
 *
 * with single inheritance only, so that every interface it answers for is the
 * block's own address. QueryInterface is a lookup in a table of IIDs; AddRef
 * and Release are interlocked and callable at <= DISPATCH_LEVEL, destruction
 * happens in whichever thread drops the last reference.
 */
#ifndef PORTCLS_COM_H
#define PORTCLS_COM_H

#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

/* Any IRQL; both GUIDs readable there. */
BOOLEAN PortClsComGuidEqual(const GUID *First, const GUID *Second);

/* <= DISPATCH_LEVEL. QueryInterface body: when *InterfaceId is one of the Count entries of Iids, adds a reference
 * through Object's own AddRef and stores Object; otherwise stores NULL and returns STATUS_INVALID_PARAMETER, the
 * custom of PortCls objects. */
NTSTATUS PortClsComQueryInterface(PVOID Object, const GUID *const *Iids, ULONG Count, REFIID InterfaceId,
                                  PVOID *Interface);

/* <= DISPATCH_LEVEL. The new count. */
ULONG PortClsComAddRef(LONG *References);
/* <= DISPATCH_LEVEL. The new count; at 0 the caller destroys the object. */
ULONG PortClsComRelease(LONG *References);

/* <= DISPATCH_LEVEL. Releases *Unknown unless NULL, and sets it to NULL. Use COM_RELEASE for any interface pointer. */
VOID PortClsComReleaseAndClear(PUNKNOWN *Unknown);
#define COM_RELEASE(InterfacePointerAddress) PortClsComReleaseAndClear((PUNKNOWN *)(PVOID)(InterfacePointerAddress))

#endif
