/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "processor.h"
#include "progress.h"
#include "results.h"

#define LINE_BYTES JOURNAL_LINE_BYTES /* a pipe takes it whole */

const struct sweep_image g_sweep_images[SWEEP_IMAGES] = {
    {"contract", "aero_virtio_snd", "model:aero"},
    {"legacy", "virtiosnd_legacy", "model:transitional"},
    {"ioport", "virtiosnd_ioport", "model:ioport"},
};
const char *const g_sweep_archs[SWEEP_ARCHS] = {"x64", "x86"};

/* Cuts the first name off a list of names between commas. False: there is none left. */
static bool next_name(const char **list, const char **name, size_t *length) {
    *name = *list;
    if (*name == NULL) {
        return false;
    }
    *length = strcspn(*name, ",");
    *list = (*name)[*length] == ',' ? *name + *length + 1 : NULL;
    return true;
}

/* A bit for each place at which the name stands in the list. */
static uint64_t places_of(const char *list, const char *name) {
    const char *one;
    uint64_t places = 0;
    size_t length;

    for (uint64_t bit = 1; next_name(&list, &one, &length); bit <<= 1) {
        if (strlen(name) == length && strncmp(one, name, length) == 0) {
            places |= bit;
        }
    }
    return places;
}

bool sweep_wanted(const char *list, const char *name) {
    return list == NULL || places_of(list, name) != 0;
}

bool sweep_chosen(struct sweep *sweep, const char *name) {
    sweep->chosen |= places_of(sweep->options->kind, name);
    return sweep_wanted(sweep->options->kind, name);
}

/* splitmix64 */
bool sweep_sampled(struct sweep *sweep, bool whole) {
    uint64_t z = sweep->random += 0x9E3779B97F4A7C15ull;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return whole || (z ^ (z >> 31)) % 100 < sweep->options->sample;
}

const char *sweep_parse_image(const char *point, const char **arch, const struct sweep_image **image) {
    *arch = NULL;
    *image = NULL;
    for (size_t a = 0; a < SWEEP_ARCHS; a++) {
        size_t length = strlen(g_sweep_archs[a]);
        if (strncmp(point, g_sweep_archs[a], length) == 0 && point[length] == ':') {
            *arch = g_sweep_archs[a];
            point += length + 1;
            break;
        }
    }
    for (size_t i = 0; i < SWEEP_IMAGES && *arch != NULL; i++) {
        size_t length = strlen(g_sweep_images[i].variant);
        if (strncmp(point, g_sweep_images[i].variant, length) == 0 && point[length] == ':') {
            *image = &g_sweep_images[i];
            return point + length + 1;
        }
    }
    return NULL;
}

/* ---- lists ---- */

static bool append(char ***list, size_t *count, const char *text) {
    char **larger = (*count & (*count - 1)) == 0 ? realloc(*list, 2 * (*count + 1) * sizeof **list) : *list;

    if (larger != NULL) {
        *list = larger;
        larger[*count] = strdup(text);
    }
    if (larger == NULL || larger[*count] == NULL) {
        return fail("out of memory");
    }
    ++*count;
    return true;
}

static void free_list(char **list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(list[i]);
    }
    free(list);
}

/* ---- results ---- */

/* A line of the journal, and of the pipe from who runs a point: point, verdict, step, status. */
static void write_line(char line[LINE_BYTES], const struct sweep_result *result) {
    snprintf(line, LINE_BYTES, "%s %d %s %s", result->point, result->verdict,
             result->step[0] != '\0' ? result->step : "-", result->status[0] != '\0' ? result->status : "-");
}

static bool read_line(const struct sweep *sweep, const char *line, struct sweep_result *result) {
    int verdict, end = 0;

    memset(result, 0, sizeof *result);
    if (sscanf(line, "%95s %d %31s %63s%n", result->point, &verdict, result->step, result->status, &end) != 4 ||
        line[end] != '\0' || verdict < SWEEP_GOOD || verdict > SWEEP_BROKEN) {
        return false;
    }
    result->verdict = (enum sweep_verdict)verdict;
    if (strcmp(result->step, "-") == 0) {
        result->step[0] = '\0';
    }
    if (strcmp(result->status, "-") == 0) {
        result->status[0] = '\0';
    }
    strcpy(result->replay, result->point);
    return sweep->ops->recognise(result);
}

bool sweep_is_stream_step(const char *step) {
    return strncmp(step, "render-", 7) == 0 || strncmp(step, "capture-", 8) == 0;
}

void sweep_judge(struct sweep_result *result, enum exit_status status, const char *wrong) {
    result->verdict = status != EXIT_GOOD ? SWEEP_BROKEN : wrong[0] != '\0' ? SWEEP_WRONG : SWEEP_GOOD;
    if (result->verdict == SWEEP_WRONG) {
        fprintf(stderr, "%s: %s\n", result->point, wrong);
    }
}

/* The command line that runs it alone. */
static void replay_line(const struct sweep *sweep, const struct sweep_result *result, char line[LINE_BYTES]) {
    int length = snprintf(line, LINE_BYTES, "./aero-snd %s --replay %s", sweep->ops->command, result->replay);

    if (sweep->options->seed != OPTION_SEED) {
        snprintf(line + length, LINE_BYTES - (size_t)length, " --seed %llu", (unsigned long long)sweep->options->seed);
    }
}

static bool take_result(struct sweep *sweep, const struct sweep_result *result) {
    char line[LINE_BYTES];

    sweep_table_add(&sweep->table, result, sweep->ops->columns(result));
    if (result->verdict == SWEEP_GOOD) {
        return true;
    }
    sweep->failures++;
    replay_line(sweep, result, line);
    return append(&sweep->replays, &sweep->replay_count, line);
}

/* ---- journal ---- */

/* By the point that a line begins with. */
static int compare_points(const void *a, const void *b) {
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    size_t left_length = strcspn(left, " "), right_length = strcspn(right, " ");
    int order = memcmp(left, right, left_length < right_length ? left_length : right_length);

    return order != 0 ? order : (left_length > right_length) - (left_length < right_length);
}

static bool keep_line(void *opaque, const char *line) {
    struct sweep *sweep = opaque;
    struct sweep_result result;

    return !read_line(sweep, line, &result) || append(&sweep->kept, &sweep->kept_count, line);
}

static enum exit_status open_journal(struct sweep *sweep) {
    const struct options *o = sweep->options;
    struct journal_name name = {sweep->ops->command, RESULTS_HASH_FIRST, o->resume, o->fresh};

    if (o->replay != NULL) {
        return EXIT_GOOD;
    }
    results_hash(&name.hash, name.command, strlen(name.command));
    results_hash(&name.hash, &o->seed, sizeof o->seed);
    if (sweep->ops->hash != NULL) {
        sweep->ops->hash(o, &name.hash);
    }
    if (!journal_hash_programs(&name.hash)) {
        return EXIT_BAD_INPUT;
    }
    enum exit_status status = journal_open(&sweep->journal, &name, keep_line, sweep);
    if (sweep->kept_count != 0) {
        qsort(sweep->kept, sweep->kept_count, sizeof *sweep->kept, compare_points);
    }
    return status;
}

bool sweep_add(struct sweep *sweep, const char *point) {
    char **line = sweep->kept_count == 0 ? NULL : bsearch(&point, sweep->kept, sweep->kept_count, sizeof *sweep->kept,
                                                          compare_points);
    struct sweep_result result;

    if (line == NULL || !read_line(sweep, *line, &result)) {
        return append(&sweep->list, &sweep->list_count, point);
    }
    sweep->resumed++;
    return take_result(sweep, &result);
}

/* ---- runs ---- */

/* How far it is: now, and for whoever stops it. */
static void show_progress(const struct sweep *sweep, const char *point) {
    unsigned long long done = sweep->resumed + sweep->runs, all = sweep->resumed + sweep->list_count;
    const struct options *o = sweep->options;
    char where[100] = "before it ran anything", text[200];

    if (point != NULL) {
        progress_words("%s: %llu of %llu runs, %llu failures  %s", sweep->ops->command, done, all,
                       (unsigned long long)sweep->failures, point);
    }
    if (o->replay == NULL) {
        if (all != 0) {
            snprintf(where, sizeof where, "after %llu of %llu runs, %llu failures", done, all,
                     (unsigned long long)sweep->failures);
        }
        snprintf(text, sizeof text, "%s: stopped %s; the same command%s goes on", sweep->ops->command, where,
                 o->fresh ? " without --fresh" : "");
        progress_set_stop(text);
    }
}

static enum exit_status run_point(struct sweep *sweep, const char *point, struct sweep_result *result) {
    char line[LINE_BYTES];

    memset(result, 0, sizeof *result);
    snprintf(result->point, sizeof result->point, "%s", point);
    if (!sweep->ops->recognise(result)) {
        fail("%s is no point of %s", point, sweep->ops->command);
        return EXIT_BENCH;
    }
    enum exit_status status = sweep->ops->run(sweep, result);
    if (status == EXIT_GOOD && result->verdict != SWEEP_GOOD) {
        write_line(line, result);
        read_line(sweep, line, result); /* what is to be replayed */
        replay_line(sweep, result, line);
        fprintf(stderr, "replay: %s\n", line);
    }
    return status;
}

/* Runs each point whose place on the list is `place` of `jobs`, and writes the results into the pipe. */
static _Noreturn void work(struct sweep *sweep, unsigned place, unsigned jobs, int to) {
    enum exit_status status = EXIT_GOOD;
    struct sweep_result result;
    char line[LINE_BYTES + 1];

    processor_use_one(place);
    progress_set_stop(NULL);
    for (size_t i = place; i < sweep->list_count && status == EXIT_GOOD; i += jobs) {
        status = run_point(sweep, sweep->list[i], &result);
        write_line(line, &result);
        size_t length = strlen(line);
        line[length++] = '\n';
        if (status == EXIT_GOOD && write(to, line, length) != (ssize_t)length) {
            status = EXIT_BENCH;
        }
    }
    fflush(NULL);
    _exit(status);
}

static bool start_workers(struct sweep *sweep, pid_t workers[JOBS_MAX], unsigned jobs, int to) {
    pid_t parent = getpid();

    for (unsigned place = 0; place < jobs; place++) {
        fflush(NULL);
        workers[place] = fork();
        if (workers[place] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM);
            if (getppid() != parent) { /* it has gone already */
                _exit(EXIT_BENCH);
            }
            work(sweep, place, jobs, to);
        }
        if (workers[place] < 0) {
            return fail("no process to run points: %s", strerror(errno));
        }
    }
    return true;
}

static bool take_line(struct sweep *sweep, const char *line) {
    struct sweep_result result;

    if (!read_line(sweep, line, &result)) {
        return fail("a run of %s answered '%s'", sweep->ops->command, line);
    }
    if (!take_result(sweep, &result) || (sweep->journal.fd != 0 && !journal_add(&sweep->journal, line))) {
        return false;
    }
    sweep->runs++;
    show_progress(sweep, result.point);
    return true;
}

/* The worst of what they ended with. */
static enum exit_status end_workers(const pid_t workers[JOBS_MAX], unsigned jobs) {
    enum exit_status worst = EXIT_GOOD;

    for (unsigned place = 0; place < jobs; place++) {
        int status;
        if (workers[place] <= 0 || waitpid(workers[place], &status, 0) != workers[place]) {
            continue;
        }
        enum exit_status one = WIFEXITED(status) ? (enum exit_status)WEXITSTATUS(status) : EXIT_BENCH;
        if (!WIFEXITED(status)) {
            fail("a process that ran points died by signal %d", WTERMSIG(status));
        }
        worst = one > worst ? one : worst;
    }
    return worst;
}

static enum exit_status run_list(struct sweep *sweep) {
    pid_t workers[JOBS_MAX] = {0};
    unsigned jobs = processor_jobs(sweep->options);
    char line[LINE_BYTES + 1];
    int ends[2];
    FILE *from;

    if (pipe2(ends, O_CLOEXEC) != 0 || (from = fdopen(ends[0], "r")) == NULL) {
        fail("no pipe: %s", strerror(errno));
        return EXIT_BENCH;
    }
    show_progress(sweep, NULL);
    bool good = start_workers(sweep, workers, jobs, ends[1]);
    close(ends[1]);
    while (good && fgets(line, sizeof line, from) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        good = take_line(sweep, line);
    }
    fclose(from); /* whoever still writes ends */
    progress_clear();
    enum exit_status status = end_workers(workers, jobs);
    return good ? status : EXIT_BENCH;
}

/* ---- everything ---- */

/* EXIT_BAD_INPUT: a name of --kind that nothing has; said which. */
static enum exit_status check_kinds(const struct sweep *sweep) {
    const char *list = sweep->options->kind, *name;
    size_t length;

    for (uint64_t bit = 1; next_name(&list, &name, &length); bit <<= 1) {
        if (!(sweep->chosen & bit)) {
            fail("--kind: nothing is called '%.*s'", (int)length, name);
            return EXIT_BAD_INPUT;
        }
    }
    return EXIT_GOOD;
}

static enum exit_status list_all(struct sweep *sweep) {
    const struct options *o = sweep->options;
    enum exit_status status = EXIT_GOOD;
    bool first = true;

    for (size_t i = 0; i < SWEEP_IMAGES && status == EXIT_GOOD; i++) {
        for (size_t a = 0; a < SWEEP_ARCHS && status == EXIT_GOOD; a++) {
            if (sweep_wanted(o->arch, g_sweep_archs[a]) && sweep_wanted(o->variant, g_sweep_images[i].variant)) {
                status = sweep->ops->list(sweep, g_sweep_archs[a], &g_sweep_images[i], first);
                first = false;
            }
        }
    }
    if (status == EXIT_GOOD) {
        status = check_kinds(sweep);
    }
    if (status == EXIT_GOOD && sweep->table.count == 0) {
        fail("--kind: nothing is called '%s'", o->kind);
        status = EXIT_BAD_INPUT;
    }
    return status;
}

static enum exit_status list_one(struct sweep *sweep) {
    struct sweep_result result = {.step = ""};
    enum exit_status status = EXIT_GOOD;
    bool reached = true;

    if (strlen(sweep->options->replay) < sizeof result.point) {
        strcpy(result.point, sweep->options->replay);
        strcpy(result.replay, result.point);
    }
    if (!sweep->ops->recognise(&result)) {
        fail("--replay: '%s' is no %s", sweep->options->replay, sweep->ops->form);
        return EXIT_BAD_INPUT;
    }
    if (sweep->ops->reach != NULL) {
        status = sweep->ops->reach(sweep, result.point, &reached);
    }
    if (status == EXIT_GOOD && !reached) {
        fail("--replay: %s is never reached", result.point);
        return EXIT_BAD_INPUT;
    }
    return status != EXIT_GOOD || sweep_add(sweep, result.point) ? status : EXIT_BENCH;
}

/* What was run, in words. The number of runs too, unless the table has it. */
static void describe(const struct sweep *sweep, char *text, size_t bytes) {
    if (sweep->options->replay != NULL) {
        snprintf(text, bytes, "%s", sweep->options->replay);
        return;
    }
    sweep->ops->describe(sweep->options, text, bytes);
    if (sweep->ops->layout.amount_column == 0) {
        snprintf(text + strlen(text), bytes - strlen(text), ", %llu runs",
                 (unsigned long long)(sweep->runs + sweep->resumed));
    }
}

static void finish(struct sweep *sweep) {
    progress_set_stop(NULL);
    free_list(sweep->replays, sweep->replay_count);
    free_list(sweep->list, sweep->list_count);
    free_list(sweep->kept, sweep->kept_count);
    journal_close(&sweep->journal);
    audio_in_free(&sweep->microphone);
    audio_in_free(&sweep->render);
}

static enum exit_status sweep_all(struct sweep *sweep) {
    uint64_t frames = sweep->ops->sound_frames + sweep->ops->spare_frames;
    char swept[128];

    show_progress(sweep, NULL);
    if (!audio_in_generate(&sweep->render, 2, frames) || !audio_in_generate(&sweep->microphone, 1, frames)) {
        return EXIT_BENCH;
    }
    /* A journal is thrown away only when the command line is known to be good. */
    enum exit_status status = sweep->options->fresh ? EXIT_GOOD : open_journal(sweep);
    if (status == EXIT_GOOD) {
        status = sweep->options->replay != NULL ? list_one(sweep) : list_all(sweep);
    }
    if (status == EXIT_GOOD && sweep->options->fresh) {
        status = open_journal(sweep);
    }
    if (status == EXIT_GOOD) {
        status = run_list(sweep);
    }
    if (status != EXIT_GOOD) {
        return status;
    }
    describe(sweep, swept, sizeof swept);
    sweep_table_print(&sweep->table, swept, sweep->replays, sweep->replay_count, sweep->options->json);
    return sweep_table_good(&sweep->table) ? EXIT_GOOD : EXIT_NOT_GOOD;
}

enum exit_status sweep_run(const struct sweep_ops *ops, const struct options *options) {
    static struct sweep sweep;

    sweep = (struct sweep){.ops = ops, .options = options, .render.fd = -1, .microphone.fd = -1,
                           .table.layout = &ops->layout, .random = options->seed};
    enum exit_status status = sweep_all(&sweep);
    finish(&sweep);
    return status;
}
