#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Completes an image as a Windows 7 driver: what lld-link-14 cannot write.

Usage: pe_finish.py IMAGE.sys

Sets the required operating system to 6.1 (lld has no /osversion) and then the header's checksum, which the loader of
Windows verifies for every driver. Reads the file back and checks the result.
Source: PE format, "Optional Header Windows-Specific Fields".
"""
import sys

import pefile

WINDOWS_7 = (6, 1)


def finish(path):
    """Rewrites the image at path in place."""
    with open(path, "rb") as image:
        pe = pefile.PE(data=image.read())
    header = pe.OPTIONAL_HEADER
    header.MajorOperatingSystemVersion, header.MinorOperatingSystemVersion = WINDOWS_7
    header.CheckSum = 0
    pe = pefile.PE(data=pe.write())
    pe.OPTIONAL_HEADER.CheckSum = pe.generate_checksum()
    with open(path, "wb") as image:
        image.write(pe.write())
    if not pefile.PE(path).verify_checksum():
        raise SystemExit(f"{path}: the checksum does not verify after writing it")


def main(argv):
    if len(argv) != 2:
        raise SystemExit("usage: pe_finish.py IMAGE.sys")
    try:
        finish(argv[1])
    except (OSError, pefile.PEFormatError) as error:
        raise SystemExit(f"{argv[1]}: {error}")


if __name__ == "__main__":
    main(sys.argv)
