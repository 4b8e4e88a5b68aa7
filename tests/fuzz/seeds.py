#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""seeds.py FOLDER: a small corpus for device_fuzz, well-behaved guests of every personality and knob.

Each seed is what a driver does in a short life: bring the device up, ask, set, prepare, prefill, start, stream, stop,
release. The operations' numbers are those of device_fuzz.h.
"""

import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = os.path.join(HERE, "device_fuzz.h")
DEVICE = os.path.join(HERE, "..", "..", "device")
PERIOD_FRAMES = 480
TX, RX = 2, 3
INFO, SET_PARAMS, PREPARE, START, STOP, RELEASE = range(6)  # places in do_control's table


def numbered(path, pattern):
    """What the pattern finds in the lines of a source, each to its place."""
    with open(path, encoding="utf-8") as file:
        names = re.findall(pattern, file.read(), re.MULTILINE)
    return {name: number for number, name in enumerate(names)}


OP = numbered(HEADER, r"^    (OP_\w+),?")
ROWS = numbered(os.path.join(DEVICE, "personality.c"), r'^        \.name = "([^"]+)"')
KNOBS = numbered(os.path.join(DEVICE, "personality_options.c"), r'^    \{"(\w+)", \{')

with open(os.path.join(DEVICE, "personality_options.c"), encoding="utf-8") as options_file:
    CHOICES = int(re.search(r"^#define MAX_WORDS (\d+)u$", options_file.read(), re.MULTILINE).group(1)) - 1  # and NULL


def op(name, layout="", *values):
    return struct.pack("<B" + layout, OP[name], *values)


def control(code, stream, room=0, channels=0, period=0):
    return op("OP_CONTROL", "BBBBBH", code, stream, room, 0x80 * (stream & 1), channels, period)


def transfer(queue, stream, channels, times=0, pieces=0):
    return op("OP_TRANSFER", "BBIBB", queue, stream, 2 * channels * PERIOD_FRAMES, 0x80 | pieces, times)


def life(streams):
    """A guest that plays and records; streams: (queue, stream id, channels)."""
    text = op("OP_BRING_UP", "IB", 0, 0)
    text += control(INFO, 0, room=64, channels=2)
    for queue, stream, channels in streams:
        text += control(SET_PARAMS, stream, channels=channels, period=2 * channels * PERIOD_FRAMES)
        text += control(PREPARE, stream) + transfer(queue, stream, channels, times=1) + control(START, stream)
    for _ in range(4):
        text += op("OP_TIME", "H", 1000) + op("OP_SOUND", "HH", 480, 480)
        for queue, stream, channels in streams:
            text += transfer(queue, stream, channels, pieces=1) + op("OP_ASK", "BHHB", 0, 0x4200, 0xFFFF, queue)
    for _, stream, _ in streams:
        text += control(STOP, stream) + control(RELEASE, stream)
    text += op("OP_TIME", "H", 1000) + op("OP_BRING_UP", "IB", 0xFFFFFFFF, 2) + control(INFO, 0, room=64, channels=2)
    return text


def options(row, **knobs):
    """The head of an input; each knob's value is its place among the choices."""
    return bytes([ROWS[row], len(knobs)]) + b"".join(bytes([KNOBS[name], choice]) for name, choice in knobs.items())


def playing():
    return op("OP_BRING_UP", "IB", 0, 0) + control(SET_PARAMS, 0, channels=2, period=1920) + control(PREPARE, 0) + \
        control(START, 0)


def hoarders():
    """Guests that make a device which never answers hold more and more."""
    full = transfer(TX, 0, 2, times=31)
    yield "moves-rings", options("ioport", completion=4) + playing() + (full + op("OP_PLACE", "B", TX)) * 20
    endless = op("OP_DESCRIPTOR", "BHBQIBH", 0, 0, 7, 1 << 40, 0, 1, 0) + op("OP_PUBLISH", "BHB", 0, 0, 255)
    yield "waits-at-reset", options("specification", queue=8) + playing() + endless + op("OP_POWER")
    asks = control(INFO, 0, room=64, channels=2) * 32
    yield "asks-again", options("specification", completion=4, stale=1) + playing() + (full + asks) * 20


def corpus():
    both = [(TX, 0, 2), (RX, 1, 1)]
    for row in ROWS:
        yield f"row-{row}", options(row) + life(both)
        yield f"row-{row}-reversed", options(row) + life([(TX, 1, 2), (RX, 0, 1)])
    for knob in KNOBS:
        for choice in range(CHOICES):
            yield f"knob-{knob}-{choice}", options("specification", **{knob: choice}) + life(both)
    yield from hoarders()


def main():
    for name, seed in corpus():
        with open(os.path.join(sys.argv[1], name), "wb") as file:
            file.write(seed)


if __name__ == "__main__":
    main()
