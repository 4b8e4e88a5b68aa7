# SPDX-License-Identifier: MIT OR Apache-2.0
"""Lines of the driver that were executed, from the counters of an image that counts (tests/fuzz/coverage_image.c).

Counter N belongs to entry N of the image's section .SCOVP, the address of a basic block. The PDB has the lines of each
address; a line counts as executed when a block that holds a part of it was.
"""

import bisect
import re
import struct
import subprocess

HEAD_BYTES = 8  # .SCOV$CA, between struct link_coverage and the counters
SECTION_BYTES = 40
TRAP = b"\x0f\xb9"  # ud1: what is undefined ends there, so nobody is to reach it
FILE = re.compile(r"^(\S.*\.c) \(MD5: ")
RANGE = re.compile(r"^  ([0-9A-F]{4}):([0-9A-F]{8})-[0-9A-F]{8}, line/addr entries")
ENTRY = re.compile(r"(\d+) ([0-9A-F]{8})")


class Image:
    """What the headers of a .sys say."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        pe = struct.unpack_from("<I", self.bytes, 0x3C)[0]
        count, optional = struct.unpack_from("<H12xH", self.bytes, pe + 6)
        self.wide = struct.unpack_from("<H", self.bytes, pe + 24)[0] == 0x20B
        self.base = struct.unpack_from("<Q" if self.wide else "<I", self.bytes, pe + (48 if self.wide else 52))[0]
        self.sections = []  # name, RVA, place in the file, bytes
        for index in range(count):
            at = pe + 24 + optional + SECTION_BYTES * index
            name, size, rva, _, raw = struct.unpack_from("<8sIIII", self.bytes, at)
            self.sections.append((name.rstrip(b"\0").decode(), rva, raw, size))

    def blocks(self):
        """RVA of each basic block, in the order of the counters."""
        raw, size = next((raw, size) for name, _, raw, size in self.sections if name == ".SCOVP")
        entry = "<QQ" if self.wide else "<II"
        entries = list(struct.iter_unpack(entry, self.bytes[raw:raw + size - size % struct.calcsize(entry)]))
        return [address - self.base for address, _ in entries[1:-1]]

    def is_trap(self, start, end):
        """Does a block only end the run?"""
        for _, rva, raw, size in self.sections:
            if rva <= start < rva + size:
                return TRAP in self.bytes[raw + start - rva:raw + min(end, rva + size) - rva]
        return False


def line_table(pdb, image):
    """(RVA, file, line) of every entry."""
    told = subprocess.run(["llvm-pdbutil-14", "dump", "-l", pdb], check=True, stdout=subprocess.PIPE, text=True).stdout
    source, start = None, 0
    for text in told.splitlines():
        if FILE.match(text):
            source = FILE.match(text).group(1).replace("\\", "/")
        elif RANGE.match(text):
            start = image.sections[int(RANGE.match(text).group(1), 16) - 1][1]
        elif source:
            for line, offset in ENTRY.findall(text):
                yield start + int(offset, 16), source, int(line)


def executed(sys_path, counters):
    """{(file, line): whether it was executed} of the driver's own sources, and {RVA: whether} of its blocks, without
    those that are undefined behaviour."""
    image = Image(sys_path)
    blocks = image.blocks()
    reached = {rva: counters[HEAD_BYTES + number] != 0 for number, rva in enumerate(blocks)}
    starts = sorted(reached)
    lines = {}
    for rva, source, line in line_table(sys_path[:-4] + ".pdb", image):
        if not source.startswith("drivers/"):
            continue
        at = bisect.bisect_right(starts, rva) - 1
        lines[source, line] = lines.get((source, line), False) or (at >= 0 and reached[starts[at]])
    ends = dict(zip(starts, starts[1:] + [starts[-1]]))
    return lines, {rva: was for rva, was in reached.items() if not image.is_trap(rva, ends[rva])}
