#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd logo: Microsoft's criteria on the shipped drivers, and what the command says when one is not met."""

import functools
import os

from harness import OUT, add_test, equal, main, refused, run, run_json, test, true

CLIENTS = (("event", ()), ("timer", ("--mode", "timer")))
# What the table must hold, whatever else it holds: criterion, relation, limit.
WANTED = (
    ("render: reads that stand still in RUN", "==", 0),
    ("capture: reads that move in PAUSE", "==", 0),
    ("capture: position in STOP", "==", 0),
    ("render: first position", "<=", 500),
    ("render: latency of the position", "<=", 20),
    ("render: position ahead of the run time", "<=", 0),
    ("render: slowest read", "<", 1),
    ("capture: rate error, 100 reads", "<=", 1),
    ("capture: largest jitter, 100 reads", "<", 4),
    ("render: deviation of the jitter, 100 reads", "<", 1),
    ("render: noise of the position, 80 s", "<=", 0.3),
    ("capture: position error, 80 s", "<", 0.02),
    ("capture: drift, 80 s", "<", 0.08),
    ("capture: reads off by 0.8 ms, 80 s", "<", 3),
    ("render: events against time, 2 x 5 ms", "<=", 1),
    ("capture: events against time, 2 x 10 ms", "<=", 1),
    ("full duplex: glitches of render", "==", 0),
    ("full duplex, loaded processor: glitches of capture", "==", 0),
    ("registers refused, the property answers instead", "==", 0),
    ("invalid property sizes and ids are rejected", "==", 0),
    ("disable and enable, play before and after", "==", 0),
)


@functools.lru_cache
def table(arch, options):
    return run_json(["logo", "--arch", arch, *options])


def all_are_met(arch, options):
    status, result, errors = table(arch, options)
    missed = [row for row in result["criteria"] if not row["met"]]
    equal(missed, [], "criteria not met")
    equal((status, result["failed"], errors), (0, 0, ""), "status, failed and errors")
    rows = {row["criterion"]: row for row in result["criteria"]}
    for criterion, relation, limit in WANTED:
        true(criterion in rows, f"{criterion} is not measured")
        equal((rows[criterion]["relation"], rows[criterion]["limit"]), (relation, limit), criterion)


def holds(row):
    value, limit = row["value"], row["limit"]
    return {"<=": value <= limit, "<": value < limit, ">=": value >= limit, "==": value == limit}[row["relation"]]


@test
def values_are_measured_and_verdicts_follow():
    _, result, _ = table("x64", ())
    for row in result["criteria"]:
        equal(row["met"], holds(row), row["criterion"])
    rows = {row["criterion"]: row["value"] for row in result["criteria"]}
    true(0 < rows["render: noise of the position, 80 s"] < 0.3, "noise is not zero, for a read takes time")
    true(1 < rows["capture: latency of the position"] < 20, "captured sound cannot be there before it is spoken")


@test
def a_criterion_that_is_not_met_shows():
    """Timers and clients that are late by up to 60 ms miss what 20 ms of buffer can bridge."""
    done = run(["logo", "--jitter-ms", "60"])
    equal(done.returncode, 1, f"status ({done.stderr})")
    true("NOT MET" in done.stdout, done.stdout)


@test
def the_table_is_for_people():
    done = run(["logo", "--arch", "x64"])
    equal((done.returncode, done.stderr), (0, ""), "status and errors")
    lines = done.stdout.splitlines()
    true(any(line.startswith("criterion") and "limit" in line and "verdict" in line for line in lines), "no heading")
    true(max(len(line) for line in lines if not line.startswith("driver ")) <= 120, "lines are too long")
    count = sum(line.endswith("  met") for line in lines)
    equal(lines[-1], f"{count} of {count} criteria met", "the last line")


@test
def a_driver_may_be_named():
    path = os.path.join(OUT, "checked", "x86", "aero_virtio_snd.sys")
    status, result, errors = run_json(["logo", "--sys", path])
    equal((status, result["sys"], result["arch"], errors), (0, path, "x86", ""), "the checked build")


@test
def bad_command_lines_are_refused():
    refused(["logo", "file.wav"], "file.wav")
    refused(["logo", "--sys", "/nowhere.sys"], "/nowhere.sys")
    refused(["logo", "--seconds", "3"], "--seconds", "logo")


for architecture in ("x86", "x64"):
    for client, arguments in CLIENTS:
        add_test(f"all_criteria_are_met_{client}_{architecture}",
                 lambda a=architecture, o=arguments: all_are_met(a, o))

main()
