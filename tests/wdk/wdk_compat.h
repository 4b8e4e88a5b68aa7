/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Stands in for drivers/windows7/virtio/common/include/wdk_compat.h when the
 * driver's sources are compiled for the host: the little of the WDK that the
 * portable parts of the driver use, with the same names and widths. wdk.c
 * implements it and is strict: IRQL, lock ownership, pool and DMA memory.
 *
 * Physical addresses are not the virtual ones: a driver that mixes them up
 * fails at once.
 */
#ifndef FAKE_WDK_COMPAT_H
#define FAKE_WDK_COMPAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NTAPI
#define VOID void
#define CODE_PAGE
#define CODE_RESIDENT
#define CODE_INIT
#define CODE_INLINE static __inline
#define TRUE 1
#define FALSE 0

typedef int8_t CHAR;
typedef uint8_t UCHAR, BOOLEAN, KIRQL, *PUCHAR;
typedef int16_t SHORT;
typedef uint16_t USHORT, *PUSHORT;
typedef int32_t LONG, NTSTATUS;
typedef uint32_t ULONG, *PULONG;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uintptr_t ULONG_PTR, SIZE_T, PFN_NUMBER, KSPIN_LOCK;
typedef void *PVOID;

typedef union _LARGE_INTEGER {
    LONGLONG QuadPart;
} LARGE_INTEGER, PHYSICAL_ADDRESS, *PLARGE_INTEGER;

#define NT_SUCCESS(status) ((NTSTATUS)(status) >= 0)
#define STATUS_SUCCESS ((NTSTATUS)0x00000000)
#define STATUS_PENDING ((NTSTATUS)0x00000103)
#define STATUS_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define STATUS_DEVICE_BUSY ((NTSTATUS)0x80000011)
#define STATUS_DEVICE_NOT_READY ((NTSTATUS)0xC00000A3)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009A)
#define STATUS_DEVICE_NOT_CONNECTED ((NTSTATUS)0xC000009D)
#define STATUS_IO_TIMEOUT ((NTSTATUS)0xC00000B5)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)
#define STATUS_CANCELLED ((NTSTATUS)0xC0000120)
#define STATUS_DEVICE_CONFIGURATION_ERROR ((NTSTATUS)0xC0000182)
#define STATUS_INVALID_DEVICE_STATE ((NTSTATUS)0xC0000184)
#define STATUS_DEVICE_PROTOCOL_ERROR ((NTSTATUS)0xC0000186)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001)
#define STATUS_NOT_FOUND ((NTSTATUS)0xC0000225)

#define PASSIVE_LEVEL 0
#define DISPATCH_LEVEL 2
#define PAGE_SIZE 4096u
#define PAGE_SHIFT 12

#define FIELD_OFFSET(type, field) ((ULONG)offsetof(type, field))
#define UNREFERENCED_PARAMETER(p) ((void)(p))
#define RtlZeroMemory(p, n) memset((p), 0, (n))
#define RtlMoveMemory(d, s, n) memmove((d), (s), (n))
#define RtlCopyMemory(d, s, n) memcpy((d), (s), (n))
VOID KeMemoryBarrier(VOID);
#define InterlockedExchange(p, v) __sync_lock_test_and_set((p), (v))
#define InterlockedCompareExchange(p, v, c) __sync_val_compare_and_swap((p), (c), (v))
#define InterlockedIncrement(p) __sync_add_and_fetch((p), 1)
#define InterlockedDecrement(p) __sync_sub_and_fetch((p), 1)

/* ---- IRQL and spin locks: owner and level are checked ---- */
void wdk_require_passive(const char *what);
void wdk_require_dispatch(const char *what);
enum wdk_taken { WDK_FREE, WDK_TAKEN_RAISING, WDK_TAKEN_AT_DISPATCH }; /* a lock is released the way it was taken */
void wdk_acquire(KSPIN_LOCK *lock, enum wdk_taken how, const char *what);
void wdk_release(KSPIN_LOCK *lock, enum wdk_taken how, const char *what);
KIRQL wdk_raise(KIRQL irql);
void wdk_lower(KIRQL irql);
#define PAGED_CODE() wdk_require_passive(__func__)
#define KeInitializeSpinLock(lock) (*(lock) = 0)
#define KeAcquireSpinLock(lock, irql)                                                                                \
    (*(irql) = wdk_raise(DISPATCH_LEVEL), wdk_acquire((lock), WDK_TAKEN_RAISING, __func__))
#define KeReleaseSpinLock(lock, irql) (wdk_release((lock), WDK_TAKEN_RAISING, __func__), wdk_lower(irql))
#define KeAcquireSpinLockAtDpcLevel(lock)                                                                            \
    (wdk_require_dispatch(__func__), wdk_acquire((lock), WDK_TAKEN_AT_DISPATCH, __func__))
#define KeReleaseSpinLockFromDpcLevel(lock)                                                                          \
    (wdk_require_dispatch(__func__), wdk_release((lock), WDK_TAKEN_AT_DISPATCH, __func__))
#define KeRaiseIrql(level, old) (*(old) = wdk_raise(level))
#define KeLowerIrql(level) wdk_lower(level)

/* ---- waiting: time stands still but here ---- */
typedef struct _KEVENT {
    LONG Signalled;
} KEVENT, *PKEVENT;
typedef struct _KMUTEX {
    LONG Owned;
} KMUTEX;
typedef enum { NotificationEvent, SynchronizationEvent } EVENT_TYPE;
enum { Executive, KernelMode, IO_NO_INCREMENT };
#define KeInitializeEvent(event, type, state) ((event)->Signalled = (state))
#define KeSetEvent(event, increment, wait) ((event)->Signalled = 1)
#define KeClearEvent(event) ((event)->Signalled = 0)
#define KeInitializeMutex(mutex, level) ((mutex)->Owned = 0)
LONG KeReleaseMutex(KMUTEX *mutex, BOOLEAN wait);
NTSTATUS wdk_wait(void *object, SIZE_T size, const LARGE_INTEGER *timeout);
#define KeWaitForSingleObject(object, reason, mode, alertable, timeout) wdk_wait((object), sizeof(*(object)), (timeout))
NTSTATUS wdk_delay(const LARGE_INTEGER *interval);
#define KeDelayExecutionThread(mode, alertable, interval) wdk_delay(interval)
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency); /* 10 MHz */

/* ---- memory ---- */
enum { NonPagedPool, MmCached, MmNonCached };
PVOID ExAllocatePoolWithTag(int type, SIZE_T bytes, ULONG tag);
VOID ExFreePoolWithTag(PVOID memory, ULONG tag);
PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T bytes, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest,
                                             PHYSICAL_ADDRESS boundary, int cache);
VOID MmFreeContiguousMemorySpecifyCache(PVOID memory, SIZE_T bytes, int cache);
PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID memory);

/* ---- MDLs: byte offset, byte count, page frame numbers ---- */
typedef struct _MDL {
    ULONG ByteOffset;
    ULONG ByteCount;
    PFN_NUMBER *Pages;
} MDL, *PMDL;
#define MmGetMdlByteCount(mdl) ((mdl)->ByteCount)
#define MmGetMdlByteOffset(mdl) ((mdl)->ByteOffset)
#define MmGetMdlPfnArray(mdl) ((mdl)->Pages)

PVOID MmMapIoSpace(PHYSICAL_ADDRESS start, SIZE_T bytes, int cache);
VOID MmUnmapIoSpace(PVOID memory, SIZE_T bytes);

/* ---- interrupts and DPCs: wdk_interrupt() is the device, wdk_run_dpcs() the processor ---- */
typedef struct _KINTERRUPT *PKINTERRUPT;
typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink, *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _KTIMER {
    ULONGLONG due;
} KTIMER, *PKTIMER;

typedef struct _KDPC *PKDPC;
typedef BOOLEAN KSERVICE_ROUTINE(PKINTERRUPT interrupt, PVOID context);
typedef VOID KDEFERRED_ROUTINE(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2);
typedef struct _KDPC {
    KDEFERRED_ROUTINE *Routine;
    PVOID Context;
} KDPC;
typedef enum _KINTERRUPT_MODE { LevelSensitive, Latched } KINTERRUPT_MODE;
#define InterlockedOr(p, v) __sync_fetch_and_or((p), (v))
#define KeInitializeDpc(dpc, routine, context) ((dpc)->Routine = (routine), (dpc)->Context = (context))
BOOLEAN KeInsertQueueDpc(PKDPC dpc, PVOID argument1, PVOID argument2);
BOOLEAN KeRemoveQueueDpc(PKDPC dpc);
VOID KeFlushQueuedDpcs(void);
NTSTATUS IoConnectInterrupt(PKINTERRUPT *interrupt, KSERVICE_ROUTINE *isr, PVOID context, KSPIN_LOCK *lock,
                            ULONG vector, KIRQL irql, KIRQL synchronize, KINTERRUPT_MODE mode, BOOLEAN share,
                            ULONG_PTR processors, BOOLEAN floating);
VOID IoDisconnectInterrupt(PKINTERRUPT interrupt);

/* ---- resources ---- */
enum { CmResourceTypePort = 1, CmResourceTypeInterrupt = 2, CmResourceTypeMemory = 3 };
enum { CmResourceShareDeviceExclusive = 1, CmResourceShareShared = 3 };
#define CM_RESOURCE_INTERRUPT_LATCHED 1
#define CM_RESOURCE_INTERRUPT_MESSAGE 2
typedef struct _CM_PARTIAL_RESOURCE_DESCRIPTOR {
    UCHAR Type;
    UCHAR ShareDisposition;
    USHORT Flags;
    union {
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Memory;
        struct {
            PHYSICAL_ADDRESS Start;
            ULONG Length;
        } Port;
        struct {
            ULONG Level;
            ULONG Vector;
            ULONG_PTR Affinity;
        } Interrupt;
    } u;
} CM_PARTIAL_RESOURCE_DESCRIPTOR;
typedef struct _CM_PARTIAL_RESOURCE_LIST {
    ULONG Count;
    CM_PARTIAL_RESOURCE_DESCRIPTOR PartialDescriptors[4];
} CM_PARTIAL_RESOURCE_LIST;
typedef struct _CM_RESOURCE_LIST {
    ULONG Count;
    struct {
        CM_PARTIAL_RESOURCE_LIST PartialResourceList;
    } List[1];
} CM_RESOURCE_LIST, *PCM_RESOURCE_LIST;

/* ---- IRP_MN_QUERY_INTERFACE ---- */
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2, Data3;
    uint8_t Data4[8];
} GUID;
typedef struct _DEVICE_OBJECT *PDEVICE_OBJECT;
typedef struct _INTERFACE *PINTERFACE;
typedef struct _BUS_INTERFACE_STANDARD {
    USHORT Size, Version;
    PVOID Context;
    VOID (*InterfaceReference)(PVOID context);
    VOID (*InterfaceDereference)(PVOID context);
    ULONG (*SetBusData)(PVOID context, ULONG type, PVOID buffer, ULONG offset, ULONG length);
    ULONG (*GetBusData)(PVOID context, ULONG type, PVOID buffer, ULONG offset, ULONG length);
} BUS_INTERFACE_STANDARD;
typedef struct _IO_STATUS_BLOCK {
    NTSTATUS Status;
    ULONG_PTR Information;
} IO_STATUS_BLOCK;
typedef struct _IO_STACK_LOCATION {
    UCHAR MajorFunction, MinorFunction;
    struct {
        struct {
            const GUID *InterfaceType;
            USHORT Size, Version;
            PINTERFACE Interface;
            PVOID InterfaceSpecificData;
        } QueryInterface;
    } Parameters;
} IO_STACK_LOCATION, *PIO_STACK_LOCATION;
typedef struct _IRP {
    IO_STATUS_BLOCK IoStatus;
    IO_STACK_LOCATION Next;
    IO_STATUS_BLOCK *UserIosb;
    PKEVENT UserEvent;
} IRP, *PIRP;
#define IRP_MJ_PNP 0x1B
#define IRP_MN_QUERY_INTERFACE 0x08
#define IoGetNextIrpStackLocation(irp) (&(irp)->Next)
PIRP IoBuildSynchronousFsdRequest(ULONG major, PDEVICE_OBJECT device, PVOID buffer, ULONG length, LARGE_INTEGER *offset,
                                  PKEVENT event, IO_STATUS_BLOCK *result);
NTSTATUS IoCallDriver(PDEVICE_OBJECT device, PIRP irp); /* goes to wdk.call_driver */

/* ---- registers: each access goes to wdk.register_read / register_write ---- */
ULONG wdk_read_register(const void *address, ULONG size);
void wdk_write_register(void *address, ULONG size, ULONG value);
#define READ_REGISTER_UCHAR(p) ((UCHAR)wdk_read_register((p), 1))
#define READ_REGISTER_USHORT(p) ((USHORT)wdk_read_register((p), 2))
#define READ_REGISTER_ULONG(p) wdk_read_register((p), 4)
#define WRITE_REGISTER_UCHAR(p, v) wdk_write_register((p), 1, (v))
#define WRITE_REGISTER_USHORT(p, v) wdk_write_register((p), 2, (v))
#define WRITE_REGISTER_ULONG(p, v) wdk_write_register((p), 4, (v))

#endif
