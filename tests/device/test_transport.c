/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Common configuration, negotiation, status, reset, doorbells and ISR: contract v1, "Modern transport". */
#include "guest.h"

static uint64_t offered(struct guest *guest)
{
    uint64_t features = 0;
    for (uint32_t word = 0; word < 2; word++) {
        guest_write(guest, COMMON(DEVICE_FEATURE_SELECT), 4, word);
        features |= guest_read(guest, COMMON(DEVICE_FEATURE), 4) << (32 * word);
    }
    return features;
}

static void offers_version_1_and_indirect_and_nothing_else(void **state)
{
    guest_enable_pci(*state);
    assert_int_equal(offered(*state), CONTRACT_FEATURES);
}

static void feature_selects_above_one_hold_nothing(void **state)
{
    static const uint32_t selects[] = {2, 3, 32, 0x80000000, 0xFFFFFFFF};
    guest_enable_pci(*state);
    guest_negotiate(*state, CONTRACT_FEATURES);
    guest_write(*state, COMMON(DEVICE_STATUS), 1, 0);
    for (size_t i = 0; i < sizeof(selects) / sizeof(selects[0]); i++) {
        guest_write(*state, COMMON(DEVICE_FEATURE_SELECT), 4, selects[i]);
        guest_write(*state, COMMON(DRIVER_FEATURE_SELECT), 4, selects[i]);
        guest_write(*state, COMMON(DRIVER_FEATURE), 4, 0xFFFFFFFF);
        assert_int_equal(guest_read(*state, COMMON(DEVICE_FEATURE), 4), 0);
        assert_int_equal(guest_read(*state, COMMON(DRIVER_FEATURE), 4), 0);
    }
    for (uint32_t word = 0; word < 2; word++) {
        guest_write(*state, COMMON(DRIVER_FEATURE_SELECT), 4, word);
        assert_int_equal(guest_read(*state, COMMON(DRIVER_FEATURE), 4), 0);
    }
}

static void selects_and_accepted_features_read_back(void **state)
{
    guest_enable_pci(*state);
    guest_write(*state, COMMON(DEVICE_FEATURE_SELECT), 4, 1);
    guest_write(*state, COMMON(DRIVER_FEATURE_SELECT), 4, 1);
    guest_write(*state, COMMON(DRIVER_FEATURE), 4, 1);
    assert_int_equal(guest_read(*state, COMMON(DEVICE_FEATURE_SELECT), 4), 1);
    assert_int_equal(guest_read(*state, COMMON(DRIVER_FEATURE_SELECT), 4), 1);
    assert_int_equal(guest_read(*state, COMMON(DRIVER_FEATURE), 4), 1);
}

static void features_ok_is_refused_for_every_bit_not_offered(void **state)
{
    guest_enable_pci(*state);
    for (unsigned bit = 0; bit < 64; bit++) {
        guest_negotiate(*state, CONTRACT_FEATURES | BIT64(bit));
        bool sticks = guest_status(*state) & VIRTIO_STATUS_FEATURES_OK;
        assert_int_equal(sticks, (CONTRACT_FEATURES & BIT64(bit)) != 0);
    }
}

static void features_ok_without_version_1(void **state)
{
    struct guest *guest = *state;
    guest_enable_pci(guest);
    guest_negotiate(guest, BIT64(VIRTIO_F_RING_INDIRECT_DESC));
    bool sticks = guest_status(guest) & VIRTIO_STATUS_FEATURES_OK;
    assert_int_equal(sticks, guest->aero);
}

static void features_are_frozen_by_features_ok(void **state)
{
    guest_enable_pci(*state);
    guest_negotiate(*state, CONTRACT_FEATURES);
    guest_write(*state, COMMON(DRIVER_FEATURE_SELECT), 4, 0);
    guest_write(*state, COMMON(DRIVER_FEATURE), 4, 0xFFFFFFFF);
    assert_int_equal(guest_read(*state, COMMON(DRIVER_FEATURE), 4), 1u << VIRTIO_F_RING_INDIRECT_DESC);
}

static void status_keeps_what_the_driver_writes(void **state)
{
    static const uint8_t values[] = {0x01, 0x03, 0x83};
    guest_enable_pci(*state);
    for (size_t i = 0; i < sizeof(values); i++) {
        guest_write(*state, COMMON(DEVICE_STATUS), 1, values[i]);
        assert_int_equal(guest_status(*state), values[i]);
    }
    guest_write(*state, COMMON(DEVICE_STATUS), 1, VIRTIO_STATUS_NEEDS_RESET | 0x03);
    assert_int_equal(guest_status(*state), 0x03);
}

static void there_are_four_queues_of_the_contracts_sizes(void **state)
{
    static const uint16_t aero[] = {64, 64, 256, 64};
    struct guest *guest = *state;
    guest_enable_pci(guest);
    assert_int_equal(guest_read(guest, COMMON(NUM_QUEUES), 2), 4);
    for (uint16_t i = 0; i < 4; i++) {
        guest_write(guest, COMMON(QUEUE_SELECT), 2, i);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_SELECT), 2), i);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_SIZE), 2), guest->aero ? aero[i] : 64);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_NOTIFY_OFF), 2), i);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_ENABLE), 2), 0);
    }
}

static void queues_past_the_last_are_absent(void **state)
{
    static const uint16_t selects[] = {4, 5, 0xFFFF};
    guest_enable_pci(*state);
    for (size_t i = 0; i < 3; i++) {
        guest_write(*state, COMMON(QUEUE_SELECT), 2, selects[i]);
        guest_write(*state, COMMON(QUEUE_SIZE), 2, 16);
        guest_write(*state, COMMON(QUEUE_DESC), 4, 0x1000);
        guest_write(*state, COMMON(QUEUE_ENABLE), 2, 1);
        assert_int_equal(guest_read(*state, COMMON(QUEUE_SIZE), 2), 0);
        assert_int_equal(guest_read(*state, COMMON(QUEUE_NOTIFY_OFF), 2), 0);
        assert_int_equal(guest_read(*state, COMMON(QUEUE_ENABLE), 2), 0);
        assert_int_equal(guest_read(*state, COMMON(QUEUE_DESC), 4), 0);
    }
    assert_int_equal(guest_status(*state), 0);
}

static void queue_size_is_read_only_on_aero_and_shrinks_elsewhere(void **state)
{
    static const uint16_t bad[] = {0, 3, 128, 0x8000};
    struct guest *guest = *state;
    guest_enable_pci(guest);
    for (size_t i = 0; i < 4; i++) {
        guest_write(guest, COMMON(QUEUE_SIZE), 2, bad[i]);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_SIZE), 2), 64);
    }
    guest_write(guest, COMMON(QUEUE_SIZE), 2, 16);
    assert_int_equal(guest_read(guest, COMMON(QUEUE_SIZE), 2), guest->aero ? 64 : 16);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    assert_int_equal(guest_read(guest, COMMON(QUEUE_SIZE), 2), 64);
}

static void ring_addresses_hold_64_bits_in_two_halves(void **state)
{
    static const uint64_t registers[] = {COMMON(QUEUE_DESC), COMMON(QUEUE_DRIVER), COMMON(QUEUE_DEVICE)};
    guest_enable_pci(*state);
    for (size_t i = 0; i < 3; i++) {
        guest_write(*state, registers[i], 4, 0x89ABCDEF);
        guest_write(*state, registers[i] + 4, 4, 0x01234567);
        assert_int_equal(guest_read(*state, registers[i], 8), 0x0123456789ABCDEF);
        guest_write(*state, registers[i], 8, 0x1122334455667788);
        assert_int_equal(guest_read(*state, registers[i], 4), 0x55667788);
        assert_int_equal(guest_read(*state, registers[i] + 4, 4), 0x11223344);
        guest_write(*state, registers[i], 2, 0); /* narrower than half: not a defined access */
        assert_int_equal(guest_read(*state, registers[i], 4), 0x55667788);
    }
}

static void registers_take_writes_of_their_own_width_only(void **state)
{
    guest_enable_pci(*state);
    guest_write(*state, COMMON(QUEUE_SELECT), 4, 2);
    guest_write(*state, COMMON(QUEUE_SELECT), 1, 2);
    assert_int_equal(guest_read(*state, COMMON(QUEUE_SELECT), 2), 0);
    guest_write(*state, COMMON(DEVICE_STATUS), 2, 3);
    assert_int_equal(guest_status(*state), 0);
    guest_write(*state, COMMON(DRIVER_FEATURE_SELECT), 2, 1);
    assert_int_equal(guest_read(*state, COMMON(DRIVER_FEATURE_SELECT), 4), 0);
}

static void an_enabled_queue_cannot_be_moved_or_disabled(void **state)
{
    struct guest *guest = *state;
    guest_bring_up(guest);
    guest_write(guest, COMMON(QUEUE_SELECT), 2, 0);
    guest_write(guest, COMMON(QUEUE_ENABLE), 2, 0);
    guest_write(guest, COMMON(QUEUE_DESC), 4, 0);
    assert_int_equal(guest_read(guest, COMMON(QUEUE_ENABLE), 2), 1);
    assert_int_equal(guest_read(guest, COMMON(QUEUE_DESC), 8), guest->queues[0].desc);
}

static void there_are_no_message_vectors(void **state)
{
    guest_enable_pci(*state);
    guest_write(*state, COMMON(MSIX_CONFIG), 2, 0);
    guest_write(*state, COMMON(QUEUE_MSIX_VECTOR), 2, 0);
    assert_int_equal(guest_read(*state, COMMON(MSIX_CONFIG), 2), 0xFFFF);
    assert_int_equal(guest_read(*state, COMMON(QUEUE_MSIX_VECTOR), 2), 0xFFFF);
    assert_int_equal(guest_read(*state, COMMON(CONFIG_GENERATION), 1), 0);
}

static void reset_forgets_everything_negotiated(void **state)
{
    struct guest *guest = *state;
    guest_bring_up(guest);
    guest_start(guest, 0);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    assert_int_equal(guest_status(guest), 0);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    assert_int_equal(guest_read(guest, ISR_REGISTER, 1), 0);
    assert_int_equal(guest_read(guest, COMMON(QUEUE_SELECT), 2), 0);
    for (uint16_t i = 0; i < 4; i++) {
        guest_write(guest, COMMON(QUEUE_SELECT), 2, i);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_ENABLE), 2), 0);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_DESC), 8), 0);
    }
    for (uint32_t word = 0; word < 2; word++) {
        guest_write(guest, COMMON(DRIVER_FEATURE_SELECT), 4, word);
        assert_int_equal(guest_read(guest, COMMON(DRIVER_FEATURE), 4), 0);
    }
    assert_int_equal(guest_stats(guest).stream[0].state, VSND_STREAM_IDLE);
}

static void reset_leaves_pci_configuration_alone(void **state)
{
    struct guest *guest = *state;
    guest->ops->config_write(guest->dev, 0x10, 4, 0xFEB00000);
    guest_bring_up(guest);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    assert_int_equal(guest->ops->config_read(guest->dev, 0x10, 4), 0xFEB00004);
    assert_int_equal(guest->ops->config_read(guest->dev, 0x04, 2), 0x0006);
}

static void the_device_works_again_after_a_reset(void **state)
{
    struct guest *guest = *state;
    for (int i = 0; i < 3; i++) {
        guest_bring_up(guest);
        guest_start(guest, 0);
        guest_start(guest, 1);
    }
    assert_int_equal(guest_stats(guest).resets, 3);
}

static void doorbells_are_16_or_32_bits_wide(void **state)
{
    static const struct {
        unsigned size;
        bool served;
    } rows[] = {{1, false}, {2, true}, {4, true}, {8, false}};
    struct guest *guest = *state;
    guest_bring_up(guest);
    for (size_t i = 0; i < 4; i++) {
        struct part parts[] = {{guest_alloc(guest, 8), 8, 0}, {guest_alloc(guest, 4), 4, VRING_DESC_F_WRITE}};
        struct used used;
        guest_add(guest, 0, parts, 2);
        guest_write(guest, DOORBELL(0), rows[i].size, 0);
        bool served = guest_reap(guest, 0, &used);
        assert_int_equal(served, rows[i].served);
        while (guest_reap(guest, 0, &used))
            ;
    }
    assert_int_equal(guest_stats(guest).bad_doorbells, 2);
    assert_int_equal(guest_stats(guest).doorbells[0], 2);
}

static void a_doorbell_that_contradicts_its_address_is_ignored(void **state)
{
    struct guest *guest = *state;
    guest_bring_up(guest);
    guest_write(guest, DOORBELL(0), 2, 2);
    guest_write(guest, DOORBELL(2), 2, 0);
    guest_write(guest, DOORBELL(4), 2, 4);
    guest_write(guest, DOORBELL(0) + 2, 2, 0);
    struct vsnd_stats stats = guest_stats(guest);
    assert_int_equal(stats.bad_doorbells, 4);
    assert_int_equal(stats.doorbells[0] + stats.doorbells[2], 0);
}

static void doorbells_before_driver_ok(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_enable_pci(guest);
    guest_negotiate(guest, CONTRACT_FEATURES);
    guest_add_queue(guest, 0, 64);
    guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0);
    if (guest->aero) {
        assert_int_equal(guest_stats(guest).control_requests, 1);
        return;
    }
    assert_int_equal(guest_stats(guest).control_requests, 0);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, UP);
    guest_kick(guest, 0);
    assert_true(guest_reap(guest, 0, &used));
}

static void isr_reads_once_and_lowers_intx(void **state)
{
    struct guest *guest = *state;
    guest_bring_up(guest);
    guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    assert_int_equal(guest_read(guest, ISR_REGISTER + 1, 1), 0);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    guest_write(guest, ISR_REGISTER, 1, 0);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    assert_int_equal(guest_read(guest, ISR_REGISTER, 1), VIRTIO_ISR_QUEUE);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    assert_int_equal(guest_read(guest, ISR_REGISTER, 1), 0);
}

static void needs_reset_interrupts_and_stops_all_service(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_bring_up(guest);
    guest_publish(guest, 0, 64); /* no such descriptor */
    guest_kick(guest, 0);
    assert_int_equal(guest_status(guest), UP | VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    assert_int_equal(guest_read(guest, ISR_REGISTER, 1), VIRTIO_ISR_CONFIG);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, UP);
    assert_int_equal(guest_status(guest), UP | VIRTIO_STATUS_NEEDS_RESET);
    guest_submit_tx(guest, 0, NULL, 0);
    assert_false(guest_reap(guest, VIRTIO_SND_QUEUE_TX, &used));
    assert_int_equal(guest_stats(guest).needs_reset, 1);
    guest_bring_up(guest);
    guest_start(guest, 0);
}

#define TEST(f) IN_BOTH_DIALECTS(f, guest_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(offers_version_1_and_indirect_and_nothing_else),
        TEST(feature_selects_above_one_hold_nothing),
        TEST(selects_and_accepted_features_read_back),
        TEST(features_ok_is_refused_for_every_bit_not_offered),
        TEST(features_ok_without_version_1),
        TEST(features_are_frozen_by_features_ok),
        TEST(status_keeps_what_the_driver_writes),
        TEST(there_are_four_queues_of_the_contracts_sizes),
        TEST(queues_past_the_last_are_absent),
        TEST(queue_size_is_read_only_on_aero_and_shrinks_elsewhere),
        TEST(ring_addresses_hold_64_bits_in_two_halves),
        TEST(registers_take_writes_of_their_own_width_only),
        TEST(an_enabled_queue_cannot_be_moved_or_disabled),
        TEST(there_are_no_message_vectors),
        TEST(reset_forgets_everything_negotiated),
        TEST(reset_leaves_pci_configuration_alone),
        TEST(the_device_works_again_after_a_reset),
        TEST(doorbells_are_16_or_32_bits_wide),
        TEST(a_doorbell_that_contradicts_its_address_is_ignored),
        TEST(doorbells_before_driver_ok),
        TEST(isr_reads_once_and_lowers_intx),
        TEST(needs_reset_interrupts_and_stops_all_service),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
