/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "drift_table.h"

#include <math.h>
#include <stdio.h>

#include "report.h"

#define MS(frames) ((frames) / 48.0)
#define PICTURE_FRAMES 480.0 /* the lowest and the highest bar: a period */

static const char *const s_names[DRIFT_DIRECTIONS] = {"render", "capture"};

/* The middle of the position error in each part of the run, from one period behind to one ahead. */
static void print_picture(const struct drift_figures *f) {
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

    for (unsigned i = 0; i < DRIFT_PARTS; i++) {
        double middle = (f->parts[i][0] + f->parts[i][1]) / 2;
        double height = (middle / PICTURE_FRAMES + 1) / 2 * 8;
        fputs(!isfinite(middle) ? " " : bars[height < 0 ? 0 : height > 7 ? 7 : (unsigned)height], stdout);
    }
}

static bool direction_holds(const struct drift_cell *cell, unsigned direction) {
    struct drift_claim claims[DRIFT_CLAIMS_MAX];
    unsigned count = drift_claims(cell, direction, claims);

    for (unsigned i = 0; i < count; i++) {
        if (!claims[i].holds) {
            return false;
        }
    }
    return true;
}

static void print_row(const struct drift_cell *cell, unsigned direction) {
    const struct drift_figures *f = &cell->figures[direction];
    char held[24] = "-";

    if (f->paced) {
        snprintf(held, sizeof held, "%llu", (unsigned long long)f->least_held);
    }
    printf("%-4s %-14s %+5d %-7s %8llu %8llu %8.0f %5s %7.2f %+6.2f %+6.2f %+7.3f  %-5s ", cell->arch, cell->device,
           cell->ppm, s_names[direction], (unsigned long long)f->sound.silent, (unsigned long long)f->sound.lost,
           drift_inevitable(cell, direction), held, MS(f->lag), MS(f->error_min), MS(f->error_max), MS(f->growth),
           direction_holds(cell, direction) ? "held" : "BROKE");
    print_picture(f);
    printf("\n");
}

static void print_broken(const struct drift_cell *cell) {
    struct drift_claim claims[DRIFT_CLAIMS_MAX];

    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        unsigned count = drift_claims(cell, d, claims);
        for (unsigned i = 0; i < count; i++) {
            if (!claims[i].holds) {
                printf("  %s %s %+d ppm, %s: %s: %.10g, must be at %s %.10g\n", cell->arch, cell->device, cell->ppm,
                       s_names[d], claims[i].name, claims[i].value, claims[i].at_least ? "least" : "most",
                       claims[i].limit);
            }
        }
    }
}

static void print_table(const struct drift_cell *cells, size_t count, const struct options *options) {
    size_t held = 0;
    double audio = 0, wall = 0;

    printf("duplex, %llu s of audio a cell, timers and clients late by up to %llu ms, buffer %llu frames, "
           "%s-driven\n\n",
           (unsigned long long)cells[0].seconds, (unsigned long long)options->jitter_ms,
           (unsigned long long)options->buffer_frames, options->event_mode ? "event" : "timer");
    printf("                                      silence     lost  inevit-   in  position  error of it    its\n");
    printf("arch device           ppm stream       frames   frames     able flight  lag ms  from     to  growth\n");
    for (size_t i = 0; i < count; i++) {
        if (cells[i].status != EXIT_GOOD) {
            printf("%-4s %-14s %+5d BROKE: the run ended with status %d\n", cells[i].arch, cells[i].device,
                   cells[i].ppm, (int)cells[i].status);
            continue;
        }
        for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
            print_row(&cells[i], d);
        }
        held += drift_holds(&cells[i]);
        audio += (double)cells[i].seconds;
        wall += (double)cells[i].wall_ms / 1000;
    }
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        if (cells[i].status == EXIT_GOOD) {
            print_broken(&cells[i]);
        }
    }
    printf("%zu of %zu cells held; %.0f simulated seconds per second\n", held, count, wall > 0 ? audio / wall : 0);
}

static void print_json_direction(const struct drift_cell *cell, unsigned direction) {
    const struct drift_figures *f = &cell->figures[direction];
    struct drift_claim claims[DRIFT_CLAIMS_MAX];
    unsigned count = drift_claims(cell, direction, claims);

    printf("\"%s\": {\"paced\": %s, \"inevitable_frames\": %.1f, \"lag_ms\": %.6f, \"error_min_ms\": %.6f, "
           "\"error_max_ms\": %.6f, \"growth_ms\": %.6f, \"step_ms\": %.6f, \"least_in_flight\": %lld, \"claims\": [",
           s_names[direction], f->paced ? "true" : "false", drift_inevitable(cell, direction), MS(f->lag),
           MS(f->error_min), MS(f->error_max), MS(f->growth), MS(f->step),
           f->paced ? (long long)f->least_held : -1LL);
    for (unsigned i = 0; i < count; i++) {
        printf("%s{", i != 0 ? ", " : "");
        report_json_string("claim", claims[i].name);
        printf("\"value\": %.10g, \"limit\": %.10g, \"at_least\": %s, \"holds\": %s}", claims[i].value, claims[i].limit,
               claims[i].at_least ? "true" : "false", claims[i].holds ? "true" : "false");
    }
    printf("]}");
}

static void print_json(const struct drift_cell *cells, size_t count) {
    printf("{\"cells\": [");
    for (size_t i = 0; i < count; i++) {
        const struct drift_cell *cell = &cells[i];
        printf("%s{", i != 0 ? ", " : "");
        report_json_string("arch", cell->arch);
        report_json_string("sys", cell->sys);
        report_json_string("device", cell->device);
        printf("\"ppm\": %d, \"seconds\": %llu, \"status\": %d, \"kept\": %s, \"holds\": %s, \"wall_ms\": %llu",
               cell->ppm, (unsigned long long)cell->seconds, (int)cell->status, cell->kept ? "true" : "false",
               drift_holds(cell) ? "true" : "false", (unsigned long long)cell->wall_ms);
        for (unsigned d = 0; cell->status == EXIT_GOOD && d < DRIFT_DIRECTIONS; d++) {
            printf(", ");
            print_json_direction(cell, d);
        }
        printf("}");
    }
    printf("]}\n");
}

void drift_table_print(const struct drift_cell *cells, size_t count, const struct options *options) {
    if (options->json) {
        print_json(cells, count);
    } else {
        print_table(cells, count, options);
    }
    fflush(stdout);
}
