#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd interleave: every schedule with one preemption of the short races, a sample of all, replay, bad input."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (Folder, add_test, equal, main, refused, refused_in_a_sweep, run, run_json,  # noqa: E402
                     run_json_anew, true)

SHORT = "events,start-capture,events@qemu,start-capture@qemu"
RACES = 21


def interleave(*options):
    return run_json_anew("interleave", *options)


def short_races_survive_every_schedule_with_one_preemption():
    for arch in ("x64", "x86"):
        status, result, errors = interleave("--arch", arch, "--variant", "contract", "--kind", SHORT)
        equal((status, result["all"]["broken"]), (0, 0), errors)
        true(result["all"]["schedules"] > 150, f"few schedules: {result['all']}")
        for row in result["races"]:
            true(row["points"] >= 20 and row["schedules"] > 20, f"small: {row}")


def every_race_survives_a_sample_with_one_preemption():
    for arch, variant, races in (("x64", "contract", 2 * RACES), ("x86", "legacy", RACES), ("x64", "ioport", RACES)):
        status, result, errors = interleave("--arch", arch, "--variant", variant, "--sample", "1")
        equal((status, result["all"]["broken"], len(result["races"])), (0, 0, races), errors)
        true(result["all"]["schedules"] > 2 * races, f"none with a preemption: {result['all']}")


def the_same_seed_draws_the_same_schedules():
    options = ["--arch", "x86", "--variant", "contract", "--kind", "stop-capture", "--sample", "4", "--seed", "9"]
    equal(interleave(*options)[1], interleave(*options)[1], "the second run")


def a_schedule_is_replayed():
    for schedule in ("none", "3", "3+5.1", "8.1+12"):
        status, result, errors = run_json(["interleave", "--replay", f"x64:contract:stop-capture@qemu:{schedule}"])
        equal((status, result["all"]["schedules"], result["all"]["broken"]), (0, 1, 0), f"{schedule}: {errors}")


def a_schedule_that_is_not_reached_is_bad_input():
    for point in ("x64:contract:events:3800", "x64:contract:events:3.9", "x64:ioport:no-such-race:1",
                  "x64:contract:event:none", "x64:contract:events@other:none"):
        refused(["interleave", "--replay", point], f"{point} is never reached")


def a_race_with_more_points_than_can_be_named_says_so():
    for device, cut in (("model:qemu", False), ("model:qemu,completion=never", True)):
        done = run(["scenario", "interleave:pause-render", "--device", device])
        equal((done.returncode, "\ncut " in f"\n{done.stdout}"), (0, cut), f"{device}: {done.stdout} {done.stderr}")
    status, result, errors = interleave("--arch", "x64", "--variant", "contract", "--sample", "0")
    cut = [row["race"] for row in (*result["races"], {**result["all"], "race": "all"}) if row["cut"]]
    equal((status, cut), (0, []), errors)


def a_journal_is_of_one_bound():
    with Folder() as folder:
        options = ["--arch", "x64", "--variant", "contract", "--kind", "events", "--resume", folder("journal")]
        first = run_json(["interleave", *options])[1]
        with open(folder("journal"), encoding="ascii") as file:
            lines = file.readlines()
        equal(len(lines), 1 + first["all"]["schedules"], "lines of the journal")
        equal(run_json(["interleave", *options])[1], first, "with nothing left to run")
        refused(["interleave", *options, "--bound", "0"], "is no journal")
        equal(run_json(["interleave", *options, "--sample", "0"])[1]["all"]["schedules"], 1, "of a sample")
        with open(folder("journal"), encoding="ascii") as file:
            equal(file.readlines(), lines, "lines of the journal")


def a_broken_schedule_is_replayed_from_the_journal():
    with Folder() as folder:
        options = ["--arch", "x64", "--variant", "contract", "--kind", "events", "--bound", "2", "--sample", "2",
                   "--resume", folder("journal")]
        first = run_json(["interleave", *options])[1]
        with open(folder("journal"), encoding="ascii") as file:
            header, line, *rest = file.readlines()
        point, _, _, schedules = line.split()
        with open(folder("journal"), "w", encoding="ascii") as file:
            file.writelines([header, f"{point} 2 7+9.1 {schedules}\n", *rest])
        status, second, errors = run_json(["interleave", *options])
        equal((status, second["all"]["broken"]), (1, 1), errors)
        equal(second["replays"], ["./aero-snd interleave --replay x64:contract:events:7+9.1"], "replays")
        equal(second["all"]["schedules"], first["all"]["schedules"], "schedules")


def bad_input_is_one_line():
    for options in (["--replay", "x64:contract:events"], ["--replay", "x64:contract:events:1-2"],
                    ["--replay", "arm:contract:events:1"], ["--bound", "5"],
                    ["--replay", "x64:contract:events:5+3"], ["--replay", "x64:contract:events:5+"],
                    ["--replay", "x64:legacy:events@qemu:none"],
                    ["--device", "model:aero"]):
        refused(["interleave", *options])
    refused_in_a_sweep("interleave", "events", "x64:contract:events:none")
    refused(["interleave", "--replay", "x64:contract:events:none", "--bound", "1"], "--replay and --bound")


for test in (short_races_survive_every_schedule_with_one_preemption, every_race_survives_a_sample_with_one_preemption,
             the_same_seed_draws_the_same_schedules, a_schedule_is_replayed,
             a_schedule_that_is_not_reached_is_bad_input, a_race_with_more_points_than_can_be_named_says_so,
             a_journal_is_of_one_bound, a_broken_schedule_is_replayed_from_the_journal, bad_input_is_one_line):
    add_test(test.__name__, test)

if __name__ == "__main__":
    main()
