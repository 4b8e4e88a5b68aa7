/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_sg.h: where does a region of the cyclic buffer lie in physical memory?
 */
#ifndef VIRTIOSND_SG_H
#define VIRTIOSND_SG_H

#include <wdk_compat.h>

/* Length bytes at Address, contiguous. */
typedef struct _VIRTIOSND_PHYSICAL_RUN {
    ULONGLONG Address;
    ULONG Length;
} VIRTIOSND_PHYSICAL_RUN;

/* Most runs that a region of Bytes can have: one per page touched, one more for the wrap on either side. */
#define VIRTIOSND_SG_MAX_RUNS(bytes) (((bytes) / PAGE_SIZE) + 3u)

/* Walks the runs of a region, one at a time; needs no memory of its own. */
typedef struct _VIRTIOSND_SG_CURSOR {
    const PFN_NUMBER *Pages; /* of the MDL */
    ULONG ByteOffset;        /* of the buffer in its first page */
    ULONG BufferBytes;
    ULONG Offset;    /* in the circular buffer, of the next byte */
    ULONG Remaining; /* bytes still to be listed */
} VIRTIOSND_SG_CURSOR, *PVIRTIOSND_SG_CURSOR;

/*
 * <= DISPATCH_LEVEL. Begins at Offset of the circular buffer made of the first BufferBytes bytes of Mdl (locked pages;
 * need not be mapped), for Length bytes, at most BufferBytes.
 * STATUS_INVALID_PARAMETER: an empty or oversized region, an Offset outside, an MDL shorter than BufferBytes.
 */
CODE_INLINE NTSTATUS VirtIoSndSgBegin(PVIRTIOSND_SG_CURSOR Cursor, PMDL Mdl, ULONG BufferBytes, ULONG Offset,
                                      ULONG Length)
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
CODE_INLINE VOID VirtIoSndSgPage(const VIRTIOSND_SG_CURSOR *Cursor, VIRTIOSND_PHYSICAL_RUN *Run)
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

/* Of VirtIoSndSgNext: moves on by Bytes that VirtIoSndSgPage found. */
CODE_INLINE VOID VirtIoSndSgAdvance(PVIRTIOSND_SG_CURSOR Cursor, ULONG Bytes)
{
    Cursor->Remaining -= Bytes;
    Cursor->Offset += Bytes;
    if (Cursor->Offset == Cursor->BufferBytes) {
        Cursor->Offset = 0;
    }
}

/* <= DISPATCH_LEVEL. The next run, as long as possible: neighbours that follow each other in physical memory are one,
 * over the wrap too. FALSE: no more. */
CODE_INLINE BOOLEAN VirtIoSndSgNext(PVIRTIOSND_SG_CURSOR Cursor, VIRTIOSND_PHYSICAL_RUN *Run)
{
    VIRTIOSND_PHYSICAL_RUN piece;

    if (Cursor->Remaining == 0) {
        return FALSE;
    }
    VirtIoSndSgPage(Cursor, Run);
    VirtIoSndSgAdvance(Cursor, Run->Length);
    while (Cursor->Remaining > 0) {
        VirtIoSndSgPage(Cursor, &piece);
        if (piece.Address != Run->Address + Run->Length) {
            break;
        }
        Run->Length += piece.Length;
        VirtIoSndSgAdvance(Cursor, piece.Length);
    }
    return TRUE;
}

/*
 * <= DISPATCH_LEVEL. Lists all runs of a region (see VirtIoSndSgBegin).
 * STATUS_BUFFER_OVERFLOW: more than Capacity runs; *Count is then 0. Also as VirtIoSndSgBegin.
 */
NTSTATUS VirtIoSndSgMap(PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length, VIRTIOSND_PHYSICAL_RUN *Runs,
                        ULONG Capacity, ULONG *Count);

#endif
