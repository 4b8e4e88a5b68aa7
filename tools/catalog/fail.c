/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("aero-snd: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_TROUBLE);
}

void must(int worked)
{
    if (!worked) {
        fail("out of memory");
    }
}

void *must_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, size ? size : 1);

    must(resized != NULL);
    return resized;
}
