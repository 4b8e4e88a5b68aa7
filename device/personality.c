/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "personality.h"

#include <stdio.h>
#include <string.h>

#include "pcm.h"
#include "virtio_wire.h"

#define BIT(n) (1ull << (n))
#define IN_STATE(name) (1u << VSND_STREAM_##name)
#define ANY_STATE (~0u)

/* 200 ms bound the latency as a host would, and are far above any lead that a driver should need. */
#define DEFAULT_RING_MS 200u

/* The seed's formats: what the contract device has; the others are what QEMU 10 reports. */
#define FORMATS_S16 BIT(VIRTIO_SND_PCM_FMT_S16)
#define RATES_48000 BIT(VIRTIO_SND_PCM_RATE_48000)
#define FORMATS_QEMU 0x000E0078ull
#define RATES_QEMU 0x3FFFull

#define CONTRACT_TRANSPORT CONTRACT_TRANSPORT_OF(VIRTIO_PCI_VENDOR_ID)
#define CONTRACT_TRANSPORT_OF(vendor)                                                                                  \
    .device_id = VIRTIO_SND_PCI_DEVICE_MODERN, .revision = VIRTIO_CONTRACT_REVISION,                                   \
    .subsystem_vendor = (vendor), .subsystem_device = VIRTIO_ID_SOUND,                                                 \
    .bar_bytes = VIRTIO_CONTRACT_BAR0_SIZE, .notify_multiplier = VIRTIO_CONTRACT_NOTIFY_MULTIPLIER,                   \
    .regions = {                                                                                                       \
        {VIRTIO_PCI_CAP_COMMON_CFG, 0, VIRTIO_CONTRACT_COMMON_OFFSET, VIRTIO_CONTRACT_COMMON_LENGTH},                  \
        {VIRTIO_PCI_CAP_NOTIFY_CFG, 0, VIRTIO_CONTRACT_NOTIFY_OFFSET, VIRTIO_CONTRACT_NOTIFY_LENGTH},                  \
        {VIRTIO_PCI_CAP_ISR_CFG, 0, VIRTIO_CONTRACT_ISR_OFFSET, VIRTIO_CONTRACT_ISR_LENGTH},                           \
        {VIRTIO_PCI_CAP_DEVICE_CFG, 0, VIRTIO_CONTRACT_DEVICE_OFFSET, VIRTIO_CONTRACT_DEVICE_LENGTH},                  \
    }

#define OUTPUT_THEN_INPUT .stream_count = 2, .stream_order = {0, 1}
#define INPUT_THEN_OUTPUT .stream_count = 2, .stream_order = {1, 0}

/* QEMU's PCI transport: registers in BAR 4, MSI-X in BAR 1, a PCI_CFG window; 16 bytes of configuration. */
#define QEMU_TRANSPORT                                                                                                 \
    .device_id = VIRTIO_SND_PCI_DEVICE_MODERN, .revision = VIRTIO_CONTRACT_REVISION,                                   \
    .subsystem_vendor = VIRTIO_PCI_VENDOR_ID, .subsystem_device = 0x1100, .bar = 4, .bar_bytes = 0x4000,               \
    .vectors = 2, .pci_cfg_window = true, .notify_multiplier = 4, .config_bytes = 16,                                  \
    .regions = {                                                                                                       \
        {VIRTIO_PCI_CAP_COMMON_CFG, 4, 0x0000, 0x1000},                                                                \
        {VIRTIO_PCI_CAP_ISR_CFG, 4, 0x1000, 0x1000},                                                                   \
        {VIRTIO_PCI_CAP_DEVICE_CFG, 4, 0x2000, 0x1000},                                                                \
        {VIRTIO_PCI_CAP_NOTIFY_CFG, 4, 0x3000, 0x1000},                                                                \
    }

#define MODERN_FEATURES (BIT(VIRTIO_F_VERSION_1))
#define INDIRECT BIT(VIRTIO_F_RING_INDIRECT_DESC)
#define EVENT_IDX BIT(VIRTIO_F_RING_EVENT_IDX)
/* NOTIFY_ON_EMPTY, ANY_LAYOUT, INDIRECT_DESC, EVENT_IDX, the bit that no driver may take, VERSION_1, RING_RESET. */
#define FEATURES_OF_QEMU (BIT(24) | BIT(27) | INDIRECT | EVENT_IDX | BIT(30) | MODERN_FEATURES | BIT(40))

/* Formats U8, S16, S24, S32 and the rates 8 to 48 kHz of the Rust devices. */
#define FORMATS_RUST (BIT(4) | FORMATS_S16 | BIT(15) | BIT(17))
#define RATES_TO_48000 0xFEull

/* The part of every device that speaks virtio 1.2. */
#define SPECIFIED                                                                                                      \
    .required_features = BIT(VIRTIO_F_VERSION_1), .needs_driver_ok = true, .queue_size_writable = true,                \
    .status_base = VIRTIO_SND_S_SPEC_BASE, .xfer_header_bytes = VIRTIO_SND_XFER_BYTES_SPEC,                            \
    .info_request_bytes = sizeof(struct virtio_snd_query_info), .completion = {COMPLETE_PACED, COMPLETE_PACED},        \
    .ring_ms = DEFAULT_RING_MS

/* QEMU's sound device: no state machine, any parameters, a mixer that runs every 10 ms about 1024 frames ahead. */
#define QEMU_SOUND                                                                                                     \
    QEMU_TRANSPORT, SPECIFIED, .features = FEATURES_OF_QEMU, .queue_sizes = {64, 64, 64, 64},                          \
    .exact_requests = true, .info_range_may_exceed = false, .bad_stream_is_fatal = true,                               \
    .refusal = VIRTIO_SND_S_BAD_MSG, .unknown = VIRTIO_SND_S_BAD_MSG, OUTPUT_THEN_INPUT,                               \
    .streams = {{VIRTIO_SND_D_OUTPUT, 1, 2, FORMATS_QEMU, RATES_QEMU},                                                 \
                {VIRTIO_SND_D_INPUT, 1, 2, FORMATS_QEMU, RATES_QEMU}},                                                 \
    .channels_accepted = VSND_MAX_CHANNELS, .channels_max_follows = true, .default_channels = 2,                       \
    .states = &pcm_states_lax, .transfer_states = ANY_STATE, .tick_ns = 10000000u, .mixer_frames = 1024,               \
    .rx_status = RX_STATUS_AFTER_DATA, .rx_ends_at_period = true

/* A row of what the seed's drivers speak to behind a transitional identity: all of `aero` but the transport. */
#define AERO_PROTOCOL                                                                                                  \
    .subsystem_vendor = VIRTIO_PCI_VENDOR_ID, .subsystem_device = VIRTIO_ID_SOUND, .queue_sizes = {64, 64, 256, 64},   \
    .status_base = VIRTIO_SND_S_AERO_BASE, .xfer_header_bytes = VIRTIO_SND_XFER_BYTES_AERO, .info_request_bytes = 12,  \
    .info_range_may_exceed = true, .info_names_stream = true, .refusal = VIRTIO_SND_S_IO_ERR,                          \
    .unknown = VIRTIO_SND_S_NOT_SUPP, OUTPUT_THEN_INPUT, .ring_ms = DEFAULT_RING_MS,                                   \
    .streams = {{VIRTIO_SND_D_OUTPUT, 2, 2, FORMATS_S16, RATES_48000},                                                 \
                {VIRTIO_SND_D_INPUT, 1, 1, FORMATS_S16, RATES_48000}},                                                 \
    .states = &pcm_states_aero, .transfer_states = IN_STATE(RUNNING),                                                  \
    .completion = {COMPLETE_INSTANTLY, COMPLETE_INSTANTLY}

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
        .refusal = VIRTIO_SND_S_IO_ERR,
        .unknown = VIRTIO_SND_S_NOT_SUPP,
        OUTPUT_THEN_INPUT,
        .streams = {{VIRTIO_SND_D_OUTPUT, 2, 2, FORMATS_S16, RATES_48000},
                    {VIRTIO_SND_D_INPUT, 1, 1, FORMATS_S16, RATES_48000}},
        .states = &pcm_states_aero,
        .transfer_states = IN_STATE(RUNNING),
        .completion = {COMPLETE_INSTANTLY, COMPLETE_INSTANTLY},
        .ring_ms = DEFAULT_RING_MS,
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
        .refusal = VIRTIO_SND_S_IO_ERR,
        .unknown = VIRTIO_SND_S_NOT_SUPP,
        OUTPUT_THEN_INPUT,
        .streams = {{VIRTIO_SND_D_OUTPUT, 1, 2, FORMATS_QEMU, RATES_QEMU},
                    {VIRTIO_SND_D_INPUT, 1, 2, FORMATS_QEMU, RATES_QEMU}},
        .states = &pcm_states_specification,
        .transfer_states = IN_STATE(PREPARED) | IN_STATE(RUNNING) | IN_STATE(STOPPED),
        .completion = {COMPLETE_PACED, COMPLETE_PACED},
        .ring_ms = DEFAULT_RING_MS,
    },
    {
        .name = "qemu8", /* QEMU 8.2: used.len of the control queue is 4 even with entries behind the status */
        QEMU_SOUND,
        .control_length = CONTROL_LENGTH_STATUS,
    },
    {
        .name = "qemu", /* QEMU 10 */
        QEMU_SOUND,
        .control_length = CONTROL_LENGTH_EXACT,
    },
    {
        .name = "crosvm", /* strict states, exact periods, direct chains only, a backend one period ahead */
        CONTRACT_TRANSPORT,
        SPECIFIED,
        .features = MODERN_FEATURES | EVENT_IDX,
        .queue_sizes = {1024, 1024, 1024, 1024},
        .chmaps = 4,
        .exact_requests = true,
        .period_is_checked = true,
        .exact_period = true,
        .refusal = VIRTIO_SND_S_NOT_SUPP,
        .unknown = VIRTIO_SND_S_BAD_MSG,
        OUTPUT_THEN_INPUT,
        .streams = {{VIRTIO_SND_D_OUTPUT, 1, 6, FORMATS_RUST, RATES_TO_48000},
                    {VIRTIO_SND_D_INPUT, 1, 2, FORMATS_RUST, RATES_TO_48000}},
        .states = &pcm_states_specification,
        .transfer_states = IN_STATE(PREPARED) | IN_STATE(RUNNING) | IN_STATE(STOPPED),
        .mixer_periods = 1,
    },
    {
        .name = "vhost-device-sound", /* behind QEMU's vhost-user-snd-pci, PipeWire: dies of what comes out of turn */
        QEMU_TRANSPORT,
        SPECIFIED,
        .features = INDIRECT | EVENT_IDX | MODERN_FEATURES | BIT(40),
        .queue_sizes = {64, 64, 64, 64},
        .chmaps = 1,
        .info_rejects_none = true,
        .exact_requests = true,
        .period_is_checked = true,
        .illegal_start_is_fatal = true,
        .stray_transfer_is_fatal = true,
        .refusal = VIRTIO_SND_S_BAD_MSG,
        .unknown = VIRTIO_SND_S_BAD_MSG,
        OUTPUT_THEN_INPUT,
        .streams = {{VIRTIO_SND_D_OUTPUT, 1, 6, FORMATS_RUST, RATES_TO_48000},
                    {VIRTIO_SND_D_INPUT, 1, 6, FORMATS_RUST, RATES_TO_48000}},
        .states = &pcm_states_specification,
        .transfer_states = IN_STATE(PREPARED) | IN_STATE(RUNNING),
        .latency_is_payload = true,
    },
    {
        .name = "acrn", /* counts descriptors, RELEASE answers before it gives back, and loses a stream that never
                           ran; Oracle's vendor id for Windows guests */
        CONTRACT_TRANSPORT_OF(0x108E),
        SPECIFIED,
        .features = MODERN_FEATURES,
        .queue_sizes = {256, 256, 256, 256},
        .exact_descriptors = true,
        .period_is_checked = true,
        .refusal = VIRTIO_SND_S_BAD_MSG,
        .unknown = VIRTIO_SND_S_NOT_SUPP,
        OUTPUT_THEN_INPUT,
        .streams = {{VIRTIO_SND_D_OUTPUT, 1, 2, FORMATS_QEMU, RATES_TO_48000},
                    {VIRTIO_SND_D_INPUT, 1, 2, FORMATS_QEMU, RATES_TO_48000}},
        .states = &pcm_states_specification,
        .transfer_states = IN_STATE(PREPARED) | IN_STATE(RUNNING) | IN_STATE(STOPPED),
        .mixer_periods = 2,
        .flush_status = VIRTIO_SND_S_BAD_MSG,
        .flush_delay_ns = 3000000u,
        .unstarted_release_sticks = true,
    },
    {
        .name = "android", /* the emulator's own device: stream 0 records; STOP leads back to Prepared; aborts when a
                              transfer comes out of turn or past two buffers */
        QEMU_TRANSPORT,
        SPECIFIED,
        .features = INDIRECT | EVENT_IDX | MODERN_FEATURES,
        .queue_sizes = {64, 64, 64, 64},
        .jacks = 2,
        .chmaps = 2,
        .info_rejects_none = true,
        .exact_requests = true,
        .period_is_checked = true,
        .stray_transfer_is_fatal = true,
        .overfull_is_fatal = true,
        .refusal = VIRTIO_SND_S_BAD_MSG,
        .unknown = VIRTIO_SND_S_BAD_MSG,
        INPUT_THEN_OUTPUT,
        .streams = {{VIRTIO_SND_D_OUTPUT, 1, 5, FORMATS_S16, RATES_TO_48000},
                    {VIRTIO_SND_D_INPUT, 1, 2, FORMATS_S16, RATES_TO_48000}},
        .states = &pcm_states_android,
        .transfer_states = IN_STATE(PREPARED) | IN_STATE(RUNNING),
        .mixer_periods = 2,
        .late_is_dropped = true,
        .rx_status = RX_STATUS_AT_PERIOD,
        .rx_ends_at_period = true,
    },
    {
        .name = "transitional", /* modern capabilities beside a legacy I/O BAR, as QEMU lays out transitional devices */
        .device_id = VIRTIO_SND_PCI_DEVICE_TRANSITIONAL,
        .bar = 4,
        .bar_bytes = VIRTIO_CONTRACT_BAR0_SIZE,
        .legacy_bar_bytes = LEGACY_BAR_BYTES,
        .notify_multiplier = VIRTIO_CONTRACT_NOTIFY_MULTIPLIER,
        .regions = {
            {VIRTIO_PCI_CAP_COMMON_CFG, 4, VIRTIO_CONTRACT_COMMON_OFFSET, VIRTIO_CONTRACT_COMMON_LENGTH},
            {VIRTIO_PCI_CAP_NOTIFY_CFG, 4, VIRTIO_CONTRACT_NOTIFY_OFFSET, VIRTIO_CONTRACT_NOTIFY_LENGTH},
            {VIRTIO_PCI_CAP_ISR_CFG, 4, VIRTIO_CONTRACT_ISR_OFFSET, VIRTIO_CONTRACT_ISR_LENGTH},
            {VIRTIO_PCI_CAP_DEVICE_CFG, 4, VIRTIO_CONTRACT_DEVICE_OFFSET, VIRTIO_CONTRACT_DEVICE_LENGTH},
        },
        .features = MODERN_FEATURES | INDIRECT,
        AERO_PROTOCOL,
    },
    {
        .name = "ioport", /* the legacy register file only */
        .device_id = VIRTIO_SND_PCI_DEVICE_TRANSITIONAL,
        .legacy_bar_bytes = LEGACY_BAR_BYTES,
        .features = INDIRECT,
        AERO_PROTOCOL,
    },
};

#define PERSONALITY_COUNT (sizeof(personalities) / sizeof(personalities[0]))

const struct personality *personality_find(const char *name)
{
    for (size_t i = 0; i < PERSONALITY_COUNT; i++) {
        if (strcmp(personalities[i].name, name) == 0)
            return &personalities[i];
    }
    return NULL;
}

const char *personality_name(uint64_t index)
{
    return personalities[index % PERSONALITY_COUNT].name;
}

void personality_list(void)
{
    for (size_t i = 0; i < PERSONALITY_COUNT; i++)
        fprintf(stderr, " %s", personalities[i].name);
}
