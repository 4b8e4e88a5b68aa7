/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `logo`: Microsoft's criteria for audio drivers, measured: criterion, limit, value, verdict. */
#ifndef HOST_LOGO_H
#define HOST_LOGO_H

#include "session.h"

/* Runs everything that the table lists on the driver of `input` (options, sys and arch are valid) and prints it.
 * EXIT_NOT_GOOD when a criterion is not met. */
enum exit_status logo_run(struct session_input *input);

#endif
