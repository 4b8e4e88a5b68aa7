/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define FRAMES_PER_MS 48u
#define MAX_BUFFER_MS 10000u
#define DEFAULT_EVENT_MS 20u
#define DEFAULT_TIMER_MS 40u
#define DRIFT_JITTER_MS 3u
#define DEFAULT_DEVICE "model:aero"

static const struct command s_commands[] = {
    {"play", COMMAND_PLAY, "FILE", "play FILE [-o OUT.wav]"},
    {"record", COMMAND_RECORD, NULL, "record [-i FILE] -o OUT.wav"},
    {"duplex", COMMAND_DUPLEX, "FILE", "duplex FILE [-i FILE] [-o OUT.wav]"},
    {"show", COMMAND_SHOW, NULL, "show"},
    {"scenario", COMMAND_SCENARIO, "NAME", "scenario NAME"},
    {"load", COMMAND_LOAD, "FILE.sys", "load FILE.sys"},
    {"bench", COMMAND_BENCH, NULL, "bench [--sys A --sys B ...] [--device C ...]"},
    {"logo", COMMAND_LOGO, NULL, "logo"},
    {"drift", COMMAND_DRIFT, NULL, "drift"},
    {"faults", COMMAND_FAULTS, NULL, "faults"},
    {"steps", COMMAND_STEPS, NULL, "steps"},
    {"interleave", COMMAND_INTERLEAVE, NULL, "interleave"},
    {"soak", COMMAND_SOAK, NULL, "soak"},
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define BIT(kind) (1u << (kind))
#define ONE_DRIVER (0x3Fu | BIT(COMMAND_LOGO) | BIT(COMMAND_DRIFT))
#define DEVICE_COMMANDS (ONE_DRIVER | BIT(COMMAND_BENCH))
#define SWEEP_COMMANDS (BIT(COMMAND_FAULTS) | BIT(COMMAND_STEPS) | BIT(COMMAND_INTERLEAVE))
#define ALL_COMMANDS (DEVICE_COMMANDS | SWEEP_COMMANDS)
#define EVERY_COMMAND (ALL_COMMANDS | BIT(COMMAND_SOAK))
#define RESUMED_COMMANDS (BIT(COMMAND_DRIFT) | BIT(COMMAND_SOAK))
#define FILE_COMMANDS (BIT(COMMAND_PLAY) | BIT(COMMAND_RECORD) | BIT(COMMAND_DUPLEX) | BIT(COMMAND_SCENARIO))
#define TIMED_COMMANDS (FILE_COMMANDS | BIT(COMMAND_BENCH))
#define STREAM_COMMANDS (TIMED_COMMANDS | BIT(COMMAND_LOGO) | BIT(COMMAND_DRIFT))
#define ONE_DEVICE (ONE_DRIVER & ~BIT(COMMAND_DRIFT))
#define MIC_COMMANDS (BIT(COMMAND_RECORD) | BIT(COMMAND_DUPLEX) | BIT(COMMAND_SCENARIO))

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_NUMBER, OPTION_CHOICE, OPTION_LIST };

/* What the parser collects beside `struct options`, because it depends on other options. */
struct raw {
    struct options *options;
    const char *mode;
    uint64_t buffer_ms;
    uint64_t buffer_frames;
};

struct option_row {
    const char *name;
    const char *value; /* what the value is called; NULL: a flag */
    enum option_kind kind;
    unsigned commands;
    size_t offset; /* in struct options, or in struct raw when `raw` */
    bool raw;
    uint64_t low, high;   /* OPTION_NUMBER */
    const char *choices;  /* OPTION_CHOICE: words with a bar on each side */
    const char *help;
};

#define IN_OPTIONS(field) offsetof(struct options, field), false
#define IN_RAW(field) offsetof(struct raw, field), true

static const struct option_row s_rows[] = {
    {"-i", "FILE", OPTION_TEXT, MIC_COMMANDS, IN_OPTIONS(microphone), 0, 0, NULL,
     "what the microphone hears (default: a generated sweep)"},
    {"-o", "OUT.wav", OPTION_TEXT, FILE_COMMANDS, IN_OPTIONS(output), 0, 0, NULL,
     "what the device played; record: what was recorded; duplex: both, the recording as OUT-recorded.wav"},
    {"--arch", "x86|x64", OPTION_CHOICE, ALL_COMMANDS, IN_OPTIONS(arch), 0, 0, "|x86|x64|amd64|",
     "which driver (default x64)"},
    {"--sys", "PATH", OPTION_TEXT, ONE_DRIVER, IN_OPTIONS(sys), 0, 0, NULL, "another virtio-snd driver image"},
    {"--sys", "PATH", OPTION_LIST, BIT(COMMAND_BENCH), IN_OPTIONS(sys_list), 0, 0, NULL,
     "bench: as often as there are images to compare"},
    {"--device", "DEVICE", OPTION_TEXT, ONE_DEVICE, IN_OPTIONS(device), 0, 0, NULL,
     "model[:PERSONALITY[,knob=value]], qemu[:PROPS] or plugin:PATH[,options] (default " DEFAULT_DEVICE ")"},
    {"--device", "DEVICE", OPTION_LIST, BIT(COMMAND_DRIFT), IN_OPTIONS(device_list), 0, 0, NULL,
     "drift: model:PERSONALITY, as often as there are (default model:specification and model:aero)"},
    {"--device", "DEVICE", OPTION_LIST, BIT(COMMAND_BENCH), IN_OPTIONS(device_list), 0, 0, NULL,
     "bench: as often as there are devices to compare (default model:aero and model:qemu)"},
    {"--ppm", "N", OPTION_TEXT, BIT(COMMAND_DRIFT), IN_OPTIONS(ppm), 0, 0, NULL,
     "drift: this error of the device's clock alone (default -500, -100, 0, 100 and 500)"},
    {"--jobs", "N", OPTION_NUMBER, RESUMED_COMMANDS | SWEEP_COMMANDS | BIT(COMMAND_BENCH), IN_OPTIONS(jobs), 1, 64,
     NULL, "bench, drift, faults, steps, interleave, soak: runs at once (default: one for each processor)"},
    {"--fresh", NULL, OPTION_FLAG, RESUMED_COMMANDS | SWEEP_COMMANDS, IN_OPTIONS(fresh), 0, 0, NULL,
     "drift, faults, steps, interleave, soak: runs what has a result too"},
    {"--apart", NULL, OPTION_FLAG, BIT(COMMAND_DRIFT), IN_OPTIONS(apart), 0, 0, NULL,
     "drift: the device in a process of its own, as for other commands: the same figures, slower"},
    {"--mode", "event|timer", OPTION_CHOICE, STREAM_COMMANDS, IN_RAW(mode), 0, 0, "|event|timer|",
     "how the client is driven (default event)"},
    {"--notifications", "1|2", OPTION_NUMBER, STREAM_COMMANDS, IN_OPTIONS(notifications), 1, 2, NULL,
     "notifications per buffer (default 2)"},
    {"--buffer-ms", "N", OPTION_NUMBER, STREAM_COMMANDS, IN_RAW(buffer_ms), 1, MAX_BUFFER_MS, NULL,
     "cyclic buffer in ms (default 20, timer-driven 40)"},
    {"--buffer-frames", "N", OPTION_NUMBER, STREAM_COMMANDS, IN_RAW(buffer_frames), 1, MAX_BUFFER_MS *FRAMES_PER_MS,
     NULL, "cyclic buffer in frames"},
    {"--jitter-ms", "N", OPTION_NUMBER, STREAM_COMMANDS, IN_OPTIONS(jitter_ms), 0, 1000, NULL,
     "upper bound of the delay of timers and clients (default 0; drift: 3)"},
    {"--seconds", "N", OPTION_NUMBER, TIMED_COMMANDS, IN_OPTIONS(seconds), 1, 3600, NULL,
     "length at most (record without -i: default 5; bench: what is measured, default 10)"},
    {"--seconds", "N", OPTION_NUMBER, BIT(COMMAND_DRIFT), IN_OPTIONS(seconds), 1, 30 * 86400, NULL,
     "drift: audio in each cell (default 86400, a day)"},
    {"--seconds", "N", OPTION_NUMBER, BIT(COMMAND_SOAK), IN_OPTIONS(seconds), 1, 30 * 86400, NULL,
     "soak: virtual time of all laps (default 604800, a week)"},
    {"--seed", "N", OPTION_NUMBER, EVERY_COMMAND, IN_OPTIONS(seed), 0, UINT64_MAX - 1, NULL,
     "seed of everything random (default 1)"},
    {"--variant", "contract|legacy|ioport", OPTION_CHOICE, SWEEP_COMMANDS, IN_OPTIONS(variant), 0, 0,
     "|contract|legacy|ioport|", "faults, steps, interleave: which build of the driver (default all)"},
    {"--kind", "KIND,...", OPTION_TEXT, SWEEP_COMMANDS, IN_OPTIONS(kind), 0, 0, NULL,
     "faults, steps, interleave: only what fails or happens by these names (default all; the table has them)"},
    {"--sample", "PERCENT", OPTION_NUMBER, SWEEP_COMMANDS, IN_OPTIONS(sample), 0, 100, NULL,
     "of the points, by seed; faults: of those of every image but the first (default 100)"},
    {"--bound", "N", OPTION_NUMBER, BIT(COMMAND_INTERLEAVE), IN_OPTIONS(bound), 0, 4, NULL,
     "interleave: how often at most a processor takes over from one that could go on (default 1)"},
    {"--replay", "POINT", OPTION_TEXT, SWEEP_COMMANDS, IN_OPTIONS(replay), 0, 0, NULL,
     "faults, steps, interleave: one point, as a failure names it"},
    {"--replay", "LAP", OPTION_TEXT, BIT(COMMAND_SOAK), IN_OPTIONS(replay), 0, 0, NULL,
     "soak: one lap, as a failure names it"},
    {"--resume", "FILE", OPTION_TEXT, SWEEP_COMMANDS | BIT(COMMAND_SOAK), IN_OPTIONS(resume), 0, 0, NULL,
     "faults, steps, interleave, soak: another journal of what was run than the one in out/"},
    {"--json", NULL, OPTION_FLAG, EVERY_COMMAND, IN_OPTIONS(json), 0, 0, NULL, "one JSON object instead of the table"},
    {"--verbose", NULL, OPTION_FLAG, EVERY_COMMAND, IN_OPTIONS(verbose), 0, 0, NULL,
     "event-log entries and other notes on stderr"},
    {"--trace", "FILE", OPTION_TEXT, ALL_COMMANDS, IN_OPTIONS(trace), 0, 0, NULL, "what happened, line by line"},
    {"--null-backend", NULL, OPTION_FLAG, DEVICE_COMMANDS, IN_OPTIONS(null_backend), 0, 0, NULL,
     "registry: ForceNullBackend = 1"},
    {"--polling-only", NULL, OPTION_FLAG, DEVICE_COMMANDS, IN_OPTIONS(polling_only), 0, 0, NULL,
     "registry: AllowPollingOnly = 1"},
    {"--no-interrupt", NULL, OPTION_FLAG, DEVICE_COMMANDS, IN_OPTIONS(no_interrupt), 0, 0, NULL,
     "the device gets no interrupt resource"},
};

bool options_number(const char *text, uint64_t low, uint64_t high, uint64_t *value) {
    uint64_t n = 0;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*text - '0'), &n)) {
            return false;
        }
    }
    *value = n;
    return n >= low && n <= high;
}

void options_help(void) {
    printf("usage: COMMAND [options]\n\ncommands\n");
    for (size_t i = 0; i < COUNT(s_commands); i++) {
        printf("  %s\n", s_commands[i].usage);
    }
    printf("\noptions\n");
    for (size_t i = 0; i < COUNT(s_rows); i++) {
        char left[40];
        snprintf(left, sizeof left, "%s %s", s_rows[i].name, s_rows[i].value != NULL ? s_rows[i].value : "");
        printf("  %-24s %s\n", left, s_rows[i].help);
    }
    printf("\nexit status: 0 arrived bit for bit, without gap, violation or leak; 1 it did not; 2 bad input;\n"
           "3 the driver broke a rule; 4 the bench failed\n");
}

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < COUNT(s_commands); i++) {
        if (strcmp(s_commands[i].name, name) == 0) {
            return &s_commands[i];
        }
    }
    return NULL;
}

static bool choice_matches(const char *choices, const char *text) {
    char word[32];
    if (strchr(text, '|') != NULL || (size_t)snprintf(word, sizeof word, "|%s|", text) >= sizeof word) {
        return false;
    }
    return strlen(word) > 2 && strstr(choices, word) != NULL;
}

static bool store(struct raw *raw, const struct option_row *row, const char *text) {
    char *base = row->raw ? (char *)raw : (char *)raw->options;
    void *field = base + row->offset;

    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_NUMBER:
        if (!options_number(text, row->low, row->high, field)) {
            return fail("%s: '%s' is not a whole number from %llu to %llu", row->name, text,
                        (unsigned long long)row->low, (unsigned long long)row->high);
        }
        return true;
    case OPTION_CHOICE:
        if (!choice_matches(row->choices, text)) {
            return fail("%s: '%s' is none of %s", row->name, text, row->value);
        }
        break;
    case OPTION_LIST: {
        struct option_list *list = field;
        if (*text == '\0' || list->count == OPTION_LIST_MAX) {
            return fail("%s: %s", row->name, *text == '\0' ? "the value is empty" : "given too often");
        }
        list->items[list->count++] = text;
        return true;
    }
    case OPTION_TEXT:
        if (*text == '\0') {
            return fail("%s: the value is empty", row->name);
        }
        break;
    }
    *(const char **)field = text;
    return true;
}

static bool parse_option(struct raw *raw, int argc, char **argv, int *index) {
    const struct command *command = raw->options->command;
    const char *argument = argv[*index];
    const char *equals = strncmp(argument, "--", 2) == 0 ? strchr(argument, '=') : NULL;
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);

    const struct option_row *known = NULL;

    for (size_t i = 0; i < COUNT(s_rows); i++) {
        const struct option_row *row = &s_rows[i];
        const char *value = NULL;
        if (strlen(row->name) != length || strncmp(row->name, argument, length) != 0) {
            continue;
        }
        if ((row->commands & BIT(command->kind)) == 0) {
            known = row;
            continue;
        }
        if (row->kind == OPTION_FLAG) {
            if (equals != NULL) {
                return fail("%s: takes no value", row->name);
            }
        } else if (equals != NULL) {
            value = equals + 1;
        } else if (*index + 1 < argc) {
            value = argv[++*index];
        } else {
            return fail("%s: needs a value (%s)", row->name, row->value);
        }
        return store(raw, row, value);
    }
    return known != NULL ? fail("%s: '%s' does not take this option", known->name, command->name)
                         : fail("unknown option '%s'", argument);
}

/* What is replayed says all of these itself. */
static bool complete_sweep(struct options *o) {
    const struct {
        const char *name;
        bool given;
    } said[] = {{"--fresh", o->fresh},
                {"--kind", o->kind != NULL},
                {"--variant", o->variant != NULL},
                {"--arch", o->arch != NULL},
                {"--bound", o->bound != OPTION_ABSENT},
                {"--sample", o->sample != OPTION_ABSENT}};

    for (size_t i = 0; i < COUNT(said) && o->replay != NULL; i++) {
        if (said[i].given) {
            return fail("--replay and %s exclude each other", said[i].name);
        }
    }
    o->bound = o->bound != OPTION_ABSENT ? o->bound : 1;
    o->sample = o->sample != OPTION_ABSENT ? o->sample : 100;
    return true;
}

/* Fills in what depends on other options. */
static bool complete(struct raw *raw) {
    struct options *o = raw->options;

    if (o->jitter_ms == OPTION_ABSENT) {
        o->jitter_ms = o->command->kind == COMMAND_DRIFT ? DRIFT_JITTER_MS : 0;
    }
    o->event_mode = raw->mode == NULL || strcmp(raw->mode, "event") == 0;
    if (raw->buffer_ms != OPTION_ABSENT && raw->buffer_frames != OPTION_ABSENT) {
        return fail("--buffer-ms and --buffer-frames exclude each other");
    }
    if (raw->buffer_frames != OPTION_ABSENT) {
        o->buffer_frames = raw->buffer_frames;
    } else if (raw->buffer_ms != OPTION_ABSENT) {
        o->buffer_frames = raw->buffer_ms * FRAMES_PER_MS;
    } else {
        o->buffer_frames = (o->event_mode ? DEFAULT_EVENT_MS : DEFAULT_TIMER_MS) * FRAMES_PER_MS;
    }
    if (o->event_mode && o->buffer_frames < o->notifications) {
        return fail("a buffer of %llu frame cannot hold %llu notifications", (unsigned long long)o->buffer_frames,
                    (unsigned long long)o->notifications);
    }
    if (o->arch != NULL && strcmp(o->arch, "amd64") == 0) {
        o->arch = "x64";
    }
    if (o->command->operand != NULL && o->operand == NULL) {
        return fail("usage: %s", o->command->usage);
    }
    if (o->command->kind == COMMAND_RECORD && o->output == NULL) {
        return fail("usage: %s", o->command->usage);
    }
    if (o->resume != NULL && (o->fresh || o->replay != NULL)) {
        return fail("--resume and %s exclude each other", o->fresh ? "--fresh" : "--replay");
    }
    if (!complete_sweep(o)) {
        return false;
    }
    if (o->command->kind == COMMAND_LOAD) {
        if (o->sys != NULL) {
            return fail("load: names the driver itself; --sys is one too many");
        }
        o->sys = o->operand;
    }
    return true;
}

bool options_parse(struct options *options, int argc, char **argv, bool *help) {
    struct raw raw = {options, NULL, OPTION_ABSENT, OPTION_ABSENT};

    *options = (struct options){.device = DEFAULT_DEVICE, .notifications = 2, .seconds = OPTION_ABSENT,
                                .seed = OPTION_SEED, .jobs = OPTION_ABSENT, .jitter_ms = OPTION_ABSENT,
                                .sample = OPTION_ABSENT, .bound = OPTION_ABSENT};
    *help = argc == 2 && strcmp(argv[1], "help") == 0;
    for (int i = 1; i < argc; i++) {
        *help = *help || strcmp(argv[i], "--help") == 0;
    }
    if (*help) {
        return true;
    }
    if (argc < 2) {
        return fail("no command given; try: help");
    }
    options->command = find_command(argv[1]);
    if (options->command == NULL) {
        return fail("unknown command '%s'; try: help", argv[1]);
    }
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!parse_option(&raw, argc, argv, &i)) {
                return false;
            }
        } else if (options->command->operand == NULL || options->operand != NULL) {
            return fail("'%s' is one argument too many; usage: %s", argv[i], options->command->usage);
        } else {
            options->operand = argv[i];
        }
    }
    return complete(&raw);
}
