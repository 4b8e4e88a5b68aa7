/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Works on the page frame numbers of a locked MDL alone: no mapping, no allocation, so it may run in a DPC. */
#include "virtiosnd_sg.h"

NTSTATUS VirtIoSndSgBegin(PVIRTIOSND_SG_CURSOR Cursor, PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length)
{
    if (Mdl == NULL || BufferBytes == 0 || BufferBytes > MmGetMdlByteCount(Mdl) || Offset >= BufferBytes ||
        Length == 0 || Length > BufferBytes) {
        return STATUS_INVALID_PARAMETER;
    }
    Cursor->Pages = MmGetMdlPfnArray(Mdl);
    Cursor->ByteOffset = MmGetMdlByteOffset(Mdl);
    Cursor->BufferBytes = BufferBytes;
    Cursor->Offset = Offset;
    Cursor->Remaining = Length;
    return STATUS_SUCCESS;
}

/* The bytes at the cursor that lie in one page, at most to the end of the buffer. */
static __inline VOID OnePage(const VIRTIOSND_SG_CURSOR *Cursor, VIRTIOSND_PHYSICAL_RUN *Run)
{
    ULONG position = Cursor->ByteOffset + Cursor->Offset;
    ULONG inPage = position & (PAGE_SIZE - 1u);
    ULONG length = PAGE_SIZE - inPage;

    if (length > Cursor->BufferBytes - Cursor->Offset) {
        length = Cursor->BufferBytes - Cursor->Offset;
    }
    if (length > Cursor->Remaining) {
        length = Cursor->Remaining;
    }
    Run->Address = ((ULONGLONG)Cursor->Pages[position >> PAGE_SHIFT] << PAGE_SHIFT) + inPage;
    Run->Length = length;
}

static __inline VOID Advance(PVIRTIOSND_SG_CURSOR Cursor, ULONG Bytes)
{
    Cursor->Remaining -= Bytes;
    Cursor->Offset += Bytes;
    if (Cursor->Offset == Cursor->BufferBytes) {
        Cursor->Offset = 0;
    }
}

BOOLEAN VirtIoSndSgNext(PVIRTIOSND_SG_CURSOR Cursor, VIRTIOSND_PHYSICAL_RUN *Run)
{
    VIRTIOSND_PHYSICAL_RUN piece;

    if (Cursor->Remaining == 0) {
        return FALSE;
    }
    OnePage(Cursor, Run);
    Advance(Cursor, Run->Length);
    while (Cursor->Remaining > 0) {
        OnePage(Cursor, &piece);
        if (piece.Address != Run->Address + Run->Length) {
            break;
        }
        Run->Length += piece.Length;
        Advance(Cursor, piece.Length);
    }
    return TRUE;
}

NTSTATUS VirtIoSndSgMap(PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length, VIRTIOSND_PHYSICAL_RUN *Runs,
                        ULONG Capacity, ULONG *Count)
{
    VIRTIOSND_SG_CURSOR cursor;
    VIRTIOSND_PHYSICAL_RUN run;
    NTSTATUS status;

    *Count = 0;
    status = VirtIoSndSgBegin(&cursor, Mdl, BufferBytes, Offset, Length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    while (VirtIoSndSgNext(&cursor, &run)) {
        if (*Count == Capacity) {
            *Count = 0;
            return STATUS_BUFFER_OVERFLOW;
        }
        Runs[(*Count)++] = run;
    }
    return STATUS_SUCCESS;
}
