#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The .cmd scripts under Wine's cmd, with stand-ins for Inf2Cat and signtool; and that the Windows-side scripts know
the same packages as everybody else. Prints TAP."""

import json
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "commands")]
import wine  # noqa: E402  pylint: disable=wrong-import-position
from harness import Folder, equal, main, test, true  # noqa: E402  pylint: disable=wrong-import-position

SCRIPTS = os.path.join(ROOT, "drivers", "windows7", "virtio-snd", "scripts")
MANIFEST = os.path.join(ROOT, "docs", "windows-device-contract.json")
VARIANTS_MK = os.path.join(ROOT, "mk", "variants.mk")
STANDIN = os.path.join(ROOT, "out", "tests", "cmd", "tool.exe")
PREFIX = wine.Prefix()
NAMES = {"contract": ("aero_virtio_snd", "aero_virtio_snd"), "legacy": ("virtiosnd_legacy", "aero-virtio-snd-legacy"),
         "ioport": ("virtiosnd_ioport", "aero-virtio-snd-ioport")}
PFX = "aero-virtio-snd-test.pfx"


class Tree(Folder):
    """The driver's folder, with blanks in its path: scripts as a checkout on Windows has them, INFs, images, a key."""

    def __enter__(self):
        super().__enter__()
        for folder in ("a driver/inf", "a driver/cert", "bin"):
            os.makedirs(self(folder))
        shutil.copytree(SCRIPTS, self("a driver/scripts"))
        for sys_name, inf_name in NAMES.values():
            self.write(f"a driver/inf/{sys_name}.sys", sys_name.encode())
            self.write(f"a driver/inf/{inf_name}.inf", inf_name.encode())
        self.write(f"a driver/cert/{PFX}", b"a key")
        for name in ("Inf2Cat.exe", "signtool.exe"):
            shutil.copy(STANDIN, self("bin", name))
        return self

    def run(self, script, *arguments, **environment):
        """(status, stdout, stderr) with plain line ends."""
        done = subprocess.run([wine.WINE, "cmd", "/c", wine.windows(self("a driver/scripts", script)), *arguments],
                              check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=wine.LIMIT,
                              cwd=self.path, env=dict(PREFIX.environment, WINEPATH=wine.windows(self("bin")),
                                                      STANDIN_LOG=wine.windows(self("log")), **environment))
        out, err = (text.decode("latin-1").replace("\r", "") for text in (done.stdout, done.stderr))
        return done.returncode, out, err

    def calls(self):
        """Everything that the stand-ins noted, as lines."""
        if not os.path.exists(self("log")):
            return []
        with open(self("log"), encoding="latin-1", newline=None) as log:
            return log.read().splitlines()

    def read(self, name):
        with open(self("a driver/inf", name), "rb") as file:
            return file.read()

    def infs(self):
        return sorted(os.listdir(self("a driver/inf")))


def fine(result):
    equal((result[0], result[2]), (0, ""), "status and stderr")
    return result[1]


def refused(result, *words):
    status, _, err = result
    equal((status, err.count("\n")), (1, 1), f"status and lines on stderr: {err!r}")
    for word in ("aero-snd: ", *words):
        true(word in err, f"{word!r} is not in {err!r}")


@test
def make_cat_gives_inf2cat_one_package_in_a_folder_of_its_own():
    for arguments, variant in (((), "contract"), (("legacy",), "legacy"), (("ioport",), "ioport"),
                               (("LEGACY",), "legacy")):
        with Tree() as tree:
            before = tree.infs()
            sys_name, inf_name = NAMES[variant]
            true(f"inf\\{inf_name}.cat" in fine(tree.run("make-cat.cmd", *arguments)), "the catalog is named")
            name, driver, systems, *files = tree.calls()
            equal((name, systems), ("Inf2Cat.exe", "/os:7_X86,7_X64"), "the call")
            true(driver.startswith("/driver:" + wine.windows(tree("a driver/inf"))), driver)
            equal(sorted(files), sorted([f"file {inf_name}.inf", f"file {sys_name}.sys"]), "what it saw")
            equal(tree.read(inf_name + ".cat"), b"catalog", "the catalog")
            equal(tree.infs(), sorted([*before, inf_name + ".cat"]), "nothing else was left")


@test
def make_cat_says_what_is_missing():
    with Tree() as tree:
        before = tree.infs()
        refused(tree.run("make-cat.cmd", "qemu"), "unknown variant 'qemu'", "legacy")
        refused(tree.run("make-cat.cmd", STANDIN_FAIL="Inf2Cat.exe"), "Inf2Cat made no catalog")
        equal(tree.infs(), before, "nothing was left")
        os.remove(tree("bin/Inf2Cat.exe"))
        refused(tree.run("make-cat.cmd"), "Inf2Cat.exe is not in PATH")
        os.remove(tree("a driver/inf/aero_virtio_snd.sys"))
        refused(tree.run("make-cat.cmd"), "aero_virtio_snd.sys", "stage-built-sys.ps1")
        os.remove(tree("a driver/inf/virtiosnd_ioport.sys"))
        refused(tree.run("make-cat.cmd", "ioport"), "virtiosnd_ioport.sys")
        os.remove(tree("a driver/inf/aero-virtio-snd-legacy.inf"))
        refused(tree.run("make-cat.cmd", "legacy"), "aero-virtio-snd-legacy.inf")


@test
def sign_driver_signs_image_and_catalog_of_the_variant():
    for arguments, variant in (((), "contract"), (("legacy",), "legacy"), (("ioport",), "ioport")):
        with Tree() as tree:
            sys_name, inf_name = NAMES[variant]
            tree.write(f"a driver/inf/{inf_name}.cat", b"catalog")
            fine(tree.run("sign-driver.cmd", *arguments))
            wanted = []
            for name in (sys_name + ".sys", inf_name + ".cat"):
                wanted += ["signtool.exe", "sign", "/v", "/f", wine.windows(tree("a driver/cert", PFX)), "/p",
                           "aero-virtio-snd-test", "/fd", "sha1", wine.windows(tree("a driver/inf", name))]
                true(tree.read(name).endswith(b" signed"), name)
            equal(tree.calls(), wanted, "the calls")


@test
def sign_driver_takes_another_key_and_digest():
    with Tree() as tree:
        tree.write("a driver/inf/aero_virtio_snd.cat", b"catalog")
        tree.write("my key.pfx", b"")
        key = wine.windows(tree("my key.pfx"))
        fine(tree.run("sign-driver.cmd", AERO_PFX=key, AERO_PFX_PASSWORD="two words", AERO_SIGN_DIGEST="sha256"))
        equal(tree.calls()[3:9], ["/f", key, "/p", "two words", "/fd", "sha256"], "the arguments")


@test
def sign_driver_says_what_is_missing():
    with Tree() as tree:
        refused(tree.run("sign-driver.cmd", "qemu"), "unknown variant 'qemu'")
        refused(tree.run("sign-driver.cmd"), "aero_virtio_snd.cat", "make-cat.cmd")
        tree.write("a driver/inf/aero_virtio_snd.cat", b"catalog")
        refused(tree.run("sign-driver.cmd", STANDIN_FAIL="aero_virtio_snd.cat"), "aero_virtio_snd.cat")
        refused(tree.run("sign-driver.cmd", STANDIN_FAIL="aero_virtio_snd.sys"), "aero_virtio_snd.sys")
        os.remove(tree("bin/signtool.exe"))
        refused(tree.run("sign-driver.cmd"), "signtool.exe is not in PATH")
        os.remove(tree("a driver/inf/aero_virtio_snd.sys"))
        refused(tree.run("sign-driver.cmd"), "aero_virtio_snd.sys", "stage-built-sys.ps1")
        os.remove(tree("a driver/cert", PFX))
        refused(tree.run("sign-driver.cmd"), PFX, "make-cert.ps1")


@test
def the_scripts_know_the_packages_of_the_variant_table():
    with open(os.path.join(SCRIPTS, "variants.txt"), encoding="ascii") as table:
        rows = [line.split(" ") for line in table.read().splitlines() if not line.startswith(";")]
    with open(VARIANTS_MK, encoding="utf-8") as table:
        images = dict(re.findall(r"^(\w+)_SYS := (\w+)$", table.read(), re.MULTILINE))
    equal({row[0]: row[1] for row in rows}, images, "images")
    with open(MANIFEST, encoding="utf-8") as manifest:
        packages = json.load(manifest)["devices"][0]["packages"]
    equal({row[0]: (f"{row[1]}.sys", f"{row[2]}.inf", f"{row[2]}.cat") for row in rows},
          {package["variant"]: (package["sys_name"], package["inf_name"], package["catalog_name"])
           for package in packages}, "packages")
    equal([row[3] for row in rows], ["virtio-snd", "virtio-snd-legacy", "virtio-snd-ioport"], "release folders")


@test
def scripts_for_windows_are_checked_out_with_its_line_ends():
    names = sorted(name for name in os.listdir(SCRIPTS) if name.endswith((".cmd", ".ps1", ".txt")))
    true(len(names) >= 9, names)
    listed = subprocess.run(["git", "-C", SCRIPTS, "check-attr", "eol", "--", *names], capture_output=True, text=True,
                            check=True).stdout.splitlines()
    equal([line for line in listed if not line.endswith(": eol: crlf")], [], "files without the attribute")
    for name in names:
        with open(os.path.join(SCRIPTS, name), "rb") as file:
            text = file.read()
        equal(text.count(b"\n"), text.count(b"\r\n"), f"{name}: line ends")
        true(text.isascii(), f"{name}: ASCII")


if __name__ == "__main__":
    with PREFIX:
        main()
