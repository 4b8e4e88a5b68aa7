/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pool, always as Driver Verifier's special pool: each block ends at an
 * inaccessible page, what lies around it is a pattern that is checked when it
 * is freed, and a freed block stays inaccessible. Blocks of a page or more
 * start on a page, as Windows promises.
 */
#include "faultpoint.h"
#include "nt.h"

#include "../pe/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FRESH_BYTE 0xA5u
#define SLACK_BYTE 0x5Bu
#define HIGHEST_ADDRESS UINT64_MAX

static const char *tag_text(ULONG tag)
{
    static char text[8];
    unsigned i;

    for (i = 0; i < 4; i++) {
        text[i] = (char)(tag >> (8 * i));
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '.';
    }
    text[4] = '\0';
    return text;
}

static size_t round_up(size_t bytes)
{
    return (bytes + MEMORY_ALLOCATION_ALIGNMENT - 1) & ~(size_t)(MEMORY_ALLOCATION_ALIGNMENT - 1);
}

static uint64_t nonpaged_bytes;

uint64_t pool_nonpaged_bytes(void) { return nonpaged_bytes; }

struct block *pool_allocate(enum block_kind kind, size_t bytes, ULONG tag, const char *what)
{
    size_t pages = MAX(BYTES_TO_PAGES(bytes), 1), i;
    PFN_NUMBER *pfns = malloc(pages * sizeof *pfns);
    struct block *block;

    if (pfns == NULL || !ram_alloc_pages(pfns, pages, HIGHEST_ADDRESS)) {
        free(pfns);
        return NULL;
    }
    block = arena_add(kind, bytes, pages);
    block->tag = tag;
    block->what = what;
    if (kind == BLOCK_POOL)
        nonpaged_bytes += bytes;
    for (i = 0; i < pages; i++)
        *arena_pfn(block->pages_start + (i << PAGE_SHIFT)) = pfns[i];
    ram_map_at(block->pages_start, pfns, pages, PROT_READ | PROT_WRITE);
    free(pfns);
    if (bytes < PAGE_SIZE)
        block->start += PAGE_SIZE - round_up(bytes);
    memset(block->pages_start, SLACK_BYTE, pages << PAGE_SHIFT);
    memset(block->start, FRESH_BYTE, bytes);
    return block;
}

static void check_slack(const struct block *block, const char *what)
{
    const uint8_t *p = block->pages_start, *end = p + (block->pages << PAGE_SHIFT);

    for (; p < end; p++) {
        if (p == block->start)
            p += block->bytes;
        if (p < end && *p != SLACK_BYTE)
            violation("POOL_OVERRUN",
                      "%s: byte at offset %td of a block of %zu bytes was written (tag '%s', made by %s)", what,
                      p - block->start, block->bytes, tag_text(block->tag), host_symbol(block->allocated_by));
    }
}

void memory_check_free(const void *start, size_t bytes)
{
    timer_check_free(start, bytes);
    dpc_check_free(start, bytes);
    thread_check_free(start, bytes);
    interrupt_check_free(start, bytes);
    spinlock_forget_range(start, bytes);
}

void pool_free_block(struct block *block, const char *what)
{
    PFN_NUMBER *pfns = malloc(block->pages * sizeof *pfns);

    if (pfns == NULL)
        bench_bug("out of memory");
    if (block->sealed)
        arena_unseal(block);
    if (block->paged_out)
        arena_page_in(block);
    check_slack(block, what);
    memory_check_free(block->start, block->bytes);
    if (block->kind != BLOCK_BENCH)
        ram_check_claims(arena_pfn(block->pages_start), block->pages, what);
    if (block->kind == BLOCK_POOL)
        nonpaged_bytes -= block->bytes;
    memcpy(pfns, arena_pfn(block->pages_start), block->pages * sizeof *pfns);
    arena_release(block);
    ram_free_pages(pfns, block->pages);
    free(pfns);
}

/* ---- memory of the bench itself ---- */

void *bench_alloc(size_t bytes, const char *what)
{
    struct block *block = pool_allocate(BLOCK_BENCH, bytes, 0x68636E62 /* bnch */, what);

    if (block == NULL)
        bench_bug("guest RAM is exhausted (%s)", what);
    memset(block->start, 0, bytes);
    return block->start;
}

void bench_free(void *p)
{
    struct block *block = arena_find(p);

    if (block == NULL || !block->live || block->kind != BLOCK_BENCH || block->start != p)
        bench_bug("bench_free of %p, which bench_alloc did not return", p);
    pool_free_block(block, block->what);
}

/* ---- questions about memory ---- */

static bool arena_readable(const void *p, size_t n)
{
    const struct block *block = arena_find(p);
    const uint8_t *at = p;

    return block != NULL && block->live && block->kind != BLOCK_IO_SPACE && at >= block->start &&
           n <= block->bytes && at + n <= block->start + block->bytes;
}

static bool bench_memory(const void *p, size_t n)
{
    /* Anything mapped that is neither arena nor image: globals and heap of the bench, stacks. */
    uint8_t *page = PAGE_ALIGN(p);
    size_t pages = SPAN_PAGES(p, n ? n : 1), i;
    unsigned char resident;

    if ((uintptr_t)p < 0x10000)
        return false;
    for (i = 0; i < pages; i++)
        if (mincore(page + (i << PAGE_SHIFT), PAGE_SIZE, &resident) != 0)
            return false;
    return true;
}

bool memory_is_readable(const void *p, size_t n)
{
    if ((uintptr_t)p + n < (uintptr_t)p)
        return false;
    if (arena_contains(p))
        return arena_readable(p, n);
    if (image_contains(p, 1))
        return image_contains(p, n);
    return thread_stack_contains(p, n) || bench_memory(p, n);
}

bool memory_is_writable(void *p, size_t n)
{
    if (image_contains(p, 1) && !image_is_writable(p, n))
        return false;
    return memory_is_readable(p, n);
}

bool memory_is_nonpaged(const void *p, size_t n)
{
    const struct block *block;

    if (arena_contains(p)) {
        block = arena_find(p);
        return arena_readable(p, n) && block->kind != BLOCK_PAGED_POOL;
    }
    if (image_contains(p, 1))
        return image_contains(p, n) && image_is_nonpaged(p);
    return memory_is_readable(p, n);
}

bool memory_pfn(const void *va, PFN_NUMBER *pfn)
{
    if (arena_contains(va)) {
        const struct block *block = arena_find(va);

        if (block == NULL || !block->live || block->kind == BLOCK_IO_SPACE ||
            (const uint8_t *)va >= block->pages_start + (block->pages << PAGE_SHIFT))
            return false;
        *pfn = *arena_pfn(va);
        return true;
    }
    if (image_contains(va, 1)) {
        *pfn = g_image.pfns[((uintptr_t)va - (uintptr_t)g_image.base) >> PAGE_SHIFT];
        return true;
    }
    return false;
}

/* ---- exports ---- */

#define POOL_TYPE_MASK 1
#define POOL_RAISE_IF_FAILURE 16
#define POOL_CACHE_ALIGNED 4
#define POOL_KNOWN_TYPES 0x3F /* through NonPagedPoolSession and quota and raise flags; nothing from Windows 8 on */

static PVOID allocate(LONG type, SIZE_T bytes, ULONG tag, const char *what)
{
    struct block *block;
    bool paged = (type & POOL_TYPE_MASK) == PagedPool;
    char detail[64];

    if (type & ~POOL_KNOWN_TYPES)
        violation("POOL_BAD_TYPE", "%s: pool type %#x is unknown to Windows 7", what, (unsigned)type);
    if (bytes == 0)
        violation("POOL_ZERO_BYTES", "%s of 0 bytes", what);
    if (tag == 0 || tag == 0x20202020)
        violation("POOL_BAD_TAG", "%s with tag %#x", what, tag);
    if (paged && irql_current() > APC_LEVEL)
        violation("POOL_PAGED_AT_DISPATCH", "%s: paged pool at IRQL %u", what, irql_current());
    if (fault_point(FAULT_POOL))
        return NULL;
    block = pool_allocate(paged ? BLOCK_PAGED_POOL : BLOCK_POOL, bytes, tag, what);
    if (block == NULL)
        return NULL;
    snprintf(detail, sizeof detail, "%zu bytes, tag '%s'", bytes, tag_text(tag));
    resource_add("pool", block->start, detail);
    if (paged)
        arena_page_out(block);
    return block->start;
}

static void release(PVOID p, ULONG tag, bool tag_given, const char *what)
{
    struct block *block = arena_find(p);

    if (p == NULL)
        violation("POOL_BAD_FREE", "%s(NULL)", what);
    if (mdl_free_as_pool(p))
        return;
    if (block != NULL && !block->live && block->start == p &&
        (block->kind == BLOCK_POOL || block->kind == BLOCK_PAGED_POOL))
        violation("POOL_DOUBLE_FREE", "%s: %p (tag '%s') was freed already by %s", what, p, tag_text(block->tag),
                  host_symbol(block->freed_by));
    if (block == NULL || !block->live || block->start != p ||
        (block->kind != BLOCK_POOL && block->kind != BLOCK_PAGED_POOL))
        violation("POOL_BAD_FREE", "%s: %p is not the start of a pool block", what, p);
    if (tag_given && tag != 0 && tag != block->tag)
        violation("POOL_BAD_TAG", "%s with tag %#x; the block's tag is '%s'", what, tag, tag_text(block->tag));
    if (block->kind == BLOCK_PAGED_POOL && irql_current() > APC_LEVEL)
        violation("POOL_PAGED_AT_DISPATCH", "%s: paged pool freed at IRQL %u", what, irql_current());
    resource_remove("pool", p);
    pool_free_block(block, what);
}

PVOID NTAPI ExAllocatePoolWithTag(LONG type, SIZE_T bytes, ULONG tag)
{
    return allocate(type, bytes, tag, "ExAllocatePoolWithTag");
}

static PVOID NTAPI allocate_pool(LONG type, SIZE_T bytes)
{
    return allocate(type, bytes, 0x656E6F4E /* "None" */, "ExAllocatePool");
}
static PVOID NTAPI allocate_priority(LONG type, SIZE_T bytes, ULONG tag, LONG priority)
{
    (void)priority;
    return allocate(type, bytes, tag, "ExAllocatePoolWithTagPriority");
}

VOID NTAPI ExFreePoolWithTag(PVOID p, ULONG tag) { release(p, tag, true, "ExFreePoolWithTag"); }
VOID NTAPI ExFreePool(PVOID p) { release(p, 0, false, "ExFreePool"); }

NTOS(ExAllocatePool, allocate_pool, DISPATCH_LEVEL);
NTOS(ExAllocatePoolWithTag, ExAllocatePoolWithTag, DISPATCH_LEVEL);
NTOS(ExAllocatePoolWithQuotaTag, ExAllocatePoolWithTag, DISPATCH_LEVEL);
NTOS(ExAllocatePoolWithTagPriority, allocate_priority, DISPATCH_LEVEL);
NTOS(ExFreePool, ExFreePool, DISPATCH_LEVEL);
NTOS(ExFreePoolWithTag, ExFreePoolWithTag, DISPATCH_LEVEL);
