#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What each built image must be, read from its bytes: headers, sections, imports, resources, symbols, code.
Prints TAP."""
import os
import re
import struct
import sys

import pefile

import image

sys.path.insert(0, os.path.join(image.ROOT, "tools"))
import exports  # noqa: E402
import tap  # noqa: E402

MACHINES = {"x86": ("IMAGE_FILE_MACHINE_I386", 0x10B), "x64": ("IMAGE_FILE_MACHINE_AMD64", 0x20B)}
SUBSYSTEM_NATIVE = 1
RESOURCE_MESSAGE_TABLE = 11
DEBUG_OUTPUT = ("DbgPrint", "DbgPrintEx", "vDbgPrintEx", "vDbgPrintExWithPrefix")
FLOATING_POINT = re.compile(r"%(xmm|ymm|mm[0-7]|st\b|st\()")
FLOATING_MNEMONIC = re.compile(r"^(f(?!s$)|emms$|ldmxcsr|stmxcsr|[lms]fence$)")
BRANCH = re.compile(r"^(call|jmp|j[a-z]+)[lq]?$")
# Three functions that a person in WinDbg looks for first; the names are in docs/seed-map.md.
KNOWN_FUNCTIONS = ("DriverEntry", "VirtIoSndStartHardware", "VirtIoSndStopHardware")


def test_headers(t, img):
    pe, optional = img.pe, img.pe.OPTIONAL_HEADER
    machine, magic = MACHINES[img.arch]
    t.check(pefile.MACHINE_TYPE[pe.FILE_HEADER.Machine] == machine and optional.Magic == magic,
            f"{img.name}: image_is_for_its_machine", pe.FILE_HEADER.Machine)
    t.check(optional.Subsystem == SUBSYSTEM_NATIVE, f"{img.name}: subsystem_is_native", optional.Subsystem)
    versions = [(optional.MajorSubsystemVersion, optional.MinorSubsystemVersion),
                (optional.MajorOperatingSystemVersion, optional.MinorOperatingSystemVersion)]
    t.check(versions == [(6, 1)] * 2, f"{img.name}: subsystem_and_system_version_are_6_1", versions)
    t.check(optional.CheckSum != 0 and pe.verify_checksum(), f"{img.name}: checksum_is_valid",
            f"{optional.CheckSum:#x}, calculated {pe.generate_checksum():#x}")
    t.check(optional.DllCharacteristics & 0x100, f"{img.name}: image_is_nx_compatible")
    t.check(optional.DllCharacteristics & 0x40, f"{img.name}: image_has_a_dynamic_base")
    t.check(optional.SectionAlignment == 0x1000, f"{img.name}: sections_are_page_aligned", optional.SectionAlignment)
    t.check(not hasattr(pe, "DIRECTORY_ENTRY_EXPORT") and not hasattr(pe, "DIRECTORY_ENTRY_TLS") and
            not hasattr(pe, "DIRECTORY_ENTRY_DELAY_IMPORT"), f"{img.name}: no_exports_tls_or_delayed_imports")


def test_relocations(t, img):
    """Moved by a page, every relocated word moves by a page and nothing else changes."""
    pe = pefile.PE(img.path)
    rvas = [(entry.rva, entry.type) for block in getattr(pe, "DIRECTORY_ENTRY_BASERELOC", []) for entry in block.entries
            if entry.type != 0]
    want = pefile.RELOCATION_TYPE["IMAGE_REL_BASED_HIGHLOW" if img.arch == "x86" else "IMAGE_REL_BASED_DIR64"]
    t.check(rvas and not pe.FILE_HEADER.Characteristics & 1 and all(kind == want for _, kind in rvas),
            f"{img.name}: image_is_relocatable", f"{len(rvas)} relocations")
    size = 4 if img.arch == "x86" else 8
    wild = []
    for rva, _ in rvas:
        target = int.from_bytes(pe.get_data(rva, size), "little") - img.base
        if not 0 <= target < pe.OPTIONAL_HEADER.SizeOfImage:
            wild.append(f"{rva:#x} -> {target:#x}")
    t.none(wild, f"{img.name}: every_relocated_word_points_into_the_image")


def test_sections(t, img):
    sections = img.sections()
    flags = {name: section.Characteristics for name, section in sections.items()}
    t.none([name for name, bits in flags.items() if bits & image.EXECUTE and bits & image.WRITE],
           f"{img.name}: no_section_is_writable_and_executable")
    t.none([name for name in sections if "/" in name or len(name) > 8], f"{img.name}: section_names_are_plain")
    init, page = flags.get("INIT", 0), flags.get("PAGE", 0)
    t.check(init & image.EXECUTE and init & image.DISCARDABLE and not init & image.NOT_PAGED,
            f"{img.name}: init_section_is_code_and_discardable", f"{init:#x}")
    t.check(page & image.EXECUTE and not page & (image.DISCARDABLE | image.NOT_PAGED | image.WRITE),
            f"{img.name}: page_section_is_pageable_code", f"{page:#x}")
    resident = [name for name in (".text", ".rdata", ".data") if name in flags]
    t.none([name for name in resident if not flags[name] & image.NOT_PAGED or flags[name] & image.DISCARDABLE],
           f"{img.name}: other_code_and_data_is_resident")
    entry = img.section_of(img.pe.OPTIONAL_HEADER.AddressOfEntryPoint)
    t.check(entry == "INIT", f"{img.name}: driver_entry_is_in_init", entry)
    publics = img.publics()
    t.check(publics.get("DriverEntry", (0, 0))[1] == img.pe.OPTIONAL_HEADER.AddressOfEntryPoint,
            f"{img.name}: entry_point_is_driver_entry", publics.get("DriverEntry"))


def test_code(t, img):
    """Of the code itself: no call into INIT from outside, no branch that leaves code, and on x86 no floating point."""
    into_init, wild, floating = [], [], []
    code = {name for name, section in img.sections().items() if section.Characteristics & image.EXECUTE}
    count = 0
    for rva, mnemonic, operands in img.instructions():
        count += 1
        if img.arch == "x86" and (FLOATING_POINT.search(operands) or FLOATING_MNEMONIC.match(mnemonic)):
            floating.append(f"{rva:#x}: {mnemonic} {operands}")
        target = re.match(r"^0x([0-9a-f]+)", operands)
        if BRANCH.match(mnemonic) and target:
            home = img.section_of(int(target.group(1), 16) - img.base)
            if home not in code:
                wild.append(f"{rva:#x}: {mnemonic} {operands} ({home})")
            if home == "INIT" and img.section_of(rva) != "INIT":
                into_init.append(f"{rva:#x}: {mnemonic} {operands}")
    t.check(count > 1000, f"{img.name}: code_was_disassembled", count)
    t.none(wild, f"{img.name}: direct_branches_stay_in_code")
    t.none(into_init, f"{img.name}: nothing_branches_into_init_from_outside")
    if img.arch == "x86":
        t.none(floating, f"{img.name}: no_x87_mmx_or_sse_instruction")


def test_imports(t, img):
    tables = exports.load_all(img.arch)
    imports = img.imports()
    t.check(imports and {module for module, _ in imports} <= set(tables),
            f"{img.name}: imports_only_kernel_hal_and_portcls", sorted({module for module, _ in imports}))
    t.none([f"{module}!{name}" for module, name in imports if name not in tables.get(module, {})],
           f"{img.name}: every_import_is_exported_by_windows_7_sp1")
    debug = [name for _, name in imports if name in DEBUG_OUTPUT]
    if img.flavour == image.FREE:
        t.none(debug, f"{img.name}: free_build_prints_nothing")
    else:
        t.check(debug, f"{img.name}: checked_build_can_print")


def message_ids(data):
    """{id: text} of a message table resource ("MESSAGE_RESOURCE_DATA structure")."""
    messages = {}
    for block in range(struct.unpack_from("<I", data, 0)[0]):
        low, high, offset = struct.unpack_from("<III", data, 4 + block * 12)
        for number in range(low, high + 1):
            length, flags = struct.unpack_from("<HH", data, offset)
            text = data[offset + 4:offset + length]
            messages[number] = text.decode("utf-16-le" if flags & 1 else "latin-1").rstrip("\0")
            offset += length
    return messages


def declared_messages():
    """The symbolic names and numbers of res/messages.mc, through the header that windmc made of it."""
    path = os.path.join(image.ROOT, image.OUT, "obj/driver/res/messages.h")
    with open(path, encoding="ascii") as header:
        return {int(number, 16): name for name, number in
                re.findall(r"#define (AERO_SND_\w+)\s+\(?\(?(?:NTSTATUS\)\s*)?(0x[0-9A-Fa-f]+)", header.read())}


def test_resources(t, img):
    version = {}
    for info in getattr(img.pe, "FileInfo", [[]])[0]:
        for table in getattr(info, "StringTable", []):
            version.update({key.decode(): value.decode() for key, value in table.entries.items()})
    t.check(version.get("OriginalFilename") == img.sys + ".sys" and version.get("InternalName") == img.sys,
            f"{img.name}: version_resource_names_the_image", version)
    t.check(version.get("FileVersion") and version.get("FileDescription") and version.get("ProductName"),
            f"{img.name}: version_resource_is_filled_in", version)
    fixed = img.pe.VS_FIXEDFILEINFO[0] if hasattr(img.pe, "VS_FIXEDFILEINFO") else None
    t.check(fixed and fixed.FileType == 3 and bool(fixed.FileFlags & 1) == (img.flavour == image.CHECKED),
            f"{img.name}: version_resource_says_driver_and_flavour")
    messages = {}
    for kind in img.pe.DIRECTORY_ENTRY_RESOURCE.entries:
        if kind.id == RESOURCE_MESSAGE_TABLE:
            leaf = kind.directory.entries[0].directory.entries[0].data.struct
            messages = message_ids(img.pe.get_data(leaf.OffsetToData, leaf.Size))
    declared = declared_messages()
    t.check(declared and set(messages) == set(declared) and all(len(text) > 10 for text in messages.values()),
            f"{img.name}: message_table_has_every_event_log_text", f"in the image {messages}", f"declared {declared}")


def test_symbols(t, img):
    debug = [entry.entry for entry in img.pe.DIRECTORY_ENTRY_DEBUG if entry.entry is not None]
    t.check(len(debug) == 1 and debug[0].PdbFileName.rstrip(b"\0") == (img.sys + ".pdb").encode(),
            f"{img.name}: image_names_its_pdb_without_a_folder", [entry.PdbFileName for entry in debug])
    summary = image.tool("llvm-pdbutil-14", "dump", "-summary", img.pdb)
    guid = re.search(r"GUID: \{([0-9A-F-]+)\}", summary).group(1).replace("-", "")
    age = int(re.search(r"Age: (\d+)", summary).group(1))
    data = debug[0]
    tail = bytes.fromhex(re.sub("-", "", guid))[8:]
    in_image = f"{data.Signature_Data1:08X}{data.Signature_Data2:04X}{data.Signature_Data3:04X}"
    raw = img.pe.get_data(img.pe.DIRECTORY_ENTRY_DEBUG[0].struct.AddressOfRawData, 24)
    t.check(guid[:16] == in_image and raw[12:20] == tail and data.Age == age, f"{img.name}: pdb_belongs_to_the_image",
            f"{guid} age {age}", f"{in_image} age {data.Age}")
    publics = img.publics()
    for name in KNOWN_FUNCTIONS:
        where = publics.get(name, (False, 0))[1]
        said = image.tool("llvm-symbolizer-14", f"--obj={img.path}", hex(img.base + where)) if where else ""
        t.check(said.startswith(name) and re.search(r"drivers[\\/]windows7[\\/].*\.c:[1-9]", said),
                f"{img.name}: symbolizer_finds_source_of_{name}", said or "not in the PDB")
    for path in (img.path, img.pdb):
        with open(path, "rb") as content:
            data = content.read()
            t.check(not any(os.path.join(image.ROOT, folder).encode() in data for folder in ("drivers", "out")),
                    f"{img.name}: no_path_of_this_machine_in_the_{path[-3:]}")


def test_variant(t, img):
    """Each image has the identity that it binds to and the one register file that it needs, not another's."""
    vendor, device, revision = image.VARIANTS[img.sys]
    row = {"aero_virtio_snd": "VirtioPciContractSound", "virtiosnd_legacy": "VirtioPciContractSoundTransitional",
           "virtiosnd_ioport": "VirtioPciContractSoundIoPort"}[img.sys]
    publics = img.publics()
    where = publics.get("VirtIoSndBinding", (False, 0))[1]
    width = 4 if img.arch == "x86" else 8
    contract = int.from_bytes(img.pe.get_data(where, width), "little") - img.base if where else 0
    data = img.pe.get_data(contract, 6) if contract > 0 else b""
    wanted = struct.pack("<HHBB", vendor, device, revision or 0, revision is None)
    t.check(contract == publics.get(row, (False, 1))[1] and data == wanted, f"{img.name}: binds_to_its_device_only",
            data.hex(), wanted.hex())
    legacy = img.sys == image.IOPORT
    t.check(("VirtioPciLegacyInit" in publics) == legacy and ("VirtioPciModernInit" in publics) != legacy,
            f"{img.name}: has_one_register_file")
    imports = {name for _, name in img.imports()}
    t.check(("MmMapIoSpace" in imports) != legacy, f"{img.name}: maps_registers_only_when_they_are_memory")
    ports = [mnemonic for _, mnemonic, _ in img.instructions() if re.match(r"^(in|out)[bwl]$", mnemonic)]
    if img.arch == "x64":
        t.check(bool(ports) == legacy, f"{img.name}: port_instructions_only_where_the_registers_are_ports", len(ports))
    else:
        t.check(("WRITE_PORT_USHORT" in imports) == legacy and not ports,
                f"{img.name}: port_exports_only_where_the_registers_are_ports")


TESTS = (test_headers, test_relocations, test_sections, test_code, test_imports, test_resources, test_symbols,
         test_variant)


def main():
    t = tap.Tap()
    for img in image.all_images():
        t.note(f"{img.name}: {os.path.getsize(img.path)} bytes SYS, {os.path.getsize(img.pdb)} bytes PDB, "
               f"{len(img.imports())} imports")
        for test in TESTS:
            test(t, img)
    return t.finish()


if __name__ == "__main__":
    os.chdir(image.ROOT)
    sys.exit(main())
