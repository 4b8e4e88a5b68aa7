/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Split rings, indirect tables and what a hostile driver can do to them: contract v1, "Rings". */
#include "guest.h"

#define PROBE_BYTES ((uint32_t)sizeof(struct virtio_snd_pcm_hdr))
#define WRITE VRING_DESC_F_WRITE

/* A request in guest memory, PREPARE of the idle stream 1; the answer's place is poisoned. */
struct probe {
    uint64_t out;
    uint64_t in;
};

static struct probe put_probe(struct guest *guest)
{
    struct virtio_snd_pcm_hdr request = {VIRTIO_SND_R_PCM_PREPARE, 1};
    struct probe probe = {guest_alloc(guest, PROBE_BYTES), guest_alloc(guest, 4)};
    guest_put(guest, probe.out, &request, PROBE_BYTES);
    guest_put32(guest, probe.in, NO_ANSWER);
    return probe;
}

/* PREPARE of an idle stream is IO_ERR everywhere: an answer that no zeroed memory shows by accident. */
static void expect_answer(struct guest *guest, const struct probe *probe, uint16_t head)
{
    struct used used;
    guest_kick(guest, 0);
    assert_true(guest_reap(guest, 0, &used));
    assert_int_equal(used.id, head);
    assert_int_equal(used.length, 4);
    assert_int_equal(guest_get32(guest, probe->in), guest->status_base + VIRTIO_SND_S_IO_ERR);
    assert_false(guest_reap(guest, 0, &used));
}

static void expect_needs_reset(struct guest *guest)
{
    struct used used;
    guest_kick(guest, 0);
    assert_false(guest_reap(guest, 0, &used));
    assert_true(guest_status(guest) & VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(guest_stats(guest).needs_reset, 1);
}

static void direct_chains_are_served(void **state)
{
    struct probe probe = put_probe(*state);
    struct part parts[] = {{probe.out, PROBE_BYTES, 0}, {probe.in, 4, WRITE}};
    expect_answer(*state, &probe, guest_add(*state, 0, parts, 2));
}

static void indirect_chains_are_served(void **state)
{
    struct probe probe = put_probe(*state);
    struct part parts[] = {{probe.out, PROBE_BYTES, 0}, {probe.in, 4, WRITE}};
    expect_answer(*state, &probe, guest_add_indirect(*state, 0, parts, 2));
}

static void a_chain_may_end_in_an_indirect_table(void **state)
{
    struct guest *guest = *state;
    struct probe probe = put_probe(guest);
    struct guest_queue *queue = &guest->queues[0];
    uint64_t table = guest_alloc(guest, 16);
    guest_put_desc(guest, table, 0, probe.in, 4, WRITE, 0);
    guest_put_desc(guest, queue->desc, 5, probe.out, PROBE_BYTES, VRING_DESC_F_NEXT, 9);
    guest_put_desc(guest, queue->desc, 9, table, 16, VRING_DESC_F_INDIRECT, 0);
    guest_publish(guest, 0, 5);
    expect_answer(guest, &probe, 5);
}

static void requests_and_answers_may_be_split_anywhere(void **state)
{
    struct probe probe = put_probe(*state);
    struct part parts[12];
    for (unsigned i = 0; i < 8; i++)
        parts[i] = (struct part){probe.out + i, 1, 0};
    for (unsigned i = 0; i < 4; i++)
        parts[8 + i] = (struct part){probe.in + i, 1, WRITE};
    expect_answer(*state, &probe, guest_add_indirect(*state, 0, parts, 12));
}

static void empty_descriptors_are_skipped(void **state)
{
    struct probe probe = put_probe(*state);
    struct part parts[] = {{probe.out, 0, 0}, {probe.out, PROBE_BYTES, 0}, {0, 0, WRITE}, {probe.in, 4, WRITE}};
    expect_answer(*state, &probe, guest_add(*state, 0, parts, 4));
}

static void unaligned_buffers_are_fine(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_hdr request = {VIRTIO_SND_R_PCM_PREPARE, 1};
    struct probe probe = {guest_alloc(guest, 64) + 3, guest_alloc(guest, 64) + 1};
    guest_put(guest, probe.out, &request, PROBE_BYTES);
    struct part parts[] = {{probe.out, PROBE_BYTES, 0}, {probe.in, 4, WRITE}};
    expect_answer(guest, &probe, guest_add(guest, 0, parts, 2));
}

static void the_last_bytes_of_memory_are_usable(void **state)
{
    struct guest *guest = *state;
    struct probe probe = put_probe(guest);
    probe.in = GUEST_RAM_BYTES - 4;
    struct part parts[] = {{probe.out, PROBE_BYTES, 0}, {probe.in, 4, WRITE}};
    expect_answer(guest, &probe, guest_add(guest, 0, parts, 2));
}

static void ring_indices_wrap_at_65536(void **state)
{
    struct guest *guest = *state;
    struct probe probe = put_probe(guest);
    struct part parts[] = {{probe.out, PROBE_BYTES, 0}, {probe.in, 4, WRITE}};
    for (unsigned i = 0; i < 65536 + 70; i++) {
        uint16_t head = guest_add(guest, 0, parts, 2);
        if (i % 8191 == 0 || i > 65530)
            expect_answer(guest, &probe, head);
        else {
            struct used used;
            guest_kick(guest, 0);
            assert_true(guest_reap(guest, 0, &used));
        }
    }
    assert_int_equal(guest_status(guest), UP);
}

static void one_doorbell_serves_a_whole_ringful(void **state)
{
    struct guest *guest = *state;
    struct probe probe = put_probe(guest);
    struct part parts[] = {{probe.out, PROBE_BYTES, 0}, {probe.in, 4, WRITE}};
    struct used used;
    for (unsigned i = 0; i < 64; i++)
        guest_add_indirect(guest, 0, parts, 2);
    guest_kick(guest, 0);
    for (unsigned i = 0; i < 64; i++) {
        assert_true(guest_reap(guest, 0, &used));
        assert_int_equal(used.id, i);
    }
}

static void no_interrupt_flag_is_honoured(void **state)
{
    struct guest *guest = *state;
    guest_put16(guest, guest->queues[0].avail, VRING_AVAIL_F_NO_INTERRUPT);
    guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0);
    assert_int_equal(guest->ops->intx(guest->dev), 0);
    assert_int_equal(guest_read(guest, ISR_REGISTER, 1), 0);
    guest_put16(guest, guest->queues[0].avail, 0);
    guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0);
    assert_int_equal(guest->ops->intx(guest->dev), 1);
}

static void event_queue_buffers_are_kept(void **state)
{
    struct guest *guest = *state;
    struct used used;
    struct part part = {guest_alloc(guest, 8), 8, WRITE};
    for (unsigned i = 0; i < 64; i++)
        guest_add(guest, VIRTIO_SND_QUEUE_EVENT, &part, 1);
    guest_kick(guest, VIRTIO_SND_QUEUE_EVENT);
    guest_start(guest, 0);
    guest_advance(guest, 100 * MS);
    assert_false(guest_reap(guest, VIRTIO_SND_QUEUE_EVENT, &used));
    assert_int_equal(guest_status(guest), UP);
}

static void rings_may_lie_below_4_gib_too(void **state)
{
    struct guest *guest = *state;
    guest->high = GUEST_LOW_BASE;
    guest_bring_up(guest);
    direct_chains_are_served(state);
    indirect_chains_are_served(state);
}

/* ---- what breaks a ring ---- */

static void head_outside_the_table(void **state)
{
    guest_publish(*state, 0, 64);
    expect_needs_reset(*state);
}

static void next_outside_the_table(void **state)
{
    struct guest *guest = *state;
    guest_put_desc(guest, guest->queues[0].desc, 0, GUEST_LOW_BASE, 8, VRING_DESC_F_NEXT, 64);
    guest_publish(guest, 0, 0);
    expect_needs_reset(guest);
}

static void chain_that_loops(void **state)
{
    struct guest *guest = *state;
    guest_put_desc(guest, guest->queues[0].desc, 0, GUEST_LOW_BASE, 8, VRING_DESC_F_NEXT, 1);
    guest_put_desc(guest, guest->queues[0].desc, 1, GUEST_LOW_BASE, 8, VRING_DESC_F_NEXT, 0);
    guest_publish(guest, 0, 0);
    expect_needs_reset(guest);
}

static void indirect_chain_that_loops(void **state)
{
    struct guest *guest = *state;
    uint64_t table = guest_alloc(guest, 32);
    guest_put_desc(guest, table, 0, GUEST_LOW_BASE, 8, VRING_DESC_F_NEXT, 1);
    guest_put_desc(guest, table, 1, GUEST_LOW_BASE, 8, VRING_DESC_F_NEXT, 0);
    guest_put_desc(guest, guest->queues[0].desc, 0, table, 32, VRING_DESC_F_INDIRECT, 0);
    guest_publish(guest, 0, 0);
    expect_needs_reset(guest);
}

static void indirect_chain_longer_than_the_queue(void **state)
{
    struct guest *guest = *state;
    struct part parts[65];
    for (unsigned i = 0; i < 65; i++)
        parts[i] = (struct part){GUEST_LOW_BASE, 8, 0};
    guest_add_indirect(guest, 0, parts, 65);
    expect_needs_reset(guest);
}

static void available_index_beyond_the_ring(void **state)
{
    struct guest *guest = *state;
    guest_put16(guest, guest->queues[0].avail + 2, 65);
    expect_needs_reset(guest);
}

static void readable_behind_writable(void **state)
{
    struct probe probe = put_probe(*state);
    struct part parts[] = {{probe.in, 4, WRITE}, {probe.out, PROBE_BYTES, 0}};
    guest_add(*state, 0, parts, 2);
    expect_needs_reset(*state);
}

/* Each row breaks the one indirect descriptor, or the table that it points to, in one way. */
static void broken_indirect_tables(void **state)
{
    static const struct {
        uint64_t address; /* 0: the good table */
        uint32_t length;
        uint16_t flags;
        uint16_t inner_flags;
        uint16_t inner_next;
    } rows[] = {
        {0, 0, VRING_DESC_F_INDIRECT, 0, 0},
        {0, 15, VRING_DESC_F_INDIRECT, 0, 0},
        {0, 40, VRING_DESC_F_INDIRECT, 0, 0},
        {0, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 0, 0},
        {0, 16, VRING_DESC_F_INDIRECT, VRING_DESC_F_INDIRECT, 0},
        {0, 16, VRING_DESC_F_INDIRECT, VRING_DESC_F_NEXT, 1},
        {GUEST_RAM_BYTES - 8, 16, VRING_DESC_F_INDIRECT, 0, 0},
        {GUEST_RAM_BYTES, 16, VRING_DESC_F_INDIRECT, 0, 0},
        {0xFFFFFFFFFFFFFFF0ull, 32, VRING_DESC_F_INDIRECT, 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guest *guest = *state;
        guest_bring_up(guest);
        uint64_t table = guest_alloc(guest, 64);
        guest_put_desc(guest, table, 0, GUEST_LOW_BASE, 8, rows[i].inner_flags, rows[i].inner_next);
        guest_put_desc(guest, guest->queues[0].desc, 0, rows[i].address ? rows[i].address : table, rows[i].length,
                       rows[i].flags, 0);
        guest_publish(guest, 0, 0);
        guest_kick(guest, 0);
        assert_true(guest_status(guest) & VIRTIO_STATUS_NEEDS_RESET);
        assert_int_equal(guest_get16(guest, guest->queues[0].used + 2), 0);
    }
}

static void indirect_without_negotiation(void **state)
{
    struct guest *guest = *state;
    struct probe probe = put_probe(guest);
    struct part parts[] = {{probe.out, PROBE_BYTES, 0}, {probe.in, 4, WRITE}};
    guest_negotiate(guest, BIT64(VIRTIO_F_VERSION_1));
    guest_add_queue(guest, 0, 64);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, UP);
    guest_add_indirect(guest, 0, parts, 2);
    expect_needs_reset(guest);
}

static void rings_must_be_aligned_and_in_memory(void **state)
{
    static const struct {
        uint64_t desc;
        uint64_t avail;
        uint64_t used;
        bool good;
    } rows[] = {
        {0x10000, 0x20000, 0x30000, true},
        {0x10008, 0x20000, 0x30000, false},
        {0x10000, 0x20001, 0x30000, false},
        {0x10000, 0x20000, 0x30002, false},
        {GUEST_RAM_BYTES - 1024, GUEST_RAM_BYTES - 2048, GUEST_RAM_BYTES - 4096, true},
        {GUEST_RAM_BYTES - 1008, 0x20000, 0x30000, false},
        {0x10000, GUEST_RAM_BYTES - 132, 0x30000, true},
        {0x10000, GUEST_RAM_BYTES - 130, 0x30000, false},
        {0x10000, 0x20000, GUEST_RAM_BYTES - 516, true},
        {0x10000, 0x20000, GUEST_RAM_BYTES - 512, false},
        {0xFFFFFFFFFFFFFFF0ull, 0x20000, 0x30000, false},
        {0x10000, 0xFFFFFFFFFFFFFFFEull, 0x30000, false},
    };
    struct guest *guest = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        guest_negotiate(guest, CONTRACT_FEATURES);
        guest_write(guest, COMMON(QUEUE_SELECT), 2, 0);
        guest_write(guest, COMMON(QUEUE_DESC), 8, rows[i].desc);
        guest_write(guest, COMMON(QUEUE_DRIVER), 8, rows[i].avail);
        guest_write(guest, COMMON(QUEUE_DEVICE), 8, rows[i].used);
        guest_write(guest, COMMON(QUEUE_ENABLE), 2, 1);
        assert_int_equal(guest_read(guest, COMMON(QUEUE_ENABLE), 2), rows[i].good);
        bool needs_reset = guest_status(guest) & VIRTIO_STATUS_NEEDS_RESET;
        assert_int_equal(needs_reset, !rows[i].good);
    }
}

/* Random rings: nothing to expect but that the device survives, and works after a reset. */
static void random_descriptors_do_no_harm(void **state)
{
    struct guest *guest = *state;
    uint32_t seed = 12345;
    for (unsigned round = 0; round < 200; round++) {
        guest_bring_up(guest);
        for (unsigned i = 0; i < 64; i++) {
            uint32_t r[4];
            for (unsigned j = 0; j < 4; j++)
                r[j] = seed = seed * 1664525u + 1013904223u;
            uint64_t address = r[0] >> 30 ? guest->queues[r[0] >> 8 & 3].desc + (r[1] >> 20) : (uint64_t)r[1] << 8;
            for (unsigned q = 0; q < 4; q++)
                guest_put_desc(guest, guest->queues[q].desc, i, address, r[2] >> (r[0] >> 4 & 31),
                               (uint16_t)(r[3] >> 24 & 7), (uint16_t)(r[3] >> 8 & 63));
        }
        for (unsigned q = 0; q < 4; q++) {
            guest_put16(guest, guest->queues[q].avail + 2, (uint16_t)(1 + seed % 64));
            guest_kick(guest, q);
        }
        guest_advance(guest, 3 * MS);
    }
    guest_bring_up(guest);
    assert_int_equal(guest_status(guest), UP);
}

static void event_idx_replaces_the_flags(void **state)
{
    struct guest *guest = *state;
    guest_enable_pci(guest);
    guest_negotiate(guest, CONTRACT_FEATURES | BIT64(VIRTIO_F_RING_EVENT_IDX));
    assert_true(guest_status(guest) & VIRTIO_STATUS_FEATURES_OK);
    guest_add_queue(guest, 0, 64);
    guest_write(guest, COMMON(DEVICE_STATUS), 1, UP);
    uint64_t used_event = guest->queues[0].avail + 4 + 2 * 64;
    uint64_t avail_event = guest->queues[0].used + 4 + 8 * 64;
    guest_put16(guest, guest->queues[0].avail, VRING_AVAIL_F_NO_INTERRUPT); /* must be ignored */
    guest_put16(guest, used_event, 2);                                     /* tell me of the third entry */
    for (unsigned i = 0; i < 5; i++) {
        guest_command(guest, VIRTIO_SND_R_PCM_RELEASE, 0);
        assert_int_equal(guest_read(guest, ISR_REGISTER, 1), i == 2 ? VIRTIO_ISR_QUEUE : 0);
        assert_int_equal(guest_get16(guest, avail_event), i + 1);
    }
}

#define TEST(f) IN_BOTH_DIALECTS(f, guest_setup_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(direct_chains_are_served),
        TEST(indirect_chains_are_served),
        TEST(a_chain_may_end_in_an_indirect_table),
        TEST(requests_and_answers_may_be_split_anywhere),
        TEST(empty_descriptors_are_skipped),
        TEST(unaligned_buffers_are_fine),
        TEST(the_last_bytes_of_memory_are_usable),
        TEST(ring_indices_wrap_at_65536),
        TEST(one_doorbell_serves_a_whole_ringful),
        TEST(no_interrupt_flag_is_honoured),
        TEST(event_queue_buffers_are_kept),
        TEST(rings_may_lie_below_4_gib_too),
        TEST(head_outside_the_table),
        TEST(next_outside_the_table),
        TEST(chain_that_loops),
        TEST(indirect_chain_that_loops),
        TEST(indirect_chain_longer_than_the_queue),
        TEST(available_index_beyond_the_ring),
        TEST(readable_behind_writable),
        TEST(broken_indirect_tables),
        TEST(indirect_without_negotiation),
        TEST(rings_must_be_aligned_and_in_memory),
        TEST(random_descriptors_do_no_harm),
        {"event_idx_replaces_the_flags", event_idx_replaces_the_flags, guest_setup, guest_teardown,
         "specification,event_idx=on"},
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
