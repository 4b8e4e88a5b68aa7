#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes what people install: signed packages, ZIPs, one ISO. docs/packaging.md says more.

  tools/package.py [--variant NAME]... [--pfx FILE | --cert FILE --key FILE] [--pass-file FILE] [--sha2] [-o DIR]

The drivers have to be built. Everything is made beside the release folder, verified, and then takes its place.
"""
import argparse
import hashlib
import json
import pathlib
import shutil
import sys

import contract
import media
import signing
from signing import ROOT, Trouble

DRIVER = ROOT / "drivers/windows7/virtio-snd"
BUILT = ROOT / "out/drivers/windows7/virtio-snd"
MEDIA = DRIVER / "media"
CI_PACKAGE = DRIVER / "ci-package.json"
RELEASE = DRIVER / "release"
ARCHS = ("x86", "x64")
ISO = "aero-virtio-snd.iso"
SYMBOLS = "virtio-snd-symbols.zip"
LICENCES = ("LICENSE-MIT", "LICENSE-APACHE")


def folder_name(package):
    """Its folder below release/<arch>/."""
    variant = package["variant"]
    return "virtio-snd" if variant == "contract" else f"virtio-snd-{variant}"


def staged_by_default():
    """The packages that media hold: those whose INF ci-package.json names."""
    infs = {pathlib.PurePosixPath(name).name for name in json.loads(CI_PACKAGE.read_text())["infFiles"]}
    found = [package for package in contract.packages() if package["inf_name"] in infs]
    if len(found) != len(infs):
        raise Trouble(f"{CI_PACKAGE}: names an INF that {contract.MANIFEST} does not")
    return found


def stage(package, arch, target):
    """Copies INF and image of a package into a new folder."""
    inf = DRIVER / "inf" / package["inf_name"]
    sys_file = BUILT / arch / package["sys_name"]
    for path in (inf, sys_file):
        if not path.is_file():
            raise Trouble(f"{path} is missing" + (": ./aero-snd build makes it" if path is sys_file else ""))
    content = inf.read_bytes()
    if content.count(b"\n") != content.count(b"\r\n"):
        raise Trouble(f"{inf}: its lines do not end as Windows' do; check the tree out again with .gitattributes")
    target.mkdir(parents=True)
    for path in (inf, sys_file):
        shutil.copyfile(path, target / path.name)


def windows_text(source, target):
    """Copies a text with the line ends of Windows."""
    text = source.read_bytes().replace(b"\r\n", b"\n")
    target.write_bytes(text.replace(b"\n", b"\r\n"))


def write_certificate(folder, signer):
    """The certificate for the guest, and what install.cmd has to know of it."""
    folder.mkdir(parents=True)
    (folder / f"{signing.TEST_NAME}.cer").write_bytes(signer.certificate)
    facts = {"file": f"{signing.TEST_NAME}.cer", "sha1": hashlib.sha1(signer.certificate).hexdigest(),
             "root": "yes" if signer.is_self_signed() else "no"}
    (folder / "certificate.txt").write_bytes("".join(f"{key}={value}\r\n" for key, value in facts.items()).encode())


def stage_iso(made, packages, signer, target):
    """The guest-tools layout: drivers/<arch>/<package>/, certificate, installer."""
    for package in packages:
        for arch in ARCHS:
            shutil.copytree(made / arch / folder_name(package), target / "drivers" / arch / folder_name(package))
    write_certificate(target / "cert", signer)
    for name in ("install.cmd", "README.txt"):
        windows_text(MEDIA / name, target / name)
    for name in LICENCES:
        windows_text(ROOT / name, target / f"{name}.txt")


def write_media(made, packages, signer, extra):
    """ZIPs, symbols and the ISO into made/out; their dates are the package's."""
    out, epoch = made / "out", signing.epoch(DRIVER / "inf" / packages[0]["inf_name"])
    out.mkdir()
    for package in packages + extra:
        for arch in ARCHS:
            name = folder_name(package)
            files = {f"{arch}/{name}/{path.name}": path for path in media.files_of(made / arch / name)}
            media.write_zip(out / f"{name}-{arch}.zip", files, epoch)
    symbols = {f"{arch}/{pdb.name}": pdb for package in packages for arch in ARCHS
               for pdb in [(BUILT / arch / package["sys_name"]).with_suffix(".pdb")]}
    media.write_zip(out / SYMBOLS, symbols, epoch)
    with_iso = made / "iso"
    stage_iso(made, packages, signer, with_iso)
    media.write_iso(out / ISO, with_iso, epoch)
    shutil.rmtree(with_iso)


def make(target, signer, extra_names):
    """Everything, into a folder that takes the place of `target` at the end."""
    packages = staged_by_default()
    extra = [package for package in contract.packages()
             if package["variant"] in extra_names and package not in packages]
    with signing.new_folder(target) as made:
        for package in contract.packages():
            for arch in ARCHS:
                folder = made / arch / folder_name(package)
                stage(package, arch, folder)
                signing.sign_files(folder, signer)
        write_media(made, packages, signer, extra)


def show(target):
    """Where things are."""
    paths = [path for arch in ARCHS for path in sorted((target / arch).iterdir())] + sorted((target / "out").iterdir())
    shown = [str(path.relative_to(pathlib.Path.cwd()) if path.is_relative_to(pathlib.Path.cwd()) else path)
             for path in paths]
    width = max(len(name) for name in shown)
    for path, name in zip(paths, shown):
        if path.is_dir():
            print(f"{name:{width}}  driver package, signed and verified")
        else:
            print(f"{name:{width}}  {path.stat().st_size:9,} bytes")


def main(arguments):
    parser = argparse.ArgumentParser(prog="./aero-snd package", description="Makes signed packages, ZIPs and the ISO.")
    parser.add_argument("--variant", action="append", default=[], choices=("contract", "legacy", "ioport"),
                        help="makes a ZIP of this package too; the contract package always has one")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=RELEASE, help="instead of the release folder")
    signing.add_options(parser)
    options = parser.parse_args(arguments)
    make(options.output.resolve(), signing.signer_of(options), options.variant)
    show(options.output.resolve())


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Trouble, OSError) as error:
        sys.exit(f"aero-snd: {error}")
