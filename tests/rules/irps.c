/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Rules about IRPs, device objects and driver objects. */
#include "rule.h"

RULE_DISPATCH(IRP_COMPLETED_TWICE)
{
    NTSTATUS status = RuleForward(Device);

    RuleComplete(Device, status);
    IoCompleteRequest(Device->Irp, IO_NO_INCREMENT);
    return status;
}

RULE_DISPATCH(IRP_AFTER_COMPLETION)
{
    NTSTATUS status = RuleForward(Device);

    RuleComplete(Device, status);
    Device->Irp->IoStatus.Information = 1;
    return status;
}

RULE_DISPATCH(IRP_PENDING)
{
    RuleForward(Device);
    IoCompleteRequest(Device->Irp, IO_NO_INCREMENT);
    return STATUS_PENDING;
}

RULE_DISPATCH(IRP_NOT_COMPLETED)
{
    return RuleForward(Device);
}

RULE_DISPATCH(IRP_STATUS)
{
    RuleForward(Device);
    RuleComplete(Device, STATUS_SUCCESS);
    return STATUS_UNSUCCESSFUL;
}

RULE_DISPATCH(IRP_STACK)
{
    IoSetNextIrpStackLocation(Device->Irp);
    IoSetNextIrpStackLocation(Device->Irp);
    IoSetNextIrpStackLocation(Device->Irp);
    IoSetNextIrpStackLocation(Device->Irp);
    return IoCallDriver(Device->Lower, Device->Irp);
}

RULE_DISPATCH(IRP_NOT_PASSED_DOWN)
{
    return RuleComplete(Device, STATUS_SUCCESS);
}

static VOID NTAPI Cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNUSED(DeviceObject);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
}

RULE_DISPATCH(IRP_CANCEL)
{
    NTSTATUS status = RuleForward(Device);

    IoSetCancelRoutine(Device->Irp, Cancel);
    return RuleComplete(Device, status);
}

RULE_DISPATCH(IRP_BAD_FREE)
{
    NTSTATUS status = RuleForward(Device);

    IoFreeIrp(Device->Irp);
    return status;
}

RULE(IRP_PRESET, RuleAtStart)
{
    IO_STATUS_BLOCK block;
    KEVENT event;
    PIRP irp;
    PIO_STACK_LOCATION stack;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Device->Lower, NULL, 0, NULL, &event, &block);
    if (irp == NULL) {
        return;
    }
    irp->IoStatus.Status = STATUS_SUCCESS; /* has to be STATUS_NOT_SUPPORTED */
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = IRP_MN_QUERY_PNP_DEVICE_STATE;
    if (IoCallDriver(Device->Lower, irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    }
}

static IO_REMOVE_LOCK g_RemoveLock;

RULE(REMOVE_LOCK, RuleAtAdd)
{
    UNUSED(Device);
    IoInitializeRemoveLock(&g_RemoveLock, RULE_TAG, 0, 0);
    IoReleaseRemoveLock(&g_RemoveLock, NULL); /* never acquired: this gives the lock's own count away */
    IoReleaseRemoveLock(&g_RemoveLock, NULL);
}

RULE(DEVICE_RULE, RuleAtAdd)
{
    /* Still attached. */
    IoDeleteDevice(Device->Fdo);
}

RULE(DRIVER_RULE, RuleAtEntry)
{
    Device->Driver->DriverExtension->AddDevice = NULL;
}
