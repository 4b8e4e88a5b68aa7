/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The QEMU process: its command line, the memory files that it reads and writes, its end. Nothing touches a disk. */
#ifndef HOST_QEMU_PROCESS_H
#define HOST_QEMU_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define QEMU_PROGRAM "qemu-system-x86_64"
#define QEMU_SLOT 4u /* of the device on PCI bus 0 */

struct qemu_audio; /* where sound goes to and comes from */

struct qemu_process {
    pid_t pid; /* 0: none */
    int socket; /* qtest */
    int log;    /* what QEMU said on stderr */
    int bios;   /* the sleeping processor's only code */
    int alsa;   /* private ALSA configuration */
    int played; /* receives the sound */
    int microphone; /* S16 stereo that the capture side reads */
    const struct qemu_audio *audio;
};

/* Which back end: "wav" (paced by QEMU's clock, no microphone), "paced" (both directions, as a sound card), "alsa"
 * (both directions, as fast as QEMU polls) or "none" (silence). NULL: no such name. */
const struct qemu_audio *qemu_audio_find(const char *name);

/* Starts QEMU over the guest memory in `ram_fd`. `device_properties`: "" or ",name=value...". False: said why.
 * `qemu_process_close` undoes it, also after a failure. */
bool qemu_process_start(struct qemu_process *process, const struct qemu_audio *audio, int ram_fd, uint64_t ram_bytes,
                        const char *device_properties);
/* Asks QEMU to end and waits for it. False: it had to be killed, or ended badly; said why. */
bool qemu_process_end(struct qemu_process *process);
void qemu_process_close(struct qemu_process *process);
/* Says on stderr what QEMU's own last words were. Returns false. */
bool qemu_process_complain(const struct qemu_process *process, const char *what);
/* Offset of the first frame (S16 stereo) in `played`. */
size_t qemu_audio_header_bytes(const struct qemu_audio *audio);

#endif
