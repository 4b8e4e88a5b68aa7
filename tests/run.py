#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs test programs that print TAP, some at a time, and counts what they say.

A program counts as one failure more when it ends with a signal or runs out of
time, when it prints no TAP, fewer tests than its plan, or exits with a status
that its tests do not explain. Last line: N passed, N failed, N skipped.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import time

TEST_LINE = re.compile(r"^(not )?ok\b(?:\s+(\d+))?\s*(?:-\s*)?(.*)$")
PLAN_LINE = re.compile(r"^1\.\.(\d+)\s*(#\s*skip\b.*)?$", re.IGNORECASE)
DIRECTIVE = re.compile(r"#\s*(skip|todo)\b", re.IGNORECASE)
SHOWN_FAILURES = 10
SHOWN_LINES = 15


class Result:
    """What one program said."""

    def __init__(self, command):
        self.command = command
        self.passed = 0
        self.skipped = 0
        self.failures = []  # names, or what is wrong with the program
        self.seconds = 0.0
        self.output = ""

    def judge(self, status, timed_out):
        """Reads the TAP in `output`; `status` as of subprocess (negative: signal)."""
        planned = None
        for line in self.output.splitlines():
            plan = PLAN_LINE.match(line)
            if plan:  # a program with several groups prints several plans
                planned = (planned or 0) + int(plan.group(1))
                if plan.group(2) and plan.group(1) == "0":
                    self.skipped += 1
                continue
            self.judge_test(TEST_LINE.match(line))
        seen = self.passed + self.skipped + len(self.failures)
        if timed_out:
            self.failures.append("(ran out of time)")
        elif status < 0:
            self.failures.append(f"(died by signal {-status}: {signal.strsignal(-status)})")
        elif planned is None:
            self.failures.append("(printed no TAP plan)")
        elif planned > seen:
            self.failures.append(f"(planned {planned} tests, ran {seen})")
        elif status != 0 and not self.failures:
            self.failures.append(f"(all tests passed, but exit status {status})")
        elif seen == 0:
            self.failures.append("(no test ran)")

    def judge_test(self, test):
        if not test:
            return
        directive = DIRECTIVE.search(test.group(3))
        if directive and directive.group(1).lower() == "skip":
            self.skipped += 1
        elif test.group(1) and not directive:
            self.failures.append(test.group(3))
        else:
            self.passed += 1


def command_line(command):
    """Python scripts run with the Python that runs this, whatever PATH says."""
    return [sys.executable, command] if command.endswith(".py") else [os.path.join(".", command)]


def run_one(command, limit):
    result = Result(command)
    start = time.monotonic()
    try:
        process = subprocess.Popen(command_line(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    except OSError as error:
        result.failures.append(f"(cannot be started: {error})")
        return result
    timed_out = False
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        timed_out = True
        os.killpg(process.pid, signal.SIGKILL)  # the session that was started for it, nothing else
        output, _ = process.communicate()
    result.output = output.decode("utf-8", "replace")
    result.seconds = time.monotonic() - start
    result.judge(process.returncode, timed_out)
    return result


def show(result, done, total):
    verdict = "FAIL" if result.failures else "ok"
    print(f"[{done:3}/{total}] {verdict:4} {result.command}  {result.passed} passed"
          + (f", {len(result.failures)} failed" if result.failures else "")
          + (f", {result.skipped} skipped" if result.skipped else "") + f"  {result.seconds:.1f} s")
    if not result.failures:
        sys.stdout.flush()
        return
    for name in result.failures[:SHOWN_FAILURES]:
        print(f"          not ok - {name}")
    lines = [line for line in result.output.splitlines() if not re.match(r"^ok\b", line)]
    for line in lines[-SHOWN_LINES:]:
        print(f"          | {line}")
    sys.stdout.flush()


def keep_log(folder, result):
    if folder:
        os.makedirs(folder, exist_ok=True)
        name = result.command.replace(os.sep, "_") + ".log"
        with open(os.path.join(folder, name), "w", encoding="utf-8") as log:
            log.write(result.output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds for each program")
    parser.add_argument("--logs", help="folder for what each program printed")
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()

    totals = {"passed": 0, "failed": 0, "skipped": 0}
    done = 0
    lock = threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        futures = [pool.submit(run_one, test, options.timeout) for test in options.tests]
        for future in concurrent.futures.as_completed(futures):
            result = future.result()
            with lock:
                done += 1
                totals["passed"] += result.passed
                totals["failed"] += len(result.failures)
                totals["skipped"] += result.skipped
                keep_log(options.logs, result)
                show(result, done, len(options.tests))
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return 1 if totals["failed"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
