/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "hostile.h"

#include <stdarg.h>
#include <stdio.h>

#define HOSTILE_PRNG 30u

#define ROW_OF(scenario_, row_, status_) [ANSWER_##row_] = {#row_, HOSTILE_##scenario_, status_},
static const struct {
    const char *name;
    enum hostile_scenario scenario;
    NTSTATUS status;
} g_rows[HOSTILE_ROWS] = {HOSTILE_ANSWERS(ROW_OF)};
static uint64_t g_seen[HOSTILE_ROWS];
static unsigned g_one_in;

void hostile_draw(unsigned one_in)
{
    g_one_in = one_in;
}

bool hostile_is_drawn(void)
{
    return g_one_in <= 1 || prng_below(HOSTILE_PRNG, g_one_in) == 0;
}

void hostile_expect(enum hostile_answer row, NTSTATUS got, const char *format, ...)
{
    g_seen[row]++;
    if (got == (row == ANSWER_GOOD ? STATUS_SUCCESS : g_rows[row].status))
        return;
    char text[512];
    char number[16];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(number, sizeof number, "0x%08X", (unsigned)got);
    scenario_failed("%s: answered %s (%s), documented is %s%s%s", text, status_name(got), number,
                    row == ANSWER_GOOD ? "STATUS_SUCCESS" : g_rows[row].name, row == ANSWER_GOOD ? "" : ": ",
                    row == ANSWER_GOOD ? "" : status_name(g_rows[row].status));
}

void hostile_finish(enum hostile_scenario scenario)
{
    uint64_t refused = 0;
    for (int row = ANSWER_GOOD + 1; row < HOSTILE_ROWS; row++) {
        EXPECT(g_rows[row].scenario != scenario || g_seen[row], "%s was never answered", g_rows[row].name);
        refused += g_seen[row];
    }
    note("%llu requests refused, %llu granted", (unsigned long long)refused, (unsigned long long)g_seen[ANSWER_GOOD]);
}
