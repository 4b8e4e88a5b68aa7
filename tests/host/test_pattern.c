/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../bench/signal/pattern.h"

#define PART_FRAMES 480u

static struct pattern_check s_check;
static unsigned s_channels;

/* Each test runs in stereo and in mono. */
static int stereo(void **state) {
    (void)state;
    s_channels = 2;
    s_check = (struct pattern_check){.channels = 2};
    return 0;
}

static int mono(void **state) {
    (void)state;
    s_channels = 1;
    s_check = (struct pattern_check){.channels = 1};
    return 0;
}

/* `frames` frames of the pattern from frame `from` on, in parts as a device gives them. */
static void hear(uint64_t from, uint64_t frames) {
    const int16_t *table = pattern_samples(s_channels);
    int16_t part[PART_FRAMES * PATTERN_CHANNELS_MAX];

    while (frames != 0) {
        uint64_t n = frames < PART_FRAMES ? frames : PART_FRAMES;
        for (uint64_t i = 0; i < n; i++) {
            memcpy(part + i * s_channels, table + (from + i) % PATTERN_FRAMES * s_channels,
                   s_channels * sizeof *table);
        }
        pattern_check(&s_check, part, n);
        from += n;
        frames -= n;
    }
}

static void hear_value(int16_t value, size_t frames) {
    int16_t part[PART_FRAMES * PATTERN_CHANNELS_MAX];

    for (size_t i = 0; i < frames * s_channels; i++) {
        part[i] = value;
    }
    pattern_check(&s_check, part, frames);
}

static void expect(uint64_t matched, uint64_t gaps, uint64_t silent, uint64_t lost, uint64_t repeated) {
    assert_int_equal(s_check.count.matched, matched);
    assert_int_equal(s_check.count.gaps, gaps);
    assert_int_equal(s_check.count.silent, silent);
    assert_int_equal(s_check.count.lost, lost);
    assert_int_equal(s_check.count.repeated, repeated);
}

static void all_of_it_over_and_over_is_right(void **state) {
    (void)state;
    hear_value(0, 100); /* before the first frame */
    hear(0, 3 * PATTERN_FRAMES + 7);
    expect(3 * PATTERN_FRAMES + 7, 0, 0, 0, 0);
    assert_int_equal(s_check.count.jumps + s_check.count.wrong, 0);
}

static void no_sample_is_silent(void **state) {
    (void)state;
    for (size_t i = 0; i < PATTERN_FRAMES * s_channels; i++) {
        assert_int_not_equal(pattern_samples(s_channels)[i], 0);
    }
}

static void one_lost_frame_is_seen(void **state) {
    (void)state;
    hear(0, 1000);
    hear(1001, 1000);
    expect(2000, 0, 0, 1, 0);
    assert_int_equal(s_check.count.jumps, 1);
}

static void the_first_frames_may_not_be_lost(void **state) {
    (void)state;
    hear(480, 1000);
    expect(1000, 0, 0, 480, 0);
}

static void a_loss_across_the_end_of_the_pattern_is_seen(void **state) {
    (void)state;
    hear(0, PATTERN_FRAMES - 10);
    hear(PATTERN_FRAMES + 20, 1000);
    expect(PATTERN_FRAMES - 10 + 1000, 0, 0, 30, 0);
}

static void frames_that_come_again_are_seen(void **state) {
    (void)state;
    hear(0, 1000);
    hear(520, 1000);
    expect(2000, 0, 0, 0, 480);
}

static void silence_between_is_one_gap(void **state) {
    (void)state;
    hear(0, 1000);
    hear_value(0, 30);
    hear_value(0, 18);
    hear(1000, 1000);
    expect(2000, 1, 48, 0, 0);
}

static void silence_that_never_ends_is_a_gap(void **state) {
    (void)state;
    hear(0, 1000);
    hear_value(0, 200);
    expect(1000, 1, 200, 0, 0);
}

static void silence_in_place_of_sound_is_both(void **state) {
    (void)state;
    hear(0, 1000);
    hear_value(0, 48);
    hear(1048, 1000);
    expect(2000, 1, 48, 48, 0);
}

static void noise_is_wrong_and_what_follows_is_found(void **state) {
    (void)state;
    hear(0, 1000);
    hear_value(77, PART_FRAMES);
    hear(1000 + PART_FRAMES, 1000);
    expect(2000, 0, 0, 0, 0);
    assert_int_equal(s_check.count.wrong, PART_FRAMES);
}

/* Too few frames to tell where the sound is now must neither be lost nor be taken for right. */
static void a_jump_just_before_a_part_ends(void **state) {
    (void)state;
    hear(0, 1000);
    hear(1100, 2);
    hear(1102, 998);
    assert_int_equal(s_check.count.lost, 100);
    assert_int_equal(s_check.count.matched, 1998);
    assert_int_equal(s_check.count.wrong, 0);
}

#define BOTH(test) cmocka_unit_test_setup(test, stereo), cmocka_unit_test_setup(test, mono)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(all_of_it_over_and_over_is_right),
        BOTH(no_sample_is_silent),
        BOTH(one_lost_frame_is_seen),
        BOTH(the_first_frames_may_not_be_lost),
        BOTH(a_loss_across_the_end_of_the_pattern_is_seen),
        BOTH(frames_that_come_again_are_seen),
        BOTH(silence_between_is_one_gap),
        BOTH(silence_that_never_ends_is_a_gap),
        BOTH(silence_in_place_of_sound_is_both),
        BOTH(noise_is_wrong_and_what_follows_is_found),
        BOTH(a_jump_just_before_a_part_ends),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
