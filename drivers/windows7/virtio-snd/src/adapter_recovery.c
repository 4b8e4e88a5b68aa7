/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "adapter_recovery.h"

#include "eventlog.h"
#include "trace.h"

static IO_WORKITEM_ROUTINE Recover;

/* DISPATCH_LEVEL, perhaps with locks of the device held. */
static VOID DeviceBroke(PVOID Argument)
{
    PADAPTER_CONTEXT context = Argument;

    if (InterlockedExchange(&context->RecoveryQueued, 1) == 0) {
        AdapterContextReference(context);
        IoQueueWorkItem(context->RecoveryItem, Recover, DelayedWorkQueue, context);
    }
}

CODE_PAGE NTSTATUS AdapterRecoveryInitialize(PADAPTER_CONTEXT Context)
{
    PAGED_CODE();
    Context->RecoveryItem = IoAllocateWorkItem(Context->DeviceObject);
    if (Context->RecoveryItem == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    VirtIoSndDeviceWatch(&Context->Device, DeviceBroke, Context);
    return STATUS_SUCCESS;
}

VOID AdapterRecoveryUninitialize(PADAPTER_CONTEXT Context)
{
    if (Context->RecoveryItem != NULL) {
        IoFreeWorkItem(Context->RecoveryItem);
        Context->RecoveryItem = NULL;
    }
}

/* Stream mutex held. Notes one more break-down; TRUE: there were too many lately. */
CODE_PAGE static BOOLEAN IsHopeless(PADAPTER_CONTEXT Context)
{
    LARGE_INTEGER frequency;
    LONGLONG now = KeQueryPerformanceCounter(&frequency).QuadPart;

    PAGED_CODE();
    if (Context->Recoveries == 0 ||
        now - Context->RecoveredFirst > frequency.QuadPart * (LONGLONG)ADAPTER_RECOVERY_WINDOW) {
        Context->Recoveries = 0;
        Context->RecoveredFirst = now;
    }
    return (BOOLEAN)(++Context->Recoveries > ADAPTER_RECOVERY_LIMIT);
}

/* Stream mutex held, awake. */
CODE_PAGE static VOID RecoverDevice(PADAPTER_CONTEXT Context)
{
    NTSTATUS status = STATUS_DEVICE_NOT_CONNECTED;

    PAGED_CODE();
    VIRTIOSND_TRACE_WARNING("the device broke down, starting it again\n");
    VirtIoSndForsakeHardware(&Context->Device);
    AdapterContextRestStreams(Context);
    VirtIoSndSuspendHardware(&Context->Device);
    if (!IsHopeless(Context)) {
        status = VirtIoSndResumeHardware(&Context->Device);
    }
    if (!NT_SUCCESS(status)) {
        EventLogWrite(Context->DeviceObject, AERO_SND_E_RECOVERY, status, Context->Recoveries);
    }
    AdapterContextStreamsGoOn(Context);
}

CODE_PAGE static VOID NTAPI Recover(PDEVICE_OBJECT DeviceObject, PVOID Argument)
{
    PADAPTER_CONTEXT context = Argument;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(DeviceObject);
    InterlockedExchange(&context->RecoveryQueued, 0); /* a break-down from now on queues the item again */
    AdapterContextLockStreams(context);
    if (!AdapterContextIsGone(context) && !context->Asleep && VirtIoSndIsBroken(&context->Device)) {
        RecoverDevice(context);
    }
    AdapterContextUnlockStreams(context);
    AdapterContextRelease(context);
}
