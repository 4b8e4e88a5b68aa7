/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* DMA adapters: common buffers and scatter/gather lists. On this machine a logical address is the physical one. */
#include "faultpoint.h"
#include "nt.h"

#include <stdlib.h>
#include <string.h>

struct device_description { /* DEVICE_DESCRIPTION */
    ULONG version;
    BOOLEAN master, scatter_gather, demand_mode, auto_initialize, dma_32_bit, ignore_count, reserved, dma_64_bit;
    ULONG bus_number, dma_channel;
    LONG interface_type, dma_width, dma_speed;
    ULONG maximum_length, dma_port;
};

struct scatter_gather_element {
    PHYSICAL_ADDRESS address;
    ULONG length;
    ULONG_PTR reserved;
};
struct scatter_gather_list {
    ULONG count;
    ULONG_PTR reserved;
    struct scatter_gather_element elements[];
};
typedef VOID(NTAPI *PDRIVER_LIST_CONTROL)(DEVICE_OBJECT *, IRP *, struct scatter_gather_list *, PVOID context);

struct adapter {
    USHORT version, size;
    const struct dma_operations *operations;
    uint64_t highest;
};

static void require(const struct adapter *adapter, const char *what)
{
    const struct block *block = arena_find(adapter);

    if (block == NULL || !block->live || block->start != (const uint8_t *)adapter || block->kind != BLOCK_BENCH)
        violation("DMA_RULE", "%s: %p is no DMA adapter", what, (const void *)adapter);
}

static VOID NTAPI put_adapter(struct adapter *adapter)
{
    irql_require_max(PASSIVE_LEVEL, "PutDmaAdapter");
    require(adapter, "PutDmaAdapter");
    resource_remove("DMA adapter", adapter);
    bench_free(adapter);
}

static PVOID NTAPI allocate_common_buffer(struct adapter *adapter, ULONG length, PPHYSICAL_ADDRESS logical,
                                          BOOLEAN cached)
{
    PVOID va;

    (void)cached;
    irql_require_max(PASSIVE_LEVEL, "AllocateCommonBuffer");
    require(adapter, "AllocateCommonBuffer");
    va = contiguous_allocate(length, adapter->highest, "AllocateCommonBuffer");
    if (va != NULL)
        logical->QuadPart = MmGetPhysicalAddress(va);
    return va;
}

static VOID NTAPI free_common_buffer(struct adapter *adapter, ULONG length, PHYSICAL_ADDRESS logical, PVOID va,
                                     BOOLEAN cached)
{
    const struct block *block = arena_find(va);

    (void)cached;
    irql_require_max(PASSIVE_LEVEL, "FreeCommonBuffer");
    require(adapter, "FreeCommonBuffer");
    if (block == NULL || !block->live || block->kind != BLOCK_CONTIGUOUS || block->bytes != length)
        violation("DMA_RULE", "FreeCommonBuffer: %p with %u bytes is no common buffer", va, length);
    if (MmGetPhysicalAddress(va) != logical.QuadPart)
        violation("DMA_RULE", "FreeCommonBuffer: logical address %#llx is not that of the buffer",
                  (unsigned long long)logical.QuadPart);
    contiguous_free(va, "FreeCommonBuffer");
}

static ULONG NTAPI get_alignment(struct adapter *adapter)
{
    require(adapter, "GetDmaAlignment");
    return 1;
}

static NTSTATUS NTAPI get_list(struct adapter *adapter, DEVICE_OBJECT *device, MDL *mdl, PVOID va, ULONG length,
                               PDRIVER_LIST_CONTROL control, PVOID context, BOOLEAN write)
{
    size_t offset = (size_t)((uint8_t *)va - (uint8_t *)mdl->StartVa), pages = BYTES_TO_PAGES(BYTE_OFFSET(va) + length);
    struct scatter_gather_list *list;
    ULONG done = 0;

    (void)write;
    require(adapter, "GetScatterGatherList");
    if (irql_current() != DISPATCH_LEVEL)
        violation("DMA_RULE", "GetScatterGatherList at IRQL %u; DISPATCH_LEVEL is required", irql_current());
    if (offset < mdl->ByteOffset || offset + length > (size_t)mdl->ByteOffset + mdl->ByteCount)
        violation("DMA_RULE", "GetScatterGatherList: range outside the MDL");
    list = bench_alloc(sizeof *list + pages * sizeof list->elements[0], "scatter/gather list");
    while (done < length) {
        size_t at = offset + done;
        ULONG part = MIN(length - done, (ULONG)(PAGE_SIZE - at % PAGE_SIZE));
        struct scatter_gather_element *element = &list->elements[list->count++];

        element->address.QuadPart =
            (LONGLONG)(((uint64_t)mdl_pfns(mdl)[at >> PAGE_SHIFT] << PAGE_SHIFT) | (at % PAGE_SIZE));
        element->length = part;
        done += part;
    }
    resource_add("scatter/gather list", list, "GetScatterGatherList");
    DRIVER_CALL_VOID("AdapterListControl", control(device, NULL, list, context));
    return STATUS_SUCCESS;
}

static VOID NTAPI put_list(struct adapter *adapter, struct scatter_gather_list *list, BOOLEAN write)
{
    (void)write;
    require(adapter, "PutScatterGatherList");
    if (irql_current() != DISPATCH_LEVEL)
        violation("DMA_RULE", "PutScatterGatherList at IRQL %u; DISPATCH_LEVEL is required", irql_current());
    resource_remove("scatter/gather list", list);
    bench_free(list);
}

static NTSTATUS NTAPI calculate_list_size(struct adapter *adapter, MDL *mdl, PVOID va, ULONG length, PULONG size,
                                          PULONG registers)
{
    ULONG pages = (ULONG)BYTES_TO_PAGES(BYTE_OFFSET(va) + length);

    (void)mdl;
    require(adapter, "CalculateScatterGatherList");
    *size = (ULONG)(sizeof(struct scatter_gather_list) + pages * sizeof(struct scatter_gather_element));
    if (registers != NULL)
        *registers = pages;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI unavailable(VOID)
{
    violation("DMA_RULE", "packet DMA (channels, map registers) is not for a bus-master device with scatter/gather");
}

struct dma_operations { /* DMA_OPERATIONS, version 1 */
    ULONG size;
    VOID(NTAPI *put)(struct adapter *);
    PVOID(NTAPI *allocate_common)(struct adapter *, ULONG, PPHYSICAL_ADDRESS, BOOLEAN);
    VOID(NTAPI *free_common)(struct adapter *, ULONG, PHYSICAL_ADDRESS, PVOID, BOOLEAN);
    NTSTATUS(NTAPI *allocate_channel)(VOID);
    NTSTATUS(NTAPI *flush_buffers)(VOID);
    NTSTATUS(NTAPI *free_channel)(VOID);
    NTSTATUS(NTAPI *free_map_registers)(VOID);
    NTSTATUS(NTAPI *map_transfer)(VOID);
    ULONG(NTAPI *alignment)(struct adapter *);
    NTSTATUS(NTAPI *read_counter)(VOID);
    NTSTATUS(NTAPI *get_list)(struct adapter *, DEVICE_OBJECT *, MDL *, PVOID, ULONG, PDRIVER_LIST_CONTROL, PVOID,
                               BOOLEAN);
    VOID(NTAPI *put_list)(struct adapter *, struct scatter_gather_list *, BOOLEAN);
    NTSTATUS(NTAPI *calculate_list)(struct adapter *, MDL *, PVOID, ULONG, PULONG, PULONG);
    NTSTATUS(NTAPI *build_list)(VOID);
    NTSTATUS(NTAPI *build_mdl)(VOID);
};
static const struct dma_operations operations = {
    sizeof(struct dma_operations), put_adapter, allocate_common_buffer, free_common_buffer, unavailable, unavailable,
    unavailable, unavailable, unavailable, get_alignment, unavailable, get_list, put_list, calculate_list_size,
    unavailable, unavailable};

PVOID dma_adapter_get(const void *opaque, PULONG map_registers)
{
    const struct device_description *description = opaque;
    struct adapter *adapter;

    if (description->version > 2)
        violation("DMA_RULE", "IoGetDmaAdapter: DEVICE_DESCRIPTION version %u is unknown to Windows 7",
                  description->version);
    if (!description->master || description->interface_type != PCIBus)
        violation("DMA_RULE", "IoGetDmaAdapter: the device is a bus master on PCIBus; the description says otherwise");
    if (fault_point(FAULT_DMA_ADAPTER))
        return NULL;
    adapter = bench_alloc(sizeof *adapter, "DMA adapter");
    adapter->version = 1;
    adapter->size = sizeof *adapter;
    adapter->operations = &operations;
    adapter->highest = description->dma_64_bit ? UINT64_MAX : 0xFFFFFFFFu;
    *map_registers = description->maximum_length / PAGE_SIZE + 2;
    resource_add("DMA adapter", adapter, "IoGetDmaAdapter");
    return adapter;
}

static PVOID NTAPI get_adapter(DEVICE_OBJECT *pdo, const void *description, PULONG map_registers)
{
    if (pdo != g_pdo)
        violation("DMA_RULE", "IoGetDmaAdapter: %p is not the PDO", (void *)pdo);
    return dma_adapter_get(description, map_registers);
}

NTOS(IoGetDmaAdapter, get_adapter, PASSIVE_LEVEL);
