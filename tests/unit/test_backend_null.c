/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "backend.h"

#define FRAMES 480u /* 10 ms */
#define MILLISECOND 10000

static PVIRTIOSND_BACKEND backend;
static unsigned done_count, start_count;
static ULONG_PTR cookies[64];
static NTSTATUS last_status;
static ULONG last_bytes;

static VOID period_done(PVOID context, ULONG_PTR cookie, ULONG bytes, NTSTATUS status)
{
    assert_ptr_equal(context, &backend);
    assert_int_equal(wdk.irql, DISPATCH_LEVEL);
    assert_int_equal(wdk.locks, 0);
    cookies[done_count++] = cookie;
    last_bytes = bytes;
    last_status = status;
}

static VOID start_done(PVOID context, NTSTATUS status)
{
    assert_ptr_equal(context, &backend);
    assert_int_equal(status, STATUS_SUCCESS);
    assert_int_equal(wdk.irql, DISPATCH_LEVEL);
    start_count++;
}

static VOID attention(PVOID context)
{
    (void)context;
    fail_msg("the null backend has no interrupt");
}

static void create(VIRTIOSND_STREAM_ID stream, ULONG frame)
{
    VIRTIOSND_STREAM_CONFIG config = {4 * FRAMES * frame, FRAMES * frame, period_done, start_done, attention,
                                      &backend, NULL};

    done_count = start_count = 0;
    assert_int_equal(VirtIoSndBackendNullCreate(&backend), STATUS_SUCCESS);
    assert_int_equal(backend->Ops->Open(backend, stream, &config), STATUS_SUCCESS);
}

static void destroy(void)
{
    ExFreePoolWithTag(backend, 0);
    assert_int_equal(wdk.pool_blocks, 0);
}

static NTSTATUS submit(VIRTIOSND_STREAM_ID stream, ULONG bytes, ULONG_PTR cookie)
{
    VIRTIOSND_SG sg[2] = {{0x1000, bytes / 2, FALSE}, {0x9000, bytes - bytes / 2, FALSE}};

    return backend->Ops->Submit(backend, stream, sg, 2, cookie);
}

static unsigned done_at(VIRTIOSND_STREAM_ID stream, LONGLONG milliseconds)
{
    wdk.now = milliseconds * MILLISECOND;
    backend->Ops->Poll(backend, stream);
    return done_count;
}

static void periods_take_their_time(void **state)
{
    static const ULONG frame_bytes[] = {4, 2};
    VIRTIOSND_STREAM_ID stream;
    unsigned i;

    (void)state;
    for (stream = VirtIoSndStreamRender; stream < VirtIoSndStreamCount; stream++) {
        wdk.now = 0;
        create(stream, frame_bytes[stream]);
        for (i = 0; i < 4; i++) {
            assert_int_equal(submit(stream, FRAMES * frame_bytes[stream], i), STATUS_SUCCESS);
        }
        assert_int_equal(submit(stream, FRAMES * frame_bytes[stream], 9), STATUS_DEVICE_BUSY);
        assert_int_equal(done_at(stream, 500), 0); /* not started */
        wdk.now = 0;
        assert_int_equal(backend->Ops->Start(backend, stream), STATUS_SUCCESS);
        assert_int_equal(start_count, 1);
        assert_int_equal(done_at(stream, 9), 0);
        assert_int_equal(done_at(stream, 10), 1);
        assert_int_equal(last_bytes, FRAMES * frame_bytes[stream]);
        assert_int_equal(last_status, STATUS_SUCCESS);
        assert_int_equal(done_at(stream, 39), 3);
        assert_int_equal(done_at(stream, 40), 4);
        for (i = 0; i < 4; i++) {
            assert_int_equal(cookies[i], i);
        }
        assert_int_equal(backend->Ops->Close(backend, stream), STATUS_SUCCESS);
        assert_int_equal(done_count, 4);
        destroy();
    }
}

static void a_late_period_begins_when_it_comes(void **state)
{
    (void)state;
    create(VirtIoSndStreamRender, 4);
    backend->Ops->Start(backend, VirtIoSndStreamRender);
    wdk.now = 100 * MILLISECOND;
    submit(VirtIoSndStreamRender, FRAMES * 4, 1);
    assert_int_equal(done_at(VirtIoSndStreamRender, 109), 0);
    assert_int_equal(done_at(VirtIoSndStreamRender, 110), 1);
    backend->Ops->Close(backend, VirtIoSndStreamRender);
    destroy();
}

static void a_stopped_stream_stands_still(void **state)
{
    (void)state;
    create(VirtIoSndStreamRender, 4);
    backend->Ops->Start(backend, VirtIoSndStreamRender);
    submit(VirtIoSndStreamRender, FRAMES * 4, 1);
    wdk.now = 6 * MILLISECOND;
    assert_int_equal(backend->Ops->Stop(backend, VirtIoSndStreamRender), STATUS_SUCCESS);
    assert_int_equal(done_at(VirtIoSndStreamRender, 1000), 0);
    assert_int_equal(backend->Ops->Start(backend, VirtIoSndStreamRender), STATUS_SUCCESS);
    assert_int_equal(done_at(VirtIoSndStreamRender, 1003), 0);
    assert_int_equal(done_at(VirtIoSndStreamRender, 1004), 1);
    backend->Ops->Close(backend, VirtIoSndStreamRender);
    destroy();
}

/* START on one processor, the first look from another whose counter is a little behind. */
static void counters_that_are_apart_complete_nothing(void **state)
{
    (void)state;
    create(VirtIoSndStreamRender, 4);
    submit(VirtIoSndStreamRender, FRAMES * 4, 1);
    wdk.now = 100 * MILLISECOND;
    backend->Ops->Start(backend, VirtIoSndStreamRender);
    wdk.now--;
    backend->Ops->Poll(backend, VirtIoSndStreamRender);
    assert_int_equal(done_count, 0);
    assert_int_equal(done_at(VirtIoSndStreamRender, 109), 0);
    assert_int_equal(done_at(VirtIoSndStreamRender, 110), 1);
    backend->Ops->Close(backend, VirtIoSndStreamRender);
    destroy();
}

static void close_returns_the_rest_in_order(void **state)
{
    (void)state;
    create(VirtIoSndStreamCapture, 2);
    submit(VirtIoSndStreamCapture, FRAMES * 2, 5);
    submit(VirtIoSndStreamCapture, FRAMES * 2, 6);
    assert_int_equal(backend->Ops->Close(backend, VirtIoSndStreamCapture), STATUS_SUCCESS);
    assert_int_equal(done_count, 2);
    assert_int_equal(cookies[0], 5);
    assert_int_equal(cookies[1], 6);
    assert_int_equal(last_status, STATUS_CANCELLED);
    assert_int_equal(last_bytes, 0);
    assert_int_equal(submit(VirtIoSndStreamCapture, FRAMES * 2, 7), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(backend->Ops->Start(backend, VirtIoSndStreamCapture), STATUS_INVALID_DEVICE_STATE);
    destroy();
}

static void ten_hours_are_counted_exactly(void **state)
{
    const LONGLONG start = 36000LL * 1000; /* ms */

    (void)state;
    create(VirtIoSndStreamRender, 4);
    backend->Ops->Start(backend, VirtIoSndStreamRender);
    wdk.now = start * MILLISECOND;
    submit(VirtIoSndStreamRender, FRAMES * 4, 1);
    assert_int_equal(done_at(VirtIoSndStreamRender, start + 9), 0);
    assert_int_equal(done_at(VirtIoSndStreamRender, start + 10), 1);
    backend->Ops->Close(backend, VirtIoSndStreamRender);
    destroy();
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(periods_take_their_time),
    UNIT_TEST(a_late_period_begins_when_it_comes),
    UNIT_TEST(a_stopped_stream_stands_still),
    UNIT_TEST(counters_that_are_apart_complete_nothing),
    UNIT_TEST(close_returns_the_rest_in_order),
    UNIT_TEST(ten_hours_are_counted_exactly),
};
UNIT_MAIN("backend_null", tests)
