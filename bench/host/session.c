/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../seat/seat.h"
#include "guest.h"
#include "mailbox.h"
#include "progress.h"
#include "requests.h"
#include "vtime.h"

#define RAM_BYTES_X64 (6ull << 30) /* so that there is memory above 4 GiB */
#define RAM_BYTES_X86 (1ull << 30)
#define POLL_MS 50u
#define SILENCE_LIMIT_MS 120000u /* wall time without a request: the driver or the bench hangs */
#define SLACK_NS (60ull * 1000000000u) /* virtual time that a stream may need beyond twice its length */
#define OTHERWISE_NS (3600ull * 1000000000u) /* and any other command */

static volatile pid_t s_guest;

void session_kill_guest(void) {
    if (s_guest > 0) {
        kill(s_guest, SIGKILL);
    }
}

static uint64_t wall_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *map_new(const char *name, uint64_t bytes, int *fd) {
    *fd = memfd_create(name, MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, (off_t)bytes) != 0) {
        fail("cannot create %s memory: %s", name, strerror(errno));
        return NULL;
    }
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, *fd, 0);
    if (map == MAP_FAILED) {
        fail("cannot map %s memory: %s", name, strerror(errno));
        return NULL;
    }
    return map;
}

static const char *scenario_name(const struct session_input *input) {
    const struct options *o = input->options;

    if (input->scenario != NULL) {
        return input->scenario;
    }
    return o->command->kind == COMMAND_SCENARIO ? o->operand : o->command->name;
}

static void fill_options(struct session *s) {
    const struct session_input *input = s->input;
    const struct options *o = input->options;
    struct link_options *to = &s->link->options;

    snprintf(to->sys_path, sizeof to->sys_path, "%s", input->sys);
    snprintf(to->scenario, sizeof to->scenario, "%s", scenario_name(input));
    to->seed = o->seed;
    to->input_frames = input->render != NULL ? input->render->frames : 0;
    to->record_frames = input->record_frames;
    to->run_ns = input->run_ns;
    to->ram_bytes = s->ram_bytes;
    to->event_mode = o->event_mode;
    to->notifications = (uint32_t)o->notifications;
    to->buffer_frames = (uint32_t)o->buffer_frames;
    to->jitter_us = (uint32_t)(o->jitter_ms * 1000);
    to->force_null_backend = o->null_backend ? 1 : 0xFFFFFFFFu;
    to->allow_polling_only = o->polling_only ? 1 : 0xFFFFFFFFu;
    to->no_interrupt = o->no_interrupt;
    to->trace = o->trace != NULL;
    to->json = o->json;
    to->device_in_guest = input->device_in_guest;
    snprintf(to->device, sizeof to->device, "%s", o->device);
    memcpy(to->bar_type, s->board.firmware.type, sizeof to->bar_type);
    memcpy(to->bar_size, s->board.firmware.size, sizeof to->bar_size);
    memcpy(to->bar_base, s->board.firmware.base, sizeof to->bar_base);
}

enum exit_status session_open(struct session *s, const struct session_input *input) {
    const struct options *o = input->options;
    bool x64 = strcmp(input->arch, "x64") == 0;

    memset(s, 0, sizeof *s);
    s->input = input;
    s->link_fd = s->ram_fd = s->record_fd = -1;
    s->ram_bytes = x64 ? RAM_BYTES_X64 : RAM_BYTES_X86;
    s->board.microphone.signal = input->microphone;
    if (strlen(scenario_name(input)) >= sizeof s->link->options.scenario) {
        fail("scenario: '%s' is too long a name", scenario_name(input));
        return EXIT_BAD_INPUT;
    }
    if ((s->link = map_new("link", LINK_PAGE_BYTES, &s->link_fd)) == NULL ||
        (s->ram = map_new("ram", s->ram_bytes, &s->ram_fd)) == NULL) {
        return EXIT_BENCH;
    }
    if ((s->record_fd = memfd_create("record", MFD_CLOEXEC)) < 0 ||
        (s->decoder = decoder_create(x64 ? 64 : 32)) == NULL) {
        fail("cannot prepare the run: %s", s->record_fd < 0 ? strerror(errno) : "Capstone does not work");
        return EXIT_BENCH;
    }
    if (o->trace != NULL && (s->trace = fopen(o->trace, "w")) == NULL) {
        fail("%s: cannot be written: %s", o->trace, strerror(errno));
        return EXIT_BAD_INPUT;
    }
    s->board.link = s->link;
    struct bus_setting setting = {s->ram, s->ram_bytes, s->ram_fd, input->microphone != NULL};
    s->bus_open = bus_open(&s->board.bus, o->device, &setting);
    if (!s->bus_open || !board_configure(&s->board, s->ram, s->ram_bytes)) {
        return EXIT_BAD_INPUT;
    }
    fill_options(s);
    s->link->magic = LINK_MAGIC;
    s->link->turn = LINK_GUEST;
    return EXIT_GOOD;
}

/* When the run must have come to its end; a client that never gets on would go on for ever. */
static uint64_t time_limit(const struct session_input *input) {
    uint64_t render = input->render != NULL ? input->render->frames : 0;
    uint64_t longest = render > input->record_frames ? render : input->record_frames;
    enum command_kind kind = input->options->command->kind;
    bool streams = kind == COMMAND_PLAY || kind == COMMAND_RECORD || kind == COMMAND_DUPLEX;

    if (input->run_ns != 0) {
        return input->run_ns + (kind == COMMAND_DRIFT ? SLACK_NS : OTHERWISE_NS);
    }
    return streams ? 2 * vtime_ns(longest + input->options->buffer_frames) + SLACK_NS : OTHERWISE_NS;
}

/* Takes the time from a guest that has the device itself. False: it has none, or no time passed. */
static bool follow_seat(struct session *s) {
    uint64_t before = s->board.now_ns;

    if (!s->input->device_in_guest) {
        return false;
    }
    s->board.now_ns = __atomic_load_n(&s->link->result.virtual_ns, __ATOMIC_RELAXED);
    if (s->input->watch != NULL && s->input->watch->reached != NULL) {
        *s->input->watch->reached = s->board.now_ns;
    }
    return s->board.now_ns != before;
}

/* Serves requests until the guest says that it is done, or is gone. False: it hangs; said so. */
static bool serve(struct session *s, int *status, bool *reaped) {
    uint64_t limit_ns = time_limit(s->input);
    unsigned silent_ms = 0;

    while (!s->ended) {
        if (s->board.now_ns > limit_ns) {
            return fail("the run did not come to an end within %.0f s of virtual time", (double)limit_ns / 1e9);
        }
        if (mailbox_wait(s->link, POLL_MS)) {
            silent_ms = 0;
            follow_seat(s);
            requests_handle(s);
            mailbox_answer(s->link);
            progress_update(s->board.now_ns);
            continue;
        }
        if (follow_seat(s)) {
            silent_ms = 0;
        }
        *reaped = guest_ended(s->guest, status);
        if (*reaped) {
            if (mailbox_wait(s->link, 0)) { /* its last words */
                requests_handle(s);
            }
            return true;
        }
        silent_ms += POLL_MS;
        if (silent_ms >= SILENCE_LIMIT_MS) {
            return fail("the guest made no progress for %u s", SILENCE_LIMIT_MS / 1000);
        }
    }
    return true;
}

static enum exit_status judge(struct session *s, int status) {
    static const char *const what[] = {
        [LINK_EXIT_FAILED] = "the scenario failed: ", [LINK_EXIT_BAD_IMAGE] = "",
        [LINK_EXIT_START] = "the driver refused to start: ", [LINK_EXIT_INTERNAL] = "the bench is at fault: "};
    static const enum exit_status verdict[] = {
        [LINK_EXIT_FAILED] = EXIT_NOT_GOOD, [LINK_EXIT_BAD_IMAGE] = EXIT_BAD_INPUT,
        [LINK_EXIT_START] = EXIT_NOT_GOOD, [LINK_EXIT_INTERNAL] = EXIT_BENCH};

    if (s->violated) {
        return EXIT_VIOLATION;
    }
    if (!s->ended) {
        char text[128];
        guest_describe_end(status, text, sizeof text);
        fail("the guest %s before it had finished (virtual time %.6f s)", text, (double)s->board.now_ns / 1e9);
        return EXIT_BENCH;
    }
    if (s->exit_code == LINK_EXIT_OK) {
        return EXIT_GOOD;
    }
    if (s->exit_code >= sizeof verdict / sizeof verdict[0] || s->exit_code == LINK_EXIT_VIOLATION) {
        fail("the guest ended with the unknown code %u: %s", s->exit_code, s->exit_text);
        return EXIT_BENCH;
    }
    fail("%s%s", what[s->exit_code], s->exit_text);
    return verdict[s->exit_code];
}

static void map_recorded(struct session *s) {
    off_t bytes = lseek(s->record_fd, 0, SEEK_END);

    if (bytes >= (off_t)sizeof *s->recorded) {
        void *map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, s->record_fd, 0);
        if (map != MAP_FAILED) {
            s->recorded = map;
            s->recorded_frames = (uint64_t)bytes / sizeof *s->recorded;
        }
    }
}

/* What a board in the guest process left. False: nothing. */
static bool take_seat_report(struct session *s, struct vsnd_stats *stats) {
    const struct seat_report *report = (const void *)s->link->seat;

    if (s->input->watch != NULL && report->watched) {
        s->input->watch->done = true;
        memcpy(s->input->watch->figures, report->figures, sizeof report->figures);
    }
    stats->odd_periods = report->odd_periods;
    stats->stray_flags = report->stray_flags;
    return report->left;
}

static void accuse(struct session *s, const char *rule, const char *what, uint64_t count) {
    if (s->violated || count == 0) {
        return;
    }
    snprintf(s->violation.rule, sizeof s->violation.rule, "%s", rule);
    snprintf(s->violation.message, sizeof s->violation.message, "%llu %s", (unsigned long long)count, what);
    snprintf(s->violation.function, sizeof s->violation.function, "the device model");
    s->violated = true;
}

/* What the model counted against the driver. */
static void look_for_breaches(struct session *s) {
    struct vsnd_stats stats;

    if (s->input->device_in_guest ? !take_seat_report(s, &stats) : !bus_model_stats(&s->board.bus, &stats)) {
        return;
    }
    accuse(s, "PERIOD_SIZE", "transfers are not of the size that SET_PARAMS announced", stats.odd_periods);
    accuse(s, "EVENT_IDX_FLAGS", "doorbells came with flags in the available ring although EVENT_IDX is negotiated",
           stats.stray_flags);
}

/* False: not all of it was written; said so. */
static bool end_trace(struct session *s) {
    FILE *trace = s->trace;

    s->trace = NULL;
    if (trace == NULL) {
        return true;
    }
    bool whole = ferror(trace) == 0;
    whole = fclose(trace) == 0 && whole;
    return whole || fail("%s: cannot be written: the trace is not whole", s->input->options->trace);
}

enum exit_status session_run(struct session *s) {
    const struct session_input *input = s->input;
    int status = 0;
    bool reaped = false;
    uint64_t start = wall_ns();

    s->guest = guest_start(input->arch, s->link_fd, s->ram_fd, input->render != NULL ? input->render->fd : -1,
                           input->record_frames != 0 ? s->record_fd : -1);
    if (s->guest <= 0) {
        s->guest = 0;
        return EXIT_BENCH;
    }
    s_guest = s->guest;
    bool served = serve(s, &status, &reaped);
    progress_end();
    if (!reaped) {
        guest_stop(s->guest, s->ended, &status);
    }
    s_guest = s->guest = 0;
    s->wall_ns = wall_ns() - start;
    map_recorded(s);
    if (!served) {
        return EXIT_BENCH;
    }
    if (!end_trace(s)) {
        return EXIT_BAD_INPUT;
    }
    look_for_breaches(s);
    if (s->board.bus.finish != NULL) {
        if (!bus_finish(&s->board.bus)) {
            return EXIT_BENCH;
        }
        playback_collect(&s->board.playback, &s->board.bus);
    }
    return s->board.playback.failed ? EXIT_BENCH : judge(s, status);
}

void session_close(struct session *s) {
    if (s->recorded != NULL) {
        munmap(s->recorded, s->recorded_frames * sizeof *s->recorded);
    }
    playback_free(&s->board.playback);
    if (s->bus_open) {
        bus_close(&s->board.bus);
    }
    if (s->trace != NULL) {
        fclose(s->trace);
    }
    symbolizer_close(&s->symbolizer);
    decoder_destroy(s->decoder);
    if (s->record_fd >= 0) {
        close(s->record_fd);
    }
    if (s->ram != NULL) {
        munmap(s->ram, s->ram_bytes);
    }
    if (s->ram_fd >= 0) {
        close(s->ram_fd);
    }
    if (s->link != NULL) {
        munmap(s->link, LINK_PAGE_BYTES);
    }
    if (s->link_fd >= 0) {
        close(s->link_fd);
    }
}
