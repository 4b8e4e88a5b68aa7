/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The power manager: sends the power IRPs of a sleep and of a device that is
 * powered down alone, and knows whether the device has power. Without it no
 * register may be touched, and the device forgets what it was told.
 */
#include "nt.h"

#include <string.h>

static bool on = true;
static const struct thread *dispatching; /* the thread that a power IRP is in; NULL: none */

bool power_is_on(void) { return on; }

bool power_irp_in_this_thread(void) { return dispatching != NULL && dispatching == thread_current(); }

void power_require_on(const char *what)
{
    if (!on)
        violation("POWER_STATE", "%s while the device is not in D0", what);
}

static void power(bool wanted)
{
    if (on && !wanted)
        resource_settle(0);
    if (on != wanted)
        host_power(wanted);
    on = wanted;
}

void power_start(void) { power(true); }

NTSTATUS power_bus_irp(const IO_STACK_LOCATION *location)
{
    bool device = location->Parameters.Power.Type == DevicePowerState;

    if (location->MinorFunction == IRP_MN_SET_POWER && device)
        power(location->Parameters.Power.State.DeviceState == PowerDeviceD0);
    return STATUS_SUCCESS;
}

static NTSTATUS send(UCHAR minor, LONG type, LONG state)
{
    IRP *irp = IoAllocateIrp(device_top_of_stack(g_pdo)->StackSize, FALSE);
    IO_STACK_LOCATION *location = irp_next_location(irp);
    NTSTATUS status;

    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    location->MajorFunction = IRP_MJ_POWER;
    location->MinorFunction = minor;
    location->Parameters.Power.Type = type;
    if (type == DevicePowerState)
        location->Parameters.Power.State.DeviceState = state;
    else
        location->Parameters.Power.State.SystemState = state;
    g_bus_saw_irp = false;
    trace("power %s %c%d", minor == IRP_MN_SET_POWER ? "set" : "query", type == DevicePowerState ? 'D' : 'S',
          state - 1);
    dispatching = thread_current();
    status = irp_send_synchronously(g_pdo, irp);
    dispatching = NULL;
    if (NT_SUCCESS(status) && !g_bus_saw_irp)
        violation("IRP_NOT_PASSED_DOWN", "a power IRP succeeded without reaching the bus driver");
    IoFreeIrp(irp);
    return status;
}

static void set(LONG type, LONG state)
{
    NTSTATUS status = send(IRP_MN_SET_POWER, type, state);

    if (!NT_SUCCESS(status))
        violation("POWER_STATE", "IRP_MN_SET_POWER answered %s; a change of power cannot be refused",
                  status_name(status));
}

NTSTATUS power_query_device(DEVICE_POWER_STATE state)
{
    return send(IRP_MN_QUERY_POWER, DevicePowerState, (LONG)state);
}

void power_device(DEVICE_POWER_STATE state) { set(DevicePowerState, (LONG)state); }

NTSTATUS power_sleep(SYSTEM_POWER_STATE state, uint64_t ns)
{
    NTSTATUS status = send(IRP_MN_QUERY_POWER, SystemPowerState, (LONG)state);

    if (!NT_SUCCESS(status))
        return status;
    set(DevicePowerState, PowerDeviceD3);
    set(SystemPowerState, (LONG)state);
    clock_move_to(clock_now_ns() + ns); /* no thread runs, nothing is delivered */
    set(SystemPowerState, PowerSystemWorking);
    set(DevicePowerState, PowerDeviceD0);
    return STATUS_SUCCESS;
}
