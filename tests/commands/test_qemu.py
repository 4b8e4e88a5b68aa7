#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The shipped drivers on QEMU's own sound device, in virtual time save where a name says real time.

Skipped where there is no QEMU of 8.2 or later.
"""

import itertools

import qemu_program
from harness import Folder, add_test, equal, main, noise, read_wav, refused, run, run_json, true, write_wav

ARCHS = ("x86", "x64")
FRAMES = 48017  # a second, and not a whole number of periods

# Of the device, each by itself; the last ones together.
PROPERTIES = (
    "streams=3", "streams=4", "streams=10", "jacks=2", "jacks=8", "chmaps=2", "chmaps=18",
    "event_idx=off", "indirect_desc=off", "packed=on", "iommu_platform=on", "in_order=on", "any_layout=off",
    "notify_on_empty=off", "queue_reset=off", "use-started=off", "ioeventfd=on",
    "vectors=0", "vectors=4", "page-per-vq=on", "modern-pio-notify=on", "disable-legacy=off", "disable-modern=on",
    "x-disable-pcie=on", "ats=on", "aer=on", "multifunction=on", "rombar=0", "migrate-extra=off",
    "x-pcie-pm-init=off", "virtio-pci-bus-master-bug-migration=on",
    "event_idx=off,indirect_desc=off,vectors=0,jacks=2,chmaps=2", "iommu_platform=on,packed=on,in_order=on",
)
REFUSED = (
    ("streams=0", "Invalid number of streams: 0"), ("streams=99", "99"), ("jacks=9", "9"), ("chmaps=19", "19"),
    ("no_such_thing=1", "no_such_thing"), ("failover_pair_id=a", "PCIExpress"),
    ("audio=fm", "audio=fm"), ("clock=sun", "clock=sun"), ("bus=pci.0", "bus=pci.0: this property is the bench's own"),
    ("addr=5", "bench's own"), ("audiodev=a", "bench's own"), ("id=a", "bench's own"), ("x" * 600, "too long"),
)
SCENARIOS = (
    "disable_enable", "stop_start", "unload", "surprise_removal_while_running", "calls_after_surprise_removal",
    "failed_start_leaves_nothing", "reopen", "state_walks", "pause_resume_loses_nothing", "pause_resume_capture",
    "both_ways_to_capture_agree", "position_criteria", "notification_counts", "notification_events", "short_of_pages",
    "odd_buffer_sizes",
)


def check(result, status, errors, frames, what):
    equal((result["violations"], result["leaks"]), (0, 0), f"{what}: violations and leaks")
    equal(result["frames_in"], frames, f"{what}: frames_in")
    equal((result["bit_exact"], result["gaps"]), (True, 0), f"{what}: bit for bit, gaps ({result})")
    equal(status, 0, f"{what}: status {errors}")
    equal(result["dialect"], "specification", f"{what}: dialect")


def play(device, *arguments):
    """Plays a second and looks at the file, not only at the report, which is returned."""
    with Folder() as folder:
        data = noise(FRAMES, 2)
        sound = write_wav(folder("in.wav"), data)
        status, result, errors = run_json(["play", sound, "-o", folder("out.wav"), "--device", device, *arguments])
        check(result, status, errors, FRAMES, device)
        out, channels, rate = read_wav(folder("out.wav"))
        equal((channels, rate), (2, 48000), "format of the output")
        lead = 4 * result["leading_silence_frames"]
        true(out[lead:lead + len(data)] == data, "the file's samples")
        return result


def record(device, *arguments):
    with Folder() as folder:
        data = noise(FRAMES, 1)
        mic = write_wav(folder("mic.wav"), data, channels=1)
        status, result, errors = run_json(["record", "-i", mic, "-o", folder("out.wav"), "--device", device,
                                           *arguments])
        check(result, status, errors, FRAMES, device)
        out, _, _ = read_wav(folder("out.wav"))
        lead = 2 * result["leading_silence_frames"]
        true(out[lead:lead + len(data)] == data, "the file's samples")
        return result


def duplex(device, *arguments):
    with Folder() as folder:
        sound = write_wav(folder("in.wav"), noise(FRAMES, 2))
        mic = write_wav(folder("mic.wav"), noise(FRAMES, 1, 5), channels=1)
        status, result, errors = run_json(["duplex", sound, "-i", mic, "--device", device, *arguments])
        check(result, status, errors, 2 * FRAMES, device)
        equal((result["render"]["bit_exact"], result["capture"]["bit_exact"]), (True, True), "both")
        return result


def show(arch):
    done = run(["show", "--device", "qemu", "--arch", arch])
    equal(done.returncode, 0, f"status ({done.stderr})")
    true("Speakers (render): 48000 Hz, 2 channels" in done.stdout, done.stdout)
    true("Microphone (capture): 48000 Hz, 1 channel" in done.stdout, done.stdout)


def an_output_alone(arch):
    """streams=1: there is no input."""
    play("qemu:streams=1", "--arch", arch, "--buffer-ms", "40")
    done = run(["scenario", "record", "--device", "qemu:streams=1", "--arch", arch])
    equal(done.returncode, 1, f"record: status ({done.stderr})")
    shown = run(["show", "--device", "qemu:streams=1", "--arch", arch]).stdout
    true("Speakers (render)" in shown and "Microphone" not in shown, shown)


def scenario(name, arch):
    done = run(["scenario", name, "--device", "qemu", "--arch", arch])
    equal((done.returncode, done.stderr), (0, ""), name)


def a_run_repeats():
    """Virtual time depends on nothing outside: two runs differ in the time that they took, and in nothing else."""
    results, traces = [], []
    for _ in range(2):
        with Folder() as folder:
            results.append(duplex("qemu", "--buffer-ms", "40", "--jitter-ms", "3", "--seed", "7",
                                  "--trace", folder("trace")))
            del results[-1]["wall_seconds"]
            with open(folder("trace"), encoding="utf-8") as trace:
                traces.append(trace.read().splitlines())
    equal(results[1], results[0], "the second run")
    equal(len(traces[1]), len(traces[0]), "lines of the second trace")
    for number, pair in enumerate(zip(*traces), 1):
        equal(pair[1], pair[0], f"line {number} of the second trace")


def real_time(move, device, *arguments):
    """Buffers are generous: a busy host delays this process by far more than a period."""
    result = move(device, "--buffer-ms", "500", *arguments)
    true(result["wall_seconds"] >= FRAMES / 48000, f"real time: {result['wall_seconds']} s")


def logo(arch):
    """Microsoft's criteria, all of them, on a device that works in steps of 10 ms."""
    _, result, errors = run_json(["logo", "--device", "qemu", "--arch", arch])
    equal(errors, "", "errors")
    true(len(result["criteria"]) > 80, f"{len(result['criteria'])} criteria")
    equal([row for row in result["criteria"] if not row["met"]], [], "not met")


def add_odd_buffers():
    """The last piece of such a buffer is shorter than a period; QEMU writes a whole period into it all the same."""
    for arch, count, frames in itertools.product(ARCHS, "12", ("480", "961", "1001", "1919", "4801")):
        options = ("--arch", arch, "--notifications", count, "--buffer-frames", frames)
        add_test(f"record_{arch}_{count}_notifications_{frames}_frames",
                 lambda options=options: record("qemu", *options))


def add_streams():
    for arch, mode, count, milliseconds in itertools.product(ARCHS, ("event", "timer"), "12", ("20", "40", "100")):
        options = ("--arch", arch, "--mode", mode, "--notifications", count, "--buffer-ms", milliseconds)
        for move in (play, record, duplex):
            add_test(f"{move.__name__}_{arch}_{mode}_{count}_notifications_{milliseconds}_ms",
                     lambda move=move, options=options: move("qemu", *options))
    for arch in ARCHS:
        add_test(f"record_{arch}_from_a_card_that_never_waits",
                 lambda arch=arch: record("qemu:audio=alsa", "--arch", arch))
        for move in (play, record):
            add_test(f"{move.__name__}_{arch}_in_real_time",
                     lambda move=move, arch=arch: real_time(move, "qemu:clock=real", "--arch", arch))


def add_tests():
    for properties, words in REFUSED:
        add_test(f"{properties[:20].replace('=', '_')}_is_refused",
                 lambda properties=properties, words=words:
                 refused(["show", "--device", "qemu:" + properties], words))
    for arch in ARCHS:
        add_test(f"driver_starts_on_qemu_{arch}", lambda arch=arch: show(arch))
        add_test(f"an_output_alone_{arch}", lambda arch=arch: an_output_alone(arch))
        for name in SCENARIOS:
            add_test(f"{name}_{arch}", lambda name=name, arch=arch: scenario(name, arch))
        for properties in PROPERTIES:
            add_test(f"duplex_{arch}_with_{properties.replace('=', '_').replace(',', '_')}",
                     lambda properties=properties, arch=arch:
                     duplex("qemu:" + properties, "--arch", arch, "--buffer-ms", "40"))
    add_test("a_run_repeats", a_run_repeats)
    add_streams()
    add_odd_buffers()
    for arch in ARCHS:
        add_test(f"logo_{arch}", lambda arch=arch: logo(arch))


REASON = qemu_program.missing()
if REASON:
    print(f"1..0 # SKIP {REASON}")
else:
    add_tests()
    main()
