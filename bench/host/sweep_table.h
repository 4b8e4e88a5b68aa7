/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the points of a sweep came to, row by row. */
#ifndef HOST_SWEEP_TABLE_H
#define HOST_SWEEP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWEEP_NAME_BYTES 32u
#define SWEEP_STEP_BYTES 32u
#define SWEEP_STATUS_BYTES 64u
#define SWEEP_POINT_BYTES 96u
#define SWEEP_ROWS_MAX 64u
#define SWEEP_COLUMNS_MAX 10u

enum sweep_verdict { SWEEP_GOOD, SWEEP_WRONG, SWEEP_BROKEN };

struct sweep_result {
    char point[SWEEP_POINT_BYTES];  /* as it is listed */
    char replay[SWEEP_POINT_BYTES]; /* as --replay takes it */
    char row[SWEEP_NAME_BYTES];
    char step[SWEEP_STEP_BYTES]; /* first one that was refused, or another word for how it ended; "": none */
    char status[SWEEP_STATUS_BYTES];
    enum sweep_verdict verdict;
    uint64_t amount; /* what it adds to the layout's amount_column */
};

struct sweep_row {
    char name[SWEEP_NAME_BYTES];
    uint64_t points, counts[SWEEP_COLUMNS_MAX];
    uint64_t wrong, broken;
    bool cut; /* there are more points, of which none is run */
};

/* How a table is laid out. */
struct sweep_layout {
    const char *title;                  /* of the rows */
    const char *key;                    /* of the rows in JSON */
    const char *const *columns;         /* keys in JSON; for people '_' is a blank */
    size_t column_count;
    size_t amount_column;               /* 1 and the column that counts amounts, the others count results; 0: none */
    const char *cut;                    /* what it means that the points of a row are cut; NULL: they never are */
    const char *wrong;                  /* key of the count of what ended otherwise than documented */
    void (*json_extra)(const char *row); /* prints more fields of a row, each with a comma behind it; NULL: none */
};

struct sweep_table {
    const struct sweep_layout *layout;
    struct sweep_row rows[SWEEP_ROWS_MAX];
    size_t count;
};

/* The row of this name, made when it is new; NULL: too many. */
struct sweep_row *sweep_table_row(struct sweep_table *table, const char *name);
/* `columns`: bit for each column in which the result counts. */
void sweep_table_add(struct sweep_table *table, const struct sweep_result *result, unsigned columns);
/* Nothing wrong in any row. */
bool sweep_table_good(const struct sweep_table *table);
/* `swept`: what was run, one line. `replays`: command lines of what did not end well. */
void sweep_table_print(const struct sweep_table *table, const char *swept, char *const *replays, size_t replay_count,
                       bool json);

#endif
