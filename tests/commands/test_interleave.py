#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd interleave: every schedule with one preemption of the short races, a sample of all, replay, bad input."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Folder, add_test, equal, main, refused, run_json, true  # noqa: E402

SHORT = "events,start-capture,events@qemu,start-capture@qemu"
RACES = 19


def short_races_survive_every_schedule_with_one_preemption():
    for arch in ("x64", "x86"):
        status, result, errors = run_json(["interleave", "--arch", arch, "--variant", "contract", "--kind", SHORT,
                                           "--bound", "1"])
        equal((status, result["all"]["broken"]), (0, 0), errors)
        true(result["all"]["schedules"] > 150, f"few schedules: {result['all']}")
        for row in result["races"]:
            true(row["points"] >= 20 and row["schedules"] > 20, f"small: {row}")


def every_race_survives_a_sample_with_two():
    for arch, variant, races in (("x64", "contract", 2 * RACES), ("x86", "legacy", RACES), ("x64", "ioport", RACES)):
        status, result, errors = run_json(["interleave", "--arch", arch, "--variant", variant, "--sample", "1",
                                           "--bound", "1" if variant == "contract" else "0"])
        equal((status, result["all"]["broken"], len(result["races"])), (0, 0, races), errors)


def the_same_seed_draws_the_same_schedules():
    command = ["interleave", "--arch", "x86", "--variant", "contract", "--kind", "stop-capture", "--sample", "4",
               "--seed", "9", "--bound", "1"]
    equal(run_json(command)[1], run_json(command)[1], "the second run")


def a_schedule_is_replayed():
    for schedule in ("none", "3", "3+5.1", "8.1+12"):
        status, result, errors = run_json(["interleave", "--replay", f"x64:contract:stop-capture@qemu:{schedule}"])
        equal((status, result["all"]["schedules"], result["all"]["broken"]), (0, 1, 0), f"{schedule}: {errors}")


def a_schedule_that_is_not_reached_is_named():
    status, result, errors = run_json(["interleave", "--replay", "x64:contract:events:3800"])
    equal((status, result["all"]["broken"]), (1, 1), errors)
    true("the plan '3800' is not reached" in errors, errors)
    true("replay: ./aero-snd interleave --replay x64:contract:events:3800" in errors, errors)


def a_journal_is_gone_on_from():
    with Folder() as folder:
        options = ["--arch", "x64", "--variant", "contract", "--kind", "events", "--bound", "1", "--resume",
                   folder("journal")]
        first = run_json(["interleave", *options])[1]
        with open(folder("journal"), encoding="ascii") as file:
            lines = len(file.readlines())
        equal(run_json(["interleave", *options])[1], first, "with nothing left to run")
        with open(folder("journal"), encoding="ascii") as file:
            equal(len(file.readlines()), lines, "lines of the journal")


def bad_input_is_one_line():
    for options in (["--replay", "x64:contract:events"], ["--replay", "x64:contract:events:1-2"],
                    ["--replay", "arm:contract:events:1"], ["--bound", "5"], ["--kind", "nothing", "--arch", "x64"],
                    ["--device", "model:aero"]):
        refused(["interleave", *options])


for test in (short_races_survive_every_schedule_with_one_preemption, every_race_survives_a_sample_with_two,
             the_same_seed_draws_the_same_schedules, a_schedule_is_replayed, a_schedule_that_is_not_reached_is_named,
             a_journal_is_gone_on_from, bad_input_is_one_line):
    add_test(test.__name__, test)

if __name__ == "__main__":
    main()
