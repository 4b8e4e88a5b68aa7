# SPDX-License-Identifier: MIT OR Apache-2.0
# Tiny drivers that each break one rule of the bench: out/tests/rules/<arch>/<rule in lower case>.sys.
# A case is RULE(NAME, ...) or RULE_DISPATCH(NAME) in tests/rules/*.c; every case becomes one image: all of them are linked
# from the same objects, the skeleton's Rule_Selected is another name of the case, and the linker drops what is not used.

RULE_OUT := $(OUT)/tests/rules
RULE_OBJ := $(OUT)/obj/rules
RULE_SOURCES := $(wildcard tests/rules/*.c)
RULE_NAMES := $(shell grep -hoE '^RULE(_DISPATCH)?.[A-Z0-9_]+' $(RULE_SOURCES) | sed -E 's/^RULE(_DISPATCH)?.//')
RULE_CFLAGS := $(CLANG_KERNEL_CFLAGS) -fdata-sections -DDBG=0 -I$(VIRTIO)/include -Itests/rules
# The name of a C symbol in an object, as the linker wants it.
RULE_SYMBOL_x86 := _
RULE_SYMBOL_x64 :=

lower = $(shell echo $(1) | tr A-Z a-z)

# $(1) architecture
define rule_objects
$(RULE_OBJ)/$(1)/%.o: tests/rules/%.c
	@mkdir -p $$(@D)
	$(Q)$(CLANG) --target=$(ARCH_$(1)_TRIPLE) $(RULE_CFLAGS) $(ARCH_$(1)_CFLAGS) $(ARCH_$(1)_CLANG_CFLAGS) \
	    -MMD -MP -c $$< -o $$@
-include $(patsubst tests/rules/%.c,$(RULE_OBJ)/$(1)/%.d,$(RULE_SOURCES))
endef
$(foreach a,$(ARCHS),$(eval $(call rule_objects,$(a))))

# $(1) architecture, $(2) rule, $(3) rule in lower case
define rule_image
$(RULE_OUT)/$(1)/$(3).sys: $(patsubst tests/rules/%.c,$(RULE_OBJ)/$(1)/%.o,$(RULE_SOURCES)) \
    $(KERNEL_RUNTIME_$(1)) $(call kernel_libs,$(1)) tools/pe_finish.py mk/rules.mk
	@mkdir -p $$(@D)
	$(Q)$(LLD_LINK) $(KERNEL_LDFLAGS) $(ARCH_$(1)_LDFLAGS) /entry:DriverEntry /out:$$@ /pdb:$$(@:.sys=.pdb) \
	    /pdbaltpath:$(3).pdb /alternatename:$(RULE_SYMBOL_$(1))Rule_Selected=$(RULE_SYMBOL_$(1))Rule_$(2) \
	    $$(filter %.o %.lib,$$^)
	$(Q)$(PYTHON) tools/pe_finish.py $$@
rule-drivers: $(RULE_OUT)/$(1)/$(3).sys
endef

.PHONY: rule-drivers
rule-drivers:
$(foreach r,$(RULE_NAMES),$(foreach a,$(ARCHS),$(eval $(call rule_image,$(a),$(r),$(call lower,$(r))))))

test-build: rule-drivers
