/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "image.h"

#define END_LIMIT_MS 5000u
#define STEP_MS 1u

/* In the child: makes the descriptors survive, and becomes the guest. */
static void become_guest(const char *program, const int fds[4]) {
    char numbers[4][16];
    char *argv[6] = {(char *)program};

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a guest without a host would wait for ever */
    dup2(STDERR_FILENO, STDOUT_FILENO);
    for (unsigned i = 0; i < 4; i++) {
        if (fds[i] >= 0) {
            fcntl(fds[i], F_SETFD, 0);
        }
        snprintf(numbers[i], sizeof numbers[i], "%d", fds[i]);
        argv[i + 1] = numbers[i];
    }
    execv(program, argv);
    _exit(127);
}

pid_t guest_start(const char *arch, int link_fd, int ram_fd, int input_fd, int output_fd) {
    char program[4096 + 16];
    const int fds[4] = {link_fd, ram_fd, input_fd, output_fd};

    if (!program_directory(program, 4096)) {
        return -1;
    }
    strcat(program, strcmp(arch, "x64") == 0 ? "/guest64" : "/guest32");
    if (access(program, X_OK) != 0) {
        fail("%s: %s", program, strerror(errno));
        return -1;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        become_guest(program, fds);
    }
    if (child < 0) {
        fail("cannot start %s: %s", program, strerror(errno));
    }
    return child;
}

bool guest_ended(pid_t guest, int *status) {
    return waitpid(guest, status, WNOHANG) == guest;
}

void guest_stop(pid_t guest, bool will_end, int *status) {
    for (unsigned ms = 0; will_end && ms < END_LIMIT_MS; ms += STEP_MS) {
        if (guest_ended(guest, status)) {
            return;
        }
        usleep(STEP_MS * 1000);
    }
    kill(guest, SIGKILL);
    waitpid(guest, status, 0);
}

void guest_describe_end(int status, char *text, size_t bytes) {
    if (WIFSIGNALED(status)) {
        snprintf(text, bytes, "died by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        snprintf(text, bytes, "ended with status %d", WEXITSTATUS(status));
    }
}
