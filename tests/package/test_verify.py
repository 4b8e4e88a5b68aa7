#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd verify: good packages of both catalog versions pass, any changed byte is found. Prints TAP.

test_verify.py --all flips every bit of the catalog and of the image's certificate table, and of the sampled bytes.
"""
import hashlib
import json
import pathlib
import random
import shutil
import sys

import der
import scratch
import tap
import test_catalog

MS = test_catalog.MS
SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
SAMPLES = 60  # of bytes that a digest covers
SEED = 7


class Case:
    """A signed package, and its signer's certificate."""

    def __init__(self, folder, cer):
        self.folder, self.cer = folder, cer

    def file(self, suffix):
        return next(self.folder.glob("*" + suffix))

    def findings(self, cer=None):
        """(all is well, {(file suffix, check): verdict})"""
        status, out, err = scratch.verify(self.folder, "--json", "--cert", cer or self.cer)
        if status == 2:
            raise AssertionError(err)
        report = json.loads(out)
        assert report["ok"] == (status == 0)
        return report["ok"], {(entry["file"][-4:], entry["check"]): entry["verdict"] for entry in report["findings"]}

    def with_change(self, path, change):
        """What is found while the file's bytes are `change` of them."""
        data = path.read_bytes()
        path.write_bytes(change(data))
        try:
            return self.findings()
        finally:
            path.write_bytes(data)


def flipped(offset, mask):
    return lambda data: data[:offset] + bytes([data[offset] ^ mask]) + data[offset + 1:]


def image_fields(data):
    """(offset of CheckSum, of the security directory's entry, of the certificate table)"""
    optional = int.from_bytes(data[60:64], "little") + 24
    entry = optional + (128 if data[optional:optional + 2] == b"\x0b\x01" else 144)
    return optional + 64, entry, int.from_bytes(data[entry:entry + 4], "little")


def protected_ranges(data):
    """Of a catalog: the signed content, and the certificate with its own signature."""
    signed = der.read(data)[1][0]
    values = (signed[2][1][0].content, signed[3][0].content)
    return [range(data.index(value), data.index(value) + len(value)) for value in values]


def offsets_of(path, everything):
    """Offsets to flip: all that rules cover one by one, samples of the rest."""
    data = path.read_bytes()
    chosen = random.Random(SEED).sample(range(len(data)), SAMPLES)
    if path.suffix == ".cat":
        content, certificate = protected_ranges(data)
        chosen += [at for at in range(len(data)) if everything or at not in content and at not in certificate]
    elif path.suffix == ".sys":
        checksum, entry, table = image_fields(data)
        chosen += [*range(checksum, checksum + 4), *range(entry, entry + 8), *range(table, table + 64),
                   *range(table + 64, len(data), 1 if everything else 7), len(data) - 1]
    return sorted(set(chosen))


def check_flips(t, case, everything):
    masks = random.Random(SEED)
    wanted = {".inf": (".inf", "member"), ".sys": None, ".cat": None}
    for suffix, blame in wanted.items():
        path = case.file(suffix)
        survivors, blameless = [], []
        for offset in offsets_of(path, everything):
            for mask in [1 << bit for bit in range(8)] if everything else [1 << masks.randrange(8)]:
                good, verdicts = case.with_change(path, flipped(offset, mask))
                bad = {key for key, verdict in verdicts.items() if verdict == "bad"}
                if good:
                    survivors.append(f"{path.name}: offset {offset}, mask {mask:#x}")
                if not {key for key in bad if key[0] == suffix} or blame and blame not in bad:
                    blameless.append(f"{path.name}: offset {offset}, mask {mask:#x}: {bad}")
        t.none(survivors, f"{suffix}: every flipped bit is found ({case.folder.name})")
        t.none(blameless, f"{suffix}: the verdict names the file ({case.folder.name})")


def check_image(t, case):
    path = case.file(".sys")
    data = path.read_bytes()
    checksum, entry, table = image_fields(data)
    for name, change, blame in (
            ("code", flipped(0x600, 1), {"checksum", "member", "signature"}),
            ("CheckSum", flipped(checksum, 1), {"checksum"}),
            ("the security directory", flipped(entry + 4, 8), {"checksum", "signature", "member"}),
            ("the signature", flipped(table + 8 + 700, 1), {"checksum", "signature"}),
            ("a byte more", lambda d: d + b"\0", {"checksum", "signature", "member"}),
            ("a byte less", lambda d: d[:-1], {"checksum", "signature"}),
            ("no table", lambda d: fix_checksum(d[:entry] + bytes(8) + d[entry + 8:table]), set())):
        _, verdicts = case.with_change(path, change)
        bad = {check for (suffix, check), verdict in verdicts.items() if suffix == ".sys" and verdict == "bad"}
        t.check(bad == blame, f"image: {name}: exactly {sorted(blame) or 'nothing'} is bad", sorted(bad), verdicts)
    for offset, name in ((table + 4, "revision"), (table + 6, "type"), (table, "length"), (len(data) - 1, "end")):
        _, verdicts = case.with_change(path, lambda d: fix_checksum(flipped(offset, 8)(d)))
        t.check(verdicts[".sys", "checksum"] == "ok" and verdicts[".sys", "signature"] == "bad",
                f"image: {name} of the table, with a right checksum, is found still", verdicts)


def fix_checksum(data):
    """The image with the checksum that its bytes have."""
    at = image_fields(data)[0]
    data = bytearray(data)
    data[at:at + 4] = bytes(4)
    total = sum(int.from_bytes(data[i:i + 2], "little") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    data[at:at + 4] = (total + len(data)).to_bytes(4, "little")
    return bytes(data)


def check_files(t, case, root):
    (case.folder / "more.txt").write_bytes(b"more")
    good, verdicts = case.findings()
    t.check(not good and verdicts[".txt", "member"] == "bad", "a file in no catalog is bad")
    status, _, _ = scratch.verify(case.folder, "--unlisted")
    t.check(status == 0, "a file in no catalog passes with --unlisted")
    (case.folder / "more.txt").unlink()
    inf = case.file(".inf")
    inf.rename(root / "kept")
    good, verdicts = case.findings()
    t.check(not good and verdicts[".cat", "members"] == "bad", "a listed file that is gone is bad")
    inf.write_bytes((root / "kept").read_bytes().replace(b"\r\n", b"\n"))
    good, verdicts = case.findings()
    t.check(not good and verdicts[".inf", "member"] == "bad", "an INF with other line ends is bad")
    (root / "kept").rename(inf)
    shutil.copytree(case.folder, root / "twice" / "deeper")
    status, out, _ = scratch.verify(root / "twice", "--cert", case.cer)
    t.check(status == 0 and "deeper/" in out, "packages in folders below are judged")


def check_chain(t, case, root):
    other = scratch.signing.test_signer("sha1", root / "other")
    stranger = scratch.certificate(root / "other.cer", other)
    good, verdicts = case.findings(stranger)
    t.check(not good and verdicts[".cat", "chain"] == verdicts[".sys", "chain"] == "bad" and
            verdicts[".cat", "signature"] == "ok", "another certificate of the same name is no anchor", verdicts)
    status, out, _ = scratch.verify(case.folder)
    t.check(status == 0 and "no certificate was given" in out, "without --cert the chain is not judged, and it says so")
    status, _, err = scratch.verify(case.folder, "--cert", case.file(".inf"))
    t.check(status == 2 and err.count("\n") == 1 and "no certificate" in err, "an anchor that is none: one line", err)
    mixed = Case(root / "mixed", case.cer)
    shutil.copytree(case.folder, mixed.folder)
    other.sign(mixed.file(".cat"), scratch.TIME)
    good, verdicts = mixed.findings()
    t.check(not good and verdicts[".cat", "chain"] == "bad" and verdicts[".sys", "chain"] == "ok",
            "a catalog that somebody else signed is bad, the image's own signature is not", verdicts)


def check_unsigned(t, case, root):
    plain = scratch.staged(root / "plain")
    status, _, err = scratch.verify(plain)
    t.check(status == 2 and "no catalog" in err and err.count("\n") == 1, "no catalog: one line", err)
    test_catalog.write(plain)
    status, out, _ = scratch.verify(plain, "--cert", case.cer)
    t.check(status == 1 and "not signed" in out, "a catalog without signature is bad", out)


# ---- a catalog of version 2, made here ----

def utf16(text):
    return der.wrapped(0x30, der.wrapped(30, text[0].encode("utf-16-be")), der.wrapped(2, bytes.fromhex("10010001")),
                       der.wrapped(4, (text[1] + "\0").encode("utf-16-le")))


def attribute(numbers, value):
    return der.sequence(der.oid(numbers), der.wrapped(0x31, value))


def member_v2(path, algorithm):
    data = path.read_bytes()
    if path.suffix == ".sys":
        checksum, entry, table = image_fields(data)
        data = data[:checksum] + data[checksum + 4:entry] + data[entry + 8:table or len(data)]
        kind = der.sequence(der.oid(test_catalog.PE[1]), bytes.fromhex(test_catalog.PE[2]))
    else:
        kind = der.sequence(der.oid(test_catalog.FLAT[1]), bytes.fromhex(test_catalog.FLAT[2]))
    digest = hashlib.new(algorithm, data).digest()
    attributes = [attribute(MS + "12.2.1", utf16(("OSAttr", "2:10.0"))),
                  attribute(MS + "12.2.1", utf16(("File", path.name.lower()))),
                  attribute(MS + "12.2.3", bytes.fromhex("8200"))]
    if algorithm == "sha256":
        attributes.append(attribute(MS + "2.1.4", der.sequence(kind, der.sequence(
            der.sequence(der.oid(SHA256), der.wrapped(5)), der.wrapped(4, digest)))))
    return digest, der.sequence(der.wrapped(4, digest), der.wrapped(0x31, *sorted(attributes)))


def catalog_v2(paths):
    members = [entry for _, entry in sorted(member_v2(path, kind) for path in paths for kind in ("sha1", "sha256"))]
    ctl = der.sequence(der.sequence(der.oid(MS + "12.1.1")), der.wrapped(4, bytes(range(16))),
                       der.wrapped(23, scratch.DATE.encode()), der.sequence(der.oid(MS + "12.1.3"), der.wrapped(5)),
                       der.sequence(*members))
    content = der.sequence(der.oid(MS + "10.1"), der.wrapped(0xa0, ctl))
    signed = der.sequence(der.wrapped(2, b"\1"), der.wrapped(0x31), content, der.wrapped(0x31))
    return der.sequence(der.oid(test_catalog.SIGNED_DATA), der.wrapped(0xa0, signed))


def version_2(root, cer, signer):
    folder = scratch.signed(root / "version2", signer)
    catalog = next(folder.glob("*.cat"))
    catalog.unlink()
    catalog.write_bytes(catalog_v2([path for path in folder.iterdir()]))
    signer.sign(catalog, scratch.TIME)
    return Case(folder, cer)


def check_good(t, case, version):
    good, verdicts = case.findings()
    _, out, _ = scratch.verify(case.folder, "--cert", case.cer)
    wanted = {(".cat", check) for check in ("form", "signature", "chain", "members")} | {(".inf", "member")} | \
        {(".sys", check) for check in ("member", "checksum", "signature", "chain")}
    t.check(good and set(verdicts) == wanted and set(verdicts.values()) == {"ok"} and f"version {version}" in out,
            f"a good package of version {version}: nine verdicts, all ok", out)


def main():
    t, everything = tap.Tap(), "--all" in sys.argv
    with scratch.folder() as name:
        root = pathlib.Path(name)
        signer = scratch.signing.test_signer("sha1", root / "cert")
        cer = scratch.certificate(root / "signer.cer", signer)
        first = Case(scratch.signed(root / "version1", signer), cer)
        second = version_2(root, cer, signer)
        for version, case in enumerate((first, second), 1):
            check_good(t, case, version)
            check_flips(t, case, everything and version == 1)
        check_image(t, first)
        check_files(t, first, root)
        check_chain(t, first, root)
        check_unsigned(t, first, root)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
