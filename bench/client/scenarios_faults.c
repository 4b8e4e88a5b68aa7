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
 * "wake" or "recovery" and a plus before KIND, or alone in its place: the hardware is brought up again while both
 * streams run. When they are closed nothing fails any more, and after another sleep there must be sound. Lines for the
 * host: those of life.c; "before KIND N", the uses before the hardware is brought up, and "broken" behind these; "uses
 * KIND N", and "mended" behind these; "life N" when life N is over.
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

/* Takes the name of a life, if there is one, off the text. */
static enum life take_life(const char **text)
{
    static const char *const names[LIVES] = {[LIFE_WAKES] = "wake", [LIFE_RECOVERS] = "recovery"};

    for (int life = LIFE_CALM + 1; life < LIVES; life++) {
        size_t length = strlen(names[life]);
        if (strncmp(*text, names[life], length) == 0 && ((*text)[length] == '+' || (*text)[length] == '\0')) {
            *text += length + ((*text)[length] == '+');
            return (enum life)life;
        }
    }
    return LIFE_CALM;
}

/* What follows the scenario's name; "": nothing fails. */
static void plan(const char *text)
{
    char kind[32] = "", mode[8] = "", also[32] = "";
    unsigned long long nth = 0;
    int parts;

    fault_plan(FAULT_KINDS, 0, false);
    if (!*text)
        return;
    parts = sscanf(text, "%31[^:]:%llu:%7[^:]:%31s", kind, &nth, mode, also);
    EXPECT(parts >= 3 && nth != 0 && (strcmp(mode, "once") == 0 || strcmp(mode, "on") == 0),
           "'%s' is no failure; one is KIND:N:once or KIND:N:on", text);
    fault_plan(require_kind(kind), nth, strcmp(mode, "on") == 0);
    if (parts == 4)
        fault_plan_also(require_kind(also));
}

static void tell_uses(const char *word)
{
    for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
        tell("%s %s %llu", word, fault_name((enum fault_kind)kind),
             (unsigned long long)fault_uses((enum fault_kind)kind));
}

static void before_break(void)
{
    tell_uses("before");
    tell("broken");
}

static void mend(void)
{
    fault_plan_nothing();
    tell_uses("uses");
    tell("mended");
}

static void faults(void)
{
    static const struct life_calls calls = {before_break, mend};
    const char *colon = strchr(g_link->options.scenario, ':');
    const char *text = colon ? colon + 1 : "";
    enum life life = take_life(&text);

    plan(text);
    life_live(life, &calls);
    if (life == LIFE_CALM)
        mend();
    tell("life 1");
    scenario_duplex();
    tell("life 2");
}

const struct scenario g_scenarios_faults[] = {{"faults", faults}, {NULL, NULL}};
