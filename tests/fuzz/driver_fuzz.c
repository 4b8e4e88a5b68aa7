/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The driver on a hostile device (hostile.h). Each input is a life of the driver in the bench, load to unload, in a
 * guest process of its own; libFuzzer gets the counters of the driver's own basic blocks, which the guest leaves in the
 * page that both share.
 *
 * After each life: no rule of the bench was broken, the scenario's bounds of time and memory held, and nothing was set
 * aside for a device that can own nothing. When the life has reached what none before it has, the device becomes honest
 * and a second one must play and record bit for bit.
 */
#include "../../tests/fuzz/hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio_in.h"
#include "image.h"
#include "options.h"
#include "report.h"
#include "session.h"

#define SOUND_FRAMES 2400u
#define AROUND_FRAMES 2400u
#define PATH_BYTES 1024u

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What libFuzzer takes for coverage: counters of the image, then how long the longest DPC was, in powers of two. */
#define COUNTERS (LINK_COVERAGE_BYTES - sizeof(struct link_coverage))
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS + 64];
static uint8_t reached[COUNTERS]; /* by any life of this process */
static uint8_t reached_x86[COUNTERS];

static char base[PATH_BYTES]; /* the folder of this program */
static struct sound render, microphone;

struct life {
    struct session *session;
    bool novel, again; /* it reached what none did before; so it is followed by an honest one */
    uint8_t *reached;
    unsigned long long blocks, bytes, ms, aside;
};

static _Noreturn void broken(const char *rule, const char *message, const char *where)
{
    fprintf(stderr, "driver_fuzz: %s: %s%s%s\n", rule, message, *where ? ", in " : "", where);
    abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    if (!program_directory(base, sizeof base) || !audio_in_generate(&render, 2, SOUND_FRAMES) ||
        !audio_in_generate(&microphone, 1, SOUND_FRAMES))
        exit(2);
    return 0;
}

/* Counters at the end of a life; the second is honest and tells nothing. */
static void take_counters(struct life *life)
{
    const uint8_t *page = (const uint8_t *)life->session->link + LINK_COVERAGE_OFFSET + sizeof(struct link_coverage);
    memcpy(counters, page, COUNTERS);
    for (size_t i = 0; i < COUNTERS; i++) {
        life->novel = life->novel || (page[i] && !life->reached[i]);
        life->reached[i] |= page[i];
    }
    for (unsigned long long blocks = life->blocks, i = 0; blocks; blocks >>= 1, i++)
        counters[COUNTERS + i] = 1;
}

static void on_line(void *opaque, const char *line)
{
    struct life *life = opaque;
    if (strcmp(line, "life 1") != 0) {
        sscanf(line, "most %llu %llu %llu", &life->blocks, &life->bytes, &life->ms);
        sscanf(line, "aside %llu", &life->aside);
        return;
    }
    take_counters(life);
    if (life->aside && !hostile_may_own())
        broken("LEAK", "memory is set aside for a device that gave no reason", "");
    life->again = hostile_behave() && life->novel;
    life->session->link->value = life->again;
}

static void judge(const struct life *life, enum exit_status status)
{
    const struct session *session = life->session;
    struct report report;
    if (status == EXIT_VIOLATION)
        broken(session->violation.rule, session->violation.message, session->violation.function);
    if (status != EXIT_GOOD)
        broken("LIFE", *session->exit_text ? session->exit_text : "it did not end", "");
    if (!life->again)
        return;
    report_evaluate(&report, session);
    if (!report_good(&report, session))
        broken("AFTERWARDS", "an honest device does not play or record what it should", "");
}

/* Image, device and clients that the input asks for. */
static void fill(struct session_input *input, struct options *options, const uint8_t *data, size_t size, char *device)
{
    char name[] = "driver_fuzz", command[] = "faults", *arguments[] = {name, command, NULL};
    unsigned life = size > 3 ? data[3] : 0;
    bool help;
    if (!options_parse(options, 2, arguments, &help))
        exit(2);
    input->scenario = life & HOSTILE_SLEEPS ? "hostile:sleeps" : "hostile";
    snprintf(device, PATH_BYTES, "plugin:%.900s/hostile.so", base);
    options->device = device;
    options->event_mode = !(life & HOSTILE_TIMER);
    options->notifications = life & HOSTILE_ONE_NOTIFICATION ? 1 : 2;
    options->no_interrupt = options->polling_only = (life & HOSTILE_NO_INTERRUPT) != 0;
    input->options = options;
    snprintf(input->sys, sizeof input->sys, "%.900s/driver/%s/%s.sys", base, life & HOSTILE_X86 ? "x86" : "x64",
             strcmp(hostile_row(data, size), "ioport") == 0 ? "virtiosnd_ioport" : "aero_virtio_snd");
    input->render = &render;
    input->microphone = &microphone;
    input->record_frames = SOUND_FRAMES + AROUND_FRAMES + 2 * options->buffer_frames;
    if (!image_arch(input->sys, NULL, &input->arch))
        exit(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session session;
    struct options options;
    struct life life = {.session = &session, .reached = size > 3 && data[3] & HOSTILE_X86 ? reached_x86 : reached};
    struct session_input input = {.on_line = on_line, .line_opaque = &life};
    char device[PATH_BYTES];
    fill(&input, &options, data, size, device);
    hostile_take(data, size);
    enum exit_status status = session_open(&session, &input);
    if (status != EXIT_GOOD)
        broken("BENCH", "the session does not open", "");
    status = session_run(&session);
    if (getenv("DRIVER_FUZZ_TELLS"))
        fprintf(stderr, "driver_fuzz: blocks %llu bytes %llu ms %llu aside %llu novel %d\n", life.blocks, life.bytes,
                life.ms, life.aside, life.novel);
    judge(&life, status);
    session_close(&session);
    return 0;
}
