/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "drift_cell.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PERIOD_FRAMES 480.0 /* 10 ms: what the driver gives to a device at once */
/* 5 ms; in a short buffer a step back looks like one of up to half of it ahead. */
#define STEP_LIMIT 240.0
#define GROWTH_LIMIT 48.0   /* 1 ms, from beginning to end; an error of 1 ppm would be 4147 frames in a day */
#define FILE_MAGIC "aero-snd drift 1"

/* ---- what must hold ---- */

double drift_inevitable(const struct drift_cell *cell, unsigned direction) {
    const struct drift_figures *f = &cell->figures[direction];

    return f->paced ? 0 : fabs((double)cell->ppm) * 1e-6 * (double)f->run_ns * 48000e-9;
}

static void claim(struct drift_claim **next, const char *name, double value, double limit, bool at_least) {
    *(*next)++ = (struct drift_claim){name, value, limit, at_least, at_least ? value >= limit : value <= limit};
}

/* Where the clock is known nothing may be lost; else what the clock makes inevitable, give or take the period that is
 * under way, in the device's ring alone, and only by losing or only by silence: a fast playing or a slow recording
 * clock makes silence. */
static void claim_sound(struct drift_claim **next, const struct drift_cell *cell, unsigned direction) {
    const struct drift_figures *f = &cell->figures[direction];
    double most = drift_inevitable(cell, direction) + (cell->ppm != 0 && !f->paced ? PERIOD_FRAMES : 0);
    bool silent = (cell->ppm > 0) == (direction == 0);

    claim(next, "frames of silence heard", (double)f->sound.silent, silent ? most : 0, false);
    claim(next, "frames lost", (double)f->sound.lost, silent ? 0 : most, false);
    claim(next, "frames lost outside the device's ring", (double)f->sound.lost - (double)f->device_lost, 0, false);
    claim(next, "frames repeated", (double)f->sound.repeated, 0, false);
    claim(next, "frames that are neither sound nor silence", (double)f->sound.wrong, 0, false);
    claim(next, "frames of silence that the device put in", (double)f->device_silent, silent ? most : 0, false);
    claim(next, "frames that the device dropped", (double)f->device_lost, silent ? 0 : most, false);
    if (f->paced) {
        claim(next, "underruns that the device counted", (double)f->device_events, 0, false);
    }
    /* Everything was looked at: the device's clock and ours are never further apart than 1 %. */
    double heard = (double)f->run_ns * 48000e-9 * 0.99 - 4800;
    claim(next, "frames that arrived right", (double)f->sound.matched, heard, true);
}

static void claim_position(struct drift_claim **next, const struct drift_figures *f) {
    claim(next, "reads of the position", (double)f->reads, 1, true);
    claim(next, "reads that went back", (double)f->back, 0, false);
    claim(next, "position error, below", -f->error_min, PERIOD_FRAMES, false);
    claim(next, "position error, above", f->error_max, PERIOD_FRAMES, false);
    claim(next, "position and clock apart between two reads", f->step, STEP_LIMIT, false);
    claim(next, "growth of the position error", fabs(f->growth), GROWTH_LIMIT, false);
}

unsigned drift_sound_claims(const struct drift_cell *cell, unsigned direction, struct drift_claim *claims) {
    struct drift_claim *next = claims;

    claim_sound(&next, cell, direction);
    return (unsigned)(next - claims);
}

unsigned drift_claims(const struct drift_cell *cell, unsigned direction, struct drift_claim *claims) {
    struct drift_claim *next = claims + drift_sound_claims(cell, direction, claims);

    claim_position(&next, &cell->figures[direction]);
    if (cell->figures[direction].paced) {
        claim(&next, "transfers in flight, least", (double)cell->figures[direction].least_held, 1, true);
    }
    return (unsigned)(next - claims);
}

bool drift_holds(const struct drift_cell *cell) {
    struct drift_claim claims[DRIFT_CLAIMS_MAX];

    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        unsigned count = drift_claims(cell, d, claims);
        for (unsigned i = 0; i < count; i++) {
            if (!claims[i].holds) {
                return false;
            }
        }
    }
    return cell->status == EXIT_GOOD;
}

/* ---- the file ---- */

#define WHOLE(name, member) {name, offsetof(struct drift_figures, member), false}
#define REAL(name, member) {name, offsetof(struct drift_figures, member), true}

static const struct {
    const char *name;
    size_t offset;
    bool real;
} s_fields[] = {
    WHOLE("matched", sound.matched), WHOLE("gaps", sound.gaps), WHOLE("silent", sound.silent),
    WHOLE("jumps", sound.jumps), WHOLE("lost", sound.lost), WHOLE("repeated", sound.repeated),
    WHOLE("wrong", sound.wrong), WHOLE("device_events", device_events), WHOLE("device_silent", device_silent),
    WHOLE("device_lost", device_lost), WHOLE("run_ns", run_ns), WHOLE("least_held", least_held),
    WHOLE("reads", reads), WHOLE("back", back), REAL("lag", lag), REAL("error_min", error_min),
    REAL("error_max", error_max), REAL("growth", growth), REAL("step", step),
};
#define FIELD_COUNT (sizeof s_fields / sizeof s_fields[0])

static void write_figures(FILE *file, const struct drift_figures *f) {
    fprintf(file, "paced %d\n", f->paced);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *at = (const char *)f + s_fields[i].offset;
        if (s_fields[i].real) {
            fprintf(file, "%s %a\n", s_fields[i].name, *(const double *)(const void *)at);
        } else {
            fprintf(file, "%s %llu\n", s_fields[i].name, (unsigned long long)*(const uint64_t *)(const void *)at);
        }
    }
    for (unsigned i = 0; i < DRIFT_PARTS; i++) {
        fprintf(file, "part %a %a\n", f->parts[i][0], f->parts[i][1]);
    }
}

static bool read_figures(FILE *file, struct drift_figures *f) {
    int paced;
    char name[32];

    if (fscanf(file, " paced %d", &paced) != 1) {
        return false;
    }
    f->paced = paced != 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        char *at = (char *)f + s_fields[i].offset;
        unsigned long long whole;
        int read = s_fields[i].real ? fscanf(file, "%31s %la", name, (double *)(void *)at)
                                    : fscanf(file, "%31s %llu", name, &whole);
        if (read != 2 || strcmp(name, s_fields[i].name) != 0) {
            return false;
        }
        if (!s_fields[i].real) {
            *(uint64_t *)(void *)at = whole;
        }
    }
    for (unsigned i = 0; i < DRIFT_PARTS; i++) {
        if (fscanf(file, " part %la %la", &f->parts[i][0], &f->parts[i][1]) != 2) {
            return false;
        }
    }
    return true;
}

bool drift_cell_save(const struct drift_cell *cell) {
    char temporary[SYS_PATH_BYTES + 32];
    snprintf(temporary, sizeof temporary, "%s.%ld", cell->path, (long)getpid());
    FILE *file = fopen(temporary, "w");

    if (file == NULL) {
        return fail("%s: cannot be written: %s", temporary, strerror(errno));
    }
    fprintf(file, FILE_MAGIC "\nwall_ms %llu\n", (unsigned long long)cell->wall_ms);
    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        write_figures(file, &cell->figures[d]);
    }
    fprintf(file, "end\n");
    bool good = ferror(file) == 0;
    good = fclose(file) == 0 && good;
    if (!good || rename(temporary, cell->path) != 0) {
        unlink(temporary);
        return fail("%s: cannot be written: %s", cell->path, strerror(errno));
    }
    return true;
}

bool drift_cell_load(struct drift_cell *cell) {
    FILE *file = fopen(cell->path, "r");
    char end[4] = "";
    unsigned long long wall_ms;

    if (file == NULL) {
        return false;
    }
    bool good = fscanf(file, FILE_MAGIC " wall_ms %llu", &wall_ms) == 1;
    for (unsigned d = 0; good && d < DRIFT_DIRECTIONS; d++) {
        good = read_figures(file, &cell->figures[d]);
    }
    good = good && fscanf(file, " %3s", end) == 1 && strcmp(end, "end") == 0;
    fclose(file);
    cell->wall_ms = good ? wall_ms : 0;
    return good;
}
