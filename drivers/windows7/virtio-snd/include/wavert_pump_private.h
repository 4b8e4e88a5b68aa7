/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What wavert_pump.c and the two directions, wavert_render.c and wavert_capture.c, share. Pump lock held everywhere. */
#ifndef WAVERT_PUMP_PRIVATE_H
#define WAVERT_PUMP_PRIVATE_H

#include "wavert_pump.h"

#define WAVERT_NEVER (~(ULONGLONG)0)

/* Outcome of one pass over what is due. */
typedef struct _WAVERT_PASS {
    ULONGLONG Now;  /* counter ticks */
    ULONGLONG Next; /* counter value at which the next pass is due; WAVERT_NEVER: none */
    BOOLEAN Again;  /* poll the backend and pass once more: something may have completed meanwhile */
} WAVERT_PASS, *PWAVERT_PASS;

/* Lock held. Submits what is due by Pass->Now and sets Pass->Next and Pass->Again. */
VOID WaveRtRenderPass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass);
VOID WaveRtCapturePass(PWAVERT_PUMP Pump, PWAVERT_PASS Pass);
/* Specification dialect: before START, hand over what may be handed over. */
VOID WaveRtRenderPrefill(PWAVERT_PUMP Pump);
VOID WaveRtCapturePost(PWAVERT_PUMP Pump);

/* Counter ticks of a number of frames, rounded up. */
ULONGLONG WaveRtPumpTicks(const WAVERT_PUMP *Pump, ULONG Frames);
/* The reported position, in frames. */
ULONGLONG WaveRtPumpReported(const WAVERT_PUMP *Pump, ULONGLONG NowTicks);
/* One period at linear frame First, at most the geometry's period. */
NTSTATUS WaveRtPumpSubmit(PWAVERT_PUMP Pump, ULONGLONG First, ULONG Frames);
/* Signals every notification boundary up to Frames. */
VOID WaveRtPumpSignalUpTo(PWAVERT_PUMP Pump, ULONGLONG Frames, ULONGLONG NowTicks);

#endif
