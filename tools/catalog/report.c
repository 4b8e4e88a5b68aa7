/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"

static const char *const VERDICTS[] = {[VERDICT_OK] = "ok", [VERDICT_NONE] = "-", [VERDICT_BAD] = "BAD"};
static const char *const JSON_VERDICTS[] = {[VERDICT_OK] = "ok", [VERDICT_NONE] = "none", [VERDICT_BAD] = "bad"};

void report_add(struct report *report, const char *file, const char *check, enum verdict verdict, const char *format,
    ...)
{
    struct finding finding = {file, check, verdict, NULL};
    va_list arguments;

    va_start(arguments, format);
    must(vasprintf(&finding.detail, format, arguments) >= 0);
    va_end(arguments);
    report->findings = must_resize(report->findings, (report->count + 1) * sizeof *report->findings);
    report->findings[report->count++] = finding;
}

static int by_file(const void *left, const void *right)
{
    const struct finding *one = left, *other = right;
    int order = strcmp(one->file, other->file);

    return order ? order : strcmp(one->check, other->check);
}

static void print_quoted(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            printf("\\%c", *text);
        } else if ((unsigned char)*text < ' ') {
            printf("\\u%04x", *text);
        } else {
            putchar(*text);
        }
    }
    putchar('"');
}

static void print_json(const struct report *report, const char *folder, int good)
{
    fputs("{\"folder\": ", stdout);
    print_quoted(folder);
    printf(", \"ok\": %s, \"findings\": [", good ? "true" : "false");
    for (size_t at = 0; at < report->count; at++) {
        const struct finding *finding = &report->findings[at];

        fputs(at ? ",\n  {\"file\": " : "\n  {\"file\": ", stdout);
        print_quoted(finding->file);
        printf(", \"check\": \"%s\", \"verdict\": \"%s\", \"detail\": ", finding->check,
            JSON_VERDICTS[finding->verdict]);
        print_quoted(finding->detail);
        putchar('}');
    }
    puts("\n]}");
}

static void print_table(const struct report *report)
{
    int width = 4;

    for (size_t at = 0; at < report->count; at++) {
        int length = (int)strlen(report->findings[at].file);

        width = length > width ? length : width;
    }
    printf("%-*s  %-10s  %-7s  %s\n", width, "file", "check", "verdict", "detail");
    for (size_t at = 0; at < report->count; at++) {
        const struct finding *finding = &report->findings[at];

        printf("%-*s  %-10s  %-7s  %s\n", width, finding->file, finding->check, VERDICTS[finding->verdict],
            finding->detail);
    }
}

int report_print(struct report *report, const char *folder, int json)
{
    int good = 1;

    qsort(report->findings, report->count, sizeof *report->findings, by_file);
    for (size_t at = 0; at < report->count; at++) {
        good = good && report->findings[at].verdict != VERDICT_BAD;
    }
    if (json) {
        print_json(report, folder, good);
    } else {
        print_table(report);
    }
    return good;
}

void report_free(struct report *report)
{
    while (report->count > 0) {
        free(report->findings[--report->count].detail);
    }
    free(report->findings);
}
