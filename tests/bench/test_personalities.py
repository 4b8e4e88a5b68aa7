#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Sound through both shipped drivers to every kind of device: each personality of the model, each knob by itself."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from harness import (Folder, add_test, equal, main, noise, run, run_json, true,  # noqa: E402
                     write_wav)  # pylint: disable=wrong-import-position

FRAMES = 24017  # half a second and a piece of a period
PERSONALITIES = ("qemu8", "qemu", "crosvm", "vhost-device-sound", "acrn", "android")
CLIENTS = (
    ("event", ("--mode", "event")),
    ("event_jitter", ("--mode", "event", "--jitter-ms", "3")),
    ("timer", ("--mode", "timer")),
    ("timer_jitter", ("--mode", "timer", "--jitter-ms", "3")),
)

# One difference each, on the device that otherwise follows the specification.
KNOBS = (
    "ctl_len=status", "ctl_len=whole", "ctl_len=huge",
    "rx_status=data", "rx_status=period", "completion=burst",
    "release=reply_first", "release=reply_first,flush=bad_msg", "flush=io_err",
    "channels_max=follows", "streams=reversed", "states=lax", "refuse=not_supp", "refuse=bad_msg",
    "indirect=off", "event_idx=on", "queue=4", "queue=16", "queue=1024", "queue=32768",
    "queue=32768,indirect=off", "queue=16,indirect=off",
    "release=sticks", "late=dropped",
    "descriptors=exact", "period=exact", "ppm=500", "ppm=-500", "ppm_out=-500,ppm_in=500",
)


def check(status, result, errors, streams, what):
    for stream in streams:
        equal(stream["bit_exact"], True, f"{what}: bit for bit ({stream} {errors})")
        equal(stream["gaps"], 0, f"{what}: gaps")
    equal((result["violations"], result["leaks"]), (0, 0), f"{what}: violations and leaks")
    equal(status, 0, f"{what}: status {errors}")


def sound_arrives(arch, device, client=()):
    options = ("--arch", arch, "--device", f"model:{device}", *client)
    with Folder() as folder:
        stereo = write_wav(folder("stereo.wav"), noise(FRAMES, 2, 5))
        mono = write_wav(folder("mono.wav"), noise(FRAMES, 1, 6), channels=1)
        status, result, errors = run_json(["play", stereo, "-o", folder("o.wav"), *options])
        check(status, result, errors, (result,), "play")
        status, result, errors = run_json(["record", "-i", mono, "-o", folder("o.wav"), *options])
        check(status, result, errors, (result,), "record")
        status, result, errors = run_json(["duplex", stereo, "-i", mono, "-o", folder("o.wav"), *options])
        check(status, result, errors, (result["render"], result["capture"]), "duplex")


def one_direction(arch, present, command, missing, knob):
    """The stream that fits works, wherever its id; of the other Windows is shown nothing."""
    device = ("--arch", arch, "--device", f"model:specification,{knob}")
    equal(run(["scenario", command, *device]).returncode, 0, f"{command} with {present} only")
    done = run(["scenario", missing, *device])
    equal(done.returncode, 1, f"{missing} with {present} only: status")
    true("shows no " in done.stderr, f"{missing} with {present} only: {done.stderr}")
    status, shown, errors = run_json(["show", *device])
    equal(status, 0, f"show with {present} only: status {errors}")
    equal([endpoint["direction"] for endpoint in shown["endpoints"]],
          ["render" if present == "output" else "capture"], f"endpoints with {present} only")
    equal([len(one["pins"]) for one in shown["filters"]], [2, 2], f"pins with {present} only")
    equal(len(shown["physical_connections"]), 1, f"connections with {present} only")
    equal([len(one["nodes"]) for one in shown["filters"]], [0, int(present == "output")], "nodes")


def no_stream_is_refused(arch, knob):
    done = run(["show", "--arch", arch, "--device", f"model:specification,{knob}"])
    true(done.returncode != 0 and "refused to start" in done.stderr, f"status {done.returncode}\n{done.stderr}")
    true("event log: message 0xc0070006" in done.stderr, f"the event log says why: {done.stderr}")


def mono_records_and_does_not_play(arch):
    """What a device says of channels may be stale, so both endpoints are shown, and SET_PARAMS decides."""
    device = ("--arch", arch, "--device", "model:specification,channels=mono")
    with Folder() as folder:
        mono = write_wav(folder("mono.wav"), noise(FRAMES, 1, 6), channels=1)
        status, result, errors = run_json(["record", "-i", mono, "-o", folder("o.wav"), *device])
        check(status, result, errors, (result,), "record")
        stereo = write_wav(folder("stereo.wav"), noise(FRAMES, 2, 5))
        done = run(["play", stereo, "-o", folder("o.wav"), *device])
        equal(done.returncode, 1, f"play: status {done.stderr}")
        true("pause answered STATUS_NOT_SUPPORTED" in done.stderr, f"play: {done.stderr}")


for machine in ("x86", "x64"):
    for personality in PERSONALITIES:
        for client_name, client_options in CLIENTS:
            add_test(f"{personality.replace('-', '_')}_{client_name}_{machine}",
                     lambda a=machine, p=personality, c=client_options: sound_arrives(a, p, c))
    for knob in KNOBS:
        add_test(f"specification_{knob.replace('=', '_').replace(',', '_').replace('-', 'minus_')}_{machine}",
                 lambda a=machine, k=knob: sound_arrives(a, f"specification,{k}"))
    for personality in PERSONALITIES:
        for event_idx in ("on", "off"):
            add_test(f"{personality.replace('-', '_')}_event_idx_{event_idx}_{machine}",
                     lambda a=machine, p=personality, e=event_idx: sound_arrives(a, f"{p},event_idx={e}"))
    for vectors in (0, 3):
        add_test(f"qemu_vectors_{vectors}_{machine}",
                 lambda a=machine, v=vectors: sound_arrives(a, f"qemu,vectors={v}"))
    add_test(f"output_only_{machine}", lambda a=machine: one_direction(a, "output", "play", "record", "streams=output"))
    add_test(f"input_only_{machine}", lambda a=machine: one_direction(a, "input", "record", "play", "streams=input"))
    add_test(f"output_at_44100_only_is_not_shown_{machine}",
             lambda a=machine: one_direction(a, "input", "record", "play", "rates=44100_out"))
    add_test(f"input_at_44100_only_is_not_shown_{machine}",
             lambda a=machine: one_direction(a, "output", "play", "record", "rates=44100_in"))
    add_test(f"a_device_without_streams_is_refused_{machine}",
             lambda a=machine: no_stream_is_refused(a, "streams=none"))
    add_test(f"a_device_at_44100_only_is_refused_{machine}", lambda a=machine: no_stream_is_refused(a, "rates=44100"))
    add_test(f"mono_records_and_does_not_play_{machine}", lambda a=machine: mono_records_and_does_not_play(a))

if __name__ == "__main__":
    main()
