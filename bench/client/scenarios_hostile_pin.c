/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Scenarios of a hostile client on open pins: buffers, states, events, two
 * clients at once, handles that are closed at the wrong moment and too often.
 */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>

#define MS NS_PER_MS_CLIENT
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A pin with its default format and no buffer. */
static struct pin *open_bare(const struct endpoint *e)
{
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
    struct pin *pin = NULL;
    format_make(&format, SAMPLE_RATE, e->capture ? 1 : 2, 16);
    hostile_expect(ANSWER_GOOD, ks_pin_open(e->wave, e->pin, &format.DataFormat, &pin), "%s: opening the pin",
                   endpoint_name(e));
    return pin;
}

/* ---- buffers ---- */

#define BUFFER_MIN_FRAMES 48u        /* a millisecond */
#define TURN_MIN_FRAMES 480u         /* with one notification: the client refills the whole buffer at each */
#define BUFFER_SURE_BYTES (4u << 20) /* of that many the memory never runs out */

/* The answer to a request for `bytes`; in the order in which the driver finds out. */
static enum hostile_answer answer_of_buffer(ULONG bytes, ULONG notifications, ULONG frame)
{
    ULONG unit = frame * (notifications ? notifications : 1);
    if (notifications > 2)
        return ANSWER_BUFFER_COUNT;
    ULONG least = notifications == 1 ? TURN_MIN_FRAMES : BUFFER_MIN_FRAMES;
    if (bytes / frame < least || bytes % unit)
        return ANSWER_BUFFER_BYTES;
    return bytes > BUFFER_SURE_BYTES ? ANSWER_BUFFER_HUGE : ANSWER_GOOD;
}

static void try_buffer(struct pin *pin, ULONG bytes, ULONG notifications)
{
    ULONG frame = pin->capture ? 2 : 4;
    if (!hostile_is_drawn())
        return;
    uint64_t before = ram_pages_used();
    NTSTATUS status = ks_pin_allocate(pin, bytes, notifications);
    hostile_expect(answer_of_buffer(bytes, notifications, frame), status, "pin %u: %u bytes with %u notifications",
                   (unsigned)pin->id, (unsigned)bytes, (unsigned)notifications);
    if (NT_SUCCESS(status) && bytes % 3 == 0) { /* some are played */
        hostile_expect(ANSWER_GOOD, ks_pin_set_state(pin, KSSTATE_RUN), "RUN with a buffer of %u bytes",
                       (unsigned)bytes);
        thread_sleep_until(clock_now_ns() + 3 * MS);
        ks_pin_set_state(pin, KSSTATE_STOP);
    }
    ks_pin_free(pin);
    EXPECT(ram_pages_used() == before, "a buffer of %u bytes left %llu pages behind", (unsigned)bytes,
           (unsigned long long)(ram_pages_used() - before));
}

static void allocate_in_every_state(const struct endpoint *e)
{
    struct pin *pin = open_bare(e);
    hostile_expect(ANSWER_GOOD, ks_pin_set_state(pin, KSSTATE_ACQUIRE), "ACQUIRE");
    hostile_expect(ANSWER_BUFFER_NOT_NOW, ks_pin_allocate(pin, 3840, 0), "a buffer in ACQUIRE");
    ks_pin_set_state(pin, KSSTATE_STOP);
    hostile_expect(ANSWER_GOOD, ks_pin_allocate(pin, 3840, 2), "a buffer in STOP");
    struct pin_buffer mine = pin->buffer;
    for (LONG state = KSSTATE_STOP; state <= KSSTATE_RUN; state++) {
        hostile_expect(ANSWER_GOOD, ks_pin_jump(pin, state), "state %d", (int)state);
        memset(&pin->buffer, 0, sizeof pin->buffer); /* the port would not ask twice; a filter above it may */
        hostile_expect(ANSWER_BUFFER_NOT_NOW, ks_pin_allocate(pin, 3840, 1), "a second buffer in state %d", (int)state);
        pin->buffer = mine;
    }
    ks_pin_free(pin); /* in RUN */
    thread_sleep_until(clock_now_ns() + 15 * MS);
    pin->state = KSSTATE_STOP; /* where the driver went for it */
    ks_pin_close(pin);
}

static void hostile_buffers(void)
{
    static const ULONG sizes[] = {0, 1, 2, 3, 4, 95, 96, 97, 98, 188, 191, 192, 193, 194, 196, 1920, 1921, 1922, 1924,
                                  3839, 3840, 3841, 4095, 4096, 4097, 4098, 4100, 8190, 8192, 65534, 65535, 65536,
                                  192000, 192002, 1048575, 1048576, 4194300, 4194304, 0x7FFFFFFC, 0x7FFFFFFF,
                                  0x80000000, 0x80000001, 0xBFFFFFFC, 0xFFFFEFFF, 0xFFFFF000, 0xFFFFF001, 0xFFFFFFF0,
                                  0xFFFFFFFC, 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF};
    static const ULONG notifications[] = {0, 1, 2, 3, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        struct pin *pin = open_bare(&e);
        for (size_t s = 0; s < COUNT(sizes); s++) {
            for (size_t n = 0; n < COUNT(notifications); n++)
                try_buffer(pin, sizes[s], notifications[n]);
        }
        ks_pin_close(pin);
        allocate_in_every_state(&e);
    }
    hostile_finish(HOSTILE_BUFFERS);
    device_down();
}

/* ---- states ---- */

static enum hostile_answer answer_of_jump(const struct pin *pin, LONG to)
{
    if (to < KSSTATE_STOP || to > KSSTATE_RUN)
        return ANSWER_STATE_NONE;
    return !pin->buffer.mdl && to > KSSTATE_ACQUIRE ? ANSWER_STATE_NO_BUFFER : ANSWER_GOOD;
}

/* From every state to every number; what is refused changes nothing: the position is read by the rules of the state. */
static void jump_everywhere(struct pin *pin)
{
    static const LONG targets[] = {KSSTATE_STOP, KSSTATE_ACQUIRE, KSSTATE_PAUSE, KSSTATE_RUN, 4, 5, -1, 255, 256,
                                   0x7FFFFFFF,   (LONG)0x80000000, (LONG)0x80000003};
    KSAUDIO_POSITION position;
    for (LONG from = KSSTATE_STOP; from <= (pin->buffer.mdl ? KSSTATE_RUN : KSSTATE_ACQUIRE); from++) {
        for (size_t i = 0; i < COUNT(targets); i++) {
            hostile_expect(ANSWER_GOOD, ks_pin_jump(pin, from), "to state %d", (int)from);
            ks_pin_position(pin, &position);
            hostile_expect(answer_of_jump(pin, targets[i]), ks_pin_jump(pin, targets[i]), "from state %d to %d",
                           (int)from, (int)targets[i]);
            thread_sleep_until(clock_now_ns() + i % 3 * 7 * MS);
            hostile_expect(ANSWER_GOOD, ks_pin_position(pin, &position), "GetPosition");
            hostile_expect(ANSWER_GOOD, ks_pin_position(pin, &position), "GetPosition");
            if (answer_of_jump(pin, targets[i]) == ANSWER_STATE_NO_BUFFER)
                ks_pin_jump(pin, KSSTATE_STOP); /* it came as far as ACQUIRE */
        }
    }
    ks_pin_set_state(pin, KSSTATE_STOP);
}

static void hostile_states(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        for (ULONG notifications = 0; notifications <= 2; notifications++) {
            struct pin *pin = open_bare(&e);
            jump_everywhere(pin);
            hostile_expect(ANSWER_GOOD, ks_pin_allocate(pin, 3840, notifications), "a buffer");
            jump_everywhere(pin);
            ks_pin_close(pin);
        }
    }
    hostile_finish(HOSTILE_STATES);
    device_down();
}

/* ---- events ---- */

static void events_of(struct engine *engine)
{
    KEVENT events[PIN_EVENTS_MAX];
    struct pin *pin = engine->pin;
    for (size_t i = 1; i < COUNT(events); i++) {
        KeInitializeEvent(&events[i], i % 2 ? NotificationEvent : SynchronizationEvent, FALSE);
        hostile_expect(ANSWER_EVENT_UNKNOWN, ks_pin_unregister_event(pin, &events[i]), "an event never registered");
        hostile_expect(ANSWER_GOOD, ks_pin_register_event(pin, &events[i]), "event %u", (unsigned)i);
        hostile_expect(ANSWER_EVENT_AGAIN, ks_pin_register_event(pin, &events[i]), "event %u again", (unsigned)i);
        hostile_expect(ANSWER_EVENT_NONE, ks_pin_register_event(pin, NULL), "no event");
        if (i % 3 == 0)
            ks_pin_jump(pin, (LONG)(i / 3 % 4));
    }
    hostile_expect(ANSWER_GOOD, ks_pin_jump(pin, KSSTATE_RUN), "RUN");
    for (size_t i = 1; i < COUNT(events); i++) { /* each is signalled, and no more once it is gone, in RUN */
        EXPECT(thread_wait(&events[i], clock_now_ns() + 1000 * MS), "event %u of %u was not signalled", (unsigned)i,
               (unsigned)COUNT(events));
        hostile_expect(ANSWER_GOOD, ks_pin_unregister_event(pin, &events[i]), "event %u", (unsigned)i);
        KeClearEvent(&events[i]);
    }
    thread_sleep_until(clock_now_ns() + 50 * MS);
    for (size_t i = 1; i < COUNT(events); i++)
        EXPECT(!KeReadStateEvent(&events[i]), "event %u was signalled after it was unregistered", (unsigned)i);
}

static void hostile_events(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct engine engine;
        struct engine_options options = engine_options_default(capture);
        options.event_mode = true;
        engine_open_required(&engine, capture, &options);
        events_of(&engine);
        engine_close(&engine);
    }
    hostile_finish(HOSTILE_EVENTS);
    device_down();
}

/* ---- two clients ---- */

#define RACERS 3
#define LAPS 40

struct racer {
    struct endpoint endpoint;
    unsigned number, won;
    uint64_t random;
    struct pin *pin; /* that is raced on; NULL: for a pin of its own */
};

static uint64_t racer_random(struct racer *r)
{
    r->random = r->random * 6364136223846793005ull + 1442695040888963407ull;
    return r->random >> 33;
}

/* Opens although KS counts one instance: the miniport decides. */
static NTSTATUS open_past_count(const struct endpoint *e, struct pin **pin)
{
    KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
    ULONG *open = &e->wave->open_pins[e->pin];
    ULONG counted = *open;
    format_make(&format, SAMPLE_RATE, e->capture ? 1 : 2, 16);
    *open = 0;
    NTSTATUS status = ks_pin_open(e->wave, e->pin, &format.DataFormat, pin);
    *open += counted;
    return status;
}

static unsigned g_holders;

static void race_for_pin(void *argument)
{
    struct racer *r = argument;
    while (r->won < LAPS) {
        struct pin *pin;
        NTSTATUS status = open_past_count(&r->endpoint, &pin);
        if (!NT_SUCCESS(status)) {
            if (status != STATUS_INVALID_DEVICE_REQUEST) /* KS counted after all: another came or went meanwhile */
                hostile_expect(ANSWER_PIN_TAKEN, status, "racer %u", r->number);
            thread_sleep_until(clock_now_ns() + racer_random(r) % (3 * MS));
            continue;
        }
        r->won++;
        EXPECT(++g_holders == 1, "%u clients have one pin", g_holders);
        hostile_expect(ANSWER_GOOD, ks_pin_allocate(pin, 3840, (ULONG)(racer_random(r) % 3)), "a buffer");
        hostile_expect(ANSWER_GOOD, ks_pin_set_state(pin, (KSSTATE)(racer_random(r) % 4)), "a state");
        thread_sleep_until(clock_now_ns() + racer_random(r) % (20 * MS));
        g_holders--; /* whoever opens while this one closes must wait for it, or be refused */
        if (racer_random(r) % 2)
            ks_pin_close(pin);
        else
            ks_pin_drop(pin);
    }
}

/* Several threads of one client on one handle; only answers that cannot be are failures. */
static void race_on_pin(void *argument)
{
    struct racer *r = argument;
    KEVENT event;
    KSRTAUDIO_HWLATENCY latency;
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    for (unsigned lap = 0; lap < 3 * LAPS; lap++) {
        hostile_expect(ANSWER_GOOD, ks_pin_jump(r->pin, (LONG)(racer_random(r) % 4)), "racer %u", r->number);
        hostile_expect(ANSWER_GOOD, ks_pin_register_event(r->pin, &event), "racer %u", r->number);
        ks_pin_latency(r->pin, &latency);
        thread_sleep_until(clock_now_ns() + racer_random(r) % (5 * MS));
        hostile_expect(ANSWER_GOOD, ks_pin_unregister_event(r->pin, &event), "racer %u", r->number);
    }
}

static void race(void (*how)(void *), struct racer *racers)
{
    struct thread *threads[RACERS];
    for (unsigned i = 0; i < RACERS; i++) {
        racers[i].number = i;
        racers[i].random = g_link->options.seed * RACERS + i;
        threads[i] = thread_create("racing client", how, &racers[i]);
    }
    for (unsigned i = 0; i < RACERS; i++)
        thread_join(threads[i]);
}

static void hostile_races(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct racer racers[RACERS] = {{.endpoint = endpoint_require(capture)}};
        for (unsigned i = 1; i < RACERS; i++)
            racers[i] = racers[0];
        race(race_for_pin, racers);
        struct pin *pin = open_bare(&racers[0].endpoint);
        hostile_expect(ANSWER_GOOD, ks_pin_allocate(pin, 3840, 2), "a buffer");
        for (unsigned i = 0; i < RACERS; i++)
            racers[i].pin = pin;
        race(race_on_pin, racers);
        ks_pin_jump(pin, KSSTATE_STOP);
        ks_pin_close(pin);
    }
    hostile_finish(HOSTILE_RACES);
    device_down();
}

/* ---- closing ---- */

struct closing {
    LONG state;
    ULONG notifications;
    unsigned events;
    bool buffer, drop;
};

/* The pin in the given condition, then gone. Its events stay with the client and hear nothing any more. */
static void close_as(const struct endpoint *e, const struct closing *c)
{
    KEVENT events[3];
    struct pin *pin = open_bare(e);
    for (unsigned i = 0; i < c->events; i++) {
        KeInitializeEvent(&events[i], NotificationEvent, FALSE);
        hostile_expect(ANSWER_GOOD, ks_pin_register_event(pin, &events[i]), "an event");
    }
    if (c->buffer)
        hostile_expect(ANSWER_GOOD, ks_pin_allocate(pin, 3840, c->notifications), "a buffer");
    if (c->buffer || c->state <= KSSTATE_ACQUIRE)
        hostile_expect(ANSWER_GOOD, ks_pin_jump(pin, c->state), "state %d", (int)c->state);
    thread_sleep_until(clock_now_ns() + 13 * MS);
    (c->drop ? ks_pin_drop : ks_pin_close)(pin);
    for (unsigned i = 0; i < c->events; i++)
        KeClearEvent(&events[i]);
    thread_sleep_until(clock_now_ns() + 30 * MS);
    for (unsigned i = 0; i < c->events; i++)
        EXPECT(!KeReadStateEvent(&events[i]), "an event was signalled after its pin was closed");
}

static struct closing closing_number(unsigned n)
{
    return (struct closing){.state = (LONG)(n % 4), .notifications = n / 4 % 3, .events = n / 12 % 4,
                            .buffer = n / 48 % 2 != 0, .drop = n / 96 % 2 != 0};
}
#define CLOSINGS 192u

/* STOP_DEVICE takes the filters away under the open pins; the handles are closed afterwards, in either order. */
static void filters_go_first(bool drop, bool capture_first)
{
    struct engine engines[2];
    for (int capture = 0; capture <= 1; capture++)
        EXPECT(NT_SUCCESS(engine_open_and_run(&engines[capture], capture)), "RUN refused");
    thread_sleep_until(clock_now_ns() + 33 * MS);
    NTSTATUS status = pnp_stop_device();
    EXPECT(NT_SUCCESS(status), "STOP_DEVICE answered %s", status_name(status));
    for (int i = 0; i <= 1; i++) {
        struct engine *e = &engines[i != capture_first];
        KSAUDIO_POSITION position;
        hostile_expect(ANSWER_GOOD, ks_pin_position(e->pin, &position), "GetPosition");
        hostile_expect(ANSWER_GOOD, ks_pin_jump(e->pin, KSSTATE_PAUSE), "PAUSE after STOP_DEVICE");
        hostile_expect(ANSWER_DEVICE_STOPPED, ks_pin_jump(e->pin, KSSTATE_RUN), "RUN after STOP_DEVICE");
        if (drop)
            ks_pin_drop(e->pin);
        else
            engine_close(e);
    }
    device_start();
}

static void hostile_closing(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        for (unsigned n = 0; n < CLOSINGS; n++) {
            struct closing c = closing_number(n);
            close_as(&e, &c);
        }
    }
    for (unsigned n = 0; n < 4; n++)
        filters_go_first(n & 1, n & 2);
    EXPECT(ks_open_pins() == 0, "%u pins still open", ks_open_pins());
    hostile_finish(HOSTILE_CLOSING);
    device_down();
}

/* ---- open and close, very often ---- */

#define CYCLES_DEFAULT 200u
#define CYCLES_BEFORE 50u /* until what is made once has been made */

struct held {
    uint64_t pool_bytes, ram_pages, resources;
};

static struct held held_now(void)
{
    return (struct held){pool_nonpaged_bytes(), ram_pages_used(), resource_count()};
}

/* "open_close_cycles:N": N times, in every condition in turn; what the driver holds afterwards never changes. */
static void open_close_cycles(void)
{
    const char *colon = strchr(g_link->options.scenario, ':');
    char *end = NULL;
    unsigned long cycles = colon ? strtoul(colon + 1, &end, 10) : CYCLES_DEFAULT;
    EXPECT(!colon || (*end == '\0' && cycles > CYCLES_BEFORE), "'%s' is no number above %u", colon, CYCLES_BEFORE);
    device_up();
    struct endpoint endpoints[2] = {endpoint_require(false), endpoint_require(true)};
    struct held first = {0};
    for (unsigned long n = 0; n < cycles; n++) {
        struct closing c = closing_number((unsigned)(n / 2 * 7 % CLOSINGS));
        close_as(&endpoints[n % 2], &c);
        struct held now = held_now();
        if (n + 1 == CYCLES_BEFORE)
            first = now;
        EXPECT(n < CYCLES_BEFORE || memcmp(&first, &now, sizeof now) == 0,
               "after %lu cycles the driver holds %lld bytes of pool, %lld pages, %lld resources more", n + 1,
               (long long)(now.pool_bytes - first.pool_bytes), (long long)(now.ram_pages - first.ram_pages),
               (long long)(now.resources - first.resources));
        if ((n + 1) % 1000 == 0)
            note("%lu cycles of %lu", n + 1, cycles);
    }
    note("%lu cycles; %llu bytes of pool, %llu pages, %llu resources after each", cycles,
         (unsigned long long)first.pool_bytes, (unsigned long long)first.ram_pages,
         (unsigned long long)first.resources);
    device_down();
}

const struct scenario g_scenarios_hostile_pin[] = {{"hostile_buffers", hostile_buffers},
                                                   {"hostile_states", hostile_states},
                                                   {"hostile_events", hostile_events},
                                                   {"hostile_races", hostile_races},
                                                   {"hostile_closing", hostile_closing},
                                                   {"open_close_cycles", open_close_cycles},
                                                   {NULL, NULL}};
