#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A hostile client: every request with every size, flag and state, on every build of the driver; each refusal is the
one that errors.md documents. The long one, ten thousand streams, is ./aero-snd scenario open_close_cycles:10000."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

DOCUMENT = os.path.join(harness.ROOT, "drivers", "windows7", "virtio-snd", "docs", "errors.md")
TABLE = os.path.join(harness.ROOT, "bench", "client", "hostile.h")
DOCUMENTED = re.compile(r"^\| ([a-z-]+) \| [^|]+ \| (STATUS_\w+) \|$", re.MULTILINE)
COMPARED = re.compile(r"^    X\(\w+, (\w+), (STATUS_\w+)\)", re.MULTILINE)

REQUESTS = ("hostile_properties", "hostile_formats", "hostile_ranges")
PINS = ("hostile_buffers", "hostile_states", "hostile_events", "hostile_races", "hostile_closing", "open_close_cycles")
DRIVERS = os.path.join(harness.OUT, "drivers", "windows7", "virtio-snd")

# Label, folder of the images, image, device, scenarios.
BUILDS = (
    ("contract", DRIVERS, "aero_virtio_snd", "model:aero", REQUESTS + PINS),
    ("contract_on_qemu", DRIVERS, "aero_virtio_snd", "model:qemu", PINS),
    ("legacy", DRIVERS, "virtiosnd_legacy", "model:transitional", PINS),
    ("ioport", DRIVERS, "virtiosnd_ioport", "model:ioport", PINS),
    ("checked", os.path.join(harness.OUT, "checked"), "aero_virtio_snd", "model:aero", REQUESTS + PINS[:-1]),
)


def run(scenario, arch, folder, image, device):
    command = [harness.BENCH, "scenario", scenario, "--arch", arch, "--device", device, "--sys",
               os.path.join(folder, arch, image + ".sys")]
    return subprocess.run(command, capture_output=True, text=True, timeout=harness.TIME_LIMIT, check=False)


def passes(*how):
    done = run(*how)
    harness.true(done.returncode == 0, f"status {done.returncode}\n{done.stderr}{done.stdout}")


@harness.test
def documented_answers_are_those_compared():
    with open(DOCUMENT, encoding="utf-8") as file:
        documented = DOCUMENTED.findall(file.read())
    with open(TABLE, encoding="utf-8") as file:
        compared = [(row.lower().replace("_", "-"), status) for row, status in COMPARED.findall(file.read())]
    harness.equal(documented, compared, "errors.md and hostile.h")


@harness.test
def a_bad_number_of_cycles_is_named():
    for number in ("no", "", "3"):
        done = run("open_close_cycles:" + number, "x64", DRIVERS, "aero_virtio_snd", "model:aero")
        harness.true(done.returncode == 1 and "is no number above" in done.stderr, done.stderr)


for label, where, name, its_device, scenarios in BUILDS:
    for architecture in ("x86", "x64"):
        for one in scenarios:
            harness.add_test(f"{one}_{label}_{architecture}",
                             lambda s=one, a=architecture, f=where, n=name, d=its_device: passes(s, a, f, n, d))
if __name__ == "__main__":
    harness.main()
