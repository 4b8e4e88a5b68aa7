/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a run amounts to, for people and for programs. */
#ifndef HOST_REPORT_H
#define HOST_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "compare.h"
#include "session.h"

struct report_stream {
    bool present;
    const char *verb;   /* "played", "recorded" */
    const char *source; /* what went in: a file name or "generated sweep" */
    const struct sound *sound;
    uint64_t frames_in;
    uint64_t frames_out;
    struct comparison comparison;
    /* Render: virtual time from the client's SetState(RUN) until the first frame of the sound left the device. Capture:
     * how long after the last frame was spoken the client had read it. */
    double latency_ms;
    uint64_t periods;
};

struct report {
    struct report_stream render, capture;
};

/* Compares what went in with what came out. Call after the run; streams that did not take part stay absent. */
void report_evaluate(struct report *report, const struct session *session);
/* Did it arrive as it must, with nothing broken or left behind? */
bool report_good(const struct report *report, const struct session *session);
/* Prints the table or the JSON object on stdout. */
void report_print(const struct report *report, const struct session *session);
/* Prints `"KEY": "VALUE", ` with what JSON wants escaped. */
void report_json_string(const char *key, const char *value);
/* Prints rule, message, function and the command line that shows it again, on stderr. */
void report_violation(const struct session *session, int argc, char **argv);

#endif
