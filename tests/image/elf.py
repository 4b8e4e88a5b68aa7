# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads the export records of the bench (struct nt_export in section nt_exports) out of its ELF program."""
import re
import struct
import subprocess

SECTION = re.compile(r"^\s*\[\s*\d+\]\s+(\S+)\s+\S+\s+([0-9a-f]+)\s+([0-9a-f]+)\s+([0-9a-f]+)", re.MULTILINE)
RELATIVE = re.compile(r"^([0-9a-f]+)\s+[0-9a-f]+\s+R_\w+_RELATIV\w*\s+([0-9a-f]+)", re.MULTILINE)


def readelf(option, path):
    return subprocess.run(["readelf", "-W", option, path], check=True, capture_output=True, text=True).stdout


def nt_exports(path):
    """{(module in lower case, name)} of the guest program at path. Position-independent programs keep 64-bit pointers
    in their relocations instead of the section."""
    with open(path, "rb") as program:
        data = program.read()
    wide = data[4] == 2
    sections = [(name, int(address, 16), int(offset, 16), int(size, 16))
                for name, address, offset, size in SECTION.findall(readelf("-S", path))]
    moved = {int(where, 16): int(value, 16) for where, value in RELATIVE.findall(readelf("-r", path))} if wide else {}

    def string_at(address):
        for _, start, offset, size in sections:
            if start and start <= address < start + size:
                begin = offset + address - start
                return data[begin:data.index(b"\0", begin)].decode("ascii")
        raise SystemExit(f"{path}: no string at {address:#x}")

    step, pointer = (32, "<QQ") if wide else (16, "<II")
    found = set()
    for name, start, offset, size in sections:
        if name != "nt_exports":
            continue
        for index in range(0, size - size % step, step):
            values = struct.unpack_from(pointer, data, offset + index)
            if wide:
                values = [moved.get(start + index + 8 * i, value) for i, value in enumerate(values)]
            if values[0]:
                found.add((string_at(values[0]).lower(), string_at(values[1])))
    return found
