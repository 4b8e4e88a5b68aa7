/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The driver on a hostile device (hostile.h). Each input is a life of the driver in the bench, load to unload, in a
 * guest process of its own; libFuzzer gets the counters of the driver's own basic blocks, which the guest leaves in the
 * page that both share.
 *
 * After each life: no rule of the bench was broken, the scenario's bounds of time and memory held, and nothing was left
 * that the device, by what it has told (told.h), had to give back. When the life has reached what none before it has,
 * the device becomes honest and a second one must play and record bit for bit.
 *
 * Every input is lived: each row can have each knob. When the bench itself cannot go on, the program ends with status
 * CANNOT behind the line that says why: that is no finding, and no input that broke nothing.
 */
#include "../../tests/fuzz/hostile.h"

#include <fcntl.h>
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
/* The buffers that the bench's commands take by default. */
#define EVENT_FRAMES 960u
#define TIMER_FRAMES 1920u

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNTERS (LINK_COVERAGE_BYTES - sizeof(struct link_coverage))
#define POWERS 64u
#define CANNOT 2

/* In pairs: for x64 and for x86. Some rows of device/personality.c are no device of the first pair. */
static const struct image {
    const char *arch, *base, *row;
} images[] = {{"x64", "aero_virtio_snd", NULL}, {"x86", "aero_virtio_snd", NULL},
              {"x64", "virtiosnd_ioport", "ioport"}, {"x86", "virtiosnd_ioport", "ioport"},
              {"x64", "virtiosnd_legacy", "transitional"}, {"x86", "virtiosnd_legacy", "transitional"}};
#define IMAGES (sizeof images / sizeof images[0])

/* What libFuzzer takes for coverage: an image's counters, then how long its longest DPC was, in powers of two. */
__attribute__((section("__libfuzzer_extra_counters"), used)) static uint8_t counters[IMAGES][COUNTERS + POWERS];
/* By any life, also of earlier runs: the file that DRIVER_FUZZ_REACHED names. */
static uint8_t reached[IMAGES][COUNTERS];
static int reached_file = -1;

static char base[PATH_BYTES]; /* the folder of this program */
static struct sound render, microphone;

struct life {
    struct session *session;
    unsigned image;
    bool novel, again; /* it reached what none did before; so it is followed by an honest one */
    unsigned long long blocks, bytes, ms;
};

static _Noreturn void broken(const char *rule, const char *message, const char *where)
{
    fprintf(stderr, "driver_fuzz: %s: %s%s%s\n", rule, message, *where ? ", in " : "", where);
    abort();
}

/* At once: libFuzzer would take an exit() for a finding. */
static _Noreturn void cannot(const char *what)
{
    fail("driver_fuzz: %s", what);
    _exit(CANNOT);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    if (!program_directory(base, sizeof base) || !audio_in_generate(&render, 2, SOUND_FRAMES) ||
        !audio_in_generate(&microphone, 1, SOUND_FRAMES))
        cannot("there is no sound");
    const char *path = getenv("DRIVER_FUZZ_REACHED");
    if (path)
        reached_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (path && (reached_file < 0 || pread(reached_file, reached, sizeof reached, 0) < 0))
        cannot("what was reached cannot be read");
    return 0;
}

static void keep_reached(unsigned image)
{
    if (reached_file >= 0 &&
        pwrite(reached_file, reached[image], COUNTERS, (off_t)(image * COUNTERS)) != (ssize_t)COUNTERS)
        cannot("what was reached cannot be written");
}

/* Counters at the end of a life; the second is honest and tells nothing. */
static void take_counters(struct life *life)
{
    const uint8_t *page = (const uint8_t *)life->session->link + LINK_COVERAGE_OFFSET + sizeof(struct link_coverage);
    uint8_t *known = reached[life->image], *to = counters[life->image];
    memcpy(to, page, COUNTERS);
    for (size_t i = 0; i < COUNTERS; i++) {
        life->novel = life->novel || (page[i] && !known[i]);
        known[i] |= page[i];
    }
    for (unsigned long long blocks = life->blocks, i = 0; blocks; blocks >>= 1, i++)
        to[COUNTERS + i] = 1;
    if (life->novel)
        keep_reached(life->image);
}

static void on_line(void *opaque, const char *line)
{
    struct life *life = opaque;
    if (strcmp(line, "life 1") != 0) {
        sscanf(line, "most %llu %llu %llu", &life->blocks, &life->bytes, &life->ms);
        return;
    }
    take_counters(life);
    life->again = hostile_behave() && life->novel;
    life->session->link->value = life->again;
}

static void judge(const struct life *life, enum exit_status status)
{
    const struct session *session = life->session;
    struct report report;
    if (status == EXIT_BAD_INPUT || session->wall_ns == 0) /* the guest took no image, or there was no guest */
        cannot("no life began");
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

/* The image for x64 of a row. */
static unsigned image_of(const char *row)
{
    for (unsigned i = 0; i < IMAGES; i += 2) {
        if (images[i].row && strcmp(images[i].row, row) == 0)
            return i;
    }
    return 0;
}

/* Image, device and clients that the input asks for. */
static void fill(struct session_input *input, struct options *options, const struct image *image, unsigned life,
                 char *device)
{
    char name[] = "driver_fuzz", command[] = "faults", *arguments[] = {name, command, NULL};
    bool help;
    if (!options_parse(options, 2, arguments, &help))
        cannot("its command line is none of the bench's");
    input->scenario = life & HOSTILE_SLEEPS ? "lying_device:sleeps" : "lying_device";
    snprintf(device, PATH_BYTES, "plugin:%.900s/hostile.so", base);
    options->device = device;
    options->event_mode = !(life & HOSTILE_TIMER);
    options->buffer_frames = life & HOSTILE_TIMER ? TIMER_FRAMES : EVENT_FRAMES;
    options->notifications = life & HOSTILE_ONE_NOTIFICATION ? 1 : 2;
    options->no_interrupt = options->polling_only = (life & HOSTILE_NO_INTERRUPT) != 0;
    input->options = options;
    snprintf(input->sys, sizeof input->sys, "%.900s/driver/%s/%s.sys", base, image->arch, image->base);
    input->render = &render;
    input->microphone = &microphone;
    input->record_frames = SOUND_FRAMES + AROUND_FRAMES + 2 * options->buffer_frames;
    if (!image_arch(input->sys, NULL, &input->arch))
        cannot("there is no image");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct session session;
    struct options options;
    unsigned how = size > 3 ? data[3] : 0;
    struct life life = {.session = &session};
    struct session_input input = {.on_line = on_line, .line_opaque = &life};
    char device[PATH_BYTES];
    life.image = image_of(hostile_row(data, size)) + (how & HOSTILE_X86 ? 1 : 0);
    fill(&input, &options, &images[life.image], how, device);
    hostile_take(data, size);
    if (session_open(&session, &input) != EXIT_GOOD)
        cannot("no life began");
    enum exit_status status = session_run(&session);
    if (getenv("DRIVER_FUZZ_TELLS"))
        fprintf(stderr, "life: %llu blocks in the longest DPC, %llu bytes at once, %llu ms\n", life.blocks,
                life.bytes, life.ms);
    judge(&life, status);
    session_close(&session);
    return 0;
}
