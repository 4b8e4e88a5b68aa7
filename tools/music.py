#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes a short piece of music as a 48 kHz S16 WAV file: music.py OUT.wav [mono].

The first bars of J. S. Bach's prelude in C major (BWV 846) on a plucked string
(Karplus-Strong), the two hands left and right of the middle. Integer
arithmetic only, so that every machine writes the same bytes.
"""

import random
import struct
import sys
import wave

RATE = 48000
SIXTEENTH = 8640  # frames: 83 quarter notes a minute
SUSTAIN = 5       # sixteenths that a string is followed
# Per half bar: bass, tenor, and the three notes that the right hand repeats (MIDI numbers).
BARS = [(60, 64, 67, 72, 76), (60, 62, 69, 74, 77), (59, 62, 67, 74, 77), (60, 64, 67, 72, 76)]
FINAL = [(36, 0), (48, 1), (64, 2), (67, 3), (72, 4)]
# Periods of a C in frames, as numerator over 2**16, for MIDI number 0: 48000 / 8.1757989156 Hz.
PERIOD_0 = 384761169
# 2**(-n/12) as fractions of 2**30.
SEMITONE = [1073741824, 1013477315, 956595180, 902905565, 852229322, 804397328, 759249936, 716636420, 676414438,
            638449522, 602614575, 568789671]


def period(midi):
    """Whole frames of one period of a MIDI note."""
    octave, step = divmod(midi, 12)
    return (PERIOD_0 * SEMITONE[step] >> 30 + octave) + 32768 >> 16


def pluck(midi, frames, noise):
    """One string: noise that a two-point average wears down."""
    length = period(midi)
    ring = [noise.randrange(-9000, 9000) for _ in range(length)]
    out = []
    for i in range(frames):
        at = i % length
        out.append(ring[at])
        ring[at] = (ring[at] + ring[(at + 1) % length]) * 509 // 1024
    return out


def score():
    """(start in sixteenths, MIDI number, is the left hand, length in sixteenths) of every note."""
    time = 0
    for bass, tenor, *right in BARS:
        for _ in range(2):
            notes = [bass, tenor] + right + right
            for step, midi in enumerate(notes):
                yield time + step, midi, step < 2, SUSTAIN
            time += len(notes)
    for midi, step in FINAL:
        yield time + step, midi, midi < 60, 14 - step


def render():
    """Left and right samples of the whole piece."""
    notes = list(score())
    total = max(start + length for start, _, _, length in notes) * SIXTEENTH
    sides = [[0] * total, [0] * total]
    noise = random.Random(846)
    for start, midi, left_hand, length in notes:
        sound = pluck(midi, length * SIXTEENTH, noise)
        fade = SIXTEENTH // 2
        for side, share in ((sides[0], 3 if left_hand else 2), (sides[1], 2 if left_hand else 3)):
            at = start * SIXTEENTH
            for i, sample in enumerate(sound):
                left = len(sound) - i
                side[at + i] += sample * share // 2 * min(left, fade) // fade
    return sides


def clip(sample):
    return max(-32768, min(32767, sample))


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["mono"]):
        sys.exit("usage: music.py OUT.wav [mono]")
    left, right = render()
    with wave.open(sys.argv[1], "wb") as out:
        mono = len(sys.argv) == 3
        out.setnchannels(1 if mono else 2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        if mono:
            samples = [clip((l + r) // 2) for l, r in zip(left, right)]
        else:
            samples = [clip(x) for frame in zip(left, right) for x in frame]
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))


if __name__ == "__main__":
    main()
