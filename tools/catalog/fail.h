/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ends the program with one line. */
#ifndef CATALOG_FAIL_H
#define CATALOG_FAIL_H

#include <stddef.h>

/* The program's statuses: all is well, a verdict is bad, it could not be tried. */
enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_TROUBLE = 2 };

/* Prints "aero-snd: <text>" on stderr and exits with EXIT_TROUBLE. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For calls that fail only when memory ends: exits unless `worked`. */
void must(int worked);

/* malloc, realloc that do not return without memory. */
void *must_resize(void *memory, size_t size);

#endif
