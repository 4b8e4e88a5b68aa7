#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every script is PowerShell 2.0, by a walk of its syntax tree; and the walk finds what is not. Prints TAP."""

import glob
import os
import sys
import tempfile

import engine

sys.path.insert(0, os.path.join(engine.ROOT, "tools"))
import tap  # noqa: E402  pylint: disable=wrong-import-position

# Allowed, and near to what is not.
INNOCENT = """param([string]$Path = '', [switch]$Fast)
function Get-Sum([int[]]$Numbers) { $sum = 0; foreach ($n in $Numbers) { $sum += $n }; return $sum }
$row = @{ Size = 3; Name = 'x' }
@(1, 2) | Where-Object { $_ -gt $row.Size } | ForEach-Object { $_ } | Out-Null
if (@('a') -contains $Path -and -not $Fast) { Write-Host ([System.IO.Path]::Combine($row.Name, "$Path")) }
& 'tool.exe' -anything goes 2>&1 | Out-Host
[void](Get-Sum -Numbers @(1, 2))
exit $LASTEXITCODE
"""


def violations():
    """(word of the finding, script) for each line of violations.tsv."""
    with open(os.path.join(engine.HERE, "violations.tsv"), encoding="utf-8") as table:
        for line in table.read().splitlines():
            if line and (not line.startswith("#") or "\t" in line):
                word, script = line.split("\t")
                yield word, script.replace(" ;; ", "\n")


def check_planted(test, folder):
    """All planted scripts in one call would be one program, where one line excuses another: so one call each."""
    for number, (word, script) in enumerate(violations()):
        path = os.path.join(folder, f"planted{number}.ps1")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script + "\n")
        found = engine.check([path])
        test.check(any(word in line for line in found), f"refused: {script!r}", f"wanted {word!r} in:", *found)


def main():
    test = tap.Tap()
    missing = engine.why_not()
    if missing:
        print(f"1..0 # SKIP PowerShell 2.0 check of the scripts: {missing}")
        return 0
    engine.build()
    scripts = sorted(glob.glob(os.path.join(engine.SCRIPTS, "*.ps1")))
    test.check(len(scripts) >= 5, "the scripts were found", scripts)
    test.none(engine.check(scripts), "every script is PowerShell 2.0")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "innocent.ps1")
        with open(path, "w", encoding="utf-8") as file:
            file.write(INNOCENT)
        test.none(engine.check([path]), "what PowerShell 2.0 has is not refused")
        check_planted(test, folder)
    return test.finish()


if __name__ == "__main__":
    sys.exit(main())
