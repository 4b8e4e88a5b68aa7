/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Decodes one x86 instruction into what the guest needs to carry it out. */
#ifndef HOST_DECODE_H
#define HOST_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../include/link.h"

struct decoder; /* one per width */

/* `bits` is 32 or 64. NULL: Capstone refused. */
struct decoder *decoder_create(unsigned bits);
void decoder_destroy(struct decoder *decoder);
/* Decodes the instruction at code[0..bytes), which runs at `address`. Always fills `insn`; kind LINK_INSN_UNKNOWN with
 * length 0: no instruction. */
void decoder_decode(struct decoder *decoder, const uint8_t *code, size_t bytes, uint64_t address,
                    struct link_insn *insn);

#endif
