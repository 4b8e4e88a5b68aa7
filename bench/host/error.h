/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One line for the user about what went wrong, on stderr. */
#ifndef HOST_ERROR_H
#define HOST_ERROR_H

#include <stdbool.h>

/* What the process returns to the shell. */
enum exit_status {
    EXIT_GOOD = 0,      /* ran, arrived bit for bit, no gap, no violation, no leak */
    EXIT_NOT_GOOD = 1,  /* ran, but one of those does not hold, or a scenario's expectation failed */
    EXIT_BAD_INPUT = 2, /* wrong command line, file, driver image or plug-in */
    EXIT_VIOLATION = 3, /* the driver broke a rule */
    EXIT_BENCH = 4      /* the bench itself failed, or its guest died */
};

/* Prints "aero-bench: MESSAGE" and returns false, so that callers can `return fail(...)`. */
__attribute__((format(printf, 1, 2))) bool fail(const char *format, ...);

#endif
