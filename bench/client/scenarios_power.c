/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios about power: what sounds before a sleep sounds on after it, without the client doing anything. */
#include "client.h"

#include "../nt/faultpoint.h"

#include <stdlib.h>

#define MS NS_PER_MS_CLIENT
#define RECORDED_FRAMES 96000u

/* Where a port may take the streams before the device loses its power. */
static const KSSTATE g_suspended[] = {KSSTATE_PAUSE, KSSTATE_ACQUIRE};

/* What happens to the device while the clients wait for nothing but their events. */
struct event {
    void (*happen)(void);
    unsigned rounds;
};

static void device_power_cycle(void)
{
    power_device(PowerDeviceD3);
    interrupt_from_neighbour();
    thread_sleep_until(clock_now_ns() + 70 * MS);
    interrupt_from_neighbour();
    power_device(PowerDeviceD0);
}

static void sleep_s3(void)
{
    EXPECT(NT_SUCCESS(power_sleep(PowerSystemSleeping3, 400 * MS)), "the driver refuses to sleep");
}

static void hibernate(void)
{
    EXPECT(NT_SUCCESS(power_sleep(PowerSystemHibernate, 700 * MS)), "the driver refuses to hibernate");
}

/* Plays a part of the input and records meanwhile; `event` comes every 61 ms. */
static void stream_through(const struct event *event, uint64_t from, uint64_t upto)
{
    struct render_job playing = {.endpoint = endpoint_require(false),
                                 .options = engine_options_default(false),
                                 .samples = g_input ? g_input + 2 * from : NULL,
                                 .frames = upto - from};
    struct capture_job recording = {.endpoint = endpoint_require(true),
                                    .options = engine_options_default(true),
                                    .frames = RECORDED_FRAMES,
                                    .samples = calloc(RECORDED_FRAMES + 1, sizeof(int16_t))};
    struct thread *a = thread_create("render client", render_run, &playing);
    struct thread *b = thread_create("capture client", capture_run, &recording);
    for (unsigned i = 0; i < event->rounds; i++) {
        thread_sleep_until(clock_now_ns() + 61 * MS);
        event->happen();
    }
    thread_join(a);
    thread_join(b);
    g_link->result.render.frames += playing.result.frames;
    free(recording.samples);
}

static void through(void (*happen)(void), unsigned rounds)
{
    struct event event = {happen, rounds};
    uint64_t frames = g_link->options.input_frames, ways = sizeof g_suspended / sizeof *g_suspended;
    device_up();
    for (unsigned i = 0; i < ways; i++) {
        g_pins_suspend_to = g_suspended[i];
        stream_through(&event, frames * i / ways, frames * (i + 1) / ways);
    }
    device_down();
}

static void power_down_while_streaming(void)
{
    through(device_power_cycle, 3);
}

static void sleep_while_streaming(void)
{
    through(sleep_s3, 2);
}

static void hibernate_while_streaming(void)
{
    through(hibernate, 2);
}

/* Windows asks before each sleep and of each device; what is only asked changes nothing. */
static void ask(void)
{
    DEVICE_CAPABILITIES capabilities;
    EXPECT(NT_SUCCESS(power_query_device(PowerDeviceD3)), "the driver refuses D3");
    EXPECT(NT_SUCCESS(pnp_query_capabilities(&capabilities)), "the device does not say what it can do");
    EXPECT(capabilities.DeviceState[PowerSystemWorking] == PowerDeviceD0 &&
               capabilities.DeviceState[PowerSystemSleeping3] == PowerDeviceD3,
           "the device is said to be in D%d while the system works, in D%d while it sleeps",
           (int)capabilities.DeviceState[PowerSystemWorking] - PowerDeviceD0,
           (int)capabilities.DeviceState[PowerSystemSleeping3] - PowerDeviceD0);
}

static void questions_while_streaming(void)
{
    through(ask, 3);
}

/* Nothing runs, but handles are open in every other state; they work afterwards. */
static void sleep_with_open_streams(void)
{
    static const KSSTATE states[] = {KSSTATE_STOP, KSSTATE_ACQUIRE, KSSTATE_PAUSE};
    device_up();
    for (unsigned i = 0; i < sizeof states / sizeof *states; i++) {
        struct engine engines[2];
        for (int capture = 0; capture <= 1; capture++) {
            engine_open_default(&engines[capture], capture);
            EXPECT(NT_SUCCESS(ks_pin_set_state(engines[capture].pin, states[i])), "state %d refused", states[i]);
        }
        sleep_s3();
        device_power_cycle();
        for (int capture = 0; capture <= 1; capture++) {
            EXPECT(engines[capture].pin->state == states[i], "the stream woke in another state");
            EXPECT(NT_SUCCESS(engine_run(&engines[capture])), "RUN after the sleep refused");
            EXPECT(engine_wait(&engines[capture]), "no sound after the sleep");
            engine_close(&engines[capture]);
        }
    }
    device_down();
}

/* Streams run, the device loses power, and `end` comes without its ever coming back. */
static void lose_power_then(NTSTATUS (*end)(void))
{
    struct engine engines[2];
    for (int capture = 0; capture <= 1; capture++)
        EXPECT(NT_SUCCESS(engine_open_and_run(&engines[capture], capture)), "RUN refused");
    thread_sleep_until(clock_now_ns() + 33 * MS);
    power_device(PowerDeviceD3);
    EXPECT(NT_SUCCESS(end()), "the request was refused");
    for (int capture = 0; capture <= 1; capture++)
        engine_close(&engines[capture]);
}

static void removal_without_power(void)
{
    device_up();
    lose_power_then(pnp_stop_device);
    device_start();
    lose_power_then(pnp_surprise_removal);
    EXPECT(NT_SUCCESS(pnp_remove_device()), "REMOVE_DEVICE refused");
    device_unload();
}

/* There is no memory for the hardware when it wakes; the next time there is. */
static void failed_wake_is_made_good(void)
{
    static const enum fault_kind kinds[] = {FAULT_POOL, FAULT_CONTIGUOUS, FAULT_INTERRUPT};
    struct engine engine;
    device_up();
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        power_device(PowerDeviceD3);
        fault_plan(kinds[i], 1, true);
        power_device(PowerDeviceD0);
        fault_plan_nothing();
        NTSTATUS status = engine_open_and_run(&engine, false);
        EXPECT(!NT_SUCCESS(status), "%s: a stream runs on hardware that did not wake", fault_name(kinds[i]));
        engine_close(&engine);
        device_power_cycle();
        EXPECT(NT_SUCCESS(engine_open_and_run(&engine, false)), "%s: RUN refused after the next sleep",
               fault_name(kinds[i]));
        EXPECT(engine_wait(&engine), "no sound after the next sleep");
        engine_close(&engine);
    }
    device_down();
}

/* While the device sleeps a stream notes its state, but none that it could not have. */
static void sleeping_stream_needs_its_buffer(void)
{
    device_up();
    for (int capture = 0; capture <= 1; capture++) {
        struct endpoint e = endpoint_require(capture);
        KSDATAFORMAT_WAVEFORMATEXTENSIBLE format;
        struct pin *pin = NULL;
        format_make(&format, SAMPLE_RATE, capture ? 1 : 2, 16);
        EXPECT(NT_SUCCESS(ks_pin_open(e.wave, e.pin, &format.DataFormat, &pin)), "opening refused");
        power_device(PowerDeviceD3);
        EXPECT(ks_pin_set_state(pin, KSSTATE_RUN) == STATUS_INVALID_DEVICE_STATE, "RUN without a buffer, asleep");
        power_device(PowerDeviceD0);
        ks_pin_set_state(pin, KSSTATE_STOP);
        EXPECT(NT_SUCCESS(ks_pin_allocate(pin, capture ? 1920 : 3840, 2)), "no buffer");
        EXPECT(NT_SUCCESS(ks_pin_set_state(pin, KSSTATE_RUN)), "RUN refused after the sleep");
        ks_pin_set_state(pin, KSSTATE_STOP);
        ks_pin_close(pin);
    }
    device_down();
}

const struct scenario g_scenarios_power[] = {
    {"power_down_while_streaming", power_down_while_streaming},
    {"sleep_while_streaming", sleep_while_streaming},
    {"hibernate_while_streaming", hibernate_while_streaming},
    {"questions_while_streaming", questions_while_streaming},
    {"sleep_with_open_streams", sleep_with_open_streams},
    {"removal_without_power", removal_without_power},
    {"failed_wake_is_made_good", failed_wake_is_made_good},
    {"sleeping_stream_needs_its_buffer", sleeping_stream_needs_its_buffer},
    {NULL, NULL}};
