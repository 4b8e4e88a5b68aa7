/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_COLUMNS 40
#define REDRAW_NS 100000000u
#define MINUTE_NS 60000000000u

static uint64_t s_total;
static uint64_t s_drawn_at;
static unsigned s_calls;
static bool s_visible;

static uint64_t wall_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void progress_begin(uint64_t total) {
    s_total = isatty(STDERR_FILENO) ? total : 0;
    s_drawn_at = 0;
    s_visible = false;
}

void progress_update(uint64_t now) {
    if (s_total != 0 && (++s_calls & 63u) == 0) { /* reading the clock each virtual ms would be the dearest part */
        progress_now(now);
    }
}

void progress_now(uint64_t now) {
    if (s_total == 0) {
        return;
    }
    uint64_t wall = wall_ns();
    if (wall - s_drawn_at < REDRAW_NS) {
        return;
    }
    s_drawn_at = wall;
    s_visible = true;
    uint64_t done = now < s_total ? now : s_total;
    unsigned filled = (unsigned)(done * BAR_COLUMNS / s_total);
    char bar[BAR_COLUMNS + 1];
    for (unsigned i = 0; i < BAR_COLUMNS; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[BAR_COLUMNS] = '\0';
    fprintf(stderr, "\r[%s] %3u%%  %.1f s", bar, (unsigned)(done * 100 / s_total), (double)now / 1e9);
    fflush(stderr);
}

void progress_clear(void) {
    if (s_visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        s_visible = false;
    }
}

void progress_end(void) {
    progress_clear();
    s_total = 0;
}

void progress_words(const char *format, ...) {
    static uint64_t last;
    bool terminal = isatty(STDERR_FILENO);
    uint64_t wall = wall_ns();
    char line[256];
    va_list arguments;

    last = last == 0 && !terminal ? wall : last; /* short runs say nothing in a log */
    if (wall - last < (terminal ? REDRAW_NS : MINUTE_NS)) {
        return;
    }
    last = wall;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, terminal ? "\r\033[K%s" : "%s\n", line);
    fflush(stderr);
    s_visible = terminal;
}

static char s_stops[2][256]; /* a signal may come while one of them is written */
static const char *volatile s_stop;

void progress_set_stop(const char *line) {
    char *next = s_stop == s_stops[0] ? s_stops[1] : s_stops[0];

    if (line != NULL) {
        snprintf(next, sizeof s_stops[0], "%s", line);
    }
    s_stop = line != NULL ? next : NULL;
}

const char *progress_stop(void) {
    return s_stop;
}
