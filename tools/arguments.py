# SPDX-License-Identifier: MIT OR Apache-2.0
"""Command lines of the tools: what is wrong with one is said in one line."""

import argparse
import os
import subprocess
import sys


def die(text):
    sys.stderr.write(f"aero-snd: {text}\n")
    sys.exit(2)


def guarded(function):
    """What the function answers; what the system or a program of another refuses is told."""
    try:
        return function()
    except OSError as error:
        die(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except subprocess.CalledProcessError as error:
        said = (error.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        die(f"{error.cmd[0]}: ended with status {error.returncode}" + "".join(f": {line}" for line in said[-1:]))
    return None


def write_whole(path, text):
    """Writes a file that is never there by half."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        die(message)
