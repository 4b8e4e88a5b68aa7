/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formats as the audio engine builds and negotiates them. */
#include "client.h"

#include <string.h>

static void common(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f, unsigned rate, unsigned channels, unsigned bits)
{
    memset(f, 0, sizeof *f);
    f->DataFormat.SampleSize = channels * bits / 8;
    f->DataFormat.MajorFormat = KSDATAFORMAT_TYPE_AUDIO;
    f->DataFormat.SubFormat = KSDATAFORMAT_SUBTYPE_PCM;
    f->DataFormat.Specifier = KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
    WAVEFORMATEX *w = &f->WaveFormatExt.Format;
    w->nChannels = (USHORT)channels;
    w->nSamplesPerSec = rate;
    w->wBitsPerSample = (USHORT)bits;
    w->nBlockAlign = (USHORT)(channels * bits / 8);
    w->nAvgBytesPerSec = rate * w->nBlockAlign;
}

void format_make(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f, unsigned rate, unsigned channels, unsigned bits)
{
    common(f, rate, channels, bits);
    f->DataFormat.FormatSize = sizeof *f;
    f->WaveFormatExt.Format.wFormatTag = WAVE_FORMAT_EXTENSIBLE;
    f->WaveFormatExt.Format.cbSize = 22;
    f->WaveFormatExt.Samples.wValidBitsPerSample = (USHORT)bits;
    f->WaveFormatExt.dwChannelMask = channels == 1 ? 4 : 3;
    f->WaveFormatExt.SubFormat = KSDATAFORMAT_SUBTYPE_PCM;
}

void format_make_plain(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *f, unsigned rate, unsigned channels, unsigned bits)
{
    common(f, rate, channels, bits);
    f->DataFormat.FormatSize = sizeof(KSDATAFORMAT) + sizeof(WAVEFORMATEX);
    f->WaveFormatExt.Format.wFormatTag = WAVE_FORMAT_PCM;
}

void range_make(KSDATARANGE_AUDIO *r, unsigned channels, unsigned bits_min, unsigned bits_max, unsigned rate_min,
                unsigned rate_max)
{
    memset(r, 0, sizeof *r);
    r->DataRange.FormatSize = sizeof *r;
    r->DataRange.MajorFormat = KSDATAFORMAT_TYPE_AUDIO;
    r->DataRange.SubFormat = KSDATAFORMAT_SUBTYPE_PCM;
    r->DataRange.Specifier = KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
    r->MaximumChannels = channels;
    r->MinimumBitsPerSample = bits_min;
    r->MaximumBitsPerSample = bits_max;
    r->MinimumSampleFrequency = rate_min;
    r->MaximumSampleFrequency = rate_max;
}

NTSTATUS format_propose(const struct endpoint *e, const KSDATAFORMAT_WAVEFORMATEXTENSIBLE *format)
{
    ULONG instance[2] = {e->pin, 0};
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE copy = *format;
    struct ks_request request = {.set = &KSPROPSETID_Pin, .id = KSPROPERTY_PIN_PROPOSEDATAFORMAT,
                                 .verb = KSPROPERTY_TYPE_SET, .node = NO_NODE, .instance = instance,
                                 .instance_size = sizeof instance, .value = &copy,
                                 .value_size = format->DataFormat.FormatSize};
    return ks_property(e->wave, NULL, &request);
}

static void check_intersection(const struct endpoint *e, unsigned channels)
{
    KSDATARANGE_AUDIO range;
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE answer;
    ULONG length = 0;
    range_make(&range, 8, 8, 32, 8000, 192000);
    NTSTATUS status = ks_data_intersection(e->wave, e->pin, &range.DataRange, NULL, 0, &length);
    EXPECT(status == STATUS_BUFFER_OVERFLOW, "%s: size query of the data intersection answered %s", endpoint_name(e),
           status_name(status));
    EXPECT(length <= sizeof answer, "%s: the intersection wants %u bytes", endpoint_name(e), (unsigned)length);
    memset(&answer, 0, sizeof answer);
    status = ks_data_intersection(e->wave, e->pin, &range.DataRange, &answer, length, &length);
    EXPECT(NT_SUCCESS(status), "%s: data intersection answered %s", endpoint_name(e), status_name(status));
    const WAVEFORMATEX *w = &answer.WaveFormatExt.Format;
    EXPECT(w->nSamplesPerSec == SAMPLE_RATE && w->wBitsPerSample == 16 && w->nChannels == channels &&
               w->nBlockAlign == channels * 2 && w->nAvgBytesPerSec == SAMPLE_RATE * channels * 2,
           "%s: intersection gave %u Hz, %u bits, %u channels, block %u, %u bytes/s", endpoint_name(e),
           (unsigned)w->nSamplesPerSec, w->wBitsPerSample, w->nChannels, w->nBlockAlign, (unsigned)w->nAvgBytesPerSec);
}

void format_negotiate(const struct endpoint *e, KSDATAFORMAT_WAVEFORMATEXTENSIBLE *format)
{
    unsigned channels = e->capture ? 1 : 2;
    check_intersection(e, channels);
    format_make(format, SAMPLE_RATE, channels, 16);
    NTSTATUS status = format_propose(e, format);
    EXPECT(NT_SUCCESS(status) || status == STATUS_NOT_FOUND, "%s: proposed 48 kHz, 16 bits, %u channels: %s",
           endpoint_name(e), channels, status_name(status));
}
