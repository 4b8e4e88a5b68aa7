#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every planted defect still applies, and some of them, drawn by DEFECTS_SEED, are planted and caught."""

import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import defects  # noqa: E402
from tap import Tap  # noqa: E402

DRAWN = 3
LEAST = 20
JOURNALLED = "36-mute-after-the-recovery"  # its check keeps a journal, and is quick
SLOW = ("faults ", "fault=dead", "out/tests/")  # checks that take minutes, or need another build
PLAYED = "out/host/aero-bench out/drivers/windows7/virtio-snd/x64/aero_virtio_snd.sys"  # whatever was drawn last is out
HEADER = f"Defect: none\nWhere: model\nBuild: {PLAYED}\nCheck: play {{sound}}\nExpect: %s\n\n"
NO_DIFFERENCE = """--- a/device/plugin.c
+++ b/device/plugin.c
@@ -1,2 +1,3 @@
 /* SPDX-License-Identifier: MIT OR Apache-2.0 */
+/* nothing is broken */
 /* The model as a plug-in like any other; the bench's host links the library instead. */
"""


def called(arguments, folder, base):
    """Status, stdout and stderr of the command on other folders."""
    told, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(told), redirect_stderr(errors):
        try:
            status = defects.guarded(lambda: defects.run(defects.parse(arguments), folder, base))
        except SystemExit as end:
            status = end.code
    return status, told.getvalue(), errors.getvalue()


def bad_patches(t, base):
    """What must not count as caught."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("01-harmless", HEADER % "gap" + NO_DIFFERENCE),
                           ("02-stale", HEADER % "gap" + NO_DIFFERENCE.replace("SPDX", "gone"))):
            with open(os.path.join(folder, name + ".patch"), "w", encoding="utf-8") as file:
                file.write(text)
        status, told, errors = called(["--json"], folder, base)
        rows = {row["name"]: row for row in json.loads(told)["defects"]}
        t.check(status == 1 and rows["01-harmless"]["by"] == "nothing noticed it",
                "a_defect_that_nothing_notices_is_a_failure", told, errors)
        t.check(rows["02-stale"]["by"] == "the patch does not apply", "a_patch_that_does_not_apply_is_a_failure", told)
        status, _, errors = called(["--only", "nonsense"], folder, base)
        t.check(status == 2 and len(errors.splitlines()) == 1, "an_unknown_name_is_one_line", errors)
        with open(os.path.join(folder, "03-headless.patch"), "w", encoding="utf-8") as file:
            file.write(NO_DIFFERENCE)
        status, _, errors = called([], folder, base)
        t.check(status == 2 and "its header lacks Defect" in errors, "a_patch_without_header_is_one_line", errors)


def is_one_line(answer, word):
    status, told, errors = answer
    return status == 2 and not told and len(errors.splitlines()) == 1 and word in errors


def journals(t, folder, base):
    """The second time nothing is known of the first."""
    one, two = (called(["--only", JOURNALLED], folder, base) for _ in range(2))
    t.check((one[0], two[0]) == (0, 0), "a_check_that_keeps_a_journal_is_caught_again", one, two)


def resumed(t, folder, base, names):
    """Of the same patch and sources a verdict is believed, of others not."""
    def planted(sources):
        """Names of defects that are judged again when the sources are these."""
        asked = []
        real = defects.sources_digest, defects.Scratch.judge
        defects.sources_digest = lambda root: sources or real[0](root)
        defects.Scratch.judge = lambda scratch, defect: asked.append(defect.name) or (True, "asked again")
        try:
            called(["--resume", *(word for name in names for word in ("--only", name))], folder, base)
        finally:
            defects.sources_digest, defects.Scratch.judge = real
        return asked

    t.check(not planted(None), "what_was_caught_is_not_planted_again")
    t.check(planted("other") == names, "in_other_sources_all_are_planted_again")
    t.check(not planted("other"), "and_then_known")
    verdicts = os.path.join(base, "verdicts.json")
    with open(verdicts, encoding="utf-8") as file:
        text = file.read()
    for bad in (text[:len(text) // 2], "[]", '{"x": 1}', '{"x": {}}'):
        with open(verdicts, "w", encoding="utf-8") as file:
            file.write(bad)
        answer = called(["--resume", "--only", names[0]], folder, base)
        t.check(is_one_line(answer, "verdicts.json: holds no verdicts"), f"{bad[:10]!r}: one_line", answer)


def sources_are_told_apart(t):
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, "drivers"))
        os.makedirs(os.path.join(root, "tests", "defects"))
        subprocess.run(["git", "init", "-q", root], check=True)
        told = {}
        for name in ("drivers/a.c", "tests/defects/1.patch", "drivers/a.md", "notes.txt", "Makefile"):
            for text in ("one", "two"):
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write(text)
                subprocess.run(["git", "add", name], cwd=root, check=True)
                told[name, text] = defects.sources_digest(root)
        changed = [name for name in ("drivers/a.c", "tests/defects/1.patch", "drivers/a.md", "notes.txt", "Makefile")
                   if told[name, "one"] != told[name, "two"]]
        t.check(changed == ["drivers/a.c", "Makefile"], "what_a_verdict_depends_on_is_in_its_digest", changed)


def main():
    t = Tap()
    folder = os.path.join(ROOT, defects.PATCHES)
    planted = defects.defects(folder)
    t.check(len(planted) >= LEAST, "there_are_enough_defects", len(planted))
    t.none([defect.path for defect in planted if not defects.git_apply(ROOT, defect, "--check")], "every_patch_applies")
    base = os.path.join(ROOT, os.environ.get("OUT", "out"), "tests", "defects")
    quick = [defect for defect in planted if not any(word in defect.fields["Check"] for word in SLOW)]
    drawn = random.Random(int(os.environ.get("DEFECTS_SEED", "1"))).sample(quick, DRAWN)
    t.note("DEFECTS_SEED=" + os.environ.get("DEFECTS_SEED", "1"))
    try:
        status, told, errors = called([word for defect in drawn for word in ("--only", defect.name)], folder, base)
        t.check(status == 0, "drawn_defects_are_caught", told, errors)
        resumed(t, folder, base, [defect.name for defect in planted if defect in drawn])
        bad_patches(t, base)
        journals(t, folder, base)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    sources_are_told_apart(t)
    with tempfile.NamedTemporaryFile() as file:
        answer = called([], folder, file.name)
        t.check(is_one_line(answer, file.name), "a_file_where_the_copy_should_be_is_one_line", answer)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
