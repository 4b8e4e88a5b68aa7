/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "seat.h"

#include "../host/board.h"
#include "../host/error.h"

_Static_assert(sizeof(struct drift_figures) == 416, "struct drift_figures differs between the widths");
_Static_assert(sizeof(struct seat_report) <= LINK_SEAT_BYTES, "the report does not fit into the link page");

static struct board board;
static struct drift_watch watch;

bool seat_open(struct link *link, uint8_t *ram, uint64_t ram_bytes) {
    const struct bus_setting setting = {.ram = ram, .ram_bytes = ram_bytes, .ram_fd = -1};
    const char *options;

    board.link = link;
    if (!bus_is_model_name(link->options.device, &options)) {
        return fail("--device %s: only the built-in model can be in the guest process", link->options.device);
    }
    if (!bus_attach(&board.bus, vsnd_pci_ops(), options, &setting) || !board_configure(&board, ram, ram_bytes)) {
        return false;
    }
    drift_watch_init(&watch, link->options.run_ns);
    drift_watch_attach(&watch, &board);
    return true;
}

void seat_serve(void) {
    board_serve(&board);
}

void seat_mark(void) {
    board_mark(&board, (enum link_mark)board.link->a);
}

void seat_leave(void) {
    struct seat_report *report = (void *)board.link->seat;
    struct vsnd_stats stats;

    bus_model_stats(&board.bus, &stats);
    *report = (struct seat_report){.left = 1, .watched = watch.done, .odd_periods = stats.odd_periods,
                                    .stray_flags = stats.stray_flags};
    for (unsigned d = 0; d < DRIFT_DIRECTIONS; d++) {
        report->figures[d] = watch.figures[d];
    }
}
