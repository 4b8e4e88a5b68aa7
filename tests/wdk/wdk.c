/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wdk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MILLISECOND 10000
#define MAX_BLOCKS 64
#define PHYSICAL_BASE 0x500000000ull /* above 4 GiB: a truncated address misses */

struct block {
    void *memory;
    SIZE_T bytes;
    ULONGLONG physical;
};

struct wdk wdk;
static struct block blocks[MAX_BLOCKS];
static ULONGLONG next_physical = PHYSICAL_BASE;

__attribute__((noreturn, format(printf, 1, 2))) static void broken(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("# fake kernel: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

void wdk_reset(void)
{
    memset(&wdk, 0, sizeof(wdk));
    memset(blocks, 0, sizeof(blocks));
    next_physical = PHYSICAL_BASE;
}

void wdk_require_passive(const char *what)
{
    if (wdk.irql != PASSIVE_LEVEL) {
        broken("%s at IRQL %d", what, wdk.irql);
    }
}

void wdk_require_dispatch(const char *what)
{
    if (wdk.irql != DISPATCH_LEVEL) {
        broken("%s at IRQL %d", what, wdk.irql);
    }
}

void wdk_acquire(KSPIN_LOCK *lock, const char *what)
{
    if (*lock != 0) {
        broken("%s takes a lock that is held", what);
    }
    *lock = 1;
    wdk.locks++;
}

void wdk_release(KSPIN_LOCK *lock, const char *what)
{
    if (*lock != 1) {
        broken("%s releases a lock that is free", what);
    }
    *lock = 0;
    wdk.locks--;
}

KIRQL wdk_raise(KIRQL irql)
{
    KIRQL old = wdk.irql;

    if (irql < old) {
        broken("IRQL raised from %d to %d", old, irql);
    }
    wdk.irql = irql;
    return old;
}

void wdk_lower(KIRQL irql)
{
    if (irql > wdk.irql) {
        broken("IRQL lowered from %d to %d", wdk.irql, irql);
    }
    wdk.irql = irql;
}

LONG KeReleaseMutex(KMUTEX *mutex, BOOLEAN wait)
{
    (void)wait;
    if (!mutex->Owned) {
        broken("a free mutex is released");
    }
    mutex->Owned = 0;
    return 0;
}

NTSTATUS wdk_delay(const LARGE_INTEGER *interval)
{
    wdk_require_passive("a wait");
    wdk.now += interval->QuadPart < MILLISECOND ? MILLISECOND : interval->QuadPart;
    if (wdk.tick != NULL) {
        wdk.tick();
    }
    return STATUS_SUCCESS;
}

/* Objects are told apart by their size only: KEVENT and KMUTEX begin with one LONG. */
NTSTATUS wdk_wait(void *object, SIZE_T size, const LARGE_INTEGER *timeout)
{
    LONG *state = object;

    (void)size;
    wdk_require_passive("a wait");
    if (timeout == NULL) {
        if (*state != 0) {
            broken("endless wait for a mutex that is owned");
        }
        *state = 1;
        return STATUS_SUCCESS;
    }
    if (*state == 0) {
        wdk_delay(timeout);
    }
    return STATUS_SUCCESS;
}

LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency)
{
    LARGE_INTEGER now;

    if (frequency != NULL) {
        frequency->QuadPart = 10000000;
    }
    now.QuadPart = wdk.now;
    return now;
}

static int may_allocate(void)
{
    return wdk.fail_at == 0 || --wdk.fail_at > 0;
}

PVOID ExAllocatePoolWithTag(int type, SIZE_T bytes, ULONG tag)
{
    (void)type;
    (void)tag;
    if (!may_allocate()) {
        return NULL;
    }
    wdk.pool_blocks++;
    return memset(malloc(bytes), 0xA5, bytes);
}

VOID ExFreePoolWithTag(PVOID memory, ULONG tag)
{
    (void)tag;
    wdk.pool_blocks--;
    free(memory);
}

PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T bytes, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest,
                                             PHYSICAL_ADDRESS boundary, int cache)
{
    int i;

    (void)lowest, (void)highest, (void)boundary, (void)cache;
    wdk_require_passive("a contiguous allocation");
    if (!may_allocate()) {
        return NULL;
    }
    for (i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].memory == NULL) {
            blocks[i].memory = memset(aligned_alloc(PAGE_SIZE, (bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE), 0xA5,
                                      bytes);
            blocks[i].bytes = bytes;
            blocks[i].physical = next_physical;
            next_physical += (bytes / PAGE_SIZE + 2) * PAGE_SIZE;
            wdk.dma_blocks++;
            return blocks[i].memory;
        }
    }
    broken("too many contiguous allocations");
}

static struct block *find_block(const void *memory)
{
    int i;

    for (i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].memory == memory && memory != NULL) {
            return &blocks[i];
        }
    }
    broken("%p is no contiguous allocation", memory);
}

VOID MmFreeContiguousMemorySpecifyCache(PVOID memory, SIZE_T bytes, int cache)
{
    struct block *block = find_block(memory);

    (void)cache;
    if (block->bytes != bytes) {
        broken("%zu bytes freed of %zu", (size_t)bytes, (size_t)block->bytes);
    }
    free(memory);
    memset(block, 0, sizeof(*block));
    wdk.dma_blocks--;
}

PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID memory)
{
    PHYSICAL_ADDRESS address;

    address.QuadPart = (LONGLONG)find_block(memory)->physical;
    return address;
}

void *wdk_physical(ULONGLONG address, SIZE_T bytes)
{
    int i;

    for (i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].memory != NULL && address >= blocks[i].physical &&
            address + bytes <= blocks[i].physical + blocks[i].bytes) {
            return (char *)blocks[i].memory + (address - blocks[i].physical);
        }
    }
    broken("no memory at physical 0x%llx", (unsigned long long)address);
}

ULONG wdk_read_register(const void *address, ULONG size)
{
    if (wdk.register_read == NULL) {
        broken("a register is read");
    }
    return wdk.register_read(address, size);
}

void wdk_write_register(void *address, ULONG size, ULONG value)
{
    if (wdk.register_write == NULL) {
        broken("a register is written");
    }
    wdk.register_write(address, size, value);
}
