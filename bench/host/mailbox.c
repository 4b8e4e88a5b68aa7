/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "mailbox.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Most answers of the other side take a few hundred ns; a futex sleep costs some microseconds. Longer spinning would
 * only take the processor away from the other side where there is but one. */
#define SPINS 400u

bool mailbox_wait(struct link *link, unsigned milliseconds) {
    for (unsigned i = 0; i < SPINS; i++) {
        if (__atomic_load_n(&link->turn, __ATOMIC_ACQUIRE) == LINK_HOST) {
            return true;
        }
        __builtin_ia32_pause();
    }
    struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000L};
    if (__atomic_load_n(&link->turn, __ATOMIC_ACQUIRE) != LINK_HOST) {
        syscall(SYS_futex, &link->turn, FUTEX_WAIT, LINK_GUEST, &limit, NULL, 0);
    }
    return __atomic_load_n(&link->turn, __ATOMIC_ACQUIRE) == LINK_HOST;
}

void mailbox_answer(struct link *link) {
    __atomic_store_n(&link->turn, LINK_GUEST, __ATOMIC_RELEASE);
    syscall(SYS_futex, &link->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}
