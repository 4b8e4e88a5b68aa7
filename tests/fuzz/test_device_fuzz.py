#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The device model under libFuzzer, a bounded number of executions; how a finding is told; bad input."""

import io
import json
import os
import stat
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import fuzz  # noqa: E402
from tap import Tap  # noqa: E402

RUNS = 40000
LEAST = {"lines": 90.0, "branches": 80.0}  # percent of device/
BREAKS = """#!/bin/sh
echo 'device_fuzz: a planted rule: 2, allowed 1' >&2
echo "Test unit written to $HERE/crash-1" >&2
exit 77
"""


def called(arguments, out):
    """Status, stdout and stderr of the command on another output folder."""
    told, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(errors):
        try:
            status = fuzz.guarded(lambda: fuzz.fuzz(fuzz.parse(arguments), out))
        except SystemExit as end:
            status = end.code
    return status, told.getvalue(), errors.getvalue()


def links(folder):
    """A folder with the built programs and seeds, and a corpus of its own."""
    os.makedirs(os.path.join(folder, "fuzz", "device"))
    for name in ("device_fuzz", "device_fuzz_coverage", "device/seeds"):
        os.symlink(os.path.join(ROOT, "out", "fuzz", name), os.path.join(folder, "fuzz", name))


def bounded(tap, folder):
    status, told, errors = called(["--runs", str(RUNS), "--json"], folder)
    result = json.loads(told or "{}")
    tap.check(status == 0, f"{RUNS} executions break no rule", errors)
    tap.check(result.get("executions", 0) >= RUNS, "all of them were run", told)
    tap.check(all(result.get(what, 0) >= least for what, least in LEAST.items()), f"coverage is at least {LEAST}", told)
    tap.note(f"{result}")
    again = json.loads(called(["--runs", "1000", "--json"], folder)[1])
    tap.check(again["executions_of_all_runs"] > RUNS + 500 and again["inputs"] >= result["inputs"],
              "the next run begins with the corpus of the last", again)


def findings(tap, folder):
    program = os.path.join(folder, "fuzz", "device_fuzz")
    os.remove(program)
    with open(program, "w", encoding="ascii") as file:
        file.write(BREAKS.replace("$HERE", folder))
    os.chmod(program, stat.S_IRWXU)
    status, _, errors = called(["--runs", "1", "--json"], folder)
    tap.check(status == 1 and f"--replay {folder}/crash-1" in errors and "a planted rule" in errors,
              "a finding ends the run with the line that replays it", errors)
    seed = os.path.join(folder, "fuzz", "device", "seeds", "row-aero")
    tap.check(called(["--replay", seed], folder)[0] == 1, "a replay that breaks a rule fails")


def bad_input(tap):
    for arguments in (["--target", "moon"], ["--seconds", "0"], ["--runs", "x"], ["--replay", "/no/such"], ["more"]):
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "fuzz.py"), *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        good = done.returncode == 2 and not done.stdout and len(done.stderr.splitlines()) == 1
        tap.check(good and done.stderr.startswith("aero-snd: "), f"{arguments}: one line", done.stderr)


def bad_folders(tap):
    """What lies where the fuzzer's own things should be."""
    def told(name, word):
        status, output, errors = called(["--runs", "1"], folder)
        good = status == 2 and not output and len(errors.splitlines()) == 1 and word in errors
        tap.check(good, f"{name}: one line", errors)

    with tempfile.TemporaryDirectory() as folder:
        told("no program", "device_fuzz: there is no such program")
        with open(os.path.join(folder, "fuzz"), "w", encoding="ascii"):
            told("a file instead of the folder", "fuzz/device")
        os.remove(os.path.join(folder, "fuzz"))
        links(folder)
        with open(os.path.join(folder, "fuzz", "device", "executions"), "w", encoding="ascii"):
            told("a number of executions that was cut", "executions: is no number")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        links(folder)
        bounded(tap, folder)
        findings(tap, folder)
    bad_input(tap)
    bad_folders(tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
