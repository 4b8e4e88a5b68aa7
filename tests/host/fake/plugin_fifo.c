/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A device that is nothing but two queues of samples, for tests of the host
 * process without any driver: a write to BAR 0 offset 0 plays one stereo frame,
 * a read from offset 4 returns one microphone sample (bit 16: there is one).
 * Offset 0x40 is its "notify structure". Option words: refuse, crash (in
 * advance), gap (withholds one take), flip (one wrong bit).
 */
#include <stdlib.h>
#include <string.h>

#include "pci_plugin.h"

#define FIFO_FRAMES 65536u
#ifndef ABI
#define ABI PCI_PLUGIN_ABI_VERSION
#endif

struct fifo {
    uint8_t config[256];
    uint32_t frames[FIFO_FRAMES];
    unsigned put, get;
    int16_t mic[FIFO_FRAMES];
    unsigned mic_put, mic_get;
    unsigned takes;
    int crash, gap, flip;
};

static void put16(uint8_t *p, unsigned value) {
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static void *fifo_open(const struct pci_plugin_host *host, const char *options) {
    struct fifo *f = calloc(1, sizeof *f);
    (void)host;
    if (f == NULL || strstr(options, "refuse") != NULL) {
        free(f);
        return NULL;
    }
    f->crash = strstr(options, "crash") != NULL;
    f->gap = strstr(options, "gap") != NULL;
    f->flip = strstr(options, "flip") != NULL;
    put16(f->config + 0x00, 0x1AF4);
    put16(f->config + 0x02, 0x1059);
    put16(f->config + 0x06, 0x10);
    f->config[0x08] = 1;
    f->config[0x34] = 0x40;
    f->config[0x40] = 0x09; /* notify: BAR 0, offset 0x40, 4 bytes */
    f->config[0x42] = 20;
    f->config[0x43] = 2;
    f->config[0x48] = 0x40;
    f->config[0x4C] = 4;
    return f;
}

static void fifo_close(void *dev) {
    free(dev);
}

static uint32_t config_read(void *dev, uint16_t offset, unsigned size) {
    uint32_t value = 0;
    memcpy(&value, ((struct fifo *)dev)->config + offset, size);
    return value;
}

static void config_write(void *dev, uint16_t offset, unsigned size, uint32_t value) {
    if (offset == 0x10) {
        value &= 0xFFFFF000u;
    } else if (offset > 0x10 && offset < 0x28) {
        return;
    }
    memcpy(((struct fifo *)dev)->config + offset, &value, size);
}

static uint64_t bar_read(void *dev, unsigned bar, uint64_t offset, unsigned size) {
    struct fifo *f = dev;
    (void)bar;
    (void)size;
    if (offset != 4 || f->mic_get == f->mic_put) {
        return 0;
    }
    return 0x10000u | (uint16_t)f->mic[f->mic_get++ % FIFO_FRAMES];
}

static void bar_write(void *dev, unsigned bar, uint64_t offset, unsigned size, uint64_t value) {
    struct fifo *f = dev;
    (void)bar;
    (void)size;
    if (offset == 0) {
        f->frames[f->put++ % FIFO_FRAMES] = (uint32_t)value;
    }
}

static void advance(void *dev, uint64_t now_ns) {
    struct fifo *f = dev;
    if (f->crash && now_ns > 5000000u) {
        abort();
    }
}

static int intx(void *dev) {
    (void)dev;
    return 0;
}

static size_t take_playback(void *dev, float *stereo, size_t frames) {
    struct fifo *f = dev;
    size_t n = 0;
    if (f->put != 0 && ++f->takes == 20 && f->gap) {
        return 0;
    }
    for (; n < frames && f->get != f->put; n++, f->get++) {
        uint32_t frame = f->frames[f->get % FIFO_FRAMES] ^ (f->flip && f->get == 1000 ? 1u : 0u);
        stereo[2 * n] = (float)(int16_t)frame / 32768.0f;
        stereo[2 * n + 1] = (float)(int16_t)(frame >> 16) / 32768.0f;
    }
    return n;
}

static size_t push_capture(void *dev, const float *mono, size_t frames) {
    struct fifo *f = dev;
    for (size_t i = 0; i < frames; i++) {
        f->mic[f->mic_put++ % FIFO_FRAMES] = (int16_t)(mono[i] * 32768.0f);
    }
    return frames;
}

const struct pci_plugin_ops *pci_plugin(void);
const struct pci_plugin_ops *pci_plugin(void) {
    static const struct pci_plugin_ops ops = {
        .abi_version = ABI, .open = fifo_open, .close = fifo_close, .config_read = config_read,
        .config_write = config_write, .bar_read = bar_read, .bar_write = bar_write, .advance = advance, .intx = intx,
        .take_playback = take_playback, .push_capture = push_capture};
    return &ops;
}
