/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "counters.h"

static bool inside(const struct firmware_range *range, unsigned bar, uint64_t offset) {
    return range->length != 0 && range->bar == bar && offset >= range->offset && offset - range->offset < range->length;
}

void counters_bar_read(struct counters *counters, const struct firmware *firmware, unsigned bar, uint64_t offset) {
    counters->register_reads++;
    counters->isr_reads += inside(&firmware->isr, bar, offset) || inside(&firmware->legacy_isr, bar, offset);
}

bool counters_bar_write(struct counters *counters, const struct firmware *firmware, unsigned bar, uint64_t offset) {
    if (inside(&firmware->notify, bar, offset) || inside(&firmware->legacy_notify, bar, offset)) {
        counters->doorbells++;
        return true;
    }
    counters->register_writes++;
    return false;
}
