/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "virtio_pci_contract.h"

/* Head of configuration space of the contract device. */
static void contract_head(UCHAR *config)
{
    static const UCHAR head[] = {0xF4, 0x1A, 0x59, 0x10, 0x06, 0x00, 0x10, 0x00, 0x01, 0x00, 0x01, 0x04};

    memset(config, 0, 64);
    memcpy(config, head, sizeof(head));
    config[0x2C] = 0xF4;
    config[0x2D] = 0x1A;
    config[0x2E] = 0x19;
}

static void the_contract_device_is_accepted_without_oddity(void **state)
{
    UCHAR config[64];
    ULONG oddities = 99;

    (void)state;
    contract_head(config);
    assert_int_equal(VirtioPciContractCheck(&VirtioPciContractSound, config, &oddities), STATUS_SUCCESS);
    assert_int_equal(oddities, 0);
}

static void another_vendor_device_or_revision_is_refused(void **state)
{
    static const struct {
        unsigned offset;
        UCHAR value;
    } wrong[] = {{0, 0xF5}, {1, 0x1B}, {2, 0x58}, {3, 0x11}, {2, 0x18}, {8, 0x00}, {8, 0x02}, {8, 0xFF}};
    UCHAR config[64];
    ULONG oddities;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(wrong); i++) {
        contract_head(config);
        config[wrong[i].offset] = wrong[i].value;
        assert_int_equal(VirtioPciContractCheck(&VirtioPciContractSound, config, &oddities), STATUS_NOT_SUPPORTED);
    }
}

static void class_and_subsystem_are_only_remarked(void **state)
{
    UCHAR config[64];
    ULONG oddities;

    (void)state;
    contract_head(config);
    config[0x0A] = 0x03;
    assert_int_equal(VirtioPciContractCheck(&VirtioPciContractSound, config, &oddities), STATUS_SUCCESS);
    assert_int_equal(oddities, VIRTIO_PCI_ODD_CLASS);
    contract_head(config);
    config[0x2E] = 0x00;
    config[0x2F] = 0x11; /* QEMU: 1AF4:1100 */
    assert_int_equal(VirtioPciContractCheck(&VirtioPciContractSound, config, &oddities), STATUS_SUCCESS);
    assert_int_equal(oddities, VIRTIO_PCI_ODD_SUBSYSTEM);
}

static void a_contract_may_leave_the_revision_open(void **state)
{
    VIRTIO_PCI_CONTRACT contract = VirtioPciContractSound;
    UCHAR config[64];
    ULONG oddities;

    (void)state;
    contract_head(config);
    config[8] = 7;
    contract.AnyRevision = TRUE;
    assert_int_equal(VirtioPciContractCheck(&contract, config, &oddities), STATUS_SUCCESS);
}

static void transitional_packages_bind_to_their_id_only(void **state)
{
    static const struct {
        USHORT device;
        UCHAR revision;
        BOOLEAN transitional, ioport; /* accepted by */
    } rows[] = {{0x1018, 0, TRUE, TRUE}, {0x1018, 1, TRUE, FALSE}, {0x1018, 0xFF, TRUE, FALSE},
                {0x1059, 1, FALSE, FALSE}, {0x1059, 0, FALSE, FALSE}, {0x1019, 0, FALSE, FALSE}};
    UCHAR config[64];
    ULONG oddities;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(rows); i++) {
        contract_head(config);
        config[2] = (UCHAR)rows[i].device;
        config[3] = (UCHAR)(rows[i].device >> 8);
        config[8] = rows[i].revision;
        assert_int_equal(NT_SUCCESS(VirtioPciContractCheck(&VirtioPciContractSoundTransitional, config, &oddities)),
                         rows[i].transitional);
        assert_int_equal(NT_SUCCESS(VirtioPciContractCheck(&VirtioPciContractSoundIoPort, config, &oddities)),
                         rows[i].ioport);
    }
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(the_contract_device_is_accepted_without_oddity),
    UNIT_TEST(another_vendor_device_or_revision_is_refused),
    UNIT_TEST(class_and_subsystem_are_only_remarked),
    UNIT_TEST(a_contract_may_leave_the_revision_open),
    UNIT_TEST(transitional_packages_bind_to_their_id_only),
};
UNIT_MAIN("contract", tests)
