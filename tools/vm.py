#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd vm: a Windows 7 of yours on QEMU with its virtio-sound device and the driver's ISO.

The guest's hardware is what Windows 7 has drivers for: IDE disk and CD, VGA, a USB tablet; no network. Its processor is
QEMU's plainest: "host" shows registers that a hypervisor below this one may refuse to give.
"""
import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ISO = ROOT / "drivers/windows7/virtio-snd/release/out/aero-virtio-snd.iso"
DEVICE = "virtio-sound-pci"
EMULATORS = {"x86": "qemu-system-i386", "x64": "qemu-system-x86_64"}
WINDOWS = ("gtk", "sdl", "cocoa")    # displays that open a window, the best first
VNC = "vnc=localhost:0"
# What the first bytes of an image say about its format; a disk without any of them is raw.
FORMATS = ((b"QFI\xfb", "qcow2"), (b"vhdxfile", "vhdx"), (b"KDMV", "vmdk"), (b"<<< ", "vdi"), (b"conectix", "vpc"))
STEPS = """In the guest:
  1. Open the CD "AERO_SND", right-click install.cmd, Run as administrator; it says what it does.
  2. Restart when it asks for it; Windows then shows "Test Mode" in a corner of the desktop.
  3. Device Manager, Sound: "Aero VirtIO Sound Device". Right-click the loudspeaker in the task bar: Sounds, Test.
Close the window or shut Windows down to end. README.txt on the CD says more.
"""


class Trouble(Exception):
    """What is wrong, in one line."""


def choices(emulator, option):
    """The words that QEMU's own list for an option has, one a line after the heading."""
    listed = subprocess.run([emulator, option, "help"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False).stdout.splitlines()
    return [line.strip() for line in listed[1:] if line.strip() and " " not in line.strip()]


def find_emulator(arch):
    """The program's path; it has the sound device."""
    path = shutil.which(EMULATORS[arch])
    if path is None:
        raise Trouble(f"{EMULATORS[arch]} is not installed: run tools/setup-qemu.sh")
    devices = subprocess.run([path, "-device", "help"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             check=False).stdout
    if f'name "{DEVICE}"' not in devices:
        raise Trouble(f"{path} has no {DEVICE}: QEMU 8.2 or later is wanted, run tools/setup-qemu.sh")
    return path


def readable(path, what):
    """The path, absolute, if it is a file that can be read."""
    if not path.exists():
        raise Trouble(f"no such {what}: {path}")
    if path.is_dir() or not os.access(path, os.R_OK):
        raise Trouble(f"not a {what} that can be read: {path}")
    return path.resolve()


def disk_format(path):
    with path.open("rb") as image:
        head = image.read(16)
    return next((name for magic, name in FORMATS if head.startswith(magic)), "raw")


def host_audio(have):
    """The audio driver whose server or card this machine shows; none when there is no such thing."""
    runtime = pathlib.Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"))
    signs = (("pipewire", (runtime / "pipewire-0").exists()),
             ("pa", "PULSE_SERVER" in os.environ or (runtime / "pulse/native").exists()),
             ("alsa", any(pathlib.Path("/dev/snd").glob("pcm*"))),
             ("coreaudio", sys.platform == "darwin"))
    return next((name for name, there in signs if there and name in have), "none")


def escaped(path):
    """For a value in QEMU's lists of options, where a comma ends it."""
    return str(path).replace(",", ",,")


def audiodev(wanted, emulator):
    """The value of -audiodev for --audio; None: what the host has."""
    have = choices(emulator, "-audiodev")
    name, _, file = (wanted or host_audio(have)).partition("=")
    if name not in have:
        raise Trouble(f"unknown audio driver '{name}': this QEMU has {', '.join(sorted(have))}")
    if (name == "wav") != bool(file):
        raise Trouble("--audio wav=FILE: the sound goes to that file" if name == "wav" else
                      f"--audio {name} takes no '=': only wav does")
    path = f",path={escaped(pathlib.Path(file).resolve())}" if file else ""
    return f"{name},id=sound{path}"


def display(emulator):
    have = choices(emulator, "-display")
    shown = "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ or sys.platform == "darwin"
    return next((name for name in WINDOWS if shown and name in have), VNC)


def command(arguments):
    """The whole command line. Raises Trouble."""
    disk = readable(arguments.disk, "disk image")
    if arguments.iso is None and not ISO.exists():
        raise Trouble(f"no {ISO.relative_to(ROOT)}: ./aero-snd release makes it")
    iso = readable(arguments.iso or ISO, "ISO")
    emulator = find_emulator(arguments.arch)
    kvm = os.access("/dev/kvm", os.R_OK | os.W_OK) and not arguments.no_kvm
    return [emulator, "-name", "aero-snd", "-machine", "pc", "-accel", "kvm" if kvm else "tcg", "-m", "2048",
            "-smp", "2", "-rtc", "base=localtime", "-vga", "std", "-usb", "-device", "usb-tablet", "-nic", "none",
            "-display", display(emulator),
            "-drive", f"file={escaped(disk)},format={disk_format(disk)},if=ide,index=0",
            "-drive", f"file={escaped(iso)},format=raw,if=ide,index=2,media=cdrom,readonly=on",
            "-audiodev", audiodev(arguments.audio, emulator), "-device", f"{DEVICE},audiodev=sound", *arguments.more]


def parse(words):
    """Options, and in `more` what follows a lone --."""
    own, more = (words[:words.index("--")], words[words.index("--") + 1:]) if "--" in words else (words, [])
    parser = argparse.ArgumentParser(prog="./aero-snd vm", allow_abbrev=False,
                                     description="Starts a Windows 7 of yours on QEMU with its virtio-sound device and "
                                     "the driver's ISO. No network. What follows -- goes to QEMU as it is.")
    parser.error = lambda message: fail(f"vm: {message}")
    parser.add_argument("--disk", type=pathlib.Path, required=True, help="image with Windows 7; it is written to")
    parser.add_argument("--arch", choices=sorted(EMULATORS), default="x64", help="of that Windows (default x64)")
    parser.add_argument("--audio", metavar="DRIVER", help="QEMU's audio driver (default: what this machine has), "
                        "none, or wav=FILE")
    parser.add_argument("--iso", type=pathlib.Path, help=f"instead of {ISO.relative_to(ROOT)}")
    parser.add_argument("--no-kvm", action="store_true", help="emulates the processor even where KVM is to be had")
    parser.add_argument("--print", action="store_true", help="prints QEMU's command line and starts nothing")
    arguments = parser.parse_args(own)
    arguments.more = more
    return arguments


def fail(message):
    print(f"aero-snd: {message}", file=sys.stderr)
    sys.exit(2)


def main():
    arguments = parse(sys.argv[1:])
    try:
        words = command(arguments)
    except (Trouble, OSError) as trouble:
        fail(trouble)
    if arguments.print:
        print(shlex.join(words))
        return
    sys.stdout.write(STEPS)
    if VNC in words:
        print("The screen: a VNC viewer to localhost:5900.")
    if "none,id=sound" in words:
        print("This machine has no sound server or card for QEMU: the guest plays into nothing (--audio chooses).")
    sys.stdout.flush()
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
