/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A guest without Windows and without a driver, to test the host process alone:
 * it speaks the link, moves samples to and from plugin_fifo.c, and misbehaves
 * when the scenario's name says so.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "turn.h"

#define MS 1000000u
#define FRAMES_PER_MS 48u
#define START_MS 3u
#define LEAD_MS 2u /* the "driver" plays this much silence first */

static struct link *s_link;
static int s_input, s_output;

static void ask(enum link_op op) {
    static const struct timespec patience = {.tv_sec = 1};

    s_link->op = op;
    turn_give(s_link, LINK_HOST);
    while (!turn_await(s_link, LINK_GUEST, &patience)) {
        continue; /* the host ends this process when it goes */
    }
}

static void say(enum link_op op, uint64_t a, const char *text) {
    s_link->a = a;
    snprintf(s_link->text, sizeof s_link->text, "%s", text);
    ask(op);
}

static void bar_write(uint64_t offset, uint64_t value) {
    s_link->bar = 0;
    s_link->a = offset;
    s_link->size = 4;
    s_link->value = value;
    ask(LINK_OP_BAR_WRITE);
}

static void play_ms(uint64_t ms) {
    uint32_t frame[FRAMES_PER_MS] = {0};
    if (ms >= START_MS + LEAD_MS && read(s_input, frame, sizeof frame) <= 0) {
        return;
    }
    for (unsigned i = 0; i < FRAMES_PER_MS; i++) {
        bar_write(0, frame[i]);
    }
    bar_write(0x40, 2);
    s_link->result.render.periods++;
}

static void record_ms(void) {
    for (;;) {
        s_link->bar = 0;
        s_link->a = 4;
        s_link->size = 4;
        ask(LINK_OP_BAR_READ);
        int16_t sample = (int16_t)s_link->value;
        if ((s_link->value & 0x10000u) == 0 || write(s_output, &sample, sizeof sample) != sizeof sample) {
            return;
        }
    }
}

static void stream(int render, int capture) {
    uint64_t frames = s_link->options.input_frames > s_link->options.record_frames ? s_link->options.input_frames
                                                                                  : s_link->options.record_frames;
    uint64_t end = START_MS + LEAD_MS + frames / FRAMES_PER_MS + 3;
    for (uint64_t ms = 1; ms <= end; ms++) {
        if (ms == START_MS && render) {
            s_link->result.render.run_ns = (ms - 1) * MS;
            say(LINK_OP_MARK, LINK_MARK_RENDER_RUN, "");
        }
        if (ms == START_MS && capture) {
            say(LINK_OP_MARK, LINK_MARK_CAPTURE_RUN, "");
        }
        if (ms >= START_MS && render) {
            play_ms(ms);
        }
        say(LINK_OP_ADVANCE, ms * MS, "");
        if (capture) {
            record_ms();
        }
    }
    say(LINK_OP_MARK, LINK_MARK_RENDER_IDLE, "");
    s_link->result.virtual_ns = end * MS;
}

static void misbehave(const char *scenario) {
    if (strcmp(scenario, "crash") == 0) {
        raise(SIGSEGV);
    } else if (strcmp(scenario, "vanish") == 0) {
        _exit(7);
    } else if (strcmp(scenario, "violate") == 0) {
        say(LINK_OP_VIOLATION, 0, "IRQL_TOO_HIGH\nKeWaitForSingleObject at DISPATCH_LEVEL\nVirtIoSndStop+0x12");
        _exit(LINK_EXIT_VIOLATION);
    } else if (strcmp(scenario, "expectation") == 0) {
        say(LINK_OP_EXIT, LINK_EXIT_FAILED, "position went backwards");
    } else if (strcmp(scenario, "refusal") == 0) {
        say(LINK_OP_EXIT, LINK_EXIT_START, "STATUS_DEVICE_CONFIGURATION_ERROR");
    } else if (strcmp(scenario, "nonsense") == 0) {
        ask((enum link_op)99);
    } else if (strcmp(scenario, "leak") == 0) {
        s_link->result.leaks = 1;
    } else {
        return;
    }
    say(LINK_OP_EXIT, LINK_EXIT_OK, "");
    exit(0);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        return 1;
    }
    s_link = mmap(NULL, LINK_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[1]), 0);
    s_input = atoi(argv[3]);
    s_output = atoi(argv[4]);
    if (s_link == MAP_FAILED || s_link->magic != LINK_MAGIC || s_link->turn != LINK_GUEST) {
        return 1;
    }
    misbehave(s_link->options.scenario);
    if (strcmp(s_link->options.scenario, "show") == 0) {
        say(LINK_OP_SHOW, 0, "a picture");
        say(LINK_OP_SHOW, 1, "{\"device\": 1}");
    } else {
        stream(s_link->options.input_frames != 0, s_link->options.record_frames != 0);
    }
    say(LINK_OP_NOTE, 0, "a note");
    say(LINK_OP_TRACE, 0, "a line of the trace");
    say(LINK_OP_EXIT, LINK_EXIT_OK, "");
    return 0;
}
