/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wdk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MILLISECOND 10000
#define MAX_BLOCKS 64
#define PHYSICAL_BASE 0x500000000ull /* above 4 GiB: a truncated address misses */

struct block {
    void *memory;
    SIZE_T bytes;
    ULONGLONG physical;
};

struct wdk wdk;
static IRP the_irp;
static PKDPC queued_dpc;
static KSERVICE_ROUTINE *service_routine;
static void *service_context;
static struct block blocks[MAX_BLOCKS];
static ULONGLONG next_physical = PHYSICAL_BASE;

__attribute__((noreturn, format(printf, 1, 2))) static void broken(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("# fake kernel: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

VOID KeMemoryBarrier(VOID)
{
    __sync_synchronize();
    if (wdk.barrier != NULL) {
        wdk.barrier();
    }
}

void wdk_reset(void)
{
    int i;

    for (i = 0; i < MAX_BLOCKS; i++) {
        free(blocks[i].memory);
    }
    memset(&wdk, 0, sizeof(wdk));
    memset(blocks, 0, sizeof(blocks));
    next_physical = PHYSICAL_BASE;
    queued_dpc = NULL;
    service_routine = NULL;
}

void wdk_require_passive(const char *what)
{
    if (wdk.irql != PASSIVE_LEVEL) {
        broken("%s at IRQL %d", what, wdk.irql);
    }
}

void wdk_require_dispatch(const char *what)
{
    if (wdk.irql != DISPATCH_LEVEL) {
        broken("%s at IRQL %d", what, wdk.irql);
    }
}

void wdk_acquire(KSPIN_LOCK *lock, enum wdk_taken how, const char *what)
{
    if (*lock != WDK_FREE) {
        broken("%s takes a lock that is held", what);
    }
    *lock = how;
    wdk.locks++;
}

void wdk_release(KSPIN_LOCK *lock, enum wdk_taken how, const char *what)
{
    if (*lock != how) {
        broken("%s releases a lock that is free or was taken by the other call", what);
    }
    *lock = WDK_FREE;
    wdk.locks--;
}

KIRQL wdk_raise(KIRQL irql)
{
    KIRQL old = wdk.irql;

    if (irql < old) {
        broken("IRQL raised from %d to %d", old, irql);
    }
    wdk.irql = irql;
    return old;
}

void wdk_lower(KIRQL irql)
{
    if (irql > wdk.irql) {
        broken("IRQL lowered from %d to %d", wdk.irql, irql);
    }
    wdk.irql = irql;
}

LONG KeReleaseMutex(KMUTEX *mutex, BOOLEAN wait)
{
    (void)wait;
    if (!mutex->Owned) {
        broken("a free mutex is released");
    }
    mutex->Owned = 0;
    return 0;
}

NTSTATUS wdk_delay(const LARGE_INTEGER *interval)
{
    wdk_require_passive("a wait");
    wdk.now += interval->QuadPart < MILLISECOND ? MILLISECOND : interval->QuadPart;
    if (wdk.tick != NULL) {
        wdk.tick();
    }
    wdk_run_dpcs();
    return STATUS_SUCCESS;
}

/* Objects are told apart by their size only: KEVENT and KMUTEX begin with one LONG. */
NTSTATUS wdk_wait(void *object, SIZE_T size, const LARGE_INTEGER *timeout)
{
    LONG *state = object;

    (void)size;
    wdk_require_passive("a wait");
    if (timeout == NULL) {
        if (*state != 0) {
            broken("endless wait for a mutex that is owned");
        }
        *state = 1;
        return STATUS_SUCCESS;
    }
    if (*state == 0) {
        wdk_delay(timeout);
    }
    return STATUS_SUCCESS;
}

LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER frequency)
{
    LARGE_INTEGER now;

    if (frequency != NULL) {
        frequency->QuadPart = 10000000;
    }
    now.QuadPart = wdk.now;
    return now;
}

static int may_allocate(void)
{
    return wdk.fail_at == 0 || --wdk.fail_at > 0;
}

PVOID ExAllocatePoolWithTag(int type, SIZE_T bytes, ULONG tag)
{
    (void)type;
    (void)tag;
    if (!may_allocate()) {
        return NULL;
    }
    wdk.pool_blocks++;
    return memset(malloc(bytes), 0xA5, bytes);
}

VOID ExFreePoolWithTag(PVOID memory, ULONG tag)
{
    (void)tag;
    wdk.pool_blocks--;
    free(memory);
}

PVOID MmAllocateContiguousMemorySpecifyCache(SIZE_T bytes, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest,
                                             PHYSICAL_ADDRESS boundary, int cache)
{
    int i;

    (void)lowest, (void)highest, (void)boundary, (void)cache;
    wdk_require_passive("a contiguous allocation");
    if (!may_allocate()) {
        return NULL;
    }
    for (i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].memory == NULL) {
            blocks[i].memory = memset(aligned_alloc(PAGE_SIZE, (bytes + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE), 0xA5,
                                      bytes);
            blocks[i].bytes = bytes;
            blocks[i].physical = next_physical;
            next_physical += (bytes / PAGE_SIZE + 2) * PAGE_SIZE;
            wdk.dma_blocks++;
            return blocks[i].memory;
        }
    }
    broken("too many contiguous allocations");
}

static struct block *find_block(const void *memory)
{
    int i;

    for (i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].memory == memory && memory != NULL) {
            return &blocks[i];
        }
    }
    broken("%p is no contiguous allocation", memory);
}

VOID MmFreeContiguousMemorySpecifyCache(PVOID memory, SIZE_T bytes, int cache)
{
    struct block *block = find_block(memory);

    (void)cache;
    if (block->bytes != bytes) {
        broken("%zu bytes freed of %zu", (size_t)bytes, (size_t)block->bytes);
    }
    free(memory);
    memset(block, 0, sizeof(*block));
    wdk.dma_blocks--;
}

PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID memory)
{
    PHYSICAL_ADDRESS address;

    address.QuadPart = (LONGLONG)find_block(memory)->physical;
    return address;
}

void *wdk_physical(ULONGLONG address, SIZE_T bytes)
{
    int i;

    for (i = 0; i < MAX_BLOCKS; i++) {
        if (blocks[i].memory != NULL && address >= blocks[i].physical &&
            address + bytes <= blocks[i].physical + blocks[i].bytes) {
            return (char *)blocks[i].memory + (address - blocks[i].physical);
        }
    }
    broken("no memory at physical 0x%llx", (unsigned long long)address);
}

ULONG wdk_read_register(const void *address, ULONG size)
{
    if (wdk.register_read == NULL) {
        broken("a register is read");
    }
    return wdk.register_read(address, size);
}

void wdk_write_register(void *address, ULONG size, ULONG value)
{
    if (wdk.register_write == NULL) {
        broken("a register is written");
    }
    wdk.register_write(address, size, value);
}

PVOID MmMapIoSpace(PHYSICAL_ADDRESS start, SIZE_T bytes, int cache)
{
    wdk_require_passive("MmMapIoSpace");
    if (cache != MmNonCached || wdk.map == NULL) {
        broken("registers mapped cached, or nothing to map");
    }
    if (!may_allocate()) {
        return NULL;
    }
    wdk.mappings++;
    return wdk.map((ULONGLONG)start.QuadPart, bytes);
}

VOID MmUnmapIoSpace(PVOID memory, SIZE_T bytes)
{
    (void)memory, (void)bytes;
    wdk_require_passive("MmUnmapIoSpace");
    wdk.mappings--;
}

BOOLEAN KeInsertQueueDpc(PKDPC dpc, PVOID argument1, PVOID argument2)
{
    (void)argument1, (void)argument2;
    if (queued_dpc != NULL) {
        return FALSE;
    }
    queued_dpc = dpc;
    return TRUE;
}

BOOLEAN KeRemoveQueueDpc(PKDPC dpc)
{
    BOOLEAN was_queued = queued_dpc == dpc;

    queued_dpc = NULL;
    return was_queued;
}

void wdk_run_dpcs(void)
{
    PKDPC dpc = queued_dpc;
    KIRQL old;

    queued_dpc = NULL;
    if (dpc != NULL) {
        old = wdk_raise(DISPATCH_LEVEL);
        dpc->Routine(dpc, dpc->Context, NULL, NULL);
        wdk_lower(old);
    }
}

VOID KeFlushQueuedDpcs(void)
{
    wdk_require_passive("KeFlushQueuedDpcs");
    wdk_run_dpcs();
}

NTSTATUS IoConnectInterrupt(PKINTERRUPT *interrupt, KSERVICE_ROUTINE *isr, PVOID context, KSPIN_LOCK *lock,
                            ULONG vector, KIRQL irql, KIRQL synchronize, KINTERRUPT_MODE mode, BOOLEAN share,
                            ULONG_PTR processors, BOOLEAN floating)
{
    (void)vector, (void)mode, (void)processors;
    wdk_require_passive("IoConnectInterrupt");
    if (!NT_SUCCESS(wdk.connect_status)) {
        return wdk.connect_status;
    }
    if (lock != NULL || irql != synchronize || !share || floating) {
        broken("IoConnectInterrupt with wrong arguments");
    }
    service_routine = isr;
    service_context = context;
    wdk.interrupts++;
    *interrupt = (PKINTERRUPT)&service_routine;
    return STATUS_SUCCESS;
}

VOID IoDisconnectInterrupt(PKINTERRUPT interrupt)
{
    wdk_require_passive("IoDisconnectInterrupt");
    if (interrupt != (PKINTERRUPT)&service_routine || service_routine == NULL) {
        broken("an interrupt is disconnected that is not connected");
    }
    service_routine = NULL;
    wdk.interrupts--;
}

BOOLEAN wdk_interrupt(void)
{
    BOOLEAN handled;
    KIRQL old;

    if (service_routine == NULL) {
        return FALSE;
    }
    old = wdk_raise(5);
    handled = service_routine((PKINTERRUPT)&service_routine, service_context);
    wdk_lower(old);
    return handled;
}

PIRP IoBuildSynchronousFsdRequest(ULONG major, PDEVICE_OBJECT device, PVOID buffer, ULONG length, LARGE_INTEGER *offset,
                                  PKEVENT event, IO_STATUS_BLOCK *result)
{
    (void)device, (void)buffer, (void)length, (void)offset;
    if (!may_allocate()) {
        return NULL;
    }
    memset(&the_irp, 0, sizeof(the_irp));
    the_irp.Next.MajorFunction = (UCHAR)major;
    the_irp.UserEvent = event;
    the_irp.UserIosb = result;
    return &the_irp;
}

NTSTATUS IoCallDriver(PDEVICE_OBJECT device, PIRP irp)
{
    wdk_require_passive("IRP_MJ_PNP");
    if (irp->IoStatus.Status != STATUS_NOT_SUPPORTED || wdk.call_driver == NULL) {
        broken("a PnP request that does not begin as STATUS_NOT_SUPPORTED");
    }
    return wdk.call_driver(device, irp);
}
