# SPDX-License-Identifier: MIT OR Apache-2.0
# Tiny drivers that each break one rule of the bench: out/tests/rules/<arch>/<rule in lower case>.sys.
# A case is RULE(NAME, ...) or RULE_DISPATCH(NAME) in tests/rules/*.c; every case becomes one image.

RULE_OUT := $(OUT)/tests/rules
RULE_OBJ := $(OUT)/obj/rules
RULE_GROUPS := $(filter-out tests/rules/skeleton.c,$(wildcard tests/rules/*.c))
RULE_NAMES := $(shell sed -nE 's/^RULE(_DISPATCH)?\(([A-Z0-9_]+).*/\2/p' $(RULE_GROUPS))
RULE_CFLAGS := $(CLANG_KERNEL_CFLAGS) -I$(VIRTIO)/include -Itests/rules

lower = $(shell echo $(1) | tr A-Z a-z)

# $(1) architecture
define rule_objects
$(RULE_OBJ)/$(1)/%.o: tests/rules/%.c
	@mkdir -p $$(@D)
	$(CLANG) --target=$(ARCH_$(1)_TRIPLE) $(RULE_CFLAGS) $(ARCH_$(1)_CFLAGS) -DDBG=0 -MMD -MP -c $$< -o $$@
-include $(patsubst tests/rules/%.c,$(RULE_OBJ)/$(1)/%.d,$(RULE_GROUPS))
endef
$(foreach a,$(ARCHS),$(eval $(call rule_objects,$(a))))

# $(1) architecture, $(2) rule, $(3) rule in lower case
define rule_image
$(RULE_OBJ)/$(1)/skeleton_$(3).o: tests/rules/skeleton.c tests/rules/rule.h
	@mkdir -p $$(@D)
	$(CLANG) --target=$(ARCH_$(1)_TRIPLE) $(RULE_CFLAGS) $(ARCH_$(1)_CFLAGS) -DDBG=0 -DRULE_CASE_NAME=Rule_$(2) \
	    -c $$< -o $$@
$(RULE_OUT)/$(1)/$(3).sys: $(RULE_OBJ)/$(1)/skeleton_$(3).o $(patsubst tests/rules/%.c,$(RULE_OBJ)/$(1)/%.o,$(RULE_GROUPS)) \
    $(KERNEL_RUNTIME_$(1)) $(call kernel_libs,$(1)) tools/pe_finish.py
	@mkdir -p $$(@D)
	$(LLD_LINK) $(KERNEL_LDFLAGS) $(ARCH_$(1)_LDFLAGS) /entry:DriverEntry /out:$$@ /pdb:$$(@:.sys=.pdb) \
	    /pdbaltpath:$(3).pdb $$(filter %.o %.lib,$$^)
	$(PYTHON) tools/pe_finish.py $$@
rule-drivers: $(RULE_OUT)/$(1)/$(3).sys
endef

.PHONY: rule-drivers
rule-drivers:
$(foreach r,$(RULE_NAMES),$(foreach a,$(ARCHS),$(eval $(call rule_image,$(a),$(r),$(call lower,$(r))))))

test-build: rule-drivers
