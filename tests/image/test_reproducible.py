#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A second build, of a copy of the sources in another folder, under another clock zone and locale, gives the same bytes
as the first, SYS and PDB. Prints TAP."""
import os
import shutil
import subprocess
import sys
import tempfile

import image

sys.path.insert(0, os.path.join(image.ROOT, "tools"))
import tap  # noqa: E402

NEEDED = ("Makefile", "mk", "tools", "drivers", "docs", "tests")


def build_copy(folder):
    """Builds the free images of a copy of the project below folder; returns what make said when that failed."""
    for name in NEEDED:
        source = os.path.join(image.ROOT, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(folder, name))
        else:
            shutil.copy(source, folder)
    images = [os.path.join("out", "drivers/windows7/virtio-snd", arch, name + ".sys")
              for arch in image.ARCHS for name in image.VARIANTS]
    settings = dict(os.environ, TZ="Asia/Kathmandu", LC_ALL="C.UTF-8", USER="somebody", HOME=folder, OUT="out")
    settings.pop("MAKEFLAGS", None)
    done = subprocess.run(["make", "-j2", *images], cwd=folder, env=settings, check=False, capture_output=True,
                          text=True)
    return "" if done.returncode == 0 else done.stdout[-2000:] + done.stderr[-2000:]


def content(path):
    with open(path, "rb") as stream:
        return stream.read()


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
        said = build_copy(folder)
        if t.check(not said, "a_copy_of_the_sources_builds", said):
            names = [f"{arch}/{name}.{suffix}" for arch in image.ARCHS for name in image.VARIANTS
                     for suffix in ("sys", "pdb")]
            for name in names:
                path = os.path.join("drivers/windows7/virtio-snd", name)
                t.check(content(os.path.join(folder, "out", path)) ==
                        content(os.path.join(image.ROOT, image.OUT, path)), f"{name}: two_builds_give_the_same_bytes")
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
