/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A life on a device that may say anything (tests/fuzz/hostile.h): whatever it says, steps are refused or succeed, and
 * time and memory are bounded.
 *
 *     lying_device          a life
 *     lying_device:sleeps   with a power cycle while both streams run
 *
 * Lines for the host: those of life.c; "most BLOCKS BYTES MS", what the longest DPC, memory and time came to; "life 1".
 * To the last the host may answer that the device is honest now: then the streams of a second life must be perfect.
 */
#include "client.h"

#include <string.h>

/* Each control request and each close of a stream has its second or two, and there are some thirty of them. */
#define LIFE_LIMIT_MS 90000u
/* Rings, messages and two streams with their buffers are below 300 KB; a recovery has them once more. */
#define MEMORY_LIMIT_BYTES (2u << 20)

static void lying_device(void)
{
    uint64_t ms;

    life_live(strchr(g_link->options.scenario, ':') != NULL ? LIFE_WAKES : LIFE_CALM, NULL);
    ms = clock_now_ns() / NS_PER_MS_CLIENT;
    EXPECT(ms <= LIFE_LIMIT_MS, "the life took %llu ms; the limit is %u", (unsigned long long)ms, LIFE_LIMIT_MS);
    EXPECT(arena_driver_bytes_most() <= MEMORY_LIMIT_BYTES, "the driver had %llu bytes at once; the limit is %u",
           (unsigned long long)arena_driver_bytes_most(), MEMORY_LIMIT_BYTES);
    tell("most %llu %llu %llu", (unsigned long long)blocks_longest(),
              (unsigned long long)arena_driver_bytes_most(), (unsigned long long)ms);
    g_link->value = 0;
    tell("life 1");
    if (g_link->value != 0)
        scenario_duplex();
}

const struct scenario g_scenarios_lies[] = {{"lying_device", lying_device}, {NULL, NULL}};
