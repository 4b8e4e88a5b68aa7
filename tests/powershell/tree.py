# SPDX-License-Identifier: MIT OR Apache-2.0
"""A source tree in a folder with blanks, for scripts to work in; images, packages and stand-ins for Windows' tools."""

import glob
import json
import os
import shutil
import sys

import engine

sys.path.insert(0, os.path.join(engine.ROOT, "tests", "commands"))
from harness import Folder, equal, pe_image, true  # noqa: E402  pylint: disable=wrong-import-position

MACHINES = {"x86": 0x14C, "x64": 0x8664}
DRIVER = os.path.join("drivers", "windows7", "virtio-snd")


class Tree(Folder):
    """`with Tree() as tree`: scripts/ and inf/ as in the sources, nothing built."""

    def __enter__(self):
        super().__enter__()
        shutil.copytree(engine.SCRIPTS, self.driver("scripts"))
        os.mkdir(self.driver("inf"))
        os.mkdir(self("bin"))
        self.write("log", b"")
        return self

    def driver(self, *names):
        return self("a tree", DRIVER, *names)

    def put(self, path, data):
        """Writes a file and the folders above it; the full path."""
        os.makedirs(os.path.dirname(self(path)), exist_ok=True)
        return self.write(path, data)

    def image(self, path, arch, mark=b""):
        """A driver image of that architecture; `mark` makes it different from others."""
        self.put(path, pe_image(MACHINES[arch]) + mark)
        return self(path)

    def package(self, sys_name, inf_name, cat_name, arch="x64"):
        """A built and signed package in inf/."""
        self.image(self.driver("inf", sys_name), arch)
        self.put(self.driver("inf", inf_name), b"[Version]\r\n")
        self.put(self.driver("inf", cat_name), b"a catalog")

    def tools(self, *names, folder=None):
        """Stand-ins under these names, in PATH or in a folder of the driver."""
        for name in names:
            target = self.driver(folder, name) if folder else self("bin", name)
            shutil.copy(os.path.join(engine.HERE, "standins", "tool.py"), target)
            os.chmod(target, 0o755)

    def run(self, script, arguments="", **environment):
        """The finished script."""
        return engine.call(["run", self.driver("scripts", script), arguments], path=self("bin"),
                           STANDIN_LOG=self("log"), STANDIN_CERTIFICATES=self(), **environment)

    def calls(self):
        """What the stand-ins were called with."""
        with open(self("log"), encoding="utf-8") as log:
            return [json.loads(line) for line in log]

    def read(self, *names):
        with open(self.driver(*names), "rb") as file:
            return file.read()

    def files(self, *names):
        """Paths below a folder of the driver, sorted."""
        top = self.driver(*names)
        found = glob.glob(os.path.join(glob.escape(top), "**"), recursive=True)
        return sorted(os.path.relpath(path, top) for path in found if os.path.isfile(path))


def fine(done):
    """The script ended well and said nothing on stderr; its output."""
    equal((done.returncode, done.stderr), (0, ""), "status and stderr")
    return done.stdout


def refused(done, *words):
    """One line on stderr that holds the words, and exit status 1."""
    equal(done.returncode, 1, f"status ({done.stdout} {done.stderr})")
    lines = done.stderr.splitlines()
    own = [line for line in lines if line.startswith("aero-snd: ")]
    equal(len(own), 1, f"lines of the script on stderr {lines}")
    for word in words:
        true(word in own[0], f"{word!r} is not in {own[0]!r}")
    return lines
