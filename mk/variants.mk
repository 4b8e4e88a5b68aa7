# SPDX-License-Identifier: MIT OR Apache-2.0
# The driver's variants: one block each, nothing else in the build knows their names.
#   <variant>_SYS       base name of the image and of its PDB; also the service
#   <variant>_DEFINES   preprocessor definitions
#   <variant>_SOURCES   every C source, in the order of linking
# A flavour says how a variant is compiled and where the result goes:
#   <flavour>_DEFINES   preprocessor definitions
#   <flavour>_CFLAGS    compiler flags
#   <flavour>_DIR       folder that receives <arch>/<SYS>.sys

SND := drivers/windows7/virtio-snd
VIRTIO := drivers/windows7/virtio/common

VARIANTS := contract
FLAVOURS := free checked

free_DEFINES := -DDBG=0 -DNDEBUG
free_CFLAGS :=
free_DIR := $(OUT)/$(SND)

checked_DEFINES := -DDBG=1
checked_CFLAGS :=
checked_DIR := $(OUT)/checked

# AERO-W7-VIRTIO v1, modern transport only: what ships.
contract_SYS := aero_virtio_snd
contract_DEFINES :=
contract_SOURCES := $(sort $(wildcard $(VIRTIO)/src/*.c $(SND)/src/*.c))
