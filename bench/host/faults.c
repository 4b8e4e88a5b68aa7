/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../device/vsnd.h"
#include "audio_in.h"
#include "faults_table.h"
#include "image.h"
#include "report.h"
#include "session.h"

#define SOUND_FRAMES 2400u   /* 50 ms: five periods */
#define AROUND_FRAMES 2400u  /* recorded beyond the signal, beside what the buffer can hold back */
#define USES_MAX 1000000u

/* The device that each image is for. */
struct image_row {
    const char *variant, *base, *device;
};
static const struct image_row s_images[] = {
    {"contract", "aero_virtio_snd", "model:aero"},
    {"legacy", "virtiosnd_legacy", "model:transitional"},
    {"ioport", "virtiosnd_ioport", "model:ioport"},
};
static const char *const s_archs[] = {"x64", "x86"};
#define IMAGES (sizeof s_images / sizeof s_images[0])
#define ARCHS (sizeof s_archs / sizeof s_archs[0])

static const char *const s_device_kinds[VSND_FAULT_KINDS] = {
    [VSND_FAULT_CONTROL_ERROR] = "control-error",
    [VSND_FAULT_CONTROL_SILENT] = "control-silent",
    [VSND_FAULT_TRANSFER_ERROR] = "transfer-error",
    [VSND_FAULT_TRANSFER_HELD] = "transfer-held",
};

/* One failure in one image. */
struct point {
    const char *arch;
    const struct image_row *image;
    char kind[FAULT_NAME_BYTES]; /* "": nothing fails, uses are counted */
    uint64_t nth;
    bool for_good;
    char also[FAULT_NAME_BYTES]; /* a kind of which every use fails beside it; "": none */
};

/* What one run told. */
struct life {
    struct session *session;
    char kinds[FAULT_KINDS_MAX][FAULT_NAME_BYTES];
    uint64_t uses[FAULT_KINDS_MAX];
    size_t kind_count;
    char step[FAULT_STEP_BYTES], status[FAULT_STATUS_BYTES]; /* first step that was refused */
    char wrong[256]; /* first one refused with another status than documented */
    const char *kind; /* that fails */
    unsigned lives;
};

struct sweep {
    const struct options *options;
    struct sound render, microphone;
    struct fault_table table;
    FILE *journal; /* --resume; NULL: none */
    char **done;   /* points in the journal, sorted */
    size_t done_count;
    uint64_t random;
    uint64_t runs, failures;
    bool interrupted;
};

static void point_text(const struct point *point, char *text) {
    snprintf(text, FAULT_POINT_BYTES, "%s:%s:%s:%llu:%s%s%s", point->arch, point->image->variant, point->kind,
             (unsigned long long)point->nth, point->for_good ? "on" : "once", point->also[0] != '\0' ? ":" : "",
             point->also);
}

/* The row of the table that a point belongs to. */
static void row_name(const struct point *point, char *name) {
    snprintf(name, FAULT_NAME_BYTES, "%.5s%.26s", point->also[0] != '\0' ? "undo+" : "",
             point->also[0] != '\0' ? point->also : point->kind);
}

static int device_kind(const char *kind) {
    for (int i = 0; i < VSND_FAULT_KINDS; i++) {
        if (strcmp(s_device_kinds[i], kind) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- one run ---- */

static void add_uses(struct life *life, const char *kind, uint64_t uses) {
    if (life->kind_count < FAULT_KINDS_MAX) {
        snprintf(life->kinds[life->kind_count], FAULT_NAME_BYTES, "%s", kind);
        life->uses[life->kind_count++] = uses;
    }
}

static void end_life(struct life *life, unsigned number) {
    struct vsnd_faults *faults = vsnd_faults(life->session->board.bus.device);

    life->lives = number;
    if (number == 1) {
        for (int i = 0; i < VSND_FAULT_KINDS; i++) {
            add_uses(life, s_device_kinds[i], faults->uses[i]);
        }
        memset(faults, 0, sizeof *faults);
    }
}

static void on_line(void *opaque, const char *line) {
    struct life *life = opaque;
    char first[FAULT_STEP_BYTES], second[FAULT_STATUS_BYTES];
    unsigned long long number;
    unsigned lives;

    if (sscanf(line, "uses %31s %llu", first, &number) == 2) {
        add_uses(life, first, number);
    } else if (sscanf(line, "failed %31s %63s", first, second) == 2) {
        if (life->step[0] == '\0') {
            snprintf(life->step, sizeof life->step, "%s", first);
            snprintf(life->status, sizeof life->status, "%s", second);
        }
        const char *documented = fault_documented(life->kind, first);
        if (life->wrong[0] == '\0' && (documented == NULL || strcmp(documented, second) != 0)) {
            snprintf(life->wrong, sizeof life->wrong, "%s %s, documented is %s", first, second,
                     documented != NULL ? documented : "no failure");
        }
    } else if (sscanf(line, "life %u", &lives) == 1) {
        end_life(life, lives);
    }
}

static bool fill_input(const struct sweep *sweep, const struct point *point, struct session_input *input,
                       char *scenario, size_t bytes) {
    char directory[4096];

    if (!program_directory(directory, sizeof directory)) {
        return false;
    }
    *strrchr(directory, '/') = '\0'; /* from out/host to out */
    if (snprintf(input->sys, sizeof input->sys, "%s/drivers/windows7/virtio-snd/%s/%s.sys", directory, point->arch,
                 point->image->base) >= (int)sizeof input->sys) {
        return fail("%s: the path is too long", directory);
    }
    if (point->kind[0] == '\0' || device_kind(point->kind) >= 0) {
        snprintf(scenario, bytes, "faults");
    } else {
        snprintf(scenario, bytes, "faults:%s:%llu:%s%s%s", point->kind, (unsigned long long)point->nth,
                 point->for_good ? "on" : "once", point->also[0] != '\0' ? ":" : "", point->also);
    }
    input->scenario = scenario;
    input->render = &sweep->render;
    input->microphone = &sweep->microphone;
    input->record_frames = SOUND_FRAMES + AROUND_FRAMES + 2 * sweep->options->buffer_frames;
    return image_arch(input->sys, point->arch, &input->arch);
}

/* Runs a point. EXIT_GOOD: both lives ended, the second with every sample in its place. */
static enum exit_status run_point(struct sweep *sweep, const struct point *point, struct life *life) {
    static struct session session;
    struct options options = *sweep->options;
    struct session_input input = {.options = &options, .on_line = on_line, .line_opaque = life};
    struct report report;
    char scenario[128];
    int planned = device_kind(point->kind);

    memset(life, 0, sizeof *life);
    life->session = &session;
    life->kind = point->kind;
    options.device = point->image->device;
    if (!fill_input(sweep, point, &input, scenario, sizeof scenario)) {
        return EXIT_BAD_INPUT;
    }
    enum exit_status status = session_open(&session, &input);
    if (status == EXIT_GOOD) {
        if (planned >= 0) {
            vsnd_faults(session.board.bus.device)->planned[planned] = point->nth;
            vsnd_faults(session.board.bus.device)->for_good[planned] = point->for_good;
        }
        status = session_run(&session);
        report_evaluate(&report, &session);
        if (status == EXIT_GOOD && !report_good(&report, &session)) {
            fail("the life after the failure did not play or record what it should");
            status = EXIT_NOT_GOOD;
        }
    }
    if (status == EXIT_VIOLATION) {
        fprintf(stderr, "violation: %s\n  %s\n  in %s, in life %u\n", session.violation.rule, session.violation.message,
                session.violation.function, life->lives + 1);
    }
    session_close(&session);
    return status;
}

/* ---- journal ---- */

static int compare_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line of the journal: point, verdict, step, status. */
static void journal_write(struct sweep *sweep, const struct fault_result *result) {
    if (sweep->journal != NULL) {
        fprintf(sweep->journal, "%s %d %s %s\n", result->point, result->verdict,
                result->step[0] != '\0' ? result->step : "-", result->status[0] != '\0' ? result->status : "-");
        fflush(sweep->journal);
    }
}

static bool parse_point(const char *text, struct point *point);

static bool journal_take(struct sweep *sweep, const char *line) {
    struct fault_result result = {0};
    struct point point;
    int verdict;

    if (sscanf(line, "%95s %d %31s %63s", result.point, &verdict, result.step, result.status) != 4 ||
        verdict < FAULT_GOOD || verdict > FAULT_BROKEN || !parse_point(result.point, &point)) {
        return false;
    }
    result.verdict = (enum fault_verdict)verdict;
    result.for_good = point.for_good;
    row_name(&point, result.kind);
    if (strcmp(result.step, "-") == 0) {
        result.step[0] = '\0';
    }
    char **larger = realloc(sweep->done, (sweep->done_count + 1) * sizeof *larger);
    if (larger == NULL) {
        return fail("out of memory");
    }
    sweep->done = larger;
    if ((larger[sweep->done_count] = strdup(result.point)) == NULL) {
        return fail("out of memory");
    }
    sweep->done_count++;
    sweep->failures += verdict != FAULT_GOOD;
    fault_table_add(&sweep->table, &result);
    return true;
}

static bool journal_open(struct sweep *sweep) {
    const char *path = sweep->options->resume;
    char line[512];

    if (path == NULL) {
        return true;
    }
    if ((sweep->journal = fopen(path, "a+")) == NULL) {
        return fail("%s: cannot be opened", path);
    }
    rewind(sweep->journal);
    while (fgets(line, sizeof line, sweep->journal) != NULL) {
        if (!journal_take(sweep, line)) {
            return fail("%s: is no journal of a fault sweep", path);
        }
    }
    qsort(sweep->done, sweep->done_count, sizeof *sweep->done, compare_text);
    return true;
}

static bool journal_has(const struct sweep *sweep, const char *point) {
    return sweep->done_count != 0 &&
           bsearch(&point, sweep->done, sweep->done_count, sizeof *sweep->done, compare_text) != NULL;
}

/* ---- the sweep ---- */

/* splitmix64: whether a point is in the sample depends on the seed and on its place alone. */
static bool sampled(struct sweep *sweep, bool whole) {
    uint64_t z = sweep->random += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return whole || (z ^ (z >> 31)) % 100 < sweep->options->sample;
}

static void say_failure(const struct fault_result *result, const struct life *life) {
    if (result->verdict == FAULT_WRONG_STATUS) {
        fprintf(stderr, "%s: %s\n", result->point, life->wrong);
    }
    fprintf(stderr, "replay: ./aero-snd faults --replay %s\n", result->point);
}

/* What the driver cannot do without. A device may fail where nobody is told: at STOP, at RELEASE. */
static bool must_refuse(const char *kind) {
    return device_kind(kind) < 0 &&
           (fault_documented(kind, "start") != NULL || fault_documented(kind, "render-open") != NULL);
}

static enum exit_status sweep_point(struct sweep *sweep, const struct point *point) {
    struct fault_result result = {.for_good = point->for_good};
    static struct life life;

    point_text(point, result.point);
    if (journal_has(sweep, result.point)) {
        return EXIT_GOOD;
    }
    enum exit_status status = run_point(sweep, point, &life);
    if (status == EXIT_BAD_INPUT) {
        return status;
    }
    if (life.step[0] == '\0' && must_refuse(point->kind)) {
        snprintf(life.wrong, sizeof life.wrong, "every step succeeded, although this failed");
    }
    row_name(point, result.kind);
    snprintf(result.step, sizeof result.step, "%s", life.step);
    snprintf(result.status, sizeof result.status, "%s", life.status);
    result.verdict = status != EXIT_GOOD       ? FAULT_BROKEN
                     : life.wrong[0] != '\0' ? FAULT_WRONG_STATUS
                                               : FAULT_GOOD;
    if (result.verdict != FAULT_GOOD) {
        say_failure(&result, &life);
        sweep->failures++;
    }
    fault_table_add(&sweep->table, &result);
    journal_write(sweep, &result);
    sweep->runs++;
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K%llu runs, %llu failures  %s", (unsigned long long)sweep->runs,
                (unsigned long long)sweep->failures, result.point);
    }
    return EXIT_GOOD;
}

static enum exit_status sweep_kind(struct sweep *sweep, struct point *point, uint64_t uses, bool whole) {
    struct fault_row *row = fault_table_row(&sweep->table, point->kind);
    enum exit_status status = EXIT_GOOD;

    if (row == NULL || uses > USES_MAX) {
        fail("%s: too many kinds or uses", point->kind);
        return EXIT_BENCH;
    }
    row->points += uses;
    for (point->nth = 1; point->nth <= uses && status == EXIT_GOOD; point->nth++) {
        for (int for_good = 0; for_good <= 1 && status == EXIT_GOOD; for_good++) {
            point->for_good = for_good != 0;
            if (sampled(sweep, whole)) {
                status = sweep_point(sweep, point);
            }
        }
    }
    return status;
}

/* What a start that fails may need while it undoes: each of these is missing then. */
static enum exit_status sweep_undo(struct sweep *sweep, struct point *point, uint64_t uses, bool whole) {
    static const char *const kinds[] = {"event-log", "interface", "unregister"};
    enum exit_status status = EXIT_GOOD;

    if (device_kind(point->kind) >= 0 || fault_documented(point->kind, "start") == NULL) {
        return EXIT_GOOD;
    }
    point->for_good = false;
    for (point->nth = 1; point->nth <= uses && status == EXIT_GOOD; point->nth++) {
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && status == EXIT_GOOD; i++) {
            char row[FAULT_NAME_BYTES];
            snprintf(point->also, sizeof point->also, "%s", kinds[i]);
            row_name(point, row);
            struct fault_row *counted = fault_table_row(&sweep->table, row);
            if (counted != NULL) {
                counted->points++;
            }
            if (sampled(sweep, whole)) {
                status = sweep_point(sweep, point);
            }
        }
    }
    point->also[0] = '\0';
    return status;
}

static bool wanted(const char *option, const char *name) {
    return option == NULL || strcmp(option, name) == 0;
}

/* A run in which nothing fails. */
static enum exit_status count_uses(struct sweep *sweep, const char *arch, const struct image_row *image,
                                   struct life *count) {
    struct point point = {.arch = arch, .image = image};
    enum exit_status status = run_point(sweep, &point, count);

    if (status != EXIT_GOOD || count->step[0] != '\0') {
        fail("%s:%s does not even live without a failure", arch, image->variant);
        return status == EXIT_GOOD ? EXIT_NOT_GOOD : status;
    }
    return EXIT_GOOD;
}

static enum exit_status sweep_image(struct sweep *sweep, const char *arch, const struct image_row *image, bool whole) {
    struct point point = {.arch = arch, .image = image};
    static struct life count;
    enum exit_status status = count_uses(sweep, arch, image, &count);

    for (size_t i = 0; i < count.kind_count && status == EXIT_GOOD; i++) {
        snprintf(point.kind, sizeof point.kind, "%s", count.kinds[i]);
        if (wanted(sweep->options->kind, point.kind)) {
            status = sweep_kind(sweep, &point, count.uses[i], whole);
        }
    }
    for (size_t i = 0; i < count.kind_count && status == EXIT_GOOD; i++) {
        snprintf(point.kind, sizeof point.kind, "%s", count.kinds[i]);
        if (wanted(sweep->options->kind, point.kind)) {
            status = sweep_undo(sweep, &point, count.uses[i], whole);
        }
    }
    return status;
}

static enum exit_status sweep_all(struct sweep *sweep) {
    const struct options *o = sweep->options;
    enum exit_status status = EXIT_GOOD;
    bool first = true;

    for (size_t i = 0; i < IMAGES && status == EXIT_GOOD; i++) {
        for (size_t a = 0; a < ARCHS && status == EXIT_GOOD; a++) {
            if (wanted(o->arch, s_archs[a]) && wanted(o->variant, s_images[i].variant)) {
                status = sweep_image(sweep, s_archs[a], &s_images[i], first);
                first = false;
            }
        }
    }
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K");
    }
    if (status == EXIT_GOOD && sweep->table.count == 0) {
        fail("--kind: nothing is called '%s'", o->kind);
        status = EXIT_BAD_INPUT;
    }
    return status;
}

static bool parse_point(const char *text, struct point *point) {
    char arch[8], variant[16], mode[8];
    unsigned long long nth;
    int end = 0, also_end = 0;

    *point = (struct point){0};
    if (sscanf(text, "%7[^:]:%15[^:]:%31[^:]:%llu:%7[a-z]%n", arch, variant, point->kind, &nth, mode, &end) != 5 ||
        (text[end] == ':' && sscanf(text + end, ":%31[a-z-]%n", point->also, &also_end) != 1) ||
        text[end + also_end] != '\0' || nth == 0 || (strcmp(mode, "once") != 0 && strcmp(mode, "on") != 0)) {
        return false;
    }
    for (size_t i = 0; i < ARCHS; i++) {
        point->arch = strcmp(arch, s_archs[i]) == 0 ? s_archs[i] : point->arch;
    }
    for (size_t i = 0; i < IMAGES; i++) {
        point->image = strcmp(variant, s_images[i].variant) == 0 ? &s_images[i] : point->image;
    }
    point->nth = nth;
    point->for_good = strcmp(mode, "on") == 0;
    return point->arch != NULL && point->image != NULL;
}

static enum exit_status replay(struct sweep *sweep) {
    static struct life count;
    struct point point;

    if (!parse_point(sweep->options->replay, &point)) {
        fail("--replay: '%s' is no ARCH:VARIANT:KIND:N:once or :on", sweep->options->replay);
        return EXIT_BAD_INPUT;
    }
    enum exit_status status = count_uses(sweep, point.arch, point.image, &count);
    for (size_t i = 0; i < count.kind_count && status == EXIT_GOOD; i++) {
        if (strcmp(count.kinds[i], point.kind) == 0 && point.nth <= count.uses[i]) {
            return sweep_point(sweep, &point);
        }
    }
    if (status == EXIT_GOOD) {
        fail("--replay: %s is never reached", sweep->options->replay);
        status = EXIT_BAD_INPUT;
    }
    return status;
}

static void describe(const struct sweep *sweep, char *text, size_t bytes) {
    const struct options *o = sweep->options;

    if (o->replay != NULL) {
        snprintf(text, bytes, "%s", o->replay);
    } else if (o->sample == 100) {
        snprintf(text, bytes, "every point, %llu runs", (unsigned long long)(sweep->runs + sweep->done_count));
    } else {
        snprintf(text, bytes, "every point of the first image, %llu%% of the others by seed %llu, %llu runs",
                 (unsigned long long)o->sample, (unsigned long long)o->seed,
                 (unsigned long long)(sweep->runs + sweep->done_count));
    }
}

static void finish(struct sweep *sweep) {
    for (size_t i = 0; i < sweep->done_count; i++) {
        free(sweep->done[i]);
    }
    free(sweep->done);
    if (sweep->journal != NULL) {
        fclose(sweep->journal);
    }
    audio_in_free(&sweep->microphone);
    audio_in_free(&sweep->render);
}

enum exit_status faults_run(const struct options *options) {
    static struct sweep sweep;
    char swept[128];
    enum exit_status status = EXIT_BENCH;

    sweep = (struct sweep){.options = options, .render.fd = -1, .microphone.fd = -1, .random = options->seed};
    if (audio_in_generate(&sweep.render, 2, SOUND_FRAMES) && audio_in_generate(&sweep.microphone, 1, SOUND_FRAMES)) {
        status = !journal_open(&sweep) ? EXIT_BAD_INPUT : options->replay != NULL ? replay(&sweep) : sweep_all(&sweep);
    }
    if (status == EXIT_GOOD) {
        describe(&sweep, swept, sizeof swept);
        (options->json ? fault_table_print_json : fault_table_print)(&sweep.table, swept);
        status = fault_table_good(&sweep.table) ? EXIT_GOOD : EXIT_NOT_GOOD;
    }
    finish(&sweep);
    return status;
}
