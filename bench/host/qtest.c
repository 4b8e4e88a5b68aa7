/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "qtest.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ANSWER_LIMIT_MS 20000

/* Waits for input, reads some. False: nothing came in time, or the other side is gone (then dead). */
static bool receive(struct qtest *q, int limit_ms) {
    struct pollfd wait = {.fd = q->fd, .events = POLLIN};
    int ready;

    do {
        ready = poll(&wait, 1, limit_ms);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0) {
        return false;
    }
    ssize_t got = recv(q->fd, q->buffer + q->filled, sizeof q->buffer - q->filled, MSG_DONTWAIT);
    if (got > 0) {
        q->filled += (size_t)got;
    }
    q->dead = q->dead || got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    return got > 0;
}

/* Takes one complete line out of the buffer. */
static bool take_line(struct qtest *q, char line[sizeof q->buffer]) {
    char *end = memchr(q->buffer, '\n', q->filled);

    if (end == NULL) {
        q->dead = q->dead || q->filled == sizeof q->buffer; /* no line of the protocol is that long */
        return false;
    }
    size_t length = (size_t)(end - q->buffer);
    memcpy(line, q->buffer, length);
    line[length] = '\0';
    q->filled -= length + 1;
    memmove(q->buffer, end + 1, q->filled);
    return true;
}

/* "IRQ raise 11", "IRQ lower 11": true, and noted. Any other line: false. */
static bool is_interrupt(struct qtest *q, const char *line) {
    char word[8];
    unsigned number;

    if (sscanf(line, "IRQ %7s %u", word, &number) != 2) {
        return false;
    }
    if (number == q->irq) {
        q->level = strcmp(word, "raise") == 0;
    }
    return true;
}

static bool send_all(struct qtest *q, const char *text, size_t bytes) {
    while (bytes != 0 && !q->dead) {
        ssize_t sent = send(q->fd, text, bytes, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            q->dead = true;
        } else if (sent > 0) {
            text += sent;
            bytes -= (size_t)sent;
        }
    }
    return !q->dead;
}

bool qtest_command(struct qtest *qtest, uint64_t *value, const char *format, ...) {
    char line[sizeof qtest->buffer];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line - 1) {
        return false;
    }
    line[length] = '\n';
    if (!send_all(qtest, line, (size_t)length + 1)) {
        return false;
    }
    for (;;) {
        while (!take_line(qtest, line)) {
            if (qtest->dead || !receive(qtest, ANSWER_LIMIT_MS)) {
                qtest->dead = true;
                return false;
            }
        }
        if (!is_interrupt(qtest, line)) {
            break;
        }
    }
    if (strncmp(line, "OK", 2) != 0) {
        return false;
    }
    if (value != NULL) {
        *value = strtoull(line + 2, NULL, 0);
    }
    return true;
}

void qtest_poll(struct qtest *qtest) {
    char line[sizeof qtest->buffer];

    do {
        while (take_line(qtest, line)) {
            is_interrupt(qtest, line);
        }
    } while (!qtest->dead && receive(qtest, 0));
}
