/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "compare.h"
#include "mixdown.h"
#include "vtime.h"

#define IN_FRAMES 100u

static int16_t s_in[2 * IN_FRAMES];
static int16_t s_out[2 * 400];

static int setup(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2 * IN_FRAMES; i++) {
        s_in[i] = (int16_t)(i + 1);
    }
    memset(s_out, 0, sizeof s_out);
    return 0;
}

static void place(unsigned at, unsigned from, unsigned frames) {
    memcpy(s_out + 2 * at, s_in + 2 * from, frames * 2 * sizeof *s_in);
}

static void identical_sound_is_exact(void **state) {
    struct comparison c;
    (void)state;
    place(0, 0, IN_FRAMES);
    compare(&c, s_in, IN_FRAMES, s_out, IN_FRAMES, 2, NULL, 0);
    assert_true(c.bit_exact);
    assert_int_equal(c.leading_silence, 0);
    assert_int_equal(c.gaps, 0);
    assert_int_equal(c.out_end, IN_FRAMES);
}

static void leading_and_trailing_silence_are_no_gaps(void **state) {
    struct comparison c;
    (void)state;
    place(37, 0, IN_FRAMES);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, NULL, 0);
    assert_true(c.bit_exact);
    assert_int_equal(c.leading_silence, 37);
    assert_int_equal(c.gaps, 0);
}

static void silence_that_the_input_begins_with_is_its_own(void **state) {
    struct comparison c;
    (void)state;
    memset(s_in, 0, 2 * 10 * sizeof *s_in);
    place(7, 0, IN_FRAMES);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, NULL, 0);
    assert_true(c.bit_exact);
    assert_int_equal(c.leading_silence, 7);
}

static void inserted_silence_is_one_gap_and_not_exact(void **state) {
    struct comparison c;
    (void)state;
    place(0, 0, 40);
    place(50, 40, 60);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, NULL, 0);
    assert_false(c.bit_exact);
    assert_int_equal(c.gaps, 1);
    assert_int_equal(c.first_difference, 40);
}

static void two_holes_are_two_gaps(void **state) {
    struct comparison c;
    (void)state;
    place(0, 0, 40);
    place(41, 40, 10);
    place(60, 50, 50);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, NULL, 0);
    assert_int_equal(c.gaps, 2);
}

static void one_wrong_bit_is_found(void **state) {
    struct comparison c;
    (void)state;
    place(5, 0, IN_FRAMES);
    s_out[2 * (5 + 63) + 1] ^= 1;
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, NULL, 0);
    assert_false(c.bit_exact);
    assert_true(c.differs);
    assert_int_equal(c.first_difference, 63);
    assert_int_equal(c.gaps, 0);
}

static void missing_end_is_not_exact_and_no_gap(void **state) {
    struct comparison c;
    (void)state;
    place(3, 0, 99);
    compare(&c, s_in, IN_FRAMES, s_out, 102, 2, NULL, 0);
    assert_false(c.bit_exact);
    assert_int_equal(c.first_difference, 99);
    assert_int_equal(c.gaps, 0);
}

static void missing_beginning_is_not_exact(void **state) {
    struct comparison c;
    (void)state;
    place(0, 1, 99);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, NULL, 0);
    assert_false(c.bit_exact);
}

static void nothing_arrived_is_not_exact(void **state) {
    struct comparison c;
    (void)state;
    compare(&c, s_in, IN_FRAMES, NULL, 0, 2, NULL, 0);
    assert_false(c.bit_exact);
    compare(&c, s_in, IN_FRAMES, s_out, 300, 2, NULL, 0);
    assert_false(c.bit_exact);
    assert_int_equal(c.gaps, 0);
}

static void silent_input_needs_as_much_silence(void **state) {
    struct comparison c;
    (void)state;
    memset(s_in, 0, sizeof s_in);
    compare(&c, s_in, IN_FRAMES, s_out, IN_FRAMES, 2, NULL, 0);
    assert_true(c.bit_exact);
    compare(&c, s_in, IN_FRAMES, s_out, IN_FRAMES - 1, 2, NULL, 0);
    assert_false(c.bit_exact);
}

static void short_take_inside_silent_sound_is_a_gap(void **state) {
    struct comparison c;
    struct short_take inside = {150, 4}, after = {202, 4}, before = {90, 2};
    (void)state;
    memset(s_in + 2 * 40, 0, 2 * 60 * sizeof *s_in);
    place(100, 0, IN_FRAMES);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, &inside, 1);
    assert_true(c.bit_exact);
    assert_int_equal(c.gaps, 1);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, &after, 1);
    assert_int_equal(c.gaps, 0);
    compare(&c, s_in, IN_FRAMES, s_out, 400, 2, &before, 1);
    assert_int_equal(c.gaps, 0);
}

static void mono_is_compared_sample_by_sample(void **state) {
    struct comparison c;
    (void)state;
    memcpy(s_out + 11, s_in, IN_FRAMES * sizeof *s_in);
    compare(&c, s_in, IN_FRAMES, s_out, 300, 1, NULL, 0);
    assert_true(c.bit_exact);
    assert_int_equal(c.leading_silence, 11);
}

static void every_s16_survives_float(void **state) {
    (void)state;
    for (int s = INT16_MIN; s <= INT16_MAX; s++) {
        assert_int_equal(s16_from_float((float)s / 32768.0f), s);
    }
    assert_int_equal(s16_from_float(1.5f), INT16_MAX);
    assert_int_equal(s16_from_float(-1.5f), INT16_MIN);
}

static void mixing_keeps_full_scale(void **state) {
    (void)state;
    for (unsigned channels = 1; channels <= 12; channels++) {
        float in[12], out[2];
        for (unsigned i = 0; i < channels; i++) {
            in[i] = 1.0f;
        }
        for (unsigned to = 1; to <= 2; to++) {
            mixdown(in, channels, out, to, 1);
            for (unsigned i = 0; i < to; i++) {
                assert_true(out[i] > 0.9999f && out[i] < 1.0001f);
            }
        }
    }
}

static void mono_is_doubled_exactly(void **state) {
    float in[3] = {0.25f, -1.0f, 12345.0f / 32768.0f}, out[6];
    (void)state;
    mixdown(in, 1, out, 2, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(out[2 * i] == in[i] && out[2 * i + 1] == in[i]);
    }
}

static void frames_and_ns_agree_without_drift(void **state) {
    (void)state;
    assert_int_equal(vtime_frames(1000000), 48);
    assert_int_equal(vtime_frames(20833), 0);
    assert_int_equal(vtime_frames(20834), 1);
    assert_int_equal(vtime_frames(86400ull * 1000000000ull), 86400ull * 48000ull);
    assert_int_equal(vtime_ns(48000), 1000000000u);
    for (uint64_t f = 0; f < 1000; f++) {
        assert_in_range(vtime_frames(vtime_ns(f) + 1), f, f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(identical_sound_is_exact, setup),
        cmocka_unit_test_setup(leading_and_trailing_silence_are_no_gaps, setup),
        cmocka_unit_test_setup(silence_that_the_input_begins_with_is_its_own, setup),
        cmocka_unit_test_setup(inserted_silence_is_one_gap_and_not_exact, setup),
        cmocka_unit_test_setup(two_holes_are_two_gaps, setup),
        cmocka_unit_test_setup(one_wrong_bit_is_found, setup),
        cmocka_unit_test_setup(missing_end_is_not_exact_and_no_gap, setup),
        cmocka_unit_test_setup(missing_beginning_is_not_exact, setup),
        cmocka_unit_test_setup(nothing_arrived_is_not_exact, setup),
        cmocka_unit_test_setup(silent_input_needs_as_much_silence, setup),
        cmocka_unit_test_setup(short_take_inside_silent_sound_is_a_gap, setup),
        cmocka_unit_test_setup(mono_is_compared_sample_by_sample, setup),
        cmocka_unit_test(every_s16_survives_float),
        cmocka_unit_test(mixing_keeps_full_scale),
        cmocka_unit_test(mono_is_doubled_exactly),
        cmocka_unit_test(frames_and_ns_agree_without_drift),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
