#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The project's version, read from the one place that states it (VERSION_H).

  tools/version.py          prints the version: 1.0.0.0
  tools/version.py date     prints its date: 2026-11-23
  tools/version.py stamp    writes both into the DriverVer line of every INF
"""
import re
import sys

from contract import INF_FOLDER, ROOT

VERSION_H = "drivers/windows7/virtio-snd/include/version.h"
NUMBER = re.compile(r"^#define AERO_SND_VERSION_(\w+) (\d+)$", re.MULTILINE)
DRIVER_VER = re.compile(rb"^(DriverVer\s*=\s*)[^\r\n]*", re.MULTILINE)


def numbers(root=ROOT):
    """{"MAJOR": 1, ...}"""
    found = {name: int(value) for name, value in NUMBER.findall((root / VERSION_H).read_text())}
    wanted = {"MAJOR", "MINOR", "PATCH", "BUILD", "YEAR", "MONTH", "DAY"}
    if set(found) != wanted:
        sys.exit(f"aero-snd: {VERSION_H} has to define exactly {', '.join(sorted(wanted))}")
    return found


def version(root=ROOT):
    """Four numbers, as Windows wants them."""
    return "{MAJOR}.{MINOR}.{PATCH}.{BUILD}".format(**numbers(root))


def date(root=ROOT):
    """ISO 8601."""
    return "{YEAR:04}-{MONTH:02}-{DAY:02}".format(**numbers(root))


def driver_ver(root=ROOT):
    """The value of an INF's DriverVer: month/day/year,version."""
    return "{MONTH:02}/{DAY:02}/{YEAR:04},{MAJOR}.{MINOR}.{PATCH}.{BUILD}".format(**numbers(root))


def infs(root=ROOT):
    """Every INF, the disabled one too."""
    return sorted((root / INF_FOLDER).glob("*.inf*"))


def stamp(root=ROOT):
    """Rewrites the DriverVer lines that differ; nothing else in the files changes."""
    for path in infs(root):
        old = path.read_bytes()
        new, count = DRIVER_VER.subn(rb"\g<1>" + driver_ver(root).encode("ascii"), old)
        if count != 1:
            sys.exit(f"aero-snd: {path.name} has {count} DriverVer lines, not one")
        if new != old:
            path.write_bytes(new)
            print(f"stamped {path.name}: {driver_ver(root)}")


def main(arguments):
    actions = {(): lambda: print(version()), ("date",): lambda: print(date()), ("stamp",): stamp}
    if tuple(arguments) not in actions:
        sys.exit("aero-snd: tools/version.py takes nothing, 'date' or 'stamp'")
    actions[tuple(arguments)]()


if __name__ == "__main__":
    main(sys.argv[1:])
