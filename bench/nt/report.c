/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Verdicts: how a run ends when something is wrong, and the lines it says on the way. */
#include "nt.h"
#include "../pe/image.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 1500
#define PATH_BYTES 1500

const void *g_blame;
struct driver_frame *g_frames;

const char *status_name(NTSTATUS status)
{
#define STATUS_ROW(name_, value_) {name_, #name_},
    static const struct {
        NTSTATUS status;
        const char *name;
    } names[] = {NT_STATUS_TABLE(STATUS_ROW)};
    static char number[16];
    size_t i;

    for (i = 0; i < LENGTH_OF(names); i++)
        if (names[i].status == status)
            return names[i].name;
    snprintf(number, sizeof number, "0x%08X", (unsigned)status);
    return number;
}

/* "inner <- outer <- outermost": the calls of driver code that are under way. */
static void call_path(char *text, size_t bytes)
{
    const struct driver_frame *frame;
    size_t used = 0;

    text[0] = '\0';
    for (frame = g_frames; frame != NULL && used < bytes; frame = frame->outer)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? " <- " : "", frame->name);
}

void violation(const char *rule, const char *format, ...)
{
    char message[MESSAGE_BYTES], path[PATH_BYTES], function[256], line[4096];
    va_list arguments;
    const void *blame = g_blame;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    call_path(path, sizeof path);
    snprintf(function, sizeof function, "%s", host_symbol(blame));
    if (function[0] == '\0')
        snprintf(function, sizeof function, "(not in driver code)");
    snprintf(line, sizeof line, "%s\n%s\n%s%s%s", rule, message, function, path[0] ? ", in " : "", path);
    g_link->result.violations++;
    host_text(LINK_OP_VIOLATION, line);
    host_exit(LINK_EXIT_VIOLATION, line);
}

static _Noreturn void end_with(enum link_exit code, const char *format, va_list arguments)
{
    char message[MESSAGE_BYTES];

    vsnprintf(message, sizeof message, format, arguments);
    host_exit(code, message);
}

void scenario_failed(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    end_with(LINK_EXIT_FAILED, format, arguments);
}

void bench_bug(const char *format, ...)
{
    char message[MESSAGE_BYTES], path[PATH_BYTES], line[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    call_path(path, sizeof path);
    snprintf(line, sizeof line, "fault of the bench: %s%s%s", message, path[0] ? ", in " : "", path);
    fprintf(stderr, "guest: %s\n", line);
    host_exit(LINK_EXIT_INTERNAL, line);
}

void bad_image(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    end_with(LINK_EXIT_BAD_IMAGE, format, arguments);
}

void trace_line(const char *format, ...)
{
    static char message[MESSAGE_BYTES], line[MESSAGE_BYTES + 64]; /* spares the driver's kernel stack */
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "%12llu.%03llu irql %u %s", (unsigned long long)(clock_now_ns() / NS_PER_US),
             (unsigned long long)(clock_now_ns() % NS_PER_US), irql_current(), message);
    host_text(LINK_OP_TRACE, line);
}

void note(const char *format, ...)
{
    static char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    host_text(LINK_OP_NOTE, message);
}
