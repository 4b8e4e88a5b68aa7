/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The transitional and the I/O-port device: what configuration space shows, and the legacy register file. */
#include "guest.h"

#define QUEUE_PAGE 0x200000ull
#define QUEUE_BYTES 0x8000ull
#define INDIRECT (1u << VIRTIO_F_RING_INDIRECT_DESC)
#define READY (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER)

static uint32_t config(struct guest *guest, uint16_t offset, unsigned size)
{
    return guest->ops->config_read(guest->dev, offset, size);
}

static void set_config(struct guest *guest, uint16_t offset, unsigned size, uint32_t value)
{
    guest->ops->config_write(guest->dev, offset, size, value);
}

static int setup(void **state)
{
    guest_setup(state);
    set_config(*state, 0x04, 2, 0x0007);
    return 0;
}

/* Offset of the capability with this id, or 0. */
static uint16_t find_capability(struct guest *guest, uint8_t id)
{
    uint16_t at = (uint16_t)(config(guest, 0x06, 2) & 0x10 ? config(guest, 0x34, 1) : 0);
    while (at && config(guest, at, 1) != id)
        at = (uint16_t)config(guest, at + 1, 1);
    return at;
}

static void place_queue(struct guest *guest, unsigned index)
{
    struct guest_queue *queue = &guest->queues[index];
    guest_write(guest, VIRTIO_LEGACY_QUEUE_SELECT, 2, index);
    memset(queue, 0, sizeof(*queue));
    queue->size = (uint16_t)guest_read(guest, VIRTIO_LEGACY_QUEUE_SIZE, 2);
    queue->desc = QUEUE_PAGE + QUEUE_BYTES * index;
    queue->avail = queue->desc + 16u * queue->size;
    queue->used = (queue->avail + 6 + 2u * queue->size + 4095) & ~4095ull;
    guest_write(guest, VIRTIO_LEGACY_QUEUE_PFN, 4, queue->desc >> 12);
}

static void bring_up(struct guest *guest)
{
    guest_write(guest, VIRTIO_LEGACY_STATUS, 1, 0);
    guest_write(guest, VIRTIO_LEGACY_STATUS, 1, READY);
    guest_write(guest, VIRTIO_LEGACY_GUEST_FEATURES, 4, INDIRECT);
    for (unsigned i = 0; i < VIRTIO_SND_QUEUE_COUNT; i++)
        place_queue(guest, i);
    guest_write(guest, VIRTIO_LEGACY_STATUS, 1, READY | VIRTIO_STATUS_DRIVER_OK);
}

/* A request through the control queue; true when the device answered. */
static bool request_is_answered(struct guest *guest, const void *request, uint32_t bytes)
{
    uint64_t out = guest_alloc(guest, bytes), in = guest_alloc(guest, 4);
    struct part parts[] = {{out, bytes, 0}, {in, 4, VRING_DESC_F_WRITE}};
    struct used used;
    guest_put(guest, out, request, bytes);
    guest_add_indirect(guest, VIRTIO_SND_QUEUE_CONTROL, parts, 2);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_NOTIFY, 2, VIRTIO_SND_QUEUE_CONTROL);
    return guest_reap(guest, VIRTIO_SND_QUEUE_CONTROL, &used);
}

static bool command(struct guest *guest, uint32_t code)
{
    struct virtio_snd_pcm_hdr request = {code, 0};
    return request_is_answered(guest, &request, sizeof(request));
}

static bool device_answers(struct guest *guest)
{
    return command(guest, VIRTIO_SND_R_PCM_RELEASE);
}

static void transitional_shows_both_transports(void **state)
{
    struct guest *guest = *state;
    assert_int_equal(config(guest, 0x00, 4), 0x10181AF4);
    assert_int_equal(config(guest, 0x08, 1), 0);
    set_config(guest, 0x10, 4, 0xFFFFFFFF);
    assert_int_equal(config(guest, 0x10, 4), 0xFFFFFFC1);
    set_config(guest, 0x20, 4, 0xFFFFFFFF);
    set_config(guest, 0x24, 4, 0xFFFFFFFF);
    assert_int_equal(config(guest, 0x20, 4), 0xFFFFC004);
    assert_int_equal(config(guest, 0x24, 4), 0xFFFFFFFF);
    uint16_t at = find_capability(guest, 9);
    assert_true(at != 0);
    assert_int_equal(config(guest, at + 4, 1), 4);
    guest->ops->bar_write(guest->dev, 4, COMMON(DEVICE_FEATURE_SELECT), 4, 1);
    assert_int_equal(guest->ops->bar_read(guest->dev, 4, COMMON(DEVICE_FEATURE), 4), 1); /* VERSION_1 */
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_HOST_FEATURES, 4), INDIRECT);
}

static void ioport_shows_the_legacy_file_only(void **state)
{
    struct guest *guest = *state;
    assert_int_equal(config(guest, 0x00, 4), 0x10181AF4);
    assert_int_equal(config(guest, 0x08, 1), 0);
    assert_int_equal(config(guest, 0x06, 2) & 0x10, 0);
    assert_int_equal(config(guest, 0x34, 1), 0);
    set_config(guest, 0x04, 2, 0xFFFF);
    assert_int_equal(config(guest, 0x04, 2), 0x0405);
    for (uint16_t offset = 0x14; offset <= 0x24; offset += 4) {
        set_config(guest, offset, 4, 0xFFFFFFFF);
        assert_int_equal(config(guest, offset, 4), 0);
    }
}

static void ports_are_dead_without_io_enable(void **state)
{
    set_config(*state, 0x04, 2, 0x0006);
    assert_int_equal(guest_read(*state, VIRTIO_LEGACY_STATUS, 1), 0xFF);
    guest_write(*state, VIRTIO_LEGACY_STATUS, 1, 1);
    set_config(*state, 0x04, 2, 0x0001);
    assert_int_equal(guest_read(*state, VIRTIO_LEGACY_STATUS, 1), 0);
}

static void requests_travel_through_page_numbered_rings(void **state)
{
    struct guest *guest = *state;
    bring_up(guest);
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_QUEUE_PFN, 4), (QUEUE_PAGE + 3 * QUEUE_BYTES) >> 12);
    assert_true(device_answers(guest));
    assert_int_equal(guest_stats(guest).doorbells[VIRTIO_SND_QUEUE_CONTROL], 1);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_ISR, 1), VIRTIO_ISR_QUEUE);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_ISR, 1), 0);
}

static void page_zero_takes_a_queue_away_and_reset_all(void **state)
{
    struct guest *guest = *state;
    bring_up(guest);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_SELECT, 2, VIRTIO_SND_QUEUE_CONTROL);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_PFN, 4, 0);
    assert_false(device_answers(guest));
    memset(guest->ram + QUEUE_PAGE, 0, 4 * QUEUE_BYTES);
    bring_up(guest);
    assert_true(device_answers(guest));
    guest_write(guest, VIRTIO_LEGACY_STATUS, 1, 0);
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_STATUS, 1), 0);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_SELECT, 2, 1);
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_QUEUE_PFN, 4), 0);
}

static void bits_that_were_not_offered_are_not_taken(void **state)
{
    guest_write(*state, VIRTIO_LEGACY_GUEST_FEATURES, 4, 0xFFFFFFFF);
    assert_int_equal(guest_read(*state, VIRTIO_LEGACY_GUEST_FEATURES, 4), INDIRECT);
}

static void wrong_accesses_do_nothing(void **state)
{
    struct guest *guest = *state;
    bring_up(guest);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_NOTIFY, 2, 4);
    assert_int_equal(guest_stats(guest).bad_doorbells, 1);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_NOTIFY, 4, 0);
    guest_write(guest, VIRTIO_LEGACY_STATUS, 2, 0);
    guest_write(guest, 40, 4, 0xFFFFFFFF);
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_STATUS, 1), READY | VIRTIO_STATUS_DRIVER_OK);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_SELECT, 2, 4);
    assert_int_equal(guest_read(guest, VIRTIO_LEGACY_QUEUE_SIZE, 2), 0);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_PFN, 4, 1);
    assert_int_equal(guest_stats(guest).needs_reset, 0);
}

static void a_page_outside_memory_asks_for_a_reset(void **state)
{
    struct guest *guest = *state;
    bring_up(guest);
    guest_write(guest, VIRTIO_LEGACY_QUEUE_PFN, 4, 0xFFFFFFFF);
    assert_true(guest_read(guest, VIRTIO_LEGACY_STATUS, 1) & VIRTIO_STATUS_NEEDS_RESET);
    guest_write(guest, VIRTIO_LEGACY_STATUS, 1, READY);
    assert_true(guest_read(guest, VIRTIO_LEGACY_STATUS, 1) & VIRTIO_STATUS_NEEDS_RESET);
}

/* Else each move lets one more ringful in, and the host runs out of memory. */
static void a_queue_that_moves_is_forgotten_with_what_was_in_it(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_set_params params = {.code = VIRTIO_SND_R_PCM_SET_PARAMS, .buffer_bytes = 3840,
                                               .period_bytes = 960, .channels = 2,
                                               .format = VIRTIO_SND_PCM_FMT_S16, .rate = VIRTIO_SND_PCM_RATE_48000};
    int16_t silence[480] = {0};
    bring_up(guest);
    assert_true(request_is_answered(guest, &params, sizeof(params)));
    assert_true(command(guest, VIRTIO_SND_R_PCM_PREPARE) && command(guest, VIRTIO_SND_R_PCM_START));
    for (unsigned moves = 0; moves < 3; moves++) {
        for (unsigned i = 0; i < 16; i++)
            guest_submit_tx(guest, 0, silence, sizeof(silence));
        guest_write(guest, VIRTIO_LEGACY_QUEUE_NOTIFY, 2, VIRTIO_SND_QUEUE_TX);
        assert_int_equal(vsnd_pending(guest->dev, 0), 16);
        place_queue(guest, VIRTIO_SND_QUEUE_TX);
        guest_put16(guest, guest->queues[VIRTIO_SND_QUEUE_TX].avail + 2, 0);
        guest_put16(guest, guest->queues[VIRTIO_SND_QUEUE_TX].used + 2, 0);
        assert_int_equal(vsnd_pending(guest->dev, 0), 0);
    }
    assert_true(command(guest, VIRTIO_SND_R_PCM_STOP) && command(guest, VIRTIO_SND_R_PCM_RELEASE));
    assert_int_equal(guest_get16(guest, guest->queues[VIRTIO_SND_QUEUE_TX].used + 2), 0);
}

static void streams_are_told_at_20(void **state)
{
    assert_int_equal(guest_read(*state, 20 + VIRTIO_SND_CFG_STREAMS, 4), VSND_STREAM_COUNT);
}

static void enabling_msix_moves_the_configuration_and_silences_inta(void **state)
{
    struct guest *guest = *state;
    uint16_t at = find_capability(guest, 0x11);
    assert_true(at != 0);
    bring_up(guest);
    assert_true(device_answers(guest));
    assert_int_equal(guest->ops->intx(guest->dev), 1);
    set_config(guest, at + 2, 2, 0x8000);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    assert_int_equal(guest_read(guest, 20, 4), 0xFFFFFFFF); /* no vectors */
    assert_int_equal(guest_read(guest, 24 + VIRTIO_SND_CFG_STREAMS, 4), VSND_STREAM_COUNT);
    set_config(guest, at + 2, 2, 0);
    streams_are_told_at_20(state);
}

static void msix_may_be_on_from_the_beginning(void **state)
{
    assert_true(config(*state, find_capability(*state, 0x11) + 2, 2) & 0x8000);
    assert_int_equal(guest_read(*state, 24 + VIRTIO_SND_CFG_STREAMS, 4), VSND_STREAM_COUNT);
}

#define ON(options, function) {options ": " #function, function, setup, guest_teardown, (void *)(uintptr_t)(options)}
#define ON_BOTH(function) ON("ioport", function), ON("transitional", function)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON("transitional", transitional_shows_both_transports),
        ON("ioport", ioport_shows_the_legacy_file_only),
        ON("ioport", ports_are_dead_without_io_enable),
        ON_BOTH(requests_travel_through_page_numbered_rings),
        ON_BOTH(page_zero_takes_a_queue_away_and_reset_all),
        ON_BOTH(bits_that_were_not_offered_are_not_taken),
        ON_BOTH(wrong_accesses_do_nothing),
        ON_BOTH(a_page_outside_memory_asks_for_a_reset),
        ON_BOTH(streams_are_told_at_20),
        ON("ioport,completion=never", a_queue_that_moves_is_forgotten_with_what_was_in_it),
        ON("ioport,msix=off", enabling_msix_moves_the_configuration_and_silences_inta),
        ON("transitional,msix=off", enabling_msix_moves_the_configuration_and_silences_inta),
        ON("ioport,msix=enabled", msix_may_be_on_from_the_beginning),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("legacy", tests, NULL, NULL);
}
