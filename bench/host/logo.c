/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "logo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "progress.h"
#include "report.h"
#include "vtime.h"

#define ROWS_MAX 128u
#define SOUND_SECONDS 5u
#define LOAD_JITTER_MS 3u /* every timer and client late by up to this: a processor that is busy with others */
#define RECORD_SURPLUS_FRAMES 9600u

struct row {
    char criterion[160];
    char relation[4];
    char unit[24];
    double limit, value;
    bool met;
};

struct logo {
    struct row rows[ROWS_MAX];
    size_t count;
};

static bool holds(const char *relation, double value, double limit) {
    return strcmp(relation, "<=") == 0   ? value <= limit
           : strcmp(relation, "<") == 0  ? value < limit
           : strcmp(relation, ">=") == 0 ? value >= limit
                                         : value == limit;
}

static void add(struct logo *logo, const char *criterion, const char *relation, double limit, double value,
                const char *unit) {
    if (logo->count == ROWS_MAX) {
        return;
    }
    struct row *row = &logo->rows[logo->count++];
    snprintf(row->criterion, sizeof row->criterion, "%s", criterion);
    snprintf(row->relation, sizeof row->relation, "%s", relation);
    snprintf(row->unit, sizeof row->unit, "%s", unit);
    row->limit = limit;
    row->value = value;
    row->met = holds(relation, value, limit);
}

/* A line of the guest: "criterion|relation|limit|value|unit". */
static void on_line(void *opaque, const char *line) {
    char criterion[160], relation[4], unit[24];
    double limit, value;

    if (sscanf(line, "%159[^|]|%3[^|]|%lf|%lf|%23[^\n]", criterion, relation, &limit, &value, unit) == 5) {
        add(opaque, criterion, relation, limit, value, unit);
    }
}

/* One run of the guest. Says on stderr why it failed. */
static enum exit_status one_run(struct session_input *input, struct report *report) {
    static struct session session;
    enum exit_status status = session_open(&session, input);

    memset(report, 0, sizeof *report);
    if (status == EXIT_GOOD) {
        progress_begin(0);
        status = session_run(&session);
        report_evaluate(report, &session);
    }
    if (status == EXIT_VIOLATION) {
        char *again[] = {"./aero-snd", "scenario", (char *)(uintptr_t)input->scenario, "--sys", input->sys, "--device",
                         (char *)(uintptr_t)input->options->device};
        report_violation(&session, (int)(sizeof again / sizeof again[0]), again);
    }
    session_close(&session);
    return status;
}

/* Render and capture at once: nothing may be missing, doubled or late. */
static enum exit_status full_duplex(struct logo *logo, struct session_input *input, const char *what) {
    struct report report;
    char name[160];

    input->scenario = "duplex";
    enum exit_status status = one_run(input, &report);
    const struct report_stream *const streams[] = {&report.render, &report.capture};
    for (size_t i = 0; i < 2; i++) {
        const struct comparison *c = &streams[i]->comparison;
        snprintf(name, sizeof name, "%s: glitches of %s", what, i == 0 ? "render" : "capture");
        /* A run that ended early has no sound to judge; it counts as one. */
        add(logo, name, "==", 0, status == EXIT_GOOD ? (double)c->gaps + !c->bit_exact : 1.0, "glitches");
    }
    return status;
}

static const struct {
    const char *scenario, *criterion;
} s_checks[] = {
    {"registers_are_refused", "registers refused, the property answers instead"},
    {"notification_events", "conformance: notification events"},
    {"bad_buffers_are_refused", "invalid buffer sizes are rejected"},
    {"property_sizes", "invalid property sizes and ids are rejected"},
    {"formats", "formats that are not offered are rejected"},
    {"data_intersection", "data ranges intersect as they should"},
    {"state_walks", "states in any order"},
    {"two_opens_of_one_pin_are_refused", "a second stream of one pin is rejected"},
    {"disable_enable", "disable and enable, play before and after"},
};

static enum exit_status worse(enum exit_status a, enum exit_status b) {
    return a > b ? a : b;
}

static enum exit_status run_all(struct logo *logo, struct session_input *input) {
    const struct options *usual = input->options;
    struct options loaded = *usual;
    struct report report;

    loaded.jitter_ms = usual->jitter_ms > LOAD_JITTER_MS ? usual->jitter_ms : LOAD_JITTER_MS;
    input->on_line = on_line;
    input->line_opaque = logo;
    input->scenario = "logo";
    enum exit_status status = one_run(input, &report);
    add(logo, "every measurement came to its end", "==", 0, status != EXIT_GOOD, "failures");
    status = worse(status, full_duplex(logo, input, "full duplex"));
    input->options = &loaded;
    status = worse(status, full_duplex(logo, input, "full duplex, loaded processor"));
    input->options = usual;
    for (size_t i = 0; i < sizeof s_checks / sizeof s_checks[0]; i++) {
        input->scenario = s_checks[i].scenario;
        enum exit_status one = one_run(input, &report);
        add(logo, s_checks[i].criterion, "==", 0, one != EXIT_GOOD, "failures");
        status = worse(status, one);
    }
    return status;
}

/* How far inside: the part of the limit that is left, in percent; of counts that must be exact there is none. */
static bool margin(const struct row *row, double *percent) {
    if (row->limit == 0 || strcmp(row->relation, "==") == 0 || strcmp(row->relation, ">=") == 0) {
        return false;
    }
    *percent = (row->limit - row->value) / row->limit * 100;
    return true;
}

static void print_table(const struct logo *logo, const struct session_input *input, size_t failed) {
    double left;

    printf("driver %s (%s)\ndevice %s, client %s-driven, jitter %llu ms; times are those of the bench's clock\n\n",
           input->sys, input->arch, input->options->device, input->options->event_mode ? "event" : "timer",
           (unsigned long long)input->options->jitter_ms);
    printf("%-56s %12s %13s %-9s %8s  verdict\n", "criterion", "limit", "measured", "unit", "inside");
    for (size_t i = 0; i < logo->count; i++) {
        const struct row *row = &logo->rows[i];
        char limit[32], inside[32] = "";
        snprintf(limit, sizeof limit, "%s %g", row->relation, row->limit);
        if (margin(row, &left)) {
            snprintf(inside, sizeof inside, "%.1f %%", left);
        }
        printf("%-56s %12s %13.6g %-9s %8s  %s\n", row->criterion, limit, row->value, row->unit, inside,
               row->met ? "met" : "NOT MET");
    }
    printf("\n%zu of %zu criteria met\n", logo->count - failed, logo->count);
}

static void print_json(const struct logo *logo, const struct session_input *input, size_t failed) {
    double left;

    printf("{");
    report_json_string("sys", input->sys);
    report_json_string("arch", input->arch);
    report_json_string("device", input->options->device);
    printf("\"failed\": %zu, \"criteria\": [", failed);
    for (size_t i = 0; i < logo->count; i++) {
        const struct row *row = &logo->rows[i];
        printf("%s{", i != 0 ? ", " : "");
        report_json_string("criterion", row->criterion);
        report_json_string("relation", row->relation);
        report_json_string("unit", row->unit);
        if (margin(row, &left)) {
            printf("\"inside_percent\": %.3f, ", left);
        }
        printf("\"limit\": %.9g, \"value\": %.9g, \"met\": %s}", row->limit, row->value, row->met ? "true" : "false");
    }
    printf("]}\n");
}

enum exit_status logo_run(struct session_input *input) {
    static struct logo logo;
    const struct options *options = input->options;
    struct sound render = {.fd = -1}, microphone = {.fd = -1};
    uint64_t frames = SOUND_SECONDS * ENDPOINT_RATE;
    enum exit_status status = EXIT_BENCH;
    size_t failed = 0;

    if (audio_in_generate(&render, 2, frames) && audio_in_generate(&microphone, 1, frames)) {
        input->render = &render;
        input->microphone = &microphone;
        input->record_frames = frames + RECORD_SURPLUS_FRAMES + 2 * options->buffer_frames;
        status = run_all(&logo, input);
        input->options = options;
        for (size_t i = 0; i < logo.count; i++) {
            failed += !logo.rows[i].met;
        }
        options->json ? print_json(&logo, input, failed) : print_table(&logo, input, failed);
        fflush(stdout);
        status = status == EXIT_GOOD && failed != 0 ? EXIT_NOT_GOOD : status;
    }
    audio_in_free(&microphone);
    audio_in_free(&render);
    return status;
}
