#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bad input gives one clear line, a status that is not 0, and no output file; and the host process, driven by a fake
guest and a plug-in, moves, compares and reports sound as it should."""

import json
import os
import pty
import re
import signal
import subprocess
import time

from harness import (FAKES, Folder, FakeBench, add_test, equal, main, noise, pe_image, read_wav, refused, run, run_json,
                     test, true, write_wav)

KEYS = ("arch sys device dialect frames_in frames_out leading_silence_frames bit_exact gaps latency_ms periods "
        "doorbells register_reads register_writes interrupts dpcs violations leaks virtual_seconds "
        "wall_seconds").split()
STREAM_KEYS = "frames_in frames_out leading_silence_frames bit_exact gaps latency_ms periods".split()

BAD_LINES = {
    "no_command": ([], "no command"),
    "unknown_command": (["dance"], "unknown command 'dance'"),
    "play_without_file": (["play"], "usage: play FILE"),
    "play_two_files": (["play", "a.wav", "b.wav"], "one argument too many"),
    "record_without_output": (["record"], "usage: record"),
    "duplex_without_file": (["duplex"], "usage: duplex"),
    "show_with_operand": (["show", "x"], "one argument too many"),
    "show_with_output": (["show", "-o", "x.wav"], "does not take"),
    "play_with_microphone": (["play", "a.wav", "-i", "b.wav"], "does not take"),
    "unknown_option": (["play", "a.wav", "--loud"], "unknown option '--loud'"),
    "option_without_value": (["play", "a.wav", "--seed"], "needs a value"),
    "flag_with_value": (["play", "a.wav", "--json=yes"], "takes no value"),
    "empty_value": (["play", "a.wav", "--sys", ""], "empty"),
    "arch_unknown": (["play", "a.wav", "--arch", "arm64"], "none of x86|x64"),
    "mode_unknown": (["play", "a.wav", "--mode", "push"], "none of event|timer"),
    "mode_with_bar": (["play", "a.wav", "--mode", "event|timer"], "none of"),
    "notifications_3": (["play", "a.wav", "--notifications", "3"], "from 1 to 2"),
    "buffer_0": (["play", "a.wav", "--buffer-ms", "0"], "whole number"),
    "buffer_text": (["play", "a.wav", "--buffer-ms", "ten"], "whole number"),
    "buffer_negative": (["play", "a.wav", "--buffer-frames", "-5"], "whole number"),
    "buffer_huge": (["play", "a.wav", "--buffer-ms", "99999999999999999999"], "whole number"),
    "buffer_twice": (["play", "a.wav", "--buffer-ms", "10", "--buffer-frames", "480"], "exclude each other"),
    "buffer_below_notifications": (["play", "a.wav", "--buffer-frames", "1"], "cannot hold 2 notifications"),
    "seconds_0": (["play", "a.wav", "--seconds", "0"], "whole number"),
    "seed_fraction": (["play", "a.wav", "--seed", "1.5"], "whole number"),
    "jitter_huge": (["play", "a.wav", "--jitter-ms", "100000"], "whole number"),
    "load_and_sys": (["load", "a.sys", "--sys", "b.sys"], "one too many"),
}


def add_bad_line(name, arguments, words):
    def check():
        with Folder() as folder:
            refused(arguments, words, cwd=folder.path)
            equal(folder.names(), [], "files left")

    add_test("command_line_" + name, check)


for bad_name, (bad_arguments, bad_words) in BAD_LINES.items():
    add_bad_line(bad_name, bad_arguments, bad_words)


def with_bad_sounds(check):
    """Calls check(folder, path, words) for each kind of file that is no sound."""
    with FakeBench() as folder:
        good = write_wav(folder("good.wav"), noise(1000, 2))
        with open(good, "rb") as file:
            data = file.read()
        mute = write_wav(folder("mute.wav"), b"")
        check(folder, folder("absent.wav"), "No such file")
        check(folder, folder("host"), "is a directory")
        check(folder, folder.write("empty.wav", b""), "is empty")
        check(folder, folder.write("text.wav", b"no sound at all, and rather long for a text"), "not a sound file")
        check(folder, folder.write("cut.wav", data[:1000]), "truncated")
        check(folder, folder.write("header.wav", data[:20]), "header.wav")
        check(folder, mute, "no sound")


@test
def play_refuses_what_is_no_sound():
    def check(folder, path, words):
        before = folder.names()
        refused(["play", path, "-o", folder("out.wav"), "--device", folder.fifo], words, bench=folder.bench)
        equal(folder.names(), before, "files left")

    with_bad_sounds(check)


@test
def record_and_duplex_refuse_a_microphone_that_is_no_sound():
    def check(folder, path, words):
        before = folder.names()
        refused(["record", "-i", path, "-o", folder("out.wav"), "--device", folder.fifo], words, bench=folder.bench)
        refused(["duplex", folder("good.wav"), "-i", path, "-o", folder("out.wav"), "--device", folder.fifo], words,
                bench=folder.bench)
        equal(folder.names(), before, "files left")

    with_bad_sounds(check)


@test
def driver_that_is_none_is_refused():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(100, 2))
        images = {
            "no such": (folder("absent.sys"), "No such file"),
            "empty": (folder.write("empty.sys", b""), "not a Windows driver"),
            "text": (folder.write("text.sys", b"MZ but then nothing else of an image" + bytes(100)), "not a Windows"),
            "program": (folder.write("program.sys", pe_image(subsystem=3)), "not native"),
            "arm": (folder.write("arm.sys", pe_image(machine=0xAA64)), "neither x86 nor x64"),
            "folder": (folder("host"), "not a file"),
        }
        before = folder.names()
        for path, words in images.values():
            for command in (["play", sound], ["record"], ["duplex", sound]):
                refused([*command, "-o", folder("out.wav"), "--sys", path], words, bench=folder.bench)
            refused(["show", "--sys", path], words, bench=folder.bench)
            refused(["load", path], words, bench=folder.bench)
        x86 = folder("drivers", "windows7", "virtio-snd", "x86", "aero_virtio_snd.sys")
        refused(["show", "--sys", x86, "--arch", "x64"], "is for x86, not for x64", bench=folder.bench)
        equal(folder.names(), before, "files left")


@test
def device_that_fails_is_refused():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(100, 2))
        fake = "plugin:" + FAKES + "/"
        devices = {
            "toaster": "neither model", "model:toaster": "toaster", "plugin:": "needs a path",
            "plugin:" + folder("absent.so"): "No such file", "plugin:" + sound: "",
            fake + "plugin_nothing.so": "exports no pci_plugin", fake + "plugin_old.so": "ABI version 0",
            fake + "plugin_fifo.so,refuse": "refused to open",
        }
        for device, words in devices.items():
            done = run(["play", sound, "-o", folder("out.wav"), "--device", device], folder.bench)
            equal(done.returncode, 2, f"status with {device}")
            true(words in done.stderr and done.stdout == "", f"{device}: {done.stderr!r}")
            true(not os.path.exists(folder("out.wav")), "an output file was left")
        equal([name for name in folder.names() if name.startswith("out")], [], "files left")


@test
def device_that_crashes_is_named_and_leaves_nothing():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(4800, 2))
        before = folder.names()
        refused(["play", sound, "-o", folder("out.wav"), "--device", folder.fifo + ",crash"], "crashed in advance",
                bench=folder.bench)
        equal(folder.names(), before, "files left")


@test
def output_that_cannot_be_written_is_refused_before_the_run():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(100, 2))
        refused(["play", sound, "-o", folder("absent", "out.wav")], "cannot be written", bench=folder.bench)
        refused(["play", sound, "-o", folder("host")], "not a regular file", bench=folder.bench)
        refused(["show", "--trace", folder("absent", "trace")], "cannot be written", bench=folder.bench)


@test
def played_sound_is_compared_and_written():
    with FakeBench() as folder:
        data = noise(9001, 2)
        sound = write_wav(folder("a.wav"), data)
        status, result, _ = run_json(["play", sound, "-o", folder("out.wav"), "--device", folder.fifo], folder.bench)
        equal(status, 0, "status")
        equal(sorted(result), sorted(KEYS), "keys")
        equal(result["bit_exact"], True, "bit_exact")
        equal(result["gaps"], 0, "gaps")
        equal(result["frames_in"], 9001, "frames_in")
        equal(result["leading_silence_frames"], 96, "leading silence")  # 2 ms, as the fake guest does it
        true(1.9 < result["latency_ms"] < 3.1, f"latency {result['latency_ms']}")
        true(result["doorbells"] == result["periods"], "doorbells are the writes to the notify structure")
        true(result["register_writes"] >= 9001, "all other writes are counted")
        out, channels, rate = read_wav(folder("out.wav"))
        equal((channels, rate), (2, 48000), "format")
        equal(len(out) // 4, result["frames_out"], "frames_out")
        equal(out[4 * 96:4 * 96 + len(data)], data, "samples")


@test
def gap_and_wrong_bit_are_reported():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(9001, 2))
        status, result, _ = run_json(["play", sound, "--device", folder.fifo + ",gap"], folder.bench)
        equal((status, result["bit_exact"], result["gaps"]), (1, False, 1), "with a gap")
        status, result, _ = run_json(["play", sound, "--device", folder.fifo + ",flip"], folder.bench)
        equal((status, result["bit_exact"], result["gaps"]), (1, False, 0), "with a wrong bit")
        done = run(["play", sound, "--device", folder.fifo + ",flip"], folder.bench)
        true("NO: first difference at frame 904" in done.stdout, f"the table says where: {done.stdout}")


@test
def gap_inside_silence_is_reported():
    with FakeBench() as folder:
        data = noise(100, 2) + bytes(4 * 4000) + noise(100, 2, 2)
        sound = write_wav(folder("a.wav"), data)
        status, result, _ = run_json(["play", sound, "--device", folder.fifo + ",gap"], folder.bench)
        equal((status, result["gaps"]), (1, 1), "status and gaps")


@test
def recorded_sound_is_compared_and_written():
    with FakeBench() as folder:
        data = noise(5003, 1)
        mic = write_wav(folder("mic.wav"), data, channels=1)
        arguments = ["record", "-i", mic, "-o", folder("out.wav"), "--device", folder.fifo]
        status, result, _ = run_json(arguments, folder.bench)
        equal((status, result["bit_exact"], result["frames_in"]), (0, True, 5003), "result")
        out, channels, rate = read_wav(folder("out.wav"))
        equal((channels, rate), (1, 48000), "format")
        lead = result["leading_silence_frames"]
        equal(out[2 * lead:], data, "samples")


@test
def recording_without_a_file_hears_a_signal_of_the_length_asked_for():
    with FakeBench() as folder:
        arguments = ["record", "--seconds", "2", "-o", folder("out.wav"), "--device", folder.fifo]
        status, result, _ = run_json(arguments, folder.bench)
        equal((status, result["frames_in"]), (0, 96000), "result")
        true(any(read_wav(folder("out.wav"))[0]), "there is sound in it")


@test
def duplex_reports_both_directions():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(4801, 2))
        mic = write_wav(folder("mic.wav"), noise(7001, 1, 3), channels=1)
        status, result, _ = run_json(["duplex", sound, "-i", mic, "-o", folder("out.wav"), "--device", folder.fifo],
                                     folder.bench)
        equal(status, 0, "status")
        equal(sorted(result), sorted(KEYS + ["render", "capture"]), "keys")
        for part, frames in (("render", 4801), ("capture", 7001)):
            equal(sorted(result[part]), sorted(STREAM_KEYS), f"keys of {part}")
            equal((result[part]["frames_in"], result[part]["bit_exact"]), (frames, True), part)
        equal(read_wav(folder("out.wav"))[1], 2, "channels played")
        equal(read_wav(folder("out-recorded.wav"))[1], 1, "channels recorded")


@test
def seconds_limit_the_length():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(96001, 2))
        _, result, _ = run_json(["play", sound, "--seconds", "1", "--device", folder.fifo], folder.bench)
        equal((result["frames_in"], result["bit_exact"]), (48000, True), "result")


@test
def violation_names_rule_function_and_replay():
    with FakeBench() as folder:
        arguments = ["scenario", "violate", "--seed", "42", "--device", folder.fifo]
        done = run(arguments, folder.bench)
        equal(done.returncode, 3, "status")
        lines = done.stderr.splitlines()
        equal(lines[0], "violation: IRQL_TOO_HIGH", "rule")
        true("KeWaitForSingleObject at DISPATCH_LEVEL" in lines[1], "message")
        true("VirtIoSndStop+0x12" in lines[2], "function")
        true(lines[3].startswith("replay: ") and "--seed 42" in lines[3], "replay")
        again = subprocess.run(["sh", "-c", lines[3][len("replay: "):]], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, check=False)
        equal((again.returncode, again.stderr), (3, done.stderr), "the replay shows the same")
        done = run(["scenario", "violate", "--device", folder.fifo, "--json"], folder.bench)
        equal(json.loads(done.stdout)["violations"], 1, "violations in JSON")
        true(done.stderr.splitlines()[3].endswith("--seed 1"), "the default seed is spelled out")


@test
def guest_that_ends_early_is_one_line():
    with FakeBench() as folder:
        device = ["--device", folder.fifo]
        refused(["scenario", "crash", *device], "died by signal 11", bench=folder.bench, status=4)
        refused(["scenario", "vanish", *device], "ended with status 7", bench=folder.bench, status=4)
        refused(["scenario", "nonsense", *device], "unknown operation 99", bench=folder.bench, status=4)
        refused(["scenario", "expectation", *device], "position went backwards", bench=folder.bench, status=1)
        refused(["scenario", "refusal", *device], "refused to start: STATUS_DEVICE_CONFIGURATION_ERROR",
                bench=folder.bench, status=1)
        refused(["scenario", "n" * 64, *device], "too long", bench=folder.bench)
        os.remove(folder("host", "guest64"))
        refused(["show", *device], "guest64", bench=folder.bench, status=4)


@test
def leak_alone_makes_the_status_bad():
    with FakeBench() as folder:
        status, result, _ = run_json(["scenario", "leak", "--device", folder.fifo], folder.bench)
        equal((status, result["leaks"], result["violations"]), (1, 1, 0), "result")


@test
def interrupted_run_leaves_nothing():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(48000, 2) * 120)
        before = folder.names()
        with subprocess.Popen([folder.bench, "play", sound, "-o", folder("out.wav"), "--device", folder.fifo],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            for _ in range(500):
                if folder.names() != before:
                    break
                time.sleep(0.01)
            true(folder.names() != before, "the temporary file appears")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            equal(process.returncode, -signal.SIGTERM, "ended by the signal")
        equal(folder.names(), before, "files left")


@test
def show_prints_what_the_guest_says():
    with FakeBench() as folder:
        equal(run(["show", "--device", folder.fifo], folder.bench).stdout, "a picture\n", "text")
        equal(run(["show", "--json", "--device", folder.fifo], folder.bench).stdout, '{"device": 1}\n', "JSON")


@test
def notes_and_trace_are_shown_when_asked_for():
    with FakeBench() as folder:
        quiet = run(["show", "--device", folder.fifo], folder.bench)
        equal(quiet.stderr, "", "stderr without --verbose")
        loud = run(["show", "--verbose", "--trace", folder("trace.txt"), "--device", folder.fifo], folder.bench)
        true("a note" in loud.stderr, "the note")
        with open(folder("trace.txt"), encoding="utf-8") as file:
            equal(file.read(), "a line of the trace\n", "trace")


@test
def table_is_for_people():
    with FakeBench() as folder:
        sound = write_wav(folder("it's a.wav"), noise(4800, 2))
        done = run(["play", sound, "--device", folder.fifo], folder.bench)
        for words in ("bit for bit", "gaps", "leading silence", "latency", "periods", "doorbells", "interrupts",
                      "violations", "leaks", "it's a.wav"):
            true(words in done.stdout, f"{words!r} is in the table")
        true(not re.search(r"[\r\x1b]", done.stdout + done.stderr), "no progress bar without a terminal")


@test
def progress_bar_is_for_terminals_and_goes_away():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(48000, 2))
        ours, theirs = pty.openpty()
        done = subprocess.run([folder.bench, "play", sound, "--device", folder.fifo], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=theirs, check=False)
        os.close(theirs)
        bar = os.read(ours, 65536).decode()
        os.close(ours)
        equal(done.returncode, 0, "status")
        true("[" in bar and "%" in bar, f"a bar is drawn: {bar!r}")
        true(bar.endswith("\r\x1b[K"), f"and wiped: {bar[-20:]!r}")
        true(b"%" not in done.stdout, "stdout holds the table only")


@test
def results_repeat_to_the_byte():
    with FakeBench() as folder:
        sound = write_wav(folder("a.wav"), noise(4800, 2))
        results = []
        for _ in range(2):
            _, result, _ = run_json(["play", sound, "--device", folder.fifo], folder.bench)
            del result["wall_seconds"]
            results.append(result)
        equal(results[0], results[1], "results")


main()
