/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * I/O request packets. Beside each IRP the bench keeps a record of its own that
 * the driver cannot reach: which locations were marked pending, whether it was
 * completed and how. A completed IRP is sealed until its sender looks at it.
 */
#include "faultpoint.h"
#include "nt.h"

#include "object.h"

#include <stdlib.h>
#include <string.h>

#define MAX_STACK 16

struct record {
    struct record *next;
    IRP *irp;
    bool by_driver;     /* IoAllocateIrp or IoBuild... of the driver */
    bool auto_free;     /* the I/O manager frees it when it is completed */
    bool completed, freed, sent;
    unsigned calls;     /* IofCallDriver frames that still look at this record */
    bool pending[MAX_STACK + 2];
    IO_STATUS_BLOCK final;
};
static struct record *records;
static KSPIN_LOCK cancel_lock;

static struct record *record_of(const IRP *irp)
{
    struct record *record;

    for (record = records; record != NULL; record = record->next)
        if (record->irp == irp && !record->freed)
            return record;
    return NULL;
}

static void drop_record(struct record *record)
{
    struct record **link;

    if (!record->freed || record->calls)
        return;
    for (link = &records; *link != record; link = &(*link)->next)
        ;
    *link = record->next;
    free(record);
}

static struct record *require(const IRP *irp, const char *what)
{
    struct record *record = record_of(irp);

    if (record == NULL)
        violation("IRP_BAD_FREE", "%s: %p is no IRP that exists", what, (const void *)irp);
    return record;
}

static void setup(IRP *irp, CCHAR stack_size)
{
    memset(irp, 0, sizeof *irp + (size_t)stack_size * sizeof(IO_STACK_LOCATION));
    irp->Type = IO_TYPE_IRP;
    irp->Size = (USHORT)(sizeof *irp + (size_t)stack_size * sizeof(IO_STACK_LOCATION));
    irp->StackCount = stack_size;
    irp->CurrentLocation = (CHAR)(stack_size + 1);
    irp->Tail.Overlay.CurrentStackLocation = (IO_STACK_LOCATION *)(irp + 1) + stack_size;
    irp->ThreadListEntry.Flink = irp->ThreadListEntry.Blink = &irp->ThreadListEntry;
    irp->Tail.Overlay.Thread = thread_current();
}

IRP *NTAPI IoAllocateIrp(CCHAR stack_size, BOOLEAN charge)
{
    struct record *record;
    IRP *irp;

    (void)charge;
    if (stack_size <= 0 || stack_size > MAX_STACK)
        violation("BAD_PARAMETER", "IoAllocateIrp with %d stack locations", stack_size);
    if (fault_point(FAULT_IRP))
        return NULL;
    irp = bench_alloc(sizeof *irp + (size_t)stack_size * sizeof(IO_STACK_LOCATION), "IRP");
    setup(irp, stack_size);
    record = calloc(1, sizeof *record);
    if (record == NULL)
        bench_bug("out of memory");
    record->irp = irp;
    record->by_driver = image_contains(g_blame, 1) && g_frames != NULL;
    record->next = records;
    records = record;
    if (record->by_driver)
        resource_add("IRP", irp, "IoAllocateIrp");
    return irp;
}

static void unseal(IRP *irp)
{
    struct block *block = arena_find(irp);

    if (block->sealed)
        arena_unseal(block);
}

VOID NTAPI IoFreeIrp(IRP *irp)
{
    struct record *record = require(irp, "IoFreeIrp");

    if (record->sent && !record->completed && irp->CurrentLocation <= irp->StackCount)
        violation("IRP_BAD_FREE", "IoFreeIrp of an IRP that a driver still holds");
    if (record->by_driver)
        resource_remove("IRP", irp);
    unseal(irp);
    bench_free(irp);
    record->freed = true;
    drop_record(record);
}

static VOID NTAPI initialize_irp(IRP *irp, USHORT size, CCHAR stack_size)
{
    (void)size;
    setup(irp, stack_size);
}

static VOID NTAPI reuse_irp(IRP *irp, NTSTATUS status)
{
    struct record *record = require(irp, "IoReuseIrp");

    setup(irp, irp->StackCount);
    irp->IoStatus.Status = status;
    record->completed = record->sent = false;
    memset(record->pending, 0, sizeof record->pending);
}

/* ---- sending ---- */

static void check_dispatch(struct record *record, int level, NTSTATUS status, bool driver)
{
    bool pending = record->pending[level];

    if (!record->completed && !record->freed && record->irp->CurrentLocation <= level)
        pending = ((IO_STACK_LOCATION *)(record->irp + 1))[level - 1].Control & SL_PENDING_RETURNED;
    if (!driver)
        return;
    if (status == STATUS_PENDING && !pending)
        violation("IRP_PENDING", "the dispatch routine returned STATUS_PENDING without IoMarkIrpPending");
    if (status != STATUS_PENDING && pending)
        violation("IRP_PENDING", "the IRP was marked pending, but the dispatch routine returned %s",
                  status_name(status));
    if (status != STATUS_PENDING && !record->completed && !record->freed && record->irp->CurrentLocation <= level)
        violation("IRP_NOT_COMPLETED", "the dispatch routine returned %s without completing the IRP or passing it down",
                  status_name(status));
    if (status != STATUS_PENDING && record->completed && record->final.Status != status)
        violation("IRP_STATUS", "the dispatch routine returned %s; the IRP was completed with %s", status_name(status),
                  status_name(record->final.Status));
}

static const char *major_name(unsigned major)
{
    switch (major) {
    case IRP_MJ_PNP: return "IRP_MJ_PNP";
    case IRP_MJ_POWER: return "IRP_MJ_POWER";
    case IRP_MJ_CREATE: return "IRP_MJ_CREATE";
    case IRP_MJ_CLOSE: return "IRP_MJ_CLOSE";
    case IRP_MJ_CLEANUP: return "IRP_MJ_CLEANUP";
    case IRP_MJ_DEVICE_CONTROL: return "IRP_MJ_DEVICE_CONTROL";
    case IRP_MJ_SYSTEM_CONTROL: return "IRP_MJ_SYSTEM_CONTROL";
    default: return "dispatch routine";
    }
}

static void check_first_send(struct record *record, const IO_STACK_LOCATION *location)
{
    if (record->by_driver && !record->sent && location->MajorFunction == IRP_MJ_PNP &&
        record->irp->IoStatus.Status != STATUS_NOT_SUPPORTED)
        violation("IRP_PRESET", "PnP IRP sent with IoStatus.Status %s; STATUS_NOT_SUPPORTED is required",
                  status_name(record->irp->IoStatus.Status));
    record->sent = true;
}

NTSTATUS FASTCALL IofCallDriver(DEVICE_OBJECT *device, IRP *irp)
{
    struct record *record = require(irp, "IoCallDriver");
    IO_STACK_LOCATION *location;
    PDRIVER_DISPATCH dispatch;
    NTSTATUS status;
    bool driver;
    int level;

    if (record->completed)
        violation("IRP_AFTER_COMPLETION", "IoCallDriver with a completed IRP");
    if (!object_is(device, OBJECT_DEVICE))
        violation("DEVICE_RULE", "IoCallDriver: %p is no device object", (void *)device);
    if (irp->CurrentLocation <= 1)
        violation("IRP_STACK", "IoCallDriver: the IRP has no stack location left");
    level = --irp->CurrentLocation;
    location = --irp->Tail.Overlay.CurrentStackLocation;
    if (location->MajorFunction > IRP_MJ_MAXIMUM_FUNCTION)
        violation("IRP_STACK", "IoCallDriver: major function %u", location->MajorFunction);
    location->DeviceObject = device;
    check_first_send(record, location);
    dispatch = device->DriverObject->MajorFunction[location->MajorFunction];
    driver = image_contains_code((const void *)dispatch);
    record->pending[level] = false;
    record->calls++;
    if (driver)
        status = DRIVER_CALL(major_name(location->MajorFunction), dispatch(device, irp));
    else
        status = dispatch(device, irp);
    check_dispatch(record, level, status, driver);
    record->calls--;
    drop_record(record);
    return status;
}

/* ---- completing ---- */

static bool wants(const IO_STACK_LOCATION *location, const IRP *irp)
{
    if (location->CompletionRoutine == NULL)
        return false;
    if (irp->Cancel && (location->Control & SL_INVOKE_ON_CANCEL))
        return true;
    return location->Control & (NT_SUCCESS(irp->IoStatus.Status) ? SL_INVOKE_ON_SUCCESS : SL_INVOKE_ON_ERROR);
}

/* Walks up the stack. False: a completion routine kept the IRP. */
static bool unwind(struct record *record, IRP *irp)
{
    while (irp->CurrentLocation <= irp->StackCount) {
        IO_STACK_LOCATION *location = irp->Tail.Overlay.CurrentStackLocation;
        PIO_COMPLETION_ROUTINE routine = wants(location, irp) ? location->CompletionRoutine : NULL;
        DEVICE_OBJECT *device = NULL;
        PVOID context = location->Context;

        irp->PendingReturned = (location->Control & SL_PENDING_RETURNED) != 0;
        record->pending[(int)irp->CurrentLocation] = irp->PendingReturned;
        location->Control = 0;
        location->CompletionRoutine = NULL;
        irp->CurrentLocation++;
        irp->Tail.Overlay.CurrentStackLocation++;
        if (irp->CurrentLocation <= irp->StackCount)
            device = irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
        if (routine != NULL) {
            NTSTATUS status;

            record->calls++;
            if (image_contains_code((const void *)routine))
                status = DRIVER_CALL("CompletionRoutine", routine(device, irp, context));
            else
                status = routine(device, irp, context);
            record->calls--;
            if (status == STATUS_MORE_PROCESSING_REQUIRED)
                return false; /* it may be freed by now */
        } else if (irp->PendingReturned && irp->CurrentLocation <= irp->StackCount) {
            irp->Tail.Overlay.CurrentStackLocation->Control |= SL_PENDING_RETURNED;
        }
    }
    return true;
}

static void finish(struct record *record, IRP *irp)
{
    KEVENT *event = irp->UserEvent;

    record->completed = true;
    record->final = irp->IoStatus;
    if (irp->UserIosb != NULL)
        *irp->UserIosb = irp->IoStatus;
    if (record->auto_free) {
        if (irp->AssociatedIrp.SystemBuffer != NULL && (irp->Flags & 0x20 /* IRP_DEALLOCATE_BUFFER */))
            bench_free(irp->AssociatedIrp.SystemBuffer);
        IoFreeIrp(irp);
    } else {
        arena_seal(arena_find(irp));
    }
    if (event != NULL)
        KeSetEvent(event, 0, FALSE);
}

VOID FASTCALL IofCompleteRequest(IRP *irp, CCHAR boost)
{
    struct record *record = require(irp, "IoCompleteRequest");

    (void)boost;
    if (record->completed)
        violation("IRP_COMPLETED_TWICE", "IoCompleteRequest on an IRP that is completed already");
    if (irp->CurrentLocation > irp->StackCount)
        violation("IRP_COMPLETED_TWICE", "IoCompleteRequest on an IRP that no driver holds");
    if (irp->IoStatus.Status == STATUS_PENDING || (ULONG)irp->IoStatus.Status == 0xFFFFFFFF)
        violation("IRP_STATUS", "IRP completed with %s", status_name(irp->IoStatus.Status));
    if (irp->CancelRoutine != NULL)
        violation("IRP_CANCEL", "IRP completed with its cancel routine set");
    record->calls++;
    if (unwind(record, irp))
        finish(record, irp);
    record->calls--;
    drop_record(record);
}

NTSTATUS irp_send_synchronously(DEVICE_OBJECT *device, IRP *irp)
{
    struct record *record = require(irp, "irp_send_synchronously");
    KEVENT *done = bench_alloc(sizeof *done, "IRP event");
    NTSTATUS status;

    KeInitializeEvent(done, NotificationEvent, FALSE);
    irp->UserEvent = done;
    status = IofCallDriver(device_top_of_stack(device), irp);
    if (status == STATUS_PENDING)
        dispatcher_wait_until(&done->Header, UINT64_MAX);
    if (!record->completed)
        bench_bug("IRP came back without being completed");
    bench_free(done);
    unseal(irp);
    return record->final.Status;
}

/* ---- building ---- */

static IRP *build(ULONG major, DEVICE_OBJECT *device, KEVENT *event, IO_STATUS_BLOCK *iosb)
{
    IRP *irp = IoAllocateIrp(device->StackSize, FALSE);

    if (irp == NULL)
        return NULL;
    record_of(irp)->auto_free = true;
    irp->UserEvent = event;
    irp->UserIosb = iosb;
    irp_next_location(irp)->MajorFunction = (UCHAR)major;
    return irp;
}

static IRP *NTAPI build_synchronous(ULONG major, DEVICE_OBJECT *device, PVOID buffer, ULONG length,
                                    LARGE_INTEGER *offset, KEVENT *event, IO_STATUS_BLOCK *iosb)
{
    IRP *irp = build(major, device, event, iosb);

    if (irp == NULL)
        return NULL;
    if (major == IRP_MJ_READ || major == IRP_MJ_WRITE) {
        irp->UserBuffer = buffer;
        irp_next_location(irp)->Parameters.Read.Length = length;
        if (offset != NULL)
            irp_next_location(irp)->Parameters.Read.ByteOffset = offset->QuadPart;
    }
    return irp;
}

static IRP *NTAPI build_device_control(ULONG code, DEVICE_OBJECT *device, PVOID input, ULONG input_bytes, PVOID output,
                                       ULONG output_bytes, BOOLEAN internal, KEVENT *event, IO_STATUS_BLOCK *iosb)
{
    IRP *irp = build(internal ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL, device, event, iosb);
    IO_STACK_LOCATION *next;

    if (irp == NULL)
        return NULL;
    next = irp_next_location(irp);
    next->Parameters.DeviceIoControl.InputBufferLength = input_bytes;
    next->Parameters.DeviceIoControl.OutputBufferLength = output_bytes;
    next->Parameters.DeviceIoControl.IoControlCode = code;
    next->Parameters.DeviceIoControl.Type3InputBuffer = input;
    irp->UserBuffer = output;
    return irp;
}

/* ---- cancelling, power ---- */

static VOID NTAPI acquire_cancel_lock(KIRQL *irql)
{
    *irql = irql_raise(DISPATCH_LEVEL);
    spinlock_acquire(&cancel_lock, *irql, "IoAcquireCancelSpinLock");
}

static VOID NTAPI release_cancel_lock(KIRQL irql)
{
    spinlock_release(&cancel_lock, "IoReleaseCancelSpinLock");
    irql_lower(irql);
}

static BOOLEAN NTAPI cancel_irp(IRP *irp)
{
    PDRIVER_CANCEL routine;
    KIRQL irql;

    require(irp, "IoCancelIrp");
    acquire_cancel_lock(&irql);
    irp->Cancel = TRUE;
    routine = irp->CancelRoutine;
    irp->CancelRoutine = NULL;
    if (routine == NULL) {
        release_cancel_lock(irql);
        return FALSE;
    }
    irp->CancelIrql = irql;
    routine(irp_current_location(irp)->DeviceObject, irp); /* releases the lock */
    return TRUE;
}

VOID NTAPI PoStartNextPowerIrp(IRP *irp) { (void)irp; }
NTSTATUS NTAPI PoCallDriver(DEVICE_OBJECT *device, IRP *irp) { return IofCallDriver(device, irp); }
POWER_STATE NTAPI PoSetPowerState(DEVICE_OBJECT *device, LONG type, POWER_STATE state)
{
    (void)device;
    (void)type;
    return state;
}

void irp_check_unload(void)
{
    const struct record *record;

    for (record = records; record != NULL; record = record->next)
        if (!record->completed && !record->freed && record->sent && !record->by_driver)
            violation("IRP_NOT_COMPLETED", "IRP %p was never completed", (void *)record->irp);
}

NTOS(IoAllocateIrp, IoAllocateIrp, DISPATCH_LEVEL);
NTOS(IoFreeIrp, IoFreeIrp, DISPATCH_LEVEL);
NTOS(IoInitializeIrp, initialize_irp, DISPATCH_LEVEL);
NTOS(IoReuseIrp, reuse_irp, DISPATCH_LEVEL);
NTOS(IofCallDriver, IofCallDriver, DISPATCH_LEVEL);
NTOS(IofCompleteRequest, IofCompleteRequest, DISPATCH_LEVEL);
NTOS(IoBuildSynchronousFsdRequest, build_synchronous, PASSIVE_LEVEL);
NTOS(IoBuildDeviceIoControlRequest, build_device_control, PASSIVE_LEVEL);
NTOS(IoAcquireCancelSpinLock, acquire_cancel_lock, DISPATCH_LEVEL);
NTOS(IoReleaseCancelSpinLock, release_cancel_lock, DISPATCH_LEVEL);
NTOS(IoCancelIrp, cancel_irp, DISPATCH_LEVEL);
NTOS(PoStartNextPowerIrp, PoStartNextPowerIrp, DISPATCH_LEVEL);
NTOS(PoCallDriver, PoCallDriver, DISPATCH_LEVEL);
NTOS(PoSetPowerState, PoSetPowerState, DISPATCH_LEVEL);
