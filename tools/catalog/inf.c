/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "inf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fail.h"

enum { MAX_FIELDS = 32 };

struct line {
    char *section;
    char *fields[MAX_FIELDS]; /* left of '=' first, then what stands between commas */
    int count;
};

struct lines {
    char *text;
    struct line *lines;
    size_t count;
};

static char *trim(char *text)
{
    char *end;

    while (isspace((unsigned char)*text)) {
        text++;
    }
    end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1])) {
        *--end = '\0';
    }
    return text;
}

/* Cuts at the first of `marks` outside of quotes; what follows, or NULL. */
static char *cut(char *text, const char *marks)
{
    int quoted = 0;

    for (; *text != '\0'; text++) {
        quoted ^= *text == '"';
        if (!quoted && strchr(marks, *text) != NULL) {
            *text = '\0';
            return text + 1;
        }
    }
    return NULL;
}

static void add_line(struct lines *inf, char *section, char *text)
{
    struct line line = {.section = section};
    char *rest = cut(text, "=");

    line.fields[line.count++] = trim(text);
    while (rest != NULL && line.count < MAX_FIELDS) {
        char *field = rest;

        rest = cut(field, ",");
        line.fields[line.count++] = trim(field);
    }
    inf->lines = must_resize(inf->lines, (inf->count + 1) * sizeof *inf->lines);
    inf->lines[inf->count++] = line;
}

static struct lines parse(const struct file *file)
{
    struct lines inf = {.text = must_resize(NULL, file->size + 1)};
    char *section = NULL;

    for (size_t at = 0; at < file->size; at++) {
        if (file->data[at] == 0 || file->data[at] > 126) {
            fail("%s: not an INF in ASCII", file->path);
        }
        inf.text[at] = (char)file->data[at];
    }
    inf.text[file->size] = '\0';
    for (char *next = inf.text, *text; (text = next) != NULL;) {
        next = strchr(text, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        cut(text, ";");
        text = trim(text);
        if (*text == '[') {
            section = text + 1;
            cut(section, "]");
        } else if (*text != '\0' && section != NULL) {
            add_line(&inf, section, text);
        }
    }
    return inf;
}

/* `section` is `name`, or `name` with a decoration. */
static int is_models(const char *section, const char *name)
{
    size_t length = strlen(name);

    return strncasecmp(section, name, length) == 0 && (section[length] == '\0' || section[length] == '.');
}

static void add_id(struct hardware_ids *found, const char *id)
{
    char *lower = must_resize(NULL, strlen(id) + 1);
    size_t at;

    for (at = 0; id[at] != '\0'; at++) {
        lower[at] = (char)tolower((unsigned char)id[at]);
    }
    lower[at] = '\0';
    for (at = 0; at < found->count; at++) {
        if (strcmp(found->ids[at], lower) == 0) {
            free(lower);
            return;
        }
    }
    found->ids = must_resize(found->ids, (found->count + 1) * sizeof *found->ids);
    found->ids[found->count++] = lower;
}

/* A models line is: description = install section, ID, compatible IDs. */
static void add_models(struct hardware_ids *found, const struct lines *inf, const char *models)
{
    for (size_t at = 0; at < inf->count; at++) {
        const struct line *line = &inf->lines[at];

        for (int field = 2; is_models(line->section, models) && field < line->count; field++) {
            if (line->fields[field][0] != '\0') {
                add_id(found, line->fields[field]);
            }
        }
    }
}

struct hardware_ids inf_hardware_ids(const struct file *file)
{
    struct hardware_ids found = {NULL, 0};
    struct lines inf = parse(file);

    for (size_t at = 0; at < inf.count; at++) {
        const struct line *line = &inf.lines[at];

        if (strcasecmp(line->section, "Manufacturer") == 0 && line->count >= 2) {
            add_models(&found, &inf, line->fields[1]);
        }
    }
    free(inf.lines);
    free(inf.text);
    if (found.count == 0) {
        fail("%s: names no hardware ID", file->path);
    }
    return found;
}

void hardware_ids_free(struct hardware_ids *found)
{
    while (found->count > 0) {
        free(found->ids[--found->count]);
    }
    free(found->ids);
}
