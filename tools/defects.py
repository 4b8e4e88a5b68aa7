#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""./aero-snd defects: plants each defect of tests/defects in a scratch copy, one at a time, and runs what must catch.

A patch begins with header lines: Defect (what is broken), Where (driver or model), Build (targets), Check (what must
fail) and Expect (a regular expression that its output must have). Check is the arguments of aero-bench, or a program
of the tree when it begins with out/; {sound} is a sound file. A check that keeps a journal begins it anew. The copy is
out/defects/tree; verdicts are kept in out/defects/verdicts.json, and --resume goes on behind those of the same patch
and the same sources.
"""

import hashlib
import json
import os
import random
import re
import resource
import shlex
import shutil
import struct
import subprocess
import sys
import wave

from arguments import Parser, die, guarded, write_whole

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PATCHES = os.path.join("tests", "defects")
FIELDS = ("Defect", "Where", "Build", "Check", "Expect")
SOUND_FRAMES = 24000
CHECK_CPU_SECONDS = 15  # of each process; what never ends is caught by it
CHECK_SECONDS = 600
BENCH = os.path.join("out", "host", "aero-bench")
JOURNALLED = ("drift", "faults", "interleave", "soak", "steps")
# What a verdict depends on, for git: of a patch its own text only.
DECISIVE = ("Makefile", "mk", "drivers", "device", "bench", "tests", "tools", ":!tests/defects/*.patch", ":!*.md")


class Defect:
    """One patch and its header."""

    def __init__(self, folder, file):
        self.name = file[:-len(".patch")]
        self.path = os.path.join(folder, file)
        with open(self.path, encoding="utf-8") as patch:
            self.text = patch.read()
        self.fields = dict(re.findall(r"^(\w+): (.*)$", self.text.split("\n--- ")[0], re.MULTILINE))
        missing = [field for field in FIELDS if field not in self.fields]
        if missing:
            die(f"{self.path}: its header lacks {', '.join(missing)}")

    def digest(self, sources):
        """Of the patch and of what it is planted in, `sources`."""
        return hashlib.sha256((sources + self.text).encode()).hexdigest()


def defects(folder, wanted=()):
    found = [Defect(folder, file) for file in sorted(os.listdir(folder)) if file.endswith(".patch")]
    unknown = [name for name in wanted if not any(name in defect.name for defect in found)]
    if unknown:
        die(f"defects: there is none like '{unknown[0]}'")
    return [defect for defect in found if not wanted or any(name in defect.name for name in wanted)]


def listed(root, *parts):
    """Files of a folder that git knows."""
    told = subprocess.run(["git", "ls-files", "-z", "--", *parts], cwd=root, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout
    return [name for name in told.decode().split("\0") if name and os.path.isfile(os.path.join(root, name))]


def sources_digest(root):
    """Of all that a verdict depends on but the patch."""
    digest = hashlib.sha256()
    for name in listed(root, *DECISIVE):
        with open(os.path.join(root, name), "rb") as file:
            content = file.read()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def git_apply(tree, defect, *options):
    """True when the patch applies. The tree is a plain folder to git, wherever it lies."""
    environment = dict(os.environ, GIT_CEILING_DIRECTORIES=os.path.dirname(os.path.abspath(tree)))
    done = subprocess.run(["git", "apply", "-C1", *options, os.path.abspath(defect.path)], cwd=tree, check=False,
                          env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def make_sound(path):
    values = random.Random(1)
    with wave.open(path, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(48000)
        sound.writeframes(b"".join(struct.pack("<h", values.randint(1, 30000)) for _ in range(2 * SOUND_FRAMES)))


def limit_cpu():
    resource.setrlimit(resource.RLIMIT_CPU, (CHECK_CPU_SECONDS, CHECK_CPU_SECONDS))


class Scratch:
    """A copy of the project with what was built, in which defects come and go."""

    def __init__(self, base):
        self.tree = os.path.join(base, "tree")
        self.stale = set()  # targets that hold a defect which is out again
        self.sound = os.path.join(os.path.abspath(base), "sound.wav")
        os.makedirs(self.tree, exist_ok=True)
        make_sound(self.sound)
        self.copy_sources()
        if not os.path.isdir(os.path.join(self.tree, "out")):
            shutil.copytree(os.path.join(ROOT, "out"), os.path.join(self.tree, "out"), copy_function=shutil.copy2,
                            ignore=lambda folder, names: ["defects", "fuzz", "tests"] if folder.endswith("out") else [])

    def copy_sources(self):
        """Files that changed, with their times, so that make builds no more than it must."""
        for name in listed(ROOT):
            source, target = os.path.join(ROOT, name), os.path.join(self.tree, name)
            if os.path.exists(target):
                with open(source, "rb") as one, open(target, "rb") as other:
                    if one.read() == other.read():
                        continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)

    def build(self, defect):
        targets = set(defect.fields["Build"].split())
        done = subprocess.run(["make", "-s", *sorted(targets | self.stale)], cwd=self.tree, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.stale = targets
        return "" if done.returncode == 0 else done.stdout.decode("utf-8", "replace")

    def check(self, defect):
        """(exit status, output) of what must catch it; the status None: it had to be ended."""
        words = shlex.split(defect.fields["Check"].replace("{sound}", self.sound))
        command = words if words[0].startswith("out/") else [BENCH, *words]
        if words[0] in JOURNALLED and "--replay" not in words:
            command.append("--fresh")
        try:
            done = subprocess.run(command, cwd=self.tree, check=False, timeout=CHECK_SECONDS, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limit_cpu)
        except subprocess.TimeoutExpired:
            return None, "(ended: it took too long)"
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def judge(self, defect):
        """(caught, by what or why not)"""
        if not git_apply(self.tree, defect):
            return False, "the patch does not apply"
        try:
            errors = self.build(defect)
            if errors:
                return False, "does not build: " + errors.strip().splitlines()[-1][:100]
            status, output = self.check(defect)
        finally:
            if not git_apply(self.tree, defect, "--reverse"):
                die(f"{defect.name}: cannot be taken out of {self.tree}; remove that folder")
        found = re.search(defect.fields["Expect"], output)
        if status == 0:
            return False, "nothing noticed it"
        if not found:
            return False, "another failure: " + " ".join(output.split())[:120]
        return True, output[output.rfind("\n", 0, found.start()) + 1:].splitlines()[0].strip()


def show(rows, as_json):
    caught = sum(row["caught"] for row in rows)
    if as_json:
        print(json.dumps({"defects": rows, "caught": caught, "planted": len(rows)}))
        return
    print(f"{'':40}{'where':8}{'verdict':12}by")
    for row in rows:
        print(f"{row['name']:40}{row['where']:8}{'caught' if row['caught'] else 'NOT CAUGHT':12}{row['by']}")
    print(f"{caught} of {len(rows)} defects caught")


def kept(path):
    """{name: row} of the verdicts in a file; of none, when there is no such file."""
    if not os.path.exists(path):
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            rows = json.load(file)
        return {name: row for name, row in rows.items() if row["caught"] and row["digest"]}
    except (ValueError, TypeError, LookupError, AttributeError):
        die(f"{path}: holds no verdicts; without --resume they are made anew")
    return None


def parse(arguments):
    parser = Parser(prog="./aero-snd defects", allow_abbrev=False, description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="defects whose name has this in it")
    parser.add_argument("--list", action="store_true", help="what there is, and whether it applies; plants nothing")
    parser.add_argument("--resume", action="store_true", help="keeps the verdicts on defects that were caught")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    return parser.parse_args(arguments)


def run(options, folder, base):
    chosen = defects(folder, options.only)
    if options.list:
        for defect in chosen:
            print(f"{defect.name:40}{'applies' if git_apply(ROOT, defect, '--check') else 'DOES NOT APPLY':16}"
                  f"{defect.fields['Defect']}")
        return 0
    verdicts = os.path.join(base, "verdicts.json")
    known, sources = kept(verdicts) if options.resume else {}, sources_digest(ROOT)
    scratch = Scratch(base)
    scratch.stale = {target for defect in defects(folder) for target in defect.fields["Build"].split()}
    rows = []
    for number, defect in enumerate(chosen, 1):
        row, digest = known.get(defect.name), defect.digest(sources)
        if not row or row["digest"] != digest:
            sys.stderr.write(f"[{number}/{len(chosen)}] {defect.name}\n")
            caught, by = scratch.judge(defect)
            row = {"name": defect.name, "where": defect.fields["Where"], "defect": defect.fields["Defect"],
                   "caught": caught, "by": by, "digest": digest}
            known[defect.name] = row
            write_whole(verdicts, json.dumps(known, indent=1))
        rows.append(row)
    show(rows, options.json)
    return 0 if all(row["caught"] for row in rows) else 1


def main():
    options = parse(sys.argv[1:])
    return guarded(lambda: run(options, os.path.join(ROOT, PATCHES), os.path.join(ROOT, "out", "defects")))


if __name__ == "__main__":
    sys.exit(main())
