/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every rule that the bench's kernel enforces: a stable identifier and what
 * Windows would do, or who says so. A run that breaks one ends at once, names
 * it, and exits with LINK_EXIT_VIOLATION. Leaks are counted in result.leaks and
 * end the run under LEAK at unload. Memory that the device kept is none: when a
 * stream was closed, or the device taken away from the driver, the device itself
 * still claimed it although it had been asked back (enum link_claim).
 *
 * "DV" is Driver Verifier; 0x.. are bug check codes; [D ..] is a page of the
 * windows-driver-docs-ddi documentation.
 */
#ifndef BENCH_RULES_H
#define BENCH_RULES_H

#define NT_RULES(X)                                                                                                    \
    /* IRQL and locks */                                                                                               \
    X(IRQL_TOO_HIGH, "call above the export's documented highest IRQL; DV: 0xC4, else 0x0A")                           \
    X(IRQL_NOT_RESTORED, "driver code returned at another IRQL than it was entered; 0xC8")                             \
    X(IRQL_RAISE_LOWERS, "KeRaiseIrql to a lower, or KeLowerIrql to a higher IRQL; DV: 0xC4 0x30/0x31")                \
    X(SPINLOCK_NOT_OWNED, "release of a spin lock that is not held; DV: 0xC4 0x32")                                    \
    X(SPINLOCK_RECURSIVE, "acquiring a spin lock that this processor already holds: deadlock; 0x0F")                   \
    X(SPINLOCK_ORDER, "locks taken in an order that another path reverses; DV deadlock detection: 0xC4 0x1001")        \
    X(SPINLOCK_HELD, "driver code returned, or waited, with a spin lock held that it had not on entry")                \
    X(SPINLOCK_IRQL, "spin lock taken or released at the wrong IRQL (AtDpcLevel below DISPATCH, wrong OldIrql)")       \
    X(SPINLOCK_UNINITIALIZED, "spin lock whose memory was never set by KeInitializeSpinLock")                          \
    X(MUTEX_NOT_OWNED, "release of a mutex that this thread does not own; raises STATUS_MUTANT_NOT_OWNED")             \
    X(MUTEX_HELD, "driver code returned with a mutex held that it had not on entry; on the way to user mode 0x01")    \
    X(MUTEX_RECURSIVE, "fast mutex acquired twice by one thread: deadlock [D wdm/nf-wdm-exacquirefastmutex]")          \
    X(MUTEX_ORDER, "mutexes or resources taken in an order that another path reverses; DV: 0xC4 0x1001")               \
    X(WAIT_AT_DISPATCH, "wait with a non-zero time-out at DISPATCH_LEVEL or above; 0xB8")                              \
    X(WAIT_UNINITIALIZED, "dispatcher object that no KeInitialize routine has prepared")                               \
    X(DEADLOCK, "every thread waits and nothing can wake one of them")                                                 \
    /* memory */                                                                                                       \
    X(PAGED_AT_DISPATCH, "pageable code or data touched at DISPATCH_LEVEL or above; 0x0A, 0xD3")                       \
    X(INIT_AFTER_ENTRY, "discarded INIT section touched after DriverEntry; 0xCE, 0x50")                                \
    X(WRITE_TO_READONLY, "write to a read-only section; 0xBE")                                                         \
    X(EXECUTE_DATA, "execution of memory without execute permission; 0xFC")                                            \
    X(NULL_ACCESS, "access to the first 64 KiB; 0x0A, 0x50")                                                           \
    X(WILD_ACCESS, "access to an address that is not mapped; 0x50")                                                    \
    X(POOL_OVERRUN, "access beyond the end or before the start of a pool block; DV special pool: 0xD6, 0xC1")          \
    X(POOL_USE_AFTER_FREE, "access to freed pool; DV special pool: 0xCC")                                              \
    X(POOL_DOUBLE_FREE, "pool freed twice; 0xC2")                                                                      \
    X(POOL_BAD_FREE, "free of an address that is not the start of a pool block; 0xC2")                                 \
    X(POOL_BAD_TAG, "pool tag zero, or freed with another tag; DV: 0xC4, 0xC2")                                        \
    X(POOL_ZERO_BYTES, "pool allocation of 0 bytes; DV: 0xC4 0x00")                                                    \
    X(POOL_BAD_TYPE, "pool type that Windows 7 does not know (NonPagedPoolNx = 512 is one)")                           \
    X(POOL_PAGED_AT_DISPATCH, "paged pool allocated or freed above APC_LEVEL; DV: 0xC4 0x01/0x11")                     \
    X(POOL_ACTIVE_OBJECT, "block freed with a queued timer or DPC, a connected interrupt, or a waiter in it; 0xC7")    \
    X(DMA_AFTER_FREE, "memory changed after it was freed: the device still owned it")                                  \
    X(DMA_EXPOSED, "memory freed while the device may reach it: in a live ring, or in a chain not given back")         \
    X(DMA_LENT_TWICE, "memory posted that another chain has, not given back; the device may write it (virtio 2.7.13)") \
    X(STACK_OVERFLOW, "more kernel stack used than Windows gives: 12 KiB on x86, 24 KiB on x64; 0x7F, 0x2B")           \
    X(BAD_FREE, "release of a resource that does not exist (mapping, MDL, interrupt, adapter ...)")                    \
    X(MDL_RULE, "MDL used in a way its state forbids (build twice, unlock unlocked, pages not locked ...); 0x76, 0x7A")\
    X(MAPPING_RULE, "MmMapIoSpace/MmUnmapIoSpace arguments do not match, or range is no resource of the device")       \
    X(DMA_RULE, "common buffer or adapter used against [D wdm/ns-wdm-_dma_operations]; DV DMA checking: 0xE6")         \
    /* device access */                                                                                                \
    X(REGISTER_WIDTH, "register access of a width or alignment that the bus or device does not allow")                 \
    X(REGISTER_RMW, "one instruction that reads and writes a device register")                                         \
    X(REGISTER_AFTER_UNMAP, "register access through a mapping that was undone; 0x50")                                 \
    X(REGISTER_OUT_OF_RANGE, "register access outside the BAR")                                                        \
    X(PORT_RULE, "port access outside the device's I/O resource")                                                      \
    X(CONFIG_RULE, "configuration space accessed wrongly")                                                             \
    X(PRIVILEGED, "privileged instruction that a driver must not use")                                                 \
    /* interrupts, timers, DPCs */                                                                                     \
    X(INTERRUPT_RULE, "IoConnectInterrupt arguments do not match the translated resource; never connected ...")        \
    X(INTERRUPT_STORM, "level stays asserted and no service routine claims it: the machine hangs")                     \
    X(DPC_UNINITIALIZED, "KDPC or KTIMER that no KeInitialize routine has prepared")                                   \
    X(DPC_TIMER, "KeInsertQueueDpc on the KDPC of an active timer [D wdm/nf-wdm-kesettimer]")                          \
    X(DPC_TOO_LONG, "a DPC of more than 100 ms of virtual time (0x133 on later systems) or of too many basic blocks")  \
    X(DPC_AFTER_UNLOAD, "DPC, timer or thread of the driver still to run when it is unloaded; 0xCE")                   \
    X(STALL_TOO_LONG, "KeStallExecutionProcessor beyond 50 us [D ntifs/nf-ntifs-kestallexecutionprocessor]")           \
    X(BUSY_LOOP, "the driver spins and time does not pass")                                                            \
    X(TIMER_RESOLUTION, "ExSetTimerResolution(.., FALSE) without a set, or still set at unload")                       \
    X(POWER_STATE, "device register touched outside D0, or IRP_MN_SET_POWER failed [D wdm power management]")          \
    X(POWER_DEADLOCK, "ExSetTimerResolution inside a power IRP [D wdm/nf-wdm-exsettimerresolution]")                   \
    /* calls */                                                                                                        \
    X(STACK_IMBALANCE, "driver function returned with another stack pointer: wrong calling convention")                \
    X(DIRECTION_FLAG, "driver code called or returned with the direction flag set; the ABI wants it clear")            \
    X(FLOATING_POINT, "x86: floating-point or SSE state used without KeSaveFloatingPointState")                        \
    X(BUGCHECK, "the driver called KeBugCheck or KeBugCheckEx")                                                        \
    X(EXCEPTION, "the driver raised an exception or executed an invalid instruction; 0x1E, 0x7E")                      \
    X(BREAKPOINT, "int 3 in shipped code; 0x7E")                                                                       \
    X(BAD_PARAMETER, "argument that the documentation forbids")                                                        \
    /* I/O manager and plug and play */                                                                                \
    X(IRP_COMPLETED_TWICE, "IoCompleteRequest on a completed IRP; 0x44")                                               \
    X(IRP_AFTER_COMPLETION, "an IRP touched after it was completed; 0x44, 0xC4")                                       \
    X(IRP_PENDING, "STATUS_PENDING without IoMarkIrpPending, or the reverse; DV: 0xC9 0x20A/0x20B")                    \
    X(IRP_NOT_COMPLETED, "dispatch routine returned neither STATUS_PENDING nor a completed IRP; DV: 0xC9")             \
    X(IRP_STATUS, "IRP completed with STATUS_PENDING, or returned status differs from IoStatus; DV: 0xC9")             \
    X(IRP_STACK, "no stack location left, or a location used wrongly; 0x35")                                           \
    X(IRP_NOT_PASSED_DOWN, "plug and play or power IRP that never reached the bus driver; DV: 0xC9")                   \
    X(IRP_PRESET, "PnP IRP sent without STATUS_NOT_SUPPORTED in IoStatus.Status; DV: 0xC9")                            \
    X(IRP_CANCEL, "completed with a cancel routine set; DV: 0xC9 0x20D")                                               \
    X(IRP_BAD_FREE, "IoFreeIrp of an IRP that the driver did not allocate or that is in use; DV: 0xC9")                \
    X(REMOVE_LOCK, "remove lock released too often, or its tag unknown; DV: 0xC9")                                     \
    X(DEVICE_RULE, "device object created, attached, detached or deleted against the rules")                           \
    X(DRIVER_RULE, "driver object lacks what it needs (AddDevice, DriverUnload, dispatch routine)")                    \
    X(OBJECT_REFERENCE, "reference count of an object fell below zero, or no such object; 0x18")                       \
    X(HANDLE_RULE, "bad handle, or one made without OBJ_KERNEL_HANDLE in a system thread; DV: 0xC4 0xF6")              \
    X(REGISTRY_RULE, "registry call with a malformed argument")                                                        \
    X(LEAK, "resources left at unload; DV: 0xC4 0x62")

#define NT_RULE_ENUM(name_, meaning_) RULE_##name_,
enum nt_rule { NT_RULES(NT_RULE_ENUM) RULE_COUNT };

#endif
