/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How far a command is, on stderr. */
#ifndef HOST_PROGRESS_H
#define HOST_PROGRESS_H

#include <stdint.h>

/* A bar, only on a terminal. `total`: virtual ns the run is expected to take; 0 or no terminal: no bar. */
void progress_begin(uint64_t total);
void progress_update(uint64_t now);
/* The same, seldom called: draws at once. */
void progress_now(uint64_t now);
/* Wipes the bar, so that a message can take the line. */
void progress_clear(void);
void progress_end(void);

/* A line in words, for what has no virtual time to go by: drawn over on a terminal, elsewhere one a minute stays. */
__attribute__((format(printf, 1, 2))) void progress_words(const char *format, ...);
/* The line that is to be said when a signal stops the process; NULL: none. The handler asks for it. */
void progress_set_stop(const char *line);
const char *progress_stop(void);

#endif
