/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A tiny driver for the tests of the device model. It reaches the device only
 * through the plug-in interface and its own guest memory, and shares nothing
 * with the model but the wire format.
 *
 * Memory is 6 GiB, sparse. Rings and buffers lie above 4 GiB unless a test
 * places them elsewhere.
 */
#ifndef DEVICE_TEST_GUEST_H
#define DEVICE_TEST_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pci_plugin.h"
#include "virtio_wire.h"
#include "vsnd.h"

#define GUEST_RAM_BYTES (6ull << 30)
#define GUEST_HIGH_BASE 0x120000000ull
#define GUEST_LOW_BASE 0x100000ull

#define COMMON(name) (VIRTIO_CONTRACT_COMMON_OFFSET + VIRTIO_COMMON_##name)
#define ISR_REGISTER VIRTIO_CONTRACT_ISR_OFFSET
#define DOORBELL(queue) (VIRTIO_CONTRACT_NOTIFY_OFFSET + VIRTIO_CONTRACT_NOTIFY_MULTIPLIER * (queue))
#define DEVICE_REGISTER(name) (VIRTIO_CONTRACT_DEVICE_OFFSET + VIRTIO_SND_CFG_##name)

#define MS 1000000ull
#define BIT64(n) (1ull << (n))
#define CONTRACT_FEATURES (BIT64(VIRTIO_F_VERSION_1) | BIT64(VIRTIO_F_RING_INDIRECT_DESC))
#define UP (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK)

struct guest_queue {
    uint16_t size;
    uint64_t desc;
    uint64_t avail;
    uint64_t used;
    uint16_t next_desc;
    uint16_t avail_idx;
    uint16_t used_seen;
};

struct guest {
    const struct pci_plugin_ops *ops;
    void *dev;
    uint8_t *ram;
    uint64_t high; /* next free address above 4 GiB */
    bool aero;     /* else the specification's dialect */
    unsigned bar;  /* of the registers: 0 as in the contract, 4 as in QEMU */
    uint32_t status_base;
    uint32_t xfer_bytes;
    uint64_t now; /* virtual ns */
    struct guest_queue queues[VIRTIO_SND_QUEUE_COUNT];
};

/* One buffer of a chain. */
struct part {
    uint64_t address;
    uint32_t length;
    uint16_t flags; /* VRING_DESC_F_WRITE or 0 */
};

struct used {
    uint32_t id;
    uint32_t length;
};

/* cmocka set-ups: *state holds the options on entry and the guest afterwards. */
int guest_setup(void **state);         /* the device, with nothing enabled */
int guest_setup_up(void **state);      /* and brought up to DRIVER_OK */
int guest_teardown(void **state);
/* Two rows of a cmocka table: the test on a device of either dialect. */
#define IN_BOTH_DIALECTS(test_, setup_)                                                                                \
    {"aero_" #test_, test_, setup_, guest_teardown, "aero"},                                                           \
        {"specification_" #test_, test_, setup_, guest_teardown, "specification"}

struct guest *guest_open(const char *options);
void guest_close(struct guest *guest);
void guest_enable_pci(struct guest *guest);
void guest_negotiate(struct guest *guest, uint64_t features); /* up to FEATURES_OK */
void guest_add_queue(struct guest *guest, unsigned index, uint16_t size);
void guest_bring_up(struct guest *guest);

uint64_t guest_read(struct guest *guest, uint64_t offset, unsigned size);
void guest_write(struct guest *guest, uint64_t offset, unsigned size, uint64_t value);
uint8_t guest_status(struct guest *guest);
void guest_advance(struct guest *guest, uint64_t ns); /* in steps of at most 1 ms */

uint64_t guest_alloc(struct guest *guest, uint64_t bytes);
void guest_put(struct guest *guest, uint64_t address, const void *data, size_t bytes);
void guest_get(struct guest *guest, uint64_t address, void *data, size_t bytes);
uint16_t guest_get16(struct guest *guest, uint64_t address);
uint32_t guest_get32(struct guest *guest, uint64_t address);
void guest_put16(struct guest *guest, uint64_t address, uint16_t value);
void guest_put32(struct guest *guest, uint64_t address, uint32_t value);

/* Writes one descriptor of any table. */
void guest_put_desc(struct guest *guest, uint64_t table, unsigned index, uint64_t address, uint32_t length,
                    uint16_t flags, uint16_t next);
/* Makes a head available, without a doorbell. */
void guest_publish(struct guest *guest, unsigned queue, uint16_t head);
/* Chains the parts, makes them available; returns the head. The second form uses an indirect table. */
uint16_t guest_add(struct guest *guest, unsigned queue, const struct part *parts, unsigned count);
uint16_t guest_add_indirect(struct guest *guest, unsigned queue, const struct part *parts, unsigned count);
void guest_kick(struct guest *guest, unsigned queue);
/* The next used entry, if there is one. */
bool guest_reap(struct guest *guest, unsigned queue, struct used *used);

/* Sends a control request; returns its status as it came, and the answer behind it. */
#define NO_ANSWER 0xDEADBEEFu
uint32_t guest_control(struct guest *guest, const void *request, uint32_t bytes, void *answer, uint32_t answer_bytes,
                       uint32_t *used_length);
/* Statuses below count from 0 in both dialects (VIRTIO_SND_S_OK..). */
uint32_t guest_command(struct guest *guest, uint32_t code, uint32_t stream);
uint32_t guest_set_params(struct guest *guest, uint32_t stream, uint32_t channels);
void guest_prepare(struct guest *guest, uint32_t stream); /* SET_PARAMS (2 or 1 channels) and PREPARE */
void guest_start(struct guest *guest, uint32_t stream);   /* and START */

/* A transfer that is on its way; its status slot is poisoned before. */
struct xfer {
    uint64_t payload; /* guest address of the samples */
    uint64_t status;  /* guest address of the 8 status bytes */
    uint16_t head;
};
struct xfer guest_submit_tx(struct guest *guest, uint32_t stream, const void *pcm, uint32_t bytes);
struct xfer guest_submit_rx(struct guest *guest, uint32_t stream, uint32_t bytes);
uint32_t guest_xfer_status(struct guest *guest, const struct xfer *xfer); /* NO_ANSWER: still poisoned */
/* Submits, and returns the status, which must be there at once. */
uint32_t guest_tx(struct guest *guest, const int16_t *stereo, uint32_t frames);

/* Frames (2 samples each) that the device has played since the last call; at most `frames`. */
size_t guest_played(struct guest *guest, int16_t *stereo, size_t frames);
size_t guest_speak(struct guest *guest, const int16_t *mono, size_t frames);
/* A recognisable signal: frame i of stereo is (first + i + 1, -(first + i + 1)); mono likewise without the second. */
void fill_stereo(int16_t *stereo, size_t frames, int first);
void fill_mono(int16_t *mono, size_t frames, int first);

struct vsnd_stats guest_stats(struct guest *guest);

#endif
