/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory descriptor lists, contiguous memory and physical addresses. */
#include "faultpoint.h"
#include "nt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESOURCE_MDL "MDL"
#define RESOURCE_PAGES "MDL pages"
#define RESOURCE_LOCK "locked pages"
#define RESOURCE_MAPPING "MDL mapping"

static size_t mdl_pages(const MDL *mdl) { return BYTES_TO_PAGES((size_t)mdl->ByteOffset + mdl->ByteCount); }

static void require_mdl(const MDL *mdl, const char *what)
{
    const struct block *block = arena_find(mdl);

    if (block == NULL || !block->live || block->start != (const uint8_t *)mdl)
        violation("MDL_RULE", "%s: %p is no MDL of IoAllocateMdl or MmAllocatePagesForMdl", what, (const void *)mdl);
}

static MDL *make(uintptr_t va, size_t length, const char *what)
{
    size_t pages = BYTES_TO_PAGES(BYTE_OFFSET(va) + length);
    MDL *mdl = bench_alloc(sizeof *mdl + MAX(pages, 1) * sizeof(PFN_NUMBER), "MDL");
    char detail[64];

    mdl->Size = (CSHORT)(sizeof *mdl + pages * sizeof(PFN_NUMBER));
    mdl->StartVa = PAGE_ALIGN(va);
    mdl->ByteOffset = BYTE_OFFSET(va);
    mdl->ByteCount = (ULONG)length;
    snprintf(detail, sizeof detail, "%s of %zu bytes", what, length);
    resource_add(RESOURCE_MDL, mdl, detail);
    return mdl;
}

MDL *NTAPI IoAllocateMdl(PVOID va, ULONG length, BOOLEAN secondary, BOOLEAN charge, IRP *irp)
{
    MDL *mdl;

    (void)charge;
    if (fault_point(FAULT_MDL))
        return NULL;
    mdl = make((uintptr_t)va, length, "IoAllocateMdl");
    if (irp != NULL && !secondary)
        irp->MdlAddress = mdl;
    return mdl;
}

VOID NTAPI IoFreeMdl(MDL *mdl)
{
    require_mdl(mdl, "IoFreeMdl");
    if (mdl->MdlFlags & MDL_PAGES_LOCKED)
        violation("MDL_RULE", "IoFreeMdl of an MDL whose pages are still locked");
    if ((mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) && !(mdl->MdlFlags & MDL_PARTIAL))
        violation("MDL_RULE", "IoFreeMdl of an MDL that is still mapped");
    resource_remove(RESOURCE_MDL, mdl);
    bench_free(mdl);
}

static void fill(MDL *mdl, const char *what)
{
    size_t i;

    for (i = 0; i < mdl_pages(mdl); i++)
        if (!memory_pfn((uint8_t *)mdl->StartVa + (i << PAGE_SHIFT), &mdl_pfns(mdl)[i]))
            violation("MDL_RULE", "%s: page %zu at %p is no memory that can be described", what, i,
                      (void *)((uint8_t *)mdl->StartVa + (i << PAGE_SHIFT)));
}

VOID NTAPI MmBuildMdlForNonPagedPool(MDL *mdl)
{
    uint8_t *va = (uint8_t *)mdl->StartVa + mdl->ByteOffset;

    require_mdl(mdl, "MmBuildMdlForNonPagedPool");
    if (mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL))
        violation("MDL_RULE", "MmBuildMdlForNonPagedPool of an MDL that is built already");
    if (!memory_is_nonpaged(va, mdl->ByteCount))
        violation("MDL_RULE", "MmBuildMdlForNonPagedPool: %p, %u bytes, is not nonpaged memory", (void *)va,
                  mdl->ByteCount);
    fill(mdl, "MmBuildMdlForNonPagedPool");
    mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    mdl->MappedSystemVa = va;
}

static VOID NTAPI probe_and_lock(MDL *mdl, KPROCESSOR_MODE mode, LONG operation)
{
    require_mdl(mdl, "MmProbeAndLockPages");
    (void)mode;
    if (mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL))
        violation("MDL_RULE", "MmProbeAndLockPages of an MDL whose pages are locked or nonpaged");
    fill(mdl, "MmProbeAndLockPages");
    mdl->MdlFlags |= MDL_PAGES_LOCKED | (operation != 0 ? MDL_WRITE_OPERATION : 0);
    resource_add(RESOURCE_LOCK, mdl, "MmProbeAndLockPages");
}

static VOID NTAPI unlock_pages(MDL *mdl)
{
    require_mdl(mdl, "MmUnlockPages");
    if (!(mdl->MdlFlags & MDL_PAGES_LOCKED))
        violation("MDL_RULE", "MmUnlockPages of an MDL whose pages are not locked");
    if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
        violation("MDL_RULE", "MmUnlockPages of an MDL that is still mapped");
    resource_remove(RESOURCE_LOCK, mdl);
    mdl->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
}

PVOID NTAPI MmMapLockedPagesSpecifyCache(MDL *mdl, KPROCESSOR_MODE mode, LONG cache, PVOID base, ULONG bugcheck,
                                         LONG priority)
{
    uint8_t *va;

    (void)bugcheck;
    (void)priority;
    require_mdl(mdl, "MmMapLockedPages");
    if (mode != 0)
        violation("BAD_PARAMETER", "MmMapLockedPages to user mode");
    if (base != NULL)
        violation("BAD_PARAMETER", "MmMapLockedPages with a base address in kernel mode");
    if (cache != MmCached && cache != MmNonCached && cache != MmWriteCombined)
        violation("BAD_PARAMETER", "MmMapLockedPages with cache type %d", cache);
    if (mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
        violation("MDL_RULE", "MmMapLockedPages of an MDL that is mapped already or describes nonpaged pool");
    if (!(mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL)))
        violation("MDL_RULE", "MmMapLockedPages of an MDL whose pages are not locked");
    if (fault_point(FAULT_MAPPING))
        return NULL;
    va = (uint8_t *)ram_map(mdl_pfns(mdl), mdl_pages(mdl)) + mdl->ByteOffset;
    mdl->MappedSystemVa = va;
    mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA | (mdl->MdlFlags & MDL_PARTIAL ? MDL_PARTIAL_HAS_BEEN_MAPPED : 0);
    resource_add(RESOURCE_MAPPING, va, "MmMapLockedPages");
    return va;
}

static PVOID NTAPI map_locked(MDL *mdl, KPROCESSOR_MODE mode)
{
    return MmMapLockedPagesSpecifyCache(mdl, mode, MmCached, NULL, 1, 16);
}

VOID NTAPI MmUnmapLockedPages(PVOID va, MDL *mdl)
{
    require_mdl(mdl, "MmUnmapLockedPages");
    if (!(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) || mdl->MappedSystemVa != va)
        violation("MDL_RULE", "MmUnmapLockedPages(%p): the MDL is not mapped there", va);
    resource_remove(RESOURCE_MAPPING, va);
    memory_check_free(va, mdl->ByteCount);
    ram_unmap(PAGE_ALIGN(va), mdl_pages(mdl));
    mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
}

static VOID NTAPI build_partial(MDL *source, MDL *target, PVOID va, ULONG length)
{
    size_t first, pages;

    require_mdl(source, "IoBuildPartialMdl");
    require_mdl(target, "IoBuildPartialMdl");
    if (length == 0)
        length = source->ByteCount - (ULONG)((uint8_t *)va - ((uint8_t *)source->StartVa + source->ByteOffset));
    first = (size_t)((uint8_t *)PAGE_ALIGN(va) - (uint8_t *)source->StartVa) >> PAGE_SHIFT;
    pages = BYTES_TO_PAGES(BYTE_OFFSET(va) + length);
    if ((uint8_t *)va < (uint8_t *)source->StartVa + source->ByteOffset || first + pages > mdl_pages(source) ||
        sizeof *target + pages * sizeof(PFN_NUMBER) > (size_t)(USHORT)target->Size)
        violation("MDL_RULE", "IoBuildPartialMdl: range outside the source, or target too small");
    target->StartVa = PAGE_ALIGN(va);
    target->ByteOffset = BYTE_OFFSET(va);
    target->ByteCount = length;
    memcpy(mdl_pfns(target), mdl_pfns(source) + first, pages * sizeof(PFN_NUMBER));
    target->MdlFlags |= MDL_PARTIAL;
}

/* ---- pages without an address ---- */

static MDL *NTAPI pages_for_mdl(PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS skip, SIZE_T bytes)
{
    LARGE_INTEGER highest = high;

    return MmAllocatePagesForMdlEx(low, highest, skip, bytes, MmCached, 0);
}

MDL *NTAPI MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, PHYSICAL_ADDRESS skip, SIZE_T bytes,
                                   LONG cache, ULONG flags)
{
    size_t pages = BYTES_TO_PAGES(bytes), i;
    MDL *mdl;

    (void)skip;
    (void)flags;
    if (bytes == 0 || cache < MmNonCached || cache > MmWriteCombined)
        violation("BAD_PARAMETER", "MmAllocatePagesForMdlEx of %zu bytes, cache type %d", bytes, cache);
    if (low.QuadPart != 0 || fault_point(FAULT_MDL))
        return NULL;
    mdl = make(0, pages << PAGE_SHIFT, "MmAllocatePagesForMdl");
    if (!ram_alloc_pages(mdl_pfns(mdl), pages, (uint64_t)high.QuadPart)) {
        resource_remove(RESOURCE_MDL, mdl);
        bench_free(mdl);
        return NULL;
    }
    for (i = 0; i < pages; i++)
        memset(g_ram + ((size_t)mdl_pfns(mdl)[i] << PAGE_SHIFT), 0, PAGE_SIZE);
    mdl->MdlFlags = MDL_PAGES_LOCKED;
    resource_add(RESOURCE_PAGES, mdl, "MmAllocatePagesForMdl");
    return mdl;
}

VOID NTAPI MmFreePagesFromMdl(MDL *mdl)
{
    require_mdl(mdl, "MmFreePagesFromMdl");
    if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
        violation("MDL_RULE", "MmFreePagesFromMdl of an MDL that is still mapped");
    resource_remove(RESOURCE_PAGES, mdl);
    ram_check_claims(mdl_pfns(mdl), mdl_pages(mdl), "MmFreePagesFromMdl");
    ram_free_pages(mdl_pfns(mdl), mdl_pages(mdl));
    /* The MDL itself is pool now: the caller frees it with ExFreePool, which free_mdl_pool() below accounts for. */
    mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
}

bool mdl_free_as_pool(void *p)
{
    const struct block *block = arena_find(p);

    if (block == NULL || !block->live || block->start != p || block->kind != BLOCK_BENCH ||
        strcmp(block->what, "MDL") != 0)
        return false;
    if (((MDL *)p)->MdlFlags & MDL_PAGES_LOCKED)
        violation("MDL_RULE", "ExFreePool of an MDL whose pages are still allocated");
    resource_remove(RESOURCE_MDL, p);
    bench_free(p);
    return true;
}

/* ---- contiguous memory ---- */

static PVOID allocate_contiguous(size_t bytes, uint64_t lowest, uint64_t highest, const char *what)
{
    size_t pages = BYTES_TO_PAGES(bytes), i;
    struct block *block;
    PFN_NUMBER first;
    char detail[64];

    if (bytes == 0)
        violation("POOL_ZERO_BYTES", "%s of 0 bytes", what);
    if (fault_point(FAULT_CONTIGUOUS) || !ram_alloc_contiguous(&first, pages, lowest, highest))
        return NULL;
    block = arena_add(BLOCK_CONTIGUOUS, bytes, pages);
    block->what = "contiguous memory";
    for (i = 0; i < pages; i++)
        *arena_pfn(block->pages_start + (i << PAGE_SHIFT)) = first + i;
    ram_map_at(block->pages_start, arena_pfn(block->pages_start), pages, 3 /* read and write */);
    memset(block->pages_start, 0x5B, pages << PAGE_SHIFT);
    memset(block->pages_start, 0xA5, bytes);
    snprintf(detail, sizeof detail, "%s, %zu bytes", what, bytes);
    resource_add("contiguous memory", block->start, detail);
    return block->start;
}

PVOID contiguous_allocate(size_t bytes, uint64_t highest, const char *what)
{
    return allocate_contiguous(bytes, 0, highest, what);
}

void contiguous_free(PVOID va, const char *what)
{
    struct block *block = arena_find(va);

    if (block == NULL || !block->live || block->kind != BLOCK_CONTIGUOUS || block->start != va)
        violation("BAD_FREE", "%s: %p is no contiguous memory", what, va);
    resource_remove("contiguous memory", va);
    pool_free_block(block, what);
}

static PVOID NTAPI contiguous(SIZE_T bytes, PHYSICAL_ADDRESS highest)
{
    return allocate_contiguous(bytes, 0, (uint64_t)highest.QuadPart, "MmAllocateContiguousMemory");
}

static PVOID NTAPI contiguous_cache(SIZE_T bytes, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest,
                                    PHYSICAL_ADDRESS boundary, LONG cache)
{
    if (cache < MmNonCached || cache > MmWriteCombined)
        violation("BAD_PARAMETER", "MmAllocateContiguousMemorySpecifyCache with cache type %d", cache);
    if (boundary.QuadPart & (boundary.QuadPart - 1))
        violation("BAD_PARAMETER", "MmAllocateContiguousMemorySpecifyCache: boundary is no power of two");
    return allocate_contiguous(bytes, (uint64_t)lowest.QuadPart, (uint64_t)highest.QuadPart,
                               "MmAllocateContiguousMemorySpecifyCache");
}

static VOID NTAPI free_contiguous(PVOID va) { contiguous_free(va, "MmFreeContiguousMemory"); }

static VOID NTAPI free_contiguous_cache(PVOID va, SIZE_T bytes, LONG cache)
{
    const struct block *block = arena_find(va);

    (void)cache;
    if (block != NULL && block->bytes != bytes)
        violation("BAD_PARAMETER", "MmFreeContiguousMemorySpecifyCache of %zu bytes; %zu were allocated", bytes,
                  block->bytes);
    contiguous_free(va, "MmFreeContiguousMemorySpecifyCache");
}

LONGLONG NTAPI MmGetPhysicalAddress(PVOID va)
{
    PFN_NUMBER pfn;

    if (!memory_pfn(va, &pfn))
        violation("MDL_RULE", "MmGetPhysicalAddress(%p): no memory with a known physical address", va);
    return (LONGLONG)(((uint64_t)pfn << PAGE_SHIFT) | BYTE_OFFSET(va));
}

static BOOLEAN NTAPI is_address_valid(PVOID va) { return memory_is_readable(va, 1); }

NTOS(IoAllocateMdl, IoAllocateMdl, DISPATCH_LEVEL);
NTOS(IoFreeMdl, IoFreeMdl, DISPATCH_LEVEL);
NTOS(IoBuildPartialMdl, build_partial, DISPATCH_LEVEL);
NTOS(MmBuildMdlForNonPagedPool, MmBuildMdlForNonPagedPool, DISPATCH_LEVEL);
NTOS(MmProbeAndLockPages, probe_and_lock, DISPATCH_LEVEL);
NTOS(MmUnlockPages, unlock_pages, DISPATCH_LEVEL);
NTOS(MmMapLockedPages, map_locked, DISPATCH_LEVEL);
NTOS(MmMapLockedPagesSpecifyCache, MmMapLockedPagesSpecifyCache, DISPATCH_LEVEL);
NTOS(MmUnmapLockedPages, MmUnmapLockedPages, DISPATCH_LEVEL);
NTOS(MmAllocatePagesForMdl, pages_for_mdl, APC_LEVEL);
NTOS(MmAllocatePagesForMdlEx, MmAllocatePagesForMdlEx, APC_LEVEL);
NTOS(MmFreePagesFromMdl, MmFreePagesFromMdl, APC_LEVEL);
NTOS(MmAllocateContiguousMemory, contiguous, DISPATCH_LEVEL);
NTOS(MmAllocateContiguousMemorySpecifyCache, contiguous_cache, DISPATCH_LEVEL);
NTOS(MmFreeContiguousMemory, free_contiguous, PASSIVE_LEVEL);
NTOS(MmFreeContiguousMemorySpecifyCache, free_contiguous_cache, PASSIVE_LEVEL);
NTOS(MmGetPhysicalAddress, MmGetPhysicalAddress, HIGH_LEVEL);
NTOS(MmIsAddressValid, is_address_valid, DISPATCH_LEVEL);
