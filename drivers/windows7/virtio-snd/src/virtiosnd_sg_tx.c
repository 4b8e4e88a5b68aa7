/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_sg_tx.h"

NTSTATUS VirtIoSndSgTxBuild(PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length, BOOLEAN Write, PVIRTIOSND_SG Sg,
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
        Sg[*Count].Address = run.Address;
        Sg[*Count].Length = run.Length;
        Sg[*Count].Write = Write;
        (*Count)++;
    }
    return STATUS_SUCCESS;
}
