/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Planned failures: each export that may fail in Windows asks here, by the kind
 * of resource, whether this use of it is to fail. Uses count from 1 while driver
 * code runs; what the bench does for itself is never counted.
 */
#ifndef BENCH_FAULTPOINT_H
#define BENCH_FAULTPOINT_H

#include "types.h"

#include <stdbool.h>
#include <stdint.h>

/* id, name on the command line, what Windows answers (0: no pointer, not a status) */
#define FAULT_TABLE(X)                                                                                                 \
    X(FAULT_POOL, "pool", 0)                            /* ExAllocatePool... */                                        \
    X(FAULT_CONTIGUOUS, "contiguous", 0)                /* MmAllocateContiguousMemory..., AllocateCommonBuffer */      \
    X(FAULT_MDL, "mdl", 0)                              /* IoAllocateMdl, MmAllocatePagesForMdl */                     \
    X(FAULT_MAPPING, "mapping", 0)                      /* MmMapIoSpace, MmMapLockedPages... */                        \
    X(FAULT_DMA_ADAPTER, "dma-adapter", 0)              /* IoGetDmaAdapter */                                          \
    X(FAULT_INTERRUPT, "interrupt", STATUS_INSUFFICIENT_RESOURCES)       /* IoConnectInterrupt... */                   \
    X(FAULT_IRP, "irp", 0)                              /* IoAllocateIrp, IoBuild... */                                \
    X(FAULT_FORWARD, "forward", STATUS_DEVICE_NOT_READY) /* what the bus driver answers to an IRP */                   \
    X(FAULT_CONFIG, "config", 0)                        /* GetBusData reads nothing */                                 \
    X(FAULT_REGISTRY, "registry", STATUS_INSUFFICIENT_RESOURCES)         /* keys and values, also for reading */       \
    X(FAULT_LOG, "event-log", 0)                        /* IoAllocateErrorLogEntry */                                  \
    X(FAULT_WORK, "work-item", 0)                       /* IoAllocateWorkItem */                                       \
    X(FAULT_THREAD, "thread", STATUS_INSUFFICIENT_RESOURCES)             /* PsCreateSystemThread */                    \
    X(FAULT_INITIALIZE, "initialize", STATUS_INSUFFICIENT_RESOURCES)     /* PcInitializeAdapterDriver */               \
    X(FAULT_ADD, "add-device", STATUS_INSUFFICIENT_RESOURCES)            /* PcAddAdapterDevice */                      \
    X(FAULT_POWER, "power", STATUS_INSUFFICIENT_RESOURCES)               /* PcRegisterAdapterPowerManagement */        \
    X(FAULT_PORT, "port", STATUS_INSUFFICIENT_RESOURCES)                 /* PcNewPort */                               \
    X(FAULT_PORT_INIT, "port-init", STATUS_INSUFFICIENT_RESOURCES)       /* IPort::Init, once the miniport's ran */    \
    X(FAULT_SUBDEVICE, "subdevice", STATUS_INSUFFICIENT_RESOURCES)       /* PcRegisterSubdevice */                     \
    X(FAULT_CONNECTION, "connection", STATUS_INSUFFICIENT_RESOURCES)     /* PcRegisterPhysicalConnection */            \
    X(FAULT_INTERFACE, "interface", STATUS_INVALID_PARAMETER)            /* QueryInterface of PortCls' objects */      \
    X(FAULT_UNREGISTER, "unregister", STATUS_UNSUCCESSFUL)               /* IUnregister... of subdevice, connection */ \
    X(FAULT_STREAM_PAGES, "stream-pages", 0)            /* IPortWaveRTStream::Allocate...PagesForMdl */                \
    X(FAULT_STREAM_SHORT, "stream-short", 0)            /* the same: fewer pages than asked */                         \
    X(FAULT_STREAM_MAPPING, "stream-mapping", 0)        /* IPortWaveRTStream::MapAllocatedPages */

#define FAULT_ID(id_, name_, status_) id_,
enum fault_kind { FAULT_TABLE(FAULT_ID) FAULT_KINDS };

/* True: this use must fail. Call once for each use, where Windows would run out. */
bool fault_point(enum fault_kind kind);
/* What a failing use of a kind answers; only of those that answer a status. */
NTSTATUS fault_status(enum fault_kind kind);

/* Plans that use number `nth` (from 1) of a kind fails, and with `for_good` every later one. Starts to count anew. */
void fault_plan(enum fault_kind kind, uint64_t nth, bool for_good);
/* Beside that every use of this kind fails, so that the undoing of a failure meets one more. Call after fault_plan. */
void fault_plan_also(enum fault_kind kind);
/* Nothing fails any more; counts stay. Also the state at the start. */
void fault_plan_nothing(void);
uint64_t fault_uses(enum fault_kind kind);
const char *fault_name(enum fault_kind kind);
/* FAULT_KINDS: there is no such kind. */
enum fault_kind fault_find(const char *name);

#endif
