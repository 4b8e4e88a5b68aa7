# SPDX-License-Identifier: MIT OR Apache-2.0
"""The images that the build makes, and what tools say about them."""
import os
import re
import subprocess

import pefile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("OUT", "out")
ARCHS = ("x86", "x64")
# Base name of each variant's image -> vendor and device that it binds to, and revision or None: any (pci-hwids.md).
VARIANTS = {"aero_virtio_snd": (0x1AF4, 0x1059, 1), "virtiosnd_legacy": (0x1AF4, 0x1018, None),
            "virtiosnd_ioport": (0x1AF4, 0x1018, 0)}
IOPORT = "virtiosnd_ioport"
FREE, CHECKED = "free", "checked"
FOLDERS = {FREE: os.path.join(OUT, "drivers/windows7/virtio-snd"), CHECKED: os.path.join(OUT, "checked")}

CHARACTERISTICS = pefile.SECTION_CHARACTERISTICS
NOT_PAGED = CHARACTERISTICS["IMAGE_SCN_MEM_NOT_PAGED"]
DISCARDABLE = CHARACTERISTICS["IMAGE_SCN_MEM_DISCARDABLE"]
EXECUTE = CHARACTERISTICS["IMAGE_SCN_MEM_EXECUTE"]
WRITE = CHARACTERISTICS["IMAGE_SCN_MEM_WRITE"]

PUBLIC = re.compile(r"S_PUB32 \[size = \d+\] `([^`]+)`\n\s+flags = ([\w |]+), addr = (\d+):(\d+)")
# address: bytes <tab> mnemonic operands
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):((?: [0-9a-f]{2})+)\s+(\S+)\s*(.*)$")


def tool(*command):
    """Output of a program that has to succeed."""
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


class Image:
    """One SYS with the PDB beside it."""

    def __init__(self, arch, flavour, sys_name):
        self.arch, self.flavour, self.sys = arch, flavour, sys_name
        self.path = os.path.join(ROOT, FOLDERS[flavour], arch, sys_name + ".sys")
        self.pdb = self.path[:-4] + ".pdb"
        self.name = f"{sys_name} {arch} {flavour}"
        self.pe = pefile.PE(self.path)
        self.base = self.pe.OPTIONAL_HEADER.ImageBase

    def sections(self):
        """{name: section}"""
        return {section.Name.rstrip(b"\0").decode(): section for section in self.pe.sections}

    def section_of(self, rva):
        """Name of the section that holds the address, or None."""
        for name, section in self.sections().items():
            if section.VirtualAddress <= rva < section.VirtualAddress + max(section.Misc_VirtualSize, 1):
                return name
        return None

    def imports(self):
        """[(module in lower case, name)]"""
        return [(entry.dll.decode().lower(), (item.name or b"#ordinal").decode())
                for entry in getattr(self.pe, "DIRECTORY_ENTRY_IMPORT", []) for item in entry.imports]

    def publics(self):
        """{undecorated name: (is a function, rva)} of the PDB. x86 decorations are taken off."""
        starts = [section.VirtualAddress for section in self.pe.sections]
        found = {}
        for name, flags, segment, offset in PUBLIC.findall(tool("llvm-pdbutil-14", "dump", "-publics", self.pdb)):
            if self.arch == "x86":
                name = re.sub(r"^[_@]|@\d+$", "", name)
            if 1 <= int(segment) <= len(starts):
                found[name] = ("function" in flags, starts[int(segment) - 1] + int(offset))
        return found

    def instructions(self):
        """Yields (rva, mnemonic, operands) of all code."""
        for line in tool("llvm-objdump-14", "-d", self.path).splitlines():
            match = INSTRUCTION.match(line)
            if match:
                yield int(match.group(1), 16) - self.base, match.group(3), match.group(4)


def all_images():
    return [Image(arch, flavour, name) for name in VARIANTS for flavour in (FREE, CHECKED) for arch in ARCHS]
