#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd logo on every personality of the model, with each of the three builds, on a machine that is busy: every
timer and every client late by up to 3 ms."""

import os

from harness import OUT, add_test, equal, main, run_json

IMAGES = {"transitional": "virtiosnd_legacy", "ioport": "virtiosnd_ioport"}
DEVICES = ("aero", "specification", "qemu8", "qemu", "crosvm", "vhost-device-sound", "acrn", "android", *IMAGES)
CLIENTS = {"x86": ("--mode", "timer"), "x64": ("--mode", "event")}


def all_criteria_are_met(device, arch):
    image = IMAGES.get(device, "aero_virtio_snd")
    path = os.path.join(OUT, "drivers", "windows7", "virtio-snd", arch, image + ".sys")
    status, result, errors = run_json(["logo", "--sys", path, "--device", f"model:{device}", "--jitter-ms", "3",
                                       *CLIENTS[arch]])
    equal([row for row in result["criteria"] if not row["met"]], [], "criteria not met")
    equal((status, errors), (0, ""), "status and errors")


for name in DEVICES:
    for architecture in CLIENTS:
        add_test(f"all_criteria_are_met_{name.replace('-', '_')}_{architecture}",
                 lambda d=name, a=architecture: all_criteria_are_met(d, a))

main()
