#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd faults: a bounded sweep, the documented statuses, replay, resume, bad input."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, Folder, add_test, equal, main, refused, run_json, run_json_once, true  # noqa: E402

DOCUMENT = os.path.join(ROOT, "drivers", "windows7", "virtio-snd", "docs", "errors.md")
AGAIN = ("wake", "recovery")
ROW = re.compile(r"^\| ([a-z-]+) \| (STATUS_\w+)? ?\| (STATUS_\w+)? ?\|", re.MULTILINE)


def sweep():
    """The first image, but for the sound of its later lives, and a sample of the others; run once."""
    return run_json_once("faults", "--sample", "8", "--seed", "11")


def every_failure_ends_as_documented():
    status, result, errors = sweep()
    total = result["all"]
    equal((total["broken"], total["wrong_status"], status), (0, 0, 0), errors)
    true(total["points"] >= 600 and total["once"] >= 100, f"small: {total}")


def every_kind_is_failed_at_every_use_of_the_first_image():
    for row in sweep()[1]["kinds"]:
        if row["points"] and "undo+" not in row["kind"]:
            true(row["once"] > 0 and row["for_good"] > 0, f"never failed: {row}")
    reached = {row["kind"] for row in sweep()[1]["kinds"] if row["points"]}
    missing = {"pool", "contiguous", "mapping", "interrupt", "irp", "forward", "config", "registry", "port",
               "subdevice", "connection", "stream-pages", "control-error", "control-silent", "transfer-error",
               "transfer-held"} - reached
    equal(missing, set(), "kinds that the life never uses")
    again = {f"{life}+{kind}" for life in AGAIN for kind in ("pool", "contiguous", "mapping", "interrupt",
                                                             "control-error", "control-silent", "transfer-error",
                                                             "transfer-held", "undo+event-log")}
    equal(again - reached, set(), "kinds that bringing up the hardware again never uses")


def documented_statuses_are_those_compared():
    with open(DOCUMENT, encoding="utf-8") as file:
        documented = {kind: (start or "", stream or "") for kind, start, stream in ROW.findall(file.read())}
    for row in sweep()[1]["kinds"]:
        life, _, kind = row["kind"].partition("+")
        if life in AGAIN and not kind.startswith("undo+"):
            equal(row["start_status"], "", row["kind"])
            equal(row["stream_status"], documented["wake"][1] if documented[kind][0] else "", row["kind"])
        if "+" not in row["kind"] and (row["points"] or row["start_status"] or row["stream_status"]):
            equal(documented.get(row["kind"]), (row["start_status"], row["stream_status"]), row["kind"])


def a_point_is_replayed():
    for point, outcome in (("x86:ioport:pool:1:once", "not_started"), ("x64:contract:stream-pages:2:on", "no_stream"),
                           ("x64:contract:wake+contiguous:9:once", "stream_cut"),
                           ("x64:contract:recovery+pool:24:on", "stream_cut"),
                           ("x64:contract:recovery+transfer-error:30:once", "went_on"),
                           ("x64:legacy:registry:1:on", "went_on"), ("x86:contract:initialize:1:once", "not_loaded")):
        status, result, errors = run_json(["faults", "--replay", point])
        equal((status, result["all"][outcome]), (0, 1), f"{point}: {result} {errors}")


def a_sweep_is_resumed():
    with Folder() as folder:
        options = ["--arch", "x64", "--variant", "legacy", "--kind", "pool", "--resume", folder("journal")]
        with open(folder("journal"), "w", encoding="ascii") as file:
            file.write("x64:legacy:pool:1:once 0 start STATUS_INSUFFICIENT_RESOURCES\n")
            file.write("x64:legacy:pool:1:on 2 - -\n")
        status, result, _ = run_json(["faults", *options])
        equal((status, result["all"]["broken"]), (1, 1), f"the broken point of the journal: {result}")
        with open(folder("journal"), encoding="ascii") as file:
            lines = file.read().splitlines()
        equal(len(lines), result["all"]["once"] + result["all"]["for_good"], "lines of the journal")
        equal(len(set(lines)), len(lines), "a point was run twice")


def bad_input_is_one_line():
    with Folder() as folder:
        with open(folder("journal"), "w", encoding="ascii") as file:
            file.write("nonsense\n")
        for options in (["--replay", "x64:contract:pool"], ["--replay", "x64:contract:pool:999:once"],
                        ["--replay", "x64:contract:wake+pool:1:once"], ["--replay", "x64:contract:sleep+pool:20:once"],
                        ["--replay", "x64:contract:nothing:1:once"], ["--replay", "arm:contract:pool:1:once"],
                        ["--resume", folder("journal")], ["--resume", folder("no/such")], ["--variant", "other"],
                        ["--kind", "other", "--arch", "x64", "--variant", "ioport"],
                        ["--sample", "101"], ["--device", "model:aero"]):
            refused(["faults", *options])


for test in (every_failure_ends_as_documented, every_kind_is_failed_at_every_use_of_the_first_image,
             documented_statuses_are_those_compared, a_point_is_replayed, a_sweep_is_resumed, bad_input_is_one_line):
    add_test(test.__name__, test)

if __name__ == "__main__":
    main()
