#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd steps: a sample of every event, the documented ends, replay, resume, bad input."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (ROOT, Folder, add_test, equal, main, refused, refused_in_a_sweep, run_json,  # noqa: E402
                     run_json_anew, run_json_once, true)

DOCUMENT = os.path.join(ROOT, "drivers", "windows7", "virtio-snd", "docs", "errors.md")
ROW = re.compile(r"^\| ([a-z0-9-]+) \| ((?:(?:exact|went-on|ended) ?)+)\| ((?:both|render)? ?)\| ?([A-Z_ ]*)\| "
                 r"([A-Z_ ]*)\|", re.MULTILINE)
EVENTS = {"interrupt", "device-interrupt", "dpc", "notification", "needs-reset", "removal", "pause", "stop", "close",
          "disable", "rebalance", "d3", "s3", "s4"}


def sweep():
    """One step in a hundred, of every image; run once."""
    return run_json_once("steps", "--sample", "1", "--seed", "11")


def every_life_ends_as_documented():
    status, result, errors = sweep()
    total = result["all"]
    equal((total["broken"], total["wrong_end"], status), (0, 0, 0), errors)
    true(total["distinct"] >= 80000 and total["runs"] >= 700, f"small: {total}")
    equal(total["runs"], sum(total[end] for end in ("exact", "went_on", "ended", "refused")), "ends")


def every_event_happens():
    rows = {row["event"]: row for row in sweep()[1]["events"]}
    equal(set(rows), EVENTS, "events")
    for row in rows.values():
        true(row["points"] >= row["distinct"] > row["runs"] > 0, f"never happens: {row}")
    for event, end in (("stop", "ended"), ("close", "ended"), ("disable", "ended"), ("removal", "refused"),
                       ("rebalance", "refused"), ("needs-reset", "went_on")):
        true(rows[event][end] > 0, f"without effect: {rows[event]}")


def a_pause_at_any_step_loses_nothing_of_render():
    status, result, errors = run_json_anew("steps", "--arch", "x64", "--variant", "contract", "--kind", "pause")
    row = result["events"][0]
    equal((status, row["whole"], row["broken"]), (0, "render", 0), errors)
    equal((row["runs"], row["exact"] > 0, row["went_on"] > 0), (row["distinct"], True, True), f"runs: {row}")


def documented_ends_are_those_compared():
    with open(DOCUMENT, encoding="utf-8") as file:
        documented = {row[0]: tuple(cell.split() for cell in row[1:]) for row in ROW.findall(file.read())}
    for row in sweep()[1]["events"]:
        compared = tuple(row[key].split() for key in ("ends", "whole", "start_statuses", "stream_statuses"))
        equal(documented.get(row["event"]), compared, row["event"])


def a_step_is_replayed():
    for point, end in (("x64:contract:dpc:1500", "exact"), ("x86:ioport:removal:40", "refused"),
                       ("x86:legacy:close:1000", "ended")):
        status, result, errors = run_json(["steps", "--replay", point])
        equal((status, result["all"]["runs"], result["all"][end]), (0, 1, 1), f"{point}: {result} {errors}")


def a_sweep_is_resumed():
    with Folder() as folder:
        options = ["--arch", "x64", "--variant", "contract", "--kind", "s3,close", "--sample", "2", "--resume",
                   folder("journal"), "--jobs", "1"]
        status, first, errors = run_json(["steps", *options])
        equal(status, 0, errors)
        with open(folder("journal"), encoding="ascii") as file:
            lines = file.read().splitlines()
        equal(len(lines), 1 + first["all"]["runs"], "lines of the journal")
        with open(folder("journal"), "w", encoding="ascii") as file:
            file.write(lines[0] + "\n" + lines[1].replace(" 0 ", " 2 ", 1) + "\n")
        status, second, errors = run_json(["steps", *options])
        equal((status, second["all"]["runs"], second["all"]["broken"]), (1, first["all"]["runs"], 1), errors)
        equal(second["replays"], ["./aero-snd steps --replay " + lines[1].split()[0]], "replays")


def bad_input_is_one_line():
    with Folder() as folder:
        with open(folder("journal"), "w", encoding="ascii") as file:
            file.write("nonsense\n")
        for options in (["--replay", "x64:contract:close"], ["--replay", "x64:contract:close:99999"],
                        ["--replay", "x64:contract:nothing:1"], ["--replay", "arm:contract:close:1"],
                        ["--replay", "x64:contract:close:1:once"], ["--resume", folder("journal")],
                        ["--resume", folder("no/such")], ["--variant", "other"],
                        ["--resume", folder("one"), "--kind", "other", "--arch", "x64", "--variant", "ioport"],
                        ["--sample", "101"], ["--jobs", "0"], ["--device", "model:aero"]):
            refused(["steps", *options])
    refused_in_a_sweep("steps", "d3", "x64:contract:d3:1000")


for test in (every_life_ends_as_documented, every_event_happens, a_pause_at_any_step_loses_nothing_of_render,
             documented_ends_are_those_compared, a_step_is_replayed, a_sweep_is_resumed, bad_input_is_one_line):
    add_test(test.__name__, test)

if __name__ == "__main__":
    main()
