/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whose turn it is on the link page. */
#ifndef HOST_MAILBOX_H
#define HOST_MAILBOX_H

#include <stdbool.h>

#include "../include/link.h"

/* Call when this process may use other processors than before: how to wait depends on them. */
void mailbox_moved(void);
/* Waits at most `milliseconds` until the guest has put a request. False: it has not. */
bool mailbox_wait(struct link *link, unsigned milliseconds);
/* Gives the turn back to the guest. */
void mailbox_answer(struct link *link);

#endif
