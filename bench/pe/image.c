/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Loads the .sys as Windows 7 does: checks the headers and the checksum, maps
 * the sections at a base of its own, relocates, binds imports, and gives each
 * section exactly the rights that it asks for. Pageable sections are absent
 * until touched below DISPATCH_LEVEL; INIT sections vanish after DriverEntry.
 *
 * Format: Microsoft Portable Executable and Common Object File Format.
 */
#include "image.h"

#include "pe_format.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE PE_MACHINE_AMD64
#define MACHINE_NAME "x64"
#define MAGIC PE_MAGIC_64
#define BASE_LOWEST 0x7E0000000000ull
#define BASE_SPAN 0x000FF0000000ull
#else
#define MACHINE PE_MACHINE_I386
#define MACHINE_NAME "x86"
#define MAGIC PE_MAGIC_32
#define BASE_LOWEST 0x82000000u /* as on Windows above 2 GiB: a sign-extended address shows */
#define BASE_SPAN 0x10000000u
#endif
#define MAX_SECTIONS 32u
#define MAX_FILE_BYTES (64u << 20)
#define BASE_TRIES 64

struct section {
    uint8_t *start;
    size_t bytes; /* whole pages */
    int protection;
    char name[9];
    bool pageable, discardable, init, resident, discarded;
};

struct image g_image;
static struct section sections[MAX_SECTIONS];
static unsigned section_count;
static uint8_t *file;
static size_t file_bytes;
static const struct pe_file_header *file_header;
static const struct pe_optional_header *optional;
static const char *path;
static bool stopped; /* code is not executable */

/* ---- the file ---- */

static void read_file(void)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t done = 0;

    if (fd < 0 || fstat(fd, &status) != 0)
        bad_image("%s: cannot be opened", path);
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(struct pe_dos_header) ||
        status.st_size > (off_t)MAX_FILE_BYTES)
        bad_image("%s: not a driver image (size %lld)", path, (long long)status.st_size);
    file_bytes = (size_t)status.st_size;
    file = malloc(file_bytes);
    while (file != NULL && done < file_bytes) {
        ssize_t n = read(fd, file + done, file_bytes - done);

        if (n <= 0)
            bad_image("%s: cannot be read", path);
        done += (size_t)n;
    }
    close(fd);
}

static const void *file_at(size_t offset, size_t bytes, const char *what)
{
    if (offset > file_bytes || bytes > file_bytes - offset)
        bad_image("%s: truncated: %s lies outside the file", path, what);
    return file + offset;
}

/* The sum of imagehlp's CheckSumMappedFile: 16-bit ones' complement over the file, plus its length. */
static uint32_t checksum(size_t field_offset)
{
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < file_bytes; i += 2) {
        uint32_t word = file[i] | (i + 1 < file_bytes ? (uint32_t)file[i + 1] << 8 : 0);

        if (i - field_offset < 4)
            word = 0;
        sum += word;
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return sum + (uint32_t)file_bytes;
}

static void check_headers(void)
{
    const struct pe_dos_header *dos = file_at(0, sizeof *dos, "the DOS header");
    const uint8_t *nt;
    uint32_t sum;

    if (dos->magic != PE_DOS_MAGIC)
        bad_image("%s: not a Windows image (no MZ header)", path);
    nt = file_at(dos->nt_offset, 4 + sizeof *file_header + sizeof *optional, "the PE header");
    if (memcmp(nt, "PE\0\0", 4) != 0)
        bad_image("%s: not a Windows image (no PE header)", path);
    file_header = (const void *)(nt + 4);
    optional = (const void *)(nt + 4 + sizeof *file_header);
    if (file_header->machine != MACHINE)
        bad_image("%s: built for machine %#x, this is the %s bench", path, file_header->machine, MACHINE_NAME);
    if (optional->magic != MAGIC || file_header->optional_bytes < sizeof *optional)
        bad_image("%s: optional header of the wrong kind", path);
    if (optional->subsystem != PE_SUBSYSTEM_NATIVE)
        bad_image("%s: subsystem %u is not native (1): this is no driver", path, optional->subsystem);
    if (file_header->characteristics & PE_FILE_RELOCS_STRIPPED)
        bad_image("%s: relocations were stripped: a driver must be relocatable", path);
    if (optional->section_alignment < PAGE_SIZE || optional->directory_count < PE_DIRECTORY_RELOCATION + 1)
        bad_image("%s: section alignment %#x or %u data directories will not do", path, optional->section_alignment,
                  optional->directory_count);
    sum = checksum((size_t)((const uint8_t *)&optional->checksum - file));
    if (optional->checksum != sum)
        bad_image("%s: checksum %#x in the header, %#x in fact: Windows refuses the driver", path, optional->checksum,
                  sum);
}

/* ---- mapping ---- */

static int protection_of(uint32_t characteristics)
{
    return (characteristics & PE_SECTION_READ ? PROT_READ : 0) | (characteristics & PE_SECTION_WRITE ? PROT_WRITE : 0) |
           (characteristics & PE_SECTION_EXECUTE ? PROT_EXEC : 0);
}

static void add_section(const struct pe_section_header *header)
{
    struct section *section = &sections[section_count++];
    size_t bytes = MAX(header->virtual_bytes, header->raw_bytes);
    size_t copy = MIN(header->raw_bytes, header->virtual_bytes ? header->virtual_bytes : header->raw_bytes);

    memcpy(section->name, header->name, 8);
    if (header->virtual_address % PAGE_SIZE || header->virtual_address > g_image.bytes ||
        bytes > g_image.bytes - header->virtual_address)
        bad_image("%s: section %s lies outside the image", path, section->name);
    section->start = g_image.base + header->virtual_address;
    section->bytes = BYTES_TO_PAGES(header->virtual_bytes ? header->virtual_bytes : bytes) << PAGE_SHIFT;
    section->protection = protection_of(header->characteristics);
    section->discardable = (header->characteristics & PE_SECTION_DISCARDABLE) != 0;
    section->init = section->discardable && strncmp(section->name, "INIT", 4) == 0;
    /* Windows pages a driver section out when its name begins with PAGE; .edata and .rsrc are pageable too. */
    section->pageable = strncmp(section->name, "PAGE", 4) == 0;
    if (strcmp(section->name, COVERAGE_SECTION) == 0)
        blocks_map(section->start, section->bytes);
    else if (copy)
        memcpy(section->start, file_at(header->raw_offset, copy, section->name), copy);
    if ((section->protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC) && !section->init)
        note("section %s is writable and executable; later systems refuse that", section->name);
}

static void map_image(void)
{
    size_t pages = BYTES_TO_PAGES(optional->image_bytes), i;
    int tries;

    g_image.bytes = pages << PAGE_SHIFT;
    g_image.pfns = malloc(pages * sizeof *g_image.pfns);
    if (pages == 0 || g_image.bytes > MAX_FILE_BYTES || g_image.pfns == NULL)
        bad_image("%s: image size %u is absurd", path, optional->image_bytes);
    for (tries = 0; g_image.base == NULL; tries++) {
        uint8_t *want = (uint8_t *)(uintptr_t)(BASE_LOWEST + (prng_below(PRNG_LAYOUT, BASE_SPAN) & ~0xFFFFull));
        uint8_t *got = mmap(want, g_image.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

        if (got == want)
            g_image.base = got;
        else if (tries == BASE_TRIES)
            bench_bug("no address space for the image");
    }
    if (!ram_alloc_pages(g_image.pfns, pages, UINT64_MAX))
        bench_bug("no guest RAM for the image");
    ram_map_at(g_image.base, g_image.pfns, pages, PROT_READ | PROT_WRITE);
    memset(g_image.base, 0, g_image.bytes);
    memcpy(g_image.base, file_at(0, optional->header_bytes, "the headers"), MIN(optional->header_bytes, g_image.bytes));
    for (i = 0; i < file_header->section_count; i++) {
        size_t offset = (size_t)((const uint8_t *)optional - file) + file_header->optional_bytes;

        if (i == MAX_SECTIONS)
            bad_image("%s: more than %u sections", path, MAX_SECTIONS);
        add_section((const struct pe_section_header *)file_at(offset, (i + 1) * sizeof(struct pe_section_header),
                                                              "the section table") + i);
    }
}

/* Memory at an RVA of the mapped image. */
static void *image_at(uint32_t rva, size_t bytes, const char *what)
{
    if (rva > g_image.bytes || bytes > g_image.bytes - rva)
        bad_image("%s: %s lies outside the image", path, what);
    return g_image.base + rva;
}

static const char *image_text(uint32_t rva, const char *what)
{
    const char *text = image_at(rva, 1, what);

    if (memchr(text, 0, g_image.bytes - rva) == NULL)
        bad_image("%s: %s does not end", path, what);
    return text;
}

/* ---- relocations and imports ---- */

static void relocate_one(uint32_t rva, unsigned type, int64_t delta)
{
    uint32_t value32;
    uint64_t value64;
    void *at;

    if (type == PE_RELOCATION_ABSOLUTE)
        return;
    if (type == PE_RELOCATION_HIGHLOW) {
        at = image_at(rva, 4, "a relocation");
        memcpy(&value32, at, 4);
        value32 += (uint32_t)delta;
        memcpy(at, &value32, 4);
        return;
    }
    if (type != PE_RELOCATION_DIR64)
        bad_image("%s: relocation of type %u", path, type);
    at = image_at(rva, 8, "a relocation");
    memcpy(&value64, at, 8);
    value64 += (uint64_t)delta;
    memcpy(at, &value64, 8);
}

static void relocate(void)
{
    const struct pe_directory *directory = &optional->directories[PE_DIRECTORY_RELOCATION];
    int64_t delta = (int64_t)((uint64_t)(uintptr_t)g_image.base - optional->image_base);
    uint32_t at = directory->rva, end = directory->rva + directory->bytes;

    while (at + 8 <= end && directory->bytes) {
        const struct pe_relocation_block *block = image_at(at, sizeof *block, "the relocations");
        unsigned count, i;

        if (block->bytes < sizeof *block || block->bytes > end - at)
            bad_image("%s: malformed relocations", path);
        count = (block->bytes - sizeof *block) / 2;
        for (i = 0; i < count; i++) {
            const uint16_t *entry = image_at(at + (uint32_t)sizeof *block + 2 * i, 2, "the relocations");

            relocate_one(block->page_rva + (*entry & 0xFFF), *entry >> 12, delta);
        }
        at += block->bytes;
    }
}

static void bind_module(const struct pe_import *import)
{
    const char *module = image_text(import->name, "an import's module name");
    uint32_t names = import->lookup ? import->lookup : import->addresses, slot;

    for (slot = 0;; slot++) {
        uintptr_t *name = image_at(names + slot * (uint32_t)sizeof *name, sizeof *name, "the imports");
        uintptr_t *address = image_at(import->addresses + slot * (uint32_t)sizeof *address, sizeof *address,
                                      "the import addresses");

        if (*name == 0)
            return;
        if (*name >> (8 * sizeof *name - 1))
            bad_image("%s: imports %s by ordinal %zu", path, module, (size_t)(*name & 0xFFFF));
        *address = (uintptr_t)bind_import(module, image_text((uint32_t)*name + 2, "an import's name"));
    }
}

static void bind_all(void)
{
    const struct pe_directory *directory = &optional->directories[PE_DIRECTORY_IMPORT];
    uint32_t at = directory->rva;

    for (; directory->bytes; at += sizeof(struct pe_import)) {
        const struct pe_import *import = image_at(at, sizeof *import, "the import table");

        if (import->name == 0)
            return;
        bind_module(import);
    }
}

static void protect(const struct section *section, int protection)
{
    if (section->bytes && mprotect(section->start, section->bytes, protection) != 0)
        bench_bug("cannot protect section %s", section->name);
}

/* What a section that is there may be used for. */
static int rights(const struct section *section)
{
    return stopped ? section->protection & ~PROT_EXEC : section->protection;
}

static void protect_all(void)
{
    unsigned i;

    mprotect(g_image.base, PAGE_SIZE, PROT_READ);
    for (i = 0; i < section_count; i++)
        protect(&sections[i], sections[i].pageable ? PROT_NONE : rights(&sections[i]));
}

/* What is left of an image that was unloaded; its addresses stay reserved and inaccessible. */
static void forget_previous(void)
{
    free(file);
    file = NULL;
    section_count = 0;
    free(g_image.pfns);
    g_image = (struct image){0};
    memset(sections, 0, sizeof sections);
    bind_forget();
    host_forget_code();
    blocks_forget();
    lockorder_forget();
}

void image_load(const char *file_path)
{
    forget_previous();
    path = file_path;
    read_file();
    check_headers();
    map_image();
    relocate();
    bind_all();
    g_image.entry = image_at(optional->entry, 1, "the entry point");
    protect_all();
    coverage_plant();
    trace("image %s at %p, %zu bytes; gdb: add-symbol-file %s -o %p", path, (void *)g_image.base, g_image.bytes, path,
          (void *)(g_image.base - (uintptr_t)optional->image_base));
}

void image_discard_init(void)
{
    unsigned i;

    for (i = 0; i < section_count; i++) {
        if (!sections[i].init)
            continue;
        sections[i].discarded = true;
        protect(&sections[i], PROT_NONE);
    }
}

void image_stop(bool stop)
{
    unsigned i;

    stopped = stop;
    for (i = 0; i < section_count; i++) {
        bool present = !sections[i].discarded && (!sections[i].pageable || sections[i].resident);

        if (present && (sections[i].protection & PROT_EXEC))
            protect(&sections[i], rights(&sections[i]));
    }
}

void image_unmap(void)
{
    mprotect(g_image.base, g_image.bytes, PROT_NONE);
}

void image_raise_to_dispatch(void)
{
    unsigned i;

    for (i = 0; i < section_count; i++) {
        if (!sections[i].pageable || !sections[i].resident)
            continue;
        protect(&sections[i], PROT_NONE);
        sections[i].resident = false;
    }
}

/* ---- questions ---- */

static struct section *section_of(const void *address)
{
    unsigned i;

    for (i = 0; i < section_count; i++)
        if ((uintptr_t)address - (uintptr_t)sections[i].start < sections[i].bytes)
            return &sections[i];
    return NULL;
}

uint8_t *image_window(size_t offset)
{
    return g_ram + ((size_t)g_image.pfns[offset >> PAGE_SHIFT] << PAGE_SHIFT) + BYTE_OFFSET(offset);
}

bool image_contains(const void *p, size_t n)
{
    uintptr_t offset = (uintptr_t)p - (uintptr_t)g_image.base;

    return g_image.base != NULL && offset < g_image.bytes && n <= g_image.bytes - offset;
}

bool image_contains_code(const void *p)
{
    const struct section *section = section_of(p);

    return section != NULL && (section->protection & PROT_EXEC) != 0;
}

bool image_is_writable(const void *p, size_t n)
{
    const struct section *section = section_of(p);

    return section != NULL && (section->protection & PROT_WRITE) != 0 &&
           (size_t)((const uint8_t *)p - section->start) + n <= section->bytes;
}

bool image_is_nonpaged(const void *p)
{
    const struct section *section = section_of(p);

    return section != NULL && !section->pageable && !section->init;
}

bool image_fault(const void *address, bool write, bool execute, const char **rule, const char **text)
{
    static char message[160];
    struct section *section = section_of(address);

    *text = message;
    if (section == NULL) {
        *rule = write ? "WRITE_TO_READONLY" : "WILD_ACCESS";
        snprintf(message, sizeof message, "image header or gap touched");
        return false;
    }
    snprintf(message, sizeof message, "section %s", section->name);
    if (section->pageable && !section->resident) {
        if (irql_current() >= DISPATCH_LEVEL) {
            *rule = "PAGED_AT_DISPATCH";
            return false;
        }
        protect(section, rights(section));
        section->resident = true;
        return true;
    }
    if (section->init)
        *rule = "INIT_AFTER_ENTRY";
    else if (execute)
        *rule = "EXECUTE_DATA";
    else if (write)
        *rule = "WRITE_TO_READONLY";
    else
        *rule = "WILD_ACCESS";
    return false;
}
