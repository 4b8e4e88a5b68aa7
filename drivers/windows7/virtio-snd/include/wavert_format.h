/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_format.h: the two fixed formats and what clients may ask about them.
 *
 * Pure functions over KSDATAFORMAT and KSDATARANGE: no state, no allocation,
 * PASSIVE_LEVEL (the callers are). Sizes are bytes, rates frames per second.
 */
#ifndef WAVERT_FORMAT_H
#define WAVERT_FORMAT_H

#include "backend.h"
#include "wdk_compat.h"
#include "wdk_compat_portcls.h"

#define WAVERT_SAMPLE_RATE 48000u
#define WAVERT_BITS_PER_SAMPLE 16u
#define WAVERT_BYTES_PER_SAMPLE (WAVERT_BITS_PER_SAMPLE / 8u)
#define WAVERT_RENDER_CHANNELS 2u
#define WAVERT_CAPTURE_CHANNELS 1u

/* A format with either specifier, as the intersection and the proposed format return it. */
typedef union _WAVERT_FORMAT {
    KSDATAFORMAT DataFormat;
    KSDATAFORMAT_WAVEFORMATEX WaveFormat;
    KSDATAFORMAT_DSOUND DirectSound;
} WAVERT_FORMAT, *PWAVERT_FORMAT;

/* Any IRQL. Channels, and bytes of one frame, of a stream. */
ULONG WaveRtFormatChannels(VIRTIOSND_STREAM_ID Stream);
ULONG WaveRtFormatFrameBytes(VIRTIOSND_STREAM_ID Stream);

/* Is Format (Size readable bytes) the stream's fixed format? PCM as WAVEFORMATEX or WAVEFORMATEXTENSIBLE, specifier
 * WAVEFORMATEX or DSOUND; Size may exceed FormatSize (trailing bytes are ignored). STATUS_SUCCESS, STATUS_NO_MATCH for
 * a well-formed other format, STATUS_INVALID_PARAMETER for a malformed one. */
NTSTATUS WaveRtFormatCheck(VIRTIOSND_STREAM_ID Stream, const KSDATAFORMAT *Format, ULONG Size);

/* Fills *Format with the stream's format (WAVEFORMATEX specifier) and returns its size in bytes. */
ULONG WaveRtFormatDefault(VIRTIOSND_STREAM_ID Stream, PWAVERT_FORMAT Format);

/* IMiniport::DataRangeIntersection of the stream's range with Client. OutputLength 0: *ResultLength = size needed and
 * STATUS_BUFFER_OVERFLOW; shorter than that: STATUS_BUFFER_TOO_SMALL; nothing in common: STATUS_NO_MATCH. */
NTSTATUS WaveRtFormatIntersect(VIRTIOSND_STREAM_ID Stream, const KSDATARANGE *Client, ULONG OutputLength, PVOID Result,
                               PULONG ResultLength);

#endif
