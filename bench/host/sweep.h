/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A sweep: many runs of the guest, each with one thing different at one point,
 * some at once, with a journal that it goes on from and a table at its end.
 */
#ifndef HOST_SWEEP_H
#define HOST_SWEEP_H

#include "audio_in.h"
#include "error.h"
#include "journal.h"
#include "options.h"
#include "session.h"
#include "sweep_table.h"

/* The device that each build of the driver is for. */
struct sweep_image {
    const char *variant, *base, *device;
};
#define SWEEP_IMAGES 3u
#define SWEEP_ARCHS 2u
extern const struct sweep_image g_sweep_images[SWEEP_IMAGES];
extern const char *const g_sweep_archs[SWEEP_ARCHS];

struct sweep;
struct sweep_ops {
    const char *command;
    const char *form; /* of a point, for people */
    struct sweep_layout layout;
    uint64_t sound_frames;  /* that each stream plays and records */
    uint64_t spare_frames;  /* of sound behind them, for a client or a microphone that needs more */
    uint64_t around_frames; /* recorded beyond, beside what the buffer can hold back */
    /* Puts the points of one image on the list. */
    enum exit_status (*list)(struct sweep *sweep, const char *arch, const struct sweep_image *image, bool first);
    /* Does a life come to this point? NULL: every point that is recognised is run. */
    enum exit_status (*reach)(struct sweep *sweep, const char *point, bool *reached);
    /* Sets the row of result->point, and what to replay where that is another point. False: it is no point. */
    bool (*recognise)(struct sweep_result *result);
    /* Runs result->point and fills in the rest; says what was wrong. EXIT_BAD_INPUT: nothing was run; said why. */
    enum exit_status (*run)(struct sweep *sweep, struct sweep_result *result);
    /* Columns of the table in which a result counts. */
    unsigned (*columns)(const struct sweep_result *result);
    /* Adds to the hash of the journal what else a result depends on; NULL: nothing. */
    void (*hash)(const struct options *options, uint64_t *hash);
    /* What is run, in words. */
    void (*describe)(const struct options *options, char *text, size_t bytes);
};

struct sweep {
    const struct sweep_ops *ops;
    const struct options *options;
    struct sound render, microphone; /* with the spare frames */
    struct sweep_table table;
    struct journal journal;
    char **kept; /* lines of the journal, sorted by their points */
    size_t kept_count;
    char **list; /* points to run */
    size_t list_count;
    char **replays; /* command lines of what did not end well */
    size_t replay_count;
    uint64_t random;
    uint64_t chosen; /* bit for each name of --kind that there is */
    uint64_t resumed; /* points of this run whose result is the journal's */
    uint64_t runs, failures;
};

/* Does a comma-separated list name it? NULL names all. */
bool sweep_wanted(const char *list, const char *name);
/* Does --kind name it? What it names that is never asked about is unknown. */
bool sweep_chosen(struct sweep *sweep, const char *name);
/* Whether the next point belongs to the sample depends on the seed and on its place alone. */
bool sweep_sampled(struct sweep *sweep, bool whole);
/* Takes the journal's result of a point, or puts it on the list. False: out of memory; said so. */
bool sweep_add(struct sweep *sweep, const char *point);
/* Reads "ARCH:VARIANT:" at the start of a point; returns what follows, NULL: it is none. */
const char *sweep_parse_image(const char *point, const char **arch, const struct sweep_image **image);

/* A step of a stream has a stream's name before it. */
bool sweep_is_stream_step(const char *step);
/* Fills in how a run that ended with `status` is judged, and says what was wrong. `wrong`: "": nothing. */
void sweep_judge(struct sweep_result *result, enum exit_status status, const char *wrong);

/* What a run of the guest is given, beside both streams. */
struct sweep_life {
    const char *arch;
    const struct sweep_image *image;
    const char *scenario;
    void (*on_line)(void *opaque, const char *line);
    void (*prepare)(struct session *session, void *opaque); /* before the guest starts; NULL: nothing */
    void *opaque;
    struct session *session; /* out: while it runs */
    unsigned lives;          /* that have ended, for messages */
};
/* EXIT_GOOD: it came to its end, and the last life played and recorded every sample in its place. */
enum exit_status sweep_live(struct sweep *sweep, struct sweep_life *life);

/* Runs what the options ask for, and prints the table. EXIT_NOT_GOOD when a point did not end as it must. */
enum exit_status sweep_run(const struct sweep_ops *ops, const struct options *options);

#endif
