/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Periods that are copied, because the client's buffer is too small for a device
 * that reads or writes late, or because the device returns captured periods half
 * filled. The ring has room for all that such a device is given at a time.
 */
#include "wavert_pump_private.h"

static ULONG Least(ULONG A, ULONG B)
{
    return (A < B) ? A : B;
}

VOID WaveRtCopiesFill(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames)
{
    ULONG ring = WAVERT_COPIES_FRAMES * Pump->FrameBytes;
    ULONG buffer = Pump->Geometry.BufferFrames * Pump->FrameBytes;
    ULONG from = (ULONG)(First % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
    ULONG to = (ULONG)(First % WAVERT_COPIES_FRAMES) * Pump->FrameBytes;
    ULONG left = Frames * Pump->FrameBytes;
    ULONG part;

    while (left > 0) {
        part = Least(Least(ring - to, buffer - from), left);
        RtlCopyMemory(Pump->Copies + to, Pump->Mapping + from, part);
        from = (from + part) % buffer;
        to = (to + part) % ring;
        left -= part;
    }
}

CODE_RESIDENT VOID WaveRtCopiesSilence(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames)
{
    ULONG ring = WAVERT_COPIES_FRAMES * Pump->FrameBytes;
    ULONG to = (ULONG)(First % WAVERT_COPIES_FRAMES) * Pump->FrameBytes;
    ULONG bytes = Frames * Pump->FrameBytes;
    ULONG part = Least(ring - to, bytes);

    RtlZeroMemory(Pump->Copies + to, part);
    RtlZeroMemory(Pump->Copies, bytes - part);
}

NTSTATUS WaveRtCopiesBuild(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames, PVIRTIOSND_SG Sg, PULONG SgCount)
{
    BOOLEAN render = (BOOLEAN)(Pump->Stream == VirtIoSndStreamRender);
    ULONG ring = WAVERT_COPIES_FRAMES * Pump->FrameBytes;
    ULONG to = ((render ? (ULONG)First : Pump->CopiesNext) % WAVERT_COPIES_FRAMES) * Pump->FrameBytes;
    ULONG left = Frames * Pump->FrameBytes;
    ULONG part;

    *SgCount = 0;
    if (render ? First + Frames > Pump->Completed + WAVERT_COPIES_FRAMES
               : (Pump->FlightNext - Pump->FlightTaken + 1u) * Frames > WAVERT_COPIES_FRAMES) {
        return STATUS_DEVICE_BUSY;
    }
    if (render && Frames > Pump->Staged) {
        WaveRtCopiesFill(Pump, First + Pump->Staged, Frames - Pump->Staged);
    }
    while (left > 0) {
        part = Least(PAGE_SIZE - to % PAGE_SIZE, left);
        Sg[*SgCount].Address = (ULONGLONG)MmGetPhysicalAddress(Pump->Copies + to).QuadPart;
        Sg[*SgCount].Length = part;
        Sg[*SgCount].Write = (BOOLEAN)!render;
        ++*SgCount;
        left -= part;
        to = (to + part) % ring;
    }
    return STATUS_SUCCESS;
}

VOID WaveRtCopiesTake(PWAVERT_PUMP Pump, const WAVERT_FLIGHT *Flight, ULONG Frames)
{
    ULONG buffer = Pump->Geometry.BufferFrames * Pump->FrameBytes;
    ULONG span = Flight->Copied ? WAVERT_COPIES_FRAMES * Pump->FrameBytes : buffer;
    const UCHAR *source = Flight->Copied ? Pump->Copies : Pump->Mapping;
    ULONG from = Flight->At * Pump->FrameBytes;
    ULONG to = (ULONG)(Pump->Completed % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
    ULONG left = Frames * Pump->FrameBytes;
    ULONG part;

    if (source + from == Pump->Mapping + to) {
        return;
    }
    while (left > 0) {
        part = Least(Least(span - from, buffer - to), left);
        RtlMoveMemory(Pump->Mapping + to, source + from, part);
        from = (from + part) % span;
        to = (to + part) % buffer;
        left -= part;
    }
}

/* Capture. The ring that the period lies in; NULL: not mapped. *Span: its bytes. */
CODE_RESIDENT static const UCHAR *PlaceOf(const WAVERT_PUMP *Pump, const WAVERT_FLIGHT *Flight, PULONG Span)
{
    *Span = (Flight->Copied ? WAVERT_COPIES_FRAMES : Pump->Geometry.BufferFrames) * Pump->FrameBytes;
    return Flight->Copied ? Pump->Copies : Pump->Mapping;
}

CODE_RESIDENT BOOLEAN WaveRtCopiesAreSilent(const WAVERT_PUMP *Pump, const WAVERT_FLIGHT *Flight)
{
    ULONG span;
    const UCHAR *source = PlaceOf(Pump, Flight, &span);
    ULONG at = Flight->At * Pump->FrameBytes;
    ULONG left;

    for (left = (source != NULL) ? Flight->Frames * Pump->FrameBytes : 0; left > 0; left--) {
        if (source[at] != 0) {
            return FALSE;
        }
        at = (at + 1u) % span;
    }
    return TRUE;
}

CODE_RESIDENT BOOLEAN NTAPI WaveRtCopiesRead(PVOID Context, ULONG_PTR Cookie, ULONG Offset, PUCHAR To, ULONG Bytes)
{
    PWAVERT_PUMP pump = (PWAVERT_PUMP)Context;
    ULONG number = (ULONG)Cookie;
    const WAVERT_FLIGHT *flight = &pump->Flight[number % WAVERT_FLIGHT_MAX];
    const UCHAR *source;
    BOOLEAN known;
    ULONG span;
    ULONG i;

    KeAcquireSpinLockAtDpcLevel(&pump->Lock);
    source = PlaceOf(pump, flight, &span);
    known = (BOOLEAN)(source != NULL && number - pump->FlightFirst < pump->FlightNext - pump->FlightFirst);
    for (i = 0; known && i < Bytes; i++) {
        To[i] = source[(flight->At * pump->FrameBytes + Offset + i) % span];
    }
    KeReleaseSpinLockFromDpcLevel(&pump->Lock);
    return known;
}
