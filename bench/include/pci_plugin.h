/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bus interface behind which every device of the bench stands, and the ABI
 * of a device plug-in (--device plugin:PATH[,options]).
 *
 * A plug-in is a 64-bit shared object that exports
 *     const struct pci_plugin_ops *pci_plugin(void);
 * It may export as well
 *     unsigned pci_plugin_claims(void *dev, uint64_t address, uint64_t length);
 *     bool pci_plugin_lent_twice(void *dev, unsigned queue, uint64_t *address);
 * which give the account of memory that device/vsnd.h describes at vsnd_claims (bits of enum link_claim, link.h) and
 * vsnd_lent_twice. Of a plug-in without them the driver may leave no memory behind, and nothing else is checked.
 * All calls come from one thread. Times are virtual nanoseconds since power-on.
 * Addresses given to the device are guest-physical and index `ram` from 0.
 */
#ifndef BENCH_PCI_PLUGIN_H
#define BENCH_PCI_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define PCI_PLUGIN_ABI_VERSION 1u

struct pci_plugin_host {
    void *opaque;      /* passed back to every callback */
    uint8_t *ram;      /* guest-physical memory, from address 0; valid from open to close */
    uint64_t ram_size; /* bytes */
    void (*msi)(void *opaque, uint64_t address, uint32_t data); /* message-signalled interrupt */
};

struct pci_plugin_ops {
    uint32_t abi_version; /* PCI_PLUGIN_ABI_VERSION */

    /* Creates the device, powered on. `options` is what followed the first comma, or "". NULL: failed. */
    void *(*open)(const struct pci_plugin_host *host, const char *options);
    void (*close)(void *dev);

    /* Configuration space (256 bytes) and BARs; size is 1, 2, 4 (BARs: also 8), naturally aligned. */
    uint32_t (*config_read)(void *dev, uint16_t offset, unsigned size);
    void (*config_write)(void *dev, uint16_t offset, unsigned size, uint32_t value);
    uint64_t (*bar_read)(void *dev, unsigned bar, uint64_t offset, unsigned size);
    void (*bar_write)(void *dev, unsigned bar, uint64_t offset, unsigned size, uint64_t value);

    /* Virtual time moved on: work, complete buffers. Called at least once every virtual millisecond. */
    void (*advance)(void *dev, uint64_t now_ns);

    /* Level of INTA#: 0 or 1. */
    int (*intx)(void *dev);

    /* 48 kHz interleaved stereo that the device accepted; returns the frames stored, fewer when it has no more. */
    size_t (*take_playback)(void *dev, float *stereo, size_t frames);

    /* 48 kHz microphone; returns the frames that the device accepted. */
    size_t (*push_capture)(void *dev, const float *mono, size_t frames);
};

#endif
