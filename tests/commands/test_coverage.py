#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Coverage of the shipped bytes: what one run reaches and what it cannot, and that looking changes nothing."""

import json
import os
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
    image.write_blocks(folder)
    environment = dict(os.environ, AERO_COVERAGE_BLOCKS=image.block_file, AERO_COVERAGE_HITS=image.hit_file)
    told = []
    for variables in (os.environ, environment):
        output = subprocess.run([coverage.BENCH, "scenario", "both_ways_to_capture_agree", "--sys", image.path,
                                 "--arch", arch, "--json"], cwd=ROOT, env=variables, check=False,
                                stdout=subprocess.PIPE).stdout
        result = json.loads(output)
        told.append({key: value for key, value in result.items() if key not in ("host_seconds", "wall_seconds")})
    differing = [key for key in told[0] if told[0][key] != told[1].get(key) and "real" not in key]
    t.check(not differing, f"{arch}: a_run_that_is_watched_is_the_same_run", differing)


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
            is_unchanged(t, arch, folder)
    explained = coverage.Report([], {("a.c", "x"): "why"})
    explained.lines["a.c"] = {1: True}
    explained.source = {("a.c", 1): "x = 1;"}
    t.check(explained.idle() == ["a.c: x"], "an_explanation_of_lines_that_are_reached_is_told", explained.idle())
    return t.finish()


if __name__ == "__main__":
    sys.exit(main())
