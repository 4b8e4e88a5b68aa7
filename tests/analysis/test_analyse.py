#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Analysers on the C sources, as many as CI has time for, and a defect that each of them must see.

./aero-snd analyse runs them all on everything.
"""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import analyse  # noqa: E402
from tap import Tap  # noqa: E402

# clang-tidy takes a second for each source, gcc half of one for each of the driver: short sets stand for all.
BOUNDED = {"cppcheck": ("device", "host", "guest", "seat", "fuzz", "driver-contract", "driver-legacy", "driver-ioport"),
           "fanalyzer": ("device", "host", "seat", "driver-ioport"), "clang-tidy": ("driver-ioport",)}
MEMCHECK = ("unit_pcm", "unit_xfer")  # of 18 programs; two seconds each
DEFECTS = """
#include <stdlib.h>
#include <string.h>
int last(const char *text);
int last(const char *text)
{
    int values[4] = {0};
    char *copy = malloc(strlen(text) + 1);
    if (!copy)
        return 0;
    strcpy(copy, text);
    if (*copy == 'x')
        return values[0] / values[1];
    free(copy);
    return *copy + values[sizeof(values) / sizeof(values[0])];
}
"""
LEAKS = """
#include <stdlib.h>
int main(int count, char **words)
{
    char *volatile lost = malloc(16);
    lost = words[0];
    return lost && count ? 0 : 1;
}
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def planted(tap, folder):
    source = write(folder, "defects.c", DEFECTS)
    unit = analyse.Unit(f"planted|gcc|-std=c11 -O2|-std=c11|{source}")
    for tool, run in analyse.TOOLS.items():
        tap.check(run(unit)[0], f"{tool} sees a planted defect")
    rows, unanswered = analyse.analyse([("cppcheck", unit)], lambda text: None)
    tap.check(rows[0]["findings"] > 0 and len(unanswered) == rows[0]["findings"], "what has no answer is told", rows)
    program = os.path.join(folder, "leaks")
    subprocess.run(["gcc", "-g", write(folder, "leaks.c", LEAKS), "-o", program], check=True)
    tap.check(analyse.memcheck(program), "valgrind sees a planted leak")


def memory(tap):
    programs = [program for program in analyse.unit_programs() if os.path.basename(program) in MEMCHECK]
    tap.check(len(programs) == len(MEMCHECK), f"{' and '.join(MEMCHECK)} are built without sanitizers", programs)
    for program in programs:
        tap.none(analyse.memcheck(program), f"valgrind finds nothing in {os.path.basename(program)}")


def stale(tap):
    units = [unit for unit in analyse.read_units() if unit.name == "driver-legacy"]
    answers = analyse.read_answers()
    read, more = analyse.read_answers, ["cppcheck", "nothing", units[0].sources[0], "nothing", "to be found"]
    try:
        analyse.read_answers = lambda: answers + [more]
        unanswered = analyse.analyse([("cppcheck", units[0])], lambda text: None)[1]
    finally:
        analyse.read_answers = read
    tap.check([finding[4] for finding in unanswered] == ["the answer is stale: nothing is found"],
              "an answer to nothing is told", unanswered)


def bad_input(tap):
    for arguments in (["--tool", "eyes"], ["more"]):
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "analyse.py"), *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        good = done.returncode == 2 and not done.stdout and len(done.stderr.splitlines()) == 1
        tap.check(good and done.stderr.startswith("aero-snd: "), f"{arguments}: one line", done.stderr)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        planted(tap, folder)
    stale(tap)
    memory(tap)
    units = analyse.read_units()
    for tool, sets in BOUNDED.items():
        rows, unanswered = analyse.analyse([(tool, unit) for unit in units if unit.name in sets], lambda text: None)
        tap.none(unanswered, f"{tool}: every finding in {sum(row['sources'] for row in rows)} sources has its answer")
    bad_input(tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
