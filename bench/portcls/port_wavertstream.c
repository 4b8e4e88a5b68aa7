/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * IPortWaveRTStream: pages for the cyclic buffer. They are pages of guest RAM,
 * scattered, zeroed as MmAllocatePagesForMdlEx zeroes them, and not mapped.
 * [D portcls/nf-portcls-iportwavertstream-allocatepagesformdl]
 */
#include "portcls.h"
#include "../nt/faultpoint.h"

#include <string.h>

static struct port_stream *stream_of(void *face, const char *what)
{
    irql_require_max(PASSIVE_LEVEL, what);
    return com_object_of(face, PORT_STREAM_KIND);
}

size_t mdl_page_count(const MDL *mdl)
{
    return BYTES_TO_PAGES((size_t)mdl->ByteOffset + mdl->ByteCount);
}

struct stream_mdl *port_stream_find(struct port_stream *stream, const MDL *mdl)
{
    for (size_t i = 0; mdl && i < STREAM_MDLS_MAX; i++) {
        if (stream->mdls[i].mdl == mdl)
            return &stream->mdls[i];
    }
    return NULL;
}

static struct stream_mdl *require_mdl(struct port_stream *stream, const MDL *mdl, const char *what)
{
    struct stream_mdl *found = port_stream_find(stream, mdl);
    if (!found)
        violation("STREAM_FOREIGN_MDL", "%s: MDL %p was not allocated by this stream", what, (const void *)mdl);
    return found;
}

static struct stream_mdl *free_slot(struct port_stream *stream)
{
    for (size_t i = 0; i < STREAM_MDLS_MAX; i++) {
        if (!stream->mdls[i].mdl)
            return &stream->mdls[i];
    }
    return NULL;
}

static void zero_pages(const PFN_NUMBER *pfns, size_t pages)
{
    void *va = ram_map(pfns, pages);
    memset(va, 0, pages * PAGE_SIZE);
    ram_unmap(va, pages);
}

static bool take_pages(PFN_NUMBER *pfns, size_t pages, bool contiguous, uint64_t low, uint64_t high)
{
    if (!contiguous)
        return ram_alloc_pages(pfns, pages, high);
    if (!ram_alloc_contiguous(&pfns[0], pages, low, high))
        return false;
    for (size_t i = 1; i < pages; i++)
        pfns[i] = pfns[0] + i;
    return true;
}

/* Minutes of sound; a machine that has other things to do has no more. */
#define STREAM_BYTES_MAX (64u << 20)

static MDL *allocate(struct port_stream *stream, uint64_t low, uint64_t high, SIZE_T bytes, bool contiguous)
{
    size_t pages = BYTES_TO_PAGES(bytes);
    struct stream_mdl *slot = free_slot(stream);
    if (bytes == 0)
        violation("PORTCLS_BAD_ARGUMENT", "IPortWaveRTStream: allocation of 0 bytes");
    if (!slot || bytes > STREAM_BYTES_MAX)
        return NULL;
    if (fault_point(FAULT_STREAM_PAGES))
        return NULL;
    if (!contiguous && fault_point(FAULT_STREAM_SHORT))
        pages /= 2;
    if (pages == 0)
        return NULL;
    MDL *mdl = bench_alloc(sizeof *mdl + pages * sizeof(PFN_NUMBER), "stream MDL");
    memset(mdl, 0, sizeof *mdl);
    if (!take_pages(mdl_pfns(mdl), pages, contiguous, low, high)) {
        bench_free(mdl);
        return NULL;
    }
    zero_pages(mdl_pfns(mdl), pages);
    mdl->Size = (CSHORT)(sizeof *mdl + pages * sizeof(PFN_NUMBER));
    mdl->MdlFlags = MDL_PAGES_LOCKED;
    mdl->ByteCount = (ULONG)(pages * PAGE_SIZE);
    if (mdl->ByteCount > bytes)
        mdl->ByteCount = (ULONG)bytes;
    *slot = (struct stream_mdl){.mdl = mdl, .pages = pages, .contiguous = contiguous};
    resource_add("stream pages", mdl, "IPortWaveRTStream::AllocatePagesForMdl");
    return mdl;
}

static MDL *NTAPI AllocatePagesForMdl(void *face, PHYSICAL_ADDRESS high, SIZE_T bytes)
{
    struct port_stream *stream = stream_of(face, "IPortWaveRTStream::AllocatePagesForMdl");
    return allocate(stream, 0, (uint64_t)high.QuadPart, bytes, false);
}

static MDL *NTAPI AllocateContiguousPagesForMdl(void *face, PHYSICAL_ADDRESS low, PHYSICAL_ADDRESS high, SIZE_T bytes)
{
    struct port_stream *stream = stream_of(face, "IPortWaveRTStream::AllocateContiguousPagesForMdl");
    return allocate(stream, (uint64_t)low.QuadPart, (uint64_t)high.QuadPart, bytes, true);
}

static PVOID NTAPI MapAllocatedPages(void *face, MDL *mdl, ULONG cache)
{
    struct stream_mdl *m =
        require_mdl(stream_of(face, "IPortWaveRTStream::MapAllocatedPages"), mdl, "MapAllocatedPages");
    if (cache > MmWriteCombined)
        violation("PORTCLS_BAD_ARGUMENT", "MapAllocatedPages: cache type %u", (unsigned)cache);
    if (m->mapping)
        violation("STREAM_MAPPED_TWICE", "MapAllocatedPages: the pages are mapped already");
    if (fault_point(FAULT_STREAM_MAPPING))
        return NULL;
    m->mapping = ram_map(mdl_pfns(mdl), m->pages);
    m->cache = cache;
    if (m->mapping) {
        mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
        mdl->MappedSystemVa = m->mapping;
        resource_add("stream mapping", m->mapping, "IPortWaveRTStream::MapAllocatedPages");
    }
    return m->mapping;
}

static void NTAPI UnmapAllocatedPages(void *face, PVOID base, MDL *mdl)
{
    struct stream_mdl *m =
        require_mdl(stream_of(face, "IPortWaveRTStream::UnmapAllocatedPages"), mdl, "UnmapAllocatedPages");
    if (!m->mapping || m->mapping != base)
        violation("STREAM_BAD_UNMAP", "UnmapAllocatedPages: %p is not where the pages are mapped (%p)", base,
                  m->mapping);
    resource_remove("stream mapping", m->mapping);
    ram_unmap(m->mapping, m->pages);
    mdl->MdlFlags &= (CSHORT)~MDL_MAPPED_TO_SYSTEM_VA;
    mdl->MappedSystemVa = NULL;
    m->mapping = NULL;
}

static void NTAPI FreePagesFromMdl(void *face, MDL *mdl)
{
    struct stream_mdl *m = require_mdl(stream_of(face, "IPortWaveRTStream::FreePagesFromMdl"), mdl, "FreePagesFromMdl");
    if (m->mapping)
        violation("STREAM_FREE_MAPPED", "FreePagesFromMdl: the pages are still mapped");
    ram_check_claims(mdl_pfns(mdl), m->pages, "FreePagesFromMdl");
    ram_free_pages(mdl_pfns(mdl), m->pages);
    resource_remove("stream pages", mdl);
    bench_free(mdl);
    memset(m, 0, sizeof *m);
}

static ULONG NTAPI GetPhysicalPagesCount(void *face, MDL *mdl)
{
    struct port_stream *stream = stream_of(face, "IPortWaveRTStream::GetPhysicalPagesCount");
    return (ULONG)require_mdl(stream, mdl, "GetPhysicalPagesCount")->pages;
}

/* A C++ method that returns a structure takes a hidden pointer to it behind `this`, on both architectures. A driver
 * written in C against the declared prototype passes the MDL there: found out here, memory corruption on Windows. */
static PHYSICAL_ADDRESS *NTAPI GetPhysicalPageAddress(void *face, PHYSICAL_ADDRESS *result, MDL *mdl, ULONG index)
{
    struct port_stream *stream = stream_of(face, "IPortWaveRTStream::GetPhysicalPageAddress");
    if (port_stream_find(stream, (const MDL *)(const void *)result) || !memory_is_writable(result, sizeof *result))
        violation("HIDDEN_RESULT_ABI", "GetPhysicalPageAddress called without the hidden result pointer of the "
                                       "Microsoft C++ ABI; read the PFNs of the MDL instead");
    struct stream_mdl *m = require_mdl(stream, mdl, "GetPhysicalPageAddress");
    if (index >= m->pages)
        violation("PORTCLS_BAD_ARGUMENT", "GetPhysicalPageAddress: page %u of %zu", (unsigned)index, m->pages);
    result->QuadPart = (LONGLONG)((uint64_t)mdl_pfns(mdl)[index] << PAGE_SHIFT);
    return result;
}

static const struct {
    COM_UNKNOWN_SLOTS;
    MDL *(NTAPI *AllocatePagesForMdl)(void *, PHYSICAL_ADDRESS, SIZE_T);
    MDL *(NTAPI *AllocateContiguousPagesForMdl)(void *, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS, SIZE_T);
    PVOID(NTAPI *MapAllocatedPages)(void *, MDL *, ULONG);
    void(NTAPI *UnmapAllocatedPages)(void *, PVOID, MDL *);
    void(NTAPI *FreePagesFromMdl)(void *, MDL *);
    ULONG(NTAPI *GetPhysicalPagesCount)(void *, MDL *);
    PHYSICAL_ADDRESS *(NTAPI *GetPhysicalPageAddress)(void *, PHYSICAL_ADDRESS *, MDL *, ULONG);
} g_vtbl = {COM_UNKNOWN_METHODS, AllocatePagesForMdl, AllocateContiguousPagesForMdl, MapAllocatedPages,
            UnmapAllocatedPages, FreePagesFromMdl,    GetPhysicalPagesCount,         GetPhysicalPageAddress};
_Static_assert(sizeof g_vtbl == 10 * sizeof(void *), "IPortWaveRTStream");

static const struct com_interface g_interfaces[] = {{&IID_IPortWaveRTStream, 0}, {NULL, 0}};

struct port_stream *port_stream_create(struct port *port)
{
    static const void *const vtbls[] = {&g_vtbl};
    struct port_stream *stream = com_create(sizeof *stream, PORT_STREAM_KIND, g_interfaces, vtbls, 1, NULL);
    com_object_keep(&stream->com);
    stream->port = port;
    return stream;
}
