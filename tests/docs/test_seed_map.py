#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks every row of docs/seed-map.md against the tree. Prints TAP."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (file|function|word|output) `([^`]+)` \| `([^`]+)` \| (here|later) \|$")
SECTION = re.compile(r"^\| section ([^|]+) \| `([^`]+)` \| (`[^`]+`(?:, `[^`]+`)*) \|$")


def sections():
    """(section, home, [tests]) of the second table."""
    for line in (ROOT / "docs/seed-map.md").read_text().splitlines():
        if line.startswith("| section ") and not line.startswith("| section |"):
            match = SECTION.match(line)
            name, home, tests = match.groups() if match else (line, "malformed", "`malformed`")
            yield name, home, re.findall("`([^`]+)`", tests)


def listed_tests():
    """The tests that are run: the programs that the make files name, and C files of those that they build."""
    return "\n".join(path.read_text() for path in sorted((ROOT / "mk").glob("*.mk")))


def is_run(path, make):
    """A script is named in full, a C test by its base name or by a wildcard of its folder."""
    return path in make or pathlib.Path(path).stem in make or f"{pathlib.Path(path).parent}/test_*.c" in make


def rows():
    for line in (ROOT / "docs/seed-map.md").read_text().split("\n## ")[0].splitlines():
        match = ROW.match(line)
        if match:
            yield match.groups()
        elif line.startswith("| ") and not line.startswith(("| name in", "|---")):
            yield ("malformed", line, "", "here")


def defines(path, function):
    """The function's name at the start of a definition: followed by a parameter list and an opening brace."""
    return re.search(r"\b%s\([^;{]*\)\s*\{" % re.escape(function), path.read_text()) is not None


def output_is_named(path, output):
    """The variant table names the image; the folders are those of the build."""
    return pathlib.Path(output).stem in path.read_text()


def holds(kind, name, home):
    path = ROOT / home
    if kind == "malformed" or not path.exists():
        return False
    if kind == "function":
        return defines(path, name)
    if kind == "word":
        return name in path.read_text()
    if kind == "output":
        return output_is_named(path, name)
    return path.exists()


def main():
    results = []
    table = list(rows())
    for kind, name, home, state in table:
        good = holds(kind, name, home) == (state == "here")
        results.append((good, "seed map: %s %s is %s" % (kind, name, state)))
    results.append((len(table) > 60, "seed map has its rows"))
    make = listed_tests()
    held = list(sections())
    for name, home, tests in held:
        wrong = [path for path in (home, *tests) if not (ROOT / path).exists()]
        wrong += [f"{path} is not run" for path in tests if not is_run(path, make)]
        results.append((not wrong, "seed map: section %s has home and tests %s" % (name, wrong or "")))
    results.append((len(held) >= 25, "seed map has the sections"))
    for number, (good, text) in enumerate(results, 1):
        print("%s %d - %s" % ("ok" if good else "not ok", number, text))
    print("1..%d" % len(results))
    return 0 if all(good for good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
