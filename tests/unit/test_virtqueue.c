/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "ring_device.h"
#include "virtqueue_split.h"

#include <stdlib.h>

#define TABLES 8
#define ENTRIES 16

static VIRTQ_SPLIT vq;
static struct ring_device device;
static void *state_memory;
static void *ring_memory;
static ULONG ring_bytes;

static NTSTATUS make_ring(unsigned size, unsigned tables, unsigned entries, int event_idx)
{
    PHYSICAL_ADDRESS any = {0};
    NTSTATUS status;

    ring_bytes = VirtqSplitRingBytes((USHORT)size, (USHORT)tables, (USHORT)entries);
    ring_memory = MmAllocateContiguousMemorySpecifyCache(ring_bytes, any, any, any, MmCached);
    state_memory = malloc(VirtqSplitStateBytes((USHORT)size, (USHORT)tables));
    status = VirtqSplitInit(&vq, (USHORT)size, (USHORT)tables, (USHORT)entries, (BOOLEAN)event_idx,
                            ring_memory, (ULONGLONG)MmGetPhysicalAddress(ring_memory).QuadPart, state_memory);
    device = (struct ring_device){VirtqSplitDescPhysical(&vq), VirtqSplitAvailPhysical(&vq),
                                  VirtqSplitUsedPhysical(&vq), size, 0, event_idx, 0};
    return status;
}

static NTSTATUS make(unsigned size, unsigned tables, unsigned entries)
{
    return make_ring(size, tables, entries, 0);
}

static void drop(void)
{
    free(state_memory);
    MmFreeContiguousMemorySpecifyCache(ring_memory, ring_bytes, MmCached);
}

/* A request of `readable` parts of 10 bytes and `writable` parts of 20. */
static NTSTATUS add(unsigned readable, unsigned writable, uintptr_t cookie)
{
    VIRTQ_SG sg[RING_DEVICE_MAX_PARTS];
    unsigned i;

    for (i = 0; i < readable + writable; i++) {
        sg[i].Address = 0x123400000000ull + cookie * 0x1000 + i * 0x100;
        sg[i].Write = (BOOLEAN)(i >= readable);
        sg[i].Length = sg[i].Write ? 20 : 10;
    }
    return VirtqSplitAdd(&vq, sg, readable + writable, (PVOID)cookie);
}

static void expect_answer(uintptr_t cookie, ULONG written)
{
    PVOID got;
    ULONG bytes;

    assert_true(VirtqSplitGet(&vq, &got, &bytes));
    assert_int_equal((uintptr_t)got, cookie);
    assert_int_equal(bytes, written);
}

static void expect_none(void)
{
    PVOID got;
    ULONG bytes;

    assert_false(VirtqSplitGet(&vq, &got, &bytes));
}

static void the_parts_of_a_ring_are_aligned(void **state)
{
    unsigned size;

    (void)state;
    for (size = 4; size <= 32768; size *= 2) {
        assert_int_equal(make(size, TABLES, 4), STATUS_SUCCESS);
        assert_int_equal(device.desc % VRING_DESC_ALIGN, 0);
        assert_int_equal(device.avail % VRING_AVAIL_ALIGN, 0);
        assert_int_equal(device.used % VRING_USED_ALIGN, 0);
        assert_true(device.avail >= device.desc + VRING_DESC_BYTES(size));
        assert_true(device.used >= device.avail + VRING_AVAIL_BYTES(size));
        assert_true(device.desc + ring_bytes >= device.used + VRING_USED_BYTES(size));
        drop();
    }
}

static void impossible_sizes_are_refused(void **state)
{
    static const unsigned sizes[] = {0, 1, 2, 3, 5, 63, 65, 32769, 65535};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        assert_int_equal(make(sizes[i], 1, 1), STATUS_INVALID_PARAMETER);
        drop();
    }
    assert_int_equal(make(4, 1, 5), STATUS_INVALID_PARAMETER); /* a chain longer than the queue */
    drop();
}

static void a_request_takes_one_slot_with_indirect_tables(void **state)
{
    struct ring_request request;

    (void)state;
    make(64, TABLES, ENTRIES);
    assert_int_equal(add(2, 1, 7), STATUS_SUCCESS);
    assert_int_equal(vq.FreeCount, 63);
    assert_int_equal(ring_device_waiting(&device), 0); /* not published yet */
    assert_true(VirtqSplitPublish(&vq));
    assert_true(ring_device_take(&device, &request));
    assert_true(request.indirect);
    assert_int_equal(request.count, 3);
    assert_int_equal(request.readable, 2);
    assert_int_equal(request.parts[1].addr, 0x123400000000ull + 7 * 0x1000 + 0x100);
    assert_int_equal(request.parts[2].len, 20);
    ring_device_give(&device, request.head, 13);
    expect_answer(7, 13);
    assert_int_equal(vq.FreeCount, 64);
    assert_int_equal(vq.FreeTableCount, TABLES);
    drop();
}

static void a_single_part_needs_no_table(void **state)
{
    struct ring_request request;

    (void)state;
    make(64, TABLES, ENTRIES);
    assert_int_equal(add(0, 1, 1), STATUS_SUCCESS);
    assert_int_equal(vq.FreeTableCount, TABLES);
    VirtqSplitPublish(&vq);
    assert_true(ring_device_take(&device, &request));
    assert_false(request.indirect);
    drop();
}

static void without_tables_a_request_is_a_chain(void **state)
{
    struct ring_request request;
    unsigned i;

    (void)state;
    make(64, 0, 0);
    for (i = 0; i < 21; i++) {
        assert_int_equal(add(2, 1, i + 1), STATUS_SUCCESS);
    }
    assert_int_equal(add(2, 1, 99), STATUS_DEVICE_BUSY); /* 63 of 64 are in use */
    assert_true(VirtqSplitHasRoom(&vq, 1, 1));
    assert_false(VirtqSplitHasRoom(&vq, 1, 2));
    VirtqSplitPublish(&vq);
    for (i = 0; i < 21; i++) {
        assert_true(ring_device_take(&device, &request));
        assert_false(request.indirect);
        assert_int_equal(request.count, 3);
        ring_device_give(&device, request.head, 0);
        expect_answer(i + 1, 0);
    }
    assert_int_equal(vq.FreeCount, 64);
    drop();
}

/* A chain that comes back early is reused while its neighbour is still out: the neighbour must stay whole. */
static void a_reused_chain_leaves_its_neighbour_alone(void **state)
{
    struct ring_request request;

    (void)state;
    make(8, 0, 0);
    add(1, 1, 1);
    VirtqSplitPublish(&vq);
    assert_true(ring_device_take(&device, &request));
    add(1, 1, 2); /* the device has not looked at this one yet */
    VirtqSplitPublish(&vq);
    ring_device_give(&device, request.head, 0);
    expect_answer(1, 0);
    add(3, 1, 3);
    VirtqSplitPublish(&vq);
    assert_true(ring_device_take(&device, &request));
    assert_int_equal(request.count, 2);
    assert_int_equal(request.parts[0].addr, 0x123400000000ull + 2 * 0x1000);
    assert_int_equal(request.parts[1].addr, 0x123400000000ull + 2 * 0x1000 + 0x100);
    assert_true(ring_device_take(&device, &request));
    assert_int_equal(request.count, 4);
    assert_int_equal(request.parts[3].addr, 0x123400000000ull + 3 * 0x1000 + 0x300);
    drop();
}

static void when_tables_run_out_chains_are_used(void **state)
{
    struct ring_request request;
    unsigned i;

    (void)state;
    make(64, 2, ENTRIES);
    for (i = 0; i < 4; i++) {
        assert_int_equal(add(1, 2, i + 1), STATUS_SUCCESS);
    }
    assert_int_equal(add(10, 8, 5), STATUS_SUCCESS); /* more parts than a table has */
    VirtqSplitPublish(&vq);
    for (i = 0; i < 5; i++) {
        assert_true(ring_device_take(&device, &request));
        assert_int_equal(request.indirect, i < 2);
        ring_device_give(&device, request.head, 5);
        expect_answer(i + 1, 5);
    }
    assert_int_equal(vq.FreeCount, 64);
    assert_int_equal(vq.FreeTableCount, 2);
    drop();
}

/* Every size, more than 65536 requests: avail.idx and used.idx wrap, completions come out of order. */
static void indices_wrap_on_every_size(void **state)
{
    unsigned size, round, i, chained;
    struct ring_request request[3];

    (void)state;
    for (size = 4; size <= 32768; size *= 8) {
        for (chained = 0; chained < 2; chained++) {
            make(size, chained ? 0 : TABLES, chained ? 0 : 4);
            for (round = 0; round < 23000; round++) {
                for (i = 0; i < 3; i++) {
                    assert_int_equal(add(1, i == 2 && size > 4, i + 1), STATUS_SUCCESS);
                }
                VirtqSplitPublish(&vq);
                for (i = 0; i < 3; i++) {
                    assert_true(ring_device_take(&device, &request[i]));
                }
                for (i = 3; i-- > 0;) {
                    ring_device_give(&device, request[i].head, 0);
                }
                for (i = 3; i-- > 0;) {
                    expect_answer(i + 1, 0);
                }
                expect_none();
            }
            assert_int_equal(vq.FreeCount, size);
            assert_int_equal(vq.UsedIndex, (USHORT)(23000u * 3u));
            drop();
        }
    }
}

static void a_full_ring_is_busy_and_recovers(void **state)
{
    struct ring_request request;
    unsigned i;

    (void)state;
    make(4, 4, 4);
    for (i = 0; i < 4; i++) {
        assert_int_equal(add(1, 1, i + 1), STATUS_SUCCESS);
    }
    assert_int_equal(add(1, 1, 5), STATUS_DEVICE_BUSY);
    assert_int_equal(add(1, 0, 5), STATUS_DEVICE_BUSY);
    assert_false(VirtqSplitHasRoom(&vq, 1, 1));
    VirtqSplitPublish(&vq);
    assert_true(ring_device_take(&device, &request));
    ring_device_give(&device, request.head, 0);
    expect_answer(1, 0);
    assert_true(VirtqSplitHasRoom(&vq, 1, 3));
    assert_int_equal(add(1, 1, 5), STATUS_SUCCESS);
    drop();
}

static void malformed_requests_are_refused(void **state)
{
    VIRTQ_SG sg[3] = {{0x1000, 4, TRUE}, {0x2000, 4, FALSE}, {0x3000, 0, TRUE}};

    (void)state;
    make(4, 4, 4);
    assert_int_equal(VirtqSplitAdd(&vq, sg, 0, &sg), STATUS_INVALID_PARAMETER);
    assert_int_equal(VirtqSplitAdd(&vq, sg, 2, &sg), STATUS_INVALID_PARAMETER);     /* readable after writable */
    assert_int_equal(VirtqSplitAdd(&vq, sg + 2, 1, &sg), STATUS_INVALID_PARAMETER); /* empty */
    assert_int_equal(VirtqSplitAdd(&vq, sg, 1, NULL), STATUS_INVALID_PARAMETER);
    assert_int_equal(add(2, 3, 1), STATUS_INVALID_PARAMETER); /* five parts on a queue of four */
    assert_int_equal(vq.InFlight, 0);
    drop();
}

static void used_length_is_clamped(void **state)
{
    struct ring_request request;

    (void)state;
    make(64, TABLES, ENTRIES);
    add(1, 2, 1);
    VirtqSplitPublish(&vq);
    ring_device_take(&device, &request);
    ring_device_give(&device, request.head, 0xFFFFFFFF);
    expect_answer(1, 40);
    drop();
}

/* One request under way, then a lie about it. */
static void one_under_way(struct ring_request *request)
{
    make(8, TABLES, 8);
    add(1, 1, 1);
    VirtqSplitPublish(&vq);
    ring_device_take(&device, request);
}

static void expect_broken(void)
{
    expect_none();
    assert_true(vq.Broken);
    assert_int_equal(add(1, 0, 2), STATUS_DEVICE_PROTOCOL_ERROR);
    assert_false(VirtqSplitPublish(&vq));
    expect_none();
    drop();
}

static void an_id_beyond_the_ring_breaks_it(void **state)
{
    struct ring_request request;

    (void)state;
    one_under_way(&request);
    ring_device_give(&device, 8, 0);
    expect_broken();
    one_under_way(&request);
    ring_device_give(&device, 0x10000u + request.head, 0); /* not to be cut to 16 bits */
    expect_broken();
}

static void an_id_that_is_not_under_way_breaks_it(void **state)
{
    struct ring_request request;

    (void)state;
    one_under_way(&request);
    ring_device_give(&device, request.head ^ 1, 0);
    expect_broken();
}

static void an_id_given_twice_breaks_it(void **state)
{
    struct ring_request request;

    (void)state;
    one_under_way(&request);
    add(1, 1, 2);
    VirtqSplitPublish(&vq);
    ring_device_give(&device, request.head, 0);
    ring_device_give(&device, request.head, 0);
    expect_answer(1, 0);
    expect_broken();
}

static void more_answers_than_requests_break_it(void **state)
{
    struct ring_request request;

    (void)state;
    one_under_way(&request);
    ring_device_give(&device, request.head, 0);
    ring_device_give(&device, request.head, 0);
    expect_broken();
    one_under_way(&request);
    *(uint16_t *)wdk_physical(device.used + VRING_USED_OFF_IDX, 2) = 0xFFFF; /* backwards */
    expect_broken();
}

static void an_answer_to_what_was_not_published_breaks_it(void **state)
{
    (void)state;
    make(8, TABLES, 8);
    add(1, 1, 1);
    ring_device_give(&device, 0, 0);
    expect_broken();
}

static void what_the_device_does_to_descriptors_does_not_matter(void **state)
{
    struct ring_request request;
    unsigned i;

    (void)state;
    make(8, 0, 0);
    for (i = 0; i < 50; i++) {
        assert_int_equal(add(2, 1, 1), STATUS_SUCCESS);
        VirtqSplitPublish(&vq);
        assert_true(ring_device_take(&device, &request));
        assert_int_equal(request.count, 3);
        memset(wdk_physical(device.desc, VRING_DESC_BYTES(8u)), 0xFF, VRING_DESC_BYTES(8u));
        ring_device_give(&device, request.head, 0);
        expect_answer(1, 0);
    }
    assert_int_equal(vq.FreeCount, 8);
    drop();
}

static void the_doorbell_respects_no_notify_and_nothing_new(void **state)
{
    (void)state;
    make(8, TABLES, 8);
    assert_false(VirtqSplitPublish(&vq)); /* nothing was added */
    add(1, 1, 1);
    assert_true(VirtqSplitPublish(&vq));
    assert_false(VirtqSplitPublish(&vq));
    *(uint16_t *)wdk_physical(device.used + VRING_USED_OFF_FLAGS, 2) = VRING_USED_F_NO_NOTIFY;
    add(1, 1, 2);
    assert_false(VirtqSplitPublish(&vq));
    assert_int_equal(ring_device_waiting(&device), 2);
    drop();
}

static void interrupts_are_asked_for_by_the_flag(void **state)
{
    (void)state;
    make(8, TABLES, 8);
    assert_int_equal(ring_device_flags(&device), 0);
    assert_false(VirtqSplitSetInterrupts(&vq, FALSE));
    assert_int_equal(ring_device_flags(&device), VRING_AVAIL_F_NO_INTERRUPT);
    assert_false(VirtqSplitSetInterrupts(&vq, TRUE));
    assert_int_equal(ring_device_flags(&device), 0);
    drop();
}

/* ---- EVENT_IDX ---- */

#define POSITIONS 65536u

/* The device takes and gives back `count` requests that were published. */
static void serve(unsigned count)
{
    struct ring_request request;

    while (count-- > 0) {
        assert_true(ring_device_take(&device, &request));
        ring_device_give(&device, request.head, 0);
    }
}

/* Adds `count` requests; does the driver ring? */
static int publish(unsigned count)
{
    while (count-- > 0) {
        assert_int_equal(add(1, 1, 1), STATUS_SUCCESS);
    }
    return VirtqSplitPublish(&vq);
}

static void take_all(unsigned count)
{
    while (count-- > 0) {
        expect_answer(1, 0);
    }
    expect_none();
}

static void the_doorbell_is_rung_for_the_request_that_the_device_names(void **state)
{
    unsigned position;

    (void)state;
    make_ring(8, TABLES, 8, 1);
    for (position = 0; position < 21 * POSITIONS; position += 3) {
        /* position..position + 2 are published together: the wish lies before, among, or behind them. */
        static const struct {
            int offset, rings;
        } wishes[] = {{-1, 0}, {0, 1}, {1, 1}, {2, 1}, {3, 0}, {0x7FFF, 0}, {-0x7000, 0}};
        unsigned which = position / 3 % COUNT_OF(wishes);

        ring_device_wish(&device, (uint16_t)(position + (unsigned)wishes[which].offset));
        *(uint16_t *)wdk_physical(device.used + VRING_USED_OFF_FLAGS, 2) = VRING_USED_F_NO_NOTIFY; /* means nothing */
        assert_int_equal(publish(3), wishes[which].rings);
        assert_false(VirtqSplitPublish(&vq));
        serve(3);
        take_all(3);
    }
    drop();
}

static void each_position_raises_one_interrupt_when_they_are_wanted(void **state)
{
    unsigned position;

    (void)state;
    make_ring(8, TABLES, 8, 1);
    for (position = 0; position < POSITIONS + 100; position += 2) {
        publish(2);
        serve(1);
        assert_true(ring_device_interrupts(&device));
        serve(1);
        assert_false(ring_device_interrupts(&device)); /* the first one has not been answered */
        take_all(2);
        assert_int_equal(ring_device_flags(&device), 0);
    }
    drop();
}

static void no_position_raises_an_interrupt_when_none_is_wanted(void **state)
{
    static const unsigned sizes[] = {4, 64, 32768};
    unsigned given;
    unsigned count;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(sizes); i++) {
        make_ring(sizes[i], 0, 0, 1);
        assert_false(VirtqSplitSetInterrupts(&vq, FALSE));
        assert_int_equal(ring_device_flags(&device), 0);
        for (given = 0, count = 1; given < 2 * POSITIONS; given += count, count = count % (sizes[i] / 2) + 1) {
            unsigned half = count / 2;
            publish(count);
            serve(half);
            assert_false(ring_device_interrupts(&device));
            serve(count - half);
            if (given % 2) { /* a device that compares only after the driver has seen the entries */
                take_all(count);
                assert_false(ring_device_interrupts(&device));
            } else {
                assert_false(ring_device_interrupts(&device));
                take_all(count);
            }
        }
        drop();
    }
}

static void a_full_ring_of_any_size_raises_none(void **state)
{
    unsigned size;

    (void)state;
    for (size = 4; size <= VRING_MAX_SIZE; size *= 2) {
        unsigned round;
        make_ring(size, 0, 0, 1);
        VirtqSplitSetInterrupts(&vq, FALSE);
        for (round = 0; round < 3; round++) {
            publish(size / 2);
            serve(size / 2);
            assert_false(ring_device_interrupts(&device));
            take_all(size / 2);
        }
        drop();
    }
}

/* The device decides by the used_event that it still sees, the one before. */
static void give_one_late(void)
{
    uint16_t *event = wdk_physical(device.avail + 4u + 2u * device.size, 2);
    uint16_t now = *event;

    wdk.barrier = NULL;
    serve(1);
    *event = (uint16_t)(now - 1u);
    assert_false(ring_device_interrupts(&device));
    *event = now;
}

/* The device gives something back after the driver has found the ring empty, and before the wish for the next interrupt
 * has reached it. */
static void what_comes_while_arming_is_not_lost(void **state)
{
    unsigned position;

    (void)state;
    make_ring(4, TABLES, 4, 1);
    for (position = 0; position < POSITIONS + 100; position += 2) {
        publish(2);
        serve(1);
        assert_true(ring_device_interrupts(&device));
        expect_answer(1, 0);
        wdk.barrier = give_one_late;
        expect_answer(1, 0); /* found by looking again */
        assert_null(wdk.barrier);
        expect_none();
    }
    drop();
}

static void wanting_interrupts_again_tells_of_what_came_before(void **state)
{
    int event_idx;

    (void)state;
    for (event_idx = 0; event_idx < 2; event_idx++) {
        make_ring(8, TABLES, 8, event_idx);
        VirtqSplitSetInterrupts(&vq, FALSE);
        publish(2);
        serve(1);
        assert_true(VirtqSplitSetInterrupts(&vq, TRUE));
        take_all(1);
        assert_false(VirtqSplitSetInterrupts(&vq, FALSE));
        assert_false(VirtqSplitSetInterrupts(&vq, TRUE));
        serve(1);
        if (event_idx) {
            assert_true(ring_device_interrupts(&device));
        }
        take_all(1);
        drop();
    }
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(the_parts_of_a_ring_are_aligned),
    UNIT_TEST(impossible_sizes_are_refused),
    UNIT_TEST(a_request_takes_one_slot_with_indirect_tables),
    UNIT_TEST(a_single_part_needs_no_table),
    UNIT_TEST(without_tables_a_request_is_a_chain),
    UNIT_TEST(a_reused_chain_leaves_its_neighbour_alone),
    UNIT_TEST(when_tables_run_out_chains_are_used),
    UNIT_TEST(indices_wrap_on_every_size),
    UNIT_TEST(a_full_ring_is_busy_and_recovers),
    UNIT_TEST(malformed_requests_are_refused),
    UNIT_TEST(used_length_is_clamped),
    UNIT_TEST(an_id_beyond_the_ring_breaks_it),
    UNIT_TEST(an_id_that_is_not_under_way_breaks_it),
    UNIT_TEST(an_id_given_twice_breaks_it),
    UNIT_TEST(more_answers_than_requests_break_it),
    UNIT_TEST(an_answer_to_what_was_not_published_breaks_it),
    UNIT_TEST(what_the_device_does_to_descriptors_does_not_matter),
    UNIT_TEST(the_doorbell_respects_no_notify_and_nothing_new),
    UNIT_TEST(interrupts_are_asked_for_by_the_flag),
    UNIT_TEST(the_doorbell_is_rung_for_the_request_that_the_device_names),
    UNIT_TEST(each_position_raises_one_interrupt_when_they_are_wanted),
    UNIT_TEST(no_position_raises_an_interrupt_when_none_is_wanted),
    UNIT_TEST(a_full_ring_of_any_size_raises_none),
    UNIT_TEST(what_comes_while_arming_is_not_lost),
    UNIT_TEST(wanting_interrupts_again_tells_of_what_came_before),
};
UNIT_MAIN("virtqueue", tests)
