# SPDX-License-Identifier: MIT OR Apache-2.0
"""PowerShell's engine for the tests: the program in host/, built once with the machine's .NET SDK."""

import fcntl
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRIPTS = os.path.join(ROOT, "drivers", "windows7", "virtio-snd", "scripts")
TABLE = os.path.join(HERE, "powershell2.tsv")
PROJECT = os.path.join(HERE, "host", "AeroPowerShell.csproj")
OUTPUT = os.path.join(ROOT, "out", "tests", "powershell")
PROGRAM = os.path.join(OUTPUT, "bin", "AeroPowerShell.dll")
ENVIRONMENT = dict(os.environ, DOTNET_CLI_TELEMETRY_OPTOUT="1", DOTNET_NOLOGO="1",
                   POWERSHELL_TELEMETRY_OPTOUT="1", POWERSHELL_UPDATECHECK="Off")


def wanted_sdk():
    """The major version of the .NET SDK that the project is for."""
    with open(PROJECT, encoding="utf-8") as project:
        return int(re.search(r"<TargetFramework>net(\d+)", project.read()).group(1))


def why_not():
    """Why there is no engine on this machine, in a few words; None when there is one."""
    if shutil.which("dotnet") is None:
        return "no .NET SDK"
    listed = subprocess.run(["dotnet", "--list-sdks"], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    majors = [int(found) for found in re.findall(r"^(\d+)\.", listed.stdout, re.MULTILINE)]
    if not any(major >= wanted_sdk() for major in majors):
        return f"no .NET SDK {wanted_sdk()} or later"
    return None


def build():
    """Builds the host, one builder at a time. Raises RuntimeError with the compiler's words."""
    os.makedirs(OUTPUT, exist_ok=True)
    with open(os.path.join(OUTPUT, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["dotnet", "build", PROJECT, "-nodeReuse:false", "-p:UseSharedCompilation=false",
                               f"-p:BaseIntermediateOutputPath={OUTPUT}/obj/", "-o", os.path.dirname(PROGRAM)],
                              capture_output=True, text=True, env=ENVIRONMENT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


def call(arguments, path=None, **more):
    """The finished host process; `path` goes before PATH, `more` into the environment."""
    environment = dict(ENVIRONMENT, **more)
    if path:
        environment["PATH"] = path + os.pathsep + environment["PATH"]
    return subprocess.run(["dotnet", PROGRAM, *arguments], capture_output=True, text=True, env=environment,
                          stdin=subprocess.DEVNULL, timeout=300, check=False)


def check(files):
    """What is newer than PowerShell 2.0 in the files: lines "file:line: what"."""
    done = call(["check", TABLE, *files])
    lines = done.stdout.splitlines()
    if done.stderr or (done.returncode == 0) != (not lines):
        raise RuntimeError(f"the check ended with status {done.returncode}: {done.stderr}")
    return lines
