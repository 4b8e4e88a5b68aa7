/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The backend without a device: plays into nowhere and records silence, in real
 * time. Each stream is a line of periods; a period ends when the performance
 * counter has moved by its length since the one before it ended, or since it was
 * handed over when the line was empty.
 *
 * A recorded period leaves the pages as they are: the owner hands over zeroed
 * memory, and physical addresses are all that is known here.
 *
 * Lock: one spin lock per stream, guards all of it; callbacks run without it.
 */
#include "backend.h"
#include "virtio_wire.h"

#define NULL_PERIODS 64u /* power of two */
#define NULL_RATE 48000u

/* [L] Lock, [I] set by Open */
typedef struct _NULL_STREAM {
    KSPIN_LOCK Lock;
    VIRTIOSND_STREAM_CONFIG Config; /* [I] */
    BOOLEAN Open;                   /* [L] */
    BOOLEAN Running;                /* [L] */
    BOOLEAN Draining;               /* [L] */
    ULONG FrameBytes;               /* [I] */
    ULONG Head;                     /* [L] oldest period; free-running */
    ULONG Tail;                     /* [L] next free place; free-running */
    LONGLONG Frequency;             /* [I] counter ticks per second */
    LONGLONG Base;                  /* [L] counter value of frame BaseFrames, while Running */
    ULONGLONG BaseFrames;           /* [L] frames of stream time at Base; frozen while not Running */
    ULONGLONG End;                  /* [L] stream time at which the last period ends, in frames */
    ULONG_PTR Cookie[NULL_PERIODS]; /* [L] */
    ULONG Bytes[NULL_PERIODS];      /* [L] */
    ULONGLONG Due[NULL_PERIODS];    /* [L] stream time, in frames */
} NULL_STREAM, *PNULL_STREAM;

typedef struct _BACKEND_NULL {
    VIRTIOSND_BACKEND Backend; /* first member */
    NULL_STREAM Streams[VirtIoSndStreamCount];
} BACKEND_NULL, *PBACKEND_NULL;

static PNULL_STREAM StreamOf(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    return &((PBACKEND_NULL)Backend)->Streams[Stream];
}

/* Lock held. Stream time in frames. Whole seconds and the rest are converted apart: nothing overflows. */
static ULONGLONG Now(const NULL_STREAM *Stream)
{
    LONGLONG now = Stream->Running ? KeQueryPerformanceCounter(NULL).QuadPart : 0;
    ULONGLONG frequency = (ULONGLONG)Stream->Frequency;
    ULONGLONG ticks;

    if (now <= Stream->Base) {
        return Stream->BaseFrames; /* held, or started on a processor whose counter is a little ahead */
    }
    ticks = (ULONGLONG)(now - Stream->Base);
    return Stream->BaseFrames + ticks / frequency * NULL_RATE + ticks % frequency * NULL_RATE / frequency;
}

static NTSTATUS Open(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, const VIRTIOSND_STREAM_CONFIG *Config)
{
    PNULL_STREAM stream = StreamOf(Backend, Stream);
    LARGE_INTEGER frequency;
    NTSTATUS status = STATUS_INVALID_DEVICE_STATE;
    KIRQL irql;

    if (Config->PeriodBytes == 0 || Config->BufferBytes < Config->PeriodBytes) {
        return STATUS_INVALID_PARAMETER;
    }
    KeQueryPerformanceCounter(&frequency);
    KeAcquireSpinLock(&stream->Lock, &irql);
    if (!stream->Open) {
        stream->Config = *Config;
        stream->FrameBytes = Stream == VirtIoSndStreamRender ? 2u * sizeof(SHORT) : sizeof(SHORT);
        stream->Frequency = frequency.QuadPart;
        stream->Running = FALSE;
        stream->Head = 0;
        stream->Tail = 0;
        stream->BaseFrames = 0;
        stream->End = 0;
        stream->Open = TRUE;
        status = STATUS_SUCCESS;
    }
    KeReleaseSpinLock(&stream->Lock, irql);
    return status;
}

static NTSTATUS Start(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    PNULL_STREAM stream = StreamOf(Backend, Stream);
    NTSTATUS status = STATUS_INVALID_DEVICE_STATE;
    KIRQL irql;

    KeAcquireSpinLock(&stream->Lock, &irql);
    if (stream->Open && !stream->Running) {
        stream->Base = KeQueryPerformanceCounter(NULL).QuadPart;
        stream->Running = TRUE;
        status = STATUS_SUCCESS;
    }
    KeReleaseSpinLock(&stream->Lock, irql);
    if (NT_SUCCESS(status)) {
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        stream->Config.StartDone(stream->Config.Context, STATUS_SUCCESS);
        KeLowerIrql(irql);
    }
    return status;
}

static NTSTATUS Stop(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    PNULL_STREAM stream = StreamOf(Backend, Stream);
    KIRQL irql;

    KeAcquireSpinLock(&stream->Lock, &irql);
    stream->BaseFrames = Now(stream);
    stream->Running = FALSE;
    KeReleaseSpinLock(&stream->Lock, irql);
    return STATUS_SUCCESS;
}

/* Reports the periods that end by stream time Limit, in order. */
static VOID Report(PNULL_STREAM Stream, ULONGLONG Limit, NTSTATUS Status)
{
    ULONG_PTR cookie;
    ULONG bytes;
    ULONG place;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeAcquireSpinLockAtDpcLevel(&Stream->Lock);
    if (Stream->Draining) {
        KeReleaseSpinLockFromDpcLevel(&Stream->Lock);
        KeLowerIrql(irql);
        return;
    }
    Stream->Draining = TRUE;
    while (Stream->Head != Stream->Tail && Stream->Due[Stream->Head % NULL_PERIODS] <= Limit) {
        place = Stream->Head++ % NULL_PERIODS;
        cookie = Stream->Cookie[place];
        bytes = NT_SUCCESS(Status) ? Stream->Bytes[place] : 0;
        KeReleaseSpinLockFromDpcLevel(&Stream->Lock);
        Stream->Config.PeriodDone(Stream->Config.Context, cookie, bytes, Status);
        KeAcquireSpinLockAtDpcLevel(&Stream->Lock);
    }
    Stream->Draining = FALSE;
    KeReleaseSpinLockFromDpcLevel(&Stream->Lock);
    KeLowerIrql(irql);
}

static VOID Poll(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    PNULL_STREAM stream = StreamOf(Backend, Stream);
    ULONGLONG now;
    KIRQL irql;

    KeAcquireSpinLock(&stream->Lock, &irql);
    now = Now(stream);
    KeReleaseSpinLock(&stream->Lock, irql);
    Report(stream, now, STATUS_SUCCESS);
}

/* The caller has stopped its timer: nobody polls at the same time, so one pass returns everything. */
static NTSTATUS Close(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream)
{
    PNULL_STREAM stream = StreamOf(Backend, Stream);
    KIRQL irql;

    KeAcquireSpinLock(&stream->Lock, &irql);
    stream->Open = FALSE;
    stream->Running = FALSE;
    KeReleaseSpinLock(&stream->Lock, irql);
    Report(stream, ~(ULONGLONG)0, STATUS_CANCELLED);
    return STATUS_SUCCESS;
}

/* Lock held. */
static VOID Append(PNULL_STREAM Stream, ULONG Bytes, ULONG_PTR Cookie)
{
    ULONG place = Stream->Tail++ % NULL_PERIODS;
    ULONGLONG now = Now(Stream);

    if (Stream->End < now) {
        Stream->End = now; /* the line was empty: this period begins only now */
    }
    Stream->End += Bytes / Stream->FrameBytes;
    Stream->Due[place] = Stream->End;
    Stream->Bytes[place] = Bytes;
    Stream->Cookie[place] = Cookie;
}

static NTSTATUS Submit(PVIRTIOSND_BACKEND Backend, VIRTIOSND_STREAM_ID Stream, const VIRTIOSND_SG *Sg, ULONG SgCount,
                       ULONG_PTR Cookie)
{
    PNULL_STREAM stream = StreamOf(Backend, Stream);
    NTSTATUS status = STATUS_SUCCESS;
    ULONG limit;
    ULONG bytes = 0;
    ULONG i;
    KIRQL irql;

    for (i = 0; i < SgCount; i++) {
        bytes += Sg[i].Length;
    }
    KeAcquireSpinLock(&stream->Lock, &irql);
    if (!stream->Open) {
        status = STATUS_INVALID_DEVICE_STATE;
    } else {
        limit = stream->Config.BufferBytes / stream->Config.PeriodBytes;
        limit = limit < NULL_PERIODS ? limit : NULL_PERIODS;
        if (stream->Tail - stream->Head >= limit) {
            status = STATUS_DEVICE_BUSY;
        } else {
            Append(stream, bytes, Cookie);
        }
    }
    KeReleaseSpinLock(&stream->Lock, irql);
    return status;
}

/* It paces, so it is used as a device that paces is. */
static BOOLEAN QueueBeforeStart(PVIRTIOSND_BACKEND Backend)
{
    UNREFERENCED_PARAMETER(Backend);
    return TRUE;
}

static BOOLEAN Lost(PVIRTIOSND_BACKEND Backend)
{
    UNREFERENCED_PARAMETER(Backend);
    return FALSE;
}

static ULONG Streams(PVIRTIOSND_BACKEND Backend)
{
    UNREFERENCED_PARAMETER(Backend);
    return VIRTIOSND_STREAM_SETS; /* all */
}

static const VIRTIOSND_BACKEND_OPS NullOps = {Open, Start, Stop, Close, Submit, Poll, QueueBeforeStart, Lost, NULL,
                                             Streams}; /* Close never says that something was kept */

CODE_PAGE NTSTATUS VirtIoSndBackendNullCreate(PVIRTIOSND_BACKEND *Backend)
{
    PBACKEND_NULL backend;
    ULONG i;

    PAGED_CODE();

    *Backend = NULL;
    backend = ExAllocatePoolWithTag(NonPagedPool, sizeof(*backend), VIRTIOSND_POOL_TAG);
    if (backend == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(backend, sizeof(*backend));
    backend->Backend.Ops = &NullOps;
    for (i = 0; i < VirtIoSndStreamCount; i++) {
        KeInitializeSpinLock(&backend->Streams[i].Lock);
    }
    *Backend = &backend->Backend;
    return STATUS_SUCCESS;
}
