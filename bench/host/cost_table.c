/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cost_table.h"

#include <stdio.h>
#include <string.h>

#include "report.h"

#define LABEL_COLUMNS 26
#define CELL_COLUMNS 10
#define NO_FLOOR (-1.0)

/* One line of the table. */
struct figure {
    const char *key, *label;
    double (*value)(const struct cost_cell *cell, unsigned kind);
    int decimals;
    unsigned kinds;    /* bit COST_RENDER ...: where it means something */
    double floor[COST_KINDS];
    const char *why;
    double paced_floor[COST_KINDS]; /* of a device that paces */
    const char *paced_why; /* NULL: the same */
};

#define KIND(k) (1u << (k))
#define ALL_KINDS (KIND(COST_RENDER) | KIND(COST_CAPTURE) | KIND(COST_DUPLEX))
#define MEAN(name, figure)                                                                                             \
    static double name(const struct cost_cell *cell, unsigned kind) {                                                  \
        (void)kind;                                                                                                    \
        return cost_mean(&cell->cost, figure);                                                                         \
    }
#define FIELD(name, field)                                                                                             \
    static double name(const struct cost_cell *cell, unsigned kind) {                                                  \
        (void)kind;                                                                                                    \
        return (double)cell->field;                                                                                    \
    }
MEAN(instructions, COST_INSTRUCTIONS)
MEAN(doorbells, COST_DOORBELLS)
MEAN(accesses, COST_ACCESSES)
MEAN(interrupts, COST_INTERRUPTS)
MEAN(dpcs, COST_DPCS)
MEAN(copied, COST_COPIED)
FIELD(instructions_maximum, cost.maximum[COST_INSTRUCTIONS])
FIELD(lead, lead_ms)
FIELD(render_latency, render_latency_ms)
FIELD(capture_latency, capture_latency_ms)
FIELD(pool_idle, pool_idle_bytes)
FIELD(pool_stream, pool_stream_bytes)

static double speed(const struct cost_cell *cell, unsigned kind) {
    (void)kind;
    return cost_speed_ratio(&cell->cost);
}

#define NONE {NO_FLOOR, NO_FLOOR, NO_FLOOR}
#define RENDERS (KIND(COST_RENDER) | KIND(COST_DUPLEX))
#define CAPTURES (KIND(COST_CAPTURE) | KIND(COST_DUPLEX))

static const struct figure s_figures[] = {
    {"instructions_mean", "instructions, mean", instructions, 1, ALL_KINDS, NONE,
     "no fixed floor: a timer's DPC, one descriptor chain, a notification, one read of the position", NONE, NULL},
    {"instructions_max", "instructions, maximum", instructions_maximum, 0, ALL_KINDS, NONE,
     "as the mean; a period in which timer and client fall twice costs more", NONE, NULL},
    {"doorbells", "doorbells", doorbells, 2, ALL_KINDS, {1, 1, 2},
     "the device looks at a queue only when told, and each period must be there in time", {1, 1, 2}, NULL},
    {"other_accesses", "other register accesses", accesses, 2, ALL_KINDS, {0, 0, 0},
     "rings and status lie in memory; no register holds anything that a period needs", {1, 1, 1},
     "INTx is shared: the interrupt status says whose it is, and lowers the line"},
    {"interrupts", "interrupts", interrupts, 2, ALL_KINDS, {0, 0, 0},
     "the timer that paces the periods also reads the used rings", {1, 1, 1},
     "completions are the clock, and only an interrupt says at once that there is one"},
    {"dpcs", "DPCs", dpcs, 2, ALL_KINDS, {2, 1, 3},
     "render tells its client, and later submits what that refilled: one for both would cost latency", {2, 1, 3},
     NULL},
    {"copied_bytes", "bytes copied", copied, 1, ALL_KINDS, {0, 0, 0},
     "the device reads and writes the client's buffer itself", {0, 0, 0},
     "takes a buffer of 65 ms: in a shorter one the client refills what a late device still reads"},
    {"lead_ms", "lead, ms", lead, 3, RENDERS, {10, NO_FLOOR, 10},
     "the device needs the next period when the last one ends", {10, NO_FLOOR, 10}, NULL},
    {"render_latency_ms", "render latency, ms", render_latency, 3, RENDERS, {0, NO_FLOOR, 0},
     "the buffer is full before RUN: its first frame can play at once", {0, NO_FLOOR, 0}, NULL},
    {"capture_latency_ms", "capture latency, ms", capture_latency, 3, CAPTURES, {NO_FLOOR, 0, 0},
     "the last frame spoken may be the last of a period, and that can be read at once", {NO_FLOOR, 0, 0}, NULL},
    {"pool_device_bytes", "pool, device", pool_idle, 0, ALL_KINDS, NONE,
     "nonpaged; aim: under 65536 with the streams, beside rings and cyclic buffers", NONE, NULL},
    {"pool_stream_bytes", "pool, open streams", pool_stream, 0, ALL_KINDS, NONE,
     "what the open streams add to it", NONE, NULL},
    {"speed", "simulated s per s", speed, 1, ALL_KINDS, NONE,
     "of the bench, while no instruction is counted", NONE, NULL},
};
#define FIGURES (sizeof s_figures / sizeof s_figures[0])

static const char *const s_kinds[COST_KINDS] = {"render", "capture", "duplex"};

static bool is_paced(const struct cost_device *device) {
    return device->drivers[0].cells[0].paced;
}

static bool all_good(const struct cost_device *devices, size_t count) {
    bool good = true;

    for (size_t i = 0; i < count; i++) {
        for (size_t d = 0; d < devices[i].count * COST_KINDS; d++) {
            good = good && devices[i].drivers[d / COST_KINDS].cells[d % COST_KINDS].good;
        }
    }
    return good;
}

static void print_number(double value, int decimals) {
    if (value < 0) {
        printf("%*s", CELL_COLUMNS, "-");
    } else {
        printf("%*.*f", CELL_COLUMNS, decimals, value);
    }
}

static void print_figure(const struct figure *f, const struct cost_device *device) {
    printf("%-*s", LABEL_COLUMNS, f->label);
    for (size_t d = 0; d < device->count; d++) {
        for (unsigned k = 0; k < COST_KINDS; k++) {
            print_number((f->kinds & KIND(k)) != 0 ? f->value(&device->drivers[d].cells[k], k) : -1.0, f->decimals);
        }
    }
    for (unsigned k = 0; k < COST_KINDS; k++) {
        print_number(is_paced(device) ? f->paced_floor[k] : f->floor[k], 0);
    }
    putchar('\n');
}

static void print_heads(size_t count) {
    char head[64];

    printf("%-*s", LABEL_COLUMNS, "");
    for (size_t d = 0; d <= count; d++) {
        snprintf(head, sizeof head, d < count ? "(%zu)" : "floor", d + 1);
        printf("%*s", CELL_COLUMNS * COST_KINDS, head);
    }
    printf("\n%-*s", LABEL_COLUMNS, "per 10 ms period");
    for (size_t d = 0; d <= count; d++) {
        for (unsigned k = 0; k < COST_KINDS; k++) {
            printf("%*s", CELL_COLUMNS, s_kinds[k]);
        }
    }
    putchar('\n');
}

static void print_device(const struct cost_device *device) {
    printf("\ndevice %s%s\n", device->name, is_paced(device) ? ", which paces" : "");
    print_heads(device->count);
    for (size_t i = 0; i < FIGURES; i++) {
        print_figure(&s_figures[i], device);
    }
    for (size_t i = 0; i < device->count * COST_KINDS; i++) {
        if (!device->drivers[i / COST_KINDS].cells[i % COST_KINDS].good) {
            printf("NOT GOOD: (%zu) %s: the sound did not arrive bit for bit\n", i / COST_KINDS + 1,
                   s_kinds[i % COST_KINDS]);
        }
    }
}

static void print_floors(void) {
    printf("\nfloors\n");
    for (size_t i = 0; i < FIGURES; i++) {
        printf("  %-*s%s\n", LABEL_COLUMNS - 2, s_figures[i].label, s_figures[i].why);
        if (s_figures[i].paced_why != NULL) {
            printf("  %-*s%s\n", LABEL_COLUMNS - 2, "  a device that paces", s_figures[i].paced_why);
        }
    }
}

static void print_table(const struct cost_device *devices, size_t count, const struct options *options) {
    for (size_t d = 0; d < devices[0].count; d++) {
        const struct cost_driver *driver = &devices[0].drivers[d];
        printf("(%zu) %s (%s), image %llu bytes\n", d + 1, driver->sys, driver->arch,
               (unsigned long long)driver->image_bytes);
    }
    printf("%s-driven client, buffer %llu frames, reads the position once a wake-up; %llu periods\n",
           options->event_mode ? "event" : "timer", (unsigned long long)options->buffer_frames,
           (unsigned long long)cost_periods(&devices[0].drivers[0].cells[0].cost));
    for (size_t i = 0; i < count; i++) {
        print_device(&devices[i]);
    }
    print_floors();
}

static void json_floors(const double *floor) {
    for (unsigned k = 0; k < COST_KINDS; k++) {
        if (floor[k] >= 0) {
            printf(", \"%s\": %.0f", s_kinds[k], floor[k]);
        }
    }
}

static void json_floor(const struct figure *f) {
    printf("{\"figure\": \"%s\", \"why\": \"%s\"", f->key, f->why);
    json_floors(f->floor);
    printf(", \"paced\": {\"why\": \"%s\"", f->paced_why != NULL ? f->paced_why : f->why);
    json_floors(f->paced_floor);
    printf("}}");
}

static void json_cell(const struct cost_cell *cell, unsigned kind) {
    printf(", \"%s\": {\"periods\": %llu, \"good\": %s", s_kinds[kind], (unsigned long long)cost_periods(&cell->cost),
           cell->good ? "true" : "false");
    for (size_t i = 0; i < FIGURES; i++) {
        if ((s_figures[i].kinds & KIND(kind)) != 0) {
            printf(", \"%s\": %.3f", s_figures[i].key, s_figures[i].value(cell, kind));
        }
    }
    printf("}");
}

static void json_device(const struct cost_device *device) {
    printf("{");
    report_json_string("device", device->name);
    printf("\"paced\": %s, \"drivers\": [", is_paced(device) ? "true" : "false");
    for (size_t d = 0; d < device->count; d++) {
        const struct cost_driver *driver = &device->drivers[d];
        printf("%s{", d != 0 ? ", " : "");
        report_json_string("sys", driver->sys);
        report_json_string("arch", driver->arch);
        printf("\"image_bytes\": %llu", (unsigned long long)driver->image_bytes);
        for (unsigned k = 0; k < COST_KINDS; k++) {
            json_cell(&driver->cells[k], k);
        }
        printf("}");
    }
    printf("]}");
}

static void print_json(const struct cost_device *devices, size_t count) {
    printf("{\"devices\": [");
    for (size_t i = 0; i < count; i++) {
        printf("%s", i != 0 ? ", " : "");
        json_device(&devices[i]);
    }
    printf("], \"floors\": [");
    for (size_t i = 0; i < FIGURES; i++) {
        printf("%s", i != 0 ? ", " : "");
        json_floor(&s_figures[i]);
    }
    printf("]}\n");
}

bool cost_table_print(const struct cost_device *devices, size_t count, const struct options *options) {
    if (options->json) {
        print_json(devices, count);
    } else {
        print_table(devices, count, options);
    }
    fflush(stdout);
    return all_good(devices, count);
}
