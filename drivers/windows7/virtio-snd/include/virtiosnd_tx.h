/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * virtiosnd_tx.h: playback transfers: out{header} out{PCM..} in{status 8}.
 */
#ifndef VIRTIOSND_TX_H
#define VIRTIOSND_TX_H

#include "virtiosnd_xfer.h"

extern const VIRTIOSND_XFER_KIND VirtIoSndTx;

#endif
