/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The guest process: started, ended, explained. */
#ifndef HOST_GUEST_H
#define HOST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Starts guest32 or guest64, which lie beside this program. Descriptors stay the caller's; -1: none. Returns its
 * process id, or -1 (said why). What it prints goes to stderr. */
pid_t guest_start(const char *arch, int link_fd, int ram_fd, int input_fd, int output_fd);
/* Has it ended? Then *status is what waitpid gave, and it is gone for good. */
bool guest_ended(pid_t guest, int *status);
/* Waits for its end, a few seconds when it said that it will end, else not at all; then ends it. */
void guest_stop(pid_t guest, bool will_end, int *status);
/* "died by signal 11 (Segmentation fault)" or "ended with status 3". */
void guest_describe_end(int status, char *text, size_t bytes);

#endif
