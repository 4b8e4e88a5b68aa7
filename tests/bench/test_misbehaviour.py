#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Devices with a past, and events: the sound arrives all the same, and suppressed interrupts stay away."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from harness import (Folder, add_test, equal, main, noise, run_json,  # noqa: E402
                     write_wav)  # pylint: disable=wrong-import-position

FRAMES = 24017
EVENTS = ("xruns", "malformed", "flood")
DIALECTS = ("aero", "specification")


def check(result, status, errors, what):
    for stream in (result["render"], result["capture"]):
        equal((stream["bit_exact"], stream["gaps"]), (True, 0), f"{what}: {stream} {errors}")
    equal((result["violations"], result["leaks"], status), (0, 0, 0), f"{what}: {errors}")


def duplex(arch, device, *more):
    with Folder() as folder:
        stereo = write_wav(folder("stereo.wav"), noise(FRAMES, 2, 5))
        mono = write_wav(folder("mono.wav"), noise(FRAMES, 1, 6), channels=1)
        return run_json(["duplex", stereo, "-i", mono, "-o", folder("o.wav"), "--arch", arch,
                         "--device", f"model:{device}", *more])


def sound_survives(arch, device):
    status, result, errors = duplex(arch, device)
    check(result, status, errors, device)


def event_idx_costs_no_interrupt(arch):
    """An instant device is polled: its interrupts stay away whether they are suppressed by the flag or by the index."""
    counts = []
    for event_idx in ("off", "on"):
        status, result, errors = duplex(arch, f"aero,event_idx={event_idx}")
        check(result, status, errors, event_idx)
        counts.append((result["interrupts"], result["doorbells"]))
    equal(counts[1], counts[0], "interrupts and doorbells with and without EVENT_IDX")


for machine in ("x86", "x64"):
    for dialect in DIALECTS:
        for events in EVENTS:
            add_test(f"{dialect}_events_{events}_{machine}",
                     lambda a=machine, d=dialect, e=events: sound_survives(a, f"{d},events={e}"))
        add_test(f"{dialect}_stale_periods_{machine}", lambda a=machine, d=dialect: sound_survives(a, f"{d},stale=on"))
    add_test(f"event_idx_costs_no_interrupt_{machine}", lambda a=machine: event_idx_costs_no_interrupt(a))

if __name__ == "__main__":
    main()
