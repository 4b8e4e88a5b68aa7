/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A driver that uses the services of the kernel rightly and compares what it
 * gets with what Windows documents. Each check prints one line by DbgPrint,
 * which test_services.py turns into TAP. Linked with the skeleton of the rule
 * drivers.
 */
#include "rule.h"

NTSYSAPI int __cdecl _snprintf(char *Buffer, size_t Count, const char *Format, ...);
NTSYSAPI int __cdecl _snwprintf(WCHAR *Buffer, size_t Count, const WCHAR *Format, ...);

static const GUID BusInterfaceStandard = {0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};

#define CHECK(name_, condition_) DbgPrint((condition_) ? "ok %s\n" : "not ok %s\n", name_)
#define MILLISECONDS(n_) ((LONGLONG)(n_) * -10000)

static LARGE_INTEGER Due(LONGLONG Due100ns)
{
    LARGE_INTEGER due;

    due.QuadPart = Due100ns;
    return due;
}

static ULONG ElapsedMs(LARGE_INTEGER Since)
{
    LARGE_INTEGER frequency, now = KeQueryPerformanceCounter(&frequency);

    return (ULONG)((now.QuadPart - Since.QuadPart) * 1000 / frequency.QuadPart);
}

static ULONG DelayMs(ULONG Ms)
{
    LARGE_INTEGER start = KeQueryPerformanceCounter(NULL), interval = Due(MILLISECONDS(Ms));

    KeDelayExecutionThread(KernelMode, FALSE, &interval);
    return ElapsedMs(start);
}

static VOID Time(VOID)
{
    ULONGLONG before = KeQueryInterruptTime();
    LARGE_INTEGER ticksBefore, ticksAfter;
    ULONG coarse, fine;

    KeQueryTickCount(&ticksBefore);
    DelayMs(3); /* to just behind a tick */
    coarse = DelayMs(20);
    KeQueryTickCount(&ticksAfter);
    CHECK("delay_ends_on_a_coarse_tick", coarse == 31);
    CHECK("interrupt_time_advances_with_delays", KeQueryInterruptTime() >= before + 230000);
    CHECK("tick_count_advances", ticksAfter.QuadPart > ticksBefore.QuadPart);
    ExSetTimerResolution(10000, TRUE);
    DelayMs(1);
    /* Counted from the last tick, so it may be a little short. */
    fine = DelayMs(20);
    ExSetTimerResolution(0, FALSE);
    CHECK("delay_is_fine_while_the_resolution_is_raised", fine >= 19 && fine <= 21);
}

static KDPC g_Dpc;
static KTIMER g_Timer;
static KEVENT g_Event;
static LONG g_DpcCalls;
static KIRQL g_DpcIrql;

static VOID NTAPI CountDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNUSED(Dpc);
    UNUSED(Context);
    UNUSED(Argument1);
    UNUSED(Argument2);
    g_DpcIrql = KeGetCurrentIrql();
    InterlockedIncrement(&g_DpcCalls);
    KeSetEvent(&g_Event, 0, FALSE);
}

static VOID Timers(VOID)
{
    LARGE_INTEGER timeout = Due(MILLISECONDS(1));

    KeInitializeEvent(&g_Event, SynchronizationEvent, FALSE);
    KeInitializeDpc(&g_Dpc, CountDpc, NULL);
    KeInitializeTimerEx(&g_Timer, SynchronizationTimer);
    KeSetTimer(&g_Timer, Due(MILLISECONDS(5)), &g_Dpc);
    CHECK("wait_for_a_timer_succeeds", KeWaitForSingleObject(&g_Timer, Executive, KernelMode, FALSE, NULL) == 0);
    CHECK("timer_queues_its_dpc_once", g_DpcCalls == 1);
    CHECK("dpc_runs_at_dispatch_level", g_DpcIrql == DISPATCH_LEVEL);
    CHECK("cancel_of_an_expired_timer_is_false", !KeCancelTimer(&g_Timer));
    CHECK("event_of_the_dpc_is_signalled", KeWaitForSingleObject(&g_Event, Executive, KernelMode, FALSE, NULL) == 0);
    CHECK("synchronization_event_resets",
          KeWaitForSingleObject(&g_Event, Executive, KernelMode, FALSE, &timeout) == STATUS_TIMEOUT);
    g_DpcCalls = 0;
    KeSetTimerEx(&g_Timer, Due(MILLISECONDS(1)), 50, &g_Dpc);
    DelayMs(220);
    CHECK("periodic_timer_repeats", g_DpcCalls >= 4 && g_DpcCalls <= 5);
    CHECK("cancel_of_a_periodic_timer_is_true", KeCancelTimer(&g_Timer));
    KeFlushQueuedDpcs();
    g_DpcCalls = 0;
    CHECK("dpc_is_queued_once", KeInsertQueueDpc(&g_Dpc, NULL, NULL));
    KeFlushQueuedDpcs();
    CHECK("flush_runs_queued_dpcs", g_DpcCalls == 1);
}

static VOID Waits(VOID)
{
    KEVENT first, second;
    KSEMAPHORE semaphore;
    KMUTEX mutex;
    PVOID both[2];
    LARGE_INTEGER poll = Due(0), shortly = Due(MILLISECONDS(2));

    both[0] = &first;
    both[1] = &second;
    KeInitializeEvent(&first, NotificationEvent, FALSE);
    KeInitializeEvent(&second, NotificationEvent, TRUE);
    CHECK("wait_any_names_the_object", KeWaitForMultipleObjects(2, both, WaitAny, Executive, KernelMode, FALSE, NULL,
                                                                NULL) == STATUS_WAIT_1);
    CHECK("wait_all_wants_all", KeWaitForMultipleObjects(2, both, WaitAll, Executive, KernelMode, FALSE, &shortly,
                                                         NULL) == STATUS_TIMEOUT);
    KeInitializeSemaphore(&semaphore, 1, 2);
    CHECK("semaphore_counts",
          KeWaitForSingleObject(&semaphore, Executive, KernelMode, FALSE, &poll) == 0 &&
              KeWaitForSingleObject(&semaphore, Executive, KernelMode, FALSE, &poll) == STATUS_TIMEOUT);
    KeInitializeMutex(&mutex, 0);
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL);
    CHECK("mutex_is_recursive", KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, &poll) == 0);
    KeReleaseMutex(&mutex, FALSE);
    KeReleaseMutex(&mutex, FALSE);
    CHECK("released_mutex_is_signalled", KeReadStateMutex(&mutex) == 1);
}

static LONG g_ThreadRan;

static VOID NTAPI ThreadRoutine(PVOID Context)
{
    DelayMs(5);
    InterlockedExchange((PLONG)Context, 1);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI WorkRoutine(PDEVICE_OBJECT Device, PVOID Context)
{
    UNUSED(Device);
    KeSetEvent((PKEVENT)Context, 0, FALSE);
}

static VOID Threads(PRULE_DEVICE Device)
{
    PIO_WORKITEM item = IoAllocateWorkItem(Device->Fdo);
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    PVOID thread;
    KEVENT done;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, &attributes, NULL, NULL, ThreadRoutine,
                                        &g_ThreadRan))) {
        ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, NULL, KernelMode, &thread, NULL);
        ZwClose(handle);
        KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(thread);
    }
    CHECK("system_thread_runs_and_ends", g_ThreadRan == 1);
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    if (item != NULL) {
        IoQueueWorkItem(item, WorkRoutine, DelayedWorkQueue, &done);
        CHECK("work_item_runs", KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL) == 0);
        IoFreeWorkItem(item);
    }
}

static VOID Mdls(VOID)
{
    PHYSICAL_ADDRESS zero, all;
    PUCHAR pool = ExAllocatePoolWithTag(NonPagedPool, 3 * PAGE_SIZE, RULE_TAG), mapped;
    PMDL mdl;
    ULONG i;
    BOOLEAN same = TRUE;

    zero.QuadPart = 0;
    all.QuadPart = -1;
    if (pool == NULL) {
        return;
    }
    CHECK("pool_of_a_page_starts_on_a_page", ((ULONG_PTR)pool & (PAGE_SIZE - 1)) == 0);
    mdl = IoAllocateMdl(pool, 3 * PAGE_SIZE, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(mdl);
    for (i = 0; i < 3; i++) {
        same = same && MmGetMdlPfnArray(mdl)[i] ==
                           (PFN_NUMBER)(MmGetPhysicalAddress(pool + i * PAGE_SIZE).QuadPart >> PAGE_SHIFT);
    }
    CHECK("mdl_describes_the_pages_of_pool", same);
    IoFreeMdl(mdl);
    ExFreePoolWithTag(pool, RULE_TAG);
    mdl = MmAllocatePagesForMdlEx(zero, all, zero, 5 * PAGE_SIZE, MmCached, 0);
    mapped = MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority);
    CHECK("pages_for_an_mdl_are_zero", mapped[0] == 0 && mapped[5 * PAGE_SIZE - 1] == 0);
    mapped[PAGE_SIZE] = 0x5A;
    CHECK("mapped_pages_keep_what_is_written", mapped[PAGE_SIZE] == 0x5A && MmGetMdlByteCount(mdl) == 5 * PAGE_SIZE);
    MmUnmapLockedPages(mapped, mdl);
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
}

static VOID Memory(VOID)
{
    PHYSICAL_ADDRESS highest;
    PUCHAR contiguous, paged;
    KSPIN_LOCK lock;
    KIRQL irql;

    highest.QuadPart = 0xFFFFFFFF;
    contiguous = MmAllocateContiguousMemory(4 * PAGE_SIZE, highest);
    CHECK("contiguous_memory_is_contiguous",
          contiguous != NULL && MmGetPhysicalAddress(contiguous + 3 * PAGE_SIZE + 8).QuadPart ==
                                    MmGetPhysicalAddress(contiguous).QuadPart + 3 * PAGE_SIZE + 8);
    CHECK("contiguous_memory_keeps_the_limit",
          MmGetPhysicalAddress(contiguous).QuadPart + 4 * PAGE_SIZE <= 0x100000000LL);
    MmFreeContiguousMemory(contiguous);
    paged = ExAllocatePoolWithTag(PagedPool, 100, RULE_TAG);
    if (paged == NULL) {
        return;
    }
    paged[99] = 7;
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &irql);
    KeReleaseSpinLock(&lock, irql);
    CHECK("paged_pool_survives_a_raised_irql", paged[99] == 7);
    ExFreePoolWithTag(paged, RULE_TAG);
}

static VOID Registry(PRULE_DEVICE Device)
{
    UCHAR buffer[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + 16];
    PKEY_VALUE_PARTIAL_INFORMATION value = (PKEY_VALUE_PARTIAL_INFORMATION)(PVOID)buffer;
    UNICODE_STRING name;
    HANDLE key;
    ULONG length = 0, number = 0x12345678;
    NTSTATUS status;

    if (!NT_SUCCESS(IoOpenDeviceRegistryKey(Device->Pdo, PLUGPLAY_REGKEY_DEVICE, KEY_READ | KEY_WRITE, &key))) {
        return;
    }
    RtlInitUnicodeString(&name, L"Nothing");
    status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, value, sizeof(buffer), &length);
    CHECK("absent_value_is_not_found", status == STATUS_OBJECT_NAME_NOT_FOUND);
    RtlInitUnicodeString(&name, L"Something");
    ZwSetValueKey(key, &name, 0, REG_DWORD, &number, sizeof(number));
    status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, value, sizeof(buffer), &length);
    CHECK("written_value_is_read", NT_SUCCESS(status) && value->Type == REG_DWORD && value->DataLength == 4 &&
                                       RtlCompareMemory(value->Data, &number, 4) == 4);
    status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, value, 12, &length);
    CHECK("short_buffer_overflows", status == STATUS_BUFFER_OVERFLOW && length == 16);
    ZwClose(key);
}

static VOID Bus(PRULE_DEVICE Device)
{
    BUS_INTERFACE_STANDARD bus;
    IO_STATUS_BLOCK iosb;
    PIO_STACK_LOCATION stack;
    KEVENT event;
    USHORT identity[2] = {0, 0};
    PIRP irp;
    NTSTATUS status;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Device->Lower, NULL, 0, NULL, &event, &iosb);
    if (irp == NULL) {
        return;
    }
    RtlZeroMemory(&bus, sizeof(bus));
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = IRP_MN_QUERY_INTERFACE;
    stack->Parameters.QueryInterface.InterfaceType = &BusInterfaceStandard;
    stack->Parameters.QueryInterface.Size = sizeof(bus);
    stack->Parameters.QueryInterface.Version = 1;
    stack->Parameters.QueryInterface.Interface = (PINTERFACE)(PVOID)&bus;
    status = IoCallDriver(Device->Lower, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
        status = iosb.Status;
    }
    CHECK("bus_interface_is_given", NT_SUCCESS(status));
    CHECK("bus_data_is_read", bus.GetBusData(bus.Context, PCI_WHICHSPACE_CONFIG, identity, 0, 4) == 4);
    CHECK("bus_data_names_the_device", identity[0] == 0x1AF4);
    bus.InterfaceDereference(bus.Context);
}

/* What the bus driver answers to IRP_MN_QUERY_ID; *Ids: pool of the caller, NULL: unanswered. */
static NTSTATUS QueryId(PRULE_DEVICE Device, BUS_QUERY_ID_TYPE Type, PWCHAR *Ids)
{
    IO_STATUS_BLOCK iosb;
    PIO_STACK_LOCATION stack;
    KEVENT event;
    PIRP irp;
    NTSTATUS status;

    *Ids = NULL;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Device->Lower, NULL, 0, NULL, &event, &iosb);
    if (irp == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = IRP_MN_QUERY_ID;
    stack->Parameters.QueryId.IdType = Type;
    status = IoCallDriver(Device->Lower, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
        status = iosb.Status;
    }
    if (NT_SUCCESS(status)) {
        *Ids = (PWCHAR)iosb.Information;
    }
    return status;
}

/* WDK, "Identifiers for PCI Devices": of the contract's device, from the most exact on. Lists end with an empty one. */
#define DEVICE L"PCI\\VEN_1AF4&DEV_1059"
#define EXACT DEVICE L"&SUBSYS_00191AF4&REV_01\0"

static VOID Identifiers(PRULE_DEVICE Device)
{
    static const WCHAR device[] = EXACT;
    static const WCHAR hardware[] = EXACT DEVICE L"&SUBSYS_00191AF4\0" DEVICE L"&CC_040100\0" DEVICE L"&CC_0401\0";
    static const WCHAR compatible[] = DEVICE L"&REV_01\0" DEVICE L"\0PCI\\VEN_1AF4&CC_040100\0PCI\\VEN_1AF4&CC_0401\0"
                                             L"PCI\\VEN_1AF4\0PCI\\CC_040100\0PCI\\CC_0401\0";
    static const WCHAR instance[] = L"3&11583659&0&28\0"; /* bus 0, device 5, function 0 */
    static const struct {
        PCSTR Check;
        BUS_QUERY_ID_TYPE Type;
        const WCHAR *Ids;
        SIZE_T Bytes;
    } rows[] = {{"device_id", BusQueryDeviceID, device, sizeof(device)},
                {"hardware_ids", BusQueryHardwareIDs, hardware, sizeof(hardware)},
                {"compatible_ids", BusQueryCompatibleIDs, compatible, sizeof(compatible)},
                {"instance_id", BusQueryInstanceID, instance, sizeof(instance)}};
    PWCHAR ids;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(rows); i++) {
        QueryId(Device, rows[i].Type, &ids);
        CHECK(rows[i].Check, ids != NULL && RtlCompareMemory(ids, rows[i].Ids, rows[i].Bytes) == rows[i].Bytes);
        if (ids != NULL) {
            ExFreePool(ids);
        }
    }
    CHECK("other_ids_are_not_answered", QueryId(Device, BusQueryDeviceSerialNumber, &ids) == STATUS_NOT_SUPPORTED);
}

static VOID Text(VOID)
{
    CHAR narrow[64];
    WCHAR wide[64];
    UNICODE_STRING a, b;

    _snprintf(narrow, sizeof(narrow), "%08x|%-5d|%5s|%I64u|%ws", 0xBEEF, -42, "ab", (ULONGLONG)1 << 40, L"w");
    CHECK("snprintf_formats", RtlCompareMemory(narrow, "0000beef|-42  |   ab|1099511627776|w", 37) == 37);
    _snwprintf(wide, 64, L"%s-%S-%u", L"wide", "narrow", 7);
    RtlInitUnicodeString(&a, wide);
    RtlInitUnicodeString(&b, L"WIDE-narrow-7");
    CHECK("snwprintf_formats", RtlEqualUnicodeString(&a, &b, TRUE));
    CHECK("comparison_minds_the_case", !RtlEqualUnicodeString(&a, &b, FALSE));
}

RULE(SERVICES, RuleAtStart)
{
    Time();
    Timers();
    Waits();
    Threads(Device);
    Mdls();
    Memory();
    Registry(Device);
    Bus(Device);
    Identifiers(Device);
    Text();
}
