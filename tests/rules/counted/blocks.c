/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Work that takes no time of the bench's clock, in an image that counts its own basic blocks (bench/nt/blocks.c). */
#include "rule.h"

#define TOO_MANY 40000u /* each turn of the loop is a block at least */
#define FEW 1000u

static KDPC g_Dpc;
static volatile ULONG g_Turns;

static VOID NTAPI Turn(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNUSED(Dpc);
    UNUSED(Argument1);
    UNUSED(Argument2);
    for (g_Turns = *(const ULONG *)Context; g_Turns > 0; g_Turns--) {
    }
}

static VOID TurnInDpc(ULONG Turns)
{
    KeInitializeDpc(&g_Dpc, Turn, &Turns);
    KeInsertQueueDpc(&g_Dpc, NULL, NULL);
    KeFlushQueuedDpcs();
}

RULE(DPC_TOO_LONG__BLOCKS, RuleAtEntry)
{
    UNUSED(Device);
    TurnInDpc(TOO_MANY);
}

/* As much in all, but each DPC is short. */
RULE(CONTROL__BLOCKS, RuleAtEntry)
{
    ULONG i;

    UNUSED(Device);
    for (i = 0; i < TOO_MANY / FEW; i++) {
        TurnInDpc(FEW);
    }
}
