#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Wine's setupapi installs every INF, both architectures; what is then in the registry and in System32\\drivers is
what tests/inf/installed.txt says. Prints TAP.

The listing has the names of a package as {device} and {sys}. Wine does not follow Include and Needs, and writes no
event source by itself: the linter has the former, install.c does the latter.
"""
import difflib
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
import contract  # noqa: E402
import inf  # noqa: E402
import tap  # noqa: E402
import wine  # noqa: E402

INSTALL = ROOT / "out/tests/inf/install.exe"
IMAGES = ROOT / "out/drivers/windows7/virtio-snd"
FOLDERS = {"NTx86": "x86", "NTamd64": "x64"}
# Planted in a copy of the contract INF: what is replaced, by what.
DEVIATIONS = (
    ("an_interface", "AddInterface = %KSCATEGORY_REALTIME%, %Wave%,", ";"),
    ("an_endpoint_value", "Mode%, 0x00010001, 0x1", "Mode%, 0x00010001, 0x0"),
    ("the_service", "StartType     = 3", "StartType     = 2"),
    ("the_event_source", "TypesSupported, 0x00010001, 7", "TypesSupported, 0x00010001, 3"),
)


def expected(package):
    text = (ROOT / "tests/inf/installed.txt").read_text()
    return text.replace("{device}", package["device_name"]).replace("{sys}", package["sys_name"])


def base_section(path):
    parsed = inf.Inf(path.read_bytes())
    return parsed.devices(next(iter(parsed.models().values())))[0][1]


def install(prefix, path, decoration, source):
    """(exit status, installed section, listing or the error)"""
    done = prefix.run(INSTALL, wine.windows(path), base_section(path), decoration, wine.windows(source))
    first, _, listing = done.stdout.partition("\n")
    return done.returncode, first, listing if done.returncode == 0 else done.stderr


def stage(prefix, package, inf_name, arch):
    """A folder as a user would have it: INF and image."""
    folder = prefix.file("stage", inf_name, arch)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / contract.INF_FOLDER / inf_name, folder / inf_name.removesuffix(".disabled"))
    shutil.copy(IMAGES / arch / package["sys_name"], folder)
    return folder


def check_package(t, prefix, package, inf_name, decoration):
    arch = FOLDERS[decoration]
    folder = stage(prefix, package, inf_name, arch)
    name = f"{inf_name}, {arch}"
    copied = prefix.file("windows", "system32", "drivers", package["sys_name"])
    copied.unlink(missing_ok=True)
    status, section, listing = install(prefix, folder / inf_name.removesuffix(".disabled"), decoration, folder)
    t.check(status == 0 and section.endswith(f".{decoration}]"), f"{name} installs", listing)
    difference = difflib.unified_diff(expected(package).splitlines(), listing.splitlines(), "wanted", "found",
                                      lineterm="", n=0)
    t.none(difference, f"{name} leaves the registry as expected")
    t.check(copied.exists() and copied.read_bytes() == (IMAGES / arch / package["sys_name"]).read_bytes(),
            f"{name} copies its image to System32\\drivers")


def check_choice(t, prefix, package):
    folder = prefix.file("stage", package["inf_name"], "x64")
    status, section, error = install(prefix, folder / package["inf_name"], "?", folder)
    t.check(status == 0 and section.endswith(".NTamd64]"), "setupapi itself chooses the section for its system",
            section, error)


def check_deviations(t, prefix, package):
    folder = prefix.file("stage", package["inf_name"], "x64")
    path = folder / package["inf_name"]
    original = path.read_bytes()
    for name, old, new in DEVIATIONS:
        path.write_bytes(original.replace(old.encode(), new.encode()))
        status, _, listing = install(prefix, path, "NTamd64", folder)
        t.check(old.encode() in original and (status != 0 or listing != expected(package)),
                f"the listing shows a change of {name}")


def main():
    t = tap.Tap()
    with wine.Prefix() as prefix:
        for package in contract.packages():
            for inf_name in filter(None, (package["inf_name"], package["inf_alias"])):
                for decoration in FOLDERS:
                    check_package(t, prefix, package, inf_name, decoration)
        check_choice(t, prefix, contract.packages()[0])
        check_deviations(t, prefix, contract.packages()[0])
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
