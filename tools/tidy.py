#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""House rules that a machine can check, over every file that git tracks or would track. Prints TAP.

A finding is "file:line: what". Limits: files of 800 lines, lines of 120 columns, functions of 75 lines.
"""
import ast
import os
import re
import subprocess
import sys

import tap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE_LINES, LINE_COLUMNS, FUNCTION_LINES = 800, 120, 75
DATA = (".tsv", ".txt", ".json", ".wav", ".png")     # facts, not prose or code: no SPDX line inside, any length
TABLES = ("tools/exports/",)
GENERATED = ("bench/nt/layouts_check.h",)
LICENCES = ("LICENSE-MIT", "LICENSE-APACHE", ".gitignore")
LONG = ("bench/nt/types.h",)                         # one table of structures, longer than a file of code may be
MAKE = re.compile(r"(^|/)(Makefile|[^/]*\.mk)$")
SOURCE = (".c", ".h", ".py", ".mk", ".S", ".sh")
# Words of how the project is made, which do not belong into it, and promises nobody keeps.
FORBIDDEN = re.compile(r"\bshared/|/work/|\bissue #?\d|\b[Ss]ub-?agent|\bTODO\b|\bFIXME\b|\bXXX\b")
FUNCTION_START = re.compile(r"^[A-Za-z_][^;={}]*\)[^;={}]*\{$|^\{$")
C99_IN_DRIVER = ((re.compile(r"(^|[^:\"'])//"), "// comment"),
                 (re.compile(r"^\s*\.\w+\s*=[^=]"), "designated initialiser"),
                 (re.compile(r"\bfor \((?:U?LONG|UINT|INT|SIZE_T|int|unsigned|size_t)\b"), "declaration in for"),
                 (re.compile(r"\binline\b"), "inline (FORCEINLINE is the kit's word)"))


def files():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.split("\n")
    return sorted(name for name in listed if name and os.path.isfile(os.path.join(ROOT, name)))


def read(name):
    """The lines of a text file, whatever ends them (.gitattributes says what), or None for a binary one."""
    with open(os.path.join(ROOT, name), "rb") as stream:
        content = stream.read()
    try:
        return None if b"\0" in content else content.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        return None


def spdx(name, lines):
    if name not in LICENCES and not any("SPDX-License-Identifier: MIT OR Apache-2.0" in line for line in lines[:3]):
        yield f"{name}:1: no SPDX line"


def shape(name, lines):
    if lines[-1] != "":
        yield f"{name}:{len(lines)}: no newline at the end"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{name}:{number}: blank at the end of the line"
        if "\t" in line and not MAKE.search(name) and name.endswith(SOURCE):
            yield f"{name}:{number}: tab"
        if len(line.expandtabs(4)) > LINE_COLUMNS and name.endswith(SOURCE) and name not in GENERATED:
            yield f"{name}:{number}: {len(line)} columns"


def length(name, lines):
    if name.endswith(SOURCE) and name not in GENERATED + LONG and len(lines) - 1 > FILE_LINES:
        yield f"{name}: {len(lines) - 1} lines"


def forbidden(name, lines):
    if name != "tools/tidy.py":
        for number, line in enumerate(lines, 1):
            match = FORBIDDEN.search(line)
            if match:
                yield f"{name}:{number}: {match.group(0)!r}"


def c_functions(name, lines):
    """Functions of C end with a brace in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and FUNCTION_START.match(line):
            start = number
        elif start is not None and line.startswith("}"):
            if number - start > FUNCTION_LINES:
                yield f"{name}:{start}: function of {number - start} lines"
            start = None


def python_functions(name, lines):
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and \
                node.end_lineno - node.lineno > FUNCTION_LINES:
            yield f"{name}:{node.lineno}: function of {node.end_lineno - node.lineno} lines"


def functions(name, lines):
    if name.endswith(".c"):
        yield from c_functions(name, lines)
    elif name.endswith(".py"):
        yield from python_functions(name, lines)


def without_comments(lines):
    """The lines with /* */ comments and string literals blanked, line numbers kept."""
    text = "\n".join(lines)
    blank = lambda match: re.sub(r"[^\n]", " ", match.group(0))  # noqa: E731
    return re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", blank, text, flags=re.DOTALL).split("\n")


def c90(name, lines):
    if name.startswith("drivers/") and name.endswith((".c", ".h")):
        for number, line in enumerate(without_comments(lines), 1):
            for pattern, what in C99_IN_DRIVER:
                if pattern.search(line):
                    yield f"{name}:{number}: {what}"


PROTOTYPE = re.compile(r"^(?!typedef|static|extern|#|return|DEFINE|DECLARE)[A-Za-z_][\w \*]*\b(\w+)\(.*")


def documented(name, lines):
    """Prototypes of the driver's headers stand in a block, without an empty line, that begins with a comment."""
    if not (name.startswith("drivers/") and name.endswith(".h")):
        return
    commented = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            commented = False
        elif "/*" in line or "*/" in line:
            commented = True
        elif PROTOTYPE.match(line) and not commented:
            yield f"{name}:{number}: prototype without a comment: {line.strip()[:60]}"


RULES = ((spdx, "every_file_names_its_licence"), (shape, "lines_are_clean_and_at_most_120_columns"),
         (length, "files_have_at_most_800_lines"), (functions, "functions_have_at_most_75_lines"),
         (forbidden, "no_word_of_how_the_project_is_made"), (c90, "the_driver_is_c90"),
         (documented, "every_prototype_of_the_driver_is_documented"))


def main():
    t = tap.Tap()
    contents = {name: lines for name in files() if not name.endswith(DATA) or name.startswith(TABLES)
                for lines in [read(name)] if lines is not None}
    t.check(len(contents) > 50, "the_tree_was_read", len(contents))
    for rule, title in RULES:
        t.none([finding for name, lines in contents.items() for finding in rule(name, lines)], title)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
