#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd vm: the command line that it makes, that QEMU takes it and shows the device, and what it refuses."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys

from harness import ROOT, Folder, equal, main, test, true

VM = os.path.join(ROOT, "tools", "vm.py")
FROM_SEED = os.path.join(ROOT, "drivers", "windows7", "virtio-snd", "tests", "qemu", "run-virtio-snd.sh")
SOUND = {"vendor": 0x1AF4, "device": 0x1059}


class Machine(Folder):
    """A disk and an ISO, both empty; the comma in their folder is for QEMU's lists of options."""

    def __enter__(self):
        super().__enter__()
        os.mkdir(self("a, b"))
        self.disk = self.write("a, b/disk.raw", bytes(1 << 20))
        self.iso = self.write("a, b/sound.iso", bytes(1 << 16))
        return self

    def words(self, *arguments, **environment):
        """QEMU's command line as --print shows it."""
        done = self.run("--print", *arguments, **environment)
        equal((done.returncode, done.stderr), (0, ""), "status and stderr")
        return shlex.split(done.stdout)

    def run(self, *arguments, **environment):
        return run("--disk", self.disk, "--iso", self.iso, *arguments, **environment)


def run(*arguments, program=VM, **environment):
    return subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **environment), check=False)


def refused(done, *words):
    equal((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), f"status, stdout, lines: {done.stderr}")
    for word in ("aero-snd: ", *words):
        true(word in done.stderr, f"{word!r} is not in {done.stderr!r}")


def values(words, option):
    return [value for name, value in zip(words, words[1:]) if name == option]


@test
def the_command_line_has_device_disk_and_disc():
    with Machine() as machine:
        words = machine.words("--audio", "none")
        equal(os.path.basename(words[0]), "qemu-system-x86_64", "the program")
        equal(values(words, "-device")[-1], "virtio-sound-pci,audiodev=sound", "the device")
        equal(values(words, "-audiodev"), ["none,id=sound"], "the audio driver")
        disk, disc = values(words, "-drive")
        equal(disk, f"file={machine.disk.replace(',', ',,')},format=raw,if=ide,index=0", "the disk")
        true(disc.startswith(f"file={machine.iso.replace(',', ',,')},") and "media=cdrom,readonly=on" in disc, disc)
        equal(os.path.basename(machine.words("--arch", "x86")[0]), "qemu-system-i386", "the program for x86")


@test
def the_disk_format_is_read_from_the_image():
    with Machine() as machine:
        for head, name in ((b"QFI\xfb\0\0\0\3", "qcow2"), (b"vhdxfile", "vhdx"), (b"KDMV", "vmdk"),
                           (b"<<< Oracle VM", "vdi"), (b"conectix", "vpc"), (b"\x33\xc0", "raw")):
            machine.write("a, b/disk.raw", head + bytes(512))
            true(f",format={name}," in values(machine.words(), "-drive")[0], name)


@test
def kvm_is_used_where_it_can_be():
    with Machine() as machine:
        usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
        equal(values(machine.words(), "-accel"), ["kvm" if usable else "tcg"], "the accelerator")
        equal(values(machine.words("--no-kvm"), "-accel"), ["tcg"], "without KVM")


@test
def sound_goes_to_a_file_or_where_the_host_plays_it():
    with Machine() as machine:
        path = machine("a, b/heard.wav")
        equal(values(machine.words("--audio", f"wav={path}"), "-audiodev"),
              [f"wav,id=sound,path={path.replace(',', ',,')}"], "wav")
        silent = machine.words(XDG_RUNTIME_DIR=machine(), PULSE_SERVER="")
        true(values(silent, "-audiodev")[0].endswith(",id=sound"), "some driver of the host")


@test
def words_after_two_dashes_go_to_qemu():
    with Machine() as machine:
        equal(machine.words("--", "-snapshot", "--arch")[-2:], ["-snapshot", "--arch"], "the last words")


@test
def the_seed_script_is_the_same_command():
    with Machine() as machine:
        arguments = ("--disk", machine.disk, "--iso", machine.iso, "--audio", "none", "--print")
        done = run(*arguments, program=FROM_SEED)
        equal((done.returncode, shlex.split(done.stdout)), (0, machine.words("--audio", "none")), "the command line")


def tell(stream, command):
    """One command of QEMU's machine protocol."""
    stream.write(json.dumps({"execute": command}) + "\n")
    stream.flush()


def ask(stream, command):
    """The answer to a command, events left out."""
    tell(stream, command)
    while True:
        answer = json.loads(stream.readline())
        if "event" not in answer:
            return answer["return"]


def converse(process, listener):
    """Connects to the paused machine, ends it, and returns (status, PCI devices)."""
    listener.settimeout(100)
    connection, _ = listener.accept()
    with connection, connection.makefile("rw") as stream:
        stream.readline()  # its greeting
        ask(stream, "qmp_capabilities")
        status, buses = ask(stream, "query-status"), ask(stream, "query-pci")
        tell(stream, "quit")  # the answer is lost when QEMU is faster than its socket
        equal(process.wait(timeout=100), 0, "QEMU's exit status")
    return status, [device for bus in buses for device in bus["devices"]]


def start_paused(machine, *arguments, more=()):
    """Starts QEMU for real, its processors halted; (status, PCI devices, what vm printed)."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(machine("qmp"))
        listener.listen()
        command = [VM, "--disk", machine.disk, "--iso", machine.iso, *arguments, "--", "-S", "-display", "none", "-qmp",
                   f"unix:{machine('qmp')}", *more]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            try:
                status, devices = converse(process, listener)
            finally:
                process.kill()
                said, _ = process.communicate()
    return status, devices, said


@test
def qemu_takes_every_option_and_shows_the_device():
    for arguments in (("--arch", "x64"), ("--arch", "x64", "--no-kvm"), ("--arch", "x86", "--no-kvm")):
        with Machine() as machine:
            status, devices, said = start_paused(machine, *arguments, "--audio", f"wav={machine('a, b/heard.wav')}")
            equal(status["status"], "prelaunch", "the machine's state")
            true(any(SOUND.items() <= device["id"].items() for device in devices), "no virtio-sound device")
            true("install.cmd" in said and "Device Manager" in said, "what to click")


@test
def qemu_has_no_transitional_sound_device():
    with Machine() as machine:
        _, devices, _ = start_paused(machine, "--no-kvm", "--audio", "none", more=(
            "-device", "virtio-sound-pci,audiodev=sound,disable-legacy=off"))
        found = [device["id"]["device"] for device in devices if device["id"]["vendor"] == SOUND["vendor"]]
        equal(found, [SOUND["device"]] * 2, "virtio devices")


@test
def qemu_has_no_property_for_the_revision():
    listed = subprocess.run(["qemu-system-x86_64", "-device", "virtio-sound-pci,help"], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=True).stdout
    true("disable-legacy" in listed and "x-pci-revision" not in listed, "docs/seed-map.md says that there is none")


@test
def bad_input_is_refused_in_one_line():
    with Machine() as machine:
        refused(run(), "--disk")
        refused(run("--disk", machine("none"), "--iso", machine.iso), "no such disk image")
        refused(run("--disk", machine(), "--iso", machine.iso), "not a disk image")
        refused(run("--disk", machine.disk, "--iso", machine("none")), "no such ISO")
        refused(machine.run("--audio", "gramophone"), "unknown audio driver 'gramophone'", "wav")
        refused(machine.run("--audio", "wav"), "wav=FILE")
        refused(machine.run("--audio", "none=x"), "takes no '='")
        refused(machine.run("--arch", "arm64"), "arm64")
        refused(machine.run("--dis", "x"), "--dis")


@test
def a_missing_iso_names_the_command_that_makes_it():
    with Machine() as machine:
        tools = machine("tree", "tools")
        os.makedirs(tools)
        shutil.copy(VM, tools)
        refused(run("--disk", machine.disk, program=os.path.join(tools, "vm.py")), "./aero-snd release")


@test
def a_missing_or_old_qemu_names_the_command_that_installs_one():
    with Machine() as machine:
        os.mkdir(machine("bin"))
        arguments = ("--disk", machine.disk, "--iso", machine.iso)
        command = (sys.executable, VM, *arguments)
        for script in (None, "#!/bin/sh\necho 'name \"virtio-net-pci\"'\n"):
            if script:
                os.chmod(machine.write("bin/qemu-system-x86_64", script.encode()), 0o755)
            refused(run(*command[1:], program=command[0], PATH=machine("bin")), "tools/setup-qemu.sh")


if __name__ == "__main__":
    if shutil.which("qemu-system-x86_64") is None:
        print("1..0 # SKIP ./aero-snd vm: no QEMU")
        sys.exit(0)
    main()
