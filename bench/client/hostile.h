/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a client asks in vain, and the status it gets: the rows of errors.md that
 * the hostile scenarios compare every answer with. A row that its scenario never
 * came across is a failure of the scenario.
 */
#ifndef BENCH_CLIENT_HOSTILE_H
#define BENCH_CLIENT_HOSTILE_H

#include "client.h"

/* scenario, row, status; the row is named in errors.md with hyphens and in lower case */
#define HOSTILE_ANSWERS(X)                                                                                             \
    X(PROPERTIES, PROPERTY_UNKNOWN, STATUS_NOT_FOUND)                                                                  \
    X(PROPERTIES, PROPERTY_NO_PIN, STATUS_INVALID_PARAMETER)                                                           \
    X(PROPERTIES, PROPERTY_OTHER_PIN, STATUS_INVALID_DEVICE_REQUEST)                                                   \
    X(PROPERTIES, PROPERTY_NO_ROOM, STATUS_BUFFER_OVERFLOW)                                                            \
    X(PROPERTIES, PROPERTY_SHORT, STATUS_BUFFER_TOO_SMALL)                                                             \
    X(PROPERTIES, PROPERTY_VALUE, STATUS_INVALID_PARAMETER)                                                            \
    X(FORMATS, FORMAT_SIZE, STATUS_INVALID_PARAMETER)                                                                  \
    X(FORMATS, FORMAT_OTHER, STATUS_NO_MATCH)                                                                          \
    X(FORMATS, FORMAT_CHANGE, STATUS_NOT_SUPPORTED)                                                                    \
    X(RANGES, RANGE_OTHER, STATUS_NO_MATCH)                                                                            \
    X(RANGES, RANGE_NO_ROOM, STATUS_BUFFER_OVERFLOW)                                                                   \
    X(RANGES, RANGE_SHORT, STATUS_BUFFER_TOO_SMALL)                                                                    \
    X(BUFFERS, BUFFER_COUNT, STATUS_INVALID_PARAMETER)                                                                 \
    X(BUFFERS, BUFFER_BYTES, STATUS_UNSUCCESSFUL)                                                                      \
    X(BUFFERS, BUFFER_HUGE, STATUS_INSUFFICIENT_RESOURCES)                                                             \
    X(BUFFERS, BUFFER_NOT_NOW, STATUS_INVALID_DEVICE_STATE)                                                            \
    X(STATES, STATE_NONE, STATUS_INVALID_PARAMETER)                                                                    \
    X(STATES, STATE_NO_BUFFER, STATUS_INVALID_DEVICE_STATE)                                                            \
    X(EVENTS, EVENT_NONE, STATUS_INVALID_PARAMETER)                                                                    \
    X(EVENTS, EVENT_AGAIN, STATUS_UNSUCCESSFUL)                                                                        \
    X(EVENTS, EVENT_UNKNOWN, STATUS_NOT_FOUND)                                                                         \
    X(RACES, PIN_TAKEN, STATUS_DEVICE_BUSY)                                                                            \
    X(CLOSING, DEVICE_STOPPED, STATUS_DEVICE_NOT_CONNECTED)

#define HOSTILE_ROW(scenario_, row_, status_) ANSWER_##row_,
enum hostile_answer { ANSWER_GOOD, HOSTILE_ANSWERS(HOSTILE_ROW) HOSTILE_ROWS };
enum hostile_scenario {
    HOSTILE_PROPERTIES, HOSTILE_FORMATS, HOSTILE_RANGES, HOSTILE_BUFFERS, HOSTILE_STATES, HOSTILE_EVENTS,
    HOSTILE_RACES, HOSTILE_CLOSING
};

/* The scenario fails, with what the format says, unless `got` is what the row documents. */
__attribute__((format(printf, 3, 4))) void hostile_expect(enum hostile_answer row, NTSTATUS got, const char *format,
                                                          ...);
/* From here on one request in so many is made, drawn by the seed; 0 or 1, as in the beginning: each is. */
void hostile_draw(unsigned one_in);
/* Whether the next one is. */
bool hostile_is_drawn(void);
/* The scenario fails unless it came across each of its rows; says how many requests it made. */
void hostile_finish(enum hostile_scenario scenario);

#endif
