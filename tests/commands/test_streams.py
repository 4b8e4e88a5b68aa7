#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Sound through the real drivers: every cell of the matrix arrives bit for bit, without gap, violation or leak."""

import itertools
import os

from harness import (OUT, Folder, add_test, equal, main, noise, read_wav, refused, run, run_json, test, true,
                     write_wav)

ARCHS = ("x86", "x64")
MODES = ("event", "timer")
NOTIFICATIONS = (1, 2)
JITTERS = (0, 3)
BUFFER_FRAMES = {"event": 960, "timer": 1920}
LENGTHS = (1, 2, 47, 480, 4799, 48017)  # whole periods, primes, less than a period
ODD_BUFFERS = (480, 997, 1009, 7919, 96001)
PLUGIN = os.path.join(OUT, "host", "vsnd_plugin.so")
MINUTES_10 = 600 * 48000


def check_clean(result, what):
    equal((result["violations"], result["leaks"]), (0, 0), f"{what}: violations and leaks")


def check_stream(stream, frames, what):
    equal(stream["frames_in"], frames, f"{what}: frames_in")
    equal(stream["bit_exact"], True, f"{what}: bit for bit ({stream})")
    equal(stream["gaps"], 0, f"{what}: gaps")


def check_output(path, data, channels, lead, what):
    """The file, and not only the report, holds the sound."""
    out, got_channels, rate = read_wav(path)
    equal((got_channels, rate), (channels, 48000), f"{what}: format")
    width = 2 * channels
    equal(out[:width * lead].strip(b"\0"), b"", f"{what}: leading silence")
    true(out[width * lead:width * lead + len(data)] == data, f"{what}: the file's samples")


def cell(arch, mode, notifications, jitter):
    return ["--arch", arch, "--mode", mode, "--notifications", str(notifications), "--jitter-ms", str(jitter)]


def play_cell(arch, mode, notifications, jitter):
    with Folder() as folder:
        for frames in LENGTHS:
            what = f"{frames} frames"
            data = noise(frames, 2, frames)
            sound = write_wav(folder("in.wav"), data)
            status, result, errors = run_json(["play", sound, "-o", folder("out.wav"),
                                               *cell(arch, mode, notifications, jitter)])
            check_clean(result, what)
            check_stream(result, frames, what)
            equal(status, 0, f"{what}: status {errors}")
            check_output(folder("out.wav"), data, 2, result["leading_silence_frames"], what)
            period = BUFFER_FRAMES[mode] // notifications
            true(result["leading_silence_frames"] <= period, f"{what}: at most one period of leading silence: {result}")


def record_cell(arch, mode, notifications, jitter):
    with Folder() as folder:
        for frames in LENGTHS:
            what = f"{frames} frames"
            data = noise(frames, 1, frames)
            mic = write_wav(folder("mic.wav"), data, channels=1)
            status, result, errors = run_json(["record", "-i", mic, "-o", folder("out.wav"),
                                               *cell(arch, mode, notifications, jitter)])
            check_clean(result, what)
            check_stream(result, frames, what)
            equal(status, 0, f"{what}: status {errors}")
            check_output(folder("out.wav"), data, 1, result["leading_silence_frames"], what)


def duplex_cell(arch, mode, notifications, jitter):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(48017, 2))
        mic = write_wav(folder("mic.wav"), noise(40009, 1, 5), channels=1)
        status, result, errors = run_json(["duplex", sound, "-i", mic, *cell(arch, mode, notifications, jitter)])
        check_clean(result, "duplex")
        check_stream(result["render"], 48017, "render")
        check_stream(result["capture"], 40009, "capture")
        equal(status, 0, f"status {errors}")


for row in itertools.product(ARCHS, MODES, NOTIFICATIONS, JITTERS):
    label = "{}_{}_{}_notifications_{}_ms_jitter".format(*row)
    for verb, check in (("play", play_cell), ("record", record_cell), ("duplex", duplex_cell)):
        add_test(f"{verb}_{label}_is_bit_exact", lambda check=check, row=row: check(*row))


def odd_buffers(arch):
    with Folder() as folder:
        data = noise(30011, 2)
        sound = write_wav(folder("in.wav"), data)
        mic = write_wav(folder("mic.wav"), noise(30011, 1), channels=1)
        for frames, mode, notifications in itertools.product(ODD_BUFFERS, MODES, NOTIFICATIONS):
            if notifications == 2 and frames % 2 != 0 and mode == "event":
                notifications = 1  # Windows asks for whole periods
            what = f"buffer {frames}, {mode}, {notifications}"
            status, result, errors = run_json(["duplex", sound, "-i", mic, "--buffer-frames", str(frames),
                                               "--mode", mode, "--notifications", str(notifications), "--arch", arch])
            check_clean(result, what)
            check_stream(result["render"], 30011, what)
            check_stream(result["capture"], 30011, what)
            equal(status, 0, f"{what}: status {errors}")


def ten_minutes(arch):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(48000, 2) * 600)
        mic = write_wav(folder("mic.wav"), noise(48000, 1) * 600, channels=1)
        status, result, errors = run_json(["duplex", sound, "-i", mic, "--arch", arch])
        check_clean(result, "ten minutes")
        check_stream(result["render"], MINUTES_10, "render")
        check_stream(result["capture"], MINUTES_10, "capture")
        equal(status, 0, f"status {errors}")


def steady_state(arch):
    """What ten more seconds cost: one doorbell per 10 ms period, and nothing else."""
    with Folder() as folder:
        costs = []
        for seconds in (5, 15):
            sound = write_wav(folder("in.wav"), noise(48000, 2) * seconds)
            _, result, _ = run_json(["play", sound, "--arch", arch])
            check_stream(result, 48000 * seconds, f"{seconds} s")
            costs.append(result)
        grown = {key: costs[1][key] - costs[0][key]
                 for key in ("doorbells", "register_reads", "register_writes", "interrupts")}
        equal(grown, {"doorbells": 1000, "register_reads": 0, "register_writes": 0, "interrupts": 0}, "ten seconds")


def specification_device(arch):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(48017, 2))
        status, result, errors = run_json(["duplex", sound, "--device", "model:specification", "--arch", arch])
        equal((status, result["dialect"]), (0, "specification"), f"status and dialect {errors} {result}")


def plugin_device(arch):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(48017, 2))
        _, model, _ = run_json(["duplex", sound, "--arch", arch])
        status, result, errors = run_json(["duplex", sound, "--device", "plugin:" + PLUGIN, "--arch", arch])
        equal(status, 0, f"status {errors}")
        check_stream(result["render"], 48017, "render")
        for one in (model, result):
            del one["device"], one["wall_seconds"]
        equal(result, model, "the same device as a plug-in gives the same result")


def null_backend(arch):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(5761, 2))
        status, result, errors = run_json(["play", sound, "--null-backend", "--arch", arch])
        check_clean(result, "null backend")
        equal((status, result["frames_out"]), (0, 0), f"nothing is played {errors}")
        true(result["periods"] > 10, "periods are notified all the same")
        write_wav(folder("in.wav"), noise(48010, 2))
        _, longer, _ = run_json(["play", sound, "--null-backend", "--arch", arch])
        equal(longer["doorbells"], result["doorbells"], "doorbells do not grow with the sound")


def polling_only(arch):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(48017, 2))
        status, result, errors = run_json(["duplex", sound, "--polling-only", "--no-interrupt", "--arch", arch])
        equal(status, 0, f"status {errors} {result}")
        equal(result["interrupts"], 0, "interrupts")
        refused(["play", sound, "--no-interrupt", "--arch", arch], "refused to start", status=1)


def same_seed_same_result(arch):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(20011, 2))
        traces = []
        for name in ("a", "b"):
            run_json(["play", sound, "--jitter-ms", "3", "--seed", "7", "--trace", folder(name), "--arch", arch])
            with open(folder(name), "rb") as file:
                traces.append(file.read())
        true(traces[0] == traces[1], "the traces are the same")
        true(len(traces[0]) > 1000, "the trace says something")


for architecture in ARCHS:
    for scenario in (odd_buffers, steady_state, specification_device, plugin_device, null_backend, polling_only,
                     same_seed_same_result, ten_minutes):
        add_test(f"{scenario.__name__}_{architecture}",
                 lambda scenario=scenario, architecture=architecture: scenario(architecture))


@test
def show_describes_both_endpoints():
    for arch in ARCHS:
        done = run(["show", "--arch", arch])
        equal(done.returncode, 0, done.stderr)
        for words in ("Speaker", "Microphone", "48000"):
            true(words.lower() in done.stdout.lower(), f"{words!r} is in {done.stdout}")


main()
