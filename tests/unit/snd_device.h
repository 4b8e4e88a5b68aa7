/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A sound device for unit tests: just enough registers for the transport, and
 * four queues whose answers the test decides. It sees the driver's memory by
 * physical addresses only.
 */
#ifndef SND_DEVICE_H
#define SND_DEVICE_H

#include "ring_device.h"
#include "virtio_pci_modern_transport.h"
#include "virtiosnd_queue.h"

#define SND_DEVICE_QUEUES 4

struct snd_device {
    ULONGLONG offered;            /* features */
    ULONGLONG accepted;
    UCHAR status;
    UCHAR status_mask;            /* bits that stick; 0xFF by default */
    unsigned reset_polls;         /* status reads until a reset is seen to finish */
    unsigned fragile;             /* resets after which it asks for the next at once */
    unsigned queue_size[SND_DEVICE_QUEUES];
    unsigned selected_feature[2]; /* device, driver */
    unsigned selected_queue;
    ULONG address[SND_DEVICE_QUEUES][6]; /* desc, driver, device: low and high */
    int enabled[SND_DEVICE_QUEUES];
    struct ring_device ring[SND_DEVICE_QUEUES];
    UCHAR isr;
    ULONG streams;                /* of the configuration */
    unsigned queues;              /* num_queues */
    unsigned doorbells;
    unsigned accesses;            /* of registers, doorbells excluded */
    void (*doorbell)(unsigned queue); /* may be NULL */
};
extern struct snd_device snd_device;

void snd_device_power_on(void);
/* Powers the device on (64 entries per queue, VERSION_1 and INDIRECT_DESC) and points Transport at it. */
void snd_device_create(PVIRTIO_PCI_TRANSPORT transport);
/* The BARs and capabilities behind it, for VirtioPciModernInit. */
extern const VIRTIO_PCI_CAPS snd_device_caps;
void snd_device_bars(VIRTIO_PCI_BAR *bars);
/* What MmMapIoSpace gives for the BAR. */
void *snd_device_map(ULONGLONG start, SIZE_T bytes);
/* Puts a queue of the driver into operation. */
void snd_device_queue(PVIRTIOSND_QUEUE queue, PVIRTIO_PCI_TRANSPORT transport, unsigned index);

#endif
