/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A lap of the soak: every scenario of a deck once, in an order that the seed
 * gives, in one process and on one device, which is plugged in anew each time;
 * then duplex for as long as options.run_ns. What the driver holds must be the
 * same before and behind each of them, and at both ends of the duplex.
 *
 * Lines for the host: "run NAME" before each one, "soak SCENARIOS POOL-BYTES
 * RSS-FIRST RSS-LAST" at the end (nonpaged pool of the driver, in KiB of this
 * process at both ends of the duplex).
 */
#include "hostile.h"

#include <stdio.h>

#define MS NS_PER_MS_CLIENT
#define ABSENT 0xFFFFFFFFu /* of a registry switch */
#define SETTLE_NS (2000 * MS)
#define TAIL_NS (500 * MS)
#define SOAK_PRNG 31u

/* What a scenario cannot do without; all zero: nothing. */
struct card {
    const char *name;
    bool null_backend, polling_only, no_interrupt;
    unsigned one_in; /* of a hostile client's requests is made, drawn anew in each lap; 0: all are */
};
/*
 * Not in it:
 *   kept_buffer_is_not_used_again, device_stays_broken: want a device with fault=keeps or needs_reset for ever, on
 *     which no other scenario could play;
 *   pause_waits_half_a_second: likewise, with completion=never;
 *   start_is_never_answered, kept_transfer_is_not_the_next_streams: the device keeps memory of the driver for ever,
 *     which therefore leaves it behind, and holds more behind them than before;
 *   position_never_goes_back: wants a device that tells of each period when it has been played; those that complete at
 *     once (aero, transitional, ioport) tell of none.
 * "extensible" is a row of `formats`.
 */
static const struct card g_deck[] = {
    {.name = "load"},
    {.name = "show"},
    {.name = "play"},
    {.name = "record"},
    {.name = "duplex"},
    {.name = "state_walks"},
    {.name = "odd_buffer_sizes"},
    {.name = "bad_buffers_are_refused"},
    {.name = "short_of_pages"},
    {.name = "both_ways_to_capture_agree"},
    {.name = "position_criteria"},
    {.name = "position_criteria_at_each_phase"},
    {.name = "counters_are_apart"},
    {.name = "run_meets_the_end"},
    {.name = "notification_counts"},
    {.name = "notification_events"},
    {.name = "pause_resume_capture"},
    {.name = "pause_resume_loses_nothing"},
    {.name = "two_opens_of_one_pin_are_refused"},
    {.name = "registers_are_refused"},
    {.name = "surprise_removal_while_running"},
    {.name = "calls_after_surprise_removal"},
    {.name = "unload"},
    {.name = "reopen"},
    {.name = "disable_enable"},
    {.name = "stop_start"},
    {.name = "sleep_with_open_streams"},
    {.name = "removal_without_power"},
    {.name = "failed_wake_is_made_good"},
    {.name = "sleeping_stream_needs_its_buffer"},
    {.name = "power_down_while_streaming"},
    {.name = "questions_while_streaming"},
    {.name = "sleep_while_streaming"},
    {.name = "hibernate_while_streaming"},
    {.name = "device_breaks_down_while_streaming"},
    {.name = "recovery_meets_the_end"},
    {.name = "dead_device_is_removed"}, /* these five on a device that lives: only the clients are dead */
    {.name = "dead_device_is_stopped"},
    {.name = "dead_device_is_pulled_out"},
    {.name = "dead_device_is_removed_asleep"},
    {.name = "dead_device_loses_power"},
    {.name = "failed_start_leaves_nothing"},
    {.name = "bus_answers_late"},
    {.name = "null_backend", .null_backend = true},
    {.name = "no_interrupt_is_refused", .no_interrupt = true},
    {.name = "polling_only", .no_interrupt = true, .polling_only = true},
    {.name = "hostile_closing"},
    {.name = "hostile_events"},
    {.name = "hostile_races"},
    {.name = "hostile_states"},
    {.name = "hostile_properties", .one_in = 16},
    {.name = "hostile_formats", .one_in = 16},
    {.name = "hostile_ranges", .one_in = 16},
    {.name = "hostile_buffers", .one_in = 4},
    {.name = "open_close_cycles"},
    {.name = "descriptor_checks"},
    {.name = "jack_description"},
    {.name = "channel_config"},
    {.name = "property_sizes"},
    {.name = "formats"},
    {.name = "proposed_format"},
    {.name = "data_intersection"},
};
#define CARDS (sizeof g_deck / sizeof g_deck[0])

_Static_assert(CARDS + 1 == LINK_SOAK_SCENARIOS, "the host takes a lap of fewer scenarios for no whole one");

/* Memory of this process that is its own, in KiB, without the records of what was freed: these grow by design, up to a
 * limit that no lap reaches. */
static unsigned long own_kib(void)
{
    unsigned long size = 0, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%lu %lu %lu", &size, &resident, &shared) != 3)
        bench_bug("/proc/self/statm cannot be read");
    fclose(file);
    return (resident - shared) * 4 - (unsigned long)(arena_record_bytes() / 1024);
}

/* The slot as a new machine finds it: registry switches, interrupt, and a device that has just got power. */
static void plug_in(const struct card *card)
{
    g_link->options.force_null_backend = card->null_backend ? 1 : ABSENT;
    g_link->options.allow_polling_only = card->polling_only ? 1 : ABSENT;
    g_link->options.no_interrupt = card->no_interrupt;
    clock_set_counters_apart(0);
    registry_forget();
    pnp_plug();
}

/* A client of its own kind for each: what none of the scenarios may count on. */
static void choose_client(void)
{
    static const uint32_t jitter_us[] = {0, 0, 1000, 3000};

    g_link->options.event_mode = prng_below(SOAK_PRNG, 4) != 0;
    g_link->options.buffer_frames = g_link->options.event_mode ? 960 : 1920;
    g_link->options.notifications = 2;
    g_link->options.jitter_us = jitter_us[prng_below(SOAK_PRNG, 4)];
}

static void run_card(const struct card *card)
{
    uint64_t before = pool_nonpaged_bytes();

    choose_client();
    tell("run %s", card->name);
    plug_in(card);
    hostile_draw(card->one_in);
    scenario_find(card->name)->run();
    EXPECT(pool_nonpaged_bytes() == before, "%s: the driver holds %llu bytes of pool, before it %llu", card->name,
           (unsigned long long)pool_nonpaged_bytes(), (unsigned long long)before);
}

/* Render plays the pattern, capture hears it, and the host watches both; what the driver and the bench hold is the same
 * at both ends. */
static void long_duplex(unsigned long rss[2], uint64_t *pool)
{
    uint64_t begin = clock_now_ns() + SETTLE_NS, end = begin + g_link->options.run_ns;
    struct pattern_duplex duplex;

    device_up();
    pattern_duplex_start(&duplex, end + TAIL_NS);
    thread_sleep_until(begin);
    *pool = pool_nonpaged_bytes();
    rss[0] = own_kib();
    host_mark(LINK_MARK_WATCH);
    thread_sleep_until(end);
    g_link->result.heard = duplex.heard.count;
    host_mark(LINK_MARK_WATCH);
    rss[1] = own_kib();
    EXPECT(pool_nonpaged_bytes() == *pool, "the streams held %llu bytes of pool at first, and hold %llu now",
           (unsigned long long)*pool, (unsigned long long)pool_nonpaged_bytes());
    pattern_duplex_join(&duplex);
    device_down();
}

static void soak(void)
{
    static const struct card nothing_special;
    const struct card *order[CARDS];
    unsigned long rss[2];
    uint64_t pool;

    for (size_t i = 0; i < CARDS; i++)
        order[i] = &g_deck[i];
    for (size_t i = CARDS - 1; i > 0; i--) {
        size_t at = (size_t)prng_below(SOAK_PRNG, i + 1);
        const struct card *here = order[i];
        order[i] = order[at];
        order[at] = here;
    }
    for (size_t i = 0; i < CARDS; i++)
        run_card(order[i]);
    choose_client();
    tell("run long_duplex");
    plug_in(&nothing_special);
    long_duplex(rss, &pool);
    tell("soak %zu %llu %lu %lu", CARDS + 1, (unsigned long long)pool, rss[0], rss[1]);
}

const struct scenario g_scenarios_soak[] = {{"soak", soak}, {NULL, NULL}};
