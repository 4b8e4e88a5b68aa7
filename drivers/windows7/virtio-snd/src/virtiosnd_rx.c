/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_rx.h"

#define STATUS_BYTES ((ULONG)sizeof(struct virtio_snd_pcm_status))

/*
 * The status lies in the status slot, behind the payload; when it is not there, virtiosnd_xfer.c looks for it among the
 * samples. used.len may be exact, an under-estimate of 8 or less, or the whole room.
 */
static NTSTATUS RxJudge(const VIRTIOSND_DIALECT *Dialect, const VIRTIOSND_XFER_ANSWER *Answer, ULONG *Bytes)
{
    ULONG samples = Answer->Written > STATUS_BYTES ? Answer->Written - STATUS_BYTES : 0;
    NTSTATUS status;

    *Bytes = 0;
    status = VirtIoSndStatusToNtStatus(Dialect, Answer->Status);
    if (NT_SUCCESS(status)) {
        *Bytes = samples > 0 && samples < Answer->Payload ? samples : Answer->Payload;
    }
    return status;
}

const VIRTIOSND_XFER_KIND VirtIoSndRx = {TRUE, RxJudge};
