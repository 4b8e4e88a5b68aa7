/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The exports of the bench's kernel that PortCls itself uses, as portcls.sys does on Windows. */
#ifndef BENCH_NT_IMPORTS_H
#define BENCH_NT_IMPORTS_H

#include "../nt/kernel.h"

NTSTATUS NTAPI IoCreateDevice(DRIVER_OBJECT *, ULONG extension, UNICODE_STRING *name, DEVICE_TYPE, ULONG characteristics,
                              BOOLEAN exclusive, DEVICE_OBJECT **);
void NTAPI IoDeleteDevice(DEVICE_OBJECT *);
DEVICE_OBJECT *NTAPI IoAttachDeviceToDeviceStack(DEVICE_OBJECT *source, DEVICE_OBJECT *target);
void NTAPI IoDetachDevice(DEVICE_OBJECT *target);
NTSTATUS FASTCALL IofCallDriver(DEVICE_OBJECT *, IRP *);
void FASTCALL IofCompleteRequest(IRP *, CCHAR boost);
NTSTATUS NTAPI IoGetDeviceProperty(DEVICE_OBJECT *, ULONG property, ULONG size, PVOID buffer, ULONG *result);
NTSTATUS NTAPI IoOpenDeviceRegistryKey(DEVICE_OBJECT *, ULONG type, ACCESS_MASK, HANDLE *);
NTSTATUS NTAPI IoConnectInterrupt(PVOID *interrupt, PVOID routine, PVOID context, KSPIN_LOCK *lock, ULONG vector,
                                  KIRQL irql, KIRQL synchronize, ULONG mode, BOOLEAN share, KAFFINITY affinity,
                                  BOOLEAN floating);
void NTAPI IoDisconnectInterrupt(PVOID interrupt);
BOOLEAN NTAPI KeSynchronizeExecution(PVOID interrupt, PVOID routine, PVOID context);
NTSTATUS NTAPI ZwOpenKey(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI ZwCreateKey(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, ULONG, UNICODE_STRING *, ULONG, ULONG *);
NTSTATUS NTAPI ZwQueryValueKey(HANDLE, UNICODE_STRING *, ULONG, PVOID, ULONG, ULONG *);
NTSTATUS NTAPI ZwSetValueKey(HANDLE, UNICODE_STRING *, ULONG, ULONG, PVOID, ULONG);
NTSTATUS NTAPI ZwClose(HANDLE);
void NTAPI KeInitializeEvent(KEVENT *, ULONG type, BOOLEAN state);
LONG NTAPI KeSetEvent(KEVENT *, KPRIORITY, BOOLEAN);
void NTAPI KeClearEvent(KEVENT *);

#endif
