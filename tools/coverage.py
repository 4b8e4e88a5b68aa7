#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd coverage: which lines and branches of the driver's sources the shipped .sys executed, in the bench.

The images are disassembled into basic blocks and conditional jumps; the bench notes which blocks run and which ways
the jumps go (bench/nt/coverage.c), and each image's PDB says which lines they are. A line is reached when a block that
holds some of its code ran, in any image. A branch is one of the two ways out of a conditional jump.
tools/coverage-answers.tsv says why lines are not reached. The exit status is 1 when a line has no answer, or an answer
no line, unless only a part was asked for.
"""

import array
import bisect
import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

import defects
from arguments import Parser, die, guarded

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "fuzz"))
import driver_seeds  # noqa: E402  pylint: disable=wrong-import-position
DRIVERS = os.path.join("out", "drivers", "windows7", "virtio-snd")
BENCH = os.path.join("out", "host", "aero-bench")
GUESTS = tuple(os.path.join("out", "host", name) for name in ("guest32", "guest64"))
ANSWERS = os.path.join("tools", "coverage-answers.tsv")
SOURCES = "drivers/windows7/"
IMAGES = {"contract": ("aero_virtio_snd", "aero"), "legacy": ("virtiosnd_legacy", "transitional"),
          "ioport": ("virtiosnd_ioport", "ioport")}
ARCHS = ("x64", "x86")
PLUGIN = os.path.join("out", "fuzz", "hostile.so")
JUMP = WENT = 1 << 31  # as bench/nt/coverage.c has them
STAYED = 1 << 30
# Scenarios that only their own commands run, or that do what a cheaper one does.
NOT_ALONE = re.compile(r"cost_of_\w+|drift|faults|interleave|logo|lying_device|soak|steps|open_close_cycles")
# A period in three pieces of memory, on a ring with room for two.
PIECES = ("--mode", "timer", "--buffer-frames", "2099")
LIVES = {driver_seeds.TIMER: ("--mode", "timer"), driver_seeds.ONE: ("--notifications", "1"),
         driver_seeds.NO_INTERRUPT: ("--no-interrupt", "--polling-only")}
DIALECTS = ("aero", "qemu", "specification")  # of the contract's devices, those that differ most
# Of the seeds of the fuzzer those that reach what the others do not; all of them are some minutes more for each image.
SEEDS = re.compile(r"(rare|found)-.*|knob-(fault|queue|rates|streams|rx_partial)-.*|write-20-4|register-.*-COUNT|"
                   r"aero-register-(4|20|24|30)(-late)?|config-(4|16|20|67-odd|96|100|104|loop)|answer-3-248|"
                   r"used-(0-(JUMP-3|WISH-65535|ID_SET-1)|1-ID_(SET|XOR)-64|2-ID_SET-3|3-LENGTH-64)")
CONDITIONAL = re.compile(r"j(?!mp|e?cxz|rcxz)")
INSTRUCTION = re.compile(r"^[ \t]*([0-9a-f]+):[ \t]+(\S+)[ \t]*(?:0x([0-9a-f]+))?", re.MULTILINE)
CHUNK = re.compile(r"^  ([0-9A-F]{4}):([0-9A-F]{8})-([0-9A-F]{8}),")
ENTRY = re.compile(r"(\d+) ([0-9A-F]{8}) !")
FILE = re.compile(r"^(\S.*) \(MD5: ")


def told(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                          ).stdout.decode("utf-8", "replace")


def sections(path):
    """(address that the image wants, [offset of each section])"""
    text = told("llvm-readobj-14", "--file-headers", "--sections", path)
    base = int(re.search(r"ImageBase: (0x[0-9A-Fa-f]+)", text).group(1), 16)
    return base, [int(found, 16) for found in re.findall(r"VirtualAddress: (0x[0-9A-Fa-f]+)", text)]


class Image:
    """One .sys: its blocks, the lines in them, and what was executed."""

    def __init__(self, arch, variant):
        self.arch = arch
        self.path = os.path.join(DRIVERS, arch, IMAGES[variant][0] + ".sys")
        self.name = f"{arch}-{variant}"
        self.ranges = []  # (first, end) of code that a line is known of
        self.lines = collections.defaultdict(set)  # (file, line): offsets
        self.reached, self.ways = set(), set()
        self.digest = self.of_programs()
        base, starts = sections(self.path)
        self.read_lines(starts)
        self.read_code(base)

    def of_programs(self):
        """A digest of the image, and of the bench that executes it."""
        digest = hashlib.sha256()
        for path in (self.path, BENCH, *GUESTS):
            with open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
        return digest.hexdigest()[:16]

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
        leaders, self.jumps = set(), {}  # jump: (target, what follows it, file)
        for first, end, file in self.ranges:
            if first not in code:
                die(f"{self.path}: no instruction was found at {first + base:#x}, where a function begins")
            leaders.add(first)
            at = first
            while at in code and at < end:
                mnemonic, target = code[at]
                after = following.get(at, end)
                if mnemonic.startswith(("j", "ret")):
                    leaders.update(place for place in (target, after) if place is not None and first <= place < end)
                if CONDITIONAL.match(mnemonic):
                    self.jumps[at] = (target, after, file)
                at = after
        self.blocks = sorted(leaders & set(order))

    def write_points(self, folder):
        self.point_file = os.path.join(folder, self.name + ".points")
        self.hit_file = os.path.join(folder, f"{self.name}-{self.digest}.hits")
        points = sorted([(at, 0) for at in self.blocks] + [(at, JUMP) for at in self.jumps])
        with open(self.point_file, "wb") as file:
            array.array("I", [at | kind for at, kind in points]).tofile(file)

    def forget_hits(self):
        """Also those of other builds of the image."""
        folder = os.path.dirname(self.hit_file)
        for name in os.listdir(folder):
            if name.startswith(self.name) and name.endswith(".hits"):
                os.remove(os.path.join(folder, name))

    def read_hits(self):
        hits = array.array("I")
        if os.path.exists(self.hit_file):
            with open(self.hit_file, "rb") as file:
                hits.frombytes(file.read())
        ways = [hit for hit in hits if hit & (WENT | STAYED)]
        self.reached = set(hits).difference(ways)
        self.ways = {(hit & ~(WENT | STAYED), way) for hit in ways for way in (WENT, STAYED) if hit & way}

    def executed(self, offsets):
        """Was the block of any of these offsets reached?"""
        for offset in offsets:
            at = bisect.bisect_right(self.blocks, offset) - 1
            if at >= 0 and self.blocks[at] in self.reached:
                return True
        return False

    def branches(self):
        """file: [taken] of the ways out of its conditional jumps."""
        found = collections.defaultdict(list)
        for at, (_, _, file) in self.jumps.items():
            found[file] += [(at, way) in self.ways for way in (WENT, STAYED)]
        return found


def scenarios():
    listed = set()
    folder = os.path.join(ROOT, "bench", "client")
    for name in sorted(os.listdir(folder)):
        if name.startswith("scenarios_"):
            with open(os.path.join(folder, name), encoding="utf-8") as source:
                listed.update(re.findall(r'\{"(\w+)", \w+\}', source.read()))
    return sorted(name for name in listed if not NOT_ALONE.fullmatch(name))


def seeds(device, folder):
    """Inputs of the hostile device that the fuzzer begins with: {name: (file, bytes)}. On one of the contract's
    devices those that are such a device, on another all of them, as that one."""
    rows = {number: name for name, number in driver_seeds.ROWS.items()}
    others = {IMAGES[variant][1] for variant in IMAGES} - {device}
    found, seen = {}, set()
    for name, seed in driver_seeds.everything():
        if not SEEDS.fullmatch(name):
            continue
        if device != IMAGES["contract"][1] or rows[seed[0]] in others:
            seed = bytes([driver_seeds.ROWS[device]]) + seed[1:]
        if seed not in seen:
            path = os.path.join(folder, "seeds", device, name)
            found[name] = (path, seed)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(seed)
        seen.add(seed)
    return found


def hostile_runs(device, folder, duplex):
    for name, (path, seed) in seeds(device, folder).items():
        given = ["--device", f"plugin:{PLUGIN},input={path}"]
        yield ["scenario", "lying_device" + (":sleeps" if seed[3] & driver_seeds.SLEEPS else ""), *given,
               *(option for bit, options in LIVES.items() if seed[3] & bit for option in options)]
        if name.startswith("rare-"):
            yield ["scenario", "reopen", *given]
            yield [*duplex, *PIECES, *given]


def device_runs(kind, duplex):
    """What is done with each device."""
    model = f"model:{kind}"
    for more in ([], ["--mode", "timer"], ["--polling-only", "--no-interrupt"], ["--null-backend"],
                 ["--buffer-ms", "4"], ["--jitter-ms", "5"]):
        yield [*duplex, "--device", model, *more]
    for knob in ("event_idx=on", "events=malformed", "events=flood", "stale=on", "completion=paced",
                 "completion=late", "completion=never", "completion=instant", "channels=mono", "streams=output",
                 "streams=input", "streams=none", "queue=4", "ppm=-500", "msix=off", "msix=enabled"):
        yield [*duplex, "--device", f"{model},{knob}"]
    for ring in ("queue=4", "queue=4,indirect=off", "queue=4,indirect=off,fault=needs_reset",
                 "queue=4,indirect=off,fault=unknown_id", "queue=4,indirect=off,fault=dead",
                 "queue=4,indirect=off,fault=dead,after=5", "queue=4,indirect=off,fault=needs_reset,after=7"):
        yield [*duplex, *PIECES, "--device", f"{model},{ring}"]
    for fault in ("unknown_id", "needs_reset"):
        for name in ("device_breaks_down_while_streaming", "device_stays_broken", "recovery_meets_the_end"):
            yield ["scenario", name, "--device", f"{model},fault={fault},faults=1000000"]
    for fault in ("dead", "keeps"):
        for name in ("removed", "stopped", "pulled_out"):
            yield ["scenario", f"dead_device_is_{name}", "--device", f"{model},fault={fault}"]
    yield ["scenario", "load", "--null-backend", "--device", f"{model},streams=none"]
    yield ["scenario", "faults:stream-mapping:1:once", "--device", model]


def runs(variant, quick, folder):
    """Argument lists of aero-bench."""
    device = IMAGES[variant][1]
    devices = DIALECTS if variant == "contract" else (device,)
    sound = os.path.join(os.path.abspath(folder), "sound.wav")
    defects.make_sound(sound)
    duplex = ["duplex", sound]
    yield [*duplex, "--device", f"model:{device}"]
    if quick:
        return
    yield ["faults", "--variant", variant, "--jobs", "1"]
    yield ["show", "--device", f"model:{device}"]
    for name in scenarios():
        for kind in devices[:2]:
            yield ["scenario", name, "--device", f"model:{kind}"]
    for kind in devices:
        yield from device_runs(kind, duplex)
    yield from hostile_runs(device, folder, duplex)


def execute(image, arguments):
    """A run that fails executes too; what it says does not matter here, it is judged elsewhere."""
    environment = dict(os.environ, AERO_COVERAGE_POINTS=os.path.abspath(image.point_file),
                       AERO_COVERAGE_HITS=os.path.abspath(image.hit_file))
    with tempfile.TemporaryDirectory() as folder:
        which = ["--sys", image.path]
        if arguments[0] == "faults":  # nothing is known yet: it is the executing that counts
            which = ["--resume", os.path.join(folder, "journal")]
        subprocess.run([BENCH, *arguments, *which, "--arch", image.arch], cwd=ROOT, check=False, env=environment,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answers(path):
    """[(file, code, why such a line is not reached)]"""
    with open(path, encoding="utf-8") as file:
        rows = [row.rstrip("\n").split("\t") for row in file if not row.startswith("#")]
    for row in rows:
        if len(row) != 3:
            die(f"{path}: a row has not three fields: {row}")
    return rows


def places(source, code):
    """Lines, from 1, of a source where consecutive lines have in them what `code` says; of each the last."""
    parts = code.split(" -> ")
    return [end for end in range(len(parts), len(source) + 1)
            if all(part in row for part, row in zip(parts, source[end - len(parts):end]))]


class Report:
    """Lines and branches of all images together, and the answers for what was not reached."""

    def __init__(self, images, explained, root=ROOT):
        self.lines = collections.defaultdict(dict)  # file: {line: reached}
        self.ways = collections.defaultdict(list)
        self.root = root
        self.images = [self.of_image(image) for image in images]
        self.answers, self.idle = {}, []  # (file, line): why; what answers nothing
        for file, code, why in explained:
            wrong = self.take_answer(file, code, why)
            if wrong:
                self.idle.append(f"{file}: '{code}' {wrong}")

    def of_image(self, image):
        lines = {place: image.executed(offsets) for place, offsets in image.lines.items()}
        ways = image.branches()
        for (file, line), reached in lines.items():
            self.lines[file][line] = self.lines[file].get(line, False) or reached
        for file, taken in ways.items():
            self.ways[file] += taken
        return {"image": image.name, "lines": len(lines), "reached": sum(lines.values()),
                "branches": sum(map(len, ways.values())), "taken": sum(map(sum, ways.values()))}

    @functools.lru_cache(maxsize=None)
    def source(self, file):
        try:
            with open(os.path.join(self.root, file), encoding="utf-8") as text:
                return text.read().splitlines()
        except FileNotFoundError:
            return []

    def take_answer(self, file, code, why):
        """What is wrong with it, or None."""
        found = places(self.source(file), code)
        if len(found) != 1:
            return f"is there {len(found)} times"
        if file not in self.lines:
            return None  # of an image that was not asked for
        if self.lines[file].get(found[0], True):
            return "was reached" if found[0] in self.lines[file] else "has no code of its own"
        self.answers[file, found[0]] = why
        return None

    def row(self, file):
        lines = self.lines[file]
        return {"file": file, "lines": len(lines), "reached": sum(lines.values()), "branches": len(self.ways[file]),
                "taken": sum(self.ways[file]), "answered": sum((file, line) in self.answers for line in lines)}

    def rows(self):
        return [self.row(file) for file in sorted(self.lines)]

    def missing(self):
        """[(file, line, why or None)]"""
        return [(file, line, self.answers.get((file, line))) for file in sorted(self.lines)
                for line in sorted(self.lines[file]) if not self.lines[file][line]]


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def total(rows):
    whole = {key: sum(row[key] for row in rows) for key in ("lines", "reached", "branches", "taken", "answered")}
    return dict(whole, unanswered=whole["lines"] - whole["reached"] - whole["answered"])


def show(report, options):
    rows = report.rows()
    whole = total(rows)
    if options.json:
        print(json.dumps({"files": rows, "images": report.images, "total": whole, "missing": report.missing(),
                          "idle": report.idle}))
        return
    print(f"{'':70}{'lines':>7}{'executed':>10}{'branches':>10}{'taken':>8}")
    for row in rows + report.images + [dict(whole, file="all")]:
        print(f"{row.get('file') or row['image']:70}{row['lines']:7}{percent(row['reached'], row['lines']):9.1f}%"
              f"{row['branches']:10}{percent(row['taken'], row['branches']):7.1f}%")
    for file, line, why in report.missing():
        if options.missing or not (why or options.quick):
            print(f"{file}:{line}: {why or 'never executed, and no answer: ' + report.source(file)[line - 1].strip()}")
    for text in report.idle:
        print(f"{ANSWERS}: {text}")
    print(f"{whole['lines']} lines, {whole['reached']} executed, {whole['answered']} answered, "
          f"{whole['unanswered']} unanswered")


def parse(arguments):
    parser = Parser(prog="./aero-snd coverage", allow_abbrev=False, description=__doc__.split("\n")[0])
    parser.add_argument("--arch", action="append", choices=ARCHS, help="images of this architecture (default: both)")
    parser.add_argument("--variant", action="append", choices=list(IMAGES), help="this build (default: all)")
    parser.add_argument("--quick", action="store_true", help="one duplex run of each image, to see that it works")
    parser.add_argument("--resume", action="store_true", help="keeps what earlier runs of the same build reached")
    parser.add_argument("--missing", action="store_true", help="lists the answers for lines that were not executed too")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at once (default: one a processor)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs: {options.jobs} is too few")
    return options


def play(image, work, jobs):
    """Makes the runs, some at once."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for number, _ in enumerate(pool.map(functools.partial(execute, image), work), 1):
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{image.name} {number}/{len(work)}  ")
    image.read_hits()


def measure(options, folder):
    os.makedirs(folder, exist_ok=True)
    images = []
    for arch in options.arch or ARCHS:
        for variant in options.variant or IMAGES:
            image = Image(arch, variant)
            image.write_points(folder)
            if not options.resume:
                image.forget_hits()
            play(image, list(runs(variant, options.quick, folder)), options.jobs)
            images.append(image)
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    return Report(images, answers(os.path.join(ROOT, ANSWERS)))


def main():
    options = parse(sys.argv[1:])
    folder = os.path.join(ROOT, "out", "coverage", *(["quick"] if options.quick else []))
    report = guarded(lambda: measure(options, folder))
    show(report, options)
    whole = not (options.quick or options.arch or options.variant)
    return 1 if whole and (report.idle or total(report.rows())["unanswered"]) else 0


if __name__ == "__main__":
    sys.exit(main())
