#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd drift: ten virtual minutes a cell, and that the table can break."""

import functools
import json
import os
import subprocess

from harness import BENCH, BenchCopy, FakeBench, add_test, equal, main, refused, run, run_json, test, true

PPM = (-500, -100, 0, 100, 500)
TEN_MINUTES = "600"
DIRECTIONS = ("render", "capture")


def claims(cell, direction):
    return {claim["claim"]: claim for claim in cell[direction]["claims"]}


def broken(cell):
    return [f"{direction}: {claim['claim']} {claim['value']} against {claim['limit']}"
            for direction in DIRECTIONS if direction in cell
            for claim in cell[direction]["claims"] if not claim["holds"]]


@functools.lru_cache
def cells(arch, device):
    """The five cells of one architecture and device."""
    with BenchCopy() as copy:
        _, result, errors = run_json(["drift", "--seconds", TEN_MINUTES, "--arch", arch, "--device", device, "--jobs",
                                      "1"], copy.bench())
    equal(errors, "", "errors")
    equal([cell["ppm"] for cell in result["cells"]], list(PPM), "clocks")
    return result["cells"]


def holds(arch, device, ppm):
    cell = cells(arch, device)[PPM.index(ppm)]
    equal(cell["status"], 0, "status of the run")
    true(cell["holds"], f"{arch} {device} {ppm}: {broken(cell)}")
    equal(cell["seconds"], 600, "seconds")
    for direction in DIRECTIONS:
        equal(cell[direction]["paced"], device == "model:specification", "paced")
        true(claims(cell, direction)["reads of the position"]["value"] > 50000, "positions were read")


# What the driver has to hold. A device joins when its cells do.
for device in ("model:aero", "model:specification"):
    for arch in ("x86", "x64"):
        for ppm in PPM:
            add_test(f"ten minutes: {arch} {device} {ppm:+d} ppm", functools.partial(holds, arch, device, ppm))


@test
def what_is_inevitable_happens_and_is_counted():
    """The clock is really off: an instant device loses or puts in about as many frames as its ring does not hide."""
    silence, lost = "frames of silence heard", "frames lost"
    for ppm, direction, claim in ((500, "render", silence), (-500, "capture", silence),
                                  (-500, "render", lost), (500, "capture", lost)):
        cell = cells("x64", "model:aero")[PPM.index(ppm)]
        inevitable = cell[direction]["inevitable_frames"]
        true(14400 <= inevitable <= 14500, f"inevitable: {inevitable}")
        value = claims(cell, direction)[claim]["value"]
        true(inevitable - 9600 - 480 <= value <= inevitable + 480, f"{direction} {ppm}: {value} of {inevitable}")


@test
def a_device_that_drops_more_breaks_the_table():
    """A ring of 4 ms cannot hold a period: most of the sound is dropped."""
    with Workshop() as shop:
        status, result, _ = shop.json("--device", "model:aero,ring_ms=4", "--ppm", "0")
        equal(status, 1, "status")
        equal(result["cells"][0]["holds"], False, "holds")
        found = claims(result["cells"][0], "render")
        true(not found["frames lost"]["holds"] and not found["frames that the device dropped"]["holds"], "drops")


@test
def a_device_that_starts_late_breaks_the_table():
    """For a second nothing completes: the buffer runs dry, and the position has nothing to follow."""
    with Workshop() as shop:
        status, result, _ = shop.json("--device", "model:specification,completion=never", "--ppm", "0")
        true(status != 0 and not result["cells"][0]["holds"], "holds")


class Workshop(BenchCopy):
    """With results of its own."""

    def json(self, *arguments):
        """(status, result, stderr) of ten seconds on x64."""
        return run_json(["drift", "--seconds", "10", "--arch", "x64", *arguments], self.bench())

    def results(self):
        return sorted(os.listdir(self("drift")))


@test
def results_are_kept_and_known_again():
    with Workshop() as shop:
        one = ("--device", "model:aero", "--ppm", "100")
        first = shop.json(*one)[1]["cells"][0]
        equal(first["kept"], False, "first run")
        kept = shop.json(*one)[1]["cells"][0]
        equal(kept.pop("kept"), True, "second run")
        first.pop("kept")
        equal(kept, first, "figures")
        equal(len(shop.results()), 1, "results")
        equal(shop.json(*one, "--fresh")[1]["cells"][0]["kept"], False, "--fresh")
        equal(shop.json(*one, "--seed", "2")[1]["cells"][0]["kept"], False, "another seed")
        equal(shop.json(*one, "--jitter-ms", "2")[1]["cells"][0]["kept"], False, "another jitter")
        equal(len(shop.results()), 3, "results")
        path = shop("drivers", "windows7", "virtio-snd", "x64", "aero_virtio_snd.sys")
        with open(path, "r+b") as file:
            file.seek(0x50)
            file.write(b"!")  # in the text that DOS would print
        equal(shop.json(*one)[1]["cells"][0]["kept"], False, "another driver")


@test
def what_was_stopped_goes_on():
    """Two of three cells have a result, one of them cut off: two are run."""
    with Workshop() as shop:
        for device in ("model:aero", "model:aero,ring_ms=300"):
            shop.json("--device", device, "--ppm", "0")
        with open(shop("drift", shop.results()[0]), "r+b") as file:
            file.truncate(300)
        three = ("--device", "model:aero", "--device", "model:aero,ring_ms=300", "--device", "model:aero,ring_ms=400")
        result = shop.json(*three, "--ppm", "0")[1]
        equal(sorted(cell["kept"] for cell in result["cells"]), [False, False, True], "kept")
        equal([cell["holds"] for cell in result["cells"]], 3 * [True], "holds")
        equal(len(shop.results()), 3, "results, and nothing beside them")


@test
def the_same_seed_gives_the_same_figures():
    with Workshop() as shop:
        one = ("--device", "model:specification", "--ppm", "-500")
        first, second = (shop.json(*one, "--fresh")[1]["cells"][0] for _ in range(2))
        for cell in (first, second):
            del cell["wall_ms"]
        equal(first, second, "figures")


@test
def it_does_not_matter_in_which_process_the_device_is():
    """Not for one figure, on either width: the sums are made by other code in x86."""
    with Workshop() as shop:
        for device in ("model:specification", "model:aero", "model:qemu"):
            for arch in ("x86", "x64"):
                one = ("drift", "--seconds", "20", "--device", device, "--ppm", "100", "--arch", arch, "--fresh")
                there, apart = (run_json([*one, *more], shop("host", "aero-bench"))[1]["cells"][0]
                                for more in ((), ("--apart",)))
                for cell in (there, apart):
                    del cell["wall_ms"]
                equal(there, apart, f"{arch} {device}")


@test
def a_guest_that_fails_costs_its_cell():
    with FakeBench() as fake:
        done = subprocess.run([fake.bench, "drift", "--seconds", "1", "--arch", "x64", "--ppm", "0", "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
        true(done.returncode != 0, "status")
        equal([cell["holds"] for cell in json.loads(done.stdout)["cells"]], [False, False], "holds")
        equal(os.listdir(fake("drift")), [], "results")


@test
def the_table_is_for_people():
    with Workshop() as shop:
        done = run(["drift", "--seconds", "10", "--device", "model:aero", "--ppm", "0"], shop("host", "aero-bench"))
        equal(done.returncode, 0, done.stderr)
        for word in ("inevit-", "lag ms", "growth", "x86", "x64", "render", "capture", "2 of 2 cells held"):
            true(word in done.stdout, f"{word!r} is not in the table")
        true("1 to go" in done.stderr and "0 to go" in done.stderr, "progress")
        true(max(map(len, done.stdout.splitlines())) <= 120, "lines are too long")


@test
def bad_command_lines_are_refused():
    refused(["drift", "file.wav"], "file.wav")
    refused(["drift", "--device", "qemu"], "qemu")
    refused(["drift", "--device", "modeller"], "modeller")
    refused(["drift", "--device", "model:aero,ppm=3"], "--ppm")
    refused(["drift", "--ppm", "fast"], "--ppm", "fast")
    refused(["drift", "--ppm", "10001"], "--ppm")
    refused(["drift", "--seconds", "0"], "--seconds")
    refused(["drift", "--jobs", "0"], "--jobs")
    refused(["drift", "--sys", "/nowhere.sys"], "/nowhere.sys")
    refused(["play", "--fresh", "x.wav"], "--fresh")
    true(os.path.exists(BENCH), "the bench")


main()
