/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Data-range intersection: the client's range against each range of a pin,
 * first match wins. A miniport that says STATUS_NOT_IMPLEMENTED gets the port's
 * own handler: PCM, at most two channels, WAVEFORMATEX, the highest values.
 * [W audio/default-data-intersection-handlers]
 */
#include "portcls.h"

#include <string.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static bool matches(const GUID *a, const GUID *b)
{
    return guid_equal(a, b) || guid_equal(a, &GUID_NULL) || guid_equal(b, &GUID_NULL);
}

static NTSTATUS default_intersection(const KSDATARANGE *client, const KSDATARANGE *mine, void *out, ULONG size,
                                     ULONG *length)
{
    const KSDATARANGE_AUDIO *c = (const void *)client;
    const KSDATARANGE_AUDIO *m = (const void *)mine;
    KSDATAFORMAT_WAVEFORMATEX format;
    if (client->FormatSize < sizeof *c || mine->FormatSize < sizeof *m ||
        !guid_equal(&mine->SubFormat, &KSDATAFORMAT_SUBTYPE_PCM))
        return STATUS_NO_MATCH;
    ULONG bits = MIN(c->MaximumBitsPerSample, m->MaximumBitsPerSample);
    ULONG rate = MIN(c->MaximumSampleFrequency, m->MaximumSampleFrequency);
    ULONG channels = MIN(2, MIN(c->MaximumChannels, m->MaximumChannels));
    if (bits < MAX(c->MinimumBitsPerSample, m->MinimumBitsPerSample) ||
        rate < MAX(c->MinimumSampleFrequency, m->MinimumSampleFrequency) || channels == 0)
        return STATUS_NO_MATCH;
    *length = sizeof format;
    if (size == 0)
        return STATUS_BUFFER_OVERFLOW;
    if (size < sizeof format)
        return STATUS_BUFFER_TOO_SMALL;
    memset(&format, 0, sizeof format);
    format.DataFormat = *mine;
    format.DataFormat.FormatSize = sizeof format;
    format.WaveFormatEx = (WAVEFORMATEX){.wFormatTag = WAVE_FORMAT_PCM,
                                         .nChannels = (USHORT)channels,
                                         .nSamplesPerSec = rate,
                                         .nBlockAlign = (USHORT)(channels * bits / 8),
                                         .nAvgBytesPerSec = rate * channels * bits / 8,
                                         .wBitsPerSample = (USHORT)bits};
    memcpy(out, &format, sizeof format);
    return STATUS_SUCCESS;
}

static void check_answer(NTSTATUS status, const void *out, ULONG given, ULONG length)
{
    if (NT_SUCCESS(status)) {
        KSDATAFORMAT format;
        if (length < sizeof format || length > given)
            violation("INTERSECTION_SIZE", "DataRangeIntersection: success with %u bytes in a buffer of %u",
                      (unsigned)length, (unsigned)given);
        memcpy(&format, out, sizeof format);
        if (format.FormatSize > length || format.FormatSize < sizeof format)
            violation("INTERSECTION_SIZE", "DataRangeIntersection: FormatSize %u in an answer of %u bytes",
                      (unsigned)format.FormatSize, (unsigned)length);
    } else if (status == STATUS_BUFFER_OVERFLOW && (given != 0 || length < sizeof(KSDATAFORMAT))) {
        violation("INTERSECTION_SIZE", "DataRangeIntersection: STATUS_BUFFER_OVERFLOW, given %u, answered %u",
                  (unsigned)given, (unsigned)length);
    } else if (status == STATUS_BUFFER_TOO_SMALL && given == 0) {
        violation("INTERSECTION_SIZE", "DataRangeIntersection: a size query is answered by STATUS_BUFFER_OVERFLOW");
    }
}

static NTSTATUS intersect(struct port *port, ULONG pin, const KSDATARANGE *client, const KSDATARANGE *mine, void *out,
                          ULONG size, ULONG *length)
{
    IMiniport *miniport = port->miniport;
    KSDATARANGE *range = bench_alloc(client->FormatSize, "client data range");
    void *answer = size ? bench_alloc(size, "intersection answer") : NULL;
    memcpy(range, client, client->FormatSize);
    *length = 0;
    NTSTATUS status = DRIVER_CALL("IMiniport::DataRangeIntersection",
                                  miniport->v->DataRangeIntersection(miniport, pin, range, (KSDATARANGE *)(size_t)mine,
                                                                     size, answer, length));
    if (status == STATUS_NOT_IMPLEMENTED)
        status = default_intersection(client, mine, answer, size, length);
    else
        check_answer(status, answer, size, *length);
    if (NT_SUCCESS(status))
        memcpy(out, answer, *length);
    if (answer)
        bench_free(answer);
    bench_free(range);
    return status;
}

NTSTATUS ks_data_intersection(struct port *port, ULONG pin, const KSDATARANGE *client, void *out, ULONG out_size,
                              ULONG *length)
{
    const PCPIN_DESCRIPTOR *descriptor = filter_pin(port, pin);
    *length = 0;
    if (!descriptor || !port->miniport)
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < descriptor->KsPinDescriptor.DataRangesCount; i++) {
        const KSDATARANGE *mine = descriptor->KsPinDescriptor.DataRanges[i];
        if (!matches(&client->MajorFormat, &mine->MajorFormat) || !matches(&client->SubFormat, &mine->SubFormat) ||
            !matches(&client->Specifier, &mine->Specifier))
            continue;
        NTSTATUS status = intersect(port, pin, client, mine, out, out_size, length);
        if (status != STATUS_NO_MATCH)
            return status;
    }
    return STATUS_NO_MATCH;
}
