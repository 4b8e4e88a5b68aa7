# SPDX-License-Identifier: MIT OR Apache-2.0
# The Windows-side scripts and ./aero-snd vm: nothing to build, PowerShell's engine builds itself for its tests.
TESTS += tests/powershell/test_language.py tests/powershell/test_scripts.py tests/cmd/test_scripts.py \
    tests/commands/test_vm.py
