/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PCM streams: the state machine, transfers, and the clock that plays and
 * records (virtio 1.2, 5.14.6.6 and 5.14.6.8).
 */
#ifndef VSND_PCM_H
#define VSND_PCM_H

#include "personality.h"
#include "virtio_wire.h"

struct vsnd;
struct transfer;

extern const pcm_state_table pcm_states_aero;
extern const pcm_state_table pcm_states_specification;
extern const pcm_state_table pcm_states_lax;
extern const pcm_state_table pcm_states_android;

struct pcm_stream {
    enum vsnd_stream_state state;
    bool released;     /* RELEASE was the last command */
    uint32_t channels; /* of the last SET_PARAMS since reset; 0: none */
    uint32_t buffer_bytes; /* likewise */
    uint32_t period_bytes;
    uint64_t flush_ns; /* when what RELEASE left behind comes back; 0: nothing is left */
    uint64_t start_ns;     /* the clock's zero; valid while Running */
    uint64_t clock_frames; /* frames that the clock has played or recorded since then */
    uint32_t starts;
    bool started;          /* since the last SET_PARAMS */
    bool stuck;            /* RELEASE came before any START */
    uint64_t late_frames;  /* inserted as silence, to be dropped; personality.late_is_dropped */

    /* Paced completion: transfers in the order of their arrival. */
    struct transfer *first_pending;
    struct transfer *last_pending;
    uint32_t pending;

    /* Playback silence of this stay in Running. */
    bool sounded;           /* a sample was played */
    uint64_t silent_frames; /* silence since the last sample, or since START */
};

/* The stream (0 playback, 1 capture) that an id on the wire names; VSND_STREAM_COUNT: none. */
uint32_t pcm_stream_of_id(const struct vsnd *dev, uint32_t id);

/* Frames that the clock of a stream has counted at `now_ns`, 0 when it does not run. */
uint64_t pcm_clock_frames(const struct vsnd *dev, uint32_t stream_id, uint64_t now_ns);

/* How many of the frames in the capture ring the clock has reached. */
size_t pcm_capture_ready(const struct vsnd *dev);

/* How many of `frames` recorded frames a device with a clock of its own takes now. */
size_t pcm_capture_room(const struct vsnd *dev, size_t frames);

/* Runs a command with well-formed parameters; the answer counts from 0 (VIRTIO_SND_S_OK..). */
uint32_t pcm_command(struct vsnd *dev, uint32_t stream_id, enum pcm_command command);

/* The answer to SET_PARAMS; VIRTIO_SND_S_OK: accepted, and the stream has them. */
uint32_t pcm_set_params(struct vsnd *dev, uint32_t stream_id, const struct virtio_snd_pcm_set_params *params);

/* One chain of the TX or RX queue: answered now, or kept until the clock reaches it. */
void pcm_transfer(struct vsnd *dev, uint32_t stream_id, const struct vq_chain *chain);

/* Plays and records up to dev->now_ns, and completes what is due. */
void pcm_advance(struct vsnd *dev);

/* Device reset: idle streams, nothing buffered, nothing pending, nothing written to the guest. */
void pcm_reset(struct vsnd *dev);

/* Forgets the transfers that the device holds; the stream stays as it is. */
void pcm_forget(struct vsnd *dev, uint32_t stream_id);

#endif
