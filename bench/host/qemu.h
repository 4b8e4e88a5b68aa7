/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The sound device of the system's QEMU (8.2 or later) behind the bus interface.
 *
 * QEMU runs beside the bench with a processor that sleeps for ever; its memory is the bench's own, so its device's DMA
 * is real. Configuration space, BARs and INTA# go through qtest. It lives in real time.
 */
#ifndef HOST_QEMU_H
#define HOST_QEMU_H

#include <stdbool.h>
#include <stdint.h>

#include "../include/pci_plugin.h"

/* All of it below the hole of QEMU's `pc` machine, so that the file's offsets are guest-physical addresses. */
#define QEMU_RAM_BYTES (1ull << 30)

/*
 * Operations of the device. The `options` of open are ram_fd=N,PROPS: N is the file behind the memory of the bench.
 * PROPS: audio=wav|paced|alsa|none is the bench's (the last one counts), every other goes to -device
 * virtio-sound-pci as it stands. push_capture accepts everything at once, best before the stream starts;
 * take_playback has nothing before qemu_finish.
 */
const struct pci_plugin_ops *qemu_pci_ops(void);
/* Ends QEMU, which writes out what it played: from now on take_playback gives it, all of it. False: said why. */
bool qemu_finish(void *dev);

#endif
