/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "virtiosnd_sg_tx.h"

#define MAX_PAGES 64
#define MAX_RUNS 80

static PFN_NUMBER pages[MAX_PAGES];
static MDL mdl;
static VIRTIOSND_PHYSICAL_RUN runs[MAX_RUNS];
static ULONG count;

static void buffer(ULONG bytes, ULONG byte_offset)
{
    mdl.Pages = pages;
    mdl.ByteCount = bytes;
    mdl.ByteOffset = byte_offset;
}

/* Pages in no order, none beside its neighbour. */
static void scattered(void)
{
    unsigned i;

    for (i = 0; i < MAX_PAGES; i++) {
        pages[i] = 0x100000u + (i * 37u % MAX_PAGES) * 2u; /* above 4 GiB too, once shifted */
    }
    pages[1] = 0x3FFFFFFFFu;
}

static ULONGLONG physical_of(ULONG offset)
{
    ULONG at = mdl.ByteOffset + offset;

    return ((ULONGLONG)pages[at / PAGE_SIZE] << PAGE_SHIFT) + at % PAGE_SIZE;
}

/* The runs must cover exactly the bytes of the region, in order, and could not have been merged further. */
static void check_runs(ULONG buffer_bytes, ULONG offset, ULONG length)
{
    ULONG i, byte, done = 0;

    for (i = 0; i < count; i++) {
        assert_true(runs[i].Length > 0);
        for (byte = 0; byte < runs[i].Length; byte++, done++) {
            assert_int_equal(runs[i].Address + byte, physical_of((offset + done) % buffer_bytes));
        }
        assert_true(i == 0 || runs[i].Address != runs[i - 1].Address + runs[i - 1].Length);
    }
    assert_int_equal(done, length);
}

static void map_and_check(ULONG buffer_bytes, ULONG offset, ULONG length)
{
    assert_int_equal(VirtIoSndSgMap(&mdl, buffer_bytes, offset, length, runs, MAX_RUNS, &count), STATUS_SUCCESS);
    check_runs(buffer_bytes, offset, length);
}

static void a_region_is_split_at_pages(void **state)
{
    (void)state;
    scattered();
    buffer(16384, 0);
    map_and_check(16384, 4000, 200);
    assert_int_equal(count, 2);
    assert_int_equal(runs[0].Length, 96);
    map_and_check(16384, 0, 16384);
    assert_int_equal(count, 4);
    map_and_check(16384, 4096, 4096);
    assert_int_equal(count, 1);
}

static void neighbours_in_physical_memory_are_merged(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < MAX_PAGES; i++) {
        pages[i] = 0x500 + i;
    }
    buffer(40960, 0);
    map_and_check(40960, 100, 40000);
    assert_int_equal(count, 1);
    pages[5] = 0x9000;
    map_and_check(40960, 0, 40960);
    assert_int_equal(count, 3);
}

static void pages_that_follow_downwards_are_not_merged(void **state)
{
    (void)state;
    pages[0] = 0x501;
    pages[1] = 0x500;
    buffer(8192, 0);
    map_and_check(8192, 0, 8192);
    assert_int_equal(count, 2);
}

static void a_region_wraps(void **state)
{
    (void)state;
    scattered();
    buffer(10000, 0);
    map_and_check(10000, 9000, 2000);
    assert_int_equal(count, 2);
    assert_int_equal(runs[0].Length, 1000);
    assert_int_equal(runs[1].Address, physical_of(0));
    map_and_check(10000, 9999, 10000);
}

static void the_wrap_is_merged_when_memory_continues(void **state)
{
    (void)state;
    pages[0] = 0x701;
    pages[1] = 0x700; /* the last page lies just below the first one */
    buffer(8192, 0);
    map_and_check(8192, 4096, 8192);
    assert_int_equal(count, 1);
}

static void an_mdl_may_begin_inside_a_page(void **state)
{
    (void)state;
    scattered();
    buffer(9000, 1234);
    map_and_check(9000, 0, 9000);
    map_and_check(9000, 8000, 5000);
}

static void buffers_of_prime_size_are_covered_everywhere(void **state)
{
    static const ULONG primes[] = {2, 3, 4093, 4099, 8191, 19997, 65537};
    ULONG i, step, length;

    (void)state;
    scattered();
    for (i = 0; i < COUNT_OF(primes); i++) {
        buffer(primes[i], 4095);
        for (step = 0; step < 97; step++) {
            length = 1 + (step * 7919u) % primes[i];
            map_and_check(primes[i], (step * 104729u) % primes[i], length);
        }
    }
}

static void the_buffer_may_be_shorter_than_the_mdl(void **state)
{
    (void)state;
    scattered();
    buffer(65536, 0);
    map_and_check(30000, 29000, 3000);
    assert_int_equal(runs[1].Address, physical_of(0));
}

static void too_many_runs_overflow(void **state)
{
    (void)state;
    scattered();
    buffer(40960, 0);
    assert_int_equal(VirtIoSndSgMap(&mdl, 40960, 0, 40960, runs, 9, &count), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(count, 0);
    assert_int_equal(VirtIoSndSgMap(&mdl, 40960, 0, 40960, runs, 10, &count), STATUS_SUCCESS);
    assert_int_equal(count, 10);
    assert_int_equal(VirtIoSndSgMap(&mdl, 40960, 0, 1, runs, 0, &count), STATUS_BUFFER_OVERFLOW);
}

static void the_macro_bounds_the_runs(void **state)
{
    ULONG offset;

    (void)state;
    scattered();
    buffer(8193, 4095); /* a page boundary right behind each end */
    for (offset = 0; offset < 8193; offset += 13) {
        map_and_check(8193, offset, 1920);
        assert_true(count <= VIRTIOSND_SG_MAX_RUNS(1920u));
        map_and_check(8193, offset, 8193);
        assert_true(count <= VIRTIOSND_SG_MAX_RUNS(8193u));
    }
}

static void senseless_regions_are_refused(void **state)
{
    static const struct {
        ULONG buffer, offset, length;
    } senseless[] = {{8192, 0, 0}, {8192, 8192, 1}, {8192, 0, 8193}, {0, 0, 1}, {8193, 0, 1}, {8192, 0xFFFFFFFF, 4}};
    size_t i;

    (void)state;
    scattered();
    buffer(8192, 0);
    for (i = 0; i < COUNT_OF(senseless); i++) {
        assert_int_equal(VirtIoSndSgMap(&mdl, senseless[i].buffer, senseless[i].offset, senseless[i].length, runs,
                                        MAX_RUNS, &count),
                         STATUS_INVALID_PARAMETER);
    }
    assert_int_equal(VirtIoSndSgMap(NULL, 8192, 0, 1, runs, MAX_RUNS, &count), STATUS_INVALID_PARAMETER);
}

static void transfer_entries_are_the_same_runs(void **state)
{
    VIRTIOSND_SG sg[MAX_RUNS];
    ULONG entries, i;

    (void)state;
    scattered();
    buffer(19997, 7);
    map_and_check(19997, 19000, 19997);
    assert_int_equal(VirtIoSndSgTxBuild(&mdl, 19997, 19000, 19997, sg, MAX_RUNS, &entries), STATUS_SUCCESS);
    assert_int_equal(entries, count);
    for (i = 0; i < entries; i++) {
        assert_int_equal(sg[i].Address, runs[i].Address);
        assert_int_equal(sg[i].Length, runs[i].Length);
    }
    assert_int_equal(VirtIoSndSgTxBuild(&mdl, 19997, 19000, 19997, sg, count - 1, &entries),
                     STATUS_BUFFER_OVERFLOW);
    assert_int_equal(entries, 0);
    assert_int_equal(VirtIoSndSgTxBuild(&mdl, 19997, 19997, 1, sg, MAX_RUNS, &entries),
                     STATUS_INVALID_PARAMETER);
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(a_region_is_split_at_pages),
    UNIT_TEST(neighbours_in_physical_memory_are_merged),
    UNIT_TEST(pages_that_follow_downwards_are_not_merged),
    UNIT_TEST(a_region_wraps),
    UNIT_TEST(the_wrap_is_merged_when_memory_continues),
    UNIT_TEST(an_mdl_may_begin_inside_a_page),
    UNIT_TEST(buffers_of_prime_size_are_covered_everywhere),
    UNIT_TEST(the_buffer_may_be_shorter_than_the_mdl),
    UNIT_TEST(too_many_runs_overflow),
    UNIT_TEST(the_macro_bounds_the_runs),
    UNIT_TEST(senseless_regions_are_refused),
    UNIT_TEST(transfer_entries_are_the_same_runs),
};
UNIT_MAIN("sg", tests)
