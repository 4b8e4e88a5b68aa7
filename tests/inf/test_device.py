#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""INFs, manifest, driver and device model agree: reference strings and endpoints are those that each shipped image
registers in the bench, hardware IDs those that each device shows, numbers those of the driver's headers. Prints TAP."""
import ctypes
import json
import pathlib
import re
import subprocess
import sys

import pefile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_infs  # noqa: E402
import contract  # noqa: E402
import inf  # noqa: E402
import tap  # noqa: E402
import version  # noqa: E402

BENCH = ROOT / "out/host/aero-bench"
PLUGIN = ROOT / "out/host/vsnd_plugin.so"
IMAGES = ROOT / "out/drivers/windows7/virtio-snd"
HEADERS = pathlib.Path("/usr/share/mingw-w64/include")
COMMON = ROOT / "drivers/windows7/virtio/common"
# Each package and the device of the model that it is made for; each device and the packages that Windows would offer.
DEVICES = {"contract": "aero", "legacy": "transitional", "ioport": "ioport"}
OFFERED = {"aero": {"contract"}, "qemu": {"contract"}, "transitional": {"legacy", "ioport"},
           "ioport": {"legacy", "ioport"}}
# In virtio_wire.h, by the manifest's name.
WIRE = {"virtio_device_type": "VIRTIO_ID_SOUND", "pci_vendor_id": "VIRTIO_PCI_VENDOR_ID",
        "pci_device_id": "VIRTIO_SND_PCI_DEVICE_MODERN",
        "pci_device_id_transitional": "VIRTIO_SND_PCI_DEVICE_TRANSITIONAL",
        "pci_revision_id": "VIRTIO_CONTRACT_REVISION", "pci_subsystem_vendor_id": "VIRTIO_PCI_VENDOR_ID",
        "pci_subsystem_id": "VIRTIO_ID_SOUND"}
# In virtio_pci_contract.c: what the driver of each package accepts.
CONTRACTS = {"contract": "VirtioPciContractSound", "legacy": "VirtioPciContractSoundTransitional",
             "ioport": "VirtioPciContractSoundIoPort"}


def parsed(package):
    return inf.Inf((ROOT / contract.INF_FOLDER / package["inf_name"]).read_bytes())


# ---- the driver, running ----

def shown(package, arch):
    done = subprocess.run([BENCH, "show", "--json", "--arch", arch, "--sys", IMAGES / arch / package["sys_name"],
                           "--device", "model:" + DEVICES[package["variant"]]], check=True, capture_output=True)
    return json.loads(done.stdout)


def registered(package):
    """({reference string: {category}}, [node of each endpoint]) of the INF; categories by their names."""
    this = parsed(package)
    names = {guid: name for name, guid in check_infs.GUIDS.items()}
    found, endpoints = {}, {}
    for section in check_infs.install_sections(this):
        for line in this.values(section + ".Interfaces", "AddInterface"):
            found.setdefault(this.expand(line[1]), set()).add(names.get(this.expand(line[0])))
            for (subkey, name), value in check_infs.registry(this, line[2]).items():
                if subkey.startswith("EP\\") and name.endswith("},2"):
                    endpoints[(this.expand(line[1]), int(subkey[3:]))] = value[-1]
    return found, endpoints


def subdevices(t, package, arch):
    """Every filter has an interface of AUDIO under its name; the WaveRT one REALTIME, the other TOPOLOGY."""
    device = shown(package, arch)
    found, endpoints = registered(package)
    kinds = {"WaveRT": "KSCATEGORY_REALTIME", "Topology": "KSCATEGORY_TOPOLOGY"}
    wanted = {item["name"]: {"KSCATEGORY_AUDIO", kinds[item["port"]]} for item in device["filters"]}
    wave = next(item["name"] for item in device["filters"] if item["port"] == "WaveRT")
    wanted[wave] |= {"KSCATEGORY_" + item["direction"].upper() for item in device["endpoints"]}
    name = f"{package['inf_name']}, {arch}"
    t.check(found == wanted, f"{name}: reference strings and categories are those of the driver", found, wanted)
    jacks = [(item["name"], pin["category"]) for item in device["filters"] for pin in item["pins"]
             if pin["category"].startswith("KSNODETYPE")]
    strings = parsed(package).strings()
    wanted = {(filter_name, number): strings.get(category.lower())
              for number, (filter_name, category) in enumerate(jacks)}
    t.check(endpoints == wanted, f"{name}: EP keys are the driver's jacks in their order", endpoints, wanted)


# ---- the device model ----

class Host(ctypes.Structure):
    """struct pci_plugin_host"""
    _fields_ = [("opaque", ctypes.c_void_p), ("ram", ctypes.c_void_p), ("ram_size", ctypes.c_uint64),
                ("msi", ctypes.c_void_p)]


class Ops(ctypes.Structure):
    """The head of struct pci_plugin_ops"""
    _fields_ = [("abi_version", ctypes.c_uint32),
                ("open", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(Host), ctypes.c_char_p)),
                ("close", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
                ("config_read", ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint16, ctypes.c_uint))]


def identity(personality):
    """Vendor, device, subsystem vendor and device, revision, as the model's configuration space shows them."""
    library = ctypes.CDLL(str(PLUGIN))
    library.pci_plugin.restype = ctypes.POINTER(Ops)
    ops = library.pci_plugin().contents
    ram = ctypes.create_string_buffer(4096)
    host = Host(None, ctypes.cast(ram, ctypes.c_void_p), len(ram), None)
    device = ops.open(ctypes.byref(host), personality.encode())
    found = tuple(ops.config_read(device, offset, size)
                  for offset, size in ((0x00, 2), (0x02, 2), (0x2C, 2), (0x2E, 2), (0x08, 1)))
    ops.close(device)
    return found


def hardware_ids(vendor, device, subsystem_vendor, subsystem, revision):
    """What Windows' PCI bus makes of a device, most specific first (WDK: "Identifiers for PCI Devices")."""
    plain = f"PCI\\VEN_{vendor:04X}&DEV_{device:04X}"
    tighter = f"{plain}&SUBSYS_{subsystem:04X}{subsystem_vendor:04X}"
    return [f"{tighter}&REV_{revision:02X}", tighter, f"{plain}&REV_{revision:02X}", plain]


def offers(t):
    device = contract.device()
    shows = {name: hardware_ids(*identity(name)) for name in OFFERED}
    t.check(shows["aero"] == device["hardware_id_patterns"], "the contract device shows the manifest's hardware IDs",
            shows["aero"])
    for name, wanted in OFFERED.items():
        found = {package["variant"] for package in contract.packages()
                 if parsed(package).hardware_ids() & set(shows[name])}
        t.check(found == wanted, f"the device {name} is offered {' and '.join(sorted(wanted))}", found, shows[name])
    ranks = {package["variant"]: min(shows["ioport"].index(hwid) for hwid in parsed(package).hardware_ids())
             for package in contract.packages()[1:]}
    t.check(ranks["ioport"] < ranks["legacy"], "on an I/O-port device its package outranks the legacy one", ranks)


# ---- the driver's numbers ----

def numbers(t):
    device = contract.device()
    wire = check_infs.constants((COMMON / "include/virtio_wire.h").read_text())
    found = {name: int(str(device[name]), 0) for name in WIRE}
    wanted = {name: wire[constant] for name, constant in WIRE.items()}
    t.check(found == wanted, "the manifest has the numbers of virtio_wire.h", found, wanted)
    t.check(device["pci_device_id"] == f"0x{0x1040 + device['virtio_device_type']:04X}", "1059 is 1040 plus the type")
    source = (COMMON / "src/virtio_pci_contract.c").read_text()
    for package in contract.packages():
        row = re.search(r"%s = \{\s*(\w+), (\w+), (\w+), (\w+)\}" % CONTRACTS[package["variant"]], source).groups()
        vendor, chip, revision = (wire[word] if word in wire else int(word, 0) for word in row[:3])
        hwid = f"PCI\\VEN_{vendor:04X}&DEV_{chip:04X}" + ("" if row[3] == "TRUE" else f"&REV_{revision:02X}")
        t.check(package["hardware_ids"] == [hwid], f"{package['sys_name']} accepts what its INF binds to", hwid)


def header_identifiers():
    """{name in lower case: text} of the GUIDs and property keys in mingw-w64's headers, which somebody else wrote."""
    text = "".join((HEADERS / name).read_text(errors="replace") for name in ("ks.h", "ksmedia.h", "ksproxy.h",
                                                                            "mmdeviceapi.h"))
    found = {name.lower(): "{%s}" % guid.upper()
             for guid, name in re.findall(r'DEFINE_GUIDSTRUCT\("([^"]+)",\s*(\w+)\)', text)}
    for name, *numbers in re.findall(r"DEFINE_PROPERTYKEY\((\w+)" + r",\s*(\w+)" * 12 + r"\)", text):
        first, second, third, *tail, key = (int(number, 0) for number in numbers)
        last = "".join(f"{byte:02X}" for byte in tail)
        found[name.lower()] = f"{{{first:08X}-{second:04X}-{third:04X}-{last[:4]}-{last[4:]}}},{key}"
    found["proxy.clsid"] = found["clsid_proxy"]
    return found


def identifiers(t):
    known = header_identifiers()
    for package in contract.packages():
        used = {name: text for name, text in parsed(package).strings().items() if text.startswith("{")}
        wrong = [f"{name} is {text}, not {known.get(name)}" for name, text in used.items() if known.get(name) != text]
        t.check(len(used) == 11 and not wrong, f"{package['inf_name']}: identifiers are those of the headers",
                len(used), *wrong)


def build(t):
    """The build's variants are the manifest's packages."""
    text = (ROOT / "mk/variants.mk").read_text()
    made = {variant + ".sys" for variant in re.findall(r"^\w+_SYS := (\w+)$", text, re.MULTILINE)}
    t.check(made == {package["sys_name"] for package in contract.packages()}, "the build makes every package's image",
            made)
    first = contract.packages()[0]
    device = contract.device()
    t.check((device["inf_name"], device["driver_service_name"]) == (first["inf_name"], first["service_name"]),
            "the device's own INF and service are the contract package's")


def resource(t, package, arch):
    """The version resource holds the project's version, as numbers and as text."""
    info = pefile.PE(str(IMAGES / arch / package["sys_name"])).VS_FIXEDFILEINFO[0]
    words = (info.FileVersionMS, info.FileVersionLS)
    found = ".".join(str(half) for word in words for half in (word >> 16, word & 0xFFFF))
    text = (IMAGES / arch / package["sys_name"]).read_bytes().count(version.version().encode("utf-16-le"))
    t.check(found == version.version() and text == 2, f"{package['sys_name']}, {arch}: the resource has the version",
            found, text)


def main():
    t = tap.Tap()
    for package in contract.packages():
        for arch in ("x86", "x64"):
            subdevices(t, package, arch)
            resource(t, package, arch)
    offers(t)
    numbers(t)
    identifiers(t)
    build(t)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
