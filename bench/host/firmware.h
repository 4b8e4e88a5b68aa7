/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What firmware and the PCI bus driver do before a function driver starts: sizes, addresses, decoding. */
#ifndef HOST_FIRMWARE_H
#define HOST_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"

#define FIRMWARE_BARS 6u
#define FIRMWARE_MMIO_FIRST 0xE0000000u /* memory BARs are given out upwards from here, below the APIC at FEC00000 */
#define FIRMWARE_MMIO_LAST 0xFEBFFFFFu
#define FIRMWARE_IO_FIRST 0xC000u
#define FIRMWARE_IO_LAST 0xFEFFu
#define FIRMWARE_IRQ_LINE 11u

enum firmware_bar_type { FIRMWARE_BAR_NONE = 0, FIRMWARE_BAR_MEMORY = 1, FIRMWARE_BAR_IO = 2 };

/* A virtio structure inside a BAR; length 0: the device has none. */
struct firmware_range {
    uint32_t bar;
    uint64_t offset;
    uint64_t length;
};

struct firmware {
    uint32_t type[FIRMWARE_BARS]; /* enum firmware_bar_type; the upper half of a 64-bit BAR is NONE */
    uint64_t size[FIRMWARE_BARS];
    uint64_t base[FIRMWARE_BARS];
    bool present; /* a function answers at all */
    uint16_t vendor, device;
    uint8_t revision;
    struct firmware_range common, notify, isr; /* from the capability list, or the legacy register file */
    bool legacy; /* only the legacy register file */
    struct firmware_range legacy_common, legacy_notify, legacy_isr; /* that file, also beside modern registers */
};

/* Sizes every BAR by writing all ones, assigns addresses, sets the interrupt line and enables decoding and bus
 * mastering. False: said why (nothing there, or BARs that do not fit). */
bool firmware_configure(struct firmware *firmware, struct bus *bus);

#endif
