/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* eventlog.c: entries in the System event log (WDK: "IoAllocateErrorLogEntry", "IO_ERROR_LOG_PACKET structure"). */
#include "eventlog.h"

/* Behind the fixed part: status and detail, as dump data, which Event Viewer shows under "Details". */
enum { DumpStatus = 0, DumpDetail = 1, DumpCount = 2 };

#define ENTRY_BYTES (FIELD_OFFSET(IO_ERROR_LOG_PACKET, DumpData) + DumpCount * sizeof(ULONG))

C_ASSERT(ENTRY_BYTES <= ERROR_LOG_MAXIMUM_SIZE);
C_ASSERT(ENTRY_BYTES >= sizeof(IO_ERROR_LOG_PACKET));

CODE_PAGE VOID EventLogWrite(PDEVICE_OBJECT DeviceObject, NTSTATUS Message, NTSTATUS Status, ULONG Detail)
{
    PIO_ERROR_LOG_PACKET entry;

    PAGED_CODE();
    entry = IoAllocateErrorLogEntry(DeviceObject, (UCHAR)ENTRY_BYTES);
    if (entry == NULL) {
        return;
    }
    RtlZeroMemory(entry, ENTRY_BYTES);
    entry->ErrorCode = Message;
    entry->FinalStatus = Status;
    entry->UniqueErrorValue = Detail;
    entry->DumpDataSize = (USHORT)(DumpCount * sizeof(ULONG));
    entry->DumpData[DumpStatus] = (ULONG)Status;
    entry->DumpData[DumpDetail] = Detail;
    IoWriteErrorLogEntry(entry);
}
