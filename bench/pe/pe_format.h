/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* On-disk layout of a driver image (Microsoft PE and COFF specification). */
#ifndef BENCH_PE_FORMAT_H
#define BENCH_PE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define PE_DOS_MAGIC 0x5A4D
#define PE_MACHINE_I386 0x014C
#define PE_MACHINE_AMD64 0x8664
#define PE_MAGIC_32 0x010B
#define PE_MAGIC_64 0x020B
#define PE_SUBSYSTEM_NATIVE 1
#define PE_FILE_RELOCS_STRIPPED 0x0001
#define PE_SECTION_DISCARDABLE 0x02000000u
#define PE_SECTION_EXECUTE 0x20000000u
#define PE_SECTION_READ 0x40000000u
#define PE_SECTION_WRITE 0x80000000u
#define PE_DIRECTORY_IMPORT 1
#define PE_DIRECTORY_RELOCATION 5
#define PE_RELOCATION_ABSOLUTE 0
#define PE_RELOCATION_HIGHLOW 3
#define PE_RELOCATION_DIR64 10

struct pe_dos_header {
    uint16_t magic;
    uint16_t unused[29];
    uint32_t nt_offset;
};

struct pe_file_header {
    uint16_t machine;
    uint16_t section_count;
    uint32_t time_stamp;
    uint32_t symbol_offset;
    uint32_t symbol_count;
    uint16_t optional_bytes;
    uint16_t characteristics;
};

struct pe_directory {
    uint32_t rva;
    uint32_t bytes;
};

#pragma pack(push, 4)
struct pe_optional_header {
    uint16_t magic;
    uint16_t linker_version;
    uint32_t code_bytes, data_bytes, bss_bytes;
    uint32_t entry;
    uint32_t code_base;
#if defined(__i386__)
    uint32_t data_base;
    uint32_t image_base;
#else
    uint64_t image_base;
#endif
    uint32_t section_alignment, file_alignment;
    uint16_t os_major, os_minor, image_major, image_minor, subsystem_major, subsystem_minor;
    uint32_t win32_version;
    uint32_t image_bytes, header_bytes;
    uint32_t checksum;
    uint16_t subsystem;
    uint16_t dll_characteristics;
    uintptr_t stack_reserve, stack_commit, heap_reserve, heap_commit;
    uint32_t loader_flags;
    uint32_t directory_count;
    struct pe_directory directories[16];
};
#pragma pack(pop)

struct pe_section_header {
    char name[8];
    uint32_t virtual_bytes, virtual_address, raw_bytes, raw_offset, relocation_offset, line_offset;
    uint16_t relocation_count, line_count;
    uint32_t characteristics;
};

struct pe_import {
    uint32_t lookup, time_stamp, forwarder, name, addresses;
};

struct pe_relocation_block {
    uint32_t page_rva;
    uint32_t bytes;
};

/* The numbers of docs/windows7-layouts.tsv for the file formats. */
_Static_assert(sizeof(struct pe_dos_header) == 0x40 && offsetof(struct pe_dos_header, nt_offset) == 0x3C, "dos");
_Static_assert(sizeof(struct pe_file_header) == 0x14, "file header");
_Static_assert(sizeof(struct pe_section_header) == 0x28, "section header");
_Static_assert(offsetof(struct pe_optional_header, checksum) == 0x40, "checksum");
_Static_assert(offsetof(struct pe_optional_header, subsystem) == 0x44, "subsystem");
#if defined(__i386__)
_Static_assert(sizeof(struct pe_optional_header) == 0xE0, "optional header");
#else
_Static_assert(sizeof(struct pe_optional_header) == 0xF0, "optional header");
#endif

#endif
