#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Devices with a past, and events: the sound arrives all the same, and suppressed interrupts stay away."""

import os
import sys
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from harness import (Folder, add_test, equal, main, noise, run_json, true,  # noqa: E402
                     write_wav)  # pylint: disable=wrong-import-position

FRAMES = 24017
EARLY = ("specification", "specification,completion=burst", "specification,completion=late", "crosvm", "acrn")
EVENTS = ("xruns", "malformed", "flood")
DIALECTS = ("aero", "specification")
PERIOD_FRAMES = 480
BREAKS_OFF = ("specification", "specification,rx_status=data", "qemu", "crosvm")


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


def a_period_that_breaks_off_is_lost(arch, device):
    """Half recorded and then IO_ERR, wherever that stands: a period's worth at most differs, the rest is in place."""
    with Folder() as folder:
        spoken = noise(FRAMES, 1, 6)
        source = write_wav(folder("mono.wav"), spoken, channels=1)
        status, result, errors = run_json(["record", "-i", source, "-o", folder("o.wav"), "--arch", arch,
                                           "--device", f"model:{device},fault=rx_error"])
        equal((status, result["bit_exact"], result["violations"], result["leaks"]), (1, False, 0, 0), f"{errors}")
        with wave.open(folder("o.wav")) as file:
            heard = file.readframes(file.getnframes())
        first = result["leading_silence_frames"]
        differ = [i for i in range(FRAMES) if heard[2 * (first + i):][:2] != spoken[2 * i:][:2]]
        true(0 < len(differ) <= PERIOD_FRAMES and differ[-1] - differ[0] < PERIOD_FRAMES,
             f"{len(differ)} frames from {differ[:1]} to {differ[-1:]}")


for machine in ("x86", "x64"):
    for broken in BREAKS_OFF:
        add_test(f"a_period_that_breaks_off_is_lost_{broken.replace('=', '_').replace(',', '_')}_{machine}",
                 lambda a=machine, d=broken: a_period_that_breaks_off_is_lost(a, d))
    for dialect in DIALECTS:
        for events in EVENTS:
            add_test(f"{dialect}_events_{events}_{machine}",
                     lambda a=machine, d=dialect, e=events: sound_survives(a, f"{d},events={e}"))
        add_test(f"{dialect}_stale_periods_{machine}", lambda a=machine, d=dialect: sound_survives(a, f"{d},stale=on"))
    for paced in EARLY:
        add_test(f"{paced.replace('=', '_').replace(',', '_')}_early_status_{machine}",
                 lambda a=machine, d=paced: sound_survives(a, f"{d},early_status=on"))
    add_test(f"event_idx_costs_no_interrupt_{machine}", lambda a=machine: event_idx_costs_no_interrupt(a))

if __name__ == "__main__":
    main()
