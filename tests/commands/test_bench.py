#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd bench: what a period costs. Mostly of one measured second."""

import contextlib
import functools
import os
import re

from harness import OUT, Folder, equal, main, refused, run, run_json, test, true

KINDS = ("render", "capture", "duplex")
KIB_64 = 65536


def built(flavour, arch):
    return os.path.join(OUT, *flavour, arch, "aero_virtio_snd.sys")


SHIPPED = ("drivers", "windows7", "virtio-snd")


INSTANT, PACED = "model:aero", "model:qemu"


@functools.lru_cache
def figures():
    """Of both shipped drivers on the usual devices."""
    status, result, errors = run_json(["bench", "--seconds", "1"])
    equal((status, errors), (0, ""), "status and errors")
    return result


def drivers(device=INSTANT):
    return next(entry["drivers"] for entry in figures()["devices"] if entry["device"] == device)


def cells(device=INSTANT):
    return [(driver["arch"], kind, driver[kind]) for driver in drivers(device) for kind in KINDS]


def without_speed(devices):
    """The one figure that is not the same in each run."""
    return [{**device, "drivers": [{**driver, **{kind: {**driver[kind], "speed": 0} for kind in KINDS}}
                                   for driver in device["drivers"]]} for device in devices]


@contextlib.contextmanager
def single_steps():
    os.environ["AERO_SINGLE_STEP"] = "1"
    try:
        yield
    finally:
        del os.environ["AERO_SINGLE_STEP"]


@test
def both_architectures_on_both_kinds_of_device_are_measured_without_options():
    equal([(entry["device"], entry["paced"]) for entry in figures()["devices"]], [(INSTANT, False), (PACED, True)],
          "devices")
    for device in (INSTANT, PACED):
        equal([driver["arch"] for driver in drivers(device)], ["x86", "x64"], "architectures")
        for arch, kind, cell in cells(device):
            true(cell["good"], f"{device} {arch} {kind}: the sound did not arrive")
            true(cell["periods"] >= 100, f"{device} {arch} {kind}: {cell['periods']} periods")


@test
def a_run_without_seconds_measures_1000_periods():
    status, result, _ = run_json(["bench", "--arch", "x64", "--device", INSTANT])
    equal(status, 0, "status")
    for kind in KINDS:
        true(result["devices"][0]["drivers"][0][kind]["periods"] >= 1000, f"{kind}: too few periods")


@test
def nothing_but_a_doorbell_a_period():
    for arch, kind, cell in cells():
        equal(cell["doorbells"], 2 if kind == "duplex" else 1, f"{arch} {kind}: doorbells")
        for key in ("other_accesses", "interrupts", "copied_bytes"):
            equal(cell[key], 0, f"{arch} {kind}: {key}")


@test
def a_device_that_paces_interrupts_once_a_period():
    for arch, kind, cell in cells(PACED):
        equal(cell["doorbells"], 2 if kind == "duplex" else 1, f"{arch} {kind}: doorbells")
        for key in ("other_accesses", "interrupts"):
            equal(cell[key], 1, f"{arch} {kind}: {key}")


@test
def a_large_buffer_is_not_copied_for_a_device_that_paces():
    status, result, _ = run_json(["bench", "--seconds", "1", "--arch", "x64", "--device", PACED, "--buffer-ms", "100"])
    equal(status, 0, "status")
    for kind in KINDS:
        equal(result["devices"][0]["drivers"][0][kind]["copied_bytes"], 0, f"{kind}: bytes copied")


@test
def a_render_period_takes_fewer_than_1500_instructions_on_x64():
    x64 = next(driver for driver in drivers() if driver["arch"] == "x64")
    true(x64["render"]["instructions_mean"] < 1500, f"{x64['render']['instructions_mean']} instructions")
    true(x64["capture"]["instructions_mean"] < 1500, f"{x64['capture']['instructions_mean']} instructions")


@test
def instructions_are_counted():
    """A block that is missed or counted twice shows: the streams of a duplex run cost what they cost alone."""
    for driver in drivers():
        for key in ("instructions_mean", "instructions_max"):
            render, capture, duplex = (driver[kind][key] for kind in KINDS)
            true(500 < render < 10000 and 500 < capture < 10000, f"{driver['arch']}: {key} {render}, {capture}")
            what = f"{driver['arch']}: {key} {render}, {capture}, {duplex}"
            true(abs(render + capture - duplex) <= 0.02 * duplex, what)


@test
def blocks_count_what_single_steps_count():
    with single_steps():
        status, result, _ = run_json(["bench", "--seconds", "1", "--device", INSTANT])
    equal(status, 0, "status")
    blocks = [entry for entry in figures()["devices"] if entry["device"] == INSTANT]
    equal(without_speed(blocks), without_speed(result["devices"]), "figures")


def counted(driver):
    """What a driver's life takes; its own checks must hold."""
    done = run(["scenario", "cost_of_load", "--verbose", "--sys", driver])
    equal(done.returncode, 0, f"{driver}: status")
    checks = re.findall(r"DbgPrint: (ok|not ok) (\w+)", done.stderr)
    true(checks and all(verdict == "ok" for verdict, _ in checks), f"{driver}: {checks}")
    return re.findall(r"^instructions (\d+), copied bytes (\d+)$", done.stdout, re.MULTILINE)


@test
def every_way_to_jump_is_carried_out_and_counted():
    """One driver jumps, calls, returns and moves strings in all ways; the other waits, and nests DPCs and threads."""
    for arch in ("x86", "x64"):
        for name in ("flow", "services"):
            driver = os.path.join(OUT, "tests", "nt", arch, f"{name}.sys")
            blocks = counted(driver)
            with single_steps():
                steps = counted(driver)
            equal(len(blocks), 1, "lines")
            equal(blocks, steps, f"{arch} {name}: instructions and copied bytes")
        true(int(steps[0][0]) > 1000, f"{arch}: {steps}")


@test
def memory_stays_small():
    for device in (INSTANT, PACED):
        for driver in drivers(device):
            true(0 < driver["image_bytes"] < KIB_64, f"{driver['arch']}: image of {driver['image_bytes']} bytes")
            pool = driver["duplex"]["pool_device_bytes"] + driver["duplex"]["pool_stream_bytes"]
            true(0 < pool < KIB_64, f"{device} {driver['arch']}: {pool} bytes of pool")


@test
def every_figure_says_its_floor():
    floors = {floor["figure"]: floor for floor in figures()["floors"]}
    for key in drivers()[0]["duplex"]:
        true(key in floors or key in ("periods", "good"), f"{key} has no floor")
    true(all(floor["why"] and floor["paced"]["why"] for floor in floors.values()), "a floor without a reason")
    for key, paced in (("interrupts", 1), ("other_accesses", 1), ("doorbells", 1), ("copied_bytes", 0)):
        equal(floors[key]["paced"]["render"], paced, f"floor of {key} on a device that paces")


@test
def drivers_stand_side_by_side():
    """The same driver, from another path, costs exactly the same; so it does on a device that is named twice."""
    with Folder() as folder:
        original = built(SHIPPED, "x64")
        with open(original, "rb") as file:
            copy = folder.write("copy.sys", file.read())
        status, result, errors = run_json(["bench", "--seconds", "1", "--sys", original, "--sys", copy, "--device",
                                           INSTANT, "--device", INSTANT])
    equal((status, errors), (0, ""), "status and errors")
    first, second = without_speed(result["devices"])
    equal(first, second, "devices")
    one, other = first["drivers"]
    equal((one["sys"], other["sys"]), (original, copy), "images")
    for kind in KINDS:
        equal(one[kind], other[kind], kind)


@test
def the_table_is_for_people():
    done = run(["bench", "--seconds", "1", "--arch", "x64"])
    equal((done.returncode, done.stderr), (0, ""), "status and errors")
    for word in ("instructions, mean", "doorbells", "bytes copied", "floor", "image", "simulated s per s", "(x64)",
                 "device model:aero", "device model:qemu, which paces"):
        true(word in done.stdout, f"{word!r} is not in the table")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("(1) ")]  # a path
    true(max(map(len, lines)) <= 120, "lines are too long")


@test
def bad_command_lines_are_refused():
    refused(["bench", "file.wav"], "file.wav")
    refused(["bench", "-o", "out.wav"], "-o", "bench")
    refused(["bench", "--sys", "/nowhere.sys"], "/nowhere.sys")
    refused(["bench", "--sys"], "--sys")
    refused(["bench", *9 * ["--sys=x.sys"]], "--sys", "often")
    refused(["bench", "--device", "nonsense"], "nonsense")
    refused(["bench", *9 * ["--device=model:aero"]], "--device", "often")
    refused(["play", "--sys", "/nowhere.sys", "x.wav"], "/nowhere.sys")


main()
