/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The correct part of every rule driver: a plug and play function driver that
 * attaches, starts, maps BAR0, removes and unloads by the rules. The linker
 * makes Rule_Selected another name of the rule's case.
 */
#include "rule.h"

extern const RULE_CASE Rule_Selected;

DRIVER_INITIALIZE DriverEntry;

static RULE_DEVICE g_Device;

static VOID At(RULE_MOMENT Moment)
{
    if (Rule_Selected.When == Moment && Rule_Selected.Break != NULL) {
        Rule_Selected.Break(&g_Device);
    }
}

static NTSTATUS NTAPI Forwarded(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Event)
{
    UNUSED(DeviceObject);
    if (Irp->PendingReturned) {
        KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    }
    return STATUS_MORE_PROCESSING_REQUIRED;
}

NTSTATUS RuleForward(PRULE_DEVICE Device)
{
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Device->Irp);
    IoSetCompletionRoutine(Device->Irp, Forwarded, &event, TRUE, TRUE, TRUE);
    if (IoCallDriver(Device->Lower, Device->Irp) == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    }
    return Device->Irp->IoStatus.Status;
}

NTSTATUS RuleComplete(PRULE_DEVICE Device, NTSTATUS Status)
{
    Device->Irp->IoStatus.Status = Status;
    IoCompleteRequest(Device->Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID TakeResources(PCM_RESOURCE_LIST Translated)
{
    PCM_PARTIAL_RESOURCE_LIST list = &Translated->List[0].PartialResourceList;
    ULONG i;

    for (i = 0; i < list->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR resource = &list->PartialDescriptors[i];

        if (resource->Type == CmResourceTypeMemory && g_Device.Bar == NULL) {
            g_Device.BarPhysical = resource->u.Memory.Start;
            g_Device.BarBytes = resource->u.Memory.Length;
            g_Device.Bar = MmMapIoSpace(g_Device.BarPhysical, g_Device.BarBytes, MmNonCached);
        } else if (resource->Type == CmResourceTypeInterrupt) {
            g_Device.HasInterrupt = TRUE;
            g_Device.Vector = resource->u.Interrupt.Vector;
            g_Device.Irql = (KIRQL)resource->u.Interrupt.Level;
            g_Device.Affinity = resource->u.Interrupt.Affinity;
        }
    }
}

static VOID GiveResourcesBack(VOID)
{
    if (g_Device.Bar != NULL) {
        MmUnmapIoSpace(g_Device.Bar, g_Device.BarBytes);
        g_Device.Bar = NULL;
    }
}

static NTSTATUS Start(PIO_STACK_LOCATION Stack)
{
    NTSTATUS status = RuleForward(&g_Device);

    if (NT_SUCCESS(status) && Stack->Parameters.StartDevice.AllocatedResourcesTranslated != NULL) {
        TakeResources(Stack->Parameters.StartDevice.AllocatedResourcesTranslated);
    }
    if (NT_SUCCESS(status)) {
        At(RuleAtStart);
    }
    return RuleComplete(&g_Device, status);
}

static NTSTATUS Remove(PIRP Irp)
{
    NTSTATUS status;

    At(RuleAtRemove);
    GiveResourcesBack();
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(g_Device.Lower, Irp);
    IoDetachDevice(g_Device.Lower);
    IoDeleteDevice(g_Device.Fdo);
    return status;
}

static NTSTATUS NTAPI DispatchPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);

    UNUSED(DeviceObject);
    g_Device.Irp = Irp;
    switch (stack->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return Rule_Selected.When == RuleAtDispatch ? Rule_Selected.Dispatch(&g_Device) : Start(stack);
    case IRP_MN_REMOVE_DEVICE:
        return Remove(Irp);
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        GiveResourcesBack();
        Irp->IoStatus.Status = STATUS_SUCCESS;
        break;
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
        Irp->IoStatus.Status = STATUS_SUCCESS;
        break;
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(g_Device.Lower, Irp);
}

static NTSTATUS NTAPI DispatchPower(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN down = (BOOLEAN)(stack->MinorFunction == IRP_MN_SET_POWER &&
                             stack->Parameters.Power.Type == DevicePowerState &&
                             stack->Parameters.Power.State.DeviceState == PowerDeviceD3);
    NTSTATUS status;

    UNUSED(DeviceObject);
    PoStartNextPowerIrp(Irp);
    IoSkipCurrentIrpStackLocation(Irp);
    status = PoCallDriver(g_Device.Lower, Irp);
    if (down) {
        At(RuleAtPowerDown);
    }
    return status;
}

static NTSTATUS NTAPI DispatchOther(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNUSED(DeviceObject);
    Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
    NTSTATUS status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &g_Device.Fdo);

    if (!NT_SUCCESS(status)) {
        return status;
    }
    g_Device.Pdo = Pdo;
    g_Device.Lower = IoAttachDeviceToDeviceStack(g_Device.Fdo, Pdo);
    if (g_Device.Lower == NULL) {
        IoDeleteDevice(g_Device.Fdo);
        return STATUS_NO_SUCH_DEVICE;
    }
    g_Device.Fdo->Flags |= DO_POWER_PAGABLE;
    g_Device.Fdo->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    At(RuleAtAdd);
    return STATUS_SUCCESS;
}

static VOID NTAPI DriverUnload(PDRIVER_OBJECT DriverObject)
{
    UNUSED(DriverObject);
    At(RuleAtUnload);
}

CODE_INIT NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    ULONG i;

    UNUSED(RegistryPath);
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = DispatchOther;
    }
    DriverObject->MajorFunction[IRP_MJ_PNP] = DispatchPnp;
    DriverObject->MajorFunction[IRP_MJ_POWER] = DispatchPower;
    DriverObject->DriverExtension->AddDevice = AddDevice;
    DriverObject->DriverUnload = DriverUnload;
    g_Device.Driver = DriverObject;
    At(RuleAtEntry);
    return STATUS_SUCCESS;
}
