/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A seat for the board (bench/host/board.h) in the guest process. Asking another
 * process costs more than what the device does; a run of many virtual hours that
 * is judged by counts alone (`watch`) does without. The built-in model only.
 *
 * Compiled for both widths from the host's sources. What either process reads of
 * the other's has the same layout in both.
 */
#ifndef BENCH_SEAT_H
#define BENCH_SEAT_H

#include "../host/drift_watch.h"
#include "../include/link.h"

/* In link->seat, from the moment at which the guest ends. */
struct seat_report {
    uint32_t left;    /* 1: it was written */
    uint32_t watched; /* 1: the watch came to its end: figures are final */
    uint64_t odd_periods;
    uint64_t stray_flags;
    struct drift_figures figures[DRIFT_DIRECTIONS];
};

/* Opens the device that link->options name, in the memory of the guest. False: said why on stderr. */
bool seat_open(struct link *link, uint8_t *ram, uint64_t ram_bytes);
/* Carries out the request on the link page if it is the device's. Not reentrant. */
void seat_serve(void);
/* Before the host is told of a LINK_OP_MARK; the same. */
void seat_mark(void);
/* Writes the report. */
void seat_leave(void);

#endif
