/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Formatted text for drivers, into narrow or UTF-16 buffers. */
#ifndef BENCH_FORMAT_H
#define BENCH_FORMAT_H

#include "nt.h"

/* As Microsoft's _vsnprintf and _vsnwprintf: `room` characters, no end when the text fills it exactly, -1 when cut. */
int format_narrow(char *out, size_t room, const char *format, MS_VA_LIST arguments);
int format_wide(WCHAR *out, size_t room, const WCHAR *format, MS_VA_LIST arguments);

#endif
