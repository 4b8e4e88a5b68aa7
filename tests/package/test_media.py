#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd package: what is in folders, ZIPs and ISO, that only the contract package is, and that the same key gives
the same bytes in another place. Prints TAP."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import scratch
import tap
from scratch import package, signing

ARCHS = package.ARCHS
CONTRACT = {"aero_virtio_snd.inf", "aero_virtio_snd.sys", "aero_virtio_snd.cat"}
MEDIA = {"aero-virtio-snd.iso", "virtio-snd-symbols.zip", "virtio-snd-x64.zip", "virtio-snd-x86.zip"}
DISC = {"install.cmd", "README.txt", "LICENSE-MIT.txt", "LICENSE-APACHE.txt", "cert/aero-virtio-snd-test.cer",
        "cert/certificate.txt"} | {f"drivers/{arch}/virtio-snd/{name}" for arch in ARCHS for name in CONTRACT}
# All that packaging reads, but for the program that writes catalogs.
TREE = ("tools", "drivers/windows7/virtio-snd/inf", "drivers/windows7/virtio-snd/media",
        "drivers/windows7/virtio-snd/ci-package.json", "docs/windows-device-contract.json", "LICENSE-MIT",
        "LICENSE-APACHE", "out/drivers", "out/host/aero-catalog")


def make(tree, target, key, *words, **environment):
    """./aero-snd package in some tree, without its set-up."""
    clean = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    return scratch.run(sys.executable, tree / "tools/package.py", "--pfx", key, "-o", target, *words,
                       env={**clean, signing.PASSWORD_VARIABLE: signing.TEST_PASSWORD, **environment}, cwd=tree)


def copy_tree(target):
    """The tree in another folder; its files have other times and permissions."""
    for name in TREE:
        source, copy = scratch.ROOT / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, copy)
    (target / "out/host/aero-catalog").chmod(0o700)
    return target


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def extracted(iso, target, joliet="on"):
    """The files of an ISO by its Joliet names, or by those of ISO 9660."""
    names = ["-read_fs", "any" if joliet == "on" else "ecma"]
    done = scratch.run("xorriso", "-no_rc", "-joliet", joliet, *names, "-osirrox", "on", "-indev", f"stdio:{iso}",
                       "-extract", "/", target)
    assert done.returncode == 0, done.stderr
    subprocess.run(["chmod", "-R", "u+w", target], check=True)
    return files(target)


def check_folders(t, made, cer):
    wanted = {f"{arch}/virtio-snd{suffix}" for arch in ARCHS for suffix in ("", "-legacy", "-ioport")}
    found = {str(path.relative_to(made)) for arch in ARCHS for path in (made / arch).iterdir()}
    t.check(found == wanted, "release/<arch>/: the three packages", found)
    for name in sorted(found):
        status, out, err = scratch.verify(made / name, "--cert", cer)
        t.check(status == 0 and out.count(" ok ") == 9, f"{name}: every verdict is good", out, err)
    t.check({path.name for path in (made / "out").iterdir()} == MEDIA, "release/out/: ZIPs, symbols and ISO, no more",
            *(made / "out").iterdir())


def check_zips(t, made):
    for arch in ARCHS:
        with zipfile.ZipFile(made / "out" / f"virtio-snd-{arch}.zip") as archive:
            wanted = {f"{arch}/virtio-snd/{name}": (made / arch / "virtio-snd" / name).read_bytes()
                      for name in CONTRACT}
            t.check({name: archive.read(name) for name in archive.namelist()} == wanted,
                    f"the ZIP for {arch} is the contract package", archive.namelist())
            inf = archive.read(f"{arch}/virtio-snd/aero_virtio_snd.inf").decode()
            month, day, year = map(int, re.search(r"DriverVer\s*=\s*(\d+)/(\d+)/(\d+)", inf).groups())
            t.check({entry.date_time for entry in archive.infolist()} == {(year, month, day, 0, 0, 0)},
                    f"the ZIP for {arch} is dated as the INF is")
    with zipfile.ZipFile(made / "out/virtio-snd-symbols.zip") as archive:
        t.check(sorted(archive.namelist()) == [f"{arch}/aero_virtio_snd.pdb" for arch in sorted(ARCHS)] and
                all(archive.read(name)[:16] == b"Microsoft C/C++ " for name in archive.namelist()),
                "symbols have a ZIP of their own", archive.namelist())


def check_iso(t, made, root):
    iso = made / "out/aero-virtio-snd.iso"
    data = iso.read_bytes()
    primary, volumes = 16 * 2048, {}
    for at in range(primary, primary + 8 * 2048, 2048):
        volumes.setdefault(data[at], data[at:at + 2048])
    t.check(data[primary + 1:primary + 6] == b"CD001" and volumes[1][40:72].strip() == b"AERO_SND",
            "ISO: the volume is called AERO_SND", volumes[1][40:72])
    t.check(volumes[2][88:91] in (b"%/@", b"%/C", b"%/E") and volumes[2][40:56].decode("utf-16-be") == "AERO_SND",
            "ISO: has Joliet, which Windows 7 reads")
    found = extracted(iso, root / "disc")
    t.check(set(found) == DISC, "ISO: the guest-tools layout, and no more", *sorted(set(found) ^ DISC))
    t.check(all(found[f"drivers/{arch}/virtio-snd/{name}"] == (made / arch / "virtio-snd" / name).read_bytes()
                for arch in ARCHS for name in CONTRACT), "ISO: its drivers are the signed packages")
    texts = [data for name, data in found.items() if name.endswith((".cmd", ".txt", ".inf"))]
    t.check(len(texts) == 7 and all(text.count(b"\n") == text.count(b"\r\n") and max(text) < 127 for text in texts),
            "ISO: its texts are ASCII with Windows' line ends")
    facts = dict(line.split("=") for line in found["cert/certificate.txt"].decode().split())
    scratch_hash = scratch.run("sha1sum", root / "disc/cert/aero-virtio-snd-test.cer").stdout.split()[0]
    t.check(facts == {"file": "aero-virtio-snd-test.cer", "sha1": scratch_hash, "root": "yes"},
            "ISO: what install.cmd has to know of the certificate", facts)


def check_guard(t):
    """Media hold what ci-package.json names, and that is the contract package."""
    names = json.loads((scratch.ROOT / "drivers/windows7/virtio-snd/ci-package.json").read_text())["infFiles"]
    t.check(names == ["inf/aero_virtio_snd.inf"], "ci-package.json names the contract INF alone", names)
    t.check([entry["variant"] for entry in package.staged_by_default()] == ["contract"],
            "packaging takes its choice from there")


def check_reproducible(t, made, root, key):
    tree = copy_tree(root / "another place" / "tree")
    os.umask(0o077)
    done = make(tree, tree / "made", key, TZ="Pacific/Apia", LC_ALL="C.UTF-8", HOME="/nowhere")
    os.umask(0o022)
    here, there = files(made), files(tree / "made") if done.returncode == 0 else {}
    t.none(sorted(name for name in set(here) | set(there) if here.get(name) != there.get(name)) + [done.stderr][:bool(
        done.returncode)], "the same key gives the same bytes in another folder, time zone and umask")
    done = make(scratch.ROOT, root / "dated", key, SOURCE_DATE_EPOCH="1000000000")
    with zipfile.ZipFile(root / "dated/out/virtio-snd-x64.zip") as archive:
        t.check(archive.infolist()[0].date_time == (2001, 9, 9, 1, 46, 40), "SOURCE_DATE_EPOCH dates the media")
    return tree


def check_variants(t, root, key):
    done = make(scratch.ROOT, root / "legacy", key, "--variant", "legacy")
    t.check({path.name for path in (root / "legacy/out").iterdir()} - MEDIA ==
            {f"virtio-snd-legacy-{arch}.zip" for arch in ARCHS}, "--variant legacy adds its ZIPs", done.stderr)
    t.check(set(extracted(root / "legacy/out/aero-virtio-snd.iso", root / "legacy disc")) == DISC,
            "--variant legacy leaves the ISO alone")


def check_errors(t, tree, key, root):
    """In a tree of our own, where things may be missing."""
    target = tree / "made"
    before = files(target)
    inf, sys_file = (tree / name for name in ("drivers/windows7/virtio-snd/inf/aero_virtio_snd.inf",
                                              "out/drivers/windows7/virtio-snd/x64/virtiosnd_legacy.sys"))
    text = inf.read_bytes()
    chosen = tree / "drivers/windows7/virtio-snd/ci-package.json"
    cases = {"an INF is missing": lambda: inf.unlink(), "an image is missing": lambda: sys_file.unlink(),
             "an INF with Unix line ends": lambda: inf.write_bytes(text.replace(b"\r\n", b"\n")),
             "a package unknown to the manifest": lambda: chosen.write_text('{"infFiles": ["inf/x.inf"]}')}
    for name, spoil in cases.items():
        kept = {path: path.read_bytes() for path in (inf, sys_file, chosen)}
        spoil()
        done = make(tree, target, key)
        for path, data in kept.items():
            path.write_bytes(data)
        t.check(done.returncode != 0 and done.stderr.startswith("aero-snd: ") and done.stderr.count("\n") == 1,
                f"{name}: one line", done.stderr)
    done = make(tree, target, root / "absent")
    t.check(done.returncode != 0 and done.stderr.count("\n") == 1, "no such key: one line", done.stderr)
    t.check(files(target) == before and not list(tree.glob(".made*")), "after that the release is what it was")


def main():
    t = tap.Tap()
    with scratch.folder() as name:
        root = pathlib.Path(name)
        signer = signing.test_signer("sha1", root / "cert")
        key, cer = (root / "cert" / f"aero-virtio-snd-test{suffix}" for suffix in (".pfx", ".cer"))
        made = root / "made"
        done = make(scratch.ROOT, made, key)
        t.check(done.returncode == 0 and done.stdout.count("signed and verified") == 6 and
                all(f"out/{media}" in done.stdout for media in MEDIA), "package: prints where things are", done.stdout,
                done.stderr)
        t.check(signer.certificate == cer.read_bytes(), "the certificate is the key's")
        check_folders(t, made, cer)
        check_zips(t, made)
        check_iso(t, made, root)
        check_guard(t)
        tree = check_reproducible(t, made, root, key)
        check_variants(t, root, key)
        check_errors(t, tree, key, root)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
