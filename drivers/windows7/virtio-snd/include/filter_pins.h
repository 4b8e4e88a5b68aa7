/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * filter_pins.h: the numbers of the pins.
 *
 * Each filter is described once per set of streams that the device may have. In
 * both the first two pins are playback's and the last two recording's, so a
 * filter without one of them has a part of the same table of pins; without
 * playback the numbers of the other pins begin with 0.
 */
#ifndef FILTER_PINS_H
#define FILTER_PINS_H

#include "backend.h"

#define FILTER_PINS_PER_STREAM 2u
#define FILTER_NO_PIN 0xFFFFFFFFu

/* Any IRQL. What the number of each pin lacks in the filter for Streams. */
ULONG FilterPinsLeftOut(ULONG Streams);
/* Any IRQL. The number that pin Pin of the filter for Streams would have in the filter for all; FILTER_NO_PIN: there
 * is no such pin. */
ULONG FilterPinCounted(ULONG Streams, ULONG Pin);

#endif
