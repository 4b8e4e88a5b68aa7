#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd and its set-up: help, errors, silence when nothing is missing, and what happens when something is."""

import os
import stat
import subprocess

from harness import ROOT, Folder, equal, main, test, true

LAUNCHER = os.path.join(ROOT, "aero-snd")
SETUP = os.path.join(ROOT, "tools", "setup.sh")
COMMANDS = ("release", "test", "play", "record", "duplex", "show", "build", "clean")


def run(program, *arguments, path=None, cwd=None):
    environment = dict(os.environ)
    if path is not None:
        environment["PATH"] = path
    return subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=120, env=environment, cwd=cwd, check=False)


class FakeSystem(Folder):
    """A PATH with just the tools that set-up needs, package tools of our own among them; what they are asked
    is logged."""

    TOOLS = ("sh", "sed", "grep", "dirname", "readlink", "env", "cat", "printf", "pwd")

    def __enter__(self):
        super().__enter__()
        os.mkdir(self("bin"))
        for tool in self.TOOLS:
            for folder in ("/usr/bin", "/bin"):
                if os.path.exists(os.path.join(folder, tool)):
                    os.symlink(os.path.join(folder, tool), self("bin", tool))
                    break
        return self

    def tool(self, name, script):
        path = self.write(os.path.join("bin", name), f"#!/bin/sh\n{script}\n".encode())
        os.chmod(path, stat.S_IRWXU)

    def apt(self, installed, user=0, known=True):
        """`installed`: packages at the start; apt-get install adds to them."""
        self.write("installed", "".join(f"ii  {name}\n" for name in installed).encode())
        log, state = self("log"), self("installed")
        self.tool("dpkg-query", f"cat '{state}'")
        self.tool("apt-cache", f"echo \"apt-cache $*\" >>'{log}'; exit {0 if known else 1}")
        self.tool("apt-get", f"""echo "apt-get $*" >>'{log}'
            [ "$1" = install ] || exit 0
            for word in "$@"; do case $word in -* | install) ;; *) echo "ii  $word" >>'{state}' ;; esac; done""")
        self.tool("id", f"echo {user}")

    def setup(self):
        return run(SETUP, path=self("bin"))

    def log(self):
        if not os.path.exists(self("log")):
            return ""
        with open(self("log"), encoding="utf-8") as file:
            return file.read()


def packages():
    with open(os.path.join(ROOT, "tools", "packages.txt"), encoding="utf-8") as file:
        return [line.split()[0] for line in file if line.strip() and not line.startswith("#")]


@test
def help_lists_every_command():
    for arguments in (("help",), ()):
        done = run(LAUNCHER, *arguments)
        equal((done.returncode, done.stderr), (0, ""), "status and stderr")
        for command in COMMANDS:
            true(f"  {command}" in done.stdout, f"{command} is listed")


@test
def unknown_command_is_one_line():
    done = run(LAUNCHER, "dance")
    equal((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), "result")
    true("unknown command 'dance'" in done.stderr, done.stderr)
    done = run(LAUNCHER, "release", "now")
    equal((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), "release takes no arguments")


@test
def launcher_works_from_another_folder_and_through_a_link():
    with Folder() as folder:
        os.symlink(LAUNCHER, folder("aero"))
        done = run(folder("aero"), "load", folder("absent.sys"), cwd=folder.path)
        equal((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
        true("absent.sys: No such file" in done.stderr, done.stderr)


@test
def setup_is_silent_when_nothing_is_missing():
    with FakeSystem() as system:
        system.apt(packages())
        done = system.setup()
        equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "result")
        equal(system.log(), "", "apt was not asked")


@test
def setup_installs_what_is_missing_and_says_why():
    with FakeSystem() as system:
        system.apt([name for name in packages() if name not in ("lld-14", "make")])
        done = system.setup()
        equal((done.returncode, done.stdout), (0, ""), done.stderr)
        true("lld-14" in done.stderr and "links the driver" in done.stderr, done.stderr)
        true("clang-14" not in done.stderr, "what is there is not mentioned")
        installs = [line for line in system.log().splitlines() if line.startswith("apt-get install")]
        equal(len(installs), 1, "installations")
        equal(sorted(word for word in installs[0].split() if not word.startswith("-"))[2:], ["lld-14", "make"],
              "packages")
        true("--no-install-recommends" in installs[0], "no recommended packages")
        true("apt-get update" not in system.log(), "known packages need no update")


@test
def half_removed_package_counts_as_missing():
    with FakeSystem() as system:
        system.apt([name for name in packages() if name != "make"])
        with open(system("installed"), "a", encoding="utf-8") as file:
            file.write("rc  make\n")
        true("make" in system.setup().stderr, "make is missing")


@test
def setup_fetches_the_lists_when_packages_are_unknown():
    with FakeSystem() as system:
        system.apt(packages()[1:], known=False)
        done = system.setup()
        equal(done.returncode, 0, done.stderr)
        log = system.log()
        true(-1 < log.find("apt-get update") < log.find("apt-get install"), log)


@test
def setup_uses_sudo_when_not_root():
    with FakeSystem() as system:
        system.apt(packages()[1:], user=1000)
        done = system.setup()
        true(done.returncode != 0 and "sudo" in done.stderr, "without sudo it says what to do")
        equal(system.log(), "", "and does nothing")
        system.tool("sudo", f"echo sudo >>'{system('log')}'; exec \"$@\"")
        equal(system.setup().returncode, 0, "with sudo")
        true("sudo\napt-get" in system.log() or "sudo" in system.log(), "sudo was used")


@test
def failed_installation_fails_the_setup():
    with FakeSystem() as system:
        system.apt(packages()[1:])
        system.tool("apt-get", "exit 100")
        done = system.setup()
        true(done.returncode != 0 and "failed" in done.stderr, done.stderr)
        system.tool("apt-get", "exit 0")
        done = system.setup()
        true(done.returncode != 0 and "still missing" in done.stderr, done.stderr)


@test
def other_distribution_gets_the_list():
    with FakeSystem() as system:
        done = system.setup()
        true(done.returncode != 0, "status")
        for name in packages():
            true(name in done.stderr, f"{name} is listed")


main()
