#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The guards of scripts/ci: the tree passes, and each planted deviation is found. Prints TAP."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import projects  # noqa: E402
import tap  # noqa: E402

SND = projects.SND
SOURCES, PACKAGE = ("scripts/ci/check-virtio-snd-vcxproj-sources.py", "scripts/ci/check-virtio-snd-package.py")
MAIN, PORTS = SND + "/aero_virtio_snd.vcxproj", SND + "/virtio-snd-ioport-legacy.vcxproj"
LEGACY_DEFINE = ">AERO_VIRTIO_SND_TRANSITIONAL</VariantDefines>"
CI, TABLE, LIST = SND + "/ci-package.json", "mk/variants.mk", SND + "/src/sources.inc"
LEGACY_SOURCE = '    <ClCompile Include="..\\virtio\\common\\src\\virtio_pci_legacy.c" />\n'
# Guard; name; file; what is replaced, the first of it; by what; a piece of the finding.
DEVIATIONS = (
    (SOURCES, "the_contract_project_takes_the_legacy_transport", MAIN, '    <ClCompile Include="src\\adapter.c" />\n',
     '    <ClCompile Include="src\\adapter.c" />\n' + LEGACY_SOURCE, "of the legacy I/O-port transport"),
    (SOURCES, "a_source_is_forgotten", MAIN, '<ClCompile Include="src\\wavert.c" />', "", "lacks the source"),
    (SOURCES, "a_source_is_there_twice", MAIN, '    <ClCompile Include="src\\adapter.c" />\n',
     '    <ClCompile Include="src\\adapter.c" />\n' * 2, "twice"),
    (SOURCES, "the_debug_build_ships", MAIN, "DBG=0", "DBG=1", "has the define DBG=1"),
    (SOURCES, "the_legacy_build_has_no_define", MAIN, LEGACY_DEFINE, "></VariantDefines>", "lacks the define"),
    (SOURCES, "the_release_build_is_transitional", MAIN, "'Release'\"></VariantDefines>",
     "'Release'\"" + LEGACY_DEFINE, "has the define AERO_VIRTIO_SND_TRANSITIONAL"),
    (SOURCES, "another_image", MAIN, ">virtiosnd_legacy</TargetName>", ">virtiosnd_qemu</TargetName>",
     "makes virtiosnd_qemu"),
    (SOURCES, "another_folder", MAIN, "<OutDir>$(MSBuildThisFileDirectory)..\\", "<OutDir>$(MSBuildThisFileDirectory)",
     "puts its image"),
    (SOURCES, "the_architectures_change_places", MAIN, "'Win32'\">x86", "'Win32'\">x64", "puts its image"),
    (SOURCES, "one_architecture_less", MAIN, '"Release|x64"', '"Debug|x64"', "lacks the configuration"),
    (SOURCES, "no_messages", MAIN, 'CustomBuild Include="res\\messages.mc"', 'CustomBuild Include="res\\texts.mc"',
     "lacks the item res/messages.mc"),
    (SOURCES, "the_ioport_project_lacks_its_transport", PORTS, LEGACY_SOURCE, "", "lacks the source"),
    (SOURCES, "the_ioport_project_has_the_modern_one", PORTS, "virtio_pci_legacy.c", "virtio_pci_modern_transport.c",
     "which its variant does not have"),
    (SOURCES, "the_ring_has_another_alignment", PORTS, "VIRTQ_USED_ALIGN=4096u", "VIRTQ_USED_ALIGN=4u",
     "lacks the define"),
    (SOURCES, "a_project_that_is_no_xml", MAIN, "</Project>", "", "cannot be read"),
    (SOURCES, "a_condition_that_is_new", MAIN, "'$(Platform)'=='x64'", "'$(Platform)'!='Win32'", "is not understood"),
    (SOURCES, "a_project_outside_the_solution", SND + "/aero_virtio_snd.sln", "virtio-snd-ioport-legacy.vcxproj",
     "x.vcxproj", "lacks virtio-snd-ioport-legacy.vcxproj"),
    (SOURCES, "the_table_has_another_source", TABLE, "$(SND)/src/wavert.c ", "$(SND)/src/wavert.c $(SND)/src/new.c ",
     "lacks the source drivers/windows7/virtio-snd/src/new.c"),
    (SOURCES, "the_table_has_another_define", TABLE, "contract_DEFINES :=", "contract_DEFINES := -DNEW", "define NEW"),
    (SOURCES, "winddk_forgets_a_source", LIST, "..\\wavert_pump.c ", "", "WinDDK aero_virtio_snd: lacks the source"),
    (SOURCES, "winddk_cannot_reach_a_source", LIST, "..\\wavert_pump.c ", "..\\..\\src\\wavert_pump.c ",
     "does not take"),
    (SOURCES, "winddk_includes_another_file", SND + "/src/winddk_virtqueue_split.c", "virtqueue_split.c",
     "virtio_pci_status.c", "lacks the source"),
    (SOURCES, "winddk_has_another_define", SND + "/src/legacy/sources", "-DAERO_VIRTIO_SND_TRANSITIONAL", "-DX",
     "define X"),
    (SOURCES, "winddk_makes_another_image", SND + "/src/ioport/sources", "=virtiosnd_ioport", "=ioport",
     "has the image ioport"),
    (SOURCES, "winddk_builds_less", SND + "/src/dirs", " ioport", "", "lacks the image virtiosnd_ioport"),
    (SOURCES, "winddk_has_no_messages", SND + "/src/contract/makefile.inc", "..\\messages.inc", "..\\x.inc",
     "does not include"),
    (SOURCES, "winddk_has_no_rules", SND + "/src/contract/makefile", "!INCLUDE", "# ", "does not include"),
    (PACKAGE, "the_legacy_inf_is_staged", CI, '"inf/aero_virtio_snd.inf"',
     '"inf/aero_virtio_snd.inf", "inf/aero-virtio-snd-legacy.inf"', "stages"),
    (PACKAGE, "the_alias_is_staged", CI, "aero_virtio_snd.inf", "virtio-snd.inf", "stages"),
    (PACKAGE, "another_variant_is_staged", CI, '"contract"', '"legacy"', "variant"),
    (PACKAGE, "an_image_of_another_package", CI, '"variant"', '"extra": "virtiosnd_legacy.sys", "variant"',
     "names virtiosnd"),
    (PACKAGE, "the_alias_differs", SND + "/inf/virtio-snd.inf.disabled", "StartType     = 3", "StartType     = 2",
     "more than its second line"),
    (PACKAGE, "the_contract_inf_takes_any_revision", SND + "/inf/aero_virtio_snd.inf", "&REV_01\r\n;", "\r\n;",
     "binds to"),
    (PACKAGE, "a_manifest_that_is_no_json", "docs/windows-device-contract.json", "{", "", "cannot be read"),
)


def run(guard, *arguments):
    return subprocess.run([sys.executable, str(ROOT / guard), *map(str, arguments)], capture_output=True, text=True,
                          check=False)


def plant(t, root, guard, name, where, old, new, words):
    path = root / where
    content = path.read_bytes()
    crlf = b"\r\n" in content and "\r\n" not in old
    old, new = (text.replace("\n", "\r\n").encode() if crlf else text.encode() for text in (old, new))
    path.write_bytes(content.replace(old, new, 1))
    done = run(guard, root)
    t.check(old in content and done.returncode == 1 and words in done.stdout, f"found: {name}", done.stdout,
            done.stderr)
    path.write_bytes(content)


def active_alias(t, root):
    """Wherever it lies, and not yet added either."""
    for where in (root / SND / "inf", root / "docs"):
        copy = shutil.copy(root / SND / "inf/virtio-snd.inf.disabled", where / "virtio-snd.inf")
        done = run(PACKAGE, root)
        t.check(done.returncode == 1 and "may only be tracked" in done.stdout,
                f"found: an active alias in {where.name}", done.stdout)
        pathlib.Path(copy).unlink()


def line_ends(t):
    """What .gitattributes wants with CR LF has it in the working tree, and LF in the repository."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--eol", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.splitlines()
    crlf = [line.split(None, 3) for line in listed if "eol=crlf" in line or "w/crlf" in line]
    wrong = [line for line in crlf if line[1] != "w/crlf" or line[0] == "i/crlf" or "eol=crlf" not in line[3]]
    t.check(len(crlf) > 15 and not wrong, "files for Windows' tools end their lines with CR LF", len(crlf), *wrong)


def main():
    t = tap.Tap()
    line_ends(t)
    for guard in (SOURCES, PACKAGE):
        done = run(guard, ROOT)
        t.check(done.returncode == 0, f"the tree passes {guard}", done.stdout, done.stderr)
        done = run(guard, "a", "b")
        t.check(done.returncode == 1 and done.stderr.startswith("aero-snd: ") and done.stderr.count("\n") == 1,
                f"two arguments are one too many for {guard}")
    with tempfile.TemporaryDirectory(prefix="aero test ") as folder:
        root = pathlib.Path(folder)
        for name in ("drivers", "docs", "mk"):
            shutil.copytree(ROOT / name, root / name)
        subprocess.run(["git", "init", "-q", folder], check=True)
        for deviation in DEVIATIONS:
            plant(t, root, *deviation)
        active_alias(t, root)
        t.check(all(run(guard, root).returncode == 0 for guard in (SOURCES, PACKAGE)), "the copy passes again")
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
