/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PERSONALITY[,knob=value...]: a knob changes one field of the row that was chosen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "personality.h"
#include "pcm.h"
#include "virtio_wire.h"

#define MAX_RING_MS 10000
#define MAX_PPM 100000
#define MAX_FAULTS 1000000
#define DEFAULT_FAULT_AFTER 20
#define MIN_QUEUE_SIZE 4
#define DEFAULT_VECTORS 2
#define MAX_VECTORS 64
#define NS_PER_MS 1000000u
#define MAX_WORDS 7u
#define RATES_44100 (1ull << 6)

/* The position of `value` in a list of words that ends with NULL, or -1. */
static int word_index(const char *const *words, const char *value)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], value) == 0)
            return i;
    }
    return -1;
}

static bool read_number(const char *value, long least, long most, long *number)
{
    char *end = NULL;
    const char *digits = *value == '-' ? value + 1 : value;
    *number = strtol(value, &end, 10);
    return *digits >= '0' && *digits <= '9' && *end == '\0' && *number >= least && *number <= most;
}

static bool set_ring_ms(struct personality *row, long value)
{
    row->ring_ms = (uint32_t)value;
    return true;
}

static bool set_ppm_out(struct personality *row, long value)
{
    row->own_clock[0] = true;
    row->ppm[0] = (int32_t)value;
    return true;
}

static bool set_ppm_in(struct personality *row, long value)
{
    row->own_clock[1] = true;
    row->ppm[1] = (int32_t)value;
    return true;
}

static bool set_ppm(struct personality *row, long value)
{
    return set_ppm_out(row, value) && set_ppm_in(row, value);
}

static bool set_queue(struct personality *row, long value)
{
    for (unsigned i = 0; i < VSND_QUEUE_COUNT; i++)
        row->queue_sizes[i] = (uint16_t)value;
    return (value & (value - 1)) == 0;
}

static bool set_feature(struct personality *row, unsigned bit, long off)
{
    row->features = off ? row->features & ~(1ull << bit) : row->features | 1ull << bit;
    return true;
}

static bool set_event_idx(struct personality *row, long word)
{
    return set_feature(row, VIRTIO_F_RING_EVENT_IDX, word);
}

static bool set_indirect(struct personality *row, long word)
{
    return set_feature(row, VIRTIO_F_RING_INDIRECT_DESC, word);
}

/* A device whose 64-bit registers are in BAR 0, as the contract's, has no BAR 1 for the table: it stays without. */
static bool set_vectors(struct personality *row, long count)
{
    bool free_bar = row->bar != 0 || row->bar_bytes == 0;
    row->vectors = free_bar ? (uint16_t)count : 0;
    return true;
}

/* none, off, enabled */
static bool set_msix(struct personality *row, long word)
{
    if (word == 0 || row->vectors == 0)
        set_vectors(row, word == 0 ? 0 : DEFAULT_VECTORS);
    row->msix_enabled = word == 2 && row->vectors != 0;
    return true;
}

static bool set_tx_read(struct personality *row, long word)
{
    row->tx_read_early = word == 1;
    return true;
}

static bool set_control_length(struct personality *row, long word)
{
    row->control_length = (enum control_length)word;
    return true;
}

static bool set_rx_status(struct personality *row, long word)
{
    row->rx_status = (enum rx_status)word;
    return true;
}

static bool set_early_status(struct personality *row, long word)
{
    row->status_is_early = word == 1;
    return true;
}

static bool set_rx_partial(struct personality *row, long off)
{
    row->rx_partial = !off;
    return true;
}

/* instant, paced, burst, late, never */
static bool set_completion(struct personality *row, long word)
{
    static const enum completion kinds[] = {COMPLETE_INSTANTLY, COMPLETE_PACED, COMPLETE_PACED, COMPLETE_PACED,
                                            COMPLETE_NEVER};
    row->completion[0] = row->completion[1] = kinds[word];
    row->tick_ns = word == 2 ? 10 * NS_PER_MS : 0;
    row->mixer_frames = word == 2 ? 1024 : 0;
    row->start_delay_ns = word == 3 ? 1000ull * NS_PER_MS : 0;
    return true;
}

static bool set_release(struct personality *row, long word)
{
    if (word < 2)
        row->flush_delay_ns = word == 1 ? 3 * NS_PER_MS : 0;
    row->unstarted_release_sticks = word == 2;
    return true;
}

static bool set_flush(struct personality *row, long word)
{
    static const uint32_t statuses[] = {VIRTIO_SND_S_OK, VIRTIO_SND_S_BAD_MSG, VIRTIO_SND_S_IO_ERR};
    row->flush_status = statuses[word];
    return true;
}

static bool set_channels_max(struct personality *row, long word)
{
    row->channels_max_follows = word == 1;
    return true;
}

/* both, reversed, output, input, none */
static bool set_streams(struct personality *row, long word)
{
    static const uint8_t counts[] = {2, 2, 1, 1, 0};
    row->stream_count = counts[word];
    row->stream_order[0] = word == 1 || word == 3;
    row->stream_order[1] = word != 1;
    return true;
}

/* any, mono */
static bool set_channels(struct personality *row, long word)
{
    for (unsigned i = 0; word && i < VSND_STREAM_COUNT; i++)
        row->streams[i].channels_min = row->streams[i].channels_max = 1;
    if (word)
        row->channels_accepted = 0;
    return true;
}

/* any, 44100, 44100_out, 44100_in */
static bool set_rates(struct personality *row, long word)
{
    if (word == 1 || word == 2)
        row->streams[0].rates = RATES_44100;
    if (word == 1 || word == 3)
        row->streams[1].rates = RATES_44100;
    return true;
}

static bool set_late(struct personality *row, long word)
{
    row->late_is_dropped = word == 1;
    return true;
}

static bool set_states(struct personality *row, long word)
{
    row->states = word ? &pcm_states_lax : &pcm_states_specification;
    row->default_channels = word ? 2 : 0; /* START may come before any SET_PARAMS */
    return true;
}

static bool set_refusal(struct personality *row, long word)
{
    static const uint32_t statuses[] = {VIRTIO_SND_S_IO_ERR, VIRTIO_SND_S_NOT_SUPP, VIRTIO_SND_S_BAD_MSG};
    row->refusal = statuses[word];
    return true;
}

static bool set_descriptors(struct personality *row, long word)
{
    row->exact_descriptors = word == 1;
    return true;
}

static bool set_period(struct personality *row, long word)
{
    row->exact_period = word == 1;
    return true;
}

static bool set_stale(struct personality *row, long word)
{
    row->stale_periods = word == 1;
    return true;
}

static bool set_fault(struct personality *row, long word)
{
    row->fault = (enum fault)word;
    if (row->fault_count == 0) {
        row->fault_count = 1;
        row->fault_after = DEFAULT_FAULT_AFTER;
    }
    return true;
}

static bool set_fault_after(struct personality *row, long periods)
{
    row->fault_after = (uint32_t)periods;
    return true;
}

static bool set_fault_count(struct personality *row, long count)
{
    row->fault_count = (uint32_t)count;
    return true;
}

static bool set_events(struct personality *row, long word)
{
    row->events = (enum events)word;
    return true;
}

/* A knob takes one of the words, whose index it is given, or a number in a range. */
static const struct {
    const char *name;
    const char *words[MAX_WORDS];
    long least;
    long most;
    bool (*set)(struct personality *row, long value);
} knob_table[] = {
    {"ring_ms", {NULL}, 1, MAX_RING_MS, set_ring_ms},
    {"event_idx", {"on", "off"}, 0, 0, set_event_idx},     /* on: QEMU, crosvm */
    {"indirect", {"on", "off"}, 0, 0, set_indirect},       /* off: crosvm, ACRN */
    {"msix", {"none", "off", "enabled"}, 0, 0, set_msix}, /* it moves the legacy device configuration */
    {"tx_read", {"late", "early"}, 0, 0, set_tx_read},     /* late: QEMU; early: Aero's copy */
    {"ctl_len", {"exact", "status", "whole", "huge"}, 0, 0, set_control_length}, /* status: QEMU 8.2 */
    {"rx_status", {"last", "data", "period"}, 0, 0, set_rx_status},   /* crosvm; QEMU; Android */
    {"early_status", {"off", "on"}, 0, 0, set_early_status},          /* on: nobody yet; who reads it then is wrong */
    {"rx_partial", {"on", "off"}, 0, 0, set_rx_partial},              /* on: vhost-device-sound with ALSA */
    {"completion", {"instant", "paced", "burst", "late", "never"}, 0, 0, set_completion}, /* instant: vhost null;
                                        burst: QEMU's 10 ms; late: its pa back end; never: its failed voice */
    {"release", {"flush_first", "reply_first", "sticks"}, 0, 0, set_release}, /* ACRN; sticks: it, before any START */
    {"flush", {"ok", "bad_msg", "io_err"}, 0, 0, set_flush},          /* ok: QEMU; bad_msg: ACRN */
    {"channels_max", {"fixed", "follows"}, 0, 0, set_channels_max},   /* follows: QEMU */
    {"streams", {"both", "reversed", "output", "input", "none"}, 0, 0, set_streams}, /* reversed: Android;
                                        one: QEMU streams=1, Apple; none: Apple */
    {"states", {"strict", "lax"}, 0, 0, set_states},                  /* strict: crosvm; lax: QEMU */
    {"refuse", {"io_err", "not_supp", "bad_msg"}, 0, 0, set_refusal}, /* not_supp: crosvm; bad_msg: vhost, Android */
    {"queue", {NULL}, MIN_QUEUE_SIZE, VQ_MAX_SIZE, set_queue},        /* 64: QEMU; 256: ACRN; 1024: crosvm */
    {"descriptors", {"any", "exact"}, 0, 0, set_descriptors},         /* exact: ACRN */
    {"period", {"any", "exact"}, 0, 0, set_period},                   /* exact: crosvm */
    {"stale", {"off", "on"}, 0, 0, set_stale},                        /* on: QEMU, reset without a RELEASE */
    {"fault", {"none", "unknown_id", "needs_reset", "dead", "keeps", "rx_error"}, 0, 0, set_fault}, /* QEMU,
                                        likewise, its own reset; dead: its process stopped; keeps: ACRN with a sound
                                        server that hangs; rx_error: crosvm after an internal error */
    {"after", {NULL}, 0, MAX_FAULTS, set_fault_after},                /* behind `fault` */
    {"faults", {NULL}, 1, MAX_FAULTS, set_fault_count},               /* MAX_FAULTS: broken for good */
    {"events", {"none", "xruns", "malformed", "flood"}, 0, 0, set_events}, /* xruns: ACRN, not negotiated;
                                        malformed: its CTL_NOTIFY with id and mask swapped */
    {"ppm", {NULL}, -MAX_PPM, MAX_PPM, set_ppm},                      /* every sound card */
    {"ppm_out", {NULL}, -MAX_PPM, MAX_PPM, set_ppm_out},              /* two cards, one for each direction */
    {"ppm_in", {NULL}, -MAX_PPM, MAX_PPM, set_ppm_in},
    {"channels", {"any", "mono"}, 0, 0, set_channels},  /* mono: ACRN, with a host's card that has one channel */
    {"rates", {"any", "44100", "44100_out", "44100_in"}, 0, 0, set_rates}, /* 44100: likewise, a card with no other */
    {"vectors", {NULL}, 0, MAX_VECTORS, set_vectors},   /* 0: QEMU vectors=0; 2: QEMU */
    {"late", {"kept", "dropped"}, 0, 0, set_late},      /* dropped: Android */
};

#define KNOB_COUNT (sizeof(knob_table) / sizeof(knob_table[0]))

void personality_knob(uint64_t index, uint64_t choice, char *text, size_t room)
{
    size_t knob = index % KNOB_COUNT, words = 0;
    long value = knob_table[knob].least;
    while (knob_table[knob].words[words])
        words++;
    if (words) {
        snprintf(text, room, "%s=%s", knob_table[knob].name, knob_table[knob].words[choice % words]);
        return;
    }
    if (knob_table[knob].set == set_queue)
        value = 1l << (2 + choice % 9); /* 4..1024 */
    else if (knob_table[knob].least < 0)
        value = ((long)(choice % 201) - 100) * (knob_table[knob].most / 100);
    else
        value += (long)(choice % (uint64_t)(knob_table[knob].most - value));
    snprintf(text, room, "%s=%ld", knob_table[knob].name, value);
}

static bool apply(struct personality *row, size_t knob, const char *value)
{
    long number = 0;
    if (!knob_table[knob].words[0])
        return read_number(value, knob_table[knob].least, knob_table[knob].most, &number) &&
               knob_table[knob].set(row, number);
    number = word_index(knob_table[knob].words, value);
    return number >= 0 && knob_table[knob].set(row, number);
}

static void explain(size_t knob, const char *word)
{
    fprintf(stderr, "device model: '%s': %s takes", word, knob_table[knob].name);
    if (!knob_table[knob].words[0])
        fprintf(stderr, " %ld..%ld%s", knob_table[knob].least, knob_table[knob].most,
                knob_table[knob].set == set_queue ? ", a power of 2" : "");
    for (unsigned i = 0; knob_table[knob].words[i]; i++)
        fprintf(stderr, "%s%s", i ? " or " : " ", knob_table[knob].words[i]);
    fprintf(stderr, "\n");
}

static bool read_knob(struct personality *row, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        if (strlen(knob_table[i].name) != length || strncmp(knob_table[i].name, word, length) != 0)
            continue;
        if (equals && apply(row, i, equals + 1))
            return true;
        explain(i, word);
        return false;
    }
    fprintf(stderr, "device model: unknown knob '%s' (there are", word);
    for (size_t i = 0; i < KNOB_COUNT; i++)
        fprintf(stderr, " %s", knob_table[i].name);
    fprintf(stderr, ")\n");
    return false;
}

static bool choose(struct personality *row, const char *name)
{
    const struct personality *found = personality_find(name);
    if (found) {
        *row = *found;
        return true;
    }
    fprintf(stderr, "device model: unknown personality '%s' (there are", name);
    personality_list();
    fprintf(stderr, ")\n");
    return false;
}

bool personality_parse(const char *options, struct personality *personality)
{
    char text[256];
    bool first = true;
    if (strlen(options) >= sizeof(text)) {
        fprintf(stderr, "device model: options of more than %zu characters\n", sizeof(text) - 1);
        return false;
    }
    memcpy(text, options, strlen(options) + 1);
    *personality = *personality_find("aero");
    for (char *next, *word = text; word; word = next, first = false) {
        next = strchr(word, ',');
        if (next)
            *next++ = '\0';
        if (first && !strchr(word, '=')) {
            if (*word && !choose(personality, word))
                return false;
        } else if (!read_knob(personality, word)) {
            return false;
        }
    }
    return true;
}
