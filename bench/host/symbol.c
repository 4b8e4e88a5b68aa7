/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "symbol.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *const s_tools[] = {"llvm-symbolizer-14", "llvm-symbolizer"};

/* Starts one of the tools with our pipes as its standard input and output. Nonzero: failed. */
static int start_process(struct symbolizer *s, const char *object, int child_in, int child_out) {
    posix_spawn_file_actions_t actions;
    int error = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child_out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; error != 0 && i < sizeof s_tools / sizeof s_tools[0]; i++) {
        char *argv[] = {(char *)s_tools[i], (char *)object, "--relative-address", "--no-inlines", NULL};
        error = posix_spawnp(&s->process, argv[0], &actions, NULL, argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void start(struct symbolizer *s, const char *sys_path) {
    char object[1100];
    int in[2], out[2];

    s->process = -1;
    snprintf(object, sizeof object, "--obj=%s", sys_path);
    if (pipe2(in, O_CLOEXEC) != 0) {
        return;
    }
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return;
    }
    int error = start_process(s, object, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    s->ask = fdopen(in[1], "w");
    s->answer = fdopen(out[0], "r");
    if (error != 0) {
        fclose(s->ask);
        fclose(s->answer);
        s->process = -1;
    }
}

/* Reads one answer: function, place, empty line. Nonzero: the tool ended. */
static int read_answer(FILE *answer, char *function, char *place, int bytes) {
    char line[1024];

    function[0] = place[0] = '\0';
    for (unsigned i = 0; fgets(line, sizeof line, answer) != NULL; i++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0') {
            return 0;
        }
        if (i < 2) {
            snprintf(i == 0 ? function : place, (size_t)bytes, "%s", line);
        }
    }
    return -1;
}

void symbolizer_name(struct symbolizer *s, const char *sys_path, uint64_t rva, char *text, size_t bytes) {
    char function[1024], place[1024];

    snprintf(text, bytes, "0x%llx", (unsigned long long)rva);
    if (s->process == 0) {
        start(s, sys_path);
    }
    if (s->process < 0 || fprintf(s->ask, "%s\n", text) < 0 || fflush(s->ask) != 0 ||
        read_answer(s->answer, function, place, sizeof function) != 0 || function[0] == '\0' || function[0] == '?') {
        return;
    }
    char *column = strrchr(place, ':'); /* path:line:column, the path with slashes of either kind */
    if (column != NULL) {
        *column = '\0';
    }
    const char *file = place;
    for (const char *c = place; *c != '\0'; c++) {
        file = *c == '/' || *c == '\\' ? c + 1 : file;
    }
    if (*file == '?' || *file == '\0') {
        snprintf(text, bytes, "%s", function);
    } else {
        snprintf(text, bytes, "%s at %s", function, file);
    }
}

void symbolizer_close(struct symbolizer *s) {
    if (s->process > 0) {
        fclose(s->ask); /* ends it */
        fclose(s->answer);
        waitpid(s->process, NULL, 0);
    }
    s->process = 0;
}
