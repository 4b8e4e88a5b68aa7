/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The correct stream: a cyclic buffer and a clock. */
#include "port_rule.h"

static PPORT_STREAM FromInterface(IMiniportWaveRTStreamNotification *This)
{
    return CONTAINING_RECORD(This, PORT_STREAM, Interface);
}

static NTSTATUS NTAPI QueryInterface(IMiniportWaveRTStreamNotification *This, REFIID Id, PVOID *Interface)
{
    static const GUID *const iids[] = {&IID_IUnknown, &IID_IMiniportWaveRTStream,
                                       &IID_IMiniportWaveRTStreamNotification};

    return PortClsComQueryInterface(This, iids, RTL_NUMBER_OF(iids), Id, Interface);
}

static ULONG NTAPI AddRef(IMiniportWaveRTStreamNotification *This)
{
    return PortClsComAddRef(&FromInterface(This)->References);
}

static ULONG NTAPI Release(IMiniportWaveRTStreamNotification *This)
{
    PPORT_STREAM stream = FromInterface(This);
    ULONG references = PortClsComRelease(&stream->References);

    if (references == 0) {
        COM_RELEASE(&stream->Port);
        ExFreePoolWithTag(stream, RULE_TAG);
    }
    return references;
}

static NTSTATUS NTAPI SetFormat(IMiniportWaveRTStreamNotification *This, PKSDATAFORMAT Format)
{
    UNUSED(This);
    UNUSED(Format);
    return STATUS_NOT_SUPPORTED;
}

static ULONGLONG Played(PPORT_STREAM Stream)
{
    LARGE_INTEGER frequency;
    LONGLONG now = KeQueryPerformanceCounter(&frequency).QuadPart;

    return Stream->State == KSSTATE_RUN
               ? Stream->Frames + (ULONGLONG)(now - Stream->RunSince) * 48000 / (ULONGLONG)frequency.QuadPart
               : Stream->Frames;
}

static NTSTATUS NTAPI SetState(IMiniportWaveRTStreamNotification *This, KSSTATE State)
{
    PPORT_STREAM stream = FromInterface(This);

    stream->Frames = State == KSSTATE_STOP ? 0 : Played(stream);
    stream->RunSince = KeQueryPerformanceCounter(NULL).QuadPart;
    stream->State = State;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI GetPosition(IMiniportWaveRTStreamNotification *This, PKSAUDIO_POSITION Position)
{
    PPORT_STREAM stream = FromInterface(This);

    Position->PlayOffset = stream->Bytes == 0 ? 0 : Played(stream) * FRAME_BYTES % stream->Bytes;
    Position->WriteOffset = Position->PlayOffset;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI Allocate(IMiniportWaveRTStreamNotification *This, ULONG Size, PMDL *Mdl, PULONG Actual,
                               PULONG Offset, MEMORY_CACHING_TYPE *CacheType)
{
    PPORT_STREAM stream = FromInterface(This);
    PHYSICAL_ADDRESS highest;

    highest.QuadPart = -1;
    if (Size == 0 || Size % FRAME_BYTES != 0 || stream->Mdl != NULL) {
        return STATUS_UNSUCCESSFUL;
    }
    stream->Mdl = stream->Port->lpVtbl->AllocatePagesForMdl(stream->Port, highest, Size);
    if (stream->Mdl == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    stream->Va = stream->Port->lpVtbl->MapAllocatedPages(stream->Port, stream->Mdl, MmCached);
    stream->Bytes = Size;
    *Mdl = stream->Mdl;
    *Actual = Size;
    *Offset = 0;
    *CacheType = MmCached;
    return STATUS_SUCCESS;
}

static VOID NTAPI Free(IMiniportWaveRTStreamNotification *This, PMDL Mdl, ULONG Size)
{
    PPORT_STREAM stream = FromInterface(This);

    UNUSED(Size);
    stream->Port->lpVtbl->UnmapAllocatedPages(stream->Port, stream->Va, Mdl);
    stream->Port->lpVtbl->FreePagesFromMdl(stream->Port, Mdl);
    stream->Mdl = NULL;
    stream->Bytes = 0;
}

static VOID NTAPI Latency(IMiniportWaveRTStreamNotification *This, KSRTAUDIO_HWLATENCY *Latency)
{
    UNUSED(This);
    RtlZeroMemory(Latency, sizeof(*Latency));
}

static NTSTATUS NTAPI NoRegister(IMiniportWaveRTStreamNotification *This, KSRTAUDIO_HWREGISTER *Register)
{
    UNUSED(This);
    UNUSED(Register);
    return STATUS_UNSUCCESSFUL;
}

static NTSTATUS NTAPI AllocateNotified(IMiniportWaveRTStreamNotification *This, ULONG Count, ULONG Size, PMDL *Mdl,
                                       PULONG Actual, PULONG Offset, MEMORY_CACHING_TYPE *CacheType)
{
    if (Count != 1 && Count != 2) {
        return STATUS_INVALID_PARAMETER;
    }
    return Allocate(This, Size, Mdl, Actual, Offset, CacheType);
}

static NTSTATUS NTAPI RegisterEvent(IMiniportWaveRTStreamNotification *This, PKEVENT Event)
{
    PPORT_STREAM stream = FromInterface(This);
    ULONG i, place = RTL_NUMBER_OF(stream->Events);

    for (i = 0; i < RTL_NUMBER_OF(stream->Events); i++) {
        if (stream->Events[i] == Event) {
            return STATUS_UNSUCCESSFUL;
        }
        if (stream->Events[i] == NULL) {
            place = i;
        }
    }
    if (place == RTL_NUMBER_OF(stream->Events)) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    stream->Events[place] = Event;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI UnregisterEvent(IMiniportWaveRTStreamNotification *This, PKEVENT Event)
{
    PPORT_STREAM stream = FromInterface(This);
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(stream->Events); i++) {
        if (stream->Events[i] == Event) {
            stream->Events[i] = NULL;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_NOT_FOUND;
}

VOID PortStreamInitialize(PPORT_MODEL Model)
{
    static const IMiniportWaveRTStreamNotificationVtbl vtbl = {
        QueryInterface, AddRef,     Release,    SetFormat,        SetState, GetPosition,   Allocate,       Free,
        Latency,        NoRegister, NoRegister, AllocateNotified, Free,     RegisterEvent, UnregisterEvent};

    Model->StreamVtbl = vtbl;
}

NTSTATUS PortStreamCreate(PPORTWAVERTSTREAM Port, PMINIPORTWAVERTSTREAM *Stream)
{
    PPORT_STREAM stream = ExAllocatePoolWithTag(g_Model.StreamPool, sizeof(*stream), RULE_TAG);

    if (stream == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(stream, sizeof(*stream));
    stream->Interface.lpVtbl = &g_Model.StreamVtbl;
    stream->References = 1;
    stream->Port = Port;
    Port->lpVtbl->AddRef(Port);
    *Stream = (PMINIPORTWAVERTSTREAM)&stream->Interface;
    return STATUS_SUCCESS;
}
