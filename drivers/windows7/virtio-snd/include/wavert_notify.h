/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * wavert_notify.h: the events that a client of an event-driven pin registered.
 *
 * Lock: every function but Init takes the list's own spin lock; the stream lock
 * may be held around Signal (lock order: pump lock, then this one).
 */
#ifndef WAVERT_NOTIFY_H
#define WAVERT_NOTIFY_H

#include <wdk_compat.h>

typedef struct _WAVERT_NOTIFY {
    KSPIN_LOCK Lock;
    LIST_ENTRY Events; /* [Lock] WAVERT_NOTIFY_EVENT, nonpaged */
} WAVERT_NOTIFY, *PWAVERT_NOTIFY;

/* An empty list. Its entries are the caller's to remove; there is nothing to undo for the list itself. */
VOID WaveRtNotifyInit(PWAVERT_NOTIFY Notify);
/* PASSIVE_LEVEL. Event: owned by the port, nonpaged, valid until removed. STATUS_UNSUCCESSFUL when registered
 * already. */
NTSTATUS WaveRtNotifyAdd(PWAVERT_NOTIFY Notify, PKEVENT Event);
/* PASSIVE_LEVEL. STATUS_NOT_FOUND when it was never added. Afterwards the event is not touched any more. */
NTSTATUS WaveRtNotifyRemove(PWAVERT_NOTIFY Notify, PKEVENT Event);
/* PASSIVE_LEVEL. Forgets every event. */
VOID WaveRtNotifyClear(PWAVERT_NOTIFY Notify);
/* <= DISPATCH_LEVEL. Sets every event. */
VOID WaveRtNotifySignal(PWAVERT_NOTIFY Notify);

#endif
