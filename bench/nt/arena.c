/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel address space for everything that the driver may hold a pointer to.
 * Each block has pages of its own and an inaccessible page behind it; a freed
 * block stays inaccessible until the address space has been used up once.
 */
#include "nt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#define ARENA_BASE 0x6F0000000000ull
#define ARENA_PAGES (1u << 20) /* 4 GiB */
#else
#define ARENA_BASE 0xA0000000u
#define ARENA_PAGES (1u << 17) /* 512 MiB */
#endif

static uint8_t *base;
static struct block **owner;  /* per page */
static PFN_NUMBER *frame;     /* per page; 0: none */
static size_t cursor = 1;
static size_t block_count, highest; /* records that are kept, pages that ever had one */
static struct block *resident[4096]; /* pageable blocks that are accessible now */
static unsigned resident_count;
static uint64_t driver_bytes, driver_bytes_most;

static bool is_drivers(const struct block *block) { return block->kind <= BLOCK_CONTIGUOUS; }

uint64_t arena_driver_bytes_most(void) { return driver_bytes_most; }

static void arena_init(void)
{
    base = mmap((void *)(uintptr_t)ARENA_BASE, (size_t)ARENA_PAGES << PAGE_SHIFT, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (base == MAP_FAILED)
        bench_bug("cannot reserve kernel address space at %#llx", (unsigned long long)ARENA_BASE);
    owner = calloc(ARENA_PAGES, sizeof *owner);
    frame = calloc(ARENA_PAGES, sizeof *frame);
    if (owner == NULL || frame == NULL)
        bench_bug("out of memory");
}

size_t arena_record_bytes(void)
{
    size_t record = (sizeof(struct block) + 2 * sizeof(size_t) - 1) / (2 * sizeof(size_t)) * (2 * sizeof(size_t));

    return block_count * (record + 2 * sizeof(size_t)) + highest * (sizeof *owner + sizeof *frame);
}

static size_t index_of(const void *address) { return ((uintptr_t)address - (uintptr_t)base) >> PAGE_SHIFT; }

bool arena_contains(const void *address) { return base != NULL && index_of(address) < ARENA_PAGES; }

PFN_NUMBER *arena_pfn(const void *address) { return &frame[index_of(address)]; }

struct block *arena_find(const void *address)
{
    return arena_contains(address) ? owner[index_of(address)] : NULL;
}

/* Forgets a freed block whose address space is taken again. */
static void forget(struct block *block)
{
    size_t i, first = index_of(block->pages_start);

    for (i = 0; i <= block->pages; i++)
        owner[first + i] = NULL;
    free(block);
    block_count--;
}

static size_t find_space(size_t pages)
{
    size_t at = cursor, run = 0, looked;

    for (looked = 0; looked < 2 * ARENA_PAGES; looked++, at++) {
        if (at >= ARENA_PAGES) {
            at = 1;
            run = 0;
        }
        if (owner[at] != NULL && owner[at]->live) {
            run = 0;
            continue;
        }
        if (++run == pages + 1)
            return at - pages;
    }
    bench_bug("kernel address space is exhausted");
}

struct block *arena_add(enum block_kind kind, size_t bytes, size_t pages)
{
    struct block *block = calloc(1, sizeof *block);
    size_t first, i;

    if (base == NULL)
        arena_init();
    if (block == NULL)
        bench_bug("out of memory");
    first = find_space(pages);
    for (i = 0; i <= pages; i++) {
        if (owner[first + i] != NULL)
            forget(owner[first + i]);
    }
    for (i = 0; i <= pages; i++)
        owner[first + i] = block; /* the guard page too: an overrun is blamed on the block before it */
    cursor = first + pages + 1;
    highest = MAX(highest, cursor);
    block_count++;
    block->kind = kind;
    block->live = true;
    block->pages_start = block->start = base + (first << PAGE_SHIFT);
    block->pages = pages;
    block->bytes = bytes;
    block->allocated_by = g_blame;
    if (is_drivers(block))
        driver_bytes += bytes;
    driver_bytes_most = MAX(driver_bytes_most, driver_bytes);
    return block;
}

static void make_inaccessible(struct block *block)
{
    if (mmap(block->pages_start, block->pages << PAGE_SHIFT, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED)
        bench_bug("cannot unmap");
}

static void not_resident(const struct block *block)
{
    unsigned i;

    for (i = 0; i < resident_count; i++)
        if (resident[i] == block)
            resident[i--] = resident[--resident_count];
}

void arena_release(struct block *block)
{
    if (is_drivers(block))
        driver_bytes -= block->bytes;
    make_inaccessible(block);
    not_resident(block);
    memset(&frame[index_of(block->pages_start)], 0, block->pages * sizeof frame[0]);
    block->live = false;
    block->freed_by = g_blame;
}

static void protect(struct block *block, int protection)
{
    if (mprotect(block->pages_start, block->pages << PAGE_SHIFT, protection) != 0)
        bench_bug("cannot change the protection of %s", block->what);
}

void arena_page_out(struct block *block)
{
    protect(block, PROT_NONE);
    block->paged_out = true;
    not_resident(block);
}

void arena_page_in(struct block *block)
{
    if (resident_count == LENGTH_OF(resident))
        arena_page_out(resident[0]);
    protect(block, PROT_READ | PROT_WRITE);
    block->paged_out = false;
    resident[resident_count++] = block;
}

void arena_raise_to_dispatch(void)
{
    while (resident_count) {
        struct block *block = resident[--resident_count];

        protect(block, PROT_NONE);
        block->paged_out = true;
    }
}

void arena_seal(struct block *block)
{
    protect(block, PROT_NONE);
    block->sealed = true;
}

void arena_unseal(struct block *block)
{
    protect(block, PROT_READ | PROT_WRITE);
    block->sealed = false;
}
