/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What long sweeps of many runs have in common: results that are kept in out/, and as many runs at once as there are
 * processors. */
#ifndef HOST_SWEEP_H
#define HOST_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWEEP_HASH_FIRST 0xCBF29CE484222325ull

/* Adds bytes, or a whole file, to the hash that names a result: it counts only for exactly the programs and options
 * that made it. False: said why. */
void sweep_hash(uint64_t *hash, const void *bytes, size_t count);
bool sweep_hash_file(uint64_t *hash, const char *path);
/* Writes out/KIND/HASH; makes the directory. False: said why. */
bool sweep_path(const char *kind, uint64_t hash, char *path, size_t bytes);
/* How many may run at once: what is wanted, or (OPTION_ABSENT) one for each processor. */
unsigned sweep_jobs(uint64_t wanted);
/* Keeps this process and its children to one processor: two processes that take turns do so fastest on one. `place`:
 * of those that run at once, from 0. */
void sweep_use_processor(unsigned place);

#endif
