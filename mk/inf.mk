# SPDX-License-Identifier: MIT OR Apache-2.0
# The INFs: their linter, the bench, and Wine's setupapi, which installs them with tests/inf/install.c; the guards of
# scripts/ci.

INF_INSTALL := $(OUT)/tests/inf/install.exe

$(INF_INSTALL): tests/inf/install.c
	@mkdir -p $(@D)
	$(Q)$(ARCH_x64_TRIPLE)-gcc -std=c11 -O1 -Wall -Wextra -Werror -municode -o $@ $< -lsetupapi

TESTS += tests/inf/test_lint.py tests/inf/test_device.py tests/inf/test_install.py tests/ci/test_guards.py
test-build: $(INF_INSTALL)
