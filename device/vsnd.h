/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The device model: a virtio-snd PCI function in software, behind the bus
 * interface of bench/include/pci_plugin.h like any other device of the bench.
 *
 * It holds no thread, no clock and no global state; any number of devices may
 * be open at once. Guest input never ends the process: what is malformed is
 * answered with BAD_MSG, or with NEEDS_RESET when no answer can be placed.
 */
#ifndef VSND_H
#define VSND_H

#include <stdbool.h>
#include <stdint.h>

#include "faults.h"
#include "pci_plugin.h"

#define VSND_STREAM_COUNT 2u
#define VSND_QUEUE_COUNT 4u

/* 0 is no state: an absent cell of a state table therefore refuses the command. */
enum vsnd_stream_state {
    VSND_STREAM_IDLE = 1,
    VSND_STREAM_PARAMS_SET,
    VSND_STREAM_PREPARED,
    VSND_STREAM_RUNNING,
    VSND_STREAM_STOPPED, /* specification only: Aero returns to PREPARED */
    VSND_STREAM_STATES
};

struct vsnd_stream_stats {
    uint32_t state;        /* enum vsnd_stream_state */
    uint32_t channels;     /* of the last accepted SET_PARAMS; 0: none yet */
    uint32_t buffer_bytes; /* of the last accepted SET_PARAMS */
    uint32_t period_bytes;
    uint32_t pending; /* transfers that the device holds and has not completed */
    uint32_t starts;  /* times the stream entered Running */
};

/*
 * Counters since open; a device reset keeps them. Frames are 48 kHz frames.
 * Silence is told apart for each stay in Running: before the first sample
 * (leading), after the last one (trailing), and between the two (underrun).
 */
struct vsnd_stats {
    uint64_t control_requests;
    uint64_t tx_buffers; /* transfers answered OK */
    uint64_t tx_frames;
    uint64_t rx_buffers;
    uint64_t rx_frames;
    uint64_t played_frames; /* frames that the consumer clock played, silence included */
    uint64_t leading_silence_frames;
    uint64_t trailing_silence_frames;
    uint64_t underrun_events;
    uint64_t underrun_frames;
    uint64_t overfill_dropped_frames; /* playback ring: oldest dropped */
    uint64_t late_dropped_frames;     /* came after silence had been played in their place */
    uint64_t cleared_frames;          /* playback ring: dropped when the stream left Running */
    uint64_t capture_frames;          /* accepted from push_capture */
    uint64_t capture_dropped_frames;  /* capture ring: oldest dropped */
    uint64_t capture_cleared_frames;  /* capture ring: dropped when the stream left Running */
    uint64_t rx_silence_frames;       /* frames given to the driver for which no sample existed */
    uint64_t bad_messages;            /* answers BAD_MSG */
    uint64_t not_supported;           /* answers NOT_SUPP */
    uint64_t io_errors;               /* answers IO_ERR */
    uint64_t odd_periods;             /* transfers of another size than SET_PARAMS announced; not Aero's */
    uint64_t stray_flags;             /* doorbells with flags in the available ring although EVENT_IDX is negotiated */
    uint64_t unanswered;              /* requests without room for an answer */
    uint64_t needs_reset;             /* times the device asked for a reset */
    uint64_t resets;                  /* times the driver wrote status 0 */
    uint64_t doorbells[VSND_QUEUE_COUNT];
    uint64_t bad_doorbells; /* wrong width, unknown queue, or value and address disagree */
    uint64_t interrupts;    /* times a used entry or a configuration change set the ISR */
    struct vsnd_stream_stats stream[VSND_STREAM_COUNT];
    uint32_t last_status;   /* last status other than OK, counted from 0 whatever the dialect; 0: none */
    const char *last_error; /* what the last bad, refused or unanswerable request was; static text, or "" */
};

/*
 * Operations of the model. The `options` of open are PERSONALITY[,knob=value...];
 * no personality means aero. A name or value that is not known gives one line on
 * stderr and open returns NULL.
 */
const struct pci_plugin_ops *vsnd_pci_ops(void);

/*
 * A device with a clock of its own (knobs ppm, ppm_out, ppm_in; 0 counts too) plays and records as many frames as that
 * clock counts: whatever it played can be taken, and push_capture takes what it wants, a millisecond ahead. Stream 0
 * plays, 1 records. `*frames`: what the clock has counted at `now_ns` since START, 0 when the stream does not run.
 * False: the device has no clock of its own in this direction, and lives by the host's.
 */
bool vsnd_clock_frames(const void *dev, uint32_t stream, uint64_t now_ns, uint64_t *frames);

/* Transfers that the device holds now. */
uint32_t vsnd_pending(const void *dev, uint32_t stream);

/* Does a completion say that the device's clock has come so far? */
bool vsnd_is_paced(const void *dev, uint32_t stream);

/* Power is lost (D3, sleep): the device forgets all that a reset forgets, PCI configuration stays. When it comes back
 * nothing more happens. */
void vsnd_power(void *dev, bool on);

/* Of the device's own accord and for no reason: NEEDS_RESET, and an interrupt with nothing behind it. */
void vsnd_ask_for_reset(void *dev);
void vsnd_interrupt(void *dev);
/* From now on it answers no control request. */
void vsnd_fall_silent(void *dev);
/* Of the transfers that the next RELEASE or the like would give back it keeps the oldest for ever. */
void vsnd_keep_transfer(void *dev);
/* What the device has to do with guest memory; bits. */
enum vsnd_claim {
    VSND_CLAIM_REACHED = 1, /* a live ring leads there, or a chain that was not given back: it may be read or written */
    VSND_CLAIM_KEPT = 2, /* asked back in vain: the device refused its reset, did not answer the request, did not give
                            back the transfer; or a reset ended a transfer, and no RELEASE was answered since */
    VSND_CLAIM_OUTLASTED = 4 /* of a transfer that was asked back in vain until a reset ended it */
};

/* Each for any byte of [address, address + length). */
unsigned vsnd_claims(const void *dev, uint64_t address, uint64_t length);

/*
 * The driver is about to ring for `queue`. Has a chain that waits there a byte in common with another one that waits
 * there, or that any queue holds, and may the device write that byte? Then the two say different things about it.
 * A stream may leave a transfer behind after a second, and go on over it, until RELEASE has asked for it back.
 * *address: where.
 */
bool vsnd_lent_twice(void *dev, unsigned queue, uint64_t *address);

/* Copies the counters of a device that vsnd_pci_ops()->open returned. */
void vsnd_get_stats(void *dev, struct vsnd_stats *stats);

/* The failures that are planned for this device; the caller changes them at any time. */
struct vsnd_faults *vsnd_faults(void *dev);

#endif
