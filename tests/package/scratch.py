# SPDX-License-Identifier: MIT OR Apache-2.0
"""Driver packages, keys and folders that live as long as a test."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests")]
os.environ.pop("SOURCE_DATE_EPOCH", None)  # the build has its own
import contract  # noqa: E402
import package  # noqa: E402
import signing  # noqa: E402

CATALOG = signing.CATALOG
DATE = "261123000000Z"  # of test packages
TIME = 1795392000       # the same


def folder():
    """A temporary folder of this project's own, for `with`."""
    (ROOT / "out/tests").mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="package-", dir=ROOT / "out/tests")


def contract_package():
    return next(entry for entry in contract.packages() if entry["variant"] == "contract")


def staged(target, arch="x64", entry=None):
    """A package before it is signed."""
    package.stage(entry or contract_package(), arch, target)
    return target


def signed(target, signer, arch="x64", entry=None):
    """A package as it ships, dated DATE."""
    os.environ["SOURCE_DATE_EPOCH"] = str(TIME)
    try:
        signing.sign_files(staged(target, arch, entry), signer)
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]
    return target


def certificate(target, signer):
    """The signer's certificate as a file."""
    target.write_bytes(signer.certificate)
    return target


def run(*command, **options):
    """The finished program, its output as text."""
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=300, **options)


def verify(target, *arguments):
    """(exit status, stdout, stderr) of the judge."""
    done = run(CATALOG, "verify", target, *arguments)
    return done.returncode, done.stdout, done.stderr
