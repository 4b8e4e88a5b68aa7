/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory that a pump moves sound in: the client's cyclic buffer, and the ring of copies where that is too small. */
#include "pool.h"
#include "wavert_pump_private.h"

#define COPIES_BYTES (WAVERT_COPIES_FRAMES * 4u)

CODE_PAGE VOID WaveRtPumpFreeCopies(PWAVERT_PUMP Pump)
{
    PAGED_CODE();
    if (Pump->Copies != NULL) {
        ExFreePoolWithTag(Pump->Copies, VIRTIOSND_POOL_TAG);
        Pump->Copies = NULL;
    }
    Pump->Mapping = NULL;
}

CODE_PAGE BOOLEAN WaveRtPumpGeometry(const WAVERT_PUMP *Pump, ULONG BufferBytes, ULONG NotificationCount,
                                     PWAVERT_GEOMETRY Geometry)
{
    PAGED_CODE();
    return (BOOLEAN)(BufferBytes % Pump->FrameBytes == 0 &&
                     WaveRtGeometryInit(Geometry, BufferBytes / Pump->FrameBytes, NotificationCount));
}

CODE_PAGE NTSTATUS WaveRtPumpConfigure(PWAVERT_PUMP Pump, PMDL Mdl, ULONG BufferBytes, ULONG NotificationCount)
{
    WAVERT_GEOMETRY geometry;

    PAGED_CODE();
    WaveRtPumpFreeCopies(Pump);
    Pump->Mdl = NULL;
    if (Mdl != NULL) {
        if (!WaveRtPumpGeometry(Pump, BufferBytes, NotificationCount, &geometry)) {
            return STATUS_INVALID_PARAMETER;
        }
        Pump->NextOf = WAVERT_NEVER;
        RtlZeroMemory(Pump->Places, sizeof(Pump->Places));
        Pump->Geometry = geometry;
        Pump->Geometry.Whole = Pump->QueueBeforeStart;
        if (Pump->QueueBeforeStart && !(Pump->Stream == VirtIoSndStreamRender && WaveRtPumpHasRoom(Pump))) {
            Pump->Copies = ExAllocatePoolWithTag(NonPagedPool, COPIES_BYTES, VIRTIOSND_POOL_TAG);
            if (Pump->Copies == NULL) {
                return STATUS_INSUFFICIENT_RESOURCES;
            }
            RtlZeroMemory(Pump->Copies, COPIES_BYTES); /* a client may see what a device left as it was */
        }
    }
    Pump->Mdl = Mdl;
    return STATUS_SUCCESS;
}

BOOLEAN WaveRtPumpCopies(const WAVERT_PUMP *Pump)
{
    return (BOOLEAN)(Pump->Copies != NULL);
}

CODE_PAGE VOID WaveRtPumpMap(PWAVERT_PUMP Pump, PVOID Mapping)
{
    PAGED_CODE();
    Pump->Mapping = Mapping;
}

/* Pages: of Memory, or of the client's buffer when that is NULL. */
CODE_PAGE static BOOLEAN IsHeld(PWAVERT_PUMP Pump, PUCHAR Memory, ULONG Pages)
{
    ULONGLONG page;

    PAGED_CODE();
    while (Pages-- > 0) {
        page = (Memory != NULL) ? (ULONGLONG)MmGetPhysicalAddress(Memory + Pages * PAGE_SIZE).QuadPart
                                : (ULONGLONG)MmGetMdlPfnArray(Pump->Mdl)[Pages] << PAGE_SHIFT;
        if (Pump->Backend->Ops->Holds(Pump->Backend, Pump->Stream, page)) {
            return TRUE;
        }
    }
    return FALSE;
}

CODE_PAGE BOOLEAN WaveRtPumpKeepAside(PWAVERT_PUMP Pump)
{
    BOOLEAN held;

    PAGED_CODE();
    held = IsHeld(Pump, NULL, BYTES_TO_PAGES(MmGetMdlByteCount(Pump->Mdl)));
    if (held) {
        Pump->Kept = TRUE;
    }
    if (Pump->Silence != NULL && IsHeld(Pump, Pump->Silence, 1)) {
        Pump->Silence = NULL;
        Pump->Kept = TRUE;
    }
    if (Pump->Copies != NULL && IsHeld(Pump, Pump->Copies, COPIES_BYTES / PAGE_SIZE)) {
        Pump->Copies = NULL;
        Pump->Kept = TRUE;
    }
    return held;
}
