/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Catalogs of Windows driver packages: writes them, and judges packages.
 *
 *   aero-catalog write --os 7X64 --time SECONDS --inf FILE.inf -o FILE.cat FILE...
 *   aero-catalog verify DIR [--cert FILE]... [--unlisted] [--json]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "verify.h"
#include "write.h"

static const char WRITE_USAGE[] = "usage: aero-catalog write --os 7X86|7X64 --time SECONDS --inf FILE -o FILE FILE...";

/* The word after an option; exits with a line if there is none. */
static const char *option_value(char **arguments, int *at)
{
    if (arguments[*at + 1] == NULL) {
        fail("%s needs a value", arguments[*at]);
    }
    return arguments[++*at];
}

static time_t seconds(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < 0) {
        fail("--time %s: not seconds since 1970", text);
    }
    return (time_t)value;
}

static int write_command(char **arguments)
{
    struct catalog_order order = {0};
    struct file *files = NULL;
    struct file inf = {0};

    for (int at = 0; arguments[at] != NULL; at++) {
        if (strcmp(arguments[at], "--os") == 0) {
            order.os = option_value(arguments, &at);
        } else if (strcmp(arguments[at], "--time") == 0) {
            order.time = seconds(option_value(arguments, &at));
        } else if (strcmp(arguments[at], "--inf") == 0) {
            inf = file_read(option_value(arguments, &at));
            order.inf = &inf;
        } else if (strcmp(arguments[at], "-o") == 0) {
            order.output = option_value(arguments, &at);
        } else if (arguments[at][0] == '-') {
            fail("unknown option %s; %s", arguments[at], WRITE_USAGE);
        } else {
            files = must_resize(files, (order.count + 1) * sizeof *files);
            files[order.count++] = file_read(arguments[at]);
        }
    }
    if (order.os == NULL || order.inf == NULL || order.output == NULL || order.count == 0) {
        fail("%s", WRITE_USAGE);
    }
    order.files = files;
    catalog_write(&order);
    while (order.count > 0) {
        file_free(&files[--order.count]);
    }
    free(files);
    file_free(&inf);
    return EXIT_GOOD;
}

static int verify_command(char **arguments)
{
    struct verify_order order = {0};
    struct anchors anchors = {0};
    int status;

    for (int at = 0; arguments[at] != NULL; at++) {
        if (strcmp(arguments[at], "--cert") == 0) {
            anchors_read(&anchors, option_value(arguments, &at));
        } else if (strcmp(arguments[at], "--unlisted") == 0) {
            order.unlisted_allowed = 1;
        } else if (strcmp(arguments[at], "--json") == 0) {
            order.json = 1;
        } else if (arguments[at][0] == '-') {
            fail("verify: unknown option %s", arguments[at]);
        } else if (order.folder != NULL) {
            fail("verify: one folder, please");
        } else {
            order.folder = arguments[at];
        }
    }
    if (order.folder == NULL) {
        fail("verify: which folder? usage: ./aero-snd verify DIR [--cert FILE]... [--unlisted] [--json]");
    }
    order.anchors = &anchors;
    status = package_verify(&order);
    anchors_free(&anchors);
    return status;
}

int main(int count, char **arguments)
{
    if (count >= 2 && strcmp(arguments[1], "write") == 0) {
        return write_command(arguments + 2);
    }
    if (count >= 2 && strcmp(arguments[1], "verify") == 0) {
        return verify_command(arguments + 2);
    }
    fail("%s\n       aero-catalog verify DIR [--cert FILE]... [--unlisted] [--json]", WRITE_USAGE);
}
