/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "counters.h"
#include "firmware.h"

/* A function with registers that behave as the PCI specification says: BAR bits below the size read as zero. */
struct function {
    uint8_t config[256];
    uint32_t bar_mask[6]; /* writable bits */
    uint32_t bar_fixed[6]; /* type bits */
    bool decoding_while_sizing;
};

static uint32_t config_read(void *dev, uint16_t offset, unsigned size) {
    struct function *f = dev;
    uint32_t value = 0;
    memcpy(&value, f->config + offset, size);
    return value;
}

static void config_write(void *dev, uint16_t offset, unsigned size, uint32_t value) {
    struct function *f = dev;
    if (offset >= 0x10 && offset < 0x28) {
        unsigned index = (offset - 0x10u) / 4;
        if ((f->config[4] & 3) != 0) {
            f->decoding_while_sizing = true;
        }
        value = (value & f->bar_mask[index]) | f->bar_fixed[index];
    } else if (offset < 0x04) {
        return;
    }
    memcpy(f->config + offset, &value, size);
}

static const struct pci_plugin_ops s_ops = {.abi_version = 1, .config_read = config_read, .config_write = config_write};

static struct function s_function;
static struct bus s_bus;
static struct firmware s_firmware;

static void put(uint16_t offset, unsigned size, uint32_t value) {
    memcpy(s_function.config + offset, &value, size);
}

static int setup(void **state) {
    (void)state;
    memset(&s_function, 0, sizeof s_function);
    s_bus = (struct bus){.ops = &s_ops, .device = &s_function};
    put(0x00, 4, 0x10591AF4);
    put(0x08, 1, 1);
    put(0x3D, 1, 1);
    return 0;
}

static void memory_bar_64_is_sized_and_aligned(void **state) {
    (void)state;
    s_function.bar_mask[0] = 0xFFFFC000u;
    s_function.bar_fixed[0] = 0x4;
    s_function.bar_mask[1] = 0xFFFFFFFFu;
    put(0x10, 4, 0x4);
    assert_true(firmware_configure(&s_firmware, &s_bus));
    assert_int_equal(s_firmware.type[0], FIRMWARE_BAR_MEMORY);
    assert_int_equal(s_firmware.size[0], 0x4000);
    assert_int_equal(s_firmware.base[0] % 0x4000, 0);
    assert_int_equal(s_firmware.type[1], FIRMWARE_BAR_NONE);
    assert_int_equal(config_read(&s_function, 0x10, 4) & ~15u, (uint32_t)s_firmware.base[0]);
    assert_int_equal(config_read(&s_function, 0x14, 4), s_firmware.base[0] >> 32);
}

static void bars_do_not_overlap(void **state) {
    (void)state;
    s_function.bar_mask[0] = 0xFFFFF000u;
    s_function.bar_mask[1] = 0xFFFF0000u;
    s_function.bar_mask[2] = 0xFFFFFFE0u;
    s_function.bar_fixed[2] = 1;
    s_function.bar_mask[3] = 0x0000FFC0u; /* decodes 16 bits of port address only */
    s_function.bar_fixed[3] = 1;
    put(0x18, 4, 1);
    put(0x1C, 4, 1);
    assert_true(firmware_configure(&s_firmware, &s_bus));
    assert_int_equal(s_firmware.size[0], 0x1000);
    assert_int_equal(s_firmware.size[1], 0x10000);
    assert_int_equal(s_firmware.size[2], 0x20);
    assert_int_equal(s_firmware.type[2], FIRMWARE_BAR_IO);
    assert_int_equal(s_firmware.size[3], 0x40);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(s_firmware.base[i] % s_firmware.size[i], 0);
        for (unsigned j = 0; j < i; j++) {
            if (s_firmware.type[i] == s_firmware.type[j]) {
                assert_true(s_firmware.base[i] >= s_firmware.base[j] + s_firmware.size[j] ||
                            s_firmware.base[j] >= s_firmware.base[i] + s_firmware.size[i]);
            }
        }
    }
}

static void decoding_is_off_while_sizing_and_on_after(void **state) {
    (void)state;
    put(0x04, 2, 7);
    s_function.bar_mask[0] = 0xFFFFF000u;
    assert_true(firmware_configure(&s_firmware, &s_bus));
    assert_false(s_function.decoding_while_sizing);
    assert_int_equal(config_read(&s_function, 0x04, 2), 0x6); /* memory and bus master, no I/O: there is no I/O BAR */
    assert_int_equal(config_read(&s_function, 0x3C, 1), FIRMWARE_IRQ_LINE);
}

static void absent_function_is_refused(void **state) {
    (void)state;
    put(0x00, 4, 0xFFFFFFFFu);
    assert_false(firmware_configure(&s_firmware, &s_bus));
}

static void bar_with_holes_in_its_mask_is_refused(void **state) {
    (void)state;
    s_function.bar_mask[0] = 0xFF0FF000u;
    assert_false(firmware_configure(&s_firmware, &s_bus));
}

static void bar_larger_than_the_window_is_refused(void **state) {
    (void)state;
    s_function.bar_mask[0] = 0x80000000u;
    assert_false(firmware_configure(&s_firmware, &s_bus));
}

static void capability(uint16_t at, uint8_t next, uint8_t type, uint8_t bar, uint32_t offset, uint32_t length) {
    put(at, 4, 0x09u | (uint32_t)next << 8 | 20u << 16 | (uint32_t)type << 24);
    put((uint16_t)(at + 4), 1, bar);
    put((uint16_t)(at + 8), 4, offset);
    put((uint16_t)(at + 12), 4, length);
}

static void doorbells_and_isr_are_counted_by_capability(void **state) {
    struct counters c = {0};
    (void)state;
    put(0x06, 2, 0x10);
    put(0x34, 1, 0x40);
    capability(0x40, 0x60, 1, 2, 0x0000, 0x100);
    capability(0x60, 0x80, 2, 2, 0x3000, 0x10);
    capability(0x80, 0x40, 3, 2, 0x1000, 1); /* and round in a circle */
    assert_true(firmware_configure(&s_firmware, &s_bus));
    assert_false(s_firmware.legacy);
    assert_true(counters_bar_write(&c, &s_firmware, 2, 0x3000));
    assert_true(counters_bar_write(&c, &s_firmware, 2, 0x300C));
    assert_false(counters_bar_write(&c, &s_firmware, 2, 0x3010));
    assert_false(counters_bar_write(&c, &s_firmware, 0, 0x3000));
    counters_bar_read(&c, &s_firmware, 2, 0x1000);
    counters_bar_read(&c, &s_firmware, 2, 0x1001);
    assert_int_equal(c.doorbells, 2);
    assert_int_equal(c.register_writes, 2);
    assert_int_equal(c.register_reads, 2);
    assert_int_equal(c.isr_reads, 1);
}

static void legacy_registers_are_found_without_capabilities(void **state) {
    struct counters c = {0};
    (void)state;
    s_function.bar_mask[0] = 0xFFFFFFC0u;
    s_function.bar_fixed[0] = 1;
    put(0x10, 4, 1);
    assert_true(firmware_configure(&s_firmware, &s_bus));
    assert_true(s_firmware.legacy);
    assert_true(counters_bar_write(&c, &s_firmware, 0, 16));
    assert_false(counters_bar_write(&c, &s_firmware, 0, 18));
}

static void legacy_registers_beside_modern_ones_count_on_transitional_functions(void **state) {
    struct counters c = {0};
    (void)state;
    s_function.bar_mask[0] = 0xFFFFFFC0u;
    s_function.bar_fixed[0] = 1;
    put(0x10, 4, 1);
    put(0x06, 2, 0x10);
    put(0x34, 1, 0x40);
    capability(0x40, 0x60, 1, 4, 0x0000, 0x100);
    capability(0x60, 0x00, 2, 4, 0x3000, 0x10);
    assert_true(firmware_configure(&s_firmware, &s_bus)); /* 1059: what lies in BAR 0 is not known */
    assert_false(counters_bar_write(&c, &s_firmware, 0, 16));
    put(0x10, 4, 1);
    memcpy(s_function.config, "\xF4\x1A\x18\x10", 4);
    assert_true(firmware_configure(&s_firmware, &s_bus));
    assert_false(s_firmware.legacy);
    assert_true(counters_bar_write(&c, &s_firmware, 0, 16));
    assert_true(counters_bar_write(&c, &s_firmware, 4, 0x3000));
    assert_false(counters_bar_write(&c, &s_firmware, 0, 18));
    counters_bar_read(&c, &s_firmware, 0, 19);
    assert_int_equal(c.isr_reads, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(memory_bar_64_is_sized_and_aligned, setup),
        cmocka_unit_test_setup(bars_do_not_overlap, setup),
        cmocka_unit_test_setup(decoding_is_off_while_sizing_and_on_after, setup),
        cmocka_unit_test_setup(absent_function_is_refused, setup),
        cmocka_unit_test_setup(bar_with_holes_in_its_mask_is_refused, setup),
        cmocka_unit_test_setup(bar_larger_than_the_window_is_refused, setup),
        cmocka_unit_test_setup(doorbells_and_isr_are_counted_by_capability, setup),
        cmocka_unit_test_setup(legacy_registers_are_found_without_capabilities, setup),
        cmocka_unit_test_setup(legacy_registers_beside_modern_ones_count_on_transitional_functions, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}
