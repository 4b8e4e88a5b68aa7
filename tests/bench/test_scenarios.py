#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every scenario of the bench's client, on both shipped drivers and under several kinds of client and device."""

import os
import subprocess
import sys
import tempfile
import wave

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

# Name, and the options without which the scenario makes no sense.
SCENARIOS = (
    ("load", ()),
    ("state_walks", ()),
    ("odd_buffer_sizes", ()),
    ("bad_buffers_are_refused", ()),
    ("short_of_pages", ()),
    ("notification_counts", ()),
    ("notification_events", ()),
    ("pause_resume_capture", ()),
    ("two_opens_of_one_pin_are_refused", ()),
    ("registers_are_refused", ()),
    ("surprise_removal_while_running", ()),
    ("calls_after_surprise_removal", ()),
    ("unload", ()),
    ("sleep_with_open_streams", ()),
    ("removal_without_power", ()),
    ("failed_wake_is_made_good", ()),
    ("sleeping_stream_needs_its_buffer", ()),
    ("bus_answers_late", ()),
    ("run_meets_the_end", ()),
    ("failed_start_leaves_nothing", ()),
    ("null_backend", ("--null-backend",)),
    ("no_interrupt_is_refused", ("--no-interrupt",)),
    ("descriptor_checks", ()),
    ("jack_description", ()),
    ("channel_config", ()),
    ("property_sizes", ()),
    ("formats", ()),
    ("proposed_format", ()),
    ("data_intersection", ()),
)

# Scenarios that interrupt the sound in some way: all of it must have reached the device, in order.
SOUND_SCENARIOS = (
    ("pause_resume_loses_nothing", ()),
    ("reopen", ()),
    ("disable_enable", ()),
    ("stop_start", ()),
    ("questions_while_streaming", ()),
    ("power_down_while_streaming", ()),
    ("sleep_while_streaming", ()),
    ("hibernate_while_streaming", ()),
    ("polling_only", ("--polling-only", "--no-interrupt")),
)

# The devices that exist, as the model plays them.
PERSONALITIES = tuple((name.replace("-", "_"), ("--device", f"model:{name}"))
                      for name in ("qemu8", "qemu", "crosvm", "vhost-device-sound", "acrn", "android"))

# What goes by the position alone: event-driven with two notifications, as Microsoft's engine, or timer-driven. With one
# notification per buffer a position that moved by a whole buffer looks like one that did not move.
POSITION_SCENARIOS = (
    ("position_criteria", ()),
    ("both_ways_to_capture_agree", ()),
)
POSITION_VARIANTS = (
    ("event_2", ()),
    ("timer", ("--mode", "timer")),
    ("jitter", ("--jitter-ms", "3")),
    ("specification", ("--device", "model:specification")),
    ("specification_jitter", ("--device", "model:specification", "--jitter-ms", "3")),
    *PERSONALITIES,
)

# A device whose clock is slow: each correction of the position is one backwards.
SLOW_CLOCKS = tuple((f"specification_{ppm}_ppm_slow", ("--device", f"model:specification,ppm=-{ppm}"))
                    for ppm in (20, 100, 500))

# A clock that walks across the millisecond at which the device is called.
WALKING_CLOCKS = tuple((f"{device.replace('-', '_')}_{name}", ("--device", f"model:{device},ppm={ppm}"))
                       for device in ("specification", "vhost-device-sound", "crosvm", "acrn")
                       for name, ppm in (("100_ppm_slow", -100), ("150_ppm_slow", -150), ("500_ppm_fast", 500)))

# The last period before a pause is sound and silence, and lies in two pieces of memory: more is more than ACRN takes.
# A buffer of 20 ms turns more than twice while the last sound is played out.
PAUSED_VARIANTS = tuple(
    (f"{device.split(',', maxsplit=1)[0]}_{frames}_frames_{count}",
     ("--device", f"model:{device}", "--buffer-frames", str(frames), "--notifications", str(count)))
    for device, frames, count in (("acrn", 2002, 2), ("acrn", 2006, 2), ("acrn", 1001, 1),
                                  ("specification,descriptors=exact", 2002, 2), ("specification", 967, 1),
                                  ("specification", 1001, 1)))

# A device that paces has completed a period when a processor looks whose counter is behind.
APART_VARIANTS = tuple((f"{device}_timer", ("--device", f"model:{device}", "--mode", "timer"))
                       for device in ("specification", "qemu", "crosvm", "acrn"))

VARIANTS = (
    ("event_2", ()),
    ("event_1_jitter", ("--notifications", "1", "--jitter-ms", "3")),
    ("timer_specification", ("--mode", "timer", "--device", "model:specification")),
    ("event_specification_jitter", ("--device", "model:specification", "--jitter-ms", "3")),
    ("direct_chains", ("--device", "model:aero,indirect=off")),
    *PERSONALITIES,
)


def run(name, arch, options):
    """Runs one scenario; the reason when it fails is what the bench says."""
    command = [harness.BENCH, "scenario", name, "--arch", arch, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=harness.TIME_LIMIT, check=False)
    harness.true(done.returncode == 0, f"status {done.returncode}\n{done.stderr}{done.stdout}")


def sound(path):
    """The frames that are not silent."""
    with wave.open(path) as file:
        data = file.readframes(file.getnframes())
    frames = (data[i:i + 4] for i in range(0, len(data), 4))
    return [frame for frame in frames if frame != bytes(4)]


def arrives_complete(name, arch, options, driver=()):
    with tempfile.TemporaryDirectory() as folder:
        plain, tried = os.path.join(folder, "plain.wav"), os.path.join(folder, "tried.wav")
        run("play", arch, ("-o", plain, *driver))
        run(name, arch, ("-o", tried, *options))
        wanted, got = sound(plain), sound(tried)
        harness.true(len(wanted) > 40000, f"the plain run played only {len(wanted)} frames")
        harness.equal(len(got), len(wanted), "frames that arrived")
        harness.true(got == wanted, "the frames that arrived differ from those of an uninterrupted run")


def build(flavour, arch):
    return ("--sys", os.path.join(harness.OUT, flavour, arch, "aero_virtio_snd.sys"))


@harness.test
def strict_build_plays_on_the_contract_device():
    for arch in ("x86", "x64"):
        run("play", arch, build("strict", arch))


@harness.test
def strict_build_refuses_a_device_without_indirect_descriptors():
    for arch in ("x86", "x64"):
        command = [harness.BENCH, "scenario", "load", *build("strict", arch), "--verbose", "--device",
                   "model:aero,indirect=off"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=harness.TIME_LIMIT, check=False)
        harness.true(done.returncode != 0 and "refused to start" in done.stderr,
                     f"status {done.returncode}\n{done.stderr}{done.stdout}")


def register(table, variants, function):
    for arch in ("x86", "x64"):
        for variant, options in variants:
            for name, own in table:
                harness.add_test(f"{name}_{variant}_{arch}",
                                 lambda n=name, a=arch, o=(*own, *options): function(n, a, o))


register(SCENARIOS, VARIANTS, run)
for checked in ("x86", "x64"):
    for scenario, needs in (*SCENARIOS, *SOUND_SCENARIOS, ("play", ()), ("record", ())):
        harness.add_test(f"{scenario}_checked_build_{checked}",
                         lambda n=scenario, a=checked, o=needs: run(n, a, (*build("checked", a), *o)))
register(POSITION_SCENARIOS, POSITION_VARIANTS, run)
register((("position_never_goes_back", ()),), SLOW_CLOCKS, run)
register((("position_criteria_at_each_phase", ()),), WALKING_CLOCKS, run)
register(SOUND_SCENARIOS, VARIANTS, arrives_complete)
register((("counters_are_apart", ()),), APART_VARIANTS, arrives_complete)
register((("pause_resume_loses_nothing", ()),), PAUSED_VARIANTS, arrives_complete)

# The driver's other builds, each on the device that it is for.
OTHER_BUILDS = (
    ("legacy", "virtiosnd_legacy", "model:transitional"),
    ("ioport", "virtiosnd_ioport", "model:ioport"),
    ("ioport_msix", "virtiosnd_ioport", "model:ioport,msix=enabled"),
)
for label, name, its_device in OTHER_BUILDS:
    for architecture in ("x86", "x64"):
        own = ("--sys", os.path.join(harness.OUT, "drivers", "windows7", "virtio-snd", architecture, name + ".sys"),
               "--device", its_device)
        for scenario, needs in (*SCENARIOS, *POSITION_SCENARIOS, ("play", ()), ("record", ())):
            harness.add_test(f"{scenario}_{label}_{architecture}",
                             lambda n=scenario, a=architecture, o=(*own, *needs): run(n, a, o))
        for scenario, needs in SOUND_SCENARIOS:
            harness.add_test(f"{scenario}_{label}_{architecture}",
                             lambda n=scenario, a=architecture, o=needs, b=own: arrives_complete(n, a, (*o, *b), b))
if __name__ == "__main__":
    harness.main()
