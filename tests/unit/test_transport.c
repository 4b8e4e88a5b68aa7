/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "snd_device.h"

static VIRTIO_PCI_TRANSPORT transport;

#define VERSION_1 VIRTIO_FEATURE(VIRTIO_F_VERSION_1)
#define INDIRECT VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC)

static void only_wanted_features_are_accepted(void **state)
{
    (void)state;
    snd_device_create(&transport);
    snd_device.offered = 0x0000010179000000ull; /* as QEMU offers them */
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1 | INDIRECT, VERSION_1), STATUS_SUCCESS);
    assert_int_equal(snd_device.accepted, VERSION_1 | INDIRECT);
    assert_int_equal(snd_device.status,
                     VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK);
    assert_true(VirtioPciTransportHasFeature(&transport, VIRTIO_F_RING_INDIRECT_DESC));
    assert_false(VirtioPciTransportHasFeature(&transport, VIRTIO_F_RING_EVENT_IDX));
}

static void a_wanted_feature_may_be_missing_a_required_one_not(void **state)
{
    (void)state;
    snd_device_create(&transport);
    snd_device.offered = VERSION_1;
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1 | INDIRECT, VERSION_1), STATUS_SUCCESS);
    assert_int_equal(snd_device.accepted, VERSION_1);
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1 | INDIRECT, VERSION_1 | INDIRECT),
                     STATUS_NOT_SUPPORTED);
    snd_device.offered = INDIRECT;
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1 | INDIRECT, VERSION_1), STATUS_NOT_SUPPORTED);
}

static void access_platform_is_accepted_when_offered(void **state)
{
    (void)state;
    snd_device_create(&transport);
    snd_device.offered = VERSION_1 | VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1, VERSION_1), STATUS_SUCCESS);
    assert_int_equal(snd_device.accepted, snd_device.offered);
}

static void features_ok_is_read_back(void **state)
{
    (void)state;
    snd_device_create(&transport);
    snd_device.status_mask = (UCHAR)~VIRTIO_STATUS_FEATURES_OK;
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1, VERSION_1), STATUS_DEVICE_PROTOCOL_ERROR);
}

static void reset_waits_but_not_for_ever(void **state)
{
    (void)state;
    snd_device_create(&transport);
    snd_device.reset_polls = 110; /* more than are made without sleeping */
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_SUCCESS);
    assert_true(wdk.now > 0);
    snd_device.reset_polls = 0xFFFFFFFF;
    wdk.now = 0;
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_IO_TIMEOUT);
    assert_in_range(wdk.now, 4900000, 5200000); /* half a second */
}

static void a_device_that_breaks_again_in_its_reset_is_reset_again(void **state)
{
    (void)state;
    snd_device_create(&transport);
    snd_device.fragile = 2;
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_SUCCESS);
    snd_device.fragile = 0xFFFFFFFF;
    wdk.now = 0;
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_IO_TIMEOUT);
    assert_in_range(wdk.now, 4900000, 5200000);
}

static ULONG read_all_ones(const void *address, ULONG size)
{
    (void)address, (void)size;
    return 0xFFFFFFFF;
}

static void a_status_of_all_ones_is_no_device(void **state)
{
    (void)state;
    snd_device_create(&transport);
    wdk.register_read = read_all_ones;
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(wdk.now, 0); /* at once */
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1, VERSION_1), STATUS_DEVICE_NOT_CONNECTED);
}

static void a_gone_device_is_not_touched(void **state)
{
    PUCHAR doorbell = NULL;

    (void)state;
    snd_device_create(&transport);
    assert_int_equal(VirtioPciTransportQueueEnable(&transport, 0, 0x1000, 0x2000, 0x3000, &doorbell), STATUS_SUCCESS);
    VirtioPciTransportGone(&transport);
    wdk.register_read = NULL; /* the fake kernel aborts on any access */
    wdk.register_write = NULL;
    assert_true(VirtioPciTransportIsGone(&transport));
    assert_int_equal(VirtioPciTransportStatus(&transport), 0xFF);
    assert_int_equal(VirtioPciTransportReadIsr(&transport), 0);
    assert_int_equal(VirtioPciTransportReset(&transport), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(VirtioPciTransportNegotiate(&transport, VERSION_1, VERSION_1), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(VirtioPciTransportQueueSize(&transport, 0), 0xFFFF);
    VirtioPciTransportNotify(&transport, doorbell, 0);
    VirtioPciTransportDriverOk(&transport);
}

static void an_isr_of_all_ones_is_not_ours(void **state)
{
    (void)state;
    snd_device_create(&transport);
    snd_device.isr = 0xFF;
    assert_int_equal(VirtioPciTransportReadIsr(&transport), 0);
    snd_device.isr = VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG;
    assert_int_equal(VirtioPciTransportReadIsr(&transport), VIRTIO_ISR_QUEUE | VIRTIO_ISR_CONFIG);
    assert_int_equal(VirtioPciTransportReadIsr(&transport), 0);
}

static void queue_addresses_are_written_whole(void **state)
{
    PUCHAR doorbell;

    (void)state;
    snd_device_create(&transport);
    assert_int_equal(VirtioPciTransportQueueEnable(&transport, 3, 0x1122334455667000ull, 0x2122334455667000ull,
                                                0x3122334455667000ull, &doorbell),
                     STATUS_SUCCESS);
    assert_true(snd_device.enabled[3]);
    assert_int_equal(snd_device.ring[3].desc, 0x1122334455667000ull);
    assert_int_equal(snd_device.ring[3].avail, 0x2122334455667000ull);
    assert_int_equal(snd_device.ring[3].used, 0x3122334455667000ull);
    VirtioPciTransportNotify(&transport, doorbell, 3);
    assert_int_equal(snd_device.doorbells, 1);
}

static void a_doorbell_outside_its_region_is_refused(void **state)
{
    PUCHAR doorbell;

    (void)state;
    snd_device_create(&transport);
    transport.NotifyMultiplier = 0x80;
    assert_int_equal(VirtioPciTransportQueueEnable(&transport, 1, 0, 0, 0, &doorbell), STATUS_SUCCESS);
    assert_int_equal(VirtioPciTransportQueueEnable(&transport, 2, 0, 0, 0, &doorbell),
                     STATUS_DEVICE_CONFIGURATION_ERROR);
    assert_false(snd_device.enabled[2]);
    transport.NotifyMultiplier = 0xFFFFFFFF;
    assert_int_equal(VirtioPciTransportQueueEnable(&transport, 3, 0, 0, 0, &doorbell),
                     STATUS_DEVICE_CONFIGURATION_ERROR);
}

static void regions_must_lie_in_their_bar(void **state)
{
    VIRTIO_PCI_BAR bars[VIRTIO_PCI_BAR_COUNT];
    VIRTIO_PCI_CAPS caps;

    (void)state;
    snd_device_bars(bars);
    caps = snd_device_caps;
    caps.Device.Offset = 0x3F80;
    assert_int_equal(VirtioPciModernInit(&transport, &caps, bars), STATUS_DEVICE_CONFIGURATION_ERROR);
    caps = snd_device_caps;
    caps.Isr.Bar = 2; /* not mapped */
    assert_int_equal(VirtioPciModernInit(&transport, &caps, bars), STATUS_DEVICE_CONFIGURATION_ERROR);
}

static void configuration_outside_the_region_reads_zero(void **state)
{
    (void)state;
    snd_device_create(&transport);
    assert_int_equal(VirtioPciTransportReadConfig(&transport, VIRTIO_SND_CFG_STREAMS), 2);
    transport.DeviceLength = 7;
    assert_int_equal(VirtioPciTransportReadConfig(&transport, VIRTIO_SND_CFG_STREAMS), 0);
    transport.DeviceLength = 3;
    assert_int_equal(VirtioPciTransportReadConfig(&transport, 0), 0);
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(only_wanted_features_are_accepted),
    UNIT_TEST(a_wanted_feature_may_be_missing_a_required_one_not),
    UNIT_TEST(access_platform_is_accepted_when_offered),
    UNIT_TEST(features_ok_is_read_back),
    UNIT_TEST(reset_waits_but_not_for_ever),
    UNIT_TEST(a_device_that_breaks_again_in_its_reset_is_reset_again),
    UNIT_TEST(a_status_of_all_ones_is_no_device),
    UNIT_TEST(a_gone_device_is_not_touched),
    UNIT_TEST(an_isr_of_all_ones_is_not_ours),
    UNIT_TEST(queue_addresses_are_written_whole),
    UNIT_TEST(a_doorbell_outside_its_region_is_refused),
    UNIT_TEST(regions_must_lie_in_their_bar),
    UNIT_TEST(configuration_outside_the_region_reads_zero),
};
UNIT_MAIN("transport", tests)
