/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One cell of the drift table: what was run, what it showed, and whether that is what must hold. */
#ifndef HOST_DRIFT_CELL_H
#define HOST_DRIFT_CELL_H

#include "drift_watch.h"
#include "error.h"
#include "options.h"
#include "session.h"

struct drift_cell {
    const char *arch;
    char device[256]; /* personality, and knobs other than the clock's */
    int ppm;          /* the device's clock */
    char sys[SYS_PATH_BYTES];
    char path[SYS_PATH_BYTES]; /* of its file */
    enum exit_status status;   /* of the run; EXIT_GOOD: the figures are there */
    bool kept;                 /* from an earlier run */
    uint64_t seconds;          /* of audio */
    struct drift_figures figures[DRIFT_DIRECTIONS];
    uint64_t wall_ms;
};

/* One thing that must hold, in one direction. */
struct drift_claim {
    const char *name;
    double value, limit;
    bool at_least; /* else: at most */
    bool holds;
};
#define DRIFT_CLAIMS_MAX 16u

/* Frames that an error of the device's clock makes inevitable where it cannot be known: so many cannot be played or
 * must be silence. 0 on a device that paces. */
double drift_inevitable(const struct drift_cell *cell, unsigned direction);
/* Writes all claims on one direction of a cell that ran, DRIFT_CLAIMS_MAX at most; how many there are. */
unsigned drift_claims(const struct drift_cell *cell, unsigned direction, struct drift_claim *claims);
/* Likewise those on its sound alone: what any device and any client must come to. */
unsigned drift_sound_claims(const struct drift_cell *cell, unsigned direction, struct drift_claim *claims);
/* Does every claim hold, in both directions, and did it run? */
bool drift_holds(const struct drift_cell *cell);

/* Writes the figures to the cell's file, whole or not at all. False: said why. */
bool drift_cell_save(const struct drift_cell *cell);
/* Reads them. False: there is no such file, or it is not one (silently: the cell is run then). */
bool drift_cell_load(struct drift_cell *cell);

#endif
