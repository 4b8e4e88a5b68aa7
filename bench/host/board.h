/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All that the driver's machine has beside its processor: the bus with the
 * device, loudspeaker and microphone, and whoever watches them. It answers the
 * device's half of the link (LINK_OP_CONFIG_READ to LINK_OP_ADVANCE).
 *
 * It lives in the host process; or, for runs that only a fast bench can do, in
 * the guest's (bench/seat/seat.h), with the same results.
 */
#ifndef HOST_BOARD_H
#define HOST_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "bus.h"
#include "counters.h"
#include "dialect.h"
#include "firmware.h"
#include "microphone.h"
#include "playback.h"
#include "realtime.h"
#include "../include/link.h"

struct drift_watch;

struct board {
    struct link *link;
    struct bus bus;
    struct firmware firmware;
    struct counters counters;
    struct dialect dialect;
    struct playback playback;
    struct microphone microphone;
    struct realtime realtime;
    struct drift_watch *watch; /* sees every step of the device; NULL: nobody */
    uint64_t now_ns;
    uint64_t run_ns[2]; /* when the render and the capture client last entered RUN */
};

/* Does what firmware does with an open bus. A board is all zero before, save for link and bus. False: said why. */
bool board_configure(struct board *board, uint8_t *ram, uint64_t ram_bytes);
/* Carries out the request on the link page; its answer is there afterwards. False: it is none of the device's. */
bool board_serve(struct board *board);
/* What a LINK_OP_MARK means for sound and watch. */
void board_mark(struct board *board, enum link_mark mark);

#endif
