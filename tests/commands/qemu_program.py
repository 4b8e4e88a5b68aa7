# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which QEMU is there, for the tests that need it."""

import re
import shutil
import subprocess

PROGRAM = "qemu-system-x86_64"
LOWEST = (8, 2)


def _say(*arguments):
    return subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout


def missing(back_end=""):
    """What is missing of a QEMU with a virtio sound device and this audio back end; empty: nothing."""
    if shutil.which(PROGRAM) is None:
        return f"{PROGRAM} is not installed"
    found = re.search(r"version (\d+)\.(\d+)", _say("--version"))
    if found is None or tuple(map(int, found.groups())) < LOWEST:
        return f"{PROGRAM} is older than {LOWEST[0]}.{LOWEST[1]}"
    if back_end and back_end not in _say("-audiodev", "help").split():
        return f"{PROGRAM} has no audio back end '{back_end}'"
    return ""
