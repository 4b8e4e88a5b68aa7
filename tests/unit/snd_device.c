/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "snd_device.h"
#include "unit.h"

#define NOTIFY_OFFSET 0x1000u
#define ISR_OFFSET 0x2000u
#define CONFIG_OFFSET 0x3000u

struct snd_device snd_device;
static UCHAR registers[0x4000];

const VIRTIO_PCI_CAPS snd_device_caps = {
    {1, 0, 0, 0x100}, {1, 0, NOTIFY_OFFSET, 0x100}, {1, 0, ISR_OFFSET, 0x20}, {1, 0, CONFIG_OFFSET, 0x100}, 4};

static ULONG read_queue(ULONG offset)
{
    unsigned queue = snd_device.selected_queue;

    if (queue >= SND_DEVICE_QUEUES) {
        return 0;
    }
    switch (offset) {
    case VIRTIO_COMMON_QUEUE_SIZE:
        return snd_device.queue_size[queue];
    case VIRTIO_COMMON_QUEUE_NOTIFY_OFF:
        return queue;
    case VIRTIO_COMMON_QUEUE_ENABLE:
        return (ULONG)snd_device.enabled[queue];
    default:
        return 0;
    }
}

static ULONG read_status(void)
{
    if (snd_device.reset_polls > 0) {
        snd_device.reset_polls--;
        return snd_device.status | VIRTIO_STATUS_DRIVER_OK;
    }
    return snd_device.status;
}

static ULONG read_register(const void *address, ULONG size)
{
    ULONG offset = (ULONG)((const UCHAR *)address - registers);
    UCHAR isr = snd_device.isr;

    assert_true(offset < sizeof(registers) && offset % size == 0);
    snd_device.accesses++;
    switch (offset) {
    case VIRTIO_COMMON_DEVICE_FEATURE:
        return snd_device.selected_feature[0] < 2 ? (ULONG)(snd_device.offered >> 32 * snd_device.selected_feature[0])
                                                  : 0;
    case VIRTIO_COMMON_NUM_QUEUES:
        return snd_device.queues;
    case VIRTIO_COMMON_DEVICE_STATUS:
        return read_status();
    case ISR_OFFSET:
        snd_device.isr = 0;
        return isr;
    case CONFIG_OFFSET + VIRTIO_SND_CFG_STREAMS:
        return snd_device.streams;
    default:
        return read_queue(offset);
    }
}

static void enable_queue(unsigned queue)
{
    const ULONG *address = snd_device.address[queue];

    snd_device.enabled[queue] = 1;
    snd_device.ring[queue] = (struct ring_device){(ULONGLONG)address[1] << 32 | address[0],
                                                  (ULONGLONG)address[3] << 32 | address[2],
                                                  (ULONGLONG)address[5] << 32 | address[4],
                                                  snd_device.queue_size[queue], 0,
                                                  (snd_device.offered & VIRTIO_FEATURE(VIRTIO_F_RING_EVENT_IDX)) != 0,
                                                  0};
}

static void write_common(ULONG offset, ULONG value)
{
    unsigned shift = 32 * snd_device.selected_feature[1];

    switch (offset) {
    case VIRTIO_COMMON_DEVICE_FEATURE_SELECT:
        snd_device.selected_feature[0] = value;
        break;
    case VIRTIO_COMMON_DRIVER_FEATURE_SELECT:
        snd_device.selected_feature[1] = value;
        break;
    case VIRTIO_COMMON_DRIVER_FEATURE:
        snd_device.accepted = (snd_device.accepted & ~(0xFFFFFFFFull << shift)) | (ULONGLONG)value << shift;
        break;
    case VIRTIO_COMMON_DEVICE_STATUS:
        snd_device.status = (UCHAR)(value & snd_device.status_mask);
        if (value == 0) {
            memset(snd_device.enabled, 0, sizeof(snd_device.enabled));
            if (snd_device.fragile > 0) {
                snd_device.fragile--;
                snd_device.status = VIRTIO_STATUS_NEEDS_RESET;
            }
        }
        break;
    case VIRTIO_COMMON_QUEUE_SELECT:
        snd_device.selected_queue = value;
        break;
    case VIRTIO_COMMON_QUEUE_ENABLE:
        assert_int_equal(value, 1);
        enable_queue(snd_device.selected_queue);
        break;
    default:
        assert_in_range(offset, VIRTIO_COMMON_QUEUE_DESC, VIRTIO_COMMON_QUEUE_DEVICE + 4);
        snd_device.address[snd_device.selected_queue][(offset - VIRTIO_COMMON_QUEUE_DESC) / 4] = value;
    }
}

static void write_register(void *address, ULONG size, ULONG value)
{
    ULONG offset = (ULONG)((UCHAR *)address - registers);

    assert_true(offset < sizeof(registers) && offset % size == 0);
    if (offset < NOTIFY_OFFSET) {
        snd_device.accesses++;
        write_common(offset, value);
        return;
    }
    assert_int_equal(size, 2);
    assert_int_equal(offset, NOTIFY_OFFSET + 4 * value);
    snd_device.doorbells++;
    if (snd_device.doorbell != NULL) {
        snd_device.doorbell(value);
    }
}

void snd_device_bars(VIRTIO_PCI_BAR *bars)
{
    memset(bars, 0, VIRTIO_PCI_BAR_COUNT * sizeof(*bars));
    bars[0].Va = registers;
    bars[0].Length = sizeof(registers);
}

void *snd_device_map(ULONGLONG start, SIZE_T bytes)
{
    (void)start;
    assert_true(bytes <= sizeof(registers));
    return registers;
}

void snd_device_power_on(void)
{
    unsigned i;

    memset(&snd_device, 0, sizeof(snd_device));
    snd_device.offered = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_RING_INDIRECT_DESC);
    snd_device.status_mask = 0xFF;
    snd_device.streams = 2;
    snd_device.queues = SND_DEVICE_QUEUES;
    for (i = 0; i < SND_DEVICE_QUEUES; i++) {
        snd_device.queue_size[i] = 64;
    }
    wdk.register_read = read_register;
    wdk.register_write = write_register;
    wdk.map = snd_device_map;
}

void snd_device_create(PVIRTIO_PCI_TRANSPORT transport)
{
    VIRTIO_PCI_BAR bars[VIRTIO_PCI_BAR_COUNT];

    snd_device_power_on();
    snd_device_bars(bars);
    assert_int_equal(VirtioPciModernInit(transport, &snd_device_caps, bars), STATUS_SUCCESS);
}

void snd_device_queue(PVIRTIOSND_QUEUE queue, PVIRTIO_PCI_TRANSPORT transport, unsigned index)
{
    transport->Features = snd_device.offered;
    VirtIoSndQueueInitialize(queue);
    assert_int_equal(VirtIoSndQueueCreate(queue, transport, (USHORT)index, (BOOLEAN)(index < 2)), STATUS_SUCCESS);
}
