/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What main() calls: loads the driver, runs options.scenario, unloads. Returns an enum link_exit. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

int client_main(void);

/* Sound that the render client plays and the capture client recorded; -1: none. */
extern int g_input_fd, g_output_fd;

#endif
