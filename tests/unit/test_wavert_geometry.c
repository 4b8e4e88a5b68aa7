/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The arithmetic of the streams: the clock and the cutting of buffers into periods. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "wavert_geometry.h"
#include "wavert_position.h"

#define MS WAVERT_FRAMES_PER_MS

static WAVERT_GEOMETRY geometry(ULONG frames, ULONG count)
{
    WAVERT_GEOMETRY made;

    assert_true(WaveRtGeometryInit(&made, frames, count));
    return made;
}

static void period_is_at_most_ten_milliseconds_and_divides_the_interval_when_it_can(void **state)
{
    static const struct {
        ULONG frames, count, period;
    } cases[] = {
        {20 * MS, 2, 10 * MS}, {20 * MS, 1, 10 * MS},  {10 * MS, 2, 5 * MS}, {10 * MS, 1, 10 * MS},
        {40 * MS, 0, 10 * MS}, {20 * MS, 0, 5 * MS},   {3000 * MS, 1, 10 * MS}, {6000 * MS, 2, 10 * MS},
        {1009, 1, 480},        {2 * 1009, 2, 480},     {4801, 0, 480},       {48, 2, 24},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(geometry(cases[i].frames, cases[i].count).PeriodFrames, cases[i].period);
    }
}

static void transfers_stay_far_below_the_cap_for_every_buffer(void **state)
{
    (void)state;
    for (ULONG frames = WAVERT_BUFFER_MIN_FRAMES; frames < 3000; frames++) {
        for (ULONG count = 0; count <= 2; count++) {
            WAVERT_GEOMETRY made;

            if (!WaveRtGeometryInit(&made, frames, count)) {
                assert_true((count == 1 && frames < 10 * MS) || (count == 2 && frames % 2 != 0));
                continue;
            }
            assert_in_range(made.PeriodFrames, 1, WAVERT_PERIOD_MAX_FRAMES);
            assert_true(made.PeriodFrames <= frames);
            assert_true(WaveRtGeometryDeviceFrames(&made) <= frames);
            assert_int_equal(WaveRtGeometryDeviceFrames(&made) % made.PeriodFrames, 0);
            assert_true(WaveRtGeometryDeviceFrames(&made) > 0);
            assert_true(made.PrerollFrames <= frames);
        }
    }
}

static void buffers_that_cannot_work_are_refused(void **state)
{
    WAVERT_GEOMETRY made;

    (void)state;
    assert_false(WaveRtGeometryInit(&made, 0, 0));
    assert_false(WaveRtGeometryInit(&made, WAVERT_BUFFER_MIN_FRAMES - 1, 1));
    assert_false(WaveRtGeometryInit(&made, 10 * MS - 1, 1)); /* a turn would be over before the client has refilled it */
    assert_true(WaveRtGeometryInit(&made, 10 * MS, 1));
    assert_false(WaveRtGeometryInit(&made, 961, 2));
    assert_false(WaveRtGeometryInit(&made, 960, 3));
}

static void silence_before_the_first_period_only_where_the_geometry_needs_it(void **state)
{
    (void)state;
    assert_int_equal(geometry(100 * MS, 2).PrerollFrames, 0);
    assert_int_equal(geometry(60 * MS, 0).PrerollFrames, 0);
    assert_true(geometry(20 * MS, 2).PrerollFrames < 3 * MS);
    assert_true(geometry(20 * MS, 1).PrerollFrames <= 20 * MS);
    assert_true(geometry(20 * MS, 1).PrerollFrames >= 11 * MS);
}

/* The notification boundary that handed the memory of a period that ends at `end` to the client. */
static ULONGLONG released_at(const WAVERT_GEOMETRY *made, ULONGLONG end)
{
    ULONGLONG previous = WaveRtGeometryLapBefore(made, end);

    return (previous + made->IntervalFrames - 1) / made->IntervalFrames * made->IntervalFrames;
}

static void a_period_never_waits_for_a_boundary_that_it_must_help_to_reach(void **state)
{
    (void)state;
    for (ULONG frames = WAVERT_BUFFER_MIN_FRAMES; frames < 2500; frames++) {
        for (ULONG count = 1; count <= 2; count++) {
            WAVERT_GEOMETRY made;
            ULONGLONG first = 0;

            if (!WaveRtGeometryInit(&made, frames, count)) {
                continue;
            }
            for (int i = 0; i < 40; i++) {
                ULONG length = WaveRtGeometryPeriodAt(&made, first);

                assert_in_range(length, 1, made.PeriodFrames);
                first += length;
                assert_true(released_at(&made, first) <= first - length);
            }
        }
    }
}

static void periods_of_the_first_lap_need_no_notification(void **state)
{
    WAVERT_GEOMETRY made = geometry(20 * MS, 2);

    (void)state;
    assert_int_equal(released_at(&made, 480), 0);
    assert_int_equal(released_at(&made, 960), 0);
    assert_int_equal(released_at(&made, 1440), 480);
    assert_int_equal(released_at(&made, 1920), 960);
}

static void clock_counts_frames_exactly_for_days(void **state)
{
    static const ULONGLONG frequencies[] = {1193182, 2533203, 3579545, 10000000, 14318180, 3000000000u};

    (void)state;
    for (size_t i = 0; i < sizeof(frequencies) / sizeof(frequencies[0]); i++) {
        WAVERT_POSITION clock;
        ULONGLONG start = 0x123456789ull;

        WaveRtPositionInit(&clock, frequencies[i], 48000);
        assert_int_equal(WaveRtPositionFrames(&clock, start), 0);
        WaveRtPositionRun(&clock, start);
        for (ULONGLONG second = 0; second < 700000; second += 86399) {
            ULONGLONG now = start + second * frequencies[i];

            assert_int_equal(WaveRtPositionFrames(&clock, now), second * 48000);
            assert_true(WaveRtPositionFrames(&clock, now - 1) == second * 48000 - 1 || second == 0);
        }
    }
}

static void the_tick_of_a_frame_is_the_first_at_which_it_is_reached(void **state)
{
    WAVERT_POSITION clock;

    (void)state;
    WaveRtPositionInit(&clock, 2533203, 48000);
    WaveRtPositionRun(&clock, 1000);
    for (ULONGLONG frame = 1; frame < 200000; frame += 37) {
        ULONGLONG ticks = WaveRtPositionTicksAt(&clock, frame);

        assert_true(WaveRtPositionFrames(&clock, ticks) >= frame);
        assert_true(WaveRtPositionFrames(&clock, ticks - 2) < frame);
    }
}

static void a_held_clock_stands_still_and_goes_on_where_it_was_set(void **state)
{
    WAVERT_POSITION clock;

    (void)state;
    WaveRtPositionInit(&clock, 3579545, 48000);
    for (ULONGLONG frame = 0; frame < 5000; frame++) {
        WaveRtPositionSet(&clock, frame);
        assert_int_equal(WaveRtPositionFrames(&clock, 99999999), frame);
        WaveRtPositionRun(&clock, 100000000);
        assert_int_equal(WaveRtPositionFrames(&clock, 100000000), frame);
        assert_int_equal(WaveRtPositionFrames(&clock, 100000000 + 3579545), frame + 48000);
    }
}

static void a_counter_that_steps_back_makes_no_progress(void **state)
{
    WAVERT_POSITION clock;

    (void)state;
    WaveRtPositionInit(&clock, 3579545, 48000);
    WaveRtPositionRun(&clock, 5000000);
    assert_int_equal(WaveRtPositionFrames(&clock, 4000000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(period_is_at_most_ten_milliseconds_and_divides_the_interval_when_it_can),
        cmocka_unit_test(transfers_stay_far_below_the_cap_for_every_buffer),
        cmocka_unit_test(buffers_that_cannot_work_are_refused),
        cmocka_unit_test(silence_before_the_first_period_only_where_the_geometry_needs_it),
        cmocka_unit_test(a_period_never_waits_for_a_boundary_that_it_must_help_to_reach),
        cmocka_unit_test(periods_of_the_first_lap_need_no_notification),
        cmocka_unit_test(clock_counts_frames_exactly_for_days),
        cmocka_unit_test(the_tick_of_a_frame_is_the_first_at_which_it_is_reached),
        cmocka_unit_test(a_held_clock_stands_still_and_goes_on_where_it_was_set),
        cmocka_unit_test(a_counter_that_steps_back_makes_no_progress),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
