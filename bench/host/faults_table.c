/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "faults_table.h"

#include <stdio.h>
#include <string.h>

#include "report.h"

static const char s_memory[] = "STATUS_INSUFFICIENT_RESOURCES";

/* drivers/windows7/virtio-snd/docs/errors.md says the same to people; tests/commands/test_faults.py compares. */
static const struct {
    const char *kind;
    const char *start;  /* DriverEntry, AddDevice and START_DEVICE; NULL: they do not fail */
    const char *stream; /* everything about an open pin */
} s_documented[] = {
    {"pool", s_memory, s_memory},
    {"contiguous", s_memory, NULL},
    {"mapping", s_memory, NULL},
    {"interrupt", s_memory, NULL},
    {"irp", s_memory, NULL},
    {"forward", "STATUS_DEVICE_NOT_READY", NULL},
    {"config", "STATUS_DEVICE_NOT_CONNECTED", NULL},
    {"work-item", s_memory, NULL},
    {"initialize", s_memory, NULL},
    {"add-device", s_memory, NULL},
    {"power", s_memory, NULL},
    {"port", s_memory, NULL},
    {"port-init", s_memory, NULL},
    {"subdevice", s_memory, NULL},
    {"connection", s_memory, NULL},
    {"stream-pages", NULL, s_memory},
    {"stream-short", NULL, s_memory},
    {"control-error", "STATUS_DEVICE_PROTOCOL_ERROR", "STATUS_INVALID_DEVICE_STATE"},
    {"control-silent", "STATUS_IO_TIMEOUT", "STATUS_IO_TIMEOUT"},
    {"transfer-held", NULL, "STATUS_IO_TIMEOUT"},
};

static const char *const s_outcomes[FAULT_OUTCOMES] = {"not_loaded", "not_added",  "not_started",
                                                       "no_stream",  "stream_cut", "went_on"};

/* A step of a stream has a stream's name before it. */
static bool is_stream_step(const char *step) {
    return strncmp(step, "render-", 7) == 0 || strncmp(step, "capture-", 8) == 0;
}

const char *fault_documented(const char *kind, const char *step) {
    for (size_t i = 0; i < sizeof s_documented / sizeof s_documented[0]; i++) {
        if (strcmp(s_documented[i].kind, kind) == 0) {
            return is_stream_step(step) ? s_documented[i].stream : s_documented[i].start;
        }
    }
    return NULL;
}

struct fault_row *fault_table_row(struct fault_table *table, const char *kind) {
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].kind, kind) == 0) {
            return &table->rows[i];
        }
    }
    if (table->count == FAULT_KINDS_MAX) {
        return NULL;
    }
    struct fault_row *row = &table->rows[table->count++];
    snprintf(row->kind, sizeof row->kind, "%s", kind);
    return row;
}

static enum fault_outcome outcome_of(const char *step) {
    static const struct {
        const char *step;
        enum fault_outcome outcome;
    } steps[] = {{"", FAULT_WENT_ON},         {"load", FAULT_NOT_LOADED},        {"add", FAULT_NOT_ADDED},
                 {"start", FAULT_NOT_STARTED}, {"render-open", FAULT_NO_STREAM}, {"capture-open", FAULT_NO_STREAM}};

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(steps[i].step, step) == 0) {
            return steps[i].outcome;
        }
    }
    return FAULT_STREAM_CUT;
}

void fault_table_add(struct fault_table *table, const struct fault_result *result) {
    struct fault_row *row = fault_table_row(table, result->kind);

    if (row == NULL) {
        return;
    }
    (*(result->for_good ? &row->for_good : &row->once))++;
    row->broken += result->verdict == FAULT_BROKEN;
    row->wrong_status += result->verdict == FAULT_WRONG_STATUS;
    row->outcomes[outcome_of(result->step)] += result->verdict != FAULT_BROKEN;
}

bool fault_table_good(const struct fault_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].broken != 0 || table->rows[i].wrong_status != 0) {
            return false;
        }
    }
    return true;
}

static struct fault_row sum_of(const struct fault_table *table) {
    struct fault_row sum = {.kind = "all"};

    for (size_t i = 0; i < table->count; i++) {
        const struct fault_row *row = &table->rows[i];
        sum.points += row->points;
        sum.once += row->once;
        sum.for_good += row->for_good;
        sum.wrong_status += row->wrong_status;
        sum.broken += row->broken;
        for (size_t o = 0; o < FAULT_OUTCOMES; o++) {
            sum.outcomes[o] += row->outcomes[o];
        }
    }
    return sum;
}

static void print_row(const struct fault_row *row) {
    const uint64_t numbers[] = {row->points, row->once, row->for_good};

    printf("  %-16s", row->kind);
    for (size_t i = 0; i < 3; i++) {
        printf(" %8llu", (unsigned long long)numbers[i]);
    }
    for (size_t o = 0; o < FAULT_OUTCOMES; o++) {
        printf(" %11llu", (unsigned long long)row->outcomes[o]);
    }
    printf(" %12llu %7llu\n", (unsigned long long)row->wrong_status, (unsigned long long)row->broken);
}

void fault_table_print(const struct fault_table *table, const char *swept) {
    struct fault_row sum = sum_of(table);

    printf("  %s\n  %-16s %8s %8s %8s", swept, "fails", "points", "once", "for good");
    for (size_t o = 0; o < FAULT_OUTCOMES; o++) {
        printf(" %11s", s_outcomes[o]);
    }
    printf(" %12s %7s\n", "wrong status", "broken");
    for (size_t i = 0; i < table->count; i++) {
        print_row(&table->rows[i]);
    }
    print_row(&sum);
    fflush(stdout);
}

static void print_json_row(const struct fault_row *row) {
    const char *start = fault_documented(row->kind, "start"), *stream = fault_documented(row->kind, "render-run");

    printf("{");
    report_json_string("kind", row->kind);
    report_json_string("start_status", start != NULL ? start : "");
    report_json_string("stream_status", stream != NULL ? stream : "");
    printf("\"points\": %llu, \"once\": %llu, \"for_good\": %llu, ", (unsigned long long)row->points,
           (unsigned long long)row->once, (unsigned long long)row->for_good);
    for (size_t o = 0; o < FAULT_OUTCOMES; o++) {
        printf("\"%s\": %llu, ", s_outcomes[o], (unsigned long long)row->outcomes[o]);
    }
    printf("\"wrong_status\": %llu, \"broken\": %llu}", (unsigned long long)row->wrong_status,
           (unsigned long long)row->broken);
}

void fault_table_print_json(const struct fault_table *table, const char *swept) {
    struct fault_row sum = sum_of(table);

    printf("{");
    report_json_string("swept", swept);
    printf("\"kinds\": [");
    for (size_t i = 0; i < table->count; i++) {
        printf(i != 0 ? ", " : "");
        print_json_row(&table->rows[i]);
    }
    printf("], \"all\": ");
    print_json_row(&sum);
    printf("}\n");
    fflush(stdout);
}
