/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The PCI bus of the bench with its one device: the built-in model, QEMU's device or a plug-in. */
#ifndef HOST_BUS_H
#define HOST_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "../../device/vsnd.h"
#include "../include/link.h"
#include "../include/pci_plugin.h"

#define BUS_MSI_KEPT 16u

struct bus {
    const struct pci_plugin_ops *ops;
    void *device;
    void *library; /* of a plug-in; NULL: built in */
    int (*unload)(void *library); /* NULL: nothing is to be unloaded */
    bool realtime; /* the device lives by the host's clock: virtual time must keep to it */
    /* A device that moves sound as a whole: it takes the microphone's signal before the stream starts and gives what it
     * played at the end. See bus_finish; NULL: sound moves with time. */
    bool (*finish)(void *device);
    unsigned (*claims)(void *device, uint64_t address, uint64_t length); /* of a plug-in; NULL: it cannot be asked */
    bool (*lent_twice)(void *device, unsigned queue, uint64_t *address); /* likewise */
    struct pci_plugin_host host;
    uint32_t msi_count; /* messages since bus_take_msi */
    struct {
        uint64_t address;
        uint32_t data;
    } msi[BUS_MSI_KEPT];
};

/* What the bench gives to a device. */
struct bus_setting {
    uint8_t *ram; /* the caller's, outlives the bus */
    uint64_t ram_bytes;
    int ram_fd;      /* the file behind it */
    bool microphone; /* capture will be wanted */
};

/* Does `spec` mean the built-in model? Then *options is what follows its name. */
bool bus_is_model_name(const char *spec, const char **options);
/* Creates a device of this kind. False: it refused. */
bool bus_attach(struct bus *bus, const struct pci_plugin_ops *ops, const char *options,
                const struct bus_setting *setting);
/* Creates the device that `spec` names (--device). False: said why. */
bool bus_open(struct bus *bus, const char *spec, const struct bus_setting *setting);
void bus_close(struct bus *bus);
/* The guest has ended: a device that moves sound as a whole hands over what it still holds, and take_playback gives
 * all that it played. False: said why. */
bool bus_finish(struct bus *bus);

/* Every access to the device goes through these, so that a crash can be blamed on it. */
uint32_t bus_config_read(struct bus *bus, uint16_t offset, unsigned size);
void bus_config_write(struct bus *bus, uint16_t offset, unsigned size, uint32_t value);
uint64_t bus_bar_read(struct bus *bus, unsigned bar, uint64_t offset, unsigned size);
void bus_bar_write(struct bus *bus, unsigned bar, uint64_t offset, unsigned size, uint64_t value);
/* D3 and back to D0. Configuration space is restored, as Windows' PCI driver does. */
void bus_power(struct bus *bus, bool on);
/* Only the built-in model can be made to. */
void bus_strike(struct bus *bus, enum link_strike strike);
/* What the device has to do with guest memory; bits of enum vsnd_claim, 0 of a device that cannot be asked. */
unsigned bus_claims(const struct bus *bus, uint64_t address, uint64_t length);
/* As vsnd_lent_twice; false of a device that cannot be asked. */
bool bus_lent_twice(struct bus *bus, unsigned queue, uint64_t *address);
void bus_advance(struct bus *bus, uint64_t now_ns);
int bus_intx(struct bus *bus);
size_t bus_take_playback(struct bus *bus, float *stereo, size_t frames);
size_t bus_push_capture(struct bus *bus, const float *mono, size_t frames);

/* Has the device a clock of its own (device/vsnd.h)? Then *frames is what that of stream 0 (plays) or 1 (records) has
 * counted at `now_ns`. */
bool bus_clock_frames(const struct bus *bus, unsigned stream, uint64_t now_ns, uint64_t *frames);
/* The counters of the built-in model. False: it is another device. */
bool bus_model_stats(const struct bus *bus, struct vsnd_stats *stats);

/* Of the built-in model, streams as above: does a completion say how far its clock has come, and how many transfers
 * does it hold? False and 0 of another device. */
bool bus_is_paced(const struct bus *bus, unsigned stream);
uint32_t bus_held(const struct bus *bus, unsigned stream);

/* The device function that is running now; NULL: none. For the crash handler. */
const char *bus_running(void);

#endif
