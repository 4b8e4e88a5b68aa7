# SPDX-License-Identifier: MIT OR Apache-2.0
# The 64-bit host process of the bench: out/host/aero-bench, and its unit tests.

HOST_SOURCES := $(wildcard bench/host/*.c bench/signal/*.c)
HOST_OBJECTS := $(HOST_SOURCES:%.c=$(OUT)/obj/%.o)
HOST_LIBRARIES := capstone sndfile samplerate
HOST_CC := gcc
HOST_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Ibench/include \
    $(shell pkg-config --cflags $(HOST_LIBRARIES) 2>/dev/null)
# A plug-in brings its own symbols; nothing of this program is meant for it.
HOST_LDLIBS = $(shell pkg-config --libs $(HOST_LIBRARIES)) -ldl -lm

HOST_BENCH := $(OUT)/host/aero-bench

$(OUT)/obj/bench/%.o: bench/%.c mk/host.mk
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(HOST_BENCH): $(HOST_OBJECTS) $(OUT)/host/libvsnd.a
	@mkdir -p $(@D)
	$(HOST_CC) -o $@ $^ $(HOST_LDLIBS)

-include $(HOST_OBJECTS:.o=.d)

# The sound card that --device qemu gives to QEMU.
HOST_CARD := $(OUT)/host/libpaced.so

$(HOST_CARD): bench/alsa/paced.c mk/host.mk
	@mkdir -p $(@D)
	$(HOST_CC) $(filter-out -Wmissing-prototypes,$(HOST_CFLAGS)) -DPIC -fPIC -shared -o $@ $< -lasound

# The clock that it takes for the kernel's.
HOST_CLOCK := $(OUT)/host/libclock.so

$(HOST_CLOCK): bench/preload/clock.c mk/host.mk
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -DPIC -fPIC -shared -o $@ $<

# ---- unit tests: the real sources against cmocka ----

HOST_TESTS := $(patsubst tests/host/%.c,$(OUT)/tests/host/%,$(wildcard tests/host/test_*.c))
HOST_TEST_OBJECTS := $(filter-out %/main.o,$(HOST_OBJECTS))

$(OUT)/tests/host/%: tests/host/%.c $(HOST_TEST_OBJECTS) $(OUT)/host/libvsnd.a
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -Ibench/host -MMD -MP -o $@ $(filter-out %.h,$^) $(HOST_LDLIBS) -lcmocka

-include $(HOST_TESTS:=.d)

# A guest and plug-ins that are not what they should be, for tests/commands/.
HOST_FAKES := $(addprefix $(OUT)/tests/host/fake/,guest plugin_fifo.so plugin_old.so plugin_nothing.so)

$(OUT)/tests/host/fake/guest: tests/host/fake/guest.c bench/include/link.h bench/include/turn.h
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -o $@ $<

$(OUT)/tests/host/fake/plugin_old.so: tests/host/fake/plugin_fifo.c bench/include/pci_plugin.h
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -DABI=0 -fPIC -shared -o $@ $<

$(OUT)/tests/host/fake/%.so: tests/host/fake/%.c bench/include/pci_plugin.h
	@mkdir -p $(@D)
	$(HOST_CC) $(HOST_CFLAGS) -fPIC -shared -o $@ $<

TESTS += $(HOST_TESTS)
test-build: $(HOST_FAKES)
test-build: $(HOST_TESTS) $(HOST_BENCH) $(HOST_CARD) $(HOST_CLOCK)
