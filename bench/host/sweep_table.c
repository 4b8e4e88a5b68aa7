/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sweep_table.h"

#include <stdio.h>
#include <string.h>

#include "report.h"

struct sweep_row *sweep_table_row(struct sweep_table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].name, name) == 0) {
            return &table->rows[i];
        }
    }
    if (table->count == SWEEP_ROWS_MAX) {
        return NULL;
    }
    struct sweep_row *row = &table->rows[table->count++];
    snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

void sweep_table_add(struct sweep_table *table, const struct sweep_result *result, unsigned columns) {
    struct sweep_row *row = sweep_table_row(table, result->row);

    if (row == NULL) {
        return;
    }
    row->broken += result->verdict == SWEEP_BROKEN;
    row->wrong += result->verdict == SWEEP_WRONG;
    for (size_t i = 0; i < table->layout->column_count; i++) {
        row->counts[i] += ((columns >> i) & 1u) * (i + 1 == table->layout->amount_column ? result->amount : 1);
    }
}

bool sweep_table_good(const struct sweep_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].broken != 0 || table->rows[i].wrong != 0) {
            return false;
        }
    }
    return true;
}

static struct sweep_row sum_of(const struct sweep_table *table) {
    struct sweep_row sum = {.name = "all"};

    for (size_t i = 0; i < table->count; i++) {
        const struct sweep_row *row = &table->rows[i];
        sum.points += row->points;
        sum.wrong += row->wrong;
        sum.broken += row->broken;
        sum.cut = sum.cut || row->cut;
        for (size_t c = 0; c < SWEEP_COLUMNS_MAX; c++) {
            sum.counts[c] += row->counts[c];
        }
    }
    return sum;
}

static void print_row(const struct sweep_layout *layout, const struct sweep_row *row) {
    char points[32];

    snprintf(points, sizeof points, "%llu%s", (unsigned long long)row->points, row->cut ? "+" : "");
    printf("  %-16s %8s", row->name, points);
    for (size_t c = 0; c < layout->column_count; c++) {
        printf(" %11llu", (unsigned long long)row->counts[c]);
    }
    printf(" %12llu %7llu\n", (unsigned long long)row->wrong, (unsigned long long)row->broken);
}

/* The key of a column, for people. */
static void print_heading(const char *key, int width) {
    char text[SWEEP_NAME_BYTES];

    snprintf(text, sizeof text, "%s", key);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '_' ? ' ' : *at;
    }
    printf(" %*s", width, text);
}

static void print_text(const struct sweep_table *table, const char *swept) {
    const struct sweep_layout *layout = table->layout;
    struct sweep_row sum = sum_of(table);

    printf("  %s\n  %-16s %8s", swept, layout->title, "points");
    for (size_t c = 0; c < layout->column_count; c++) {
        print_heading(layout->columns[c], 11);
    }
    print_heading(layout->wrong, 12);
    printf(" %7s\n", "broken");
    for (size_t i = 0; i < table->count; i++) {
        print_row(layout, &table->rows[i]);
    }
    print_row(layout, &sum);
    if (sum.cut) {
        printf("  +: %s\n", layout->cut);
    }
}

static void print_json_row(const struct sweep_layout *layout, const struct sweep_row *row) {
    printf("{");
    report_json_string(layout->key, row->name);
    if (layout->json_extra != NULL) {
        layout->json_extra(row->name);
    }
    printf("\"points\": %llu, ", (unsigned long long)row->points);
    if (layout->cut != NULL) {
        printf("\"cut\": %s, ", row->cut ? "true" : "false");
    }
    for (size_t c = 0; c < layout->column_count; c++) {
        printf("\"%s\": %llu, ", layout->columns[c], (unsigned long long)row->counts[c]);
    }
    printf("\"%s\": %llu, \"broken\": %llu}", layout->wrong, (unsigned long long)row->wrong,
           (unsigned long long)row->broken);
}

static void print_json(const struct sweep_table *table, const char *swept) {
    struct sweep_row sum = sum_of(table);

    printf("{");
    report_json_string("swept", swept);
    printf("\"%ss\": [", table->layout->key);
    for (size_t i = 0; i < table->count; i++) {
        printf(i != 0 ? ", " : "");
        print_json_row(table->layout, &table->rows[i]);
    }
    printf("], \"all\": ");
    print_json_row(table->layout, &sum);
}

void sweep_table_print(const struct sweep_table *table, const char *swept, char *const *replays, size_t replay_count,
                       bool json) {
    (json ? print_json : print_text)(table, swept);
    printf(json ? ", \"replays\": [" : "");
    for (size_t i = 0; i < replay_count; i++) { /* made of nothing that JSON wants escaped */
        printf(json ? "%s\"%s\"" : "%sreplay: %s\n", json && i != 0 ? ", " : "", replays[i]);
    }
    printf(json ? "]}\n" : "");
    fflush(stdout);
}
