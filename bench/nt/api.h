/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Exports of the bench's kernel that its other parts call too, under the names
 * and with the meaning of the WDK. Where Windows returns LARGE_INTEGER, these
 * return LONGLONG (see abi.h).
 */
#ifndef BENCH_API_H
#define BENCH_API_H

#include "abi.h"
#include "types.h"

/* dispatcher objects */
VOID NTAPI KeInitializeEvent(KEVENT *event, EVENT_TYPE type, BOOLEAN state);
LONG NTAPI KeSetEvent(KEVENT *event, KPRIORITY increment, BOOLEAN wait);
LONG NTAPI KeResetEvent(KEVENT *event);
VOID NTAPI KeClearEvent(KEVENT *event);
LONG NTAPI KeReadStateEvent(KEVENT *event);
VOID NTAPI KeInitializeMutex(KMUTEX *mutex, ULONG level);
LONG NTAPI KeReleaseMutex(KMUTEX *mutex, BOOLEAN wait);
VOID NTAPI KeInitializeSemaphore(KSEMAPHORE *semaphore, LONG count, LONG limit);
LONG NTAPI KeReleaseSemaphore(KSEMAPHORE *semaphore, KPRIORITY increment, LONG adjustment, BOOLEAN wait);
NTSTATUS NTAPI KeWaitForSingleObject(PVOID object, LONG reason, KPROCESSOR_MODE mode, BOOLEAN alertable,
                                     LARGE_INTEGER *timeout);
VOID NTAPI KeInitializeTimerEx(KTIMER *timer, TIMER_TYPE type);
BOOLEAN NTAPI KeSetTimerEx(KTIMER *timer, LARGE_INTEGER due, LONG period_ms, KDPC *dpc);
BOOLEAN NTAPI KeCancelTimer(KTIMER *timer);
VOID NTAPI KeInitializeDpc(KDPC *dpc, PKDEFERRED_ROUTINE routine, PVOID context);
BOOLEAN NTAPI KeInsertQueueDpc(KDPC *dpc, PVOID argument1, PVOID argument2);
VOID NTAPI KeFlushQueuedDpcs(VOID);
NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE mode, BOOLEAN alertable, LARGE_INTEGER *interval);

/* locks */
VOID NTAPI KeInitializeSpinLock(KSPIN_LOCK *lock);

/* memory */
PVOID NTAPI ExAllocatePoolWithTag(LONG type, SIZE_T bytes, ULONG tag);
VOID NTAPI ExFreePoolWithTag(PVOID p, ULONG tag);
VOID NTAPI ExFreePool(PVOID p);
MDL *NTAPI IoAllocateMdl(PVOID va, ULONG length, BOOLEAN secondary, BOOLEAN charge, IRP *irp);
VOID NTAPI IoFreeMdl(MDL *mdl);
VOID NTAPI MmBuildMdlForNonPagedPool(MDL *mdl);
MDL *NTAPI MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS skip, SIZE_T bytes,
                                   LONG cache, ULONG flags);
VOID NTAPI MmFreePagesFromMdl(MDL *mdl);
PVOID NTAPI MmMapLockedPagesSpecifyCache(MDL *mdl, KPROCESSOR_MODE mode, LONG cache, PVOID base, ULONG bugcheck,
                                         LONG priority);
VOID NTAPI MmUnmapLockedPages(PVOID va, MDL *mdl);
LONGLONG NTAPI MmGetPhysicalAddress(PVOID va);

/* devices */
NTSTATUS NTAPI IoCreateDevice(DRIVER_OBJECT *driver, ULONG extension_bytes, UNICODE_STRING *name, DEVICE_TYPE type,
                              ULONG characteristics, BOOLEAN exclusive, DEVICE_OBJECT **device);
VOID NTAPI IoDeleteDevice(DEVICE_OBJECT *device);
DEVICE_OBJECT *NTAPI IoAttachDeviceToDeviceStack(DEVICE_OBJECT *source, DEVICE_OBJECT *target);
VOID NTAPI IoDetachDevice(DEVICE_OBJECT *target);
DEVICE_OBJECT *NTAPI IoGetAttachedDeviceReference(DEVICE_OBJECT *device);
NTSTATUS NTAPI IoGetDeviceProperty(DEVICE_OBJECT *pdo, LONG property, ULONG bytes, PVOID buffer, PULONG result_bytes);
NTSTATUS NTAPI IoRegisterDeviceInterface(DEVICE_OBJECT *pdo, const GUID *class_guid, UNICODE_STRING *reference,
                                         UNICODE_STRING *link);
NTSTATUS NTAPI IoSetDeviceInterfaceState(UNICODE_STRING *link, BOOLEAN enable);
VOID FASTCALL ObfReferenceObject(PVOID object);
VOID FASTCALL ObfDereferenceObject(PVOID object);
NTSTATUS NTAPI IoOpenDeviceRegistryKey(DEVICE_OBJECT *pdo, ULONG type, ACCESS_MASK access, HANDLE *key);
NTSTATUS NTAPI ZwClose(HANDLE handle);
/* Makes a registry handle for `path`, relative to the device's key when `root` is NULL (PcNewRegistryKey). */
NTSTATUS NTAPI ZwOpenKey(HANDLE *key, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes);
NTSTATUS NTAPI ZwCreateKey(HANDLE *key, ACCESS_MASK access, OBJECT_ATTRIBUTES *attributes, ULONG title,
                           UNICODE_STRING *class_name, ULONG options, PULONG disposition);
NTSTATUS NTAPI ZwQueryValueKey(HANDLE key, UNICODE_STRING *name, LONG information_class, PVOID information,
                               ULONG bytes, PULONG result_bytes);
NTSTATUS NTAPI ZwSetValueKey(HANDLE key, UNICODE_STRING *name, ULONG title, ULONG type, PVOID data, ULONG bytes);

/* IRPs */
IRP *NTAPI IoAllocateIrp(CCHAR stack_size, BOOLEAN charge);
VOID NTAPI IoFreeIrp(IRP *irp);
NTSTATUS FASTCALL IofCallDriver(DEVICE_OBJECT *device, IRP *irp);
VOID FASTCALL IofCompleteRequest(IRP *irp, CCHAR boost);
VOID NTAPI PoStartNextPowerIrp(IRP *irp);
NTSTATUS NTAPI PoCallDriver(DEVICE_OBJECT *device, IRP *irp);
POWER_STATE NTAPI PoSetPowerState(DEVICE_OBJECT *device, LONG type, POWER_STATE state);

/* A file object for a device, as NtCreateFile makes it (no name parsing); freed when its references are gone. */
FILE_OBJECT *file_create(DEVICE_OBJECT *device, const WCHAR *name);
void file_release(FILE_OBJECT *file);

/* strings */
VOID NTAPI RtlInitUnicodeString(UNICODE_STRING *string, PCWSTR source);
/* UTF-16 to ASCII for messages; static ring of buffers. */
const char *text_of(const UNICODE_STRING *string);

#endif
