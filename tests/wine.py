# SPDX-License-Identifier: MIT OR Apache-2.0
"""Windows programs under Wine, in a prefix that lives as long as the `with`, without a display."""
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
WINE, SERVER = "/usr/lib/wine/wine64", "/usr/lib/wine/wineserver"
QUIET = {"WINEDEBUG": "-all", "WINEARCH": "win64", "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe="}
LIMIT = 300


class Prefix:
    """A scratch prefix below out/, made by wineboot; its server is stopped and its files removed at the end."""

    def __enter__(self):
        (ROOT / "out" / "tests").mkdir(parents=True, exist_ok=True)
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="wine-", dir=ROOT / "out" / "tests"))
        self.environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
        self.environment.update(QUIET, WINEPREFIX=str(self.path))
        try:
            self.run("wineboot", "-i")
            self._server("-w")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._server("-k")
        shutil.rmtree(self.path)

    def _server(self, option):
        """-w: wait until its programs have ended; -k: end those of this prefix."""
        subprocess.run([SERVER, option], env=self.environment, check=False, capture_output=True, timeout=LIMIT)

    def run(self, *command):
        """The finished program; its output as text, without carriage returns."""
        return subprocess.run([WINE, *map(str, command)], env=self.environment, stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, text=True, timeout=LIMIT)

    def file(self, *names):
        """A file of drive C:."""
        return self.path.joinpath("drive_c", *names)


def windows(path):
    """How Windows programs call a file of this system."""
    return "Z:" + str(path).replace("/", "\\")
