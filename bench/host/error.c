/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "progress.h"

bool fail(const char *format, ...) {
    char line[2048];
    va_list arguments;

    progress_clear();
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *c = line; *c != '\0'; c++) { /* file names may hold anything; the promise is one line */
        if (*c == '\n' || *c == '\r') {
            *c = ' ';
        }
    }
    fprintf(stderr, "aero-bench: %s\n", line);
    return false;
}
