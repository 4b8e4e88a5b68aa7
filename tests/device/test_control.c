/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests of the control queue and the PCM state machine, in both dialects: contract v1, "virtio-snd". */
#include "guest.h"

#define OK VIRTIO_SND_S_OK
#define BAD VIRTIO_SND_S_BAD_MSG
#define NOSUPP VIRTIO_SND_S_NOT_SUPP
#define IOERR VIRTIO_SND_S_IO_ERR

#define SET_PARAMS VIRTIO_SND_R_PCM_SET_PARAMS
#define PREPARE VIRTIO_SND_R_PCM_PREPARE
#define RELEASE VIRTIO_SND_R_PCM_RELEASE
#define START VIRTIO_SND_R_PCM_START
#define STOP VIRTIO_SND_R_PCM_STOP

/* The status of a request of any length, counted from 0. */
static uint32_t status_of(struct guest *guest, const void *request, uint32_t bytes)
{
    return guest_control(guest, request, bytes, NULL, 0, NULL) - guest->status_base;
}

static void status_values_tell_the_dialect(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_query_info query = {VIRTIO_SND_R_PCM_INFO, 0, 1, 32};
    struct virtio_snd_pcm_info info;
    uint32_t used;
    uint32_t status = guest_control(guest, &query, sizeof(query), &info, sizeof(info), &used);
    assert_int_equal(status, guest->aero ? 0 : 0x8000);
    struct virtio_snd_hdr unknown = {0x9999};
    assert_int_equal(guest_control(guest, &unknown, 4, NULL, 0, NULL), guest->aero ? 2 : 0x8002);
    struct virtio_snd_pcm_hdr absent = {PREPARE, 2};
    assert_int_equal(guest_control(guest, &absent, 8, NULL, 0, NULL), guest->aero ? 1 : 0x8001);
    struct virtio_snd_pcm_hdr early = {PREPARE, 0};
    assert_int_equal(guest_control(guest, &early, 8, NULL, 0, NULL), guest->aero ? 3 : 0x8003);
}

static void pcm_info_describes_both_streams(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_query_info query = {VIRTIO_SND_R_PCM_INFO, 0, 2, 32};
    struct virtio_snd_pcm_info info[2];
    uint32_t used;
    memset(info, 0xA5, sizeof(info));
    assert_int_equal(guest_control(guest, &query, sizeof(query), info, sizeof(info), &used), guest->status_base);
    assert_int_equal(used, 4 + 2 * 32);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(info[i].hda_fn_nid, guest->aero ? i : 0);
        assert_int_equal(info[i].features, 0);
        assert_int_equal(info[i].formats, guest->aero ? 1u << 5 : 0xE0078);
        assert_int_equal(info[i].rates, guest->aero ? 1u << 7 : 0x3FFF);
        assert_int_equal(info[i].direction, i);
        assert_int_equal(info[i].channels_min, guest->aero ? 2 - i : 1);
        assert_int_equal(info[i].channels_max, guest->aero ? 2 - i : 2);
        for (unsigned j = 0; j < 5; j++)
            assert_int_equal(info[i].padding[j], 0);
    }
}

/* Ranges inside, across and far outside the two streams; arithmetic must saturate. */
static void pcm_info_ranges(void **state)
{
    static const struct {
        uint32_t start;
        uint32_t count;
        uint32_t entries;
        uint32_t first;
        bool inside;
    } rows[] = {
        {0, 0, 0, 0, true},
        {0, 1, 1, 0, true},
        {1, 1, 1, 1, true},
        {0, 2, 2, 0, true},
        {2, 0, 0, 0, true},
        {1, 2, 1, 1, false},
        {0, 3, 2, 0, false},
        {2, 1, 0, 0, false},
        {0, 0xFFFFFFFF, 2, 0, false},
        {1, 0xFFFFFFFF, 1, 1, false},
        {0xFFFFFFFF, 2, 0, 0, false},
        {0xFFFFFFFF, 0xFFFFFFFF, 0, 0, false},
    };
    struct guest *guest = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct virtio_snd_query_info query = {VIRTIO_SND_R_PCM_INFO, rows[i].start, rows[i].count, 32};
        struct virtio_snd_pcm_info info[4];
        uint32_t used;
        uint32_t status = guest_control(guest, &query, sizeof(query), info, sizeof(info), &used) - guest->status_base;
        bool ok = guest->aero || rows[i].inside;
        assert_int_equal(status, ok ? OK : BAD);
        assert_int_equal(used, ok ? 4 + 32 * rows[i].entries : 4);
        if (ok && rows[i].entries)
            assert_int_equal(info[0].direction, rows[i].first);
    }
}

static void pcm_info_lengths(void **state)
{
    static const struct {
        uint32_t bytes;
        uint32_t size;
        uint32_t aero;
        uint32_t specification;
    } rows[] = {{4, 32, BAD, BAD}, {8, 32, BAD, BAD},  {11, 32, BAD, BAD}, {12, 32, OK, BAD},
                {15, 32, OK, BAD}, {16, 32, OK, OK},   {20, 32, OK, BAD},  {16, 0, OK, BAD},
                {16, 24, OK, BAD}, {16, 64, OK, BAD}};
    struct guest *guest = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t query[5] = {VIRTIO_SND_R_PCM_INFO, 0, 2, rows[i].size, 0};
        struct virtio_snd_pcm_info info[2];
        uint32_t status = guest_control(guest, query, rows[i].bytes, info, sizeof(info), NULL) - guest->status_base;
        assert_int_equal(status, guest->aero ? rows[i].aero : rows[i].specification);
    }
}

static void pcm_info_without_room_for_the_entries(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_query_info query = {VIRTIO_SND_R_PCM_INFO, 0, 2, 32};
    uint8_t answer[63];
    uint32_t used;
    memset(answer, 0, sizeof(answer));
    assert_int_equal(guest_control(guest, &query, sizeof(query), answer, sizeof(answer), &used) - guest->status_base,
                     BAD);
    assert_int_equal(used, 4);
    for (size_t i = 0; i < sizeof(answer); i++)
        assert_int_equal(answer[i], 0);
}

static void jack_chmap_and_unknown_requests_are_not_supported(void **state)
{
    static const uint32_t codes[] = {VIRTIO_SND_R_JACK_INFO, VIRTIO_SND_R_JACK_REMAP, VIRTIO_SND_R_CHMAP_INFO, 0,
                                     0x0106, 0x00FF, 0x0300, 0x8000, 0xFFFFFFFF};
    struct guest *guest = *state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        uint32_t request[4] = {codes[i], 0, 1, 24};
        assert_int_equal(status_of(guest, request, sizeof(request)), NOSUPP);
        assert_int_equal(status_of(guest, request, 4), NOSUPP);
    }
    assert_int_equal(guest_stats(guest).not_supported, 2 * sizeof(codes) / sizeof(codes[0]));
}

static void stream_commands_check_length_and_stream(void **state)
{
    static const uint32_t codes[] = {PREPARE, RELEASE, START, STOP, SET_PARAMS};
    static const uint32_t absent[] = {2, 3, 0x80000000, 0xFFFFFFFF};
    struct guest *guest = *state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        uint32_t request[7] = {codes[i], 0, 960, 960, 0, 0x00070502, 0};
        uint32_t needed = codes[i] == SET_PARAMS ? 24 : 8;
        assert_int_equal(status_of(guest, request, 4), BAD);
        assert_int_equal(status_of(guest, request, needed - 1), BAD);
        uint32_t longer = status_of(guest, request, needed + 4);
        assert_int_equal(longer == BAD, !guest->aero);
        for (size_t j = 0; j < sizeof(absent) / sizeof(absent[0]); j++) {
            request[1] = absent[j];
            assert_int_equal(status_of(guest, request, needed), BAD);
        }
    }
}

static void requests_shorter_than_a_code_are_bad(void **state)
{
    uint32_t code = PREPARE;
    for (uint32_t bytes = 0; bytes < 4; bytes++)
        assert_int_equal(status_of(*state, &code, bytes), BAD);
}

static void set_params_accepts_only_what_the_stream_has(void **state)
{
    static const struct {
        uint8_t channels;
        uint8_t format;
        uint8_t rate;
        uint32_t features;
        uint32_t aero[2]; /* stream 0, stream 1 */
        uint32_t specification;
    } rows[] = {
        {2, 5, 7, 0, {OK, NOSUPP}, OK},
        {1, 5, 7, 0, {NOSUPP, OK}, OK},
        {0, 5, 7, 0, {NOSUPP, NOSUPP}, NOSUPP},
        {3, 5, 7, 0, {NOSUPP, NOSUPP}, NOSUPP},
        {255, 5, 7, 0, {NOSUPP, NOSUPP}, NOSUPP},
        {2, 4, 7, 0, {NOSUPP, NOSUPP}, NOSUPP},
        {2, 255, 7, 0, {NOSUPP, NOSUPP}, NOSUPP},
        {2, 5, 6, 0, {NOSUPP, NOSUPP}, NOSUPP},
        {2, 5, 255, 0, {NOSUPP, NOSUPP}, NOSUPP},
        {2, 5, 7, 1, {NOSUPP, NOSUPP}, NOSUPP},
    };
    struct guest *guest = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint32_t stream = 0; stream < 2; stream++) {
            struct virtio_snd_pcm_set_params request = {
                SET_PARAMS, stream, 7680, 1920, rows[i].features, rows[i].channels, rows[i].format, rows[i].rate, 0};
            assert_int_equal(status_of(guest, &request, sizeof(request)),
                             guest->aero ? rows[i].aero[stream] : rows[i].specification);
        }
    }
}

static void refused_params_change_nothing(void **state)
{
    struct guest *guest = *state;
    guest_prepare(guest, 0);
    assert_int_equal(guest_set_params(guest, 0, 3), NOSUPP);
    struct vsnd_stats stats = guest_stats(guest);
    assert_int_equal(stats.stream[0].state, VSND_STREAM_PREPARED);
    assert_int_equal(stats.stream[0].channels, 2);
    assert_int_equal(stats.stream[0].buffer_bytes, 7680);
    assert_int_equal(stats.stream[0].period_bytes, 1920);
}

static void period_rules_bind_the_specification_only(void **state)
{
    static const struct {
        uint32_t buffer;
        uint32_t period;
        bool sound;
    } rows[] = {{7680, 1920, true}, {1920, 1920, true}, {7680, 0, false}, {0, 1920, false},
                {0, 0, false},      {7681, 1920, false}, {4, 8, false},   {6, 2, false}};
    struct guest *guest = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct virtio_snd_pcm_set_params request = {SET_PARAMS, 0, rows[i].buffer, rows[i].period, 0, 2, 5, 7, 0};
        assert_int_equal(status_of(guest, &request, sizeof(request)), guest->aero || rows[i].sound ? OK : BAD);
    }
}

/* One command from every state; the shortest legal way leads there. 0 in `next`: refused, and nothing changes. */
struct transition {
    enum vsnd_stream_state from;
    uint32_t code;
    enum vsnd_stream_state next;
};

#define IDLE VSND_STREAM_IDLE
#define SET VSND_STREAM_PARAMS_SET
#define PREP VSND_STREAM_PREPARED
#define RUN VSND_STREAM_RUNNING
#define HALT VSND_STREAM_STOPPED

static const struct transition aero_transitions[] = {
    {IDLE, SET_PARAMS, SET}, {IDLE, PREPARE, 0},    {IDLE, RELEASE, IDLE}, {IDLE, START, 0},   {IDLE, STOP, 0},
    {SET, SET_PARAMS, SET},  {SET, PREPARE, PREP},  {SET, RELEASE, IDLE},  {SET, START, 0},    {SET, STOP, 0},
    {PREP, SET_PARAMS, SET}, {PREP, PREPARE, PREP}, {PREP, RELEASE, IDLE}, {PREP, START, RUN}, {PREP, STOP, 0},
    {RUN, SET_PARAMS, SET},  {RUN, PREPARE, 0},     {RUN, RELEASE, IDLE},  {RUN, START, RUN},  {RUN, STOP, PREP},
};

static const struct transition specification_transitions[] = {
    {IDLE, SET_PARAMS, SET}, {IDLE, PREPARE, 0},    {IDLE, RELEASE, 0},   {IDLE, START, 0},   {IDLE, STOP, 0},
    {SET, SET_PARAMS, SET},  {SET, PREPARE, PREP},  {SET, RELEASE, 0},    {SET, START, 0},    {SET, STOP, 0},
    {PREP, SET_PARAMS, SET}, {PREP, PREPARE, PREP}, {PREP, RELEASE, SET}, {PREP, START, RUN}, {PREP, STOP, 0},
    {RUN, SET_PARAMS, 0},    {RUN, PREPARE, 0},     {RUN, RELEASE, 0},    {RUN, START, 0},    {RUN, STOP, HALT},
    {HALT, SET_PARAMS, 0},   {HALT, PREPARE, 0},    {HALT, RELEASE, SET}, {HALT, START, RUN}, {HALT, STOP, 0},
};

static uint32_t send(struct guest *guest, uint32_t code, uint32_t stream)
{
    if (code == SET_PARAMS)
        return guest_set_params(guest, stream, stream == 0 ? 2 : 1);
    return guest_command(guest, code, stream);
}

static void walk_to(struct guest *guest, enum vsnd_stream_state target, uint32_t stream)
{
    static const uint32_t way[] = {SET_PARAMS, PREPARE, START, STOP};
    for (int i = 0; i < (int)target - (int)IDLE; i++)
        assert_int_equal(send(guest, way[i], stream), OK);
    assert_int_equal(guest_stats(guest).stream[stream].state, target);
}

static void every_state_and_command(void **state)
{
    struct guest *guest = *state;
    const struct transition *rows = guest->aero ? aero_transitions : specification_transitions;
    size_t bytes = guest->aero ? sizeof(aero_transitions) : sizeof(specification_transitions);
    size_t count = bytes / sizeof(*rows);
    for (size_t i = 0; i < count; i++) {
        for (uint32_t stream = 0; stream < 2; stream++) {
            guest_bring_up(guest);
            walk_to(guest, rows[i].from, stream);
            assert_int_equal(send(guest, rows[i].code, stream), rows[i].next ? OK : IOERR);
            struct vsnd_stats stats = guest_stats(guest);
            assert_int_equal(stats.stream[stream].state, rows[i].next ? rows[i].next : rows[i].from);
            assert_int_equal(stats.stream[1 - stream].state, IDLE);
        }
    }
}

static void aero_release_forgets_the_params(void **state)
{
    guest_prepare(*state, 0);
    assert_int_equal(guest_command(*state, RELEASE, 0), OK);
    assert_int_equal(guest_command(*state, PREPARE, 0), IOERR);
}

static void specification_release_keeps_the_params(void **state)
{
    guest_prepare(*state, 0);
    assert_int_equal(guest_command(*state, RELEASE, 0), OK);
    assert_int_equal(guest_command(*state, PREPARE, 0), OK);
}

static void a_request_without_room_for_an_answer_is_not_carried_out(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_hdr request = {START, 0};
    uint64_t out = guest_alloc(guest, sizeof(request));
    uint64_t in = guest_alloc(guest, 4);
    const struct part rows[][2] = {
        {{out, 8, 0}, {in, 3, VRING_DESC_F_WRITE}},
        {{out, 8, 0}, {out, 0, VRING_DESC_F_WRITE}},
        {{out, 8, 0}, {GUEST_RAM_BYTES - 2, 4, VRING_DESC_F_WRITE}},
        {{out, 8, 0}, {0xFFFFFFFFFFFFFFFEull, 4, VRING_DESC_F_WRITE}},
    };
    guest_prepare(guest, 0);
    guest_put(guest, out, &request, sizeof(request));
    for (size_t i = 0; i < 4; i++) {
        struct used used;
        guest_add(guest, 0, rows[i], 2);
        guest_kick(guest, 0);
        assert_true(guest_reap(guest, 0, &used));
        assert_int_equal(used.length, 0);
    }
    assert_int_equal(guest_stats(guest).unanswered, 4);
    assert_int_equal(guest_stats(guest).stream[0].state, PREP);
    assert_int_equal(guest_status(guest), UP);
}

static void it_answers_no_more_when_told_to_be_silent(void **state)
{
    struct guest *guest = *state;
    struct virtio_snd_pcm_hdr request = {START, 0};
    uint64_t out = guest_alloc(guest, sizeof(request));
    uint64_t in = guest_alloc(guest, 4);
    const struct part row[] = {{out, 8, 0}, {in, 4, VRING_DESC_F_WRITE}};
    struct used used;
    guest_prepare(guest, 0);
    vsnd_fall_silent(guest->dev);
    guest_put(guest, out, &request, sizeof(request));
    for (unsigned n = 1; n <= 2; n++) {
        guest_add(guest, 0, row, 2);
        guest_kick(guest, 0);
        guest_advance(guest, 2000 * MS);
        assert_false(guest_reap(guest, 0, &used));
        assert_int_equal(guest_stats(guest).unanswered, n);
    }
    assert_int_equal(guest_stats(guest).stream[0].state, PREP);
}

static void a_request_outside_memory_is_bad(void **state)
{
    struct guest *guest = *state;
    uint64_t in = guest_alloc(guest, 4);
    const struct part rows[][2] = {
        {{GUEST_RAM_BYTES - 4, 8, 0}, {in, 4, VRING_DESC_F_WRITE}},
        {{GUEST_RAM_BYTES, 8, 0}, {in, 4, VRING_DESC_F_WRITE}},
        {{0xFFFFFFFFFFFFFFFCull, 8, 0}, {in, 4, VRING_DESC_F_WRITE}},
    };
    for (size_t i = 0; i < 3; i++) {
        struct used used;
        guest_put32(guest, in, NO_ANSWER);
        guest_add(guest, 0, rows[i], 2);
        guest_kick(guest, 0);
        assert_true(guest_reap(guest, 0, &used));
        assert_int_equal(guest_get32(guest, in), guest->status_base + BAD);
    }
}

static void the_last_error_says_what_was_wrong(void **state)
{
    struct guest *guest = *state;
    assert_string_equal(guest_stats(guest).last_error, "");
    guest_command(guest, START, 0);
    assert_string_equal(guest_stats(guest).last_error, "stream command: not in this stream state");
    assert_int_equal(guest_stats(guest).last_status, IOERR);
    guest_command(guest, START, 7);
    assert_string_equal(guest_stats(guest).last_error, "stream command: no such stream");
    assert_int_equal(guest_stats(guest).last_status, BAD);
    assert_int_equal(guest_stats(guest).control_requests, 2);
}

#define TEST(f) IN_BOTH_DIALECTS(f, guest_setup_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_values_tell_the_dialect),
        TEST(pcm_info_describes_both_streams),
        TEST(pcm_info_ranges),
        TEST(pcm_info_lengths),
        TEST(pcm_info_without_room_for_the_entries),
        TEST(jack_chmap_and_unknown_requests_are_not_supported),
        TEST(stream_commands_check_length_and_stream),
        TEST(requests_shorter_than_a_code_are_bad),
        TEST(set_params_accepts_only_what_the_stream_has),
        TEST(refused_params_change_nothing),
        TEST(period_rules_bind_the_specification_only),
        TEST(every_state_and_command),
        {"aero_release_forgets_the_params", aero_release_forgets_the_params, guest_setup_up, guest_teardown, "aero"},
        {"specification_release_keeps_the_params", specification_release_keeps_the_params, guest_setup_up,
         guest_teardown, "specification"},
        TEST(a_request_without_room_for_an_answer_is_not_carried_out),
        TEST(it_answers_no_more_when_told_to_be_silent),
        TEST(a_request_outside_memory_is_bad),
        TEST(the_last_error_says_what_was_wrong),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
