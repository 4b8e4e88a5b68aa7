#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Completes an image as a Windows 7 driver: what lld-link-14 cannot write.

Usage: pe_finish.py IMAGE.sys

Sets the required operating system to 6.1 (lld has no /osversion) and then the header's checksum, which the loader of
Windows verifies for every driver. tests/image checks both by other means.
Source: PE format, "Optional Header Windows-Specific Fields"; the checksum is the 16-bit ones' complement sum of the
file without the field itself, plus the length of the file (ImageHlp, "CheckSumMappedFile").
"""
import array
import struct
import sys

WINDOWS_7 = (6, 1)
PE_OFFSET = 0x3C          # in the DOS header: where "PE\0\0" is
OPTIONAL_HEADER = 24      # after "PE\0\0" and the file header
OS_VERSION = OPTIONAL_HEADER + 40
CHECKSUM = OPTIONAL_HEADER + 64


def checksum(image, field):
    """Returns the checksum of the image whose 4 bytes at offset field count as zero."""
    data = bytes(image[:field]) + bytes(4) + bytes(image[field + 4:])
    words = array.array("H", data + bytes(len(data) % 2))
    if sys.byteorder == "big":
        words.byteswap()
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(data)


def finish(path):
    """Rewrites the image at path in place."""
    with open(path, "rb") as source:
        image = bytearray(source.read())
    if image[:2] != b"MZ" or len(image) < 0x200:
        raise SystemExit(f"{path}: not a PE image")
    pe = struct.unpack_from("<I", image, PE_OFFSET)[0]
    if image[pe:pe + 4] != b"PE\0\0":
        raise SystemExit(f"{path}: not a PE image")
    struct.pack_into("<HH", image, pe + OS_VERSION, *WINDOWS_7)
    struct.pack_into("<I", image, pe + CHECKSUM, checksum(image, pe + CHECKSUM))
    with open(path, "wb") as target:
        target.write(image)


def main(argv):
    if len(argv) != 2:
        raise SystemExit("usage: pe_finish.py IMAGE.sys")
    try:
        finish(argv[1])
    except (OSError, struct.error) as error:
        raise SystemExit(f"{argv[1]}: {error}")


if __name__ == "__main__":
    main(sys.argv)
