/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* adapter_context.c: life of the block that one START_DEVICE shares with its miniports and streams. */
#include "adapter_context.h"

#include "adapter_power.h"
#include "adapter_recovery.h"
#include "pool.h"
#include "portcls_com.h"
#include "wavert_stream.h"

PADAPTER_CONTEXT AdapterContextFromPower(IAdapterPowerManagement *Power)
{
    return CONTAINING_RECORD(Power, ADAPTER_CONTEXT, Power);
}

static NTSTATUS NTAPI QueryInterface(IAdapterPowerManagement *This, REFIID InterfaceId, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IUnknown, &IID_IAdapterPowerManagement};

    return PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), InterfaceId, Interface);
}

static ULONG NTAPI AddRef(IAdapterPowerManagement *This)
{
    return PortClsComAddRef(&AdapterContextFromPower(This)->References);
}

static ULONG NTAPI Release(IAdapterPowerManagement *This)
{
    PADAPTER_CONTEXT context = AdapterContextFromPower(This);
    ULONG references = PortClsComRelease(&context->References);

    if (references == 0) {
        ASSERT(context->Backend == NULL && !context->Device.Started);
        AdapterRecoveryUninitialize(context);
        ExFreePoolWithTag(context, VIRTIOSND_POOL_TAG);
    }
    return references;
}

static const IAdapterPowerManagementVtbl PowerVtbl = {
    QueryInterface, AddRef, Release, AdapterPowerChangeState, AdapterPowerQueryChangeState,
    AdapterPowerQueryDeviceCapabilities};

PUNKNOWN AdapterContextUnknown(PADAPTER_CONTEXT Context)
{
    return (PUNKNOWN)&Context->Power;
}

CODE_PAGE NTSTATUS AdapterContextCreate(PDEVICE_OBJECT DeviceObject, PDEVICE_OBJECT PhysicalDeviceObject,
                                        PADAPTER_CONTEXT *Context)
{
    PADAPTER_CONTEXT context;
    NTSTATUS status;

    PAGED_CODE();
    *Context = NULL;
    context = ExAllocatePoolWithTag(NonPagedPool, sizeof(*context), VIRTIOSND_POOL_TAG);
    if (context == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(context, sizeof(*context));
    context->Power.lpVtbl = (IAdapterPowerManagementVtbl *)&PowerVtbl;
    context->References = 1;
    context->DeviceObject = DeviceObject;
    context->PhysicalDeviceObject = PhysicalDeviceObject;
    VirtIoSndDeviceInitialize(&context->Device);
    KeInitializeMutex(&context->StreamMutex, 0);
    status = AdapterRecoveryInitialize(context);
    if (!NT_SUCCESS(status)) {
        AdapterContextRelease(context);
        return status;
    }
    *Context = context;
    return STATUS_SUCCESS;
}

/* Stream mutex held. */
CODE_PAGE static VOID ForEachStream(PADAPTER_CONTEXT Context, VOID (*Do)(PMINIPORTWAVERTSTREAM Stream))
{
    ULONG stream;

    PAGED_CODE();
    for (stream = 0; stream < VirtIoSndStreamCount; stream++) {
        if (Context->Streams[stream] != NULL) {
            Do(Context->Streams[stream]);
        }
    }
}

CODE_PAGE VOID AdapterContextRetire(PADAPTER_CONTEXT Context)
{
    PVIRTIOSND_BACKEND backend;

    PAGED_CODE();
    AdapterContextLockStreams(Context);
    ForEachStream(Context, WaveRtStreamQuiesce);
    /* Only now: quiescing still talks to the backend. New streams are kept out by the mutex, then by Gone. */
    InterlockedExchange(&Context->Gone, 1);
    backend = Context->Backend;
    Context->Backend = NULL;
    AdapterContextUnlockStreams(Context);

    VirtIoSndBackendDestroy(backend);
    VirtIoSndStopHardware(&Context->Device, (BOOLEAN)!Context->Asleep);
}

VOID AdapterContextReference(PADAPTER_CONTEXT Context)
{
    Context->Power.lpVtbl->AddRef(&Context->Power);
}

VOID AdapterContextRelease(PADAPTER_CONTEXT Context)
{
    Context->Power.lpVtbl->Release(&Context->Power);
}

CODE_PAGE VOID AdapterContextLockStreams(PADAPTER_CONTEXT Context)
{
    PAGED_CODE();
    /* Without time-out and not alertable: it always succeeds. */
    (VOID)KeWaitForSingleObject(&Context->StreamMutex, Executive, KernelMode, FALSE, NULL);
}

CODE_PAGE VOID AdapterContextUnlockStreams(PADAPTER_CONTEXT Context)
{
    PAGED_CODE();
    (VOID)KeReleaseMutex(&Context->StreamMutex, FALSE);
}

CODE_PAGE VOID AdapterContextRestStreams(PADAPTER_CONTEXT Context)
{
    PAGED_CODE();
    ForEachStream(Context, WaveRtStreamRest);
}

CODE_PAGE VOID AdapterContextStreamsGoOn(PADAPTER_CONTEXT Context)
{
    PAGED_CODE();
    ForEachStream(Context, WaveRtStreamGoOn);
}

BOOLEAN AdapterContextIsGone(PADAPTER_CONTEXT Context)
{
    return (BOOLEAN)(Context->Gone != 0);
}
