/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `drift`: long duplex runs on devices whose clock is off, and the table of what held. */
#ifndef HOST_DRIFT_H
#define HOST_DRIFT_H

#include "measure.h"

/* Runs every cell that the options leave, those with a result of before excepted, and prints the table. EXIT_NOT_GOOD
 * when something did not hold. */
enum exit_status drift_run(const struct options *options, choose_driver_fn choose);

#endif
