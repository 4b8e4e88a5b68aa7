/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The QEMU process: its command line, the memory files that it reads and writes, its end. Nothing touches a disk. */
#ifndef HOST_QEMU_PROCESS_H
#define HOST_QEMU_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define QEMU_PROGRAM "qemu-system-x86_64"
#define QEMU_PROPERTIES_BYTES 512u
#define QEMU_SLOT 4u /* of the device on PCI bus 0 */

struct qemu_audio; /* where sound goes to and comes from */

/* What QEMU is started with. */
struct qemu_setting {
    const struct qemu_audio *audio;
    bool real_clock;    /* QEMU's clock is the host's; else it is the caller's, see qemu_process_set_clock */
    int ram_fd;         /* the file of guest memory: offsets are guest-physical addresses */
    uint64_t ram_bytes; /* of it, from address 0; what lies in the PCI hole is not used */
    char properties[QEMU_PROPERTIES_BYTES]; /* of the device: "" or ",name=value..." */
};

struct qemu_process {
    pid_t pid; /* 0: none */
    int socket; /* qtest */
    int log;    /* what QEMU said on stderr */
    int bios;   /* the sleeping processor's only code */
    int alsa;   /* private ALSA configuration */
    int played; /* receives the sound */
    int microphone; /* S16 stereo that the capture side reads */
    int clock;      /* QEMU's CLOCK_MONOTONIC in ns */
    uint64_t *now_ns; /* the same, mapped */
    const struct qemu_audio *audio;
};

/* Which back end: "wav" (no microphone), "paced" (both directions, as a sound card), "alsa" (both directions, as fast
 * as QEMU polls), "pa" (the PulseAudio server of the environment: sink `aero` and its monitor) or "none" (silence).
 * NULL: no such name. */
const struct qemu_audio *qemu_audio_find(const char *name);

/* A process that was not started: `qemu_process_close` accepts it. */
void qemu_process_init(struct qemu_process *process);
/* Can QEMU's clock be nothing but the host's with it? */
bool qemu_audio_is_realtime(const struct qemu_audio *audio);

/* Starts QEMU. `process` was initialised. False: said why. `qemu_process_close` undoes it, also after a failure. */
bool qemu_process_start(struct qemu_process *process, const struct qemu_setting *setting);
/* Sets QEMU's clock to `now_ns` since it was started; it never goes back. QEMU sees it when it next looks. Without
 * effect in real time. */
void qemu_process_set_clock(struct qemu_process *process, uint64_t now_ns);
/* Asks QEMU to end and waits for it. False: it had to be killed, or ended badly; said why. */
bool qemu_process_end(struct qemu_process *process);
void qemu_process_close(struct qemu_process *process);
/* Says on stderr what QEMU's own last words were. Returns false. */
bool qemu_process_complain(const struct qemu_process *process, const char *what);
/* Offset of the first frame (S16 stereo) in `played`. */
size_t qemu_audio_header_bytes(const struct qemu_audio *audio);

#endif
