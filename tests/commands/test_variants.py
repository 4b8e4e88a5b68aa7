#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The driver's other builds: sound through each on the devices that it binds to, at the same cost, and on no other."""

import itertools
import os

from harness import OUT, Folder, add_test, equal, main, noise, refused, run_json, write_wav

ARCHS = ("x86", "x64")
FOLDERS = {"free": os.path.join(OUT, "drivers", "windows7", "virtio-snd"), "checked": os.path.join(OUT, "checked")}
# Build, and the devices that it works on.
BUILDS = (
    ("virtiosnd_legacy", "model:transitional"),
    ("virtiosnd_legacy", "model:transitional,msix=off"),
    ("virtiosnd_legacy", "model:transitional,indirect=off"),
    ("virtiosnd_ioport", "model:ioport"),
    ("virtiosnd_ioport", "model:ioport,msix=off"),
    ("virtiosnd_ioport", "model:ioport,msix=enabled"),
    ("virtiosnd_ioport", "model:ioport,indirect=off"),
    ("virtiosnd_ioport", "model:transitional"),
)
CELLS = tuple(itertools.product(("event", "timer"), (1, 2), (0, 3)))
WRONG = (
    ("aero_virtio_snd", "model:transitional", "STATUS_NOT_SUPPORTED"),
    ("aero_virtio_snd", "model:ioport", "STATUS_NOT_SUPPORTED"),
    ("virtiosnd_legacy", "model:aero", "STATUS_NOT_SUPPORTED"),
    ("virtiosnd_legacy", "model:ioport", "STATUS_DEVICE_CONFIGURATION_ERROR"),
    ("virtiosnd_ioport", "model:aero", "STATUS_NOT_SUPPORTED"),
    ("virtiosnd_ioport", "model:specification", "STATUS_NOT_SUPPORTED"),
)
FRAMES = 14407


def build(name, arch, device, flavour="free"):
    return ["--sys", os.path.join(FOLDERS[flavour], arch, name + ".sys"), "--device", device, "--arch", arch]


def check(result, what, *streams):
    equal((result["violations"], result["leaks"], result["dialect"]), (0, 0, "aero"), f"{what}: violations, leaks")
    for stream in streams:
        equal((stream["frames_in"], stream["bit_exact"], stream["gaps"]), (FRAMES, True, 0), f"{what}: {stream}")


def every_cell_is_bit_exact(name, device, arch, flavour, cells):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(FRAMES, 2))
        mic = write_wav(folder("mic.wav"), noise(FRAMES, 1, 5), channels=1)
        for mode, notifications, jitter in cells:
            what = f"{mode}, {notifications} notifications, {jitter} ms"
            options = [*build(name, arch, device, flavour), "--mode", mode, "--notifications", str(notifications),
                       "--jitter-ms", str(jitter)]
            status, result, errors = run_json(["play", sound, *options])
            check(result, f"play {what}", result)
            equal(status, 0, f"play {what} {errors}")
            status, result, errors = run_json(["record", "-i", mic, "-o", folder("out.wav"), *options])
            check(result, f"record {what}", result)
            equal(status, 0, f"record {what} {errors}")
            status, result, errors = run_json(["duplex", sound, "-i", mic, *options])
            check(result, f"duplex {what}", result["render"], result["capture"])
            equal(status, 0, f"duplex {what} {errors}")


def a_period_costs_one_doorbell(name, device, arch):
    with Folder() as folder:
        costs = []
        for seconds in (2, 7):
            sound = write_wav(folder("in.wav"), noise(48000, 2) * seconds)
            costs.append(run_json(["play", sound, *build(name, arch, device)])[1])
        grown = {key: costs[1][key] - costs[0][key]
                 for key in ("doorbells", "register_reads", "register_writes", "interrupts")}
        equal(grown, {"doorbells": 500, "register_reads": 0, "register_writes": 0, "interrupts": 0}, "five seconds")


def other_devices_are_refused(arch):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(480, 2))
        for name, device, why in WRONG:
            refused(["play", sound, *build(name, arch, device)], why, status=1)


for architecture in ARCHS:
    for sys_name, its_device in BUILDS:
        label = f"{sys_name}_on_{its_device[6:]}_{architecture}"
        add_test(f"{label}_every_cell_is_bit_exact",
                 lambda n=sys_name, d=its_device, a=architecture: every_cell_is_bit_exact(n, d, a, "free", CELLS))
        add_test(f"{label}_a_period_costs_one_doorbell",
                 lambda n=sys_name, d=its_device, a=architecture: a_period_costs_one_doorbell(n, d, a))
    for sys_name, its_device in (BUILDS[0], BUILDS[3]):
        add_test(f"{sys_name}_checked_{architecture}_is_bit_exact",
                 lambda n=sys_name, d=its_device, a=architecture:
                 every_cell_is_bit_exact(n, d, a, "checked", CELLS[:1]))
    add_test(f"{architecture}_other_devices_are_refused", lambda a=architecture: other_devices_are_refused(a))
main()
