/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "symbol.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_ADDRESS "Function start address: 0x"

extern char **environ;

/* Runs argv, its standard output into text[0..bytes) as a string. Nonzero: failed. */
static int run(char *const argv[], char *text, size_t bytes) {
    posix_spawn_file_actions_t actions;
    int ends[2], status = -1;
    size_t length = 0;
    ssize_t got;
    pid_t child;

    if (pipe(ends) != 0) {
        return -1;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    int error = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    while (error == 0 && length + 1 < bytes && (got = read(ends[0], text + length, bytes - 1 - length)) > 0) {
        length += (size_t)got;
    }
    text[length] = '\0';
    close(ends[0]);
    if (error == 0) {
        waitpid(child, &status, 0);
    }
    return error != 0 || status != 0;
}

void symbol_name(const char *sys_path, uint64_t rva, char *text, size_t bytes) {
    static const char *const tools[] = {"llvm-symbolizer-14", "llvm-symbolizer"};
    char object[1100], address[32], answer[4096];

    snprintf(object, sizeof object, "--obj=%s", sys_path);
    snprintf(address, sizeof address, "0x%llx", (unsigned long long)rva);
    snprintf(text, bytes, "%s", address);
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        char *argv[] = {(char *)tools[i], object, "--relative-address", "--verbose", "--no-inlines", address, NULL};
        if (run(argv, answer, sizeof answer) != 0) {
            continue;
        }
        const char *start = strstr(answer, START_ADDRESS);
        char *end = strchr(answer, '\n');
        if (end == NULL || end == answer || strncmp(answer, "??", 2) == 0) {
            return;
        }
        *end = '\0';
        uint64_t offset = start != NULL ? rva - (strtoull(start + strlen(START_ADDRESS), NULL, 16)) : 0;
        if (start != NULL && offset < 0x1000000u) {
            snprintf(text, bytes, "%s+0x%llx", answer, (unsigned long long)offset);
        } else {
            snprintf(text, bytes, "%s", answer);
        }
        return;
    }
}
