/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "adapter_power.h"

#include "eventlog.h"

/* Stream mutex held. */
CODE_PAGE static VOID Sleep(PADAPTER_CONTEXT Context)
{
    PAGED_CODE();
    AdapterContextRestStreams(Context);
    Context->Asleep = TRUE;
    VirtIoSndSuspendHardware(&Context->Device);
}

/* Stream mutex held. */
CODE_PAGE static VOID Wake(PADAPTER_CONTEXT Context)
{
    NTSTATUS status = STATUS_SUCCESS;

    PAGED_CODE();
    if (Context->Device.Raw != NULL) { /* also when it did not come back last time */
        status = VirtIoSndResumeHardware(&Context->Device);
    }
    if (!NT_SUCCESS(status)) {
        EventLogWrite(Context->DeviceObject, AERO_SND_E_WAKE, status, (ULONG)Context->Device.Stage);
    }
    Context->Asleep = FALSE;
    AdapterContextStreamsGoOn(Context);
}

CODE_PAGE VOID NTAPI AdapterPowerChangeState(IAdapterPowerManagement *This, POWER_STATE NewState)
{
    PADAPTER_CONTEXT context = AdapterContextFromPower(This);
    BOOLEAN asleep = (BOOLEAN)(NewState.DeviceState != PowerDeviceD0);

    PAGED_CODE();
    AdapterContextLockStreams(context);
    if (!AdapterContextIsGone(context) && asleep != context->Asleep) {
        if (asleep) {
            Sleep(context);
        } else {
            Wake(context);
        }
    }
    AdapterContextUnlockStreams(context);
}

CODE_PAGE NTSTATUS NTAPI AdapterPowerQueryChangeState(IAdapterPowerManagement *This, POWER_STATE NewState)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(NewState);
    return STATUS_SUCCESS;
}

CODE_PAGE NTSTATUS NTAPI AdapterPowerQueryDeviceCapabilities(IAdapterPowerManagement *This,
                                                             PDEVICE_CAPABILITIES Capabilities)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(Capabilities);
    return STATUS_SUCCESS; /* what the bus driver says is right */
}
