#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd bench: what a period costs. One measured second, so that it takes seconds and not minutes."""

import functools
import os

from harness import OUT, Folder, equal, main, refused, run, run_json, test, true

KINDS = ("render", "capture", "duplex")
KIB_64 = 65536


def built(flavour, arch):
    return os.path.join(OUT, *flavour, arch, "aero_virtio_snd.sys")


SHIPPED = ("drivers", "windows7", "virtio-snd")


@functools.lru_cache
def both():
    """The figures of both shipped drivers."""
    status, result, errors = run_json(["bench", "--seconds", "1"])
    equal((status, errors), (0, ""), "status and errors")
    return result


def cells():
    return [(driver["arch"], kind, driver[kind]) for driver in both()["drivers"] for kind in KINDS]


@test
def both_architectures_are_measured_without_options():
    equal([driver["arch"] for driver in both()["drivers"]], ["x86", "x64"], "architectures")
    for arch, kind, cell in cells():
        true(cell["good"], f"{arch} {kind}: the sound did not arrive")
        true(cell["periods"] >= 100, f"{arch} {kind}: {cell['periods']} periods")


@test
def nothing_but_a_doorbell_a_period():
    for arch, kind, cell in cells():
        equal(cell["doorbells"], 2 if kind == "duplex" else 1, f"{arch} {kind}: doorbells")
        for key in ("other_accesses", "interrupts", "copied_bytes"):
            equal(cell[key], 0, f"{arch} {kind}: {key}")


@test
def a_render_period_takes_fewer_than_1500_instructions_on_x64():
    x64 = next(driver for driver in both()["drivers"] if driver["arch"] == "x64")
    true(x64["render"]["instructions_mean"] < 1500, f"{x64['render']['instructions_mean']} instructions")
    true(x64["capture"]["instructions_mean"] < 1500, f"{x64['capture']['instructions_mean']} instructions")


@test
def instructions_are_counted():
    """A stop that is missed or taken twice shows: the streams of a duplex run cost what they cost alone."""
    for driver in both()["drivers"]:
        for key in ("instructions_mean", "instructions_max"):
            render, capture, duplex = (driver[kind][key] for kind in KINDS)
            true(500 < render < 10000 and 500 < capture < 10000, f"{driver['arch']}: {key} {render}, {capture}")
            what = f"{driver['arch']}: {key} {render}, {capture}, {duplex}"
            true(abs(render + capture - duplex) <= 0.02 * duplex, what)


@test
def memory_stays_small():
    for driver in both()["drivers"]:
        true(0 < driver["image_bytes"] < KIB_64, f"{driver['arch']}: image of {driver['image_bytes']} bytes")
        pool = driver["duplex"]["pool_device_bytes"] + driver["duplex"]["pool_stream_bytes"]
        true(0 < pool < KIB_64, f"{driver['arch']}: {pool} bytes of pool")


@test
def every_figure_says_its_floor():
    keys = {floor["figure"] for floor in both()["floors"]}
    for key in both()["drivers"][0]["duplex"]:
        true(key in keys or key in ("periods", "good"), f"{key} has no floor")
    true(all(floor["why"] for floor in both()["floors"]), "a floor without a reason")


@test
def drivers_stand_side_by_side():
    """The same driver, from another path, costs exactly the same."""
    with Folder() as folder:
        original = built(SHIPPED, "x64")
        with open(original, "rb") as file:
            copy = folder.write("copy.sys", file.read())
        status, result, errors = run_json(["bench", "--seconds", "1", "--sys", original, "--sys", copy])
    equal((status, errors), (0, ""), "status and errors")
    one, other = result["drivers"]
    equal((one["sys"], other["sys"]), (original, copy), "images")
    for kind in KINDS:
        for cell in (one[kind], other[kind]):
            del cell["speed"]
        equal(one[kind], other[kind], kind)


@test
def the_table_is_for_people():
    done = run(["bench", "--seconds", "1", "--arch", "x64"])
    equal((done.returncode, done.stderr), (0, ""), "status and errors")
    for word in ("instructions, mean", "doorbells", "bytes copied", "floor", "image", "simulated s per s", "(x64)"):
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
    refused(["play", "--sys", "/nowhere.sys", "x.wav"], "/nowhere.sys")


main()
