/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "drift.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "drift_cell.h"
#include "drift_table.h"
#include "processor.h"
#include "progress.h"
#include "report.h"

#define DAY_SECONDS 86400u
#define CELLS_MAX 256u
#define LOOK_US 100000u
#define NS_PER_SECOND 1000000000ull

static const int s_ppm[] = {-500, -100, 0, 100, 500};
static const char *const s_devices[] = {"model:specification", "model:aero"};
static const char *const s_archs[] = {"x86", "x64"};
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct drift {
    const struct options *options;
    struct drift_cell cells[CELLS_MAX];
    size_t count;
    uint64_t *reached; /* [cell] virtual ns, shared with the processes that run them */
    pid_t running[CELLS_MAX]; /* 0: no */
    unsigned place[CELLS_MAX]; /* of those that run: below the number that may run at once */
};

/* ---- which cells ---- */

/* FNV-1a; a result counts only for exactly the programs that made it. False: said why. */
static bool hash_file(uint64_t *hash, const char *path) {
    unsigned char part[4096];
    size_t n;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return fail("%s: %s", path, strerror(errno));
    }
    while ((n = fread(part, 1, sizeof part, file)) != 0) {
        for (size_t i = 0; i < n; i++) {
            *hash = (*hash ^ part[i]) * 0x100000001B3ull;
        }
    }
    fclose(file);
    return true;
}

/* Where the result of a cell is kept: its name says driver, bench and options. False: said why. */
static bool name_file(struct drift_cell *cell, const struct options *o) {
    uint64_t hash = 0xCBF29CE484222325ull;
    char directory[SYS_PATH_BYTES], guest[SYS_PATH_BYTES + 16], text[512];

    if (!program_directory(directory, sizeof directory)) {
        return false;
    }
    snprintf(guest, sizeof guest, "%s/%s", directory, strcmp(cell->arch, "x64") == 0 ? "guest64" : "guest32");
    if (!hash_file(&hash, cell->sys) || !hash_file(&hash, "/proc/self/exe") || !hash_file(&hash, guest)) {
        return false;
    }
    snprintf(text, sizeof text, "%s %d %llu %d %llu %llu %llu %llu %d %d %d", cell->device, cell->ppm,
             (unsigned long long)cell->seconds, o->event_mode, (unsigned long long)o->notifications,
             (unsigned long long)o->buffer_frames, (unsigned long long)o->jitter_ms, (unsigned long long)o->seed,
             o->null_backend, o->polling_only, o->no_interrupt);
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * 0x100000001B3ull;
    }
    *strrchr(directory, '/') = '\0'; /* from out/host to out */
    if (snprintf(cell->path, sizeof cell->path, "%s/drift", directory) >= (int)sizeof cell->path ||
        (mkdir(cell->path, 0777) != 0 && errno != EEXIST)) {
        return fail("%s/drift: cannot be made: %s", directory, strerror(errno));
    }
    size_t length = strlen(cell->path);
    int rest = snprintf(cell->path + length, sizeof cell->path - length, "/%016llx", (unsigned long long)hash);
    return rest < (int)(sizeof cell->path - length) || fail("%s: the path is too long", directory);
}

static bool add_cell(struct drift *drift, const struct options *options, choose_driver_fn choose, const char *device,
                     int ppm) {
    struct drift_cell *cell = &drift->cells[drift->count];
    struct session_input input = {.options = options};

    if (drift->count == CELLS_MAX) {
        return fail("drift: more than %u cells", CELLS_MAX);
    }
    if (strcmp(device, "model") != 0 && strncmp(device, "model:", 6) != 0) {
        return fail("drift: --device %s: only the built-in model tells its clock", device);
    }
    if (strstr(device, "ppm") != NULL) {
        return fail("drift: --device %s: the clock is set by --ppm", device);
    }
    if (strlen(device) >= sizeof cell->device) {
        return fail("--device: the name is too long");
    }
    if (!choose(options, &input)) {
        return false;
    }
    snprintf(cell->device, sizeof cell->device, "%s", device[5] != '\0' ? device + 6 : "aero");
    memcpy(cell->sys, input.sys, sizeof cell->sys);
    cell->arch = input.arch;
    cell->ppm = ppm;
    cell->seconds = options->seconds != OPTION_ABSENT ? options->seconds : DAY_SECONDS;
    cell->status = EXIT_BENCH;
    drift->count++;
    return name_file(cell, options);
}

/* Reads --ppm. False: said why. */
static bool one_ppm(const char *text, int *ppm) {
    char *end;
    long value = strtol(text, &end, 10);

    *ppm = (int)value;
    return (*text != '\0' && *end == '\0' && value >= -10000 && value <= 10000) ||
           fail("--ppm: '%s' is not a whole number from -10000 to 10000", text);
}

static bool list_cells(struct drift *drift, choose_driver_fn choose) {
    static struct options each[COUNT(s_archs)];
    const struct options *o = drift->options;
    size_t archs = o->arch != NULL || o->sys != NULL ? 1 : COUNT(s_archs);
    size_t devices = o->device_list.count != 0 ? o->device_list.count : COUNT(s_devices);
    int ppm = 0;

    if (o->ppm != NULL && !one_ppm(o->ppm, &ppm)) {
        return false;
    }
    for (size_t a = 0; a < archs; a++) {
        each[a] = *o;
        each[a].arch = archs == 1 ? o->arch : s_archs[a];
        for (size_t d = 0; d < devices; d++) {
            const char *device = o->device_list.count != 0 ? o->device_list.items[d] : s_devices[d];
            for (size_t p = 0; p < (o->ppm != NULL ? 1 : COUNT(s_ppm)); p++) {
                if (!add_cell(drift, &each[a], choose, device, o->ppm != NULL ? ppm : s_ppm[p])) {
                    return false;
                }
            }
        }
    }
    return true;
}

/* ---- running one ---- */

static uint64_t wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

/* The command line that runs this cell alone. */
static void report_broken_rule(const struct session *session, const struct drift_cell *cell, const char *device) {
    char ppm[16], seconds[32];
    const char *again[] = {"./aero-snd", "drift", "--sys", cell->sys, "--device", device, "--ppm", ppm, "--seconds",
                           seconds};

    snprintf(ppm, sizeof ppm, "%d", cell->ppm);
    snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)cell->seconds);
    report_violation(session, COUNT(again), (char **)(uintptr_t)again);
}

static enum exit_status run_cell(struct drift_cell *cell, const struct options *usual, uint64_t *reached) {
    static struct session session;
    static struct drift_watch watch;
    char spec[512], alone[300];
    struct options options = *usual;
    struct session_input input = {.options = &options, .arch = cell->arch, .scenario = "drift", .watch = &watch,
                                  .run_ns = cell->seconds * NS_PER_SECOND, .device_in_guest = !usual->apart};
    uint64_t start = wall_ms();

    snprintf(alone, sizeof alone, "model:%s", cell->device);
    snprintf(spec, sizeof spec, "%s,ppm=%d", alone, cell->ppm);
    options.device = spec;
    memcpy(input.sys, cell->sys, sizeof input.sys);
    drift_watch_init(&watch, input.run_ns);
    watch.reached = reached;
    enum exit_status status = session_open(&session, &input);
    if (status == EXIT_GOOD) {
        drift_watch_attach(&watch, &session.board);
        progress_begin(0);
        status = session_run(&session);
    }
    if (status == EXIT_VIOLATION) {
        report_broken_rule(&session, cell, alone);
    }
    if (status == EXIT_GOOD && !watch.done) {
        fail("drift: the guest never said that the watch ends");
        status = EXIT_BENCH;
    }
    if (status == EXIT_GOOD) {
        memcpy(cell->figures, watch.figures, sizeof cell->figures);
        cell->wall_ms = wall_ms() - start;
        status = drift_cell_save(cell) ? EXIT_GOOD : EXIT_BENCH;
    }
    session_close(&session);
    return status;
}

/* ---- running all ---- */

/* Every cell in a process of its own: a crash costs one cell, and as many run at once as there are processors. */
static bool start_cell(struct drift *drift, size_t i, unsigned place) {
    pid_t parent = getpid();

    fflush(NULL);
    drift->place[i] = place;
    drift->running[i] = fork();
    if (drift->running[i] < 0) {
        drift->running[i] = 0;
        return fail("drift: no process for a cell: %s", strerror(errno));
    }
    if (drift->running[i] == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) { /* it has gone already */
            _exit(EXIT_BENCH);
        }
        processor_use_one(place);
        enum exit_status status = run_cell(&drift->cells[i], drift->options, &drift->reached[i]);
        fflush(NULL);
        _exit(status);
    }
    return true;
}

static void show(const struct drift *drift) {
    uint64_t done = 0;

    for (size_t i = 0; i < drift->count; i++) {
        const struct drift_cell *cell = &drift->cells[i];
        uint64_t all = cell->seconds * NS_PER_SECOND;
        uint64_t reached = drift->reached[i] < all ? drift->reached[i] : all;
        done += cell->kept ? all : reached;
    }
    progress_now(done);
}

/* The line that stays: on a terminal and in a log alike. */
static void say_end(const struct drift *drift, size_t i) {
    const struct drift_cell *cell = &drift->cells[i];
    size_t left = 0;

    for (size_t k = 0; k < drift->count; k++) {
        left += !drift->cells[k].kept && drift->reached[k] != UINT64_MAX;
    }
    if (!drift->options->json || isatty(STDERR_FILENO)) {
        progress_clear();
        fprintf(stderr, "%s %s %+d ppm: %s in %.0f s; %zu to go\n", cell->arch, cell->device, cell->ppm,
                drift_holds(cell) ? "held" : "BROKE", (double)cell->wall_ms / 1000, left);
    }
}

/* Waits until a cell ends, and takes its result. The place that is free now. */
static unsigned await_cell(struct drift *drift) {
    unsigned place = 0;
    int status;
    pid_t ended;

    while ((ended = waitpid(-1, &status, WNOHANG)) == 0) {
        show(drift);
        usleep(LOOK_US);
    }
    for (size_t i = 0; i < drift->count; i++) {
        struct drift_cell *cell = &drift->cells[i];
        if (drift->running[i] != ended) {
            continue;
        }
        drift->running[i] = 0;
        place = drift->place[i];
        drift->reached[i] = UINT64_MAX;
        cell->status = WIFEXITED(status) ? (enum exit_status)WEXITSTATUS(status) : EXIT_BENCH;
        if (cell->status == EXIT_GOOD && !drift_cell_load(cell)) {
            fail("%s: the result cannot be read", cell->path);
            cell->status = EXIT_BENCH;
        }
        say_end(drift, i);
    }
    return place;
}

static bool run_cells(struct drift *drift) {
    unsigned most = processor_jobs(drift->options), running = 0;
    bool good = true;

    for (size_t i = 0; good && i < drift->count; i++) {
        if (drift->cells[i].kept) {
            continue;
        }
        unsigned place = running == most ? await_cell(drift) : running++;
        good = start_cell(drift, i, place);
        running -= !good;
    }
    for (; running != 0; running--) {
        await_cell(drift);
    }
    return good;
}

static void resume(struct drift *drift) {
    for (size_t i = 0; i < drift->count; i++) {
        struct drift_cell *cell = &drift->cells[i];
        cell->kept = !drift->options->fresh && drift_cell_load(cell);
        if (cell->kept) {
            cell->status = EXIT_GOOD;
        }
    }
}

enum exit_status drift_run(const struct options *options, choose_driver_fn choose) {
    static struct drift drift;
    enum exit_status status = EXIT_GOOD;
    uint64_t all = 0;

    drift.options = options;
    drift.reached = mmap(NULL, CELLS_MAX * sizeof *drift.reached, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);
    if (drift.reached == MAP_FAILED) {
        fail("out of memory");
        return EXIT_BENCH;
    }
    if (!list_cells(&drift, choose)) {
        return EXIT_BAD_INPUT;
    }
    for (size_t i = 0; i < drift.count; i++) {
        all += drift.cells[i].seconds * NS_PER_SECOND;
    }
    resume(&drift);
    progress_begin(all);
    bool ran = run_cells(&drift);
    progress_end();
    if (!ran) {
        return EXIT_BENCH;
    }
    for (size_t i = 0; i < drift.count; i++) {
        const struct drift_cell *cell = &drift.cells[i];
        enum exit_status one = cell->status == EXIT_GOOD && !drift_holds(cell) ? EXIT_NOT_GOOD : cell->status;
        status = one > status ? one : status;
    }
    drift_table_print(drift.cells, drift.count, options);
    return status;
}
