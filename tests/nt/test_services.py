#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The kernel of the bench does what Windows documents: a driver checks it from inside, on both architectures. Also: two
runs with the same seed leave the same trace. Prints TAP."""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import tap  # noqa: E402

OUT = os.environ.get("OUT", "out")
BENCH = os.path.join(OUT, "host", "aero-bench")
LINE = re.compile(r"DbgPrint: (ok|not ok) (\w+)")
EXPECTED_CHECKS = 42
SECONDS = 60


def run(arch, trace, *more):
    driver = os.path.join(OUT, "tests", "nt", arch, "services.sys")
    return subprocess.run([BENCH, "load", driver, "--arch", arch, "--verbose", "--trace", trace, *more],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)


def contents(path):
    """Bytes of a trace; none when the run left no trace."""
    if not os.path.exists(path):
        return None
    with open(path, "rb") as stream:
        return stream.read()


def main():
    results = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        for arch in ("x86", "x64"):
            traces = [os.path.join(folder, f"{arch}{number}") for number in (1, 2)]
            ran = run(arch, traces[0])
            lines = LINE.findall(ran.stdout)
            for verdict, name in lines:
                results.check(verdict == "ok", f"{arch}: {name}")
            results.check(ran.returncode == 0 and len(lines) == EXPECTED_CHECKS, f"{arch}: every_service_is_checked",
                          f"exit status {ran.returncode}, {len(lines)} checks", ran.stdout)
            for seed in ("3", "4"):
                again = [run(arch, trace, "--seed", seed).returncode for trace in traces]
                same = contents(traces[0]) is not None and contents(traces[0]) == contents(traces[1])
                results.check(again[0] == again[1] and same, f"{arch}: seed_{seed}_leaves_the_same_trace_twice")
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
