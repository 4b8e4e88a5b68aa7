/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "filter_pins.h"

ULONG FilterPinsLeftOut(ULONG Streams)
{
    return (Streams & VIRTIOSND_STREAM_BIT(VirtIoSndStreamRender)) != 0 ? 0 : FILTER_PINS_PER_STREAM;
}

ULONG FilterPinCounted(ULONG Streams, ULONG Pin)
{
    ULONG pins = Streams == VIRTIOSND_STREAM_SETS ? 2u * FILTER_PINS_PER_STREAM : FILTER_PINS_PER_STREAM;

    return Pin < pins ? Pin + FilterPinsLeftOut(Streams) : FILTER_NO_PIN;
}
