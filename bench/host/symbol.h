/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of the driver's functions, from the PDB beside the image, through llvm-symbolizer. */
#ifndef HOST_SYMBOL_H
#define HOST_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/* Writes "Function+0x12" for an RVA of the image at `sys_path`, or "0x1234" when there is no PDB or no tool. */
void symbol_name(const char *sys_path, uint64_t rva, char *text, size_t bytes);

#endif
