/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_intx.h: what the sound device's interrupt is good for: controlq,
 * eventq and configuration changes. TX and RX are polled by the period timer.
 */
#ifndef VIRTIOSND_INTX_H
#define VIRTIOSND_INTX_H

#include "virtiosnd_hw.h"

/* PASSIVE. Connects the line of Translated (NULL: there is none, STATUS_NOT_FOUND). */
NTSTATUS VirtIoSndIntxConnect(PVIRTIOSND_DEVICE Device, const CM_PARTIAL_RESOURCE_DESCRIPTOR *Translated);
/* PASSIVE. */
VOID VirtIoSndIntxDisconnect(PVIRTIOSND_DEVICE Device);

#endif
