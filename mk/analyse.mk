# SPDX-License-Identifier: MIT OR Apache-2.0
# Other eyes on the C sources: cppcheck, gcc -fanalyzer, clang-tidy, and valgrind on the unit tests. tools/analyse.py
# runs them and compares what they say with tools/analyse-answers.tsv. The sources' sets and flags: out/analyse/units.

ANALYSE_UNITS := $(OUT)/analyse/units
# The driver as it is compiled for x64; the sources that the defines of a variant change, again with those.
ANALYSE_KERNEL_FLAGS = $(ARCH_x64_CFLAGS) $(free_DEFINES) $(DRIVER_INCLUDES)
# Of gcc's, in words that clang knows: what it does not know it does not analyse.
ANALYSE_CLANG_WORDS := -D__builtin_irintf=lrintf
# The guest as it is compiled for x64, in words that clang knows.
ANALYSE_GUEST_CLANG_FLAGS = -std=gnu11 -D_GNU_SOURCE -fshort-wchar -fno-strict-aliasing
ANALYSE_FUZZ_FLAGS = $(DEVICE_CPPFLAGS) -Itests/fuzz -Ibench/host -std=c11

# $(1) set, $(2) gcc, $(3) its flags, $(4) clang's flags, $(5) sources
analyse_set = printf '%s\n' '$(1)|$(2)|$(strip $(3))|$(strip $(4))|$(strip $(5))' >>$(ANALYSE_UNITS);

.PHONY: analyse-units analyse-build unit-plain unit-plain-bounded
analyse-units: $(DRIVER_MC_RC)
	@mkdir -p $(OUT)/analyse
	@rm -f $(ANALYSE_UNITS)
	@$(call analyse_set,device,$(DEVICE_CC),$(DEVICE_CPPFLAGS) $(DEVICE_CFLAGS),$(DEVICE_CPPFLAGS) -std=c11,\
	    $(DEVICE_SOURCES) device/plugin.c)
	@$(call analyse_set,host,$(HOST_CC),$(HOST_CFLAGS) -Idevice,$(HOST_CFLAGS) $(ANALYSE_CLANG_WORDS) -Idevice,\
	    $(HOST_SOURCES) bench/alsa/paced.c bench/preload/clock.c)
	@$(call analyse_set,guest,gcc,$(GUEST_CFLAGS) $(GUEST_CFLAGS_64),$(ANALYSE_GUEST_CLANG_FLAGS),$(GUEST_SOURCES))
	@$(call analyse_set,seat,gcc,$(SEAT_CFLAGS),$(DEVICE_CPPFLAGS) -std=gnu11 $(ANALYSE_CLANG_WORDS),\
	    $(wildcard bench/seat/*.c))
	@$(call analyse_set,fuzz,$(DEVICE_CC),$(ANALYSE_FUZZ_FLAGS),$(ANALYSE_FUZZ_FLAGS),\
	    $(filter-out %/coverage_image.c,$(wildcard tests/fuzz/*.c)))
	@$(foreach v,$(VARIANTS),$(call analyse_set,driver-$(v),$(ARCH_x64_TRIPLE)-gcc,\
	    $(GCC_KERNEL_CFLAGS) $(ANALYSE_KERNEL_FLAGS) $($(v)_DEFINES),\
	    --target=$(ARCH_x64_TRIPLE) $(CLANG_KERNEL_CFLAGS) $(ANALYSE_KERNEL_FLAGS) $($(v)_DEFINES),$($(v)_OWN)))

# The unit tests without sanitizers, for valgrind.
unit-plain:
	$(MAKE) --no-print-directory OUT=$(OUT)/plain UNIT_SANITIZE= unit

# As many of them as the tests have time for.
unit-plain-bounded:
	$(MAKE) --no-print-directory OUT=$(OUT)/plain UNIT_SANITIZE= $(addprefix $(OUT)/plain/tests/unit_,pcm xfer)

analyse-build: analyse-units unit-plain

TESTS += tests/analysis/test_analyse.py
test-build: analyse-units unit-plain-bounded
