/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The device as its parts see it. */
#ifndef VSND_MODEL_H
#define VSND_MODEL_H

#include "audio_ring.h"
#include "faults.h"
#include "misbehaviour.h"
#include "pcm.h"
#include "personality.h"
#include "virtio_wire.h"
#include "virtqueue.h"
#include "vsnd.h"

#define CONFIG_SPACE_BYTES 256u
#define MSIX_BAR 1u
#define MSIX_BAR_BYTES 0x1000u

struct vsnd {
    const struct personality *personality; /* the row below */
    struct personality row;                /* of the table, as the knobs changed it */
    struct guest_memory memory;
    uint64_t now_ns; /* of the last advance */

    /* pci_config.c */
    uint8_t config[CONFIG_SPACE_BYTES];
    uint8_t config_writable[CONFIG_SPACE_BYTES]; /* bits that the driver can change */
    uint16_t config_status;                      /* constant bits of the status register */
    uint8_t msix_capability;                     /* where they lie; 0: there is none */
    uint8_t window_capability;
    uint8_t msix_memory[MSIX_BAR_BYTES];         /* BAR 1: nothing is ever sent from it */

    /* common_cfg.c */
    uint32_t device_feature_select;
    uint32_t driver_feature_select;
    uint64_t features; /* offered */
    uint64_t driver_features;
    uint16_t queue_select;
    uint16_t config_vector; /* MSI-X; the two are kept, and nothing is done with them */
    uint16_t queue_vectors[VSND_QUEUE_COUNT];
    uint8_t status;
    uint8_t isr;
    struct virtqueue queues[VSND_QUEUE_COUNT];

    /* virtqueue service */
    struct vq_segment segments[VQ_MAX_SIZE]; /* of the chain being served */

    /* pcm.c */
    struct pcm_stream streams[VSND_STREAM_COUNT];
    uint8_t channels_max[VSND_STREAM_COUNT]; /* as PCM_INFO tells it; a reset leaves it alone */
    struct audio_ring playback; /* samples accepted and not played: instant completion, or a mixer's */
    struct audio_ring capture;  /* samples recorded and not given to the driver */
    uint64_t captured_frames;   /* frames that entered `capture` since START */
    struct audio_ring played;   /* what the clock played and the host has not taken */

    struct misbehaviour misbehaviour;

    /* claims.c */
    bool reset_refused;                        /* the driver asked for a reset and does not get it */
    struct vq_claim *past[VSND_STREAM_COUNT];  /* transfers that a reset ended: some devices forget that */

    struct vsnd_stats stats;
    struct vsnd_faults faults; /* vsnd_faults(); a reset leaves it alone */
};

/* pci_config.c */
void pci_config_init(struct vsnd *dev);
uint32_t pci_config_read(struct vsnd *dev, uint16_t offset, unsigned size);
void pci_config_write(struct vsnd *dev, uint16_t offset, unsigned size, uint32_t value);
bool pci_bar_enabled(const struct vsnd *dev, unsigned bar);
bool pci_bar_is_io(const struct vsnd *dev, unsigned bar);
bool pci_msix_enabled(const struct vsnd *dev);
bool pci_intx_disabled(const struct vsnd *dev);
/* The register access that a configuration access at `offset` stands for; false: it is not one. */
bool pci_window_target(const struct vsnd *dev, uint16_t offset, unsigned size, unsigned *bar, uint64_t *target);

/* common_cfg.c: `offset` counts from the start of the region. */
uint64_t common_cfg_read(struct vsnd *dev, uint64_t offset, unsigned size);
void common_cfg_write(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value);
/* Everything that a driver's reset forgets; PCI configuration and counters stay. */
void device_reset(struct vsnd *dev);
/* The driver wrote status 0. */
void device_asked_to_reset(struct vsnd *dev);
/* The device cannot go on: sets NEEDS_RESET and tells the driver. `why` is static text. */
void device_needs_reset(struct vsnd *dev, const char *why);
/* The features in driver_features come into force. */
void device_take_features(struct vsnd *dev);

/* legacy_cfg.c: the register file in I/O BAR 0. */
uint64_t legacy_cfg_read(struct vsnd *dev, uint64_t offset, unsigned size);
void legacy_cfg_write(struct vsnd *dev, uint64_t offset, unsigned size, uint64_t value);

/* vsnd.c */
void device_interrupt(struct vsnd *dev, uint8_t isr_bit);
/* Serves every chain that waits in one queue. */
void queue_serve(struct vsnd *dev, uint16_t index);
/* A doorbell for queue `index` that came at the address of queue `at`. */
void queue_doorbell(struct vsnd *dev, uint64_t at, uint64_t index);
/* The ISR byte; reading clears it. */
uint8_t device_take_isr(struct vsnd *dev);
uint64_t device_cfg_read(struct vsnd *dev, uint64_t offset, unsigned size);
/* Gives a chain back to the driver. */
void queue_complete(struct vsnd *dev, uint16_t index, uint16_t head, uint32_t written);
/* The queue goes out of use: the device forgets its rings and every chain that it holds of them. */
void queue_forget(struct vsnd *dev, uint16_t index);
/* Counts an answer and returns it as it goes on the wire; `why` (static text) matters unless it is OK. */
uint32_t device_answer(struct vsnd *dev, uint32_t status, const char *why);

/* claims.c: a reset is about to end what the queues hold; RELEASE of a stream was answered; power was lost. */
void claims_reset(struct vsnd *dev);
/* Is the latest claim of queue `index` at odds with those behind it, or with those of another queue? */
bool claims_clash(const struct vsnd *dev, unsigned index, const struct vq_claim *fresh, uint64_t *address);
void claims_released(struct vsnd *dev, uint32_t stream_id);
void claims_forget(struct vsnd *dev);

/* control.c */
void control_request(struct vsnd *dev, const struct vq_chain *chain);

#endif
