#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Wine's setupapi installs every INF, both architectures; what is then in the registry and in System32\\drivers is
what tests/inf/installed.txt says. Prints TAP.

The listing has the names of a package as {device} and {sys}. Wine does not follow Include and Needs, and writes no
event source by itself: the linter has the former, install.c does the latter.
"""
import difflib
import pathlib
import re
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
    ("an_upgrade_that_keeps_switches", "ForceNullBackend, 0x00010003", "ForceNullBackend, 0x00010001"),
    ("the_service", "StartType     = 3", "StartType     = 2"),
    ("the_event_source", "TypesSupported, 0x00010001, 7", "TypesSupported, 0x00010001, 3"),
)


def expected(package):
    text = (ROOT / "tests/inf/installed.txt").read_text()
    return text.replace("{device}", package["device_name"]).replace("{sys}", package["sys_name"])


def base_section(path):
    parsed = inf.Inf(path.read_bytes())
    return parsed.devices(next(iter(parsed.models().values())))[0][1]


def install(prefix, jobs):
    """Runs the jobs, each (INF, decoration, source folder). ([(section, listing)], what went wrong)"""
    words = [word for path, decoration, source in jobs
             for word in (wine.windows(path), base_section(path), decoration, wine.windows(source))]
    done = prefix.run(INSTALL, *words)
    parts = re.split(r"^\[(.*)\]\n", done.stdout, flags=re.MULTILINE)[1:]
    results = list(zip(parts[::2], parts[1::2]))
    return results + [("", "not installed\n")] * (len(jobs) - len(results)), f"{done.returncode}: {done.stderr}"


def stage(prefix, package, inf_name, arch):
    """The INF in a folder as a user would have it, with the image."""
    folder = prefix.file("stage", inf_name, arch)
    folder.mkdir(parents=True)
    shutil.copy(ROOT / contract.INF_FOLDER / inf_name, folder / inf_name.removesuffix(".disabled"))
    shutil.copy(IMAGES / arch / package["sys_name"], folder)
    return folder / inf_name.removesuffix(".disabled")


def check_architecture(t, prefix, decoration):
    """Every INF, the alias as well; then every image must be the architecture's."""
    arch = FOLDERS[decoration]
    staged = [(package, inf_name, stage(prefix, package, inf_name, arch)) for package in contract.packages()
              for inf_name in filter(None, (package["inf_name"], package["inf_alias"]))]
    results, errors = install(prefix, [(path, decoration, path.parent) for _, _, path in staged])
    for (package, inf_name, path), (section, listing) in zip(staged, results):
        t.check(section == f"{base_section(path)}.{decoration}", f"{inf_name}, {arch} installs", section, errors)
        difference = difflib.unified_diff(expected(package).splitlines(), listing.splitlines(), "wanted", "found",
                                          lineterm="", n=0)
        t.none(difference, f"{inf_name}, {arch} leaves the registry as expected")
    for package in contract.packages():
        copied = prefix.file("windows", "system32", "drivers", package["sys_name"])
        t.check(copied.exists() and copied.read_bytes() == (IMAGES / arch / package["sys_name"]).read_bytes(),
                f"{package['inf_name']}, {arch} copies its image to System32\\drivers")
    return staged[0][2]


def check_deviations(t, prefix, package, path):
    """Setupapi's own choice of a section, and copies of the INF that must give another listing."""
    jobs, original = [(path, "?", path.parent)], path.read_bytes()
    for name, old, new in DEVIATIONS:
        changed = path.with_name(name + ".inf")
        changed.write_bytes(original.replace(old.encode(), new.encode()))
        jobs.append((changed, "NTamd64", path.parent))
    (choice, *results), errors = install(prefix, jobs)
    t.check(choice == (base_section(path) + ".NTamd64", expected(package)),
            "setupapi itself chooses the section for its system", *choice, errors)
    for (name, old, _), (section, listing) in zip(DEVIATIONS, results):
        t.check(section and old.encode() in original and listing != expected(package),
                f"the listing shows a change of {name}", errors)


def main():
    t = tap.Tap()
    with wine.Prefix() as prefix:
        for decoration in FOLDERS:
            path = check_architecture(t, prefix, decoration)
        check_deviations(t, prefix, contract.packages()[0], path)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
