# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the command tests share: TAP, sound files, and a bench whose guest is a fake."""

import functools
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "out")
BENCH = os.path.join(OUT, "host", "aero-bench")
FAKES = os.path.join(OUT, "tests", "host", "fake")
TIME_LIMIT = 600

TESTS = []


def test(function):
    """Decorator: registers a test; its name is the function's."""
    TESTS.append((function.__name__, function))
    return function


def add_test(name, function):
    """Registers one of a family of tests."""
    TESTS.append((name, function))


def main():
    """Runs the registered tests in order, prints TAP, and ends the process."""
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, (name, function) in enumerate(TESTS, 1):
        try:
            function()
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc(limit=-2).splitlines():
                print(f"# {line}")
            sys.stdout.flush()
    sys.exit(1 if failed else 0)


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


class Folder:
    """A temporary folder, removed at the end of the `with`."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="aero test ")  # the blank is on purpose
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def __call__(self, *names):
        return os.path.join(self.path, *names)

    def names(self):
        return sorted(os.listdir(self.path))

    def write(self, name, data):
        with open(self(name), "wb") as file:
            file.write(data)
        return self(name)


class BenchCopy(Folder):
    """A copy of the bench and the shipped drivers: what it keeps between runs is its own."""

    def __enter__(self):
        super().__enter__()
        os.mkdir(self("host"))
        for name in ("aero-bench", "guest32", "guest64"):
            shutil.copy(os.path.join(OUT, "host", name), self("host", name))
        drivers = ("drivers", "windows7", "virtio-snd")
        shutil.copytree(os.path.join(OUT, *drivers), self(*drivers))
        return self

    def bench(self):
        return self("host", "aero-bench")


def run(arguments, bench=BENCH, cwd=None):
    """The finished process, its output as text."""
    return subprocess.run([bench, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=TIME_LIMIT, cwd=cwd,
                          check=False)


def run_json(arguments, bench=BENCH):
    """(exit status, JSON object, stderr)."""
    done = run([*arguments, "--json"], bench)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except ValueError:
        raise AssertionError(f"no JSON; status {done.returncode}, stderr: {done.stderr.strip()}") from None


def run_json_anew(*arguments):
    """run_json of a command that keeps a journal, with a new one that goes with it: nobody's is touched."""
    with Folder() as folder:
        return run_json([*arguments, "--resume", folder("journal")])


@functools.lru_cache(maxsize=None)
def run_json_once(*arguments):
    """run_json_anew, of these arguments one time only: what it answered then is the answer ever after."""
    return run_json_anew(*arguments)


def refused(arguments, *words, bench=BENCH, status=2, cwd=None):
    """The command must end with `status`, one line on stderr that holds the words, and nothing on stdout."""
    done = run(arguments, bench, cwd)
    equal(done.stderr.count("\n"), 1, f"lines on stderr: {done.stderr!r}")
    equal(done.returncode, status, f"status ({done.stderr.strip()})")
    equal(done.stdout, "", "stdout")
    for word in words:
        true(word in done.stderr, f"{word!r} is not in {done.stderr!r}")


def refused_in_a_sweep(command, kind, point):
    """What no sweep takes: an unknown kind among known ones, options that a point says itself, an impossible trace."""
    for option in (["--fresh"], ["--kind", kind], ["--variant", "contract"], ["--arch", "x64"], ["--sample", "100"]):
        refused([command, "--replay", point, *option], f"--replay and {option[0]} exclude each other")
    with Folder() as folder:
        one = ["--arch", "x64", "--variant", "contract", "--resume", folder("journal")]
        refused([command, *one, "--kind", f"{kind},no-such-kind"], "'no-such-kind'")
        refused([command, *one, "--kind", f"{kind},"], "nothing is called ''")
        for whole in (["--replay", point], [*one, "--kind", kind]):
            refused([command, *whole, "--trace", "/no/such/trace"], "/no/such/trace: cannot be written")
            refused([command, *whole, "--trace", "/dev/full"], "/dev/full: cannot be written")


def noise(frames, channels, seed=1):
    """Samples that repeat after billions of frames and are hardly ever zero."""
    state = (seed * 2654435761 + 88172645463325252) & 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while len(out) < 2 * frames * channels:
        state ^= (state << 13) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= (state << 17) & 0xFFFFFFFFFFFFFFFF
        out += struct.pack("<Q", state | 0x0001000100010001)
    return bytes(out[:2 * frames * channels])


def write_wav(path, data, channels=2, rate=48000):
    with wave.open(path, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(data)
    return path


def read_wav(path):
    """(samples as bytes, channels, rate)."""
    with wave.open(path, "rb") as file:
        equal(file.getsampwidth(), 2, "sample width")
        return file.readframes(file.getnframes()), file.getnchannels(), file.getframerate()


def pe_image(machine=0x8664, magic=0x20B, subsystem=1):
    """The headers of a driver image, as far as the host process looks."""
    dos = b"MZ" + bytes(58) + struct.pack("<I", 64)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 0, 0, 0, 0, 240, 0)
    optional = struct.pack("<H", magic) + bytes(66) + struct.pack("<H", subsystem) + bytes(170)
    return dos + coff + optional


class FakeBench(Folder):
    """A copy of the bench beside a guest that only pretends."""

    def __enter__(self):
        super().__enter__()
        os.mkdir(self("host"))
        self.bench = shutil.copy(BENCH, self("host", "aero-bench"))
        for guest in ("guest32", "guest64"):
            shutil.copy(os.path.join(FAKES, "guest"), self("host", guest))
        for arch, machine, magic in (("x86", 0x14C, 0x10B), ("x64", 0x8664, 0x20B)):
            os.makedirs(self("drivers", "windows7", "virtio-snd", arch))
            self.write(os.path.join("drivers", "windows7", "virtio-snd", arch, "aero_virtio_snd.sys"),
                       pe_image(machine, magic))
        return self

    fifo = "plugin:" + os.path.join(FAKES, "plugin_fifo.so")
