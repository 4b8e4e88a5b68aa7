/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bring-up and teardown of the whole function, with everything below it real but the kernel and the device. */
#include "unit.h"
#include "snd_device.h"
#include "virtiosnd_hw.h"

#define BAR_ADDRESS 0x1FE000000ull /* 64-bit, above 4 GiB */
#define TRANSLATED 0x2FE000000ull
#define MAX_LOG 16

static VIRTIOSND_DEVICE device;
static UCHAR config[VIRTIO_PCI_CONFIG_BYTES];
static CM_RESOURCE_LIST raw, translated;
static unsigned bus_references, command_writes;
static NTSTATUS query_status;

/* The streams that PCM_INFO shows, the status of its answer, and the other requests as they came. */
static struct virtio_snd_pcm_info streams[4];
static ULONG ok;
static int silent;
static ULONG commands[MAX_LOG][2];

/* What a life before ours has left: given back into the ring of TX after each PCM_INFO until stream 0 is released. */
enum { LEFT_NOTHING, LEFT_PERIODS, LEFT_NEEDS_RESET, LEFT_FOR_GOOD };
static int left;
static unsigned command_count;
static unsigned blocks_at_release;

/* ---- PCI ---- */

static VOID bus_dereference(PVOID context)
{
    assert_ptr_equal(context, config);
    bus_references--;
}

static ULONG bus_get(PVOID context, ULONG type, PVOID buffer, ULONG offset, ULONG length)
{
    assert_ptr_equal(context, config);
    assert_int_equal(type, 0);
    memcpy(buffer, config + offset, length);
    return length;
}

static ULONG bus_set(PVOID context, ULONG type, PVOID buffer, ULONG offset, ULONG length)
{
    (void)context, (void)type;
    assert_int_equal(offset, 4);
    assert_int_equal(length, 2);
    memcpy(config + offset, buffer, length);
    command_writes++;
    return length;
}

static NTSTATUS bus_driver(PDEVICE_OBJECT object, PIRP irp)
{
    static const GUID expected = {0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};
    BUS_INTERFACE_STANDARD *bus = (BUS_INTERFACE_STANDARD *)irp->Next.Parameters.QueryInterface.Interface;

    assert_ptr_equal(object, &bus_references);
    assert_int_equal(irp->Next.MinorFunction, IRP_MN_QUERY_INTERFACE);
    assert_memory_equal(irp->Next.Parameters.QueryInterface.InterfaceType, &expected, sizeof(expected));
    assert_int_equal(irp->Next.Parameters.QueryInterface.Size, sizeof(*bus));
    if (NT_SUCCESS(query_status)) {
        bus->Context = config;
        bus->InterfaceDereference = bus_dereference;
        bus->GetBusData = bus_get;
        bus->SetBusData = bus_set;
        bus_references++;
    }
    return query_status;
}

static void put_cap(unsigned offset, unsigned next, unsigned length, unsigned type, ULONG at, ULONG bytes)
{
    const UCHAR cap[16] = {9, (UCHAR)next, (UCHAR)length, (UCHAR)type, 2, 0, 0, 0, (UCHAR)at, (UCHAR)(at >> 8), 0, 0,
                           (UCHAR)bytes, (UCHAR)(bytes >> 8), 0, 0};

    memcpy(config + offset, cap, sizeof(cap));
}

static void pci_function(void)
{
    static const UCHAR head[] = {0xF4, 0x1A, 0x59, 0x10, 0x06, 0x00, 0x10, 0x00, 0x01, 0x00, 0x01, 0x04};

    memset(config, 0, sizeof(config));
    memcpy(config, head, sizeof(head));
    config[0x18] = 0x04 | 0x08; /* BAR2: 64-bit, prefetchable */
    config[0x1B] = 0xFE;
    config[0x1C] = 0x01;
    config[0x34] = 0x40;
    put_cap(0x40, 0x50, 16, 1, 0x0000, 0x100);
    put_cap(0x50, 0x64, 20, 2, 0x1000, 0x100);
    config[0x60] = 4;
    put_cap(0x64, 0x74, 16, 3, 0x2000, 0x20);
    put_cap(0x74, 0x00, 16, 4, 0x3000, 0x100);
}

static void resources(void)
{
    CM_PARTIAL_RESOURCE_LIST *list = &raw.List[0].PartialResourceList;

    memset(&raw, 0, sizeof(raw));
    raw.Count = 1;
    list->Count = 3;
    list->PartialDescriptors[0].Type = CmResourceTypeMemory; /* another BAR: MSI-X, say */
    list->PartialDescriptors[0].u.Memory.Start.QuadPart = 0xFD000000;
    list->PartialDescriptors[0].u.Memory.Length = 0x1000;
    list->PartialDescriptors[1].Type = CmResourceTypeMemory;
    list->PartialDescriptors[1].u.Memory.Start.QuadPart = BAR_ADDRESS;
    list->PartialDescriptors[1].u.Memory.Length = 0x4000;
    list->PartialDescriptors[2].Type = CmResourceTypeInterrupt;
    list->PartialDescriptors[2].ShareDisposition = CmResourceShareShared;
    list->PartialDescriptors[2].u.Interrupt.Level = 11;
    translated = raw;
    list = &translated.List[0].PartialResourceList;
    list->PartialDescriptors[1].u.Memory.Start.QuadPart = TRANSLATED;
}

/* ---- the sound device ---- */

static void *map(ULONGLONG start, SIZE_T bytes)
{
    assert_int_equal(start, TRANSLATED);
    assert_int_equal(bytes, 0x3100); /* as far as the regions reach */
    return snd_device_map(start, bytes);
}

static void answer_info(const struct ring_request *request)
{
    struct virtio_snd_query_info query;

    assert_int_equal(request->count, 3);
    assert_int_equal(request->parts[0].len, sizeof(query));
    memcpy(&query, ring_device_memory(&request->parts[0]), sizeof(query));
    assert_int_equal(query.size, sizeof(struct virtio_snd_pcm_info));
    assert_in_range(query.count, 1, VIRTIOSND_CONTROL_MAX_STREAMS);
    memcpy(ring_device_memory(&request->parts[2]), streams,
           query.count < COUNT_OF(streams) ? query.count * sizeof(streams[0]) : sizeof(streams));
}

static void give_leftovers(void)
{
    if (left == LEFT_PERIODS || left == LEFT_FOR_GOOD) {
        ring_device_give(&snd_device.ring[2], 5, 8);
    }
    if (left == LEFT_NEEDS_RESET) {
        snd_device.status |= VIRTIO_STATUS_NEEDS_RESET;
    }
}

static void doorbell(unsigned queue)
{
    struct ring_request request;
    const ULONG *message;

    while (queue == 0 && !silent && ring_device_take(&snd_device.ring[0], &request)) {
        assert_true(snd_device.status & VIRTIO_STATUS_DRIVER_OK);
        message = ring_device_memory(&request.parts[0]);
        if (message[0] == VIRTIO_SND_R_PCM_INFO) {
            answer_info(&request);
            give_leftovers();
        } else {
            if (message[0] == VIRTIO_SND_R_PCM_RELEASE && message[1] == 0 && left != LEFT_NOTHING) {
                ring_device_give(&snd_device.ring[2], 9, 8); /* a flush */
                left = left == LEFT_FOR_GOOD ? left : LEFT_NOTHING;
            }
            if (message[0] == VIRTIO_SND_R_PCM_RELEASE) {
                blocks_at_release = wdk.dma_blocks;
            }
            assert_true(command_count < MAX_LOG);
            memcpy(commands[command_count++], message, 8);
        }
        memcpy(ring_device_memory(&request.parts[1]), &ok, sizeof(ok));
        ring_device_give(&snd_device.ring[0], request.head, 4);
    }
}

static void put_stream(unsigned index, UCHAR direction)
{
    memset(&streams[index], 0, sizeof(streams[index]));
    streams[index].direction = direction;
    streams[index].formats = 1u << VIRTIO_SND_PCM_FMT_S16;
    streams[index].rates = 1u << VIRTIO_SND_PCM_RATE_48000;
    streams[index].channels_min = streams[index].channels_max = 1;
}

/* The contract device, powered on. */
static void setup(void)
{
    memset(streams, 0, sizeof(streams));
    put_stream(0, VIRTIO_SND_D_OUTPUT);
    put_stream(1, VIRTIO_SND_D_INPUT);
    ok = 0;
    silent = 0;
    left = LEFT_NOTHING;
    command_count = bus_references = command_writes = 0;
    query_status = STATUS_SUCCESS;
    pci_function();
    resources();
    snd_device_power_on();
    snd_device.doorbell = doorbell;
    wdk.map = map;
    wdk.call_driver = bus_driver;
    VirtIoSndDeviceInitialize(&device);
}

static NTSTATUS start(ULONG flags)
{
    return VirtIoSndStartHardware(&device, (PDEVICE_OBJECT)&bus_references, &raw, &translated, flags);
}

static void expect_nothing_left(void)
{
    assert_int_equal(wdk.pool_blocks, 0);
    assert_int_equal(wdk.dma_blocks, 0);
    assert_int_equal(wdk.mappings, 0);
    assert_int_equal(wdk.interrupts, 0);
    assert_int_equal(wdk.irql, PASSIVE_LEVEL);
    assert_int_equal(wdk.locks, 0);
    assert_int_equal(bus_references, 0);
}

static void expect_failure(NTSTATUS status, VIRTIOSND_START_STAGE stage)
{
    assert_int_equal(start(0), status);
    assert_int_equal(device.Stage, stage);
    assert_false(device.Started);
    expect_nothing_left();
    assert_int_equal(snd_device.status, 0); /* reset, or never touched */
}

static VOID period_done(PVOID context, ULONG_PTR cookie, ULONG bytes, NTSTATUS status)
{
    (void)cookie, (void)bytes, (void)status;
    ++*(unsigned *)context;
}

static VOID start_done(PVOID context, NTSTATUS status)
{
    (void)context;
    assert_int_equal(status, STATUS_SUCCESS);
}

static void start_and_stop_leave_nothing_behind_and_may_be_repeated(void **state)
{
    unsigned round;

    (void)state;
    setup();
    for (round = 0; round < 3; round++) {
        assert_int_equal(start(0), STATUS_SUCCESS);
        assert_int_equal(device.Stage, VirtIoSndStageStarted);
        assert_int_equal(snd_device.status, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                                VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
        assert_int_equal(snd_device.accepted, snd_device.offered);
        assert_int_equal(ring_device_waiting(&snd_device.ring[1]), 64); /* eventq is full */
        assert_int_equal(ring_device_flags(&snd_device.ring[0]), 0);
        assert_int_equal(ring_device_flags(&snd_device.ring[2]), VRING_AVAIL_F_NO_INTERRUPT);
        assert_int_equal(ring_device_flags(&snd_device.ring[3]), VRING_AVAIL_F_NO_INTERRUPT);
        assert_int_equal(bus_references, 0);
        assert_int_equal(start(0), STATUS_INVALID_DEVICE_STATE);
        VirtIoSndStopHardware(&device, TRUE);
        VirtIoSndStopHardware(&device, TRUE);
        assert_int_equal(snd_device.status, 0);
        expect_nothing_left();
    }
    assert_int_equal(command_count, 0); /* an idle stream gets no RELEASE */
    assert_int_equal(command_writes, 0);
}

static void after_a_stop_no_register_is_touched(void **state)
{
    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    VirtIoSndStopHardware(&device, TRUE);
    wdk.register_read = NULL; /* they are unmapped: any access ends the test */
    wdk.register_write = NULL;
    assert_int_equal(VirtioPciTransportStatus(&device.Transport), 0xFF);
    VirtIoSndHardwareGone(&device);
}

static void each_allocation_may_fail(void **state)
{
    unsigned nth;

    (void)state;
    for (nth = 1; nth < 40; nth++) {
        wdk_reset();
        setup();
        wdk.fail_at = nth;
        if (NT_SUCCESS(start(0))) {
            break;
        }
        assert_int_equal(snd_device.status, 0);
        expect_nothing_left();
    }
    assert_in_range(nth, 15, 39);
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

static void a_function_without_bus_interface_is_refused(void **state)
{
    (void)state;
    setup();
    query_status = STATUS_NOT_SUPPORTED;
    expect_failure(STATUS_NOT_SUPPORTED, VirtIoSndStageConfig);
}

static void another_revision_is_refused_untouched(void **state)
{
    (void)state;
    setup();
    config[8] = 2;
    expect_failure(STATUS_NOT_SUPPORTED, VirtIoSndStageIdentity);
    assert_int_equal(snd_device.accesses, 0);
}

static void a_broken_capability_list_is_refused_untouched(void **state)
{
    (void)state;
    setup();
    config[0x75] = 0x40;
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageLayout);
    assert_int_equal(snd_device.accesses, 0);
}

static void a_bar_is_found_by_its_raw_address(void **state)
{
    CM_PARTIAL_RESOURCE_DESCRIPTOR *r = raw.List[0].PartialResourceList.PartialDescriptors;
    CM_PARTIAL_RESOURCE_DESCRIPTOR *t = translated.List[0].PartialResourceList.PartialDescriptors;
    CM_PARTIAL_RESOURCE_DESCRIPTOR swap;

    (void)state;
    setup();
    swap = r[0], r[0] = r[1], r[1] = swap;
    swap = t[0], t[0] = t[1], t[1] = swap;
    assert_int_equal(start(0), STATUS_SUCCESS); /* map() checks the address */
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

static void refused(VIRTIOSND_START_STAGE stage)
{
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, stage);
    wdk_reset();
    setup();
}

static void unusable_resources_are_refused(void **state)
{
    (void)state;
    setup();
    raw.List[0].PartialResourceList.PartialDescriptors[1].u.Memory.Start.QuadPart += 0x1000;
    refused(VirtIoSndStageMap);
    translated.List[0].PartialResourceList.PartialDescriptors[1].u.Memory.Length = 0x3000;
    refused(VirtIoSndStageMap);
    config[0x18] = 0x01; /* an I/O BAR */
    refused(VirtIoSndStageLayout);
    raw.Count = 0;
    refused(VirtIoSndStageMap);
}

static void bus_mastering_is_switched_on_when_it_is_off(void **state)
{
    (void)state;
    setup();
    config[4] = 0x02;
    assert_int_equal(start(0), STATUS_SUCCESS);
    assert_int_equal(command_writes, 1);
    assert_int_equal(config[4], 0x06);
    VirtIoSndStopHardware(&device, TRUE);
}

static void missing_features_and_queues_are_refused(void **state)
{
    (void)state;
    setup();
    snd_device.offered = VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC);
    expect_failure(STATUS_NOT_SUPPORTED, VirtIoSndStageFeatures);
    wdk_reset();
    setup();
    snd_device.queues = 3;
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageQueues);
    wdk_reset();
    setup();
    snd_device.queue_size[3] = 2;
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageQueues);
    wdk_reset();
    setup();
    snd_device.queue_size[1] = 48;
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageQueues);
}

static void queues_of_every_size_work(void **state)
{
    unsigned size;

    (void)state;
    for (size = 4; size <= 32768; size *= 2) {
        wdk_reset();
        setup();
        if (size == 16) {
            snd_device.offered = VIRTIO_FEATURE(VIRTIO_F_VERSION_1); /* direct chains */
        }
        snd_device.queue_size[0] = snd_device.queue_size[1] = size;
        snd_device.queue_size[2] = snd_device.queue_size[3] = size;
        assert_int_equal(start(0), STATUS_SUCCESS);
        VirtIoSndStopHardware(&device, TRUE);
        expect_nothing_left();
    }
}

static void without_an_interrupt_it_polls_only_when_allowed(void **state)
{
    (void)state;
    setup();
    translated.List[0].PartialResourceList.Count = 2;
    expect_failure(STATUS_NOT_FOUND, VirtIoSndStageInterrupt);
    wdk_reset();
    setup();
    wdk.connect_status = STATUS_UNSUCCESSFUL;
    expect_failure(STATUS_UNSUCCESSFUL, VirtIoSndStageInterrupt);
    wdk_reset();
    setup();
    wdk.connect_status = STATUS_UNSUCCESSFUL;
    assert_int_equal(start(VIRTIOSND_START_ALLOW_POLLING), STATUS_SUCCESS);
    assert_true(device.PollingOnly);
    /* nobody would drop the line */
    assert_int_equal(ring_device_flags(&snd_device.ring[0]), VRING_AVAIL_F_NO_INTERRUPT);
    assert_int_equal(ring_device_flags(&snd_device.ring[1]), VRING_AVAIL_F_NO_INTERRUPT);
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

static void a_message_interrupt_is_no_line(void **state)
{
    (void)state;
    setup();
    translated.List[0].PartialResourceList.PartialDescriptors[2].Flags = CM_RESOURCE_INTERRUPT_MESSAGE;
    expect_failure(STATUS_NOT_FOUND, VirtIoSndStageInterrupt);
}

static void streams_are_found_by_direction_and_preferred_with_the_right_channels(void **state)
{
    (void)state;
    setup();
    ok = 0x8000;
    snd_device.streams = 4;
    put_stream(0, VIRTIO_SND_D_INPUT);
    streams[0].rates = 1; /* 5512 Hz only: not for us */
    put_stream(1, VIRTIO_SND_D_INPUT);
    put_stream(2, VIRTIO_SND_D_OUTPUT); /* mono */
    put_stream(3, VIRTIO_SND_D_OUTPUT);
    streams[3].channels_max = 6;
    assert_int_equal(start(0), STATUS_SUCCESS);
    assert_int_equal(device.Pcm[VirtIoSndStreamRender].StreamId, 3);
    assert_int_equal(device.Pcm[VirtIoSndStreamCapture].StreamId, 1);
    assert_int_equal(device.Pcm[VirtIoSndStreamRender].Channels, 2);
    assert_int_equal(device.Pcm[VirtIoSndStreamCapture].Channels, 1);
    assert_true(device.Dialect->QueueBeforeStart);
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

static void a_missing_direction_is_an_absent_stream(void **state)
{
    (void)state;
    setup();
    snd_device.streams = 1;
    assert_int_equal(start(0), STATUS_SUCCESS);
    assert_true(device.Pcm[VirtIoSndStreamRender].Present);
    assert_false(device.Pcm[VirtIoSndStreamCapture].Present);
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

static void a_device_without_usable_stream_is_refused(void **state)
{
    (void)state;
    setup();
    snd_device.streams = 0;
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageStreams);
    wdk_reset();
    setup();
    memset(streams, 0, sizeof(streams)); /* OK without entries, as the Aero device says it of absent streams */
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageStreams);
}

static void another_first_status_is_a_protocol_error(void **state)
{
    static const ULONG wrong[] = {3, 0x8003, 0x1234, VIRTIOSND_STATUS_UNWRITTEN};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(wrong); i++) {
        wdk_reset();
        setup();
        ok = wrong[i];
        expect_failure(STATUS_DEVICE_PROTOCOL_ERROR, VirtIoSndStageStreams);
    }
}

static void a_silent_device_fails_the_start_after_a_second(void **state)
{
    (void)state;
    setup();
    silent = 1;
    expect_failure(STATUS_IO_TIMEOUT, VirtIoSndStageStreams);
    assert_in_range(wdk.now, 9000000, 12000000);
}

static void the_interrupt_serves_control_and_events(void **state)
{
    struct ring_request request;

    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    snd_device.isr = 0;
    assert_false(wdk_interrupt()); /* somebody else's */
    assert_true(ring_device_take(&snd_device.ring[1], &request));
    ring_device_give(&snd_device.ring[1], request.head, 8);
    snd_device.isr = VIRTIO_ISR_QUEUE;
    assert_true(wdk_interrupt());
    assert_int_equal(device.Eventq.Received, 0); /* not in the ISR */
    wdk_run_dpcs();
    assert_int_equal(device.Eventq.Received, 1);
    assert_int_equal(snd_device.isr, 0);
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

static void a_device_that_needs_a_reset_is_not_waited_for(void **state)
{
    ULONG status;
    ULONG request[2] = {VIRTIO_SND_R_PCM_PREPARE, 0};

    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    silent = 1;
    snd_device.status |= VIRTIO_STATUS_NEEDS_RESET;
    snd_device.isr = VIRTIO_ISR_CONFIG;
    assert_true(wdk_interrupt());
    wdk_run_dpcs();
    assert_true(VirtioPciTransportIsBroken(&device.Transport));
    assert_int_equal(VirtIoSndControlSend(&device.Control, request, sizeof(request), NULL, &status),
                     STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(wdk.now, 0);
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

/* A device that keeps streams through a reset: released once, reset again, started as ever. */
static void what_an_earlier_driver_left_is_released(void **state)
{
    static const ULONG expected[][2] = {{VIRTIO_SND_R_PCM_RELEASE, 0}, {VIRTIO_SND_R_PCM_RELEASE, 1}};
    int what;

    (void)state;
    for (what = LEFT_PERIODS; what <= LEFT_NEEDS_RESET; what++) {
        setup();
        left = what;
        assert_int_equal(start(0), STATUS_SUCCESS);
        assert_int_equal(command_count, COUNT_OF(expected));
        assert_memory_equal(commands, expected, sizeof(expected));
        assert_false(VirtioPciTransportIsBroken(&device.Transport));
        assert_true(device.Pcm[0].Present && device.Pcm[1].Present);
        VirtIoSndStopHardware(&device, TRUE);
        assert_false(device.WasBroken);
        expect_nothing_left();
    }
}

static void a_device_that_cannot_be_cleaned_is_refused(void **state)
{
    (void)state;
    setup();
    left = LEFT_FOR_GOOD;
    expect_failure(STATUS_DEVICE_PROTOCOL_ERROR, VirtIoSndStageStreams);
    assert_int_equal(command_count, 2); /* one attempt */
}

/* An answer to nothing breaks the device: whoever waits or asks hears so at once, and the next start cleans up. */
static void a_device_that_broke_its_rules_is_released_at_the_next_start(void **state)
{
    ULONG request[2] = {VIRTIO_SND_R_PCM_PREPARE, 0};
    ULONG status;

    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    ring_device_give(&snd_device.ring[2], 60, 8);
    (void)wdk_raise(DISPATCH_LEVEL);
    VirtIoSndXferPoll(&device.Pcm[0].Xfer);
    wdk_lower(PASSIVE_LEVEL);
    assert_true(VirtioPciTransportIsBroken(&device.Transport));
    assert_int_equal(VirtIoSndControlSend(&device.Control, request, sizeof(request), NULL, &status),
                     STATUS_DEVICE_NOT_CONNECTED);
    VirtIoSndStopHardware(&device, TRUE);
    assert_true(device.WasBroken);
    expect_nothing_left();
    command_count = 0;
    assert_int_equal(start(VIRTIOSND_START_RECOVER), STATUS_SUCCESS);
    assert_int_equal(command_count, 2);
    assert_int_equal(commands[0][0], VIRTIO_SND_R_PCM_RELEASE);
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

/* Without an interrupt nobody hears of it but who waited in vain. */
static void a_silent_device_that_needs_a_reset_is_found_out(void **state)
{
    ULONG request[2] = {VIRTIO_SND_R_PCM_PREPARE, 0};
    ULONG status;

    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    silent = 1;
    snd_device.status |= VIRTIO_STATUS_NEEDS_RESET;
    assert_int_equal(VirtIoSndControlSend(&device.Control, request, sizeof(request), NULL, &status),
                     STATUS_IO_TIMEOUT);
    assert_true(VirtioPciTransportIsBroken(&device.Transport));
    VirtIoSndStopHardware(&device, TRUE);
    expect_nothing_left();
}

static void a_refused_start_says_what_is_wrong(void **state)
{
    static const unsigned sizes[] = {0, 1, 2, 3, 48, 65535};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        setup();
        snd_device.queue_size[3] = sizes[i];
        expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageQueues);
        assert_int_equal(device.Problem, VirtIoSndProblemQueueSize);
        assert_int_equal(device.Detail, 3u << 16 | sizes[i]);
    }
    setup();
    snd_device.streams = 0;
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageStreams);
    assert_int_equal(device.Problem, VirtIoSndProblemNoStream);
    setup();
    streams[0].formats = streams[1].formats = 1; /* neither has 16 bits */
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageStreams);
    assert_int_equal(device.Problem, VirtIoSndProblemNoStream);
    assert_int_equal(device.Detail, 2);
    setup();
    snd_device.queues = 3;
    expect_failure(STATUS_DEVICE_CONFIGURATION_ERROR, VirtIoSndStageQueues);
    assert_int_equal(device.Problem, VirtIoSndProblemStage);
    assert_int_equal(device.Detail, VirtIoSndStageQueues);
}

static VOID attention(PVOID context)
{
    (void)context;
}

/* Opens the render stream through the backend, starts it, submits one period that the device keeps. */
static PVIRTIOSND_BACKEND play(unsigned *done)
{
    VIRTIOSND_STREAM_CONFIG stream = {3840, 1920, period_done, start_done, attention, done, NULL};
    VIRTIOSND_SG sg = {0x4000, 1920, FALSE};
    PVIRTIOSND_BACKEND backend;

    *done = 0;
    assert_int_equal(VirtIoSndBackendVirtioCreate(&device, &backend), STATUS_SUCCESS);
    assert_false(backend->Ops->QueueBeforeStart(backend));
    assert_int_equal(backend->Ops->Open(backend, VirtIoSndStreamRender, &stream), STATUS_SUCCESS);
    assert_int_equal(backend->Ops->Start(backend, VirtIoSndStreamRender), STATUS_SUCCESS);
    (void)wdk_raise(DISPATCH_LEVEL);
    backend->Ops->Poll(backend, VirtIoSndStreamRender); /* takes START's answer without an interrupt */
    wdk_lower(PASSIVE_LEVEL);
    assert_int_equal(backend->Ops->Submit(backend, VirtIoSndStreamRender, &sg, 1, 1), STATUS_SUCCESS);
    return backend;
}

static void stop_walks_open_streams_back_before_the_reset(void **state)
{
    static const ULONG expected[][2] = {{VIRTIO_SND_R_PCM_SET_PARAMS, 0}, {VIRTIO_SND_R_PCM_PREPARE, 0},
                                        {VIRTIO_SND_R_PCM_START, 0},      {VIRTIO_SND_R_PCM_STOP, 0},
                                        {VIRTIO_SND_R_PCM_RELEASE, 0}};
    PVIRTIOSND_BACKEND backend;
    struct ring_request request;
    unsigned done;

    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    backend = play(&done);
    assert_true(ring_device_take(&snd_device.ring[2], &request));
    ring_device_give(&snd_device.ring[2], request.head, 8);
    VirtIoSndStopHardware(&device, TRUE);
    assert_int_equal(command_count, COUNT_OF(expected));
    assert_memory_equal(commands, expected, sizeof(expected));
    assert_int_equal(done, 1);
    assert_int_equal(backend->Ops->Close(backend, VirtIoSndStreamRender), STATUS_SUCCESS);
    assert_int_equal(backend->Ops->Start(backend, VirtIoSndStreamRender), STATUS_INVALID_DEVICE_STATE);
    (void)wdk_raise(DISPATCH_LEVEL);
    backend->Ops->Poll(backend, VirtIoSndStreamRender);
    wdk_lower(PASSIVE_LEVEL);
    VirtIoSndBackendDestroy(backend);
    expect_nothing_left();
}

static void surprise_removal_while_playing_frees_everything_untouched(void **state)
{
    PVIRTIOSND_BACKEND backend;
    unsigned done;

    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    backend = play(&done);
    VirtIoSndHardwareGone(&device);
    wdk.register_read = NULL; /* any access from here on ends the test */
    wdk.register_write = NULL;
    assert_false(wdk_interrupt());
    wdk.now = 0;
    assert_int_equal(backend->Ops->Close(backend, VirtIoSndStreamRender), STATUS_SUCCESS);
    assert_int_equal(done, 1);
    VirtIoSndStopHardware(&device, TRUE);
    assert_true(wdk.now < 1000000);
    VirtIoSndBackendDestroy(backend);
    expect_nothing_left();
}

static void memory_that_the_device_may_still_own_is_kept_aside(void **state)
{
    PVIRTIOSND_BACKEND backend;
    unsigned done;

    (void)state;
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    backend = play(&done);
    VirtIoSndStopHardware(&device, TRUE); /* it never returns the period, but releases its stream after the reset */
    assert_int_equal(done, 1);
    assert_int_equal(blocks_at_release, VIRTIO_SND_QUEUE_COUNT + 2 + 1); /* rings, messages; those of the period */
    assert_int_equal(backend->Ops->Close(backend, VirtIoSndStreamRender), STATUS_IO_TIMEOUT);
    VirtIoSndBackendDestroy(backend);
    expect_nothing_left();
    wdk_reset();
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    backend = play(&done);
    silent = 1;
    VirtIoSndStopHardware(&device, TRUE); /* nor does it say that it has */
    assert_int_equal(wdk.dma_blocks, 1);
    VirtIoSndBackendDestroy(backend);
    assert_int_equal(wdk.pool_blocks, 0);
    assert_int_equal(wdk.mappings, 0);
    wdk_reset();
    setup();
    assert_int_equal(start(0), STATUS_SUCCESS);
    snd_device.reset_polls = 0xFFFFFFFF; /* the reset never finishes */
    VirtIoSndStopHardware(&device, TRUE);
    assert_true(wdk.dma_blocks > 0);
    assert_int_equal(wdk.pool_blocks, 0);
    assert_int_equal(wdk.mappings, 0);
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(start_and_stop_leave_nothing_behind_and_may_be_repeated),
    UNIT_TEST(after_a_stop_no_register_is_touched),
    UNIT_TEST(each_allocation_may_fail),
    UNIT_TEST(a_function_without_bus_interface_is_refused),
    UNIT_TEST(another_revision_is_refused_untouched),
    UNIT_TEST(a_broken_capability_list_is_refused_untouched),
    UNIT_TEST(a_bar_is_found_by_its_raw_address),
    UNIT_TEST(unusable_resources_are_refused),
    UNIT_TEST(bus_mastering_is_switched_on_when_it_is_off),
    UNIT_TEST(missing_features_and_queues_are_refused),
    UNIT_TEST(queues_of_every_size_work),
    UNIT_TEST(without_an_interrupt_it_polls_only_when_allowed),
    UNIT_TEST(a_message_interrupt_is_no_line),
    UNIT_TEST(streams_are_found_by_direction_and_preferred_with_the_right_channels),
    UNIT_TEST(a_missing_direction_is_an_absent_stream),
    UNIT_TEST(a_device_without_usable_stream_is_refused),
    UNIT_TEST(another_first_status_is_a_protocol_error),
    UNIT_TEST(a_silent_device_fails_the_start_after_a_second),
    UNIT_TEST(the_interrupt_serves_control_and_events),
    UNIT_TEST(a_device_that_needs_a_reset_is_not_waited_for),
    UNIT_TEST(what_an_earlier_driver_left_is_released),
    UNIT_TEST(a_device_that_cannot_be_cleaned_is_refused),
    UNIT_TEST(a_device_that_broke_its_rules_is_released_at_the_next_start),
    UNIT_TEST(a_silent_device_that_needs_a_reset_is_found_out),
    UNIT_TEST(a_refused_start_says_what_is_wrong),
    UNIT_TEST(stop_walks_open_streams_back_before_the_reset),
    UNIT_TEST(surprise_removal_while_playing_frees_everything_untouched),
    UNIT_TEST(memory_that_the_device_may_still_own_is_kept_aside),
};
UNIT_MAIN("hw", tests)
