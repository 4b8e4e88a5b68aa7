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
NTSTATUS VirtIoSndSgBegin(PVIRTIOSND_SG_CURSOR Cursor, PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length);
/* <= DISPATCH_LEVEL. The next run, as long as possible: neighbours that follow each other in physical memory are one,
 * over the wrap too. FALSE: no more. */
BOOLEAN VirtIoSndSgNext(PVIRTIOSND_SG_CURSOR Cursor, VIRTIOSND_PHYSICAL_RUN *Run);

/*
 * <= DISPATCH_LEVEL. Lists all runs of a region (see VirtIoSndSgBegin).
 * STATUS_BUFFER_OVERFLOW: more than Capacity runs; *Count is then 0. Also as VirtIoSndSgBegin.
 */
NTSTATUS VirtIoSndSgMap(PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length, VIRTIOSND_PHYSICAL_RUN *Runs,
                        ULONG Capacity, ULONG *Count);

#endif
