#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The shipped drivers on QEMU's own sound device, in real time. Skipped where there is no QEMU of 8.2 or later."""

import itertools
import re
import shutil
import subprocess

from harness import Folder, add_test, equal, main, noise, read_wav, run, run_json, true, write_wav

PROGRAM = "qemu-system-x86_64"
LOWEST = (8, 2)
ARCHS = ("x86", "x64")
FRAMES = 48017  # a second, and not a whole number of periods
PROPERTIES = ("streams=1", "streams=4", "event_idx=off", "indirect_desc=off", "vectors=0", "jacks=2", "chmaps=2")


def why_not():
    """Why these tests cannot run here; empty: they can."""
    if shutil.which(PROGRAM) is None:
        return f"{PROGRAM} is not installed"
    version = subprocess.run([PROGRAM, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r"version (\d+)\.(\d+)", version)
    if found is None or tuple(map(int, found.groups())) < LOWEST:
        return f"{PROGRAM} is older than {LOWEST[0]}.{LOWEST[1]}"
    return ""


def check(result, status, errors, frames, what):
    equal((result["violations"], result["leaks"]), (0, 0), f"{what}: violations and leaks")
    equal(result["frames_in"], frames, f"{what}: frames_in")
    equal((result["bit_exact"], result["gaps"]), (True, 0), f"{what}: bit for bit, gaps ({result})")
    equal(status, 0, f"{what}: status {errors}")
    equal(result["dialect"], "specification", f"{what}: dialect")


def play(device, *arguments):
    """Plays a second and looks at the file, not only at the report."""
    with Folder() as folder:
        data = noise(FRAMES, 2)
        sound = write_wav(folder("in.wav"), data)
        status, result, errors = run_json(["play", sound, "-o", folder("out.wav"), "--device", device, *arguments])
        check(result, status, errors, FRAMES, device)
        out, channels, rate = read_wav(folder("out.wav"))
        equal((channels, rate), (2, 48000), "format of the output")
        lead = 4 * result["leading_silence_frames"]
        true(out[lead:lead + len(data)] == data, "the file's samples")
        true(result["wall_seconds"] >= FRAMES / 48000, f"real time: {result['wall_seconds']} s")


def record(device, *arguments):
    with Folder() as folder:
        data = noise(FRAMES, 1)
        mic = write_wav(folder("mic.wav"), data, channels=1)
        status, result, errors = run_json(["record", "-i", mic, "-o", folder("out.wav"), "--device", device,
                                           *arguments])
        check(result, status, errors, FRAMES, device)
        out, _, _ = read_wav(folder("out.wav"))
        lead = 2 * result["leading_silence_frames"]
        true(out[lead:lead + len(data)] == data, "the file's samples")


def duplex(*arguments):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(FRAMES, 2))
        mic = write_wav(folder("mic.wav"), noise(FRAMES, 1, 5), channels=1)
        status, result, errors = run_json(["duplex", sound, "-i", mic, "--device", "qemu", *arguments])
        check(result, status, errors, 2 * FRAMES, "duplex")
        equal((result["render"]["bit_exact"], result["capture"]["bit_exact"]), (True, True), "both")


def show(arch):
    done = run(["show", "--device", "qemu", "--arch", arch])
    equal(done.returncode, 0, f"status ({done.stderr})")
    true("Speakers (render): 48000 Hz, 2 channels" in done.stdout, done.stdout)
    true("Microphone (capture): 48000 Hz, 1 channel" in done.stdout, done.stdout)


def bad_properties_are_refused():
    for properties, words in (("no_such_thing=1", "no_such_thing"), ("streams=99", "99"), ("audio=fm", "audio=fm"),
                              ("x" * 600, "too long")):
        done = run(["show", "--device", "qemu:" + properties])
        equal((done.returncode, done.stdout), (2, ""), f"{properties}: status ({done.stderr})")
        true(words in done.stderr, f"{properties}: {done.stderr!r}")


def add_tests():
    add_test("bad_properties_are_refused", bad_properties_are_refused)
    for arch in ARCHS:
        add_test(f"driver_starts_on_qemu_{arch}", lambda arch=arch: show(arch))
    for arch, mode, milliseconds in itertools.product(ARCHS, ("event", "timer"), ("40", "100")):
        add_test(f"play_{arch}_{mode}_{milliseconds}_ms_is_bit_exact",
                 lambda cell=(arch, mode, milliseconds):
                 play("qemu", "--arch", cell[0], "--mode", cell[1], "--buffer-ms", cell[2]))
    for arch, milliseconds in itertools.product(ARCHS, ("40", "100")):
        add_test(f"record_{arch}_event_{milliseconds}_ms_is_bit_exact",
                 lambda cell=(arch, milliseconds): record("qemu", "--arch", cell[0], "--buffer-ms", cell[1]))
        add_test(f"duplex_{arch}_event_{milliseconds}_ms_is_bit_exact",
                 lambda cell=(arch, milliseconds): duplex("--arch", cell[0], "--buffer-ms", cell[1]))
    for arch in ARCHS:
        add_test(f"record_{arch}_from_a_device_that_never_waits_is_bit_exact",
                 lambda arch=arch: record("qemu:audio=alsa", "--arch", arch))
    for properties in PROPERTIES:
        add_test(f"play_with_{properties}_is_bit_exact".replace("=", "_"),
                 lambda properties=properties: play("qemu:" + properties, "--buffer-ms", "40"))


REASON = why_not()
if REASON:
    print(f"1..0 # SKIP {REASON}")
else:
    add_tests()
    main()
