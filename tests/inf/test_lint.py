#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The linter of the INFs (tools/check_infs.py): the tree is clean, and each planted deviation is found. Prints TAP."""
import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_infs  # noqa: E402
import contract  # noqa: E402
import inf  # noqa: E402
import tap  # noqa: E402
import version  # noqa: E402

CONTRACT, LEGACY, IOPORT = "aero_virtio_snd.inf", "aero-virtio-snd-legacy.inf", "aero-virtio-snd-ioport.inf"
ALIAS = "virtio-snd.inf.disabled"
SND = check_infs.SND
INF = contract.INF_FOLDER + "/"
WHERE = {CONTRACT: INF + CONTRACT, LEGACY: INF + LEGACY, IOPORT: INF + IOPORT, ALIAS: INF + ALIAS}
X86_DEVICE = "[Aero.NTx86]\r\n%DeviceName% = AeroVirtioSnd, PCI\\VEN_1AF4&DEV_10"
X64 = "[AeroVirtioSnd.NTamd64.Interfaces]\r\n"
# Name; file; what is replaced, all of it; by what; a piece of the finding.
MUTATIONS = (
    ("a_bare_line_feed", CONTRACT, "[Manufacturer]\r\n", "[Manufacturer]\n", "CR LF"),
    ("only_line_feeds", CONTRACT, "\r\n", "\n", "CR LF"),
    ("a_letter_beyond_ascii", CONTRACT, "driver disk", "driver d\u00efsk", "ASCII"),
    ("a_section_without_a_name_to_it", CONTRACT, "[Strings]", "[Orphan]\r\nHKR,,X,,y\r\n[Strings]",
     "nothing names"),
    ("a_named_section_that_is_missing", CONTRACT, "[AeroVirtioSnd.HW.AddReg]", "[AeroVirtioSnd.HWAddReg]",
     "not there"),
    ("no_hw_section_for_x64", CONTRACT, "[AeroVirtioSnd.NTamd64.HW]", "[AeroVirtioSnd.NTamd64.HQ]", "not there"),
    ("a_section_twice", CONTRACT, "[Strings]", "[Strings]\r\n[Strings]", "twice"),
    ("a_string_twice", CONTRACT, 'Wave     = "Wave"', 'Wave     = "Wave"\r\nWave = "W"', "twice"),
    ("a_string_that_is_missing", CONTRACT, 'DiskName     = ', 'DiscName     = ', "%diskname% is not defined"),
    ("a_string_that_nobody_uses", CONTRACT, 'Wave     = ', 'Idle = "x"\r\nWave     = ', "idle is not used"),
    ("an_undecorated_model", CONTRACT, "Aero, NTx86, NTamd64", "Aero", "the models are for"),
    ("no_x64", CONTRACT, "Aero, NTx86, NTamd64", "Aero, NTx86", "the models are for"),
    ("another_class", CONTRACT, "= MEDIA", "= Media Center", "Class is"),
    ("another_class_guid", CONTRACT, "4d36e96c", "4d36e96d", "ClassGUID is"),
    ("another_catalog", CONTRACT, "aero_virtio_snd.cat", "virtio-snd.cat", "CatalogFile"),
    ("another_version", LEGACY, ",1.0.0.0", ",1.0.0.1", "DriverVer is not"),
    ("another_date", IOPORT, "DriverVer   = 11", "DriverVer   = 10", "DriverVer is not"),
    ("files_may_be_replaced", CONTRACT, "PnpLockDown = 1", "PnpLockDown = 0", "PnpLockDown"),
    ("the_short_form", CONTRACT, "DEV_1059&REV_01", "DEV_1059", "binds to"),
    ("another_revision", CONTRACT, "DEV_1059&REV_01", "DEV_1059&REV_00", "binds to"),
    ("one_architecture_has_another_id", CONTRACT, X86_DEVICE + "59", X86_DEVICE + "58", "one and the same device"),
    ("an_id_in_lower_case", CONTRACT, "DEV_1059&REV_01", "dev_1059&rev_01", "not a hardware ID"),
    ("the_tighter_id_is_gone", CONTRACT, ";%DeviceName% = AeroVirtioSnd, PCI\\VEN_1AF4&DEV_1059&SUBSYS_00191AF4", ";",
     "not there as a comment"),
    ("legacy_takes_the_contract_device", LEGACY, "DEV_1018", "DEV_1059", "match the same device"),
    ("legacy_takes_the_ioport_id", LEGACY, "DEV_1018", "DEV_1018&REV_00", "match the same device"),
    ("another_service", CONTRACT, "AddService = aero_virtio_snd,", "AddService = aero_snd,", "does not add"),
    ("not_the_function_driver", CONTRACT, "aero_virtio_snd, 0x00000002", "aero_virtio_snd, 0", "does not add"),
    ("another_image", CONTRACT, "ServiceBinary = %12%\\aero_virtio_snd.sys", "ServiceBinary = %12%\\aero.sys",
     "ServiceBinary"),
    ("starts_with_the_system", CONTRACT, "StartType     = 3", "StartType     = 1", "StartType"),
    ("copies_another_file", CONTRACT, "[AeroVirtioSnd.CopyFiles]\r\naero", "[AeroVirtioSnd.CopyFiles]\r\nero",
     "copies"),
    ("copies_to_another_folder", CONTRACT, "CopyFiles = 12", "CopyFiles = 11", "is not 12"),
    ("another_message_file", CONTRACT, "drivers\\aero_virtio_snd.sys\"", "drivers\\virtiosnd_legacy.sys\"", "messages"),
    ("no_filters", CONTRACT, "wdmaud,swmidi,redbook", "wdmaud,swmidi", "AssociatedFilters"),
    ("no_preferred_devices", CONTRACT, "HKR,, SetupPreferredAudioDevices, 0x00000003, 01,00,00,00\r\n", "",
     "SetupPreferredAudioDevices"),
    ("preferred_devices_again", CONTRACT, "SetupPreferredAudioDevices, 0x00000003",
     "SetupPreferredAudioDevices, 0x00000001", "writes over"),
    ("no_needs", CONTRACT, "KS.Registration, WDMAUDIO.Registration", "KS.Registration", "Needs is not"),
    ("another_root_key", CONTRACT, "HKR,, AssociatedFilters", "HKLM,, AssociatedFilters", "below HKR"),
    ("a_switch_that_is_on", CONTRACT, "ForceNullBackend, 0x00010003, 0", "ForceNullBackend, 0x00010003, 1", "switches"),
    ("an_upgrade_resets_a_switch", CONTRACT, "AllowPollingOnly, 0x00010003", "AllowPollingOnly, 0x00010001",
     "switches"),
    ("a_switch_that_is_misspelt", CONTRACT, "AllowPollingOnly", "AllowPolling", "switches"),
    ("another_reference_string", CONTRACT, 'Wave     = "Wave"', 'Wave     = "wave"', "registers"),
    ("no_realtime_interface_on_x64", CONTRACT, X64, X64 + ";", "differ"),
    ("one_interface_less", CONTRACT, "AddInterface = %KSCATEGORY_CAPTURE%,", ";", "registers"),
    ("no_proxy", CONTRACT, "17CCA71B", "17CCA71C", "no CLSID"),
    ("the_endpoints_change_places", CONTRACT, "%KSNODETYPE_SPEAKER%\r\n", "%KSNODETYPE_MICROPHONE%\r\n", "associates"),
    ("a_third_endpoint", CONTRACT, "HKR, EP\\1, %PKEY_AudioEndpoint_A",
     "HKR, EP\\2, X,, 1\r\nHKR, EP\\1, %PKEY_AudioEndpoint_A", "does not describe"),
    ("not_event_driven", CONTRACT, "Mode%, 0x00010001, 0x1", "Mode%, 0x00010001, 0x0", "event-driven"),
    ("a_format_of_44100_hz", CONTRACT, "80,BB,00,00", "44,AC,00,00", "the format is"),
    ("a_mono_speaker", CONTRACT, "FE,FF,02,00", "FE,FF,01,00", "the format is"),
    ("a_format_too_short", CONTRACT, ",38,9B,71\r\nHKR", ",38,9B\r\nHKR", "the format has"),
    ("message_interrupts", CONTRACT, "HKR,, ForceNull", "HKR, "
     "Interrupt Management\\MessageSignaledInterruptProperties, MSISupported, 0x00010001, 1\r\nHKR,, ForceNull",
     "message-signalled"),
    ("the_alias_differs", ALIAS, "Provider     = \"Aero\"", "Provider     = \"Aer0\"", "more than its second line"),
    ("the_alias_has_another_name", ALIAS, "; virtio-snd.inf:", "; virtio.inf:", "does not name it"),
    ("a_package_of_its_own_mind", LEGACY, "ErrorControl  = 1", "ErrorControl  = 1\r\nDescription   = x",
     "more than names"),
    ("the_manifest_has_another_service", contract.MANIFEST, '"service_name": "aeroviosnd_ioport"',
     '"service_name": "aeroviosnd"', "does not add"),
    ("the_version_moves_on", version.VERSION_H, "VERSION_PATCH 0", "VERSION_PATCH 1", "run tools/version.py stamp"),
    ("the_driver_has_another_switch", SND + "/src/registry.c", 'L"AllowPollingOnly"', 'L"AllowPolling"', "switches"),
    ("the_driver_has_another_category", SND + "/src/wavert_tables.c", "STATIC_KSCATEGORY_REALTIME",
     "STATIC_KSCATEGORY_TOPOLOGY", "registers"),
    ("the_driver_has_another_rate", SND + "/include/wavert_format.h", "RATE 48000u", "RATE 44100u", "the format is"),
)
COPIED = (contract.INF_FOLDER, SND + "/src", SND + "/include", "docs")


class Copy:
    """The part of the tree that the linter reads, in a folder of its own."""

    def __enter__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="aero test "))
        for name in COPIED:
            shutil.copytree(ROOT / name, self.root / name)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def findings(self):
        return list(check_infs.check(self.root))


def mutate(t, copy, name, where, old, new, words):
    path = copy.root / WHERE.get(where, where)
    content = path.read_bytes()
    changed = content.replace(old.encode(), new.encode("latin-1"))
    path.write_bytes(changed)
    findings = copy.findings()
    t.check(changed != content and any(words in finding for finding in findings), f"found: {name}",
            "nothing was replaced" if changed == content else "", *findings)
    path.write_bytes(content)


def stray_files(t, copy):
    active = copy.root / INF / "virtio-snd.inf"
    shutil.copy(copy.root / WHERE[ALIAS], active)
    t.check(any("the alias is active" in finding for finding in copy.findings()), "found: the_alias_is_active")
    active.rename(active.with_name("other.inf"))
    t.check(any("no package" in finding for finding in copy.findings()), "found: an_inf_of_no_package")
    active.with_name("other.inf").unlink()


def stamping(t, copy):
    header = copy.root / version.VERSION_H
    header.write_text(header.read_text().replace("BUILD 0", "BUILD 7"))
    before = {path.name: path.read_bytes() for path in version.infs(copy.root)}
    t.check(copy.findings(), "a_new_version_is_missed_in_the_infs")
    with contextlib.redirect_stdout(None):
        version.stamp(copy.root)
    after = {path.name: path.read_bytes() for path in version.infs(copy.root)}
    t.none(copy.findings(), "stamping_puts_it_there")
    t.check(all(len(after[name]) == len(before[name]) and after[name].count(b",1.0.0.7\r\n") == 1 for name in before),
            "stamping_changes_nothing_else")


def parsing(t):
    parsed = inf.Inf(b'[A]\r\nx = "a ; b", "say ""hi""" ; comment\r\nHKR,,"q,r", \\\r\n  1\r\n[a.B]\r\n'
                     b'%S%=%12%\\f, 5%%\r\n[Strings]\r\nS = "T"\r\n')
    lines = [(line.key, line.fields) for line in parsed.section("a")]
    t.check(lines == [("x", ["a ; b", 'say "hi"']), (None, ["HKR", "", "q,r", "1"])], "quotes_comments_continuations",
            lines)
    t.check(parsed.tokens() == {"s"} and parsed.expand("%s%%%x%12%") == "T%x%12%", "string_tokens", parsed.tokens())


def git(*words, cwd):
    return subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)


def checkout(t):
    """The lines end with CR LF in a fresh checkout as in the working tree, whatever git's own settings are."""
    with tempfile.TemporaryDirectory(prefix="aero test ") as folder:
        wanted = {name: (ROOT / path).read_bytes() for name, path in WHERE.items()}
        git("init", "-q", folder, cwd=folder)
        shutil.copy(ROOT / ".gitattributes", folder)
        for name, content in wanted.items():
            pathlib.Path(folder, name).write_bytes(content)
        git("add", ".", cwd=folder)
        for setting in ("false", "true", "input"):
            git("config", "core.autocrlf", setting, cwd=folder)
            for name in wanted:
                pathlib.Path(folder, name).unlink()
            git("checkout-index", "-a", "-f", cwd=folder)
            found = {name: pathlib.Path(folder, name).read_bytes() for name in wanted}
            t.check(found == wanted, f"a_checkout_with_autocrlf_{setting}_has_the_same_bytes")


def main():
    t = tap.Tap()
    t.none(check_infs.check(ROOT), "the_infs_are_clean")
    parsing(t)
    with Copy() as copy:
        t.none(copy.findings(), "the_copy_is_clean")
        for mutation in MUTATIONS:
            mutate(t, copy, *mutation)
        stray_files(t, copy)
        t.none(copy.findings(), "the_copy_is_clean_again")
        stamping(t, copy)
    checkout(t)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
