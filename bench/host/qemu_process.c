/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "qemu_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
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

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define BIOS_BYTES 65536u
#define RESET_VECTOR 0xFFF0u
#define WAV_HEADER_BYTES 44u
#define END_LIMIT_MS 10000u
#define STEP_MS 5u
#define ALSA_CARD "libpaced.so"  /* beside this program; bench/alsa/paced.c */
#define CLOCK_LIBRARY "libclock.so" /* beside this program; bench/preload/clock.c */
#define CLOCK_ORIGIN_NS 1000000000u /* of QEMU's clock at its start: programs take a time of 0 for none */

/* Of QEMU's `pc` machine: RAM ends below the PCI hole and goes on above it. There it is a memory module of its own,
 * because QEMU would join the two parts in the file. */
#define PCI_HOLE 0xC0000000ull
#define HIGH_RAM 0x100000000ull

struct qemu_audio {
    const char *name;
    const char *options; /* -audiodev */
    bool names_file;     /* `played` is to be its path */
    bool realtime;       /* others keep its pace */
    size_t header_bytes;
};

#define ALSA_FORMAT(prefix)                                                                                            \
    "alsa,id=sound,in.frequency=48000,in.try-poll=off,out.frequency=48000,out.try-poll=off,"                           \
    "in.dev=" prefix "microphone,out.dev=" prefix "speaker"

/* fixed-settings stay on: QEMU's own default of 44.1 kHz would resample. try-poll=off: a file has nothing to poll. */
static const struct qemu_audio s_audio[] = {
    {"wav", "wav,id=sound,out.frequency=48000", true, false, WAV_HEADER_BYTES},
    {"paced", ALSA_FORMAT("paced_"), false, false, 0},
    {"alsa", ALSA_FORMAT(""), false, false, 0},
    {"pa", "pa,id=sound,in.frequency=48000,out.frequency=48000,in.name=aero.monitor,out.name=aero,out.latency=1000000",
     false, true, 0},
    {"none", "none,id=sound,out.frequency=48000,in.frequency=48000", false, false, 0},
};

const struct qemu_audio *qemu_audio_find(const char *name) {
    for (size_t i = 0; i < COUNT(s_audio); i++) {
        if (strcmp(s_audio[i].name, name) == 0) {
            return &s_audio[i];
        }
    }
    return NULL;
}

bool qemu_audio_is_realtime(const struct qemu_audio *audio) {
    return audio->realtime;
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
    p->clock = memory_file("clock");
    if (p->log < 0 || p->bios < 0 || p->alsa < 0 || p->played < 0 || p->microphone < 0 || p->clock < 0 ||
        !write_bios(p->bios) || !write_alsa(p->alsa, p->played, p->microphone) ||
        ftruncate(p->clock, sizeof *p->now_ns) != 0) {
        return fail("cannot prepare QEMU's files: %s", strerror(errno));
    }
    void *page = mmap(NULL, sizeof *p->now_ns, PROT_READ | PROT_WRITE, MAP_SHARED, p->clock, 0);
    if (page == MAP_FAILED) {
        return fail("cannot map QEMU's clock: %s", strerror(errno));
    }
    p->now_ns = page;
    qemu_process_set_clock(p, 0);
    return true;
}

void qemu_process_init(struct qemu_process *p) {
    memset(p, 0, sizeof *p);
    p->socket = p->log = p->bios = p->alsa = p->played = p->microphone = p->clock = -1;
}

void qemu_process_set_clock(struct qemu_process *p, uint64_t now_ns) {
    __atomic_store_n(p->now_ns, CLOCK_ORIGIN_NS + now_ns, __ATOMIC_RELEASE);
}

/* QEMU's command line: `words` points into `text`, which is one after the other. */
struct command_line {
    char *words[64];
    size_t count;
    char text[8192];
    size_t filled;
    bool full;
};

__attribute__((format(printf, 2, 3))) static void add(struct command_line *line, const char *format, ...) {
    size_t room = sizeof line->text - line->filled;
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line->text + line->filled, room, format, arguments);
    va_end(arguments);
    line->full = line->full || length < 0 || (size_t)length >= room || line->count + 2 > COUNT(line->words);
    if (!line->full) {
        line->words[line->count++] = line->text + line->filled;
        line->words[line->count] = NULL;
        line->filled += (size_t)length + 1;
    }
}

/* The words of a list without values in it. */
static void add_all(struct command_line *line, const char *const words[], size_t count) {
    for (size_t i = 0; i < count; i++) {
        add(line, "%s", words[i]);
    }
}

static void add_memory(struct command_line *line, int ram_fd, uint64_t bytes) {
    uint64_t low = bytes < PCI_HOLE ? bytes : PCI_HOLE;
    const char *file = "memory-backend-file,share=on,mem-path=/proc/self/fd";

    add(line, "-m");
    add(line, "%lluM,slots=1,maxmem=%lluM", (unsigned long long)(low >> 20),
        (unsigned long long)((low + HIGH_RAM + bytes) >> 20)); /* no less than low + what is above the hole */
    add(line, "-object");
    add(line, "%s/%d,id=ram,size=%llu", file, ram_fd, (unsigned long long)low);
    if (bytes > HIGH_RAM) {
        add(line, "-object");
        add(line, "%s/%d,id=high,size=%llu,offset=%llu", file, ram_fd, (unsigned long long)(bytes - HIGH_RAM),
            HIGH_RAM);
        add(line, "-device");
        add(line, "pc-dimm,memdev=high,addr=%llu", HIGH_RAM);
    }
}

static void add_sound(struct command_line *line, const struct qemu_setting *setting, int played) {
    add(line, "-audiodev");
    if (setting->audio->names_file) {
        add(line, "%s,path=/proc/self/fd/%d", setting->audio->options, played);
    } else {
        add(line, "%s", setting->audio->options);
    }
    add(line, "-device");
    /* A doorbell is to be heard at once, not when QEMU's main loop comes round to it. */
    add(line, "virtio-sound-pci,audiodev=sound,bus=pci.0,addr=%u%s%s", QEMU_SLOT,
        setting->real_clock ? "" : ",ioeventfd=off", setting->properties);
}

static bool make_command_line(struct command_line *line, const struct qemu_setting *setting,
                              const struct qemu_process *p) {
    static const char *const first[] = {QEMU_PROGRAM, "-accel", "tcg", "-machine", "pc,memory-backend=ram",
                                        "-nodefaults", "-no-user-config", "-display", "none", "-qtest", "stdio",
                                        "-qtest-log", "/dev/null", "-bios"};

    *line = (struct command_line){.count = 0};
    add_all(line, first, COUNT(first));
    add(line, "/proc/self/fd/%d", p->bios);
    add_memory(line, setting->ram_fd, setting->ram_bytes);
    add_sound(line, setting, p->played);
    return !line->full || fail("--device qemu: the properties are too long");
}

/* Makes the variable `name` of a child's environment end in `number`. */
static void set_number(const char *name, const char *before, int number) {
    char text[64];

    snprintf(text, sizeof text, "%s%d", before, number);
    setenv(name, text, 1);
}

/* In the child: becomes QEMU. Its qtest is stdin and stdout, both the same socket. */
static void become_qemu(struct qemu_process *p, int socket, const struct qemu_setting *setting, const char *clock,
                        char *const argv[]) {
    const int kept[] = {setting->ram_fd, p->bios, p->alsa, p->played, p->microphone, p->clock};

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive the bench */
    for (size_t i = 0; i < COUNT(kept); i++) {
        fcntl(kept[i], F_SETFD, 0);
    }
    dup2(socket, STDIN_FILENO);
    dup2(socket, STDOUT_FILENO);
    dup2(p->log, STDERR_FILENO);
    set_number("ALSA_CONFIG_PATH", "/proc/self/fd/", p->alsa);
    if (!setting->real_clock) {
        set_number("AERO_CLOCK_FD", "", p->clock);
        setenv("LD_PRELOAD", clock, 1);
    }
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "%s\n", strerror(errno));
    _exit(127);
}

bool qemu_process_start(struct qemu_process *p, const struct qemu_setting *setting) {
    static struct command_line line;
    char directory[4096], clock[sizeof directory + sizeof "/" CLOCK_LIBRARY];
    int ends[2];

    p->audio = setting->audio;
    if (!make_files(p) || !make_command_line(&line, setting, p) || !program_directory(directory, sizeof directory)) {
        return false;
    }
    snprintf(clock, sizeof clock, "%s/" CLOCK_LIBRARY, directory);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return fail("cannot talk to QEMU: %s", strerror(errno));
    }
    p->socket = ends[0];
    fflush(NULL);
    p->pid = fork();
    if (p->pid == 0) {
        become_qemu(p, ends[1], setting, clock, line.words);
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
    const int files[] = {p->socket, p->clock, p->microphone, p->played, p->alsa, p->bios, p->log};

    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
        p->pid = 0;
    }
    if (p->now_ns != NULL) {
        munmap(p->now_ns, sizeof *p->now_ns);
    }
    for (size_t i = 0; i < COUNT(files); i++) {
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
