/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_tx.h"

/* A transfer is consumed whole or not at all. What used.len says is of no interest: only the status was writable. */
static NTSTATUS TxJudge(const VIRTIOSND_DIALECT *Dialect, const VIRTIOSND_XFER_ANSWER *Answer, ULONG *Bytes)
{
    NTSTATUS status = VirtIoSndStatusToNtStatus(Dialect, Answer->Status);

    *Bytes = NT_SUCCESS(status) ? Answer->Payload : 0;
    return status;
}

const VIRTIOSND_XFER_KIND VirtIoSndTx = {FALSE, TxJudge};
