# SPDX-License-Identifier: MIT OR Apache-2.0
# The guest process of the bench: PE loader, NT kernel, PortCls, audio client; once for each architecture.

GUEST_DIRS := bench/nt bench/pe bench/portcls bench/client bench/signal
GUEST_SOURCES := $(sort $(foreach dir,$(GUEST_DIRS),$(wildcard $(dir)/*.c)))
GUEST_HEADERS := $(sort $(foreach dir,$(GUEST_DIRS) bench/include,$(wildcard $(dir)/*.h)))
GUEST_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror=implicit-function-declaration -fshort-wchar \
	-fno-strict-aliasing -fno-omit-frame-pointer -fno-pie -fno-stack-protector -fno-delete-null-pointer-checks
# The driver calls in with a stack that is aligned to 4; calls out must leave the stack pointer where it was.
GUEST_CFLAGS_32 := -m32 -march=i686 -mstackrealign -mincoming-stack-boundary=2 -maccumulate-outgoing-args \
	-D_FILE_OFFSET_BITS=64
GUEST_CFLAGS_64 := -m64

GUEST_OBJECTS_32 := $(GUEST_SOURCES:%.c=$(OUT)/obj/guest32/%.o)
GUEST_OBJECTS_64 := $(GUEST_SOURCES:%.c=$(OUT)/obj/guest64/%.o)

$(OUT)/obj/guest32/%.o: %.c $(GUEST_HEADERS)
	@mkdir -p $(@D)
	@gcc $(GUEST_CFLAGS) $(GUEST_CFLAGS_32) -c $< -o $@

$(OUT)/obj/guest64/%.o: %.c $(GUEST_HEADERS)
	@mkdir -p $(@D)
	@gcc $(GUEST_CFLAGS) $(GUEST_CFLAGS_64) -c $< -o $@

# The device's side of the link for runs in one process: the host's sources and the model, of which only bench/seat/
# shows. Both widths count alike (SSE) and lay structures out alike.
SEAT_SOURCES := $(wildcard bench/seat/*.c) $(DEVICE_SOURCES) bench/signal/pattern.c $(patsubst %,bench/host/%.c,\
	board bus counters dialect drift_watch error firmware microphone playback progress realtime)
SEAT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O3 -fno-math-errno -fno-trapping-math -g -Wall -Wextra -fno-pie \
	$(DEVICE_CPPFLAGS)
SEAT_CFLAGS_32 := $(filter-out -march=%,$(GUEST_CFLAGS_32)) -msse2 -mfpmath=sse -malign-double
SEAT_CFLAGS_64 := $(GUEST_CFLAGS_64)

# $(1) width
define seat_objects
$(OUT)/obj/seat$(1)/%.o: %.c mk/guest.mk
	@mkdir -p $$(@D)
	@gcc $$(SEAT_CFLAGS) $$(SEAT_CFLAGS_$(1)) -MMD -MP -c $$< -o $$@

$(OUT)/obj/seat$(1).o: $(SEAT_SOURCES:%.c=$(OUT)/obj/seat$(1)/%.o)
	@gcc -m$(1) -r -nostdlib $$^ -o $$@.all
	@objcopy --wildcard --keep-global-symbol='seat_*' $$@.all $$@
-include $(SEAT_SOURCES:%.c=$(OUT)/obj/seat$(1)/%.d)
endef
$(foreach width,32 64,$(eval $(call seat_objects,$(width))))

$(OUT)/host/guest32: $(GUEST_OBJECTS_32) $(OUT)/obj/seat32.o
	@mkdir -p $(@D)
	@gcc -m32 -no-pie $^ -o $@ -lm

$(OUT)/host/guest64: $(GUEST_OBJECTS_64) $(OUT)/obj/seat64.o
	@mkdir -p $(@D)
	@gcc -m64 -no-pie $^ -o $@ -lm

# Regenerates the checked-in compile-time checks of Windows 7's structures.
bench/nt/layouts_check.h: docs/windows7-layouts.tsv tools/layouts.py bench/nt/types.h
	/usr/bin/python3 tools/layouts.py docs/windows7-layouts.tsv bench/nt/types.h > $@.new && mv $@.new $@

.PHONY: guest
guest: $(OUT)/host/guest32 $(OUT)/host/guest64

TESTS += tests/bench/test_scenarios.py tests/bench/test_personalities.py tests/bench/test_recovery.py \
    tests/bench/test_streaming.py tests/bench/test_misbehaviour.py tests/bench/test_hostile.py

# ---- drivers that check the kernel from inside; linked with the skeleton of the rule drivers (mk/rules.mk) ----

INSIDE_SYMBOL_x86 := _
INSIDE_SYMBOL_x64 :=

# $(1) architecture, $(2) driver, $(3) its case
define inside_image
$(OUT)/tests/nt/$(1)/$(2).sys: $(addprefix $(OUT)/obj/rules/$(1)/tests/,nt/$(2).o rules/skeleton.o) \
    $(KERNEL_RUNTIME_$(1)) $(call kernel_libs,$(1)) tools/pe_finish.py
	@mkdir -p $$(@D)
	$(Q)$$(LLD_LINK) $$(KERNEL_LDFLAGS) $$(ARCH_$(1)_LDFLAGS) /entry:DriverEntry /out:$$@ /pdb:$$(@:.sys=.pdb) \
	    /pdbaltpath:$(2).pdb \
	    /alternatename:$(INSIDE_SYMBOL_$(1))Rule_Selected=$(INSIDE_SYMBOL_$(1))Rule_$(3) \
	    $$(filter %.o %.lib,$$^)
	$(Q)$$(PYTHON) tools/pe_finish.py $$@
test-build: $(OUT)/tests/nt/$(1)/$(2).sys
endef
$(foreach arch,x86 x64,$(eval $(call inside_image,$(arch),services,SERVICES)))
$(foreach arch,x86 x64,$(eval $(call inside_image,$(arch),flow,FLOW)))

test-build: guest
TESTS += tests/nt/test_services.py
