/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Findings about files: one a file and check, in a table for people or in JSON. */
#ifndef CATALOG_REPORT_H
#define CATALOG_REPORT_H

#include <stddef.h>

enum verdict { VERDICT_OK, VERDICT_NONE, VERDICT_BAD }; /* NONE: there is nothing to judge, or nothing to judge it by */

struct finding {
    const char *file; /* owned by the caller, lives longer than the report */
    const char *check;
    enum verdict verdict;
    char *detail;
};

struct report {
    struct finding *findings;
    size_t count;
};

/* `file` and `check` are kept as pointers, the text is copied. */
void report_add(struct report *report, const char *file, const char *check, enum verdict verdict, const char *format,
    ...) __attribute__((format(printf, 5, 6)));

/* Prints all findings by file, as a table or as JSON; true if none is bad. */
int report_print(struct report *report, const char *folder, int json);

void report_free(struct report *report);

#endif
