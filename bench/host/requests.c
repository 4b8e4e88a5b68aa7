/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "requests.h"

#include <string.h>

#include "drift_watch.h"
#include "progress.h"

/* What a device is promised: it is called at each whole millisecond, whatever else happens in between. */
#define ADVANCE_STEP_NS 1000000u

static void on_config_read(struct session *s) {
    s->counters.config_reads++;
    s->link->value = bus_config_read(&s->bus, (uint16_t)s->link->a, s->link->size);
}

static void on_config_write(struct session *s) {
    s->counters.config_writes++;
    bus_config_write(&s->bus, (uint16_t)s->link->a, s->link->size, (uint32_t)s->link->value);
}

static void on_bar_read(struct session *s) {
    struct link *l = s->link;
    counters_bar_read(&s->counters, &s->firmware, l->bar, l->a);
    l->value = bus_bar_read(&s->bus, l->bar, l->a, l->size);
}

static void on_bar_write(struct session *s) {
    struct link *l = s->link;
    bool doorbell = counters_bar_write(&s->counters, &s->firmware, l->bar, l->a);
    dialect_bar_write(&s->dialect, &s->bus, l->bar, l->a, l->size, l->value);
    bus_bar_write(&s->bus, l->bar, l->a, l->size, l->value);
    if (doorbell && s->bus.realtime) {
        dialect_await(&s->dialect);
    } else if (doorbell) {
        dialect_look(&s->dialect);
    }
}

static void on_power(struct session *s) {
    bus_power(&s->bus, s->link->a != 0);
    microphone_missed(&s->microphone, s->now_ns);
}

_Static_assert((int)VSND_CLAIM_REACHED == (int)LINK_CLAIM_REACHED && (int)VSND_CLAIM_KEPT == (int)LINK_CLAIM_KEPT &&
                   (int)VSND_CLAIM_OUTLASTED == (int)LINK_CLAIM_OUTLASTED,
               "the device and the link call claims by the same bits");

static void on_claims(struct session *s) {
    s->link->value = bus_claims(&s->bus, s->link->a, s->link->size);
}

static void advance(struct session *s, uint64_t now_ns) {
    s->now_ns = now_ns;
    if (s->bus.realtime) {
        realtime_wait(&s->realtime, s->now_ns);
    }
    if (s->bus.finish != NULL) { /* sound is moved as a whole: see on_mark and session_run */
        bus_advance(&s->bus, s->now_ns);
        dialect_look(&s->dialect);
        return;
    }
    microphone_advance(&s->microphone, &s->bus, s->now_ns);
    bus_advance(&s->bus, s->now_ns);
    playback_advance(&s->playback, &s->bus, s->now_ns);
    dialect_look(&s->dialect);
    if (s->input->watch != NULL) {
        drift_watch_advance(s->input->watch, s);
    }
}

static void on_advance(struct session *s) {
    uint64_t until_ns = s->link->a;
    bool level = bus_intx(&s->bus) != 0, rose = false;

    while (s->now_ns < until_ns && !rose && s->bus.msi_count == 0) {
        uint64_t step_ns = (s->now_ns / ADVANCE_STEP_NS + 1) * ADVANCE_STEP_NS;
        advance(s, step_ns < until_ns ? step_ns : until_ns);
        rose = !level && bus_intx(&s->bus) != 0;
    }
    s->link->a = s->now_ns;
}

static void on_decode(struct session *s) {
    decoder_decode(s->decoder, (const uint8_t *)s->link->text, 16, s->link->a, &s->link->insn);
}

static void on_symbol(struct session *s) {
    symbolizer_name(&s->symbolizer, s->input->sys, s->link->a, s->link->text, sizeof s->link->text);
}

static void on_mark(struct session *s) {
    switch (s->link->a) {
    case LINK_MARK_RENDER_RUN:
        s->run_ns[0] = s->now_ns;
        playback_run(&s->playback);
        break;
    case LINK_MARK_RENDER_IDLE:
        playback_idle(&s->playback);
        break;
    case LINK_MARK_CAPTURE_RUN:
        s->run_ns[1] = s->now_ns;
        if (s->bus.finish != NULL) {
            microphone_deliver(&s->microphone, &s->bus, s->now_ns);
        } else {
            microphone_run(&s->microphone, s->now_ns);
        }
        break;
    case LINK_MARK_CAPTURE_IDLE:
        microphone_idle(&s->microphone);
        break;
    case LINK_MARK_SPEED:
        cost_speed(&s->cost, s->now_ns);
        break;
    case LINK_MARK_WATCH:
        if (s->input->watch != NULL) {
            drift_watch_mark(s->input->watch, s);
        }
        break;
    case LINK_MARK_PERIOD:
        cost_period(&s->cost, &s->counters, &s->link->result);
        break;
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
        fprintf(stderr, "%12.6f  %s\n", (double)s->now_ns / 1e9, s->link->text);
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
    [LINK_OP_CONFIG_READ] = on_config_read,
    [LINK_OP_CONFIG_WRITE] = on_config_write,
    [LINK_OP_BAR_READ] = on_bar_read,
    [LINK_OP_BAR_WRITE] = on_bar_write,
    [LINK_OP_POWER] = on_power,
    [LINK_OP_ADVANCE] = on_advance,
    [LINK_OP_CLAIMS] = on_claims,
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

    link->text[sizeof link->text - 1] = '\0';
    if (op < sizeof s_handlers / sizeof s_handlers[0] && s_handlers[op] != NULL) {
        s_handlers[op](session);
    } else {
        session->ended = true;
        session->exit_code = LINK_EXIT_INTERNAL;
        snprintf(session->exit_text, sizeof session->exit_text, "the guest asked for the unknown operation %u", op);
    }
    if (op >= LINK_OP_CONFIG_READ && op <= LINK_OP_ADVANCE) { /* the device worked */
        link->intx = bus_intx(&session->bus) != 0;
    }
    link->msi_count = session->bus.msi_count;
    for (uint32_t i = 0; i < link->msi_count && i < BUS_MSI_KEPT; i++) {
        link->msi[i].address = session->bus.msi[i].address;
        link->msi[i].data = session->bus.msi[i].data;
    }
    session->bus.msi_count = 0;
}
