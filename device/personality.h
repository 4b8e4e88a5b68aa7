/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What one virtio-snd device does differently from another, as data: the model
 * has no `if (this device)` anywhere else. A new device is a new row.
 */
#ifndef VSND_PERSONALITY_H
#define VSND_PERSONALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "virtqueue.h"
#include "vsnd.h"

/* Columns of a state table, in the order of the request codes from SET_PARAMS. */
enum pcm_command { PCM_SET_PARAMS, PCM_PREPARE, PCM_RELEASE, PCM_START, PCM_STOP, PCM_COMMANDS };

/* [state][command] -> next state, or 0: refused with IO_ERR. */
typedef uint8_t pcm_state_table[VSND_STREAM_STATES][PCM_COMMANDS];

enum completion {
    COMPLETE_INSTANTLY, /* TX when the samples are in the host ring, RX with what there is */
    COMPLETE_PACED      /* TX when the consumer clock has played it, RX when full */
};

/* One capability and the registers behind it. */
struct register_region {
    uint8_t cfg_type;
    uint8_t bar;
    uint32_t offset;
    uint32_t length;
};

#define REGION_COUNT 4u

struct stream_traits {
    uint8_t direction;
    uint8_t channels_min; /* told by PCM_INFO and accepted by SET_PARAMS */
    uint8_t channels_max;
    uint64_t formats; /* told by PCM_INFO; SET_PARAMS accepts S16 at 48 kHz only */
    uint64_t rates;
};

struct personality {
    const char *name;

    /* PCI function and transport */
    uint16_t device_id;
    uint8_t revision;
    uint16_t subsystem_vendor;
    uint16_t subsystem_device;
    uint32_t bar0_bytes;       /* modern registers, in memory BAR `modern_bar`; 0: none */
    uint8_t modern_bar;
    uint32_t legacy_bar0_bytes; /* legacy register file, in I/O BAR 0; 0: none */
    uint32_t notify_multiplier;
    struct register_region regions[REGION_COUNT];
    uint64_t features;          /* offered */
    uint64_t required_features; /* FEATURES_OK does not stick without them */
    bool needs_driver_ok;       /* doorbells before DRIVER_OK are not served */
    bool queue_size_writable;
    uint16_t queue_sizes[VSND_QUEUE_COUNT];

    /* protocol */
    uint32_t status_base;
    uint32_t xfer_header_bytes;
    uint32_t info_request_bytes;    /* needed by PCM_INFO */
    bool exact_requests;            /* longer requests are BAD_MSG, not cut */
    bool info_range_may_exceed;     /* PCM_INFO beyond the last stream: OK, entries that exist; else BAD_MSG */
    bool info_names_stream;         /* first field of an entry: the stream id; else the function node, 0 */
    bool period_is_checked;         /* SET_PARAMS refuses a period that does not divide the buffer */
    struct stream_traits streams[VSND_STREAM_COUNT];

    /* streaming */
    const pcm_state_table *states;
    uint32_t transfer_states; /* 1 << enum vsnd_stream_state: transfers are accepted */
    enum completion completion;
};

/* Turned on by whoever ran before the driver: it moves the device configuration of the legacy register file. */
enum msix { MSIX_NONE, MSIX_OFF, MSIX_ENABLED };

struct knobs {
    uint32_t ring_ms;   /* capacity of the playback and the capture ring */
    bool event_idx;     /* offer EVENT_IDX */
    bool no_indirect;   /* do not offer INDIRECT_DESC, as crosvm and ACRN do not */
    enum msix msix;     /* a capability of one vector, without a table behind it */
    bool tx_read_early; /* paced TX: copy the payload when it arrives, not when it is played */
};

/*
 * Reads PERSONALITY[,knob=value...]; both parts may be absent. NULL: something
 * is unknown, and one line on stderr said what.
 */
const struct personality *personality_parse(const char *options, struct knobs *knobs);

#endif
