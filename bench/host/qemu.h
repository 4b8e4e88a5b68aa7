/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The sound device of the system's QEMU (8.2 or later) behind the bus interface.
 *
 * QEMU runs beside the bench with a processor that sleeps for ever; its memory is the bench's own, so its device's DMA
 * is real. Configuration space, BARs and INTA# go through qtest. Its clock is the bench's virtual time or, when asked,
 * the host's: docs/qemu.md.
 */
#ifndef HOST_QEMU_H
#define HOST_QEMU_H

#include <stdbool.h>
#include <stdint.h>

#include "../include/pci_plugin.h"

/*
 * Operations of the device. The `options` of open are ram_fd=N,PROPS: N is the file behind the memory of the bench.
 * PROPS: audio= and clock= are the bench's (the last one counts), every other goes to -device virtio-sound-pci as it
 * stands. push_capture accepts everything at once, best before the stream starts;
 * take_playback has nothing before qemu_finish.
 */
const struct pci_plugin_ops *qemu_pci_ops(void);
/* Does it live by the host's clock? Then virtual time must keep to that. */
bool qemu_is_realtime(const void *dev);
/* Ends QEMU, which writes out what it played: from now on take_playback gives it, all of it. False: said why. */
bool qemu_finish(void *dev);

#endif
