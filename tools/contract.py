# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/windows-device-contract.json: the devices, and the packages that drive them."""
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
MANIFEST = "docs/windows-device-contract.json"
INF_FOLDER = "drivers/windows7/virtio-snd/inf"


def device(root=ROOT):
    """The entry of virtio-snd, as a dict."""
    devices = json.loads((root / MANIFEST).read_text())["devices"]
    return next(entry for entry in devices if entry["device"] == "virtio-snd")


def packages(root=ROOT):
    """Its packages, as dicts; the contract package is the first."""
    return device(root)["packages"]
