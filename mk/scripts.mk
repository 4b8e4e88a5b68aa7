# SPDX-License-Identifier: MIT OR Apache-2.0
# The Windows-side scripts and ./aero-snd vm: nothing to build but what their tests need. PowerShell's engine is built
# by its tests, where there is a .NET SDK.
TESTS += tests/powershell/test_language.py tests/powershell/test_scripts.py tests/cmd/test_scripts.py \
    tests/commands/test_vm.py

# Stands in for the kits' programs, under Wine.
CMD_STANDIN := $(OUT)/tests/cmd/tool.exe

$(CMD_STANDIN): tests/cmd/tool.c mk/scripts.mk
	@mkdir -p $(@D)
	$(Q)x86_64-w64-mingw32-gcc -std=c11 -O1 -Wall -Wextra -Werror -o $@ $<

test-build: $(CMD_STANDIN)
