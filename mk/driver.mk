# SPDX-License-Identifier: MIT OR Apache-2.0
# Builds the images: for every variant, flavour and architecture one SYS with its PDB.
#   make driver          free and checked images of all variants, both architectures
#   make driver-gcc      every driver source through mingw gcc too, without linking
#   make driver-layouts  the kit's structures against the layouts of Windows 7 SP1, at compile time

DRIVER_OBJ := $(OUT)/obj/driver
DRIVER_INCLUDES := -I$(VIRTIO)/include -I$(SND)/include
EXPORT_TABLES := tools/exports/ntoskrnl.exe.tsv tools/exports/hal.dll.tsv tools/exports/portcls.sys.tsv
EXPORT_MODULES := $(patsubst tools/exports/%.tsv,%,$(EXPORT_TABLES))

# --- Import libraries, from the tables of what Windows 7 SP1 exports -------------------------------------------------

# $(1) architecture, $(2) module
define import_library
$(OUT)/obj/lib/$(1)/$(2).def: tools/exports/$(2).tsv tools/exports.py
	@mkdir -p $$(@D)
	$(Q)$(PYTHON) tools/exports.py def $(1) $$< >$$@
$(OUT)/obj/lib/$(1)/$(2).lib: $(OUT)/obj/lib/$(1)/$(2).def
	$(Q)$(LLVM_DLLTOOL) -m $(ARCH_$(1)_MACHINE) -k -d $$< -l $$@
endef
$(foreach a,$(ARCHS),$(foreach m,$(EXPORT_MODULES),$(eval $(call import_library,$(a),$(m)))))

# $(1) architecture
kernel_libs = $(patsubst %,$(OUT)/obj/lib/$(1)/%.lib,$(EXPORT_MODULES))

# What clang calls for 64-bit division on x86, made of what ntoskrnl exports for it; linked only where it is used.
KERNEL_RUNTIME_x86 := $(OUT)/obj/lib/x86/int64.lib
KERNEL_RUNTIME_x64 :=
$(KERNEL_RUNTIME_x86): $(VIRTIO)/src/int64_x86.S
	@mkdir -p $(@D)
	$(Q)$(CLANG) --target=$(ARCH_x86_TRIPLE) -c $< -o $(@:.lib=.o)
	$(Q)rm -f $@
	$(Q)$(LLVM_AR) rcsD $@ $(@:.lib=.o)

# --- Compile and link --------------------------------------------------------------------------------------------

# Version resource and message table: res/*.mc becomes a .rc, which res/*.rc includes, and that becomes a .res.
DRIVER_RC := $(wildcard $(SND)/res/*.rc)
DRIVER_MC := $(wildcard $(SND)/res/*.mc)
DRIVER_MC_RC := $(patsubst $(SND)/res/%.mc,$(DRIVER_OBJ)/res/%.rc,$(DRIVER_MC))

# windmc also writes the header with the message ids, which the sources include. llvm-rc does not know its keyword
# MESSAGETABLE and would make it a name of our own: RT_MESSAGETABLE is type 11.
# $(1) base name
define message_table
$(DRIVER_OBJ)/res/$(1).rc $(DRIVER_OBJ)/res/$(1).h &: $(SND)/res/$(1).mc
	@mkdir -p $$(@D)
	$(Q)$(WINDMC) -h $$(@D) -r $$(@D) $$<
	$(Q)sed -i 's/MESSAGETABLE/11/' $$(@D)/$(1).rc
endef
$(foreach m,$(DRIVER_MC),$(eval $(call message_table,$(basename $(notdir $(m))))))
DRIVER_INCLUDES += -I$(DRIVER_OBJ)/res

# $(1) variant, $(2) flavour, $(3) architecture: folder of its objects
driver_obj = $(DRIVER_OBJ)/$(1)/$(2)/$(3)

# $(1) variant, $(2) flavour, $(3) architecture
define driver_image
$(call driver_obj,$(1),$(2),$(3))/%.o: %.c mk/toolchain.mk | $(DRIVER_MC_RC)
	@mkdir -p $$(@D)
	$(Q)$(CLANG) --target=$(ARCH_$(3)_TRIPLE) $(CLANG_KERNEL_CFLAGS) $(ARCH_$(3)_CFLAGS) $(ARCH_$(3)_CLANG_CFLAGS) \
	    $($(2)_CFLAGS) $($(2)_DEFINES) $($(1)_DEFINES) $(DRIVER_INCLUDES) -MMD -MP -c $$< -o $$@

$(call driver_obj,$(1),$(2),$(3))/%.gcc.o: %.c | $(DRIVER_MC_RC)
	@mkdir -p $$(@D)
	$(Q)$(ARCH_$(3)_TRIPLE)-gcc $(GCC_KERNEL_CFLAGS) $(ARCH_$(3)_CFLAGS) $($(2)_CFLAGS) $($(2)_DEFINES) \
	    $($(1)_DEFINES) $(DRIVER_INCLUDES) -MMD -MP -c $$< -o $$@

$(call driver_obj,$(1),$(2),$(3))/%.res: %.rc $(SND)/include/version.h $(DRIVER_MC_RC)
	@mkdir -p $$(@D)
	$(Q)$(LLVM_RC) /I $(SND)/include /I $(DRIVER_OBJ)/res /I $(MINGW_INCLUDE) \
	    $(subst -D,/D ,$($(2)_DEFINES) $($(1)_DEFINES)) /D SYS_NAME=$($(1)_SYS) /FO $$@ $$<

$($(2)_DIR)/$(3)/$($(1)_SYS).sys: \
    $(patsubst %.c,$(call driver_obj,$(1),$(2),$(3))/%.o,$($(1)_SOURCES) $($(2)_SOURCES)) \
    $(patsubst %.rc,$(call driver_obj,$(1),$(2),$(3))/%.res,$(DRIVER_RC)) $(KERNEL_RUNTIME_$(3)) \
    $(call kernel_libs,$(3)) tools/pe_finish.py
	@mkdir -p $$(@D)
	@echo "  LINK $$@"
	$(Q)$(LLD_LINK) $(KERNEL_LDFLAGS) $(ARCH_$(3)_LDFLAGS) /entry:DriverEntry /out:$$@ /pdb:$$(@:.sys=.pdb) \
	    /pdbaltpath:$($(1)_SYS).pdb $$(filter %.o %.res %.lib,$$^)
	$(Q)$(PYTHON) tools/pe_finish.py $$@

-include $(patsubst %.c,$(call driver_obj,$(1),$(2),$(3))/%.d,$($(1)_SOURCES)) \
    $(patsubst %.c,$(call driver_obj,$(1),$(2),$(3))/%.gcc.d,$($(1)_OWN))
endef

# The same arguments: what everybody builds and checks.
define driver_goals
driver: $($(2)_DIR)/$(3)/$($(1)_SYS).sys
driver-gcc: $(patsubst %.c,$(call driver_obj,$(1),$(2),$(3))/%.gcc.o,$($(1)_OWN))
endef

.PHONY: driver driver-gcc driver-layouts
driver driver-gcc driver-layouts:
$(foreach v,$(VARIANTS),$(foreach f,$($(v)_FLAVOURS),$(foreach a,$(ARCHS),$(eval $(call driver_image,$(v),$(f),$(a))))))
$(foreach v,$(VARIANTS),$(foreach f,$($(v)_FLAVOURS),$(foreach a,$(ARCHS),$(eval $(call driver_goals,$(v),$(f),$(a))))))

# --- Layouts ---------------------------------------------------------------------------------------------------------

# $(1) architecture. clang and gcc each check the same generated file.
define driver_layouts
$(OUT)/obj/layouts/$(1).c: docs/windows7-layouts.tsv tools/driver_layouts.py
	@mkdir -p $$(@D)
	$(Q)$(PYTHON) tools/driver_layouts.py $(1) $$< >$$@
$(OUT)/obj/layouts/$(1).o: $(OUT)/obj/layouts/$(1).c $(VIRTIO)/include/wdk_compat.h mk/toolchain.mk
	$(Q)$(CLANG) --target=$(ARCH_$(1)_TRIPLE) $(CLANG_KERNEL_CFLAGS) $(ARCH_$(1)_CFLAGS) -DDBG=0 $(DRIVER_INCLUDES) \
	    -c $$< -o $$@
$(OUT)/obj/layouts/$(1).gcc.o: $(OUT)/obj/layouts/$(1).c $(VIRTIO)/include/wdk_compat.h mk/toolchain.mk
	$(Q)$(ARCH_$(1)_TRIPLE)-gcc $(GCC_KERNEL_CFLAGS) $(ARCH_$(1)_CFLAGS) -DDBG=0 $(DRIVER_INCLUDES) -c $$< -o $$@
driver-layouts: $(OUT)/obj/layouts/$(1).o $(OUT)/obj/layouts/$(1).gcc.o
endef
$(foreach a,$(ARCHS),$(eval $(call driver_layouts,$(a))))

test-build: driver driver-gcc driver-layouts
TESTS += tests/image/test_image.py tests/image/test_exports.py tests/image/test_reproducible.py tools/tidy.py
TESTS += tests/commands/test_variants.py
