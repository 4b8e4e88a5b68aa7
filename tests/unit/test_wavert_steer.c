/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The position of a stream whose device paces, against that device's clock; and which kind a device is taken to be. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "wavert_pump_private.h"

#define MS WAVERT_FRAMES_PER_MS
#define FREQUENCY 2533203u
#define PERIOD (10 * MS)
#define DAY_S 86400.0

/* ---- what the pump would say, for a stream that always has enough in flight ---- */

static LONGLONG free_position(const WAVERT_PUMP *pump, ULONGLONG now)
{
    return (LONGLONG)WaveRtPositionFrames(&pump->Position, now) - (pump->Lag + WAVERT_LAG_ONE - 1) / WAVERT_LAG_ONE;
}

ULONGLONG WaveRtPumpReported(const WAVERT_PUMP *Pump, ULONGLONG NowTicks)
{
    LONGLONG frames = free_position(Pump, NowTicks);

    if (frames > (LONGLONG)Pump->Completed) {
        frames = (LONGLONG)Pump->Completed;
    }
    return (frames > (LONGLONG)Pump->Frozen) ? (ULONGLONG)frames : Pump->Frozen;
}

static WAVERT_PUMP pump;

static void begin(VIRTIOSND_STREAM_ID stream)
{
    memset(&pump, 0, sizeof(pump));
    pump.Stream = stream;
    pump.QueueBeforeStart = TRUE;
    assert_true(WaveRtGeometryInit(&pump.Geometry, 200 * MS, 2));
    WaveRtPositionInit(&pump.Position, FREQUENCY, WAVERT_RATE);
    WaveRtKindReset(&pump);
    WaveRtPumpSteerFrom(&pump);
    pump.Lag = (LONGLONG)PERIOD * WAVERT_LAG_ONE;
    WaveRtPositionRun(&pump.Position, 0);
}

static ULONGLONG ticks_of(double seconds)
{
    return (ULONGLONG)(seconds * FREQUENCY);
}

struct device {
    double ppm;
    double tick_s;   /* it looks at its work this often; 0: at once */
    double delay_s;  /* from START to the first sample */
    double late_s;   /* a completion is seen up to this later */
    ULONG taken;     /* frames that it takes at START */
};

/* Runs for `seconds`; from `settled` on the position keeps its distance to the device; it never goes back. */
static void follow(const struct device *device, double seconds, double settled, double bound_frames)
{
    double period_s = PERIOD / (WAVERT_RATE * (1 + device->ppm * 1e-6));
    double least = 1e9, most = -1e9;
    ULONGLONG before = 0;

    srand(1);
    for (ULONGLONG n = 1; n * period_s + device->delay_s < seconds; n++) {
        double done = device->delay_s + n * period_s;
        double seen;

        if (device->tick_s > 0) {
            done = ((ULONGLONG)(done / device->tick_s) + 1) * device->tick_s;
        }
        seen = done + device->late_s * rand() / RAND_MAX;
        for (int part = 1; part <= 4; part++) { /* the client looks four times a period */
            double at = seen - period_s * (4 - part) / 4;
            ULONGLONG position = WaveRtPumpReported(&pump, ticks_of(at));
            double played = (at - device->delay_s) * WAVERT_RATE * (1 + device->ppm * 1e-6);

            assert_true(position >= before);
            assert_true((double)position <= played + device->taken + 1);
            before = position;
            if (at > settled) {
                least = played - position < least ? played - position : least;
                most = played - position > most ? played - position : most;
            }
        }
        pump.Completed = n * PERIOD + device->taken;
        pump.Steering.Consumed = pump.Completed;
        WaveRtPumpSteer(&pump, ticks_of(seen));
    }
    if (most - least > bound_frames) {
        fail_msg("the distance to the device's clock is %.1f to %.1f frames", least, most);
    }
}

static void position_follows_a_clock_that_is_off_for_a_day(void **state)
{
    static const double clocks[] = {-500, -100, 0, 100, 500};

    (void)state;
    for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        struct device device = {.ppm = clocks[i]};

        begin(VirtIoSndStreamRender);
        follow(&device, DAY_S, 30, 0.2 * MS);
    }
}

static void late_completions_neither_stop_the_position_nor_move_it(void **state)
{
    struct device device = {.ppm = 100, .late_s = 0.002};

    (void)state;
    begin(VirtIoSndStreamCapture);
    follow(&device, 600, 60, 1.0 * MS);
}

/* Its ticks and its periods drift past each other, so that completions are up to a tick late, and more so every second:
 * the position keeps within that tick. */
static void a_device_in_ticks_of_ten_milliseconds_is_followed_within_a_tick(void **state)
{
    struct device device = {.ppm = -100, .tick_s = 0.010, .taken = 960};

    (void)state;
    begin(VirtIoSndStreamRender);
    follow(&device, 600, 60, 12.0 * MS);
}

static void a_device_that_takes_some_at_start_does_not_push_the_position_ahead(void **state)
{
    struct device device = {.taken = 1024};

    (void)state;
    begin(VirtIoSndStreamRender);
    follow(&device, 120, 5, 4);
    assert_true(WaveRtPumpReported(&pump, ticks_of(120)) <= 120 * WAVERT_RATE);
}

static void a_device_that_starts_a_second_late_is_waited_for(void **state)
{
    struct device device = {.delay_s = 1.0, .ppm = 500};

    (void)state;
    begin(VirtIoSndStreamRender);
    follow(&device, 300, 60, 0.2 * MS);
}

/* ---- which kind ---- */

/* One period: handed over, and looked at `after` later, when the device has it no longer, or still has. */
static void one_period(ULONGLONG *now, ULONG after, BOOLEAN back)
{
    pump.Flight[pump.FlightNext % WAVERT_FLIGHT_MAX].Frames = PERIOD;
    pump.FlightNext++;
    WaveRtKindGiven(&pump, *now);
    *now += WaveRtPumpTicks(&pump, after);
    if (back) {
        pump.FlightFirst = pump.FlightNext;
    }
    WaveRtKindObserve(&pump, *now);
    pump.FlightFirst = pump.FlightNext;
    *now += WaveRtPumpTicks(&pump, PERIOD - after);
}

static void periods(ULONG count, ULONG after, BOOLEAN back)
{
    ULONGLONG now = 1000;

    for (ULONG i = 0; i < count; i++) {
        one_period(&now, after, back);
    }
}

static void periods_that_come_back_at_once_make_a_device_instant(void **state)
{
    (void)state;
    begin(VirtIoSndStreamRender);
    assert_ptr_equal(pump.Observer.Kind, &WaveRtPacing);
    periods(3, 0, TRUE);
    assert_ptr_equal(pump.Observer.Kind, &WaveRtPacing);
    periods(7, 0, TRUE);
    assert_ptr_equal(pump.Observer.Kind, &WaveRtInstant);
}

static void periods_that_are_held_make_a_device_pace(void **state)
{
    (void)state;
    begin(VirtIoSndStreamRender);
    pump.QueueBeforeStart = FALSE;
    WaveRtKindReset(&pump);
    assert_ptr_equal(pump.Observer.Kind, &WaveRtInstant);
    periods(100, 9 * MS, TRUE); /* looked at late, but back */
    assert_ptr_equal(pump.Observer.Kind, &WaveRtInstant);
    periods(8, 9 * MS, FALSE);
    assert_ptr_equal(pump.Observer.Kind, &WaveRtPacing);
}

static void a_pacing_device_that_takes_its_time_is_never_taken_for_an_instant_one(void **state)
{
    (void)state;
    begin(VirtIoSndStreamRender);
    periods(1000, 5 * MS, TRUE); /* ticks halve the time of a period */
    assert_ptr_equal(pump.Observer.Kind, &WaveRtPacing);
}

static void position_does_not_move_when_the_kind_changes(void **state)
{
    ULONGLONG now = ticks_of(3);
    ULONGLONG before;

    (void)state;
    begin(VirtIoSndStreamRender);
    pump.Submitted = pump.Completed = 3 * WAVERT_RATE;
    before = WaveRtPumpReported(&pump, now);
    periods(10, 0, TRUE);
    assert_ptr_equal(pump.Observer.Kind, &WaveRtInstant);
    assert_int_equal(WaveRtPumpReported(&pump, now), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_follows_a_clock_that_is_off_for_a_day),
        cmocka_unit_test(late_completions_neither_stop_the_position_nor_move_it),
        cmocka_unit_test(a_device_in_ticks_of_ten_milliseconds_is_followed_within_a_tick),
        cmocka_unit_test(a_device_that_takes_some_at_start_does_not_push_the_position_ahead),
        cmocka_unit_test(a_device_that_starts_a_second_late_is_waited_for),
        cmocka_unit_test(periods_that_come_back_at_once_make_a_device_instant),
        cmocka_unit_test(periods_that_are_held_make_a_device_pace),
        cmocka_unit_test(a_pacing_device_that_takes_its_time_is_never_taken_for_an_instant_one),
        cmocka_unit_test(position_does_not_move_when_the_kind_changes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
