/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "microphone.h"
#include "playback.h"
#include "vtime.h"

/* A device with a ring of counted frames, and one that keeps what the microphone gave. */
struct fake {
    uint64_t level;    /* frames it has */
    int16_t next;      /* value of the next one */
    size_t accepts;    /* capture frames it takes at a time */
    uint64_t captured;
    int16_t first, last; /* captured values */
    uint64_t last_asked;
};

static struct fake s_fake;
static struct bus s_bus;
static struct playback s_playback;

static size_t take(void *dev, float *stereo, size_t frames) {
    struct fake *f = dev;
    size_t n = frames < f->level ? frames : (size_t)f->level;
    for (size_t i = 0; i < n; i++) {
        stereo[2 * i] = (float)f->next / 32768.0f;
        stereo[2 * i + 1] = (float)-f->next / 32768.0f;
        f->next++;
    }
    f->level -= n;
    f->last_asked = frames;
    return n;
}

static size_t push(void *dev, const float *mono, size_t frames) {
    struct fake *f = dev;
    size_t n = frames < f->accepts ? frames : f->accepts;
    for (size_t i = 0; i < n; i++) {
        f->last = (int16_t)(mono[i] * 32768.0f);
        f->first = f->captured == 0 && i == 0 ? f->last : f->first;
    }
    f->captured += n;
    return n;
}

static const struct pci_plugin_ops s_ops = {.take_playback = take, .push_capture = push};

static int setup(void **state) {
    (void)state;
    s_fake = (struct fake){.next = 1};
    s_bus = (struct bus){.ops = &s_ops, .device = &s_fake};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    playback_free(&s_playback);
    return 0;
}

static void advance(uint64_t from_ms, uint64_t to_ms) {
    for (uint64_t ms = from_ms; ms <= to_ms; ms++) {
        playback_advance(&s_playback, &s_bus, ms * 1000000u);
    }
}

static void nothing_is_kept_before_run_nor_after_idle(void **state) {
    (void)state;
    s_fake.level = 4800;
    advance(1, 10);
    assert_int_equal(s_playback.frames, 0);
    playback_run(&s_playback);
    advance(11, 20);
    playback_idle(&s_playback, NULL);
    uint64_t frames = s_playback.frames;
    advance(21, 30);
    assert_int_equal(s_playback.frames, frames);
    assert_int_equal(s_playback.samples[0], 481);
}

static void what_a_mixer_hands_on_when_it_stops_is_kept(void **state) {
    (void)state;
    playback_run(&s_playback);
    advance(1, 1);
    s_fake.level = 1000;
    advance(2, 10);
    playback_idle(&s_playback, &s_bus);
    assert_int_equal(s_playback.frames, 1000);
    assert_int_equal(s_playback.samples[2 * 999], 1000);
    assert_int_equal(s_playback.short_count, 0);
}

static void recording_begins_with_the_first_frame_that_the_device_gave(void **state) {
    (void)state;
    playback_run(&s_playback);
    advance(1, 7);
    assert_int_equal(s_playback.frames, 0);
    s_fake.level = 10000;
    advance(8, 8);
    assert_int_equal(s_playback.frames, 48);
    assert_int_equal(s_playback.samples[0], 1);
    assert_int_equal(s_playback.samples[1], -1);
    assert_int_equal(s_playback.first_ns, 7000000);
    assert_int_equal(s_playback.short_count, 0);
}

static void frames_asked_for_are_those_of_virtual_time(void **state) {
    (void)state;
    s_fake.level = 1000000;
    playback_run(&s_playback);
    for (uint64_t ns = 0; ns <= 1000000000u; ns += 777777u) {
        playback_advance(&s_playback, &s_bus, ns);
    }
    playback_advance(&s_playback, &s_bus, 1000000000u);
    assert_int_equal(s_playback.frames, 48000 - 1); /* one frame behind, on purpose */
    assert_int_equal(s_playback.short_count, 0);
}

static void short_take_is_noted_once_and_filled_with_silence(void **state) {
    (void)state;
    playback_run(&s_playback);
    s_fake.level = 60;
    advance(1, 4);
    s_fake.level = 1000;
    advance(5, 6);
    assert_int_equal(s_playback.short_count, 1);
    assert_int_equal(s_playback.shorts[0].at, 60);
    assert_int_equal(s_playback.shorts[0].frames, 4 * 48 - 1 - 60);
    assert_int_equal(s_playback.samples[2 * 100], 0);
    assert_int_equal(s_playback.samples[2 * (4 * 48 - 1)], 61);
}

static void silence_after_the_last_frame_is_not_kept(void **state) {
    (void)state;
    playback_run(&s_playback);
    s_fake.level = 60;
    advance(1, 50);
    assert_int_equal(s_playback.frames, 60);
}

/* A device clock that starts between two of our frames delivers 48 per ms, but not at the same instants. */
static void device_clock_with_another_phase_makes_no_gap(void **state) {
    uint64_t given = 0, start = 313579u;
    (void)state;
    playback_run(&s_playback);
    for (uint64_t ns = 400000u; ns < 200000000u; ns += 331337u) {
        uint64_t played = vtime_frames(ns - start);
        s_fake.level += played - given;
        given = played;
        playback_advance(&s_playback, &s_bus, ns);
    }
    assert_int_equal(s_playback.short_count, 0);
    assert_true(s_playback.frames + 3 > given);
}

static struct sound s_signal;
static int16_t s_signal_samples[100];

static void signal_begins_at_run_and_is_followed_by_silence(void **state) {
    struct microphone microphone = {.signal = &s_signal};
    (void)state;
    for (int i = 0; i < 100; i++) {
        s_signal_samples[i] = (int16_t)(1000 + i);
    }
    s_signal = (struct sound){.samples = s_signal_samples, .frames = 100, .channels = 1};
    s_fake.accepts = 100000;
    microphone_advance(&microphone, &s_bus, 5000000);
    assert_int_equal(s_fake.captured, 0);
    microphone_run(&microphone, 5000000);
    microphone_advance(&microphone, &s_bus, 6000000);
    assert_int_equal(s_fake.captured, 48);
    assert_int_equal(s_fake.first, 1000);
    assert_int_equal(s_fake.last, 1047);
    microphone_advance(&microphone, &s_bus, 8000000);
    assert_int_equal(s_fake.captured, 144);
    assert_int_equal(s_fake.last, 0);
}

static void refused_frames_are_offered_again(void **state) {
    struct microphone microphone = {.signal = &s_signal};
    (void)state;
    microphone_run(&microphone, 0);
    s_fake.accepts = 0;
    microphone_advance(&microphone, &s_bus, 1000000);
    assert_int_equal(s_fake.captured, 0);
    s_fake.accepts = 30;
    microphone_advance(&microphone, &s_bus, 2000000);
    assert_int_equal(s_fake.captured, 30);
    assert_int_equal(s_fake.first, 1000);
    s_fake.accepts = 1000;
    microphone_advance(&microphone, &s_bus, 2000000);
    assert_int_equal(s_fake.captured, 96);
    assert_int_equal(s_fake.last, 1095);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_kept_before_run_nor_after_idle, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_mixer_hands_on_when_it_stops_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(recording_begins_with_the_first_frame_that_the_device_gave, setup, teardown),
        cmocka_unit_test_setup_teardown(frames_asked_for_are_those_of_virtual_time, setup, teardown),
        cmocka_unit_test_setup_teardown(short_take_is_noted_once_and_filled_with_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(silence_after_the_last_frame_is_not_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(device_clock_with_another_phase_makes_no_gap, setup, teardown),
        cmocka_unit_test_setup(signal_begins_at_run_and_is_followed_by_silence, setup),
        cmocka_unit_test_setup(refused_frames_are_offered_again, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("playback", tests, NULL, NULL);
}
