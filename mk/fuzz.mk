# SPDX-License-Identifier: MIT OR Apache-2.0
# The device model under libFuzzer: tests/fuzz/device_fuzz.c. One program looks for defects, one measures coverage.

FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_COVERAGE := -fprofile-instr-generate -fcoverage-mapping
FUZZ_CFLAGS := -std=c11 -O1 -g -Wall -Wextra -Werror
FUZZ_PROGRAMS := $(OUT)/fuzz/device_fuzz $(OUT)/fuzz/device_fuzz_coverage

# trace-pc calls the harness in each basic block of device/: its counter of work.
$(OUT)/obj/fuzz/device/%.o: device/%.c
	@mkdir -p $(@D)
	$(CLANG) $(DEVICE_CPPFLAGS) $(FUZZ_CFLAGS) $(FUZZ_SANITIZE) -fsanitize-coverage=trace-pc -MMD -MP -c $< -o $@

$(OUT)/obj/fuzz/device_fuzz.o: tests/fuzz/device_fuzz.c
	@mkdir -p $(@D)
	$(CLANG) $(DEVICE_CPPFLAGS) $(FUZZ_CFLAGS) $(FUZZ_SANITIZE) -MMD -MP -c $< -o $@

$(OUT)/fuzz/device_fuzz: $(OUT)/obj/fuzz/device_fuzz.o $(DEVICE_SOURCES:device/%.c=$(OUT)/obj/fuzz/device/%.o)
	@mkdir -p $(@D)
	$(CLANG) -fsanitize=fuzzer,address,undefined -Wl,--wrap=__sanitizer_cov_trace_pc -o $@ $^ -lm

$(OUT)/obj/fuzz/coverage/%.o: device/%.c
	@mkdir -p $(@D)
	$(CLANG) $(DEVICE_CPPFLAGS) $(FUZZ_CFLAGS) $(FUZZ_COVERAGE) -MMD -MP -c $< -o $@

$(OUT)/fuzz/device_fuzz_coverage: tests/fuzz/device_fuzz.c \
    $(DEVICE_SOURCES:device/%.c=$(OUT)/obj/fuzz/coverage/%.o)
	@mkdir -p $(@D)
	$(CLANG) $(DEVICE_CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer -fprofile-instr-generate -o $@ $^ -lm

$(OUT)/fuzz/device/seeds/made: tests/fuzz/seeds.py tests/fuzz/device_fuzz.h
	@mkdir -p $(@D)
	$(PYTHON) tests/fuzz/seeds.py $(@D)
	@touch $@

.PHONY: fuzz-build
fuzz-build: $(FUZZ_PROGRAMS) $(OUT)/fuzz/device/seeds/made
test-build: fuzz-build

TESTS += tests/fuzz/test_device_fuzz.py

-include $(wildcard $(OUT)/obj/fuzz/*.d $(OUT)/obj/fuzz/*/*.d)
