/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "personality.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcm.h"
#include "virtio_wire.h"

#define BIT(n) (1ull << (n))
#define IN_STATE(name) (1u << VSND_STREAM_##name)

/* 200 ms bound the latency as a host would, and are far above any lead that a driver should need. */
#define DEFAULT_RING_MS 200u
#define MAX_RING_MS 10000u

/* The seed's formats: what the contract device has; the others are what QEMU 10 reports. */
#define FORMATS_S16 BIT(VIRTIO_SND_PCM_FMT_S16)
#define RATES_48000 BIT(VIRTIO_SND_PCM_RATE_48000)
#define FORMATS_QEMU 0x000E0078ull
#define RATES_QEMU 0x3FFFull

#define CONTRACT_TRANSPORT                                                                                             \
    .device_id = VIRTIO_SND_PCI_DEVICE_MODERN, .revision = VIRTIO_CONTRACT_REVISION,                                   \
    .subsystem_vendor = VIRTIO_PCI_VENDOR_ID, .subsystem_device = VIRTIO_ID_SOUND,                                     \
    .bar0_bytes = VIRTIO_CONTRACT_BAR0_SIZE, .notify_multiplier = VIRTIO_CONTRACT_NOTIFY_MULTIPLIER,                   \
    .regions = {                                                                                                       \
        {VIRTIO_PCI_CAP_COMMON_CFG, 0, VIRTIO_CONTRACT_COMMON_OFFSET, VIRTIO_CONTRACT_COMMON_LENGTH},                  \
        {VIRTIO_PCI_CAP_NOTIFY_CFG, 0, VIRTIO_CONTRACT_NOTIFY_OFFSET, VIRTIO_CONTRACT_NOTIFY_LENGTH},                  \
        {VIRTIO_PCI_CAP_ISR_CFG, 0, VIRTIO_CONTRACT_ISR_OFFSET, VIRTIO_CONTRACT_ISR_LENGTH},                           \
        {VIRTIO_PCI_CAP_DEVICE_CFG, 0, VIRTIO_CONTRACT_DEVICE_OFFSET, VIRTIO_CONTRACT_DEVICE_LENGTH},                  \
    }

/* A row of what the seed's drivers speak to behind a transitional identity: all of `aero` but the transport. */
#define AERO_PROTOCOL                                                                                                  \
    .subsystem_vendor = VIRTIO_PCI_VENDOR_ID, .subsystem_device = VIRTIO_ID_SOUND, .queue_sizes = {64, 64, 256, 64},   \
    .status_base = VIRTIO_SND_S_AERO_BASE, .xfer_header_bytes = VIRTIO_SND_XFER_BYTES_AERO, .info_request_bytes = 12,  \
    .info_range_may_exceed = true, .info_names_stream = true,                                                          \
    .streams = {{VIRTIO_SND_D_OUTPUT, 2, 2, FORMATS_S16, RATES_48000},                                                 \
                {VIRTIO_SND_D_INPUT, 1, 1, FORMATS_S16, RATES_48000}},                                                 \
    .states = &pcm_states_aero, .transfer_states = IN_STATE(RUNNING), .completion = COMPLETE_INSTANTLY

/* Virtio 1.2, 4.1.4.10: 24 bytes with MSI-X, and the device configuration. */
#define LEGACY_BAR_BYTES 64u

static const struct personality personalities[] = {
    {
        .name = "aero", /* AERO-W7-VIRTIO v1 */
        CONTRACT_TRANSPORT,
        .features = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_INDIRECT_DESC),
        .required_features = 0,
        .needs_driver_ok = false,
        .queue_size_writable = false,
        .queue_sizes = {64, 64, 256, 64},
        .status_base = VIRTIO_SND_S_AERO_BASE,
        .xfer_header_bytes = VIRTIO_SND_XFER_BYTES_AERO,
        .info_request_bytes = 12,
        .exact_requests = false,
        .info_range_may_exceed = true,
        .info_names_stream = true,
        .period_is_checked = false,
        .streams = {{VIRTIO_SND_D_OUTPUT, 2, 2, FORMATS_S16, RATES_48000},
                    {VIRTIO_SND_D_INPUT, 1, 1, FORMATS_S16, RATES_48000}},
        .states = &pcm_states_aero,
        .transfer_states = IN_STATE(RUNNING),
        .completion = COMPLETE_INSTANTLY,
    },
    {
        .name = "specification", /* virtio 1.2, 5.14, read strictly */
        CONTRACT_TRANSPORT,
        .features = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_INDIRECT_DESC),
        .required_features = BIT(VIRTIO_F_VERSION_1),
        .needs_driver_ok = true,
        .queue_size_writable = true,
        .queue_sizes = {64, 64, 64, 64},
        .status_base = VIRTIO_SND_S_SPEC_BASE,
        .xfer_header_bytes = VIRTIO_SND_XFER_BYTES_SPEC,
        .info_request_bytes = sizeof(struct virtio_snd_query_info),
        .exact_requests = true,
        .info_range_may_exceed = false,
        .info_names_stream = false,
        .period_is_checked = true,
        .streams = {{VIRTIO_SND_D_OUTPUT, 1, 2, FORMATS_QEMU, RATES_QEMU},
                    {VIRTIO_SND_D_INPUT, 1, 2, FORMATS_QEMU, RATES_QEMU}},
        .states = &pcm_states_specification,
        .transfer_states = IN_STATE(PREPARED) | IN_STATE(RUNNING) | IN_STATE(STOPPED),
        .completion = COMPLETE_PACED,
    },
    {
        .name = "transitional", /* modern capabilities beside a legacy I/O BAR, as QEMU lays out transitional devices */
        .device_id = VIRTIO_SND_PCI_DEVICE_TRANSITIONAL,
        .bar0_bytes = VIRTIO_CONTRACT_BAR0_SIZE,
        .modern_bar = 4,
        .legacy_bar0_bytes = LEGACY_BAR_BYTES,
        .notify_multiplier = VIRTIO_CONTRACT_NOTIFY_MULTIPLIER,
        .regions = {
            {VIRTIO_PCI_CAP_COMMON_CFG, 4, VIRTIO_CONTRACT_COMMON_OFFSET, VIRTIO_CONTRACT_COMMON_LENGTH},
            {VIRTIO_PCI_CAP_NOTIFY_CFG, 4, VIRTIO_CONTRACT_NOTIFY_OFFSET, VIRTIO_CONTRACT_NOTIFY_LENGTH},
            {VIRTIO_PCI_CAP_ISR_CFG, 4, VIRTIO_CONTRACT_ISR_OFFSET, VIRTIO_CONTRACT_ISR_LENGTH},
            {VIRTIO_PCI_CAP_DEVICE_CFG, 4, VIRTIO_CONTRACT_DEVICE_OFFSET, VIRTIO_CONTRACT_DEVICE_LENGTH},
        },
        .features = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_RING_INDIRECT_DESC),
        AERO_PROTOCOL,
    },
    {
        .name = "ioport", /* the legacy register file only */
        .device_id = VIRTIO_SND_PCI_DEVICE_TRANSITIONAL,
        .legacy_bar0_bytes = LEGACY_BAR_BYTES,
        .features = BIT(VIRTIO_F_RING_INDIRECT_DESC),
        AERO_PROTOCOL,
    },
};

#define PERSONALITY_COUNT (sizeof(personalities) / sizeof(personalities[0]))

static bool read_ring_ms(struct knobs *knobs, const char *value)
{
    char *end = NULL;
    unsigned long ms = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || ms < 1 || ms > MAX_RING_MS)
        return false;
    knobs->ring_ms = (uint32_t)ms;
    return true;
}

/* Index of `value` in the two words, or -1. */
static int one_of(const char *value, const char *first, const char *second)
{
    return strcmp(value, first) == 0 ? 0 : strcmp(value, second) == 0 ? 1 : -1;
}

static bool read_event_idx(struct knobs *knobs, const char *value)
{
    int word = one_of(value, "off", "on");
    knobs->event_idx = word == 1;
    return word >= 0;
}

static bool read_indirect(struct knobs *knobs, const char *value)
{
    int word = one_of(value, "on", "off");
    knobs->no_indirect = word == 1;
    return word >= 0;
}

static bool read_msix(struct knobs *knobs, const char *value)
{
    static const char *const words[] = {[MSIX_NONE] = "none", [MSIX_OFF] = "off", [MSIX_ENABLED] = "enabled"};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        knobs->msix = (enum msix)i;
        if (strcmp(value, words[i]) == 0)
            return true;
    }
    return false;
}

static bool read_tx_read(struct knobs *knobs, const char *value)
{
    int word = one_of(value, "late", "early");
    knobs->tx_read_early = word == 1;
    return word >= 0;
}

static const struct {
    const char *name;
    const char *values;
    bool (*read)(struct knobs *knobs, const char *value);
} knob_table[] = {
    {"ring_ms", "1..10000", read_ring_ms},
    {"event_idx", "on or off", read_event_idx},
    {"indirect", "on or off", read_indirect},
    {"msix", "none, off or enabled", read_msix},
    {"tx_read", "late or early", read_tx_read},
};

#define KNOB_COUNT (sizeof(knob_table) / sizeof(knob_table[0]))

static bool read_knob(struct knobs *knobs, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        if (strlen(knob_table[i].name) != length || strncmp(knob_table[i].name, word, length) != 0)
            continue;
        if (equals && knob_table[i].read(knobs, equals + 1))
            return true;
        fprintf(stderr, "device model: '%s': %s takes %s\n", word, knob_table[i].name, knob_table[i].values);
        return false;
    }
    fprintf(stderr, "device model: unknown knob '%s' (there are", word);
    for (size_t i = 0; i < KNOB_COUNT; i++)
        fprintf(stderr, " %s", knob_table[i].name);
    fprintf(stderr, ")\n");
    return false;
}

static const struct personality *find(const char *name)
{
    for (size_t i = 0; i < PERSONALITY_COUNT; i++) {
        if (strcmp(personalities[i].name, name) == 0)
            return &personalities[i];
    }
    fprintf(stderr, "device model: unknown personality '%s' (there are", name);
    for (size_t i = 0; i < PERSONALITY_COUNT; i++)
        fprintf(stderr, " %s", personalities[i].name);
    fprintf(stderr, ")\n");
    return NULL;
}

const struct personality *personality_parse(const char *options, struct knobs *knobs)
{
    char text[256];
    const struct personality *chosen = &personalities[0];
    bool first = true;
    if (strlen(options) >= sizeof(text)) {
        fprintf(stderr, "device model: options of more than %zu characters\n", sizeof(text) - 1);
        return NULL;
    }
    memcpy(text, options, strlen(options) + 1);
    *knobs = (struct knobs){.ring_ms = DEFAULT_RING_MS};
    for (char *next, *word = text; word; word = next, first = false) {
        next = strchr(word, ',');
        if (next)
            *next++ = '\0';
        if (first && !strchr(word, '='))
            chosen = *word ? find(word) : chosen;
        else if (!read_knob(knobs, word))
            return NULL;
        if (!chosen)
            return NULL;
    }
    return chosen;
}
