#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The .ps1 scripts, run by PowerShell's engine on real files, with stand-ins for Windows' programs. Prints TAP."""

import os
import sys
import zipfile

import engine
from tree import Folder, Tree, equal, fine, refused, true

from harness import main, test  # tree.py has made its folder known

OUT = "a tree/out/drivers/windows7/virtio-snd"
SND = "a tree/drivers/windows7/virtio-snd"
CONTRACT = ("aero_virtio_snd.sys", "aero_virtio_snd.inf", "aero_virtio_snd.cat")
LEGACY = ("virtiosnd_legacy.sys", "aero-virtio-snd-legacy.inf", "aero-virtio-snd-legacy.cat")
IOPORT = ("virtiosnd_ioport.sys", "aero-virtio-snd-ioport.inf", "aero-virtio-snd-ioport.cat")
STORED_DATE = (1980, 1, 1, 0, 0, 0)


def staged(tree, name="aero_virtio_snd.sys"):
    return tree.read("inf", name)


@test
def stage_takes_the_build_of_this_tree_for_either_architecture():
    with Tree() as tree:
        for arch, word in (("x86", "x86"), ("x64", "amd64"), ("x64", "x64")):
            path = tree.image(f"{OUT}/{arch}/aero_virtio_snd.sys", arch)
            true(path in fine(tree.run("stage-built-sys.ps1", f"-Arch {word}")), "the source is named")
            with open(path, "rb") as image:
                equal(staged(tree), image.read(), "the staged image")


@test
def stage_takes_each_variant_under_its_own_name():
    with Tree() as tree:
        for variant, names in (("legacy", LEGACY), ("ioport", IOPORT)):
            tree.image(f"{OUT}/x64/{names[0]}", "x64", variant.encode())
            fine(tree.run("stage-built-sys.ps1", f"-Arch amd64 -Variant {variant}"))
            true(staged(tree, names[0]).endswith(variant.encode()), variant)


@test
def stage_finds_the_folders_of_winddk_and_prefers_free_builds():
    with Tree() as tree:
        for arch, folder in (("x86", "win7_x86/i386"), ("x64", "win7_amd64/amd64")):
            tree.image(f"{SND}/sys/objchk_{folder}/aero_virtio_snd.sys", arch, b"checked")
            fine(tree.run("stage-built-sys.ps1", f"-Arch {arch}"))
            true(staged(tree).endswith(b"checked"), "a checked build is better than none")
            tree.image(f"{SND}/sys/objfre_{folder}/aero_virtio_snd.sys", arch, b"free")
            fine(tree.run("stage-built-sys.ps1", f"-Arch {arch}"))
            true(staged(tree).endswith(b"free"), "the free build")


@test
def stage_takes_any_input_folder_with_either_word_for_x64():
    with Tree() as tree:
        for number, path in enumerate(("one two/x64", "three/amd64", "four/drivers/windows7/virtio-snd/x64",
                                       "five/out/drivers/windows7/virtio-snd/x64", "six/objfre_win7_amd64/amd64")):
            tree.image(f"{path}/aero_virtio_snd.sys", "x64", b"%d" % number)
            top = tree(path.split("/", maxsplit=1)[0])
            fine(tree.run("stage-built-sys.ps1", f"-Arch x64 -InputDir '{top}'"))
            true(staged(tree).endswith(b"%d" % number), path)


@test
def stage_refuses_an_image_of_the_wrong_architecture():
    with Tree() as tree:
        tree.image(f"{OUT}/x64/aero_virtio_snd.sys", "x86")
        refused(tree.run("stage-built-sys.ps1", "-Arch amd64"), "wrong architecture", "is x86, not x64")
        tree.put(f"{OUT}/x64/aero_virtio_snd.sys", b"MZ and no more")
        refused(tree.run("stage-built-sys.ps1", "-Arch amd64"), "not a driver image")
        equal(tree.files("inf"), [], "nothing was staged")


@test
def stage_refuses_two_builds_of_the_same_kind():
    with Tree() as tree:
        for system in ("win7", "wlh"):
            tree.image(f"{SND}/objfre_{system}_x86/i386/aero_virtio_snd.sys", "x86")
        refused(tree.run("stage-built-sys.ps1", "-Arch x86"), "more than one", "objfre_win7_x86", "objfre_wlh_x86")


@test
def stage_says_what_is_wrong_with_its_arguments():
    with Tree() as tree:
        refused(tree.run("stage-built-sys.ps1"), "-Arch")
        refused(tree.run("stage-built-sys.ps1", "-Arch arm64"), "arm64", "x86 or x64")
        refused(tree.run("stage-built-sys.ps1", "-Arch x86 -Variant strict"), "strict", "contract, legacy, ioport")
        refused(tree.run("stage-built-sys.ps1", "-Arch x86 -InputDir 'no such'"), "no such folder")
        refused(tree.run("stage-built-sys.ps1", "-Arch x86"), "no aero_virtio_snd.sys for x86 under")


@test
def package_stages_under_the_architecture_of_the_image():
    with Tree() as tree:
        for names, variant, folder in ((CONTRACT, "contract", "virtio-snd"), (LEGACY, "legacy", "virtio-snd-legacy"),
                                       (IOPORT, "ioport", "virtio-snd-ioport")):
            for arch in ("x86", "x64"):
                tree.package(*names, arch=arch)
                tree.put(tree.driver("release", arch, folder, "left.over"), b"")
                fine(tree.run("package-release.ps1", f"-Variant {variant}"))
                equal(tree.files("release", arch, folder), sorted(names), "the package")
                for name in names:
                    equal(tree.read("release", arch, folder, name), tree.read("inf", name), name)


@test
def package_insists_on_the_architecture_that_is_asked_for():
    with Tree() as tree:
        tree.package(*CONTRACT, arch="x86")
        refused(tree.run("package-release.ps1", "-Arch amd64"), "wrong architecture", "is x86, not x64")
        true(not os.path.exists(tree.driver("release")), "nothing was written")
        fine(tree.run("package-release.ps1", "-Arch x86"))
        equal(len(tree.files("release", "x86", "virtio-snd")), 3, "files")


@test
def package_names_the_file_that_is_missing():
    for name, maker in zip(CONTRACT, ("stage-built-sys.ps1", "source tree", "make-cat.cmd")):
        with Tree() as tree:
            tree.package(*CONTRACT)
            os.remove(tree.driver("inf", name))
            refused(tree.run("package-release.ps1", "-Zip"), name, maker)
            true(not os.path.exists(tree.driver("release")), "nothing was written")


@test
def zip_is_the_same_twice_and_opens():
    contents = []
    for _ in range(2):
        with Tree() as tree:
            tree.package(*CONTRACT)
            tree.put(tree.driver("inf", CONTRACT[2]), b"")  # an empty member as well
            fine(tree.run("package-release.ps1", "-Zip"))
            contents.append(tree.read("release", "out", "virtio-snd-x64.zip"))
            with zipfile.ZipFile(tree.driver("release", "out", "virtio-snd-x64.zip")) as bundle:
                equal(bundle.testzip(), None, "damaged member")
                equal(bundle.namelist(), [f"x64/virtio-snd/{name}" for name in sorted(CONTRACT)], "members")
                equal({info.date_time for info in bundle.infolist()}, {STORED_DATE}, "times")
                for name in CONTRACT:
                    equal(bundle.read(f"x64/virtio-snd/{name}"), tree.read("inf", name), name)
    equal(contents[0], contents[1], "the same bytes")


@test
def build_release_takes_every_step_in_order():
    with Tree() as tree:
        tree.tools("make-cat.cmd", "sign-driver.cmd", folder="scripts")
        for arch in ("x86", "x64"):
            tree.image(f"my builds/{arch}/virtiosnd_legacy.sys", arch)
        tree.put(tree.driver("inf", LEGACY[1]), b"[Version]\r\n")
        fine(tree.run("build-release.ps1", f"-Arch both -Variant legacy -InputDir '{tree('my builds')}' -Zip"))
        steps = [["make-cat.cmd", "legacy"], ["sign-driver.cmd", "legacy"]]
        equal(tree.calls(), steps * 2, "the calls")
        equal(tree.files("release"), ["out/virtio-snd-legacy-x64.zip", "out/virtio-snd-legacy-x86.zip"] +
              [f"{arch}/virtio-snd-legacy/{name}" for arch in ("x64", "x86") for name in sorted(LEGACY)], "files")
        equal(tree.read("release", "x64", "virtio-snd-legacy", LEGACY[2]), b"catalog signed", "the catalog")
        for arch in ("x86", "x64"):
            with open(tree(f"my builds/{arch}/virtiosnd_legacy.sys"), "rb") as image:
                equal(tree.read("release", arch, "virtio-snd-legacy", LEGACY[0]), image.read(), arch)


@test
def build_release_stops_at_the_step_that_fails():
    with Tree() as tree:
        tree.tools("make-cat.cmd", "sign-driver.cmd", folder="scripts")
        refused(tree.run("build-release.ps1", "-Arch x86"), "no aero_virtio_snd.sys")
        equal(tree.calls(), [], "no step after a missing image")
        tree.image(f"{OUT}/x86/aero_virtio_snd.sys", "x86")
        tree.put(tree.driver("inf", CONTRACT[1]), b"[Version]\r\n")
        for step, calls in (("make-cat.cmd", 1), ("sign-driver.cmd", 2)):
            tree.write("log", b"")
            done = tree.run("build-release.ps1", "-Arch x86", STANDIN_FAIL=step)
            equal((done.returncode, len(tree.calls())), (1, calls), step)
        true(not os.path.exists(tree.driver("release")), "nothing was packaged")
        refused(tree.run("build-release.ps1", "-Arch all"), "unknown architecture 'all'")
        refused(tree.run("build-release.ps1", "-Variant qemu"), "unknown variant 'qemu'")


def with_certificates(tree):
    for name in ("sha1", "sha256"):
        equal(engine.call(["certificate", name, tree(name + ".cer")]).returncode, 0, "a certificate")
    tree.tools("certreq.exe", "certutil.exe")


def hashes(tree):
    return [call[1] for call in tree.calls() if call[0] == "hash"]


@test
def make_cert_makes_a_sha1_certificate_and_its_key():
    with Tree() as tree:
        with_certificates(tree)
        output = fine(tree.run("make-cert.ps1"))
        equal(hashes(tree), ["sha1"], "hashes asked for")
        equal(tree.files("cert"), ["aero-virtio-snd-test.cer", "aero-virtio-snd-test.pfx"], "files")
        with open(tree("sha1.cer"), "rb") as made:
            equal(tree.read("cert", "aero-virtio-snd-test.cer"), made.read(), "the certificate")
        export = tree.calls()[-1]
        equal(export[:6], ["certutil.exe", "-user", "-p", "aero-virtio-snd-test", "-exportPFX", "My"], "the export")
        true(export[6] in output and export[7].endswith(".pfx"), "thumbprint and file")
        true("KB" not in output, "no update is needed")


@test
def make_cert_takes_sha2_only_when_it_may():
    with Tree() as tree:
        with_certificates(tree)
        refused(tree.run("make-cert.ps1", STANDIN_REFUSE="sha1"), "-AllowSha2CertFallback")
        equal((hashes(tree), tree.files("cert")), (["sha1"], []), "nothing was made")
        tree.write("log", b"")
        output = fine(tree.run("make-cert.ps1", "-AllowSha2CertFallback", STANDIN_REFUSE="sha1"))
        equal(hashes(tree), ["sha1", "sha256"], "hashes asked for")
        true("KB3033929" in output and "KB4474419" in output, "what Windows 7 needs")
        equal(len(tree.files("cert")), 2, "files")


@test
def make_cert_does_not_take_another_hash_for_the_one_it_wanted():
    with Tree() as tree:
        with_certificates(tree)
        os.replace(tree("sha256.cer"), tree("sha1.cer"))  # a certreq that does as it likes
        refused(tree.run("make-cert.ps1"), "no SHA-1 certificate")
        equal(tree.files("cert"), [], "nothing was made")


@test
def make_cert_uses_the_given_password():
    for arguments, environment in (("-Password 'my word'", {}), ("", {"AERO_PFX_PASSWORD": "my word"})):
        with Tree() as tree:
            with_certificates(tree)
            fine(tree.run("make-cert.ps1", arguments, **environment))
            equal(tree.calls()[-1][3], "my word", "the password")


@test
def make_cert_never_overwrites_a_key():
    for name in ("aero-virtio-snd-test.cer", "aero-virtio-snd-test.pfx"):
        with Tree() as tree:
            with_certificates(tree)
            tree.put(tree.driver("cert", name), b"precious")
            refused(tree.run("make-cert.ps1", "-AllowSha2CertFallback"), "exists already", name)
            equal((tree.read("cert", name), tree.calls()), (b"precious", []), "untouched")


@test
def make_cert_leaves_nothing_behind_when_a_program_fails():
    with Tree() as tree:
        refused(tree.run("make-cert.ps1"), "certreq.exe is not in PATH")
        with_certificates(tree)
        refused(tree.run("make-cert.ps1", STANDIN_FAIL="certutil.exe"), "certutil.exe -exportPFX failed")
        refused(tree.run("make-cert.ps1", "-AllowSha2CertFallback", STANDIN_FAIL="certreq.exe"), "neither")
        equal(tree.files("cert"), [], "files")


@test
def install_test_cert_fills_both_stores():
    with Tree() as tree:
        with_certificates(tree)
        for arguments, path in ((f"-CertPath '{tree('sha1.cer')}'", tree("sha1.cer")),
                                ("", tree.driver("cert", "aero-virtio-snd-test.cer"))):
            with open(tree("sha256.cer"), "rb") as made:
                tree.put(tree.driver("cert", "aero-virtio-snd-test.cer"), made.read())
            tree.write("log", b"")
            fine(tree.run("install-test-cert.ps1", arguments))
            equal(tree.calls(), [["certutil.exe", "-f", "-addstore", store, path]
                                 for store in ("Root", "TrustedPublisher")], "the calls")


@test
def install_test_cert_says_what_is_wrong():
    with Tree() as tree:
        refused(tree.run("install-test-cert.ps1"), "no such file", "aero-virtio-snd-test.cer")
        tree.write("text.cer", b"no certificate")
        refused(tree.run("install-test-cert.ps1", f"-CertPath '{tree('text.cer')}'"), "not a certificate")
        with Folder() as other:
            equal(engine.call(["certificate", "sha1", other("a.cer")]).returncode, 0, "a certificate")
            refused(tree.run("install-test-cert.ps1", f"-CertPath '{other('a.cer')}'"), "certutil.exe is not in PATH")
            tree.tools("certutil.exe")
            done = tree.run("install-test-cert.ps1", f"-CertPath '{other('a.cer')}'", STANDIN_FAIL="certutil.exe")
            refused(done, "LocalMachine Root", "elevated")


def start():
    missing = engine.why_not()
    if missing:
        print(f"1..0 # SKIP scripts run by PowerShell's engine: {missing}")
        sys.exit(0)
    engine.build()
    main()


if __name__ == "__main__":
    start()
