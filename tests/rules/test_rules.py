#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every rule of the bench bites: for each there is a tiny driver that breaks it, and the bench stops that driver with
that rule, on both architectures. Prints TAP."""
import concurrent.futures
import os
import re
import subprocess
import sys
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import tap  # noqa: E402

OUT = os.environ.get("OUT", "out")
BENCH = os.path.join(OUT, "host", "aero-bench")
RULES = os.path.join(OUT, "tests", "rules")
ARCHS = ("x86", "x64")
LISTS = ("bench/nt/rules.h", "bench/portcls/rules_portcls.h")
SOURCES = ("tests/rules", "tests/rules/counted", "tests/rules/portcls")
EXIT_GOOD, EXIT_VIOLATION = 0, 3
SECONDS = 20

LISTED = re.compile(r"^ *X\((\w+),", re.MULTILINE)
CASE = re.compile(r"^(?:RULE|RULE_DISPATCH|PORT_RULE)\((\w+)(?:, (\w+))?\)", re.MULTILINE)
COMMANDS = ("LOAD", "SHOW", "PLAY", "EVENT")
STOPPED = re.compile(r"^violation: (\w+)$", re.MULTILINE)
BLAMED = re.compile(r"^  in (\S+)", re.MULTILINE)

# Drivers that break nothing: they show that the skeletons are right, and so that the case alone is to blame.
CONTROLS = {"CONTROL", "PORT_CONTROL"}

# A rule that can be broken in several ways has several drivers, RULE__WAY. Devices other than Aero's:
DEAD = "model:aero,fault=dead,after=0"
DEVICES = {rule: DEAD for rule in ("CONTROL__KEPT", "LEAK__NOT_LENT", "LEAK__UNASKED", "DMA_EXPOSED__DEAD",
                                   "DMA_LENT_TWICE__HELD")}

# Rules that no driver of these architectures can break, or not from here; each with the reason.
NO_DRIVER = {}
NOT_ON = {
    "x64": {
        "FLOATING_POINT": "kernel code may use SSE on x64; the rule is about the x87 and SSE state of x86",
    },
    "x86": {},
}


def listed_rules():
    found = []
    for path in LISTS:
        with open(os.path.join(ROOT, path), encoding="utf-8") as header:
            found += LISTED.findall(header.read())
    return found


def cases():
    """{rule: what the bench has to do: one of COMMANDS, or the name of a scenario}"""
    found = {}
    for folder in SOURCES:
        for name in sorted(os.listdir(os.path.join(ROOT, folder))):
            if name.endswith(".c"):
                with open(os.path.join(ROOT, folder, name), encoding="utf-8") as source:
                    for rule, command in CASE.findall(source.read()):
                        found[rule] = "LOAD" if command.startswith("RuleAt") else command or "LOAD"
    return found


def rule_of(driver):
    return driver.partition("__")[0]


def make_sound(path):
    """A third of a second of a ramp, stereo."""
    with wave.open(path, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(48000)
        sound.writeframes(b"".join((n % 30000 + 1).to_bytes(2, "little") * 2 for n in range(16000)))


def command_line(command, arch, rule):
    image = os.path.join(RULES, arch, rule.lower() + ".sys")
    sound = os.path.join(RULES, "sound.wav")
    if command not in COMMANDS:
        return [BENCH, "scenario", command, "--sys", image, "--arch", arch]
    return {
        "LOAD": [BENCH, "load", image] + (["--device", DEVICES[rule]] if rule in DEVICES else []),
        "SHOW": [BENCH, "show", "--sys", image, "--arch", arch],
        "PLAY": [BENCH, "play", sound, "--sys", image, "--arch", arch, "--mode", "timer"],
        "EVENT": [BENCH, "play", sound, "--sys", image, "--arch", arch, "--mode", "event"],
    }[command]


def run(job):
    """(rule, exit status, output) of the bench with one driver."""
    arch, rule, command = job
    try:
        done = subprocess.run(command_line(command, arch, rule), cwd=ROOT, timeout=SECONDS, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return job, done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        return job, None, f"still running after {SECONDS} s"


def judge(t, job, status, output):
    arch, rule, command = job
    stopped = STOPPED.search(output)
    if rule_of(rule) in CONTROLS:
        # The drivers of the rules make no sound on the device: loading and unloading is what has to be clean.
        t.check(status == EXIT_GOOD, f"{arch}: driver_that_breaks_nothing_passes ({rule.lower()})", output)
        return
    blamed = BLAMED.search(output)
    t.check(status == EXIT_VIOLATION and stopped and stopped.group(1) == rule_of(rule) and blamed,
            f"{arch}: {rule}_stops_the_driver_that_breaks_it", f"exit status {status}", output)


def main():
    t = tap.Tap()
    rules, drivers = listed_rules(), cases()
    t.check(len(rules) > 100 and len(set(rules)) == len(rules), "rules_are_listed_once", len(rules))
    t.none([rule for rule in rules if rule not in drivers and rule not in NO_DRIVER], "every_rule_has_a_driver")
    t.none([rule for rule in drivers if rule_of(rule) not in CONTROLS | set(rules)],
           "every_driver_breaks_a_listed_rule")
    t.none([rule for rule in NO_DRIVER if rule in drivers or rule not in rules], "exceptions_are_needed")
    make_sound(os.path.join(ROOT, RULES, "sound.wav"))
    wanted = set(sys.argv[1:])
    jobs = [(arch, rule, "LOAD" if rule_of(rule) in CONTROLS else command)
            for rule, command in drivers.items() for arch in ARCHS
            if rule not in NOT_ON[arch] and (not wanted or rule in wanted)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for result in pool.map(run, jobs):
            judge(t, *result)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
