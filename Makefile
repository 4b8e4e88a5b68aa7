# SPDX-License-Identifier: MIT OR Apache-2.0
# The one build file; ./aero-snd is its front door. Each mk/*.mk file owns one part of the tree.
# Parts add their test commands (each prints TAP on stdout) to TESTS.

OUT := out
TESTS :=
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := build

include mk/toolchain.mk
include mk/variants.mk
include mk/driver.mk
include mk/device.mk
include mk/guest.mk
include mk/host.mk
include mk/fuzz.mk
include mk/unit.mk
include mk/analyse.mk
include mk/rules.mk
include mk/inf.mk
include mk/scripts.mk
include mk/docs.mk
include mk/package.mk
include mk/commands.mk
