/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_rx.h"

#define STATUS_BYTES ((ULONG)sizeof(struct virtio_snd_pcm_status))

/*
 * A full transfer has its status behind the payload, in the status slot. For a partial one (flushed by RELEASE) some
 * devices write it right behind the samples instead, inside the payload: then the slot still holds what it was filled
 * with, used.len counts samples and status, and the status lies at used.len - 8, which must be before the slot. The
 * payload belongs to the client's buffer, which this level cannot see; a flush is no failure, so only the length is
 * taken.
 *
 * Where the status is in the slot, used.len may be exact, an under-estimate of 8 or less, or the whole room.
 */
static NTSTATUS RxJudge(const VIRTIOSND_DIALECT *Dialect, const VIRTIOSND_XFER_ANSWER *Answer, ULONG *Bytes)
{
    ULONG samples = Answer->Written > STATUS_BYTES ? Answer->Written - STATUS_BYTES : 0;
    NTSTATUS status;

    *Bytes = 0;
    if (Answer->Status == VIRTIOSND_STATUS_UNWRITTEN) {
        if (Answer->Written < STATUS_BYTES || samples >= Answer->Payload) {
            return STATUS_DEVICE_PROTOCOL_ERROR; /* no status was written anywhere */
        }
        *Bytes = samples;
        return STATUS_SUCCESS;
    }
    status = VirtIoSndStatusToNtStatus(Dialect, Answer->Status);
    if (NT_SUCCESS(status)) {
        *Bytes = samples > 0 && samples < Answer->Payload ? samples : Answer->Payload;
    }
    return status;
}

const VIRTIOSND_XFER_KIND VirtIoSndRx = {TRUE, RxJudge};
