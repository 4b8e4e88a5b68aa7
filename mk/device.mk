# SPDX-License-Identifier: MIT OR Apache-2.0
# The device model: a library for the bench's host process, the same as a plug-in, and its tests.

DEVICE_CC ?= gcc
DEVICE_CPPFLAGS := -Idevice -Ibench/include -Idrivers/windows7/virtio/common/include -D_GNU_SOURCE
DEVICE_CFLAGS := -std=c11 -O2 -g -fPIC -fvisibility=hidden -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wundef -Wvla
DEVICE_SANITIZE := -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer

DEVICE_SOURCES := $(filter-out device/plugin.c,$(sort $(wildcard device/*.c)))
DEVICE_OBJECTS := $(DEVICE_SOURCES:device/%.c=$(OUT)/obj/device/%.o)
DEVICE_SAN_OBJECTS := $(DEVICE_SOURCES:device/%.c=$(OUT)/obj/device-san/%.o)

# Each test source is one program, built plain and sanitized; tests/device/guest.c is the tiny driver they share.
DEVICE_TEST_NAMES := $(patsubst tests/device/test_%.c,%,$(sort $(wildcard tests/device/test_*.c)))
DEVICE_TESTS := $(DEVICE_TEST_NAMES:%=$(OUT)/tests/device_%)
DEVICE_SAN_TESTS := $(DEVICE_TEST_NAMES:%=$(OUT)/tests/device_%_san)

$(OUT)/obj/device/%.o: device/%.c
	@mkdir -p $(@D)
	$(DEVICE_CC) $(DEVICE_CPPFLAGS) $(DEVICE_CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/obj/device-san/%.o: device/%.c
	@mkdir -p $(@D)
	$(DEVICE_CC) $(DEVICE_CPPFLAGS) $(DEVICE_CFLAGS) $(DEVICE_SANITIZE) -MMD -MP -c $< -o $@

$(OUT)/host/libvsnd.a: $(DEVICE_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@
	ar rcsD $@ $^

$(OUT)/host/vsnd_plugin.so: $(OUT)/obj/device/plugin.o $(OUT)/host/libvsnd.a
	@mkdir -p $(@D)
	$(DEVICE_CC) -shared -Wl,-z,defs -o $@ $^ -lm

$(OUT)/obj/tests/device/%.o: tests/device/%.c
	@mkdir -p $(@D)
	$(DEVICE_CC) $(DEVICE_CPPFLAGS) $(DEVICE_CFLAGS) -MMD -MP -c $< -o $@

$(OUT)/obj/tests/device-san/%.o: tests/device/%.c
	@mkdir -p $(@D)
	$(DEVICE_CC) $(DEVICE_CPPFLAGS) $(DEVICE_CFLAGS) $(DEVICE_SANITIZE) -MMD -MP -c $< -o $@

$(OUT)/tests/device_%_san: $(OUT)/obj/tests/device-san/test_%.o $(OUT)/obj/tests/device-san/guest.o \
    $(DEVICE_SAN_OBJECTS)
	@mkdir -p $(@D)
	$(DEVICE_CC) $(DEVICE_SANITIZE) -o $@ $^ -lcmocka -lm -ldl

$(OUT)/tests/device_%: $(OUT)/obj/tests/device/test_%.o $(OUT)/obj/tests/device/guest.o $(OUT)/host/libvsnd.a
	@mkdir -p $(@D)
	$(DEVICE_CC) -o $@ $^ -lcmocka -lm -ldl

.SECONDARY: $(DEVICE_SAN_OBJECTS) $(DEVICE_OBJECTS)

TESTS += $(DEVICE_TESTS) $(DEVICE_SAN_TESTS)
test-build: $(DEVICE_TESTS) $(DEVICE_SAN_TESTS) $(OUT)/host/vsnd_plugin.so

-include $(wildcard $(OUT)/obj/device/*.d $(OUT)/obj/device-san/*.d)
-include $(wildcard $(OUT)/obj/tests/device/*.d $(OUT)/obj/tests/device-san/*.d)
