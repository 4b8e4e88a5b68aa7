/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RX transfers and the capture ring: contract v1, "virtio-snd", RX. */
#include <stdlib.h>

#include "guest.h"

#define RXQ VIRTIO_SND_QUEUE_RX
#define WRITE VRING_DESC_F_WRITE
#define RING_FRAMES 9600u /* 200 ms */
#define SILENCE (-100000)

static uint32_t command(struct guest *guest, uint32_t code)
{
    return guest_command(guest, code, 1);
}

static size_t speak(struct guest *guest, size_t frames, int first)
{
    int16_t *mono = calloc(frames + 1, sizeof(*mono));
    fill_mono(mono, frames, first);
    size_t accepted = guest_speak(guest, mono, frames);
    free(mono);
    return accepted;
}

static void expect_recorded(struct guest *guest, uint64_t payload, size_t frames, int first)
{
    int16_t *recorded = calloc(frames + 1, sizeof(*recorded));
    int16_t *expected = calloc(frames + 1, sizeof(*expected));
    guest_get(guest, payload, recorded, 2 * frames);
    if (first != SILENCE)
        fill_mono(expected, frames, first);
    assert_memory_equal(recorded, expected, 2 * frames);
    free(expected);
    free(recorded);
}

/* ---- both dialects ---- */

static void samples_arrive_bit_for_bit(void **state)
{
    struct guest *guest = *state;
    static int16_t mono[65536], recorded[65536];
    guest_start(guest, 1);
    for (int i = 0; i < 65536; i++)
        mono[i] = (int16_t)(i - 32768); /* every value there is */
    struct xfer xfers[140];
    unsigned count = 0;
    for (unsigned done = 0; done < 65536; done += 480) {
        uint32_t frames = 65536 - done < 480 ? 65536 - done : 480;
        assert_int_equal(guest_speak(guest, mono + done, frames), frames);
        guest_advance(guest, 10 * MS);
        xfers[count] = guest_submit_rx(guest, 1, 2 * frames);
        guest_advance(guest, 1);
        assert_int_equal(guest_xfer_status(guest, &xfers[count]), VIRTIO_SND_S_OK);
        guest_get(guest, xfers[count].payload, recorded + done, 2 * frames);
        count++;
    }
    assert_memory_equal(recorded, mono, sizeof(mono));
    assert_int_equal(guest_stats(guest).rx_silence_frames, 0);
    assert_int_equal(guest_stats(guest).rx_frames, 65536);
    assert_int_equal(guest_stats(guest).rx_buffers, count);
}

static void samples_are_accepted_while_running_only(void **state)
{
    struct guest *guest = *state;
    assert_int_equal(speak(guest, 10, 0), 0);
    guest_prepare(guest, 1);
    assert_int_equal(speak(guest, 10, 0), 0);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    assert_int_equal(speak(guest, 10, 0), 10);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    assert_int_equal(speak(guest, 10, 0), 0);
    assert_int_equal(guest_stats(guest).capture_frames, 10);
}

static void used_length_counts_samples_and_status(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 1);
    speak(guest, 480, 0);
    guest_advance(guest, 10 * MS);
    struct xfer xfer = guest_submit_rx(guest, 1, 960);
    guest_advance(guest, 1);
    assert_true(guest_reap(guest, RXQ, &used));
    assert_int_equal(used.id, xfer.head);
    assert_int_equal(used.length, 968);
    assert_int_equal(guest_get32(guest, xfer.status), guest->status_base);
    assert_int_equal(guest_get32(guest, xfer.status + 4), 0);
    expect_recorded(guest, xfer.payload, 480, 0);
}

static void payload_and_status_may_be_split_anywhere(void **state)
{
    struct guest *guest = *state;
    uint64_t header = guest_alloc(guest, 8), in = guest_alloc(guest, 104);
    struct part parts[] = {
        {header, 1, 0},        {header + 1, guest->xfer_bytes - 1, 0}, {in, 1, WRITE},       {in + 1, 3, WRITE},
        {in + 4, 0, WRITE},    {in + 4, 91, WRITE},                    {in + 95, 2, WRITE},  {in + 97, 7, WRITE},
    };
    guest_start(guest, 1);
    guest_put32(guest, header, 1);
    guest_put32(guest, in + 96, NO_ANSWER);
    speak(guest, 48, 0);
    guest_advance(guest, MS);
    guest_add_indirect(guest, RXQ, parts, 8);
    guest_kick(guest, RXQ);
    guest_advance(guest, 1);
    assert_int_equal(guest_get32(guest, in + 96), guest->status_base);
    expect_recorded(guest, in, 48, 0);
}

static void status_alone_is_ok_and_records_nothing(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 1);
    speak(guest, 48, 0);
    struct xfer xfer = guest_submit_rx(guest, 1, 0);
    guest_advance(guest, MS);
    assert_true(guest_reap(guest, RXQ, &used));
    assert_int_equal(used.length, 8);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_OK);
    assert_int_equal(guest_stats(guest).rx_frames, 0);
}

static void wrong_stream_or_framing_is_bad(void **state)
{
    static const struct {
        uint32_t stream;
        uint32_t bytes;
    } rows[] = {{0, 4}, {2, 4}, {0xFFFFFFFF, 4}, {1, 1}, {1, 3}, {1, 961}, {1, VIRTIO_SND_MAX_PCM_BYTES + 2}};
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 1);
    speak(guest, 960, 0);
    guest_advance(guest, 10 * MS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct xfer xfer = guest_submit_rx(guest, rows[i].stream, rows[i].bytes);
        assert_true(guest_reap(guest, RXQ, &used));
        assert_int_equal(used.length, 8);
        assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_BAD_MSG);
        assert_int_equal(guest->ram[xfer.payload], 0xA5); /* nothing recorded */
    }
    assert_int_equal(guest_stats(guest).bad_messages, sizeof(rows) / sizeof(rows[0]));
    assert_int_equal(guest_stats(guest).rx_frames, 0);
}

static void largest_payload_is_256_kib(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    struct xfer xfer = guest_submit_rx(guest, 1, VIRTIO_SND_MAX_PCM_BYTES);
    guest_advance(guest, 3000 * MS);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_OK);
    expect_recorded(guest, xfer.payload, VIRTIO_SND_MAX_PCM_BYTES / 2, SILENCE);
}

static void a_header_of_the_other_dialect_is_bad(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    guest->xfer_bytes = VIRTIO_SND_XFER_BYTES_AERO + VIRTIO_SND_XFER_BYTES_SPEC - guest->xfer_bytes;
    struct xfer xfer = guest_submit_rx(guest, 1, 960);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_BAD_MSG);
}

static void unwritable_memory_gets_no_answer(void **state)
{
    struct guest *guest = *state;
    struct used used;
    uint64_t header = guest_alloc(guest, 8), status = guest_alloc(guest, 8);
    const struct part rows[][3] = {
        {{header, guest->xfer_bytes, 0}, {GUEST_RAM_BYTES - 2, 4, WRITE}, {status, 8, WRITE}},
        {{header, guest->xfer_bytes, 0}, {0xFFFFFFFFFFFFFFFEull, 4, WRITE}, {status, 8, WRITE}},
        {{header, guest->xfer_bytes, 0}, {status, 0, WRITE}, {status, 7, WRITE}},
        {{header, guest->xfer_bytes, 0}, {status, 4, WRITE}, {GUEST_RAM_BYTES, 8, WRITE}},
    };
    guest_start(guest, 1);
    guest_put32(guest, header, 1);
    for (size_t i = 0; i < 4; i++) {
        guest_put32(guest, status, NO_ANSWER);
        guest_add(guest, RXQ, rows[i], 3);
        guest_kick(guest, RXQ);
        assert_true(guest_reap(guest, RXQ, &used));
        assert_int_equal(used.length, 0);
        assert_int_equal(guest_get32(guest, status), NO_ANSWER);
    }
    assert_int_equal(guest_stats(guest).unanswered, 4);
    assert_int_equal(guest_status(guest), UP);
}

static void float_samples_are_rounded_and_clipped(void **state)
{
    static const struct {
        float value;
        int16_t sample;
    } rows[] = {{0.0f, 0},         {1.0f, 32767},   {-1.0f, -32768}, {2.0f, 32767},
                {-2.0f, -32768},   {0.5f, 16384},   {1e30f, 32767},  {-1e30f, -32768},
                {0.4f / 32768, 0}, {0.6f / 32768, 1}, {__builtin_nanf(""), 0}};
    struct guest *guest = *state;
    guest_start(guest, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(guest->ops->push_capture(guest->dev, &rows[i].value, 1), 1);
    guest_advance(guest, MS);
    struct xfer xfer = guest_submit_rx(guest, 1, 22);
    guest_advance(guest, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal((int16_t)guest_get16(guest, xfer.payload + 2 * i), rows[i].sample);
}

static void overfill_drops_the_oldest(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    assert_int_equal(speak(guest, 6000, 0), 6000);
    assert_int_equal(speak(guest, 6000, 6000), 6000);
    assert_int_equal(guest_stats(guest).capture_dropped_frames, 12000 - RING_FRAMES);
    guest_advance(guest, 250 * MS);
    struct xfer xfer = guest_submit_rx(guest, 1, 2 * 4800);
    guest_advance(guest, 1);
    expect_recorded(guest, xfer.payload, 4800, 12000 - (int)RING_FRAMES);
}

static void stop_clears_what_was_recorded(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    speak(guest, 480, 0);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    assert_int_equal(guest_stats(guest).capture_cleared_frames, 480);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    speak(guest, 480, 1000);
    guest_advance(guest, 10 * MS);
    struct xfer xfer = guest_submit_rx(guest, 1, 960);
    guest_advance(guest, 1);
    expect_recorded(guest, xfer.payload, 480, 1000);
}

static void reset_forgets_pending_buffers(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    struct xfer xfer = guest_submit_rx(guest, 1, 960);
    uint32_t before = guest_xfer_status(guest, &xfer);
    uint16_t used = guest_get16(guest, guest->queues[RXQ].used + 2);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    guest_advance(guest, 100 * MS);
    assert_int_equal(guest_xfer_status(guest, &xfer), before);
    assert_int_equal(guest_get16(guest, guest->queues[RXQ].used + 2), used);
    assert_int_equal(speak(guest, 10, 0), 0);
}

static void both_streams_run_at_once(void **state)
{
    struct guest *guest = *state;
    int16_t pcm[2 * 480], played[2 * 480];
    fill_stereo(pcm, 480, 0);
    guest_start(guest, 0);
    guest_start(guest, 1);
    guest_submit_tx(guest, 0, pcm, sizeof(pcm));
    speak(guest, 480, 2000);
    guest_advance(guest, 10 * MS);
    struct xfer xfer = guest_submit_rx(guest, 1, 960);
    guest_advance(guest, 1);
    expect_recorded(guest, xfer.payload, 480, 2000);
    assert_int_equal(guest_played(guest, played, 480), 480);
    assert_memory_equal(played, pcm, sizeof(pcm));
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_STOP, 0), VIRTIO_SND_S_OK);
    assert_int_equal(speak(guest, 1, 0), 1);
}

/* ---- the Aero dialect ---- */

static void aero_missing_samples_are_silence(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    speak(guest, 100, 0);
    struct xfer xfer = guest_submit_rx(guest, 1, 960);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_OK);
    expect_recorded(guest, xfer.payload, 100, 0);
    expect_recorded(guest, xfer.payload + 200, 380, SILENCE);
    assert_int_equal(guest_stats(guest).rx_silence_frames, 380);
}

static void aero_takes_transfers_in_running_only(void **state)
{
    struct guest *guest = *state;
    struct xfer xfer = guest_submit_rx(guest, 1, 2);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_IO_ERR);
    guest_prepare(guest, 1);
    xfer = guest_submit_rx(guest, 1, 2);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_IO_ERR);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    xfer = guest_submit_rx(guest, 1, 2);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_IO_ERR);
    assert_int_equal(guest_get16(guest, xfer.payload), 0xA5A5);
}

/* Each recorded sample lands in the available index and makes one more chain: no more than a ringful is served. */
static void aero_recording_over_the_available_index_ends(void **state)
{
    struct guest *guest = *state;
    struct guest_queue *queue = &guest->queues[RXQ];
    uint64_t header = guest_alloc(guest, 8), status = guest_alloc(guest, 8);
    struct part parts[] = {{header, 8, 0}, {queue->avail + 2, 2, WRITE}, {status, 8, WRITE}};
    guest_start(guest, 1);
    guest_put32(guest, header, 1);
    speak(guest, 5000, 1); /* 2, 3, 4... */
    guest_add(guest, RXQ, parts, 3); /* all other ring entries are 0: the same chain */
    guest_kick(guest, RXQ);
    assert_int_equal(guest_stats(guest).rx_buffers, 64);
}

/* ---- the specification's dialect ---- */

static void specification_completes_when_full(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_prepare(guest, 1);
    struct xfer first = guest_submit_rx(guest, 1, 96);
    struct xfer second = guest_submit_rx(guest, 1, 192);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    assert_int_equal(speak(guest, 144, 0), 144); /* early: the clock still paces */
    guest_advance(guest, 999999);
    assert_false(guest_reap(guest, RXQ, &used));
    guest_advance(guest, 1);
    assert_int_equal(guest_xfer_status(guest, &first), VIRTIO_SND_S_OK);
    assert_int_equal(guest_xfer_status(guest, &second), NO_ANSWER);
    guest_advance(guest, 2 * MS);
    assert_int_equal(guest_xfer_status(guest, &second), VIRTIO_SND_S_OK);
    expect_recorded(guest, first.payload, 48, 0);
    expect_recorded(guest, second.payload, 96, 48);
}

static void specification_records_silence_when_the_host_is_late(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    struct xfer first = guest_submit_rx(guest, 1, 960);
    guest_advance(guest, 19 * MS);
    assert_int_equal(guest_xfer_status(guest, &first), NO_ANSWER);
    guest_advance(guest, MS); /* 10 ms of sound, 10 ms of grace */
    assert_int_equal(guest_xfer_status(guest, &first), VIRTIO_SND_S_OK);
    expect_recorded(guest, first.payload, 480, SILENCE);
    assert_int_equal(guest_stats(guest).rx_silence_frames, 480);
}

static void specification_a_host_within_the_grace_loses_nothing(void **state)
{
    struct guest *guest = *state;
    struct xfer xfers[10];
    guest_start(guest, 1);
    for (int i = 0; i < 10; i++)
        xfers[i] = guest_submit_rx(guest, 1, 960);
    for (int i = 0; i < 14; i++) { /* 8 ms late, always */
        guest_advance(guest, 8 * MS);
        speak(guest, 384, 384 * i);
    }
    guest_advance(guest, MS);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(guest_xfer_status(guest, &xfers[i]), VIRTIO_SND_S_OK);
        expect_recorded(guest, xfers[i].payload, 480, 480 * i);
    }
    assert_int_equal(guest_stats(guest).rx_silence_frames, 0);
}

static void specification_release_returns_a_partial_buffer(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 1);
    struct xfer first = guest_submit_rx(guest, 1, 960);
    struct xfer second = guest_submit_rx(guest, 1, 960);
    speak(guest, 48, 0);
    guest_advance(guest, MS);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    assert_false(guest_reap(guest, RXQ, &used));
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_RELEASE), VIRTIO_SND_S_OK);
    assert_true(guest_reap(guest, RXQ, &used));
    assert_int_equal(used.length, 96 + 8);
    assert_int_equal(guest_xfer_status(guest, &first), VIRTIO_SND_S_OK);
    expect_recorded(guest, first.payload, 48, 0);
    assert_true(guest_reap(guest, RXQ, &used));
    assert_int_equal(used.length, 8);
    assert_int_equal(guest_xfer_status(guest, &second), VIRTIO_SND_S_OK);
}

static void specification_two_channels_carry_the_same_sample(void **state)
{
    struct guest *guest = *state;
    assert_int_equal(guest_set_params(guest, 1, 2), VIRTIO_SND_S_OK);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_PREPARE), VIRTIO_SND_S_OK);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    speak(guest, 48, 0);
    struct xfer xfer = guest_submit_rx(guest, 1, 192);
    guest_advance(guest, MS);
    for (unsigned i = 0; i < 96; i++)
        assert_int_equal(guest_get16(guest, xfer.payload + 2 * i), i / 2 + 1);
}

static void specification_without_bus_master_buffers_wait(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    struct xfer xfer = guest_submit_rx(guest, 1, 96);
    speak(guest, 48, 0);
    guest->ops->config_write(guest->dev, 4, 2, 0x0002);
    guest_advance(guest, MS);
    assert_int_equal(guest_xfer_status(guest, &xfer), NO_ANSWER);
    guest->ops->config_write(guest->dev, 4, 2, 0x0006);
    guest_advance(guest, MS);
    expect_recorded(guest, xfer.payload, 48, 0);
}

#define AERO(f) {#f, f, guest_setup_up, guest_teardown, "aero"}
#define SPECIFICATION(f) {#f, f, guest_setup_up, guest_teardown, "specification"}
#define TEST(f) IN_BOTH_DIALECTS(f, guest_setup_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(samples_arrive_bit_for_bit),
        TEST(samples_are_accepted_while_running_only),
        TEST(used_length_counts_samples_and_status),
        TEST(payload_and_status_may_be_split_anywhere),
        TEST(status_alone_is_ok_and_records_nothing),
        TEST(wrong_stream_or_framing_is_bad),
        TEST(largest_payload_is_256_kib),
        TEST(a_header_of_the_other_dialect_is_bad),
        TEST(unwritable_memory_gets_no_answer),
        TEST(float_samples_are_rounded_and_clipped),
        TEST(overfill_drops_the_oldest),
        TEST(stop_clears_what_was_recorded),
        TEST(reset_forgets_pending_buffers),
        TEST(both_streams_run_at_once),
        AERO(aero_missing_samples_are_silence),
        AERO(aero_takes_transfers_in_running_only),
        AERO(aero_recording_over_the_available_index_ends),
        SPECIFICATION(specification_completes_when_full),
        SPECIFICATION(specification_records_silence_when_the_host_is_late),
        SPECIFICATION(specification_a_host_within_the_grace_loses_nothing),
        SPECIFICATION(specification_release_returns_a_partial_buffer),
        SPECIFICATION(specification_two_channels_carry_the_same_sample),
        SPECIFICATION(specification_without_bus_master_buffers_wait),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
