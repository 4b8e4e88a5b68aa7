# SPDX-License-Identifier: MIT OR Apache-2.0
"""Command lines of the tools: what is wrong with one is said in one line."""

import argparse
import sys


def die(text):
    sys.stderr.write(f"aero-snd: {text}\n")
    sys.exit(2)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        die(message)
