/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Works on the page frame numbers of a locked MDL alone: no mapping, no allocation, so it may run in a DPC. */
#include "virtiosnd_sg.h"

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
