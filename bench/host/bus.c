/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "bus.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "qemu.h"

#define OPTIONS_BYTES 1024u

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

static bool ops_complete(const struct pci_plugin_ops *ops) {
    return ops->open != NULL && ops->close != NULL && ops->config_read != NULL && ops->config_write != NULL &&
           ops->bar_read != NULL && ops->bar_write != NULL && ops->advance != NULL && ops->intx != NULL &&
           ops->take_playback != NULL && ops->push_capture != NULL;
}

/* Finds the table of the plug-in at `path`. */
static bool load_plugin(struct bus *bus, const char *path) {
    char local[4096];
    const struct pci_plugin_ops *(*entry)(void);

    if (access(path, R_OK) != 0) {
        return fail("device plug-in %s: %s", path, strerror(errno));
    }
    /* Without a slash dlopen would search the system's libraries instead of this directory. */
    if (snprintf(local, sizeof local, "%s%s", strchr(path, '/') == NULL ? "./" : "", path) >= (int)sizeof local) {
        return fail("device plug-in: the path is too long");
    }
    bus->library = dlopen(local, RTLD_NOW | RTLD_LOCAL);
    if (bus->library == NULL) {
        return fail("device plug-in: %s", dlerror());
    }
    *(void **)&entry = dlsym(bus->library, "pci_plugin");
    if (entry == NULL) {
        return fail("device plug-in %s: exports no pci_plugin", path);
    }
    DEVICE("pci_plugin", bus->ops = entry());
    if (bus->ops == NULL) {
        return fail("device plug-in %s: pci_plugin returned nothing", path);
    }
    if (bus->ops->abi_version != PCI_PLUGIN_ABI_VERSION) {
        return fail("device plug-in %s: has ABI version %u, this bench has %u", path, bus->ops->abi_version,
                    PCI_PLUGIN_ABI_VERSION);
    }
    return ops_complete(bus->ops) || fail("device plug-in %s: lacks one of its functions", path);
}

/* Is this QEMU? Then what follows its name, else NULL. */
static const char *qemu_properties(const char *spec) {
    if (strcmp(spec, "qemu") == 0) {
        return "";
    }
    return strncmp(spec, "qemu:", 5) == 0 ? spec + 5 : NULL;
}

static bool find_qemu(struct bus *bus, const char *properties, const struct bus_setting *setting,
                      char text[OPTIONS_BYTES]) {
    /* QEMU's own wav back end has no microphone. */
    int length = snprintf(text, OPTIONS_BYTES, "ram_fd=%d,audio=%s,%s", setting->ram_fd,
                          setting->microphone ? "paced" : "wav", properties);

    bus->ops = qemu_pci_ops();
    bus->finish = qemu_finish;
    return length < (int)OPTIONS_BYTES || fail("--device qemu: the properties are too long");
}

static bool find_ops(struct bus *bus, char *spec, const char **options) {
    if (strncmp(spec, "plugin:", 7) == 0) {
        char *path = spec + 7, *comma = strchr(path, ',');
        if (comma != NULL) {
            *comma = '\0';
            *options = comma + 1;
        }
        return *path != '\0' ? load_plugin(bus, path) : fail("--device: plugin: needs a path");
    }
    if (strcmp(spec, "model") == 0 || strncmp(spec, "model:", 6) == 0) {
        *options = spec[5] == ':' ? spec + 6 : "";
        bus->ops = vsnd_pci_ops();
        bus->power = vsnd_power;
        bus->claims = vsnd_claims;
        return true;
    }
    return fail("--device: '%s' is neither model[:PERSONALITY], qemu[:PROPS] nor plugin:PATH", spec);
}

bool bus_open(struct bus *bus, const char *spec, const struct bus_setting *setting) {
    char *copy = strdup(spec), text[OPTIONS_BYTES];
    const char *options = "", *properties = qemu_properties(spec);

    memset(bus, 0, sizeof *bus);
    if (copy == NULL) {
        return fail("out of memory");
    }
    bus->host = (struct pci_plugin_host){
        .opaque = bus, .ram = setting->ram, .ram_size = setting->ram_bytes, .msi = on_msi};
    bool good = properties != NULL ? find_qemu(bus, properties, setting, text) : find_ops(bus, copy, &options);
    options = properties != NULL ? text : options;
    if (good) {
        DEVICE("open", bus->device = bus->ops->open(&bus->host, options));
        if (bus->device == NULL) { /* QEMU's has said why */
            good = properties == NULL && fail("--device %s: the device refused to open", spec);
        }
        bus->realtime = good && properties != NULL && qemu_is_realtime(bus->device);
    }
    free(copy);
    if (!good) {
        bus_close(bus);
    }
    return good;
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
    if (bus->library != NULL) {
        dlclose(bus->library);
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

void bus_power(struct bus *bus, bool on) {
    if (bus->power != NULL) {
        DEVICE("power", bus->power(bus->device, on));
    }
}

unsigned bus_claims(const struct bus *bus, uint64_t address, uint64_t length) {
    return bus->claims != NULL ? bus->claims(bus->device, address, length) : 0;
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

static bool is_model(const struct bus *bus) {
    return bus->ops == vsnd_pci_ops();
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
