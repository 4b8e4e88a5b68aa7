/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sndfile.h>

#include "audio_in.h"
#include "audio_out.h"

#define FRAMES 5003u /* a prime, and more than one chunk */
#define ALL UINT64_MAX

static char s_folder[64];
static char s_path[96];
static int16_t s_samples[FRAMES * 8];

static int setup(void **state) {
    (void)state;
    strcpy(s_folder, "/tmp/aero-audio.XXXXXX");
    for (unsigned i = 0; i < FRAMES * 8; i++) {
        s_samples[i] = (int16_t)(i * 7919u + 13u);
    }
    snprintf(s_path, sizeof s_path, "%s/sound", mkdtemp(s_folder));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(s_path);
    return rmdir(s_folder); /* fails when anything else was left behind */
}

static void write_sound(int format, int rate, int channels, sf_count_t frames) {
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *file = sf_open(s_path, SFM_WRITE, &info);
    assert_non_null(file);
    assert_int_equal(sf_writef_short(file, s_samples, frames), frames);
    sf_close(file);
}

static void write_bytes(const void *bytes, size_t count) {
    FILE *file = fopen(s_path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static void sixteen_bit_48k_stereo_stays_bit_for_bit(void **state) {
    static const int formats[] = {SF_FORMAT_WAV, SF_FORMAT_AIFF, SF_FORMAT_FLAC, SF_FORMAT_W64};
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct sound sound;
        write_sound(formats[i] | SF_FORMAT_PCM_16, 48000, 2, FRAMES);
        assert_true(audio_in_read(&sound, s_path, 2, ALL));
        assert_int_equal(sound.frames, FRAMES);
        assert_false(sound.converted);
        assert_memory_equal(sound.samples, s_samples, FRAMES * 4);
        audio_in_free(&sound);
    }
}

static void one_frame_is_enough(void **state) {
    struct sound sound;
    (void)state;
    write_sound(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, 1);
    assert_true(audio_in_read(&sound, s_path, 2, ALL));
    assert_int_equal(sound.frames, 1);
    audio_in_free(&sound);
}

static void mono_is_doubled_bit_for_bit(void **state) {
    struct sound sound;
    (void)state;
    write_sound(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, FRAMES);
    assert_true(audio_in_read(&sound, s_path, 2, ALL));
    assert_int_equal(sound.frames, FRAMES);
    for (unsigned i = 0; i < FRAMES; i++) {
        assert_int_equal(sound.samples[2 * i], s_samples[i]);
        assert_int_equal(sound.samples[2 * i + 1], s_samples[i]);
    }
    audio_in_free(&sound);
}

static void other_rates_keep_their_duration(void **state) {
    struct sound sound;
    (void)state;
    memset(s_samples, 0, sizeof s_samples);
    write_sound(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, 4410);
    assert_true(audio_in_read(&sound, s_path, 2, ALL));
    assert_true(sound.converted);
    assert_in_range(sound.frames, 4799, 4801);
    audio_in_free(&sound);
}

static void length_can_be_limited(void **state) {
    struct sound sound;
    (void)state;
    write_sound(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, FRAMES);
    assert_true(audio_in_read(&sound, s_path, 2, 4099));
    assert_int_equal(sound.frames, 4099);
    audio_in_free(&sound);
    write_sound(SF_FORMAT_WAV | SF_FORMAT_PCM_24, 48000, 6, FRAMES);
    assert_true(audio_in_read(&sound, s_path, 2, 4099));
    assert_int_equal(sound.frames, 4099);
    audio_in_free(&sound);
}

static void truncated_files_are_refused(void **state) {
    static const int formats[] = {SF_FORMAT_WAV, SF_FORMAT_AIFF, SF_FORMAT_FLAC};
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct sound sound;
        write_sound(formats[i] | SF_FORMAT_PCM_16, 48000, 2, FRAMES);
        assert_int_equal(truncate(s_path, 9000), 0);
        assert_false(audio_in_read(&sound, s_path, 2, ALL));
    }
}

static void files_without_sound_are_refused(void **state) {
    struct sound sound;
    (void)state;
    assert_false(audio_in_read(&sound, s_path, 2, ALL)); /* not there */
    assert_false(audio_in_read(&sound, s_folder, 2, ALL));
    write_bytes("", 0);
    assert_false(audio_in_read(&sound, s_path, 2, ALL));
    write_bytes("this is no sound, only text that goes on for a while", 52);
    assert_false(audio_in_read(&sound, s_path, 2, ALL));
    write_sound(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 2, 0);
    assert_false(audio_in_read(&sound, s_path, 2, ALL));
}

static void generated_signal_is_the_same_every_time(void **state) {
    struct sound a, b;
    (void)state;
    assert_true(audio_in_generate(&a, 1, 48000));
    assert_true(audio_in_generate(&b, 1, 48000));
    assert_int_equal(a.frames, 48000);
    assert_memory_equal(a.samples, b.samples, 96000);
    audio_in_free(&a);
    audio_in_free(&b);
}

static void output_appears_whole(void **state) {
    static struct audio_out out;
    struct sound sound;
    (void)state;
    assert_true(audio_out_open(&out, s_path));
    assert_int_not_equal(access(s_path, F_OK), 0);
    assert_true(audio_out_commit(&out, s_samples, FRAMES, 2));
    assert_true(audio_in_read(&sound, s_path, 2, ALL));
    assert_memory_equal(sound.samples, s_samples, FRAMES * 4);
    audio_in_free(&sound);
}

static void abandoned_output_leaves_nothing(void **state) {
    static struct audio_out out, second;
    (void)state;
    assert_true(audio_out_open(&out, s_path));
    assert_true(audio_out_open(&second, s_path));
    audio_out_discard(&out);
    audio_out_discard_all(); /* as a signal handler would */
    assert_int_not_equal(access(s_path, F_OK), 0);
    assert_false(audio_out_open(&out, "/nonexistent/out.wav"));
    audio_out_discard(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sixteen_bit_48k_stereo_stays_bit_for_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(one_frame_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(mono_is_doubled_bit_for_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(other_rates_keep_their_duration, setup, teardown),
        cmocka_unit_test_setup_teardown(length_can_be_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(files_without_sound_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(generated_signal_is_the_same_every_time, setup, teardown),
        cmocka_unit_test_setup_teardown(output_appears_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(abandoned_output_leaves_nothing, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("audio", tests, NULL, NULL);
}
