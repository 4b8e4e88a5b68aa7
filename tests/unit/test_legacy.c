/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The I/O-port build's own sources, compiled as that build compiles them: legacy register file, its rings, its BAR. */
#include <stdlib.h>

#include "unit.h"

#define VIRTQ_USED_ALIGN 4096u
/* Ports go where registers go: the fake takes the port number as the address. */
#define READ_PORT_UCHAR(p) READ_REGISTER_UCHAR(p)
#define READ_PORT_USHORT(p) READ_REGISTER_USHORT(p)
#define READ_PORT_ULONG(p) READ_REGISTER_ULONG(p)
#define WRITE_PORT_UCHAR(p, v) WRITE_REGISTER_UCHAR(p, v)
#define WRITE_PORT_USHORT(p, v) WRITE_REGISTER_USHORT(p, v)
#define WRITE_PORT_ULONG(p, v) WRITE_REGISTER_ULONG(p, v)

#include "../../drivers/windows7/virtio/common/src/virtio_pci_intx_wdm.c"
#include "../../drivers/windows7/virtio/common/src/virtio_pci_legacy.c"
#include "../../drivers/windows7/virtio/common/src/virtio_pci_status.c"
#include "../../drivers/windows7/virtio/common/src/virtqueue_split.c"
#include "../../drivers/windows7/virtio-snd/src/aero_virtio_snd_ioport_hw.c"

#define PORT 0xC040u
#define BAR_BYTES 64u
#define QUEUES 4u
#define MAX_LOG 16u

static VIRTIO_PCI_TRANSPORT transport;
static VIRTIOSND_DEVICE device;
static CM_RESOURCE_LIST raw, translated;
static UCHAR file[BAR_BYTES]; /* the register file as the device shows it */
static ULONG accesses;
static struct {
    ULONG offset, size, value;
} writes[MAX_LOG];
static ULONG write_count;

static ULONG port_read(const void *address, ULONG size)
{
    ULONG offset = (ULONG)((uintptr_t)address - PORT);
    ULONG value = 0;

    assert_true(offset + size <= BAR_BYTES && offset % size == 0);
    accesses++;
    if (offset == VIRTIO_LEGACY_QUEUE_SIZE) {
        return file[VIRTIO_LEGACY_QUEUE_SELECT] < QUEUES ? 64 : 0;
    }
    memcpy(&value, file + offset, size);
    return value;
}

static void port_write(void *address, ULONG size, ULONG value)
{
    ULONG offset = (ULONG)((uintptr_t)address - PORT);

    assert_true(offset + size <= BAR_BYTES && offset % size == 0 && write_count < MAX_LOG);
    accesses++;
    writes[write_count].offset = offset;
    writes[write_count].size = size;
    writes[write_count++].value = value;
    memcpy(file + offset, &value, size);
}

static void create(BOOLEAN msix)
{
    memset(file, 0, sizeof(file));
    accesses = write_count = 0;
    wdk.register_read = port_read;
    wdk.register_write = port_write;
    assert_int_equal(VirtioPciLegacyInit(&transport, PORT, BAR_BYTES, msix), STATUS_SUCCESS);
}

static void last_write_is(ULONG offset, ULONG size, ULONG value)
{
    assert_true(write_count > 0);
    assert_int_equal(writes[write_count - 1].offset, offset);
    assert_int_equal(writes[write_count - 1].size, size);
    assert_int_equal(writes[write_count - 1].value, value);
}

static void thirty_two_features_are_negotiated_without_features_ok(void **state)
{
    const ULONG offered = 1u << VIRTIO_F_RING_INDIRECT_DESC | 1u << VIRTIO_F_RING_EVENT_IDX;
    ULONG i;

    (void)state;
    create(FALSE);
    memcpy(file, &offered, 4);
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC), 0),
                     STATUS_SUCCESS);
    last_write_is(VIRTIO_LEGACY_GUEST_FEATURES, 4, 1u << VIRTIO_F_RING_INDIRECT_DESC);
    assert_true(VirtioPciTransportHasFeature(&transport, VIRTIO_F_RING_INDIRECT_DESC));
    assert_false(VirtioPciTransportHasFeature(&transport, VIRTIO_F_VERSION_1));
    for (i = 0; i < write_count; i++) {
        assert_false(writes[i].offset == VIRTIO_LEGACY_STATUS && (writes[i].value & VIRTIO_STATUS_FEATURES_OK) != 0);
    }
    assert_int_equal(VirtioPciTransportNegotiate(&transport, 0, VIRTIO_FEATURE(VIRTIO_F_VERSION_1)),
                     STATUS_NOT_SUPPORTED);
}

static void queues_are_counted_by_their_sizes(void **state)
{
    (void)state;
    create(FALSE);
    assert_int_equal(VirtioPciTransportQueueCount(&transport), QUEUES);
    assert_int_equal(VirtioPciTransportQueueSize(&transport, QUEUES), 0);
}

static void a_queue_is_named_by_its_page_and_shares_the_doorbell(void **state)
{
    PUCHAR doorbell = NULL;

    (void)state;
    create(FALSE);
    assert_int_equal(VirtioPciTransportQueueEnable(&transport, 2, 0x123456000ull, 0x123456400ull, 0x123457000ull,
                                                &doorbell), STATUS_SUCCESS);
    assert_int_equal(writes[0].offset, VIRTIO_LEGACY_QUEUE_SELECT);
    assert_int_equal(writes[0].value, 2);
    last_write_is(VIRTIO_LEGACY_QUEUE_PFN, 4, 0x123456);
    accesses = 0;
    VirtioPciTransportNotify(&transport, doorbell, 2);
    last_write_is(16, 2, 2);
    assert_int_equal(accesses, 1);
}

static void rings_that_the_device_would_not_find_are_refused(void **state)
{
    static const ULONGLONG wrong[][3] = {
        {0x1010, 0x1410, 0x2000},                      /* not at a page */
        {0x1000, 0x1400, 0x1490},                      /* used ring not at a page */
        {0x0, 0x400, 0x1000},                          /* page 0 turns the queue off */
        {0x100000000000ull, 0x100000000400ull, 0x100000001000ull}, /* above 16 TiB: no page number of 32 bits */
    };
    PUCHAR doorbell;
    size_t i;

    (void)state;
    create(FALSE);
    for (i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(VirtioPciTransportQueueEnable(&transport, 0, wrong[i][0], wrong[i][1], wrong[i][2], &doorbell),
                         STATUS_DEVICE_CONFIGURATION_ERROR);
    }
    assert_int_equal(accesses, 0);
}

static void rings_of_this_build_follow_the_legacy_formula(void **state)
{
    static const USHORT sizes[] = {4, 64, 128, 256, 1024};
    VIRTQ_SPLIT vq;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        ULONG q = sizes[i];
        void *memory = aligned_alloc(4096, (VirtqSplitRingBytes(sizes[i], 4, 4) + 4095u) & ~4095u);
        void *slots = malloc(VirtqSplitStateBytes(sizes[i], 4));

        assert_int_equal(VirtqSplitInit(&vq, sizes[i], 4, 4, FALSE, memory, 0x40000, slots), STATUS_SUCCESS);
        assert_int_equal(VirtqSplitAvailPhysical(&vq), 0x40000 + 16 * q);
        assert_int_equal(VirtqSplitUsedPhysical(&vq), 0x40000 + ((16 * q + 6 + 2 * q + 4095) & ~4095u));
        assert_true(vq.TablesPhysical >= VirtqSplitUsedPhysical(&vq) + 6 + 8 * q && vq.TablesPhysical % 16 == 0);
        free(slots);
        free(memory);
    }
}

static void device_configuration_lies_at_20_or_24(void **state)
{
    const ULONG jacks = 7, streams = 2;

    (void)state;
    create(FALSE);
    memcpy(file + 20, &jacks, 4);
    memcpy(file + 24, &streams, 4);
    assert_int_equal(VirtioPciTransportReadConfig(&transport, VIRTIO_SND_CFG_STREAMS), 2);
    assert_int_equal(VirtioPciTransportReadConfig(&transport, BAR_BYTES - 20), 0); /* outside */
    create(TRUE);
    memcpy(file + 24, &jacks, 4);
    memcpy(file + 28, &streams, 4);
    assert_int_equal(VirtioPciTransportReadConfig(&transport, VIRTIO_SND_CFG_STREAMS), 2);
    assert_int_equal(VirtioPciLegacyInit(&transport, PORT, 23, TRUE), STATUS_DEVICE_CONFIGURATION_ERROR);
}

static void isr_status_and_reset_use_their_bytes(void **state)
{
    (void)state;
    create(FALSE);
    file[VIRTIO_LEGACY_ISR] = VIRTIO_ISR_QUEUE;
    assert_int_equal(VirtioPciTransportReadIsr(&transport), VIRTIO_ISR_QUEUE);
    file[VIRTIO_LEGACY_ISR] = 0xFF;
    assert_int_equal(VirtioPciTransportReadIsr(&transport), 0);
    VirtioPciTransportDriverOk(&transport);
    last_write_is(VIRTIO_LEGACY_STATUS, 1, VIRTIO_STATUS_DRIVER_OK);
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_SUCCESS);
    last_write_is(VIRTIO_LEGACY_STATUS, 1, 0);
}

static void a_gone_device_is_not_touched(void **state)
{
    PUCHAR doorbell = NULL;

    (void)state;
    create(FALSE);
    assert_int_equal(VirtioPciTransportQueueEnable(&transport, 0, 0x1000, 0x1400, 0x2000, &doorbell), STATUS_SUCCESS);
    VirtioPciTransportGone(&transport);
    accesses = 0;
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(VirtioPciTransportStatus(&transport), 0xFF);
    assert_int_equal(VirtioPciTransportReadIsr(&transport), 0);
    assert_int_equal(VirtioPciTransportQueueCount(&transport), 0);
    VirtioPciTransportNotify(&transport, doorbell, 0);
    VirtioPciTransportReadConfig(&transport, 0);
    VirtioPciTransportDriverOk(&transport);
    assert_int_equal(accesses, 0);
}

static unsigned served;

static VOID serve(PVOID context, UCHAR isr)
{
    (void)context, (void)isr;
    served++;
}

/* A forsaken device may have forgotten its reset: its line is acknowledged, and nobody serves it. One that is gone is
 * not asked. */
static void the_line_of_a_forsaken_device_is_acknowledged(void **state)
{
    CM_PARTIAL_RESOURCE_DESCRIPTOR line;
    VIRTIO_PCI_INTX intx;

    (void)state;
    memset(&line, 0, sizeof(line));
    line.ShareDisposition = CmResourceShareShared;
    for (int forsaken = 0; forsaken <= 1; forsaken++) {
        create(FALSE);
        assert_int_equal(VirtioPciIntxConnect(&intx, &line, &transport, serve, NULL), STATUS_SUCCESS);
        if (forsaken) {
            VirtioPciTransportForsake(&transport);
        } else {
            VirtioPciTransportGone(&transport);
        }
        file[VIRTIO_LEGACY_ISR] = VIRTIO_ISR_QUEUE;
        accesses = served = 0;
        assert_int_equal(wdk_interrupt(), forsaken);
        assert_int_equal(accesses, forsaken); /* the ISR byte, which falls with it */
        wdk_run_dpcs();
        assert_int_equal(served, 0);
        VirtioPciIntxDisconnect(&intx);
    }
}

/* Configuration space with an I/O BAR 0 and the capabilities: vendor (virtio), then MSI-X with this control word. */
static void function(USHORT msix_control)
{
    CM_PARTIAL_RESOURCE_LIST *list = &raw.List[0].PartialResourceList;

    memset(&device, 0, sizeof(device));
    memset(&raw, 0, sizeof(raw));
    device.Config[0x06] = 0x10;
    device.Config[0x10] = (UCHAR)(PORT | 1u);
    device.Config[0x11] = PORT >> 8;
    device.Config[0x34] = 0x40;
    device.Config[0x40] = 9;
    device.Config[0x41] = 0x60;
    device.Config[0x60] = 0x11;
    device.Config[0x62] = (UCHAR)msix_control;
    device.Config[0x63] = (UCHAR)(msix_control >> 8);
    raw.Count = 1;
    list->Count = 2;
    list->PartialDescriptors[0].Type = CmResourceTypeMemory; /* a memory BAR at the same number is another one */
    list->PartialDescriptors[0].u.Memory.Start.QuadPart = PORT;
    list->PartialDescriptors[1].Type = CmResourceTypePort;
    list->PartialDescriptors[1].u.Memory.Start.QuadPart = PORT;
    list->PartialDescriptors[1].u.Memory.Length = BAR_BYTES;
    translated = raw;
}

static void the_register_file_is_found_in_io_bar_0(void **state)
{
    static const struct {
        USHORT control;
        ULONG config;
    } rows[] = {{0x0000, 20}, {0x4001, 20}, {0x8000, 24}, {0x8003, 24}};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(rows); i++) {
        function(rows[i].control);
        assert_int_equal(AeroVirtIoSndIoPortLocate(&device), STATUS_SUCCESS);
        assert_int_equal(AeroVirtIoSndIoPortMap(&device, &raw, &translated), STATUS_SUCCESS);
        assert_ptr_equal(device.Transport.Common, (PUCHAR)(uintptr_t)PORT);
        assert_int_equal(device.Transport.Device - device.Transport.Common, rows[i].config);
    }
}

static void without_an_io_bar_there_is_no_device(void **state)
{
    (void)state;
    function(0);
    device.Config[0x10] = 0x40; /* memory */
    assert_int_equal(AeroVirtIoSndIoPortLocate(&device), STATUS_DEVICE_CONFIGURATION_ERROR);
    function(0);
    translated.List[0].PartialResourceList.Count = 1; /* ports were not assigned */
    assert_int_equal(AeroVirtIoSndIoPortMap(&device, &raw, &translated), STATUS_DEVICE_CONFIGURATION_ERROR);
}

static void capability_lists_that_run_in_a_circle_end(void **state)
{
    (void)state;
    function(0x8000);
    device.Config[0x41] = 0x40;
    assert_false(MsixEnabled(device.Config));
    device.Config[0x06] = 0; /* no list at all */
    assert_false(MsixEnabled(device.Config));
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(thirty_two_features_are_negotiated_without_features_ok),
    UNIT_TEST(queues_are_counted_by_their_sizes),
    UNIT_TEST(a_queue_is_named_by_its_page_and_shares_the_doorbell),
    UNIT_TEST(rings_that_the_device_would_not_find_are_refused),
    UNIT_TEST(rings_of_this_build_follow_the_legacy_formula),
    UNIT_TEST(device_configuration_lies_at_20_or_24),
    UNIT_TEST(isr_status_and_reset_use_their_bytes),
    UNIT_TEST(a_gone_device_is_not_touched),
    UNIT_TEST(the_line_of_a_forsaken_device_is_acknowledged),
    UNIT_TEST(the_register_file_is_found_in_io_bar_0),
    UNIT_TEST(without_an_io_bar_there_is_no_device),
    UNIT_TEST(capability_lists_that_run_in_a_circle_end),
};
UNIT_MAIN("legacy", tests)
