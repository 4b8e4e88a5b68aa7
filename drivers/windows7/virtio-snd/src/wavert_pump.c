/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wavert_pump.h"

#include "pool.h"
#include "trace.h"
#include "wavert_pump_private.h"

/* 100 ns units */
#define ONE_MS 10000
#define START_TIMEOUT_MS 1000u
#define DRAIN_SPARE_MS 2
/* A mixer that has taken the last period hands it on at its next step. */
#define DRAIN_STEP_MS (WAVERT_STEP_FRAMES / WAVERT_FRAMES_PER_MS)
/* It has taken some 21 ms ahead of what is heard (QEMU: 1024 frames). A pause leaves that there, RELEASE may not. */
#define MIXER_MS 22
#define DRAIN_LIMIT_MS 500u
/* A device that completes nothing for this long is left behind. Windows gives up a stream that does not notify for a
 * second and its buffer's length, and the position has to get to the next notification by then. Some are a second late
 * when they start, with the first period behind that. */
#define DEAD_MS 980u
#define NEVER_ALIVE_MS 1015u
/* Where silence lies: nowhere in the client's buffer. */
#define SILENCE (~0u)
/* A pass that submitted to a device that completes at once finds the completion in the next one. */
#define PASSES_PER_SERVICE 3

static __inline ULONGLONG Now(VOID)
{
    return (ULONGLONG)KeQueryPerformanceCounter(NULL).QuadPart;
}

static __inline BOOLEAN IsRender(const WAVERT_PUMP *Pump)
{
    return (BOOLEAN)(Pump->Stream == VirtIoSndStreamRender);
}

ULONGLONG WaveRtPumpReported(const WAVERT_PUMP *Pump, ULONGLONG NowTicks)
{
    ULONGLONG limit;
    LONGLONG frames;

    if (!Pump->Running) {
        return Pump->Frozen;
    }
    frames = (LONGLONG)WaveRtPositionFrames(&Pump->Position, NowTicks);
    frames -= (Pump->Lag + WAVERT_LAG_ONE - 1) / WAVERT_LAG_ONE;
    /* Render: memory behind the position belongs to the client, so never report what may still be read.
     * Capture: never report what is not in memory. */
    limit = IsRender(Pump) ? Pump->Observer.Kind->Readable(Pump) : Pump->Completed;
    if (frames > (LONGLONG)limit) {
        frames = (LONGLONG)limit;
    }
    return (frames > (LONGLONG)Pump->Frozen) ? (ULONGLONG)frames : Pump->Frozen;
}

/* Lock held. Hands over a period that Sg describes. */
CODE_INLINE NTSTATUS HandOver(PWAVERT_PUMP Pump, const VIRTIOSND_SG *Sg, ULONG SgCount, ULONG Frames, ULONG At,
                              ULONGLONG NowTicks)
{
    ULONG number = Pump->FlightNext;
    WAVERT_FLIGHT *flight = &Pump->Flight[number % WAVERT_FLIGHT_MAX];
    NTSTATUS status;

    if (number - Pump->FlightTaken == WAVERT_FLIGHT_MAX) {
        return STATUS_DEVICE_BUSY;
    }
    flight->Frames = Frames;
    flight->Got = Frames;
    flight->At = At;
    flight->Silent = (BOOLEAN)(At == SILENCE);
    flight->Copied = Pump->Copying;
    flight->Done = FALSE;
    status = Pump->Backend->Ops->Submit(Pump->Backend, Pump->Stream, Sg, SgCount, number);
    if (NT_SUCCESS(status)) {
        if (!WaveRtPumpInFlight(Pump)) {
            Pump->ProgressTicks = NowTicks;
        }
        Pump->FlightNext++;
        WaveRtKindGiven(Pump, NowTicks);
    }
    return status;
}

/* Lock held. Where Frames from frame At of the cyclic buffer on lie; NULL: not in the buffer. */
CODE_INLINE const WAVERT_PLACE *PlaceAt(PWAVERT_PUMP Pump, ULONG At, ULONG Frames)
{
    WAVERT_PLACE *place = &Pump->Places[At / WAVERT_PERIOD_MAX_FRAMES % WAVERT_PLACES];
    ULONG bytes = Pump->FrameBytes;

    if (place->At != At || place->Frames != Frames) {
        place->Frames = 0;
        if (!NT_SUCCESS(VirtIoSndSgTxBuild(Pump->Mdl, Pump->Geometry.BufferFrames * bytes, At * bytes, Frames * bytes,
                                           place->Sg, RTL_NUMBER_OF(place->Sg), &place->Count))) {
            return NULL;
        }
        place->At = At;
        place->Frames = Frames;
    }
    return place;
}

/* Lock held. The next period, of Frames, by way of the ring of copies. */
CODE_RESIDENT static NTSTATUS SubmitCopy(PWAVERT_PUMP Pump, ULONG Frames, ULONGLONG NowTicks)
{
    VIRTIOSND_SG sg[VIRTIOSND_SG_MAX_RUNS(WAVERT_PERIOD_MAX_FRAMES * 4u)];
    ULONG count;
    NTSTATUS status = WaveRtCopiesBuild(Pump, Pump->Submitted, Frames, sg, &count);

    if (NT_SUCCESS(status)) {
        status = HandOver(Pump, sg, count, Frames, Pump->CopiesNext % WAVERT_COPIES_FRAMES, NowTicks);
    }
    if (NT_SUCCESS(status)) {
        Pump->CopiesNext += Frames;
        Pump->Staged = 0;
    }
    return status;
}

NTSTATUS WaveRtPumpSubmit(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONG frames = WaveRtPumpNext(Pump);
    const WAVERT_PLACE *place;
    NTSTATUS status;

    if (Pump->Copying) {
        status = SubmitCopy(Pump, frames, NowTicks);
    } else {
        place = PlaceAt(Pump, Pump->NextAt, frames);
        if (place == NULL) {
            return STATUS_INVALID_PARAMETER;
        }
        status = HandOver(Pump, place->Sg, place->Count, frames, place->At, NowTicks);
    }
    if (NT_SUCCESS(status)) {
        Pump->Submitted += frames;
    }
    return status;
}

CODE_RESIDENT VOID WaveRtPumpSubmitStaged(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    VIRTIOSND_SG sg[VIRTIOSND_SG_MAX_RUNS(WAVERT_PERIOD_MAX_FRAMES * 4u)];
    ULONG period = Pump->Geometry.PeriodFrames;
    ULONG staged = Pump->Staged;
    ULONG count;

    if (staged == 0 || Pump->Dead) {
        return;
    }
    Pump->Staged = period;
    /* The silence lies in the ring as well: a piece of memory more is more than ACRN takes. */
    if (NT_SUCCESS(WaveRtCopiesBuild(Pump, Pump->Submitted, period, sg, &count))) {
        WaveRtCopiesSilence(Pump, Pump->Submitted + staged, period - staged);
        if (NT_SUCCESS(HandOver(Pump, sg, count, period, 0, NowTicks))) {
            Pump->Flight[(Pump->FlightNext - 1u) % WAVERT_FLIGHT_MAX].Got = staged;
            Pump->Submitted += staged;
            staged = 0;
        }
    }
    Pump->Staged = staged;
}

CODE_RESIDENT NTSTATUS WaveRtPumpSubmitSilence(PWAVERT_PUMP Pump, ULONG Frames, ULONGLONG NowTicks)
{
    VIRTIOSND_SG sg;

    sg.Address = (ULONGLONG)MmGetPhysicalAddress(Pump->Silence).QuadPart;
    sg.Length = Frames * Pump->FrameBytes;
    sg.Write = FALSE;
    return HandOver(Pump, &sg, 1, Frames, SILENCE, NowTicks);
}

VOID WaveRtPumpSkip(PWAVERT_PUMP Pump, ULONG Frames)
{
    Pump->Submitted += Frames;
    Pump->Completed = Pump->Submitted;
}

VOID WaveRtPumpSignalUpTo(PWAVERT_PUMP Pump, ULONGLONG Frames, ULONGLONG NowTicks)
{
    if (Frames < Pump->NextBoundary || Pump->Geometry.IntervalFrames == 0) {
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
static __inline VOID ArmTimer(PWAVERT_PUMP Pump, const WAVERT_PASS *Pass)
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

/* Lock held. A device that completes nothing is left behind: what it has counts as gone, the stream goes on by the
 * performance counter. It is taken back as soon as it completes anything. */
static __inline VOID WatchForLife(PWAVERT_PUMP Pump, ULONGLONG NowTicks)
{
    ULONG limit = (Pump->Steering.Consumed == 0) ? NEVER_ALIVE_MS : DEAD_MS;

    if (Pump->Progress) {
        Pump->Progress = FALSE;
        Pump->ProgressTicks = NowTicks;
    }
    /* Signed: processors' counters may be a little apart. */
    if (Pump->Dead || !WaveRtPumpInFlight(Pump) ||
        (LONGLONG)(NowTicks - Pump->ProgressTicks) < (LONGLONG)(limit * Pump->MsTicks)) {
        return;
    }
    VIRTIOSND_TRACE_ERROR("stream %u: the device completes nothing, going on without it\n", (unsigned)Pump->Stream);
    Pump->Frozen = WaveRtPumpReported(Pump, NowTicks);
    Pump->Lag = ((LONGLONG)WaveRtPositionFrames(&Pump->Position, NowTicks) - (LONGLONG)Pump->Frozen) * WAVERT_LAG_ONE;
    Pump->FlightFirst = Pump->FlightNext;
    WaveRtPumpForgetHeld(Pump);
    Pump->Completed = Pump->Submitted;
    Pump->Observer.Kind = &WaveRtInstant;
    Pump->Dead = TRUE;
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
        WatchForLife(Pump, pass.Now);
        if (Pump->Copies != NULL && !IsRender(Pump)) {
            (VOID)WaveRtCaptureTake(Pump, pass.Now);
        }
        if (Pump->Observer.Given != 0) {
            WaveRtKindObserve(Pump, pass.Now);
        }
        if (Pump->QueueBeforeStart || Pump->Observer.Kind->Paces) {
            Pump->Observer.Kind->Steer(Pump, pass.Now);
        }
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

VOID WaveRtPumpForgetHeld(PWAVERT_PUMP Pump)
{
    Pump->FlightTaken = Pump->FlightFirst;
    Pump->Held = 0;
}

/* Lock held. Capture: the oldest period in flight came back. A device that returns periods before they are full leaves
 * holes in the client's memory: from now on it writes to the ring, and what it brings is put together. */
static __inline VOID Recorded(PWAVERT_PUMP Pump, const WAVERT_FLIGHT *Flight)
{
    if (Pump->Copies != NULL) {
        if (Flight->Got < Flight->Frames) {
            Pump->Copying = TRUE;
        }
        Pump->Submitted -= Flight->Frames - Flight->Got;
        Pump->Held += Flight->Got;
    } else {
        Pump->Completed += Flight->Frames;
        Pump->FlightTaken = Pump->FlightFirst;
    }
}

/* Lock held. The device gave period Number back; C moves over all that are back up to the first that is not. */
CODE_INLINE VOID Returned(PWAVERT_PUMP Pump, ULONG Number, ULONG Bytes)
{
    const BOOLEAN render = IsRender(Pump);
    WAVERT_FLIGHT *flight;
    ULONG got;

    if (Pump->Dead) {
        Pump->Dead = FALSE;
        WaveRtKindReset(Pump);
    }
    if (Number - Pump->FlightFirst >= Pump->FlightNext - Pump->FlightFirst) {
        return; /* given up long ago */
    }
    if (!Pump->Open && !render) {
        return; /* never recorded: see ForgetUnrecorded */
    }
    flight = &Pump->Flight[Number % WAVERT_FLIGHT_MAX];
    flight->Done = TRUE;
    if (!render) {
        got = Bytes / Pump->FrameBytes;
        if (got != 0 && got < flight->Frames) {
            flight->Got = got; /* none at all: lost, and as long as it would have been */
        }
    }
    while (WaveRtPumpInFlight(Pump)) {
        flight = &Pump->Flight[Pump->FlightFirst % WAVERT_FLIGHT_MAX];
        if (!flight->Done) {
            return;
        }
        Pump->Progress = TRUE; /* C moves: what comes back beyond a period that is kept is none */
        Pump->FlightFirst++;
        if (render) {
            Pump->Steering.Consumed += flight->Frames;
            Pump->Completed += flight->Silent ? 0 : flight->Got;
            Pump->FlightTaken = Pump->FlightFirst;
        } else {
            Pump->Steering.Consumed += flight->Got;
            Recorded(Pump, flight);
        }
    }
}

static VOID NTAPI PeriodDone(PVOID Context, ULONG_PTR Cookie, ULONG Bytes, NTSTATUS Status)
{
    PWAVERT_PUMP pump = (PWAVERT_PUMP)Context;

    if (!NT_SUCCESS(Status)) {
        VIRTIOSND_TRACE_ERROR("stream %u: period lost, status 0x%08lx\n", (unsigned)pump->Stream, Status);
    }
    /* A lost period still takes its time: the stream goes on behind it. */
    KeAcquireSpinLockAtDpcLevel(&pump->Lock);
    Returned(pump, (ULONG)Cookie, Bytes);
    KeReleaseSpinLockFromDpcLevel(&pump->Lock);
}

/* An interrupt told that something completed. */
static VOID NTAPI Attention(PVOID Context)
{
    PWAVERT_PUMP pump = (PWAVERT_PUMP)Context;

    pump->Heard = TRUE; /* only ever set while the stream runs */
    Service(pump);
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
        pump->BoundaryOf = 0;
        pump->DeviceEndTicks += now - pump->HeldTicks; /* it begins now with what it was given before */
        pump->ProgressTicks = now;
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
    Pump->QueueBeforeStart = Backend->Ops->QueueBeforeStart(Backend);
    KeQueryPerformanceCounter(&frequency);
    WaveRtPositionInit(&Pump->Position, (ULONGLONG)frequency.QuadPart, WAVERT_RATE);
    Pump->MsTicks = WaveRtPumpTicks(Pump, WAVERT_FRAMES_PER_MS);
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
    WaveRtPumpFreeCopies(Pump);
    WaveRtNotifyClear(&Pump->Notify);
    if (Pump->Silence != NULL) {
        ExFreePoolWithTag(Pump->Silence, VIRTIOSND_POOL_TAG);
        Pump->Silence = NULL;
    }
}

/* Frames of whole periods that SET_PARAMS announces as the buffer: what the device may be given at a time. */
static ULONG DeviceFrames(const WAVERT_PUMP *Pump)
{
    ULONG periods;

    if (Pump->Copies == NULL || WaveRtPumpHasRoom(Pump)) {
        return WaveRtGeometryDeviceFrames(&Pump->Geometry);
    }
    periods = WAVERT_COPIES_FRAMES / Pump->Geometry.PeriodFrames;
    return ((periods < WAVERT_FLIGHT_MAX) ? periods : WAVERT_FLIGHT_MAX) * Pump->Geometry.PeriodFrames;
}

CODE_PAGE NTSTATUS WaveRtPumpOpen(PWAVERT_PUMP Pump)
{
    VIRTIOSND_STREAM_CONFIG config;
    NTSTATUS status;

    PAGED_CODE();
    if (Pump->Mdl == NULL) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    if (Pump->Kept) {
        return STATUS_DEVICE_NOT_CONNECTED; /* by a device that did not give it back: nothing of it is used again */
    }
    config.BufferBytes = DeviceFrames(Pump) * Pump->FrameBytes;
    config.PeriodBytes = Pump->Geometry.PeriodFrames * Pump->FrameBytes;
    config.PeriodDone = PeriodDone;
    config.StartDone = StartDone;
    config.Attention = Attention;
    config.Context = Pump;
    config.PeriodRead = WaveRtCopiesRead;
    status = Pump->Backend->Ops->Open(Pump->Backend, Pump->Stream, &config);
    if (NT_SUCCESS(status)) {
        Pump->Open = TRUE;
    }
    return status;
}

/* Frames that the position is behind the clock at first: nothing where a period has been read when it is submitted,
 * else a period, because the first completes no sooner. */
static LONGLONG InitialLag(const WAVERT_PUMP *Pump)
{
    if (IsRender(Pump) && (Pump->Copying || !Pump->QueueBeforeStart)) {
        return 0;
    }
    if (Pump->QueueBeforeStart) {
        return Pump->Geometry.PeriodFrames;
    }
    return Pump->Geometry.LagFrames;
}

/* Sets the scene for START: how much silence goes first, and, where the device takes periods before START, the
 * periods. */
CODE_RESIDENT static VOID PrepareRun(PWAVERT_PUMP Pump)
{
    ULONGLONG now = Now();
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    if (Pump->NextBoundary == 0) {
        Pump->NextBoundary = Pump->Geometry.IntervalFrames;
    }
    /* While the stream stood still the client may have stood still as well, as all do while the machine sleeps. */
    Pump->ReleasedTicks += now - Pump->HeldTicks;
    Pump->HeldTicks = now;
    Pump->DeviceEndTicks = now;
    Pump->Dead = FALSE;
    Pump->Heard = FALSE;
    Pump->Copying = (BOOLEAN)(Pump->Copies != NULL && !WaveRtPumpHasRoom(Pump));
    RtlZeroMemory(&Pump->Steering, sizeof(Pump->Steering));
    Pump->Steering.Base = Pump->Frozen;
    WaveRtKindReset(Pump);
    WaveRtPumpSteerFrom(Pump);
    /* After a pause the device has played up to Submitted; it must be as far behind the clock as ever. */
    Pump->PrerollLeft =
        (IsRender(Pump) && Pump->Submitted > Pump->Frozen) ? (ULONG)(Pump->Submitted - Pump->Frozen) : 0;
    Pump->Lag = InitialLag(Pump) * WAVERT_LAG_ONE;
    if (IsRender(Pump) && Pump->Copying) {
        Pump->PrerollLeft += Pump->Geometry.ReserveFrames;
    } else if (IsRender(Pump) && !Pump->QueueBeforeStart) {
        Pump->PrerollLeft += Pump->Geometry.PrerollFrames;
    }
    if (Pump->Geometry.Whole) {
        Pump->PrerollLeft += Pump->Geometry.PeriodFrames - 1u;
        Pump->PrerollLeft -= Pump->PrerollLeft % Pump->Geometry.PeriodFrames;
    }
    if (Pump->QueueBeforeStart && IsRender(Pump)) {
        WaveRtRenderPrefill(Pump, now);
    } else if (Pump->QueueBeforeStart) {
        WaveRtCapturePost(Pump, now);
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
    const ULONGLONG end = Now() + START_TIMEOUT_MS * Pump->MsTicks;
    LARGE_INTEGER tick;
    NTSTATUS status;
    KIRQL irql;

    tick.QuadPart = -(LONGLONG)ONE_MS;
    while (KeWaitForSingleObject(&Pump->Started, Executive, KernelMode, FALSE, &tick) != STATUS_SUCCESS &&
           Now() < end) {
        PollOnce(Pump);
    }
    KeAcquireSpinLock(&Pump->Lock, &irql);
    status = Pump->Starting ? STATUS_IO_TIMEOUT : Pump->StartStatus;
    Pump->Starting = FALSE;
    KeReleaseSpinLock(&Pump->Lock, irql);
    return status;
}

CODE_RESIDENT NTSTATUS WaveRtPumpRun(PWAVERT_PUMP Pump)
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

/* Lock not held. */
CODE_RESIDENT static BOOLEAN StillPlaying(PWAVERT_PUMP Pump)
{
    BOOLEAN playing;
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    playing = (BOOLEAN)(!Pump->Dead && Pump->Observer.Kind->Playing(Pump, Now()));
    KeReleaseSpinLock(&Pump->Lock, irql);
    return (BOOLEAN)(playing && !Pump->Backend->Ops->Lost(Pump->Backend));
}

CODE_RESIDENT static VOID Drain(PWAVERT_PUMP Pump)
{
    const ULONGLONG end = Now() + DRAIN_LIMIT_MS * Pump->MsTicks;
    LARGE_INTEGER tick;

    tick.QuadPart = -(LONGLONG)ONE_MS;
    while (Now() < end && StillPlaying(Pump)) {
        KeDelayExecutionThread(KernelMode, FALSE, &tick);
        PollOnce(Pump);
    }
    tick.QuadPart = -(LONGLONG)(DRAIN_SPARE_MS + (Pump->Observer.Kind->Paces ? DRAIN_STEP_MS : 0)) * ONE_MS;
    KeDelayExecutionThread(KernelMode, FALSE, &tick);
    Pump->MixerFull = (BOOLEAN)(Pump->Observer.Kind->Paces && !Pump->Dead && !Pump->Backend->Ops->Lost(Pump->Backend));
}

CODE_RESIDENT VOID WaveRtPumpHold(PWAVERT_PUMP Pump)
{
    ULONGLONG frames;
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    Pump->HeldTicks = Now();
    Pump->Frozen = WaveRtPumpReported(Pump, Pump->HeldTicks);
    Pump->Running = FALSE;
    if (IsRender(Pump)) {
        WaveRtPumpSubmitStaged(Pump, Pump->HeldTicks);
    }
    KeReleaseSpinLock(&Pump->Lock, irql);
    KeCancelTimer(&Pump->Timer);
    /* The DPC may have been queued, or may run, on another processor. */
    KeFlushQueuedDpcs();

    if (IsRender(Pump)) {
        Drain(Pump);
    }
    Pump->Backend->Ops->Stop(Pump->Backend, Pump->Stream);

    KeAcquireSpinLock(&Pump->Lock, &irql);
    if (WaveRtPumpCopies(Pump) && !IsRender(Pump)) {
        (VOID)WaveRtCaptureTake(Pump, Now());
    }
    /* The clock goes on where the position stands. Capture: behind what is in memory, because the device throws away
     * what it recorded beyond; but never ahead of itself, when a device has answered at once and nobody saw it. */
    frames = IsRender(Pump) ? Pump->Frozen : WaveRtPositionFrames(&Pump->Position, Pump->HeldTicks);
    if (!IsRender(Pump) && frames > Pump->Completed) {
        frames = Pump->Completed;
    }
    WaveRtPositionSet(&Pump->Position, frames);
    KeReleaseSpinLock(&Pump->Lock, irql);
}

/* A capture stream goes on, if it does, behind what it has recorded: what it had asked for beyond came back empty. */
CODE_RESIDENT static VOID ForgetUnrecorded(PWAVERT_PUMP Pump)
{
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    if (!IsRender(Pump)) {
        Pump->FlightFirst = Pump->FlightNext;
        Pump->Submitted = Pump->Completed;
        WaveRtPumpForgetHeld(Pump);
    }
    KeReleaseSpinLock(&Pump->Lock, irql);
}

CODE_PAGE NTSTATUS WaveRtPumpClose(PWAVERT_PUMP Pump)
{
    LARGE_INTEGER tick;
    NTSTATUS status;

    PAGED_CODE();
    if (!Pump->Open) {
        return STATUS_SUCCESS;
    }
    Pump->Open = FALSE;
    if (Pump->MixerFull) {
        tick.QuadPart = -(LONGLONG)MIXER_MS * ONE_MS;
        KeDelayExecutionThread(KernelMode, FALSE, &tick);
        Pump->MixerFull = FALSE;
    }
    status = Pump->Backend->Ops->Close(Pump->Backend, Pump->Stream);
    ForgetUnrecorded(Pump);
    if (status == STATUS_IO_TIMEOUT && !WaveRtPumpKeepAside(Pump)) {
        status = STATUS_SUCCESS;
    }
    return status;
}

CODE_RESIDENT VOID WaveRtPumpReset(PWAVERT_PUMP Pump)
{
    KIRQL irql;

    KeAcquireSpinLock(&Pump->Lock, &irql);
    WaveRtPositionReset(&Pump->Position);
    Pump->Frozen = 0;
    Pump->Submitted = 0;
    Pump->Completed = 0;
    Pump->FlightFirst = Pump->FlightNext;
    WaveRtPumpForgetHeld(Pump);
    Pump->Staged = 0;
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

    KeAcquireSpinLock(&Pump->Lock, &irql);
    if (Pump->Mdl == NULL) {
        *Play = 0;
        *Write = 0;
    } else {
        reported = WaveRtPumpReported(Pump, Now());
        Pump->Frozen = reported; /* told: neither the lag nor the counter takes it back */
        given = IsRender(Pump) ? Pump->Submitted : reported;
        *Play = (reported % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
        *Write = (given % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
    }
    KeReleaseSpinLock(&Pump->Lock, irql);
}
