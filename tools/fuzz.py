#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd fuzz: libFuzzer on one target, from the corpus where the last run left it.

Everything lies in out/fuzz/TARGET/: seeds (made by the build), corpus (grows), findings (inputs that broke a rule).
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

import fuzz_lines
from arguments import Parser, die, guarded, write_whole

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGETS = ("device", "driver")
DEVICE_SOURCES = "device/"
# The driver: one input is a life of some tens of milliseconds; it has no room for more than 48 deviations.
ARGUMENTS = {"device": ["-use_value_profile=1"], "driver": ["-len_control=0", "-max_len=484", "-timeout=600"]}
IMAGES = ("x64/aero_virtio_snd", "x86/aero_virtio_snd", "x64/virtiosnd_ioport", "x86/virtiosnd_ioport",
          "x64/virtiosnd_legacy", "x86/virtiosnd_legacy")
PROGRESS_SECONDS = 5
STATUS = re.compile(r"^#(\d+)\s+\S+\s+(?:cov: \d+ )?ft: (\d+) ")
EXECUTED = re.compile(r"^stat::number_of_executed_units: (\d+)", re.MULTILINE)
FINDING = re.compile(r"Test unit written to (\S+)")
WHY = re.compile(r"(?:_fuzz: .*|SUMMARY: .*|runtime error: .*)")
LIFE = re.compile(r"^life: .*", re.MULTILINE)
CANNOT = 2  # status of a fuzzer that could not go on: nothing about the input
FAILED = re.compile(r"^aero-bench: (.*)", re.MULTILINE)  # why
BOUNDS = ["-timeout=120", "-rss_limit_mb=2048", "-malloc_limit_mb=512", "-print_final_stats=1",
          "-report_slow_units=1000"]  # how long an input takes is the machine's affair


class Folder:
    """What belongs to a target."""

    def __init__(self, target, out):
        self.target = target
        self.program = os.path.join(out, "fuzz", f"{target}_fuzz")
        self.base = os.path.join(out, "fuzz", target)
        self.seeds = os.path.join(self.base, "seeds")
        self.corpus = os.path.join(self.base, "corpus")
        self.findings = os.path.join(self.base, "findings")
        self.reached = os.path.join(self.base, "reached")  # driver: blocks executed in all runs
        if not os.path.isfile(self.program):
            die(f"{self.program}: there is no such program; ./aero-snd fuzz builds it")
        for folder in (self.seeds, self.corpus, self.findings):
            os.makedirs(folder, exist_ok=True)

    def kept(self):
        """Inputs of the corpus: what all runs added to the seeds."""
        return len(os.listdir(self.corpus))

    def total(self, more):
        """Executions of all runs on this corpus, with `more` new ones."""
        path = os.path.join(self.base, "executions")
        before = 0
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                text = file.read()
            if not text.strip().isdecimal():
                die(f"{path}: is no number of executions")
            before = int(text)
        write_whole(path, f"{before + more}\n")
        return before + more


class Watch:
    """What libFuzzer tells on its stderr, and how it goes."""

    def __init__(self, folder, quiet):
        self.folder, self.quiet = folder, quiet
        self.lines, self.shown, self.executed = [], time.monotonic(), 0

    def read(self, process):
        """To its end."""
        for line in process.stderr:
            status = STATUS.match(line)
            if not status:
                self.lines.append(line)
                continue
            self.executed = int(status.group(1))
            if not self.quiet and time.monotonic() - self.shown > PROGRESS_SECONDS:
                self.shown = time.monotonic()
                sys.stderr.write(f"fuzz: {self.executed} executions, {status.group(2)} features, "
                                 f"{self.folder.kept()} inputs kept\n")

    def text(self):
        return "".join(self.lines)

    def executions(self):
        said = EXECUTED.search(self.text())
        return int(said.group(1)) if said else self.executed


def failed(status, text):
    why = FAILED.findall(text) or text.strip().splitlines()[-1:]
    die(f"the fuzzer itself failed with status {status}: {'; '.join(why)}")


def run(folder, arguments, quiet):
    """(executions, finding or None, reason); the reason None: it was stopped by Ctrl-C"""
    command = [folder.program, *BOUNDS, f"-artifact_prefix={folder.findings}/", *arguments, folder.corpus, folder.seeds]
    environment = dict(os.environ, DRIVER_FUZZ_REACHED=folder.reached)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                          env=environment) as process:
        told = Watch(folder, quiet)
        try:
            told.read(process)
            status = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # a terminal has told it too
            told.read(process)
            return told.executions(), None, None
    text = told.text()
    finding, why = FINDING.search(text), WHY.search(text)
    if status and not finding:
        failed(status, text)
    return told.executions(), finding.group(1) if finding else None, why.group(0) if why else ""


def percent(parts):
    return round(100.0 * sum(parts) / len(parts), 1)


def device_coverage(folder):
    """Percent of lines and branches of device/ that corpus and seeds execute."""
    profile = os.path.join(folder.base, "profile")
    program = folder.program + "_coverage"
    environment = dict(os.environ, LLVM_PROFILE_FILE=profile + ".raw")
    subprocess.run([program, "-runs=0", folder.corpus, folder.seeds], env=environment, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["llvm-profdata-14", "merge", "-o", profile, profile + ".raw"], check=True)
    told = subprocess.run(["llvm-cov-14", "export", "-summary-only", f"-instr-profile={profile}", program,
                           os.path.join(ROOT, DEVICE_SOURCES)], check=True, stdout=subprocess.PIPE).stdout
    totals = json.loads(told)["data"][0]["totals"]
    return {what: round(totals[what]["percent"], 1) for what in ("lines", "branches")}


def driver_lines(folder):
    """{(file, line): executed} of all images, and whether each basic block of the first one was."""
    with open(folder.reached, "rb") as file:
        reached = file.read()
    size, lines, blocks = len(reached) // len(IMAGES), {}, None
    for number, name in enumerate(IMAGES):
        counters = reached[number * size:(number + 1) * size]
        of_image, of_blocks = fuzz_lines.executed(os.path.join(folder.base, name + ".sys"), counters)
        blocks = blocks or of_blocks
        for place, was in of_image.items():
            lines[place] = lines.get(place, False) or was
    return lines, blocks


def driver_coverage(folder):
    """Percent of lines of the driver and of basic blocks of its first image that all runs have executed."""
    lines, blocks = driver_lines(folder)
    return {"lines": percent(lines.values()), "blocks": percent(blocks.values())}


COVERAGE = {"device": device_coverage, "driver": driver_coverage}


def replay(folder, path):
    """Runs one input; the exit status of the whole program."""
    if not os.path.isfile(path):
        die(f"no such input: {path}")
    done = subprocess.run([folder.program, *BOUNDS, path], stderr=subprocess.PIPE, text=True, errors="replace",
                          check=False, env=dict(os.environ, DRIVER_FUZZ_TELLS="1"))
    if done.returncode == CANNOT:
        failed(done.returncode, done.stderr)
    sys.stderr.write(done.stderr if done.returncode else "")
    for life in LIFE.findall(done.stderr):
        print(life)
    print("breaks a rule" if done.returncode else "nothing found")
    return 1 if done.returncode else 0


def report(result, as_json):
    if as_json:
        print(json.dumps(result, indent=2))
        return
    rows = [("target", result["target"]), ("executions", result["executions"]),
            ("of all runs", result["executions_of_all_runs"]), ("inputs kept", result["inputs"]),
            *((f"{what} executed", f"{result[what]} %") for what in ("lines", "branches", "blocks") if what in result),
            ("found", result["finding"] or "nothing")]
    for name, value in rows:
        print(f"{name:<18} {value}")


def fuzz(options, out):
    folder = Folder(options.target, out)
    if options.replay:
        return replay(folder, options.replay)
    bound = f"-runs={options.runs}" if options.runs is not None else f"-max_total_time={options.seconds}"
    executed, finding, why = run(folder, [bound, f"-seed={options.seed}", *ARGUMENTS[options.target]], options.json)
    total = folder.total(executed)
    if why is None:
        sys.stderr.write(f"aero-snd: fuzz: stopped after {executed} executions, {total} of all runs, {folder.kept()} "
                         "inputs kept; the same command goes on\n")
        return 128 + signal.SIGINT
    result = {"target": options.target, "executions": executed, "executions_of_all_runs": total,
              "inputs": folder.kept(), "finding": why if finding else None}
    result.update(COVERAGE[options.target](folder))
    report(result, options.json)
    if finding:
        sys.stderr.write(f"aero-snd: {why}; replay: ./aero-snd fuzz --target {options.target} --replay {finding}\n")
    return 1 if finding else 0


def natural(text):
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def parse(arguments):
    parser = Parser(prog="aero-snd fuzz", description="Fuzzes a part of the project; goes on where it was stopped.")
    parser.add_argument("--target", choices=TARGETS, default="device", help="what is fuzzed")
    parser.add_argument("--seconds", type=natural, default=60, help="how long (60)")
    parser.add_argument("--runs", type=natural, help="how many executions, instead of how long")
    parser.add_argument("--seed", type=natural, default=1, help="of the fuzzer's choices (1)")
    parser.add_argument("--replay", metavar="FILE", help="runs one input of out/fuzz/TARGET/findings")
    parser.add_argument("--json", action="store_true", help="the result for programs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    given = parse(sys.argv[1:])
    sys.exit(guarded(lambda: fuzz(given, os.path.join(ROOT, "out"))))
