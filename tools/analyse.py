#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd analyse: what analysers find in the C sources, less what tools/analyse-answers.tsv answers.

Each answer names tool, check and file, a part of the message, and why the finding is none. An answer to which nothing
is found any more is itself a finding.
"""

import json
import os
import re
import subprocess
import sys

from arguments import Parser, die

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNITS = os.path.join("out", "analyse", "units")  # made by mk/analyse.mk
ANSWERS = os.path.join("tools", "analyse-answers.tsv")
UNIT_TESTS = os.path.join("out", "plain", "tests")
FOUND = re.compile(r"^([^\s:][^:\n]*):(\d+)(?::\d+)?: (?:warning|error): (.*?)(?: \[CWE-\d+\])?"
                   r"(?: \[([^\]\s]+)\])?$", re.MULTILINE)
# Everything of these families but what speaks of style, of C11's bounds-checked library, or of GNU names.
TIDY_CHECKS = ",".join((
    "-*", "clang-analyzer-*", "bugprone-*", "cert-*", "misc-redundant-expression", "portability-*",
    "-bugprone-easily-swappable-parameters", "-bugprone-reserved-identifier", "-cert-dcl37-c", "-cert-dcl51-cpp",
    "-bugprone-narrowing-conversions", "-bugprone-implicit-widening-of-multiplication-result", "-cert-err33-c",
    "-cert-dcl16-c", "-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling"))


class Unit:
    """A set of sources that are compiled alike."""

    def __init__(self, line):
        self.name, self.gcc, gcc_flags, clang_flags, sources = line.rstrip("\n").split("|")
        self.gcc_flags, self.clang_flags, self.sources = gcc_flags.split(), clang_flags.split(), sources.split()

    def defines_and_includes(self):
        """Without the system's headers, which cppcheck knows of its own."""
        own = [flag for flag in self.gcc_flags if flag.startswith(("-D", "-Ib", "-Id", "-Io", "-It"))]
        return own + (["-D_AMD64_", "-D_WIN64"] if self.name.startswith("driver") else ["-D__x86_64__"])


def output(command):
    done = subprocess.run(command, cwd=ROOT, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout, done.returncode


def findings_in(tool, text):
    """[(tool, check, file, line, message)], each once."""
    seen = {}
    for path, line, message, check in FOUND.findall(text):
        path = os.path.relpath(os.path.join(ROOT, path), ROOT)
        seen[(tool, check or "-", path, int(line), message)] = None
    return list(seen)


def cppcheck(unit):
    form = "{file}:{line}: warning: {message} [{id}]"
    text, status = output(["cppcheck", "-q", "--enable=warning,performance,portability", "--error-exitcode=0",
                           f"--template={form}", *unit.defines_and_includes(), *unit.sources])
    return findings_in("cppcheck", text), status


def each(tool, command, unit):
    """The tool on one source after the other: what it finds in one depends on no other."""
    findings, worst = [], 0
    for source in unit.sources:
        text, status = output(command(source))
        findings += findings_in(tool, text)
        worst = worst or status
    return findings, worst


def without_errors(flags):
    return [flag for flag in flags if flag != "-Werror"]


def fanalyzer(unit):
    flags = without_errors(unit.gcc_flags)
    return each("fanalyzer", lambda source: [unit.gcc, *flags, "-fanalyzer", "-c", source, "-o", "/dev/null"], unit)


def clang_tidy(unit):
    flags = without_errors(unit.clang_flags)
    return each("clang-tidy", lambda source: ["clang-tidy-14", "--quiet", f"--checks={TIDY_CHECKS}", source, "--",
                                              *flags], unit)


TOOLS = {"cppcheck": cppcheck, "fanalyzer": fanalyzer, "clang-tidy": clang_tidy}


def memcheck(program):
    """Findings of valgrind in one program without sanitizers."""
    text, status = output(["valgrind", "--quiet", "--leak-check=full", "--error-exitcode=99",
                           "--errors-for-leak-kinds=definite,indirect", program])
    why = next((line for line in text.splitlines() if line.startswith("==")), "the test itself failed")
    name = os.path.relpath(program, ROOT)
    return [("valgrind", "memcheck", name, 0, why)] if status else []


def unit_programs():
    folder = os.path.join(ROOT, UNIT_TESTS)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [os.path.join(folder, name) for name in names if name.startswith("unit_")]


def read_units():
    path = os.path.join(ROOT, UNITS)
    if not os.path.isfile(path):
        die(f"{UNITS} is not built: make analyse-build")
    with open(path, encoding="utf-8") as file:
        return [Unit(line) for line in file]


def read_answers():
    """[(tool, check, file, part of the message, reason)]"""
    with open(os.path.join(ROOT, ANSWERS), encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    wrong = [row for row in rows if len(row) != 5 or not all(row)]
    if wrong:
        die(f"{ANSWERS}: not five columns: {wrong[0]}")
    return rows


def answer_to(finding, answers):
    tool, check, path, _, message = finding
    for answer in answers:
        if (tool, check, path) == tuple(answer[:3]) and answer[3] in message:
            return answer
    return None


def analyse(wanted, say):
    """Runs pairs of (tool, unit); (rows of the table, unanswered findings). Every answer to those pairs is needed."""
    answers, used, rows, unanswered = read_answers(), [], [], []
    for tool, unit in wanted:
        say(f"analyse: {tool} on {unit.name}, {len(unit.sources)} sources")
        findings, status = TOOLS[tool](unit)
        if status and not findings:
            unanswered.append((tool, "failed", unit.name, 0, f"it ended with status {status}"))
        answered = [answer_to(finding, answers) for finding in findings]
        used += [answer for answer in answered if answer]
        unanswered += [finding for finding, answer in zip(findings, answered) if not answer]
        rows.append({"tool": tool, "set": unit.name, "sources": len(unit.sources), "findings": len(findings),
                     "answered": sum(answer is not None for answer in answered)})
    looked_at = {(tool, source) for tool, unit in wanted for source in unit.sources}
    unanswered += [(answer[0], answer[1], answer[2], 0, "the answer is stale: nothing is found") for answer in answers
                   if (answer[0], answer[2]) in looked_at and answer not in used]
    return rows, unanswered


def run_memcheck(say):
    programs, found = unit_programs(), []
    for program in programs:
        say(f"analyse: valgrind on {os.path.basename(program)}")
        found += memcheck(program)
    row = {"tool": "valgrind", "set": "unit tests", "sources": len(programs), "findings": len(found), "answered": 0}
    return [row], found if programs else [("valgrind", "failed", UNIT_TESTS, 0, "no unit test is built")]


def report(rows, unanswered, as_json):
    if as_json:
        print(json.dumps({"runs": rows, "unanswered": unanswered}, indent=2))
        return
    print(f"{'tool':<12} {'set':<16} {'sources':>8} {'findings':>9} {'answered':>9}")
    for row in rows:
        print(f"{row['tool']:<12} {row['set']:<16} {row['sources']:>8} {row['findings']:>9} {row['answered']:>9}")
    for tool, check, path, line, message in unanswered:
        print(f"{path}:{line}: {message} [{tool} {check}]")


def main():
    parser = Parser(prog="aero-snd analyse", description="Analyses the C sources; only what has no answer is shown.")
    parser.add_argument("--tool", choices=[*TOOLS, "valgrind"], action="append", help="this one alone; may repeat")
    parser.add_argument("--json", action="store_true", help="the result for programs")
    options = parser.parse_args()
    tools = options.tool or [*TOOLS, "valgrind"]

    def say(text):
        sys.stderr.write(text + "\n")

    rows, unanswered = analyse([(tool, unit) for tool in tools if tool in TOOLS for unit in read_units()], say)
    if "valgrind" in tools:
        more, found = run_memcheck(say)
        rows, unanswered = rows + more, unanswered + found
    report(rows, unanswered, options.json)
    return 1 if unanswered else 0


if __name__ == "__main__":
    sys.exit(main())
