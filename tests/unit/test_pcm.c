/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit.h"
#include "snd_device.h"
#include "virtiosnd_pcm.h"
#include "virtiosnd_tx.h"

#define PERIOD 1920u
#define MAX_LOG 32

static VIRTIO_PCI_TRANSPORT transport;
static VIRTIOSND_QUEUE controlq, txq;
static VIRTIOSND_CONTROL control;
static VIRTIOSND_PCM pcm;

/* Commands as the device saw them, and what it answers. */
static ULONG commands[MAX_LOG];
static unsigned command_count;
static struct virtio_snd_pcm_set_params params;
static ULONG fail_code, fail_status;
static unsigned periods_done, starts_done, attentions;
static NTSTATUS start_status, period_status;
static struct ring_request held;

static void answer(const struct ring_request *request, ULONG status)
{
    memcpy(ring_device_memory(&request->parts[1]), &status, sizeof(status));
    ring_device_give(&snd_device.ring[0], request->head, 4);
}

static void lively(unsigned index)
{
    struct ring_request request;
    ULONG code;

    while (index == 0 && ring_device_take(&snd_device.ring[0], &request)) {
        memcpy(&code, ring_device_memory(&request.parts[0]), sizeof(code));
        assert_true(command_count < MAX_LOG);
        commands[command_count++] = code;
        if (code == VIRTIO_SND_R_PCM_SET_PARAMS) {
            assert_int_equal(request.parts[0].len, sizeof(params));
            memcpy(&params, ring_device_memory(&request.parts[0]), sizeof(params));
        } else {
            assert_int_equal(request.parts[0].len, sizeof(struct virtio_snd_pcm_hdr));
        }
        answer(&request, code == fail_code ? fail_status : control.Queue == NULL ? 0 : pcm.Dialect->StatusBase);
    }
}

static void dead(unsigned index)
{
    while (index == 0 && ring_device_take(&snd_device.ring[0], &held)) {
        memcpy(&commands[command_count++], ring_device_memory(&held.parts[0]), sizeof(ULONG));
    }
}

static VOID period_done(PVOID context, ULONG_PTR cookie, ULONG bytes, NTSTATUS status)
{
    (void)cookie, (void)bytes;
    assert_ptr_equal(context, &pcm);
    assert_int_equal(wdk.irql, DISPATCH_LEVEL);
    periods_done++;
    period_status = status;
}

static VOID start_done(PVOID context, NTSTATUS status)
{
    assert_ptr_equal(context, &pcm);
    assert_int_equal(wdk.irql, DISPATCH_LEVEL);
    starts_done++;
    start_status = status;
}

static VOID attention(PVOID context)
{
    assert_ptr_equal(context, &pcm);
    attentions++;
}

static const VIRTIOSND_STREAM_CONFIG config = {4 * PERIOD, PERIOD, period_done, start_done, attention, &pcm, NULL};

static void create(ULONG ok)
{
    command_count = periods_done = starts_done = attentions = 0;
    fail_code = 0;
    snd_device_create(&transport);
    snd_device_queue(&controlq, &transport, 0);
    snd_device_queue(&txq, &transport, 2);
    snd_device.doorbell = lively;
    VirtIoSndControlInitialize(&control, &controlq);
    VirtIoSndPcmInitialize(&pcm);
    pcm.Dialect = VirtIoSndDialectFromStatus(ok);
    pcm.StreamId = 3;
    pcm.Channels = 2;
    pcm.Control = &control;
    pcm.Present = TRUE;
    pcm.Usable = TRUE;
    assert_int_equal(VirtIoSndXferInitialize(&pcm.Xfer, &VirtIoSndTx, &txq, pcm.Dialect, 3), STATUS_SUCCESS);
}

static void destroy(void)
{
    VirtIoSndPcmQuiesce(&pcm);
    VirtIoSndControlClose(&control);
    VirtIoSndQueueClose(&txq);
    VirtIoSndQueueClose(&controlq);
    VirtIoSndXferUninitialize(&pcm.Xfer, FALSE);
    VirtIoSndControlUninitialize(&control, FALSE);
    VirtIoSndQueueDestroy(&txq, FALSE);
    VirtIoSndQueueDestroy(&controlq, FALSE);
    assert_int_equal(wdk.pool_blocks, 0);
    assert_int_equal(wdk.dma_blocks, 0);
    assert_int_equal(pcm.Mutex.Owned, 0);
}

static void expect_commands(const ULONG *expected, unsigned count)
{
    assert_int_equal(command_count, count);
    assert_memory_equal(commands, expected, count * sizeof(*expected));
}

static NTSTATUS submit(void)
{
    VIRTIOSND_SG sg = {0x5000, PERIOD, FALSE};

    return VirtIoSndPcmSubmit(&pcm, &sg, 1, 1);
}

static NTSTATUS run(void)
{
    NTSTATUS status;
    KIRQL old = wdk_raise(DISPATCH_LEVEL);

    status = VirtIoSndPcmStart(&pcm);
    VirtIoSndControlDrain(&control);
    wdk_lower(old);
    return status;
}

static void a_stream_walks_the_legal_states_only(void **state)
{
    static const ULONG walk[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_START,
                                 VIRTIO_SND_R_PCM_STOP,       VIRTIO_SND_R_PCM_START,   VIRTIO_SND_R_PCM_STOP,
                                 VIRTIO_SND_R_PCM_RELEASE};

    (void)state;
    create(0);
    assert_int_equal(run(), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_SUCCESS);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    assert_int_equal(command_count, 0); /* nothing to stop, nothing to release */
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_SUCCESS);
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(run(), STATUS_SUCCESS);
    assert_int_equal(run(), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_SUCCESS);
    assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_SUCCESS);
    assert_int_equal(run(), STATUS_SUCCESS);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    expect_commands(walk, COUNT_OF(walk));
    assert_int_equal(starts_done, 2);
    assert_int_equal(start_status, STATUS_SUCCESS);
    assert_int_equal(params.stream_id, 3);
    assert_int_equal(params.buffer_bytes, 4 * PERIOD);
    assert_int_equal(params.period_bytes, PERIOD);
    assert_int_equal(params.channels, 2);
    assert_int_equal(params.format, VIRTIO_SND_PCM_FMT_S16);
    assert_int_equal(params.rate, VIRTIO_SND_PCM_RATE_48000);
    assert_int_equal(params.features, 0);
    destroy();
}

static void transfers_wait_for_start_in_the_aero_dialect_only(void **state)
{
    (void)state;
    create(0);
    assert_int_equal(submit(), STATUS_INVALID_DEVICE_STATE);
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(submit(), STATUS_INVALID_DEVICE_STATE);
    run();
    assert_int_equal(submit(), STATUS_SUCCESS);
    VirtIoSndPcmStop(&pcm);
    assert_int_equal(submit(), STATUS_INVALID_DEVICE_STATE);
    VirtioPciTransportGone(&transport);
    destroy();
    wdk_reset();
    create(0x8000);
    assert_int_equal(submit(), STATUS_INVALID_DEVICE_STATE);
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(submit(), STATUS_SUCCESS);
    VirtioPciTransportGone(&transport);
    destroy();
}

static void no_more_in_flight_than_the_buffer_has_periods(void **state)
{
    unsigned i;

    (void)state;
    create(0x8000);
    VirtIoSndPcmOpen(&pcm, &config);
    for (i = 0; i < 4; i++) {
        assert_int_equal(submit(), STATUS_SUCCESS);
    }
    assert_int_equal(submit(), STATUS_DEVICE_BUSY);
    VirtioPciTransportGone(&transport);
    destroy();
}

/* RELEASE follows PREPARE only (5.14.6.6.1); the Aero device's takes a stream back to Idle from anywhere. */
static void refused_prepare(ULONG ok, ULONG refusal, const ULONG *walk, unsigned count)
{
    static const ULONG set_params[] = {VIRTIO_SND_R_PCM_SET_PARAMS};

    wdk_reset();
    create(ok);
    fail_code = VIRTIO_SND_R_PCM_PREPARE;
    fail_status = refusal + 2;
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_NOT_SUPPORTED);
    expect_commands(walk, count);
    command_count = 0;
    fail_code = VIRTIO_SND_R_PCM_SET_PARAMS;
    fail_status = refusal + 1;
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_INVALID_PARAMETER);
    expect_commands(set_params, COUNT_OF(set_params));
    fail_code = 0;
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_SUCCESS); /* and nothing stands in the way */
    destroy();
}

static void a_refused_prepare_is_released_on_the_aero_device_only(void **state)
{
    static const ULONG walk[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_RELEASE};

    (void)state;
    refused_prepare(0, 0, walk, COUNT_OF(walk));
    refused_prepare(0x8000, 0x8000, walk, COUNT_OF(walk) - 1);
}

/* ACRN loses a stream that is released before its first START, until a reset. */
static void a_stream_that_never_ran_is_started_and_stopped_before_release(void **state)
{
    static const ULONG walk[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_START,
                                 VIRTIO_SND_R_PCM_STOP, VIRTIO_SND_R_PCM_RELEASE};
    static const ULONG refused[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_START,
                                    VIRTIO_SND_R_PCM_RELEASE};
    static const ULONG aero[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_RELEASE};

    (void)state;
    create(0x8000);
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    expect_commands(walk, COUNT_OF(walk));
    command_count = 0;
    fail_code = VIRTIO_SND_R_PCM_START;
    fail_status = 0x8003;
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    expect_commands(refused, COUNT_OF(refused));
    fail_code = 0;
    destroy();
    wdk_reset();
    create(0);
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    expect_commands(aero, COUNT_OF(aero));
    destroy();
}

static void all_slots(LONG state)
{
    for (size_t i = 0; i < COUNT_OF(control.Slots); i++) {
        control.Slots[i].State = state;
    }
}

static void a_start_that_could_not_be_sent_is_none(void **state)
{
    static const ULONG walk[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_START,
                                 VIRTIO_SND_R_PCM_STOP, VIRTIO_SND_R_PCM_RELEASE};

    (void)state;
    create(0x8000);
    VirtIoSndPcmOpen(&pcm, &config);
    all_slots(VirtIoSndControlSent);
    assert_int_equal(run(), STATUS_DEVICE_BUSY);
    all_slots(VirtIoSndControlFree);
    assert_int_equal(command_count, 2);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    expect_commands(walk, COUNT_OF(walk));
    destroy();
}

static void a_start_answered_in_the_doorbell_needs_no_interrupt(void **state)
{
    (void)state;
    create(0);
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(VirtIoSndPcmStart(&pcm), STATUS_SUCCESS);
    assert_int_equal(starts_done, 1);
    assert_int_equal(submit(), STATUS_SUCCESS);
    VirtioPciTransportGone(&transport);
    destroy();
}

static void a_refused_start_is_reported_and_not_stopped(void **state)
{
    static const ULONG walk[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE, VIRTIO_SND_R_PCM_START,
                                 VIRTIO_SND_R_PCM_RELEASE};

    (void)state;
    create(0);
    fail_code = VIRTIO_SND_R_PCM_START;
    fail_status = 3;
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(run(), STATUS_SUCCESS);
    assert_int_equal(starts_done, 1);
    assert_int_equal(start_status, STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(submit(), STATUS_INVALID_DEVICE_STATE);
    VirtIoSndPcmClose(&pcm);
    expect_commands(walk, COUNT_OF(walk));
    destroy();
}

static void senseless_configurations_never_reach_the_device(void **state)
{
    VIRTIOSND_STREAM_CONFIG bad[] = {config, config, config, config, config, config};
    size_t i;

    (void)state;
    create(0);
    bad[0].PeriodBytes = 0;
    bad[1].PeriodBytes = 1922; /* no whole frames */
    bad[1].BufferBytes = 2 * 1922;
    bad[2].PeriodBytes = bad[2].BufferBytes = VIRTIO_SND_MAX_PCM_BYTES + 4;
    bad[3].BufferBytes = 4 * PERIOD + 4;
    bad[4].BufferBytes = PERIOD / 2;
    bad[5].Attention = NULL;
    for (i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(VirtIoSndPcmOpen(&pcm, &bad[i]), STATUS_INVALID_PARAMETER);
    }
    assert_int_equal(command_count, 0);
    destroy();
}

static USHORT tx_flags(void)
{
    return txq.Ring.Avail[0];
}

/* A device that paces tells of completions; one that answers at once is asked to keep quiet. */
static void interrupts_are_wanted_while_a_pacing_stream_runs(void **state)
{
    (void)state;
    for (ULONG ok = 0; ok <= 0x8000; ok += 0x8000) {
        create(ok);
        VirtIoSndQueueSetInterrupts(&txq, FALSE);
        VirtIoSndPcmOpen(&pcm, &config);
        VirtIoSndPcmInterrupted(&pcm);
        assert_int_equal(attentions, 0);
        run();
        VirtIoSndPcmInterrupted(&pcm);
        assert_int_equal(attentions, ok ? 1 : 0);
        assert_int_equal(tx_flags(), ok ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
        VirtIoSndPcmStop(&pcm);
        VirtIoSndPcmInterrupted(&pcm);
        assert_int_equal(attentions, ok ? 1 : 0);
        assert_int_equal(tx_flags(), VRING_AVAIL_F_NO_INTERRUPT);
        VirtIoSndPcmClose(&pcm);
        destroy();
    }
}

static void without_a_line_no_device_is_told_to_interrupt(void **state)
{
    (void)state;
    create(0x8000);
    pcm.PollingOnly = TRUE;
    VirtIoSndQueueSetInterrupts(&txq, FALSE);
    VirtIoSndPcmOpen(&pcm, &config);
    run();
    assert_int_equal(tx_flags(), VRING_AVAIL_F_NO_INTERRUPT);
    VirtIoSndPcmInterrupted(&pcm);
    assert_int_equal(attentions, 0);
    VirtIoSndPcmClose(&pcm);
    destroy();
}

/* The worst case: running, with periods out, when the device stops answering. */
static void close_on_a_dead_device(ULONG ok, unsigned periods)
{
    create(ok);
    VirtIoSndPcmOpen(&pcm, &config);
    run();
    for (unsigned i = 0; i < periods; i++) {
        submit();
    }
    snd_device.doorbell = dead;
    wdk.now = 0;
    assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_IO_TIMEOUT);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_IO_TIMEOUT);
    assert_in_range(wdk.now, 1, 20000000);
    assert_int_equal(periods_done, periods);
}

static void closing_on_a_dead_device_takes_at_most_two_seconds(void **state)
{
    (void)state;
    close_on_a_dead_device(0, 2);
    assert_int_equal(period_status, STATUS_CANCELLED);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_IO_TIMEOUT); /* the buffer is still not the caller's */
    destroy();
}

static void closing_a_dead_device_that_queues_ahead_takes_at_most_two_seconds(void **state)
{
    (void)state;
    close_on_a_dead_device(0x8000, 1);
    destroy();
}

static LONGLONG asked_at;

static void slow(unsigned index)
{
    if (index == 0) {
        dead(0);
        asked_at = wdk.now;
    }
}

static void answer_slowly(void)
{
    if (held.count != 0 && wdk.now - asked_at >= 9500000) {
        answer(&held, pcm.Dialect->StatusBase);
        held.count = 0;
    }
}

/* Each answer comes just in time, and the periods do not: the sum counts. */
static void closing_a_slow_device_takes_at_most_two_seconds(void **state)
{
    int paused;

    (void)state;
    for (paused = 0; paused < 2; paused++) {
        wdk_reset();
        create(0);
        VirtIoSndPcmOpen(&pcm, &config);
        run();
        submit();
        memset(&held, 0, sizeof(held));
        snd_device.doorbell = slow;
        wdk.tick = answer_slowly;
        wdk.now = 0;
        if (paused) {
            assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_SUCCESS);
        }
        assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_IO_TIMEOUT);
        assert_in_range(wdk.now, 9500000, 20100000); /* a tick of the clock each */
        assert_int_equal(commands[command_count - 1], VIRTIO_SND_R_PCM_RELEASE);
        assert_int_equal(periods_done, 1);
        wdk.tick = NULL;
        destroy();
    }
}

static void closing_a_slow_device_that_never_ran_takes_at_most_two_seconds(void **state)
{
    (void)state;
    create(0x8000);
    VirtIoSndPcmOpen(&pcm, &config);
    memset(&held, 0, sizeof(held));
    snd_device.doorbell = slow;
    wdk.tick = answer_slowly;
    wdk.now = 0;
    VirtIoSndPcmClose(&pcm);
    assert_in_range(wdk.now, 9500000, 20100000);
    wdk.tick = NULL;
    destroy();
}

/* One of the devices dies of a period that comes between STOP and START. */
static void no_period_goes_out_between_stop_and_the_next_start(void **state)
{
    (void)state;
    create(0x8000);
    VirtIoSndPcmOpen(&pcm, &config);
    run();
    VirtIoSndPcmStop(&pcm);
    assert_int_equal(submit(), STATUS_DEVICE_BUSY);
    run();
    assert_int_equal(submit(), STATUS_SUCCESS);
    VirtioPciTransportGone(&transport);
    destroy();
    wdk_reset();
    create(0x8000);
    VirtIoSndPcmOpen(&pcm, &config);
    run();
    VirtIoSndPcmClose(&pcm);
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(submit(), STATUS_SUCCESS); /* a new life: queued before START again */
    VirtioPciTransportGone(&transport);
    destroy();
}

static void accept_again(void)
{
    if (command_count >= 3) {
        fail_code = 0;
    }
}

/* ACRN answers RELEASE, and SET_PARAMS with BAD_MSG until it has really let go. */
static void parameters_refused_after_a_stream_ran_are_offered_again(void **state)
{
    static const ULONG again[] = {VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_SET_PARAMS,
                                  VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_SET_PARAMS, VIRTIO_SND_R_PCM_PREPARE};
    (void)state;
    create(0x8000);
    VirtIoSndPcmOpen(&pcm, &config);
    run();
    VirtIoSndPcmClose(&pcm);
    command_count = 0;
    fail_code = VIRTIO_SND_R_PCM_SET_PARAMS;
    fail_status = 0x8001;
    wdk.tick = accept_again;
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_SUCCESS);
    expect_commands(again, COUNT_OF(again));
    VirtIoSndPcmClose(&pcm);
    wdk.tick = NULL;
    fail_code = VIRTIO_SND_R_PCM_SET_PARAMS;
    VirtIoSndPcmOpen(&pcm, &config);
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_INVALID_PARAMETER); /* not for ever */
    fail_code = 0;
    destroy();
}

static void a_start_without_answer_is_given_up_and_stopped(void **state)
{
    (void)state;
    create(0);
    VirtIoSndPcmOpen(&pcm, &config);
    snd_device.doorbell = dead;
    command_count = 0;
    assert_int_equal(run(), STATUS_SUCCESS);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS); /* the device has no period */
    assert_in_range(wdk.now, 1, 20000000);
    assert_int_equal(commands[0], VIRTIO_SND_R_PCM_START);
    assert_int_equal(commands[1], VIRTIO_SND_R_PCM_STOP); /* it may run after all */
    assert_int_equal(commands[2], VIRTIO_SND_R_PCM_RELEASE);
    assert_int_equal(starts_done, 1); /* nobody waits for it any longer */
    assert_int_equal(start_status, STATUS_DEVICE_NOT_CONNECTED);
    answer(&held, 0);
    VirtIoSndControlDrain(&control);
    assert_int_equal(starts_done, 1); /* never after Close */
    destroy();
}

static void look_for_start(void)
{
    KIRQL old = wdk_raise(DISPATCH_LEVEL);

    VirtIoSndPcmLookForStart(&pcm);
    wdk_lower(old);
}

static void a_start_on_a_device_that_goes_is_not_waited_for(void **state)
{
    (void)state;
    create(0);
    VirtIoSndPcmOpen(&pcm, &config);
    snd_device.doorbell = dead;
    run();
    look_for_start();
    assert_int_equal(starts_done, 0); /* it may still answer */
    VirtioPciTransportGone(&transport);
    wdk.register_write = NULL;
    wdk.now = 0;
    look_for_start();
    assert_int_equal(starts_done, 1);
    assert_int_equal(start_status, STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    assert_true(wdk.now < 1000000);
    destroy();
}

static void start_slowly(void)
{
    if (starts_done == 0 && wdk.now >= 3000000) {
        answer(&held, pcm.Dialect->StatusBase);
        snd_device.doorbell = lively;
    }
}

static void stop_waits_for_a_start_on_its_way(void **state)
{
    (void)state;
    create(0);
    VirtIoSndPcmOpen(&pcm, &config);
    snd_device.doorbell = dead;
    run();
    assert_int_equal(starts_done, 0);
    wdk.tick = start_slowly;
    assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_SUCCESS);
    assert_int_equal(starts_done, 1);
    assert_int_equal(commands[command_count - 1], VIRTIO_SND_R_PCM_STOP);
    destroy();
}

static void a_removed_device_is_left_at_once(void **state)
{
    (void)state;
    create(0);
    VirtIoSndPcmOpen(&pcm, &config);
    run();
    submit();
    command_count = 0;
    wdk.now = 0;
    VirtioPciTransportGone(&transport);
    wdk.register_write = NULL;
    assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_SUCCESS);
    assert_true(wdk.now < 1000000);
    assert_int_equal(periods_done, 1);
    assert_int_equal(command_count, 0);
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_DEVICE_NOT_CONNECTED);
    destroy();
}

static void quiesce_returns_everything_and_lets_nobody_in(void **state)
{
    static const ULONG walk[] = {VIRTIO_SND_R_PCM_STOP, VIRTIO_SND_R_PCM_RELEASE};

    (void)state;
    create(0);
    VirtIoSndPcmOpen(&pcm, &config);
    run();
    submit();
    command_count = 0;
    VirtIoSndPcmQuiesce(&pcm); /* the device keeps the period */
    expect_commands(walk, COUNT_OF(walk));
    assert_int_equal(periods_done, 1);
    assert_int_equal(period_status, STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(submit(), STATUS_INVALID_DEVICE_STATE);
    assert_int_equal(VirtIoSndPcmStop(&pcm), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(VirtIoSndPcmClose(&pcm), STATUS_IO_TIMEOUT);
    assert_int_equal(VirtIoSndPcmOpen(&pcm, &config), STATUS_DEVICE_NOT_CONNECTED);
    assert_int_equal(command_count, 2);
    destroy();
}

static const struct CMUnitTest tests[] = {
    UNIT_TEST(a_stream_walks_the_legal_states_only),
    UNIT_TEST(transfers_wait_for_start_in_the_aero_dialect_only),
    UNIT_TEST(no_more_in_flight_than_the_buffer_has_periods),
    UNIT_TEST(a_refused_prepare_is_released_on_the_aero_device_only),
    UNIT_TEST(a_stream_that_never_ran_is_started_and_stopped_before_release),
    UNIT_TEST(a_start_that_could_not_be_sent_is_none),
    UNIT_TEST(a_start_answered_in_the_doorbell_needs_no_interrupt),
    UNIT_TEST(a_refused_start_is_reported_and_not_stopped),
    UNIT_TEST(senseless_configurations_never_reach_the_device),
    UNIT_TEST(interrupts_are_wanted_while_a_pacing_stream_runs),
    UNIT_TEST(without_a_line_no_device_is_told_to_interrupt),
    UNIT_TEST(closing_on_a_dead_device_takes_at_most_two_seconds),
    UNIT_TEST(closing_a_dead_device_that_queues_ahead_takes_at_most_two_seconds),
    UNIT_TEST(closing_a_slow_device_takes_at_most_two_seconds),
    UNIT_TEST(closing_a_slow_device_that_never_ran_takes_at_most_two_seconds),
    UNIT_TEST(no_period_goes_out_between_stop_and_the_next_start),
    UNIT_TEST(parameters_refused_after_a_stream_ran_are_offered_again),
    UNIT_TEST(a_start_without_answer_is_given_up_and_stopped),
    UNIT_TEST(a_start_on_a_device_that_goes_is_not_waited_for),
    UNIT_TEST(stop_waits_for_a_start_on_its_way),
    UNIT_TEST(a_removed_device_is_left_at_once),
    UNIT_TEST(quiesce_returns_everything_and_lets_nobody_in),
};
UNIT_MAIN("pcm", tests)
