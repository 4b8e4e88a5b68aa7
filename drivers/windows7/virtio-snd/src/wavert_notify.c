/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wavert_notify.h"

#include "pool.h"

typedef struct _WAVERT_NOTIFY_EVENT {
    LIST_ENTRY Entry;
    PKEVENT Event;
} WAVERT_NOTIFY_EVENT, *PWAVERT_NOTIFY_EVENT;

/* Notify->Lock held. NULL when Event is not in the list. */
static PWAVERT_NOTIFY_EVENT Find(PWAVERT_NOTIFY Notify, PKEVENT Event)
{
    PLIST_ENTRY entry;

    for (entry = Notify->Events.Flink; entry != &Notify->Events; entry = entry->Flink) {
        PWAVERT_NOTIFY_EVENT candidate = CONTAINING_RECORD(entry, WAVERT_NOTIFY_EVENT, Entry);

        if (candidate->Event == Event) {
            return candidate;
        }
    }
    return NULL;
}

VOID WaveRtNotifyInit(PWAVERT_NOTIFY Notify)
{
    KeInitializeSpinLock(&Notify->Lock);
    InitializeListHead(&Notify->Events);
}

NTSTATUS WaveRtNotifyAdd(PWAVERT_NOTIFY Notify, PKEVENT Event)
{
    PWAVERT_NOTIFY_EVENT added;
    NTSTATUS status = STATUS_SUCCESS;
    KIRQL irql;

    if (Event == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    added = ExAllocatePoolWithTag(NonPagedPool, sizeof(*added), VIRTIOSND_POOL_TAG);
    if (added == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    added->Event = Event;
    KeAcquireSpinLock(&Notify->Lock, &irql);
    if (Find(Notify, Event) != NULL) {
        status = STATUS_UNSUCCESSFUL;
    } else {
        InsertTailList(&Notify->Events, &added->Entry);
    }
    KeReleaseSpinLock(&Notify->Lock, irql);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(added, VIRTIOSND_POOL_TAG);
    }
    return status;
}

NTSTATUS WaveRtNotifyRemove(PWAVERT_NOTIFY Notify, PKEVENT Event)
{
    PWAVERT_NOTIFY_EVENT found;
    KIRQL irql;

    KeAcquireSpinLock(&Notify->Lock, &irql);
    found = Find(Notify, Event);
    if (found != NULL) {
        RemoveEntryList(&found->Entry);
    }
    KeReleaseSpinLock(&Notify->Lock, irql);
    if (found == NULL) {
        return STATUS_NOT_FOUND;
    }
    ExFreePoolWithTag(found, VIRTIOSND_POOL_TAG);
    return STATUS_SUCCESS;
}

VOID WaveRtNotifyClear(PWAVERT_NOTIFY Notify)
{
    PWAVERT_NOTIFY_EVENT removed;
    KIRQL irql;

    do {
        removed = NULL;
        KeAcquireSpinLock(&Notify->Lock, &irql);
        if (!IsListEmpty(&Notify->Events)) {
            removed = CONTAINING_RECORD(RemoveHeadList(&Notify->Events), WAVERT_NOTIFY_EVENT, Entry);
        }
        KeReleaseSpinLock(&Notify->Lock, irql);
        if (removed != NULL) {
            ExFreePoolWithTag(removed, VIRTIOSND_POOL_TAG);
        }
    } while (removed != NULL);
}

VOID WaveRtNotifySignal(PWAVERT_NOTIFY Notify)
{
    PLIST_ENTRY entry;
    KIRQL irql;

    KeAcquireSpinLock(&Notify->Lock, &irql);
    for (entry = Notify->Events.Flink; entry != &Notify->Events; entry = entry->Flink) {
        KeSetEvent(CONTAINING_RECORD(entry, WAVERT_NOTIFY_EVENT, Entry)->Event, 0, FALSE);
    }
    KeReleaseSpinLock(&Notify->Lock, irql);
}
