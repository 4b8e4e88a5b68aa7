/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fault sweep's life of a driver: load, add, start, play and record, stop,
 * remove, unload, with one use of one resource failing on the way; then the
 * same without any failure, whose sound the host compares.
 *
 *     faults                       nothing fails: says how often each kind is used
 *     faults:KIND:N:once           use N of KIND fails
 *     faults:KIND:N:on             and every later one
 *     faults:KIND:N:once:KIND2     and every use of KIND2
 *
 * Lines for the host: those of life.c, "uses KIND N", and "life N" when life N is over.
 */
#include "client.h"

#include "../nt/faultpoint.h"

#include <stdio.h>
#include <string.h>

static enum fault_kind require_kind(const char *name)
{
    enum fault_kind kind = fault_find(name);

    EXPECT(kind != FAULT_KINDS, "no kind of failure is called '%s'", name);
    return kind;
}

/* What follows the scenario's name; NULL: nothing fails. */
static void plan(const char *text)
{
    char kind[32] = "", mode[8] = "", also[32] = "";
    unsigned long long nth = 0;
    int parts;

    fault_plan(FAULT_KINDS, 0, false);
    if (!text)
        return;
    parts = sscanf(text, "%31[^:]:%llu:%7[^:]:%31s", kind, &nth, mode, also);
    EXPECT(parts >= 3 && nth != 0 && (strcmp(mode, "once") == 0 || strcmp(mode, "on") == 0),
           "'%s' is no failure; one is KIND:N:once or KIND:N:on", text);
    fault_plan(require_kind(kind), nth, strcmp(mode, "on") == 0);
    if (parts == 4)
        fault_plan_also(require_kind(also));
}

static void faults(void)
{
    const char *colon = strchr(g_link->options.scenario, ':');

    plan(colon ? colon + 1 : NULL);
    life_live(false);
    fault_plan_nothing();
    for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
        tell("uses %s %llu", fault_name((enum fault_kind)kind),
                      (unsigned long long)fault_uses((enum fault_kind)kind));
    tell("life 1");
    scenario_duplex();
    tell("life 2");
}

const struct scenario g_scenarios_faults[] = {{"faults", faults}, {NULL, NULL}};
