/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a long duplex run shows: the sound, the device's queues, and how far the
 * reported positions are from the clock that they are to follow. Nothing grows
 * with the length of the run.
 */
#ifndef HOST_DRIFT_WATCH_H
#define HOST_DRIFT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../signal/pattern.h"

struct board;

#define DRIFT_PARTS 16u /* of the run, for the picture */
#define DRIFT_DIRECTIONS 2u /* 0 render, 1 capture */

/* One direction. Frames at 48 kHz, unless it says something else. */
struct drift_figures {
    bool paced;             /* the device's clock is the truth; else QPC */
    struct pattern_count sound; /* from the first frame on */
    uint64_t device_events; /* underruns (render), since START */
    uint64_t device_silent; /* frames of silence that the device put in for want of sound */
    uint64_t device_lost;   /* frames that its ring dropped */
    uint64_t run_ns;        /* from RUN to the end of the watch */
    uint64_t least_held;    /* transfers in flight at the worst moment of the watch; of a pacing device */
    uint64_t reads;         /* of the position, in the watch */
    uint64_t back;          /* of them: behind the one before */
    double lag;             /* by which the position is behind the clock, mean */
    double error_min, error_max; /* of the distance, around the mean */
    double growth;          /* of the distance from the beginning to the end, by least squares */
    double step;            /* the most by which the position and the clock went apart between two reads */
    double parts[DRIFT_PARTS][2]; /* least and greatest distance in each part of the run, around the mean */
};

struct drift_device { /* counted by a device since it was opened, one direction */
    uint64_t events, silent, lost; /* of drift_figures */
};

struct drift_line { /* sums for a line through (time, distance); time runs from 0 to 1 */
    double n, t, e, tt, te;
};

struct drift_watch {
    struct drift_figures figures[DRIFT_DIRECTIONS];
    struct pattern_check played; /* what the device gave */
    struct drift_device before[DRIFT_DIRECTIONS]; /* at RUN */
    uint64_t *reached; /* virtual time from RUN on, for whoever shows progress; NULL: nobody */
    bool watching, done;
    uint64_t begin_ns, length_ns;
    struct drift_follow {
        bool seen;
        uint64_t position_ns; /* of the last read */
        uint64_t offset;
        int64_t frames; /* since RUN */
        double distance;
        struct drift_line line;
        double least, greatest; /* distance */
    } follow[DRIFT_DIRECTIONS];
};

/* For a run of `length_ns` between the marks. */
void drift_watch_init(struct drift_watch *watch, uint64_t length_ns);
/* Lets the board play into the watch, and hear the pattern. */
void drift_watch_attach(struct drift_watch *watch, struct board *board);
/* A client of this direction is about to enter RUN: a stream before it was another. */
void drift_watch_run(struct drift_watch *watch, const struct board *board, unsigned direction);
/* The device has worked. */
void drift_watch_advance(struct drift_watch *watch, const struct board *board);
/* The guest's marks: the first begins the watch, the second ends it, and the figures are final. */
void drift_watch_mark(struct drift_watch *watch, const struct board *board);

#endif
