/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Guest-physical memory: one shared file that the device sees too. Pages are
 * handed out at random places, so that nothing is contiguous by luck, on x64
 * half of them above 4 GiB. Freed pages rest in a queue, filled with a pattern:
 * when the pattern has changed, the device wrote into memory that was freed.
 */
#include "nt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LOW_MEMORY_PAGES 256u                /* the first MiB belongs to firmware */
#define PCI_HOLE_FIRST (0xC0000000ull >> PAGE_SHIFT)
#define PCI_HOLE_END (0x100000000ull >> PAGE_SHIFT)
#define WINDOW_BYTES_X86 (512ull << 20)      /* what a 32-bit process can spare for the whole */
#define QUARANTINE_PAGES 512u
#define FREED_BYTE 0xDFu

uint8_t *g_ram;
uint64_t g_ram_bytes;
static int ram_fd;
static uint64_t page_count;
static uint8_t *used; /* one byte a page: 0 free, 1 used, 2 in quarantine */
static PFN_NUMBER quarantine[QUARANTINE_PAGES];
static size_t quarantine_head, quarantine_count;
static uint64_t taken_pages; /* by somebody who has not freed them */

void ram_attach(int fd)
{
    ram_fd = fd;
    g_ram_bytes = g_link->options.ram_bytes;
#if defined(__i386__)
    g_ram_bytes = MIN(g_ram_bytes, WINDOW_BYTES_X86);
#endif
    page_count = g_ram_bytes >> PAGE_SHIFT;
    if (page_count <= LOW_MEMORY_PAGES + 1024)
        bench_bug("guest RAM of %llu bytes is too small", (unsigned long long)g_ram_bytes);
    g_ram = mmap(NULL, (size_t)g_ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (g_ram == MAP_FAILED)
        bench_bug("cannot map guest RAM of %llu bytes", (unsigned long long)g_ram_bytes);
    used = calloc((size_t)page_count, 1);
    if (used == NULL)
        bench_bug("out of memory");
    memset(used, 1, LOW_MEMORY_PAGES);
    if (page_count > PCI_HOLE_FIRST)
        memset(used + PCI_HOLE_FIRST, 1, (size_t)(MIN(page_count, PCI_HOLE_END) - PCI_HOLE_FIRST));
}

bool ram_contains(uint64_t physical, uint64_t bytes)
{
    uint64_t first = physical >> PAGE_SHIFT;

    return physical + bytes >= physical && physical + bytes <= g_ram_bytes &&
           !(first >= PCI_HOLE_FIRST && first < PCI_HOLE_END);
}

static void check_pattern(PFN_NUMBER pfn)
{
    const uint8_t *page = g_ram + ((size_t)pfn << PAGE_SHIFT);
    size_t i;

    for (i = 0; i < PAGE_SIZE; i++)
        if (page[i] != FREED_BYTE)
            violation("DMA_AFTER_FREE", "physical address %#llx was written after its memory was freed",
                      (unsigned long long)(((uint64_t)pfn << PAGE_SHIFT) + i));
}

static void quarantine_pop(void)
{
    PFN_NUMBER pfn = quarantine[quarantine_head];

    check_pattern(pfn);
    used[pfn] = 0;
    quarantine_head = (quarantine_head + 1) % QUARANTINE_PAGES;
    quarantine_count--;
}

void ram_check_freed(void)
{
    while (quarantine_count)
        quarantine_pop();
}

/* The part of RAM to draw from: below the hole or above it. */
static void choose_zone(uint64_t highest_page, uint64_t *first, uint64_t *end)
{
    *first = LOW_MEMORY_PAGES;
    *end = MIN(page_count, MIN(highest_page + 1, PCI_HOLE_FIRST));
    if (page_count > PCI_HOLE_END && highest_page >= PCI_HOLE_END && prng_below(PRNG_RAM, 2) == 0) {
        *first = PCI_HOLE_END;
        *end = MIN(page_count, highest_page + 1);
    }
}

static bool take_page(uint64_t highest_page, PFN_NUMBER *pfn)
{
    uint64_t first, end, at, tries;

    choose_zone(highest_page, &first, &end);
    if (first >= end)
        return false;
    at = first + prng_below(PRNG_RAM, end - first);
    for (tries = 0; tries < end - first; tries++) {
        if (used[at] == 0) {
            used[at] = 1;
            *pfn = (PFN_NUMBER)at;
            return true;
        }
        if (++at == end)
            at = first;
    }
    return false;
}

bool ram_alloc_pages(PFN_NUMBER *pfns, size_t pages, uint64_t highest_address)
{
    size_t i;

    for (i = 0; i < pages; i++) {
        if (!take_page(highest_address >> PAGE_SHIFT, &pfns[i])) {
            while (i-- > 0)
                used[pfns[i]] = 0;
            return false;
        }
    }
    taken_pages += pages;
    return true;
}

uint64_t ram_pages_used(void) { return taken_pages; }

static bool run_is_free(uint64_t at, size_t pages)
{
    size_t i;

    for (i = 0; i < pages; i++)
        if (used[at + i] != 0)
            return false;
    return true;
}

bool ram_alloc_contiguous(PFN_NUMBER *first_pfn, size_t pages, uint64_t lowest, uint64_t highest)
{
    uint64_t first, end, at, tries;

    choose_zone(highest >> PAGE_SHIFT, &first, &end);
    first = MAX(first, (lowest + PAGE_SIZE - 1) >> PAGE_SHIFT);
    if (end < first + pages)
        return false;
    at = first + prng_below(PRNG_RAM, end - first - pages + 1);
    for (tries = 0; tries <= end - first - pages; tries++) {
        if (run_is_free(at, pages)) {
            memset(used + at, 1, pages);
            taken_pages += pages;
            *first_pfn = (PFN_NUMBER)at;
            return true;
        }
        if (++at + pages > end)
            at = first;
    }
    return false;
}

void ram_free_pages(const PFN_NUMBER *pfns, size_t pages)
{
    size_t i;

    taken_pages -= pages;
    for (i = 0; i < pages; i++) {
        if (pfns[i] >= page_count || used[pfns[i]] != 1)
            bench_bug("free of page frame %#zx, which is not in use", (size_t)pfns[i]);
        if (quarantine_count == QUARANTINE_PAGES)
            quarantine_pop();
        memset(g_ram + ((size_t)pfns[i] << PAGE_SHIFT), FREED_BYTE, PAGE_SIZE);
        used[pfns[i]] = 2;
        quarantine[(quarantine_head + quarantine_count++) % QUARANTINE_PAGES] = pfns[i];
    }
}

void ram_check_claims(const PFN_NUMBER *pfns, size_t pages, const char *what)
{
    size_t i, run;

    for (i = 0; i < pages; i += run) {
        for (run = 1; i + run < pages && pfns[i + run] == pfns[i] + run; run++)
            ;
        if (host_claims((uint64_t)pfns[i] << PAGE_SHIFT, (uint32_t)(run << PAGE_SHIFT)) & LINK_CLAIM_REACHED)
            violation("DMA_EXPOSED", "%s: the device may still reach %#llx and the %zu bytes behind it", what,
                      (unsigned long long)((uint64_t)pfns[i] << PAGE_SHIFT), run << PAGE_SHIFT);
    }
}

void ram_map_at(void *va, const PFN_NUMBER *pfns, size_t pages, int protection)
{
    size_t i, run;

    for (i = 0; i < pages; i += run) {
        for (run = 1; i + run < pages && pfns[i + run] == pfns[i] + run; run++)
            ;
        if (mmap((uint8_t *)va + (i << PAGE_SHIFT), run << PAGE_SHIFT, protection, MAP_SHARED | MAP_FIXED, ram_fd,
                 (off_t)((uint64_t)pfns[i] << PAGE_SHIFT)) == MAP_FAILED)
            bench_bug("cannot map %zu pages of guest RAM", run);
    }
}

/* ---- mappings of pages side by side ---- */

void *ram_map(const PFN_NUMBER *pfns, size_t pages)
{
    struct block *block = arena_add(BLOCK_MAPPING, pages << PAGE_SHIFT, pages);
    size_t i;

    block->what = "mapping of pages";
    for (i = 0; i < pages; i++)
        *arena_pfn(block->pages_start + (i << PAGE_SHIFT)) = pfns[i];
    ram_map_at(block->pages_start, pfns, pages, PROT_READ | PROT_WRITE);
    return block->start;
}

void ram_unmap(void *va, size_t pages)
{
    struct block *block = arena_find(va);

    if (block == NULL || !block->live || block->kind != BLOCK_MAPPING || block->start != (uint8_t *)PAGE_ALIGN(va) ||
        block->pages != pages)
        violation("BAD_FREE", "unmapping %p, %zu pages: there is no such mapping", va, pages);
    arena_release(block);
}
