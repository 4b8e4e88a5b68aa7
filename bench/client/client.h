/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The client that Windows 7 would be: finds endpoints, negotiates, opens pins,
 * moves samples at the pace of the reported position. All of it runs in
 * coroutines at PASSIVE_LEVEL.
 */
#ifndef BENCH_CLIENT_ENGINE_H
#define BENCH_CLIENT_ENGINE_H

#include "../include/client.h"
#include "../nt/api.h"
#include "../nt/kernel.h"
#include "../portcls/portcls.h"
#include "../signal/pattern.h"

#define NS_PER_MS_CLIENT 1000000ull
#define SAMPLE_RATE 48000u
#define ENDPOINTS_MAX 8
#define ENDPOINT_STEPS_MAX 24

/* host.c of the kernel: the link to the host process. For LINK_OP_SHOW g_link->a says text (0) or JSON (1). */
void host_text(enum link_op op, const char *text);
void host_mark(enum link_mark mark);

/* ---- endpoint.c ---- */

/* One bridge pin that leads nowhere further, and the streaming pin behind it. */
struct endpoint {
    bool capture;
    struct port *wave;
    ULONG pin; /* the streaming pin */
    struct port *bridge_port;
    ULONG bridge; /* the unconnected pin at the end of the path */
    const GUID *category;
    bool has_jack;
    KSJACK_DESCRIPTION jack;
    bool has_jack2;
    KSJACK_DESCRIPTION2 jack2;
    struct endpoint_step { /* from the streaming pin to the bridge pin; node PCFILTER_NODE: a pin of the filter */
        const struct port *port;
        ULONG node;
        ULONG pin;
    } steps[ENDPOINT_STEPS_MAX];
    size_t step_count;
};
size_t endpoints_find(struct endpoint *out, size_t max);
/* Exactly one endpoint of this direction, or the scenario fails. */
struct endpoint endpoint_require(bool capture);
const char *endpoint_name(const struct endpoint *endpoint);

/* ---- format.c ---- */

void format_make(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *format, unsigned rate, unsigned channels, unsigned bits);
/* WAVEFORMATEX flavour: FormatSize 64 + 18 bytes of WAVEFORMATEX. */
void format_make_plain(KSDATAFORMAT_WAVEFORMATEXTENSIBLE *format, unsigned rate, unsigned channels, unsigned bits);
void range_make(KSDATARANGE_AUDIO *range, unsigned channels, unsigned bits_min, unsigned bits_max, unsigned rate_min,
                unsigned rate_max);
/* Finds the format the way the engine does: ranges, intersection, proposed format. The scenario fails when 48 kHz,
 * 16 bits, and stereo (render) or mono (capture) cannot be had. */
void format_negotiate(const struct endpoint *endpoint, KSDATAFORMAT_WAVEFORMATEXTENSIBLE *format);
/* KSPROPERTY_PIN_PROPOSEDATAFORMAT SET; STATUS_NOT_FOUND when the driver does not have it. */
NTSTATUS format_propose(const struct endpoint *endpoint, const KSDATAFORMAT_WAVEFORMATEXTENSIBLE *format);

/* ---- engine.c ---- */

struct stream_share;
struct engine_options {
    struct stream_share *share; /* NULL: nobody but its client touches the pin, and nothing may be refused */
    bool event_mode;
    ULONG notifications; /* 1 or 2, event mode */
    ULONG buffer_frames;
    unsigned jitter_stream;
};
struct engine {
    struct endpoint endpoint;
    struct engine_options options;
    struct pin *pin;
    KEVENT event;
    ULONG frame_bytes;
    ULONG buffer_bytes;
    ULONG chunk_bytes;     /* bytes between notifications */
    bool use_property;     /* no position register */
    uint64_t next_wake_ns; /* timer mode */
    uint64_t wakeups;
    uint64_t lead_frames; /* link_stream_result.lead_frames */
    KSRTAUDIO_HWLATENCY latency;
};

struct engine_options engine_options_default(bool capture);
/* Opens the pin and prepares everything up to, not including, ACQUIRE. The status of what failed; then nothing is left
 * open. */
NTSTATUS engine_open(struct engine *engine, const struct endpoint *endpoint, const struct engine_options *options);
/* The scenario fails when it does not open. */
void engine_open_required(struct engine *engine, bool capture, const struct engine_options *options);
/* By the run's own options, or the scenario fails. The engine holds an event that the driver points to: it stays where
 * it is until it is closed. */
void engine_open_default(struct engine *engine, bool capture);
/* As engine_open_default; what RUN answers. */
NTSTATUS engine_open_and_run(struct engine *engine, bool capture);
void engine_close(struct engine *engine);
NTSTATUS engine_run(struct engine *engine);
/* Waits for the next notification or timer period, late by the configured jitter. False: the device is gone, or no
 * notification came in time. */
bool engine_wait(struct engine *engine);
/* The same in its two parts: until there is something to do; then the client's own lateness. For who measures the
 * driver and not the client. */
bool engine_await(struct engine *engine);
bool engine_be_late(struct engine *engine);
/* Bytes played or recorded since RUN, in whole frames. False: the device is gone. */
bool engine_position(struct engine *engine, uint64_t *linear);
void engine_copy_in(struct engine *engine, uint64_t linear, const void *data, size_t bytes); /* data NULL: silence */
void engine_copy_out(struct engine *engine, uint64_t linear, void *data, size_t bytes);

/* ---- share.c ---- */

/* What others may do to a stream while its client plays or records, and what became of it. */
struct stream_share {
    struct engine *engine; /* while its pin is open */
    unsigned users;        /* threads that use the pin now */
    bool ending;           /* by somebody's wish: nobody begins to use it any more */
    bool ended;
    uint64_t more_frames; /* that the client is to move beyond its own; grows while it is at work */
    KEVENT unused, closed;
    const char *refused; /* the first step that the driver refused; NULL: none */
    NTSTATUS status;
};
void share_init(struct stream_share *share);
/* The pin stays open until engine_leave. False: somebody closes it. Without a share always true. */
bool engine_enter(struct engine *engine);
void engine_leave(struct engine *engine);
/* Bytes at which the client ends: its own, and what its share wants more. */
uint64_t engine_wanted(const struct engine *engine, uint64_t own);
/* Did this step of the client succeed? What was refused is noted in the share; without one the scenario fails. */
bool engine_step(struct engine *engine, const char *step, NTSTATUS status);
/* No notification came: false, noted unless the device is gone or the stream is being closed. */
bool engine_missed(struct engine *engine);
/* The client's end of it: engine_close, but once for all. */
void engine_finish(struct engine *engine);
/* Somebody else than the client: the engine, entered; NULL when its pin is not open. */
struct engine *share_enter(struct stream_share *share);
/* The client is to end the stream, and closes it. */
void share_end(struct stream_share *share);
/* Closes the pin, unless somebody does: then waits for that. */
void share_close(struct stream_share *share);

/* ---- render.c, capture.c ---- */

struct render_job {
    struct endpoint endpoint;
    struct engine_options options;
    const int16_t *samples; /* interleaved stereo */
    uint64_t frames;
    uint64_t spare_frames;        /* of samples that follow them, for a share that wants more */
    uint64_t until_ns;            /* not 0: until then, the frames over and over */
    uint64_t pause_every_frames;  /* 0: never; else PAUSE for pause_ns whenever that many more have been played */
    uint64_t pause_ns;
    bool tolerate_removal;
    struct link_stream_result result;
    bool removed; /* out: the device went away on the way */
};
void render_run(void *job); /* a thread entry */

struct capture_job {
    struct endpoint endpoint;
    struct engine_options options;
    int16_t *samples; /* mono, room for frames and what its share may want; NULL: nothing is kept */
    uint64_t frames;
    uint64_t until_ns;           /* not 0: until then, whatever `frames` is */
    struct pattern_check *check; /* NULL: none */
    uint64_t pause_every_frames;
    uint64_t pause_ns;
    bool by_position; /* event-driven, yet reads only up to the reported position */
    bool tolerate_removal;
    struct link_stream_result result;
    bool removed;
};
void capture_run(void *job);

/* ---- pattern_duplex.c ---- */

/* Two clients at once: one plays the pattern over and over, one compares what it hears with it. It does not move while
 * they run. */
struct pattern_duplex {
    struct pattern_check heard;
    struct render_job playing;
    struct capture_job recording;
    struct thread *player, *recorder;
};
/* Starts both on the endpoints of the device; they end at end_ns. */
void pattern_duplex_start(struct pattern_duplex *duplex, uint64_t end_ns);
/* Waits for the end of both. */
void pattern_duplex_join(struct pattern_duplex *duplex);

/* ---- criteria.c ---- */

#define CRITERIA_GLITCH_MS 0.8 /* a read further off the line than this is a glitch */

struct criteria_fit {
    double slope; /* position per time */
    double rate_error_percent;
    double jitter_max_ms, jitter_std_ms, jitter_mean_ms; /* against the nominal slope */
    unsigned glitches;
};
struct criteria_fit criteria_fit(const double *time_ms, const double *position_ms, unsigned count);

/* The board calls a device once a millisecond, and a clock that is not the bench's walks across these: now and then a
 * period is told of by that much later than those before it, and at the start of a stream, when nothing is held in
 * reserve yet, the position waits for it. Takes one such step out of the reads, if there is one; its size, or 0. */
#define CRITERIA_GRAIN_MS 1.0
#define CRITERIA_FRAME_MS (1 / 48.0)
double criteria_mend_grain(const double *time_ms, double *position_ms, unsigned count);
/* The position since RUN, in bytes. The scenario fails when there is none. */
uint64_t criteria_linear(struct engine *engine);
/* `count` reads, 10 ms apart, the first 110 ms from now. */
void criteria_read(struct engine *engine, double *time_ms, double *position_ms, unsigned count);

/* ---- files.c ---- */

extern const int16_t *g_input; /* options.input_frames stereo frames, or NULL */
extern uint64_t g_input_spare; /* frames that follow them in the file */
void files_open(void);
/* Writes recorded mono samples to the output file, when there is one. */
void files_write_output(const int16_t *samples, uint64_t frames);

/* ---- device.c ---- */

void device_load(void);            /* load, AddDevice */
void device_start(void);           /* ends the run with LINK_EXIT_START when refused */
NTSTATUS device_try_start(void);   /* AddDevice must have happened */
void device_remove(void);          /* query-remove, remove */
void device_unload(void);          /* unload and leak checks */
void device_up(void);              /* load + start */
void device_down(void);            /* remove + unload */

/* ---- life.c ---- */

/* What happens while both streams run. */
enum life {
    LIFE_CALM,     /* nothing */
    LIFE_WAKES,    /* the device loses its power and gets it back */
    LIFE_RECOVERS, /* the device asks for a reset */
    LIVES
};
struct life_calls {
    void (*before_break)(void); /* before what happens in it */
    void (*mend)(void);         /* when its streams are closed: from then on the next sleep must bring them back */
};
/* From load to unload, with both streams. `calls` may be NULL; they are made in lives in which something happens. */
void life_live(enum life life, const struct life_calls *calls);

/* ---- show.c ---- */

void show_device(void);

/* ---- scenarios ---- */

struct scenario {
    const char *name;
    void (*run)(void);
};
extern const struct scenario g_scenarios[];
extern const struct scenario g_scenarios_stream[];
extern const struct scenario g_scenarios_device[];
extern const struct scenario g_scenarios_power[];
extern const struct scenario g_scenarios_recovery[];
extern const struct scenario g_scenarios_soak[];
extern const struct scenario g_scenarios_property[];
extern const struct scenario g_scenarios_bench[];
extern const struct scenario g_scenarios_logo[];
extern const struct scenario g_scenarios_drift[];
extern const struct scenario g_scenarios_faults[];
extern const struct scenario g_scenarios_lies[];
extern const struct scenario g_scenarios_steps[];
extern const struct scenario g_scenarios_interleave[];
extern const struct scenario g_scenarios_hostile[];
extern const struct scenario g_scenarios_hostile_pin[];
/* The scenario of this name, without what follows a colon in it; there is one, or the run fails. */
const struct scenario *scenario_find(const char *name);
void scenario_duplex(void); /* plays the input and records at once, from load to unload */

/* One line for the host to read. */
__attribute__((format(printf, 1, 2))) void tell(const char *format, ...);

/* STATUS text in expectation messages. */
const char *status_name(NTSTATUS status);
#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            scenario_failed(__VA_ARGS__);                                                                              \
    } while (0)

#endif
