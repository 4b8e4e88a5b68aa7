/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_stream.h: one open pin: IMiniportWaveRTStream and
 * IMiniportWaveRTStreamNotification.
 *
 * KS states map on the PCM states of the device, one step at a time:
 *
 *      KSSTATE_STOP <-> ACQUIRE <-----------> PAUSE <-------> RUN
 *      (Idle)           (Idle)   SET_PARAMS,  (Prepared) START (Running)
 *                                PREPARE;
 *                                RELEASE                 STOP
 */
#ifndef WAVERT_STREAM_H
#define WAVERT_STREAM_H

#include "wavert.h"

/* PASSIVE_LEVEL, stream mutex of the adapter context held; Pin and Format have been checked. The stream references
 * Miniport until it is destroyed and has one reference for the caller. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS WaveRtStreamCreate(PMINIPORTWAVERT_CONTEXT Miniport, PPORTWAVERTSTREAM PortStream, ULONG Pin, BOOLEAN Capture,
                            PKSDATAFORMAT Format, PMINIPORTWAVERTSTREAM *Stream);

/* PASSIVE_LEVEL, stream mutex held. The backend is about to go: stops the stream for good. Its handle stays valid, its
 * methods answer STATUS_DEVICE_NOT_CONNECTED, its position freezes. Idempotent. */
VOID WaveRtStreamQuiesce(PMINIPORTWAVERTSTREAM Stream);

#endif
