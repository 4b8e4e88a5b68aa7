/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the points of a fault sweep came to, kind by kind. */
#ifndef HOST_FAULTS_TABLE_H
#define HOST_FAULTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_NAME_BYTES 32u
#define FAULT_STEP_BYTES 32u
#define FAULT_STATUS_BYTES 64u
#define FAULT_POINT_BYTES 96u
#define FAULT_KINDS_MAX 64u

/* How far a life came: the step that the driver refused first. */
enum fault_outcome {
    FAULT_NOT_LOADED, FAULT_NOT_ADDED, FAULT_NOT_STARTED, FAULT_NO_STREAM, FAULT_STREAM_CUT, FAULT_WENT_ON,
    FAULT_OUTCOMES
};

enum fault_verdict { FAULT_GOOD, FAULT_WRONG_STATUS, FAULT_BROKEN };

struct fault_result {
    char point[FAULT_POINT_BYTES]; /* as --replay takes it */
    char kind[FAULT_NAME_BYTES];
    bool for_good;
    char step[FAULT_STEP_BYTES];   /* first one that was refused; "": none */
    char status[FAULT_STATUS_BYTES];
    enum fault_verdict verdict;
};

struct fault_row {
    char kind[FAULT_NAME_BYTES];
    uint64_t points, once, for_good;
    uint64_t outcomes[FAULT_OUTCOMES];
    uint64_t wrong_status, broken;
};

struct fault_table {
    struct fault_row rows[FAULT_KINDS_MAX];
    size_t count;
};

/* The row of a kind, made when it is new; NULL: too many. */
struct fault_row *fault_table_row(struct fault_table *table, const char *kind);
void fault_table_add(struct fault_table *table, const struct fault_result *result);
/* The status with which the driver answers when a use of this kind makes this step fail; NULL: it may not fail. */
const char *fault_documented(const char *kind, const char *step);
/* Nothing wrong in any row. */
bool fault_table_good(const struct fault_table *table);
/* `swept`: what was run, one line. */
void fault_table_print(const struct fault_table *table, const char *swept);
void fault_table_print_json(const struct fault_table *table, const char *swept);

#endif
