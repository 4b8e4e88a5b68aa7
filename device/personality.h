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
    COMPLETE_PACED,     /* TX when the consumer clock has played it, RX when full */
    COMPLETE_NEVER      /* kept until RELEASE: a back end that failed to open */
};

/* What used.len of the control queue says. */
enum control_length {
    CONTROL_LENGTH_EXACT,  /* the status and the entries */
    CONTROL_LENGTH_STATUS, /* 4, whatever was written */
    CONTROL_LENGTH_WHOLE,  /* everything writable, written or not */
    CONTROL_LENGTH_HUGE    /* more than there is */
};

/* Where the status of a capture transfer lies. */
enum rx_status {
    RX_STATUS_LAST,       /* the last 8 writable bytes */
    RX_STATUS_AFTER_DATA, /* behind what was recorded: within the payload when that is less than the buffer */
    RX_STATUS_AT_PERIOD   /* behind a whole period; used.len claims the period too */
};

/* What the event queue says, unasked. */
enum events {
    EVENTS_NONE,
    EVENTS_XRUN,      /* one in 10 ms, well-formed */
    EVENTS_MALFORMED, /* likewise, of every kind that should not be */
    EVENTS_FLOOD      /* as many as there are buffers, each millisecond */
};

/* What happens once some periods have been played or recorded. */
enum fault {
    FAULT_NONE,
    FAULT_UNKNOWN_ID, /* an answer to a request that was not made */
    FAULT_NEEDS_RESET,
    FAULT_DEAD,  /* it does nothing any more, nor resets */
    FAULT_KEEPS, /* it gives no transfer back any more, nor for RELEASE; a reset ends that */
    FAULT_RX_ERROR /* one recorded period comes back half filled with IO_ERR; the other half is lost */
};

/* One capability and the registers behind it. */
struct register_region {
    uint8_t cfg_type;
    uint8_t bar;
    uint32_t offset;
    uint32_t length;
};

#define REGION_COUNT 4u
#define VSND_MAX_CHANNELS 16u

struct stream_traits {
    uint8_t direction;
    uint8_t channels_min; /* told by PCM_INFO and accepted by SET_PARAMS */
    uint8_t channels_max;
    uint64_t formats; /* told by PCM_INFO; of these and the rates SET_PARAMS accepts S16 at 48 kHz only */
    uint64_t rates;
};

struct personality {
    const char *name;

    /* PCI function and transport */
    uint16_t device_id;
    uint8_t revision;
    uint16_t subsystem_vendor;
    uint16_t subsystem_device;
    uint8_t bar; /* of the registers, 64 bits wide */
    uint32_t bar_bytes;  /* 0: no modern registers */
    uint32_t legacy_bar_bytes; /* legacy register file, in I/O BAR 0; 0: none */
    bool msix_enabled;   /* with `vectors`: by whoever ran before the driver */
    uint16_t vectors;    /* of an MSI-X capability, its table in BAR 1; 0: there is none */
    bool pci_cfg_window; /* a PCI_CFG capability */
    uint32_t notify_multiplier;
    struct register_region regions[REGION_COUNT];
    uint64_t features;          /* offered */
    uint64_t required_features; /* FEATURES_OK does not stick without them */
    bool needs_driver_ok;       /* doorbells before DRIVER_OK are not served */
    bool queue_size_writable;
    uint16_t queue_sizes[VSND_QUEUE_COUNT];
    uint32_t config_bytes; /* device configuration; reads behind it give ones. 0: zeros to the end of the region */
    uint32_t jacks;        /* what it says of them */
    uint32_t chmaps;

    /* protocol */
    uint32_t status_base;
    uint32_t xfer_header_bytes;
    uint32_t info_request_bytes;    /* needed by PCM_INFO */
    bool exact_requests;            /* longer requests are BAD_MSG, not cut */
    bool info_range_may_exceed;     /* PCM_INFO beyond the last stream: OK, entries that exist; else BAD_MSG */
    bool info_names_stream;         /* first field of an entry: the stream id; else the function node, 0 */
    bool info_rejects_none;         /* PCM_INFO for 0 entries is BAD_MSG */
    bool period_is_checked;         /* SET_PARAMS refuses a period that does not divide the buffer */
    bool exact_descriptors;         /* one descriptor per part as Linux has them, else no answer and used.len 0 */
    bool exact_period;              /* a transfer that is not one period is IO_ERR */
    bool bad_stream_is_fatal;       /* SET_PARAMS and RELEASE of no stream: NEEDS_RESET, no answer */
    bool illegal_start_is_fatal;    /* PREPARE and START out of turn: likewise */
    bool stray_transfer_is_fatal;   /* a transfer in a state not in transfer_states: likewise */
    bool overfull_is_fatal;         /* more than two buffers in flight: likewise */
    uint32_t refusal;               /* of a command that the state does not allow */
    uint32_t unknown;               /* of a request code that does not exist */
    enum control_length control_length;
    uint32_t stream_count;
    uint8_t stream_order[VSND_STREAM_COUNT]; /* [id]: 0 the playback stream, 1 the capture stream */
    struct stream_traits streams[VSND_STREAM_COUNT]; /* playback, capture */
    uint8_t channels_accepted; /* by SET_PARAMS, from 1; 0: channels_min..channels_max as told */
    bool channels_max_follows; /* PREPARE makes channels_max the stream's channels, for good */
    uint8_t default_channels;  /* of a stream that runs without SET_PARAMS; 0: none can */

    /* streaming */
    const pcm_state_table *states;
    uint32_t transfer_states; /* 1 << enum vsnd_stream_state: transfers are accepted */
    enum completion completion[VSND_STREAM_COUNT]; /* playback, capture */
    uint32_t ring_ms;        /* capacity of the playback and the capture ring */
    bool tx_read_early;      /* paced TX: copy the payload when it arrives, not when it is played */
    uint32_t tick_ns;        /* the clock moves in steps of this; 0: evenly */
    uint64_t start_delay_ns; /* from START to the first sample */
    bool own_clock[VSND_STREAM_COUNT]; /* playback, capture: a clock that is off by `ppm`, perhaps 0 (vsnd.h) */
    int32_t ppm[VSND_STREAM_COUNT];    /* by how much it is fast */
    bool late_is_dropped;    /* a mixer that ran dry drops as much of what comes then, so that it keeps time */
    uint32_t mixer_frames;   /* paced TX: taken ahead of what is played, complete then */
    uint32_t mixer_periods;  /* the same in periods */
    enum rx_status rx_status;
    bool rx_ends_at_period;   /* complete with a period, whatever the buffer holds */
    bool rx_partial;          /* complete at each step of the clock with what was recorded */
    bool status_is_early;     /* that of a transfer is written when it is taken, too; the used entry makes it count */
    bool latency_is_payload;  /* latency_bytes means nothing; else 0 */
    uint32_t flush_status;    /* of what RELEASE gives back */
    bool stale_periods;       /* an earlier driver's stream goes on through every reset until it is released */
    enum fault fault;
    uint32_t fault_count;     /* so often, 0 with FAULT_NONE */
    uint32_t fault_after;     /* periods before each time */
    enum events events;
    bool unstarted_release_sticks; /* RELEASE before any START: OK, nothing comes back, and BAD_MSG until a reset */
    uint64_t flush_delay_ns;  /* RELEASE answers first and gives back this much later; SET_PARAMS until then: BAD_MSG */
};

/* The table; NULL: no such row. */
const struct personality *personality_find(const char *name);
void personality_list(void); /* names, to stderr */
/* The name of row `index`; counting goes round. */
const char *personality_name(uint64_t index);

/* Writes "knob=value" for the table's knob `index` and its value `choice`; counting goes round in both. */
void personality_knob(uint64_t index, uint64_t choice, char *text, size_t room);

/*
 * Reads PERSONALITY[,knob=value...]; both parts may be absent. false: something
 * is unknown, and one line on stderr said what.
 */
bool personality_parse(const char *options, struct personality *personality);

#endif
