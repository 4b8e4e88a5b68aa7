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

# Of personalities and knobs the seeds know what the sources say.
SEEDS_KNOW := tests/fuzz/seeds.py device/personality.c device/personality_options.c

$(OUT)/fuzz/device/seeds/made: $(SEEDS_KNOW) tests/fuzz/device_fuzz.h
	@rm -rf $(@D) && mkdir -p $(@D)
	$(PYTHON) tests/fuzz/seeds.py $(@D)
	@touch $@

# The driver on a hostile device: its sources once more, counting their basic blocks and stopping at what is undefined.
# Not of NULL (the kit's CONTAINING_RECORD takes the address of a field of NULL), which would fault anyway.
fuzzed_DEFINES := $(free_DEFINES)
COUNTING_CFLAGS := -fsanitize-coverage=inline-8bit-counters,pc-table,trace-pc,trace-cmp,no-prune
COUNTING_SOURCE := tests/fuzz/coverage_image.c
fuzzed_CFLAGS := $(COUNTING_CFLAGS) -fsanitize=undefined -fno-sanitize=null,object-size -fsanitize-trap=undefined
fuzzed_DIR := $(OUT)/fuzz/driver
fuzzed_SOURCES := $(COUNTING_SOURCE)
FUZZED_VARIANTS := contract ioport legacy
$(foreach v,$(FUZZED_VARIANTS),$(foreach a,$(ARCHS),$(eval $(call driver_image,$(v),fuzzed,$(a)))))
$(foreach v,$(FUZZED_VARIANTS),$(foreach a,$(ARCHS),$(patsubst %.c,$(call driver_obj,$(v),fuzzed,$(a))/%.o,\
    $($(v)_SOURCES) $(fuzzed_SOURCES)))): mk/fuzz.mk
FUZZED_IMAGES := $(foreach v,$(FUZZED_VARIANTS),$(ARCHS:%=$(fuzzed_DIR)/%/$($(v)_SYS).sys))

# The hostile device is a plug-in: the fuzzer holds it, and aero-bench can, on any image.
HOSTILE_PLUGIN := $(OUT)/fuzz/hostile.so

HOSTILE_OBJECTS := $(OUT)/obj/fuzz/hostile.o $(OUT)/obj/fuzz/told.o

$(HOSTILE_OBJECTS): $(OUT)/obj/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(DEVICE_CC) $(DEVICE_CPPFLAGS) -Itests/fuzz $(DEVICE_CFLAGS) -MMD -MP -c $< -o $@

$(HOSTILE_PLUGIN): $(HOSTILE_OBJECTS) $(OUT)/host/libvsnd.a
	@mkdir -p $(@D)
	$(DEVICE_CC) -shared -Wl,-z,defs -Wl,-soname,hostile.so -o $@ $^ -lm

$(OUT)/obj/fuzz/driver_fuzz.o: tests/fuzz/driver_fuzz.c
	@mkdir -p $(@D)
	$(CLANG) $(DEVICE_CPPFLAGS) -Ibench/host $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

# The bench's host process with another main; it finds the guest beside itself.
$(OUT)/fuzz/driver_fuzz: $(OUT)/obj/fuzz/driver_fuzz.o $(filter-out %/main.o,$(HOST_OBJECTS)) $(OUT)/host/libvsnd.a \
    $(HOSTILE_PLUGIN) $(OUT)/host/guest64 $(OUT)/host/guest32
	@mkdir -p $(@D)
	$(CLANG) -fsanitize=fuzzer -Wl,-rpath,'$$ORIGIN' -o $@ $(filter %.o %.a %.so,$^) $(HOST_LDLIBS)
	ln -sf ../host/guest64 ../host/guest32 $(@D)

$(OUT)/fuzz/driver/seeds/made: tests/fuzz/driver_seeds.py $(SEEDS_KNOW) tests/fuzz/hostile.h
	@rm -rf $(@D) && mkdir -p $(@D)
	$(PYTHON) tests/fuzz/driver_seeds.py $(@D)
	@touch $@

.PHONY: fuzz-build coverage-build
coverage-build: build $(HOSTILE_PLUGIN)
fuzz-build: $(FUZZ_PROGRAMS) $(OUT)/fuzz/device/seeds/made
fuzz-build: $(OUT)/fuzz/driver_fuzz $(FUZZED_IMAGES) $(OUT)/fuzz/driver/seeds/made
test-build: fuzz-build

TESTS += tests/fuzz/test_device_fuzz.py tests/fuzz/test_driver_fuzz.py

-include $(wildcard $(OUT)/obj/fuzz/*.d $(OUT)/obj/fuzz/*/*.d)
