/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bus.h"

#include <string.h>

static const char *volatile s_running;

/* Runs one call of the device, named for the crash handler. */
#define DEVICE(name, call)                                                                                             \
    (s_running = (name), (call), s_running = NULL)

static void on_msi(void *opaque, uint64_t address, uint32_t data) {
    struct bus *bus = opaque;
    if (bus->msi_count < BUS_MSI_KEPT) {
        bus->msi[bus->msi_count].address = address;
        bus->msi[bus->msi_count].data = data;
    }
    bus->msi_count++;
}

bool bus_is_model_name(const char *spec, const char **options) {
    *options = strncmp(spec, "model:", 6) == 0 ? spec + 6 : "";
    return strcmp(spec, "model") == 0 || strncmp(spec, "model:", 6) == 0;
}

bool bus_attach(struct bus *bus, const struct pci_plugin_ops *ops, const char *options,
                const struct bus_setting *setting) {
    bus->ops = ops;
    bus->host = (struct pci_plugin_host){
        .opaque = bus, .ram = setting->ram, .ram_size = setting->ram_bytes, .msi = on_msi};
    DEVICE("open", bus->device = ops->open(&bus->host, options));
    return bus->device != NULL;
}

bool bus_finish(struct bus *bus) {
    bool good = true;

    if (bus->finish != NULL) {
        DEVICE("finish", good = bus->finish(bus->device));
    }
    return good;
}

void bus_close(struct bus *bus) {
    if (bus->device != NULL) {
        DEVICE("close", bus->ops->close(bus->device));
        bus->device = NULL;
    }
    if (bus->unload != NULL) {
        bus->unload(bus->library);
        bus->library = NULL;
    }
}

uint32_t bus_config_read(struct bus *bus, uint16_t offset, unsigned size) {
    uint32_t value;
    DEVICE("config_read", value = bus->ops->config_read(bus->device, offset, size));
    return value;
}

void bus_config_write(struct bus *bus, uint16_t offset, unsigned size, uint32_t value) {
    DEVICE("config_write", bus->ops->config_write(bus->device, offset, size, value));
}

uint64_t bus_bar_read(struct bus *bus, unsigned bar, uint64_t offset, unsigned size) {
    uint64_t value;
    DEVICE("bar_read", value = bus->ops->bar_read(bus->device, bar, offset, size));
    return value;
}

void bus_bar_write(struct bus *bus, unsigned bar, uint64_t offset, unsigned size, uint64_t value) {
    DEVICE("bar_write", bus->ops->bar_write(bus->device, bar, offset, size, value));
}

static bool is_model(const struct bus *bus) {
    return bus->ops == vsnd_pci_ops();
}

void bus_power(struct bus *bus, bool on) {
    if (is_model(bus)) {
        DEVICE("power", vsnd_power(bus->device, on));
    }
}

void bus_strike(struct bus *bus, enum link_strike strike) {
    static void (*const strikes[])(void *device) = {
        [LINK_STRIKE_NEEDS_RESET] = vsnd_ask_for_reset,
        [LINK_STRIKE_INTERRUPT] = vsnd_interrupt,
        [LINK_STRIKE_SILENCE] = vsnd_fall_silent,
        [LINK_STRIKE_KEEP] = vsnd_keep_transfer,
    };
    if (is_model(bus) && strike < sizeof strikes / sizeof *strikes) {
        strikes[strike](bus->device);
    }
}

unsigned bus_claims(const struct bus *bus, uint64_t address, uint64_t length) {
    if (is_model(bus)) {
        return vsnd_claims(bus->device, address, length);
    }
    return bus->claims != NULL ? bus->claims(bus->device, address, length) : 0;
}

bool bus_lent_twice(struct bus *bus, unsigned queue, uint64_t *address) {
    if (is_model(bus)) {
        return vsnd_lent_twice(bus->device, queue, address);
    }
    return bus->lent_twice != NULL && bus->lent_twice(bus->device, queue, address);
}

void bus_advance(struct bus *bus, uint64_t now_ns) {
    DEVICE("advance", bus->ops->advance(bus->device, now_ns));
}

int bus_intx(struct bus *bus) {
    int level;
    DEVICE("intx", level = bus->ops->intx(bus->device));
    return level;
}

size_t bus_take_playback(struct bus *bus, float *stereo, size_t frames) {
    size_t taken;
    DEVICE("take_playback", taken = bus->ops->take_playback(bus->device, stereo, frames));
    return taken < frames ? taken : frames;
}

size_t bus_push_capture(struct bus *bus, const float *mono, size_t frames) {
    size_t pushed;
    DEVICE("push_capture", pushed = bus->ops->push_capture(bus->device, mono, frames));
    return pushed < frames ? pushed : frames;
}

bool bus_clock_frames(const struct bus *bus, unsigned stream, uint64_t now_ns, uint64_t *frames) {
    return is_model(bus) && vsnd_clock_frames(bus->device, stream, now_ns, frames);
}

bool bus_is_paced(const struct bus *bus, unsigned stream) {
    return is_model(bus) && vsnd_is_paced(bus->device, stream);
}

uint32_t bus_held(const struct bus *bus, unsigned stream) {
    return is_model(bus) ? vsnd_pending(bus->device, stream) : 0;
}

bool bus_model_stats(const struct bus *bus, struct vsnd_stats *stats) {
    if (is_model(bus)) {
        vsnd_get_stats(bus->device, stats);
    }
    return is_model(bus);
}

const char *bus_running(void) {
    return s_running;
}
