#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Stands in for a Windows program, by the name under which it is called: notes its arguments in STANDIN_LOG and makes
what the real one would. STANDIN_FAIL names programs that fail, STANDIN_REFUSE hashes that certreq refuses."""

import json
import os
import re
import shutil
import sys


def certreq(arguments):
    """certreq.exe -new -q -binary REQUEST CERTIFICATE"""
    request, certificate = arguments[-2:]
    with open(request, encoding="ascii") as file:
        wanted = re.search(r"^HashAlgorithm = (\w+)$", file.read(), re.MULTILINE).group(1)
    note("hash", [wanted])
    if wanted in os.environ.get("STANDIN_REFUSE", "").split():
        return 1
    shutil.copy(os.path.join(os.environ["STANDIN_CERTIFICATES"], wanted + ".cer"), certificate)
    return 0


def certutil(arguments):
    """certutil.exe ... -exportPFX My THUMBPRINT FILE, or -f -addstore STORE FILE"""
    if "-exportPFX" in arguments:
        with open(arguments[-1], "w", encoding="ascii") as file:
            file.write("a key")
    print("CertUtil: command completed")
    return 0


def make_cat(arguments):
    """make-cat.cmd VARIANT"""
    with open(os.path.join(folder(), "..", "inf", cat_name(arguments[0])), "w", encoding="ascii") as file:
        file.write("catalog")
    return 0


def sign_driver(arguments):
    """sign-driver.cmd VARIANT"""
    with open(os.path.join(folder(), "..", "inf", cat_name(arguments[0])), "a", encoding="ascii") as file:
        file.write(" signed")
    return 0


def folder():
    return os.path.dirname(os.path.abspath(sys.argv[0]))


def cat_name(variant):
    return {"contract": "aero_virtio_snd.cat", "legacy": "aero-virtio-snd-legacy.cat",
            "ioport": "aero-virtio-snd-ioport.cat"}[variant]


def note(name, arguments):
    with open(os.environ["STANDIN_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps([name, *arguments]) + "\n")


TOOLS = {"certreq.exe": certreq, "certutil.exe": certutil, "make-cat.cmd": make_cat, "sign-driver.cmd": sign_driver}


def main():
    name = os.path.basename(sys.argv[0])
    note(name, sys.argv[1:])
    if name in os.environ.get("STANDIN_FAIL", "").split():
        print(f"{name}: as it was told", file=sys.stderr)
        return 1
    return TOOLS[name](sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
