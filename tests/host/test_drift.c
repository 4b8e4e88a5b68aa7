/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Verdicts of the drift table: figures that must hold, and each of them bent until it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drift_cell.h" /* before cmocka.h, which makes a macro of our fail() */

#include <cmocka.h>

#define RUN_NS 600000000000ull
#define RUN_FRAMES 28800000.0

static struct drift_cell s_cell;

static struct drift_cell cell(bool paced, int ppm) {
    struct drift_cell c = {.arch = "x64", .device = "aero", .ppm = ppm, .status = EXIT_GOOD, .seconds = 598};
    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        c.figures[d] = (struct drift_figures){.paced = paced, .run_ns = RUN_NS, .reads = 60000, .least_held = paced,
                                              .lag = 100, .error_min = -200, .error_max = 200, .growth = 2};
        c.figures[d].sound.matched = (uint64_t)RUN_FRAMES;
    }
    return c;
}

static void what_is_as_it_should_be_holds(void **state) {
    static const int ppm[] = {-500, -100, 0, 100, 500};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        s_cell = cell(true, ppm[i]);
        assert_true(drift_holds(&s_cell));
        s_cell = cell(false, ppm[i]);
        assert_true(drift_holds(&s_cell));
    }
}

static void a_run_that_failed_does_not_hold(void **state) {
    (void)state;
    s_cell = cell(true, 0);
    s_cell.status = EXIT_VIOLATION;
    assert_false(drift_holds(&s_cell));
}

/* Bends one figure of either direction; on any kind of device the cell must break. */
#define BENT(member, value)                                                                                            \
    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {                                                                  \
        for (int paced = 0; paced <= 1; paced++) {                                                                     \
            s_cell = cell(paced != 0, 0);                                                                              \
            s_cell.figures[d].member = (value);                                                                        \
            assert_false(drift_holds(&s_cell));                                                                        \
        }                                                                                                              \
    }

static void each_figure_can_break_it(void **state) {
    (void)state;
    BENT(sound.silent, 1)
    BENT(sound.lost, 1)
    BENT(sound.repeated, 1)
    BENT(sound.wrong, 1)
    BENT(sound.matched, (uint64_t)(RUN_FRAMES * 0.98))
    BENT(device_silent, 1)
    BENT(device_lost, 1)
    BENT(reads, 0)
    BENT(back, 1)
    BENT(error_min, -481)
    BENT(error_max, 481)
    BENT(step, 241)
    BENT(growth, 49)
    BENT(growth, -49)
}

static void a_pacing_device_must_never_be_without_transfers(void **state) {
    (void)state;
    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        s_cell = cell(true, 0);
        s_cell.figures[d].least_held = 0;
        assert_false(drift_holds(&s_cell));
        s_cell = cell(true, 0);
        s_cell.figures[d].device_events = 1;
        assert_false(drift_holds(&s_cell));
    }
}

static void nothing_is_inevitable_on_a_device_that_paces(void **state) {
    (void)state;
    s_cell = cell(true, 500);
    assert_true(drift_inevitable(&s_cell, 0) == 0);
    s_cell.figures[0].sound.silent = 1;
    assert_false(drift_holds(&s_cell));
    s_cell = cell(true, 500);
    s_cell.figures[1].sound.lost = s_cell.figures[1].device_lost = 1;
    assert_false(drift_holds(&s_cell));
}

/* 500 ppm of ten minutes are 14400 frames: a fast playing clock makes silence of them, a fast recording one drops
 * them. */
static void the_inevitable_is_allowed_and_no_more(void **state) {
    static const struct {
        int ppm;
        unsigned direction;
        bool silence;
    } rows[] = {{500, 0, true}, {500, 1, false}, {-500, 0, false}, {-500, 1, true}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (uint64_t frames = 14880; frames <= 14881; frames++) { /* and the period that is under way */
            struct drift_figures *f = &s_cell.figures[rows[i].direction];
            s_cell = cell(false, rows[i].ppm);
            assert_float_equal(drift_inevitable(&s_cell, 0), 14400, 0.01);
            *(rows[i].silence ? &f->sound.silent : &f->sound.lost) = frames;
            *(rows[i].silence ? &f->device_silent : &f->device_lost) = frames;
            assert_int_equal(drift_holds(&s_cell), frames == 14880);
            s_cell = cell(false, -rows[i].ppm); /* the other way round it is never allowed */
            *(rows[i].silence ? &f->sound.silent : &f->sound.lost) = 1;
            *(rows[i].silence ? &f->device_silent : &f->device_lost) = 1;
            assert_false(drift_holds(&s_cell));
        }
    }
}

static void what_the_ring_did_not_drop_was_lost_elsewhere(void **state) {
    (void)state;
    s_cell = cell(false, -500);
    s_cell.figures[0].sound.lost = 100;
    s_cell.figures[0].device_lost = 99;
    assert_false(drift_holds(&s_cell));
    s_cell.figures[0].device_lost = 100;
    assert_true(drift_holds(&s_cell));
}

static void a_result_comes_back_as_it_was_kept(void **state) {
    struct drift_cell back = cell(true, 100);
    (void)state;
    s_cell = cell(true, 100);
    snprintf(s_cell.path, sizeof s_cell.path, "/tmp/aero-drift-%ld", (long)getpid());
    memcpy(back.path, s_cell.path, sizeof back.path);
    s_cell.figures[1].lag = 1.0 / 3;
    s_cell.figures[1].sound.lost = UINT64_MAX - 1;
    s_cell.figures[0].parts[3][1] = -1e300 * 1e300; /* a part without a read */
    s_cell.wall_ms = 12345;
    memset(back.figures, 0, sizeof back.figures);
    assert_true(drift_cell_save(&s_cell));
    assert_true(drift_cell_load(&back));
    assert_memory_equal(back.figures, s_cell.figures, sizeof back.figures);
    assert_int_equal(back.wall_ms, 12345);
    assert_int_equal(truncate(s_cell.path, 700), 0); /* never believed by half */
    assert_false(drift_cell_load(&back));
    assert_int_equal(unlink(s_cell.path), 0);
    assert_false(drift_cell_load(&back));
}

/* A guest that reads each 10 ms, and a position that is the run time, a little late; no device. */
static void read_for(struct drift_watch *watch, struct board *board, int64_t buffer, double rate, int64_t bend) {
    struct link_stream_result *to = &board->link->result.render;

    drift_watch_mark(watch, board);
    for (uint64_t i = 1; i <= 6000; i++) {
        board->now_ns = i * 10000000u;
        int64_t frames = (int64_t)((double)i * 480 * rate) + (i >= 3000 ? bend : 0) + buffer;
        to->buffer_frames = (uint64_t)buffer;
        to->position_offset = (uint64_t)((frames - 48) % buffer);
        to->position_ns = board->now_ns;
        drift_watch_advance(watch, board);
    }
    drift_watch_mark(watch, board);
}

static void positions_are_followed(void **state) {
    static const struct {
        int64_t buffer;
        double rate;
        int64_t bend;
        double growth, spread, step;
        uint64_t back;
    } rows[] = {
        {960, 1, 0, 0, 0, 0, 0},           /* in step */
        {960, 0.9999, 0, 288, 288, 1, 0},  /* 100 ppm behind, for a minute */
        {960, 1.0001, 0, -288, 288, 1, 0},
        {960, 1, 400, -600, 400, 400, 0},  /* a jump ahead */
        {1920, 1, -500, 750, 500, 500, 1}, /* a jump back by more than it moves between two reads */
        {960, 1, -500, -690, 460, 460, 0}, /* in a short buffer it looks like one ahead */
    };
    static struct drift_watch watch;
    static struct link link;
    static struct board board;
    static const struct pci_plugin_ops none;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&board, 0, sizeof board);
        memset(&link, 0, sizeof link);
        board.link = &link;
        board.bus.ops = &none;
        drift_watch_init(&watch, 60000000000ull);
        read_for(&watch, &board, rows[i].buffer, rows[i].rate, rows[i].bend);
        const struct drift_figures *f = &watch.figures[0];
        assert_true(watch.done);
        assert_int_equal(f->reads, 6000);
        assert_float_equal(f->growth, rows[i].growth, 3);
        assert_float_equal(f->error_max - f->error_min, rows[i].spread, 2);
        assert_float_equal(f->step, rows[i].step, 0.1);
        assert_int_equal(f->back, rows[i].back);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_as_it_should_be_holds),
        cmocka_unit_test(a_run_that_failed_does_not_hold),
        cmocka_unit_test(each_figure_can_break_it),
        cmocka_unit_test(a_pacing_device_must_never_be_without_transfers),
        cmocka_unit_test(nothing_is_inevitable_on_a_device_that_paces),
        cmocka_unit_test(the_inevitable_is_allowed_and_no_more),
        cmocka_unit_test(what_the_ring_did_not_drop_was_lost_elsewhere),
        cmocka_unit_test(a_result_comes_back_as_it_was_kept),
        cmocka_unit_test(positions_are_followed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
