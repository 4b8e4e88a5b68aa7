# SPDX-License-Identifier: MIT OR Apache-2.0
# What ./aero-snd calls.

.PHONY: build test test-build release proof clean help list-tests

build: driver guest $(HOST_BENCH) $(HOST_CARD) $(HOST_CLOCK) ## both drivers, the bench and its device
test-build: build

TESTS += tests/commands/test_inputs.py tests/commands/test_streams.py tests/commands/test_runner.py \
    tests/commands/test_launcher.py tests/commands/test_qemu.py tests/commands/test_qemu_pulse.py \
    tests/commands/test_setup_qemu.py tests/commands/test_logo.py tests/commands/test_drift.py \
    tests/commands/test_logo_devices.py tests/commands/test_faults.py tests/commands/test_steps.py \
    tests/commands/test_coverage.py tests/defects/test_defects.py \
    tests/commands/test_interleave.py tests/commands/test_soak.py tests/commands/test_bench.py

test: test-build ## all tests
	$(PYTHON) tests/run.py --jobs 2 --logs $(OUT)/test-logs $(TESTS)

list-tests:
	@printf '%s\n' $(TESTS)

release: build ## both drivers, proven by playing and recording a sound through each
	$(PYTHON) tools/prove.py $(OUT)

clean: ## removes out/
	rm -rf $(OUT)
