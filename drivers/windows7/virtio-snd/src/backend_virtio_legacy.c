/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the backend of the I/O-port build stands on. backend_virtio.c and all
 * below it are the same sources as in the other builds; only the registers
 * differ, and with them what can be negotiated: a legacy device has 32 feature
 * bits, so VIRTIO_F_VERSION_1 (bit 32) does not exist. The rest of what version 1
 * changed does not concern us: x86 is little-endian either way, and sound devices
 * were first specified for version 1, so their messages have one form.
 */
#include "aero_virtio_snd_ioport_hw.h"
#include "virtiosnd_pci.h"

const VIRTIOSND_BINDING VirtIoSndBinding = {&VirtioPciContractSoundIoPort,
                                            PCI_COMMAND_IO_SPACE | PCI_COMMAND_BUS_MASTER,
                                            0,
                                            AeroVirtIoSndIoPortLocate,
                                            AeroVirtIoSndIoPortMap,
                                            NULL};
