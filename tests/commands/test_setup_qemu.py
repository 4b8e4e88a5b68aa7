#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""tools/setup-qemu.sh against a pretended apt: what it asks for, and the source that it adds."""

import os
import subprocess

from harness import ROOT, Folder, equal, main, test, true

SCRIPT = os.path.join(ROOT, "tools", "setup-qemu.sh")
PACKAGES = ("qemu-system-x86", "qemu-system-gui", "pulseaudio", "pulseaudio-utils")
OLD = "1:7.2+dfsg-7"
BACKPORT = "1:10.0.2+ds-2~bpo12+1"
BACKPORTS_FILE = "aero-snd-backports"

# $STATE: installed (lines "ii  PACKAGE VERSION"), log (one line a call), and etc, the machine's configuration.
STUBS = {
    "id": "echo ${USER_ID-0}",
    "sudo": 'echo "sudo $*" >>"$STATE/log"; exec "$@"',
    "dpkg-query": r"""for package; do :; done
sed -n "s/^ii  $package /ii  /p" "$STATE/installed" """,
    "apt-config": r"""printf "root='%s/'\nsources='%s'\nparts='%s'\n" "$STATE" "$STATE/etc/apt/sources.list" \
    "$STATE/etc/apt/sources.list.d/" """,
    "apt-cache": rf"""[ "$1" = madison ] || exit "${{NO_LISTS-0}}"
printf ' qemu-system-x86 | {OLD} | a mirror\n'
grep -qs -e -backports "$STATE/lists" && printf ' qemu-system-x86 | {BACKPORT} | a mirror\n'
exit 0""",
    "apt-get": rf"""echo "apt-get $*" >>"$STATE/log"
case $1 in
update)
    [ -z "${{NO_NETWORK-}}" ] || exit 100
    cat "$STATE"/etc/apt/sources.list "$STATE"/etc/apt/sources.list.d/* >"$STATE/lists" 2>/dev/null || :
    ;;
install)
    for package; do :; done
    sed -i "/^ii  $package /d" "$STATE/installed"
    [ "$package" = "${{BROKEN-}}" ] || echo "ii  $package {BACKPORT}" >>"$STATE/installed"
    ;;
esac""",
}

DEB822 = """# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/a.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
"""
DEB822_BACKPORTS = ["Types: deb", "URIs: http://mirror.example/debian", "Suites: bookworm-backports",
                    "Components: main", "Signed-By: /usr/share/keyrings/a.gpg"]
ONE_LINE = """# deb http://other.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib
deb http://mirror.example/security bookworm-security main
"""
ONE_LINE_BACKPORTS = ["deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main"]


class Machine(Folder):
    """A pretended Debian 12 with nothing installed."""

    def __enter__(self):
        super().__enter__()
        os.makedirs(self("etc", "apt", "sources.list.d"))
        os.mkdir(self("bin"))
        self.write(os.path.join("etc", "os-release"), b"VERSION_CODENAME=bookworm\n")
        for name in ("installed", "log"):
            self.write(name, b"")
        for name, text in STUBS.items():
            self.program(name, text)
        return self

    def program(self, name, text, folder="bin"):
        path = self.write(os.path.join(folder, name), f"#!/bin/sh\n{text}\n".encode())
        os.chmod(path, 0o755)

    def install(self, *packages, version=BACKPORT):
        self.write("installed", "".join(f"ii  {package} {version}\n" for package in packages).encode())

    def apt(self, name, text):
        self.write(os.path.join("etc", "apt", *name.split("/")), text.encode())

    def read(self, *names):
        with open(self(*names), encoding="utf-8") as file:
            return file.read()

    def set_up(self, path=None, **environment):
        variables = {"PATH": path or self("bin") + ":/usr/bin:/bin", "STATE": self.path, **environment}
        return subprocess.run(["/bin/sh", SCRIPT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=variables, timeout=60, check=False)

    def installs(self):
        return [line for line in self.read("log").splitlines() if " install " in line]


def adds(machine, extension, wanted):
    """A set-up that has to add the backports, and installs everything."""
    done = machine.set_up()
    equal((done.returncode, done.stdout), (0, ""), done.stderr)
    text = machine.read("etc", "apt", "sources.list.d", f"{BACKPORTS_FILE}.{extension}")
    equal([line for line in text.splitlines() if line and line[0] != "#"], wanted, "the new source")
    equal(len(machine.installs()), len(PACKAGES), "calls of apt-get install")
    for package, line in zip(PACKAGES, machine.installs()):
        true(line.endswith(" " + package), line)
        equal("-t bookworm-backports" in line, package.startswith("qemu-"), f"from the backports: {line}")


def fails(done, *words):
    equal((done.returncode, done.stdout), (1, ""), f"status ({done.stderr})")
    last = done.stderr.splitlines()[-1]
    true(last.startswith("aero-snd: no QEMU for --device qemu: "), last)
    for word in words:
        true(word in last, last)


@test
def nothing_missing_is_silent():
    with Machine() as machine:
        machine.install(*PACKAGES)
        done = machine.set_up()
        equal((done.returncode, done.stdout, done.stderr, machine.read("log")), (0, "", "", ""), "set-up")


@test
def the_deb822_form_gives_the_mirror():
    with Machine() as machine:
        machine.apt("sources.list.d/debian.sources", DEB822)
        adds(machine, "sources", DEB822_BACKPORTS)


@test
def the_one_line_form_gives_the_mirror():
    with Machine() as machine:
        machine.apt("sources.list", ONE_LINE)
        adds(machine, "list", ONE_LINE_BACKPORTS)


@test
def a_list_beside_sources_list_gives_the_mirror():
    with Machine() as machine:
        machine.apt("sources.list", "# empty\n")
        machine.apt("sources.list.d/mirror.list", ONE_LINE)
        adds(machine, "list", ONE_LINE_BACKPORTS)


@test
def a_source_that_is_switched_off_is_passed_over():
    with Machine() as machine:
        machine.apt("sources.list.d/a.sources", "Enabled: no\n" + DEB822.replace("mirror", "dead").split("\n\n")[0])
        machine.apt("sources.list.d/b.sources", DEB822)
        adds(machine, "sources", DEB822_BACKPORTS)


@test
def backports_that_are_there_are_not_added_again():
    with Machine() as machine:
        machine.apt("sources.list", ONE_LINE + ONE_LINE_BACKPORTS[0] + "\n")
        done = machine.set_up()
        equal(done.returncode, 0, done.stderr)
        equal(os.listdir(machine("etc", "apt", "sources.list.d")), [], "new sources")


@test
def only_what_is_missing_is_named_and_installed():
    with Machine() as machine:
        machine.install(*PACKAGES[:3])
        done = machine.set_up(NO_LISTS="100")
        equal(done.returncode, 0, done.stderr)
        true(PACKAGES[3] in done.stderr and PACKAGES[2] + " " not in done.stderr, done.stderr)
        calls = machine.read("log").splitlines()
        equal([line.split()[1] for line in calls], ["update", "install"], "calls of apt-get")
        true(calls[1].endswith(" " + PACKAGES[3]), calls[1])


@test
def an_old_qemu_is_replaced():
    with Machine() as machine:
        machine.install(*PACKAGES, version=OLD)
        machine.apt("sources.list", ONE_LINE)
        equal(machine.set_up().returncode, 0, "status")
        equal([line.split()[-1] for line in machine.installs()], list(PACKAGES[:2]), "installed")


@test
def who_is_not_root_uses_sudo():
    with Machine() as machine:
        machine.apt("sources.list", ONE_LINE)
        equal(machine.set_up(USER_ID="1000").returncode, 0, "status")
        true("sudo apt-get update" in machine.read("log") and "sudo env" in machine.read("log"), machine.read("log"))


@test
def no_source_of_this_release_is_one_clear_line():
    with Machine() as machine:
        machine.apt("sources.list", "deb http://mirror.example/debian sid main\n")
        fails(machine.set_up(), "'bookworm'", "backports")


@test
def no_network_is_one_clear_line():
    with Machine() as machine:
        fails(machine.set_up(NO_NETWORK="1"), "apt-get update failed")


@test
def a_package_that_does_not_come_is_named():
    with Machine() as machine:
        machine.apt("sources.list", ONE_LINE)
        fails(machine.set_up(BROKEN="qemu-system-gui"), "still missing", "qemu-system-gui")


@test
def a_system_without_apt_is_told_what_to_do():
    with Machine() as machine:
        os.mkdir(machine("empty"))
        fails(machine.set_up(path=machine("empty")), "no apt", "QEMU 8.2")
        machine.program("qemu-system-x86_64", "exit 1", "empty")
        done = machine.set_up(path=machine("empty"))
        equal((done.returncode, done.stderr), (0, ""), "with a QEMU")


main()
