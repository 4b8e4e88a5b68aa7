/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * turn.h: how either side of the link hands the page over and waits for it.
 *
 * An exchange takes some microseconds and there are about a thousand per virtual
 * second, so what matters is the way back: spinning is fastest where two
 * processors are free, yielding where they are not, sleeping where the other side
 * takes long.
 */
#ifndef BENCH_TURN_H
#define BENCH_TURN_H

#include "link.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TURN_SPINS 300u
#define TURN_YIELDS 100u

/* Gives the page to `turn`. */
static inline void turn_give(struct link *link, uint32_t turn)
{
    __atomic_store_n(&link->turn, turn, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&link->sleepers, __ATOMIC_SEQ_CST) & (1u << turn))
        syscall(SYS_futex, &link->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int turn_spins_known = -1; /* -1: not yet; whoever moves to other processors sets it so */

/* Both sides run on one processor: to spin would only keep the other from it. */
static inline unsigned turn_spins(void)
{
    unsigned long mask[16] = {0};
    int processors = 0;

    if (turn_spins_known < 0) {
        syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
        for (unsigned i = 0; i < sizeof mask / sizeof *mask; i++)
            processors += __builtin_popcountl(mask[i]);
        turn_spins_known = processors == 1 ? 0 : (int)TURN_SPINS;
    }
    return (unsigned)turn_spins_known;
}

/* True when it is `turn`'s turn; false when `limit` passed first. */
static inline bool turn_await(struct link *link, uint32_t turn, const struct timespec *limit)
{
    unsigned spins = turn_spins();

    for (unsigned i = 0; i < spins + TURN_YIELDS; i++) {
        if (__atomic_load_n(&link->turn, __ATOMIC_ACQUIRE) == turn)
            return true;
        if (i < spins)
            __builtin_ia32_pause();
        else
            sched_yield();
    }
    __atomic_fetch_or(&link->sleepers, 1u << turn, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&link->turn, __ATOMIC_SEQ_CST) != turn)
        syscall(SYS_futex, &link->turn, FUTEX_WAIT, turn == LINK_HOST ? LINK_GUEST : LINK_HOST, limit, NULL, 0);
    __atomic_fetch_and(&link->sleepers, ~(1u << turn), __ATOMIC_SEQ_CST);
    return __atomic_load_n(&link->turn, __ATOMIC_ACQUIRE) == turn;
}

#endif
