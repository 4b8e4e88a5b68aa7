/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One run: a guest process with a driver in it, a device, and between them this
 * process, which answers one request of the guest at a time (bench/include/link.h).
 */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "audio_in.h"
#include "board.h"
#include "cost.h"
#include "decode.h"
#include "error.h"
#include "image.h"
#include "options.h"
#include "symbol.h"

/* What the run is given: made before it starts. */
struct session_input {
    const struct options *options;
    const char *arch;
    char sys[SYS_PATH_BYTES];
    const struct sound *render;     /* stereo; NULL: none */
    const struct sound *microphone; /* mono; NULL: none */
    uint64_t record_frames;         /* that the capture client is to move */
    const char *scenario;           /* of the guest; NULL: the command's own */
    void (*on_line)(void *opaque, const char *line); /* takes the guest's lines; NULL: they are printed */
    void *line_opaque;
    uint64_t run_ns;           /* how long the streams of "drift" run */
    struct drift_watch *watch; /* sees every step of the device; NULL: nobody */
    bool device_in_guest;      /* the board is in the guest process: no sound comes back but what `watch` counts */
};

struct violation {
    char rule[128];
    char message[3072];
    char function[512];
};

struct session {
    const struct session_input *input;
    struct link *link;
    uint8_t *ram;
    uint64_t ram_bytes;
    int link_fd, ram_fd, record_fd;
    pid_t guest; /* 0: none alive */
    struct board board;
    bool bus_open;
    struct decoder *decoder;
    struct symbolizer symbolizer;
    struct cost cost;
    FILE *trace;
    bool ended; /* LINK_OP_EXIT came */
    uint32_t exit_code; /* enum link_exit */
    char exit_text[4096];
    bool violated;
    struct violation violation;
    uint64_t wall_ns;
    int16_t *recorded; /* mono, mapped from record_fd after the run; NULL: nothing */
    uint64_t recorded_frames;
};

/* Prepares memory, device and trace. EXIT_GOOD, or the status to end with (said why). `session_close` undoes it, also
 * after a failure. */
enum exit_status session_open(struct session *session, const struct session_input *input);
/* Starts the guest and serves it until it ends. EXIT_GOOD: it ran to its end with LINK_EXIT_OK (that says nothing about
 * the sound); else said why, save for a violation, which is the report's to print. */
enum exit_status session_run(struct session *session);
void session_close(struct session *session);

/* Ends the guest of the running session, if any; async-signal-safe. */
void session_kill_guest(void);

#endif
