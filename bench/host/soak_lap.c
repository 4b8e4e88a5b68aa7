/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "soak_lap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drift_cell.h"
#include "image.h"
#include "processor.h"
#include "report.h"

#define WEEK_SECONDS 604800u
#define STRETCH_MAX_S 1200u
#define STRETCH_MIN_S 5u
#define GUEST_GROWTH_KIB 64u /* stacks and tables that are touched late */
#define HOST_GROWTH_KIB 1024u
#define LAPS_UNTIL_FULL 3u
#define RECORD_FRAMES 72000u

static const struct {
    const char *variant, *base, *personality;
} s_machines[SOAK_CELLS / 2] = {
    {"contract", "aero_virtio_snd", "aero"},
    {"contract", "aero_virtio_snd", "specification"},
    {"legacy", "virtiosnd_legacy", "transitional"},
    {"contract", "aero_virtio_snd", "qemu8"},
    {"contract", "aero_virtio_snd", "qemu"},
    {"ioport", "virtiosnd_ioport", "ioport"},
    {"contract", "aero_virtio_snd", "crosvm"},
    {"contract", "aero_virtio_snd", "vhost-device-sound"},
    {"contract", "aero_virtio_snd", "acrn"},
    {"contract", "aero_virtio_snd", "android"},
};

/* What each device may do beside: the first half of the laps without. */
static const char *const s_knobs[] = {"", "", "", "", ",events=xruns", ",events=malformed", ",events=flood",
                                      ",event_idx=on"};

static const int s_ppm[] = {0, 100, -100, 500};

/* splitmix64 */
static uint64_t mix(uint64_t z) {
    z += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

uint64_t soak_seconds(const struct options *options) {
    return options->seconds != OPTION_ABSENT ? options->seconds : WEEK_SECONDS;
}

/* Long, but so that every cell has some laps. */
static uint64_t stretch(uint64_t seconds) {
    uint64_t share = seconds / (4 * SOAK_CELLS);

    return share < STRETCH_MIN_S ? STRETCH_MIN_S : share > STRETCH_MAX_S ? STRETCH_MAX_S : share;
}

struct soak_lap soak_lap_make(uint64_t seed, uint64_t seconds, uint64_t number) {
    struct soak_lap lap = {.number = number, .cell = (unsigned)(number % SOAK_CELLS), .status = EXIT_BENCH};
    uint64_t random = mix(mix(seed) + number);

    lap.arch = lap.cell % 2 == 0 ? "x64" : "x86";
    lap.variant = s_machines[lap.cell / 2].variant;
    lap.base = s_machines[lap.cell / 2].base;
    lap.personality = s_machines[lap.cell / 2].personality;
    lap.knobs = s_knobs[random % (sizeof s_knobs / sizeof s_knobs[0])];
    lap.ppm = s_ppm[random / 64 % (sizeof s_ppm / sizeof s_ppm[0])];
    lap.seed = random >> 16;
    lap.stretch_s = stretch(seconds);
    return lap;
}

static bool guest_is_flat(const struct soak_lap *lap) {
    return lap->guest_last_kib <= lap->guest_first_kib + GUEST_GROWTH_KIB;
}

static bool host_is_flat(const struct soak_lap *lap) {
    return lap->host_growth_kib <= HOST_GROWTH_KIB;
}

bool soak_lap_is_flat(const struct soak_lap *lap) {
    return guest_is_flat(lap) && host_is_flat(lap);
}

bool soak_lap_went_well(const struct soak_lap *lap) {
    return lap->status == EXIT_GOOD && lap->scenarios == LINK_SOAK_SCENARIOS && lap->leaks == 0 && guest_is_flat(lap);
}

bool soak_lap_is_good(const struct soak_lap *lap) {
    return soak_lap_went_well(lap) && host_is_flat(lap);
}

void soak_lap_replay(const struct soak_lap *lap, const struct options *o, char line[SOAK_REPLAY_BYTES]) {
    unsigned long long number = lap->number, seconds = soak_seconds(o), seed = o->seed;

    if (soak_lap_went_well(lap)) {
        snprintf(line, SOAK_REPLAY_BYTES, "./aero-snd soak --resume $(mktemp) --jobs %u --seconds %llu --seed %llu",
                 processor_jobs(o), seconds, seed);
    } else {
        snprintf(line, SOAK_REPLAY_BYTES, "./aero-snd soak --replay %llu --seconds %llu --seed %llu", number, seconds,
                 seed);
    }
}

/* ---- what is known of one run ---- */

/* Who listens to the guest of one lap. */
struct listener {
    struct soak_lap *lap;
    char scenario[64]; /* that runs */
};

static void on_line(void *opaque, const char *line) {
    struct listener *listener = opaque;
    struct soak_lap *lap = listener->lap;
    unsigned long long pool, first, last;

    if (sscanf(line, "run %63s", listener->scenario) != 1 &&
        sscanf(line, "soak %u %llu %llu %llu", &lap->scenarios, &pool, &first, &last) == 4) {
        lap->pool_bytes = pool;
        lap->guest_first_kib = first;
        lap->guest_last_kib = last;
    }
}

/* Of this process, without what it shares with guests and files. */
static uint64_t own_kib(void) {
    unsigned long long size, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file != NULL) {
        if (fscanf(file, "%llu %llu %llu", &size, &resident, &shared) != 3) {
            resident = shared = 0;
        }
        fclose(file);
    }
    return (resident - shared) * 4;
}

static void measure_host(struct soak_lap *lap) {
    static uint64_t full_kib;
    static unsigned laps;

    lap->host_kib = own_kib();
    if (++laps == LAPS_UNTIL_FULL) {
        full_kib = lap->host_kib;
    }
    lap->host_growth_kib = laps > LAPS_UNTIL_FULL && lap->host_kib > full_kib ? lap->host_kib - full_kib : 0;
}

/* ---- what was wrong with it ---- */

/* "lap 3, x64 contract on model:aero,ppm=0: ", then what was wrong. */
__attribute__((format(printf, 2, 3))) static void say(const struct soak_lap *lap, const char *format, ...) {
    va_list values;

    fprintf(stderr, "lap %llu, %s %s on model:%s,ppm=%d%s: ", (unsigned long long)lap->number, lap->arch, lap->variant,
            lap->personality, lap->ppm, lap->knobs);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

static void say_replay(const struct soak_lap *lap, const struct options *o) {
    char line[SOAK_REPLAY_BYTES];

    soak_lap_replay(lap, o, line);
    fprintf(stderr, "replay: %s\n", line);
}

static void say_failure(const struct session *session, const struct listener *listener, const struct options *o) {
    const struct soak_lap *lap = listener->lap;
    char number[32], seconds[32], seed[32];
    const char *again[] = {"./aero-snd", "soak", "--replay", number, "--seconds", seconds, "--seed", seed};

    say(lap, "failed in %s", listener->scenario[0] != '\0' ? listener->scenario : "nothing yet");
    if (lap->status != EXIT_VIOLATION) {
        say_replay(lap, o);
        return;
    }
    snprintf(number, sizeof number, "%llu", (unsigned long long)lap->number);
    snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)soak_seconds(o));
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    report_violation(session, sizeof again / sizeof again[0], (char **)(uintptr_t)again);
}

/* Did the sound of the long duplex arrive as far as drift wants of a device with this clock? False: said what not. */
static bool duplex_held(const struct soak_lap *lap, const struct drift_watch *watch) {
    static const char *const directions[DRIFT_DIRECTIONS] = {"render", "capture"};
    static struct drift_cell cell;
    struct drift_claim claims[DRIFT_CLAIMS_MAX];
    bool held = watch->done;

    if (!held) {
        say(lap, "nobody watched the long duplex");
    }
    cell.ppm = lap->ppm;
    memcpy(cell.figures, watch->figures, sizeof cell.figures);
    for (unsigned d = 0; watch->done && d < DRIFT_DIRECTIONS; d++) {
        unsigned count = drift_sound_claims(&cell, d, claims);
        for (unsigned i = 0; i < count; i++) {
            if (!claims[i].holds) {
                say(lap, "long_duplex: %s: %s: %.0f; at %s %.0f", directions[d], claims[i].name, claims[i].value,
                    claims[i].at_least ? "least" : "most", claims[i].limit);
                held = false;
            }
        }
    }
    return held;
}

/* What a lap that ran well left behind. What the host process grew by is many laps' work. */
static void say_remains(const struct soak_lap *lap, const struct options *o) {
    static bool host_said;

    if (lap->status != EXIT_GOOD) {
        return;
    }
    if (lap->leaks != 0) {
        say(lap, "%llu left behind by the driver", (unsigned long long)lap->leaks);
    }
    if (!guest_is_flat(lap)) {
        say(lap, "long_duplex: the guest process grew from %llu to %llu KiB; at most %u more",
            (unsigned long long)lap->guest_first_kib, (unsigned long long)lap->guest_last_kib, GUEST_GROWTH_KIB);
    }
    bool host_grew = !host_is_flat(lap) && !host_said;
    if (host_grew) {
        host_said = true;
        say(lap, "the host process grew by %llu KiB since its lap number %u; at most %u",
            (unsigned long long)lap->host_growth_kib, LAPS_UNTIL_FULL, HOST_GROWTH_KIB);
    }
    if (host_grew || !soak_lap_went_well(lap)) {
        say_replay(lap, o);
    }
}

/* ---- one run ---- */

static bool fill_input(const struct soak_lap *lap, struct session_input *input) {
    char directory[SYS_PATH_BYTES];

    if (!program_directory(directory, sizeof directory)) {
        return false;
    }
    *strrchr(directory, '/') = '\0'; /* from out/host to out */
    if (snprintf(input->sys, sizeof input->sys, "%s/drivers/windows7/virtio-snd/%s/%s.sys", directory, lap->arch,
                 lap->base) >= (int)sizeof input->sys) {
        return fail("%s: the path is too long", directory);
    }
    return image_arch(input->sys, lap->arch, &input->arch);
}

enum exit_status soak_lap_run(struct soak_lap *lap, const struct options *usual, const struct sound *sound) {
    static struct session session;
    struct drift_watch watch = {.done = false};
    struct listener listener = {.lap = lap};
    struct options options = *usual;
    struct session_input input = {.options = &options, .scenario = "soak", .on_line = on_line,
                                  .line_opaque = &listener, .render = sound, .record_frames = RECORD_FRAMES,
                                  .run_ns = lap->stretch_s * 1000000000u, .watch = &watch,
                                  .device_in_guest = true};
    char device[128];

    snprintf(device, sizeof device, "model:%s,ppm=%d%s", lap->personality, lap->ppm, lap->knobs);
    options.device = device;
    options.seed = lap->seed;
    if (!fill_input(lap, &input)) {
        return EXIT_BAD_INPUT;
    }
    lap->status = session_open(&session, &input);
    if (lap->status == EXIT_GOOD) {
        lap->status = session_run(&session);
        lap->virtual_ns = session.link->result.virtual_ns;
        lap->leaks = session.link->result.leaks;
    }
    if (lap->status == EXIT_GOOD && lap->scenarios != LINK_SOAK_SCENARIOS) {
        fail("soak: the guest says that the lap ended after %u scenarios, of %u", lap->scenarios, LINK_SOAK_SCENARIOS);
        lap->status = EXIT_BENCH;
    }
    if (lap->status == EXIT_GOOD && !duplex_held(lap, &watch)) {
        lap->status = EXIT_NOT_GOOD;
    }
    if (lap->status != EXIT_GOOD) {
        say_failure(&session, &listener, usual);
    }
    session_close(&session);
    measure_host(lap);
    say_remains(lap, usual);
    return lap->status;
}

/* ---- journal ---- */

int soak_lap_write(const struct soak_lap *lap, char line[SOAK_LINE_BYTES]) {
    return snprintf(line, SOAK_LINE_BYTES, "%llu %d %u %llu %llu %llu %llu %llu %llu %llu",
                    (unsigned long long)lap->number, (int)lap->status, lap->scenarios,
                    (unsigned long long)lap->virtual_ns, (unsigned long long)lap->leaks,
                    (unsigned long long)lap->pool_bytes, (unsigned long long)lap->guest_first_kib,
                    (unsigned long long)lap->guest_last_kib, (unsigned long long)lap->host_kib,
                    (unsigned long long)lap->host_growth_kib);
}

bool soak_lap_read(struct soak_lap *lap, const struct options *options, const char *line) {
    unsigned long long number, virtual_ns, leaks, pool, first, last, host, growth;
    unsigned scenarios;
    int status, end = 0;

    if (sscanf(line, "%llu %d %u %llu %llu %llu %llu %llu %llu %llu%n", &number, &status, &scenarios, &virtual_ns,
               &leaks, &pool, &first, &last, &host, &growth, &end) != 10 ||
        line[end] != '\0' || status < EXIT_GOOD || status > EXIT_BENCH) {
        return false;
    }
    *lap = soak_lap_make(options->seed, soak_seconds(options), number);
    lap->status = (enum exit_status)status;
    lap->scenarios = scenarios;
    lap->virtual_ns = virtual_ns;
    lap->leaks = leaks;
    lap->pool_bytes = pool;
    lap->guest_first_kib = first;
    lap->guest_last_kib = last;
    lap->host_kib = host;
    lap->host_growth_kib = growth;
    return true;
}
