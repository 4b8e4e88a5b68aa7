/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "drift_watch.h"

#include <math.h>
#include <string.h>

#include "board.h"
#include "vtime.h"

#define FRAMES_PER_NS (48000.0 / 1e9)

static const struct drift_follow s_unseen = {.least = INFINITY, .greatest = -INFINITY};

void drift_watch_init(struct drift_watch *watch, uint64_t length_ns) {
    memset(watch, 0, sizeof *watch);
    watch->played.channels = 2;
    watch->length_ns = length_ns;
    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        watch->figures[d].least_held = UINT64_MAX;
        watch->follow[d] = s_unseen;
        for (unsigned i = 0; i < DRIFT_PARTS; i++) {
            watch->figures[d].parts[i][0] = INFINITY;
            watch->figures[d].parts[i][1] = -INFINITY;
        }
    }
}

static const float *pattern_as_float(void) {
    static float samples[PATTERN_FRAMES];

    for (size_t i = 0; i < PATTERN_FRAMES; i++) {
        samples[i] = (float)pattern_samples(1)[i] / 32768.0f;
    }
    return samples;
}

void drift_watch_attach(struct drift_watch *watch, struct board *board) {
    board->watch = watch;
    board->playback.check = &watch->played;
    board->microphone.pattern = pattern_as_float();
}

static const struct link_stream_result *result_of(const struct board *b, unsigned direction) {
    return direction == 0 ? &b->link->result.render : &b->link->result.capture;
}

/* Frames that the clock which is the truth has counted. */
static double clock_frames(const struct board *b, unsigned direction, uint64_t ns) {
    uint64_t counted;

    if (bus_is_paced(&b->bus, direction) && bus_clock_frames(&b->bus, direction, ns, &counted)) {
        return (double)counted;
    }
    return (double)(ns - b->run_ns[direction]) * FRAMES_PER_NS;
}

/* Takes a new read of the position in the cyclic buffer: the frames since RUN that are nearest to what the time since
 * the read before makes likely; the first read is in the first lap. False: that is behind the read before. */
static bool unwrap(struct drift_follow *f, const struct link_stream_result *read) {
    double likely = (double)(read->position_ns - f->position_ns) * FRAMES_PER_NS;
    int64_t size = (int64_t)read->buffer_frames;
    int64_t step = ((int64_t)read->position_offset - (int64_t)f->offset + size) % size;

    step += f->seen ? llround((likely - (double)step) / (double)size) * size : 0;
    f->frames += step;
    f->offset = read->position_offset;
    f->position_ns = read->position_ns;
    return step >= 0;
}

static void add_part(struct drift_figures *figures, double t, double distance) {
    unsigned i = t < 1 ? (unsigned)(t * DRIFT_PARTS) : DRIFT_PARTS - 1;

    figures->parts[i][0] = fmin(figures->parts[i][0], distance);
    figures->parts[i][1] = fmax(figures->parts[i][1], distance);
}

static void look_at_position(struct drift_watch *w, const struct board *b, unsigned direction) {
    const struct link_stream_result *read = result_of(b, direction);
    struct drift_follow *f = &w->follow[direction];
    struct drift_figures *figures = &w->figures[direction];

    if (read->buffer_frames == 0 || read->position_ns == f->position_ns) {
        return;
    }
    bool forward = unwrap(f, read);
    double distance = clock_frames(b, direction, read->position_ns) - (double)f->frames;
    double before = f->distance;
    bool first = !f->seen;
    f->seen = true;
    f->distance = distance;
    if (!w->watching) {
        return;
    }
    double t = (double)(read->position_ns - w->begin_ns) / (double)w->length_ns;
    figures->reads++;
    figures->back += !forward;
    figures->step = first ? 0 : fmax(figures->step, fabs(distance - before));
    f->line.n += 1;
    f->line.t += t;
    f->line.e += distance;
    f->line.tt += t * t;
    f->line.te += t * distance;
    f->least = fmin(f->least, distance);
    f->greatest = fmax(f->greatest, distance);
    add_part(figures, t, distance);
}

static struct drift_device counted_by_device(const struct board *b, unsigned direction) {
    struct vsnd_stats stats = {0};

    bus_model_stats(&b->bus, &stats);
    if (direction == 0) {
        return (struct drift_device){.events = stats.underrun_events,
                                     .silent = stats.underrun_frames,
                                     .lost = stats.overfill_dropped_frames + stats.cleared_frames};
    }
    return (struct drift_device){.silent = stats.rx_silence_frames,
                                 .lost = stats.capture_dropped_frames + stats.capture_cleared_frames};
}

void drift_watch_run(struct drift_watch *watch, const struct board *board, unsigned direction) {
    struct drift_follow *f = &watch->follow[direction];

    watch->before[direction] = counted_by_device(board, direction);
    *f = s_unseen;
    f->position_ns = result_of(board, direction)->position_ns; /* was read of the stream before */
    if (direction == 0) {
        watch->played = (struct pattern_check){.channels = 2};
    }
}

void drift_watch_advance(struct drift_watch *watch, const struct board *board) {
    if (watch->reached != NULL && watch->watching) {
        *watch->reached = board->now_ns - watch->begin_ns;
    }
    for (unsigned d = 0; !watch->done && d < DRIFT_DIRECTIONS; d++) {
        look_at_position(watch, board, d);
        if (watch->watching) { /* transfers come with a doorbell and go while the device works: this is the least */
            uint64_t held = bus_held(&board->bus, d);
            watch->figures[d].least_held = held < watch->figures[d].least_held ? held : watch->figures[d].least_held;
        }
    }
}

static void finish(struct drift_figures *figures, const struct drift_follow *f) {
    const struct drift_line *line = &f->line;
    double spread = line->n * line->tt - line->t * line->t;

    figures->lag = line->n > 0 ? line->e / line->n : 0;
    figures->growth = spread > 0 ? (line->n * line->te - line->t * line->e) / spread : 0;
    figures->error_min = f->least - figures->lag;
    figures->error_max = f->greatest - figures->lag;
    for (unsigned i = 0; i < DRIFT_PARTS; i++) {
        figures->parts[i][0] -= figures->lag;
        figures->parts[i][1] -= figures->lag;
    }
}

void drift_watch_mark(struct drift_watch *watch, const struct board *board) {
    if (!watch->watching) {
        watch->watching = true;
        watch->begin_ns = board->now_ns;
        return;
    }
    watch->watching = false;
    watch->done = true;
    watch->figures[0].sound = watch->played.count;
    watch->figures[1].sound = board->link->result.heard;
    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        struct drift_device now = counted_by_device(board, d);
        watch->figures[d].device_events = now.events - watch->before[d].events;
        watch->figures[d].device_silent = now.silent - watch->before[d].silent;
        watch->figures[d].device_lost = now.lost - watch->before[d].lost;
        watch->figures[d].paced = bus_is_paced(&board->bus, d);
        watch->figures[d].run_ns = board->now_ns - board->run_ns[d];
        finish(&watch->figures[d], &watch->follow[d]);
    }
}
