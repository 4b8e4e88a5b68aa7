/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../drivers/windows7/virtio/common/include/virtio_wire.h"
#include "dialect.h"

#define QUEUE_SIZE 8u
#define DESC 0x1000u
#define USED 0x3000u
#define TABLE 0x4000u
#define REQUEST 0x5000u
#define ANSWER 0x6000u
#define COMMON 0x100u

static uint8_t s_ram[0x8000];
static struct firmware s_firmware;
static struct dialect s_dialect;

static uint64_t bar_read(void *dev, unsigned bar, uint64_t offset, unsigned size) {
    (void)dev;
    (void)bar;
    (void)size;
    return offset == COMMON + VIRTIO_COMMON_QUEUE_SIZE || offset == VIRTIO_LEGACY_QUEUE_SIZE ? QUEUE_SIZE : 0;
}

static const struct pci_plugin_ops s_ops = {.bar_read = bar_read};
static struct bus s_bus = {.ops = &s_ops};

static void write_common(uint64_t offset, unsigned size, uint64_t value) {
    dialect_bar_write(&s_dialect, &s_bus, 4, COMMON + offset, size, value);
}

static int setup(void **state) {
    (void)state;
    memset(s_ram, 0, sizeof s_ram);
    s_firmware = (struct firmware){.common = {4, COMMON, 0x38}};
    dialect_init(&s_dialect, &s_firmware, s_ram, sizeof s_ram);
    write_common(VIRTIO_COMMON_DEVICE_STATUS, 1, 0);
    write_common(VIRTIO_COMMON_QUEUE_SELECT, 2, VIRTIO_SND_QUEUE_CONTROL);
    write_common(VIRTIO_COMMON_QUEUE_DESC, 4, DESC);
    write_common(VIRTIO_COMMON_QUEUE_DESC + 4, 4, 0);
    write_common(VIRTIO_COMMON_QUEUE_DEVICE, 8, USED);
    write_common(VIRTIO_COMMON_QUEUE_ENABLE, 2, 1);
    write_common(VIRTIO_COMMON_QUEUE_SELECT, 2, VIRTIO_SND_QUEUE_TX);
    write_common(VIRTIO_COMMON_QUEUE_DESC, 8, 0x7000);
    return 0;
}

static void put_desc(uint64_t at, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next) {
    struct vring_desc desc = {addr, len, flags, next};
    memcpy(s_ram + at, &desc, sizeof desc);
}

/* One finished exchange in used entry `slot`, whose chain begins at descriptor `head`. */
static void finish(uint16_t slot, uint32_t head, uint32_t code, uint32_t status) {
    struct vring_used_elem elem = {head, 4};
    uint16_t index = (uint16_t)(slot + 1);
    memcpy(s_ram + REQUEST, &code, sizeof code);
    memcpy(s_ram + ANSWER, &status, sizeof status);
    memcpy(s_ram + USED + 4 + 8u * slot, &elem, sizeof elem);
    memcpy(s_ram + USED + 2, &index, sizeof index);
    dialect_look(&s_dialect);
}

static void direct(uint16_t head) {
    put_desc(DESC + 16u * head, REQUEST, 16, VRING_DESC_F_NEXT, (uint16_t)(head + 1));
    put_desc(DESC + 16u * (head + 1u), ANSWER, 68, VRING_DESC_F_WRITE, 0);
}

static void answer_0_is_the_aero_dialect(void **state) {
    (void)state;
    direct(2);
    finish(0, 2, VIRTIO_SND_R_PCM_INFO, 0);
    assert_string_equal(s_dialect.name, "aero");
}

static void answer_8000_is_the_specification_dialect(void **state) {
    (void)state;
    direct(0);
    finish(0, 0, VIRTIO_SND_R_PCM_INFO, 0x8000);
    assert_string_equal(s_dialect.name, "specification");
}

static void indirect_chain_is_followed(void **state) {
    (void)state;
    put_desc(DESC + 16u * 5, TABLE, 32, VRING_DESC_F_INDIRECT, 0);
    put_desc(TABLE, REQUEST, 16, VRING_DESC_F_NEXT, 1);
    put_desc(TABLE + 16, ANSWER, 68, VRING_DESC_F_WRITE, 0);
    finish(0, 5, VIRTIO_SND_R_PCM_INFO, 0x8000);
    assert_string_equal(s_dialect.name, "specification");
}

static void other_requests_and_errors_tell_nothing(void **state) {
    (void)state;
    direct(0);
    finish(0, 0, VIRTIO_SND_R_PCM_PREPARE, 0);
    finish(1, 0, VIRTIO_SND_R_PCM_INFO, 0x8001);
    assert_string_equal(s_dialect.name, "unknown");
    finish(2, 0, VIRTIO_SND_R_PCM_INFO, 0);
    assert_string_equal(s_dialect.name, "aero");
}

static void broken_chains_do_no_harm(void **state) {
    (void)state;
    put_desc(DESC, UINT64_MAX - 4, 16, VRING_DESC_F_NEXT, 0); /* outside, and round in a circle */
    finish(0, 0, VIRTIO_SND_R_PCM_INFO, 0);
    finish(1, 99, VIRTIO_SND_R_PCM_INFO, 0);
    put_desc(DESC, REQUEST, 16, VRING_DESC_F_NEXT, 0);
    finish(2, 0, VIRTIO_SND_R_PCM_INFO, 0);
    put_desc(DESC, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
    put_desc(TABLE, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
    finish(3, 0, VIRTIO_SND_R_PCM_INFO, 0);
    assert_string_equal(s_dialect.name, "unknown");
}

static void legacy_queue_is_found_by_its_page(void **state) {
    (void)state;
    s_firmware = (struct firmware){.legacy_common = {0, 0, 20}, .legacy = true};
    dialect_init(&s_dialect, &s_firmware, s_ram, sizeof s_ram);
    dialect_bar_write(&s_dialect, &s_bus, 0, VIRTIO_LEGACY_QUEUE_SELECT, 2, 0);
    dialect_bar_write(&s_dialect, &s_bus, 0, VIRTIO_LEGACY_QUEUE_PFN, 4, DESC >> 12);
    assert_int_equal(s_dialect.used, 0x2000); /* 8 descriptors and the available ring, then the next page */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answer_0_is_the_aero_dialect, setup),
        cmocka_unit_test_setup(answer_8000_is_the_specification_dialect, setup),
        cmocka_unit_test_setup(indirect_chain_is_followed, setup),
        cmocka_unit_test_setup(other_requests_and_errors_tell_nothing, setup),
        cmocka_unit_test_setup(broken_chains_do_no_harm, setup),
        cmocka_unit_test_setup(legacy_queue_is_found_by_its_page, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("dialect", tests, NULL, NULL);
}
