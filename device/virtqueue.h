/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7) with indirect tables.
 *
 * Everything read from the guest is checked: indices against the ring, addresses
 * against guest memory in 64-bit arithmetic, chains against the queue size.
 */
#ifndef VSND_VIRTQUEUE_H
#define VSND_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VQ_MAX_SIZE 32768u

/* Guest-physical memory as a device sees it; `enabled` is the PCI bus-master bit. */
struct guest_memory {
    uint8_t *ram;
    uint64_t size;
    bool enabled;
};

/* Host address of guest bytes [address, address + length), or NULL when any of them is not memory. */
uint8_t *guest_bytes(const struct guest_memory *memory, uint64_t address, uint64_t length);

struct vq_segment {
    uint64_t address;
    uint32_t length;
};

/* A chain that was taken and not given back. */
struct vq_claim {
    struct vq_claim *next;
    uint16_t head;
    bool in_vain; /* asked back, by RELEASE or before a reset ended it */
    uint64_t since_ns; /* the device's time when it was taken */
    bool settled; /* such a reset was followed by a RELEASE: no device forgets both */
    uint32_t count;
    uint16_t readable; /* of these segments; the device may write the others */
    uint64_t lowest, behind; /* no segment starts below, none ends behind */
    struct vq_segment segments[];
};

struct virtqueue {
    uint16_t size;     /* entries in use: what the driver reads as queue_size */
    uint16_t max_size; /* entries that the device offers */
    bool enabled;
    bool indirect;  /* INDIRECT_DESC negotiated */
    bool event_idx; /* EVENT_IDX negotiated */
    uint64_t desc;
    uint64_t avail;
    uint64_t used;
    uint16_t next_avail;
    uint16_t next_used;
    uint16_t in_flight; /* chains popped and not yet pushed */
    struct vq_claim *claims; /* of those, latest first */
};

/* One request: readable segments first, then the writable ones. */
struct vq_chain {
    uint16_t head;
    uint16_t readable;
    uint16_t writable;
    uint64_t readable_bytes;
    uint64_t writable_bytes;
    struct vq_segment *segments; /* room for VQ_MAX_SIZE; belongs to whoever holds the chain */
};

enum vq_pop_result { VQ_EMPTY, VQ_CHAIN, VQ_BROKEN };

/* Forgets addresses and progress; the queue is off and has its full size again. */
void virtqueue_reset(struct virtqueue *queue);

/* True when the three parts of the ring are aligned (16, 2, 4) and lie in guest memory. */
bool virtqueue_is_placed_well(const struct virtqueue *queue, const struct guest_memory *memory);

/* Takes the next available chain. VQ_BROKEN: the ring cannot be followed; *why is static text. */
enum vq_pop_result virtqueue_pop(struct virtqueue *queue, const struct guest_memory *memory, struct vq_chain *chain,
                                 const char **why);

/* Gives a chain back with the bytes written into it. True: the driver wants an interrupt for it. */
bool virtqueue_push(struct virtqueue *queue, const struct guest_memory *memory, uint16_t head, uint32_t written);

/* Virtio 1.2, 2.7.7.1: with EVENT_IDX the driver leaves the flags of the available ring zero. True: it does not. */
bool virtqueue_has_stray_flags(const struct virtqueue *queue, const struct guest_memory *memory);

/* With EVENT_IDX: asks for a doorbell at the next available entry. */
void virtqueue_request_doorbell(const struct virtqueue *queue, const struct guest_memory *memory);

/*
 * Whether the queue as it is now leads to a byte of [address, address + length): its rings, a chain that waits in the
 * available ring, or one that was taken and not given back. `memory` counts as enabled: the bus-master bit is a valve
 * that the next start opens again.
 */
bool virtqueue_reaches(const struct virtqueue *queue, const struct guest_memory *memory, uint64_t address,
                       uint64_t length);
/* The same of chains only. */
bool virtqueue_holds(const struct virtqueue *queue, const struct guest_memory *memory, uint64_t address,
                     uint64_t length);
/* Is there a chain that was made available and not given back? Follows none of them. */
bool virtqueue_owes(const struct virtqueue *queue, const struct guest_memory *memory);
/* Have the two a byte in common that the device may write by one of them? Then it is *address. */
bool vq_segments_clash(const struct vq_claim *one, const struct vq_claim *other, uint64_t *address);
/* The same, at once when they are apart: each claim is compared with all that are held. */
static inline bool vq_claims_clash(const struct vq_claim *one, const struct vq_claim *other, uint64_t *address)
{
    return one->lowest < other->behind && other->lowest < one->behind && vq_segments_clash(one, other, address);
}
bool vq_claim_reaches(const struct vq_claim *claim, uint64_t address, uint64_t length);
/* Takes the claim of the chain at `head` out of the list; NULL: there is none. It is the caller's, from malloc. */
struct vq_claim *vq_claim_take(struct vq_claim **claims, uint16_t head);
void vq_claims_free(struct vq_claim **claims);

/* Copies `length` bytes at `offset` of the readable (writable) part; false when any of them is not there. */
bool vq_chain_read(const struct vq_chain *chain, const struct guest_memory *memory, uint64_t offset, void *data,
                   uint64_t length);
bool vq_chain_write(const struct vq_chain *chain, const struct guest_memory *memory, uint64_t offset, const void *data,
                    uint64_t length);

/* True when every readable (writable) byte of the chain is guest memory. */
bool vq_chain_is_readable(const struct vq_chain *chain, const struct guest_memory *memory);
bool vq_chain_is_writable(const struct vq_chain *chain, const struct guest_memory *memory);

#endif
