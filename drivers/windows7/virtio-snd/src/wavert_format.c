/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_format.c: format check, intersection and default format
 * (WDK: "WAVEFORMATEXTENSIBLE structure", "KSDATARANGE_AUDIO structure", "Default Data-Intersection Handlers").
 */
#include "wavert_format.h"

#include "guids.h"
#include "portcls_com.h"

#define EXTENSIBLE_EXTRA_BYTES (sizeof(WAVEFORMATEXTENSIBLE) - sizeof(WAVEFORMATEX))

C_ASSERT(sizeof(KSDATAFORMAT) == 64);
C_ASSERT(sizeof(WAVEFORMATEX) == 18);
C_ASSERT(EXTENSIBLE_EXTRA_BYTES == 22);
C_ASSERT(sizeof(KSDATAFORMAT_WAVEFORMATEX) == 82);
C_ASSERT(FIELD_OFFSET(KSDATAFORMAT_DSOUND, BufferDesc.WaveFormatEx) == 72);

CODE_PAGE static BOOLEAN GuidMatches(const GUID *Guid, const GUID *Wanted)
{
    PAGED_CODE();
    return (BOOLEAN)(PortClsComGuidEqual(Guid, Wanted) || PortClsComGuidEqual(Guid, &SndWildcard));
}

ULONG WaveRtFormatChannels(VIRTIOSND_STREAM_ID Stream)
{
    return Stream == VirtIoSndStreamCapture ? WAVERT_CAPTURE_CHANNELS : WAVERT_RENDER_CHANNELS;
}

ULONG WaveRtFormatFrameBytes(VIRTIOSND_STREAM_ID Stream)
{
    return WaveRtFormatChannels(Stream) * WAVERT_BYTES_PER_SAMPLE;
}

/* Where the WAVEFORMATEX lies behind this specifier; 0: a specifier that is not ours. */
CODE_PAGE static ULONG WaveFormatOffset(const GUID *Specifier)
{
    PAGED_CODE();
    if (PortClsComGuidEqual(Specifier, &SndSpecifierWaveFormat)) {
        return FIELD_OFFSET(KSDATAFORMAT_WAVEFORMATEX, WaveFormatEx);
    }
    if (PortClsComGuidEqual(Specifier, &SndSpecifierDirectSound)) {
        return FIELD_OFFSET(KSDATAFORMAT_DSOUND, BufferDesc.WaveFormatEx);
    }
    return 0;
}

CODE_PAGE static VOID FillWaveFormat(VIRTIOSND_STREAM_ID Stream, WAVEFORMATEX *Wave)
{
    PAGED_CODE();
    Wave->wFormatTag = WAVE_FORMAT_PCM;
    Wave->nChannels = (WORD)WaveRtFormatChannels(Stream);
    Wave->nSamplesPerSec = WAVERT_SAMPLE_RATE;
    Wave->nAvgBytesPerSec = WAVERT_SAMPLE_RATE * WaveRtFormatFrameBytes(Stream);
    Wave->nBlockAlign = (WORD)WaveRtFormatFrameBytes(Stream);
    Wave->wBitsPerSample = WAVERT_BITS_PER_SAMPLE;
    Wave->cbSize = 0;
}

/* The part behind WAVEFORMATEX; Bytes are readable at Wave. */
CODE_PAGE static NTSTATUS CheckExtensible(const WAVEFORMATEXTENSIBLE *Wave, ULONG Bytes)
{
    PAGED_CODE();
    if (Bytes < sizeof(*Wave) || Wave->Format.cbSize < EXTENSIBLE_EXTRA_BYTES) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!PortClsComGuidEqual(&Wave->SubFormat, &SndSubtypePcm) ||
        Wave->Samples.wValidBitsPerSample != WAVERT_BITS_PER_SAMPLE) {
        return STATUS_NO_MATCH;
    }
    return STATUS_SUCCESS; /* any channel mask: it names speakers, the samples are the same */
}

CODE_PAGE static NTSTATUS CheckWaveFormat(VIRTIOSND_STREAM_ID Stream, const WAVEFORMATEX *Wave, ULONG Bytes)
{
    WAVEFORMATEX own;

    PAGED_CODE();
    if (Bytes < sizeof(*Wave)) {
        return STATUS_INVALID_PARAMETER;
    }
    FillWaveFormat(Stream, &own);
    if (Wave->nChannels != own.nChannels || Wave->nSamplesPerSec != own.nSamplesPerSec ||
        Wave->nAvgBytesPerSec != own.nAvgBytesPerSec || Wave->nBlockAlign != own.nBlockAlign ||
        Wave->wBitsPerSample != own.wBitsPerSample) {
        return STATUS_NO_MATCH;
    }
    if (Wave->wFormatTag == WAVE_FORMAT_EXTENSIBLE) {
        return CheckExtensible((const WAVEFORMATEXTENSIBLE *)Wave, Bytes);
    }
    return Wave->wFormatTag == WAVE_FORMAT_PCM ? STATUS_SUCCESS : STATUS_NO_MATCH;
}

CODE_PAGE NTSTATUS WaveRtFormatCheck(VIRTIOSND_STREAM_ID Stream, const KSDATAFORMAT *Format, ULONG Size)
{
    ULONG offset;

    PAGED_CODE();
    if (Size < sizeof(*Format) || Format->FormatSize < sizeof(*Format) || Format->FormatSize > Size) {
        return STATUS_INVALID_PARAMETER;
    }
    offset = WaveFormatOffset(&Format->Specifier);
    if (offset == 0 || !PortClsComGuidEqual(&Format->MajorFormat, &SndTypeAudio) ||
        !PortClsComGuidEqual(&Format->SubFormat, &SndSubtypePcm)) {
        return STATUS_NO_MATCH;
    }
    if (Format->FormatSize < offset) {
        return STATUS_INVALID_PARAMETER;
    }
    return CheckWaveFormat(Stream, (const WAVEFORMATEX *)((const UCHAR *)Format + offset), Format->FormatSize - offset);
}

/* Fills *Format behind one of the two specifiers; returns its size. */
CODE_PAGE static ULONG FillFormat(VIRTIOSND_STREAM_ID Stream, BOOLEAN DirectSound, PWAVERT_FORMAT Format)
{
    PAGED_CODE();
    RtlZeroMemory(Format, sizeof(*Format));
    Format->DataFormat.SampleSize = WaveRtFormatFrameBytes(Stream);
    Format->DataFormat.MajorFormat = SndTypeAudio;
    Format->DataFormat.SubFormat = SndSubtypePcm;
    if (DirectSound) {
        Format->DataFormat.FormatSize = sizeof(Format->DirectSound);
        Format->DataFormat.Specifier = SndSpecifierDirectSound;
        FillWaveFormat(Stream, &Format->DirectSound.BufferDesc.WaveFormatEx);
    } else {
        Format->DataFormat.FormatSize = sizeof(Format->WaveFormat);
        Format->DataFormat.Specifier = SndSpecifierWaveFormat;
        FillWaveFormat(Stream, &Format->WaveFormat.WaveFormatEx);
    }
    return Format->DataFormat.FormatSize;
}

CODE_PAGE ULONG WaveRtFormatDefault(VIRTIOSND_STREAM_ID Stream, PWAVERT_FORMAT Format)
{
    PAGED_CODE();
    return FillFormat(Stream, FALSE, Format);
}

/* Does the client's range contain the stream's format? */
CODE_PAGE static BOOLEAN RangeContains(const KSDATARANGE_AUDIO *Range, VIRTIOSND_STREAM_ID Stream)
{
    PAGED_CODE();
    return (BOOLEAN)(Range->MaximumChannels >= WaveRtFormatChannels(Stream) &&
                     Range->MinimumBitsPerSample <= WAVERT_BITS_PER_SAMPLE &&
                     Range->MaximumBitsPerSample >= WAVERT_BITS_PER_SAMPLE &&
                     Range->MinimumSampleFrequency <= WAVERT_SAMPLE_RATE &&
                     Range->MaximumSampleFrequency >= WAVERT_SAMPLE_RATE);
}

/* Is Client (its GUIDs and, when it has them, its limits) a range that the stream's format lies in? A range without the
 * audio members is only meaningful with a wildcard specifier: it limits nothing. */
CODE_PAGE static BOOLEAN RangeMatches(VIRTIOSND_STREAM_ID Stream, const KSDATARANGE *Client)
{
    PAGED_CODE();
    if (Client->FormatSize < sizeof(KSDATARANGE) || !GuidMatches(&Client->MajorFormat, &SndTypeAudio) ||
        !GuidMatches(&Client->SubFormat, &SndSubtypePcm)) {
        return FALSE;
    }
    if (PortClsComGuidEqual(&Client->Specifier, &SndWildcard)) {
        if (Client->FormatSize < sizeof(KSDATARANGE_AUDIO)) {
            return TRUE;
        }
    } else if (Client->FormatSize < sizeof(KSDATARANGE_AUDIO) || WaveFormatOffset(&Client->Specifier) == 0) {
        return FALSE;
    }
    return RangeContains((const KSDATARANGE_AUDIO *)Client, Stream);
}

CODE_PAGE NTSTATUS WaveRtFormatIntersect(VIRTIOSND_STREAM_ID Stream, const KSDATARANGE *Client, ULONG OutputLength,
                                         PVOID Result, PULONG ResultLength)
{
    WAVERT_FORMAT format;
    ULONG size;

    PAGED_CODE();
    *ResultLength = 0;
    if (!RangeMatches(Stream, Client)) {
        return STATUS_NO_MATCH;
    }
    size = FillFormat(Stream, PortClsComGuidEqual(&Client->Specifier, &SndSpecifierDirectSound), &format);
    if (OutputLength == 0) {
        *ResultLength = size;
        return STATUS_BUFFER_OVERFLOW;
    }
    if (OutputLength < size || Result == NULL) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(Result, &format, size);
    *ResultLength = size;
    return STATUS_SUCCESS;
}
