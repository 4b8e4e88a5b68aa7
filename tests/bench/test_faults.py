#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Devices that break the rules: the shipped drivers fail cleanly, come back, and survive any event."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from harness import (Folder, add_test, equal, main, noise, run, run_json, true,  # noqa: E402
                     write_wav)  # pylint: disable=wrong-import-position

FRAMES = 24017
EVENTS = ("xruns", "malformed", "flood")
FAULTS = ("unknown_id", "needs_reset")
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


def fails_cleanly(arch, device):
    """The sound is lost, nothing else: no violation, no leak, no bench that waits for ever."""
    status, result, errors = duplex(arch, device)
    equal(result["violations"], 0, f"{device}: violations {errors}")
    true(status in (0, 1), f"{device}: status {status} {errors}")


def names_come_from_the_function(arch):
    for sys_name, device, name in (("aero_virtio_snd", "qemu", "VEN_1AF4&DEV_1059&SUBSYS_11001AF4&REV_01"),
                                   ("virtiosnd_ioport", "ioport", "VEN_1AF4&DEV_1018&SUBSYS_00191AF4&REV_00")):
        with Folder() as folder:
            path = os.path.join("out", "drivers", "windows7", "virtio-snd", arch, sys_name + ".sys")
            done = run(["scenario", "load", "--arch", arch, "--sys", path, "--device", f"model:{device}",
                        "--trace", folder("trace")])
            equal(done.returncode, 0, f"{device}: {done.stderr}")
            with open(folder("trace"), encoding="utf-8", errors="replace") as trace:
                true("PCI#" + name in trace.read(), f"{device}: interfaces are called {name}")


for machine in ("x86", "x64"):
    for dialect in DIALECTS:
        for events in EVENTS:
            add_test(f"{dialect}_events_{events}_{machine}",
                     lambda a=machine, d=dialect, e=events: sound_survives(a, f"{d},events={e}"))
        add_test(f"{dialect}_stale_periods_{machine}", lambda a=machine, d=dialect: sound_survives(a, f"{d},stale=on"))
        for fault in FAULTS:
            add_test(f"{dialect}_{fault}_{machine}",
                     lambda a=machine, d=dialect, f=fault: fails_cleanly(a, f"{d},fault={f}"))
    add_test(f"event_idx_costs_no_interrupt_{machine}", lambda a=machine: event_idx_costs_no_interrupt(a))
    add_test(f"names_come_from_the_function_{machine}", lambda a=machine: names_come_from_the_function(a))

if __name__ == "__main__":
    main()
