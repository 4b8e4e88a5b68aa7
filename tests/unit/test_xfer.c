/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "snd_device.h"
#include "virtiosnd_rx.h"
#include "virtiosnd_tx.h"

#define PERIOD 1920u
#define MAX_DONE 128

static VIRTIO_PCI_TRANSPORT transport;
static VIRTIOSND_QUEUE queue;
static VIRTIOSND_XFER xfer;
static unsigned queue_index;
static struct ring_request request;

static struct {
    ULONG_PTR cookie;
    ULONG bytes;
    NTSTATUS status;
} done[MAX_DONE];
static unsigned done_count;

static VOID period_done(PVOID context, ULONG_PTR cookie, ULONG bytes, NTSTATUS status)
{
    assert_ptr_equal(context, &done_count);
    assert_int_equal(wdk.irql, DISPATCH_LEVEL);
    assert_int_equal(wdk.locks, 0);
    assert_true(done_count < MAX_DONE);
    done[done_count].cookie = cookie;
    done[done_count].bytes = bytes;
    done[done_count++].status = status;
}

/* What the device left of the period in flight, and how it can be seen. */
static UCHAR recorded[PERIOD];
static BOOLEAN readable;

static BOOLEAN period_read(PVOID context, ULONG_PTR cookie, ULONG offset, PUCHAR to, ULONG bytes)
{
    assert_ptr_equal(context, &done_count);
    assert_int_equal(cookie, 1);
    assert_int_equal(wdk.irql, DISPATCH_LEVEL);
    assert_int_equal(wdk.locks, 0);
    assert_true(bytes > 0 && offset < PERIOD && bytes <= PERIOD - offset);
    memcpy(to, &recorded[offset], bytes);
    return readable;
}

static void open_for(ULONG limit)
{
    VIRTIOSND_STREAM_CONFIG config = {limit * PERIOD, PERIOD, period_done, NULL, NULL, &done_count, period_read};

    readable = TRUE;
    VirtIoSndXferOpen(&xfer, &config);
}

static NTSTATUS close_within(ULONG duration, NTSTATUS lost)
{
    VIRTIOSND_DEADLINE deadline;

    VirtIoSndDeadlineStart(&deadline, duration);
    return VirtIoSndXferClose(&xfer, &deadline, lost);
}

static void create_on(unsigned entries, ULONGLONG features, const VIRTIOSND_XFER_KIND *kind, ULONG ok, ULONG limit)
{
    queue_index = kind == &VirtIoSndTx ? VIRTIO_SND_QUEUE_TX : VIRTIO_SND_QUEUE_RX;
    done_count = 0;
    snd_device_create(&transport);
    snd_device.queue_size[queue_index] = entries;
    snd_device.offered = features;
    snd_device_queue(&queue, &transport, queue_index);
    assert_int_equal(VirtIoSndXferInitialize(&xfer, kind, &queue, VirtIoSndDialectFromStatus(ok), 5), STATUS_SUCCESS);
    open_for(limit);
}

static void create(const VIRTIOSND_XFER_KIND *kind, ULONG ok, ULONG limit)
{
    create_on(64, VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC), kind, ok, limit);
}

static void destroy(void)
{
    VirtIoSndQueueClose(&queue);
    VirtIoSndXferUninitialize(&xfer, FALSE);
    VirtIoSndQueueDestroy(&queue, FALSE);
    assert_int_equal(wdk.pool_blocks, 0);
    assert_int_equal(wdk.dma_blocks, 0);
    assert_int_equal(wdk.irql, PASSIVE_LEVEL);
}

/* A period of `parts` pieces that add up to `bytes`. */
static NTSTATUS submit(ULONG_PTR cookie, unsigned parts, ULONG bytes)
{
    VIRTIOSND_SG sg[80];
    NTSTATUS status;
    unsigned i;
    KIRQL old;

    for (i = 0; i < parts; i++) {
        sg[i].Address = 0x700000000ull + i * 0x3000;
        sg[i].Length = bytes / parts + (i < bytes % parts);
        sg[i].Write = TRUE; /* the engine sets the direction */
    }
    old = wdk_raise(DISPATCH_LEVEL);
    status = VirtIoSndXferSubmit(&xfer, sg, parts, cookie);
    wdk_lower(old);
    return status;
}

static void poll(void)
{
    KIRQL old = wdk_raise(DISPATCH_LEVEL);

    VirtIoSndXferPoll(&xfer);
    wdk_lower(old);
}

static void take(void)
{
    assert_true(ring_device_take(&snd_device.ring[queue_index], &request));
}

static void give(ULONG status, ULONG written)
{
    memcpy(ring_device_memory(&request.parts[request.count - 1]), &status, sizeof(status));
    ring_device_give(&snd_device.ring[queue_index], request.head, written);
}

static void expect_done(unsigned index, ULONG_PTR cookie, ULONG bytes, NTSTATUS status)
{
    assert_true(index < done_count);
    assert_int_equal(done[index].cookie, cookie);
    assert_int_equal(done[index].bytes, bytes);
    assert_int_equal(done[index].status, status);
}

static void a_transfer_has_the_header_of_its_dialect(void **state)
{
    static const struct {
        const VIRTIOSND_XFER_KIND *kind;
        ULONG ok;
        ULONG header;
        unsigned readable;
    } rows[] = {
        {&VirtIoSndTx, 0, 8, 3}, {&VirtIoSndTx, 0x8000, 4, 3}, {&VirtIoSndRx, 0, 8, 1}, {&VirtIoSndRx, 0x8000, 4, 1}};
    static const ULONG header[2] = {5, 0};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT_OF(rows); i++) {
        create(rows[i].kind, rows[i].ok, 4);
        assert_int_equal(submit(1, 2, PERIOD), STATUS_SUCCESS);
        take();
        assert_int_equal(request.count, 4);
        assert_int_equal(request.readable, rows[i].readable);
        assert_int_equal(request.parts[0].len, rows[i].header);
        assert_memory_equal(ring_device_memory(&request.parts[0]), header, rows[i].header);
        assert_int_equal(request.parts[1].len + request.parts[2].len, PERIOD);
        assert_int_equal(request.parts[3].len, 8);
        give(rows[i].ok, 8);
        assert_int_equal(close_within(10, STATUS_CANCELLED), STATUS_SUCCESS);
        destroy();
        wdk_reset();
    }
}

static void one_doorbell_a_period_and_no_interrupt(void **state)
{
    unsigned i;

    (void)state;
    create(&VirtIoSndTx, 0, 4);
    snd_device.accesses = 0;
    assert_int_equal(ring_device_flags(&snd_device.ring[2]), VRING_AVAIL_F_NO_INTERRUPT);
    for (i = 0; i < 100; i++) {
        assert_int_equal(submit(i, 3, PERIOD), STATUS_SUCCESS);
        take();
        give(0, 8);
        poll();
        expect_done(i, i, PERIOD, STATUS_SUCCESS);
        assert_int_equal(snd_device.doorbells, i + 1);
    }
    assert_int_equal(snd_device.accesses, 0);
    destroy();
}

static void in_flight_is_limited_and_the_period_is_kept(void **state)
{
    unsigned i;

    (void)state;
    create(&VirtIoSndTx, 0, 3);
    for (i = 0; i < 3; i++) {
        assert_int_equal(submit(i, 1, PERIOD), STATUS_SUCCESS);
    }
    assert_int_equal(submit(3, 1, PERIOD), STATUS_DEVICE_BUSY);
    assert_int_equal(ring_device_waiting(&snd_device.ring[2]), 3);
    take();
    give(0, 8);
    assert_int_equal(submit(3, 1, PERIOD), STATUS_DEVICE_BUSY); /* not yet polled */
    poll();
    assert_int_equal(submit(3, 1, PERIOD), STATUS_SUCCESS);
    assert_int_equal(done_count, 1);
    VirtioPciTransportGone(&transport);
    close_within(10, STATUS_DEVICE_NOT_CONNECTED);
    destroy();
}

static void a_full_ring_is_busy(void **state)
{
    unsigned taken = 0;

    (void)state;
    create_on(64, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), &VirtIoSndTx, 0x8000, 64);
    while (submit(taken, 1, PERIOD) == STATUS_SUCCESS) {
        taken++;
    }
    assert_int_equal(taken, 21); /* chains of three in 64 descriptors */
    assert_int_equal(submit(99, 1, PERIOD), STATUS_DEVICE_BUSY);
    VirtioPciTransportGone(&transport);
    close_within(10, STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(done_count, 21);
    destroy();
}

static void statuses_are_mapped(void **state)
{
    static const struct {
        ULONG status;
        ULONG bytes;
        NTSTATUS expected;
    } rows[] = {{0x8000, PERIOD, STATUS_SUCCESS},
                {0x8001, 0, STATUS_INVALID_PARAMETER},
                {0x8003, 0, STATUS_INVALID_DEVICE_STATE},
                {0, 0, STATUS_DEVICE_PROTOCOL_ERROR}};
    const VIRTIOSND_XFER_KIND *kind;
    size_t i;

    (void)state;
    for (kind = &VirtIoSndTx; kind != NULL; kind = kind == &VirtIoSndTx ? &VirtIoSndRx : NULL) {
        create(kind, 0x8000, 8);
        for (i = 0; i < COUNT_OF(rows); i++) {
            assert_int_equal(submit(i, 2, PERIOD), STATUS_SUCCESS);
            take();
            give(rows[i].status, kind == &VirtIoSndRx ? PERIOD + 8 : 8);
            poll();
            expect_done((unsigned)i, i, rows[i].bytes, rows[i].expected);
        }
        destroy();
        wdk_reset();
    }
}

static void an_unwritten_status_is_a_protocol_error(void **state)
{
    (void)state;
    create(&VirtIoSndTx, 0, 4);
    submit(1, 1, PERIOD);
    take();
    ring_device_give(&snd_device.ring[2], request.head, 0);
    poll();
    expect_done(0, 1, 0, STATUS_DEVICE_PROTOCOL_ERROR);
    destroy();
}

/* What devices say of a recording: status in its slot or nowhere, used.len exact, short or whole. */
static void captured_bytes_are_found_on_every_device(void **state)
{
    static const struct {
        int status_written;
        ULONG written;
        ULONG bytes;
        NTSTATUS expected;
    } rows[] = {
        {1, PERIOD + 8, PERIOD, STATUS_SUCCESS}, /* full */
        {1, 0xFFFFFF, PERIOD, STATUS_SUCCESS},   /* absurd: clamped */
        {1, 8, PERIOD, STATUS_SUCCESS},          /* under-estimated */
        {1, 0, PERIOD, STATUS_SUCCESS},
        {1, 608, 600, STATUS_SUCCESS},           /* partial, status behind the payload */
        {0, 4, 0, STATUS_DEVICE_PROTOCOL_ERROR}, /* not even a status */
        {0, PERIOD + 8, 0, STATUS_DEVICE_PROTOCOL_ERROR}, /* it would be in the slot */
        {0, 0xFFFFFF, 0, STATUS_DEVICE_PROTOCOL_ERROR},
    };
    size_t i;

    (void)state;
    create(&VirtIoSndRx, 0x8000, 16);
    for (i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(submit(i, 2, PERIOD), STATUS_SUCCESS);
        take();
        if (rows[i].status_written) {
            give(0x8000, rows[i].written);
        } else {
            ring_device_give(&snd_device.ring[3], request.head, rows[i].written);
        }
        poll();
        expect_done((unsigned)i, i, rows[i].bytes, rows[i].expected);
    }
    destroy();
}

/* As a device that writes samples and status in one go: what exceeds the payload gets into the status slot. */
static void give_in_payload(ULONG status, ULONG at, ULONG written)
{
    UCHAR bytes[8] = {0};
    ULONG i;

    memcpy(bytes, &status, sizeof(status));
    memset(recorded, 0x55, sizeof(recorded));
    for (i = 0; i < sizeof(bytes); i++) {
        if (at + i < PERIOD) {
            recorded[at + i] = bytes[i];
        } else {
            ((UCHAR *)ring_device_memory(&request.parts[request.count - 1]))[at + i - PERIOD] = bytes[i];
        }
    }
    ring_device_give(&snd_device.ring[3], request.head, written);
}

/* QEMU: a partial transfer has its status behind the samples; that of a refused one begins the payload. */
static void a_status_inside_the_payload_is_read(void **state)
{
    static const struct {
        ULONG status;
        ULONG at;
        ULONG written;
        BOOLEAN readable;
        ULONG bytes;
        NTSTATUS expected;
    } rows[] = {
        {0x8000, 600, 608, TRUE, 600, STATUS_SUCCESS},
        {0x8000, 0, 8, TRUE, 0, STATUS_SUCCESS}, /* flushed empty */
        {0x8001, 0, 8, TRUE, 0, STATUS_INVALID_PARAMETER},
        {0x8003, 600, 608, TRUE, 0, STATUS_INVALID_DEVICE_STATE},
        {0x8000, PERIOD - 2, PERIOD + 6, TRUE, PERIOD - 2, STATUS_SUCCESS}, /* half of it in the slot */
        {0x8003, PERIOD - 2, PERIOD + 6, TRUE, 0, STATUS_INVALID_DEVICE_STATE},
        {0x8003, PERIOD - 4, PERIOD + 4, TRUE, 0, STATUS_INVALID_DEVICE_STATE},
        {0x8003, PERIOD - 6, PERIOD + 2, TRUE, 0, STATUS_INVALID_DEVICE_STATE},
        {0x8000, 600, 700, TRUE, 0, STATUS_DEVICE_PROTOCOL_ERROR}, /* used.len names a place among the samples */
        {0x8000, 600, 608, FALSE, 0, STATUS_DEVICE_PROTOCOL_ERROR},
    };
    size_t i;

    (void)state;
    create(&VirtIoSndRx, 0x8000, 16);
    for (i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(submit(1, 2, PERIOD), STATUS_SUCCESS);
        take();
        readable = rows[i].readable;
        give_in_payload(rows[i].status, rows[i].at, rows[i].written);
        poll();
        expect_done((unsigned)i, 1, rows[i].bytes, rows[i].expected);
    }
    destroy();
}

/* Four descriptors: two parts a transfer. The second has 640 bytes behind the 640 of the first. */
static void a_status_inside_the_payload_of_a_later_transfer_is_read(void **state)
{
    static const struct {
        ULONG status;
        ULONG bytes;
        NTSTATUS expected;
    } rows[] = {{0x8000, 640 + 100 + 640, STATUS_SUCCESS}, {0x8003, 640 + 640, STATUS_INVALID_DEVICE_STATE}};
    size_t i;
    unsigned t;

    (void)state;
    for (i = 0; i < COUNT_OF(rows); i++) {
        create_on(4, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), &VirtIoSndRx, 0x8000, 4);
        assert_int_equal(submit(1, 6, PERIOD), STATUS_SUCCESS);
        for (t = 0; t < 3; t++) {
            take();
            assert_int_equal(done_count, 0);
            if (t == 1) {
                memset(recorded, 0x55, sizeof(recorded));
                memcpy(&recorded[640 + 100], &rows[i].status, sizeof(rows[i].status));
                ring_device_give(&snd_device.ring[3], request.head, 108);
            } else {
                give(0x8000, 648);
            }
            poll();
        }
        expect_done(0, 1, rows[i].bytes, rows[i].expected);
        destroy();
        wdk_reset();
    }
}

static void a_period_of_many_parts_is_split_and_reported_once(void **state)
{
    static const struct {
        unsigned entries;
        int indirect;
        unsigned parts;
        unsigned transfers;
    } rows[] = {
        {64, 1, 14, 1}, {64, 1, 15, 2}, {64, 1, 67, 5}, {64, 0, 30, 3}, {8, 1, 12, 2}, {4, 1, 3, 2}, {4, 1, 7, 4}};
    struct ring_request all[8];
    ULONG payload;
    unsigned i, t, p;

    (void)state;
    for (i = 0; i < COUNT_OF(rows); i++) {
        create_on(rows[i].entries,
                  VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
                      (rows[i].indirect ? VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC) : 0),
                  &VirtIoSndTx, 0, 2);
        assert_int_equal(submit(77, rows[i].parts, 40000), STATUS_SUCCESS);
        assert_int_equal(snd_device.doorbells, 1);
        payload = 0;
        for (t = 0; t < rows[i].transfers; t++) {
            take();
            all[t] = request;
            for (p = 1; p + 1 < request.count; p++) {
                payload += request.parts[p].len;
            }
        }
        assert_int_equal(ring_device_waiting(&snd_device.ring[2]), 0);
        assert_int_equal(payload, 40000);
        for (t = 0; t < rows[i].transfers; t++) {
            assert_int_equal(done_count, 0);
            request = all[t];
            give(0, 8);
            poll();
        }
        assert_int_equal(done_count, 1);
        expect_done(0, 77, 40000, STATUS_SUCCESS);
        assert_int_equal(xfer.Transfers, 0);
        destroy();
        wdk_reset();
    }
}

static void return_one_per_tick(void)
{
    if (ring_device_take(&snd_device.ring[queue_index], &request)) {
        give(0, 8);
    }
}

/* Four descriptors, no tables: one transfer of two parts at a time. */
static void a_period_larger_than_the_ring_goes_in_turns(void **state)
{
    unsigned t;

    (void)state;
    create_on(4, VIRTIO_FEATURE(VIRTIO_F_VERSION_1), &VirtIoSndRx, 0, 4);
    assert_int_equal(submit(7, 7, 7000), STATUS_SUCCESS);
    assert_int_equal(submit(8, 1, 1000), STATUS_DEVICE_BUSY);
    for (t = 0; t < 4; t++) {
        assert_int_equal(done_count, 0);
        take();
        assert_int_equal(request.count, t < 3 ? 4 : 3);
        assert_int_equal(ring_device_waiting(&snd_device.ring[3]), 0);
        give(0, t < 3 ? 2008 : 1008);
        poll();
    }
    assert_int_equal(done_count, 1);
    expect_done(0, 7, 7000, STATUS_SUCCESS);
    assert_int_equal(submit(8, 1, 1000), STATUS_SUCCESS);
    assert_int_equal(submit(9, 2, 1000), STATUS_DEVICE_BUSY);
    take();
    give(0, 1008);
    poll();
    assert_int_equal(submit(9, 7, 7000), STATUS_SUCCESS);
    wdk.tick = return_one_per_tick;
    assert_int_equal(close_within(1024, STATUS_CANCELLED), STATUS_SUCCESS);
    assert_int_equal(done_count, 3);
    assert_int_equal(done[2].status, STATUS_CANCELLED); /* most of it was never handed over */
    assert_int_equal(xfer.Transfers, 0);
    destroy();
}

static void a_split_period_fails_when_one_transfer_fails(void **state)
{
    (void)state;
    create(&VirtIoSndTx, 0, 2);
    submit(1, 20, 20000);
    take();
    give(3, 8);
    take();
    give(0, 8);
    poll();
    assert_int_equal(done_count, 1);
    assert_int_equal(done[0].status, STATUS_INVALID_DEVICE_STATE);
    assert_true(done[0].bytes < 20000);
    destroy();
}

static void completions_out_of_order_are_reported_as_they_come(void **state)
{
    struct ring_request first;

    (void)state;
    create(&VirtIoSndTx, 0, 4);
    submit(1, 1, PERIOD);
    submit(2, 1, PERIOD);
    take();
    first = request;
    take();
    give(0, 8);
    request = first;
    give(0, 8);
    poll();
    expect_done(0, 2, PERIOD, STATUS_SUCCESS);
    expect_done(1, 1, PERIOD, STATUS_SUCCESS);
    destroy();
}

static void close_waits_for_what_the_device_has(void **state)
{
    unsigned i;

    (void)state;
    create(&VirtIoSndTx, 0, 8);
    for (i = 0; i < 8; i++) {
        submit(i, 1, PERIOD);
    }
    wdk.tick = return_one_per_tick;
    assert_int_equal(close_within(1024, STATUS_CANCELLED), STATUS_SUCCESS);
    for (i = 0; i < 8; i++) {
        expect_done(i, i, PERIOD, STATUS_SUCCESS);
    }
    assert_int_equal(submit(9, 1, PERIOD), STATUS_INVALID_DEVICE_STATE);
    destroy();
}

static void a_device_that_keeps_periods_keeps_the_memory(void **state)
{
    struct ring_request kept;
    unsigned i;

    (void)state;
    create(&VirtIoSndTx, 0, 8);
    for (i = 0; i < 3; i++) {
        submit(10 + i, 1, PERIOD);
    }
    take();
    kept = request;
    assert_int_equal(close_within(256, STATUS_CANCELLED), STATUS_IO_TIMEOUT);
    assert_in_range(wdk.now, 2400000, 2700000);
    for (i = 0; i < 3; i++) {
        expect_done(i, 10 + i, 0, STATUS_CANCELLED); /* in order of submission */
    }
    assert_true(VirtIoSndXferIsOwed(&xfer));
    open_for(64);
    for (i = 0; i < VIRTIOSND_XFER_SLOTS - 3; i++) {
        assert_int_equal(submit(i, 1, PERIOD), STATUS_SUCCESS);
    }
    assert_int_equal(submit(i, 1, PERIOD), STATUS_DEVICE_BUSY); /* three slots are not ours */
    done_count = 0;
    request = kept;
    give(0, 8);
    poll();
    assert_int_equal(done_count, 0); /* reported already */
    assert_int_equal(submit(i, 1, PERIOD), STATUS_SUCCESS);
    VirtioPciTransportGone(&transport);
    assert_false(VirtIoSndXferIsOwed(&xfer)); /* who left the bus reaches no memory */
    close_within(10, STATUS_DEVICE_NOT_CONNECTED);
    destroy();
}

static void a_gone_device_loses_everything_at_once(void **state)
{
    (void)state;
    create(&VirtIoSndRx, 0x8000, 8);
    submit(1, 1, PERIOD);
    submit(2, 20, 20000);
    VirtioPciTransportGone(&transport);
    wdk.register_write = NULL;
    assert_int_equal(submit(3, 1, PERIOD), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(close_within(1024, STATUS_DEVICE_NOT_CONNECTED), STATUS_SUCCESS);
    assert_true(wdk.now < 1000000);
    assert_int_equal(done_count, 2);
    expect_done(0, 1, 0, STATUS_DEVICE_NOT_CONNECTED);
    expect_done(1, 2, 0, STATUS_DEVICE_NOT_CONNECTED);
    destroy();
}

static void a_broken_ring_takes_nothing_more(void **state)
{
    (void)state;
    create(&VirtIoSndTx, 0, 8);
    submit(1, 1, PERIOD);
    ring_device_give(&snd_device.ring[2], 63, 0);
    poll();
    assert_int_equal(done_count, 0);
    assert_int_equal(submit(2, 1, PERIOD), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(close_within(100, STATUS_CANCELLED), STATUS_IO_TIMEOUT);
    assert_int_equal(done_count, 1);
    destroy();
}

static void empty_periods_are_refused(void **state)
{
    VIRTIOSND_SG sg = {0x1000, 0, FALSE};

    (void)state;
    create(&VirtIoSndTx, 0, 8);
    assert_int_equal(VirtIoSndXferSubmit(&xfer, &sg, 0, 1), STATUS_INVALID_PARAMETER);
    assert_int_equal(VirtIoSndXferSubmit(&xfer, &sg, 1, 1), STATUS_INVALID_PARAMETER);
    assert_int_equal(xfer.Transfers, 0);
    assert_int_equal(xfer.Periods, 0);
    destroy();
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
    unsigned nth;

    (void)state;
    for (nth = 1; nth <= 2; nth++) {
        wdk_reset();
        wdk.fail_at = nth;
        assert_int_equal(VirtIoSndXferInitialize(&xfer, &VirtIoSndTx, &queue, VirtIoSndDialectFromStatus(0), 0),
                         STATUS_INSUFFICIENT_RESOURCES);
        VirtIoSndXferUninitialize(&xfer, FALSE);
        assert_int_equal(wdk.pool_blocks, 0);
        assert_int_equal(wdk.dma_blocks, 0);
    }
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(a_transfer_has_the_header_of_its_dialect),
    UNIT_TEST(one_doorbell_a_period_and_no_interrupt),
    UNIT_TEST(in_flight_is_limited_and_the_period_is_kept),
    UNIT_TEST(a_full_ring_is_busy),
    UNIT_TEST(statuses_are_mapped),
    UNIT_TEST(an_unwritten_status_is_a_protocol_error),
    UNIT_TEST(captured_bytes_are_found_on_every_device),
    UNIT_TEST(a_status_inside_the_payload_is_read),
    UNIT_TEST(a_status_inside_the_payload_of_a_later_transfer_is_read),
    UNIT_TEST(a_period_of_many_parts_is_split_and_reported_once),
    UNIT_TEST(a_period_larger_than_the_ring_goes_in_turns),
    UNIT_TEST(a_split_period_fails_when_one_transfer_fails),
    UNIT_TEST(completions_out_of_order_are_reported_as_they_come),
    UNIT_TEST(close_waits_for_what_the_device_has),
    UNIT_TEST(a_device_that_keeps_periods_keeps_the_memory),
    UNIT_TEST(a_gone_device_loses_everything_at_once),
    UNIT_TEST(a_broken_ring_takes_nothing_more),
    UNIT_TEST(empty_periods_are_refused),
    UNIT_TEST(a_failed_allocation_leaves_nothing_behind),
};
UNIT_MAIN("xfer", tests)
