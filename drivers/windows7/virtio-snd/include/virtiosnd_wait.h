/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_wait.h: bounded waits of PASSIVE_LEVEL code.
 */
#ifndef VIRTIOSND_WAIT_H
#define VIRTIOSND_WAIT_H

#include <wdk_compat.h>

/* A moment after which waiting is over. */
typedef struct _VIRTIOSND_DEADLINE {
    LONGLONG Counter; /* of KeQueryPerformanceCounter */
} VIRTIOSND_DEADLINE;

/* Any IRQL. Duration in 1/1024 s, from now. */
VOID VirtIoSndDeadlineStart(VIRTIOSND_DEADLINE *Deadline, ULONG Duration);
/* Any IRQL. Brings Deadline forward to Other, if that is earlier. */
VOID VirtIoSndDeadlineLimit(VIRTIOSND_DEADLINE *Deadline, const VIRTIOSND_DEADLINE *Other);
BOOLEAN VirtIoSndDeadlinePassed(const VIRTIOSND_DEADLINE *Deadline);
/* PASSIVE. Sleeps for one tick of the system clock, or until Event (may be NULL) is set. */
VOID VirtIoSndPause(PKEVENT Event);

#endif
