/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which of the two virtio-snd dialects the device speaks, found by looking over
 * the driver's shoulder: the host sees every register write and all of guest
 * memory, so it can read the first PCM_INFO answer where it lies. That needs no
 * help of driver or device and so works for any of both.
 */
#ifndef HOST_DIALECT_H
#define HOST_DIALECT_H

#include <stdint.h>

#include "firmware.h"

struct dialect {
    const struct firmware *firmware;
    const uint8_t *ram;
    uint64_t ram_bytes;
    const char *name; /* "aero", "specification"; "unknown" until the answer was seen */
    uint16_t queue;   /* selected now */
    uint16_t size;    /* entries of the control queue; 0: not known */
    uint64_t desc, used;
    uint16_t seen; /* used index up to which answers were read */
};

void dialect_init(struct dialect *dialect, const struct firmware *firmware, const uint8_t *ram, uint64_t ram_bytes);
/* Notes where the driver puts its control queue. Call for every BAR write before the device gets it.
 * Asks the bus for the size of the queue. */
void dialect_bar_write(struct dialect *dialect, struct bus *bus, unsigned bar, uint64_t offset, unsigned size,
                       uint64_t value);
/* Reads answers that came since the last call. Call after the device worked. */
void dialect_look(struct dialect *dialect);
/* The same for a device in real time, which answers a doorbell a moment later, and whose answer the driver may take
 * without a word to this process: gives the device that moment, as long as the dialect is not known. */
void dialect_await(struct dialect *dialect);

#endif
