/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* QEMU's qtest protocol: one line a command, one line an answer, interrupt changes between them at any time.
 * Source: QEMU, docs/devel/testing/qtest.rst. */
#ifndef HOST_QTEST_H
#define HOST_QTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qtest {
    int fd;            /* the caller's stream socket to QEMU */
    unsigned irq;      /* the line whose level is followed */
    bool level;        /* of that line, as far as it was read */
    bool dead;         /* QEMU is gone or answered nonsense: every command fails from now on */
    char buffer[1024]; /* what was read and not yet used */
    size_t filled;
};

/* Sends one command, of which a newline is no part, and waits for its answer. *value (may be NULL) gets the number in
 * it. False: QEMU refused, or is dead. */
__attribute__((format(printf, 3, 4))) bool qtest_command(struct qtest *qtest, uint64_t *value, const char *format,
                                                         ...);
/* Notes the interrupt changes that have come; does not wait. */
void qtest_poll(struct qtest *qtest);

#endif
