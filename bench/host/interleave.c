/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "interleave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"
#include "sweep.h"

#define RACES_MAX 64u
#define PLAN_BYTES SWEEP_STEP_BYTES /* four preemptions, the most that --bound allows, take 27 */
#define NO_PLAN "none"
/* A device that paces interrupts when it completes: the driver has more to do than on those that answer at once. */
#define PACING_MARK "@qemu"
#define PACING_DEVICE "model:qemu"

/* A point is a race and what its schedules begin with: nothing, or one preemption. It stands for all that begin so. */
struct point {
    const char *arch;
    struct sweep_image image;
    char race[SWEEP_NAME_BYTES]; /* with PACING_MARK */
    char plan[PLAN_BYTES];       /* as the guest takes it; "": no preemption */
};

/* What one run told. */
struct run {
    struct sweep_life life;
    char races[RACES_MAX][SWEEP_NAME_BYTES];
    size_t race_count;
    char *choices; /* of each point of the race */
    bool cut;      /* there were more points */
};

/* "POINT.CHOICE+POINT", ascending: that is all that a guest can follow. */
static bool is_plan(const char *text) {
    long before = -1;

    for (char *end = NULL; *text != '\0'; text = end) {
        long at = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
        if (at <= before) {
            return false;
        }
        before = at;
        if (*end == '.' && end[1] >= '0' && end[1] <= '9') {
            strtol(end + 1, &end, 10);
        }
        if (*end != '\0' && (*end++ != '+' || *end == '\0')) {
            return false;
        }
    }
    return true;
}

/* Is the build for that device too? */
static bool is_paced(const struct sweep_image *image) {
    return strcmp(image->variant, "contract") == 0;
}

static bool parse_point(const char *text, struct point *point) {
    const struct sweep_image *image;
    int end = 0;

    *point = (struct point){.arch = NULL};
    text = sweep_parse_image(text, &point->arch, &image);
    if (text == NULL || sscanf(text, "%31[a-z+@-]:%31[0-9.+none]%n", point->race, point->plan, &end) != 2 ||
        text[end] != '\0') {
        return false;
    }
    point->image = *image;
    if (strstr(point->race, PACING_MARK) != NULL) {
        if (!is_paced(image)) {
            return false;
        }
        point->image.device = PACING_DEVICE;
    }
    if (strcmp(point->plan, NO_PLAN) == 0) {
        point->plan[0] = '\0';
    }
    return is_plan(point->plan);
}

static void point_text(const struct point *point, char text[SWEEP_POINT_BYTES]) {
    snprintf(text, SWEEP_POINT_BYTES, "%s:%s:%s:%s", point->arch, point->image.variant, point->race,
             point->plan[0] != '\0' ? point->plan : NO_PLAN);
}

/* The status of a result is the number of schedules that it stands for, the step the schedule that broke. */
static bool recognise(struct sweep_result *result) {
    struct point point;
    bool good = parse_point(result->point, &point);

    if (good) {
        snprintf(result->row, sizeof result->row, "%s", point.race);
        result->amount = strtoull(result->status, NULL, 10);
    }
    if (good && result->step[0] != '\0') {
        snprintf(point.plan, sizeof point.plan, "%s", strcmp(result->step, NO_PLAN) != 0 ? result->step : "");
        point_text(&point, result->replay);
    }
    return good;
}

/* ---- one run ---- */

static void on_line(void *opaque, const char *line) {
    struct run *run = opaque;
    char name[SWEEP_NAME_BYTES];

    if (strncmp(line, "choices ", 8) == 0) {
        free(run->choices);
        run->choices = strdup(line + 8);
    } else if (strncmp(line, "cut ", 4) == 0) {
        run->cut = true;
    } else if (sscanf(line, "race %31s", name) == 1 && run->race_count < RACES_MAX) {
        strcpy(run->races[run->race_count++], name);
    } else {
        sscanf(line, "life %u", &run->life.lives);
    }
}

static enum exit_status run_point(struct sweep *sweep, const struct point *point, struct run *run) {
    char scenario[64];
    int length = (int)(strlen(point->race) - (strstr(point->race, PACING_MARK) != NULL ? strlen(PACING_MARK) : 0));

    memset(run, 0, sizeof *run);
    run->life = (struct sweep_life){.arch = point->arch, .image = &point->image, .scenario = scenario,
                                    .on_line = on_line, .opaque = run};
    snprintf(scenario, sizeof scenario, "interleave%s%.*s%s%s", length != 0 ? ":" : "", length, point->race,
             point->plan[0] != '\0' ? ":" : "", point->plan);
    return sweep_live(sweep, &run->life);
}

/* ---- all schedules that begin alike ---- */

struct tally {
    uint64_t schedules;
    char broken[SWEEP_STEP_BYTES]; /* the first that did not end well; "": none */
};

static unsigned preemptions(const char *plan) {
    unsigned count = *plan != '\0';

    for (; *plan != '\0'; plan++) {
        count += *plan == '+';
    }
    return count;
}

/* Point of the last preemption; -1: there is none. */
static long last_of(const char *plan) {
    const char *plus = strrchr(plan, '+');

    return *plan == '\0' ? -1 : strtol(plus != NULL ? plus + 1 : plan, NULL, 10);
}

static void extend(struct point *point, const char *plan, size_t at, int choice) {
    char text[2 * PLAN_BYTES];

    snprintf(text, sizeof text, choice != 0 ? "%s%s%zu.%d" : "%s%s%zu", plan, *plan != '\0' ? "+" : "", at, choice);
    snprintf(point->plan, sizeof point->plan, "%.*s", (int)sizeof point->plan - 1, text);
}

/* FNV-1a of the schedule and the seed: whether it is in the sample depends on nothing else. */
static bool in_sample(const struct sweep *sweep, const struct point *point) {
    uint64_t hash = 0xCBF29CE484222325ull ^ sweep->options->seed;
    char text[SWEEP_POINT_BYTES];

    point_text(point, text);
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 0x100000001B3ull;
    }
    return (hash >> 32) % 100 < sweep->options->sample;
}

/* Calls `visit` with each schedule that has one preemption more, behind those there are. */
static enum exit_status for_each_child(const struct sweep *sweep, const struct point *point, const char *choices,
                                       enum exit_status (*visit)(void *opaque, const struct point *child),
                                       void *opaque) {
    enum exit_status status = EXIT_GOOD;

    for (size_t at = (size_t)(last_of(point->plan) + 1); at < strlen(choices) && status == EXIT_GOOD; at++) {
        for (int choice = 0; choice < choices[at] - '0' && status == EXIT_GOOD; choice++) {
            struct point child = *point;
            extend(&child, point->plan, at, choice);
            if (in_sample(sweep, &child)) {
                status = visit(opaque, &child);
            }
        }
    }
    return status;
}

struct exploration {
    struct sweep *sweep;
    struct tally *tally;
    uint64_t bound;
};

/* The race came to its end before its schedule did. */
static enum exit_status not_reached(const struct sweep *sweep, const struct point *point) {
    char text[SWEEP_POINT_BYTES];

    point_text(point, text);
    fail("%s%s is never reached", sweep->options->replay != NULL ? "--replay: " : "", text);
    return sweep->options->replay != NULL ? EXIT_BAD_INPUT : EXIT_NOT_GOOD;
}

static enum exit_status explore(void *opaque, const struct point *point) {
    struct exploration *e = opaque;
    struct run run;
    enum exit_status status = run_point(e->sweep, point, &run);

    if (status != EXIT_BAD_INPUT) {
        e->tally->schedules++;
        if (status == EXIT_GOOD && run.choices == NULL) {
            status = not_reached(e->sweep, point);
        }
        if (status != EXIT_GOOD) {
            strcpy(e->tally->broken, point->plan[0] != '\0' ? point->plan : NO_PLAN);
            status = status == EXIT_BAD_INPUT ? status : EXIT_NOT_GOOD; /* one is enough */
        } else if (preemptions(point->plan) < e->bound) {
            status = for_each_child(e->sweep, point, run.choices, explore, e);
        }
    }
    free(run.choices);
    return status;
}

static enum exit_status run_and_judge(struct sweep *sweep, struct sweep_result *result) {
    struct tally tally = {0};
    struct point point;

    parse_point(result->point, &point);
    bool alone = sweep->options->replay != NULL || point.plan[0] == '\0';
    struct exploration e = {sweep, &tally, alone ? 0 : sweep->options->bound};
    enum exit_status status = explore(&e, &point);
    if (status == EXIT_BAD_INPUT) {
        return status;
    }
    strcpy(result->step, tally.broken);
    snprintf(result->status, sizeof result->status, "%llu", (unsigned long long)tally.schedules);
    result->verdict = tally.broken[0] != '\0' ? SWEEP_BROKEN : SWEEP_GOOD;
    return EXIT_GOOD;
}

/* ---- the list of points ---- */

static enum exit_status add(void *opaque, const struct point *point) {
    char text[SWEEP_POINT_BYTES];

    point_text(point, text);
    return sweep_add(opaque, text) ? EXIT_GOOD : EXIT_BENCH;
}

static enum exit_status list_race(struct sweep *sweep, const struct point *point) {
    struct sweep_row *row = sweep_table_row(&sweep->table, point->race);
    struct run run;
    enum exit_status status = run_point(sweep, point, &run);

    if (status == EXIT_GOOD && (row == NULL || run.choices == NULL)) {
        status = EXIT_BENCH;
    }
    if (status == EXIT_BAD_INPUT) {
        free(run.choices);
        return status;
    }
    if (status != EXIT_GOOD) {
        fail("%s:%s: %s does not even end well when no processor takes over", point->arch, point->image.variant,
             point->race);
    } else {
        row->points += strlen(run.choices);
        row->cut = row->cut || run.cut;
        status = add(sweep, point);
        if (status == EXIT_GOOD && sweep->options->bound != 0) {
            status = for_each_child(sweep, point, run.choices, add, sweep);
        }
    }
    free(run.choices);
    return status;
}

static enum exit_status list(struct sweep *sweep, const char *arch, const struct sweep_image *image, bool first) {
    struct point point = {.arch = arch, .image = *image};
    static struct run names;
    enum exit_status status = run_point(sweep, &point, &names); /* without a race: says which there are */
    unsigned devices = is_paced(image) ? 2 : 1;

    (void)first;
    for (unsigned pacing = 0; pacing < devices; pacing++) {
        for (size_t i = 0; i < names.race_count && status == EXIT_GOOD; i++) {
            snprintf(point.race, sizeof point.race, "%.20s%s", names.races[i], pacing ? PACING_MARK : "");
            point.image.device = pacing ? PACING_DEVICE : image->device;
            if (sweep_chosen(sweep, point.race)) {
                status = list_race(sweep, &point);
            }
        }
    }
    return status;
}

/* Whether the schedule comes to its end, only its run tells. */
static enum exit_status reach(struct sweep *sweep, const char *text, bool *reached) {
    static struct run names;
    struct point point, none;

    parse_point(text, &point);
    none = (struct point){.arch = point.arch, .image = point.image};
    enum exit_status status = run_point(sweep, &none, &names);
    size_t length = strcspn(point.race, "@");
    *reached = false;
    for (size_t i = 0; i < names.race_count; i++) {
        *reached = *reached || (strncmp(names.races[i], point.race, length) == 0 && names.races[i][length] == '\0');
    }
    *reached = *reached && (point.race[length] == '\0' || strcmp(point.race + length, PACING_MARK) == 0);
    return status;
}

/* ---- the table ---- */

enum column { SCHEDULES, COLUMNS };
static const char *const s_columns[COLUMNS] = {"schedules"};

static unsigned columns(const struct sweep_result *result) {
    (void)result;
    return 1u << SCHEDULES;
}

/* With more than one preemption a point stands for those of its schedules that are in the sample. */
static void hash_options(const struct options *o, uint64_t *hash) {
    uint64_t sample = o->bound > 1 ? o->sample : 100;

    results_hash(hash, &o->bound, sizeof o->bound);
    results_hash(hash, &sample, sizeof sample);
}

static void describe(const struct options *o, char *text, size_t bytes) {
    if (o->sample == 100) {
        snprintf(text, bytes, "every schedule with at most %llu preemption%s", (unsigned long long)o->bound,
                 o->bound == 1 ? "" : "s");
    } else {
        snprintf(text, bytes, "at most %llu preemption%s, at each one %llu%% of the choices by seed %llu",
                 (unsigned long long)o->bound, o->bound == 1 ? "" : "s", (unsigned long long)o->sample,
                 (unsigned long long)o->seed);
    }
}

enum exit_status interleave_run(const struct options *options) {
    static const struct sweep_ops ops = {
        .command = "interleave",
        .form = "ARCH:VARIANT:RACE:SCHEDULE",
        .layout = {.title = "race", .key = "race", .columns = s_columns, .column_count = COLUMNS,
                   .wrong = "wrong_end", .amount_column = 1u + SCHEDULES,
                   .cut = "the race has more points than a schedule can name, and nothing is tried at those"},
        .sound_frames = 2400, /* 50 ms: five periods */
        .around_frames = 2400,
        .list = list,
        .reach = reach,
        .recognise = recognise,
        .run = run_and_judge,
        .columns = columns,
        .hash = hash_options,
        .describe = describe,
    };

    return sweep_run(&ops, options);
}
