/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What devices do to a driver that is late, gives up early or is refused: knobs, each with what it changes. */
#include "guest.h"

#define OK VIRTIO_SND_S_OK
#define BAD VIRTIO_SND_S_BAD_MSG
#define NOT_SUPP VIRTIO_SND_S_NOT_SUPP
#define IO_ERR VIRTIO_SND_S_IO_ERR
#define TXQ VIRTIO_SND_QUEUE_TX
#define RXQ VIRTIO_SND_QUEUE_RX
#define PERIOD_FRAMES 480u
#define RX_BYTES (2u * PERIOD_FRAMES)
#define EVENT_IDX BIT64(VIRTIO_F_RING_EVENT_IDX)

static struct xfer play(struct guest *guest, int first)
{
    int16_t pcm[2 * PERIOD_FRAMES];
    fill_stereo(pcm, PERIOD_FRAMES, first);
    return guest_submit_tx(guest, 0, pcm, sizeof(pcm));
}

static struct virtio_snd_pcm_info told(struct guest *guest, uint32_t stream)
{
    struct virtio_snd_query_info request = {VIRTIO_SND_R_PCM_INFO, stream, 1, sizeof(struct virtio_snd_pcm_info)};
    struct virtio_snd_pcm_info info;
    assert_int_equal(guest_control(guest, &request, sizeof(request), &info, sizeof(info), NULL),
                     guest->status_base + OK);
    return info;
}

/* ---- what it has ---- */

static void it_is_mono(void **state)
{
    for (uint32_t stream = 0; stream < 2; stream++) {
        struct virtio_snd_pcm_info info = told(*state, stream);
        assert_int_equal(info.channels_min, 1);
        assert_int_equal(info.channels_max, 1);
        assert_int_equal(guest_set_params(*state, stream, 2), NOT_SUPP);
        assert_int_equal(guest_set_params(*state, stream, 1), OK);
    }
}

static void rates(void **state, bool out, bool in)
{
    const bool has_48000[] = {out, in};
    for (uint32_t stream = 0; stream < 2; stream++) {
        assert_int_equal((told(*state, stream).rates & BIT64(VIRTIO_SND_PCM_RATE_48000)) != 0, has_48000[stream]);
        assert_int_equal(told(*state, stream).rates & BIT64(6), BIT64(6)); /* 44100 */
        assert_int_equal(guest_set_params(*state, stream, 2), has_48000[stream] ? OK : NOT_SUPP);
    }
}

static void it_has_44100_only(void **state)
{
    rates(state, false, false);
}

static void its_output_has_44100_only(void **state)
{
    rates(state, false, true);
}

static void its_input_has_44100_only(void **state)
{
    rates(state, true, false);
}

static void vectors(struct guest *guest, unsigned count)
{
    const struct {
        uint32_t at;
        uint32_t queue; /* selected before */
    } registers[] = {{COMMON(MSIX_CONFIG), 0}, {COMMON(QUEUE_MSIX_VECTOR), 0}, {COMMON(QUEUE_MSIX_VECTOR), 3}};
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        guest_write(guest, COMMON(QUEUE_SELECT), 2, registers[i].queue);
        assert_int_equal(guest_read(guest, registers[i].at, 2), 0xFFFF);
        for (unsigned vector = 0; vector < 4; vector++) {
            guest_write(guest, registers[i].at, 2, vector);
            assert_int_equal(guest_read(guest, registers[i].at, 2), vector < count ? vector : 0xFFFF);
        }
        guest_write(guest, registers[i].at, 2, 0);
    }
    guest_write(guest, COMMON(DEVICE_STATUS), 1, 0);
    assert_int_equal(guest_read(guest, COMMON(MSIX_CONFIG), 2), 0xFFFF);
}

/* The capability of id 11h, or 0. */
static uint8_t msix(struct guest *guest)
{
    uint8_t at = (uint8_t)guest->ops->config_read(guest->dev, 0x34, 1);
    while (at && guest->ops->config_read(guest->dev, at, 1) != 0x11)
        at = (uint8_t)guest->ops->config_read(guest->dev, (uint16_t)(at + 1), 1);
    return at;
}

static void it_has_three_vectors(void **state)
{
    struct guest *guest = *state;
    assert_int_not_equal(msix(guest), 0);
    assert_int_equal(guest->ops->config_read(guest->dev, (uint16_t)(msix(guest) + 2), 2) & 0x7FF, 2);
    vectors(guest, 3);
}

static void it_has_no_vector(void **state)
{
    assert_int_equal(msix(*state), 0);
    vectors(*state, 0);
}

/* ---- a driver that gives up before it starts ---- */

static void a_release_before_start_sticks(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_prepare(guest, 0);
    play(guest, 0);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0), OK);
    guest_advance(guest, 100 * MS);
    assert_false(guest_reap(guest, TXQ, &used));
    assert_int_equal(guest_set_params(guest, 0, 2), BAD);
    guest_start(guest, 1); /* the other stream has nothing to do with it */
    guest_bring_up(guest);
    guest_start(guest, 0);
}

static void a_release_after_start_does_not(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 0);
    play(guest, 0);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_STOP, 0), OK);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0), OK);
    assert_true(guest_reap(guest, TXQ, &used));
    assert_int_equal(guest_set_params(guest, 0, 2), OK);
}

/* ---- a driver that is late ---- */

/* Two periods, 25 ms, four more and 30 ms; returns what was played, which begins with frame 1. */
static size_t play_late(struct guest *guest, int16_t *played, size_t room)
{
    size_t frames;
    guest_prepare(guest, 0);
    play(guest, 0);
    play(guest, PERIOD_FRAMES);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 0), OK);
    guest_advance(guest, 25 * MS);
    for (int i = 2; i < 6; i++)
        play(guest, i * (int)PERIOD_FRAMES);
    guest_advance(guest, 30 * MS);
    frames = guest_played(guest, played, room);
    assert_int_equal(frames, 55 * 48);
    assert_int_equal(played[0], 1);
    assert_int_equal(played[2 * (20 * 48 - 1)], 20 * 48);
    assert_int_equal(played[2 * (20 * 48)], 0);
    return frames;
}

static void who_is_late_loses_what_is_late(void **state)
{
    struct guest *guest = *state;
    int16_t played[2 * 55 * 48];
    size_t last = play_late(guest, played, 55 * 48) - 1;
    /* Silence until the step at 30 ms, and then as if there had been none: frame n at time n. */
    assert_int_equal(played[2 * 30 * 48 - 2], 0);
    assert_int_equal(played[2 * 30 * 48], 30 * 48 + 1);
    assert_int_equal(played[2 * last], (int16_t)(last + 1));
    assert_int_equal(guest_stats(guest).late_dropped_frames, 10 * 48);
    assert_int_equal(guest_stats(guest).underrun_frames, 10 * 48);
}

static void who_is_late_is_heard_late(void **state)
{
    struct guest *guest = *state;
    int16_t played[2 * 55 * 48];
    size_t last = play_late(guest, played, 55 * 48) - 1;
    assert_int_equal(guest_stats(guest).late_dropped_frames, 0);
    assert_int_equal(guest_stats(guest).underrun_frames, 10 * 48);
    assert_int_equal(played[2 * last], (int16_t)(last + 1 - 10 * 48));
}

static void who_is_in_time_loses_nothing(void **state)
{
    struct guest *guest = *state;
    guest_prepare(guest, 0);
    for (int i = 0; i < 6; i++)
        play(guest, i * (int)PERIOD_FRAMES);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 0), OK);
    guest_advance(guest, 50 * MS);
    assert_int_equal(guest_stats(guest).late_dropped_frames, 0);
}

/* ---- a recording that breaks off ---- */

static void a_recording_breaks_off(void **state)
{
    struct guest *guest = *state;
    struct used used;
    struct xfer xfer[3];
    int16_t mono[PERIOD_FRAMES], after[2];
    guest_prepare(guest, 1);
    for (unsigned i = 0; i < 3; i++)
        xfer[i] = guest_submit_rx(guest, 1, RX_BYTES);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 1), OK);
    for (int i = 0; i < 3; i++) {
        fill_mono(mono, PERIOD_FRAMES, i * (int)PERIOD_FRAMES);
        guest_speak(guest, mono, PERIOD_FRAMES);
        guest_advance(guest, 10 * MS);
    }
    assert_true(guest_reap(guest, RXQ, &used));
    assert_int_equal(used.length, RX_BYTES + 8);
    assert_true(guest_reap(guest, RXQ, &used));
    assert_int_equal(used.length, RX_BYTES / 2 + 8);
    assert_int_equal(guest_xfer_status(guest, &xfer[1]), NO_ANSWER);
    assert_int_equal(guest_get32(guest, xfer[1].payload + RX_BYTES / 2), guest->status_base + IO_ERR);
    assert_true(guest_reap(guest, RXQ, &used));
    guest_get(guest, xfer[2].payload, after, sizeof(after));
    assert_int_equal(after[0], 2 * PERIOD_FRAMES + 1); /* its time passed all the same */
}

/* ---- EVENT_IDX and flags ---- */

static void poke(struct guest *guest, uint16_t flags)
{
    guest_put16(guest, guest->queues[VIRTIO_SND_QUEUE_CONTROL].avail + VRING_AVAIL_OFF_FLAGS, flags);
    guest_set_params(guest, 0, 2);
}

static void flags_beside_event_idx_are_counted(void **state)
{
    struct guest *guest = *state;
    guest_enable_pci(guest);
    guest_negotiate(guest, CONTRACT_FEATURES | EVENT_IDX);
    for (unsigned i = 0; i < VIRTIO_SND_QUEUE_COUNT; i++)
        guest_add_queue(guest, i, 64);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, UP);
    poke(guest, 0);
    assert_int_equal(guest_stats(guest).stray_flags, 0);
    poke(guest, VRING_AVAIL_F_NO_INTERRUPT);
    poke(guest, 0x8000);
    assert_int_equal(guest_stats(guest).stray_flags, 2);
}

static void flags_without_event_idx_are_fine(void **state)
{
    struct guest *guest = *state;
    guest_bring_up(guest);
    poke(guest, VRING_AVAIL_F_NO_INTERRUPT);
    assert_int_equal(guest_stats(guest).stray_flags, 0);
}

/* ---- transfers ---- */

/* What is written in a chain before it is given back says nothing: here it is OK at once, and in the end it is not. */
static void its_status_is_early(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 0);
    guest_start(guest, 1);
    struct xfer playing = play(guest, 0), recording = guest_submit_rx(guest, 1, RX_BYTES);
    assert_int_equal(guest_xfer_status(guest, &playing), OK);
    assert_int_equal(guest_xfer_status(guest, &recording), OK);
    assert_false(guest_reap(guest, TXQ, &used));
    assert_false(guest_reap(guest, RXQ, &used));
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_STOP, 0), OK);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0), OK);
    assert_true(guest_reap(guest, TXQ, &used));
    assert_int_equal(guest_xfer_status(guest, &playing), IO_ERR);
}

static void its_status_comes_with_the_end(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    struct xfer recording = guest_submit_rx(guest, 1, RX_BYTES);
    assert_int_equal(guest_xfer_status(guest, &recording), NO_ANSWER);
}

/* ---- memory ---- */

/* A chain in the TX queue that reads from `address`, with its status there too when `writes`. */
static bool lends_twice(struct guest *guest, uint64_t address, bool writes)
{
    const struct part parts[] = {{address, 8, 0}, {writes ? address : guest_alloc(guest, 8), 8, VRING_DESC_F_WRITE}};
    uint64_t where = 0;
    guest_add(guest, TXQ, parts, 2);
    if (!vsnd_lent_twice(guest->dev, TXQ, &where))
        return false;
    assert_int_equal(where, address);
    return true;
}

/* Two chains that wait, each of `count` buffers: where they clash; 0: nowhere. */
static uint64_t clash_of(const struct part *one, const struct part *other, unsigned count)
{
    struct guest *guest = guest_open("aero");
    uint64_t where = 0;
    guest_bring_up(guest);
    guest_add(guest, TXQ, one, count);
    guest_add(guest, TXQ, other, count);
    bool found = vsnd_lent_twice(guest->dev, TXQ, &where);
    guest_close(guest);
    return found ? where : 0;
}

/* Each buffer of a chain may be the one, whatever lies between them, and by one byte. */
static void every_buffer_counts(void **state)
{
    enum { W = VRING_DESC_F_WRITE };
    static const struct {
        struct part one[3], other[3];
        uint64_t address;
    } pairs[] = {
        {{{0x5000, 8, 0}, {0x1000, 8, W}, {0x9000, 8, W}}, {{0x6000, 8, 0}, {0x7000, 8, W}, {0x9007, 8, W}}, 0x9007},
        {{{0x5000, 8, 0}, {0x1000, 8, W}, {0x9000, 8, W}}, {{0x6000, 8, 0}, {0x0FF9, 8, W}, {0x0800, 8, W}}, 0x1000},
        {{{0x5000, 8, 0}, {0x1000, 8, W}, {0x9000, 8, W}}, {{0x5007, 8, W}, {0x5100, 8, W}, {0x5200, 8, W}}, 0x5007},
        {{{0x5000, 8, 0}, {0x1000, 8, W}, {0x9000, 8, W}}, {{0x5000, 8, 0}, {0x1008, 8, W}, {0x8FF8, 8, W}}, 0},
        {{{0x5000, 8, 0}, {0x1000, 8, W}, {0x1008, 8, W}}, {{0x1010, 8, W}, {0x1018, 8, W}, {0x1020, 8, W}}, 0},
        {{{0x5000, 8, 0}, {0x1000, 8, W}, {UINT64_MAX, 9, W}}, {{0x6000, 8, 0}, {0x1007, 8, W}, {8, 8, W}}, 0x1007},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_int_equal(clash_of(pairs[i].one, pairs[i].other, 3), pairs[i].address);
        assert_int_equal(clash_of(pairs[i].other, pairs[i].one, 3), pairs[i].address);
    }
}

static void what_is_held_is_not_lent_again(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    struct xfer recording = guest_submit_rx(guest, 1, RX_BYTES);
    assert_true(lends_twice(guest, recording.payload + RX_BYTES - 8, false));
}

static bool lends_again_after(struct guest *guest, uint64_t ns, bool release)
{
    guest_advance(guest, 1 * MS); /* the device has begun to keep what it gets */
    guest_start(guest, 0);
    struct xfer playing = play(guest, 0);
    guest_advance(guest, ns);
    if (release) {
        assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_STOP, 0), OK);
        assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0), OK);
    }
    return lends_twice(guest, playing.payload, true);
}

static void what_is_waited_for_is_not_lent_again(void **state)
{
    assert_true(lends_again_after(*state, 999 * MS, false));
}

static void what_is_left_behind_is_lent_again(void **state)
{
    assert_false(lends_again_after(*state, 1000 * MS, false));
}

static void what_was_asked_back_is_not_lent_again(void **state)
{
    assert_true(lends_again_after(*state, 1000 * MS, true));
}

static void what_is_held_is_not_written_again(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    struct xfer playing = play(guest, 0);
    assert_false(lends_twice(guest, playing.payload, false)); /* read by both */
    guest_kick(guest, TXQ);
    assert_true(lends_twice(guest, playing.payload, true));
}

static void what_was_given_back_is_lent_again(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 1);
    struct xfer recording = guest_submit_rx(guest, 1, RX_BYTES);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_STOP, 1), OK);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 1), OK);
    assert_false(lends_twice(guest, recording.payload, true));
}

static void two_that_wait_have_nothing_in_common(void **state)
{
    struct guest *guest = *state;
    uint64_t memory = guest_alloc(guest, 8);
    assert_false(lends_twice(guest, memory, true));
    assert_true(lends_twice(guest, memory, false));
}

/* ---- power ---- */

/* What was up before power went has gone with it; that it comes back changes nothing more, nor what came between. */
static void power_is_lost_once(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_start(guest, 0);
    play(guest, 0);
    vsnd_power(guest->dev, false);
    assert_int_equal(guest_status(guest), 0);
    assert_int_equal(guest_stats(guest).stream[0].state, VSND_STREAM_IDLE);
    assert_int_equal(vsnd_pending(guest->dev, 0), 0);
    guest_advance(guest, 50 * MS);
    assert_false(guest_reap(guest, TXQ, &used));
    guest_bring_up(guest);
    guest_start(guest, 0);
    play(guest, 0);
    vsnd_power(guest->dev, true);
    assert_int_equal(guest_status(guest), UP);
    assert_int_equal(guest_stats(guest).stream[0].state, VSND_STREAM_RUNNING);
    assert_int_equal(vsnd_pending(guest->dev, 0), 1);
}

int main(void)
{
#define WITH(test, options) {#test " " options, test, guest_setup_up, guest_teardown, (void *)(uintptr_t)options}
#define COLD(test, options) {#test " " options, test, guest_setup, guest_teardown, (void *)(uintptr_t)options}
    const struct CMUnitTest tests[] = {
        WITH(it_is_mono, "specification,channels=mono"),
        WITH(it_is_mono, "qemu,channels=mono,channels_max=fixed"),
        WITH(it_has_44100_only, "specification,rates=44100"),
        WITH(its_output_has_44100_only, "acrn,rates=44100_out"),
        WITH(its_input_has_44100_only, "specification,rates=44100_in"),
        WITH(it_has_three_vectors, "qemu,vectors=3"),
        WITH(it_has_no_vector, "qemu,vectors=0"),
        WITH(it_has_no_vector, "specification"),
        WITH(it_has_no_vector, "specification,vectors=3"),
        WITH(it_has_no_vector, "specification,msix=enabled"), /* nor room for the table */
        WITH(it_has_no_vector, "aero,msix=off"),
        WITH(a_release_before_start_sticks, "acrn"),
        WITH(a_release_before_start_sticks, "specification,release=sticks"),
        WITH(a_release_after_start_does_not, "specification,release=sticks"),
        WITH(who_is_late_loses_what_is_late, "specification,completion=burst,late=dropped"),
        WITH(who_is_late_is_heard_late, "specification,completion=burst"),
        WITH(who_is_in_time_loses_nothing, "specification,completion=burst,late=dropped"),
        WITH(a_recording_breaks_off, "specification,rx_status=data,fault=rx_error,after=1"),
        COLD(flags_beside_event_idx_are_counted, "specification,event_idx=on"),
        COLD(flags_without_event_idx_are_fine, "specification"),
        WITH(its_status_is_early, "specification,early_status=on,flush=io_err"),
        WITH(its_status_comes_with_the_end, "specification"),
        WITH(its_status_comes_with_the_end, "specification,early_status=on,rx_status=data"),
        cmocka_unit_test(every_buffer_counts),
        WITH(what_is_held_is_not_lent_again, "specification"),
        WITH(what_is_waited_for_is_not_lent_again, "specification,fault=keeps,after=0"),
        WITH(what_is_left_behind_is_lent_again, "specification,fault=keeps,after=0"),
        WITH(what_was_asked_back_is_not_lent_again, "specification,fault=keeps,after=0"),
        WITH(what_is_held_is_not_written_again, "specification"),
        WITH(what_was_given_back_is_lent_again, "specification"),
        WITH(two_that_wait_have_nothing_in_common, "specification"),
        WITH(power_is_lost_once, "specification"),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
