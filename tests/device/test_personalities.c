/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The devices that exist, one difference after the other, and the knobs that give a device each of them. */
#include "guest.h"

#define OK VIRTIO_SND_S_OK
#define BAD VIRTIO_SND_S_BAD_MSG
#define NOT_SUPP VIRTIO_SND_S_NOT_SUPP
#define IO_ERR VIRTIO_SND_S_IO_ERR
#define TXQ VIRTIO_SND_QUEUE_TX
#define RXQ VIRTIO_SND_QUEUE_RX
#define WRITE VRING_DESC_F_WRITE
#define PERIOD_FRAMES 480u
#define RX_BYTES (2u * PERIOD_FRAMES)
#define TX_BYTES (4u * PERIOD_FRAMES)
#define DEAD (UP | VIRTIO_STATUS_NEEDS_RESET)

static uint32_t stop(struct guest *guest, uint32_t id)
{
    return guest_command(guest, VIRTIO_SND_R_PCM_STOP, id);
}

static uint32_t release(struct guest *guest, uint32_t id)
{
    return guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, id);
}

static uint32_t query(struct guest *guest, uint32_t start, uint32_t count, struct virtio_snd_pcm_info *info,
                      uint32_t *used)
{
    struct virtio_snd_query_info request = {VIRTIO_SND_R_PCM_INFO, start, count, sizeof(*info)};
    return guest_control(guest, &request, sizeof(request), info, count * (uint32_t)sizeof(*info), used) -
           guest->status_base;
}

static struct xfer play(struct guest *guest, uint32_t id)
{
    int16_t pcm[2 * PERIOD_FRAMES];
    fill_stereo(pcm, PERIOD_FRAMES, 0);
    return guest_submit_tx(guest, id, pcm, sizeof(pcm));
}

static void speak(struct guest *guest, size_t frames)
{
    int16_t mono[PERIOD_FRAMES];
    fill_mono(mono, frames, 0);
    assert_int_equal(guest_speak(guest, mono, frames), frames);
}

/* ---- PCI ---- */

static uint8_t find_capability(struct guest *guest, uint8_t id, uint8_t type)
{
    uint32_t at = guest->ops->config_read(guest->dev, 0x34, 1);
    while (at && !(guest->ops->config_read(guest->dev, (uint16_t)at, 1) == id &&
                   (!type || guest->ops->config_read(guest->dev, (uint16_t)(at + 3), 1) == type)))
        at = guest->ops->config_read(guest->dev, (uint16_t)(at + 1), 1);
    return (uint8_t)at;
}

static void qemu_has_msix_in_bar_1_and_registers_in_bar_4(void **state)
{
    struct guest *guest = *state;
    uint8_t common = find_capability(guest, 9, VIRTIO_PCI_CAP_COMMON_CFG);
    uint8_t msix = find_capability(guest, 0x11, 0);
    assert_int_not_equal(common, 0);
    assert_int_equal(guest->ops->config_read(guest->dev, (uint16_t)(common + 4), 1), 4);
    assert_int_not_equal(msix, 0);
    assert_int_equal(guest->ops->config_read(guest->dev, (uint16_t)(msix + 4), 4) & 7, 1);
    guest->ops->bar_write(guest->dev, 1, 0x10, 4, 0x12345678); /* its table is memory */
    assert_int_equal(guest->ops->bar_read(guest->dev, 1, 0x10, 4), 0x12345678);
    assert_int_equal(guest_read(guest, DEVICE_REGISTER(STREAMS), 4), 2);
    assert_int_equal(guest_read(guest, DEVICE_REGISTER(JACKS) + 16, 4), 0xFFFFFFFF);
}

static void qemu_reaches_registers_through_configuration_space(void **state)
{
    struct guest *guest = *state;
    uint8_t cap = find_capability(guest, 9, VIRTIO_PCI_CAP_PCI_CFG);
    assert_int_not_equal(cap, 0);
    guest->ops->config_write(guest->dev, (uint16_t)(cap + 4), 1, 4);
    guest->ops->config_write(guest->dev, (uint16_t)(cap + 8), 4, VIRTIO_COMMON_DEVICE_STATUS);
    guest->ops->config_write(guest->dev, (uint16_t)(cap + 12), 4, 1);
    assert_int_equal(guest->ops->config_read(guest->dev, (uint16_t)(cap + 16), 1), UP);
    guest->ops->config_write(guest->dev, (uint16_t)(cap + 16), 1, 0);
    assert_int_equal(guest_status(guest), 0);
}

/* ---- control ---- */

static void control_length(void **state, uint32_t wanted)
{
    struct virtio_snd_pcm_info info[2];
    uint32_t used = 0;
    assert_int_equal(query(*state, 0, 2, info, &used), OK);
    assert_int_equal(used, wanted);
    assert_int_equal(info[1].direction, VIRTIO_SND_D_INPUT);
}

static void used_length_is_exact(void **state)
{
    control_length(state, 4 + 64);
}

static void used_length_counts_the_status_only(void **state)
{
    control_length(state, 4);
}

static void used_length_is_more_than_there_is(void **state)
{
    control_length(state, 4 + 64 + 0x10000);
}

static void a_query_for_nothing_is_bad(void **state)
{
    assert_int_equal(query(*state, 0, 0, NULL, NULL), BAD);
}

static void a_query_for_nothing_is_fine(void **state)
{
    assert_int_equal(query(*state, 0, 0, NULL, NULL), OK);
}

static void stream_0_records(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_info info[2];
    assert_int_equal(query(guest, 0, 2, info, NULL), OK);
    assert_int_equal(info[0].direction, VIRTIO_SND_D_INPUT);
    assert_int_equal(info[1].direction, VIRTIO_SND_D_OUTPUT);
    assert_int_equal(guest_set_params(guest, 1, 2), OK);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_PREPARE, 1), OK);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 1), OK);
    struct xfer xfer = play(guest, 1);
    guest_advance(guest, 20 * MS);
    assert_int_equal(guest_xfer_status(guest, &xfer), OK);
    int16_t played[2];
    assert_int_equal(guest_played(guest, played, 1), 1);
    assert_int_equal(played[0], 1);
}

static void only_one_direction(void **state, uint32_t direction)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_info info;
    assert_int_equal(guest_read(guest, DEVICE_REGISTER(STREAMS), 4), 1);
    assert_int_equal(query(guest, 0, 1, &info, NULL), OK);
    assert_int_equal(info.direction, direction);
    assert_int_equal(query(guest, 1, 1, &info, NULL), BAD);
    assert_int_equal(guest_set_params(guest, 1, 1), BAD);
    assert_int_equal(guest_set_params(guest, 0, 1), OK);
}

static void only_output(void **state)
{
    only_one_direction(state, VIRTIO_SND_D_OUTPUT);
}

static void only_input(void **state)
{
    only_one_direction(state, VIRTIO_SND_D_INPUT);
}

static void no_stream(void **state)
{
    assert_int_equal(guest_read(*state, DEVICE_REGISTER(STREAMS), 4), 0);
    assert_int_equal(guest_set_params(*state, 0, 1), BAD);
}

static void prepare_rewrites_channels_max_for_good(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_info info;
    assert_int_equal(guest_set_params(guest, 0, 1), OK);
    query(guest, 0, 1, &info, NULL);
    assert_int_equal(info.channels_max, 2);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_PREPARE, 0), OK);
    guest_bring_up(guest); /* begins with a reset */
    query(guest, 0, 1, &info, NULL);
    assert_int_equal(info.channels_max, 1);
    assert_int_equal(guest_set_params(guest, 0, 2), OK);
}

static void commands_work_in_any_order(void **state)
{
    struct guest *guest = *state;
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 0), OK);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 0), OK);
    guest_advance(guest, 30 * MS);
    assert_int_equal(release(guest, 0), OK);
    assert_int_equal(stop(guest, 0), OK);
    assert_int_equal(stop(guest, 0), OK);
}

static void commands_out_of_turn_are(void **state, uint32_t status)
{
    struct guest *guest = *state;
    assert_int_equal(stop(guest, 0), status);
    assert_int_equal(release(guest, 0), status);
    assert_int_equal(guest_status(guest), UP);
}

static void commands_out_of_turn_are_not_supported(void **state)
{
    commands_out_of_turn_are(state, NOT_SUPP);
}

static void commands_out_of_turn_are_bad(void **state)
{
    commands_out_of_turn_are(state, BAD);
}

static void a_start_out_of_turn_is_its_end(void **state)
{
    struct guest *guest = *state;
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 0), NO_ANSWER - guest->status_base);
    assert_int_equal(guest_status(guest), DEAD);
}

static void a_release_of_no_stream_is_its_end(void **state)
{
    struct guest *guest = *state;
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_PREPARE, 7), BAD);
    assert_int_equal(release(guest, 7), NO_ANSWER - guest->status_base);
    assert_int_equal(guest_status(guest), DEAD);
}

static void stop_leads_back_to_prepared(void **state)
{
    struct guest *guest = *state;
    guest_set_params(guest, 1, 2);
    guest_command(guest, VIRTIO_SND_R_PCM_PREPARE, 1);
    assert_int_equal(guest_set_params(guest, 1, 2), BAD); /* once prepared, no new ones */
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 1), OK);
    assert_int_equal(stop(guest, 1), OK);
    play(guest, 1);
    assert_int_equal(guest_status(guest), UP);
    assert_int_equal(release(guest, 1), OK);
}

/* ---- transfers ---- */

static void a_period_between_stop_and_start_is_its_end(void **state)
{
    struct guest *guest = *state;
    guest_start(guest, 0);
    assert_int_equal(stop(guest, 0), OK);
    play(guest, 0);
    assert_int_equal(guest_status(guest), DEAD);
}

static void more_than_two_buffers_in_flight_are_its_end(void **state)
{
    struct guest *guest = *state;
    guest_set_params(guest, 1, 2);
    guest_command(guest, VIRTIO_SND_R_PCM_PREPARE, 1);
    for (unsigned i = 0; i < 8; i++)
        play(guest, 1);
    assert_int_equal(guest_status(guest), UP);
    play(guest, 1);
    assert_int_equal(guest_status(guest), DEAD);
}

static void a_transfer_is_exactly_a_period(void **state)
{
    struct guest *guest = *state;
    int16_t pcm[2 * PERIOD_FRAMES] = {0};
    guest_prepare(guest, 0);
    struct xfer whole = guest_submit_tx(guest, 0, pcm, TX_BYTES);
    struct xfer shorter = guest_submit_tx(guest, 0, pcm, TX_BYTES - 4);
    assert_int_equal(guest_xfer_status(guest, &whole), NO_ANSWER);
    assert_int_equal(guest_xfer_status(guest, &shorter), IO_ERR);
}

static void a_transfer_of_another_size_is_counted(void **state)
{
    struct guest *guest = *state;
    int16_t pcm[2 * PERIOD_FRAMES + 2] = {0};
    guest_prepare(guest, 0);
    guest_submit_tx(guest, 0, pcm, TX_BYTES);
    assert_int_equal(guest_stats(guest).odd_periods, 0);
    guest_submit_tx(guest, 0, pcm, TX_BYTES - 4);
    guest_submit_tx(guest, 0, pcm, TX_BYTES + 4);
    assert_int_equal(guest_stats(guest).odd_periods, 2);
}

static void descriptors_are_counted(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_hdr request = {VIRTIO_SND_R_PCM_PREPARE, 0};
    uint64_t at = guest_alloc(guest, 64);
    struct part parts[] = {{at, 4, 0}, {at + 4, 4, 0}, {at + 16, 4, WRITE}};
    struct used used;
    guest_set_params(guest, 0, 2);
    guest_put(guest, at, &request, sizeof(request));
    guest_put32(guest, at + 16, NO_ANSWER);
    guest_add(guest, VIRTIO_SND_QUEUE_CONTROL, parts, 3);
    guest_kick(guest, VIRTIO_SND_QUEUE_CONTROL);
    assert_true(guest_reap(guest, VIRTIO_SND_QUEUE_CONTROL, &used));
    assert_int_equal(used.length, 0);
    assert_int_equal(guest_get32(guest, at + 16), NO_ANSWER);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_PREPARE, 0), OK);

    struct part tx[] = {{at, 2, 0}, {at + 2, 2, 0}, {at, 16, 0}, {at + 32, 8, WRITE}};
    guest_put32(guest, at + 32, NO_ANSWER);
    guest_add(guest, TXQ, tx, 4); /* the header in two */
    guest_kick(guest, TXQ);
    assert_true(guest_reap(guest, TXQ, &used));
    assert_int_equal(used.length, 0);
    assert_int_equal(guest_get32(guest, at + 32), NO_ANSWER);
}

/* RELEASE with half a period recorded: what the transfer looks like. */
static struct xfer flush_half(struct guest *guest, struct used *used)
{
    guest_prepare(guest, 1);
    struct xfer xfer = guest_submit_rx(guest, 1, RX_BYTES);
    guest_command(guest, VIRTIO_SND_R_PCM_START, 1);
    speak(guest, PERIOD_FRAMES / 2);
    guest_advance(guest, 5 * MS);
    stop(guest, 1);
    assert_int_equal(release(guest, 1), OK);
    assert_true(guest_reap(guest, RXQ, used));
    return xfer;
}

static void the_status_lies_behind_the_data(void **state)
{
    struct guest *guest = *state;
    struct used used;
    struct xfer xfer = flush_half(guest, &used);
    assert_int_equal(used.length, RX_BYTES / 2 + 8);
    assert_int_equal(guest_xfer_status(guest, &xfer), NO_ANSWER);
    assert_int_equal(guest_get32(guest, xfer.payload + used.length - 8), guest->status_base);
}

static void the_status_lies_at_the_end(void **state)
{
    struct guest *guest = *state;
    struct used used;
    struct xfer xfer = flush_half(guest, &used);
    assert_int_equal(used.length, RX_BYTES / 2 + 8);
    assert_int_equal(guest_xfer_status(guest, &xfer), OK);
}

static void a_flush_claims_a_whole_period(void **state)
{
    struct used used;
    flush_half(*state, &used);
    assert_int_equal(used.length, RX_BYTES + 8);
}

static void recorded_pieces_come_as_they_are(void **state)
{
    struct guest *guest = *state;
    struct used used;
    guest_prepare(guest, 1);
    struct xfer xfer = guest_submit_rx(guest, 1, RX_BYTES);
    guest_command(guest, VIRTIO_SND_R_PCM_START, 1);
    speak(guest, 48);
    guest_advance(guest, MS);
    assert_true(guest_reap(guest, RXQ, &used));
    assert_int_equal(used.length, 2 * 48 + 8);
    assert_int_equal(guest_xfer_status(guest, &xfer), OK);
}

static void release_answers_before_it_gives_back(void **state, uint32_t status)
{
    struct guest *guest = *state;
    struct used used;
    guest_prepare(guest, 0);
    guest_command(guest, VIRTIO_SND_R_PCM_START, 0);
    guest_command(guest, VIRTIO_SND_R_PCM_STOP, 0);
    struct xfer xfer = play(guest, 0);
    assert_int_equal(release(guest, 0), OK);
    assert_false(guest_reap(guest, TXQ, &used));
    assert_int_equal(guest_set_params(guest, 0, 2), BAD);
    guest_advance(guest, 4 * MS);
    assert_true(guest_reap(guest, TXQ, &used));
    assert_int_equal(guest_xfer_status(guest, &xfer), status);
    assert_int_equal(guest_set_params(guest, 0, 2), OK);
}

static void release_answers_first_then_flushes(void **state)
{
    release_answers_before_it_gives_back(state, OK);
}

static void release_answers_first_then_flushes_as_bad(void **state)
{
    release_answers_before_it_gives_back(state, BAD);
}

static void a_flush_is_an_error(void **state)
{
    struct guest *guest = *state;
    guest_prepare(guest, 0);
    struct xfer xfer = play(guest, 0);
    assert_int_equal(release(guest, 0), OK);
    assert_int_equal(guest_xfer_status(guest, &xfer), IO_ERR);
}

/* ---- clocks ---- */

/* Frames that are played `ms` after START, of a stream with plenty to play. */
static size_t played_after(struct guest *guest, unsigned ms)
{
    static int16_t pcm[2 * 4800], played[2 * 9600];
    guest_prepare(guest, 0);
    for (unsigned i = 0; i < 2; i++)
        guest_submit_tx(guest, 0, pcm, sizeof(pcm));
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 0), OK);
    guest_advance(guest, ms * MS);
    return guest_played(guest, played, 9600);
}

static void the_clock_is_fast(void **state)
{
    assert_int_equal(played_after(*state, 100), 4848);
}

static void the_clock_is_slow(void **state)
{
    assert_int_equal(played_after(*state, 100), 4752);
}

/* One knob for each direction, and what the host is told of them. */
static void each_direction_has_its_own_clock(void **state)
{
    struct guest *guest = *state;
    uint64_t frames = 1;
    assert_true(vsnd_clock_frames(guest->dev, 1, guest->now, &frames));
    assert_int_equal(frames, 0);
    assert_int_equal(played_after(guest, 100), 4848);
    assert_true(vsnd_clock_frames(guest->dev, 0, guest->now, &frames));
    assert_int_equal(frames, 4848);
    guest_start(guest, 1);
    uint64_t start = guest->now;
    guest_advance(guest, 1000 * MS);
    vsnd_clock_frames(guest->dev, 1, start + 1000 * MS, &frames);
    assert_int_equal(frames, 47520);
}

static void without_a_knob_the_clock_is_the_hosts(void **state)
{
    struct guest *guest = *state;
    uint64_t frames;
    assert_false(vsnd_clock_frames(guest->dev, 0, guest->now, &frames));
    assert_false(vsnd_clock_frames(guest->dev, 1, guest->now, &frames));
}

/* The host may offer as much as it likes: the clock takes a millisecond ahead, and shows the driver none of that. */
static void the_clock_takes_what_it_wants(void **state)
{
    static int16_t mono[4800];
    struct guest *guest = *state;
    for (unsigned i = 0; i < 4800; i++)
        mono[i] = (int16_t)(i + 1);
    guest_start(guest, 1);
    guest_advance(guest, 10 * MS);
    assert_int_equal(guest_speak(guest, mono, 4800), 528);
    assert_int_equal(guest_speak(guest, mono, 4800), 0);
    struct xfer xfer = guest_submit_rx(guest, 1, 2 * 528);
    int16_t recorded[528];
    guest_get(guest, xfer.payload, recorded, sizeof(recorded));
    assert_int_equal(recorded[479], 480);
    assert_int_equal(recorded[480], 0);
    assert_int_equal(guest_stats(guest).rx_silence_frames, 48);
    guest_advance(guest, MS);
    xfer = guest_submit_rx(guest, 1, 2);
    guest_get(guest, xfer.payload, recorded, 2);
    assert_int_equal(recorded[0], 481); /* what was early comes when its time has come */
}

static void what_is_in_flight_is_told(void **state)
{
    struct guest *guest = *state;
    assert_true(vsnd_is_paced(guest->dev, 0));
    played_after(guest, 0);
    assert_int_equal(vsnd_pending(guest->dev, 0), 2);
    guest_advance(guest, 101 * MS);
    assert_int_equal(vsnd_pending(guest->dev, 0), 1);
    guest_advance(guest, 101 * MS);
    assert_int_equal(vsnd_pending(guest->dev, 0), 0);
}

static void nothing_sounds_for_a_second(void **state)
{
    assert_int_equal(played_after(*state, 990), 0);
    guest_advance(*state, 110 * MS);
    static int16_t played[2 * 9600];
    assert_int_equal(guest_played(*state, played, 9600), 4800);
}

static void nothing_ever_completes_before_release(void **state)
{
    struct guest *guest = *state;
    struct used used;
    assert_int_equal(played_after(guest, 2000), 0);
    assert_false(guest_reap(guest, TXQ, &used));
    stop(guest, 0);
    assert_int_equal(release(guest, 0), OK);
    assert_true(guest_reap(guest, TXQ, &used));
}

static void transfers_complete_in_the_doorbell(void **state)
{
    struct guest *guest = *state;
    guest_prepare(guest, 0);
    struct xfer xfer = play(guest, 0);
    assert_int_equal(guest_xfer_status(guest, &xfer), OK);
}

/* 1024 frames at START, then 480 every 10 ms: periods of 480 return at START (2), and one per step. */
static void completions_come_in_steps(void **state)
{
    struct guest *guest = *state;
    static const unsigned returned[] = {2, 2, 3, 3, 4};
    struct used used;
    unsigned count = 0;
    guest_prepare(guest, 0);
    for (unsigned i = 0; i < 8; i++)
        play(guest, 0);
    assert_int_equal(guest_command(guest, VIRTIO_SND_R_PCM_START, 0), OK);
    guest_advance(guest, MS);
    for (unsigned i = 0; i < 5; i++) {
        while (guest_reap(guest, TXQ, &used))
            count++;
        assert_int_equal(count, returned[i]);
        guest_advance(guest, i == 0 ? 8 * MS : i % 2 ? 2 * MS : 8 * MS);
    }
}

static void queue_sizes_are_a_knob(void **state)
{
    struct guest *guest = *state;
    for (unsigned i = 0; i < VIRTIO_SND_QUEUE_COUNT; i++) {
        guest_write(guest, COMMON(QUEUE_SELECT), 2, i);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_SIZE), 2), 4);
    }
}

#define WITH(f, options) {#f " (" options ")", f, guest_setup_up, guest_teardown, options}

/* Else each answer to nothing lets one more transfer in than the queue has entries. */
static void stale_answers_make_no_room_for_transfers(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_query_info request = {VIRTIO_SND_R_PCM_INFO, 0, 2, sizeof(struct virtio_snd_pcm_info)};
    struct virtio_snd_pcm_info answer[2];
    int16_t silence[480] = {0};
    guest_prepare(guest, 0);
    for (unsigned i = 0; i < 40; i++) {
        guest_submit_tx(guest, 0, silence, sizeof(silence));
        guest_control(guest, &request, sizeof(request), answer, sizeof(answer), NULL);
        assert_true(vsnd_pending(guest->dev, 0) <= 16);
    }
    assert_int_equal(vsnd_pending(guest->dev, 0), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(qemu_has_msix_in_bar_1_and_registers_in_bar_4, "qemu"),
        WITH(qemu_reaches_registers_through_configuration_space, "qemu"),
        WITH(used_length_is_exact, "qemu"),
        WITH(used_length_counts_the_status_only, "qemu8"),
        WITH(used_length_counts_the_status_only, "specification,ctl_len=status"),
        WITH(used_length_is_exact, "specification,ctl_len=whole"),
        WITH(used_length_is_more_than_there_is, "specification,ctl_len=huge"),
        WITH(a_query_for_nothing_is_bad, "vhost-device-sound"),
        WITH(a_query_for_nothing_is_bad, "android"),
        WITH(a_query_for_nothing_is_fine, "qemu"),
        WITH(stream_0_records, "android"),
        WITH(stream_0_records, "specification,streams=reversed"),
        WITH(only_output, "specification,streams=output"),
        WITH(only_input, "specification,streams=input"),
        WITH(no_stream, "specification,streams=none"),
        WITH(prepare_rewrites_channels_max_for_good, "qemu8"),
        WITH(prepare_rewrites_channels_max_for_good, "specification,channels_max=follows"),
        WITH(commands_work_in_any_order, "qemu"),
        WITH(commands_work_in_any_order, "specification,states=lax"),
        WITH(commands_out_of_turn_are_not_supported, "crosvm"),
        WITH(commands_out_of_turn_are_not_supported, "specification,refuse=not_supp"),
        WITH(commands_out_of_turn_are_bad, "vhost-device-sound"),
        WITH(commands_out_of_turn_are_bad, "android"),
        WITH(a_start_out_of_turn_is_its_end, "vhost-device-sound"),
        WITH(a_release_of_no_stream_is_its_end, "qemu"),
        WITH(stop_leads_back_to_prepared, "android"),
        WITH(a_period_between_stop_and_start_is_its_end, "vhost-device-sound"),
        WITH(more_than_two_buffers_in_flight_are_its_end, "android"),
        WITH(a_transfer_is_exactly_a_period, "crosvm"),
        WITH(a_transfer_is_exactly_a_period, "specification,period=exact"),
        WITH(a_transfer_of_another_size_is_counted, "specification"),
        WITH(a_transfer_of_another_size_is_counted, "qemu"),
        WITH(a_transfer_of_another_size_is_counted, "crosvm"),
        WITH(descriptors_are_counted, "acrn"),
        WITH(descriptors_are_counted, "specification,descriptors=exact"),
        WITH(the_status_lies_behind_the_data, "specification,rx_status=data"),
        WITH(the_status_lies_at_the_end, "crosvm"),
        WITH(a_flush_claims_a_whole_period, "specification,rx_status=period"),
        WITH(recorded_pieces_come_as_they_are, "specification,rx_partial=on"),
        WITH(release_answers_first_then_flushes, "specification,release=reply_first"),
        WITH(release_answers_first_then_flushes_as_bad, "acrn"),
        WITH(a_flush_is_an_error, "specification,flush=io_err"),
        WITH(the_clock_is_fast, "specification,ppm=10000"),
        WITH(the_clock_is_slow, "specification,ppm=-10000"),
        WITH(each_direction_has_its_own_clock, "specification,ppm_out=10000,ppm_in=-10000"),
        WITH(without_a_knob_the_clock_is_the_hosts, "specification"),
        WITH(the_clock_takes_what_it_wants, "aero,ppm=0"),
        WITH(what_is_in_flight_is_told, "specification"),
        WITH(nothing_sounds_for_a_second, "specification,completion=late"),
        WITH(nothing_ever_completes_before_release, "specification,completion=never"),
        WITH(transfers_complete_in_the_doorbell, "specification,completion=instant"),
        WITH(completions_come_in_steps, "qemu"),
        WITH(completions_come_in_steps, "specification,completion=burst"),
        WITH(stale_answers_make_no_room_for_transfers, "specification,completion=never,stale=on,queue=16"),
        WITH(queue_sizes_are_a_knob, "specification,queue=4"),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
