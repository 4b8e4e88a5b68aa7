#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Proves the built drivers: plays and records a piece of music through each .sys, and prints what came of it.

prove.py OUT: the build folder. Sound files go to OUT/proof. Exit status 0: every sound arrived bit for bit.
"""

import hashlib
import json
import os
import subprocess
import sys

ARCHS = ("x86", "x64")
COLUMNS = (
    ("driver", "arch"), ("sound", "command"), ("bit for bit", "bit_exact"), ("gaps", "gaps"),
    ("lead-in", "leading_silence_frames"), ("latency ms", "latency_ms"), ("periods", "periods"),
    ("doorbells", "doorbells"), ("interrupts", "interrupts"), ("violations", "violations"), ("leaks", "leaks"),
    ("seconds", "virtual_seconds"),
)


def generate(folder):
    """The music for the loudspeaker and for the microphone."""
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "music.py")
    files = []
    for name, more in (("music.wav", []), ("music-mono.wav", ["mono"])):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            subprocess.run([sys.executable, tool, path + ".part", *more], check=True)
            os.rename(path + ".part", path)
        files.append(path)
    return files


def run(bench, command):
    """The JSON object of one run; None: the bench failed, and said why."""
    done = subprocess.run([bench, *command, "--json"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False)
    try:
        result = json.loads(done.stdout)
    except ValueError:
        return None
    result["good"] = done.returncode == 0
    return result


def text(value):
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def print_table(rows):
    cells = [[head for head, _ in COLUMNS]] + [[text(row[key]) for _, key in COLUMNS] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    for line in cells:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def print_files(files):
    for path in files:
        with open(path, "rb") as file:
            data = file.read()
        print(f"  {hashlib.sha256(data).hexdigest()[:16]}  {len(data):>9}  {path}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: prove.py OUT")
    out = sys.argv[1]
    bench = os.path.join(out, "host", "aero-bench")
    folder = os.path.join(out, "proof")
    os.makedirs(folder, exist_ok=True)
    stereo, mono = generate(folder)
    files = []
    rows = []
    good = True
    for arch in ARCHS:
        built = os.path.join(out, "drivers", "windows7", "virtio-snd", arch, "aero_virtio_snd")
        files += [built + ".sys", built + ".pdb"]
        played = os.path.join(folder, f"played-{arch}.wav")
        recorded = os.path.join(folder, f"recorded-{arch}.wav")
        for command, result_file in ((["play", stereo, "-o", played], played),
                                     (["record", "-i", mono, "-o", recorded], recorded)):
            row = run(bench, [*command, "--arch", arch])
            if row is None:
                good = False
                continue
            row["command"] = command[0]
            rows.append(row)
            good = good and row["good"]
            files += [result_file] if os.path.exists(result_file) else []
    print("\nThe music went through each driver:\n")
    print_table(rows)
    print("\nResults (SHA-256, bytes, file):\n")
    print_files(path for path in files if os.path.exists(path))
    print("\n" + ("proven: every sound arrived bit for bit" if good else "NOT proven"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
