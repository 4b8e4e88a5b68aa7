#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd coverage: which lines and branches of the driver's sources the shipped .sys executed, in the bench.

The images are disassembled into basic blocks; the bench notes which of them run (bench/nt/coverage.c), and each image's
PDB says which lines they are. A line is reached when a block that holds some of its code ran, in any image. A branch is
one of the two ways out of a conditional jump; it can be told when its target is reached in no other way, and only those
are counted. tools/coverage-answers.tsv says why lines are not reached.
"""

import argparse
import array
import bisect
import collections
import json
import os
import re
import subprocess
import sys

import defects

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DRIVERS = os.path.join("out", "drivers", "windows7", "virtio-snd")
BENCH = os.path.join("out", "host", "aero-bench")
ANSWERS = os.path.join("tools", "coverage-answers.tsv")
SOURCES = "drivers/windows7/"
IMAGES = {"contract": ("aero_virtio_snd", "aero"), "legacy": ("virtiosnd_legacy", "transitional"),
          "ioport": ("virtiosnd_ioport", "ioport")}
ARCHS = ("x64", "x86")
DIALECTS = ("aero", "specification", "qemu", "crosvm", "vhost", "acrn", "android")

INSTRUCTION = re.compile(r"^[ \t]*([0-9a-f]+):[ \t]+(\S+)[ \t]*(?:0x([0-9a-f]+))?", re.MULTILINE)
CHUNK = re.compile(r"^  ([0-9A-F]{4}):([0-9A-F]{8})-([0-9A-F]{8}),")
ENTRY = re.compile(r"(\d+) ([0-9A-F]{8}) !")
FILE = re.compile(r"^(\S.*) \(MD5: ")


def die(text):
    sys.stderr.write(f"aero-snd: {text}\n")
    sys.exit(2)


def told(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode("utf-8", "replace")


def sections(path):
    """(address that the image wants, [offset of each section])"""
    text = told("llvm-readobj-14", "--file-headers", "--sections", path)
    base = int(re.search(r"ImageBase: (0x[0-9A-Fa-f]+)", text).group(1), 16)
    return base, [int(found, 16) for found in re.findall(r"VirtualAddress: (0x[0-9A-Fa-f]+)", text)]


class Image:
    """One .sys: its blocks, the lines in them, and what was executed."""

    def __init__(self, arch, variant):
        self.path = os.path.join(DRIVERS, arch, IMAGES[variant][0] + ".sys")
        self.name = f"{arch}-{variant}"
        self.ranges = []  # (first, end) of code that a line is known of
        self.lines = collections.defaultdict(set)  # (file, line): offsets
        self.files = {}  # block: file
        self.reached = set()
        base, starts = sections(self.path)
        self.read_lines(starts)
        self.read_code(base)

    def read_lines(self, starts):
        file = start = None
        for text in told("llvm-pdbutil-14", "dump", "-l", self.path[:-4] + ".pdb").splitlines():
            named, chunk = FILE.match(text), CHUNK.match(text)
            if named:
                file = named.group(1).replace("\\", "/")
            elif chunk:
                start = starts[int(chunk.group(1), 16) - 1]
                first, end = (start + int(chunk.group(i), 16) for i in (2, 3))
                if SOURCES in file:
                    self.ranges.append((first, end, file[file.index(SOURCES):]))
            elif start is not None and SOURCES in (file or ""):
                for line, at in ENTRY.findall(text):
                    self.lines[file[file.index(SOURCES):], int(line)].add(start + int(at, 16))

    def read_code(self, base):
        """Leaders: where a function begins, where a jump leads, and what follows one."""
        code = {}
        for at, mnemonic, target in INSTRUCTION.findall(told("llvm-objdump-14", "-d", "--no-show-raw-insn", self.path)):
            code[int(at, 16) - base] = (mnemonic, int(target, 16) - base if target else None)
        order = sorted(code)
        following = dict(zip(order, order[1:]))
        self.blocks, self.jumps = set(), []
        entries = collections.Counter()  # ways into a block
        for first, end, file in self.ranges:
            if first not in code:
                die(f"{self.path}: no instruction was found at {first + base:#x}, where a function begins")
            self.blocks.add(first)
            entries[first] += 1
            at = first
            while at in code and at < end:
                mnemonic, target = code[at]
                after = following.get(at, end)
                jump = mnemonic.startswith("j")
                conditional = jump and not mnemonic.startswith("jmp")
                if jump and target is not None and first <= target < end:
                    self.blocks.add(target)
                    entries[target] += 1
                if (jump or mnemonic.startswith("ret")) and after < end:
                    self.blocks.add(after)
                    entries[after] += conditional
                if conditional and after < end and target is not None and first <= target < end:
                    self.jumps.append((file, at, target, after))
                at = after
        # Falling into a block that is also jumped to is one more way in.
        ends = {at for at in code if code[at][0].startswith(("j", "ret"))}
        before = {after: at for at, after in following.items()}
        for block in self.blocks:
            if before.get(block) is not None and before[block] not in ends:
                entries[block] += 1
        self.blocks = sorted(self.blocks & set(order))
        self.single = {block for block in self.blocks if entries[block] == 1}

    def write_blocks(self, folder):
        self.block_file = os.path.join(folder, self.name + ".blocks")
        self.hit_file = os.path.join(folder, self.name + ".hits")
        with open(self.block_file, "wb") as file:
            array.array("I", self.blocks).tofile(file)

    def read_hits(self):
        hits = array.array("I")
        if os.path.exists(self.hit_file):
            with open(self.hit_file, "rb") as file:
                hits.frombytes(file.read())
        self.reached = set(hits)

    def executed(self, offsets):
        """Was the block of any of these offsets reached?"""
        for offset in offsets:
            at = bisect.bisect_right(self.blocks, offset) - 1
            if at >= 0 and self.blocks[at] in self.reached:
                return True
        return False

    def branches(self):
        """file: [(told apart, taken)] of the ways out of its conditional jumps, whose jump was reached."""
        found = collections.defaultdict(list)
        for file, _, target, after in self.jumps:
            for way in (target, after):
                if way in self.single:
                    found[file].append(way in self.reached)
        return found


def scenarios():
    listed = set()
    folder = os.path.join(ROOT, "bench", "client")
    for name in sorted(os.listdir(folder)):
        if name.startswith("scenarios_"):
            with open(os.path.join(folder, name), encoding="utf-8") as source:
                listed.update(re.findall(r'^    \{"([a-z_]+)", [a-z_]+\}', source.read(), re.MULTILINE))
    return sorted(listed)


def runs(variant, quick, sound):
    """Argument lists of aero-bench."""
    device = IMAGES[variant][1]
    devices = DIALECTS if variant == "contract" else (device,)
    heard = os.path.join(os.path.dirname(sound), "heard.wav")
    yield ["duplex", sound, "-o", heard, "--device", f"model:{device}"]
    if quick:
        return
    for name in scenarios():
        for kind in devices[:3]:
            yield ["scenario", name, "--device", f"model:{kind}"]
    for kind in devices:
        for more in ([], ["--mode", "timer"], ["--polling-only", "--no-interrupt"], ["--null-backend"],
                     ["--buffer-ms", "4"], ["--jitter-ms", "5"]):
            yield ["duplex", sound, "-o", heard, "--device", f"model:{kind}", *more]
        for knob in ("event_idx=on", "events=malformed", "events=flood", "stale=on", "completion=paced",
                     "completion=late", "completion=never", "streams=output", "streams=input", "streams=none",
                     "queue=4", "ppm=-500"):
            yield ["duplex", sound, "-o", heard, "--device", f"model:{kind},{knob}"]
        for fault in ("unknown_id", "needs_reset"):
            for name in ("device_breaks_down_while_streaming", "device_stays_broken", "recovery_meets_the_end"):
                yield ["scenario", name, "--device", f"model:{kind},fault={fault},faults=1000000"]
        for fault in ("dead", "keeps"):
            for name in ("removed", "stopped", "pulled_out"):
                yield ["scenario", f"dead_device_is_{name}", "--device", f"model:{kind},fault={fault}"]
    yield ["show", "--device", f"model:{device}"]
    yield ["faults", "--variant", variant, "--sample", "25"]


def execute(image, variant, arch, arguments):
    """A run that fails executes too; what it says does not matter here, it is judged elsewhere."""
    environment = dict(os.environ, AERO_COVERAGE_BLOCKS=os.path.abspath(image.block_file),
                       AERO_COVERAGE_HITS=os.path.abspath(image.hit_file))
    which = [] if arguments[0] == "faults" else ["--sys", image.path]
    subprocess.run([BENCH, *arguments, *which, "--arch", arch], cwd=ROOT, check=False, env=environment,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answers(path):
    """{(file, what the line has in it): why such lines are not reached}"""
    found = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for row in file:
                fields = row.rstrip("\n").split("\t")
                if not row.startswith("#") and len(fields) == 3:
                    found[fields[0], fields[1]] = fields[2]
    return found


class Report:
    """Lines and branches of all images together."""

    def __init__(self, images, explained):
        self.lines = collections.defaultdict(dict)  # file: {line: reached}
        self.ways = collections.defaultdict(list)
        for image in images:
            for (file, line), offsets in image.lines.items():
                self.lines[file][line] = self.lines[file].get(line, False) or image.executed(offsets)
            for file, ways in image.branches().items():
                self.ways[file] += ways
        self.answers = explained
        self.source = {}
        for file in self.lines:
            with open(os.path.join(ROOT, file), encoding="utf-8") as text:
                self.source.update({(file, line): row for line, row in enumerate(text, 1)})

    def why(self, file, line):
        for (answered, fragment), reason in self.answers.items():
            if answered == file and fragment in self.source[file, line]:
                return reason
        return ""

    def row(self, file):
        lines = self.lines[file]
        return {"file": file, "lines": len(lines), "reached": sum(lines.values()), "branches": len(self.ways[file]),
                "taken": sum(self.ways[file]),
                "explained": sum(self.why(file, line) != "" for line in lines if not lines[line])}

    def rows(self):
        return [self.row(file) for file in sorted(self.lines)]

    def missing(self):
        return [(file, line, self.why(file, line))
                for file in sorted(self.lines) for line in sorted(self.lines[file]) if not self.lines[file][line]]

    def idle(self):
        """Explanations of what is reached, or of nothing."""
        missing = [(file, line) for file, lines in self.lines.items() for line in lines if not lines[line]]
        return [f"{file}: {fragment}" for file, fragment in self.answers
                if not any(place[0] == file and fragment in self.source[place] for place in missing)]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def total(rows):
    return {key: sum(row[key] for row in rows) for key in ("lines", "reached", "branches", "taken", "explained")}


def show(report, options):
    rows = report.rows()
    whole = total(rows)
    if options.json:
        print(json.dumps({"files": rows, "total": whole, "missing": report.missing(), "idle": report.idle()}))
        return
    print(f"{'':70}{'lines':>7}{'reached':>10}{'branches':>10}{'taken':>8}")
    for row in rows + [dict(whole, file="all")]:
        print(f"{row['file']:70}{row['lines']:7}{percent(row['reached'], row['lines']):9.1f}%{row['branches']:10}"
              f"{percent(row['taken'], row['branches']):7.1f}%")
    print(f"{whole['lines'] - whole['reached']} lines not reached, {whole['explained']} of them explained")
    for place in report.idle():
        print(f"explained, but reached or gone: {place}")
    if options.missing:
        for file, line, why in report.missing():
            print(f"{file}:{line}{': ' + why if why else ''}")


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./aero-snd coverage", allow_abbrev=False, description=__doc__.split("\n")[0])
    parser.add_argument("--arch", action="append", choices=ARCHS, help="images of this architecture (default: both)")
    parser.add_argument("--variant", action="append", choices=list(IMAGES), help="this build (default: all)")
    parser.add_argument("--quick", action="store_true", help="one duplex run of each image, to see that it works")
    parser.add_argument("--resume", action="store_true", help="keeps what earlier runs reached")
    parser.add_argument("--missing", action="store_true", help="lists the lines that were not reached")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser.parse_args(arguments)


def measure(options, folder):
    os.makedirs(folder, exist_ok=True)
    sound = os.path.join(os.path.abspath(folder), "sound.wav")
    defects.make_sound(sound)
    images = []
    for arch in options.arch or ARCHS:
        for variant in options.variant or IMAGES:
            image = Image(arch, variant)
            image.write_blocks(folder)
            if not options.resume and os.path.exists(image.hit_file):
                os.remove(image.hit_file)
            work = list(runs(variant, options.quick, sound))
            for number, arguments in enumerate(work, 1):
                if sys.stderr.isatty():
                    sys.stderr.write(f"\r{image.name} {number}/{len(work)}  ")
                execute(image, variant, arch, arguments)
            image.read_hits()
            images.append(image)
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    return Report(images, answers(os.path.join(ROOT, ANSWERS)))


def main():
    options = parse(sys.argv[1:])
    show(measure(options, os.path.join(ROOT, "out", "coverage")), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
