/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Carries out one trapped instruction of the driver on its saved registers, and steps over it. */
#ifndef BENCH_EMULATE_H
#define BENCH_EMULATE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "nt.h"

#include <ucontext.h>

/* An access to device registers at `va`, inside the mapping `io`. */
void emulate_register(ucontext_t *context, const void *pc, struct block *io, void *va);
/* A read of KUSER_SHARED_DATA at `offset`; x64 has it at an address that no Linux process can map. */
void emulate_shared_data(ucontext_t *context, const void *pc, size_t offset);
/* CR8, in, out, cli, sti; violation PRIVILEGED for the rest. */
void emulate_privileged(ucontext_t *context, const void *pc);

#endif
