# SPDX-License-Identifier: MIT OR Apache-2.0
# Catalogs, signatures and media: out/host/aero-catalog, and what ./aero-snd package, sign and verify need.

CATALOG := $(OUT)/host/aero-catalog
CATALOG_OBJECTS := $(patsubst %.c,$(OUT)/obj/%.o,$(wildcard tools/catalog/*.c))
CATALOG_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Itools/catalog $(shell pkg-config --cflags libcrypto 2>/dev/null)

$(OUT)/obj/tools/catalog/%.o: tools/catalog/%.c mk/package.mk
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(CATALOG_CFLAGS) -MMD -MP -c -o $@ $<

$(CATALOG): $(CATALOG_OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) -o $@ $^ $(shell pkg-config --libs libcrypto)

-include $(CATALOG_OBJECTS:.o=.d)

.PHONY: catalog package-build
catalog: $(CATALOG) ## the program that writes and judges catalogs
package-build: driver catalog
release: catalog
test-build: package-build

# Windows programs for the tests, run by Wine.
PACKAGE_PROGRAMS := $(patsubst tests/package/%.c,$(OUT)/tests/package/%.exe,$(wildcard tests/package/*.c))

$(OUT)/tests/package/%.exe: tests/package/%.c mk/package.mk
	@mkdir -p $(@D)
	$(Q)$(ARCH_x64_TRIPLE)-gcc -std=c11 -O1 -Wall -Wextra -Werror -municode -o $@ $< -lwintrust

test-build: $(PACKAGE_PROGRAMS)
TESTS += $(addprefix tests/package/,test_catalog.py test_verify.py test_signing.py test_media.py test_wine.py)
