/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How often the driver touched the device, by kind of register. */
#ifndef HOST_COUNTERS_H
#define HOST_COUNTERS_H

#include <stdint.h>

#include "firmware.h"

struct counters {
    uint64_t register_reads; /* BAR reads, those of the ISR among them */
    uint64_t register_writes; /* BAR writes without doorbells */
    uint64_t doorbells; /* BAR writes into the notify structure (legacy: the queue notify register) */
    uint64_t isr_reads;
    uint64_t config_reads;
    uint64_t config_writes;
};

void counters_bar_read(struct counters *counters, const struct firmware *firmware, unsigned bar, uint64_t offset);
/* Returns whether it was a doorbell. */
bool counters_bar_write(struct counters *counters, const struct firmware *firmware, unsigned bar, uint64_t offset);

#endif
