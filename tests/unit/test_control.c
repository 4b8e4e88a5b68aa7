/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "snd_device.h"
#include "virtiosnd_control.h"

static VIRTIO_PCI_TRANSPORT transport;
static VIRTIOSND_QUEUE queue;
static VIRTIOSND_CONTROL control;
static struct ring_request held[VIRTIOSND_CONTROL_SLOTS + 1];
static unsigned held_count;
static ULONG callbacks;
static ULONG callback_status;

static const struct virtio_snd_pcm_hdr start = {VIRTIO_SND_R_PCM_START, 1};

static void answer(const struct ring_request *request, ULONG status)
{
    memcpy(ring_device_memory(&request->parts[1]), &status, sizeof(status));
    ring_device_give(&snd_device.ring[0], request->head, 4);
}

/* Answers at once with OK of the Aero dialect. */
static void answer_at_once(unsigned index)
{
    struct ring_request request;

    assert_int_equal(index, 0);
    while (ring_device_take(&snd_device.ring[0], &request)) {
        answer(&request, 0);
    }
}

/* Keeps requests, to be answered later or never. */
static void hold(unsigned index)
{
    (void)index;
    while (ring_device_take(&snd_device.ring[0], &held[held_count])) {
        held_count++;
    }
}

static void create(void (*doorbell)(unsigned))
{
    held_count = 0;
    callbacks = 0;
    snd_device_create(&transport);
    snd_device_queue(&queue, &transport, 0);
    assert_int_equal(VirtIoSndControlInitialize(&control, &queue), STATUS_SUCCESS);
    snd_device.doorbell = doorbell;
}

static void destroy(void)
{
    VirtIoSndControlClose(&control);
    VirtIoSndQueueClose(&queue);
    VirtIoSndControlUninitialize(&control, FALSE);
    VirtIoSndQueueDestroy(&queue, FALSE);
    assert_int_equal(wdk.pool_blocks, 0);
    assert_int_equal(wdk.dma_blocks, 0);
    assert_int_equal(wdk.irql, PASSIVE_LEVEL);
    assert_int_equal(wdk.locks, 0);
}

static NTSTATUS send(ULONG *status)
{
    return VirtIoSndControlSend(&control, &start, sizeof(start), NULL, status);
}

static void called(PVOID context, ULONG status)
{
    assert_ptr_equal(context, &callbacks);
    assert_int_equal(wdk.irql, DISPATCH_LEVEL);
    assert_int_equal(wdk.locks, 0); /* no lock is held in a callback */
    callbacks++;
    callback_status = status;
}

static void an_instant_answer_needs_no_interrupt_and_no_time(void **state)
{
    ULONG status;

    (void)state;
    create(answer_at_once);
    assert_int_equal(send(&status), STATUS_SUCCESS);
    assert_int_equal(status, 0);
    assert_int_equal(wdk.now, 0);
    assert_int_equal(snd_device.doorbells, 1);
    destroy();
}

static void requests_have_the_shape_of_linux(void **state)
{
    struct virtio_snd_pcm_info info[2];
    ULONG status;

    (void)state;
    create(hold);
    assert_int_equal(send(&status), STATUS_IO_TIMEOUT);
    assert_int_equal(held[0].count, 2);
    assert_int_equal(held[0].readable, 1);
    assert_int_equal(held[0].parts[0].len, 8);
    assert_memory_equal(ring_device_memory(&held[0].parts[0]), &start, sizeof(start));
    assert_int_equal(held[0].parts[1].len, 4);
    assert_int_equal(VirtIoSndControlPcmInfo(&control, 2, info, &status), STATUS_IO_TIMEOUT);
    assert_int_equal(held[1].count, 3);
    assert_int_equal(held[1].readable, 1);
    assert_int_equal(held[1].parts[0].len, 16);
    assert_int_equal(held[1].parts[1].len, 4);
    assert_int_equal(held[1].parts[2].len, 64);
    destroy();
}

static void answer_info(unsigned index)
{
    static const struct virtio_snd_query_info expected = {VIRTIO_SND_R_PCM_INFO, 0, 2, 32};
    struct ring_request request;
    ULONG ok = 0x8000;

    (void)index;
    assert_true(ring_device_take(&snd_device.ring[0], &request));
    assert_memory_equal(ring_device_memory(&request.parts[0]), &expected, sizeof(expected));
    memcpy(ring_device_memory(&request.parts[1]), &ok, sizeof(ok));
    ((struct virtio_snd_pcm_info *)ring_device_memory(&request.parts[2]))[0].formats = 0x20;
    ring_device_give(&snd_device.ring[0], request.head, 4); /* some devices forget the payload in used.len */
}

static void pcm_info_is_judged_by_content_not_by_length(void **state)
{
    struct virtio_snd_pcm_info info[2];
    ULONG status;

    (void)state;
    create(answer_info);
    memset(info, 0xFF, sizeof(info));
    assert_int_equal(VirtIoSndControlPcmInfo(&control, 2, info, &status), STATUS_SUCCESS);
    assert_int_equal(status, 0x8000);
    assert_int_equal(info[0].formats, 0x20);
    assert_int_equal(info[1].formats, 0); /* not written: zero */
    snd_device.doorbell = answer_at_once; /* writes no entry: the last answer's must not show through */
    assert_int_equal(VirtIoSndControlPcmInfo(&control, 2, info, &status), STATUS_SUCCESS);
    assert_int_equal(info[0].formats, 0);
    destroy();
}

static void give_back_unwritten(unsigned index)
{
    struct ring_request request;

    while (ring_device_take(&snd_device.ring[index], &request)) {
        ring_device_give(&snd_device.ring[index], request.head, 0);
    }
}

static void an_unwritten_answer_is_no_ok(void **state)
{
    ULONG status = 0;

    (void)state;
    create(give_back_unwritten);
    assert_int_equal(send(&status), STATUS_SUCCESS);
    assert_int_equal(status, VIRTIOSND_STATUS_UNWRITTEN);
    destroy();
}

static void answer_after_half_a_second(void)
{
    if (wdk.now >= 5000000 && held_count > 0) {
        answer(&held[--held_count], 3);
    }
}

static void a_late_answer_is_waited_for(void **state)
{
    ULONG status;

    (void)state;
    create(hold);
    wdk.tick = answer_after_half_a_second;
    assert_int_equal(send(&status), STATUS_SUCCESS);
    assert_int_equal(status, 3);
    assert_in_range(wdk.now, 5000000, 5200000);
    destroy();
}

static void a_dead_device_times_out_after_a_second_then_sooner(void **state)
{
    ULONG status;
    LONGLONG before;

    (void)state;
    create(hold);
    assert_int_equal(send(&status), STATUS_IO_TIMEOUT);
    assert_in_range(wdk.now, 9800000, 10200000);
    before = wdk.now;
    assert_int_equal(send(&status), STATUS_IO_TIMEOUT);
    assert_in_range(wdk.now - before, 2400000, 2600000);
    destroy();
}

static void memory_of_a_timed_out_request_is_not_reused_until_it_returns(void **state)
{
    ULONG status;
    unsigned i;

    (void)state;
    create(hold);
    for (i = 0; i < VIRTIOSND_CONTROL_SLOTS; i++) {
        assert_int_equal(send(&status), STATUS_IO_TIMEOUT);
    }
    for (i = 1; i < VIRTIOSND_CONTROL_SLOTS; i++) {
        assert_int_not_equal(held[i].parts[1].addr, held[i - 1].parts[1].addr);
    }
    assert_int_equal(send(&status), STATUS_DEVICE_BUSY); /* all kept aside */
    answer(&held[5], 0);
    snd_device.doorbell = answer_at_once;
    assert_int_equal(send(&status), STATUS_SUCCESS); /* one came back: it serves again */
    assert_int_equal(status, 0);
    destroy();
}

static void an_asynchronous_answer_calls_back_once(void **state)
{
    ULONG slot;
    KIRQL old;

    (void)state;
    create(answer_at_once);
    old = wdk_raise(DISPATCH_LEVEL);
    assert_int_equal(VirtIoSndControlSendAsync(&control, &start, sizeof(start), called, &callbacks, &slot),
                     STATUS_SUCCESS);
    assert_int_equal(callbacks, 0);
    VirtIoSndControlDrain(&control);
    VirtIoSndControlDrain(&control);
    wdk_lower(old);
    assert_int_equal(callbacks, 1);
    assert_int_equal(callback_status, 0);
    assert_false(VirtIoSndControlCancel(&control, slot, &callbacks)); /* too late */
    destroy();
}

static void a_cancelled_request_never_calls_back(void **state)
{
    ULONG slot;

    (void)state;
    create(hold);
    assert_int_equal(VirtIoSndControlSendAsync(&control, &start, sizeof(start), called, &callbacks, &slot),
                     STATUS_SUCCESS);
    assert_false(VirtIoSndControlCancel(&control, slot, &slot)); /* somebody else's */
    assert_true(VirtIoSndControlCancel(&control, slot, &callbacks));
    answer(&held[0], 0);
    VirtIoSndControlDrain(&control);
    assert_int_equal(callbacks, 0);
    assert_int_equal(control.Unanswered, 0); /* and the memory is ours again */
    destroy();
}

static void refuse_now(void)
{
    VirtIoSndControlRefuse(&control);
}

static void remove_now(void)
{
    VirtioPciTransportGone(&transport);
}

static void waiting_ends_when_the_device_goes(void **state)
{
    ULONG status;

    (void)state;
    create(hold);
    wdk.tick = refuse_now;
    assert_int_equal(send(&status), STATUS_DEVICE_NOT_CONNECTED);
    assert_true(wdk.now < 100000);
    assert_int_equal(send(&status), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(held_count, 1);
    destroy();
    wdk_reset();
    create(hold);
    wdk.tick = remove_now;
    assert_int_equal(send(&status), STATUS_DEVICE_NOT_CONNECTED);
    assert_true(wdk.now < 100000);
    destroy();
}

static void no_request_after_close(void **state)
{
    ULONG status;

    (void)state;
    create(answer_at_once);
    VirtIoSndControlClose(&control);
    assert_int_equal(send(&status), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(snd_device.doorbells, 0);
    destroy();
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(an_instant_answer_needs_no_interrupt_and_no_time),
    UNIT_TEST(requests_have_the_shape_of_linux),
    UNIT_TEST(pcm_info_is_judged_by_content_not_by_length),
    UNIT_TEST(an_unwritten_answer_is_no_ok),
    UNIT_TEST(a_late_answer_is_waited_for),
    UNIT_TEST(a_dead_device_times_out_after_a_second_then_sooner),
    UNIT_TEST(memory_of_a_timed_out_request_is_not_reused_until_it_returns),
    UNIT_TEST(an_asynchronous_answer_calls_back_once),
    UNIT_TEST(a_cancelled_request_never_calls_back),
    UNIT_TEST(waiting_ends_when_the_device_goes),
    UNIT_TEST(no_request_after_close),
};
UNIT_MAIN("control", tests)
