/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TX and RX transfers: their rules, and those that a pacing device still holds. */
#ifndef VSND_TRANSFER_H
#define VSND_TRANSFER_H

#include "model.h"

/* Paced: the next `count` frames of the pending TX transfers, completing those used up; returns how many there were. */
size_t transfer_play(struct vsnd *dev, struct frame *frames, size_t count);

/* Paced: moves at most `count` recorded frames into the pending RX transfers, completing the full ones. */
void transfer_record(struct vsnd *dev, uint64_t count);

/* Completes every pending transfer of a stream with a status (VIRTIO_SND_S_OK..); `why` is static text. */
void transfer_flush(struct vsnd *dev, uint32_t stream_id, uint32_t status, const char *why);

/* Forgets the pending transfer whose chain begins at `head`, if there is one; the guest sees nothing. */
void transfer_drop(struct pcm_stream *stream, uint16_t head);

/* Forgets every pending transfer of a stream; the guest sees nothing. */
void transfer_forget(struct pcm_stream *stream);

#endif
