#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The tables of what Windows 7 SP1 exports: tools/exports/MODULE.tsv.

A line of a table is NAME, X86 and X64, separated by tabs.
  X86: "stdcall N" and "fastcall N" (N: bytes of arguments), "cdecl", "helper" (what compilers call, undecorated),
       "data", or "-" when x86 has no such export.
  X64: "yes", "data" or "-".

Command:  exports.py def ARCH TABLE    prints the module-definition file for dlltool
"""
import os
import sys

ARCHS = ("x86", "x64")
TABLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exports")


class Export:
    """One exported name of one module on one architecture."""

    def __init__(self, name, kind, stack):
        self.name, self.kind, self.stack = name, kind, stack

    def def_line(self, arch):
        """The line of a .def file; on x86 it carries the calling convention, which dlltool -k keeps out of the
        image."""
        if self.kind == "data":
            return f"{self.name} DATA"
        if arch == "x86" and self.kind == "stdcall":
            return f"{self.name}@{self.stack}"
        if arch == "x86" and self.kind == "fastcall":
            return f"@{self.name}@{self.stack}"
        return self.name


def parse_cell(name, cell, where):
    """Returns the Export of one cell, or None for "-"."""
    words = cell.split()
    if words == ["-"]:
        return None
    if words in (["cdecl"], ["helper"], ["data"], ["yes"]):
        return Export(name, words[0], 0)
    if len(words) == 2 and words[0] in ("stdcall", "fastcall") and words[1].isdigit() and int(words[1]) % 4 == 0:
        return Export(name, words[0], int(words[1]))
    raise SystemExit(f"{where}: cannot read {cell!r}")


def load(path, arch):
    """Returns {name: Export} of one module for one architecture. Names must be sorted and unique."""
    exports, last = {}, ""
    with open(path, encoding="ascii") as table:
        for number, line in enumerate(table, 1):
            if line.startswith("#") or not line.strip():
                continue
            where = f"{path}:{number}"
            cells = line.rstrip("\n").split("\t")
            if len(cells) != 1 + len(ARCHS):
                raise SystemExit(f"{where}: {len(cells)} columns")
            if cells[0] <= last:
                raise SystemExit(f"{where}: {cells[0]} is out of order after {last}")
            last = cells[0]
            export = parse_cell(cells[0], cells[1 + ARCHS.index(arch)], where)
            if export:
                exports[cells[0]] = export
    return exports


def load_all(arch):
    """Returns {module in lower case: {name: Export}} for one architecture."""
    return {name[:-4].lower(): load(os.path.join(TABLES, name), arch)
            for name in sorted(os.listdir(TABLES)) if name.endswith(".tsv")}


def main(argv):
    if len(argv) != 4 or argv[1] != "def" or argv[2] not in ARCHS:
        raise SystemExit("usage: exports.py def x86|x64 TABLE")
    arch, path = argv[2], argv[3]
    print(f"LIBRARY {os.path.basename(path)[:-4]}\nEXPORTS")
    for export in load(path, arch).values():
        print(export.def_line(arch))


if __name__ == "__main__":
    main(sys.argv)
