/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Periods that are copied, because the client's buffer is too small for a device
 * that reads late: the ring has room for all that such a device is given at a time.
 */
#include "wavert_pump_private.h"

NTSTATUS WaveRtCopiesBuild(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames, PVIRTIOSND_SG Sg, PULONG SgCount)
{
    ULONG from = (ULONG)(First % Pump->Geometry.BufferFrames) * Pump->FrameBytes;
    ULONG to = (ULONG)(First % WAVERT_COPIES_FRAMES) * Pump->FrameBytes;
    ULONG left = Frames * Pump->FrameBytes;
    ULONG part;

    *SgCount = 0;
    if (First + Frames > Pump->Completed + WAVERT_COPIES_FRAMES) {
        return STATUS_DEVICE_BUSY; /* the device may still read what was copied there */
    }
    while (left > 0) {
        part = PAGE_SIZE - to % PAGE_SIZE;
        part = (part < left) ? part : left;
        if (from + part > Pump->Geometry.BufferFrames * Pump->FrameBytes) {
            part = Pump->Geometry.BufferFrames * Pump->FrameBytes - from;
        }
        RtlCopyMemory(Pump->Copies + to, Pump->Mapping + from, part);
        Sg[*SgCount].Address = (ULONGLONG)MmGetPhysicalAddress(Pump->Copies + to).QuadPart;
        Sg[*SgCount].Length = part;
        Sg[*SgCount].Write = FALSE;
        ++*SgCount;
        left -= part;
        from = (from + part) % (Pump->Geometry.BufferFrames * Pump->FrameBytes);
        to = (to + part) % (WAVERT_COPIES_FRAMES * Pump->FrameBytes);
    }
    return STATUS_SUCCESS;
}
