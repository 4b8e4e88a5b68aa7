/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which device --device means, and how it is opened. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "error.h"
#include "qemu.h"

#define OPTIONS_BYTES 1024u

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
    bus->unload = dlclose;
    *(void **)&entry = dlsym(bus->library, "pci_plugin");
    if (entry == NULL) {
        return fail("device plug-in %s: exports no pci_plugin", path);
    }
    bus->ops = entry();
    if (bus->ops == NULL) {
        return fail("device plug-in %s: pci_plugin returned nothing", path);
    }
    if (bus->ops->abi_version != PCI_PLUGIN_ABI_VERSION) {
        return fail("device plug-in %s: has ABI version %u, this bench has %u", path, bus->ops->abi_version,
                    PCI_PLUGIN_ABI_VERSION);
    }
    *(void **)&bus->claims = dlsym(bus->library, "pci_plugin_claims");
    *(void **)&bus->lent_twice = dlsym(bus->library, "pci_plugin_lent_twice");
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
    if (bus_is_model_name(spec, options)) {
        bus->ops = vsnd_pci_ops();
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
    bool good = properties != NULL ? find_qemu(bus, properties, setting, text) : find_ops(bus, copy, &options);
    options = properties != NULL ? text : options;
    if (good) {
        if (!bus_attach(bus, bus->ops, options, setting)) { /* QEMU's has said why */
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
