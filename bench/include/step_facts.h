/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What holds at a step of a driver's life (bench/nt/steppoint.h), as the guest tells the host. */
#ifndef BENCH_STEP_FACTS_H
#define BENCH_STEP_FACTS_H

enum step_fact {
    STEP_PREEMPTIBLE = 1,   /* another thread may run at once */
    STEP_INTERRUPTIBLE = 2, /* the driver's service routine may run at once */
    STEP_TIMED = 4,         /* a timer is set */
    STEP_STARTED = 8,       /* START_DEVICE has succeeded, and nobody is about to remove the device */
    STEP_OPEN = 16          /* the clients of both streams are at work */
};

#endif
