/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "qemu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "mixdown.h"
#include "options.h"
#include "qemu_process.h"
#include "qtest.h"

/* PCI Local Bus Specification 3.0, 3.2.2.3.2: configuration mechanism #1. */
#define CONFIG_ADDRESS 0xCF8u
#define CONFIG_DATA 0xCFCu
#define CONFIG_ENABLE 0x80000000u
#define CONFIG_OF(device, function, offset) (CONFIG_ENABLE | (device) << 11 | (function) << 8 | ((offset) & 0xFCu))
#define PCI_BAR0 0x10u
#define PCI_BARS_END 0x28u
#define BARS 6u
#define BAR_64 0x4u

/* The PC's south bridge routes PCI interrupts by the registers PIRQRC[A:D] (Intel 82371SB data sheet, 2.2). */
#define PIIX_SLOT 1u
#define PIIX_PIRQRC 0x60u
#define IRQ 11u

#define NOTHING "readb 0x0" /* a command without any effect */

#define FRAME_BYTES 4u
#define TAKE_FRAMES 1024u

struct qemu {
    struct qemu_process process;
    struct qtest qtest;
    bool real_clock;
    bool eventfds; /* virtual time: doorbells are heard when QEMU's main loop comes round */
    uint64_t bar[BARS];
    bool started; /* it has answered once */
    bool bars_known; /* since the last write to one of them */
    bool complained; /* its end was reported */
    bool finished;
    off_t taken; /* offset in the file of what was played */
};

/* Carries out what `format` says; all ones when QEMU is gone, as on a bus without the device. */
#define ASK(q, value, ...) ((void)(qtest_command(&(q)->qtest, (value), __VA_ARGS__) || complain(q)))

static bool complain(struct qemu *q) {
    if (q->qtest.dead && !q->complained) {
        q->complained = true;
        usleep(100000); /* its last words may still be on their way */
        qemu_process_complain(&q->process, q->started ? "QEMU does not answer" : "QEMU does not start");
    }
    return false;
}

/* The letter that qtest puts behind in, out, read and write for a size. */
static char letter(unsigned size) {
    return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

static void select_config(struct qemu *q, unsigned device, uint16_t offset) {
    ASK(q, NULL, "outl 0x%x 0x%x", CONFIG_ADDRESS, CONFIG_OF(device, 0u, offset));
}

static uint32_t config_read(void *dev, uint16_t offset, unsigned size) {
    uint64_t value = UINT64_MAX;

    select_config(dev, QEMU_SLOT, offset);
    ASK((struct qemu *)dev, &value, "in%c 0x%x", letter(size), CONFIG_DATA + (offset & 3u));
    return (uint32_t)value;
}

static void config_write(void *dev, uint16_t offset, unsigned size, uint32_t value) {
    struct qemu *q = dev;

    select_config(q, QEMU_SLOT, offset);
    ASK(q, NULL, "out%c 0x%x 0x%x", letter(size), CONFIG_DATA + (offset & 3u), value);
    if (offset >= PCI_BAR0 && offset < PCI_BARS_END) {
        q->bars_known = false;
    }
}

static uint64_t bar_base(struct qemu *q, unsigned bar) {
    for (unsigned i = 0; i < BARS && !q->bars_known; i++) {
        uint32_t low = config_read(q, (uint16_t)(PCI_BAR0 + 4 * i), 4);
        q->bar[i] = low & ~15u;
        if ((low & 7u) == BAR_64 && i + 1 < BARS) {
            q->bar[i] |= (uint64_t)config_read(q, (uint16_t)(PCI_BAR0 + 4 * (i + 1)), 4) << 32;
            i++;
        }
    }
    q->bars_known = true;
    return q->bar[bar < BARS ? bar : 0];
}

static uint64_t bar_read(void *dev, unsigned bar, uint64_t offset, unsigned size) {
    uint64_t value = UINT64_MAX;

    ASK((struct qemu *)dev, &value, "read%c 0x%llx", letter(size), (unsigned long long)(bar_base(dev, bar) + offset));
    return value;
}

/* QEMU's main loop comes round: that serves the command that woke it, the doorbells that were rung by eventfd and the
 * timers that are due; the second command is served when all of them are done. */
static void come_round(struct qemu *q) {
    ASK(q, NULL, NOTHING);
    ASK(q, NULL, NOTHING);
}

static void bar_write(void *dev, unsigned bar, uint64_t offset, unsigned size, uint64_t value) {
    struct qemu *q = dev;

    ASK(q, NULL, "write%c 0x%llx 0x%llx", letter(size), (unsigned long long)(bar_base(dev, bar) + offset),
        (unsigned long long)value);
    if (q->eventfds) {
        come_round(q);
    }
}

/* In real time QEMU works by itself; what it has to say is heard here. Else it sees the time when its main loop comes
 * round. */
static void advance(void *dev, uint64_t now_ns) {
    struct qemu *q = dev;

    if (!q->real_clock) {
        qemu_process_set_clock(&q->process, now_ns);
        come_round(q);
        return;
    }
    qtest_poll(&q->qtest);
    complain(q);
}

static int intx(void *dev) {
    return ((struct qemu *)dev)->qtest.level;
}

static size_t take_playback(void *dev, float *stereo, size_t frames) {
    struct qemu *q = dev;
    int16_t samples[2 * TAKE_FRAMES];
    size_t done = 0;

    while (q->finished && done < frames) {
        size_t count = frames - done < TAKE_FRAMES ? frames - done : TAKE_FRAMES;
        ssize_t got = pread(q->process.played, samples, count * FRAME_BYTES, q->taken);
        size_t whole = got > 0 ? (size_t)got / FRAME_BYTES : 0;
        for (size_t i = 0; i < 2 * whole; i++) {
            stereo[2 * done + i] = (float)samples[i] / 32768.0f;
        }
        done += whole;
        q->taken += (off_t)(whole * FRAME_BYTES);
        if (whole < count) {
            break;
        }
    }
    return done;
}

/* Appends to the file from which the microphone's samples come. QEMU makes mono of stereo by adding left and right
 * (and of mono by doubling it), so the signal is on the left and silence on the right. */
static size_t push_capture(void *dev, const float *mono, size_t frames) {
    struct qemu *q = dev;
    int16_t samples[2 * TAKE_FRAMES] = {0};
    size_t done = 0;

    while (done < frames) {
        size_t count = frames - done < TAKE_FRAMES ? frames - done : TAKE_FRAMES;
        for (size_t i = 0; i < count; i++) {
            samples[2 * i] = s16_from_float(mono[done + i]);
        }
        ssize_t put = write(q->process.microphone, samples, count * FRAME_BYTES);
        if (put != (ssize_t)(count * FRAME_BYTES)) {
            break;
        }
        done += count;
    }
    return done;
}

/* Is this a property by which the bench finds the device again? */
static bool is_reserved(const char *word) {
    static const char *const names[] = {"id=", "bus=", "addr=", "audiodev="};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(word, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Splits PROPS into what is the bench's and what is QEMU's; the latter get a comma before each. */
static bool split(const char *options, struct qemu_setting *setting) {
    char copy[QEMU_PROPERTIES_BYTES - 1], *rest = copy, *word;
    uint64_t number;

    if (strlen(options) >= sizeof copy) {
        return fail("--device qemu: the properties are too long");
    }
    strcpy(copy, options);
    while ((word = strsep(&rest, ",")) != NULL) {
        if (strncmp(word, "ram_fd=", 7) == 0 && options_number(word + 7, 0, INT32_MAX, &number)) {
            setting->ram_fd = (int)number;
        } else if (strncmp(word, "audio=", 6) == 0) {
            setting->audio = qemu_audio_find(word + 6);
            if (setting->audio == NULL) {
                return fail("--device qemu: audio=%s is none of wav, paced, alsa, pa, none", word + 6);
            }
        } else if (strncmp(word, "clock=", 6) == 0) {
            setting->real_clock = strcmp(word + 6, "real") == 0;
            if (!setting->real_clock && strcmp(word + 6, "virtual") != 0) {
                return fail("--device qemu: clock=%s is neither virtual nor real", word + 6);
            }
        } else if (is_reserved(word)) {
            return fail("--device qemu: %s: this property is the bench's own", word);
        } else if (*word != '\0') {
            strcat(strcat(setting->properties, ","), word); /* no longer than `copy` and one comma: both fit */
        }
    }
    setting->real_clock = setting->real_clock || qemu_audio_is_realtime(setting->audio);
    return true;
}

static void close_device(void *dev) {
    struct qemu *q = dev;

    qemu_process_close(&q->process);
    free(q);
}

/* Interrupts by INTA# of the slot arrive at input 11 of the I/O APIC. */
static bool route_interrupts(struct qemu *q) {
    select_config(q, PIIX_SLOT, PIIX_PIRQRC);
    ASK(q, NULL, "outl 0x%x 0x%x", CONFIG_DATA, IRQ * 0x01010101u);
    ASK(q, NULL, "irq_intercept_in ioapic");
    q->started = !q->qtest.dead;
    return q->started;
}

static void *open_device(const struct pci_plugin_host *host, const char *options) {
    struct qemu_setting setting = {
        .audio = qemu_audio_find("wav"), .ram_fd = -1, .ram_bytes = host->ram_size};
    struct qemu *q = calloc(1, sizeof *q);

    if (q == NULL) {
        fail("out of memory");
        return NULL;
    }
    qemu_process_init(&q->process);
    if (!split(options, &setting) || !qemu_process_start(&q->process, &setting)) {
        close_device(q);
        return NULL;
    }
    q->real_clock = setting.real_clock;
    q->eventfds = !setting.real_clock && strstr(setting.properties, ",ioeventfd=on") != NULL;
    q->qtest = (struct qtest){.fd = q->process.socket, .irq = IRQ};
    if (!route_interrupts(q)) {
        close_device(q);
        return NULL;
    }
    return q;
}

bool qemu_is_realtime(const void *dev) {
    return ((const struct qemu *)dev)->real_clock;
}

bool qemu_finish(void *dev) {
    struct qemu *q = dev;

    if (q->finished) {
        return true;
    }
    q->finished = true;
    q->taken = (off_t)qemu_audio_header_bytes(q->process.audio);
    return !q->complained && qemu_process_end(&q->process);
}

const struct pci_plugin_ops *qemu_pci_ops(void) {
    static const struct pci_plugin_ops ops = {
        .abi_version = PCI_PLUGIN_ABI_VERSION,
        .open = open_device,
        .close = close_device,
        .config_read = config_read,
        .config_write = config_write,
        .bar_read = bar_read,
        .bar_write = bar_write,
        .advance = advance,
        .intx = intx,
        .take_playback = take_playback,
        .push_capture = push_capture,
    };

    return &ops;
}
