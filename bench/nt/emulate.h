/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Carries out one trapped instruction of the driver on its saved registers, and steps over it. */
#ifndef BENCH_EMULATE_H
#define BENCH_EMULATE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "nt.h"

#include <ucontext.h>

/* KUSER_SHARED_DATA as kernel code sees it. */
#if defined(__x86_64__)
#define SHARED_DATA_ADDRESS 0xFFFFF78000000000ull
#else
#define SHARED_DATA_ADDRESS 0xFFDF0000u
#endif

/* An access to device registers at `va`, inside the mapping `io`. */
void emulate_register(ucontext_t *context, const void *pc, struct block *io, void *va);
/* A read of KUSER_SHARED_DATA at `offset`; x64 has it at an address that no Linux process can map. Plain loads are
 * carried out; any other instruction is stepped with its address register moved to the bench's copy. */
void emulate_shared_data(ucontext_t *context, const void *pc, size_t offset);
/* After a SIGTRAP: true when it ended such a step; registers are as the instruction left them. */
bool emulate_step_done(ucontext_t *context);
/* True within such a step: nothing else may run. */
bool emulate_step_active(void);
/* A single step of the driver while its instructions are counted (steps.c); false: the trap is something else. */
bool steps_trap(ucontext_t *context);
/* A breakpoint at the end of a basic block, and a first instruction where none may run; likewise. */
bool steps_breakpoint(ucontext_t *context);
bool steps_entered(const ucontext_t *context);
/* After an instruction was carried out in the driver's place. */
void steps_emulated(ucontext_t *context);
/* Does the condition hold? In the order of their opcodes, each followed by its opposite. [Intel SDM 1, B.1] */
bool emulate_condition(unsigned condition, unsigned long flags);
/* A jump, call or return, of kind LINK_INSN_JUMP_IF, JUMP, CALL or RETURN, at the program counter. */
void emulate_flow(ucontext_t *context, const struct link_insn *insn);
/* CR8, in, out, cli, sti; violation PRIVILEGED for the rest. */
void emulate_privileged(ucontext_t *context, const void *pc);

#endif
