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
    ULONG (*register_read)(const void *address, ULONG size);
    void (*register_write)(void *address, ULONG size, ULONG value);
};
extern struct wdk wdk;

/* Back to power-on. Live allocations are forgotten. */
void wdk_reset(void);
/* The memory behind a physical address; the bytes must lie in one live contiguous block. */
void *wdk_physical(ULONGLONG address, SIZE_T bytes);

#endif
