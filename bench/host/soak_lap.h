/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A lap of the soak: which it is, one run of it, its line in the journal. */
#ifndef HOST_SOAK_LAP_H
#define HOST_SOAK_LAP_H

#include <stdbool.h>
#include <stdint.h>

#include "audio_in.h"
#include "error.h"
#include "options.h"
#include "session.h"

#define SOAK_CELLS 20u     /* an image on an architecture before a device */
#define SOAK_KNOBS_BYTES 32u

struct soak_lap {
    uint64_t number; /* from 0; says all that follows, with the seed of the whole */
    unsigned cell;
    const char *arch, *variant, *base, *personality;
    const char *knobs; /* what the device does beside, or "" */
    int ppm;           /* its clock: one of its own, so that no sound is kept */
    uint64_t seed;
    uint64_t stretch_s; /* of duplex at the end */
    /* What the run told. */
    enum exit_status status;
    unsigned scenarios;
    uint64_t virtual_ns, leaks;
    uint64_t pool_bytes;                     /* nonpaged, in the duplex */
    uint64_t guest_first_kib, guest_last_kib; /* the guest process' own memory, at both ends of the duplex */
    uint64_t host_kib;                       /* the host process' own, behind the lap */
    uint64_t host_growth_kib; /* since that process had run as many laps as it takes to have it all */
};

/* Lap `number` of a soak with this seed that lasts for `seconds`. */
struct soak_lap soak_lap_make(uint64_t seed, uint64_t seconds, uint64_t number);
/* Runs it. The status is in the lap too; a failure is told with the line that runs it again. `sound`: the pattern. */
enum exit_status soak_lap_run(struct soak_lap *lap, const struct options *options, const struct sound *sound);
/* What the driver and the bench held did not grow? */
bool soak_lap_is_flat(const struct soak_lap *lap);
/* The lap itself, whatever the host process holds: it is whole, and nothing was wrong with it. */
bool soak_lap_went_well(const struct soak_lap *lap);
bool soak_lap_is_good(const struct soak_lap *lap);

#define SOAK_REPLAY_BYTES 128u
/* The shell's line that shows again what is wrong with a lap: the lap, or, when only the host process grew, the soak
 * with another journal. */
void soak_lap_replay(const struct soak_lap *lap, const struct options *options, char line[SOAK_REPLAY_BYTES]);

#define SOAK_LINE_BYTES 160u
/* A line of the journal, and back; false: it is none. */
int soak_lap_write(const struct soak_lap *lap, char line[SOAK_LINE_BYTES]);
bool soak_lap_read(struct soak_lap *lap, const struct options *options, const char *line);
/* --seconds, or a week. */
uint64_t soak_seconds(const struct options *options);

#endif
