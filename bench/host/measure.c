/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cost_table.h"
#include "processor.h"
#include "progress.h"
#include "report.h"
#include "vtime.h"

#define DEFAULT_SECONDS 10u /* 1,000 periods */
#define BEFORE_SECONDS 3u   /* settling, and the bench's own speed */
#define AROUND_FRAMES (130u * 48u)

static const struct {
    const char *name;
    bool render, capture;
} s_kinds[COST_KINDS] = {
    {"cost_of_render", true, false}, {"cost_of_capture", false, true}, {"cost_of_duplex", true, true}};

/* One run. The measured figures go to `cell`. */
static enum exit_status measure_one(const struct session_input *input, struct cost_cell *cell) {
    static struct session session;
    struct report report;
    enum exit_status status = session_open(&session, input);

    if (status == EXIT_GOOD) {
        progress_begin(vtime_ns(input->render != NULL ? input->render->frames : input->microphone->frames));
        status = session_run(&session);
        report_evaluate(&report, &session);
    }
    if (status == EXIT_VIOLATION) {
        char *again[] = {"./aero-snd", "scenario", (char *)(uintptr_t)input->scenario, "--sys",
                         (char *)(uintptr_t)input->sys, "--device",
                         (char *)(uintptr_t)input->options->device};
        report_violation(&session, (int)(sizeof again / sizeof again[0]), again);
    }
    if (status == EXIT_GOOD) {
        const struct link_result *result = &session.link->result;
        *cell = (struct cost_cell){
            .cost = session.cost,
            .lead_ms = (double)result->render.lead_frames / 48.0,
            .render_latency_ms = report.render.latency_ms,
            .capture_latency_ms = report.capture.latency_ms,
            .pool_idle_bytes = result->pool_idle_bytes,
            .pool_stream_bytes = result->pool_stream_bytes,
            .paced = bus_is_paced(&session.board.bus, input->render != NULL ? 0 : 1),
            .good = report_good(&report, &session),
        };
    }
    session_close(&session);
    return status;
}

/* A run to be made. */
struct job {
    struct options options;
    struct session_input input;
    struct cost_cell *cell;
};

/* All of them, in memory that the processes share. */
struct measurement {
    struct cost_device devices[OPTION_LIST_MAX];
    size_t device_count;
    struct job jobs[OPTION_LIST_MAX * OPTION_LIST_MAX * COST_KINDS];
    size_t job_count;
    size_t next; /* of the jobs, to be taken; atomic */
    struct sound render, microphone;
};

static void add_jobs(struct measurement *m, const struct options *options, const struct session_input *driver,
                     struct cost_driver *to) {
    for (unsigned i = 0; i < COST_KINDS; i++) {
        struct job *job = &m->jobs[m->job_count++];
        *job = (struct job){.options = *options, .input = *driver, .cell = &to->cells[i]};
        job->input.options = &job->options;
        job->input.scenario = s_kinds[i].name;
        job->input.render = s_kinds[i].render ? &m->render : NULL;
        job->input.microphone = s_kinds[i].capture ? &m->microphone : NULL;
        job->input.record_frames =
            s_kinds[i].capture ? m->microphone.frames + AROUND_FRAMES + 2 * options->buffer_frames : 0;
    }
}

/* False: said why. */
static bool add_driver(struct measurement *m, struct cost_device *device, const struct options *options,
                       choose_driver_fn choose) {
    struct session_input driver = {.options = options};
    struct cost_driver *to = &device->drivers[device->count];
    struct stat file;

    if (!choose(options, &driver)) {
        return false;
    }
    snprintf(to->sys, sizeof to->sys, "%s", driver.sys);
    to->arch = driver.arch;
    to->image_bytes = stat(driver.sys, &file) == 0 ? (uint64_t)file.st_size : 0;
    device->count++;
    add_jobs(m, options, &driver, to);
    return true;
}

/* The drivers to compare: those named, or both that were built, or the one for --arch. */
static bool add_drivers(struct measurement *m, struct cost_device *device, const struct options *options,
                        choose_driver_fn choose) {
    static const char *const built[] = {"x86", "x64"};
    size_t count = options->sys_list.count != 0 ? options->sys_list.count : options->arch != NULL ? 1 : 2;

    for (size_t i = 0; i < count; i++) {
        struct options one = *options;
        one.device = device->name;
        if (options->sys_list.count != 0) {
            one.sys = options->sys_list.items[i];
        } else if (options->arch == NULL) {
            one.arch = built[i];
        }
        if (!add_driver(m, device, &one, choose)) {
            return false;
        }
    }
    return true;
}

/* Lists the runs, and opens each device once, so that bad input is refused before the first of them. */
static enum exit_status list_jobs(struct measurement *m, const struct options *options, choose_driver_fn choose) {
    static const char *const usual[] = {"model:aero", "model:qemu"};
    static struct session session;
    bool named = options->device_list.count != 0;

    m->device_count = named ? options->device_list.count : sizeof usual / sizeof usual[0];
    for (size_t i = 0; i < m->device_count; i++) {
        size_t first = m->job_count;
        m->devices[i].name = named ? options->device_list.items[i] : usual[i];
        if (!add_drivers(m, &m->devices[i], options, choose)) {
            return EXIT_BAD_INPUT;
        }
        enum exit_status status = session_open(&session, &m->jobs[first].input);
        session_close(&session);
        if (status != EXIT_GOOD) {
            return status;
        }
    }
    return EXIT_GOOD;
}

/* Takes runs until there are none left, or one failed. */
static enum exit_status work(struct measurement *m) {
    enum exit_status status = EXIT_GOOD;

    while (status == EXIT_GOOD) {
        size_t i = __atomic_fetch_add(&m->next, 1, __ATOMIC_RELAXED);
        if (i >= m->job_count) {
            break;
        }
        status = measure_one(&m->jobs[i].input, m->jobs[i].cell);
    }
    if (status != EXIT_GOOD) {
        __atomic_store_n(&m->next, m->job_count, __ATOMIC_RELAXED);
    }
    return status;
}

/* The worst of the runs' exit statuses. */
static enum exit_status work_side_by_side(struct measurement *m, unsigned workers) {
    enum exit_status worst = EXIT_GOOD;
    pid_t working[JOBS_MAX];

    for (unsigned i = 0; i < workers; i++) {
        working[i] = fork();
        if (working[i] == 0) {
            processor_use_one(i);
            exit(work(m));
        }
    }
    for (unsigned i = 0; i < workers; i++) {
        int status = 0;
        bool ended = working[i] > 0 && waitpid(working[i], &status, 0) == working[i] && WIFEXITED(status);
        enum exit_status one = ended ? (enum exit_status)WEXITSTATUS(status) : EXIT_BENCH;
        worst = one > worst ? one : worst;
    }
    return worst;
}

enum exit_status measure_costs(const struct options *options, choose_driver_fn choose) {
    struct measurement *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t seconds = BEFORE_SECONDS + (options->seconds != OPTION_ABSENT ? options->seconds : DEFAULT_SECONDS);
    uint64_t frames = seconds * ENDPOINT_RATE + AROUND_FRAMES;
    enum exit_status status = EXIT_BENCH;

    if (m == MAP_FAILED) {
        return EXIT_BENCH;
    }
    m->render.fd = m->microphone.fd = -1;
    if (audio_in_generate(&m->render, 2, frames) && audio_in_generate(&m->microphone, 1, frames)) {
        status = list_jobs(m, options, choose);
    }
    if (status == EXIT_GOOD) {
        status = work_side_by_side(m, processor_jobs(options));
    }
    if (status == EXIT_GOOD) {
        status = cost_table_print(m->devices, m->device_count, options) ? EXIT_GOOD : EXIT_NOT_GOOD;
    }
    audio_in_free(&m->microphone);
    audio_in_free(&m->render);
    munmap(m, sizeof *m);
    return status;
}
