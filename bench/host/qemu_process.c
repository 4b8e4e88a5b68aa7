/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "qemu_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "image.h"

#define BIOS_BYTES 65536u
#define RESET_VECTOR 0xFFF0u
#define WAV_HEADER_BYTES 44u
#define END_LIMIT_MS 10000u
#define STEP_MS 5u
#define ARGUMENT_BYTES 1024u
#define ALSA_CARD "libpaced.so" /* beside this program; bench/alsa/paced.c */

struct qemu_audio {
    const char *name;
    const char *format; /* -audiodev, with one %d for `played` when `names_file` */
    bool names_file;
    size_t header_bytes;
};

#define ALSA_FORMAT(prefix)                                                                                            \
    "alsa,id=sound,in.frequency=48000,in.try-poll=off,out.frequency=48000,out.try-poll=off,"                           \
    "in.dev=" prefix "microphone,out.dev=" prefix "speaker"

/* fixed-settings stay on: QEMU's own default of 44.1 kHz would resample. try-poll=off: a file has nothing to poll. */
static const struct qemu_audio s_audio[] = {
    {"wav", "wav,id=sound,path=/proc/self/fd/%d,out.frequency=48000", true, WAV_HEADER_BYTES},
    {"paced", ALSA_FORMAT("paced_"), false, 0},
    {"alsa", ALSA_FORMAT(""), false, 0},
    {"none", "none,id=sound,out.frequency=48000,in.frequency=48000", false, 0},
};

const struct qemu_audio *qemu_audio_find(const char *name) {
    for (size_t i = 0; i < sizeof s_audio / sizeof s_audio[0]; i++) {
        if (strcmp(s_audio[i].name, name) == 0) {
            return &s_audio[i];
        }
    }
    return NULL;
}

size_t qemu_audio_header_bytes(const struct qemu_audio *audio) {
    return audio->header_bytes;
}

/* A memory file that QEMU may open by its number; the caller's, -1 when that fails. */
static int memory_file(const char *name) {
    return memfd_create(name, MFD_CLOEXEC);
}

/* cli; hlt; and hlt again after whatever wakes a halted processor. */
static bool write_bios(int fd) {
    static const uint8_t sleep_for_ever[] = {0xFA, 0xF4, 0xEB, 0xFD};

    return ftruncate(fd, BIOS_BYTES) == 0 &&
           pwrite(fd, sleep_for_ever, sizeof sleep_for_ever, RESET_VECTOR) == (ssize_t)sizeof sleep_for_ever;
}

/* Exact samples in both directions: two `file` plug-ins over the null device, which never wait, and the card of ours,
 * which keeps time. */
static bool write_alsa(int fd, int played, int microphone) {
    char directory[4096];

    if (!program_directory(directory, sizeof directory)) {
        return false;
    }
    return dprintf(fd,
                   "pcm_type.paced { lib \"%s/" ALSA_CARD "\" }\n"
                   "pcm.paced_speaker { type paced file \"/proc/self/fd/%d\" }\n"
                   "pcm.paced_microphone { type paced file \"/proc/self/fd/%d\" }\n"
                   "pcm.nothing { type null }\n"
                   "pcm.speaker { type file slave.pcm nothing file \"/proc/self/fd/%d\" format raw }\n"
                   "pcm.microphone { type file slave.pcm nothing file \"/dev/null\" infile \"/proc/self/fd/%d\""
                   " format raw }\n",
                   directory, played, microphone, played, microphone) > 0;
}

static bool make_files(struct qemu_process *p) {
    p->log = memory_file("qemu-log");
    p->bios = memory_file("bios");
    p->alsa = memory_file("alsa.conf");
    p->played = memory_file("played");
    p->microphone = memory_file("microphone");
    if (p->log < 0 || p->bios < 0 || p->alsa < 0 || p->played < 0 || p->microphone < 0 || !write_bios(p->bios) ||
        !write_alsa(p->alsa, p->played, p->microphone)) {
        return fail("cannot prepare QEMU's files: %s", strerror(errno));
    }
    return true;
}

/* In the child: becomes QEMU. Its qtest is stdin and stdout, both the same socket. */
static void become_qemu(struct qemu_process *p, int socket, int ram_fd, char *const argv[]) {
    const int kept[] = {ram_fd, p->bios, p->alsa, p->played, p->microphone};
    char path[32];

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive the bench */
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        fcntl(kept[i], F_SETFD, 0);
    }
    dup2(socket, STDIN_FILENO);
    dup2(socket, STDOUT_FILENO);
    dup2(p->log, STDERR_FILENO);
    snprintf(path, sizeof path, "/proc/self/fd/%d", p->alsa);
    setenv("ALSA_CONFIG_PATH", path, 1);
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "%s\n", strerror(errno));
    _exit(127);
}

bool qemu_process_start(struct qemu_process *p, const struct qemu_audio *audio, int ram_fd, uint64_t ram_bytes,
                        const char *device_properties) {
    char memory[ARGUMENT_BYTES], bios[ARGUMENT_BYTES], sound[ARGUMENT_BYTES], device[ARGUMENT_BYTES], megabytes[32];
    int ends[2];

    memset(p, 0, sizeof *p);
    p->socket = p->log = p->bios = p->alsa = p->played = p->microphone = -1;
    p->audio = audio;
    if (!make_files(p)) {
        return false;
    }
    snprintf(megabytes, sizeof megabytes, "%lluM", (unsigned long long)(ram_bytes >> 20));
    snprintf(memory, sizeof memory, "memory-backend-file,id=ram,size=%s,mem-path=/proc/self/fd/%d,share=on", megabytes,
             ram_fd);
    snprintf(bios, sizeof bios, "/proc/self/fd/%d", p->bios);
    snprintf(sound, sizeof sound, audio->format, p->played);
    int length = snprintf(device, sizeof device, "virtio-sound-pci,audiodev=sound,bus=pci.0,addr=%u%s", QEMU_SLOT,
                          device_properties);
    if (length >= (int)sizeof device) {
        return fail("--device qemu: the properties are too long");
    }
    char *argv[] = {QEMU_PROGRAM, "-accel", "tcg", "-machine", "pc,memory-backend=ram", "-m", megabytes, "-object",
                    memory, "-nodefaults", "-no-user-config", "-display", "none", "-bios", bios, "-qtest", "stdio",
                    "-qtest-log", "/dev/null", "-audiodev", sound, "-device", device, NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return fail("cannot talk to QEMU: %s", strerror(errno));
    }
    p->socket = ends[0];
    fflush(NULL);
    p->pid = fork();
    if (p->pid == 0) {
        become_qemu(p, ends[1], ram_fd, argv);
    }
    close(ends[1]);
    if (p->pid < 0) {
        p->pid = 0;
        return fail("cannot start QEMU: %s", strerror(errno));
    }
    return true;
}

bool qemu_process_end(struct qemu_process *p) {
    int status = 0;
    pid_t gone = 0;

    if (p->pid == 0) {
        return true;
    }
    kill(p->pid, SIGTERM);
    for (unsigned ms = 0; ms < END_LIMIT_MS && gone == 0; ms += STEP_MS) {
        gone = waitpid(p->pid, &status, WNOHANG);
        if (gone == 0) {
            usleep(STEP_MS * 1000);
        }
    }
    if (gone == 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, &status, 0);
    }
    p->pid = 0;
    if (gone == 0) {
        return qemu_process_complain(p, "QEMU did not end when asked to");
    }
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || qemu_process_complain(p, "QEMU ended badly");
}

void qemu_process_close(struct qemu_process *p) {
    const int files[] = {p->socket, p->microphone, p->played, p->alsa, p->bios, p->log};

    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
        p->pid = 0;
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i] >= 0) {
            close(files[i]);
        }
    }
}

bool qemu_process_complain(const struct qemu_process *p, const char *what) {
    char text[1024];
    ssize_t length = pread(p->log, text, sizeof text - 1, 0);

    while (length > 0 && text[length - 1] == '\n') {
        length--;
    }
    text[length > 0 ? length : 0] = '\0';
    return fail("--device qemu: %s%s%s", what, length > 0 ? ": " : "", length > 0 ? text : "");
}
