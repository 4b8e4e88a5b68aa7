#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""tests/run.py counts what TAP programs say, and believes none that breaks off."""

import os
import stat
import subprocess
import sys

from harness import ROOT, Folder, add_test, equal, main, test, true

RUNNER = os.path.join(ROOT, "tests", "run.py")

# name: (shell script, last line, status)
CASES = {
    "passed_tests_are_counted": ("echo 1..2; echo ok 1 - a; echo ok 2 - b", "2 passed, 0 failed, 0 skipped", 0),
    "failed_test_fails_the_run": ("echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1",
                                  "1 passed, 1 failed, 0 skipped", 1),
    "failed_test_fails_the_run_despite_status_0": ("echo 1..1; echo not ok 1 - b", "0 passed, 1 failed, 0 skipped", 1),
    "skipped_test_is_counted_apart": ("echo 1..2; echo ok 1 - a; echo 'ok 2 - b # SKIP no device'",
                                      "1 passed, 0 failed, 1 skipped", 0),
    "several_plans_add_up": ("echo 1..1; echo ok 1 - a; echo 1..1; echo ok 1 - b", "2 passed, 0 failed, 0 skipped", 0),
    "program_without_tap_fails": ("echo hello", "0 passed, 1 failed, 0 skipped", 1),
    "program_that_prints_nothing_fails": ("exit 0", "0 passed, 1 failed, 0 skipped", 1),
    "plan_without_tests_fails": ("echo 1..3", "0 passed, 1 failed, 0 skipped", 1),
    "empty_plan_fails": ("echo 1..0", "0 passed, 1 failed, 0 skipped", 1),
    "tests_without_plan_fail": ("echo ok 1 - a", "1 passed, 1 failed, 0 skipped", 1),
    "missing_tests_fail": ("echo 1..3; echo ok 1 - a", "1 passed, 1 failed, 0 skipped", 1),
    "crash_after_the_last_test_fails": ("echo 1..1; echo ok 1 - a; kill -SEGV $$", "1 passed, 1 failed, 0 skipped", 1),
    "status_without_a_failed_test_fails": ("echo 1..1; echo ok 1 - a; exit 3", "1 passed, 1 failed, 0 skipped", 1),
    "program_that_hangs_fails": ("echo 1..1; echo ok 1 - a; sleep 60", "1 passed, 1 failed, 0 skipped", 1),
    "bytes_that_are_no_text_do_no_harm": ("echo 1..1; printf '# \\377\\376\\n'; echo ok 1 - a",
                                          "1 passed, 0 failed, 0 skipped", 0),
}


def run(*arguments):
    return subprocess.run([sys.executable, RUNNER, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False)


def script(folder, name, text):
    path = folder.write(name, ("#!/bin/sh\n" + text + "\n").encode())
    os.chmod(path, stat.S_IRWXU)
    return path


def add_case(name, text, last, status):
    def check():
        with Folder() as folder:
            done = run("--timeout", "5", script(folder, "case.sh", text))
            equal((done.stdout.splitlines()[-1], done.returncode), (last, status), done.stdout)

    add_test(name, check)


for case_name, case in CASES.items():
    add_case(case_name, *case)


@test
def program_that_cannot_start_fails():
    done = run("/nonexistent/test")
    equal((done.stdout.splitlines()[-1], done.returncode), ("0 passed, 1 failed, 0 skipped", 1), done.stdout)


@test
def run_without_any_test_fails():
    true(run().returncode != 0, "status")


@test
def output_is_kept_and_failures_are_named():
    with Folder() as folder:
        path = script(folder, "bad.sh", "echo 1..1; echo not ok 1 - stop_hangs; echo '# because'")
        done = run("--logs", folder("logs"), path)
        true("stop_hangs" in done.stdout and "# because" in done.stdout, done.stdout)
        logs = os.listdir(folder("logs"))
        equal(len(logs), 1, "logs")
        with open(folder("logs", logs[0]), encoding="utf-8") as file:
            true("# because" in file.read(), "the log holds what was printed")


main()
