#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Coverage of the shipped bytes: what one run reaches and what it cannot, that looking changes nothing, and that each
answer for a line is for one that was not executed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
import coverage  # noqa: E402
from tap import Tap  # noqa: E402

DRIVER = "drivers/windows7/virtio-snd/src/"


def rows_of(arguments, folder):
    report = coverage.measure(coverage.parse(arguments), folder)
    return {row["file"]: row for row in report.rows()}, report


def share(row):
    return coverage.percent(row["reached"], row["lines"])


def is_unchanged(t, arch, folder):
    """The same run with and without breakpoints tells the same."""
    image = coverage.Image(arch, "contract")
    image.write_points(folder)
    environment = dict(os.environ, AERO_COVERAGE_POINTS=image.point_file, AERO_COVERAGE_HITS=image.hit_file)
    told = []
    for variables in (os.environ, environment):
        output = subprocess.run([coverage.BENCH, "scenario", "both_ways_to_capture_agree", "--sys", image.path,
                                 "--arch", arch, "--json"], cwd=ROOT, env=variables, check=False,
                                stdout=subprocess.PIPE).stdout
        result = json.loads(output)
        told.append({key: value for key, value in result.items() if key not in ("host_seconds", "wall_seconds")})
    differing = [key for key in told[0] if told[0][key] != told[1].get(key) and "real" not in key]
    t.check(not differing, f"{arch}: a_run_that_is_watched_is_the_same_run", differing)
    image.read_hits()
    return image


def jumps_are_done_as_the_processor_does(t, arch, image):
    """A way that was taken leads to a block that was reached."""
    strays = [hex(at) for at, way in image.ways if at not in image.jumps]
    t.check(not strays, f"{arch}: only_conditional_jumps_have_ways", strays)
    for way, name in ((coverage.WENT, "jumps"), (coverage.STAYED, "what_follows_jumps")):
        ends = [image.jumps[at][way == coverage.STAYED] for at in image.jumps if (at, way) in image.ways]
        lost = [hex(end) for end in ends if end in image.blocks and end not in image.reached]
        t.check(len(ends) > 200 and not lost, f"{arch}: {name}_that_were_seen_were_executed", (len(ends), lost))


SOURCE = """void f(void)
{
    if (a) {
        g();
    }
    g();
}
"""


class Reached:
    """An image of one file of which only the line behind the braces ran."""
    name = "made up"
    lines = {("a.c", 4): {1}, ("a.c", 6): {2}}

    @staticmethod
    def executed(offsets):
        return 2 in offsets

    @staticmethod
    def branches():
        return {"a.c": [True, False]}


def answers_are_judged(t, folder):
    with open(os.path.join(folder, "a.c"), "w", encoding="utf-8") as file:
        file.write(SOURCE)

    def judged(*answers):
        return coverage.Report([Reached], answers, folder)

    good = judged(("a.c", "if (a) { -> g();", "why"))
    t.check((good.missing(), good.idle) == ([("a.c", 4, "why")], []), "a_line_that_was_not_executed_is_answered",
            (good.missing(), good.idle))
    whole = coverage.total(good.rows())
    t.check((whole["answered"], whole["unanswered"]) == (1, 0), "answers_are_counted", whole)
    whole = coverage.total(judged().rows())
    t.check((whole["answered"], whole["unanswered"]) == (0, 1), "a_line_without_an_answer_is_counted", whole)
    for code, told in (("} -> g();", "was reached"), ("if (b)", "is there 0 times"), ("g();", "is there 2 times"),
                       ("void f", "has no code of its own")):
        stale = judged(("a.c", code, "why"))
        t.check(stale.idle == [f"a.c: '{code}' {told}"] and not stale.answers,
                f"an_answer_to_nothing_is_told: {told}", stale.idle)
    gone = judged(("gone.c", "x", "why"))
    t.check(gone.idle == ["gone.c: 'x' is there 0 times"], "an_answer_for_a_file_that_is_gone_is_told", gone.idle)


def status_tells(t):
    """The last line of the command, and its status, on a part and with an answer too few."""
    done = subprocess.run([sys.executable, os.path.join("tools", "coverage.py"), "--quick", "--arch", "x64",
                           "--variant", "contract"], check=False, stdout=subprocess.PIPE, text=True)
    last = done.stdout.splitlines()[-1]
    numbers = [int(word) for word in last.replace(",", "").split() if word.isdigit()]
    t.check(done.returncode == 0 and len(numbers) == 4 and numbers[0] == sum(numbers[1:]),
            "the_last_line_counts_all_lines", last)


def hits_are_of_one_build(t, folder):
    """What another image or bench reached is not taken for what this one did."""
    image = coverage.Image("x64", "contract")
    image.write_points(folder)
    hits = image.hit_file
    shutil.copy(image.path, folder)
    shutil.copy(image.path[:-4] + ".pdb", folder)
    other = os.path.join(folder, os.path.basename(image.path))
    real = coverage.BENCH, coverage.DRIVERS
    try:
        os.makedirs(os.path.join(folder, "x64"))
        for name in (other, other[:-4] + ".pdb"):
            shutil.move(name, os.path.join(folder, "x64"))
        coverage.DRIVERS = folder
        same = coverage.Image("x64", "contract")
        with open(same.path, "r+b") as file:
            file.seek(0x50)
            file.write(b"!")  # in the text that DOS would print
        changed = coverage.Image("x64", "contract")
        coverage.BENCH = same.path
        bench = coverage.Image("x64", "contract")
    finally:
        coverage.BENCH, coverage.DRIVERS = real
    for built in (same, changed, bench):
        built.write_points(folder)
    t.check(same.hit_file == hits, "hits_of_the_same_build_are_kept", same.hit_file, hits)
    t.check(len({hits, changed.hit_file, bench.hit_file}) == 3, "hits_of_another_driver_or_bench_are_not", hits,
            changed.hit_file, bench.hit_file)
    with open(hits, "wb") as file:
        file.write(coverage.array.array("I", image.blocks[:9]).tobytes())
    changed.read_hits()
    t.check(not changed.reached, "hits_of_another_build_do_not_count", len(changed.reached))
    same.read_hits()
    t.check(len(same.reached) == 9, "hits_of_this_build_count", len(same.reached))
    changed.forget_hits()
    t.check(not os.path.exists(hits), "a_run_that_begins_anew_forgets_those_of_all_builds")


def what_is_not_built_is_one_line(t, folder):
    """Told by the command itself, in a copy of the tools without anything built."""
    shutil.copytree(os.path.join(ROOT, "tools"), os.path.join(folder, "tools"))
    shutil.copytree(os.path.join(ROOT, "tests", "fuzz"), os.path.join(folder, "tests", "fuzz"))
    shutil.copytree(os.path.join(ROOT, "device"), os.path.join(folder, "device"))
    done = subprocess.run([sys.executable, os.path.join("tools", "coverage.py")], cwd=folder, check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    t.check(done.returncode == 2 and not done.stdout and len(done.stderr.splitlines()) == 1
            and "aero_virtio_snd.sys: No such file" in done.stderr, "an_image_that_is_missing_is_one_line", done.stderr)


def main():
    t = Tap()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        for arch in coverage.ARCHS:
            rows, report = rows_of(["--quick", "--arch", arch, "--variant", "contract"], folder)
            t.check(coverage.total(report.rows())["lines"] > 2500, f"{arch}: the_pdb_tells_the_lines", len(rows))
            t.check(share(rows["drivers/windows7/virtio/common/src/virtqueue_split.c"]) > 80,
                    f"{arch}: what_every_run_needs_is_reached", rows)
            t.check(rows[DRIVER + "adapter_power.c"]["reached"] == 0,
                    f"{arch}: what_a_run_does_not_do_is_not_reached", rows[DRIVER + "adapter_power.c"])
            jumps_are_done_as_the_processor_does(t, arch, is_unchanged(t, arch, folder))
        answers_are_judged(t, folder)
        hits_are_of_one_build(t, folder)
        what_is_not_built_is_one_line(t, folder)
    status_tells(t)
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
