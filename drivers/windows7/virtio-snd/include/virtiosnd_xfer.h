/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_xfer.h: what TX and RX have in common: periods on their way through
 * a queue.
 *
 * A period is one transfer, or several when its parts do not fit into one
 * request. Each transfer has a message, eight bytes of header and eight of status
 * that the device can reach, and a slot, the driver's record. Slots are
 *
 *     Free -> Sent -> Free                the ordinary way
 *             Sent -> Held -> Free        first of several, waits for the others of its period
 *             Sent -> Abandoned -> Free   the stream was closed while the device kept the transfer
 *
 * Locks: everything belongs to the queue's lock; the callbacks are made without it.
 */
#ifndef VIRTIOSND_XFER_H
#define VIRTIOSND_XFER_H

#include "backend.h"
#include "virtiosnd_protocol.h"
#include "virtiosnd_queue.h"
#include "virtiosnd_wait.h"

#define VIRTIOSND_XFER_SLOTS VIRTIOSND_TABLE_COUNT
/* Most parts of a period on a ring that cannot hold all its transfers at once (4 or 8 entries without
 * INDIRECT_DESC). */
#define VIRTIOSND_XFER_REST 16u

typedef enum _VIRTIOSND_XFER_STATE {
    VirtIoSndXferFree = 0,
    VirtIoSndXferSent,
    VirtIoSndXferHeld,
    VirtIoSndXferAbandoned
} VIRTIOSND_XFER_STATE;

typedef struct _VIRTIOSND_XFER_SLOT {
    VIRTIOSND_XFER_STATE State; /* [Q] */
    ULONG Message;              /* [Q] number of its message */
    ULONG Payload;              /* [Q] PCM bytes of this transfer */
    ULONG Offset;               /* [Q] of a later slot: where its payload begins in the period */
    struct _VIRTIOSND_XFER_SLOT *Period; /* [Q] first slot of the period; it keeps the rest */
    ULONG_PTR Cookie;
    ULONG Outstanding;          /* transfers of the period that the device has */
    ULONG Bytes;                /* PCM bytes that came back so far */
    NTSTATUS Result;            /* first failure */
    ULONG Sequence;             /* number of the period; wraps */
} VIRTIOSND_XFER_SLOT, *PVIRTIOSND_XFER_SLOT;

/* What the device said of one transfer. */
typedef struct _VIRTIOSND_XFER_ANSWER {
    ULONG Status;  /* of the status slot; VIRTIOSND_STATUS_UNWRITTEN: the device left it alone */
    ULONG Written; /* bytes that the device wrote according to the used ring, clamped */
    ULONG Payload; /* bytes that were asked for */
} VIRTIOSND_XFER_ANSWER;

/* The part in which TX and RX differ. */
typedef struct _VIRTIOSND_XFER_KIND {
    BOOLEAN DeviceWrites; /* direction of the payload */
    /* DISPATCH. NTSTATUS of a transfer; *Bytes: PCM bytes consumed or filled. STATUS_DEVICE_PROTOCOL_ERROR: what is in
     * the status slot is no status. */
    NTSTATUS (*Judge)(const VIRTIOSND_DIALECT *Dialect, const VIRTIOSND_XFER_ANSWER *Answer, ULONG *Bytes);
} VIRTIOSND_XFER_KIND;

/* [Q] the queue's lock, [I] immutable between Initialize and Uninitialize */
typedef struct _VIRTIOSND_XFER {
    PVIRTIOSND_QUEUE Queue;           /* [I] */
    const VIRTIOSND_XFER_KIND *Kind;  /* [I] */
    const VIRTIOSND_DIALECT *Dialect; /* [I] */
    ULONG StreamId;                   /* [I] the device's number of the stream */
    VIRTIOSND_DMA Messages;           /* [I] headers and statuses */
    VIRTIOSND_XFER_SLOT *Slots;       /* [Q] VIRTIOSND_XFER_SLOTS of them, pool */
    UCHAR TableParts[VIRTIOSND_XFER_SLOTS]; /* [Q] data parts that an indirect table was last laid out for; 0: never */
    BOOLEAN Open;                     /* [Q] periods are taken */
    BOOLEAN Draining;                 /* [Q] somebody delivers completions */
    ULONG PeriodLimit;                /* [Q] most periods in flight */
    ULONG Periods;                    /* [Q] periods in flight, reported ones excluded */
    ULONG Transfers;                  /* [Q] slots not Free */
    ULONG Behind;                     /* [Q] PCM bytes in all slots but the first of the period begun last, if split */
    ULONG RestCount;                  /* [Q] parts of RestPeriod that did not fit yet */
    PVIRTIOSND_XFER_SLOT RestPeriod;  /* [Q] */
    VIRTIOSND_SG Rest[VIRTIOSND_XFER_REST]; /* [Q] */
    ULONG NextSlot;                   /* [Q] where the search for a free slot begins */
    ULONG Sequence;                   /* [Q] number of the next period */
    PVIRTIOSND_PERIOD_DONE PeriodDone; /* [Q] set by Open */
    PVIRTIOSND_PERIOD_READ PeriodRead; /* [Q] set by Open; may be NULL */
    PVOID Context;                    /* [Q] set by Open */
} VIRTIOSND_XFER, *PVIRTIOSND_XFER;

/* PASSIVE. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS VirtIoSndXferInitialize(PVIRTIOSND_XFER Xfer, const VIRTIOSND_XFER_KIND *Kind, PVIRTIOSND_QUEUE Queue,
                                 const VIRTIOSND_DIALECT *Dialect, ULONG StreamId);
/* PASSIVE, closed, after the device's reset. Abandon: the reset failed. Transfers that the device has kept for good
 * keep their memory in either case. */
VOID VirtIoSndXferUninitialize(PVIRTIOSND_XFER Xfer, BOOLEAN Abandon);

/* PASSIVE. Takes periods from now on, at most Config's buffer at a time. */
VOID VirtIoSndXferOpen(PVIRTIOSND_XFER Xfer, const VIRTIOSND_STREAM_CONFIG *Config);
/* <= DISPATCH. One period, see VIRTIOSND_BACKEND_OPS.Submit. */
NTSTATUS VirtIoSndXferSubmit(PVIRTIOSND_XFER Xfer, const VIRTIOSND_SG *Sg, ULONG SgCount, ULONG_PTR Cookie);
/* DISPATCH. Reports what has come back. */
VOID VirtIoSndXferPoll(PVIRTIOSND_XFER Xfer);
/* PASSIVE. Takes no more periods, waits until Deadline for those that the device has and reports the rest with Lost; a
 * device that is gone or broken is not waited for. No callback runs afterwards. STATUS_IO_TIMEOUT: the device still has
 * some of the memory. */
NTSTATUS VirtIoSndXferClose(PVIRTIOSND_XFER Xfer, const VIRTIOSND_DEADLINE *Deadline, NTSTATUS Lost);
/* PASSIVE, closed. TRUE: the device has not given all memory back, and it is still there. */
BOOLEAN VirtIoSndXferIsOwed(const VIRTIOSND_XFER *Xfer);

#endif
