/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "requests.h"

#include <string.h>

#include "progress.h"

static void on_decode(struct session *s) {
    decoder_decode(s->decoder, (const uint8_t *)s->link->text, 16, s->link->a, &s->link->insn);
}

static void on_symbol(struct session *s) {
    symbolizer_name(&s->symbolizer, s->input->sys, s->link->a, s->link->text, sizeof s->link->text);
}

static void on_mark(struct session *s) {
    enum link_mark mark = (enum link_mark)s->link->a;

    if (!s->input->device_in_guest) {
        board_mark(&s->board, mark);
    }
    if (mark == LINK_MARK_SPEED) {
        cost_speed(&s->cost, s->board.now_ns);
    } else if (mark == LINK_MARK_PERIOD) {
        cost_period(&s->cost, &s->board.counters, &s->link->result);
    }
}

/* Copies one line of `from`, up to a newline, into `to`; returns what follows it. */
static const char *take_line(const char *from, char *to, size_t bytes, bool last) {
    size_t length = last ? strlen(from) : strcspn(from, "\n");
    const char *rest = from + length + (from[length] == '\n');

    if (length >= bytes) {
        length = bytes - 1;
    }
    memcpy(to, from, length);
    to[length] = '\0';
    return rest;
}

static void on_violation(struct session *s) {
    const char *at = s->link->text;

    if (!s->violated) { /* the first one is the cause */
        at = take_line(at, s->violation.rule, sizeof s->violation.rule, false);
        at = take_line(at, s->violation.message, sizeof s->violation.message, false);
        take_line(at, s->violation.function, sizeof s->violation.function, true);
    }
    s->violated = true;
}

static void on_note(struct session *s) {
    if (s->input->options->verbose) {
        progress_clear();
        fprintf(stderr, "%12.6f  %s\n", (double)s->board.now_ns / 1e9, s->link->text);
    }
}

static void on_trace(struct session *s) {
    if (s->trace != NULL) {
        fprintf(s->trace, "%s\n", s->link->text);
    }
}

static void on_show(struct session *s) {
    if (s->input->on_line != NULL) {
        s->input->on_line(s->input->line_opaque, s->link->text);
    } else if ((s->link->a != 0) == s->input->options->json) {
        printf("%s\n", s->link->text);
    }
}

static void on_exit(struct session *s) {
    s->ended = true;
    s->exit_code = (uint32_t)s->link->a;
    memcpy(s->exit_text, s->link->text, sizeof s->exit_text);
    if (s->exit_code == LINK_EXIT_OK) {
        s->exit_text[0] = '\0';
    }
}

static void (*const s_handlers[])(struct session *) = {
    [LINK_OP_DECODE] = on_decode,
    [LINK_OP_SYMBOL] = on_symbol,
    [LINK_OP_MARK] = on_mark,
    [LINK_OP_VIOLATION] = on_violation,
    [LINK_OP_NOTE] = on_note,
    [LINK_OP_TRACE] = on_trace,
    [LINK_OP_SHOW] = on_show,
    [LINK_OP_EXIT] = on_exit,
};

void requests_handle(struct session *session) {
    struct link *link = session->link;
    uint32_t op = link->op;

    if (board_serve(&session->board)) {
        return;
    }
    link->text[sizeof link->text - 1] = '\0';
    link->msi_count = 0;
    if (op < sizeof s_handlers / sizeof s_handlers[0] && s_handlers[op] != NULL) {
        s_handlers[op](session);
    } else {
        session->ended = true;
        session->exit_code = LINK_EXIT_INTERNAL;
        snprintf(session->exit_text, sizeof session->exit_text, "the guest asked for the unknown operation %u", op);
    }
}
