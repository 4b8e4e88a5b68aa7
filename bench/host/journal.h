/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a long command has run, line by line, so that it can go on where it was
 * stopped. The first line names the command and the hash of all that makes its
 * results what they are. Each line ends with a mark: one that was cut has none.
 */
#ifndef HOST_JOURNAL_H
#define HOST_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "image.h"

#define JOURNAL_LINE_BYTES 512u

struct journal {
    char path[SYS_PATH_BYTES + 64];
    int fd; /* 0: there is none */
};

/* What a journal is of. */
struct journal_name {
    const char *command;
    uint64_t hash;
    const char *path; /* NULL: out/COMMAND/HASH */
    bool fresh;       /* what it has is thrown away */
};

/* Adds the bench, both its guests and every driver in out/ to the hash. False: said why. */
bool journal_hash_programs(uint64_t *hash);
/* Hands each whole line, without mark and line feed, to `take`, which says why when it returns false; a last line that
 * was cut is dropped from the file. EXIT_BAD_INPUT: the file is another's, and untouched. EXIT_BENCH: it cannot be
 * written. Both said so. A device, as /dev/null, has no lines. */
enum exit_status journal_open(struct journal *journal, const struct journal_name *name,
                              bool (*take)(void *opaque, const char *line), void *opaque);
/* Adds a line, given without mark and line feed; whole, also when several processes do. False: said why. */
bool journal_add(const struct journal *journal, const char *line);
void journal_close(struct journal *journal);

#endif
