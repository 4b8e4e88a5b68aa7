/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include <stdarg.h>
#include <string.h>

#include "vtime.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* What both streams give together: the sums of JSON's outermost object. */
struct totals {
    uint64_t frames_in, frames_out, leading_silence, gaps, periods;
    bool bit_exact;
    double latency_ms;
};

static void evaluate_render(struct report_stream *to, const struct session *s) {
    const struct sound *sound = s->input->render;
    const struct playback *p = &s->board.playback;
    uint64_t run = s->link->result.render.run_ns;

    to->present = true;
    to->verb = "played";
    to->source = s->input->options->operand;
    to->sound = sound;
    to->frames_in = sound->frames;
    to->frames_out = p->frames;
    to->periods = s->link->result.render.periods;
    compare(&to->comparison, sound->samples, sound->frames, p->samples, p->frames, 2, p->shorts, p->short_count);
    uint64_t left = p->first_ns + vtime_ns(to->comparison.leading_silence);
    to->latency_ms = p->frames != 0 && left > run ? (double)(left - run) / 1e6 : 0.0;
}

static void evaluate_capture(struct report_stream *to, const struct session *s) {
    const struct sound *sound = s->input->microphone;

    to->present = true;
    to->verb = "recorded";
    to->source = s->input->options->microphone != NULL ? s->input->options->microphone : "generated sweep";
    to->sound = sound;
    to->frames_in = sound->frames;
    to->periods = s->link->result.capture.periods;
    compare(&to->comparison, sound->samples, sound->frames, s->recorded, s->recorded_frames, 1, NULL, 0);
    /* The client records on a little, lest the leading silence cost the end of the signal. That surplus goes. */
    uint64_t wanted = to->comparison.leading_silence + sound->frames;
    to->frames_out = to->comparison.bit_exact ? MIN(wanted, s->recorded_frames) : s->recorded_frames;
    const struct link_stream_result *client = &s->link->result.capture;
    uint64_t spoken = client->run_ns + vtime_ns(client->frames);
    to->latency_ms = client->idle_ns > spoken ? (double)(client->idle_ns - spoken) / 1e6 : 0.0;
}

void report_evaluate(struct report *report, const struct session *session) {
    enum command_kind kind = session->input->options->command->kind;

    memset(report, 0, sizeof *report);
    bool measured = kind == COMMAND_BENCH || kind == COMMAND_LOGO ||
                    kind == COMMAND_FAULTS || kind == COMMAND_STEPS || kind == COMMAND_INTERLEAVE;
    if (kind == COMMAND_PLAY || kind == COMMAND_DUPLEX || (measured && session->input->render != NULL)) {
        evaluate_render(&report->render, session);
    }
    if (kind == COMMAND_RECORD || kind == COMMAND_DUPLEX || (measured && session->input->microphone != NULL)) {
        evaluate_capture(&report->capture, session);
    }
}

static bool stream_good(const struct report_stream *stream) {
    return !stream->present || (stream->comparison.bit_exact && stream->comparison.gaps == 0);
}

static uint64_t violations(const struct session *s) {
    uint64_t counted = s->link->result.violations;
    return counted == 0 && s->violated ? 1 : counted;
}

bool report_good(const struct report *report, const struct session *session) {
    bool silent = session->input->options->null_backend; /* by design nothing reaches the device */

    return violations(session) == 0 && session->link->result.leaks == 0 &&
           (silent || (stream_good(&report->render) && stream_good(&report->capture)));
}

static void add(struct totals *totals, const struct report_stream *stream) {
    if (stream->present) {
        totals->frames_in += stream->frames_in;
        totals->frames_out += stream->frames_out;
        totals->gaps += stream->comparison.gaps;
        totals->periods += stream->periods;
        totals->bit_exact = totals->bit_exact && stream->comparison.bit_exact;
        if (stream->comparison.leading_silence > totals->leading_silence) {
            totals->leading_silence = stream->comparison.leading_silence;
        }
        if (stream->latency_ms > totals->latency_ms) {
            totals->latency_ms = stream->latency_ms;
        }
    }
}

void report_json_string(const char *key, const char *value) {
    printf("\"%s\": \"", key);
    for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            printf("\\%c", *c);
        } else if (*c < 0x20) {
            printf("\\u%04x", *c);
        } else {
            putchar(*c);
        }
    }
    printf("\", ");
}

static void json_number(const char *key, uint64_t value) {
    printf("\"%s\": %llu, ", key, (unsigned long long)value);
}

/* The fields that a stream and the whole have in common; no comma at the end. */
static void json_sound(const struct totals *t) {
    json_number("frames_in", t->frames_in);
    json_number("frames_out", t->frames_out);
    json_number("leading_silence_frames", t->leading_silence);
    printf("\"bit_exact\": %s, ", t->bit_exact ? "true" : "false");
    json_number("gaps", t->gaps);
    printf("\"latency_ms\": %.3f, \"periods\": %llu", t->latency_ms, (unsigned long long)t->periods);
}

static void json_stream(const char *name, const struct report_stream *stream) {
    struct totals one = {.bit_exact = true};

    add(&one, stream);
    printf(", \"%s\": {", name);
    json_sound(&one);
    printf("}");
}

static void print_json(const struct report *report, const struct session *s) {
    const struct link_result *result = &s->link->result;
    struct totals totals = {.bit_exact = report->render.present || report->capture.present};

    add(&totals, &report->render);
    add(&totals, &report->capture);
    printf("{");
    report_json_string("arch", s->input->arch);
    report_json_string("sys", s->input->sys);
    report_json_string("device", s->input->options->device);
    report_json_string("dialect", s->board.dialect.name);
    json_sound(&totals);
    printf(", ");
    json_number("doorbells", s->board.counters.doorbells);
    json_number("register_reads", s->board.counters.register_reads);
    json_number("register_writes", s->board.counters.register_writes);
    json_number("interrupts", result->interrupts);
    json_number("dpcs", result->dpcs);
    json_number("violations", violations(s));
    json_number("leaks", result->leaks);
    printf("\"virtual_seconds\": %.6f, \"wall_seconds\": %.3f", (double)result->virtual_ns / 1e9,
           (double)s->wall_ns / 1e9);
    if (s->input->options->command->kind == COMMAND_DUPLEX) {
        json_stream("render", &report->render);
        json_stream("capture", &report->capture);
    }
    printf("}\n");
}

__attribute__((format(printf, 2, 3))) static void row(const char *name, const char *format, ...) {
    va_list arguments;

    printf("  %-18s", name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static void print_stream(const struct report_stream *t) {
    const struct comparison *c = &t->comparison;

    row(t->verb, "%s", t->source);
    row("", "%llu frames, %.3f s%s", (unsigned long long)t->frames_in, (double)t->frames_in / ENDPOINT_RATE,
        t->sound->converted ? " at 48 kHz" : "");
    if (t->sound->converted) {
        row("", "converted from %u Hz, %u channel%s, for the endpoint's S16 format", t->sound->source_rate,
            t->sound->source_channels, t->sound->source_channels == 1 ? "" : "s");
    }
    if (c->bit_exact) {
        row("bit for bit", "yes");
    } else {
        row("bit for bit", "NO: first difference at frame %llu (%.3f s)", (unsigned long long)c->first_difference,
            (double)c->first_difference / ENDPOINT_RATE);
    }
    row("gaps", "%llu", (unsigned long long)c->gaps);
    row("leading silence", "%llu frames", (unsigned long long)c->leading_silence);
    row("latency", "%.3f ms", t->latency_ms);
    row("periods", "%llu", (unsigned long long)t->periods);
}

static void print_table(const struct report *report, const struct session *s) {
    const struct link_result *result = &s->link->result;
    const struct options *o = s->input->options;

    row("driver", "%s (%s)", s->input->sys, s->input->arch);
    row("device", "%s, dialect %s", o->device, s->board.dialect.name);
    if (o->command->kind == COMMAND_SCENARIO || o->command->kind == COMMAND_LOAD) {
        row(o->command->name, "%s: done", o->operand);
    } else {
        row("client", "%s-driven, buffer %llu frames, %llu notification%s, jitter %llu ms",
            o->event_mode ? "event" : "timer", (unsigned long long)o->buffer_frames,
            (unsigned long long)o->notifications, o->notifications == 1 ? "" : "s", (unsigned long long)o->jitter_ms);
    }
    if (report->render.present) {
        print_stream(&report->render);
    }
    if (report->capture.present) {
        print_stream(&report->capture);
    }
    row("doorbells", "%llu", (unsigned long long)s->board.counters.doorbells);
    row("other accesses", "%llu reads, %llu writes", (unsigned long long)s->board.counters.register_reads,
        (unsigned long long)s->board.counters.register_writes);
    row("interrupts", "%llu (%llu DPCs)", (unsigned long long)result->interrupts, (unsigned long long)result->dpcs);
    row("violations", "%llu", (unsigned long long)violations(s));
    row("leaks", "%llu", (unsigned long long)result->leaks);
    row("time", "%.3f s of Windows in %.3f s", (double)result->virtual_ns / 1e9, (double)s->wall_ns / 1e9);
}

void report_print(const struct report *report, const struct session *session) {
    if (session->input->options->json) {
        print_json(report, session);
    } else {
        print_table(report, session);
    }
    fflush(stdout);
}

/* One word of a command line, so that a shell reads it back as it was. */
static void print_word(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%";

    if (*word != '\0' && strspn(word, plain) == strlen(word)) {
        fputs(word, stderr);
        return;
    }
    fputc('\'', stderr);
    for (; *word != '\0'; word++) {
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, stderr);
    }
    fputc('\'', stderr);
}

void report_violation(const struct session *session, int argc, char **argv) {
    const struct violation *v = &session->violation;
    bool seeded = false;

    fprintf(stderr, "violation: %s\n  %s\n  in %s, at %.6f s\n", v->rule, v->message,
            v->function[0] != '\0' ? v->function : "(no driver function)", (double)session->board.now_ns / 1e9);
    fputs("replay:", stderr);
    for (int i = 0; i < argc; i++) {
        fputc(' ', stderr);
        print_word(argv[i]);
        seeded = seeded || strncmp(argv[i], "--seed", 6) == 0;
    }
    if (!seeded) {
        fprintf(stderr, " --seed %llu", (unsigned long long)session->input->options->seed);
    }
    fputc('\n', stderr);
}
