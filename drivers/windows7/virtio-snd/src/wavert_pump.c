/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wavert_pump.h"

#include "pool.h"
#include "trace.h"
#include "wavert_pump_private.h"

/* 100 ns units */
#define ONE_MS 10000
#define START_TIMEOUT_MS 2000
#define DRAIN_SPARE_MS 2
#define DRAIN_LIMIT_MS 500
/* A pass that submitted to a device that completes at once finds the completion in the next one. */
#define PASSES_PER_SERVICE 3

static ULONGLONG Now(VOID)
{
    return (ULONGLONG)KeQueryPerformanceCounter(NULL).QuadPart;
}

static BOOLEAN IsRender(const WAVERT_PUMP *Pump)
{
    return (BOOLEAN)(Pump->Stream == VirtIoSndStreamRender);
}

ULONGLONG WaveRtPumpTicks(const WAVERT_PUMP *Pump, ULONG Frames)
{
    return ((ULONGLONG)Frames * Pump->Position.Frequency + WAVERT_RATE - 1) / WAVERT_RATE;
}

ULONGLONG WaveRtPumpReported(const WAVERT_PUMP *Pump, ULONGLONG NowTicks)
{
    ULONGLONG limit;
    ULONGLONG frames;

    if (!Pump->Running) {
        return Pump->Frozen;
    }
    frames = WaveRtPositionFrames(&Pump->Position, NowTicks);
    frames = (frames > Pump->Lag) ? frames - Pump->Lag : 0;
    /* Render: memory behind the position belongs to the client, so never report what the device may still read.
     * Capture: never report what is not in memory. */
    limit = (IsRender(Pump) && !Pump->QueueBeforeStart) ? Pump->Submitted : Pump->Completed;
    if (frames > limit) {
        frames = limit;
    }
    return (frames > Pump->Frozen) ? frames : Pump->Frozen;
}

NTSTATUS WaveRtPumpSubmit(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames)
{
    VIRTIOSND_SG sg[VIRTIOSND_SG_MAX_RUNS(WAVERT_PERIOD_MAX_FRAMES * 4u)];
    ULONG bufferBytes = Pump->Geometry.BufferFrames * Pump->FrameBytes;
    ULONG offset = (ULONG)(First % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
    ULONG capacity = sizeof(sg) / sizeof(sg[0]);
    ULONG count;
    NTSTATUS status;

    status = VirtIoSndSgTxBuild(Pump->Mdl, bufferBytes, offset, Frames * Pump->FrameBytes, (BOOLEAN)!IsRender(Pump), sg,
                                capacity, &count);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    return Pump->Backend->Ops->Submit(Pump->Backend, Pump->Stream, sg, count, Frames);
}

VOID WaveRtPumpSignalUpTo(PWAVERT_PUMP Pump, ULONGLONG Frames, ULONGLONG NowTicks)
{
    if (Pump->Geometry.IntervalFrames == 0 || Frames < Pump->NextBoundary) {
        return;
    }
    while (Frames >= Pump->NextBoundary) {
        Pump->ReleasedBoundary = Pump->NextBoundary;
        Pump->NextBoundary += Pump->Geometry.IntervalFrames;
    }
    Pump->ReleasedTicks = NowTicks;
    WaveRtNotifySignal(&Pump->Notify);
}

/* Lock held. */
static VOID ArmTimer(PWAVERT_PUMP Pump, const WAVERT_PASS *Pass)
{
    LARGE_INTEGER due;
    ULONGLONG ticks;

    if (Pass->Next == WAVERT_NEVER) {
        return;
    }
    ticks = (Pass->Next > Pass->Now) ? Pass->Next - Pass->Now : 0;
    /* Passes are at most one buffer apart; the limit keeps the product below 64 bits whatever the frequency. */
    if (ticks > Pump->Position.Frequency) {
        ticks = Pump->Position.Frequency;
    }
    due.QuadPart = -(LONGLONG)((ticks * 1000u * ONE_MS + Pump->Position.Frequency - 1) / Pump->Position.Frequency);
    if (due.QuadPart == 0) {
        due.QuadPart = -1;
    }
    KeSetTimer(&Pump->Timer, due, &Pump->Dpc);
}

/* DISPATCH_LEVEL, Lock not held. Does everything that is due and arms the timer for the rest. */
static VOID Service(PWAVERT_PUMP Pump)
{
    WAVERT_PASS pass;
    ULONG round;

    for (round = 1;; round++) {
        Pump->Backend->Ops->Poll(Pump->Backend, Pump->Stream);
        KeAcquireSpinLockAtDpcLevel(&Pump->Lock);
        if (!Pump->Running) {
            KeReleaseSpinLockFromDpcLevel(&Pump->Lock);
            return;
        }
        pass.Now = Now();
        pass.Next = WAVERT_NEVER;
        pass.Again = FALSE;
        WaveRtPumpSteer(Pump, pass.Now);
        if (IsRender(Pump)) {
            WaveRtRenderPass(Pump, &pass);
        } else {
            WaveRtCapturePass(Pump, &pass);
        }
        if (!pass.Again || round == PASSES_PER_SERVICE) {
            ArmTimer(Pump, &pass);
            KeReleaseSpinLockFromDpcLevel(&Pump->Lock);
            return;
        }
        KeReleaseSpinLockFromDpcLevel(&Pump->Lock);
    }
}

static KDEFERRED_ROUTINE TimerDpc;
static VOID NTAPI TimerDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    Service((PWAVERT_PUMP)Context);
}

static VOID NTAPI PeriodDone(PVOID Context, ULONG_PTR Cookie, ULONG Bytes, NTSTATUS Status)
{
    PWAVERT_PUMP pump = (PWAVERT_PUMP)Context;

    UNREFERENCED_PARAMETER(Bytes);
    if (!NT_SUCCESS(Status)) {
        VIRTIOSND_TRACE_ERROR("stream %u: period lost, status 0x%08lx\n", (unsigned)pump->Stream, Status);
    }
    /* A lost period still takes its time: the stream goes on behind it. The cookie is the number of frames, 0 for the
     * silence of the preroll. */
    KeAcquireSpinLockAtDpcLevel(&pump->Lock);
    pump->Completed += Cookie;
    KeReleaseSpinLockFromDpcLevel(&pump->Lock);
}

/* An interrupt told that something completed. */
static VOID NTAPI Attention(PVOID Context)
{
    Service((PWAVERT_PUMP)Context);
}

static VOID NTAPI StartDone(PVOID Context, NTSTATUS Status)
{
    PWAVERT_PUMP pump = (PWAVERT_PUMP)Context;

    KeAcquireSpinLockAtDpcLevel(&pump->Lock);
    if (!pump->Starting) {
        KeReleaseSpinLockFromDpcLevel(&pump->Lock);
        return; /* too late: WaveRtPumpRun has given up */
    }
    pump->Starting = FALSE;
    pump->StartStatus = Status;
    if (NT_SUCCESS(Status)) {
        ULONGLONG now = Now();

        WaveRtPositionRun(&pump->Position, now);
        pump->DeviceEndTicks = now;
        pump->Running = TRUE;
    }
    KeReleaseSpinLockFromDpcLevel(&pump->Lock);
    if (NT_SUCCESS(Status)) {
        Service(pump);
    }
    KeSetEvent(&pump->Started, 0, FALSE);
}

CODE_PAGE NTSTATUS WaveRtPumpInit(PWAVERT_PUMP Pump, PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream,
                                  ULONG FrameBytes)
{
    LARGE_INTEGER frequency;

    PAGED_CODE();
    RtlZeroMemory(Pump, sizeof(*Pump));
    Pump->Backend = Backend;
    Pump->Stream = Stream;
    Pump->FrameBytes = FrameBytes;
    KeInitializeSpinLock(&Pump->Lock);
    KeInitializeTimer(&Pump->Timer);
    KeInitializeDpc(&Pump->Dpc, TimerDpc, Pump);
    KeInitializeEvent(&Pump->Started, NotificationEvent, FALSE);
    WaveRtNotifyInit(&Pump->Notify);
    KeQueryPerformanceCounter(&frequency);
    WaveRtPositionInit(&Pump->Position, (ULONGLONG)frequency.QuadPart, WAVERT_RATE);
    if (IsRender(Pump)) {
        Pump->Silence = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, VIRTIOSND_POOL_TAG);
        if (Pump->Silence == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlZeroMemory(Pump->Silence, PAGE_SIZE);
    }
    return STATUS_SUCCESS;
}

CODE_PAGE VOID WaveRtPumpUninit(PWAVERT_PUMP Pump)
{
    PAGED_CODE();
    WaveRtNotifyClear(&Pump->Notify);
    if (Pump->Silence != NULL) {
        ExFreePoolWithTag(Pump->Silence, VIRTIOSND_POOL_TAG);
        Pump->Silence = NULL;
    }
}

CODE_PAGE NTSTATUS WaveRtPumpConfigure(PWAVERT_PUMP Pump, PMDL Mdl, ULONG BufferBytes, ULONG NotificationCount)
{
    WAVERT_GEOMETRY geometry;

    PAGED_CODE();
    if (Mdl != NULL) {
        if (BufferBytes % Pump->FrameBytes != 0 ||
            !WaveRtGeometryInit(&geometry, BufferBytes / Pump->FrameBytes, NotificationCount)) {
            return STATUS_INVALID_PARAMETER;
        }
        Pump->Geometry = geometry;
    }
    Pump->Mdl = Mdl;
    return STATUS_SUCCESS;
}

CODE_PAGE NTSTATUS WaveRtPumpOpen(PWAVERT_PUMP Pump)
{
    VIRTIOSND_STREAM_CONFIG config;
    NTSTATUS status;

    PAGED_CODE();
    if (Pump->Mdl == NULL) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    config.BufferBytes = WaveRtGeometryDeviceFrames(&Pump->Geometry) * Pump->FrameBytes;
    config.PeriodBytes = Pump->Geometry.PeriodFrames * Pump->FrameBytes;
    config.PeriodDone = PeriodDone;
    config.StartDone = StartDone;
    config.Attention = Attention;
    config.Context = Pump;
    status = Pump->Backend->Ops->Open(Pump->Backend, Pump->Stream, &config);
    if (NT_SUCCESS(status)) {
        Pump->QueueBeforeStart = Pump->Backend->Ops->QueueBeforeStart(Pump->Backend);
        Pump->Open = TRUE;
    }
    return status;
}

/* Sets the scene for START: how much silence goes first, and, where the device takes periods before START, the
 * periods. */
static VOID PrepareRun(PWAVERT_PUMP Pump)
{
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    if (Pump->NextBoundary == 0) {
        Pump->NextBoundary = Pump->Geometry.IntervalFrames;
    }
    Pump->PrerollLeft = 0;
    Pump->Lag = Pump->Geometry.LagFrames;
    Pump->Steered = 0;
    Pump->SteerPart = 0;
    if (IsRender(Pump) && Pump->QueueBeforeStart) {
        if (!WaveRtPumpHasRoom(Pump)) {
            Pump->Lag = 0;
        }
        WaveRtRenderPrefill(Pump);
    } else if (IsRender(Pump)) {
        /* After a pause the device has played up to Submitted; it must be as far behind the clock as ever. */
        Pump->PrerollLeft = Pump->Geometry.PrerollFrames + (ULONG)(Pump->Submitted - Pump->Frozen);
        Pump->Lag = 0;
    } else if (Pump->QueueBeforeStart) {
        WaveRtCapturePost(Pump);
    }
    Pump->Starting = TRUE;
    KeReleaseSpinLock(&Pump->Lock, irql);
}

/* The backend polls at DISPATCH_LEVEL. */
static VOID PollOnce(PWAVERT_PUMP Pump)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    Pump->Backend->Ops->Poll(Pump->Backend, Pump->Stream);
    KeLowerIrql(irql);
}

/* The answer to START, or STATUS_IO_TIMEOUT; whatever comes later is ignored. Looks for the answer itself as well,
 * because there may be no interrupt. */
static NTSTATUS AwaitStarted(PWAVERT_PUMP Pump)
{
    LARGE_INTEGER tick;
    NTSTATUS status;
    ULONG waited;
    KIRQL irql;

    tick.QuadPart = -(LONGLONG)ONE_MS;
    for (waited = 0; waited < START_TIMEOUT_MS; waited++) {
        if (KeWaitForSingleObject(&Pump->Started, Executive, KernelMode, FALSE, &tick) == STATUS_SUCCESS) {
            break;
        }
        PollOnce(Pump);
    }
    KeAcquireSpinLock(&Pump->Lock, &irql);
    status = Pump->Starting ? STATUS_IO_TIMEOUT : Pump->StartStatus;
    Pump->Starting = FALSE;
    KeReleaseSpinLock(&Pump->Lock, irql);
    return status;
}

NTSTATUS WaveRtPumpRun(PWAVERT_PUMP Pump)
{
    NTSTATUS status;

    KeClearEvent(&Pump->Started);
    PrepareRun(Pump);
    status = Pump->Backend->Ops->Start(Pump->Backend, Pump->Stream);
    if (NT_SUCCESS(status)) {
        status = AwaitStarted(Pump);
        if (!NT_SUCCESS(status)) {
            /* Nothing runs; take back whatever the device believes. */
            Pump->Backend->Ops->Stop(Pump->Backend, Pump->Stream);
        }
    }
    return status;
}

/* Lock not held. TRUE while the device has something left to play: by the clock, and where completions tell, by
 * them. */
static BOOLEAN StillPlaying(PWAVERT_PUMP Pump)
{
    BOOLEAN playing;
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    playing = (BOOLEAN)(Now() < Pump->DeviceEndTicks ||
                        (Pump->QueueBeforeStart && Pump->Completed < Pump->Submitted));
    KeReleaseSpinLock(&Pump->Lock, irql);
    return playing;
}

static VOID Drain(PWAVERT_PUMP Pump)
{
    LARGE_INTEGER tick;
    ULONG waited;

    tick.QuadPart = -(LONGLONG)ONE_MS;
    for (waited = 0; waited < DRAIN_LIMIT_MS && StillPlaying(Pump); waited++) {
        KeDelayExecutionThread(KernelMode, FALSE, &tick);
        PollOnce(Pump);
    }
    tick.QuadPart = -(LONGLONG)DRAIN_SPARE_MS * ONE_MS;
    KeDelayExecutionThread(KernelMode, FALSE, &tick);
}

VOID WaveRtPumpHold(PWAVERT_PUMP Pump)
{
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    Pump->Frozen = WaveRtPumpReported(Pump, Now());
    Pump->Running = FALSE;
    KeReleaseSpinLock(&Pump->Lock, irql);
    KeCancelTimer(&Pump->Timer);
    /* The DPC may have been queued, or may run, on another processor. */
    KeFlushQueuedDpcs();

    if (IsRender(Pump)) {
        Drain(Pump);
    }
    Pump->Backend->Ops->Stop(Pump->Backend, Pump->Stream);

    KeAcquireSpinLock(&Pump->Lock, &irql);
    /* The clock goes on where the position stands. Capture: behind what is in memory, because the device throws away
     * what it recorded beyond. */
    WaveRtPositionSet(&Pump->Position, IsRender(Pump) ? Pump->Frozen : Pump->Completed);
    KeReleaseSpinLock(&Pump->Lock, irql);
}

CODE_PAGE NTSTATUS WaveRtPumpClose(PWAVERT_PUMP Pump)
{
    NTSTATUS status;

    PAGED_CODE();
    if (!Pump->Open) {
        return STATUS_SUCCESS;
    }
    Pump->Open = FALSE;
    status = Pump->Backend->Ops->Close(Pump->Backend, Pump->Stream);
    if (status == STATUS_IO_TIMEOUT) {
        Pump->Silence = NULL; /* kept aside: the device may still read it */
    }
    return status;
}

VOID WaveRtPumpReset(PWAVERT_PUMP Pump)
{
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    WaveRtPositionReset(&Pump->Position);
    Pump->Frozen = 0;
    Pump->Submitted = 0;
    Pump->Completed = 0;
    Pump->NextBoundary = 0;
    Pump->ReleasedBoundary = 0;
    Pump->ReleasedTicks = 0;
    KeReleaseSpinLock(&Pump->Lock, irql);
}

VOID WaveRtPumpPosition(PWAVERT_PUMP Pump, ULONGLONG *Play, ULONGLONG *Write)
{
    ULONGLONG reported;
    ULONGLONG given;
    KIRQL irql;

    *Play = 0;
    *Write = 0;
    KeAcquireSpinLock(&Pump->Lock, &irql);
    if (Pump->Mdl != NULL) {
        reported = WaveRtPumpReported(Pump, Now());
        given = IsRender(Pump) ? Pump->Submitted : reported;
        *Play = (reported % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
        *Write = (given % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
    }
    KeReleaseSpinLock(&Pump->Lock, irql);
}
