/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "virtio_pci_cap_parser.h"
#include "virtio_wire.h"

static UCHAR config[VIRTIO_PCI_CONFIG_BYTES];
static VIRTIO_PCI_CAPS caps;

static void put32(unsigned offset, ULONG value)
{
    unsigned i;

    for (i = 0; i < 4; i++) {
        config[offset + i] = (UCHAR)(value >> 8 * i);
    }
}

static void put_cap(unsigned offset, unsigned next, unsigned length, unsigned type, unsigned bar, ULONG at, ULONG bytes)
{
    config[offset] = VIRTIO_PCI_CAP_ID_VENDOR;
    config[offset + 1] = (UCHAR)next;
    config[offset + 2] = (UCHAR)length;
    config[offset + 3] = (UCHAR)type;
    config[offset + 4] = (UCHAR)bar;
    put32(offset + 8, at);
    put32(offset + 12, bytes);
}

/* The list of the contract device: common, notify, ISR, device. */
static void contract_list(void)
{
    memset(config, 0, sizeof(config));
    config[0x06] = 0x10;
    config[0x34] = 0x40;
    put_cap(0x40, 0x50, 16, 1, 0, 0x0000, 0x100);
    put_cap(0x50, 0x64, 20, 2, 0, 0x1000, 0x100);
    put32(0x60, 4);
    put_cap(0x64, 0x74, 16, 3, 0, 0x2000, 0x20);
    put_cap(0x74, 0x00, 16, 4, 0, 0x3000, 0x100);
}

static VIRTIO_PCI_CAP_RESULT parse(VIRTIO_PCI_LAYOUT_POLICY policy)
{
    return VirtioPciCapParse(config, policy, &caps);
}

static void both_policies(VIRTIO_PCI_CAP_RESULT expected)
{
    assert_int_equal(parse(VirtioPciLayoutPermissive), expected);
    assert_int_equal(parse(VirtioPciLayoutStrict), expected);
}

static void the_contract_layout_is_found_by_both_policies(void **state)
{
    (void)state;
    contract_list();
    both_policies(VirtioPciCapOk);
    assert_int_equal(caps.Common.Offset, 0);
    assert_int_equal(caps.Notify.Offset, 0x1000);
    assert_int_equal(caps.Isr.Offset, 0x2000);
    assert_int_equal(caps.Device.Offset, 0x3000);
    assert_int_equal(caps.Isr.Length, 0x20);
    assert_int_equal(caps.NotifyMultiplier, 4);
}

static void a_doorbell_that_is_an_io_port_is_passed_over(void **state)
{
    (void)state;
    contract_list();
    config[0x34] = 0x90; /* in front of the list, as QEMU's modern-pio-notify puts it */
    put_cap(0x90, 0x40, 20, 2, 2, 0, 4);
    config[0x10 + 4 * 2] = 0x01;
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapOk);
    assert_int_equal(caps.Notify.Bar, 0);
    assert_int_equal(caps.NotifyMultiplier, 4);
}

static void a_missing_list_is_reported(void **state)
{
    (void)state;
    contract_list();
    config[0x06] = 0;
    both_policies(VirtioPciCapNoList);
    contract_list();
    config[0x34] = 0;
    both_policies(VirtioPciCapNoList);
}

static void loops_end(void **state)
{
    static const unsigned targets[] = {0x40, 0x50, 0x64, 0x74};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(targets); i++) {
        contract_list();
        config[0x75] = (UCHAR)targets[i];
        both_policies(VirtioPciCapLoop);
    }
}

static void unaligned_pointers_are_refused(void **state)
{
    static const unsigned targets[] = {0x41, 0x42, 0x43, 0x3C, 0x04, 0xFF};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(targets); i++) {
        contract_list();
        config[0x34] = (UCHAR)targets[i];
        both_policies(VirtioPciCapUnaligned);
        contract_list();
        config[0x75] = (UCHAR)targets[i];
        both_policies(VirtioPciCapUnaligned);
    }
}

static void a_capability_past_the_end_is_truncated(void **state)
{
    (void)state;
    contract_list();
    config[0x75] = 0xF4;
    config[0xF4] = VIRTIO_PCI_CAP_ID_VENDOR;
    config[0xF6] = 16; /* four bytes more than there are */
    both_policies(VirtioPciCapTruncated);
    contract_list();
    config[0x42] = 0xFF;
    both_policies(VirtioPciCapTruncated);
}

static void a_foreign_capability_at_the_very_end_is_passed_over(void **state)
{
    (void)state;
    contract_list();
    config[0x75] = 0xFC;
    config[0xFC] = 0x01; /* power management */
    both_policies(VirtioPciCapOk);
}

static void short_capabilities_are_skipped_or_refused(void **state)
{
    (void)state;
    contract_list();
    config[0x52] = 16; /* notify without its multiplier */
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapMissing);
    assert_int_equal(parse(VirtioPciLayoutStrict), VirtioPciCapTooShort);
    contract_list();
    config[0x42] = 15;
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapMissing);
    assert_int_equal(parse(VirtioPciLayoutStrict), VirtioPciCapTooShort);
}

static void each_type_is_required(void **state)
{
    static const unsigned offsets[] = {0x40, 0x50, 0x64, 0x74};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(offsets); i++) {
        contract_list();
        config[offsets[i] + 3] = 9; /* vendor data: unknown to us */
        both_policies(VirtioPciCapMissing);
    }
}

static void the_first_usable_capability_of_a_type_counts(void **state)
{
    (void)state;
    contract_list();
    config[0x75] = 0x90;
    put_cap(0x90, 0, 16, 1, 4, 0x8000, 0x100); /* a second common: ignored */
    both_policies(VirtioPciCapOk);
    assert_int_equal(caps.Common.Bar, 0);
    config[0x44] = 6; /* the first one points to no BAR: now the second one is the first usable */
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapOk);
    assert_int_equal(caps.Common.Bar, 4);
    assert_int_equal(caps.Common.Offset, 0x8000);
}

/* 4.1.4.3 and its neighbours: the interrupt status alone may lie anywhere. */
static void regions_that_are_not_aligned_are_unusable(void **state)
{
    static const struct {
        unsigned at;
        UCHAR offset;
        VIRTIO_PCI_CAP_RESULT result;
    } rows[] = {{0x40, 1, VirtioPciCapMissing}, {0x40, 2, VirtioPciCapMissing}, {0x40, 4, VirtioPciCapOk},
                {0x50, 1, VirtioPciCapMissing}, {0x50, 2, VirtioPciCapOk},      {0x64, 1, VirtioPciCapOk},
                {0x74, 2, VirtioPciCapMissing}, {0x74, 4, VirtioPciCapOk}};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(rows); i++) {
        contract_list();
        config[rows[i].at + 8] = rows[i].offset;
        assert_int_equal(parse(VirtioPciLayoutPermissive), rows[i].result);
    }
}

static void regions_that_wrap_or_are_too_small_are_unusable(void **state)
{
    (void)state;
    contract_list();
    put32(0x48, 0xFFFFFFC0u);
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapMissing);
    contract_list();
    put32(0x4C, VIRTIO_COMMON_CFG_SIZE - 1);
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapMissing);
    contract_list();
    put32(0x70, 0); /* ISR of no length */
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapMissing);
}

static void another_layout_is_permitted_but_not_strict(void **state)
{
    (void)state;
    /* QEMU's: everything in BAR4, 0x1000 each, another order, behind an MSI-X capability */
    memset(config, 0, sizeof(config));
    config[0x06] = 0x10;
    config[0x34] = 0x98;
    config[0x98] = 0x11;
    config[0x99] = 0x84;
    put_cap(0x84, 0x70, 20, 5, 0, 0, 0);
    put_cap(0x70, 0x60, 20, 2, 4, 0x3000, 0x1000);
    put32(0x80, 4);
    put_cap(0x60, 0x50, 16, 4, 4, 0x2000, 0x1000);
    put_cap(0x50, 0x40, 16, 3, 4, 0x1000, 0x1000);
    put_cap(0x40, 0x00, 16, 1, 4, 0x0000, 0x1000);
    assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapOk);
    assert_int_equal(caps.Notify.Offset, 0x3000);
    assert_int_equal(caps.Device.Bar, 4);
    assert_int_equal(parse(VirtioPciLayoutStrict), VirtioPciCapWrongLayout);
}

static void strict_compares_every_field(void **state)
{
    static const struct {
        unsigned offset;
        UCHAR value;
    } changes[] = {{0x44, 1}, {0x4D, 2}, {0x59, 0x11}, {0x60, 2}, {0x60, 8}, {0x70, 0x10}, {0x7D, 0x38}, {0x81, 2}};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(changes); i++) {
        contract_list();
        config[changes[i].offset] = changes[i].value;
        assert_int_equal(parse(VirtioPciLayoutPermissive), VirtioPciCapOk);
        assert_int_equal(parse(VirtioPciLayoutStrict), VirtioPciCapWrongLayout);
    }
}

static void random_bytes_never_escape(void **state)
{
    ULONG seed = 1;
    unsigned round, i;

    (void)state;
    for (round = 0; round < 20000; round++) {
        contract_list();
        for (i = 0; i < 6; i++) {
            seed = seed * 1664525u + 1013904223u;
            config[(seed >> 8) & 0xFF] = (UCHAR)(seed >> 24);
        }
        if (parse(VirtioPciLayoutPermissive) == VirtioPciCapOk) {
            assert_true(caps.Common.Bar < VIRTIO_PCI_BAR_COUNT && caps.Notify.Bar < VIRTIO_PCI_BAR_COUNT);
            assert_true(caps.Common.Offset + caps.Common.Length >= caps.Common.Offset);
            assert_true(caps.Common.Length >= VIRTIO_COMMON_CFG_SIZE);
        }
    }
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(the_contract_layout_is_found_by_both_policies),
    UNIT_TEST(a_doorbell_that_is_an_io_port_is_passed_over),
    UNIT_TEST(a_missing_list_is_reported),
    UNIT_TEST(loops_end),
    UNIT_TEST(unaligned_pointers_are_refused),
    UNIT_TEST(a_capability_past_the_end_is_truncated),
    UNIT_TEST(a_foreign_capability_at_the_very_end_is_passed_over),
    UNIT_TEST(short_capabilities_are_skipped_or_refused),
    UNIT_TEST(each_type_is_required),
    UNIT_TEST(the_first_usable_capability_of_a_type_counts),
    UNIT_TEST(regions_that_are_not_aligned_are_unusable),
    UNIT_TEST(regions_that_wrap_or_are_too_small_are_unusable),
    UNIT_TEST(another_layout_is_permitted_but_not_strict),
    UNIT_TEST(strict_compares_every_field),
    UNIT_TEST(random_bytes_never_escape),
};
UNIT_MAIN("cap_parser", tests)
