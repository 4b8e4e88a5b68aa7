/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "snd_device.h"
#include "virtiosnd_eventq.h"

static VIRTIO_PCI_TRANSPORT transport;
static VIRTIOSND_QUEUE queue;
static VIRTIOSND_EVENTQ eventq;
static struct ring_request request;

static void create(unsigned entries)
{
    snd_device_create(&transport);
    snd_device.queue_size[1] = entries;
    snd_device_queue(&queue, &transport, 1);
    assert_int_equal(VirtIoSndEventqInitialize(&eventq, &queue), STATUS_SUCCESS);
}

static void destroy(void)
{
    VirtIoSndQueueClose(&queue);
    VirtIoSndEventqUninitialize(&eventq, FALSE);
    VirtIoSndQueueDestroy(&queue, FALSE);
    assert_int_equal(wdk.pool_blocks, 0);
    assert_int_equal(wdk.dma_blocks, 0);
}

static void every_buffer_is_posted_before_the_doorbell_rings(void **state)
{
    static const struct {
        unsigned entries, buffers;
    } rows[] = {{4, 4}, {64, 64}, {256, 64}};
    unsigned i, n;

    (void)state;
    for (i = 0; i < COUNT_OF(rows); i++) {
        create(rows[i].entries);
        assert_int_equal(snd_device.doorbells, 0);
        VirtIoSndEventqStart(&eventq);
        assert_int_equal(snd_device.doorbells, 1);
        for (n = 0; ring_device_take(&snd_device.ring[1], &request); n++) {
            assert_int_equal(request.count, 1);
            assert_int_equal(request.readable, 0);
            assert_int_equal(request.parts[0].len, 8);
        }
        assert_int_equal(n, rows[i].buffers);
        destroy();
        wdk_reset();
    }
}

/* Known, unknown, empty, over-long: each event costs one buffer, and the buffer comes back. */
static void any_event_is_survived_and_its_buffer_returned(void **state)
{
    static const struct {
        struct virtio_snd_event event;
        ULONG written;
    } events[] = {{{VIRTIO_SND_EVT_PCM_XRUN, 0}, 8},        {{VIRTIO_SND_EVT_JACK_CONNECTED, 7}, 8},
                  {{VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED, 99}, 8}, {{0xFFFFFFFF, 0xFFFFFFFF}, 0xFFFFFFFF},
                  {{0, 0}, 0},                                  {{0x1200, 0}, 3}};
    unsigned round;

    (void)state;
    create(8);
    VirtIoSndEventqStart(&eventq);
    for (round = 0; round < 200; round++) {
        assert_true(ring_device_take(&snd_device.ring[1], &request));
        memcpy(ring_device_memory(&request.parts[0]), &events[round % COUNT_OF(events)].event, 8);
        ring_device_give(&snd_device.ring[1], request.head, events[round % COUNT_OF(events)].written);
        VirtIoSndEventqDrain(&eventq);
        assert_int_equal(ring_device_waiting(&snd_device.ring[1]) , 8);
    }
    assert_int_equal(eventq.Received, 200);
    destroy();
}

static void a_flood_does_not_hold_the_processor(void **state)
{
    unsigned i;

    (void)state;
    create(4);
    VirtIoSndEventqStart(&eventq);
    for (i = 0; i < 4; i++) {
        assert_true(ring_device_take(&snd_device.ring[1], &request));
        ring_device_give(&snd_device.ring[1], request.head, 8);
    }
    VirtIoSndEventqDrain(&eventq);
    assert_int_equal(eventq.Received, 4);
    assert_int_equal(snd_device.doorbells, 2); /* one for all of them */
    VirtIoSndEventqDrain(&eventq);
    assert_int_equal(snd_device.doorbells, 2);
    destroy();
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(every_buffer_is_posted_before_the_doorbell_rings),
    UNIT_TEST(any_event_is_survived_and_its_buffer_returned),
    UNIT_TEST(a_flood_does_not_hold_the_processor),
};
UNIT_MAIN("eventq", tests)
