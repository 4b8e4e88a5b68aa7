#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The test certificate, one's own keys, and that signatures verify by programs that are not ours. Prints TAP."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import scratch
import tap
from scratch import signing

SIGN = scratch.ROOT / "tools/signing.py"
PASSWORD = "a word nobody sees"


def openssl(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def sign(*arguments, **environment):
    """./aero-snd sign, without its set-up."""
    clean = {key: value for key, value in os.environ.items() if key != signing.PASSWORD_VARIABLE}
    return scratch.run(sys.executable, SIGN, *arguments, env={**clean, **environment})


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_test_certificate(t, root):
    for digest, algorithm in (("sha1", "sha1WithRSAEncryption"), ("sha256", "sha256WithRSAEncryption")):
        folder = root / digest
        signer = signing.test_signer(digest, folder)
        text = openssl("x509", "-inform", "DER", "-in", folder / "aero-virtio-snd-test.cer", "-noout", "-text")
        t.check(algorithm in text and "Code Signing" in text and "Public-Key: (2048 bit)" in text and
                "Not Before: Jan  1 00:00:00 2009" in text and "2049" in text and signer.is_self_signed(),
                f"{digest}: RSA of 2048 bits, for code signing, its own root", text)
    folder = root / "sha1"
    before = content(folder)
    t.check(set(before) == {"aero-virtio-snd-test.cer", "aero-virtio-snd-test.pfx"}, "a .cer and a .pfx, no more")
    t.check((folder / "aero-virtio-snd-test.pfx").stat().st_mode & 0o077 == 0, "only the owner may read the key")
    info = subprocess.run(["openssl", "pkcs12", "-info", "-noout", "-passin", "pass:" + signing.TEST_PASSWORD, "-in",
                           folder / "aero-virtio-snd-test.pfx"], capture_output=True, text=True, check=False).stderr
    t.check("MAC: sha1" in info and info.count("pbeWithSHA1And3-KeyTripleDES") == 2, "a PFX that Windows 7 reads", info)
    signing.test_signer("sha1", folder)
    t.check(content(folder) == before, "it is made once")
    for what, name in (("sha256", None), ("sha1", "aero-virtio-snd-test.cer"), ("sha1", "aero-virtio-snd-test.pfx")):
        kept = {}
        if name:
            kept[name] = (folder / name).read_bytes()
            (folder / name).unlink()
        try:
            signing.test_signer(what, folder)
            refused = ""
        except signing.Trouble as error:
            refused = str(error)
        for file, data in kept.items():
            (folder / file).write_bytes(data)
        t.check(refused and "\n" not in refused and content(folder) == before,
                f"never overwritten: {what} wanted, {name or 'both'} {'missing' if name else 'there'}", refused)


def check_git(t):
    names = [f"drivers/windows7/virtio-snd/{name}" for name in
             ("cert/aero-virtio-snd-test.pfx", "cert/aero-virtio-snd-test.cer", "cert/any", "release/x64/a", "own.pfx")]
    ignored = subprocess.run(["git", "-C", scratch.ROOT, "check-ignore", *names], capture_output=True, text=True,
                             check=False).stdout.split()
    t.check(ignored == names, "git ignores keys, certificates and what is signed", ignored)
    tracked = subprocess.run(["git", "-C", scratch.ROOT, "ls-files"], capture_output=True, text=True,
                             check=True).stdout.split("\n")
    t.none([name for name in tracked if name.endswith((".pfx", ".p12", ".pvk", ".key", ".pem", ".cer", ".cat"))],
           "git tracks no key and nothing signed")


def check_by_others(t, root, digest):
    signer = signing.test_signer(digest, root / digest)
    pem = root / f"{digest}.pem"
    openssl("x509", "-inform", "DER", "-in", scratch.certificate(root / "c.cer", signer), "-out", pem)
    for entry in scratch.contract.packages():
        for arch in scratch.package.ARCHS:
            folder = scratch.signed(root / "others" / digest / arch / entry["variant"], signer, arch, entry)
            image, catalog = folder / entry["sys_name"], folder / entry["catalog_name"]
            attempts = {"embedded": ["-in", image], "through the catalog": ["-catalog", catalog, "-in", image],
                        "catalog": ["-in", catalog]}
            for name, words in attempts.items():
                done = scratch.run("osslsigncode", "verify", "-CAfile", pem, *words)
                t.check(done.returncode == 0 and "Signature verification: ok" in done.stdout,
                        f"osslsigncode: {entry['variant']}, {arch}, {digest}: {name}", done.stdout, done.stderr)
            check_by_openssl(t, catalog, pem, f"openssl: {entry['variant']}, {arch}, {digest}: catalog", root)
    image.write_bytes(image.read_bytes()[:0x700] + b"!" + image.read_bytes()[0x701:])
    done = scratch.run("osslsigncode", "verify", "-CAfile", pem, "-catalog", catalog, "-in", image)
    t.check(done.returncode != 0, "osslsigncode refuses a changed image")


def check_by_openssl(t, catalog, pem, name, root):
    """The content is given apart: OpenSSL expects an OCTET STRING where a catalog has a SEQUENCE."""
    import der
    (root / "content").write_bytes(der.read(catalog.read_bytes())[1][0][2][1][0].content)
    done = scratch.run("openssl", "smime", "-verify", "-inform", "DER", "-in", catalog, "-content", root / "content",
                       "-binary", "-CAfile", pem, "-purpose", "any", "-out", "/dev/null")
    t.check(done.returncode == 0, name, done.stderr)


def own_keys(root):
    """Paths of a PFX, its certificate and key, the key encrypted, and a password file."""
    root.mkdir()
    signing.make_test_certificate(root, "sha1")
    made = root / "aero-virtio-snd-test.pfx"
    first = "pass:" + signing.TEST_PASSWORD
    openssl("pkcs12", "-in", made, "-passin", first, "-nokeys", "-out", root / "cert.pem")
    word = "pass:" + PASSWORD
    openssl("pkcs12", "-in", made, "-passin", first, "-nocerts", "-passout", word, "-out", root / "key.pem")
    openssl("pkcs12", "-export", "-in", root / "cert.pem", "-inkey", root / "key.pem", "-passin", word,
            "-passout", word, "-out", root / "own.pfx")
    (root / "word").write_text(PASSWORD + "\n")
    return [root / name for name in ("own.pfx", "cert.pem", "key.pem", "word")]


def check_own_key(t, root):
    pfx, cert, key, word = own_keys(root / "own")
    results = []
    ways = {"a PFX, password from a file": (["--pfx", pfx, "--pass-file", word], {}),
            "a PFX, password from the environment": (["--pfx", pfx], {signing.PASSWORD_VARIABLE: PASSWORD}),
            "certificate and key": (["--cert", cert, "--key", key, "--pass-file", word], {})}
    for name, (words, environment) in ways.items():
        folder = scratch.staged(root / f"way{len(results)}")
        done = sign(folder, *words, **environment)
        status, out, _ = scratch.verify(folder, "--cert", cert)
        t.check(done.returncode == 0 and status == 0, f"{name}: signs, and verifies by that certificate", done.stderr,
                out)
        results.append(content(folder))
    t.check(results[0] == results[1] == results[2] and len(results[0]) == 3, "a key gives the same bytes each way")
    folder = scratch.staged(root / "again")
    for _ in range(2):
        done = sign(folder, "--pfx", pfx, "--pass-file", word)
    t.check(content(folder) == results[0], "signing what is signed gives the same bytes", done.stderr)
    done = sign(folder, "--pfx", pfx, "--pass-file", word, "--sha2")
    listed = scratch.verify(folder, "--cert", cert)[1]
    t.check(done.returncode == 0 and listed.count("sha256, ") == 2, "--sha2 signs with SHA-256", listed)
    done = sign(folder, "--pfx", pfx, "--pass-file", word, SOURCE_DATE_EPOCH="1000000000")
    catalog = next(folder.glob("*.cat")).read_bytes()
    t.check(catalog.count(b"010909014640Z") == 2, "SOURCE_DATE_EPOCH dates list and signature")


def check_secrecy(t, root):
    """A stand-in for osslsigncode, openssl and the like notes what they are called with."""
    pfx, _, _, word = own_keys(root / "secret")
    tools = root / "bin"
    tools.mkdir()
    for name in ("osslsigncode", "openssl"):
        (tools / name).write_text(f'#!/bin/sh\necho "$@" >>{root}/calls\nexec {shutil.which(name)} "$@"\n')
        (tools / name).chmod(0o755)
    folder = scratch.staged(root / "secretly")
    done = sign(folder, "--pfx", pfx, "--pass-file", word, PATH=f"{tools}:{os.environ['PATH']}")
    calls = (root / "calls").read_text()
    t.check(done.returncode == 0 and calls.count("osslsigncode") + calls.count("-readpass") == 2 and
            PASSWORD not in calls, "no command line shows the password", calls)


def check_errors(t, root):
    pfx, cert, key, word = own_keys(root / "errors")
    other = own_keys(root / "stranger")[1]
    good = scratch.staged(root / "good")
    (root / "empty").mkdir()
    without = root / "without"
    shutil.copytree(good, without)
    next(without.glob("*.sys")).unlink()
    broken = root / "broken"
    shutil.copytree(good, broken)
    next(broken.glob("*.sys")).write_bytes(b"MZ")
    wrong = root / "wrong"
    wrong.write_text("wrong\n")
    own = ["--pfx", pfx, "--pass-file", word]
    cases = {"no such folder": [root / "absent", *own], "no INF": [root / "empty", *own], "no image": [without, *own],
             "a broken image": [broken, *own], "no such PFX": [good, "--pfx", root / "absent"],
             "a PFX that is none": [good, "--pfx", word], "no password": [good, "--pfx", pfx],
             "a wrong password": [good, "--pfx", pfx, "--pass-file", wrong],
             "no password file": [good, "--pfx", pfx, "--pass-file", root / "absent"],
             "a certificate without key": [good, "--cert", cert], "two keys": [good, "--pfx", pfx, "--cert", cert],
             "another key's certificate": [good, "--cert", other, "--key", key, "--pass-file", word],
             "a wrong password of a key": [good, "--cert", cert, "--key", key, "--pass-file", wrong]}
    before = {folder: content(folder) for folder in (good, without, broken)}
    around = sorted(path.name for path in root.iterdir())
    for name, words in cases.items():
        done = sign(*words)
        t.check(done.returncode != 0 and done.stderr.startswith("aero-snd: ") and done.stderr.count("\n") == 1 and
                "Traceback" not in done.stderr, f"{name}: one line", done.stderr, done.stdout)
    done = sign(good, *own, SOURCE_DATE_EPOCH="yesterday")
    t.check(done.returncode != 0 and done.stderr.count("\n") == 1, "a date that is none: one line", done.stderr)
    t.check(before == {folder: content(folder) for folder in before} and
            around == sorted(path.name for path in root.iterdir()), "after all of that nothing is changed or left over")


def main():
    t = tap.Tap()
    with scratch.folder() as name:
        root = pathlib.Path(name)
        check_test_certificate(t, root)
        check_git(t)
        for digest in ("sha1", "sha256"):
            check_by_others(t, root, digest)
        check_own_key(t, root)
        check_secrecy(t, root)
        check_errors(t, root)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
