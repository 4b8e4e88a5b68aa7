/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define WDK_COMPAT_PORTCLS
#include "wavert_stream.h"

#include "pool.h"
#include "portcls_com.h"
#include "trace.h"
#include "wavert_format.h"
#include "wavert_pump.h"

#define TIMER_RESOLUTION 10000u /* 100 ns units */

/* Lock order: StateMutex, then the pump's locks. Field letters: I immutable; S guarded by StateMutex; a interlocked. */
typedef struct _WAVERT_STREAM {
    IMiniportWaveRTStreamNotification Unknown; /* first: the block is a COM object */
    LONG References;                           /* [a] */
    PMINIPORTWAVERT_CONTEXT Miniport;          /* [I] referenced */
    PPORTWAVERTSTREAM PortStream;              /* [I] referenced */
    VIRTIOSND_STREAM_ID Id;                    /* [I] */
    ULONG FrameBytes;                          /* [I] */
    KMUTEX StateMutex;
    KSSTATE State;       /* [S] */
    BOOLEAN Gone;        /* [S] quiesced: the backend is not touched any more */
    BOOLEAN Resting;     /* [S] the device has no power: State is where the stream will go on */
    PVOID Mapping;       /* [S] of the cyclic buffer, when its periods are copied; NULL: none */
    PMDL BufferMdl;      /* [S] the cyclic buffer, NULL: none; belongs to the port stream's allocator */
    BOOLEAN BufferOwned; /* [S] FALSE: the device may still write to it, it is kept aside for ever */
    WAVERT_PUMP Pump;
} WAVERT_STREAM, *PWAVERT_STREAM;

static __inline PWAVERT_STREAM FromInterface(PVOID Interface)
{
    return (PWAVERT_STREAM)Interface;
}

CODE_PAGE static VOID LockState(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    KeWaitForSingleObject(&Stream->StateMutex, Executive, KernelMode, FALSE, NULL);
}

CODE_PAGE static VOID UnlockState(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    KeReleaseMutex(&Stream->StateMutex, FALSE);
}

/* ---- state walk; StateMutex held ---- */

CODE_PAGE static NTSTATUS EnterAcquire(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(Stream);
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS EnterPause(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    return WaveRtPumpOpen(&Stream->Pump);
}

CODE_PAGE static NTSTATUS EnterRun(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    return WaveRtPumpRun(&Stream->Pump);
}

CODE_PAGE static VOID LeaveRun(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    WaveRtPumpHold(&Stream->Pump);
}

CODE_PAGE static VOID LeavePause(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    if (WaveRtPumpClose(&Stream->Pump) == STATUS_IO_TIMEOUT) {
        Stream->BufferOwned = FALSE;
    }
}

CODE_PAGE static VOID LeaveAcquire(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    WaveRtPumpReset(&Stream->Pump);
}

/* Entering a state from the one below, leaving it for the one below. Indexed by KSSTATE. */
static const struct {
    NTSTATUS (*Enter)(PWAVERT_STREAM Stream);
    VOID (*Leave)(PWAVERT_STREAM Stream);
} StateSteps[] = {
    {NULL, NULL}, /* KSSTATE_STOP */
    {EnterAcquire, LeaveAcquire},
    {EnterPause, LeavePause},
    {EnterRun, LeaveRun},
};

CODE_PAGE static NTSTATUS WalkTo(PWAVERT_STREAM Stream, KSSTATE Target)
{
    NTSTATUS status;

    PAGED_CODE();
    while (Stream->State > Target) {
        StateSteps[Stream->State].Leave(Stream);
        Stream->State = (KSSTATE)(Stream->State - 1);
    }
    while (Stream->State < Target) {
        status = StateSteps[Stream->State + 1].Enter(Stream);
        if (!NT_SUCCESS(status)) {
            VIRTIOSND_TRACE_ERROR("stream %u: state %d refused, 0x%08lx\n", (unsigned)Stream->Id, Stream->State + 1,
                                  status);
            return status;
        }
        Stream->State = (KSSTATE)(Stream->State + 1);
    }
    return STATUS_SUCCESS;
}

/* A stream whose backend must not be touched only notes its state. Closing down is always allowed: the hardware has
 * been stopped already. */
CODE_PAGE static NTSTATUS WalkOrNote(PWAVERT_STREAM Stream, KSSTATE Target)
{
    PAGED_CODE();
    if (!Stream->Gone && !Stream->Resting) {
        return WalkTo(Stream, Target);
    }
    if (Stream->Gone && Target > Stream->State) {
        return STATUS_DEVICE_NOT_CONNECTED;
    }
    if (Target == KSSTATE_STOP) {
        WaveRtPumpReset(&Stream->Pump);
    }
    if (Target > KSSTATE_ACQUIRE && Stream->BufferMdl == NULL) {
        Stream->State = KSSTATE_ACQUIRE; /* as WalkTo would leave it */
        return STATUS_INVALID_DEVICE_STATE;
    }
    Stream->State = Target;
    return STATUS_SUCCESS;
}

/* Gives up what the backend holds; State stays what the client has asked for. */
CODE_PAGE static VOID LeaveBackend(PWAVERT_STREAM Stream)
{
    KSSTATE state = Stream->State;

    PAGED_CODE();
    WalkTo(Stream, (state > KSSTATE_ACQUIRE) ? KSSTATE_ACQUIRE : state);
    Stream->State = state;
}

/* ---- the cyclic buffer; StateMutex held ---- */

CODE_PAGE static VOID ReleaseBuffer(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    if (Stream->BufferMdl == NULL) {
        return;
    }
    WalkOrNote(Stream, KSSTATE_STOP);
    WaveRtPumpConfigure(&Stream->Pump, NULL, 0, 0);
    if (Stream->Mapping != NULL) {
        Stream->PortStream->lpVtbl->UnmapAllocatedPages(Stream->PortStream, Stream->Mapping, Stream->BufferMdl);
        Stream->Mapping = NULL;
    }
    if (Stream->BufferOwned) {
        Stream->PortStream->lpVtbl->FreePagesFromMdl(Stream->PortStream, Stream->BufferMdl);
    }
    Stream->BufferMdl = NULL;
}

/* Configures the pump for the buffer, and maps it when the pump has to see it. */
CODE_PAGE static NTSTATUS ConfigurePump(PWAVERT_STREAM Stream, PMDL Mdl, ULONG BufferBytes, ULONG NotificationCount)
{
    NTSTATUS status;

    PAGED_CODE();
    /* The port may find fewer pages than asked for; a client rejects a smaller buffer. */
    if (MmGetMdlByteCount(Mdl) < BufferBytes) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = WaveRtPumpConfigure(&Stream->Pump, Mdl, BufferBytes, NotificationCount);
    if (!NT_SUCCESS(status) || !WaveRtPumpCopies(&Stream->Pump)) {
        return status;
    }
    Stream->Mapping = Stream->PortStream->lpVtbl->MapAllocatedPages(Stream->PortStream, Mdl, MmCached);
    if (Stream->Mapping == NULL) {
        WaveRtPumpConfigure(&Stream->Pump, NULL, 0, 0);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    WaveRtPumpMap(&Stream->Pump, Stream->Mapping);
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS AllocateBuffer(PWAVERT_STREAM Stream, ULONG NotificationCount, ULONG RequestedSize,
                                         PMDL *AudioBufferMdl)
{
    WAVERT_GEOMETRY geometry;
    PHYSICAL_ADDRESS highest;
    NTSTATUS status;
    PMDL mdl;

    PAGED_CODE();
    if (Stream->Gone) {
        return STATUS_DEVICE_NOT_CONNECTED;
    }
    if (Stream->BufferMdl != NULL || Stream->State != KSSTATE_STOP) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    if (!WaveRtPumpGeometry(&Stream->Pump, RequestedSize, NotificationCount, &geometry)) {
        return STATUS_UNSUCCESSFUL; /* before memory is locked for it */
    }
    highest.QuadPart = (LONGLONG)~(ULONGLONG)0;
    mdl = Stream->PortStream->lpVtbl->AllocatePagesForMdl(Stream->PortStream, highest, RequestedSize);
    if (mdl == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = ConfigurePump(Stream, mdl, RequestedSize, NotificationCount);
    if (!NT_SUCCESS(status)) {
        Stream->PortStream->lpVtbl->FreePagesFromMdl(Stream->PortStream, mdl);
        return status;
    }
    Stream->BufferMdl = mdl;
    Stream->BufferOwned = TRUE;
    *AudioBufferMdl = mdl;
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS Allocate(PWAVERT_STREAM Stream, ULONG NotificationCount, ULONG RequestedSize,
                                   PMDL *AudioBufferMdl, ULONG *ActualSize, ULONG *OffsetFromFirstPage,
                                   MEMORY_CACHING_TYPE *CacheType)
{
    NTSTATUS status;

    PAGED_CODE();
    LockState(Stream);
    status = AllocateBuffer(Stream, NotificationCount, RequestedSize, AudioBufferMdl);
    UnlockState(Stream);
    if (NT_SUCCESS(status)) {
        *ActualSize = RequestedSize;
        *OffsetFromFirstPage = 0;
        *CacheType = MmCached; /* the device snoops */
    }
    return status;
}

CODE_PAGE static VOID Free(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    LockState(Stream);
    ReleaseBuffer(Stream);
    UnlockState(Stream);
}

CODE_PAGE VOID WaveRtStreamAcquireTime(VOID)
{
    PAGED_CODE();
    ExSetTimerResolution(TIMER_RESOLUTION, TRUE);
}

CODE_PAGE VOID WaveRtStreamReleaseTime(VOID)
{
    PAGED_CODE();
    ExSetTimerResolution(0, FALSE);
}

/* ---- IUnknown ---- */

static const GUID IidUnknown = {0x00000000, 0x0000, 0x0000, {0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};
static const GUID IidStream = {0x000AC9AB, 0xFAAB, 0x4F3D, {0x94, 0x55, 0x6F, 0xF8, 0x30, 0x6A, 0x74, 0xA0}};
static const GUID IidStreamNotification = {
    0x23759128, 0x96F1, 0x423B, {0xAB, 0x4D, 0x81, 0x63, 0x5B, 0xCF, 0x8C, 0xA1}};

static const GUID *const StreamIids[] = {&IidUnknown, &IidStream, &IidStreamNotification};

CODE_PAGE static VOID Destroy(PWAVERT_STREAM Stream)
{
    PAGED_CODE();
    WaveRtMiniportStreamClosed(Stream->Miniport, Stream->Id);
    LockState(Stream);
    ReleaseBuffer(Stream);
    UnlockState(Stream);
    WaveRtPumpUninit(&Stream->Pump);
    COM_RELEASE(&Stream->PortStream);
    WaveRtMiniportRelease(Stream->Miniport);
    ExFreePoolWithTag(Stream, VIRTIOSND_POOL_TAG);
    WaveRtStreamReleaseTime();
}

static NTSTATUS NTAPI QueryInterface(IMiniportWaveRTStreamNotification *This, REFIID InterfaceId, PVOID *Interface)
{
    return PortClsComQueryInterface(This, StreamIids, sizeof(StreamIids) / sizeof(StreamIids[0]), InterfaceId,
                                    Interface);
}

static ULONG NTAPI AddRef(IMiniportWaveRTStreamNotification *This)
{
    return PortClsComAddRef(&FromInterface(This)->References);
}

static ULONG NTAPI Release(IMiniportWaveRTStreamNotification *This)
{
    ULONG left = PortClsComRelease(&FromInterface(This)->References);

    if (left == 0) {
        Destroy(FromInterface(This));
    }
    return left;
}

/* ---- IMiniportWaveRTStream ---- */

CODE_PAGE static NTSTATUS NTAPI SetFormat(IMiniportWaveRTStreamNotification *This, PKSDATAFORMAT DataFormat)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(DataFormat);
    return STATUS_NOT_SUPPORTED; /* each pin has one format */
}

CODE_PAGE static NTSTATUS NTAPI SetState(IMiniportWaveRTStreamNotification *This, KSSTATE State)
{
    PWAVERT_STREAM stream = FromInterface(This);
    NTSTATUS status;

    PAGED_CODE();
    if (State < KSSTATE_STOP || State > KSSTATE_RUN) {
        return STATUS_INVALID_PARAMETER;
    }
    LockState(stream);
    status = WalkOrNote(stream, State);
    UnlockState(stream);
    return status;
}

/* <= DISPATCH_LEVEL, unlike its neighbours. */
static NTSTATUS NTAPI GetPosition(IMiniportWaveRTStreamNotification *This, KSAUDIO_POSITION *Position)
{
    WaveRtPumpPosition(&FromInterface(This)->Pump, &Position->PlayOffset, &Position->WriteOffset);
    return STATUS_SUCCESS;
}

CODE_PAGE static NTSTATUS NTAPI AllocateAudioBuffer(IMiniportWaveRTStreamNotification *This, ULONG RequestedSize,
                                                    PMDL *AudioBufferMdl, ULONG *ActualSize,
                                                    ULONG *OffsetFromFirstPage, MEMORY_CACHING_TYPE *CacheType)
{
    PAGED_CODE();
    return Allocate(FromInterface(This), 0, RequestedSize, AudioBufferMdl, ActualSize, OffsetFromFirstPage, CacheType);
}

CODE_PAGE static VOID NTAPI FreeAudioBuffer(IMiniportWaveRTStreamNotification *This, PMDL AudioBufferMdl,
                                            ULONG BufferSize)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(AudioBufferMdl);
    UNREFERENCED_PARAMETER(BufferSize);
    Free(FromInterface(This));
}

CODE_PAGE static VOID NTAPI GetHWLatency(IMiniportWaveRTStreamNotification *This, KSRTAUDIO_HWLATENCY *Latency)
{
    PWAVERT_STREAM stream = FromInterface(This);
    const WAVERT_GEOMETRY *geometry = &stream->Pump.Geometry;
    ULONG delayFrames;

    PAGED_CODE();
    LockState(stream);
    RtlZeroMemory(Latency, sizeof(*Latency));
    if (stream->BufferMdl != NULL) {
        /* Render: how far the device is given data ahead of the position. */
        if (stream->Id == VirtIoSndStreamRender) {
            Latency->FifoSize = geometry->PeriodFrames * stream->FrameBytes;
            delayFrames = geometry->PrerollFrames;
        } else {
            delayFrames = geometry->LagFrames;
        }
        Latency->ChipsetDelay = delayFrames * 10000u / WAVERT_FRAMES_PER_MS; /* 100 ns units */
    }
    UnlockState(stream);
}

/* There is no register that a client could read without a system call: it uses KSPROPERTY_AUDIO_POSITION instead. */
CODE_PAGE static NTSTATUS NTAPI GetPositionRegister(IMiniportWaveRTStreamNotification *This,
                                                    KSRTAUDIO_HWREGISTER *Register)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(Register);
    return STATUS_NOT_SUPPORTED;
}

CODE_PAGE static NTSTATUS NTAPI GetClockRegister(IMiniportWaveRTStreamNotification *This,
                                                 KSRTAUDIO_HWREGISTER *Register)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(This);
    UNREFERENCED_PARAMETER(Register);
    return STATUS_NOT_SUPPORTED;
}

/* ---- IMiniportWaveRTStreamNotification ---- */

CODE_PAGE static NTSTATUS NTAPI AllocateBufferWithNotification(IMiniportWaveRTStreamNotification *This,
                                                               ULONG NotificationCount, ULONG RequestedSize,
                                                               PMDL *AudioBufferMdl, ULONG *ActualSize,
                                                               ULONG *OffsetFromFirstPage,
                                                               MEMORY_CACHING_TYPE *CacheType)
{
    PAGED_CODE();
    if (NotificationCount != 1 && NotificationCount != 2) {
        return STATUS_INVALID_PARAMETER;
    }
    return Allocate(FromInterface(This), NotificationCount, RequestedSize, AudioBufferMdl, ActualSize,
                    OffsetFromFirstPage, CacheType);
}

CODE_PAGE static VOID NTAPI FreeBufferWithNotification(IMiniportWaveRTStreamNotification *This, PMDL AudioBufferMdl,
                                                       ULONG BufferSize)
{
    PAGED_CODE();
    UNREFERENCED_PARAMETER(AudioBufferMdl);
    UNREFERENCED_PARAMETER(BufferSize);
    Free(FromInterface(This));
}

CODE_PAGE static NTSTATUS NTAPI RegisterNotificationEvent(IMiniportWaveRTStreamNotification *This,
                                                          PKEVENT NotificationEvent)
{
    PAGED_CODE();
    return WaveRtNotifyAdd(&FromInterface(This)->Pump.Notify, NotificationEvent);
}

CODE_PAGE static NTSTATUS NTAPI UnregisterNotificationEvent(IMiniportWaveRTStreamNotification *This,
                                                            PKEVENT NotificationEvent)
{
    PAGED_CODE();
    return WaveRtNotifyRemove(&FromInterface(This)->Pump.Notify, NotificationEvent);
}

static IMiniportWaveRTStreamNotificationVtbl StreamVtbl = {
    QueryInterface,
    AddRef,
    Release,
    SetFormat,
    SetState,
    GetPosition,
    AllocateAudioBuffer,
    FreeAudioBuffer,
    GetHWLatency,
    GetPositionRegister,
    GetClockRegister,
    AllocateBufferWithNotification,
    FreeBufferWithNotification,
    RegisterNotificationEvent,
    UnregisterNotificationEvent,
};

/* ---- creation and removal ---- */

CODE_PAGE NTSTATUS WaveRtStreamCreate(PMINIPORTWAVERT_CONTEXT Miniport, PPORTWAVERTSTREAM PortStream, ULONG Pin,
                                      BOOLEAN Capture, PKSDATAFORMAT Format, PMINIPORTWAVERTSTREAM *Stream)
{
    PWAVERT_STREAM created;
    NTSTATUS status;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(Pin);
    UNREFERENCED_PARAMETER(Format);
    *Stream = NULL;
    created = ExAllocatePoolWithTag(NonPagedPool, sizeof(*created), VIRTIOSND_POOL_TAG);
    if (created == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(created, sizeof(*created));
    created->Unknown.lpVtbl = &StreamVtbl;
    created->References = 1;
    created->Id = Capture ? VirtIoSndStreamCapture : VirtIoSndStreamRender;
    created->FrameBytes = Capture ? sizeof(SHORT) : 2 * sizeof(SHORT);
    created->State = KSSTATE_STOP;
    KeInitializeMutex(&created->StateMutex, 0);
    status = WaveRtPumpInit(&created->Pump, WaveRtMiniportBackend(Miniport), created->Id, created->FrameBytes);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(created, VIRTIOSND_POOL_TAG);
        return status;
    }
    created->Miniport = Miniport;
    WaveRtMiniportReference(Miniport);
    created->PortStream = PortStream;
    PortStream->lpVtbl->AddRef(PortStream);
    *Stream = (PMINIPORTWAVERTSTREAM)created;
    return STATUS_SUCCESS;
}

CODE_PAGE VOID WaveRtStreamQuiesce(PMINIPORTWAVERTSTREAM Stream)
{
    PWAVERT_STREAM stream = FromInterface(Stream);

    PAGED_CODE();
    LockState(stream);
    if (!stream->Gone && !stream->Resting) {
        LeaveBackend(stream);
    }
    stream->Resting = FALSE;
    stream->Gone = TRUE;
    UnlockState(stream);
}

CODE_PAGE VOID WaveRtStreamRest(PMINIPORTWAVERTSTREAM Stream)
{
    PWAVERT_STREAM stream = FromInterface(Stream);

    PAGED_CODE();
    LockState(stream);
    if (!stream->Gone && !stream->Resting) {
        LeaveBackend(stream);
        stream->Resting = TRUE;
    }
    UnlockState(stream);
}

CODE_PAGE VOID WaveRtStreamGoOn(PMINIPORTWAVERTSTREAM Stream)
{
    PWAVERT_STREAM stream = FromInterface(Stream);
    KSSTATE state;

    PAGED_CODE();
    LockState(stream);
    if (stream->Resting) {
        stream->Resting = FALSE;
        state = stream->State;
        stream->State = (state > KSSTATE_ACQUIRE) ? KSSTATE_ACQUIRE : state;
        if (!NT_SUCCESS(WalkTo(stream, state))) {
            LeaveBackend(stream);
            stream->State = state;
            stream->Gone = TRUE;
        }
    }
    UnlockState(stream);
}
