#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Guards what is packaged of virtio-snd: the default package stages the contract INF alone, the alias stays disabled
and equal, and the INFs pass their linter (tools/check_infs.py), which has the hardware IDs.

  check-virtio-snd-package.py [ROOT]    prints findings, "file: what"; exit status 1 when there are any
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_infs  # noqa: E402
import contract  # noqa: E402
import guard  # noqa: E402

CI_PACKAGE = check_infs.SND + "/ci-package.json"


def staged(root):
    """The default package has one INF: that of the first package of the manifest."""
    first = contract.packages(root)[0]
    package = json.loads((root / CI_PACKAGE).read_text())
    wanted = [f"inf/{first['inf_name']}"]
    if package.get("infFiles") != wanted:
        yield f"{CI_PACKAGE}: stages {package.get('infFiles')}, not {wanted}"
    if package.get("variant") != first["variant"]:
        yield f"{CI_PACKAGE}: is for the variant {package.get('variant')}, not for {first['variant']}"
    others = {name for entry in contract.packages(root)[1:] for name in (entry["inf_name"], entry["sys_name"])}
    for name in sorted(name for name in others if name in (root / CI_PACKAGE).read_text()):
        yield f"{CI_PACKAGE}: names {name}"


def tracked(root):
    """git knows no active INF under the alias's name, wherever it is."""
    active = contract.packages(root)[0]["inf_alias"].removesuffix(".disabled")
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.splitlines()
    yield from (f"{name}: the alias may only be tracked as {active}.disabled" for name in listed
                if pathlib.PurePosixPath(name).name.lower() == active)


if __name__ == "__main__":
    sys.exit(guard.main(sys.argv[1:], (staged, tracked, check_infs.check), "the package is the contract package"))
