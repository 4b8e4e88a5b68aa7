/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cost_table.h"
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
static enum exit_status measure_one(struct session_input *input, struct cost_cell *cell) {
    static struct session session;
    struct report report;
    enum exit_status status = session_open(&session, input);

    if (status == EXIT_GOOD) {
        progress_begin(vtime_ns(input->render != NULL ? input->render->frames : input->microphone->frames));
        status = session_run(&session);
        report_evaluate(&report, &session);
    }
    if (status == EXIT_VIOLATION) {
        char *again[] = {"./aero-snd", "scenario", (char *)(uintptr_t)input->scenario, "--sys", input->sys, "--device",
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
            .good = report_good(&report, &session),
        };
    }
    session_close(&session);
    return status;
}

static enum exit_status measure_driver(const struct options *options, choose_driver_fn choose,
                                       struct session_input *input, struct cost_driver *driver,
                                       const struct sound *render, const struct sound *microphone) {
    struct stat file;

    if (!choose(options, input)) {
        return EXIT_BAD_INPUT;
    }
    snprintf(driver->sys, sizeof driver->sys, "%s", input->sys);
    driver->arch = input->arch;
    driver->image_bytes = stat(input->sys, &file) == 0 ? (uint64_t)file.st_size : 0;
    for (unsigned i = 0; i < COST_KINDS; i++) {
        input->scenario = s_kinds[i].name;
        input->render = s_kinds[i].render ? render : NULL;
        input->microphone = s_kinds[i].capture ? microphone : NULL;
        input->record_frames = s_kinds[i].capture ? microphone->frames + AROUND_FRAMES + 2 * options->buffer_frames : 0;
        enum exit_status status = measure_one(input, &driver->cells[i]);
        if (status != EXIT_GOOD) {
            return status;
        }
    }
    return EXIT_GOOD;
}

/* The drivers to compare: those named, or both that were built, or the one for --arch. */
static size_t list_drivers(const struct options *options, struct options *each) {
    static const char *const built[] = {"x86", "x64"};
    size_t count = options->sys_list.count != 0 ? options->sys_list.count : options->arch != NULL ? 1 : 2;

    for (size_t i = 0; i < count; i++) {
        each[i] = *options;
        if (options->sys_list.count != 0) {
            each[i].sys = options->sys_list.items[i];
        } else if (options->arch == NULL) {
            each[i].arch = built[i];
        }
    }
    return count;
}

/* Measures every driver in a process of its own, side by side; drivers lies in memory that they share. The worst of
 * their exit statuses. */
static enum exit_status measure_all(const struct options *each, size_t count, choose_driver_fn choose,
                                    struct cost_driver *drivers, const struct sound *render,
                                    const struct sound *microphone) {
    enum exit_status worst = EXIT_GOOD;
    pid_t measuring[SYS_LIST_MAX];

    for (size_t i = 0; i < count; i++) {
        measuring[i] = fork();
        if (measuring[i] == 0) {
            struct session_input input = {.options = &each[i]};
            exit(measure_driver(&each[i], choose, &input, &drivers[i], render, microphone));
        }
    }
    for (size_t i = 0; i < count; i++) {
        int status = 0;
        bool ended = measuring[i] > 0 && waitpid(measuring[i], &status, 0) == measuring[i] && WIFEXITED(status);
        enum exit_status one = ended ? (enum exit_status)WEXITSTATUS(status) : EXIT_BENCH;
        worst = one > worst ? one : worst;
    }
    return worst;
}

enum exit_status measure_costs(const struct options *options, choose_driver_fn choose) {
    const size_t bytes = SYS_LIST_MAX * sizeof(struct cost_driver);
    struct cost_driver *drivers = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct options each[SYS_LIST_MAX];
    struct sound render = {.fd = -1}, microphone = {.fd = -1};
    uint64_t seconds = BEFORE_SECONDS + (options->seconds != OPTION_ABSENT ? options->seconds : DEFAULT_SECONDS);
    uint64_t frames = seconds * ENDPOINT_RATE + AROUND_FRAMES;
    size_t count = list_drivers(options, each);
    enum exit_status status = EXIT_BENCH;

    if (drivers != MAP_FAILED && audio_in_generate(&render, 2, frames) &&
        audio_in_generate(&microphone, 1, frames)) {
        status = measure_all(each, count, choose, drivers, &render, &microphone);
    }
    if (status == EXIT_GOOD) {
        status = cost_table_print(drivers, count, options) ? EXIT_GOOD : EXIT_NOT_GOOD;
    }
    audio_in_free(&microphone);
    audio_in_free(&render);
    if (drivers != MAP_FAILED) {
        munmap(drivers, bytes);
    }
    return status;
}
