#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Wine's wintrust finds every file of a package in its catalog; Wine's cmd runs install.cmd. Prints TAP.

The tools that install.cmd calls are stand-ins (recorder.c), which keep what they were told and write down the calls.
"""
import hashlib
import pathlib
import shutil
import sys

import scratch
import tap
import test_catalog
import wine

PROGRAMS = scratch.ROOT / "out/tests/package"
TOOLS = ("bcdedit", "certutil", "pnputil", "reg")
STATE = ("ProgramData", "aero-virtio-snd", "done.txt")


def check_members(t, prefix, folder):
    catalog, = folder.glob("*.cat")
    files = sorted(path for path in folder.iterdir() if path != catalog)
    done = prefix.run(PROGRAMS / "members.exe", *map(wine.windows, [catalog, *files]))
    lines = [line.split(" ") for line in done.stdout.splitlines()]
    listed = {line[1] for line in lines if line[0] == "member"}
    hashes = {line[1]: line[2] for line in lines if line[0] == "file"}
    name = f"{folder.parent.name}/{folder.name}"
    t.check(done.returncode == 0 and len(listed) == len(files),
            f"{name}: wintrust opens the catalog and lists its members", done.stdout, done.stderr)
    own = {path.name: (test_catalog.authenticode(path.read_bytes()) if path.suffix == ".sys" else
                       hashlib.sha1(path.read_bytes()).digest()).hex().upper() for path in files}
    t.check(set(own.values()) == listed, f"{name}: the hash of every file is among them", own, listed)
    t.check(set(hashes) == set(own), f"{name}: wintrust hashes every file", done.stdout)
    flat = {file: value for file, value in hashes.items() if not file.endswith(".sys")}
    t.check(flat and set(flat.values()) <= listed, f"{name}: wintrust's own hash of the INF is among them", flat)


class Guest:
    """A Windows with stand-ins, and the disc."""

    def __init__(self, prefix, disc):
        self.prefix, self.disc = prefix, disc
        prefix.environment["WINEDLLOVERRIDES"] += ";" + ",".join(f"{tool}.exe" for tool in TOOLS) + "=n"
        for tool in TOOLS:
            target = prefix.file("windows", "system32", f"{tool}.exe")
            target.unlink(missing_ok=True)
            shutil.copy(PROGRAMS / "recorder.exe", target)

    def fail(self, call):
        self.prefix.file("fail.txt").write_text(call + "\n")

    def run(self, *arguments):
        """(exit status, stdout, stderr, calls without those that only ask)"""
        calls = self.prefix.file("calls.txt")
        calls.unlink(missing_ok=True)
        done = self.prefix.run("cmd", "/c", wine.windows(self.disc / "install.cmd"), *arguments)
        self.prefix.file("fail.txt").unlink(missing_ok=True)
        said = calls.read_text().splitlines() if calls.exists() else []
        asking = ("reg query", "bcdedit /enum", "certutil -store")
        return done.returncode, done.stdout, done.stderr, [call for call in said if not call.startswith(asking)]

    def state(self):
        """What the stand-ins keep, and the script's own notes."""
        names = ("testsigning.txt", "store-Root.txt", "store-TrustedPublisher.txt", "windows/inf/oem7.inf",
                 "/".join(STATE))
        return {name for name in names if self.prefix.file(*name.split("/")).exists()}


def check_install(t, guest, thumbprint):
    inf = wine.windows(guest.disc / "drivers/x64/virtio-snd/aero_virtio_snd.inf")
    cer = wine.windows(guest.disc / "cert/aero-virtio-snd-test.cer")
    status, out, err, calls = guest.run()
    t.check(status == 0 and err == "" and "Done." in out, "install.cmd: succeeds and says so", out, err)
    t.check(calls == ["bcdedit /set testsigning on", f"certutil -addstore -f Root {cer}",
                      f"certutil -addstore -f TrustedPublisher {cer}", f"pnputil -i -a {inf}"],
            "install.cmd: test-signing, certificate in both stores, driver", *calls)
    t.check(len(guest.state()) == 5, "install.cmd: everything is there", guest.state())
    status, out, _, calls = guest.run()
    t.check(status == 0 and calls == ["bcdedit /set testsigning on", f"pnputil -i -a {inf}"],
            "install.cmd again: only the driver anew", out, *calls)
    status, out, err, calls = guest.run("/undo")
    t.check(status == 0 and calls == ["pnputil -f -d oem7.inf", f"certutil -delstore TrustedPublisher {thumbprint}",
                                      f"certutil -delstore Root {thumbprint}", "bcdedit /deletevalue testsigning"],
            "install.cmd /undo: the reverse", out, err, *calls)
    t.check(guest.state() == set(), "install.cmd /undo: nothing is left", guest.state())
    status, out, _, calls = guest.run("/undo")
    t.check(status == 0 and not calls and "nothing to take back" in out, "install.cmd /undo again: nothing", out,
            *calls)


def check_keeps(t, guest):
    """What was there before stays after the undoing."""
    for name in ("testsigning.txt", "store-Root.txt"):
        guest.prefix.file(name).write_text("")
    guest.run()
    status, _, err, calls = guest.run("/undo")
    t.check(status == 0 and guest.state() == {"testsigning.txt", "store-Root.txt"},
            "what was set before install.cmd is left alone by /undo", err, *calls, guest.state())
    for name in guest.state():
        guest.prefix.file(name).unlink()


def check_failures(t, guest):
    for call, word in (("reg query", "administrator"), ("bcdedit /set", "bcdedit"),
                       ("certutil -addstore -f T", "certutil"), ("pnputil -i", "pnputil")):
        guest.fail(call)
        status, out, err, _ = guest.run()
        t.check(status == 1 and err.count("\n") == 1 and word in err and "Done." not in out,
                f"{call} fails: one line, status 1", status, out, err)
        guest.run("/undo")
        t.check(not guest.state() - {"/".join(STATE)}, f"{call} fails: /undo takes back the rest", guest.state())
    guest.run()
    guest.fail("pnputil -f")
    status, out, err, _ = guest.run("/undo")
    guest_kept = guest.state()
    again, _, _, _ = guest.run("/undo")
    t.check(status == 1 and "pnputil" in err and guest_kept and again == 0 and not guest.state(),
            "/undo that fails says so and can be repeated", out, err, again, guest.state())
    status, _, err, _ = guest.run("/now")
    t.check(status == 2 and err.count("\n") == 1, "an unknown argument: one line, status 2", err)
    (guest.disc / "cert/certificate.txt").unlink()
    status, _, err, calls = guest.run()
    t.check(status == 1 and "certificate.txt is missing" in err and not calls, "an incomplete disc: one line", err)


def main():
    t = tap.Tap()
    with scratch.folder() as name, wine.Prefix() as prefix:
        root = pathlib.Path(name)
        signer = scratch.signing.test_signer("sha1", root / "cert")
        made = root / "made"
        for entry in scratch.contract.packages():
            for arch in scratch.package.ARCHS:
                folder = scratch.signed(made / arch / scratch.package.folder_name(entry), signer, arch, entry)
                check_members(t, prefix, folder)
        disc = root / "a disc"
        scratch.package.stage_iso(made, [scratch.contract_package()], signer, disc)
        guest = Guest(prefix, disc)
        check_install(t, guest, hashlib.sha1(signer.certificate).hexdigest())
        check_keeps(t, guest)
        check_failures(t, guest)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
