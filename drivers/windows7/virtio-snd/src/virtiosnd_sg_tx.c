/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_sg_tx.h"

NTSTATUS VirtIoSndSgTxBuild(PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length, PVIRTIOSND_SG Sg, ULONG Capacity,
                            ULONG *Count)
{
    VIRTIOSND_SG_CURSOR cursor;
    VIRTIOSND_PHYSICAL_RUN run;
    ULONG count = 0;
    NTSTATUS status;

    *Count = 0;
    status = VirtIoSndSgBegin(&cursor, Mdl, BufferBytes, Offset, Length);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    while (cursor.Remaining > 0) {
        if (count == Capacity) {
            return STATUS_BUFFER_OVERFLOW;
        }
        VirtIoSndSgNext(&cursor, &run);
        Sg->Address = run.Address;
        Sg->Length = run.Length;
        Sg++;
        count++;
    }
    *Count = count;
    return STATUS_SUCCESS;
}
