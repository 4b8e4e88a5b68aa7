/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aero_virtio_snd_ioport_hw.h: finds the legacy register file. I/O-port build only. */
#ifndef AERO_VIRTIO_SND_IOPORT_HW_H
#define AERO_VIRTIO_SND_IOPORT_HW_H

#include "virtiosnd_hw.h"

/* Locate and Map of VIRTIOSND_BINDING. */
NTSTATUS AeroVirtIoSndIoPortLocate(PVIRTIOSND_DEVICE Device);
NTSTATUS AeroVirtIoSndIoPortMap(PVIRTIOSND_DEVICE Device, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated);

#endif
