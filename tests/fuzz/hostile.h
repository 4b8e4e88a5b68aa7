/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A device that lies: the model of device/ behind a layer that bends what it says, as an input of the fuzzer wants it.
 * A plug-in of the bench (bench/include/pci_plugin.h) with one option, input=FILE; the fuzzer gives the bytes itself.
 *
 * An input is a head and deviations:
 *
 *     head        row, knob, choice (of device/personality_options.c; knob 0: none), life (enum hostile_life)
 *     deviation   place, select, from 2, times, how, value 4: little-endian
 *
 * A deviation is in force from occurrence `from` of its place on, `times` + 1 times, 255: for good.
 *
 *     place                select                       how
 *     HOSTILE_CONFIG       byte of configuration space  enum hostile_change of what is read from there on
 *     HOSTILE_REGISTER     enum hostile_register        enum hostile_change of what is read
 *     HOSTILE_WRITE        enum hostile_register        0: the write is lost, else it is changed
 *     HOSTILE_USED + Q                                  enum hostile_used, for an entry of queue Q's used ring
 *     HOSTILE_ANSWER + Q   byte of what is written; from 0xF0 on: counted from its end
 *                                                       enum hostile_change of four bytes
 *     HOSTILE_LINE                                      INTA#: level 0 or 1 instead of the device's
 *     HOSTILE_TIME         of HOSTILE_UNASKED: a queue  enum hostile_event, when the device is told the time
 */
#ifndef TESTS_FUZZ_HOSTILE_H
#define TESTS_FUZZ_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOSTILE_HEAD_BYTES 4u
#define HOSTILE_DEVIATION_BYTES 10u
#define HOSTILE_DEVIATIONS_MAX 48u

enum hostile_place {
    HOSTILE_CONFIG,
    HOSTILE_REGISTER,
    HOSTILE_WRITE,
    HOSTILE_LINE,
    HOSTILE_TIME,
    HOSTILE_USED,
    HOSTILE_ANSWER = HOSTILE_USED + 4,
    HOSTILE_PLACES = HOSTILE_ANSWER + 4
};

/* Common configuration by offset; of legacy registers the offset in the BAR. */
enum hostile_register {
    HOSTILE_REG_ISR = 0x40,
    HOSTILE_REG_NOTIFY = 0x60,
    HOSTILE_REG_DEVICE = 0x80,
    HOSTILE_REG_ANY = 0xFF
};

enum hostile_change {
    HOSTILE_SET,
    HOSTILE_XOR,
    HOSTILE_ADD,
    HOSTILE_ONES,
    HOSTILE_ZERO,
    HOSTILE_COUNT, /* value, and one more each time */
    HOSTILE_CHANGES
};

enum hostile_used {
    HOSTILE_ID_SET,
    HOSTILE_ID_XOR,
    HOSTILE_LENGTH,
    HOSTILE_VANISH, /* the entry is never written */
    HOSTILE_REPEAT, /* it comes value % 64 + 1 times more */
    HOSTILE_JUMP,   /* used.idx runs ahead by value */
    HOSTILE_SWAP,   /* with the one before it, whether it was read or not */
    HOSTILE_WISH,   /* flags and avail_event */
    HOSTILE_USEDS
};

enum hostile_event {
    HOSTILE_STALL,       /* nothing happens in the device */
    HOSTILE_LEAP,        /* its time is ahead by value milliseconds, at most a second each time */
    HOSTILE_NEEDS_RESET,
    HOSTILE_CHANGED,     /* an interrupt that says that the configuration changed */
    HOSTILE_UNASKED,     /* a used entry value % 65536 of length value / 65536, for nothing */
    HOSTILE_EVENTS
};

/* Bits of the head's last byte: how the driver is used. */
enum hostile_life {
    HOSTILE_SLEEPS = 1, /* D3 and D0 while streams run */
    HOSTILE_TIMER = 2,  /* timer-driven clients */
    HOSTILE_ONE_NOTIFICATION = 4,
    HOSTILE_NO_INTERRUPT = 8, /* there is none; the registry says that the driver may poll */
    HOSTILE_X86 = 16
};

/* The row of device/personality.c that an input asks for; some of them need another image. */
const char *hostile_row(const uint8_t *input, size_t size);
/* The input of the next device that is opened; the caller's until then. */
void hostile_take(const uint8_t *input, size_t size);
/* From now on the open device says the truth. False: even so a knob makes it one that need not play perfectly. */
bool hostile_behave(void);

#endif
