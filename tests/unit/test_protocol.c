/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "virtiosnd_protocol.h"

struct row {
    ULONG ok;            /* answer to the first PCM_INFO */
    ULONG header;
    BOOLEAN before_start;
};
static const struct row dialects[] = {{0, 8, FALSE}, {0x8000, 4, TRUE}};

/* Offset from OK, and the seed's NTSTATUS. */
static const struct {
    ULONG offset;
    NTSTATUS expected;
} statuses[] = {
    {0, STATUS_SUCCESS},
    {1, STATUS_INVALID_PARAMETER},
    {2, STATUS_NOT_SUPPORTED},
    {3, STATUS_INVALID_DEVICE_STATE},
};

static void each_dialect_is_told_by_its_ok(void **state)
{
    const VIRTIOSND_DIALECT *dialect;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(dialects); i++) {
        dialect = VirtIoSndDialectFromStatus(dialects[i].ok);
        assert_non_null(dialect);
        assert_int_equal(dialect->StatusBase, dialects[i].ok);
        assert_int_equal(dialect->TransferHeaderBytes, dialects[i].header);
        assert_int_equal(dialect->QueueBeforeStart, dialects[i].before_start);
    }
}

static void any_other_first_status_is_no_dialect(void **state)
{
    static const ULONG others[] = {1, 2, 3, 4, 0x7FFF, 0x8001, 0x8002, 0x8003, 0x8004, 0x10000, 0xFFFFFFFF};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(others); i++) {
        assert_null(VirtIoSndDialectFromStatus(others[i]));
    }
}

static void every_status_of_each_dialect_has_its_ntstatus(void **state)
{
    size_t d, s;

    (void)state;
    for (d = 0; d < COUNT_OF(dialects); d++) {
        for (s = 0; s < COUNT_OF(statuses); s++) {
            assert_int_equal(VirtIoSndStatusToNtStatus(VirtIoSndDialectFromStatus(dialects[d].ok),
                                                       dialects[d].ok + statuses[s].offset),
                             statuses[s].expected);
        }
    }
}

static void unknown_statuses_are_protocol_errors(void **state)
{
    const VIRTIOSND_DIALECT *aero = VirtIoSndDialectFromStatus(0);
    const VIRTIOSND_DIALECT *specification = VirtIoSndDialectFromStatus(0x8000);

    (void)state;
    assert_int_equal(VirtIoSndStatusToNtStatus(aero, 4), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_int_equal(VirtIoSndStatusToNtStatus(aero, 0x8000), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_int_equal(VirtIoSndStatusToNtStatus(aero, VIRTIOSND_STATUS_UNWRITTEN), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_int_equal(VirtIoSndStatusToNtStatus(specification, 0), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_int_equal(VirtIoSndStatusToNtStatus(specification, 3), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_int_equal(VirtIoSndStatusToNtStatus(specification, 0x7FFF), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_int_equal(VirtIoSndStatusToNtStatus(specification, 0x8004), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_int_equal(VirtIoSndStatusToNtStatus(specification, VIRTIOSND_STATUS_UNWRITTEN),
                     STATUS_DEVICE_PROTOCOL_ERROR);
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(each_dialect_is_told_by_its_ok),
    UNIT_TEST(any_other_first_status_is_no_dialect),
    UNIT_TEST(every_status_of_each_dialect_has_its_ntstatus),
    UNIT_TEST(unknown_statuses_are_protocol_errors),
};
UNIT_MAIN("protocol", tests)
