# SPDX-License-Identifier: MIT OR Apache-2.0
# Tiny drivers that each break one rule of the bench: out/tests/rules/<arch>/<rule in lower case>.sys.
# A case is RULE(NAME, ...) or RULE_DISPATCH(NAME) in tests/rules/*.c, or PORT_RULE(NAME, ...) in
# tests/rules/portcls/*.c. Every case becomes one image: all of a folder are linked from the same objects, the
# skeleton's Rule_Selected is another name of the case, and the linker drops what is not used.

RULE_OUT := $(OUT)/tests/rules
RULE_OBJ := $(OUT)/obj/rules
RULE_CFLAGS := $(CLANG_KERNEL_CFLAGS) -fdata-sections -DDBG=0 $(DRIVER_INCLUDES) -Itests/rules
# The name of a C symbol in an object, as the linker wants it.
RULE_SYMBOL_x86 := _
RULE_SYMBOL_x64 :=

# Two kinds of skeleton. The drivers of PortCls borrow the IUnknown methods and the GUIDs of the shipped driver. Those
# of tests/rules/counted have the plain skeleton and count their own basic blocks, as the images of mk/fuzz.mk do.
RULE_KINDS := plain port counted
plain_RULE_SOURCES := $(wildcard tests/rules/*.c)
port_RULE_SOURCES := $(wildcard tests/rules/portcls/*.c) $(SND)/src/portcls_com.c $(SND)/src/guids.c
counted_CASES := $(wildcard tests/rules/counted/*.c)
counted_RULE_SOURCES := $(counted_CASES) tests/rules/skeleton.c $(COUNTING_SOURCE)
plain_RULES := $(shell grep -hoE '^RULE(_DISPATCH)?.[A-Z0-9_]+' $(plain_RULE_SOURCES) | sed -E 's/^RULE(_DISPATCH)?.//')
counted_RULES := $(shell grep -hoE '^RULE.[A-Z0-9_]+' $(counted_CASES) | sed -E 's/^RULE.//')
port_RULES := $(shell grep -hoE '^PORT_RULE.[A-Z0-9_]+' $(port_RULE_SOURCES) | sed -E 's/^PORT_RULE.//')

lower = $(shell echo $(1) | tr A-Z a-z)

# $(1) architecture
define rule_objects
$(RULE_OBJ)/$(1)/%.o: %.c mk/toolchain.mk | $(DRIVER_MC_RC)
	@mkdir -p $$(@D)
	$(Q)$(CLANG) --target=$(ARCH_$(1)_TRIPLE) $(RULE_CFLAGS) $$(COUNTED_CFLAGS) $(ARCH_$(1)_CFLAGS) \
	    $(ARCH_$(1)_CLANG_CFLAGS) -MMD -MP -c $$< -o $$@
$(patsubst %.c,$(RULE_OBJ)/$(1)/%.o,$(counted_CASES)): COUNTED_CFLAGS := $(COUNTING_CFLAGS)
-include $(patsubst %.c,$(RULE_OBJ)/$(1)/%.d,$(plain_RULE_SOURCES) $(port_RULE_SOURCES) $(counted_RULE_SOURCES))
endef
$(foreach a,$(ARCHS),$(eval $(call rule_objects,$(a))))

# $(1) architecture, $(2) kind, $(3) rule, $(4) rule in lower case
define rule_image
$(RULE_OUT)/$(1)/$(4).sys: $(patsubst %.c,$(RULE_OBJ)/$(1)/%.o,$($(2)_RULE_SOURCES)) \
    $(KERNEL_RUNTIME_$(1)) $(call kernel_libs,$(1)) tools/pe_finish.py mk/rules.mk
	@mkdir -p $$(@D)
	$(Q)$(LLD_LINK) $(KERNEL_LDFLAGS) $(ARCH_$(1)_LDFLAGS) /entry:DriverEntry /out:$$@ /pdb:$$(@:.sys=.pdb) \
	    /pdbaltpath:$(4).pdb /alternatename:$(RULE_SYMBOL_$(1))Rule_Selected=$(RULE_SYMBOL_$(1))Rule_$(3) \
	    $$(filter %.o %.lib,$$^)
	$(Q)$(PYTHON) tools/pe_finish.py $$@
rule-drivers: $(RULE_OUT)/$(1)/$(4).sys
endef

.PHONY: rule-drivers
rule-drivers:
$(foreach k,$(RULE_KINDS),$(foreach r,$($(k)_RULES),$(foreach a,$(ARCHS),$(eval \
    $(call rule_image,$(a),$(k),$(r),$(call lower,$(r)))))))

test-build: rule-drivers
TESTS += tests/rules/test_rules.py
