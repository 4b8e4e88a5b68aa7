/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Device registers: MmMapIoSpace, the READ_/WRITE_REGISTER and PORT exports,
 * and the accesses that fault.c traps. Every access goes to the host, and what
 * it makes deliverable is delivered.
 */
#include "faultpoint.h"
#include "nt.h"

#include <stdio.h>
#include <string.h>

#define BARS 6

int bar_find(uint64_t address, uint64_t bytes, bool is_port, uint64_t *offset)
{
    const struct link_options *options = &g_link->options;
    int bar;

    for (bar = 0; bar < BARS; bar++) {
        if (options->bar_type[bar] != (is_port ? 2u : 1u) || address < options->bar_base[bar])
            continue;
        *offset = address - options->bar_base[bar];
        if (*offset < options->bar_size[bar] && bytes <= options->bar_size[bar] - *offset)
            return bar;
    }
    return -1;
}

static void require_access(struct block *io, const void *va, unsigned size, const char *what)
{
    size_t offset = (size_t)((const uint8_t *)va - io->start);

    power_require_on("register access");
    if (size != 1 && size != 2 && size != 4 && size != 8)
        violation("REGISTER_WIDTH", "%s of %u bytes at register %#zx", what, size, offset);
    if ((io->bar_offset + offset) % size != 0)
        violation("REGISTER_WIDTH", "%s of %u bytes at register %#llx is not aligned", what, size,
                  (unsigned long long)(io->bar_offset + offset));
    if (offset + size > io->bytes)
        violation("REGISTER_OUT_OF_RANGE", "%s of %u bytes at offset %#zx of %zu", what, size, offset, io->bytes);
}

uint64_t register_read(struct block *io, const void *va, unsigned size)
{
    uint64_t value;

    require_access(io, va, size, "read");
    value = host_bar_read((unsigned)io->bar, io->bar_offset + (uint64_t)((const uint8_t *)va - io->start), size);
    trace("bar%d read %#llx size %u = %#llx by %s", io->bar,
              (unsigned long long)(io->bar_offset + (uint64_t)((const uint8_t *)va - io->start)), size,
              (unsigned long long)value, host_symbol(g_blame));
    return value;
}

void register_write(struct block *io, void *va, unsigned size, uint64_t value)
{
    require_access(io, va, size, "write");
    trace("bar%d write %#llx size %u = %#llx by %s", io->bar,
              (unsigned long long)(io->bar_offset + (uint64_t)((uint8_t *)va - io->start)), size,
              (unsigned long long)value, host_symbol(g_blame));
    host_bar_write((unsigned)io->bar, io->bar_offset + (uint64_t)((uint8_t *)va - io->start), size, value);
}

static int port_bar(uint32_t port, unsigned size, uint64_t *offset)
{
    int bar = bar_find(port, size, true, offset);

    power_require_on("port access");
    if (bar < 0)
        violation("PORT_RULE", "port %#x, %u bytes, is no resource of the device", port, size);
    if (*offset % size)
        violation("REGISTER_WIDTH", "port %#x, %u bytes, is not aligned", port, size);
    return bar;
}

uint32_t port_read(uint32_t port, unsigned size)
{
    uint64_t offset;
    int bar = port_bar(port, size, &offset);

    return (uint32_t)host_bar_read((unsigned)bar, offset, size);
}

void port_write(uint32_t port, unsigned size, uint32_t value)
{
    uint64_t offset;
    int bar = port_bar(port, size, &offset);

    host_bar_write((unsigned)bar, offset, size, value);
}

/* ---- mapping ---- */

static PVOID NTAPI map_io_space(PHYSICAL_ADDRESS address, SIZE_T bytes, LONG cache)
{
    uint64_t start = (uint64_t)address.QuadPart, offset;
    struct block *block;
    char detail[64];
    int bar;

    if (bytes == 0)
        violation("MAPPING_RULE", "MmMapIoSpace of 0 bytes");
    if (cache != MmNonCached)
        violation("MAPPING_RULE", "MmMapIoSpace of device registers with cache type %d; MmNonCached is needed", cache);
    bar = bar_find(start, bytes, false, &offset);
    if (bar < 0)
        violation("MAPPING_RULE", "MmMapIoSpace(%#llx, %zu): no memory resource of the device",
                  (unsigned long long)start, bytes);
    if (fault_point(FAULT_MAPPING))
        return NULL;
    block = arena_add(BLOCK_IO_SPACE, bytes, SPAN_PAGES((uintptr_t)start, bytes));
    block->start += start & (PAGE_SIZE - 1);
    block->what = "register mapping";
    block->physical = start;
    block->bar = bar;
    block->bar_offset = offset;
    snprintf(detail, sizeof detail, "MmMapIoSpace of BAR%d, %zu bytes", bar, bytes);
    resource_add("mapping", block->start, detail);
    return block->start;
}

static VOID NTAPI unmap_io_space(PVOID va, SIZE_T bytes)
{
    struct block *block = arena_find(va);

    if (block == NULL || !block->live || block->kind != BLOCK_IO_SPACE || block->start != va)
        violation("BAD_FREE", "MmUnmapIoSpace(%p): there is no such mapping", va);
    if (block->bytes != bytes)
        violation("MAPPING_RULE", "MmUnmapIoSpace of %zu bytes; %zu were mapped", bytes, block->bytes);
    resource_remove("mapping", va);
    arena_release(block);
}

NTOS(MmMapIoSpace, map_io_space, DISPATCH_LEVEL);
NTOS(MmUnmapIoSpace, unmap_io_space, DISPATCH_LEVEL);

/* ---- access exports; inline on x64 ---- */

#if defined(__i386__)
static struct block *io_of(const void *va)
{
    struct block *block = arena_find(va);

    return block != NULL && block->kind == BLOCK_IO_SPACE && block->live ? block : NULL;
}

#define REGISTER_EXPORTS(width_, type_)                                                                                \
    static type_ NTAPI read_register_##width_(volatile type_ *va)                                                      \
    {                                                                                                                  \
        struct block *io = io_of((const void *)va);                                                                    \
        type_ value = io ? (type_)register_read(io, (const void *)va, sizeof(type_)) : *va;                            \
                                                                                                                       \
        deliver_pending();                                                                                             \
        return value;                                                                                                  \
    }                                                                                                                  \
    static VOID NTAPI write_register_##width_(volatile type_ *va, type_ value)                                         \
    {                                                                                                                  \
        struct block *io = io_of((const void *)va);                                                                    \
                                                                                                                       \
        if (io)                                                                                                        \
            register_write(io, (void *)(uintptr_t)va, sizeof(type_), value);                                           \
        else                                                                                                           \
            *va = value;                                                                                               \
        deliver_pending();                                                                                             \
    }                                                                                                                  \
    static type_ NTAPI read_port_##width_(type_ *port)                                                                 \
    {                                                                                                                  \
        type_ value = (type_)port_read((uint32_t)(uintptr_t)port, sizeof(type_));                                      \
                                                                                                                       \
        deliver_pending();                                                                                             \
        return value;                                                                                                  \
    }                                                                                                                  \
    static VOID NTAPI write_port_##width_(type_ *port, type_ value)                                                    \
    {                                                                                                                  \
        port_write((uint32_t)(uintptr_t)port, sizeof(type_), value);                                                   \
        deliver_pending();                                                                                             \
    }                                                                                                                  \
    static VOID NTAPI read_register_buffer_##width_(volatile type_ *va, type_ *buffer, ULONG count)                    \
    {                                                                                                                  \
        while (count--)                                                                                                \
            *buffer++ = read_register_##width_(va++);                                                                  \
    }                                                                                                                  \
    static VOID NTAPI write_register_buffer_##width_(volatile type_ *va, const type_ *buffer, ULONG count)             \
    {                                                                                                                  \
        while (count--)                                                                                                \
            write_register_##width_(va++, *buffer++);                                                                  \
    }                                                                                                                  \
    NTOS(READ_REGISTER_##width_, read_register_##width_, HIGH_LEVEL);                                                  \
    NTOS(WRITE_REGISTER_##width_, write_register_##width_, HIGH_LEVEL);                                                \
    NTOS(READ_REGISTER_BUFFER_##width_, read_register_buffer_##width_, HIGH_LEVEL);                                    \
    NTOS(WRITE_REGISTER_BUFFER_##width_, write_register_buffer_##width_, HIGH_LEVEL);                                  \
    HAL(READ_PORT_##width_, read_port_##width_, HIGH_LEVEL);                                                           \
    HAL(WRITE_PORT_##width_, write_port_##width_, HIGH_LEVEL)

REGISTER_EXPORTS(UCHAR, UCHAR);
REGISTER_EXPORTS(USHORT, USHORT);
REGISTER_EXPORTS(ULONG, ULONG);
#endif
