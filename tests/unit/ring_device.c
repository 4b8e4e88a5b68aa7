/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ring_device.h"
#include "unit.h"

static uint16_t *u16_at(ULONGLONG address)
{
    return wdk_physical(address, sizeof(uint16_t));
}

unsigned ring_device_waiting(const struct ring_device *ring)
{
    return (uint16_t)(*u16_at(ring->avail + VRING_AVAIL_OFF_IDX) - ring->seen);
}

uint16_t ring_device_flags(const struct ring_device *ring)
{
    return *u16_at(ring->avail + VRING_AVAIL_OFF_FLAGS);
}

int ring_device_interrupts(struct ring_device *ring)
{
    uint16_t event = *u16_at(ring->avail + 4u + 2u * ring->size);
    uint16_t now = *u16_at(ring->used + VRING_USED_OFF_IDX);
    uint16_t before = ring->signalled;

    assert_true(ring->event_idx);
    ring->signalled = now;
    return (uint16_t)(now - event - 1u) < (uint16_t)(now - before);
}

void ring_device_wish(struct ring_device *ring, uint16_t index)
{
    assert_true(ring->event_idx);
    *u16_at(ring->used + 4u + 8u * ring->size) = index;
}

void *ring_device_memory(const struct vring_desc *part)
{
    return wdk_physical(part->addr, part->len);
}

int ring_device_take(struct ring_device *ring, struct ring_request *request)
{
    const struct vring_desc *table = wdk_physical(ring->desc, VRING_DESC_BYTES(ring->size));
    unsigned length = ring->size;
    unsigned index;

    assert_true(ring_device_waiting(ring) <= ring->size);
    if (ring_device_waiting(ring) == 0) {
        return 0;
    }
    memset(request, 0, sizeof(*request));
    request->head = *u16_at(ring->avail + VRING_AVAIL_OFF_RING + 2u * (ring->seen % ring->size));
    ring->seen++;
    assert_true(request->head < ring->size);
    index = request->head;
    if (table[index].flags & VRING_DESC_F_INDIRECT) {
        assert_int_equal(table[index].flags, VRING_DESC_F_INDIRECT);
        assert_int_equal(table[index].len % sizeof(struct vring_desc), 0);
        length = table[index].len / sizeof(struct vring_desc);
        table = wdk_physical(table[index].addr, table[index].len);
        request->indirect = 1;
        index = 0;
    }
    for (;;) {
        assert_true(index < length && request->count < RING_DEVICE_MAX_PARTS && request->count < ring->size);
        request->parts[request->count] = table[index];
        if (!(table[index].flags & VRING_DESC_F_WRITE)) {
            assert_int_equal(request->readable, request->count); /* readable parts come first */
            request->readable++;
        }
        request->count++;
        if (!(table[index].flags & VRING_DESC_F_NEXT)) {
            return 1;
        }
        index = table[index].next;
    }
}

void ring_device_give(struct ring_device *ring, unsigned head, ULONG written)
{
    uint16_t *idx = u16_at(ring->used + VRING_USED_OFF_IDX);
    struct vring_used_elem *element =
        wdk_physical(ring->used + VRING_USED_OFF_RING + sizeof(*element) * (*idx % ring->size), sizeof(*element));

    element->id = head;
    element->len = written;
    ++*idx;
}
