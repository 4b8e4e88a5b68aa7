/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of the driver's functions, from the PDB beside the image, through llvm-symbolizer. */
#ifndef HOST_SYMBOL_H
#define HOST_SYMBOL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* One llvm-symbolizer, started at the first question: each start costs a tenth of a second. All zero: not started. */
struct symbolizer {
    pid_t process; /* -1: there is none to be had */
    FILE *ask, *answer;
};

/* Writes "Function at file.c:12" for an RVA of the image at `sys_path` (the same one every time), or "0x1234" when
 * there is no PDB or no tool. */
void symbolizer_name(struct symbolizer *symbolizer, const char *sys_path, uint64_t rva, char *text, size_t bytes);
void symbolizer_close(struct symbolizer *symbolizer);

#endif
