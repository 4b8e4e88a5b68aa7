/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "results.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "image.h"

/* FNV-1a. */
void results_hash(uint64_t *hash, const void *bytes, size_t count) {
    const unsigned char *at = bytes;

    for (size_t i = 0; i < count; i++) {
        *hash = (*hash ^ at[i]) * 0x100000001B3ull;
    }
}

bool results_hash_file(uint64_t *hash, const char *path) {
    unsigned char part[4096];
    size_t n;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        return fail("%s: %s", path, strerror(errno));
    }
    while ((n = fread(part, 1, sizeof part, file)) != 0) {
        results_hash(hash, part, n);
    }
    fclose(file);
    return true;
}

bool results_path(const char *kind, uint64_t hash, char *path, size_t bytes) {
    char directory[SYS_PATH_BYTES];

    if (!program_directory(directory, sizeof directory)) {
        return false;
    }
    *strrchr(directory, '/') = '\0'; /* from out/host to out */
    if (snprintf(path, bytes, "%s/%s", directory, kind) >= (int)bytes || (mkdir(path, 0777) != 0 && errno != EEXIST)) {
        return fail("%s/%s: cannot be made: %s", directory, kind, strerror(errno));
    }
    size_t length = strlen(path);
    int rest = snprintf(path + length, bytes - length, "/%016llx", (unsigned long long)hash);
    return rest < (int)(bytes - length) || fail("%s: the path is too long", directory);
}
