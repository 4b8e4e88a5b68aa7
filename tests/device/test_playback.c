/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TX transfers, the host ring and the consumer clock: contract v1, "virtio-snd", TX. */
#include <stdlib.h>

#include "guest.h"

#define TXQ VIRTIO_SND_QUEUE_TX
#define WRITE VRING_DESC_F_WRITE
#define RING_FRAMES 9600u /* 200 ms */

static uint32_t command(struct guest *guest, uint32_t code)
{
    return guest_command(guest, code, 0);
}

/* Takes `frames` played frames and expects the signal from `first`, or silence when first is SILENCE. */
#define SILENCE (-100000)
static void expect_played(struct guest *guest, size_t frames, int first)
{
    int16_t *played = calloc(2 * frames + 1, sizeof(*played));
    int16_t *expected = calloc(2 * frames + 1, sizeof(*expected));
    assert_int_equal(guest_played(guest, played, frames), frames);
    if (first != SILENCE)
        fill_stereo(expected, frames, first);
    assert_memory_equal(played, expected, 4 * frames);
    free(expected);
    free(played);
}

static void send_signal(struct guest *guest, uint32_t frames, int first)
{
    int16_t *pcm = calloc(2 * frames + 1, sizeof(*pcm));
    fill_stereo(pcm, frames, first);
    guest_submit_tx(guest, 0, pcm, 4 * frames);
    free(pcm);
}

/* ---- both dialects ---- */

static void samples_arrive_bit_for_bit(void **state)
{
    struct guest *guest = *state;
    static int16_t pcm[2 * 32768], played[2 * 32768];
    guest_start(guest, 0);
    for (int i = 0; i < 65536; i++)
        pcm[i] = (int16_t)(i - 32768); /* every value there is */
    for (unsigned done = 0; done < 32768; done += 480) {
        uint32_t frames = 32768 - done < 480 ? 32768 - done : 480;
        guest_submit_tx(guest, 0, pcm + 2 * done, 4 * frames);
        guest_advance(guest, 10 * MS);
    }
    guest_advance(guest, 100 * MS);
    assert_int_equal(guest_played(guest, played, 32768), 32768);
    assert_memory_equal(played, pcm, sizeof(pcm));
    assert_int_equal(guest_stats(guest).underrun_events, 0);
    assert_int_equal(guest_stats(guest).tx_frames, 32768);
}

static void header_and_samples_may_be_split_anywhere(void **state)
{
    struct guest *guest = *state;
    static const uint32_t cuts[] = {1, 2, 1, 3, 1, 4, 7, 1, 5};
    int16_t pcm[2 * 16];
    struct part parts[32];
    unsigned count = 0;
    uint32_t bytes = guest->xfer_bytes + sizeof(pcm);
    uint64_t message = guest_alloc(guest, bytes), status = guest_alloc(guest, 8);
    fill_stereo(pcm, 16, 0);
    guest_put(guest, message + guest->xfer_bytes, pcm, sizeof(pcm));
    for (uint32_t done = 0; done < bytes; count++) {
        uint32_t part = cuts[count % 9] < bytes - done ? cuts[count % 9] : bytes - done;
        parts[count] = (struct part){message + done, part, 0};
        done += part;
    }
    parts[count++] = (struct part){status, 5, WRITE};
    parts[count++] = (struct part){status + 5, 3, WRITE};
    guest_start(guest, 0);
    guest_put32(guest, status, NO_ANSWER);
    guest_add_indirect(guest, TXQ, parts, count);
    guest_kick(guest, TXQ);
    guest_advance(guest, MS);
    assert_int_equal(guest_get32(guest, status), guest->status_base);
    assert_int_equal(guest_get32(guest, status + 4), 0);
    expect_played(guest, 16, 0);
}

static void the_answer_is_status_and_latency_0(void **state)
{
    struct guest *guest = *state;
    struct used used;
    int16_t pcm[2] = {1, 2};
    guest_start(guest, 0);
    struct xfer xfer = guest_submit_tx(guest, 0, pcm, 4);
    guest_advance(guest, MS);
    assert_true(guest_reap(guest, TXQ, &used));
    assert_int_equal(used.id, xfer.head);
    assert_int_equal(used.length, 8);
    assert_int_equal(guest_get32(guest, xfer.status), guest->status_base);
    assert_int_equal(guest_get32(guest, xfer.status + 4), 0);
}

static void a_header_alone_is_ok_and_plays_nothing(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    struct xfer xfer = guest_submit_tx(guest, 0, NULL, 0);
    guest_advance(guest, MS);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_OK);
    expect_played(guest, 48, SILENCE);
    assert_int_equal(guest_stats(guest).tx_buffers, 1);
    assert_int_equal(guest_stats(guest).tx_frames, 0);
}

static void wrong_stream_or_framing_is_bad(void **state)
{
    static const struct {
        uint32_t stream;
        uint32_t bytes;
        uint32_t status;
    } rows[] = {
        {1, 8, VIRTIO_SND_S_BAD_MSG}, {2, 8, VIRTIO_SND_S_BAD_MSG}, {0xFFFFFFFF, 8, VIRTIO_SND_S_BAD_MSG},
        {0, 1, VIRTIO_SND_S_BAD_MSG}, {0, 2, VIRTIO_SND_S_BAD_MSG}, {0, 3, VIRTIO_SND_S_BAD_MSG},
        {0, 6, VIRTIO_SND_S_BAD_MSG}, {0, 8, VIRTIO_SND_S_OK},
    };
    struct guest *guest = *state;
    static const uint8_t pcm[8] = {1};
    for (unsigned running = 0; running < 2; running++) {
        guest_bring_up(guest);
        if (running)
            guest_start(guest, 0);
        else
            assert_int_equal(guest_set_params(guest, 0, 2), VIRTIO_SND_S_OK);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct xfer xfer = guest_submit_tx(guest, rows[i].stream, pcm, rows[i].bytes);
            guest_advance(guest, MS);
            uint32_t good = running ? VIRTIO_SND_S_OK : VIRTIO_SND_S_IO_ERR;
            assert_int_equal(guest_xfer_status(guest, &xfer), rows[i].status ? rows[i].status : good);
        }
    }
    assert_int_equal(guest_stats(guest).bad_messages, 14);
}

static void short_headers_are_bad(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    for (uint32_t bytes = 0; bytes < guest->xfer_bytes; bytes++) {
        uint64_t header = guest_alloc(guest, 8), status = guest_alloc(guest, 8);
        struct part parts[] = {{header, bytes, 0}, {status, 8, WRITE}};
        guest_put32(guest, status, NO_ANSWER);
        guest_add(guest, TXQ, parts, 2);
        guest_kick(guest, TXQ);
        assert_int_equal(guest_get32(guest, status), guest->status_base + VIRTIO_SND_S_BAD_MSG);
    }
}

static void payload_cap_is_256_kib(void **state)
{
    struct guest *guest = *state;
    uint8_t *pcm = calloc(1, VIRTIO_SND_MAX_PCM_BYTES + 4);
    guest_start(guest, 0);
    struct xfer most = guest_submit_tx(guest, 0, pcm, VIRTIO_SND_MAX_PCM_BYTES);
    struct xfer more = guest_submit_tx(guest, 0, pcm, VIRTIO_SND_MAX_PCM_BYTES + 4);
    assert_int_equal(guest_xfer_status(guest, &more), VIRTIO_SND_S_BAD_MSG);
    guest_advance(guest, 1400 * MS);
    assert_int_equal(guest_xfer_status(guest, &most), VIRTIO_SND_S_OK);
    free(pcm);
}

static void unreadable_memory_is_bad(void **state)
{
    static const uint64_t addresses[] = {GUEST_RAM_BYTES - 2, GUEST_RAM_BYTES, 0x8000000000000000ull,
                                         0xFFFFFFFFFFFFFFFEull};
    struct guest *guest = *state;
    guest_start(guest, 0);
    for (size_t i = 0; i < 4; i++) {
        uint64_t header = guest_alloc(guest, 8), status = guest_alloc(guest, 8);
        struct part parts[] = {{header, guest->xfer_bytes, 0}, {addresses[i], 4, 0}, {status, 8, WRITE}};
        guest_put32(guest, status, NO_ANSWER);
        guest_add(guest, TXQ, parts, 3);
        guest_kick(guest, TXQ);
        assert_int_equal(guest_get32(guest, status), guest->status_base + VIRTIO_SND_S_BAD_MSG);
    }
    guest_advance(guest, 2 * MS);
    expect_played(guest, 96, SILENCE);
}

static void no_room_for_the_status_writes_nothing(void **state)
{
    struct guest *guest = *state;
    struct used used;
    uint64_t header = guest_alloc(guest, 64), status = guest_alloc(guest, 8);
    const struct part rows[][2] = {
        {{header, 12, 0}, {status, 7, WRITE}},
        {{header, 12, 0}, {GUEST_RAM_BYTES - 4, 8, WRITE}},
    };
    guest_start(guest, 0);
    for (size_t i = 0; i < 2; i++) {
        guest_put32(guest, status, NO_ANSWER);
        guest_add(guest, TXQ, rows[i], 2);
        guest_kick(guest, TXQ);
        assert_true(guest_reap(guest, TXQ, &used));
        assert_int_equal(used.length, 0);
        assert_int_equal(guest_get32(guest, status), NO_ANSWER);
    }
    assert_int_equal(guest_stats(guest).tx_buffers, 0);
    assert_int_equal(guest_stats(guest).unanswered, 2);
}

static void the_clock_starts_at_start_and_never_drifts(void **state)
{
    struct guest *guest = *state;
    uint64_t step = 333333; /* 15.999984 frames: rounding each step would lose a frame in 62500 of them */
    guest_advance(guest, 12345);
    guest_start(guest, 0);
    uint64_t start = guest->now;
    for (unsigned i = 0; i < 100000; i++) {
        guest->now += step;
        guest->ops->advance(guest->dev, guest->now);
    }
    unsigned __int128 exact = (unsigned __int128)(guest->now - start) * 48000 / 1000000000;
    assert_int_equal(guest_stats(guest).played_frames, (uint64_t)exact);
}

static void a_clock_that_steps_back_is_held(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    guest_advance(guest, 5 * MS);
    guest->ops->advance(guest->dev, MS);
    guest->ops->advance(guest->dev, 0);
    assert_int_equal(guest_stats(guest).played_frames, 240);
    guest_advance(guest, MS);
    assert_int_equal(guest_stats(guest).played_frames, 288);
}

static void nothing_is_played_outside_running(void **state)
{
    struct guest *guest = *state;
    int16_t frame[2];
    guest_advance(guest, 10 * MS);
    guest_prepare(guest, 0);
    guest_advance(guest, 10 * MS);
    assert_int_equal(guest_played(guest, frame, 1), 0);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    guest_advance(guest, 10 * MS);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    guest_advance(guest, 10 * MS);
    expect_played(guest, 480, SILENCE);
    assert_int_equal(guest_played(guest, frame, 1), 0);
}

static void silence_is_told_apart(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    guest_advance(guest, 2 * MS); /* 96 leading */
    send_signal(guest, 48, 0);
    guest_advance(guest, 4 * MS); /* 48 of signal, 144 between */
    send_signal(guest, 48, 48);
    guest_advance(guest, 3 * MS); /* 48 of signal, 96 after */
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    struct vsnd_stats stats = guest_stats(guest);
    assert_int_equal(stats.leading_silence_frames, 96);
    assert_int_equal(stats.underrun_events, 1);
    assert_int_equal(stats.underrun_frames, 144);
    assert_int_equal(stats.trailing_silence_frames, 96);
    assert_int_equal(stats.played_frames, 432);
    expect_played(guest, 96, SILENCE);
    expect_played(guest, 48, 0);
    expect_played(guest, 144, SILENCE);
    expect_played(guest, 48, 48);
    expect_played(guest, 96, SILENCE);
}

static void each_start_begins_a_new_silence_account(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    send_signal(guest, 48, 0);
    guest_advance(guest, 2 * MS);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    guest_advance(guest, MS);
    send_signal(guest, 48, 48);
    guest_advance(guest, MS);
    struct vsnd_stats stats = guest_stats(guest);
    assert_int_equal(stats.underrun_events, 0);
    assert_int_equal(stats.trailing_silence_frames, 48);
    assert_int_equal(stats.leading_silence_frames, 48);
    assert_int_equal(stats.stream[0].starts, 2);
}

static void take_playback_gives_no_more_than_was_played(void **state)
{
    struct guest *guest = *state;
    int16_t frames[2 * 200];
    guest_start(guest, 0);
    send_signal(guest, 480, 0);
    guest_advance(guest, 2 * MS);
    assert_int_equal(guest_played(guest, frames, 50), 50);
    assert_int_equal(guest_played(guest, frames, 200), 46);
    assert_int_equal(guest_played(guest, frames, 200), 0);
}

static void what_was_played_waits_for_the_host_for_ever(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    for (int i = 0; i < 300; i++) {
        send_signal(guest, 96, 96 * i);
        guest_advance(guest, 2 * MS);
    }
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    expect_played(guest, 96 * 300, 0);
}

static void reset_drops_what_is_buffered_and_touches_nothing(void **state)
{
    struct guest *guest = *state;
    int16_t frame[2];
    guest_start(guest, 0);
    int16_t pcm[2 * 480] = {1};
    struct xfer xfer = guest_submit_tx(guest, 0, pcm, sizeof(pcm));
    uint32_t before = guest_xfer_status(guest, &xfer);
    uint16_t used = guest_get16(guest, guest->queues[TXQ].used + 2);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    guest_advance(guest, 20 * MS);
    assert_int_equal(guest_xfer_status(guest, &xfer), before);
    assert_int_equal(guest_get16(guest, guest->queues[TXQ].used + 2), used);
    assert_int_equal(guest_played(guest, frame, 1), 0);
    guest_bring_up(guest);
    guest_start(guest, 0);
    guest_advance(guest, 10 * MS);
    expect_played(guest, 480, SILENCE);
}

/* ---- the Aero dialect ---- */

static void aero_completes_at_once(void **state)
{
    struct guest *guest = *state;
    int16_t pcm[2 * 480];
    fill_stereo(pcm, 480, 0);
    guest_start(guest, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(guest_tx(guest, pcm, 480), VIRTIO_SND_S_OK);
    assert_int_equal(guest_stats(guest).tx_buffers, 10);
    assert_int_equal(guest_stats(guest).played_frames, 0);
}

static void aero_takes_transfers_in_running_only(void **state)
{
    struct guest *guest = *state;
    int16_t pcm[2] = {1, 2};
    assert_int_equal(guest_tx(guest, pcm, 1), VIRTIO_SND_S_IO_ERR);
    assert_int_equal(guest_set_params(guest, 0, 2), VIRTIO_SND_S_OK);
    assert_int_equal(guest_tx(guest, pcm, 1), VIRTIO_SND_S_IO_ERR);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_PREPARE), VIRTIO_SND_S_OK);
    assert_int_equal(guest_tx(guest, pcm, 1), VIRTIO_SND_S_IO_ERR);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    assert_int_equal(guest_tx(guest, pcm, 1), VIRTIO_SND_S_OK);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    assert_int_equal(guest_tx(guest, pcm, 1), VIRTIO_SND_S_IO_ERR);
    assert_int_equal(guest_stats(guest).io_errors, 4);
}

static void aero_overfill_drops_the_oldest(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    for (int i = 0; i < 22; i++)
        send_signal(guest, 480, 480 * i);
    assert_int_equal(guest_stats(guest).overfill_dropped_frames, 22 * 480 - RING_FRAMES);
    guest_advance(guest, 200 * MS);
    expect_played(guest, RING_FRAMES, 22 * 480 - (int)RING_FRAMES);
}

static void aero_one_transfer_larger_than_the_ring_keeps_its_end(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    send_signal(guest, RING_FRAMES + 1000, 0);
    guest_advance(guest, 200 * MS);
    assert_int_equal(guest_stats(guest).overfill_dropped_frames, 1000);
    expect_played(guest, RING_FRAMES, 1000);
}

static void aero_ring_size_is_a_knob(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    send_signal(guest, 480, 0);
    send_signal(guest, 480, 480);
    assert_int_equal(guest_stats(guest).overfill_dropped_frames, 480);
    guest_advance(guest, 10 * MS);
    expect_played(guest, 480, 480);
}

/* STOP, RELEASE and SET_PARAMS while Running all leave Running: nothing old may sound after the next START. */
static void aero_leaving_running_clears_the_ring(void **state)
{
    static const uint32_t codes[] = {VIRTIO_SND_R_PCM_STOP, VIRTIO_SND_R_PCM_RELEASE, VIRTIO_SND_R_PCM_SET_PARAMS};
    struct guest *guest = *state;
    for (size_t i = 0; i < 3; i++) {
        guest_start(guest, 0);
        send_signal(guest, 960, 0);
        guest_advance(guest, 10 * MS);
        if (codes[i] == VIRTIO_SND_R_PCM_SET_PARAMS)
            assert_int_equal(guest_set_params(guest, 0, 2), VIRTIO_SND_S_OK);
        else
            assert_int_equal(command(guest, codes[i]), VIRTIO_SND_S_OK);
        expect_played(guest, 480, 0);
        assert_int_equal(guest_stats(guest).cleared_frames, 480 * (i + 1));
        guest_start(guest, 0);
        guest_advance(guest, 10 * MS);
        expect_played(guest, 480, SILENCE);
    }
}

static void aero_start_while_running_keeps_the_clock(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    send_signal(guest, 960, 0);
    guest_advance(guest, 7 * MS);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    guest_advance(guest, 7 * MS);
    assert_int_equal(guest_stats(guest).stream[0].starts, 1);
    expect_played(guest, 672, 0);
}

static void aero_four_byte_header_swallows_the_first_frame(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    guest->xfer_bytes = VIRTIO_SND_XFER_BYTES_SPEC;
    send_signal(guest, 48, 0);
    guest_advance(guest, MS);
    expect_played(guest, 47, 1);
    expect_played(guest, 1, SILENCE);
}

/* ---- the specification's dialect ---- */

static void specification_eight_byte_header_inserts_a_silent_frame(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    guest->xfer_bytes = VIRTIO_SND_XFER_BYTES_AERO;
    send_signal(guest, 47, 0);
    guest_advance(guest, MS);
    expect_played(guest, 1, SILENCE);
    expect_played(guest, 47, 0);
}

static void specification_prefill_is_played_after_start(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_prepare(guest, 0);
    send_signal(guest, 48, 0);
    send_signal(guest, 48, 48);
    guest_advance(guest, 10 * MS);
    assert_false(guest_reap(guest, TXQ, &used));
    assert_int_equal(guest_stats(guest).stream[0].pending, 2);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    guest_advance(guest, 2 * MS);
    expect_played(guest, 96, 0);
    assert_int_equal(guest_stats(guest).leading_silence_frames, 0);
}

static void specification_takes_no_transfer_before_prepare(void **state)
{
    struct guest *guest = *state;
    int16_t pcm[2] = {1, 2};
    assert_int_equal(guest_tx(guest, pcm, 1), VIRTIO_SND_S_IO_ERR);
    assert_int_equal(guest_set_params(guest, 0, 2), VIRTIO_SND_S_OK);
    assert_int_equal(guest_tx(guest, pcm, 1), VIRTIO_SND_S_IO_ERR);
}

static void specification_completes_when_played(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 0);
    struct xfer first = guest_submit_tx(guest, 0, (int16_t[96]){1}, 192);
    struct xfer second = guest_submit_tx(guest, 0, (int16_t[192]){1}, 384);
    assert_false(guest_reap(guest, TXQ, &used));
    guest_read(guest, ISR_REGISTER, 1);
    guest_advance(guest, 999999); /* 47 of 48 frames */
    assert_int_equal(guest_xfer_status(guest, &first), NO_ANSWER);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    guest_advance(guest, 1);
    assert_int_equal(guest_xfer_status(guest, &first), VIRTIO_SND_S_OK);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    assert_true(guest_reap(guest, TXQ, &used));
    assert_int_equal(used.id, first.head);
    guest_advance(guest, MS);
    assert_int_equal(guest_xfer_status(guest, &second), NO_ANSWER);
    guest_advance(guest, MS);
    assert_int_equal(guest_xfer_status(guest, &second), VIRTIO_SND_S_OK);
}

static void overwrite_before_it_is_played(struct guest *guest, int first_played)
{
    int16_t late[2 * 48];
    int16_t pcm[2 * 48];
    fill_stereo(pcm, 48, 0);
    fill_stereo(late, 48, 1000);
    guest_start(guest, 0);
    struct xfer xfer = guest_submit_tx(guest, 0, pcm, sizeof(pcm));
    guest_put(guest, xfer.payload, late, sizeof(late));
    guest_advance(guest, MS);
    expect_played(guest, 48, first_played);
}

/* Until it completes, the buffer is the device's: it may read as late as it likes. */
static void specification_reads_samples_when_it_plays_them(void **state)
{
    overwrite_before_it_is_played(*state, 1000);
}

static void specification_reads_samples_on_arrival_with_the_knob(void **state)
{
    overwrite_before_it_is_played(*state, 0);
}

static void aero_reads_samples_on_arrival(void **state)
{
    overwrite_before_it_is_played(*state, 0);
}

static void specification_stop_keeps_what_is_pending(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    send_signal(guest, 96, 0);
    guest_advance(guest, MS);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    guest_advance(guest, 10 * MS);
    assert_int_equal(guest_stats(guest).stream[0].pending, 1);
    send_signal(guest, 48, 96);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    guest_advance(guest, 2 * MS);
    expect_played(guest, 144, 0);
}

static void specification_release_completes_all_before_it_answers(void **state)
{
    struct guest *guest = *state;
    struct used used;
    struct xfer xfers[3];
    guest_start(guest, 0);
    for (int i = 0; i < 3; i++)
        xfers[i] = guest_submit_tx(guest, 0, (int16_t[96]){1}, 192);
    guest_advance(guest, MS / 2);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
    assert_false(guest_reap(guest, TXQ, &used));
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_RELEASE), VIRTIO_SND_S_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(guest_reap(guest, TXQ, &used));
        assert_int_equal(used.id, xfers[i].head);
        assert_int_equal(used.length, 8);
        assert_int_equal(guest_xfer_status(guest, &xfers[i]), VIRTIO_SND_S_OK);
    }
    assert_int_equal(guest_stats(guest).stream[0].pending, 0);
}

/* One stream's, and no later one's. */
static void specification_keeps_one_transfer_when_told_to(void **state)
{
    struct guest *guest = *state;
    struct used used;
    struct xfer xfers[2];
    vsnd_keep_transfer(guest->dev);
    for (unsigned life = 0; life < 2; life++) {
        unsigned kept = life == 0 ? 1 : 0;
        guest_start(guest, 0);
        for (int i = 0; i < 2; i++)
            xfers[i] = guest_submit_tx(guest, 0, (int16_t[96]){1}, 192);
        assert_int_equal(command(guest, VIRTIO_SND_R_PCM_STOP), VIRTIO_SND_S_OK);
        assert_int_equal(command(guest, VIRTIO_SND_R_PCM_RELEASE), VIRTIO_SND_S_OK);
        for (unsigned i = kept; i < 2; i++) {
            assert_true(guest_reap(guest, TXQ, &used));
            assert_int_equal(used.id, xfers[i].head);
        }
        assert_false(guest_reap(guest, TXQ, &used));
        assert_int_equal(guest_stats(guest).stream[0].pending, 0);
        assert_int_equal(vsnd_claims(guest->dev, xfers[0].payload, 1) & VSND_CLAIM_KEPT, kept ? VSND_CLAIM_KEPT : 0);
    }
}

static void specification_new_params_drop_a_prefill(void **state)
{
    struct guest *guest = *state;
    guest_prepare(guest, 0);
    struct xfer xfer = guest_submit_tx(guest, 0, (int16_t[96]){1}, 192);
    assert_int_equal(guest_set_params(guest, 0, 2), VIRTIO_SND_S_OK);
    assert_int_equal(guest_xfer_status(guest, &xfer), VIRTIO_SND_S_IO_ERR);
}

static void specification_mono_plays_on_both_sides(void **state)
{
    struct guest *guest = *state;
    int16_t mono[48], played[96];
    fill_mono(mono, 48, 0);
    assert_int_equal(guest_set_params(guest, 0, 1), VIRTIO_SND_S_OK);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_PREPARE), VIRTIO_SND_S_OK);
    assert_int_equal(command(guest, VIRTIO_SND_R_PCM_START), VIRTIO_SND_S_OK);
    guest_submit_tx(guest, 0, mono, sizeof(mono));
    guest_advance(guest, MS);
    assert_int_equal(guest_played(guest, played, 48), 48);
    for (int i = 0; i < 96; i++)
        assert_int_equal(played[i], mono[i / 2]);
}

static void specification_more_in_flight_than_entries_needs_reset(void **state)
{
    struct guest *guest = *state;
    guest_prepare(guest, 0);
    uint64_t header = guest_alloc(guest, 8), status = guest_alloc(guest, 8);
    struct part parts[] = {{header, 4, 0}, {status, 8, WRITE}};
    for (int i = 0; i < 65; i++) {
        guest_add(guest, TXQ, parts, 2);
        guest_kick(guest, TXQ);
    }
    assert_true(guest_status(guest) & VIRTIO_STATUS_NEEDS_RESET);
}

#define WITH(f, options) {#f, f, guest_setup_up, guest_teardown, options}
#define AERO(f) WITH(f, "aero")
#define SPECIFICATION(f) WITH(f, "specification")
#define TEST(f) IN_BOTH_DIALECTS(f, guest_setup_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(samples_arrive_bit_for_bit),
        TEST(header_and_samples_may_be_split_anywhere),
        TEST(the_answer_is_status_and_latency_0),
        TEST(a_header_alone_is_ok_and_plays_nothing),
        TEST(wrong_stream_or_framing_is_bad),
        TEST(short_headers_are_bad),
        TEST(payload_cap_is_256_kib),
        TEST(unreadable_memory_is_bad),
        TEST(no_room_for_the_status_writes_nothing),
        TEST(the_clock_starts_at_start_and_never_drifts),
        TEST(a_clock_that_steps_back_is_held),
        TEST(nothing_is_played_outside_running),
        TEST(silence_is_told_apart),
        TEST(each_start_begins_a_new_silence_account),
        TEST(take_playback_gives_no_more_than_was_played),
        TEST(what_was_played_waits_for_the_host_for_ever),
        TEST(reset_drops_what_is_buffered_and_touches_nothing),
        AERO(aero_completes_at_once),
        AERO(aero_takes_transfers_in_running_only),
        AERO(aero_overfill_drops_the_oldest),
        AERO(aero_one_transfer_larger_than_the_ring_keeps_its_end),
        WITH(aero_ring_size_is_a_knob, "aero,ring_ms=10"),
        AERO(aero_leaving_running_clears_the_ring),
        AERO(aero_start_while_running_keeps_the_clock),
        AERO(aero_four_byte_header_swallows_the_first_frame),
        AERO(aero_reads_samples_on_arrival),
        SPECIFICATION(specification_eight_byte_header_inserts_a_silent_frame),
        SPECIFICATION(specification_prefill_is_played_after_start),
        SPECIFICATION(specification_takes_no_transfer_before_prepare),
        SPECIFICATION(specification_completes_when_played),
        SPECIFICATION(specification_reads_samples_when_it_plays_them),
        WITH(specification_reads_samples_on_arrival_with_the_knob, "specification,tx_read=early"),
        SPECIFICATION(specification_stop_keeps_what_is_pending),
        SPECIFICATION(specification_release_completes_all_before_it_answers),
        SPECIFICATION(specification_keeps_one_transfer_when_told_to),
        SPECIFICATION(specification_new_params_drop_a_prefill),
        SPECIFICATION(specification_mono_plays_on_both_sides),
        SPECIFICATION(specification_more_in_flight_than_entries_needs_reset),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
