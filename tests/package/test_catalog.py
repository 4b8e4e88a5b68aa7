#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The form of a catalog, value by value, by a reader that shares nothing with the writer. Prints TAP."""
import hashlib
import pathlib
import re
import sys

import der
import scratch
import tap

MS = "1.3.6.1.4.1.311."
SHA1, SIGNED_DATA = "1.3.14.3.2.26", "1.2.840.113549.1.7.2"
CONTENT_TYPE, SIGNING_TIME, MESSAGE_DIGEST = (f"1.2.840.113549.1.9.{n}" for n in (3, 5, 4))
FLAGS = bytes.fromhex("10010001")
# The interface package, type and empty value of the two kinds of member.
PE = ("{C689AAB8-8E78-11D0-8C47-00C04FC295EE}", MS + "2.1.15", "300a030205a0a004a2028000")
FLAT = ("{DE351A42-8E59-11D0-8C47-00C04FC295EE}", MS + "2.1.25", "a2028000")


def little(text):
    return (text + "\0").encode("utf-16-le")


def big(text):
    return text.encode("utf-16-be")


def authenticode(data):
    """SHA-1 of an image without CheckSum, security directory entry and certificate table."""
    optional = int.from_bytes(data[60:64], "little") + 24
    entry = optional + (128 if data[optional:optional + 2] == b"\x0b\x01" else 144)
    table = int.from_bytes(data[entry:entry + 4], "little") or len(data)
    return hashlib.sha1(data[:optional + 64] + data[optional + 68:entry] + data[entry + 8:table]).digest()


def check_frame(t, outer):
    signed = outer[1][0]
    t.check(outer[0].oid() == SIGNED_DATA and outer[1].kind == "[0]", "frame: PKCS #7 signed data")
    t.check(signed[0].content == b"\x01", "frame: version 1")
    t.check(signed[1].kind == "SET" and [entry[0].oid() for entry in signed[1].children] == [SHA1] and
            signed[1][0][1].kind == "NULL", "frame: digestAlgorithms is {sha1}")
    content = signed[2]
    t.check(content[0].oid() == MS + "10.1" and content[1].kind == "[0]" and content[1][0].kind == "SEQUENCE",
            "frame: the content is a bare SEQUENCE")
    return content[1][0], signed


def check_list(t, ctl):
    kinds = [child.kind for child in ctl.children]
    t.check(kinds == ["SEQUENCE", "OCTET STRING", "UTCTIME", "SEQUENCE", "SEQUENCE", "[0]"], "list: its six parts",
            kinds)
    t.check([entry.oid() for entry in ctl[0].children] == [MS + "12.1.1"], "list: usage is catalog list")
    t.check(len(ctl[1].content) == 16 and any(ctl[1].content), "list: an identifier of 16 bytes")
    t.check(ctl[2].content.decode() == scratch.DATE, "list: dated as asked", ctl[2].content)
    t.check(ctl[3][0].oid() == MS + "12.1.2" and ctl[3][1].kind == "NULL", "list: members of version 1")
    tags = [member[0].content for member in ctl[4].children]
    t.check(tags == sorted(tags) and len(set(tags)) == len(tags), "list: members ascend by tag")


def attributes(member):
    """{OID or name of a named value: value}"""
    found = {}
    for attribute in member[1].children:
        oid, values = attribute[0].oid(), attribute[1]
        assert attribute.kind == "SEQUENCE" and values.kind == "SET" and len(values) == 1, oid
        value = values[0]
        found[value[0].content.decode("utf-16-be") if oid == MS + "12.2.1" else oid] = value
    return found


def check_named(t, value, wanted, name):
    t.check([child.kind for child in value.children] == ["BMP", "INTEGER", "OCTET STRING"] and
            value[1].content == FLAGS and value[2].content == little(wanted), name, value.raw.hex())


def check_member(t, path, members):
    data = path.read_bytes()
    sip, kind, empty = PE if path.suffix == ".sys" else FLAT
    digest = authenticode(data) if path.suffix == ".sys" else hashlib.sha1(data).digest()
    tag = little(digest.hex().upper())
    name = path.name
    if not t.check(len(tag) == 82 and tag in members, f"{name}: its tag is its SHA-1, in 82 bytes of UTF-16LE"):
        return
    member = members[tag]
    encoded = [attribute.raw for attribute in member[1].children]
    t.check(member[1].kind == "SET" and encoded == sorted(encoded), f"{name}: attributes in the order of DER")
    found = attributes(member)
    t.check(set(found) == {"OSAttr", "File", MS + "2.1.4", MS + "12.2.2"}, f"{name}: four attributes", list(found))
    check_named(t, found["OSAttr"], "2:6.1", f"{name}: OSAttr")
    check_named(t, found["File"], name.lower(), f"{name}: File, in lower case")
    data = found[MS + "2.1.4"]
    t.check(data[0][0].oid() == kind and data[0][1].raw.hex() == empty, f"{name}: its kind, with an empty file name",
            data.raw.hex())
    t.check(data[1][0][0].oid() == SHA1 and data[1][0][1].kind == "NULL" and data[1][1].content == digest,
            f"{name}: its digest")
    info = found[MS + "12.2.2"]
    t.check(info[0].kind == "BMP" and info[0].content == big(sip) and info[1].content == b"\x02\x00",
            f"{name}: its interface package")


def check_list_attributes(t, ctl, inf, system):
    found = []
    for attribute in ctl[5][0].children:
        value = der.read(attribute[1].content)
        t.check(attribute[0].oid() == MS + "12.2.1" and attribute[1].kind == "OCTET STRING" and
                value[0].kind == "BMP" and value[1].content == FLAGS,
                "list attribute: a named value in an OCTET STRING")
        found.append((value[0].content.decode("utf-16-be"), value[2].content))
    ids = sorted(set(re.findall(r"(?m)^%DeviceName%.*,\s*(PCI\\\S+)", inf.read_text())))
    wanted = [("OS", little(system))] + [(f"HWID{at}", little(text.lower())) for at, text in enumerate(ids, 1)]
    t.check(len(ids) == 1 and found == wanted, "list attributes: OS, and the INF's hardware IDs in lower case", found)


def check_signer(t, ctl, signed):
    t.check([child.kind for child in signed.children] == ["INTEGER", "SET", "SEQUENCE", "[0]", "SET"] and
            len(signed[4]) == 1, "frame: one certificate set, one signer")
    signer = signed[4][0]
    found = {attribute[0].oid(): attribute[1][0] for attribute in signer[3].children}
    t.check(found[CONTENT_TYPE].oid() == MS + "10.1", "signer: content type")
    t.check(found[SIGNING_TIME].content.decode() == scratch.DATE, "signer: signing time", found[SIGNING_TIME].content)
    t.check(found[MESSAGE_DIGEST].content == hashlib.sha1(ctl.content).digest(),
            "signer: the digest is of the content without tag and length")


def check_package(t, folder, system):
    catalog, = folder.glob("*.cat")
    ctl, signed = check_frame(t, der.read(catalog.read_bytes()))
    check_list(t, ctl)
    members = {member[0].content: member for member in ctl[4].children}
    files = sorted(path for path in folder.iterdir() if path.suffix != ".cat")
    t.check(len(members) == len(files) == 2, "one member a file", len(members))
    for path in files:
        check_member(t, path, members)
    inf, = folder.glob("*.inf")
    check_list_attributes(t, ctl, inf, system)
    check_signer(t, ctl, signed)


def write(folder, *more, inf=None, time=scratch.TIME):
    inf = inf or next(folder.glob("*.inf"))
    return scratch.run(scratch.CATALOG, "write", "--os", "7X64", "--time", time, "--inf", inf, "-o",
                       folder / "x.cat", *sorted(folder.glob("*.[is][ny][fs]")), *more)


def check_determinism(t, folder):
    made = []
    for extra in ((), (), (folder / "more.txt",)):
        (folder / "more.txt").write_bytes(b"more")
        write(folder, *extra)
        made.append((folder / "x.cat").read_bytes())
    identifier = [der.read(data)[1][0][2][1][0][1].content for data in made]
    t.check(made[0] == made[1], "the same files give the same catalog")
    t.check(identifier[0] == identifier[1] != identifier[2], "other files give another identifier")


def check_errors(t, folder):
    (folder / "x.cat").unlink(missing_ok=True)
    bad = folder / "bad.txt"
    cases = {"no file": lambda: write(folder, folder / "absent"), "a folder": lambda: write(folder, folder),
             "no INF": lambda: write(folder, inf=folder / "absent"), "no time": lambda: write(folder, time="soon"),
             "UTF-16": lambda: write(folder, inf=bad), "no ID": lambda: write(folder, inf=bad)}
    for name, attempt in cases.items():
        bad.write_bytes("\ufeff[Version]".encode("utf-16-le") if name == "UTF-16" else b"[Version]\r\n")
        done = attempt()
        t.check(done.returncode == 2 and done.stderr.startswith("aero-snd: ") and done.stderr.count("\n") == 1 and
                not (folder / "x.cat").exists(), f"{name}: one line, nothing written", done.stderr, done.returncode)


def main():
    t = tap.Tap()
    with scratch.folder() as name:
        root = pathlib.Path(name)
        signer = scratch.signing.test_signer("sha1", root / "cert")
        for arch, system in (("x86", "7X86"), ("x64", "7X64")):
            check_package(t, scratch.signed(root / arch, signer, arch), system)
        check_determinism(t, scratch.staged(root / "plain"))
        check_errors(t, root / "plain")
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
