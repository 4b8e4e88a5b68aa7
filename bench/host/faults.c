/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "faults.h"

#include <stdio.h>
#include <string.h>

#include "../../device/vsnd.h"
#include "report.h"
#include "sweep.h"

#define USES_MAX 1000000u
#define KINDS_MAX 64u

static const char s_memory[] = "STATUS_INSUFFICIENT_RESOURCES";

/* drivers/windows7/virtio-snd/docs/errors.md says the same to people; tests/commands/test_faults.py compares. */
static const struct {
    const char *kind;
    const char *start;  /* s_start_steps; NULL: they do not fail */
    const char *stream; /* everything about an open pin */
} s_documented[] = {
    {"pool", s_memory, s_memory},
    {"contiguous", s_memory, NULL},
    {"mapping", s_memory, NULL},
    {"interrupt", s_memory, NULL},
    {"irp", s_memory, NULL},
    {"forward", "STATUS_DEVICE_NOT_READY", NULL},
    {"config", "STATUS_DEVICE_NOT_CONNECTED", NULL},
    {"work-item", s_memory, NULL},
    {"initialize", s_memory, NULL},
    {"add-device", s_memory, NULL},
    {"power", s_memory, NULL},
    {"port", s_memory, NULL},
    {"port-init", s_memory, NULL},
    {"subdevice", s_memory, NULL},
    {"connection", s_memory, NULL},
    {"stream-pages", NULL, s_memory},
    {"stream-short", NULL, s_memory},
    {"control-error", "STATUS_DEVICE_PROTOCOL_ERROR", "STATUS_INVALID_DEVICE_STATE"},
    {"control-silent", "STATUS_IO_TIMEOUT", "STATUS_IO_TIMEOUT"},
};

/* DriverEntry, AddDevice, START_DEVICE: no other step of the device may fail. */
static const char *const s_start_steps[] = {"load", "add", "start"};

/* What a stream that was open before ends with when the hardware lacks what it needs to be brought up again: it stays
 * silent, and its client loses patience. The "wake" of errors.md. */
static const char s_silent[] = "STATUS_IO_TIMEOUT";

static bool is_start_step(const char *step) {
    for (size_t i = 0; i < sizeof s_start_steps / sizeof s_start_steps[0]; i++) {
        if (strcmp(s_start_steps[i], step) == 0) {
            return true;
        }
    }
    return false;
}

/* The status with which the driver answers when a use of this kind makes this step fail; NULL: it may not fail. */
static const char *documented(const char *kind, const char *step) {
    for (size_t i = 0; i < sizeof s_documented / sizeof s_documented[0]; i++) {
        if (strcmp(s_documented[i].kind, kind) == 0) {
            return sweep_is_stream_step(step) ? s_documented[i].stream
                   : is_start_step(step)      ? s_documented[i].start
                                              : NULL;
        }
    }
    return NULL;
}

static const char *const s_device_kinds[VSND_FAULT_KINDS] = {
    [VSND_FAULT_CONTROL_ERROR] = "control-error",
    [VSND_FAULT_CONTROL_SILENT] = "control-silent",
    [VSND_FAULT_TRANSFER_ERROR] = "transfer-error",
    [VSND_FAULT_TRANSFER_HELD] = "transfer-held",
};

/* What happens while the streams run. In all but the first the hardware is brought up again, and what it uses fails. */
enum life { CALM, WAKES, RECOVERS, LIVES };
static const char *const s_lives[LIVES] = {[CALM] = "", [WAKES] = "wake", [RECOVERS] = "recovery"};

/* One failure in one image. */
struct point {
    const char *arch;
    const struct sweep_image *image;
    enum life life;
    char kind[SWEEP_NAME_BYTES]; /* "": nothing fails, uses are counted */
    uint64_t nth;
    bool for_good;
    char also[SWEEP_NAME_BYTES]; /* a kind of which every use fails beside it; "": none */
};

/* The same for all of a point. In a life in which the hardware is brought up again nothing fails before that. */
static const char *documented_at(const struct point *point, const char *step) {
    if (point->life == CALM) {
        return documented(point->kind, step);
    }
    bool silent = strcmp(step, "render-notification") == 0 || strcmp(step, "capture-notification") == 0;
    return silent && documented(point->kind, "start") != NULL ? s_silent : NULL;
}

/* What one run told. */
struct run {
    struct sweep_life life;
    const struct point *point;
    char kinds[KINDS_MAX][SWEEP_NAME_BYTES];
    uint64_t before[KINDS_MAX], uses[KINDS_MAX]; /* until the hardware is brought up again, and in all */
    size_t kind_count;
    char step[SWEEP_STEP_BYTES], status[SWEEP_STATUS_BYTES]; /* first step that was refused */
    char wrong[256]; /* first one refused with another status than documented */
};

static void point_text(const struct point *point, char *text) {
    snprintf(text, SWEEP_POINT_BYTES, "%s:%s:%s%s%s:%llu:%s%s%s", point->arch, point->image->variant,
             s_lives[point->life], point->life != CALM ? "+" : "", point->kind, (unsigned long long)point->nth,
             point->for_good ? "on" : "once", point->also[0] != '\0' ? ":" : "", point->also);
}

static int device_kind(const char *kind) {
    for (int i = 0; i < VSND_FAULT_KINDS; i++) {
        if (strcmp(s_device_kinds[i], kind) == 0) {
            return i;
        }
    }
    return -1;
}

/* What a start that fails may need while it undoes. Hardware that cannot be brought up again is only said so. */
static const char *const s_undo[] = {"event-log", "interface", "unregister"};

static size_t undo_count(const struct point *point) {
    bool starts = device_kind(point->kind) < 0 && documented(point->kind, "start") != NULL;

    return !starts ? 0 : point->life == CALM ? sizeof s_undo / sizeof s_undo[0] : 1;
}

/* May what fails beside it do so in a sweep? */
static bool is_undo(const struct point *point) {
    bool known = false;

    for (size_t i = 0; i < undo_count(point); i++) {
        known = known || strcmp(s_undo[i], point->also) == 0;
    }
    return known && !point->for_good;
}

/* Takes the name of a life and the plus behind it, if they are there, off the text. */
static const char *parse_life(const char *text, enum life *life) {
    for (enum life i = CALM + 1; i < LIVES; i++) {
        size_t length = strlen(s_lives[i]);
        if (strncmp(text, s_lives[i], length) == 0 && text[length] == '+') {
            *life = i;
            return text + length + 1;
        }
    }
    return text;
}

static bool parse_point(const char *text, struct point *point) {
    char mode[8];
    unsigned long long nth;
    int end = 0, also_end = 0;

    *point = (struct point){0};
    text = sweep_parse_image(text, &point->arch, &point->image);
    text = text != NULL ? parse_life(text, &point->life) : NULL;
    if (text == NULL || sscanf(text, "%31[^:]:%llu:%7[a-z]%n", point->kind, &nth, mode, &end) != 3 ||
        (text[end] == ':' && sscanf(text + end, ":%31[a-z-]%n", point->also, &also_end) != 1) ||
        text[end + also_end] != '\0' || nth == 0 || (strcmp(mode, "once") != 0 && strcmp(mode, "on") != 0)) {
        return false;
    }
    point->nth = nth;
    point->for_good = strcmp(mode, "on") == 0;
    return point->also[0] == '\0' || is_undo(point);
}

/* The row of the table that a point belongs to. */
static void row_name(const struct point *point, char *name) {
    snprintf(name, SWEEP_NAME_BYTES, "%.8s%.1s%.5s%.17s", s_lives[point->life], point->life != CALM ? "+" : "",
             point->also[0] != '\0' ? "undo+" : "", point->also[0] != '\0' ? point->also : point->kind);
}

static bool recognise(struct sweep_result *result) {
    struct point point;
    bool good = parse_point(result->point, &point);

    if (good) {
        row_name(&point, result->row);
    }
    return good;
}

/* ---- one run ---- */

/* The place of a kind in the list; the first mention puts it there. */
static size_t kind_place(struct run *run, const char *kind) {
    size_t place = 0;

    while (place < run->kind_count && strcmp(run->kinds[place], kind) != 0) {
        place++;
    }
    if (place == run->kind_count && place < KINDS_MAX - 1) {
        snprintf(run->kinds[run->kind_count++], SWEEP_NAME_BYTES, "%s", kind);
    }
    return place;
}

static void note_uses(struct run *run, uint64_t *uses) {
    for (int i = 0; i < VSND_FAULT_KINDS; i++) {
        uses[kind_place(run, s_device_kinds[i])] = vsnd_faults(run->life.session->board.bus.device)->uses[i];
    }
}

static void mend(struct run *run) {
    struct vsnd_faults *faults = vsnd_faults(run->life.session->board.bus.device);

    note_uses(run, run->uses);
    memset(faults, 0, sizeof *faults);
}

static void on_line(void *opaque, const char *line) {
    struct run *run = opaque;
    char first[SWEEP_STEP_BYTES], second[SWEEP_STATUS_BYTES];
    unsigned long long number;
    unsigned lives;

    if (sscanf(line, "uses %31s %llu", first, &number) == 2) {
        run->uses[kind_place(run, first)] = number;
    } else if (sscanf(line, "before %31s %llu", first, &number) == 2) {
        run->before[kind_place(run, first)] = number;
    } else if (strcmp(line, "broken") == 0) {
        note_uses(run, run->before);
    } else if (sscanf(line, "failed %31s %63s", first, second) == 2) {
        if (run->step[0] == '\0') {
            snprintf(run->step, sizeof run->step, "%s", first);
            snprintf(run->status, sizeof run->status, "%s", second);
        }
        const char *expected = documented_at(run->point, first);
        if (run->wrong[0] == '\0' && (expected == NULL || strcmp(expected, second) != 0)) {
            snprintf(run->wrong, sizeof run->wrong, "%s %s, documented is %s", first, second,
                     expected != NULL ? expected : "no failure");
        }
    } else if (strcmp(line, "mended") == 0) {
        mend(run);
    } else if (sscanf(line, "life %u", &lives) == 1) {
        run->life.lives = lives;
    }
}

static void plan_device(struct session *session, void *opaque) {
    const struct point *point = ((struct run *)opaque)->point;
    int planned = device_kind(point->kind);

    if (planned >= 0) {
        vsnd_faults(session->board.bus.device)->planned[planned] = point->nth;
        vsnd_faults(session->board.bus.device)->for_good[planned] = point->for_good;
    }
}

/* EXIT_GOOD: both lives ended, the second with every sample in its place. */
static enum exit_status run_point(struct sweep *sweep, const struct point *point, struct run *run) {
    char scenario[128];

    memset(run, 0, sizeof *run);
    run->point = point;
    run->life = (struct sweep_life){.arch = point->arch, .image = point->image, .scenario = scenario,
                                    .on_line = on_line, .prepare = plan_device, .opaque = run};
    if (point->kind[0] == '\0' || device_kind(point->kind) >= 0) {
        snprintf(scenario, sizeof scenario, "faults%s%s", point->life != CALM ? ":" : "", s_lives[point->life]);
    } else {
        snprintf(scenario, sizeof scenario, "faults:%s%s%s:%llu:%s%s%s", s_lives[point->life],
                 point->life != CALM ? "+" : "", point->kind, (unsigned long long)point->nth,
                 point->for_good ? "on" : "once", point->also[0] != '\0' ? ":" : "", point->also);
    }
    return sweep_live(sweep, &run->life);
}

/* What the driver cannot do without. A device may fail where nobody is told: at STOP, at RELEASE. After a break-down
 * the hardware is brought up twice, first to have the streams released: that may fail once. */
static bool must_refuse(const struct point *point) {
    const char *kind = point->kind;

    if (device_kind(kind) >= 0 || (point->life == RECOVERS && !point->for_good)) {
        return false;
    }
    return documented(kind, "start") != NULL || documented(kind, "render-open") != NULL;
}

static enum exit_status run_and_judge(struct sweep *sweep, struct sweep_result *result) {
    static struct run run;
    struct point point;

    parse_point(result->point, &point);
    enum exit_status status = run_point(sweep, &point, &run);
    if (status == EXIT_BAD_INPUT) {
        return status;
    }
    if (run.step[0] == '\0' && must_refuse(&point)) {
        snprintf(run.wrong, sizeof run.wrong, "every step succeeded, although this failed");
    }
    snprintf(result->step, sizeof result->step, "%s", run.step);
    snprintf(result->status, sizeof result->status, "%s", run.status);
    sweep_judge(result, status, run.wrong);
    return EXIT_GOOD;
}

/* ---- the table ---- */

/* The first two count the points, the others how far a life came: the step that the driver refused first. */
enum column { ONCE, FOR_GOOD, NOT_LOADED, NOT_ADDED, NOT_STARTED, NO_STREAM, STREAM_CUT, WENT_ON, COLUMNS };
static const char *const s_columns[COLUMNS] = {"once",        "for_good",  "not_loaded", "not_added",
                                               "not_started", "no_stream", "stream_cut", "went_on"};

static enum column outcome_of(const char *step) {
    static const struct {
        const char *step;
        enum column outcome;
    } steps[] = {{"", WENT_ON},          {"load", NOT_LOADED},       {"add", NOT_ADDED},
                 {"start", NOT_STARTED}, {"render-open", NO_STREAM}, {"capture-open", NO_STREAM}};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(steps[i].step, step) == 0) {
            return steps[i].outcome;
        }
    }
    return STREAM_CUT;
}

static unsigned columns(const struct sweep_result *result) {
    struct point point;
    unsigned outcome = result->verdict != SWEEP_BROKEN ? 1u << outcome_of(result->step) : 0;

    parse_point(result->point, &point);
    return outcome | 1u << (point.for_good ? FOR_GOOD : ONCE);
}

static void json_statuses(const char *row) {
    struct point point = {.life = CALM};
    const char *kind = parse_life(row, &point.life);
    const char *start, *stream;

    snprintf(point.kind, sizeof point.kind, "%s", kind);
    start = documented_at(&point, "start");
    stream = documented_at(&point, point.life == CALM ? "render-run" : "render-notification");
    report_json_string("start_status", start != NULL ? start : "");
    report_json_string("stream_status", stream != NULL ? stream : "");
}

/* ---- the list of points ---- */

static bool add_point(struct sweep *sweep, const struct point *point, bool whole) {
    char text[SWEEP_POINT_BYTES];

    point_text(point, text);
    return !sweep_sampled(sweep, whole) || sweep_add(sweep, text);
}

/* Uses (before, uses] of the kind. */
static bool list_kind(struct sweep *sweep, struct point *point, uint64_t before, uint64_t uses, bool whole) {
    char name[SWEEP_NAME_BYTES];

    if (point->life != CALM && uses == before) {
        return true; /* no row for what bringing up the hardware never uses */
    }
    row_name(point, name);
    struct sweep_row *row = sweep_table_row(&sweep->table, name);
    if (row == NULL || uses > USES_MAX) {
        return fail("%s: too many kinds or uses", name);
    }
    row->points += uses - before;
    for (point->nth = before + 1; point->nth <= uses; point->nth++) {
        for (int for_good = 0; for_good <= 1; for_good++) {
            point->for_good = for_good != 0;
            if (!add_point(sweep, point, whole)) {
                return false;
            }
        }
    }
    return true;
}

/* Each of what it may need while it undoes is missing. */
static bool list_undo(struct sweep *sweep, struct point *point, uint64_t before, uint64_t uses, bool whole) {
    bool good = true;

    point->for_good = false;
    for (point->nth = before + 1; point->nth <= uses && good; point->nth++) {
        for (size_t i = 0; i < undo_count(point) && good; i++) {
            char name[SWEEP_NAME_BYTES];
            snprintf(point->also, sizeof point->also, "%s", s_undo[i]);
            row_name(point, name);
            struct sweep_row *row = sweep_table_row(&sweep->table, name);
            if (row != NULL) {
                row->points++;
            }
            good = add_point(sweep, point, whole);
        }
    }
    point->also[0] = '\0';
    return good;
}

/* A run of this image and life in which nothing fails. */
static enum exit_status count_uses(struct sweep *sweep, const struct point *of, struct run *count) {
    struct point point = {.arch = of->arch, .image = of->image, .life = of->life};
    enum exit_status status = run_point(sweep, &point, count);

    if (status == EXIT_BAD_INPUT) {
        return status;
    }
    if (status != EXIT_GOOD || count->step[0] != '\0') {
        fail("%s:%s does not even live without a failure", of->arch, of->image->variant);
        return status == EXIT_GOOD ? EXIT_NOT_GOOD : status;
    }
    return EXIT_GOOD;
}

static enum exit_status list_life(struct sweep *sweep, struct point point, bool first) {
    static struct run count;
    enum exit_status status = count_uses(sweep, &point, &count);
    char name[SWEEP_NAME_BYTES];
    bool good = true;

    for (size_t i = 0; i < 2 * count.kind_count && good && status == EXIT_GOOD; i++) {
        size_t kind = i % count.kind_count;
        snprintf(point.kind, sizeof point.kind, "%s", count.kinds[kind]);
        row_name(&point, name);
        bool wanted = sweep_chosen(sweep, point.kind);
        if (sweep_chosen(sweep, name) || wanted) {
            bool whole = first && (point.life == CALM || documented(point.kind, "start") != NULL);
            good = (i < count.kind_count ? list_kind : list_undo)(sweep, &point, count.before[kind], count.uses[kind],
                                                                 whole);
        }
    }
    return good ? status : EXIT_BENCH;
}

static enum exit_status list(struct sweep *sweep, const char *arch, const struct sweep_image *image, bool first) {
    enum exit_status status = EXIT_GOOD;

    for (enum life life = CALM; life < LIVES && status == EXIT_GOOD; life++) {
        status = list_life(sweep, (struct point){.arch = arch, .image = image, .life = life}, first);
    }
    return status;
}

static enum exit_status reach(struct sweep *sweep, const char *text, bool *reached) {
    static struct run count;
    struct point point;

    parse_point(text, &point);
    enum exit_status status = count_uses(sweep, &point, &count);
    *reached = false;
    for (size_t i = 0; i < count.kind_count; i++) {
        *reached = *reached || (strcmp(count.kinds[i], point.kind) == 0 && point.nth > count.before[i] &&
                                point.nth <= count.uses[i]);
    }
    return status;
}

static void describe(const struct options *o, char *text, size_t bytes) {
    if (o->sample == 100) {
        snprintf(text, bytes, "every point");
    } else {
        snprintf(text, bytes, "each resource of the first image, %llu%% of the rest by seed %llu",
                 (unsigned long long)o->sample, (unsigned long long)o->seed);
    }
}

enum exit_status faults_run(const struct options *options) {
    static const struct sweep_ops ops = {
        .command = "faults",
        .form = "ARCH:VARIANT:KIND:N:once or :on, KIND perhaps behind wake+ or recovery+, "
                ":event-log perhaps behind :once",
        .layout = {.title = "fails", .key = "kind", .columns = s_columns, .column_count = COLUMNS,
                   .wrong = "wrong_status", .json_extra = json_statuses},
        .sound_frames = 2400, /* 50 ms: five periods */
        .around_frames = 2400,
        .list = list,
        .reach = reach,
        .recognise = recognise,
        .run = run_and_judge,
        .columns = columns,
        .describe = describe,
    };

    return sweep_run(&ops, options);
}
