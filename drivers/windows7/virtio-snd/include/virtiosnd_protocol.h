/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_protocol.h: the two dialects of the virtio-snd protocol and the
 * meaning of their status values. Contract v1, section "Two dialects".
 */
#ifndef VIRTIOSND_PROTOCOL_H
#define VIRTIOSND_PROTOCOL_H

#include <wdk_compat.h>
#include "virtio_wire.h"

typedef struct _VIRTIOSND_DIALECT {
    ULONG StatusBase;         /* value of OK; the errors follow it */
    ULONG TransferHeaderBytes; /* of a TX or RX transfer */
    BOOLEAN QueueBeforeStart; /* transfers are accepted before START */
} VIRTIOSND_DIALECT;

/* A status that no device writes: answers are filled with it, so that an unwritten answer is an error. */
#define VIRTIOSND_STATUS_UNWRITTEN 0xFFFFFFFFu

/* Any IRQL. The dialect whose OK is Status, the status of the first PCM_INFO answer; NULL: neither. */
const VIRTIOSND_DIALECT *VirtIoSndDialectFromStatus(ULONG Status);
/* Any IRQL. The seed's NTSTATUS for Status; STATUS_DEVICE_PROTOCOL_ERROR for a value that Dialect does not know. */
NTSTATUS VirtIoSndStatusToNtStatus(const VIRTIOSND_DIALECT *Dialect, ULONG Status);

#endif
