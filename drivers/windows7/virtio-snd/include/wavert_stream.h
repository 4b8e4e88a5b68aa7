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

/* PASSIVE_LEVEL, no lock held. A stream needs a clock tick of 1 ms for as long as it exists: acquired before
 * WaveRtStreamCreate, released when that fails, else by the stream's end. Not in RUN alone: that is entered and left in
 * power requests, where ExSetTimerResolution can deadlock, as it can under a lock that such a request waits for
 * (WDK: "ExSetTimerResolution"). */
VOID WaveRtStreamAcquireTime(VOID);
VOID WaveRtStreamReleaseTime(VOID);

/* PASSIVE_LEVEL, stream mutex of the adapter context held; Pin and Format have been checked. The stream references
 * Miniport until it is destroyed and has one reference for the caller. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS WaveRtStreamCreate(PMINIPORTWAVERT_CONTEXT Miniport, PPORTWAVERTSTREAM PortStream, ULONG Pin, BOOLEAN Capture,
                            PKSDATAFORMAT Format, PMINIPORTWAVERTSTREAM *Stream);

/* PASSIVE_LEVEL, stream mutex held. The backend is about to go: stops the stream for good. Its handle stays valid, its
 * methods answer STATUS_DEVICE_NOT_CONNECTED, its position freezes. Idempotent. */
VOID WaveRtStreamQuiesce(PMINIPORTWAVERTSTREAM Stream);

/* PASSIVE_LEVEL, stream mutex held. The device is about to lose its power: the stream leaves the backend. Until
 * WaveRtStreamGoOn its position stands still and its state is only noted. Idempotent. */
VOID WaveRtStreamRest(PMINIPORTWAVERTSTREAM Stream);

/* PASSIVE_LEVEL, stream mutex held. The hardware runs again: the stream goes on where it rested, in the state that the
 * client has asked for last. When the device refuses, it ends as by WaveRtStreamQuiesce. Not resting: nothing. */
VOID WaveRtStreamGoOn(PMINIPORTWAVERTSTREAM Stream);

#endif
