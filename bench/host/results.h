/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results that are kept in out/, for exactly the programs and options that made them. */
#ifndef HOST_RESULTS_H
#define HOST_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RESULTS_HASH_FIRST 0xCBF29CE484222325ull

/* Adds bytes, or a whole file, to the hash that names a result. False: said why. */
void results_hash(uint64_t *hash, const void *bytes, size_t count);
bool results_hash_file(uint64_t *hash, const char *path);
/* Writes out/KIND/HASH; makes the directory. False: said why. */
bool results_path(const char *kind, uint64_t hash, char *path, size_t bytes);

#endif
