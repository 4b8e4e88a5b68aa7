#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd faults: a bounded sweep, the documented statuses, replay, bad input; the journal of all three sweeps."""

import os
import re
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (ROOT, BenchCopy, Folder, add_test, equal, main, refused, refused_in_a_sweep,  # noqa: E402
                     run, run_json, run_json_once, true)

DOCUMENT = os.path.join(ROOT, "drivers", "windows7", "virtio-snd", "docs", "errors.md")
AGAIN = ("wake", "recovery")
ROW = re.compile(r"^\| ([a-z-]+) \| (STATUS_\w+)? ?\| (STATUS_\w+)? ?\|", re.MULTILINE)
SMALL = ["--arch", "x64", "--variant", "legacy", "--kind"]
POINT = "x64:legacy:stream-pages:1:once"
STREAMS = SMALL + ["stream-pages"]


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
                           ("x64:legacy:pool:1:once:event-log", "not_started"),
                           ("x64:legacy:registry:1:on", "went_on"), ("x86:contract:initialize:1:once", "not_loaded")):
        status, result, errors = run_json(["faults", "--replay", point])
        equal((status, result["all"][outcome]), (0, 1), f"{point}: {result} {errors}")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def faults(*options, bench=None):
    """The JSON object of a sweep that ends well, or with one that is broken."""
    status, result, errors = run_json(["faults", *options], *([bench] if bench else []))
    equal(status, 1 if result["all"]["broken"] else 0, f"status: {errors}")
    return result


def a_journal_that_was_cut_is_gone_on_from():
    with Folder() as folder:
        options = STREAMS + ["--resume", folder("journal"), "--jobs", "1"]
        whole = faults(*options)
        journal = read(folder("journal"))
        lines = journal.splitlines(keepends=True)
        equal(len(lines), 1 + whole["all"]["once"] + whole["all"]["for_good"], "lines of the journal")
        for cut in (0, 5, len(lines[0]) - 2, len(lines[0]), len(lines[0]) + 9, len(journal) - 1, len(journal) - 2,
                    len(journal) - 30):
            folder.write("journal", journal[:cut])
            equal(faults(*options), whole, f"cut at {cut}")
            equal(sorted(read(folder("journal")).splitlines()), sorted(journal.splitlines()), f"cut at {cut}")


def a_journal_of_something_else_is_refused():
    with Folder() as folder:
        resumed = ["--resume", folder("journal"), "--jobs", "1"]
        faults(*STREAMS, *resumed)
        journal = read(folder("journal"))
        for command in (["faults", *STREAMS, "--seed", "2"], ["steps", "--arch", "x64", "--kind", "s3"],
                        ["interleave", "--arch", "x64", "--kind", "events"]):
            refused([*command, *resumed], "is no journal of this driver, bench and command line")
        with BenchCopy() as copy:
            for part in (("drivers", "windows7", "virtio-snd", "x86", "aero_virtio_snd.sys"), ("host", "guest64")):
                with open(copy(*part), "ab") as file:
                    file.write(b"\0")
                refused(["faults", *STREAMS, *resumed], "is no journal", bench=copy.bench())
        folder.write("nonsense", b"nonsense\n")
        refused(["faults", *STREAMS, "--resume", folder("nonsense")], "is no journal")
        equal((read(folder("journal")), read(folder("nonsense"))), (journal, b"nonsense\n"), "untouched")


def points_that_are_not_chosen_do_not_count():
    with Folder() as folder:
        resumed = ["--resume", folder("journal")]
        pages, short = faults(*STREAMS, *resumed), faults(*SMALL, "stream-short", *resumed)
        equal([row["kind"] for row in short["kinds"]], ["stream-short"], "rows")
        size = len(read(folder("journal")))
        both = faults(*SMALL, "stream-pages,stream-short", *resumed)
        for column in ("points", "once", "for_good"):
            equal(both["all"][column], pages["all"][column] + short["all"][column], column)
        runs = both["all"]["once"] + both["all"]["for_good"]
        true(both["swept"].endswith(f", {runs} runs"), both["swept"])
        equal(len(read(folder("journal"))), size, "nothing was left to run")


def what_is_broken_in_the_journal_is_told_again():
    with BenchCopy() as copy:
        faults(*STREAMS, bench=copy.bench())
        names = os.listdir(copy("faults"))
        equal(len(names), 1, f"journals: {names}")
        journal = copy("faults", names[0])
        lines = read(journal)
        copy.write(journal, lines.replace(f"{POINT} 0 ".encode(), f"{POINT} 2 ".encode()))
        again = faults(*STREAMS, bench=copy.bench())
        replay = f"./aero-snd faults --replay {POINT}"
        equal((again["all"]["broken"], again["replays"]), (1, [replay]), "gone on from")
        done = run(["faults", *STREAMS], copy.bench())
        equal((done.returncode, done.stdout.splitlines()[-1]), (1, f"replay: {replay}"), done.stdout)
        kept = read(journal)
        refused(["faults", *SMALL, "stream-pages,nothing", "--fresh"], "'nothing'", bench=copy.bench())
        equal(read(journal), kept, "after a command line that is none")
        anew = faults(*STREAMS, "--fresh", bench=copy.bench())
        equal((anew["all"]["broken"], anew["replays"]), (0, []), "with --fresh")
        equal(sorted(read(journal).splitlines()), sorted(lines.splitlines()), "written anew")


def lines_of(copy):
    return sum(read(copy("faults", name)).count(b"\n") for name in os.listdir(copy("faults")))


def start(copy):
    """A sweep of some seconds that has added to its journal, and that journal."""
    os.makedirs(copy("faults"), exist_ok=True)
    before = max(lines_of(copy), 1)
    process = subprocess.Popen([copy.bench(), "faults", *SMALL, "pool", "--jobs", "1"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if lines_of(copy) > before:
            return process, copy("faults", os.listdir(copy("faults"))[0])
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"no results: {process.communicate()}")


def a_sweep_that_is_stopped_says_so_and_goes_on():
    with BenchCopy() as copy:
        for number in (signal.SIGTERM, signal.SIGINT):
            process, journal = start(copy)
            process.send_signal(number)
            output, errors = process.communicate(timeout=60)
            equal((process.returncode, output), (-number, ""), errors)
            true(re.fullmatch(r"aero-bench: faults: stopped after \d+ of \d+ runs, 0 failures; the same command goes on"
                              "\n", errors), errors)
        before = read(journal)
        result = faults(*SMALL, "pool", bench=copy.bench())
        true(read(journal).startswith(before), "what was run is not run again")
        equal(read(journal).count(b"\n"), 1 + result["all"]["once"] + result["all"]["for_good"], "lines")


def a_journal_that_cannot_be_written_ends_the_sweep():
    refused(["faults", *STREAMS, "--resume", "/dev/full"], "/dev/full: cannot be written", status=4)
    with BenchCopy() as copy:
        process, journal = start(copy)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, 1))  # it has grown as far as it can
        output, errors = process.communicate(timeout=60)
        equal((process.returncode, output, errors.count("\n")), (4, "", 1), errors)
        true(f"{journal}: cannot be written: " in errors, errors)


def bad_input_is_one_line():
    with Folder() as folder:
        for options in (["--replay", "x64:contract:pool"], ["--replay", "x64:contract:pool:999:once"],
                        ["--replay", "x64:contract:wake+pool:1:once"], ["--replay", "x64:contract:sleep+pool:20:once"],
                        ["--replay", "x64:contract:nothing:1:once"], ["--replay", "arm:contract:pool:1:once"],
                        ["--replay", f"{POINT}:nonsense"], ["--replay", f"{POINT}:event-log"],
                        ["--replay", "x64:legacy:pool:1:once:pool"], ["--replay", "x64:legacy:pool:1:on:event-log"],
                        ["--replay", "x64:legacy:wake+pool:20:once:interface"],
                        ["--resume", folder("no/such")], ["--resume", folder.path], ["--variant", "other"],
                        ["--resume", folder("one"), "--fresh"], ["--resume", folder("one"), "--replay", POINT],
                        ["--sample", "101"], ["--device", "model:aero"]):
            refused(["faults", *options])
        equal(folder.names(), [], "files")
    refused_in_a_sweep("faults", "irp", "x64:contract:irp:1:once")


for test in (every_failure_ends_as_documented, every_kind_is_failed_at_every_use_of_the_first_image,
             documented_statuses_are_those_compared, a_point_is_replayed, a_journal_that_was_cut_is_gone_on_from,
             a_journal_of_something_else_is_refused, points_that_are_not_chosen_do_not_count,
             what_is_broken_in_the_journal_is_told_again, a_sweep_that_is_stopped_says_so_and_goes_on,
             a_journal_that_cannot_be_written_ends_the_sweep, bad_input_is_one_line):
    add_test(test.__name__, test)

if __name__ == "__main__":
    main()
