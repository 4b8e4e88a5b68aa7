/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../signal/pattern.h"
#include "journal.h"
#include "processor.h"
#include "progress.h"
#include "results.h"
#include "soak_lap.h"
#include "soak_table.h"

#define NS_PER_SECOND 1000000000ull
#define LAPS_MAX 100000u
#define LOOK_US 100000u
#define SOUND_FRAMES 48000u

/* What the processes share that run laps. */
struct shared {
    uint64_t next;       /* lap to run; atomic */
    uint64_t virtual_ns; /* of laps that have ended; atomic */
};

struct soak {
    const struct options *options;
    uint64_t until_ns;
    struct sound sound;
    struct journal journal;
    struct soak_lap *laps; /* that it has */
    size_t count;
    struct shared *shared;
};

/* ---- journal ---- */

static int compare_numbers(const void *a, const void *b) {
    uint64_t left = ((const struct soak_lap *)a)->number, right = ((const struct soak_lap *)b)->number;
    return left < right ? -1 : left > right;
}

static bool keep_lap(void *opaque, const char *line) {
    struct soak *soak = opaque;

    if (soak->count == LAPS_MAX) {
        return fail("%s: has more than %u laps", soak->journal.path, LAPS_MAX);
    }
    soak->count += soak_lap_read(&soak->laps[soak->count], soak->options, line);
    return true;
}

/* Sorts the laps. Of those with the same number one is kept: the first, or one that is not good. */
static void sort_laps(struct soak *soak) {
    size_t kept = 0;

    qsort(soak->laps, soak->count, sizeof *soak->laps, compare_numbers);
    for (size_t i = 0; i < soak->count; i++) {
        const struct soak_lap *lap = &soak->laps[i];
        if (kept == 0 || soak->laps[kept - 1].number != lap->number) {
            soak->laps[kept++] = *lap;
        } else if (!soak_lap_is_good(lap)) {
            soak->laps[kept - 1] = *lap;
        }
    }
    soak->count = kept;
}

/* What keeps no lines would leave nothing to judge. */
static bool keeps_lines(const char *path) {
    struct stat status;

    return path == NULL || stat(path, &status) != 0 || S_ISREG(status.st_mode) ||
           fail("%s: is no regular file, and keeps no laps", path);
}

/* Reads what was run. */
static enum exit_status open_journal(struct soak *soak, bool fresh) {
    struct journal_name name = {"soak", RESULTS_HASH_FIRST, soak->options->resume, fresh};
    uint64_t numbers[] = {soak->options->seed, soak_seconds(soak->options)};

    soak->count = 0;
    if (!keeps_lines(soak->options->resume)) {
        return EXIT_BAD_INPUT;
    }
    results_hash(&name.hash, numbers, sizeof numbers);
    if (!journal_hash_programs(&name.hash)) {
        return EXIT_BAD_INPUT;
    }
    enum exit_status status = journal_open(&soak->journal, &name, keep_lap, soak);
    sort_laps(soak);
    return status;
}

static bool journal_has(const struct soak *soak, uint64_t number) {
    const struct soak_lap wanted = {.number = number};

    return soak->count != 0 &&
           bsearch(&wanted, soak->laps, soak->count, sizeof wanted, compare_numbers) != NULL;
}

static bool keep(const struct soak *soak, const struct soak_lap *lap) {
    char line[SOAK_LINE_BYTES];

    soak_lap_write(lap, line);
    return journal_add(&soak->journal, line);
}

/* ---- running ---- */

/* A lap that failed at once brings the end nearer too, or there would be none. */
static uint64_t advance_ns(const struct soak_lap *lap) {
    uint64_t least = lap->stretch_s * NS_PER_SECOND;

    return lap->virtual_ns > least ? lap->virtual_ns : least;
}

static bool run_laps(const struct soak *soak) {
    struct shared *shared = soak->shared;

    while (__atomic_load_n(&shared->virtual_ns, __ATOMIC_SEQ_CST) < soak->until_ns) {
        uint64_t number = __atomic_fetch_add(&shared->next, 1, __ATOMIC_SEQ_CST);
        if (number >= LAPS_MAX) {
            return fail("soak: more than %u laps", LAPS_MAX);
        }
        if (journal_has(soak, number)) {
            continue;
        }
        struct soak_lap lap = soak_lap_make(soak->options->seed, soak_seconds(soak->options), number);
        soak_lap_run(&lap, soak->options, &soak->sound);
        if (!keep(soak, &lap)) {
            return false;
        }
        __atomic_fetch_add(&shared->virtual_ns, advance_ns(&lap), __ATOMIC_SEQ_CST);
    }
    return true;
}

static bool start_process(const struct soak *soak, unsigned place) {
    pid_t parent = getpid();

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) { /* it has gone already */
            _exit(EXIT_BENCH);
        }
        processor_use_one(place);
        bool good = run_laps(soak);
        fflush(NULL);
        _exit(good ? EXIT_GOOD : EXIT_BENCH);
    }
    return child > 0 || fail("soak: no process for the laps: %s", strerror(errno));
}

/* Runs what is missing. False: a process could not go on. */
static bool run_all(struct soak *soak) {
    unsigned wanted = processor_jobs(soak->options), running = 0;
    bool good = true;
    int status;

    while (good && running < wanted) {
        good = start_process(soak, running);
        running += good;
    }
    while (running != 0) {
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended > 0) {
            running--;
            good = good && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GOOD;
            continue;
        }
        progress_now(__atomic_load_n(&soak->shared->virtual_ns, __ATOMIC_SEQ_CST));
        usleep(LOOK_US);
    }
    return good || fail("soak: a process that ran laps ended before its time");
}

static enum exit_status replay(struct soak *soak) {
    uint64_t number;

    if (!options_number(soak->options->replay, 0, LAPS_MAX - 1, &number)) {
        fail("--replay: '%s' is not the number of a lap", soak->options->replay);
        return EXIT_BAD_INPUT;
    }
    soak->laps[0] = soak_lap_make(soak->options->seed, soak_seconds(soak->options), number);
    soak_lap_run(&soak->laps[0], soak->options, &soak->sound);
    return soak_table_print(soak->laps, 1, soak->options);
}

static enum exit_status run_whole(struct soak *soak) {
    enum exit_status status = open_journal(soak, soak->options->fresh);

    if (status != EXIT_GOOD) {
        return status;
    }
    for (size_t i = 0; i < soak->count; i++) {
        soak->shared->virtual_ns += advance_ns(&soak->laps[i]);
    }
    progress_begin(soak->until_ns);
    bool ran = run_all(soak);
    progress_end();
    journal_close(&soak->journal);
    status = ran ? open_journal(soak, false) : EXIT_BENCH;
    if (status != EXIT_GOOD) {
        return status;
    }
    journal_close(&soak->journal);
    if (soak->count == 0) {
        fail("%s: has no lap that could be judged", soak->journal.path);
        return EXIT_BENCH;
    }
    return soak_table_print(soak->laps, soak->count, soak->options);
}

enum exit_status soak_run(const struct options *options) {
    static struct soak soak = {.sound.fd = -1};
    enum exit_status status = EXIT_BENCH;

    soak.options = options;
    soak.until_ns = soak_seconds(options) * NS_PER_SECOND;
    soak.laps = calloc(LAPS_MAX, sizeof *soak.laps);
    soak.shared = mmap(NULL, sizeof *soak.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (soak.laps == NULL || soak.shared == MAP_FAILED) {
        fail("out of memory");
        return EXIT_BENCH;
    }
    if (audio_in_take(&soak.sound, pattern_samples(2), 2, SOUND_FRAMES)) {
        status = options->replay != NULL ? replay(&soak) : run_whole(&soak);
    }
    audio_in_free(&soak.sound);
    free(soak.laps);
    return status;
}
