/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * adapter_context.h: what one successful START_DEVICE owns, shared by reference.
 *
 *      device extension --1--> ADAPTER_CONTEXT <--1-- wave miniport <--1-- each open stream
 *                                              <--1-- topology miniport
 *                                              <--n-- ports (it is their UnknownAdapter)
 *
 * Every START_DEVICE makes a new context, and STOP, SURPRISE_REMOVAL and REMOVE
 * retire it (AdapterContextRetire): streams are quiesced, then Gone is final,
 * the backend and the hardware are torn down. Handles that clients still hold
 * keep the memory of their stream, of the miniport and of the retired context
 * alive, never the hardware; a later START_DEVICE shares nothing with them.
 *
 * Lock order: StreamMutex, then whatever a stream locks in WaveRtStreamCreate or
 * WaveRtStreamQuiesce. A stream never calls in here while it holds its own locks.
 *
 * Field letters: I immutable after creation; M guarded by StreamMutex; a interlocked.
 */
#ifndef ADAPTER_CONTEXT_H
#define ADAPTER_CONTEXT_H

#include "backend.h"
#include "virtiosnd_hw.h"
#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

typedef struct _ADAPTER_CONTEXT {
    IAdapterPowerManagement Power; /* [I] first member: the block is a COM object */
    LONG References;  /* [a] */
    volatile LONG Gone; /* [a] becomes 1 once, before the backend goes */
    PDEVICE_OBJECT DeviceObject; /* [I] the FDO; not referenced, valid until REMOVE_DEVICE ends */
    PDEVICE_OBJECT PhysicalDeviceObject; /* [I] as DeviceObject */
    VIRTIOSND_DEVICE Device;    /* set by virtiosnd_hw.c; not started: null backend without hardware, or retired */
    PVIRTIOSND_BACKEND Backend; /* [M] NULL before start-up and after retirement */
    ULONG StreamSet;            /* [I] from start-up on: the backend's streams */
    BOOLEAN Asleep;        /* [M] not in D0: the hardware is stopped, streams rest */
    PIO_WORKITEM RecoveryItem;    /* [I] */
    volatile LONG RecoveryQueued; /* [a] 1: the item waits, and references the context */
    ULONG Recoveries;             /* [M] since RecoveredFirst */
    LONGLONG RecoveredFirst;      /* [M] performance counter */
    KMUTEX StreamMutex;
    PMINIPORTWAVERTSTREAM Streams[VirtIoSndStreamCount]; /* [M] open stream per direction; not referenced */
} ADAPTER_CONTEXT, *PADAPTER_CONTEXT;

/* PASSIVE_LEVEL. A context with one reference, no hardware, no backend. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS AdapterContextCreate(PDEVICE_OBJECT DeviceObject, PDEVICE_OBJECT PhysicalDeviceObject,
                              PADAPTER_CONTEXT *Context);

/* PASSIVE_LEVEL. Ends all use of the hardware: quiesces every open stream, sets Gone, destroys the backend, stops the
 * hardware. Idempotent, tolerates a context that was never fully built; keeps the caller's reference. When the device
 * is no longer there, call VirtIoSndHardwareGone on it first. */
VOID AdapterContextRetire(PADAPTER_CONTEXT Context);

/* The context as what PortCls takes for its IUnknown. */
PUNKNOWN AdapterContextUnknown(PADAPTER_CONTEXT Context);
PADAPTER_CONTEXT AdapterContextFromPower(IAdapterPowerManagement *Power);

/* <= DISPATCH_LEVEL. Reference counting of the block alone. */
VOID AdapterContextReference(PADAPTER_CONTEXT Context);
VOID AdapterContextRelease(PADAPTER_CONTEXT Context);

/* PASSIVE_LEVEL. The stream mutex; recursive, so a stream that dies while it is being quiesced does not hang. */
VOID AdapterContextLockStreams(PADAPTER_CONTEXT Context);
VOID AdapterContextUnlockStreams(PADAPTER_CONTEXT Context);

/* PASSIVE_LEVEL, stream mutex held. Before the hardware is suspended, and after it was resumed or was not. */
VOID AdapterContextRestStreams(PADAPTER_CONTEXT Context);
VOID AdapterContextStreamsGoOn(PADAPTER_CONTEXT Context);

/* Any IRQL. TRUE once the device was stopped or removed; never FALSE again. */
BOOLEAN AdapterContextIsGone(PADAPTER_CONTEXT Context);

#endif
