/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "virtiosnd_protocol.h"

/* Contract v1, "Two dialects of one protocol". The seed describes the first, every other device speaks the second. */
static const VIRTIOSND_DIALECT Dialects[] = {
    /* status base               transfer header              queue before START */
    {VIRTIO_SND_S_AERO_BASE, VIRTIO_SND_XFER_BYTES_AERO, FALSE},
    {VIRTIO_SND_S_SPEC_BASE, VIRTIO_SND_XFER_BYTES_SPEC, TRUE},
};

/* The meaning of a status, counted from the dialect's base: the seed's table. */
static const NTSTATUS StatusMeaning[] = {
    STATUS_SUCCESS,              /* OK */
    STATUS_INVALID_PARAMETER,    /* BAD_MSG */
    STATUS_NOT_SUPPORTED,        /* NOT_SUPP */
    STATUS_INVALID_DEVICE_STATE, /* IO_ERR */
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const VIRTIOSND_DIALECT *VirtIoSndDialectFromStatus(ULONG Status)
{
    ULONG i;

    for (i = 0; i < COUNT_OF(Dialects); i++) {
        if (Status == Dialects[i].StatusBase + VIRTIO_SND_S_OK) {
            return &Dialects[i];
        }
    }
    return NULL;
}

NTSTATUS VirtIoSndStatusToNtStatus(const VIRTIOSND_DIALECT *Dialect, ULONG Status)
{
    ULONG index = Status - Dialect->StatusBase; /* below the base it wraps to a large number */

    return index < COUNT_OF(StatusMeaning) ? StatusMeaning[index] : STATUS_DEVICE_PROTOCOL_ERROR;
}
