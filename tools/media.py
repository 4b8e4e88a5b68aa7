# SPDX-License-Identifier: MIT OR Apache-2.0
"""ZIP and ISO files that depend on nothing but their contents and one date."""
import datetime
import os
import zipfile

from signing import run

VOLUME = "AERO_SND"


def files_of(folder):
    """All files below a folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def write_zip(target, contents, epoch):
    """contents: {name with slashes: file}. Stored, as Windows 7 opens it without anything else."""
    stamp = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).timetuple()[:6]
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, stamp)
            entry.create_system = 0  # FAT: no permissions
            archive.writestr(entry, contents[name].read_bytes())


def write_iso(target, folder, epoch):
    """An image of the folder, with Joliet names, which are what Windows reads. Also sets the times of its files."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (epoch, epoch))
    moment = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y%m%d%H%M%S00")
    run(["xorriso", "-no_rc", "-outdev", f"stdio:{target}", "-volid", VOLUME, "-joliet", "on", "-rockridge", "off",
         "-compliance", "iso_9660_level=3", "-map", folder, "/",
         "-volume_date", "uuid", moment, "-volume_date", "all_file_dates", "set_to_mtime", "-commit"],
        f"{target.name}: xorriso failed", env={**os.environ, "TZ": "UTC", "SOURCE_DATE_EPOCH": str(epoch)})
