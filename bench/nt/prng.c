/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random numbers from the run's seed: one independent stream per purpose (splitmix64), so that adding a draw in one
 * place does not shift the others. */
#include "nt.h"

static uint64_t state[PRNG_COUNT];
static bool seeded[PRNG_COUNT];

uint64_t prng_next(unsigned stream)
{
    uint64_t z;

    stream %= PRNG_COUNT;
    if (!seeded[stream]) {
        state[stream] = g_link->options.seed * 0x9E3779B97F4A7C15ull + stream * 0xD1B54A32D192ED03ull;
        seeded[stream] = true;
    }
    z = state[stream] += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

uint64_t prng_below(unsigned stream, uint64_t limit) { return limit ? prng_next(stream) % limit : 0; }

uint64_t clock_jitter_ns(unsigned stream)
{
    if (g_link->options.jitter_us == 0)
        return 0;
    return prng_below(stream, (uint64_t)g_link->options.jitter_us * NS_PER_US + 1);
}
