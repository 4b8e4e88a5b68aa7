#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A device that breaks its rules or asks for a reset in the midst of the sound: it is started again and the sound goes
on; one that never gets well is given up."""

import os
import sys
import tempfile
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from harness import OUT, add_test, equal, main, run_json, true  # noqa: E402  pylint: disable=wrong-import-position

FAULTS = (("asks_for_reset", "needs_reset"), ("returns_what_it_never_got", "unknown_id"))
DIALECTS = ("aero", "specification", "qemu")
DEAD_ENDINGS = ("dead_device_is_removed", "dead_device_is_stopped", "dead_device_is_pulled_out",
                "dead_device_is_removed_asleep", "dead_device_loses_power")
FOR_EVER = "faults=1000000"
LIMIT_S = 1.0
# What waits by the millisecond may get up to four each time.
LATE_WAITS = ("--jitter-ms", "3")
LOST_FRAMES = 1440  # a buffer and what the device held of it


def scenario(name, arch, device, *options):
    status, result, errors = run_json(["scenario", name, "--arch", arch, "--device", f"model:{device}", *options])
    equal(status, 0, f"{name} on {device}: status {errors}")
    equal((result["violations"], result["leaks"]), (0, 0), f"{name} on {device}: violations and leaks")
    return result


def heard(path):
    """The frames that are not silent."""
    with wave.open(path) as file:
        data = file.readframes(file.getnframes())
    return [data[i:i + 4] for i in range(0, len(data), 4) if data[i:i + 4] != bytes(4)]


def alike(one, other):
    """How many frames are the same from the beginning on."""
    return next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))


def all_but_one_stretch_arrives(wanted, got):
    true(len(wanted) > 40000, f"the plain run played only {len(wanted)} frames")
    true(0 <= len(wanted) - len(got) <= LOST_FRAMES, f"{len(wanted) - len(got)} frames were lost")
    first, last = alike(wanted, got), alike(wanted[::-1], got[::-1])
    true(first + last >= len(got), f"only {first} frames before the break and {last} behind it are those played")
    true(last > 1000, f"only {last} frames arrived behind the break")


def streams_go_on(arch, device, fault, *options):
    with tempfile.TemporaryDirectory() as folder:
        plain, tried = os.path.join(folder, "plain.wav"), os.path.join(folder, "tried.wav")
        calm = scenario("device_breaks_down_while_streaming", arch, device, *options, "-o", plain)
        struck = scenario("device_breaks_down_while_streaming", arch, f"{device},fault={fault}", *options, "-o", tried)
        all_but_one_stretch_arrives(heard(plain), heard(tried))
    equal(struck["register_writes"], 3 * calm["register_writes"], "brought up, up again to release, and up again")
    lost = struck["virtual_seconds"] - calm["virtual_seconds"]
    true(lost < LIMIT_S, f"the sound stood still for {lost} s")


def dead_device(name, arch, device, *options):
    """It does nothing any more, or gives nothing back: no leak but of what it keeps by its own account."""
    for after in ("0", "20"):
        for fault in ("dead", "keeps"):
            scenario(name, arch, f"{device},fault={fault},after={after}", *options)


def kept_buffer(arch, device, *options):
    scenario("kept_buffer_is_not_used_again", arch, f"{device},fault=keeps", *options)


def image(arch, variant):
    return os.path.join(OUT, "drivers", "windows7", "virtio-snd", arch, f"virtiosnd_{variant}.sys")


for machine in ("x86", "x64"):
    for ending in DEAD_ENDINGS:
        for dialect in DIALECTS:
            add_test(f"{dialect}_{ending}_{machine}", lambda a=machine, d=dialect, e=ending: dead_device(e, a, d))
    for build, kind in (("legacy", "transitional"), ("ioport", "ioport")):
        for ending in DEAD_ENDINGS:
            add_test(f"{build}_{ending}_{machine}", lambda a=machine, b=build, d=kind, e=ending:
                     dead_device(e, a, d, "--sys", image(a, b)))
        add_test(f"{build}_kept_buffer_is_not_used_again_{machine}",
                 lambda a=machine, b=build, d=kind: kept_buffer(a, d, "--sys", image(a, b)))
        for word, knob in FAULTS:
            add_test(f"{build}_{word}_while_streaming_{machine}",
                     lambda a=machine, b=build, d=kind, k=knob: streams_go_on(a, d, k, "--sys", image(a, b)))
    add_test(f"pause_waits_half_a_second_{machine}", lambda a=machine:
             scenario("pause_waits_half_a_second", a, "specification,completion=never", *LATE_WAITS))
    for dialect in DIALECTS:
        add_test(f"{dialect}_start_is_never_answered_{machine}",
                 lambda a=machine, d=dialect: scenario("start_is_never_answered", a, d, *LATE_WAITS))
        add_test(f"{dialect}_kept_transfer_is_not_the_next_streams_{machine}",
                 lambda a=machine, d=dialect: scenario("kept_transfer_is_not_the_next_streams", a, d))
        add_test(f"{dialect}_kept_buffer_is_not_used_again_{machine}", lambda a=machine, d=dialect: kept_buffer(a, d))
        for word, knob in FAULTS:
            add_test(f"{dialect}_{word}_while_streaming_{machine}",
                     lambda a=machine, d=dialect, k=knob: streams_go_on(a, d, k))
            add_test(f"{dialect}_{word}_for_ever_{machine}",
                     lambda a=machine, d=dialect, k=knob:
                     scenario("device_stays_broken", a, f"{d},fault={k},{FOR_EVER}"))
            for number in ("1", "14", "27"):
                add_test(f"{dialect}_{word}_and_is_stopped_or_removed_{number}_{machine}",
                         lambda a=machine, d=dialect, k=knob, n=number:
                         scenario("recovery_meets_the_end", a, f"{d},fault={k},{FOR_EVER}", "--seed", n))

if __name__ == "__main__":
    main()
