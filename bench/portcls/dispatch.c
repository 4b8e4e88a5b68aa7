/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PcDispatchIrp: what PortCls does with each request of the device. START goes
 * down first, then the driver's StartDevice runs; REMOVE deletes the FDO.
 */
#include "nt_imports.h"
#include "portcls.h"

#include <string.h>

#define RETURN_TO_CALLER STATUS_MORE_PROCESSING_REQUIRED

static NTSTATUS NTAPI signal_completion(DEVICE_OBJECT *device, IRP *irp, PVOID context)
{
    (void)device;
    (void)irp;
    KeSetEvent(context, 0, FALSE);
    return RETURN_TO_CALLER;
}

static void copy_to_next(IRP *irp)
{
    IO_STACK_LOCATION *now = irp_current_location(irp);
    IO_STACK_LOCATION *next = irp_next_location(irp);
    memcpy(next, now, offsetof(IO_STACK_LOCATION, CompletionRoutine));
    next->Control = 0;
}

static NTSTATUS forward_and_wait(struct adapter *adapter, IRP *irp)
{
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    copy_to_next(irp);
    IO_STACK_LOCATION *next = irp_next_location(irp);
    next->CompletionRoutine = signal_completion;
    next->Context = &event;
    next->Control = SL_INVOKE_ON_SUCCESS | SL_INVOKE_ON_ERROR | SL_INVOKE_ON_CANCEL;
    NTSTATUS status = IofCallDriver(adapter->lower, irp);
    if (status == STATUS_PENDING)
        thread_wait(&event, UINT64_MAX);
    return irp->IoStatus.Status;
}

static NTSTATUS complete(IRP *irp, NTSTATUS status)
{
    irp->IoStatus.Status = status;
    IofCompleteRequest(irp, 0);
    return status;
}

static NTSTATUS pass_down(struct adapter *adapter, IRP *irp)
{
    irp->CurrentLocation++;
    irp->Tail.Overlay.CurrentStackLocation++;
    return IofCallDriver(adapter->lower, irp);
}

static NTSTATUS pass_down_success(struct adapter *adapter, IRP *irp)
{
    irp->IoStatus.Status = STATUS_SUCCESS;
    return pass_down(adapter, irp);
}

/* ---- plug and play ---- */

static NTSTATUS start_device(struct adapter *adapter, IRP *irp)
{
    NTSTATUS status = forward_and_wait(adapter, irp);
    if (!NT_SUCCESS(status))
        return complete(irp, status);
    IO_STACK_LOCATION *location = irp_current_location(irp);
    struct com_object *list = resource_list_create(location->Parameters.StartDevice.AllocatedResourcesTranslated,
                                                   location->Parameters.StartDevice.AllocatedResources);
    com_object_keep(list);
    status = DRIVER_CALL("StartDevice", adapter->start(adapter->fdo, irp, &list->faces[0]));
    com_object_release(list);
    if (status == STATUS_PENDING)
        violation("START_PENDING", "StartDevice returned STATUS_PENDING");
    adapter->started = NT_SUCCESS(status);
    if (!adapter->started)
        adapter_release_all(adapter);
    return complete(irp, status);
}

static NTSTATUS stop_device(struct adapter *adapter, IRP *irp)
{
    adapter->started = false;
    adapter_release_all(adapter);
    return pass_down_success(adapter, irp);
}

static NTSTATUS surprise_removal(struct adapter *adapter, IRP *irp)
{
    adapter->removed = true;
    return pass_down_success(adapter, irp);
}

static NTSTATUS remove_device(struct adapter *adapter, IRP *irp)
{
    adapter->removed = true;
    adapter->started = false;
    adapter_release_all(adapter);
    if (adapter->power)
        driver_object_release(adapter->power, "IAdapterPowerManagement");
    adapter->power = NULL;
    NTSTATUS status = pass_down_success(adapter, irp);
    DEVICE_OBJECT *fdo = adapter->fdo;
    *(struct adapter **)fdo->DeviceExtension = NULL;
    IoDetachDevice(adapter->lower);
    IoDeleteDevice(fdo);
    adapter_set_current(NULL);
    bench_free(adapter);
    return status;
}

static NTSTATUS query_capabilities(struct adapter *adapter, IRP *irp)
{
    DEVICE_CAPABILITIES *caps = irp_current_location(irp)->Parameters.DeviceCapabilities.Capabilities;
    NTSTATUS status = forward_and_wait(adapter, irp);
    if (NT_SUCCESS(status) && adapter->power) {
        IAdapterPowerManagement *power = adapter->power;
        DRIVER_CALL("IAdapterPowerManagement::QueryDeviceCapabilities", power->v->QueryDeviceCapabilities(power, caps));
    }
    return complete(irp, status);
}

struct handler {
    UCHAR minor;
    NTSTATUS (*handle)(struct adapter *, IRP *);
};
static const struct handler g_pnp[] = {
    {IRP_MN_START_DEVICE, start_device},           {IRP_MN_STOP_DEVICE, stop_device},
    {IRP_MN_REMOVE_DEVICE, remove_device},         {IRP_MN_SURPRISE_REMOVAL, surprise_removal},
    {IRP_MN_QUERY_STOP_DEVICE, pass_down_success}, {IRP_MN_CANCEL_STOP_DEVICE, pass_down_success},
    {IRP_MN_QUERY_REMOVE_DEVICE, pass_down_success}, {IRP_MN_CANCEL_REMOVE_DEVICE, pass_down_success},
    {IRP_MN_QUERY_CAPABILITIES, query_capabilities},
};

/* ---- power ---- */

static NTSTATUS query_power(struct adapter *adapter, IRP *irp)
{
    IO_STACK_LOCATION *location = irp_current_location(irp);
    NTSTATUS status = STATUS_SUCCESS;
    if (adapter->power && location->Parameters.Power.Type == DevicePowerState) {
        IAdapterPowerManagement *power = adapter->power;
        ULONG state = (ULONG)location->Parameters.Power.State.DeviceState;
        status = DRIVER_CALL("IAdapterPowerManagement::QueryPowerChangeState",
                             power->v->QueryPowerChangeState(power, state));
    }
    return NT_SUCCESS(status) ? pass_down_success(adapter, irp) : complete(irp, status);
}

static void change_state(struct adapter *adapter, ULONG state)
{
    if (state != PowerDeviceD0) {
        KeResetEvent(&adapter->powered);
        ks_pins_suspend();
    }
    if (adapter->power) {
        IAdapterPowerManagement *power = adapter->power;
        DRIVER_CALL_VOID("IAdapterPowerManagement::PowerChangeState", power->v->PowerChangeState(power, state));
    }
    if (state == PowerDeviceD0)
        ks_pins_resume();
    adapter->device_power = state;
    if (state == PowerDeviceD0)
        KeSetEvent(&adapter->powered, 0, FALSE);
}

static NTSTATUS set_power(struct adapter *adapter, IRP *irp)
{
    IO_STACK_LOCATION *location = irp_current_location(irp);
    if (location->Parameters.Power.Type != DevicePowerState)
        return pass_down_success(adapter, irp);
    ULONG state = (ULONG)location->Parameters.Power.State.DeviceState;
    if (state != PowerDeviceD0) {
        change_state(adapter, state);
        return pass_down_success(adapter, irp);
    }
    NTSTATUS status = forward_and_wait(adapter, irp);
    if (NT_SUCCESS(status))
        change_state(adapter, state);
    return complete(irp, status);
}

static const struct handler g_power[] = {{IRP_MN_QUERY_POWER, query_power}, {IRP_MN_SET_POWER, set_power}};

static NTSTATUS dispatch(struct adapter *adapter, IRP *irp, const struct handler *table, size_t count)
{
    UCHAR minor = irp_current_location(irp)->MinorFunction;
    for (size_t i = 0; i < count; i++) {
        if (table[i].minor == minor)
            return table[i].handle(adapter, irp);
    }
    return pass_down(adapter, irp);
}

NTSTATUS NTAPI PcDispatchIrp(DEVICE_OBJECT *fdo, IRP *irp)
{
    struct adapter *adapter = adapter_of(fdo, "PcDispatchIrp");
    switch (irp_current_location(irp)->MajorFunction) {
    case IRP_MJ_PNP:
        irql_require_max(PASSIVE_LEVEL, "PcDispatchIrp(IRP_MJ_PNP)");
        return dispatch(adapter, irp, g_pnp, sizeof g_pnp / sizeof *g_pnp);
    case IRP_MJ_POWER:
        return dispatch(adapter, irp, g_power, sizeof g_power / sizeof *g_power);
    case IRP_MJ_SYSTEM_CONTROL:
        return pass_down(adapter, irp);
    default:
        /* Streaming goes through the objects of this process; nobody opens the device by name. */
        return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

NTSTATUS NTAPI PcCompleteIrp(DEVICE_OBJECT *fdo, IRP *irp, NTSTATUS status)
{
    adapter_of(fdo, "PcCompleteIrp");
    if (status == STATUS_PENDING)
        violation("PORTCLS_BAD_ARGUMENT", "PcCompleteIrp with STATUS_PENDING");
    return complete(irp, status);
}

NTSTATUS NTAPI PcForwardIrpSynchronous(DEVICE_OBJECT *fdo, IRP *irp)
{
    struct adapter *adapter = adapter_of(fdo, "PcForwardIrpSynchronous");
    irql_require_max(PASSIVE_LEVEL, "PcForwardIrpSynchronous");
    return forward_and_wait(adapter, irp);
}

NT_EXPORT("portcls.sys", PcDispatchIrp, DISPATCH_LEVEL);
NT_EXPORT("portcls.sys", PcCompleteIrp, DISPATCH_LEVEL);
NT_EXPORT("portcls.sys", PcForwardIrpSynchronous, PASSIVE_LEVEL);
