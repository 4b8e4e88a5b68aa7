# SPDX-License-Identifier: MIT OR Apache-2.0
# Unit tests: the driver's own .c files compiled for the host against the fake WDK of tests/wdk.
# tests/unit/test_NAME.c is one program. UNIT_SOURCES_NAME: the driver sources that it exercises.

UNIT_CC ?= gcc
# tests/wdk comes first: its wdk_compat.h takes the place of the driver's.
UNIT_CPPFLAGS := -Itests/wdk -Itests/unit -I$(VIRTIO)/include -I$(SND)/include -DDBG=0
UNIT_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_CFLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-multichar $(UNIT_SANITIZE)
# The virtio sources keep to C90 here too, and ULONG is 32 bits wide as on Windows.
UNIT_DRIVER_CFLAGS := -std=gnu90 -Wdeclaration-after-statement

UNIT_RING := $(VIRTIO)/src/virtqueue_split.c
UNIT_QUEUE := $(UNIT_RING) $(VIRTIO)/src/virtio_pci_modern_transport.c $(VIRTIO)/src/virtio_pci_status.c \
    $(SND)/src/virtiosnd_queue_split.c $(SND)/src/virtiosnd_wait.c
UNIT_PROTOCOL := $(SND)/src/virtiosnd_protocol.c
UNIT_DEVICE := tests/unit/snd_device.c

UNIT_SOURCES_cap_parser := $(VIRTIO)/src/virtio_pci_cap_parser.c
UNIT_SOURCES_contract := $(VIRTIO)/src/virtio_pci_contract.c
UNIT_SOURCES_legacy := $(SND)/src/virtiosnd_pci.c # the other sources are included: they need the defines
UNIT_SOURCES_protocol := $(UNIT_PROTOCOL)
UNIT_SOURCES_sg := $(SND)/src/virtiosnd_sg.c $(SND)/src/virtiosnd_sg_tx.c
UNIT_SOURCES_virtqueue := $(UNIT_RING)
UNIT_SOURCES_transport := $(UNIT_QUEUE) $(UNIT_DEVICE)
UNIT_SOURCES_intx := $(UNIT_QUEUE) $(UNIT_DEVICE) $(VIRTIO)/src/virtio_pci_intx_wdm.c
UNIT_SOURCES_control := $(UNIT_QUEUE) $(UNIT_DEVICE) $(SND)/src/virtiosnd_control.c
UNIT_SOURCES_xfer := $(UNIT_QUEUE) $(UNIT_DEVICE) $(UNIT_PROTOCOL) $(SND)/src/virtiosnd_xfer.c \
    $(SND)/src/virtiosnd_tx.c $(SND)/src/virtiosnd_rx.c
UNIT_SOURCES_pcm := $(UNIT_SOURCES_xfer) $(SND)/src/virtiosnd_control.c $(SND)/src/virtiosnd_pcm.c
UNIT_SOURCES_hw := $(UNIT_SOURCES_pcm) $(VIRTIO)/src/virtio_pci_cap_parser.c $(VIRTIO)/src/virtio_pci_contract.c \
    $(VIRTIO)/src/virtio_pci_intx_wdm.c $(addprefix $(SND)/src/,virtiosnd_hw.c virtiosnd_hw_modern.c \
    virtiosnd_bars.c virtiosnd_pci.c virtiosnd_intx.c virtiosnd_eventq.c backend_virtio.c)
UNIT_SOURCES_eventq := $(UNIT_QUEUE) $(UNIT_DEVICE) $(SND)/src/virtiosnd_eventq.c
UNIT_SOURCES_backend_null := $(SND)/src/backend_null.c
UNIT_SOURCES_wavert_geometry := $(SND)/src/wavert_geometry.c $(SND)/src/wavert_position.c
UNIT_SOURCES_wavert_steer := $(UNIT_SOURCES_wavert_geometry) $(SND)/src/wavert_kind.c $(SND)/src/wavert_steer.c
UNIT_SOURCES_wavert_format := $(SND)/src/wavert_format.c $(SND)/src/guids.c $(SND)/src/portcls_com.c
UNIT_SOURCES_properties := $(UNIT_SOURCES_wavert_format) $(SND)/src/property.c $(SND)/src/wavert_properties.c \
    $(SND)/src/topology_properties.c $(SND)/src/filter_pins.c
UNIT_SOURCES_miniport := $(UNIT_SOURCES_wavert_format) $(SND)/src/adapter_context.c $(SND)/src/wavert.c \
    $(SND)/src/wavert_properties.c $(SND)/src/property.c $(SND)/src/filter_pins.c

UNIT_NAMES := $(patsubst tests/unit/test_%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_TESTS := $(UNIT_NAMES:%=$(OUT)/tests/unit_%)
UNIT_OBJ := $(OUT)/obj/unit

$(UNIT_OBJ)/drivers/%.o: drivers/%.c
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_CPPFLAGS) $(UNIT_CFLAGS) $(UNIT_DRIVER_CFLAGS) -MMD -MP -c $< -o $@

$(UNIT_OBJ)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(UNIT_CC) $(UNIT_CPPFLAGS) $(UNIT_CFLAGS) -MMD -MP -c $< -o $@

# $(1) name
define unit_program
$(OUT)/tests/unit_$(1): $(UNIT_OBJ)/tests/unit/test_$(1).o $(UNIT_OBJ)/tests/unit/ring_device.o \
    $(UNIT_OBJ)/tests/wdk/wdk.o $(UNIT_SOURCES_$(1):%.c=$(UNIT_OBJ)/%.o)
	@mkdir -p $$(@D)
	$(UNIT_CC) $(UNIT_SANITIZE) -o $$@ $$^ -lcmocka
endef
$(foreach n,$(UNIT_NAMES),$(eval $(call unit_program,$(n))))

.PHONY: unit
unit: $(UNIT_TESTS)

TESTS += $(UNIT_TESTS)
test-build: $(UNIT_TESTS)

-include $(wildcard $(UNIT_OBJ)/*/*.d $(UNIT_OBJ)/*/*/*.d $(UNIT_OBJ)/*/*/*/*.d $(UNIT_OBJ)/*/*/*/*/*.d \
    $(UNIT_OBJ)/*/*/*/*/*/*.d)
