/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * adapter_recovery.h: a device that breaks the rules of its rings, or asks for a
 * reset (virtio 1.2, 2.1.2), while it is in use.
 *
 *      DISPATCH   something notices      -> one work item
 *      PASSIVE    the work item          reset the device: from then on it owns no memory
 *                                        each open stream rests
 *                                        the hardware stops and starts again
 *                                        each stream goes on in the state it rested in
 *
 * which is the walk through a sleep (adapter_power.h), at a moment that the device
 * has chosen. The client does nothing: the position stands still meanwhile, what
 * was in flight is lost. A device that does it again and again is given up:
 * streams answer STATUS_DEVICE_NOT_CONNECTED until the device is started anew,
 * and the event log says why.
 *
 * A queued work item holds a reference of the context, and Windows one of the
 * device object, so that neither the context nor the image goes before it has run;
 * after STOP, removal or D3 it finds nothing to do.
 */
#ifndef ADAPTER_RECOVERY_H
#define ADAPTER_RECOVERY_H

#include "adapter_context.h"

/* A device that breaks down more often than this within ADAPTER_RECOVERY_WINDOW is given up. */
#define ADAPTER_RECOVERY_LIMIT 3u
#define ADAPTER_RECOVERY_WINDOW 10u /* seconds */

/* PASSIVE_LEVEL, before the hardware is started. STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS AdapterRecoveryInitialize(PADAPTER_CONTEXT Context);
/* <= DISPATCH_LEVEL, nothing is queued: with the last reference of the context. Idempotent. */
VOID AdapterRecoveryUninitialize(PADAPTER_CONTEXT Context);

#endif
