/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The language of a fuzzed guest: an input is the device's options (one byte for the personality, one for the count
 * of knobs, two for each knob and its choice) and then operations, each one byte and its arguments, little-endian.
 * What is missing at the end reads as zeros.
 */
#ifndef DEVICE_FUZZ_H
#define DEVICE_FUZZ_H

/* Arguments: b, h, w, q are 1, 2, 4, 8 bytes; A is an address (see take_address). */
enum guest_operation {
    OP_CONFIG,     /* offset h, how b (size, direction), value w */
    OP_BAR,        /* bar b, offset h, how b, value q */
    OP_REGISTER,   /* region b, offset b, how b, value w: within a region of the row */
    OP_BRING_UP,   /* features w (taken out of those offered), queues that are left off b */
    OP_PLACE,      /* queue b: its rings anew, without a reset */
    OP_MEMORY,     /* A, byte b, count h: fills guest memory */
    OP_BYTES,      /* A, count b, bytes */
    OP_DESCRIPTOR, /* queue b, index h, A, length w, flags b, next h */
    OP_PUBLISH,    /* queue b, head h, times b: moves the available index */
    OP_KICK,       /* queue b, width and value b */
    OP_CONTROL,    /* code b, stream b, room b, shape b, channels b, period h */
    OP_TRANSFER,   /* queue b, stream b, bytes w, shape b, times b */
    OP_TIME,       /* 10 us steps h */
    OP_SOUND,      /* frames to take h, frames to bring h */
    OP_POWER,
    OP_FAULT,      /* kind b, uses from now b, for good b */
    OP_ASK,        /* A, bytes h, queue b: what the bench asks of memory */
    OP_COUNT
};

#define SHAPE_INDIRECT 0x80u /* the other bits: pieces - 1 of the payload, times 8 */
#define MAX_KNOBS 6u

#endif
