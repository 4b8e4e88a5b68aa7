/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a unit test may ask of, or do to, the fake kernel of wdk.c. */
#ifndef FAKE_WDK_H
#define FAKE_WDK_H

#include "wdk_compat.h"

struct wdk {
    KIRQL irql;
    LONGLONG now;         /* counter, 100 ns */
    unsigned locks;       /* spin locks held */
    unsigned pool_blocks; /* live pool allocations */
    unsigned dma_blocks;  /* live contiguous allocations */
    unsigned fail_at;     /* N: the Nth allocation from now fails, once; 0: none does */
    void (*tick)(void);   /* called for each millisecond that the driver sleeps; may be NULL */
    unsigned mappings;    /* live MmMapIoSpace mappings */
    unsigned interrupts;  /* connected interrupts */
    NTSTATUS connect_status; /* what IoConnectInterrupt says; STATUS_SUCCESS: it connects */
    void *(*map)(ULONGLONG start, SIZE_T bytes); /* what MmMapIoSpace gives */
    NTSTATUS (*call_driver)(PDEVICE_OBJECT device, PIRP irp);
    ULONG (*register_read)(const void *address, ULONG size);
    void (*register_write)(void *address, ULONG size, ULONG value);
    void (*barrier)(void); /* at each KeMemoryBarrier: what another processor or the device does just then */
};
extern struct wdk wdk;

/* Back to power-on. Contiguous memory that is still allocated is freed; pool is not, so that a leak shows. */
void wdk_reset(void);
/* The memory behind a physical address; the bytes must lie in one live contiguous block. */
void *wdk_physical(ULONGLONG address, SIZE_T bytes);
/* The line goes up: calls the ISR, at a raised IRQL; its answer, or FALSE when none is connected. */
BOOLEAN wdk_interrupt(void);
/* Runs the DPCs that were queued. Waits and KeFlushQueuedDpcs do so too. */
void wdk_run_dpcs(void);

#endif
