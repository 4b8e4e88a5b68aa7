#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd soak: a lap of every image before every device, and that a lap can fail."""

import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import BENCH, OUT, BenchCopy, Folder, add_test, equal, main, refused, run, run_json, true  # noqa: E402

RULES = os.path.join(OUT, "tests", "rules", "x64")
CELLS = 20
SCENARIOS = 63
SECONDS = 5850  # that a lap of each cell and one or two more take
BOUNDED = ("--seconds", str(SECONDS), "--jobs", "1")
FIELDS = ("number", "status", "scenarios", "virtual_ns", "leaks", "pool", "first", "last", "host", "host_growth")
NOTHING = {"violations": 0, "failures": 0, "leaks": 0, "grown": 0}


class Workshop(BenchCopy):
    """With a journal of its own."""

    def soak(self, *options):
        return run_json(["soak", *options], self.bench())

    def driver(self):
        """That of the first cell."""
        return self("drivers", "windows7", "virtio-snd", "x64", "aero_virtio_snd.sys")

    def journal(self):
        names = os.listdir(self("soak"))
        equal(len(names), 1, f"journals: {names}")
        return self("soak", names[0])


def good(status, result, errors, what):
    equal({key: result[key] for key in NOTHING}, NOTHING, f"{what}: {errors}")
    equal((status, result["replays"]), (0, []), f"{what}: status {errors}")
    equal(result["scenarios"], SCENARIOS * result["laps"], f"{what}: scenarios")
    equal(result["went_well"], result["laps"], f"{what}: went well")


def fields(line):
    """What of a lap is the same each time: number, status, scenarios, virtual time, leaks and pool."""
    return tuple(line.split()[:6])


def every_image_and_device_has_a_lap_and_a_cut_journal_is_completed():
    with Workshop() as shop:
        status, whole, errors = shop.soak(*BOUNDED)
        good(status, whole, errors, "a lap of each")
        equal(len(whole["cells"]), CELLS, "cells")
        true(whole["virtual_seconds"] >= SECONDS, f"{whole['virtual_seconds']} s")
        for cell in whole["cells"]:
            true(cell["pool_least_bytes"] > 1000, f"streams without pool: {cell}")
            true(cell["guest_most_kib"] > 100 and cell["host_most_kib"] > 100, f"no memory: {cell}")
        with open(shop.journal(), encoding="ascii") as file:
            lines = file.readlines()
        with open(shop.journal(), "w", encoding="ascii") as file:
            file.writelines(lines[:4] + lines[5:-1] + [lines[-1][:-4]])
        status, again, errors = shop.soak(*BOUNDED)
        good(status, again, errors, "completed")
        true(again["virtual_seconds"] >= SECONDS, f"completed: {again['virtual_seconds']} s")
        with open(shop.journal(), encoding="ascii") as file:
            completed = {fields(line) for line in file if line.endswith(".\n")}
        true(fields(lines[4]) in completed, f"run again, and the same: {lines[4]} {completed}")
        true(completed <= {fields(line) for line in lines}, f"the same laps: {completed}")


def the_same_lap_is_the_same():
    with Workshop() as shop:
        for lap in ("5", "6"):
            first, second = (shop.soak("--replay", lap, "--seconds", "600", "--seed", "9") for _ in range(2))
            good(*first, f"lap {lap}")
            for key in ("virtual_seconds", "pool_least_bytes", "guest_growth_kib"):
                equal(second[1][key], first[1][key], f"lap {lap}: {key}")


def a_lap_that_fails_says_how_to_run_it_again(name, verdict, status, word):
    with Workshop() as shop:
        shutil.copy(os.path.join(RULES, name + ".sys"), shop.driver())
        got, result, errors = shop.soak("--seconds", "3", "--jobs", "1", "--seed", "4")
        equal(got, status, f"status {errors}")
        true(result[verdict] >= 1, f"{verdict}: {result}")
        again = "./aero-snd soak --replay 0 --seconds 3 --seed 4"
        true(again in errors and word in errors, errors)
        true(again in result["replays"], f"replays: {result['replays']}")
        equal(shop.soak("--seconds", "3", "--jobs", "1", "--seed", "4")[1], result, "with nothing left to run")
        got, result, errors = shop.soak(*again.split()[2:])
        equal((got, result["laps"]), (status, 1), f"replayed: {errors}")


def another_journal_is_one_of_this_soak():
    with Folder() as folder:
        options = ["--seconds", "3", "--jobs", "1", "--resume", folder("journal")]
        first = run_json(["soak", *options])
        good(*first, "first")
        equal(run_json(["soak", *options])[1], first[1], "with nothing left to run")
        refused(["soak", *options, "--seed", "2"], "is no journal")
        refused(["soak", *options, "--fresh"], "--resume and --fresh")
        refused(["soak", "--resume", folder("no/such")], "no/such")


def lap_line(lap, **changes):
    """A journal's line of a lap, a dictionary by FIELDS."""
    return " ".join(str({**lap, **changes}[name]) for name in FIELDS) + ".\n"


class OneLap(Folder):
    """A soak of one lap, and journals of it that are made up."""

    OPTIONS = ("--seconds", "3", "--jobs", "1")

    def __enter__(self):
        super().__enter__()
        good(*run_json(["soak", *self.OPTIONS, "--resume", self("journal")]), "a lap")
        with open(self("journal"), encoding="ascii") as file:
            self.header, line = file.readlines()
        self.lap = dict(zip(FIELDS, line.rstrip(".\n").split()))
        return self

    def judged(self, *lines, how=run_json):
        with open(self("journal"), "w", encoding="ascii") as file:
            file.writelines([self.header, *lines])
        return how(["soak", *self.OPTIONS, "--resume", self("journal")])


def a_lap_counts_once():
    with OneLap() as soak:
        line, bad = lap_line(soak.lap), lap_line(soak.lap, status=1)
        good(*soak.judged(line, line), "twice")
        equal(soak.judged(line, line)[1], soak.judged(line)[1], "twice")
        for lines in ((line, bad), (bad, line), (line, bad, line)):
            status, result, errors = soak.judged(*lines)
            equal((status, result["laps"], result["failures"]), (1, 1, 1), f"{lines}: {errors}")


def a_lap_that_is_not_whole_or_leaves_something_is_not_good():
    replays = ["./aero-snd soak --replay 0 --seconds 3 --seed 1"]
    with OneLap() as soak:
        true("1 of 1 laps" in soak.judged(lap_line(soak.lap), how=run).stdout, "one is good")
        for changes in ({"scenarios": SCENARIOS - 1}, {"scenarios": SCENARIOS + 1}, {"leaks": 2}, {"last": 99999},
                        {"status": 1}, {"status": 3}):
            line = lap_line(soak.lap, **changes)
            status, result, errors = soak.judged(line)
            equal((status, result["went_well"], result["replays"]), (changes.get("status", 1), 0, replays),
                  f"{changes}: {errors}")
            said = soak.judged(line, how=run).stdout
            true("0 of 1 laps" in said, f"{changes}: {said}")


def what_a_host_process_held_is_shown_by_another_journal():
    with OneLap() as soak:
        status, result, errors = soak.judged(lap_line(soak.lap, host_growth=99999))
        again = "./aero-snd soak --resume $(mktemp) --jobs 1 --seconds 3 --seed 1"
        equal((status, result["went_well"], result["grown"], result["replays"]), (1, 1, 1, [again]), errors)
    with tempfile.TemporaryDirectory() as folder:  # in whose name is no blank
        shell = again.replace("./aero-snd", BENCH).replace("mktemp", f"mktemp -p {folder}")
        for pasted in (1, 2):
            good(*run_json(["-c", shell + ' "$@"', "again"], "sh"), f"pasted {pasted} times")
            equal(len(os.listdir(folder)), pasted, "journals")


def a_journal_keeps_laps_or_there_is_nothing_to_judge():
    with Folder() as folder:
        for path in ("/dev/null", folder(".")):
            refused(["soak", "--resume", path, "--seconds", "3"], path, "is no regular file")
        path = folder("journal")
        command = [BENCH, "soak", "--seconds", "3", "--jobs", "1", "--resume", path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            while running.poll() is None and not (os.path.exists(path) and os.path.getsize(path)):
                time.sleep(0.01)
            os.unlink(path)  # before the lap that is run has ended
            output, errors = running.communicate()
        equal((running.returncode, output), (4, ""), errors)
        true("no lap that could be judged" in errors, errors)


def bad_command_lines_are_refused():
    refused(["soak", "file.wav"], "file.wav")
    refused(["soak", "--seconds", "0"], "--seconds")
    refused(["soak", "--replay", "first"], "--replay", "first")
    refused(["soak", "--replay", "0", "--fresh"], "--replay and --fresh")
    refused(["soak", "--device", "model:aero"], "--device")
    refused(["play", "--replay", "1", "x.wav"], "--replay")


add_test("every_image_and_device_has_a_lap_and_a_cut_journal_is_completed",
         every_image_and_device_has_a_lap_and_a_cut_journal_is_completed)
add_test("the_same_lap_is_the_same", the_same_lap_is_the_same)
add_test("a_lap_that_breaks_a_rule_is_told",
         lambda: a_lap_that_fails_says_how_to_run_it_again("bad_free", "violations", 3, "BAD_FREE"))
add_test("a_driver_that_does_not_start_is_told",
         lambda: a_lap_that_fails_says_how_to_run_it_again("control", "failures", 1, "failed in"))
add_test("another_journal_is_one_of_this_soak", another_journal_is_one_of_this_soak)
add_test("a_lap_counts_once", a_lap_counts_once)
add_test("a_lap_that_is_not_whole_or_leaves_something_is_not_good",
         a_lap_that_is_not_whole_or_leaves_something_is_not_good)
add_test("what_a_host_process_held_is_shown_by_another_journal", what_a_host_process_held_is_shown_by_another_journal)
add_test("a_journal_keeps_laps_or_there_is_nothing_to_judge", a_journal_keeps_laps_or_there_is_nothing_to_judge)
add_test("bad_command_lines_are_refused", bad_command_lines_are_refused)
main()
