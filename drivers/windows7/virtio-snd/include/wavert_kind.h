/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_kind.h: what a stream's completions say, found out by watching them.
 *
 *   instant  a period comes back as soon as it is submitted: the device has read
 *            it, or filled it with what there was. Its clock cannot be known; the
 *            performance counter rules.
 *   pacing   a period comes back when the device has consumed or filled it. Its
 *            clock is the truth; the memory is its own until then.
 *
 * The dialect only says which of them is more likely. A stream may turn out to be
 * of the other kind at any time, and turn again.
 */
#ifndef WAVERT_KIND_H
#define WAVERT_KIND_H

#include <wdk_compat.h>

struct _WAVERT_PUMP;

typedef struct _WAVERT_KIND {
    BOOLEAN Paces;
    /* Lock held, after completions were taken in. */
    VOID (*Steer)(struct _WAVERT_PUMP *Pump, ULONGLONG NowTicks);
    /* Lock held. Linear frame that the position of a render stream must not pass. */
    ULONGLONG (*Readable)(const struct _WAVERT_PUMP *Pump);
    /* Lock held. Counter value from which the lead allows the next render period; WAVERT_NEVER: after a completion. */
    ULONGLONG (*LeadDue)(const struct _WAVERT_PUMP *Pump);
    /* Lock held. Render: the device has something left to play. */
    BOOLEAN (*Playing)(const struct _WAVERT_PUMP *Pump, ULONGLONG NowTicks);
} WAVERT_KIND;

extern const WAVERT_KIND WaveRtInstant;
extern const WAVERT_KIND WaveRtPacing;

/* What has been seen. */
typedef struct _WAVERT_OBSERVER {
    const WAVERT_KIND *Kind;
    ULONGLONG GivenTicks; /* when a period was last submitted */
    ULONG Given;          /* frames that were in flight then; 0: looked at already */
    ULONG Sooner;         /* times in a row that all came back much sooner than it could be played */
    ULONG Held;           /* times that a period was held for long */
} WAVERT_OBSERVER, *PWAVERT_OBSERVER;

/* The control loop of a pacing stream; see wavert_steer.c. */
typedef struct _WAVERT_STEERING {
    ULONGLONG Consumed;    /* frames that came back since RUN, silence included */
    ULONGLONG Seen;        /* Consumed when it was last looked at */
    ULONGLONG Base;        /* position at RUN */
    ULONGLONG WindowStart; /* Consumed when this window began */
    LONG Least;            /* least error of this window, frames */
    LONG Reserve;          /* frames that the device takes ahead of its clock */
    BOOLEAN ReserveKnown;
    LONG Drift;            /* 2^-32: by how much the device's clock is fast */
    LONG Slide;            /* 2^-32: what mends the last window's error during this one */
} WAVERT_STEERING, *PWAVERT_STEERING;

/* Lock held. Forgets what was seen. */
VOID WaveRtKindReset(struct _WAVERT_PUMP *Pump);
/* Lock held, after the backend was polled, with Given not 0. Draws conclusions. */
VOID WaveRtKindObserve(struct _WAVERT_PUMP *Pump, ULONGLONG NowTicks);

#endif
