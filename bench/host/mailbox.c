/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "mailbox.h"

#include "../include/turn.h"

void mailbox_moved(void) {
    turn_spins_known = -1;
}

bool mailbox_wait(struct link *link, unsigned milliseconds) {
    struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000L};

    return turn_await(link, LINK_HOST, &limit);
}

void mailbox_answer(struct link *link) {
    turn_give(link, LINK_GUEST);
}
