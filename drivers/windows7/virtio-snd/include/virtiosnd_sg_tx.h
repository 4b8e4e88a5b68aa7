/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_sg_tx.h: a region of the cyclic buffer as the VIRTIOSND_SG entries of
 * a transfer.
 */
#ifndef VIRTIOSND_SG_TX_H
#define VIRTIOSND_SG_TX_H

#include "virtiosnd_queue.h"
#include "virtiosnd_sg.h"

/* <= DISPATCH_LEVEL. As VirtIoSndSgMap, into VIRTIOSND_SG entries. Their Write is for whoever submits them to say. */
NTSTATUS VirtIoSndSgTxBuild(PMDL Mdl, ULONG BufferBytes, ULONG Offset, ULONG Length, PVIRTIOSND_SG Sg, ULONG Capacity,
                            ULONG *Count);

#endif
