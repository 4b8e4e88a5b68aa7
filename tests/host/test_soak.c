/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Laps of the soak: what a number stands for, what may not grow, and the journal. */
#include "soak_lap.h"

#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static const struct options s_options = {.seed = 7, .seconds = 604800};

static struct soak_lap good_lap(void) {
    struct soak_lap lap = soak_lap_make(s_options.seed, s_options.seconds, 41);

    lap.status = EXIT_GOOD;
    lap.scenarios = LINK_SOAK_SCENARIOS;
    lap.virtual_ns = 660123456789;
    lap.pool_bytes = 34144;
    lap.guest_first_kib = 1900;
    lap.guest_last_kib = 1910;
    lap.host_kib = 2100;
    lap.host_growth_kib = 12;
    return lap;
}

static void a_number_is_a_lap(void **state) {
    unsigned different = 0;
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        struct soak_lap one = soak_lap_make(7, 604800, i), again = soak_lap_make(7, 604800, i);
        struct soak_lap other = soak_lap_make(8, 604800, i);
        assert_memory_equal(&one, &again, sizeof one);
        assert_int_equal(one.cell, i % SOAK_CELLS);
        assert_string_equal(one.arch, other.arch);
        assert_string_equal(one.personality, other.personality);
        different += one.seed != other.seed;
    }
    assert_int_equal(different, 200);
    assert_int_equal(soak_lap_make(1, 604800, 0).stretch_s, 1200);
    assert_int_equal(soak_lap_make(1, 1, 0).stretch_s, 5);
}

static void memory_may_not_grow(void **state) {
    struct soak_lap lap = good_lap();
    (void)state;
    assert_true(soak_lap_is_good(&lap));
    lap.guest_last_kib = lap.guest_first_kib + 65;
    assert_false(soak_lap_is_flat(&lap));
    lap = good_lap();
    lap.guest_last_kib = lap.guest_first_kib - 500; /* it may shrink */
    assert_true(soak_lap_is_flat(&lap));
    lap.host_growth_kib = 1025;
    assert_false(soak_lap_is_flat(&lap));
}

static void a_leak_or_a_failure_is_not_good(void **state) {
    struct soak_lap lap = good_lap();
    (void)state;
    lap.leaks = 1;
    assert_false(soak_lap_is_good(&lap));
    lap = good_lap();
    lap.status = EXIT_VIOLATION;
    assert_false(soak_lap_is_good(&lap));
    lap = good_lap();
    lap.scenarios--;
    assert_false(soak_lap_is_good(&lap));
}

static void a_line_is_read_whole_or_not_at_all(void **state) {
    struct soak_lap lap = good_lap(), back;
    char line[SOAK_LINE_BYTES];
    (void)state;
    int length = soak_lap_write(&lap, line);
    assert_in_range(length, 1, SOAK_LINE_BYTES - 1);
    assert_true(soak_lap_read(&back, &s_options, line));
    assert_memory_equal(&back, &lap, sizeof lap);
    for (int cut = (int)(strrchr(line, ' ') - line); cut >= 0; cut--) { /* a cut number is the journal's to know */
        line[cut] = '\0';
        assert_false(soak_lap_read(&back, &s_options, line));
    }
    soak_lap_write(&lap, line);
    assert_false(soak_lap_read(&back, &s_options, strcat(line, "1 more")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_a_lap),
        cmocka_unit_test(memory_may_not_grow),
        cmocka_unit_test(a_leak_or_a_failure_is_not_good),
        cmocka_unit_test(a_line_is_read_whole_or_not_at_all),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
