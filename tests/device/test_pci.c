/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Configuration space and BAR0: contract v1, "Identity" and "Modern transport". */
#include "guest.h"

static uint32_t config(struct guest *guest, uint16_t offset, unsigned size)
{
    return guest->ops->config_read(guest->dev, offset, size);
}

static void set_config(struct guest *guest, uint16_t offset, unsigned size, uint32_t value)
{
    guest->ops->config_write(guest->dev, offset, size, value);
}

static void identity_is_the_contracts(void **state)
{
    static const struct {
        uint16_t offset;
        unsigned size;
        uint32_t value;
    } rows[] = {
        {0x00, 2, 0x1AF4},   {0x02, 2, 0x1059},     {0x08, 1, 0x01}, {0x09, 1, 0x00}, {0x0A, 1, 0x01}, {0x0B, 1, 0x04},
        {0x0E, 1, 0x00},     {0x2C, 2, 0x1AF4},     {0x2E, 2, 0x0019}, {0x3D, 1, 1},  {0x08, 4, 0x04010001},
        {0x00, 4, 0x10591AF4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(config(*state, rows[i].offset, rows[i].size), rows[i].value);
}

static void identity_cannot_be_written(void **state)
{
    set_config(*state, 0x00, 4, 0xFFFFFFFF);
    set_config(*state, 0x08, 4, 0xFFFFFFFF);
    set_config(*state, 0x2C, 4, 0);
    set_config(*state, 0x34, 4, 0);
    assert_int_equal(config(*state, 0x00, 4), 0x10591AF4);
    assert_int_equal(config(*state, 0x08, 4), 0x04010001);
    assert_int_equal(config(*state, 0x2C, 4), 0x00191AF4);
    assert_int_equal(config(*state, 0x34, 1), 0x40);
}

static void capabilities_are_the_contracts(void **state)
{
    static const struct {
        uint8_t type;
        uint8_t length;
        uint32_t offset;
        uint32_t bytes;
    } rows[] = {{1, 16, 0x0000, 0x100}, {2, 20, 0x1000, 0x100}, {3, 16, 0x2000, 0x20}, {4, 16, 0x3000, 0x100}};
    assert_true(config(*state, 0x06, 2) & 0x10);
    uint16_t at = (uint16_t)config(*state, 0x34, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(at % 4, 0);
        assert_true(at >= 0x40 && at + rows[i].length <= 256);
        assert_int_equal(config(*state, at, 1), 9);
        assert_int_equal(config(*state, at + 2, 1), rows[i].length);
        assert_int_equal(config(*state, at + 3, 1), rows[i].type);
        assert_int_equal(config(*state, at + 4, 1), 0);
        assert_int_equal(config(*state, at + 8, 4), rows[i].offset);
        assert_int_equal(config(*state, at + 12, 4), rows[i].bytes);
        if (rows[i].type == 2)
            assert_int_equal(config(*state, at + 16, 4), 4);
        at = (uint16_t)config(*state, at + 1, 1);
    }
    assert_int_equal(at, 0);
}

static void bar0_sizes_to_16_kib_of_64_bit_memory(void **state)
{
    set_config(*state, 0x10, 4, 0xFFFFFFFF);
    set_config(*state, 0x14, 4, 0xFFFFFFFF);
    assert_int_equal(config(*state, 0x10, 4), 0xFFFFC004);
    assert_int_equal(config(*state, 0x14, 4), 0xFFFFFFFF);
    set_config(*state, 0x10, 4, 0xFEB04000);
    set_config(*state, 0x14, 4, 0x00000001);
    assert_int_equal(config(*state, 0x10, 4), 0xFEB04004);
    assert_int_equal(config(*state, 0x14, 4), 1);
}

static void other_bars_do_not_exist(void **state)
{
    for (uint16_t offset = 0x18; offset <= 0x24; offset += 4) {
        set_config(*state, offset, 4, 0xFFFFFFFF);
        assert_int_equal(config(*state, offset, 4), 0);
    }
    set_config(*state, 0x30, 4, 0xFFFFFFFF);
    assert_int_equal(config(*state, 0x30, 4), 0);
    struct guest *guest = *state;
    guest_enable_pci(guest);
    assert_int_equal(guest->ops->bar_read(guest->dev, 2, 0x12, 2), 0);
}

static void command_keeps_only_what_it_implements(void **state)
{
    assert_int_equal(config(*state, 0x04, 2), 0);
    set_config(*state, 0x04, 2, 0xFFFF);
    assert_int_equal(config(*state, 0x04, 2), 0x0406);
    set_config(*state, 0x04, 1, 0x02);
    assert_int_equal(config(*state, 0x04, 2), 0x0402);
}

static void interrupt_line_is_a_scratch_byte(void **state)
{
    set_config(*state, 0x3C, 1, 0x0B);
    assert_int_equal(config(*state, 0x3C, 4), 0x0000010B);
}

static void accesses_outside_configuration_space_do_nothing(void **state)
{
    set_config(*state, 0x100, 4, 0xFFFFFFFF);
    set_config(*state, 0xFFFE, 2, 0xFFFF);
    set_config(*state, 0x05, 2, 0xFFFF);
    set_config(*state, 0x04, 3, 0xFFFFFF);
    assert_int_equal(config(*state, 0x100, 4), 0);
    assert_int_equal(config(*state, 0xFFFC, 4), 0);
    assert_int_equal(config(*state, 0x04, 2), 0);
}

static void registers_are_dead_without_memory_enable(void **state)
{
    assert_int_equal(guest_read(*state, COMMON(NUM_QUEUES), 2), 0xFFFF);
    assert_int_equal(guest_read(*state, COMMON(DEVICE_STATUS), 1), 0xFF);
    guest_write(*state, COMMON(DEVICE_STATUS), 1, 1);
    set_config(*state, 0x04, 2, 0x0002);
    assert_int_equal(guest_read(*state, COMMON(DEVICE_STATUS), 1), 0);
    assert_int_equal(guest_read(*state, COMMON(NUM_QUEUES), 2), 4);
}

static void no_dma_without_bus_master(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_bring_up(guest);
    set_config(guest, 0x04, 2, 0x0002);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0), NO_ANSWER - guest->status_base);
    assert_false(guest_reap(guest, VIRTIO_SND_QUEUE_CONTROL, &used));
    assert_int_equal(guest_status(guest), UP);
    set_config(guest, 0x04, 2, 0x0006);
    guest_kick(guest, VIRTIO_SND_QUEUE_CONTROL);
    assert_true(guest_reap(guest, VIRTIO_SND_QUEUE_CONTROL, &used));
}

static void intx_follows_isr_and_interrupt_disable(void **state)
{
    struct guest *guest = *state;
    guest_bring_up(guest);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    assert_false(config(guest, 0x06, 2) & 0x08);
    guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    assert_true(config(guest, 0x06, 2) & 0x08);
    set_config(guest, 0x04, 2, 0x0406);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    assert_true(config(guest, 0x06, 2) & 0x08);
    set_config(guest, 0x04, 2, 0x0006);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
}

static void undefined_registers_read_zero_and_ignore_writes(void **state)
{
    static const uint64_t offsets[] = {0x38, 0x40, 0xF8, 0x100, 0xFF8, 0x1000, 0x1100, 0x2004, 0x2020, 0x300C, 0x30F8,
                                       0x3100, 0x3FF8, 0x4000, 0xFFFFFFFFFFFFFFF8ull};
    guest_enable_pci(*state);
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        guest_write(*state, offsets[i], 4, 0xFFFFFFFF);
        assert_int_equal(guest_read(*state, offsets[i], 4), 0);
    }
    assert_int_equal(guest_read(*state, COMMON(NUM_QUEUES), 3), 0);
    assert_int_equal(guest_read(*state, COMMON(NUM_QUEUES) - 1, 2), 0);
    assert_int_equal(guest_status(*state), 0);
}

static void device_configuration_is_read_only_0_2_0(void **state)
{
    guest_enable_pci(*state);
    guest_write(*state, DEVICE_REGISTER(STREAMS), 4, 7);
    assert_int_equal(guest_read(*state, DEVICE_REGISTER(JACKS), 4), 0);
    assert_int_equal(guest_read(*state, DEVICE_REGISTER(STREAMS), 4), 2);
    assert_int_equal(guest_read(*state, DEVICE_REGISTER(CHMAPS), 4), 0);
    assert_int_equal(guest_read(*state, DEVICE_REGISTER(STREAMS), 1), 2);
    assert_int_equal(guest_read(*state, DEVICE_REGISTER(JACKS), 8), 2ull << 32);
}

#define TEST(f) IN_BOTH_DIALECTS(f, guest_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(identity_is_the_contracts),
        TEST(identity_cannot_be_written),
        TEST(capabilities_are_the_contracts),
        TEST(bar0_sizes_to_16_kib_of_64_bit_memory),
        TEST(other_bars_do_not_exist),
        TEST(command_keeps_only_what_it_implements),
        TEST(interrupt_line_is_a_scratch_byte),
        TEST(accesses_outside_configuration_space_do_nothing),
        TEST(registers_are_dead_without_memory_enable),
        TEST(no_dma_without_bus_master),
        TEST(intx_follows_isr_and_interrupt_disable),
        TEST(undefined_registers_read_zero_and_ignore_writes),
        TEST(device_configuration_is_read_only_0_2_0),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
