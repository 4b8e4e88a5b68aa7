/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interlocked operations, lists and lookaside lists. One processor: plain code between imports is atomic. */
#include "nt.h"

#include <stdlib.h>
#include <string.h>

/* ---- doubly linked lists under a spin lock ---- */

static void with_lock(KSPIN_LOCK *lock, KIRQL *old)
{
    *old = irql_current();
    if (*old < DISPATCH_LEVEL)
        irql_raise(DISPATCH_LEVEL);
    spinlock_acquire(lock, *old, "ExInterlocked...List");
}

static void without_lock(KSPIN_LOCK *lock, KIRQL old)
{
    spinlock_release(lock, "ExInterlocked...List");
    if (old < DISPATCH_LEVEL)
        irql_lower(old);
}

static LIST_ENTRY *insert(LIST_ENTRY *head, LIST_ENTRY *entry, KSPIN_LOCK *lock, bool at_head)
{
    LIST_ENTRY *neighbour;
    KIRQL old;

    with_lock(lock, &old);
    neighbour = at_head ? head->Flink : head->Blink;
    entry->Flink = at_head ? head->Flink : head;
    entry->Blink = at_head ? head : head->Blink;
    entry->Flink->Blink = entry;
    entry->Blink->Flink = entry;
    without_lock(lock, old);
    return neighbour == head ? NULL : neighbour;
}

static LIST_ENTRY *remove_head(LIST_ENTRY *head, KSPIN_LOCK *lock)
{
    LIST_ENTRY *entry;
    KIRQL old;

    with_lock(lock, &old);
    entry = head->Flink;
    if (entry == head) {
        entry = NULL;
    } else {
        head->Flink = entry->Flink;
        entry->Flink->Blink = head;
    }
    without_lock(lock, old);
    return entry;
}

static LIST_ENTRY *NTAPI insert_head(LIST_ENTRY *h, LIST_ENTRY *e, KSPIN_LOCK *l) { return insert(h, e, l, true); }
static LIST_ENTRY *NTAPI insert_tail(LIST_ENTRY *h, LIST_ENTRY *e, KSPIN_LOCK *l) { return insert(h, e, l, false); }
static LIST_ENTRY *NTAPI remove_head_export(LIST_ENTRY *h, KSPIN_LOCK *l) { return remove_head(h, l); }
NTOS(ExInterlockedInsertHeadList, insert_head, HIGH_LEVEL);
NTOS(ExInterlockedInsertTailList, insert_tail, HIGH_LEVEL);
NTOS(ExInterlockedRemoveHeadList, remove_head_export, HIGH_LEVEL);

/* ---- singly linked lists ---- */

#if defined(__x86_64__)
static SLIST_ENTRY *first_of(SLIST_HEADER *head) { return (SLIST_ENTRY *)(uintptr_t)(head->HeaderX64.NextEntry << 4); }
static void set_first(SLIST_HEADER *head, SLIST_ENTRY *entry, int change)
{
    head->HeaderX64.NextEntry = (uintptr_t)entry >> 4;
    head->HeaderX64.HeaderType = 1;
    head->HeaderX64.Depth = (head->HeaderX64.Depth + (unsigned)change) & 0xFFFF;
}
#else
static SLIST_ENTRY *first_of(SLIST_HEADER *head) { return head->Next.Next; }
static void set_first(SLIST_HEADER *head, SLIST_ENTRY *entry, int change)
{
    head->Next.Next = entry;
    head->Depth = (USHORT)(head->Depth + change);
}
#endif

static SLIST_ENTRY *push(SLIST_HEADER *head, SLIST_ENTRY *entry)
{
    SLIST_ENTRY *old = first_of(head);

    entry->Next = old;
    set_first(head, entry, 1);
    return old;
}

static SLIST_ENTRY *pop(SLIST_HEADER *head)
{
    SLIST_ENTRY *entry = first_of(head);

    if (entry != NULL)
        set_first(head, entry->Next, -1);
    return entry;
}

static SLIST_ENTRY *FASTCALL push_export(SLIST_HEADER *head, SLIST_ENTRY *entry) { return push(head, entry); }
static SLIST_ENTRY *FASTCALL pop_export(SLIST_HEADER *head) { return pop(head); }
#if defined(__x86_64__)
static VOID NTAPI initialize_slist(SLIST_HEADER *head) { memset(head, 0, sizeof *head); }
static USHORT NTAPI query_depth(SLIST_HEADER *head) { return (USHORT)head->HeaderX64.Depth; }
NTOS(InitializeSListHead, initialize_slist, HIGH_LEVEL); /* inline on x86, as is ExQueryDepthSList */
NTOS(ExpInterlockedPushEntrySList, push_export, HIGH_LEVEL);
NTOS(ExpInterlockedPopEntrySList, pop_export, HIGH_LEVEL);
NTOS(ExQueryDepthSList, query_depth, HIGH_LEVEL);
#else
static SLIST_ENTRY *FASTCALL push_locked(SLIST_HEADER *head, SLIST_ENTRY *entry, KSPIN_LOCK *lock)
{
    (void)lock;
    return push(head, entry);
}
static SLIST_ENTRY *FASTCALL pop_locked(SLIST_HEADER *head, KSPIN_LOCK *lock)
{
    (void)lock;
    return pop(head);
}
NTOS(InterlockedPushEntrySList, push_export, HIGH_LEVEL);
NTOS(InterlockedPopEntrySList, pop_export, HIGH_LEVEL);
NTOS(ExInterlockedPushEntrySList, push_locked, HIGH_LEVEL);
NTOS(ExInterlockedPopEntrySList, pop_locked, HIGH_LEVEL);
#endif

/* ---- interlocked arithmetic; intrinsic on x64 ---- */

#if defined(__i386__)
static LONG FASTCALL increment(volatile LONG *at) { return __sync_add_and_fetch(at, 1); }
static LONG FASTCALL decrement(volatile LONG *at) { return __sync_sub_and_fetch(at, 1); }
static LONG FASTCALL exchange(volatile LONG *at, LONG value)
{
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);
}
static LONG FASTCALL exchange_add(volatile LONG *at, LONG value) { return __sync_fetch_and_add(at, value); }
static LONG FASTCALL compare_exchange(volatile LONG *at, LONG value, LONG expected)
{
    return __sync_val_compare_and_swap(at, expected, value);
}
static LONGLONG FASTCALL compare_exchange_64(volatile LONGLONG *at, LONGLONG *value, LONGLONG *expected)
{
    LONGLONG old = *at;

    if (old == *expected)
        *at = *value;
    return old;
}
static LONGLONG FASTCALL compare_exchange_64_locked(volatile LONGLONG *at, LONGLONG *value, LONGLONG *expected,
                                                    KSPIN_LOCK *lock)
{
    (void)lock;
    return compare_exchange_64(at, value, expected);
}
NTOS(InterlockedIncrement, increment, HIGH_LEVEL);
NTOS(InterlockedDecrement, decrement, HIGH_LEVEL);
NTOS(InterlockedExchange, exchange, HIGH_LEVEL);
NTOS(InterlockedExchangeAdd, exchange_add, HIGH_LEVEL);
NTOS(InterlockedCompareExchange, compare_exchange, HIGH_LEVEL);
NTOS(ExfInterlockedCompareExchange64, compare_exchange_64, HIGH_LEVEL);
NTOS(ExInterlockedCompareExchange64, compare_exchange_64_locked, HIGH_LEVEL);
#endif

/* ---- lookaside lists: every entry goes to pool, where its bounds are watched ---- */

static VOID NTAPI default_free(PVOID p) { ExFreePool(p); }

static VOID NTAPI initialize_lookaside(NPAGED_LOOKASIDE_LIST *list, PVOID(NTAPI *allocate)(LONG, SIZE_T, ULONG),
                                       VOID(NTAPI *release)(PVOID), ULONG flags, SIZE_T size, ULONG tag, USHORT depth)
{
    (void)depth;
    memset(list, 0, sizeof *list);
    list->L.Type = NonPagedPool | (LONG)flags;
    list->L.Tag = tag;
    list->L.Size = (ULONG)size;
    list->L.Depth = 0; /* a list that keeps nothing: pops miss, pushes go to Free */
    list->L.Allocate = allocate ? allocate : ExAllocatePoolWithTag;
    list->L.Free = release ? release : default_free;
    resource_add("lookaside list", list, "ExInitializeNPagedLookasideList");
}

static VOID NTAPI delete_lookaside(NPAGED_LOOKASIDE_LIST *list)
{
    SLIST_ENTRY *entry;

    resource_remove("lookaside list", list);
    while ((entry = pop(&list->L.ListHead)) != NULL)
        list->L.Free(entry);
}

NTOS(ExInitializeNPagedLookasideList, initialize_lookaside, DISPATCH_LEVEL);
NTOS(ExDeleteNPagedLookasideList, delete_lookaside, DISPATCH_LEVEL);
