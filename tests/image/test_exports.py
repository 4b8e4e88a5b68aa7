#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The tables of Windows 7's exports: well formed, free of later names, agreed with by an independent list, and no
smaller than what the bench offers. Prints TAP."""
import os
import re
import sys

import elf
import image

sys.path.insert(0, os.path.join(image.ROOT, "tools"))
import exports  # noqa: E402
import tap  # noqa: E402

# First client Windows 8 or later in the Windows Driver Kit reference, or never an export (inline or macro).
AFTER_WINDOWS_7 = """
ExAllocatePool2 ExAllocatePool3 ExFreePool2 ExAllocateTimer ExSetTimer ExDeleteTimer ExCancelTimer
KeQuerySystemTimePrecise KeQueryInterruptTimePrecise PoFxRegisterDevice PoFxUnregisterDevice PoFxActivateComponent
PoFxIdleComponent PoFxCompleteIdleCondition PoFxReportDevicePoweredOn IoReportInterruptActive
IoReportInterruptInactive MmMapIoSpaceEx
MmAllocateContiguousNodeMemory MmAllocateNodePagesForMdlEx MmMapMdl IoOpenDriverRegistryKey RtlQueryRegistryValuesEx
IoGetActivityIdIrp IoSetActivityIdIrp IoPropagateActivityIdToThread IoSetDeviceInterfacePropertyData
IoGetDeviceInterfacePropertyData KeInitializeTriageDumpDataArray ExGetFirmwareEnvironmentVariable
PcGetPhysicalDeviceObject PcRegisterAdapterPnpManagement PcUnregisterAdapterPnpManagement PcAddStreamResource
""".split()
NEVER_EXPORTED = """
ExAllocatePoolZero RtlStringCbCopyW RtlStringCbPrintfA MmGetMdlPfnArray MmGetSystemAddressForMdlSafe IoMarkIrpPending
IoCopyCurrentIrpStackLocationToNext IoGetCurrentIrpStackLocation KeMemoryBarrier InitializeListHead InsertTailList
PAGED_CODE MmGetMdlByteCount
""".split()
# mingw-w64's import libraries mirror Windows 7 SP1 and were made from the systems themselves, by others.
MINGW = {"ntoskrnl.exe": "libntoskrnl.a", "hal.dll": "libhal.a"}
TRIPLES = {"x86": "i686-w64-mingw32", "x64": "x86_64-w64-mingw32"}
# Where the headers contradict that library, or it lacks the decoration: the headers decide.
CONVENTION_DIFFERS = {"IoReadPartitionTable", "IoSetPartitionInformation", "IoWritePartitionTable"}


def mingw_exports(arch, library):
    """{name: (kind, stack bytes)} of one of mingw's import libraries."""
    found = {}
    for line in image.tool("llvm-nm-14", f"/usr/{TRIPLES[arch]}/lib/{library}").splitlines():
        match = re.search(r" __imp_(\S+)$", line)
        if match:
            symbol = match.group(1)
            if arch == "x86" and symbol.startswith("_"):
                symbol = symbol[1:]
            parts = re.match(r"^(@?)(.*?)(?:@(\d+))?$", symbol)
            kind = "fastcall" if parts.group(1) else "stdcall" if parts.group(3) is not None else "plain"
            found[parts.group(2)] = (kind, int(parts.group(3) or 0))
    return found


def test_tables(t, arch, tables):
    names = {name for table in tables.values() for name in table}
    t.check(len(names) > 900, f"{arch}: tables_are_broad", len(names))
    t.none(names & set(AFTER_WINDOWS_7), f"{arch}: tables_hold_no_name_of_windows_8_or_later")
    t.none(names & set(NEVER_EXPORTED), f"{arch}: tables_hold_no_inline_function")
    homes = {}
    for module, table in tables.items():
        for name in table:
            homes.setdefault(name, []).append(module)
    t.none([f"{name} in {modules}" for name, modules in homes.items() if len(modules) > 1],
           f"{arch}: every_name_has_one_module")


def test_second_opinion(t, arch, tables):
    unknown, differing = [], []
    for module, library in MINGW.items():
        other = mingw_exports(arch, library)
        for name, export in tables[module].items():
            if name not in other:
                unknown.append(f"{module}!{name}")
            elif arch == "x86" and export.kind in ("stdcall", "fastcall") and name not in CONVENTION_DIFFERS and \
                    other[name] != (export.kind, export.stack):
                differing.append(f"{name}: {export.kind} {export.stack}, there {other[name]}")
    t.none(unknown, f"{arch}: an_independent_list_of_windows_7_sp1_knows_every_name")
    t.none(differing, f"{arch}: it_agrees_on_calling_conventions")


def test_bench(t, arch, tables):
    """The bench offers nothing that Windows 7 does not: a driver that runs on it has all its imports there too."""
    guest = os.path.join(image.ROOT, image.OUT, "host", "guest32" if arch == "x86" else "guest64")
    offered = elf.nt_exports(guest)
    t.check(len(offered) > 100, f"{arch}: exports_of_the_bench_were_read", len(offered))
    t.none([f"{module}!{name}" for module, name in sorted(offered) if name not in tables.get(module, {})],
           f"{arch}: the_bench_exports_only_what_windows_7_exports")


def main():
    t = tap.Tap()
    for arch in image.ARCHS:
        tables = exports.load_all(arch)
        test_tables(t, arch, tables)
        test_second_opinion(t, arch, tables)
        test_bench(t, arch, tables)
    return t.finish()


if __name__ == "__main__":
    os.chdir(image.ROOT)
    sys.exit(main())
