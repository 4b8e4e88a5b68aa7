# SPDX-License-Identifier: MIT OR Apache-2.0
# The driver's variants: one block each, nothing else in the build knows their names.
#   <variant>_SYS       base name of the image and of its PDB; also the service
#   <variant>_DEFINES   preprocessor definitions
#   <variant>_SOURCES   every C source, in the order of linking
#   <variant>_FLAVOURS  the flavours that it is built in
#   <variant>_OWN       the sources that its defines change, for checks that need not repeat the others
# A flavour says how a variant is compiled and where the result goes:
#   <flavour>_DEFINES   preprocessor definitions
#   <flavour>_CFLAGS    compiler flags
#   <flavour>_DIR       folder that receives <arch>/<SYS>.sys
#   <flavour>_SOURCES   sources beside the variant's; none as a rule
# mk/fuzz.mk has one more flavour, which nobody but the fuzzer builds.

SND := drivers/windows7/virtio-snd
VIRTIO := drivers/windows7/virtio/common

VARIANTS := contract legacy ioport
FLAVOURS := free checked strict

free_DEFINES := -DDBG=0 -DNDEBUG
free_CFLAGS :=
free_DIR := $(OUT)/$(SND)

checked_DEFINES := -DDBG=1
checked_CFLAGS :=
checked_DIR := $(OUT)/checked

# Insists on the contract's own layout and on indirect descriptors. For tests of devices; never shipped.
strict_DEFINES := -DDBG=0 -DNDEBUG -DAERO_VIRTIO_STRICT
strict_CFLAGS :=
strict_DIR := $(OUT)/strict

# Shared by all variants: the Windows side, the protocol engines, queues and rings.
COMMON_SOURCES := \
    $(VIRTIO)/src/virtio_pci_contract.c $(VIRTIO)/src/virtio_pci_intx_wdm.c $(VIRTIO)/src/virtio_pci_status.c \
    $(VIRTIO)/src/virtqueue_split.c \
    $(SND)/src/adapter.c $(SND)/src/adapter_context.c $(SND)/src/adapter_power.c $(SND)/src/adapter_recovery.c \
    $(SND)/src/adapter_subdevices.c $(SND)/src/backend_null.c $(SND)/src/backend_virtio.c \
    $(SND)/src/eventlog.c $(SND)/src/filter_pins.c $(SND)/src/guids.c $(SND)/src/portcls_com.c \
    $(SND)/src/property.c $(SND)/src/registry.c $(SND)/src/topology.c \
    $(SND)/src/topology_properties.c $(SND)/src/topology_tables.c $(SND)/src/virtiosnd_control.c \
    $(SND)/src/virtiosnd_eventq.c $(SND)/src/virtiosnd_hw.c $(SND)/src/virtiosnd_intx.c $(SND)/src/virtiosnd_pci.c \
    $(SND)/src/virtiosnd_pcm.c $(SND)/src/virtiosnd_protocol.c $(SND)/src/virtiosnd_queue_split.c \
    $(SND)/src/virtiosnd_rx.c \
    $(SND)/src/virtiosnd_sg.c $(SND)/src/virtiosnd_sg_tx.c $(SND)/src/virtiosnd_tx.c $(SND)/src/virtiosnd_wait.c \
    $(SND)/src/virtiosnd_xfer.c $(SND)/src/wavert.c $(SND)/src/wavert_buffer.c $(SND)/src/wavert_capture.c \
    $(SND)/src/wavert_copies.c $(SND)/src/wavert_format.c $(SND)/src/wavert_geometry.c $(SND)/src/wavert_kind.c \
    $(SND)/src/wavert_notify.c $(SND)/src/wavert_position.c \
    $(SND)/src/wavert_properties.c $(SND)/src/wavert_pump.c $(SND)/src/wavert_render.c $(SND)/src/wavert_steer.c \
    $(SND)/src/wavert_stream.c $(SND)/src/wavert_tables.c

# How the registers are reached: one of the two.
MODERN_SOURCES := $(VIRTIO)/src/virtio_pci_cap_parser.c $(VIRTIO)/src/virtio_pci_modern_transport.c \
    $(SND)/src/virtiosnd_bars.c $(SND)/src/virtiosnd_hw_modern.c
IOPORT_SOURCES := $(VIRTIO)/src/virtio_pci_legacy.c $(SND)/src/backend_virtio_legacy.c \
    $(SND)/src/aero_virtio_snd_ioport_hw.c

# AERO-W7-VIRTIO v1, modern transport only: 1AF4:1059 revision 01.
contract_SYS := aero_virtio_snd
contract_DEFINES :=
contract_SOURCES := $(COMMON_SOURCES) $(MODERN_SOURCES)
contract_FLAVOURS := $(FLAVOURS)
contract_OWN := $(contract_SOURCES)

# The same on a transitional device: 1AF4:1018, any revision.
legacy_SYS := virtiosnd_legacy
legacy_DEFINES := -DAERO_VIRTIO_SND_TRANSITIONAL
legacy_SOURCES := $(COMMON_SOURCES) $(MODERN_SOURCES)
legacy_FLAVOURS := free checked
legacy_OWN := $(SND)/src/virtiosnd_hw_modern.c

# The legacy register file in an I/O BAR: 1AF4:1018 revision 00. Its rings are laid out by formula.
ioport_SYS := virtiosnd_ioport
ioport_DEFINES := -DAERO_VIRTIO_IOPORT -DVIRTQ_USED_ALIGN=4096u
ioport_SOURCES := $(COMMON_SOURCES) $(IOPORT_SOURCES)
ioport_FLAVOURS := free checked
ioport_OWN := $(IOPORT_SOURCES) $(VIRTIO)/src/virtio_pci_status.c $(VIRTIO)/src/virtqueue_split.c
