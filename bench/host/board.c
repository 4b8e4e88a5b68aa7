/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "board.h"

#include "drift_watch.h"

/* What a device is promised: it is called at each whole millisecond, whatever else happens in between. */
#define ADVANCE_STEP_NS 1000000u

static void on_config_read(struct board *b) {
    b->counters.config_reads++;
    b->link->value = bus_config_read(&b->bus, (uint16_t)b->link->a, b->link->size);
}

static void on_config_write(struct board *b) {
    b->counters.config_writes++;
    bus_config_write(&b->bus, (uint16_t)b->link->a, b->link->size, (uint32_t)b->link->value);
}

static void on_bar_read(struct board *b) {
    struct link *l = b->link;
    counters_bar_read(&b->counters, &b->firmware, l->bar, l->a);
    l->value = bus_bar_read(&b->bus, l->bar, l->a, l->size);
}

static void on_bar_write(struct board *b) {
    struct link *l = b->link;
    bool doorbell = counters_bar_write(&b->counters, &b->firmware, l->bar, l->a);
    uint64_t address, value = l->value;
    bool twice = doorbell && bus_lent_twice(&b->bus, (uint16_t)value, &address);
    dialect_bar_write(&b->dialect, &b->bus, l->bar, l->a, l->size, value);
    bus_bar_write(&b->bus, l->bar, l->a, l->size, value);
    l->value = twice ? address : LINK_NOWHERE;
    if (doorbell && b->bus.realtime) {
        dialect_await(&b->dialect);
    } else if (doorbell) {
        dialect_look(&b->dialect);
    }
}

static void on_power(struct board *b) {
    bus_power(&b->bus, b->link->a != 0);
    microphone_missed(&b->microphone, b->now_ns);
}

static void on_strike(struct board *b) {
    bus_strike(&b->bus, (enum link_strike)b->link->a);
}

_Static_assert((int)VSND_CLAIM_REACHED == (int)LINK_CLAIM_REACHED && (int)VSND_CLAIM_KEPT == (int)LINK_CLAIM_KEPT,
               "the device and the link call claims by the same bits");

static void on_claims(struct board *b) {
    b->link->value = bus_claims(&b->bus, b->link->a, b->link->size);
}

static void advance(struct board *b, uint64_t now_ns) {
    b->now_ns = now_ns;
    if (b->bus.realtime) {
        realtime_wait(&b->realtime, b->now_ns);
    }
    if (b->bus.finish != NULL) { /* sound is moved as a whole: see board_mark and session_run */
        bus_advance(&b->bus, b->now_ns);
        dialect_look(&b->dialect);
        return;
    }
    microphone_advance(&b->microphone, &b->bus, b->now_ns);
    bus_advance(&b->bus, b->now_ns);
    playback_advance(&b->playback, &b->bus, b->now_ns);
    dialect_look(&b->dialect);
    if (b->watch != NULL) {
        drift_watch_advance(b->watch, b);
    }
}

static void on_advance(struct board *b) {
    uint64_t until_ns = b->link->a;
    bool level = bus_intx(&b->bus) != 0, rose = false;

    while (b->now_ns < until_ns && !rose && b->bus.msi_count == 0) {
        uint64_t step_ns = (b->now_ns / ADVANCE_STEP_NS + 1) * ADVANCE_STEP_NS;
        advance(b, step_ns < until_ns ? step_ns : until_ns);
        rose = !level && bus_intx(&b->bus) != 0;
    }
    b->link->a = b->now_ns;
}

static void (*const s_handlers[])(struct board *) = {
    [LINK_OP_CONFIG_READ] = on_config_read,
    [LINK_OP_CONFIG_WRITE] = on_config_write,
    [LINK_OP_BAR_READ] = on_bar_read,
    [LINK_OP_BAR_WRITE] = on_bar_write,
    [LINK_OP_POWER] = on_power,
    [LINK_OP_STRIKE] = on_strike,
    [LINK_OP_ADVANCE] = on_advance,
    [LINK_OP_CLAIMS] = on_claims,
};

bool board_serve(struct board *board) {
    struct link *link = board->link;

    if (link->op >= sizeof s_handlers / sizeof s_handlers[0] || s_handlers[link->op] == NULL) {
        return false;
    }
    s_handlers[link->op](board);
    link->intx = bus_intx(&board->bus) != 0;
    link->msi_count = board->bus.msi_count;
    for (uint32_t i = 0; i < link->msi_count && i < BUS_MSI_KEPT; i++) {
        link->msi[i].address = board->bus.msi[i].address;
        link->msi[i].data = board->bus.msi[i].data;
    }
    board->bus.msi_count = 0;
    return true;
}

static void enter_run(struct board *board, unsigned direction) {
    board->run_ns[direction] = board->now_ns;
    if (board->watch != NULL) {
        drift_watch_run(board->watch, board, direction);
    }
}

void board_mark(struct board *board, enum link_mark mark) {
    switch (mark) {
    case LINK_MARK_RENDER_RUN:
        enter_run(board, 0);
        playback_run(&board->playback);
        break;
    case LINK_MARK_RENDER_IDLE:
        playback_idle(&board->playback, board->bus.finish == NULL ? &board->bus : NULL);
        break;
    case LINK_MARK_CAPTURE_RUN:
        enter_run(board, 1);
        if (board->bus.finish != NULL) {
            microphone_deliver(&board->microphone, &board->bus, board->now_ns);
        } else {
            microphone_run(&board->microphone, board->now_ns);
        }
        break;
    case LINK_MARK_CAPTURE_IDLE:
        microphone_idle(&board->microphone);
        break;
    case LINK_MARK_WATCH:
        if (board->watch != NULL) {
            drift_watch_mark(board->watch, board);
        }
        break;
    default: /* the others are the session's */
        break;
    }
}

bool board_configure(struct board *board, uint8_t *ram, uint64_t ram_bytes) {
    if (!firmware_configure(&board->firmware, &board->bus)) {
        return false;
    }
    dialect_init(&board->dialect, &board->firmware, ram, ram_bytes);
    return true;
}
