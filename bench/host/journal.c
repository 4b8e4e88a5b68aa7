/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results.h"

#define MARK '.'
#define HEADER_BYTES 64u

bool journal_hash_programs(uint64_t *hash) {
    static const char *const parts[] = {"host/guest64", "host/guest32", "drivers/windows7/virtio-snd/*/*.sys"};
    char directory[SYS_PATH_BYTES], pattern[SYS_PATH_BYTES + 64];
    bool good = results_hash_file(hash, "/proc/self/exe") && program_directory(directory, sizeof directory);

    if (good) {
        *strrchr(directory, '/') = '\0'; /* from out/host to out */
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && good; i++) {
        glob_t found = {.gl_pathc = 0}; /* in the order of their names */
        snprintf(pattern, sizeof pattern, "%s/%s", directory, parts[i]);
        good = glob(pattern, 0, NULL, &found) == 0 || fail("%s: there is none", pattern);
        for (size_t f = 0; f < found.gl_pathc && good; f++) {
            const char *file = found.gl_pathv[f] + strlen(directory);
            results_hash(hash, file, strlen(file));
            good = results_hash_file(hash, found.gl_pathv[f]);
        }
        globfree(&found);
    }
    return good;
}

static bool unwritable(const struct journal *journal) {
    return fail("%s: cannot be written: %s", journal->path, strerror(errno));
}

bool journal_add(const struct journal *journal, const char *line) {
    char whole[JOURNAL_LINE_BYTES + 2];
    int length = snprintf(whole, sizeof whole, "%s%c\n", line, MARK);

    if (length >= (int)sizeof whole) {
        return fail("%s: a line is too long: %s", journal->path, line);
    }
    errno = ENOSPC; /* when less is written than asked for */
    return write(journal->fd, whole, (size_t)length) == length || unwritable(journal);
}

/* Ends the line at its mark. False: it has none. */
static bool unmark(char *line) {
    size_t length = strcspn(line, "\n");

    if (length == 0 || line[length - 1] != MARK) {
        return false;
    }
    line[length - 1] = '\0';
    return true;
}

/* The first line is `header`, or was cut off within it; `*whole`: was not. */
static bool is_ours(const char *line, const char *header, bool *whole) {
    char expected[HEADER_BYTES + 2];

    snprintf(expected, sizeof expected, "%s%c\n", header, MARK);
    *whole = strcmp(line, expected) == 0;
    return strncmp(expected, line, strlen(line)) == 0;
}

/* Reads all lines; `*end` is behind the last that is whole. */
static enum exit_status read_lines(const struct journal *journal, FILE *file, const char *header, long *end,
                                   bool (*take)(void *opaque, const char *line), void *opaque) {
    char line[JOURNAL_LINE_BYTES + 2];
    bool whole = true;

    *end = 0;
    if (fgets(line, sizeof line, file) == NULL) {
        return EXIT_GOOD;
    }
    if (!is_ours(line, header, &whole)) {
        fail("%s: is no journal of this driver, bench and command line (%s)", journal->path, header);
        return EXIT_BAD_INPUT;
    }
    while (whole) {
        *end = ftell(file);
        if (fgets(line, sizeof line, file) == NULL) {
            break;
        }
        whole = strchr(line, '\n') != NULL;
        if (whole && unmark(line) && !take(opaque, line)) {
            return EXIT_BENCH;
        }
    }
    return EXIT_GOOD;
}

static enum exit_status read_journal(struct journal *journal, const char *header,
                                     bool (*take)(void *opaque, const char *line), void *opaque) {
    struct stat status;
    FILE *file = NULL;
    long end = 0;

    if (fstat(journal->fd, &status) != 0 || (S_ISREG(status.st_mode) && (file = fopen(journal->path, "r")) == NULL)) {
        fail("%s: cannot be read: %s", journal->path, strerror(errno));
        return EXIT_BAD_INPUT;
    }
    if (file != NULL) {
        enum exit_status read = read_lines(journal, file, header, &end, take, opaque);
        fclose(file);
        if (read != EXIT_GOOD) {
            return read;
        }
        if (end < status.st_size && ftruncate(journal->fd, end) != 0) {
            unwritable(journal);
            return EXIT_BENCH;
        }
    }
    return end != 0 || journal_add(journal, header) ? EXIT_GOOD : EXIT_BENCH;
}

enum exit_status journal_open(struct journal *journal, const struct journal_name *name,
                              bool (*take)(void *opaque, const char *line), void *opaque) {
    char header[HEADER_BYTES];

    snprintf(header, sizeof header, "aero-snd %s %016llx", name->command, (unsigned long long)name->hash);
    if (name->path == NULL) {
        if (!results_path(name->command, name->hash, journal->path, sizeof journal->path)) {
            return EXIT_BENCH;
        }
    } else if (snprintf(journal->path, sizeof journal->path, "%s", name->path) >= (int)sizeof journal->path) {
        fail("%.60s...: the path is too long", name->path);
        return EXIT_BAD_INPUT;
    }
    if (name->fresh && unlink(journal->path) != 0 && errno != ENOENT) {
        fail("%s: cannot be removed: %s", journal->path, strerror(errno));
        return EXIT_BENCH;
    }
    journal->fd = open(journal->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (journal->fd < 0) {
        journal->fd = 0;
        fail("%s: cannot be opened: %s", journal->path, strerror(errno));
        return EXIT_BAD_INPUT;
    }
    return read_journal(journal, header, take, opaque);
}

void journal_close(struct journal *journal) {
    if (journal->fd != 0) {
        close(journal->fd);
        journal->fd = 0;
    }
}
