#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The shipped drivers through QEMU's device to a PulseAudio server and back, in real time, as on a desktop.

The server is private, its only sink is a null sink. Nothing may be missing after the first 100 ms, in which the server
aligns its streams. Buffers of a second keep a busy host from being heard.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time

import qemu_program
from harness import Folder, add_test, equal, main, noise, read_wav, run_json, true, write_wav

PROGRAMS = ("pulseaudio", "parec", "pacat")
RATE = 48000
SECONDS = 3  # that are compared
FIRST = RATE // 10
SINK = "aero"  # as bench/host/qemu_process.c names it
FORMAT = ("--raw", "--format=s16le", f"--rate={RATE}", "--channels=2")


def why_not():
    """Why these tests cannot run here; empty: they can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(absent)}: not installed" if absent else qemu_program.missing("pa")


@contextlib.contextmanager
def process(*command, **files):
    """Runs beside the `with`, ends with it."""
    child = subprocess.Popen(command, **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                                         "stderr": subprocess.DEVNULL, **files})
    try:
        yield child
    finally:
        child.terminate()
        child.wait()


@contextlib.contextmanager
def server():
    """A PulseAudio server, in the environment of this process."""
    with Folder() as folder, tempfile.TemporaryDirectory() as home:  # PULSE_SERVER cannot have a blank in its path
        socket = os.path.join(home, "socket")
        before = dict(os.environ)
        for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
            os.environ.pop(name, None)
        os.environ.update({"HOME": home, "XDG_RUNTIME_DIR": home, "PULSE_SERVER": "unix:" + socket})
        command = ("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes",
                   "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1",
                   "-L", f"module-null-sink sink_name={SINK} rate={RATE} format=s16le channels=2")
        try:
            with open(folder("log"), "w", encoding="utf-8") as log, process(*command, stderr=log) as child:
                for _ in range(300):
                    if os.path.exists(socket) or child.poll() is not None:
                        break
                    time.sleep(0.1)
                true(os.path.exists(socket), "pulseaudio does not start: " + open(folder("log")).read())
                yield folder
        finally:
            os.environ.clear()
            os.environ.update(before)


def bench(*arguments):
    """What the bench says. It cannot know what PulseAudio played or gave, so its own verdict does not matter."""
    status, result, errors = run_json([*arguments, "--device", "qemu:audio=pa", "--buffer-ms", "2000"])
    true(status in (0, 1), f"status {status}: {errors}")
    equal((result["violations"], result["leaks"]), (0, 0), "violations and leaks")


def wait_for_bytes(path, count):
    for _ in range(100):
        if os.path.getsize(path) >= count:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} stays shorter than {count} bytes")


def play(arch):
    """The sound, and silence after it while what the server holds is heard."""
    data = noise(SECONDS * RATE, 2)
    with server() as folder, open(folder("heard"), "wb") as heard:
        sound = write_wav(folder("in.wav"), data + bytes(4 * RATE * 3))
        with process("parec", "-d", SINK + ".monitor", *FORMAT, stdout=heard):
            wait_for_bytes(folder("heard"), 4)
            bench("play", sound, "--arch", arch)
        with open(folder("heard"), "rb") as file:
            true(file.read().find(data[4 * FIRST:]) % 4 == 0, "a break after the first 100 ms")


def record(arch):
    mono = noise(12 * RATE, 1)
    stereo = b"".join(mono[at:at + 2] + b"\0\0" for at in range(0, len(mono), 2))
    with server() as folder:
        with open(folder.write("speech", stereo), "rb") as speech, \
                process("pacat", "-d", SINK, *FORMAT, stdin=speech):
            bench("record", "-o", folder("out.wav"), "--seconds", str(SECONDS + 1), "--arch", arch)
        out, _, _ = read_wav(folder("out.wav"))
        start = len(out) - len(out.lstrip(b"\0")) & ~1
        part = out[start + 2 * FIRST:start + 2 * SECONDS * RATE]
        equal(len(part), 2 * (SECONDS * RATE - FIRST), "length of what was recorded")
        true(mono.find(part) % 2 == 0, "a break after the first 100 ms")


def patiently(attempt, arch, tries=3):
    """Real time on a machine that others use too: a server or a QEMU that was not run in time is asked again."""
    for left in reversed(range(tries)):
        try:
            return attempt(arch)
        except AssertionError:
            if left == 0:
                raise


REASON = why_not()
if REASON:
    print(f"1..0 # SKIP {REASON}")
else:
    for machine in ("x86", "x64"):
        add_test(f"a_sound_reaches_a_pulseaudio_sink_whole_{machine}", lambda arch=machine: patiently(play, arch))
        add_test(f"a_pulseaudio_source_is_recorded_whole_{machine}", lambda arch=machine: patiently(record, arch))
    main()
