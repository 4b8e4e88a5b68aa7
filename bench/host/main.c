/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * aero-bench: runs a Windows 7 sound driver on Linux.
 *
 *     options   what the user wants             session   guest + device + this process
 *     audio_in  sound files -> S16 48 kHz       requests  what the guest asks for
 *     bus       the device                      report    did it arrive?
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audio_in.h"
#include "audio_out.h"
#include "drift.h"
#include "error.h"
#include "faults.h"
#include "interleave.h"
#include "logo.h"
#include "measure.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "session.h"
#include "soak.h"
#include "steps.h"
#include "vtime.h"

#define DEFAULT_RECORD_SECONDS 5u
#define DEFAULT_SCENARIO_SECONDS 1u
#define DEFAULT_ARCH "x64"
#define BUILT_SYS "drivers/windows7/virtio-snd/%s/aero_virtio_snd.sys" /* below out/ */
#define SETTLE_FRAMES 4800u /* recorded beyond the signal, beside what buffer and jitter can hold back */

/* Everything one command holds; each member is undone by `release`. */
struct work {
    struct options options;
    struct session_input input;
    struct sound render, microphone;
    struct audio_out played, recorded;
    struct session session;
    bool session_used;
};

static void say(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        return; /* nobody listens */
    }
}

static void say_stop(void) {
    const char *text = progress_stop();

    if (text != NULL) {
        say(isatty(STDERR_FILENO) ? "\r\033[Kaero-bench: " : "aero-bench: ");
        say(text);
        say("\n");
    }
}

/* Nothing half-written, no process left, and one line that says whose fault it was. */
static void on_fatal_signal(int number) {
    const char *running = bus_running();

    session_kill_guest();
    audio_out_discard_all();
    if (number == SIGINT || number == SIGTERM || number == SIGHUP) {
        say_stop();
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    say(running != NULL ? "aero-bench: the device crashed in " : "aero-bench: internal fault");
    say(running != NULL ? running : "");
    say("\n");
    _exit(running != NULL ? EXIT_BAD_INPUT : EXIT_BENCH);
}

static void catch_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction action = {.sa_handler = on_fatal_signal, .sa_flags = SA_RESETHAND | SA_NODEFER};
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN); /* a helper program that ended shows as a failed write */
    signal(SIGXFSZ, SIG_IGN); /* and so does a file that must not grow */
}

/* Finds the driver and the architecture it is for. */
static bool choose_driver(const struct options *o, struct session_input *input) {
    char directory[4096];
    const char *wanted = o->arch;

    if (o->sys == NULL) {
        wanted = wanted != NULL ? wanted : DEFAULT_ARCH;
        if (!program_directory(directory, sizeof directory)) {
            return false;
        }
        char *slash = strrchr(directory, '/');
        *slash = '\0'; /* from out/host to out */
        int length = snprintf(input->sys, sizeof input->sys, "%s/" BUILT_SYS, directory, wanted);
        if (length >= (int)sizeof input->sys) {
            return fail("%s: the path is too long", directory);
        }
    } else if (snprintf(input->sys, sizeof input->sys, "%s", o->sys) >= (int)sizeof input->sys) {
        return fail("%.60s...: the path is too long", o->sys);
    }
    return image_arch(input->sys, wanted, &input->arch);
}

/* The length that `--seconds` allows, in frames. */
static uint64_t limit(const struct options *o, uint64_t otherwise) {
    return o->seconds != OPTION_ABSENT ? o->seconds * ENDPOINT_RATE : otherwise;
}

static bool prepare_render(struct work *w) {
    const struct options *o = &w->options;

    w->input.render = &w->render;
    if (o->command->kind == COMMAND_SCENARIO) {
        return audio_in_generate(&w->render, 2, limit(o, DEFAULT_SCENARIO_SECONDS * ENDPOINT_RATE));
    }
    return audio_in_read(&w->render, o->operand, 2, limit(o, UINT64_MAX));
}

static bool prepare_microphone(struct work *w) {
    const struct options *o = &w->options;
    uint64_t frames = limit(o, w->input.render != NULL ? w->render.frames : DEFAULT_RECORD_SECONDS * ENDPOINT_RATE);

    w->input.microphone = &w->microphone;
    if (o->microphone != NULL ? !audio_in_read(&w->microphone, o->microphone, 1, limit(o, UINT64_MAX))
                              : !audio_in_generate(&w->microphone, 1, frames)) {
        return false;
    }
    w->input.record_frames = w->microphone.frames + SETTLE_FRAMES + 2 * o->buffer_frames + 4 * 48 * o->jitter_ms;
    return true;
}

/* OUT.wav -> OUT-recorded.wav */
static bool open_second_output(struct work *w) {
    char path[AUDIO_OUT_PATH_BYTES];
    const char *name = w->options.output, *slash = strrchr(name, '/'), *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot > (slash != NULL ? slash + 1 : name) ? (size_t)(dot - name) : strlen(name);

    if ((size_t)snprintf(path, sizeof path, "%.*s-recorded%s", (int)stem, name, name + stem) >= sizeof path) {
        return fail("%.60s...: the path is too long", name);
    }
    return audio_out_open(&w->recorded, path);
}

static bool prepare_outputs(struct work *w) {
    const struct options *o = &w->options;

    if (o->output == NULL) {
        return true;
    }
    if (o->command->kind == COMMAND_RECORD) {
        return audio_out_open(&w->recorded, o->output);
    }
    return audio_out_open(&w->played, o->output) && (o->command->kind != COMMAND_DUPLEX || open_second_output(w));
}

static bool prepare(struct work *w) {
    static const struct {
        bool render, microphone;
    } needs[] = {
        [COMMAND_PLAY] = {true, false},    [COMMAND_RECORD] = {false, true}, [COMMAND_DUPLEX] = {true, true},
        [COMMAND_SCENARIO] = {true, true}, [COMMAND_SHOW] = {false, false},  [COMMAND_LOAD] = {false, false}};
    enum command_kind kind = w->options.command->kind;

    w->input.options = &w->options;
    return choose_driver(&w->options, &w->input) && (!needs[kind].render || prepare_render(w)) &&
           (!needs[kind].microphone || prepare_microphone(w)) && prepare_outputs(w);
}

static bool write_outputs(struct work *w, const struct report *report) {
    const struct session *s = &w->session;
    bool good = true;

    if (w->played.temporary[0] != '\0') {
        good = audio_out_commit(&w->played, s->board.playback.samples, s->board.playback.frames, 2);
    }
    if (good && w->recorded.temporary[0] != '\0') {
        good = audio_out_commit(&w->recorded, s->recorded, report->capture.frames_out, 1);
    }
    return good;
}

static enum exit_status run(struct work *w, int argc, char **argv) {
    struct report report;
    uint64_t frames = w->render.frames > w->microphone.frames ? w->render.frames : w->microphone.frames;

    w->session_used = true;
    enum exit_status status = session_open(&w->session, &w->input);
    if (status != EXIT_GOOD) {
        return status;
    }
    progress_begin(vtime_ns(frames));
    status = session_run(&w->session);
    report_evaluate(&report, &w->session);
    if (status == EXIT_VIOLATION) {
        report_violation(&w->session, argc, argv);
    }
    if (status == EXIT_GOOD && !write_outputs(w, &report)) {
        return EXIT_BENCH;
    }
    if (w->options.command->kind == COMMAND_SHOW) {
        fflush(stdout);
    } else if (status == EXIT_GOOD || status == EXIT_VIOLATION) {
        report_print(&report, &w->session);
    }
    return status == EXIT_GOOD && !report_good(&report, &w->session) ? EXIT_NOT_GOOD : status;
}

static void release(struct work *w) {
    if (w->session_used) {
        session_close(&w->session);
    }
    audio_out_discard(&w->recorded);
    audio_out_discard(&w->played);
    audio_in_free(&w->microphone);
    audio_in_free(&w->render);
}

int main(int argc, char **argv) {
    static struct work w = {.render.fd = -1, .microphone.fd = -1};
    enum exit_status status = EXIT_BAD_INPUT;
    bool help;

    catch_signals();
    if (!options_parse(&w.options, argc, argv, &help)) {
        return EXIT_BAD_INPUT;
    }
    if (help) {
        options_help();
        return EXIT_GOOD;
    }
    if (w.options.command->kind == COMMAND_BENCH) {
        return measure_costs(&w.options, choose_driver);
    }
    if (w.options.command->kind == COMMAND_DRIFT) {
        return drift_run(&w.options, choose_driver);
    }
    if (w.options.command->kind == COMMAND_FAULTS) {
        return faults_run(&w.options);
    }
    if (w.options.command->kind == COMMAND_SOAK) {
        return soak_run(&w.options);
    }
    if (w.options.command->kind == COMMAND_STEPS) {
        return steps_run(&w.options);
    }
    if (w.options.command->kind == COMMAND_INTERLEAVE) {
        return interleave_run(&w.options);
    }
    if (w.options.command->kind == COMMAND_LOGO) {
        w.input.options = &w.options;
        return choose_driver(&w.options, &w.input) ? logo_run(&w.input) : EXIT_BAD_INPUT;
    }
    if (prepare(&w)) {
        status = run(&w, argc, argv);
    }
    release(&w);
    return status;
}
