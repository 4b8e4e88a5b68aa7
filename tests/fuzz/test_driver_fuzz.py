#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The driver on hostile devices, a bounded number of lives; a replay repeats itself; a finding is told."""

import json
import os
import shutil
import sys
import tempfile

from test_device_fuzz import called

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from tap import Tap  # noqa: E402

OUT = os.path.join(ROOT, "out")
SEEDS = os.path.join(OUT, "fuzz", "driver", "seeds")
MORE = 120  # lives beyond the seeds; all of them cost less than a minute of processor time
LEAST = {"lines": 90.0}  # percent of the driver's
# Drivers of tests/rules, what each breaks and on which seeds: what it does with memory is judged by what the device has
# told, whether that was the truth or not.
LIES = ("row-aero", "aero-register-0", "write-32")
BREAKS = {"null_access": "NULL_ACCESS", "leak__unasked": "LEAK", "dma_exposed": "DMA_EXPOSED",
          "dma_lent_twice": "DMA_LENT_TWICE"}
BREAKS_NOTHING = ("control", "control__kept")


def links(folder):
    """A folder with the built programs, images and seeds, and a corpus of its own. The programs are copies: they look
    for images beside themselves."""
    base = os.path.join(folder, "fuzz")
    os.makedirs(os.path.join(base, "driver"))
    shutil.copy(os.path.join(OUT, "fuzz", "driver_fuzz"), base)
    for name in ("hostile.so", "guest64", "guest32", "driver/seeds", "driver/x64", "driver/x86"):
        os.symlink(os.path.join(OUT, "fuzz", name), os.path.join(base, name))


def bounded(tap, folder):
    runs = len(os.listdir(SEEDS)) + MORE
    status, told, errors = called(["--target", "driver", "--runs", str(runs), "--json"], folder)
    result = json.loads(told or "{}")
    tap.check(status == 0, f"{runs} lives break no rule", errors)
    tap.check(result.get("executions", 0) >= runs, "all of them were lived", told)
    tap.check(all(result.get(what, 0) >= least for what, least in LEAST.items()), f"coverage is at least {LEAST}", told)
    tap.note(f"{result}")


def told_of(folder, seed):
    """What a replay says that the life came to."""
    return called(["--target", "driver", "--replay", os.path.join(SEEDS, seed)], folder)


def repeats(tap, folder):
    for seed in ("row-specification-life", "used-2-REPEAT-1", "row-ioport-x86"):
        first, second = told_of(folder, seed), told_of(folder, seed)
        tap.check(first[0] == 0 and "blocks" in first[1] and first[1] == second[1], f"{seed}: every run is the same",
                  first, second)


def findings(tap, folder):
    images = os.path.join(folder, "fuzz", "driver", "x64")
    os.remove(images)
    os.makedirs(images)
    for driver in (*BREAKS, *BREAKS_NOTHING):
        shutil.copy(os.path.join(OUT, "tests", "rules", "x64", driver + ".sys"),
                    os.path.join(images, "aero_virtio_snd.sys"))
        for seed in LIES:
            status, told, errors = told_of(folder, seed)
            if driver in BREAKS:
                tap.check(status == 1 and "breaks a rule" in told and f"driver_fuzz: {BREAKS[driver]}:" in errors,
                          f"{driver} is found out on {seed}", told, errors)
            else:
                tap.check(status == 0 and "nothing found" in told, f"{driver} breaks nothing on {seed}", told, errors)


def what_cannot_be_lived(tap):
    """Without a part of the machine no life begins: that is neither a finding nor an input that broke nothing."""
    for part in ("hostile.so", "guest64", "driver/x64"):
        with tempfile.TemporaryDirectory() as folder:
            links(folder)
            program = os.path.join(folder, "fuzz", "driver_fuzz")
            if part == "hostile.so":  # the program needs it to start
                with open(program, "rb") as file:
                    built = file.read()
                with open(program, "wb") as file:
                    file.write(built.replace(b"%.900s/hostile.so", b"%.900s/missing.so"))
            else:
                os.remove(os.path.join(folder, "fuzz", part))
            for arguments in (["--replay", os.path.join(SEEDS, "row-aero")], ["--runs", "1"]):
                status, told, errors = called(["--target", "driver", *arguments], folder)
                good = status == 2 and not told and len(errors.splitlines()) == 1 and "the fuzzer itself" in errors
                tap.check(good, f"without {part} no life begins: {arguments[0]}", told, errors)
            findings_kept = os.listdir(os.path.join(folder, "fuzz", "driver", "findings"))
            tap.check(not findings_kept, f"without {part} nothing is found", findings_kept)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        links(folder)
        bounded(tap, folder)
        repeats(tap, folder)
        findings(tap, folder)
    what_cannot_be_lived(tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
