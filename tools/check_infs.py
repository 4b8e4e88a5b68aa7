#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks the driver's INFs: their form, what Windows 7 needs, and the manifest, the driver and its constants.

  tools/check_infs.py [ROOT]    prints findings, "file: what"; exit status 1 when there are any

Sources: WDK, "Summary of INF Sections", "INF AddService Directive", "Installing a Port Class Audio Adapter".
"""
import re
import struct
import sys

import contract
import guard
import version
from inf import Inf

SND = "drivers/windows7/virtio-snd"
DECORATIONS = ("NTx86", "NTamd64")
PARTS = ("", ".HW", ".Interfaces", ".Services")
WELL_KNOWN = {"version", "sourcedisksnames", "sourcedisksfiles", "destinationdirs", "manufacturer", "strings"}
HARDWARE_ID = re.compile(r"^PCI\\VEN_[0-9A-F]{4}&DEV_[0-9A-F]{4}(&SUBSYS_[0-9A-F]{8})?(&REV_[0-9A-F]{2})?$")
KEEP_DWORD = "0x00010003"  # FLG_ADDREG_TYPE_DWORD | FLG_ADDREG_NOCLOBBER
KEEP_BINARY = "0x00000003"  # FLG_ADDREG_TYPE_BINARY | FLG_ADDREG_NOCLOBBER
OEM_FORMAT_BLOB = "<II HHIIHHH HI 16s"  # PROPVARIANT: VT_BLOB, size; WAVEFORMATEXTENSIBLE
VT_BLOB, EXTENSIBLE, EXTENSIBLE_BYTES = 0x41, 0xFFFE, 40
ENDPOINT_KEYS = ("pkey_audioendpoint_association", "pkey_audioendpoint_supports_eventdriven_mode",
                 "pkey_audioengine_oemformat")
SUBTYPE_PCM = bytes.fromhex("0100000000001000800000aa00389b71")
SPEAKERS = {1: 0x4, 2: 0x3}  # channels: front centre; front left and right
FIXED = (  # section, key, value of every package
    ("Version", "Signature", "$WINDOWS NT$"), ("Version", "Class", "MEDIA"),
    ("Version", "ClassGUID", "{4d36e96c-e325-11ce-bfc1-08002be10318}"), ("Version", "Provider", "Aero"),
    ("Version", "PnpLockDown", "1"))
SERVICE = (("ServiceType", "1"), ("StartType", "3"), ("ErrorControl", "1"))
DRIVER_KEY = {  # (subkey, value): data; what Windows 7's audio set-up reads below the driver's key
    ("", "AssociatedFilters"): ["wdmaud,swmidi,redbook"], ("", "SetupPreferredAudioDevices"): ["01", "00", "00", "00"],
    ("Drivers", "SubClasses"): ["wave,mixer"], ("Drivers\\wave\\wdmaud.drv", "Driver"): ["wdmaud.drv"],
    ("Drivers\\mixer\\wdmaud.drv", "Driver"): ["wdmaud.drv"]}
PROXY = "{17CCA71B-ECD7-11D0-B908-00A0C9223196}"  # the KS proxy


# ---- form ----

def bytes_are_plain(inf, _):
    if any(byte > 126 or byte < 32 and byte not in b"\r\n" for byte in inf.content):
        yield "holds something else than printable ASCII"
    if inf.content.count(b"\n") != inf.content.count(b"\r\n") or inf.content.count(b"\r") != inf.content.count(b"\n"):
        yield "a line does not end with CR LF"
    if not inf.content.endswith(b"\r\n"):
        yield "the last line has no end"


def repeated_names(inf, _):
    for name in inf.repeated:
        yield f"section [{name}] is there twice"
    names = [line.key.lower() for line in inf.section("Strings") if line.key]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"string {name} is there twice"


def references(inf):
    """[(section that names, section named)] of every directive that names sections."""
    found = [("Manufacturer", section) for section in inf.models().values()]
    for decoration, models in inf.models().items():
        found += [(models, f"{install}.{decoration}{part}") for _, install, _ in inf.devices(models) for part in PARTS]
    for name, lines in inf.sections.items():
        for line in lines:
            key = (line.key or "").lower()
            if key in ("addreg", "delreg", "copyfiles", "delfiles"):
                found += [(name, section) for section in line.fields if not section.startswith("@")]
            elif key == "addinterface":
                found += [(name, section) for section in line.fields[2:3] if section]
            elif key == "addservice":
                found += [(name, section) for section in line.fields[2:4] if section]
            elif name == "destinationdirs":
                found.append((name, line.key))
    return found


def sections_meet(inf, _):
    found = references(inf)
    for source, section in found:
        if section.lower() not in inf.sections and section.lower() != "defaultdestdir":
            yield f"[{inf.names.get(source.lower(), source)}] names [{section}], which is not there"
    named = {section.lower() for source, section in found if source != "destinationdirs"}
    for name in sorted(set(inf.sections) - named - WELL_KNOWN):
        yield f"nothing names the section [{inf.names[name]}]"
    for name in sorted(WELL_KNOWN - set(inf.sections)):
        yield f"there is no section [{name}]"


def strings_meet(inf, _):
    defined = set(inf.strings())
    for name in sorted(inf.tokens() - defined):
        yield f"%{name}% is not defined"
    for name in sorted(defined - inf.tokens()):
        yield f"the string {name} is not used"


# ---- what Windows 7 needs ----

def fixed_values(inf, facts):
    for section, key, wanted in FIXED:
        if inf.value(section, key) != wanted:
            yield f"[{section}] {key} is {inf.value(section, key)!r}, not {wanted!r}"
    if ",".join((inf.values("Version", "DriverVer") or [[]])[0]) != facts.driver_ver:
        yield f"DriverVer is not {facts.driver_ver}: run tools/version.py stamp"
    if inf.value("Version", "CatalogFile") != facts.package["catalog_name"]:
        yield f"CatalogFile is not {facts.package['catalog_name']}"


def architectures(inf, facts):
    """Both decorations, with the same devices and the same contents of their install sections."""
    if tuple(inf.models()) != DECORATIONS:
        yield f"the models are for {tuple(inf.models())}, not for {DECORATIONS}"
        return
    installs = set()
    for decoration, models in inf.models().items():
        for name, install, ids in inf.devices(models):
            installs.add((name, install, *ids))
            if name != facts.package["device_name"]:
                yield f"a device is called {name!r} in [{models}]"
    if len(installs) != 1:
        yield f"the architectures do not have one and the same device: {sorted(installs)}"
        return
    install = installs.pop()[1]
    for part in PARTS:
        x86, x64 = ([(line.key, line.fields) for line in inf.section(f"{install}.{d}{part}")] for d in DECORATIONS)
        if x86 != x64:
            yield f"[{install}.NTx86{part}] and [{install}.NTamd64{part}] differ"


def install_sections(inf):
    """Names of the decorated install sections that models lead to."""
    return sorted({f"{install}.{decoration}" for decoration, models in inf.models().items()
                   for _, install, _ in inf.devices(models)})


def registry(inf, section):
    """{(subkey, value name): [flags, data...]} of what the AddReg directives of a section lead to, expanded."""
    found = {}
    for names in inf.values(section, "AddReg"):
        for name in names:
            for line in inf.section(name):
                fields = [inf.expand(field) for field in line.fields] + ["", "", ""]
                found[(fields[1], fields[2])] = fields[3:len(line.fields)]
                if fields[0] != "HKR":
                    found[("", f"({fields[0]})")] = ["", "not below HKR"]
    return found


def driver_key(inf, facts):
    wanted = dict(DRIVER_KEY)
    wanted[("", "Driver")] = [facts.package["sys_name"]]
    for driver in ("wave", "mixer"):
        wanted[(f"Drivers\\{driver}\\wdmaud.drv", "Description")] = [facts.package["device_name"]]
    for section in install_sections(inf):
        entries = registry(inf, section)
        if entries.get(("", "SetupPreferredAudioDevices"), [KEEP_BINARY])[0] != KEEP_BINARY:
            yield f"[{section}] writes over SetupPreferredAudioDevices, which an upgrade leaves as it is"
        found = {key: fields[1:] for key, fields in entries.items()}
        for key in sorted(set(found) | set(wanted)):
            if found.get(key) != wanted.get(key):
                yield f"[{section}] writes {found.get(key)} to {key}, not {wanted.get(key)}"
        for key, words in (("Include", ["ks.inf", "wdmaudio.inf"]),
                           ("Needs", ["KS.Registration", "WDMAUDIO.Registration"])):
            if inf.values(section, key) != [words]:
                yield f"[{section}] {key} is not {', '.join(words)}"


def files(inf, facts):
    """One file, from the only disk, to System32\\drivers, from every install section."""
    sys_name = facts.package["sys_name"]
    if [(line.key, line.fields) for line in inf.section("SourceDisksFiles")] != [(sys_name, ["1"])]:
        yield f"[SourceDisksFiles] is not {sys_name} = 1"
    for section in install_sections(inf):
        lists = [name for names in inf.values(section, "CopyFiles") for name in names]
        copied = [line.fields for name in lists for line in inf.section(name)]
        if copied != [[sys_name]]:
            yield f"[{section}] copies {copied}, not {sys_name}"
        for name in lists:
            if inf.values("DestinationDirs", name) != [["12"]]:
                yield f"[DestinationDirs] {name} is not 12"


def services(inf, facts):
    for section in install_sections(inf):
        lines = inf.values(section + ".Services", "AddService")
        if len(lines) != 1 or lines[0][:2] != [facts.package["service_name"], "0x00000002"] or len(lines[0]) != 4:
            yield f"[{section}.Services] does not add {facts.package['service_name']} as the device's function driver"
            continue
        for key, wanted in SERVICE + (("ServiceBinary", f"%12%\\{facts.package['sys_name']}"),
                                      ("DisplayName", facts.package["device_name"])):
            if inf.value(lines[0][2], key) != wanted:
                yield f"[{lines[0][2]}] {key} is {inf.value(lines[0][2], key)!r}, not {wanted!r}"
        log = registry(inf, lines[0][3])
        wanted = {("", "EventMessageFile"): ["0x00020000", "%SystemRoot%\\System32\\IoLogMsg.dll;"
                                             f"%SystemRoot%\\System32\\drivers\\{facts.package['sys_name']}"],
                  ("", "TypesSupported"): ["0x00010001", "7"]}
        if log != wanted:
            yield f"[{lines[0][3]}] does not register the driver's messages: {log}"


# ---- what the driver has ----

def switches(inf, facts):
    for section in install_sections(inf):
        wanted = {("", name): [KEEP_DWORD, "0"] for name in facts.switches}
        found = registry(inf, section + ".HW")
        if found != wanted:
            yield f"[{section}.HW] writes {found}, not the switches {', '.join(facts.switches)}, off and kept"


def interfaces(inf, facts):
    for section in install_sections(inf):
        lines = [[inf.expand(field) for field in line] for line in inf.values(section + ".Interfaces", "AddInterface")]
        found = sorted((line[1], line[0]) for line in lines)
        if found != sorted(facts.interfaces):
            yield f"[{section}.Interfaces] registers {found}, the driver {sorted(facts.interfaces)}"
        for line in lines:
            values = registry(inf, line[2])
            if values.get(("", "CLSID")) != ["", PROXY]:
                yield f"[{line[2]}] has no CLSID of the proxy"
            if not (values.get(("", "FriendlyName")) or [""])[-1].startswith(facts.package["device_name"]):
                yield f"[{line[2]}] has no friendly name"


def endpoints(inf, facts):
    """EP\\0 and EP\\1 of the filter that has the jacks: association, event mode, format."""
    keys = [inf.strings().get(name) for name in ENDPOINT_KEYS]
    for section in sorted({line[2] for install in install_sections(inf)
                           for line in inf.values(install + ".Interfaces", "AddInterface")
                           if inf.expand(line[1]) == "Topology"}):
        values = registry(inf, section)
        if {sub for sub, _ in values if sub.startswith("EP")} != {f"EP\\{n}" for n, _ in enumerate(facts.endpoints)}:
            yield f"[{section}] does not describe {len(facts.endpoints)} endpoints"
        for number, (node, channels) in enumerate(facts.endpoints):
            found = [values.get((f"EP\\{number}", key), []) for key in keys]
            if found[0] != ["", node]:
                yield f"[{section}] associates endpoint {number} with {found[0]}, not with {node}"
            if found[1][:1] != ["0x00010001"] or int(found[1][-1], 0) != 1:
                yield f"[{section}] endpoint {number} is not event-driven"
            yield from (f"[{section}] endpoint {number}: {text}" for text in oem_format(found[2], channels, facts))


def oem_format(fields, channels, facts):
    data = bytes(int(field, 16) for field in fields[1:]) if fields[:1] == ["0x00000001"] else b""
    if len(data) != struct.calcsize(OEM_FORMAT_BLOB):
        yield f"the format has {len(data)} bytes"
        return
    frame = channels * facts.bits // 8
    wanted = (VT_BLOB, EXTENSIBLE_BYTES, EXTENSIBLE, channels, facts.rate, facts.rate * frame, frame, facts.bits,
              EXTENSIBLE_BYTES - 18, facts.bits, SPEAKERS[channels], SUBTYPE_PCM)
    if struct.unpack(OEM_FORMAT_BLOB, data) != wanted:
        yield f"the format is {struct.unpack(OEM_FORMAT_BLOB, data)}, not {wanted}"


def no_message_interrupts(inf, _):
    if "messagesignaled" in inf.text.lower().replace(" ", ""):
        yield "asks for message-signalled interrupts, which the driver does not use"


def hardware_ids(inf, facts):
    found = inf.hardware_ids()
    for hwid in sorted(found):
        if not HARDWARE_ID.match(hwid):
            yield f"{hwid} is not a hardware ID of PCI"
    if found != set(facts.package["hardware_ids"]):
        yield f"binds to {sorted(found)}, the manifest has {facts.package['hardware_ids']}"
    for hwid in sorted(found & facts.short_forms):
        yield f"binds to the short form {hwid}"
    if facts.package["variant"] == "contract":
        tighter = facts.tighter
        commented = re.findall(r"^;%DeviceName% = \w+, (\S+)\r?$", inf.text, re.MULTILINE)
        if commented != [tighter] * len(DECORATIONS):
            yield f"the tighter {tighter} is not there as a comment for each architecture"


RULES = (bytes_are_plain, repeated_names, sections_meet, strings_meet, fixed_values, architectures, driver_key, files,
         services, switches, interfaces, endpoints, no_message_interrupts, hardware_ids)


# ---- the facts: read from the driver's sources and the manifest ----

def constants(text):
    """{name: number} of #define NAME number."""
    return {name: int(value.rstrip("uU"), 0)
            for name, value in re.findall(r"^#define (\w+) (0x[0-9A-Fa-f]+u?|\d+u?)\b", text, re.MULTILINE)}


class Facts:
    """What one package's INF has to agree with."""

    def __init__(self, root, package):
        source = lambda name: (root / SND / name).read_text()  # noqa: E731
        device = contract.device(root)
        formats = constants(source("include/wavert_format.h"))
        self.package = package
        self.driver_ver = version.driver_ver(root)
        self.short_forms = {hwid for hwid in device["hardware_id_patterns"] if "&REV_" not in hwid}
        self.tighter = device["hardware_id_patterns"][0]
        self.switches = re.findall(r'IsSwitchOn\(Key, L"(\w+)"\)', source("src/registry.c"))
        self.rate, self.bits = formats["WAVERT_SAMPLE_RATE"], formats["WAVERT_BITS_PER_SAMPLE"]
        self.endpoints = (("{DFF21CE1-F70F-11D0-B917-00A0C9223196}", formats["WAVERT_RENDER_CHANNELS"]),
                          ("{DFF21BE1-F70F-11D0-B917-00A0C9223196}", formats["WAVERT_CAPTURE_CHANNELS"]))
        self.interfaces = [(name, GUIDS[category]) for name, table in (("Wave", "wavert"), ("Topology", "topology"))
                           for category in re.findall(r"STATIC_(KSCATEGORY_\w+)", source(f"src/{table}_tables.c"))]


GUIDS = {"KSCATEGORY_AUDIO": "{6994AD04-93EF-11D0-A3CC-00A0C9223196}",
         "KSCATEGORY_RENDER": "{65E8773E-8F56-11D0-A3B9-00A0C9223196}",
         "KSCATEGORY_CAPTURE": "{65E8773D-8F56-11D0-A3B9-00A0C9223196}",
         "KSCATEGORY_REALTIME": "{EB115FFC-10C8-4964-831D-6DCB02E6F23F}",
         "KSCATEGORY_TOPOLOGY": "{DDA54A40-1E4C-11D1-A050-405705C10000}"}


# ---- all packages together ----

def names_removed(inf, package):
    """The entries of an INF with all names that a package may choose replaced: equal for all packages."""
    base = next((install for models in inf.models().values() for _, install, _ in inf.devices(models)), "")
    words = [(package["catalog_name"], "<CAT>"), (package["sys_name"], "<SYS>"), (package["service_name"], "<SERVICE>"),
             (package["device_name"], "<DEVICE>"), *((hwid, "<ID>") for hwid in package["hardware_ids"])]
    found = []
    for name, lines in inf.sections.items():
        entries = [f"[{name}]", *(f"{line.key}={line.fields}" for line in lines)]
        for entry in entries:
            entry = entry.replace("\\\\", "\\")
            for word, mark in words:
                entry = entry.replace(word, mark)
            found.append(re.sub(rf"\b{re.escape(base)}\.", "<BASE>.", entry, flags=re.IGNORECASE).replace(
                f"['{base}'", "['<BASE>'"))
    return found


def alike(infs):
    """The packages differ in names only."""
    first, *others = infs
    plain = names_removed(*first[1:])
    for name, inf, package in others:
        differing = sorted(set(names_removed(inf, package)) ^ set(plain))
        if differing:
            yield f"{name}: differs from {first[0]} in more than names: {differing[:3]}"


def same_device(hwid, other):
    """There can be a device that has both IDs: no part of one contradicts the other."""
    parts, others = (dict(part.split("_") for part in text.split("\\")[1].split("&")) for text in (hwid, other))
    return all(others.get(key, value) == value for key, value in parts.items())


def overlaps(infs):
    """The contract package shares no device with the others; those two share none without one ID outranking."""
    for index, (name, inf, package) in enumerate(infs):
        for other_name, other, other_package in infs[index + 1:]:
            for hwid in sorted(inf.hardware_ids()):
                for other_id in sorted(other.hardware_ids()):
                    ranked = "contract" not in (package["variant"], other_package["variant"]) and hwid != other_id
                    if not ranked and same_device(hwid, other_id):
                        yield f"{name}: {hwid} and {other_id} of {other_name} match the same device"


def alias(root, package):
    """The disabled alias has the same bytes but for its second line, which names the file."""
    folder = root / contract.INF_FOLDER
    if not package["inf_alias"]:
        return
    names = (package["inf_name"], package["inf_alias"])
    original, copy = ((folder / name).read_bytes().split(b"\r\n") for name in names)
    active = package["inf_alias"].removesuffix(".disabled")
    if (folder / active).exists():
        yield f"{active}: the alias is active; two INFs match the same device"
    if not copy[1].startswith(b"; " + active.encode() + b":"):
        yield f"{package['inf_alias']}: its second line does not name it"
    if copy[:1] + copy[2:] != original[:1] + original[2:]:
        yield f"{package['inf_alias']}: differs from {package['inf_name']} in more than its second line"


def check(root):
    """All findings below a project's root."""
    folder = root / contract.INF_FOLDER
    infs = []
    for package in contract.packages(root):
        inf = Inf((folder / package["inf_name"]).read_bytes())
        infs.append((package["inf_name"], inf, package))
        facts = Facts(root, package)
        for rule in RULES:
            yield from (f"{package['inf_name']}: {text}" for text in rule(inf, facts))
        yield from alias(root, package)
    known = {name for package in contract.packages(root) for name in (package["inf_name"], package["inf_alias"])}
    yield from (f"{path.name}: no package of the manifest has it" for path in version.infs(root)
                if path.name not in known)
    yield from overlaps(infs)
    yield from alike(infs)


if __name__ == "__main__":
    sys.exit(guard.main(sys.argv[1:], (check,), "the INFs are as they should be"))
