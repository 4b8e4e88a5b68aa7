/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_rx.h: capture transfers: out{header} in{PCM..} in{status 8}.
 */
#ifndef VIRTIOSND_RX_H
#define VIRTIOSND_RX_H

#include "virtiosnd_xfer.h"

extern const VIRTIOSND_XFER_KIND VirtIoSndRx;

#endif
