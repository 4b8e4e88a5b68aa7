/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What every unit test includes. A test names the behaviour that it proves. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wdk.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static inline int unit_reset(void **state)
{
    (void)state;
    wdk_reset();
    return 0;
}

/* main() of a test program: all tests of the table, each on a fresh fake kernel, as TAP. */
#define UNIT_MAIN(name, tests)                                                                                         \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        cmocka_set_message_output(CM_OUTPUT_TAP);                                                                      \
        return cmocka_run_group_tests_name(name, tests, NULL, NULL);                                                   \
    }
#define UNIT_TEST(function) cmocka_unit_test_setup_teardown(function, unit_reset, unit_reset)

#endif
