/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../include/step_facts.h"
#include "compare.h"
#include "report.h"
#include "sweep.h"

#define STATUSES_MAX 6u
#define SOUND_FRAMES 1440u /* 30 ms: a buffer and a half */
#define SPARE_FRAMES 7200u /* what a client goes on for, and the microphone while nobody heard it */
#define TAIL_FRAMES 960u   /* a buffer, of which none may be missing when a client went on */

/* How a life ends in which something happens. */
enum end { END_EXACT, END_WENT_ON, END_ENDED, END_REFUSED, ENDS };
static const char *const s_ends[ENDS] = {"exact", "went-on", "ended", "refused"};
#define EXACT (1u << END_EXACT)     /* every sample of both streams in its place, but for silence while it paused */
#define WENT_ON (1u << END_WENT_ON) /* both clients came to their end; sound was lost, but not what came last */
#define ENDED (1u << END_ENDED)     /* a stream was ended from outside, and nothing was refused */

enum stream { RENDER, CAPTURE, STREAMS };
static const char *const s_streams[STREAMS] = {"render", "capture"};
#define NEITHER 0u
#define PLAYED (1u << RENDER)
#define BOTH (1u << RENDER | 1u << CAPTURE)

static const char s_unconnected[] = "STATUS_DEVICE_NOT_CONNECTED", s_bad_state[] = "STATUS_INVALID_DEVICE_STATE",
                  s_removed[] = "STATUS_DEVICE_REMOVED", s_unready[] = "STATUS_DEVICE_NOT_READY",
                  s_timeout[] = "STATUS_IO_TIMEOUT", s_unsupported[] = "STATUS_NOT_SUPPORTED",
                  s_configuration[] = "STATUS_DEVICE_CONFIGURATION_ERROR";

/* drivers/windows7/virtio-snd/docs/errors.md says the same to people; tests/commands/test_steps.py compares. */
static const struct event {
    const char *name;
    unsigned where;    /* facts without which it means nothing */
    unsigned distinct; /* further ones without which it waits, and comes to the same as at a later step */
    unsigned ends;     /* that are good */
    unsigned whole;    /* streams that lose nothing, unless they are refused or ended: more than some of the ends ask */
    const char *start[STATUSES_MAX];   /* what START_DEVICE may answer; none: it may not fail */
    const char *streams[STATUSES_MAX]; /* what a stream may be refused with */
} s_events[] = {
    {"interrupt", 0, STEP_INTERRUPTIBLE, EXACT, BOTH, {NULL}, {NULL}},
    {"device-interrupt", 0, 0, EXACT, BOTH, {NULL}, {NULL}},
    {"dpc", STEP_TIMED, 0, EXACT, BOTH, {NULL}, {NULL}},
    {"notification", STEP_TIMED, 0, EXACT, BOTH, {NULL}, {NULL}},
    {"needs-reset", 0, 0, EXACT | WENT_ON, NEITHER, {NULL}, {s_unconnected, s_bad_state}},
    {"removal", 0, 0, EXACT | ENDED, BOTH, {s_unconnected, s_timeout, s_unsupported, s_configuration},
     {s_unconnected, s_removed, s_unready}},
    {"pause", STEP_OPEN, STEP_PREEMPTIBLE, EXACT | WENT_ON, PLAYED, {NULL}, {NULL}},
    {"stop", STEP_OPEN, STEP_PREEMPTIBLE, EXACT | ENDED, BOTH, {NULL}, {NULL}},
    {"close", STEP_OPEN, STEP_PREEMPTIBLE, EXACT | ENDED, BOTH, {NULL}, {NULL}},
    {"disable", STEP_STARTED, STEP_PREEMPTIBLE, EXACT | ENDED, BOTH, {NULL}, {NULL}},
    {"rebalance", STEP_STARTED, STEP_PREEMPTIBLE, EXACT, BOTH, {NULL}, {s_unconnected, s_timeout, s_unready}},
    {"d3", STEP_STARTED, STEP_PREEMPTIBLE, EXACT | WENT_ON, PLAYED, {NULL}, {s_unready}},
    {"s3", STEP_STARTED, STEP_PREEMPTIBLE, EXACT | WENT_ON, PLAYED, {NULL}, {s_unready}},
    {"s4", STEP_STARTED, STEP_PREEMPTIBLE, EXACT | WENT_ON, PLAYED, {NULL}, {s_unready}},
};
#define EVENTS (sizeof s_events / sizeof s_events[0])

struct point {
    const char *arch;
    const struct sweep_image *image;
    const struct event *event; /* NULL: nothing happens, steps are counted */
    uint64_t nth;
};

/* What one run told. */
struct run {
    struct sweep_life life;
    const struct point *point;
    uint8_t *facts; /* of each step, from 1 */
    size_t fact_count;
    uint64_t steps;
    const struct sound *heard;  /* by the microphone */
    uint64_t played, recorded;  /* frames */
    unsigned complete; /* streams of which all sound arrived */
    unsigned mute;     /* those of which the end did not arrive */
    unsigned refused;  /* those that were refused anything */
    unsigned ended;    /* those that ended before their client was ready */
    char step[SWEEP_STEP_BYTES], status[SWEEP_STATUS_BYTES]; /* first step that was refused */
    char wrong[256];
};

static const struct event *find_event(const char *name) {
    for (size_t i = 0; i < EVENTS; i++) {
        if (strcmp(s_events[i].name, name) == 0) {
            return &s_events[i];
        }
    }
    return NULL;
}

static bool parse_point(const char *text, struct point *point) {
    char name[SWEEP_NAME_BYTES];
    unsigned long long nth;
    int end = 0;

    *point = (struct point){0};
    text = sweep_parse_image(text, &point->arch, &point->image);
    if (text == NULL || sscanf(text, "%31[^:]:%llu%n", name, &nth, &end) != 2 || text[end] != '\0' || nth == 0) {
        return false;
    }
    point->nth = nth;
    point->event = find_event(name);
    return point->event != NULL;
}

static bool recognise(struct sweep_result *result) {
    struct point point;
    bool good = parse_point(result->point, &point);

    if (good) {
        snprintf(result->row, sizeof result->row, "%s", point.event->name);
    }
    return good;
}

/* ---- one run ---- */

static void add_facts(struct run *run, const char *digits) {
    size_t count = strlen(digits) / 2;
    uint8_t *larger = realloc(run->facts, run->fact_count + count + 1);

    if (larger == NULL) {
        return; /* fewer than there are steps: list says so */
    }
    run->facts = larger;
    for (size_t i = 0; i < count; i++) {
        unsigned value = 0;
        sscanf(digits + 2 * i, "%2X", &value);
        larger[++run->fact_count] = (uint8_t)value;
    }
}

static bool documented(const struct event *event, const char *step, const char *status) {
    bool stream = sweep_is_stream_step(step);
    const char *const *statuses = stream ? event->streams : event->start;

    for (size_t i = 0; i < STATUSES_MAX && statuses[i] != NULL && (stream || strcmp(step, "start") == 0); i++) {
        if (strcmp(statuses[i], status) == 0) {
            return true;
        }
    }
    return false;
}

/* The bit of the stream that the text begins with; 0: with none. */
static unsigned stream_of(const char *text) {
    unsigned stream = 0;

    while (stream < STREAMS && strncmp(text, s_streams[stream], strlen(s_streams[stream])) != 0) {
        stream++;
    }
    return stream < STREAMS ? 1u << stream : 0;
}

static void on_failed(struct run *run, const char *step, const char *status) {
    run->refused |= sweep_is_stream_step(step) ? stream_of(step) : BOTH; /* no stream without a device */
    if (run->step[0] == '\0') {
        snprintf(run->step, sizeof run->step, "%s", step);
        snprintf(run->status, sizeof run->status, "%s", status);
    }
    if (run->wrong[0] == '\0' && (run->point->event == NULL || !documented(run->point->event, step, status))) {
        snprintf(run->wrong, sizeof run->wrong, "%s %s, which is not documented", step, status);
    }
}

/* The microphone hears more in the first life than the client of the second records. */
static void prepare(struct session *session, void *opaque) {
    session->board.microphone.signal = ((struct run *)opaque)->heard;
}

/* Frames that a client went on for beyond its own. */
static uint64_t beyond(uint64_t moved, uint64_t own) {
    return moved > own ? moved - own : 0;
}

static bool is_complete(const int16_t *sound, uint64_t sound_frames, const int16_t *out, uint64_t frames,
                        unsigned channels) {
    struct comparison comparison;

    compare(&comparison, sound, sound_frames, out, frames, channels, NULL, 0);
    return comparison.complete;
}

/* Does the tail stand anywhere in frames [from, frames)? */
static bool has_tail(const int16_t *samples, uint64_t from, uint64_t frames, const int16_t *tail, unsigned channels) {
    for (uint64_t at = from; at + TAIL_FRAMES <= frames; at++) {
        if (memcmp(samples + at * channels, tail, TAIL_FRAMES * channels * sizeof *tail) == 0) {
            return true;
        }
    }
    return false;
}

static void judge_playing(struct run *run) {
    const struct session *session = run->life.session;
    const struct playback *playback = &session->board.playback;
    const int16_t *sound = session->input->render->samples;
    uint64_t more = beyond(run->played, SOUND_FRAMES);

    if (is_complete(sound, SOUND_FRAMES + more, playback->samples, playback->frames, 2)) {
        run->complete |= 1u << RENDER;
    }
    if (more != 0 && !has_tail(playback->samples, 0, playback->frames, sound + 2 * (run->played - TAIL_FRAMES), 2)) {
        run->mute |= 1u << RENDER;
    }
}

/* A frame of the microphone is never recorded in a place before its own: what lies there is old. */
static void judge_recording(struct run *run, const int16_t *recorded) {
    uint64_t more = beyond(run->recorded, run->life.session->input->record_frames), silence = 0;

    if (is_complete(run->heard->samples, SOUND_FRAMES + more, recorded, run->recorded, 1)) {
        run->complete |= 1u << CAPTURE;
    }
    while (silence < run->recorded && recorded[silence] == 0) {
        silence++;
    }
    if (more != 0 && (silence + TAIL_FRAMES > run->recorded ||
                      !has_tail(run->heard->samples, run->recorded - TAIL_FRAMES - silence, run->heard->frames,
                                recorded + run->recorded - TAIL_FRAMES, 1))) {
        run->mute |= 1u << CAPTURE;
    }
}

/* The first life is over: what did it play and record? Then both are forgotten. */
static void end_first(struct run *run) {
    struct session *session = run->life.session;
    size_t bytes = run->recorded * sizeof(int16_t);
    int16_t *recorded = calloc(1, bytes + 1);

    if (recorded == NULL || pread(session->record_fd, recorded, bytes, 0) != (ssize_t)bytes) {
        fail("what was recorded cannot be read");
        run->recorded = 0;
    }
    judge_playing(run);
    judge_recording(run, recorded);
    free(recorded);
    playback_idle(&session->board.playback, NULL);
    playback_forget(&session->board.playback);
    microphone_idle(&session->board.microphone);
    session->board.microphone.signal = session->input->microphone;
    if (ftruncate(session->record_fd, 0) != 0) {
        fail("what was recorded cannot be forgotten");
    }
}

static void on_line(void *opaque, const char *line) {
    struct run *run = opaque;
    char first[SWEEP_STEP_BYTES], second[SWEEP_STATUS_BYTES];
    unsigned long long number;
    unsigned lives;

    if (strncmp(line, "facts ", 6) == 0) {
        add_facts(run, line + 6);
    } else if (sscanf(line, "steps %llu", &number) == 1) {
        run->steps = number;
    } else if (sscanf(line, "played %llu", &number) == 1) {
        run->played = number;
    } else if (sscanf(line, "recorded %llu", &number) == 1) {
        run->recorded = number;
    } else if (sscanf(line, "failed %31s %63s", first, second) == 2) {
        on_failed(run, first, second);
    } else if (sscanf(line, "ended %31s", first) == 1) {
        run->ended |= stream_of(first);
    } else if (sscanf(line, "life %u", &lives) == 1) {
        run->life.lives = lives;
        if (lives == 1) {
            end_first(run);
        }
    }
}

static enum exit_status run_point(struct sweep *sweep, const struct point *point, struct run *run) {
    char scenario[64];

    memset(run, 0, sizeof *run);
    run->point = point;
    run->heard = &sweep->microphone;
    run->life = (struct sweep_life){.arch = point->arch, .image = point->image, .scenario = scenario,
                                    .on_line = on_line, .prepare = prepare, .opaque = run};
    if (point->event == NULL) {
        snprintf(scenario, sizeof scenario, "steps");
    } else {
        snprintf(scenario, sizeof scenario, "steps:%s:%llu", point->event->name, (unsigned long long)point->nth);
    }
    return sweep_live(sweep, &run->life);
}

static enum end end_of(const struct run *run) {
    if (run->step[0] != '\0') {
        return END_REFUSED;
    }
    return run->complete == BOTH ? END_EXACT : run->ended != 0 ? END_ENDED : END_WENT_ON;
}

/* The name of the first of these streams; NULL: there is none. */
static const char *first_of(unsigned streams) {
    return streams & 1u << RENDER ? s_streams[RENDER] : streams & 1u << CAPTURE ? s_streams[CAPTURE] : NULL;
}

/* A stream that may not lose anything and did. */
static const char *lost_of(const struct run *run) {
    return first_of(run->point->event->whole & ~(run->complete | run->refused | run->ended));
}

static enum exit_status run_and_judge(struct sweep *sweep, struct sweep_result *result) {
    static struct run run;
    struct point point;

    parse_point(result->point, &point);
    enum exit_status status = run_point(sweep, &point, &run);
    if (status == EXIT_BAD_INPUT) {
        return status;
    }
    enum end end = end_of(&run);
    if (end != END_REFUSED && !(point.event->ends & (1u << end))) {
        snprintf(run.wrong, sizeof run.wrong, "the streams ended otherwise than documented: %s", s_ends[end]);
    } else if (end == END_WENT_ON && run.mute != 0) {
        snprintf(run.wrong, sizeof run.wrong, "the end of the sound did not arrive: %s", first_of(run.mute));
    }
    snprintf(result->step, sizeof result->step, "%s", end == END_REFUSED ? run.step : s_ends[end]);
    if (status == EXIT_GOOD && lost_of(&run) != NULL) {
        fail("%s: sound was lost that nothing excuses: %s", result->point, lost_of(&run));
        snprintf(result->step, sizeof result->step, "%s-lost", lost_of(&run));
        status = EXIT_NOT_GOOD;
    }
    snprintf(result->status, sizeof result->status, "%s", run.status);
    sweep_judge(result, status, run.wrong);
    return EXIT_GOOD;
}

/* ---- the table ---- */

enum column { DISTINCT, RUNS, FIRST_END, COLUMNS = FIRST_END + ENDS };
static const char *const s_columns[COLUMNS] = {"distinct", "runs", "exact", "went_on", "ended", "refused"};

static unsigned columns(const struct sweep_result *result) {
    enum end end = END_REFUSED;

    for (enum end i = END_EXACT; i < END_REFUSED; i++) {
        end = strcmp(result->step, s_ends[i]) == 0 ? i : end;
    }
    return 1u << RUNS | (result->verdict != SWEEP_BROKEN ? 1u << (FIRST_END + end) : 0);
}

static void json_words(const char *key, const char *const *words, size_t count) {
    char text[512] = "";

    for (size_t i = 0; i < count && words[i] != NULL; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i != 0 ? " " : "", words[i]);
    }
    report_json_string(key, text);
}

static void json_ends(const char *row) {
    static const struct event none = {.name = ""};
    const struct event *event = find_event(row) != NULL ? find_event(row) : &none;
    const char *ends[ENDS];
    size_t count = 0;

    for (enum end i = END_EXACT; i < END_REFUSED; i++) {
        if (event->ends & (1u << i)) {
            ends[count++] = s_ends[i];
        }
    }
    json_words("ends", ends, count);
    report_json_string("whole", event->whole == BOTH ? "both" : event->whole == PLAYED ? s_streams[RENDER] : "");
    json_words("start_statuses", event->start, STATUSES_MAX);
    json_words("stream_statuses", event->streams, STATUSES_MAX);
}

/* ---- the list of points ---- */

/* A run in which nothing happens. */
static enum exit_status count_steps(struct sweep *sweep, const char *arch, const struct sweep_image *image,
                                    struct run *count) {
    struct point point = {.arch = arch, .image = image};
    enum exit_status status = run_point(sweep, &point, count);

    if (status == EXIT_GOOD && (end_of(count) != END_EXACT || count->fact_count != count->steps)) {
        status = EXIT_NOT_GOOD;
    }
    if (status != EXIT_GOOD && status != EXIT_BAD_INPUT) {
        fail("%s:%s does not even live when nothing happens", arch, image->variant);
    }
    return status;
}

static bool list_event(struct sweep *sweep, struct point *point, const struct run *count) {
    struct sweep_row *row = sweep_table_row(&sweep->table, point->event->name);
    unsigned where = point->event->where, distinct = where | point->event->distinct;
    char text[SWEEP_POINT_BYTES];

    for (point->nth = 1; point->nth <= count->steps; point->nth++) {
        unsigned facts = count->facts[point->nth];
        row->points += (facts & where) == where;
        row->counts[DISTINCT] += (facts & distinct) == distinct;
        snprintf(text, sizeof text, "%s:%s:%s:%llu", point->arch, point->image->variant, point->event->name,
                 (unsigned long long)point->nth);
        if ((facts & distinct) == distinct && sweep_sampled(sweep, false) && !sweep_add(sweep, text)) {
            return false;
        }
    }
    return true;
}

static enum exit_status list(struct sweep *sweep, const char *arch, const struct sweep_image *image, bool first) {
    static struct run count;
    enum exit_status status = count_steps(sweep, arch, image, &count);
    bool good = true;

    (void)first;
    for (size_t i = 0; i < EVENTS && good && status == EXIT_GOOD; i++) {
        struct point point = {.arch = arch, .image = image, .event = &s_events[i]};
        if (sweep_chosen(sweep, s_events[i].name)) {
            good = list_event(sweep, &point, &count);
        }
    }
    free(count.facts);
    return good ? status : EXIT_BENCH;
}

static enum exit_status reach(struct sweep *sweep, const char *text, bool *reached) {
    static struct run count;
    struct point point;

    parse_point(text, &point);
    enum exit_status status = count_steps(sweep, point.arch, point.image, &count);
    free(count.facts);
    *reached = point.nth <= count.steps;
    return status;
}

static void describe(const struct options *o, char *text, size_t bytes) {
    if (o->sample == 100) {
        snprintf(text, bytes, "every step");
    } else {
        snprintf(text, bytes, "%llu%% of the steps by seed %llu", (unsigned long long)o->sample,
                 (unsigned long long)o->seed);
    }
}

enum exit_status steps_run(const struct options *options) {
    static const struct sweep_ops ops = {
        .command = "steps",
        .form = "ARCH:VARIANT:EVENT:N",
        .layout = {.title = "happens", .key = "event", .columns = s_columns, .column_count = COLUMNS,
                   .wrong = "wrong_end", .json_extra = json_ends},
        .sound_frames = SOUND_FRAMES,
        .spare_frames = SPARE_FRAMES,
        .around_frames = 960,
        .list = list,
        .reach = reach,
        .recognise = recognise,
        .run = run_and_judge,
        .columns = columns,
        .describe = describe,
    };

    return sweep_run(&ops, options);
}
