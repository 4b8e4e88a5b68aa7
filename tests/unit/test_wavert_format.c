/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What clients may ask about formats: check, default format, data-range intersection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "guids.h"
#include "wavert_format.h"

/* A client's format, as large as the largest there is, with room for trailing bytes. */
typedef union {
    KSDATAFORMAT head;
    KSDATAFORMAT_WAVEFORMATEX plain;
    KSDATAFORMAT_DSOUND sound;
    UCHAR bytes[160];
} client_format;

static WAVEFORMATEX *wave_of(client_format *f, int direct_sound)
{
    return direct_sound ? &f->sound.BufferDesc.WaveFormatEx : &f->plain.WaveFormatEx;
}

/* The stream's own format: tag PCM or EXTENSIBLE, behind either specifier. */
static client_format fixed(VIRTIOSND_STREAM_ID stream, int extensible, int direct_sound)
{
    client_format f;
    WORD channels = stream == VirtIoSndStreamRender ? 2 : 1;
    WAVEFORMATEX *wave = wave_of(&f, direct_sound);
    WAVEFORMATEXTENSIBLE *full = (WAVEFORMATEXTENSIBLE *)wave;

    memset(&f, 0, sizeof(f));
    f.head.MajorFormat = SndTypeAudio;
    f.head.SubFormat = SndSubtypePcm;
    f.head.Specifier = direct_sound ? SndSpecifierDirectSound : SndSpecifierWaveFormat;
    f.head.SampleSize = channels * 2u;
    wave->wFormatTag = 1;
    wave->nChannels = channels;
    wave->nSamplesPerSec = 48000;
    wave->nBlockAlign = (WORD)(channels * 2);
    wave->nAvgBytesPerSec = 48000u * channels * 2;
    wave->wBitsPerSample = 16;
    f.head.FormatSize = (direct_sound ? 72 : 64) + 18;
    if (extensible) {
        wave->wFormatTag = 0xFFFE;
        wave->cbSize = 22;
        full->Samples.wValidBitsPerSample = 16;
        full->dwChannelMask = channels == 2 ? 3 : 4;
        full->SubFormat = SndSubtypePcm;
        f.head.FormatSize += 22;
    }
    return f;
}

static NTSTATUS check(VIRTIOSND_STREAM_ID stream, const client_format *f)
{
    return WaveRtFormatCheck(stream, &f->head, f->head.FormatSize);
}

static void fixed_formats_are_accepted_in_every_wrapping(void **state)
{
    (void)state;
    for (int stream = 0; stream < VirtIoSndStreamCount; stream++) {
        for (int wrapping = 0; wrapping < 4; wrapping++) {
            client_format f = fixed((VIRTIOSND_STREAM_ID)stream, wrapping & 1, wrapping >> 1);

            assert_int_equal(check((VIRTIOSND_STREAM_ID)stream, &f), STATUS_SUCCESS);
            assert_int_equal(check((VIRTIOSND_STREAM_ID)!stream, &f), STATUS_NO_MATCH);
        }
    }
}

static void trailing_bytes_are_ignored(void **state)
{
    client_format f = fixed(VirtIoSndStreamRender, 0, 0);

    (void)state;
    assert_int_equal(WaveRtFormatCheck(VirtIoSndStreamRender, &f.head, 104), STATUS_SUCCESS);
}

static void any_other_number_does_not_match(void **state)
{
    (void)state;
    for (int wrapping = 0; wrapping < 4; wrapping++) {
        for (int field = 0; field < 9; field++) {
            client_format f = fixed(VirtIoSndStreamRender, wrapping & 1, wrapping >> 1);
            WAVEFORMATEX *wave = wave_of(&f, wrapping >> 1);

            switch (field) {
            case 0: wave->wFormatTag = 3; break; /* IEEE float */
            case 1: wave->nChannels = 6; break;
            case 2: wave->nSamplesPerSec = 44100; break;
            case 3: wave->nAvgBytesPerSec -= 1; break;
            case 4: wave->nBlockAlign = 8; break;
            case 5: wave->wBitsPerSample = 24; break;
            case 6: f.head.MajorFormat.Data1 ^= 1; break;
            case 7: f.head.SubFormat.Data1 ^= 1; break;
            default: f.head.Specifier.Data4[7] ^= 1; break;
            }
            assert_int_equal(check(VirtIoSndStreamRender, &f), STATUS_NO_MATCH);
        }
    }
}

static void extensible_needs_pcm_and_all_bits_valid(void **state)
{
    client_format f = fixed(VirtIoSndStreamRender, 1, 0);
    WAVEFORMATEXTENSIBLE *full = (WAVEFORMATEXTENSIBLE *)wave_of(&f, 0);

    (void)state;
    full->Samples.wValidBitsPerSample = 12;
    assert_int_equal(check(VirtIoSndStreamRender, &f), STATUS_NO_MATCH);
    full->Samples.wValidBitsPerSample = 16;
    full->SubFormat.Data1 = 3;
    assert_int_equal(check(VirtIoSndStreamRender, &f), STATUS_NO_MATCH);
    full->SubFormat.Data1 = 1;
    full->dwChannelMask = 0;
    assert_int_equal(check(VirtIoSndStreamRender, &f), STATUS_SUCCESS);
}

static void every_truncation_is_malformed(void **state)
{
    (void)state;
    for (int wrapping = 0; wrapping < 4; wrapping++) {
        client_format f = fixed(VirtIoSndStreamRender, wrapping & 1, wrapping >> 1);
        ULONG whole = f.head.FormatSize;

        for (ULONG size = 0; size < whole; size++) {
            /* both honest about it and not */
            f.head.FormatSize = size;
            assert_int_equal(WaveRtFormatCheck(VirtIoSndStreamRender, &f.head, size), STATUS_INVALID_PARAMETER);
            f.head.FormatSize = whole;
            assert_int_equal(WaveRtFormatCheck(VirtIoSndStreamRender, &f.head, size), STATUS_INVALID_PARAMETER);
        }
        wave_of(&f, wrapping >> 1)->cbSize = 21;
        assert_int_equal(check(VirtIoSndStreamRender, &f), wrapping & 1 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS);
    }
}

static void default_format_is_the_fixed_format(void **state)
{
    (void)state;
    for (int stream = 0; stream < VirtIoSndStreamCount; stream++) {
        client_format wanted = fixed((VIRTIOSND_STREAM_ID)stream, 0, 0);
        WAVERT_FORMAT got;

        assert_int_equal(WaveRtFormatDefault((VIRTIOSND_STREAM_ID)stream, &got), 82);
        assert_memory_equal(&got, &wanted, 82);
    }
}

static void identifiers_have_their_published_values(void **state)
{
    static const struct {
        const GUID *guid;
        GUID value;
    } rows[] = {
        {&SndCategoryAudio, {0x6994AD04, 0x93EF, 0x11D0, {0xA3, 0xCC, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96}}},
        {&SndNodeSpeaker, {0xDFF21CE1, 0xF70F, 0x11D0, {0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96}}},
        {&SndNodeMicrophone, {0xDFF21BE1, 0xF70F, 0x11D0, {0xB9, 0x17, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96}}},
        {&SndNodeDac, {0x507AE360, 0xC554, 0x11D0, {0x8A, 0x2B, 0x00, 0xA0, 0xC9, 0x25, 0x5A, 0xC1}}},
        {&SndPropertySetPin, {0x8C134960, 0x51AD, 0x11CF, {0x87, 0x8A, 0x94, 0xF8, 0x01, 0xC1, 0x00, 0x00}}},
        {&SndPropertySetJack, {0x4509F757, 0x2D46, 0x4637, {0x8E, 0x62, 0xCE, 0x7D, 0xB9, 0x44, 0xF5, 0x7B}}},
        {&SndPropertySetAudio, {0x45FFAAA0, 0x6E1B, 0x11D0, {0xBC, 0xF2, 0x44, 0x45, 0x53, 0x54, 0x00, 0x00}}},
        {&SndTypeAudio, {0x73647561, 0x0000, 0x0010, {0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71}}},
        {&SndSubtypePcm, {0x00000001, 0x0000, 0x0010, {0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71}}},
        {&SndSpecifierWaveFormat, {0x05589F81, 0xC356, 0x11CE, {0xBF, 0x01, 0x00, 0xAA, 0x00, 0x55, 0x59, 0x5A}}},
        {&SndSpecifierDirectSound, {0x518590A2, 0xA184, 0x11D0, {0x85, 0x22, 0x00, 0xC0, 0x4F, 0xD9, 0xBA, 0xF3}}},
        {&SndWildcard, {0, 0, 0, {0, 0, 0, 0, 0, 0, 0, 0}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_memory_equal(rows[i].guid, &rows[i].value, sizeof(GUID));
    }
}

/* ---- intersection ---- */

static KSDATARANGE_AUDIO any_range(const GUID *specifier)
{
    KSDATARANGE_AUDIO range;

    memset(&range, 0, sizeof(range));
    range.DataRange.FormatSize = sizeof(range);
    range.DataRange.MajorFormat = SndTypeAudio;
    range.DataRange.SubFormat = SndSubtypePcm;
    range.DataRange.Specifier = *specifier;
    range.MaximumChannels = 0xFFFFFFFFu;
    range.MinimumBitsPerSample = 8;
    range.MaximumBitsPerSample = 32;
    range.MinimumSampleFrequency = 1;
    range.MaximumSampleFrequency = 2000000;
    return range;
}

static void intersection_tells_its_size_then_fills_exactly_that(void **state)
{
    (void)state;
    for (int direct_sound = 0; direct_sound < 2; direct_sound++) {
        KSDATARANGE_AUDIO range = any_range(direct_sound ? &SndSpecifierDirectSound : &SndSpecifierWaveFormat);
        client_format wanted = fixed(VirtIoSndStreamCapture, 0, direct_sound);
        ULONG whole = direct_sound ? sizeof(KSDATAFORMAT_DSOUND) : sizeof(KSDATAFORMAT_WAVEFORMATEX);
        UCHAR buffer[160];
        ULONG length = 77;

        wanted.head.FormatSize = whole;
        assert_int_equal(WaveRtFormatIntersect(VirtIoSndStreamCapture, &range.DataRange, 0, NULL, &length),
                         STATUS_BUFFER_OVERFLOW);
        assert_int_equal(length, whole);
        for (ULONG room = 1; room < whole; room++) {
            memset(buffer, 0xA5, sizeof(buffer));
            assert_int_equal(WaveRtFormatIntersect(VirtIoSndStreamCapture, &range.DataRange, room, buffer, &length),
                             STATUS_BUFFER_TOO_SMALL);
            assert_int_equal(buffer[0], 0xA5);
        }
        assert_int_equal(
            WaveRtFormatIntersect(VirtIoSndStreamCapture, &range.DataRange, sizeof(buffer), buffer, &length),
            STATUS_SUCCESS);
        assert_int_equal(length, whole);
        assert_memory_equal(buffer, &wanted, whole);
        assert_int_equal(buffer[whole], 0xA5);
    }
}

static NTSTATUS intersect(VIRTIOSND_STREAM_ID stream, const KSDATARANGE *client)
{
    UCHAR buffer[160];
    ULONG length;

    return WaveRtFormatIntersect(stream, client, sizeof(buffer), buffer, &length);
}

static void wildcards_match(void **state)
{
    KSDATARANGE_AUDIO range = any_range(&SndWildcard);

    (void)state;
    assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange), STATUS_SUCCESS);
    range.DataRange.SubFormat = SndWildcard;
    range.DataRange.MajorFormat = SndWildcard;
    assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange), STATUS_SUCCESS);
    range.DataRange.FormatSize = sizeof(KSDATARANGE); /* a range without limits */
    range.MaximumChannels = 0;
    assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange), STATUS_SUCCESS);
    range.DataRange.Specifier = SndSpecifierWaveFormat; /* promises limits that are not there */
    assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange), STATUS_NO_MATCH);
}

static void each_limit_excludes_at_its_edge(void **state)
{
    /* channels, minimum and maximum bits, minimum and maximum rate, matches render, matches capture */
    static const struct {
        ULONG channels, low_bits, high_bits, low_rate, high_rate;
        int render, capture;
    } rows[] = {
        {2, 16, 16, 48000, 48000, 1, 1}, {1, 16, 16, 48000, 48000, 0, 1}, {0, 16, 16, 48000, 48000, 0, 0},
        {2, 17, 32, 48000, 48000, 0, 0}, {2, 8, 15, 48000, 48000, 0, 0},  {2, 16, 16, 48001, 96000, 0, 0},
        {2, 16, 16, 8000, 47999, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        KSDATARANGE_AUDIO range = any_range(&SndSpecifierWaveFormat);

        range.MaximumChannels = rows[i].channels;
        range.MinimumBitsPerSample = rows[i].low_bits;
        range.MaximumBitsPerSample = rows[i].high_bits;
        range.MinimumSampleFrequency = rows[i].low_rate;
        range.MaximumSampleFrequency = rows[i].high_rate;
        assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange),
                         rows[i].render ? STATUS_SUCCESS : STATUS_NO_MATCH);
        assert_int_equal(intersect(VirtIoSndStreamCapture, &range.DataRange),
                         rows[i].capture ? STATUS_SUCCESS : STATUS_NO_MATCH);
    }
}

static void foreign_ranges_do_not_match(void **state)
{
    KSDATARANGE_AUDIO range = any_range(&SndSpecifierWaveFormat);

    (void)state;
    range.DataRange.MajorFormat.Data1 ^= 1;
    assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange), STATUS_NO_MATCH);
    range = any_range(&SndSpecifierWaveFormat);
    range.DataRange.SubFormat.Data1 ^= 2;
    assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange), STATUS_NO_MATCH);
    range = any_range(&SndTypeAudio); /* a specifier that is none */
    assert_int_equal(intersect(VirtIoSndStreamRender, &range.DataRange), STATUS_NO_MATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_formats_are_accepted_in_every_wrapping),
        cmocka_unit_test(trailing_bytes_are_ignored),
        cmocka_unit_test(any_other_number_does_not_match),
        cmocka_unit_test(extensible_needs_pcm_and_all_bits_valid),
        cmocka_unit_test(every_truncation_is_malformed),
        cmocka_unit_test(default_format_is_the_fixed_format),
        cmocka_unit_test(identifiers_have_their_published_values),
        cmocka_unit_test(intersection_tells_its_size_then_fills_exactly_that),
        cmocka_unit_test(wildcards_match),
        cmocka_unit_test(each_limit_excludes_at_its_edge),
        cmocka_unit_test(foreign_ranges_do_not_match),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
