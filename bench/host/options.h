/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line of the bench. */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_kind {
    COMMAND_PLAY, COMMAND_RECORD, COMMAND_DUPLEX, COMMAND_SHOW, COMMAND_SCENARIO, COMMAND_LOAD,
    COMMAND_BENCH,
    COMMAND_LOGO,
    COMMAND_DRIFT,
    COMMAND_FAULTS,
    COMMAND_STEPS,
    COMMAND_INTERLEAVE,
    COMMAND_SOAK
};

struct command {
    const char *name;
    enum command_kind kind;
    const char *operand; /* what the operand is called; NULL: takes none */
    const char *usage;
};

#define OPTION_ABSENT UINT64_MAX
#define OPTION_SEED 1u /* when none is given */
#define OPTION_LIST_MAX 8u

/* The values of an option that may be given several times, in order. */
struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

struct options {
    const struct command *command;
    const char *operand;    /* FILE to play, scenario name, or .sys to load; NULL: none */
    const char *microphone; /* -i; NULL: generated signal */
    const char *output;     /* -o; NULL: none */
    const char *arch;       /* "x86", "x64"; NULL: not said */
    const char *sys;        /* --sys; NULL: the one built for `arch` */
    struct option_list sys_list; /* the same where several are compared */
    struct option_list device_list; /* the same where several are compared */
    const char *ppm;        /* --ppm; NULL: not given */
    const char *device;     /* as given; "model:aero" by default */
    const char *variant; /* --variant; NULL: all */
    const char *kind;    /* --kind; NULL: all */
    const char *replay;  /* --replay POINT; NULL: a whole sweep */
    const char *resume;  /* --resume FILE; NULL: the journal in out/ */
    uint64_t sample;     /* percent */
    uint64_t bound;      /* --bound: preemptions */
    const char *trace;      /* --trace FILE; NULL: none */
    bool event_mode;
    uint64_t notifications; /* 1 or 2 */
    uint64_t buffer_frames; /* cyclic buffer */
    uint64_t jitter_ms;
    uint64_t seconds;       /* OPTION_ABSENT: as long as the file */
    uint64_t seed;
    uint64_t jobs;          /* cells at once; OPTION_ABSENT: one for each processor */
    bool fresh;
    bool apart;
    bool json;
    bool verbose;
    bool null_backend;
    bool polling_only;
    bool no_interrupt;
};

/* Parses argv[1..]. False: said why on stderr. `*help` is set when help was asked for (then nothing else is valid).
 * The strings point into argv. */
bool options_parse(struct options *options, int argc, char **argv, bool *help);
/* Prints the commands and options on stdout. */
void options_help(void);
/* Parses a whole decimal number in [low, high]. False: not one. */
bool options_number(const char *text, uint64_t low, uint64_t high, uint64_t *value);

#endif
