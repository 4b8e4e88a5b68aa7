#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Signs driver packages: image, catalog, and the test certificate that is made on first use.

  tools/signing.py DIR... [--pfx FILE | --cert FILE --key FILE] [--pass-file FILE] [--sha2]

A package is a folder with one INF and its images. It is changed as a whole or not at all. docs/packaging.md says more.
"""
import argparse
import contextlib
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from inf import Inf

ROOT = pathlib.Path(__file__).resolve().parents[1]
CATALOG = ROOT / "out/host/aero-catalog"
CERT_FOLDER = ROOT / "drivers/windows7/virtio-snd/cert"
TEST_NAME = "aero-virtio-snd-test"
TEST_SUBJECT = "/CN=Aero VirtIO Sound Test"
TEST_PASSWORD = TEST_NAME            # of a file that never leaves the machine it was made on
PASSWORD_VARIABLE = "AERO_PFX_PASSWORD"
ZIP_EPOCH = 315532800                # 1980-01-01, the first day of ZIP and of FAT
OS_OF_MACHINE = {0x014C: "7X86", 0x8664: "7X64"}
IMAGES = (".sys", ".dll", ".exe")

# Valid at whatever time a virtual machine's clock shows. 3DES and SHA-1 are what Windows 7 reads in a PFX.
CA_CONFIGURATION = """[ca]
default_ca = test
[test]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = {digest}
policy = names
x509_extensions = code
[names]
commonName = supplied
[code]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
[req]
distinguished_name = empty
[empty]
"""
VALID = ("-startdate", "20090101000000Z", "-enddate", "20491231235959Z")
PFX_FORM = ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1")


class Trouble(Exception):
    """What is wrong, in one line."""


def run(command, what, **options):
    """Runs a program; Trouble with `what` and the last line it printed when it fails. Returns its stdout as bytes."""
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, **{"stdin": subprocess.DEVNULL, **options})
    except FileNotFoundError:
        raise Trouble(f"{command[0]} is not installed") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise Trouble(f"{what}" + (f" ({said[-1].strip()})" if said else ""))
    return done.stdout


def openssl(arguments, what, **options):
    return run(["openssl", *arguments], what, **options)


@contextlib.contextmanager
def secret(text):
    """A file name that only children given pass_fds can read: the password stays out of command lines and disks."""
    descriptor = os.memfd_create("password")
    try:
        os.write(descriptor, text.encode() + b"\n")
        yield f"/proc/self/fd/{descriptor}", {"pass_fds": (descriptor,)}
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_folder(target):
    """A temporary folder beside `target`, which takes its place when the block ends well, and vanishes if not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = pathlib.Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        made.chmod(0o755)
        yield made
        old = None
        if target.exists():
            old = made.with_name(made.name + ".old")
            target.rename(old)
        made.rename(target)
        if old:
            shutil.rmtree(old)
    finally:
        if made.exists():
            shutil.rmtree(made)


class Signer:
    """A key to sign with: what osslsigncode needs, and the certificate as DER."""

    def __init__(self, arguments, password, certificate, digest):
        self.arguments = arguments
        self.password = password
        self.certificate = certificate
        self.digest = digest

    def sign(self, path, time):
        """Signs an image or a catalog in place; any signature that it has is replaced."""
        made = path.with_name(path.name + ".signed")
        with secret(self.password) as (name, options):
            run(["osslsigncode", "sign", *self.arguments, "-readpass", name, "-h", self.digest, "-time", time,
                 "-in", path, "-out", made], f"{path}: cannot be signed", **options)
        made.replace(path)

    def is_self_signed(self):
        """Such a certificate is its own root."""
        with tempfile.TemporaryFile() as stream:
            stream.write(self.certificate)
            stream.seek(0)
            names = openssl(["x509", "-inform", "DER", "-noout", "-subject_hash", "-issuer_hash"],
                            "the certificate cannot be read", stdin=stream).split()
        return names[0] == names[1]


def readable(path):
    """The path, if it is a file that can be read."""
    try:
        with open(path, "rb"):
            return pathlib.Path(path)
    except OSError as error:
        raise Trouble(f"{path}: {error.strerror}") from None


def make_test_certificate(folder, digest):
    """Makes the test key and certificate; both appear, or none."""
    with tempfile.TemporaryDirectory() as temporary, secret(TEST_PASSWORD) as (password, options):
        work = pathlib.Path(temporary)
        configuration = work / "ca.cnf"
        configuration.write_text(CA_CONFIGURATION.format(folder=work, digest=digest))
        (work / "index").touch()
        what = "the test certificate cannot be made"
        openssl(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", configuration, "-subj", TEST_SUBJECT,
                 "-keyout", work / "key", "-out", work / "request"], what)
        openssl(["ca", "-batch", "-notext", "-config", configuration, "-selfsign", "-keyfile", work / "key",
                 "-in", work / "request", "-out", work / "pem", *VALID], what)
        openssl(["x509", "-in", work / "pem", "-outform", "DER", "-out", work / "cer"], what)
        openssl(["pkcs12", "-export", "-inkey", work / "key", "-in", work / "pem", "-name", TEST_NAME, *PFX_FORM,
                 "-passout", f"file:{password}", "-out", work / "pfx"], what, **options)
        folder.mkdir(parents=True, exist_ok=True)
        for suffix, mode in ((".pfx", 0o600), (".cer", 0o644)):
            made = folder / f".{TEST_NAME}{suffix}.new"
            shutil.copyfile(work / suffix[1:], made)
            made.chmod(mode)
            made.rename(folder / (TEST_NAME + suffix))


def certificate_digest(der_path):
    text = openssl(["x509", "-inform", "DER", "-in", der_path, "-noout", "-text"], f"{der_path}: not a certificate")
    return "sha1" if b"sha1With" in text else "sha256"


def test_signer(digest, folder=CERT_FOLDER):
    """The test key, made now if there is none. digest: "sha1" or "sha256"."""
    cer, pfx = (folder / (TEST_NAME + suffix) for suffix in (".cer", ".pfx"))
    if not cer.exists() and not pfx.exists():
        make_test_certificate(folder, digest)
        print(f"made a test certificate ({digest}): {os.path.relpath(cer)}")
    for present, absent in ((cer, pfx), (pfx, cer)):
        if not absent.exists():
            raise Trouble(f"{absent} is missing beside {present.name}: bring it back, or delete both to get new ones")
    if certificate_digest(cer) != digest:
        raise Trouble(f"{cer} is not signed with {digest}: it is never overwritten; move it and the .pfx away")
    return Signer(["-pkcs12", pfx], os.environ.get(PASSWORD_VARIABLE) or TEST_PASSWORD, cer.read_bytes(), digest)


def own_password(pass_file):
    if pass_file:
        return readable(pass_file).read_text().split("\n")[0]
    return os.environ.get(PASSWORD_VARIABLE, "")


def pfx_signer(pfx, password, digest):
    with secret(password) as (name, options):
        pem = openssl(["pkcs12", "-in", pfx, "-nokeys", "-clcerts", "-passin", f"file:{name}"],
                      f"{pfx}: not a PFX, or the password is wrong", **options)
        openssl(["pkcs12", "-in", pfx, "-nocerts", "-noenc", "-passin", f"file:{name}", "-out", "/dev/null"],
                f"{pfx}: its key cannot be read", **options)
    return Signer(["-pkcs12", pfx], password, pem_to_der(pem, pfx), digest)


def key_signer(cert, key, password, digest):
    pem = openssl(["x509", "-in", cert], f"{cert}: not a certificate")
    with secret(password) as (name, options):
        public = openssl(["pkey", "-in", key, "-passin", f"file:{name}", "-pubout"],
                         f"{key}: not a key, or the password is wrong", **options)
    if openssl(["x509", "-in", cert, "-noout", "-pubkey"], f"{cert}: not a certificate") != public:
        raise Trouble(f"{key} is not the key of {cert}")
    return Signer(["-certs", cert, "-key", key], password, pem_to_der(pem, cert), digest)


def pem_to_der(pem, path):
    with tempfile.NamedTemporaryFile() as stream:
        stream.write(pem)
        stream.flush()
        return openssl(["x509", "-in", stream.name, "-outform", "DER"], f"{path}: holds no certificate")


def add_options(parser):
    parser.add_argument("--pfx", help="sign with this key and certificate")
    parser.add_argument("--cert", help="sign with this certificate, PEM, and --key")
    parser.add_argument("--key", help="its key, PEM")
    parser.add_argument("--pass-file", help=f"file whose first line is the password; else {PASSWORD_VARIABLE} has it")
    parser.add_argument("--sha2", action="store_true", help="SHA-256; Windows 7 needs an update for that")


def signer_of(options):
    """The signer that the command line asks for."""
    digest = "sha256" if options.sha2 else "sha1"
    if options.pfx and (options.cert or options.key) or bool(options.cert) != bool(options.key):
        raise Trouble("a key of your own is --pfx FILE, or --cert FILE and --key FILE")
    if options.pfx:
        return pfx_signer(readable(options.pfx), own_password(options.pass_file), digest)
    if options.cert:
        return key_signer(readable(options.cert), readable(options.key), own_password(options.pass_file), digest)
    return test_signer(digest)


def the_inf(folder):
    """The one INF of a package."""
    if not folder.is_dir():
        raise Trouble(f"{folder}: no such folder")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".inf")
    if len(found) != 1:
        raise Trouble(f"{folder}: a package has one INF, this has {len(found) or 'none'}")
    return found[0]


def inf_value(path, name):
    """A value of the INF's [Version]."""
    value = Inf(path.read_bytes()).value("Version", name)
    if not value:
        raise Trouble(f"{path}: has no {name}")
    return value


def epoch(inf):
    """The date of all that is made from this INF: SOURCE_DATE_EPOCH, or the day of its DriverVer."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        if not given.isdigit() or not ZIP_EPOCH <= int(given) < 2**32:
            raise Trouble(f"SOURCE_DATE_EPOCH={given}: not seconds since 1970, after 1980")
        return int(given)
    stated = inf_value(inf, "DriverVer")
    try:
        day = datetime.datetime.strptime(stated, "%m/%d/%Y").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        raise Trouble(f"{inf}: DriverVer {stated} is no date") from None
    return int(day.timestamp())


def os_of_image(path):
    """"7X86" or "7X64", by the machine field of the PE header."""
    data = path.read_bytes()
    header = int.from_bytes(data[60:64], "little")
    machine = int.from_bytes(data[header + 4:header + 6], "little")
    if data[:2] != b"MZ" or data[header:header + 4] != b"PE\0\0" or machine not in OS_OF_MACHINE:
        raise Trouble(f"{path}: not an image for x86 or x64")
    return OS_OF_MACHINE[machine]


def sign_files(folder, signer):
    """Signs the images of a package in place, writes its catalog anew and signs that."""
    inf = the_inf(folder)
    time = epoch(inf)
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() != ".cat")
    images = [path for path in files if path.suffix.lower() in IMAGES]
    systems = {os_of_image(path) for path in images}
    if len(systems) != 1:
        raise Trouble(f"{folder}: " + ("images of both architectures" if systems else "no image to sign"))
    for path in folder.glob("*.[cC][aA][tT]"):
        path.unlink()
    for path in images:
        signer.sign(path, time)
    catalog = folder / inf_value(inf, "CatalogFile")
    run([CATALOG, "write", "--os", systems.pop(), "--time", time, "--inf", inf, "-o", catalog, *files],
        f"{catalog.name}: cannot be written")
    signer.sign(catalog, time)
    verify(folder, signer)


def verify(folder, signer):
    """Trouble unless the package is good by the signer's own certificate."""
    with tempfile.NamedTemporaryFile(suffix=".cer") as stream:
        stream.write(signer.certificate)
        stream.flush()
        run([CATALOG, "verify", folder, "--cert", stream.name], f"{folder.name}: does not verify after signing")


def sign_package(folder, signer):
    """Signs a package; it is left as it was when anything fails."""
    the_inf(folder)
    with new_folder(folder.resolve()) as made:
        shutil.copytree(folder, made, dirs_exist_ok=True)
        sign_files(made, signer)


def main(arguments):
    parser = argparse.ArgumentParser(prog="./aero-snd sign", description="Signs driver packages.")
    parser.add_argument("folder", nargs="+", type=pathlib.Path, help="a driver package")
    add_options(parser)
    options = parser.parse_args(arguments)
    for folder in options.folder:
        the_inf(folder)
    signer = signer_of(options)
    for folder in options.folder:
        sign_package(folder, signer)
        print(f"signed {folder}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Trouble, OSError) as error:
        sys.exit(f"aero-snd: {error}")
