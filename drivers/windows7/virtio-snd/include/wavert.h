/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert.h: the Wave miniport (IMiniportWaveRT), one per START_DEVICE.
 *
 * It owns the filter description and hands out streams, one per direction. A
 * stream (wavert_stream.h) holds a reference on its miniport and through it on
 * the adapter context.
 */
#ifndef WAVERT_H
#define WAVERT_H

#include "adapter_context.h"

typedef struct _MINIPORTWAVERT_CONTEXT MINIPORTWAVERT_CONTEXT, *PMINIPORTWAVERT_CONTEXT;

/* PASSIVE_LEVEL. A miniport with one reference for the caller; it references Adapter. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS WaveRtMiniportCreate(PADAPTER_CONTEXT Adapter, PMINIPORTWAVERT *Miniport);

/* <= DISPATCH_LEVEL. For streams: they hold one reference from creation to destruction. */
VOID WaveRtMiniportReference(PMINIPORTWAVERT_CONTEXT Miniport);
VOID WaveRtMiniportRelease(PMINIPORTWAVERT_CONTEXT Miniport);

/* The backend of this miniport's START_DEVICE. Valid inside WaveRtStreamCreate and from then on until
 * WaveRtStreamQuiesce returns; a quiesced stream must not use it any more. Any IRQL. */
PVIRTIOSND_BACKEND WaveRtMiniportBackend(PMINIPORTWAVERT_CONTEXT Miniport);

/* Any IRQL. TRUE once the device was stopped or removed. */
BOOLEAN WaveRtMiniportGone(PMINIPORTWAVERT_CONTEXT Miniport);

/* PASSIVE_LEVEL, none of the stream's own locks held. The first thing that a stream's destruction does, while the
 * stream is still whole: quiesces it (WaveRtStreamQuiesce, which is idempotent) so that it cannot race with a
 * removal, then frees its direction for the next NewStream. Afterwards nobody knows the stream. Not for a stream
 * whose WaveRtStreamCreate fails: it never had the slot. */
VOID WaveRtMiniportStreamClosed(PMINIPORTWAVERT_CONTEXT Miniport, VIRTIOSND_STREAM_ID Stream);

#endif
