#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""driver_seeds.py FOLDER: the corpus with which driver_fuzz begins: well-behaved devices of each personality and knob,
and one deviation of each kind at some times. The layout is that of hostile.h."""

import os
import struct
import sys

from seeds import CHOICES, KNOBS, ROWS, numbered

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = os.path.join(HERE, "hostile.h")
SLEEPS, TIMER, ONE, NO_INTERRUPT, X86 = 1, 2, 4, 8, 16
CONFIG, REGISTER, WRITE, LINE, TIME, USED, ANSWER = 0, 1, 2, 3, 4, 5, 9
CHANGES = numbered(HEADER, r"^    HOSTILE_(SET|XOR|ADD|ONES|ZERO|COUNT),")
USEDS = numbered(HEADER, r"^    HOSTILE_(ID_SET|ID_XOR|LENGTH|VANISH|REPEAT|JUMP|SWAP|WISH),")
EVENTS = numbered(HEADER, r"^    HOSTILE_(STALL|LEAP|NEEDS_RESET|CHANGED|UNASKED),")
EVENT_QUEUE = 1
COMMON_REGISTERS = range(0, 0x38, 2)


def head(row, knob=None, choice=0, life=0):
    return bytes([ROWS[row], 0 if knob is None else KNOBS[knob] + 1, choice, life])


def deviation(place, select, how, value=0, start=0, times=255):
    return struct.pack("<BBHBBI", place, select, start, times, how, value)


def honest():
    for row in ROWS:
        yield f"row-{row}", head(row)
        yield f"row-{row}-life", head(row, life=SLEEPS | ONE)
        yield f"row-{row}-x86", head(row, life=TIMER | NO_INTERRUPT | X86)
    for knob in KNOBS:
        for choice in range(CHOICES):
            yield f"knob-{knob}-{choice}", head("specification", knob, choice, SLEEPS)


def found():
    """What the fuzzer found, each defect mended."""
    yield "found-position-after-sleep", head("specification", "completion", 0, SLEEPS | TIMER | NO_INTERRUPT)


def registers():
    for row in ("aero", "ioport"):
        for at in COMMON_REGISTERS:
            yield f"{row}-register-{at}", head(row) + deviation(REGISTER, at, CHANGES["XOR"], 0x41)
            yield (f"{row}-register-{at}-late",
                   head(row, life=SLEEPS) + deviation(REGISTER, at, CHANGES["ONES"], start=2))
    for at in (0x40, 0x80, 0x84, 0x88):
        for how in ("ONES", "ZERO", "COUNT"):
            yield f"register-{at}-{how}", head("specification") + deviation(REGISTER, at, CHANGES[how])
    for start in (0, 10, 40, 100, 200):
        yield f"gone-{start}", head("specification") + deviation(REGISTER, 0xFF, CHANGES["ONES"], start=start)
    for at in (0x08, 0x14, 0x16, 0x1C, 0x20, 0x60):
        yield f"write-{at}", head("specification") + deviation(WRITE, at, 0)
    for start in range(4, 14, 3):  # resets that never happen
        yield f"write-20-{start}", head("specification", life=SLEEPS) + deviation(WRITE, 0x14, 0, start=start)


def configuration():
    for at in range(0, 0x100, 4):
        yield f"config-{at}", head("aero") + deviation(CONFIG, at, CHANGES["XOR"], 0xFFFFFFFF)
    # the second capability is followed by the first
    yield "config-loop", head("aero") + deviation(CONFIG, 0x51, CHANGES["SET"], 0x021440)
    for at in range(0x40, 0x90):
        yield f"config-{at}-odd", head("aero") + deviation(CONFIG, at, CHANGES["ADD"], 1)


def rings():
    for queue in range(4):
        knob = {"knob": "events", "choice": 1} if queue == EVENT_QUEUE else {}
        for how in USEDS:
            for value, start in ((0xFFFF, 2), (1, 0), (3, 9), (64, 5)):
                yield (f"used-{queue}-{how}-{value}",
                       head("specification", life=SLEEPS, **knob)
                       + deviation(USED + queue, 0, USEDS[how], value, start, 2))
        for select in (0, 4, 8, 0xF8, 0xFC):
            yield (f"answer-{queue}-{select}", head("specification", **knob)
                   + deviation(ANSWER + queue, select, CHANGES["XOR"], 0x8001, 1))


def times():
    for how in EVENTS:
        for start in (0, 30, 120):
            yield (f"time-{how}-{start}", head("specification", life=SLEEPS)
                   + deviation(TIME, 2, EVENTS[how], 0x10005, start, 3))
    for level in (0, 1):
        yield f"line-{level}", head("specification") + deviation(LINE, 0, level)


def rare():
    """What takes several deviations at once, or the right one of many."""
    capability = deviation(CONFIG, 0x06, CHANGES["XOR"], 0x10) + deviation(CONFIG, 0x34, CHANGES["SET"], 0x40)
    other_first = deviation(CONFIG, 0x40, CHANGES["SET"], 0x00004809)
    msix = deviation(CONFIG, 0x48, CHANGES["SET"], 0x00000011)
    yield "rare-another-class", head("aero") + deviation(CONFIG, 0x0B, CHANGES["XOR"], 1)
    yield "rare-io-capability", head("ioport") + capability + deviation(CONFIG, 0x40, CHANGES["SET"], 0x09)
    yield "rare-io-msix", head("ioport") + capability + other_first + msix
    yield "rare-io-config-moves", head("ioport") + deviation(REGISTER, 0x18, CHANGES["COUNT"])
    # The answer to a request comes when its sender has given up, and before the answer to the next one.
    for start in (2, 5, 8):
        yield (f"rare-late-answer-{start}", head("aero", life=SLEEPS) + deviation(USED, 0, USEDS["VANISH"], 0, start, 0)
               + deviation(USED, 0, USEDS["REPEAT"], 0, start, 0) + deviation(USED, 0, USEDS["ID_SET"], 0, start, 0))
    # SET_PARAMS behind a RELEASE.
    for start in (6, 7):
        yield f"rare-bad-parameters-{start}", head("aero") + deviation(ANSWER, 0, CHANGES["SET"], 1, start, 0)
    # PREPARE is refused.
    yield "rare-refused", head("specification") + deviation(ANSWER, 0, CHANGES["SET"], 0x8002, 2, 0)
    # The ring breaks, and so does the reset.
    for start in (3, 4, 5):
        yield (f"rare-broken-for-good-{start}", head("specification")
               + deviation(USED + 2, 0, USEDS["ID_SET"], 0xFFFF, 2, 0) + deviation(WRITE, 0x14, 0, 0, start))
    yield "rare-breaks-in-its-reset", head("specification") + deviation(REGISTER, 0x14, CHANGES["SET"], 0x40, 0, 0)
    # A ring of four, and from some period on the device is silent.
    for start in range(3, 9):
        yield (f"rare-half-a-period-{start}", head("aero", "queue", 0)
               + deviation(USED + 2, 0, USEDS["VANISH"], 0, start))


def everything():
    """(name, bytes) of every seed."""
    for part in (honest, found, registers, configuration, rings, times, rare):
        yield from part()


def main():
    for name, seed in everything():
        with open(os.path.join(sys.argv[1], name), "wb") as file:
            file.write(seed)


if __name__ == "__main__":
    main()
