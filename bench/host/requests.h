/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the guest may ask of the host; one function per enum link_op. */
#ifndef HOST_REQUESTS_H
#define HOST_REQUESTS_H

#include "session.h"

/* Carries out the request on the link page and puts the answer, the interrupt level and new messages there. */
void requests_handle(struct session *session);

#endif
