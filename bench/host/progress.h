/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A progress bar on stderr, only when that is a terminal. */
#ifndef HOST_PROGRESS_H
#define HOST_PROGRESS_H

#include <stdint.h>

/* `total`: virtual ns the run is expected to take; 0 or no terminal: no bar. */
void progress_begin(uint64_t total);
void progress_update(uint64_t now);
/* The same, seldom called: draws at once. */
void progress_now(uint64_t now);
/* Wipes the bar, so that a message can take the line. */
void progress_clear(void);
void progress_end(void);

#endif
