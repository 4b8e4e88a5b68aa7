# SPDX-License-Identifier: MIT OR Apache-2.0
"""The table of builds, mk/variants.mk, as make reads it."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROBE = """
OUT := out
include mk/variants.mk
$(foreach v,$(VARIANTS),$(foreach k,SYS DEFINES SOURCES FLAVOURS,$(info $v $k $($v_$k))))
$(info free DEFINES $(free_DEFINES))
$(info free DIR $(free_DIR))
probe: ;@:
"""


def table(root=ROOT):
    """{variant: {"SYS": [base name], "DEFINES": [...], "SOURCES": [...], "FLAVOURS": [...]}}; the shipped flavour is
    the entry "free", with DEFINES and DIR. Defines as in -DNAME=VALUE, without the -D; paths from the root."""
    probe = PROBE.replace("$v_$k", "$(v)_$(k)").replace("$v ", "$(v) ").replace("$k ", "$(k) ")
    done = subprocess.run(["make", "-s", "--no-print-directory", "-f", "-", "probe"], cwd=root, input=probe, check=True,
                          capture_output=True, text=True)
    found = {}
    for line in done.stdout.splitlines():
        variant, key, *words = line.split()
        found.setdefault(variant, {})[key] = [word.removeprefix("-D") for word in words]
    return found
