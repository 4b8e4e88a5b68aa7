# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the checks of tools/ and scripts/ci share: they print findings, "file: what", and end with 1 after any."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OSError, SyntaxError, subprocess.CalledProcessError)


def findings(root, parts):
    """What each part, a function of the root that yields findings, says; a tree that it cannot read is one as well."""
    for part in parts:
        try:
            yield from part(root)
        except UNREADABLE as error:
            yield f"{part.__name__}: cannot be read: {error}"


def main(arguments, parts, clean):
    """arguments: a project's root, this one without. clean: what to say when nothing is found. The exit status."""
    if len(arguments) > 1:
        sys.exit("aero-snd: this check takes one project's root at most")
    found = list(findings(pathlib.Path(arguments[0]) if arguments else ROOT, parts))
    print("\n".join(found) if found else clean)
    return 1 if found else 0
